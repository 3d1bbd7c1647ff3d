"""The tasks that a class starts may be eager: asyncio has such tasks from Python 3.12 on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch, testing
from latchproof.check.bounds import default_programs, describe_bounds, not_tried, without_eager
from latchproof.check.checker import check
from latchproof.check.notation import compact, parse
from latchproof.check.replaying import replay
from latchproof.check.target import TargetError, adapt, load
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.repro import reproduction
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs
from tests.zoo.correct import FutureBarrier
from tests.zoo.test_reductions import assert_the_same_is_found

with_eager_tasks = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="asyncio has no eager tasks before Python 3.12, and nothing to find with them"
)

PLAIN = Programs((2,), at_once=2, calls=2, cancellations=0, waits_only=True)
EAGER = Programs((2,), at_once=2, calls=2, cancellations=0, waits_only=True, eager=True)


class HelpedBarrier(FutureBarrier):
    """A task of its own wakes the waiters; an eager one runs before it is told whom."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._work: list[list[asyncio.Future[int]]] = []

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._futures = []
        self._helper = asyncio.get_running_loop().create_task(self._wake())
        self._work.append(parked)

    async def _wake(self) -> None:
        while self._work:
            for index, future in enumerate(self._work.pop(0)):
                if not future.done():
                    future.set_result(index)


class PreparedBarrier(HelpedBarrier):
    """Right: the task finds its work."""

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._futures = []
        self._work.append(parked)
        self._helper = asyncio.get_running_loop().create_task(self._wake())


def checked(factory: Any, *programs: Programs) -> Verdict:
    return check(adapt(factory), programs=programs, policy="latchproof")


@with_eager_tasks
def test_a_fault_of_eager_tasks_is_found_and_labelled() -> None:
    verdict = checked(HelpedBarrier, PLAIN, EAGER)
    (trace,) = verdict.traces
    assert trace.is_eager
    assert trace.schedule[0] == "eager tasks"
    assert "only with eager tasks: C13" in verdict.notes
    assert checked(HelpedBarrier, PLAIN).reported.failures == {}
    assert checked(PreparedBarrier, EAGER).reported.failures == {}
    assert parse(compact(2, trace.schedule), BARRIER) == (2, trace.schedule)


@with_eager_tasks
def test_it_is_found_within_the_default_bounds_unless_they_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    target = "tests/check/test_eager.py:HelpedBarrier"
    assert main(["check", target, "--policy", "latchproof", "--workers", "1"]) == 1
    assert ", only with eager tasks, policy latchproof" in capsys.readouterr().out
    assert testing.check(HelpedBarrier, policy="latchproof", parties=2, eager=False).status == "conforms"


@with_eager_tasks
def test_a_run_with_eager_tasks_can_be_repeated_and_is_a_program_too() -> None:
    target = load("tests/check/test_eager.py:HelpedBarrier")
    (trace,) = check(target, programs=(EAGER,), policy="latchproof").traces
    explorer = replay(target, trace.schedule, argument=2, policies=["latchproof"], host="asyncio")
    assert list(explorer.so_far.failures["latchproof"]) == [trace.claim]
    assert "set_task_factory(asyncio.eager_task_factory)" in reproduction(trace)


@with_eager_tasks
def test_a_claim_that_is_broken_without_eager_tasks_is_shown_without_them() -> None:
    class Forgetful(HelpedBarrier):
        def _trip(self, parked: list[asyncio.Future[int]]) -> None:
            """Wake no task."""

    traces = checked(Forgetful, EAGER, PLAIN).traces
    assert traces
    assert not any(trace.is_eager for trace in traces)
    assert all(trace.is_eager for trace in checked(Forgetful, EAGER).traces)


@with_eager_tasks
@pytest.mark.parametrize("factory", [HelpedBarrier, PreparedBarrier])
def test_the_reductions_lose_nothing_with_eager_tasks(factory: Any) -> None:
    shape = Programs((2,), at_once=2, calls=3, cancellations=1, waits_only=True, eager=True)
    assert_the_same_is_found(factory, shape, 2)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="here asyncio has eager tasks")
def test_before_312_it_is_said_that_there_are_none() -> None:
    target = adapt(Barrier)
    assert not any(one.eager for one in default_programs(target))
    assert "eager tasks (which Python 3.11 does not have)" in not_tried(default_programs(target), target)
    with pytest.raises(TargetError, match="asyncio has them from Python 3"):
        replay(target, ("eager tasks", "call wait()", "run"), argument=1, policies=["latchproof"], host="asyncio")


def test_bounds_say_that_tasks_are_eager() -> None:
    assert describe_bounds(EAGER, adapt(Barrier)).endswith("wait only, with eager tasks")
    assert "eager tasks" in str(not_tried((PLAIN,), adapt(Barrier)))
    assert "eager tasks" not in str(not_tried((PLAIN,), adapt(Barrier), "trio"))


@pytest.mark.parametrize("host", ["trio", "flowno"])
@pytest.mark.parametrize("factory", [Barrier, CountdownLatch])
def test_other_hosts_have_none(factory: Any, host: str) -> None:
    bounds = default_programs(adapt(factory), host)
    assert not any(one.eager for one in bounds)
    with pytest.raises(TargetError, match=f"{host} has no eager tasks: leave --no-eager out"):
        without_eager(bounds, host)


def test_a_schedule_names_them_only_where_they_are(tmp_path: Path) -> None:
    assert compact(2, ("eager tasks", "call wait()", "run")) == "2:*w."
