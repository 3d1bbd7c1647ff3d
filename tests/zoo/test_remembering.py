"""A task calls again after its call was cancelled, failed or returned, in the same step or later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.bounds import default_programs
from latchproof.check.checker import check
from latchproof.check.notation import compact, parse
from latchproof.check.replaying import replay
from latchproof.check.target import adapt, load
from latchproof.check.trace import make_trace
from latchproof.check.verdict import Verdict
from latchproof.show.lanes import lanes
from latchproof.show.repro import reproduction
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs
from tests.zoo import remembering
from tests.zoo.test_reductions import assert_the_same_is_found

AGAIN = Programs((2,), at_once=2, calls=3, cancellations=1, again=True, numbers=(0,))


LATER = ("call wait()", "run", "cancel 1", "run", "stays", "again 1 wait()", "run")
AT_ONCE = ("call wait()", "run", "cancel 1", "run", "then wait()")


def checked(factory: Any, host: str = "asyncio", programs: Programs = AGAIN) -> Verdict:
    return check(adapt(factory), host=host, programs=(programs,), policy="latchproof")


@pytest.mark.parametrize(
    ("factory", "host", "size"),
    [
        (remembering.ForgetfulBarrier, "asyncio", (2, 1)),
        (remembering.ForgetfulLatch, "asyncio", (2, 1)),
        (remembering.ForgetsByNumberBarrier, "asyncio", (2, 1)),
        (remembering.ForgetsByNameBarrier, "asyncio", (2, 1)),
        (remembering.ForgetsOnTheTaskBarrier, "asyncio", (2, 1)),
        (remembering.ForgetsTheFailedBarrier, "asyncio", (3, 0)),
        (remembering.ForgetsTheReleasedBarrier, "asyncio", (3, 0)),
        (remembering.ForgetfulTrioBarrier, "trio", (2, 1)),
    ],
)
def test_a_task_that_calls_again_and_is_taken_for_one_that_waits_is_found(
    factory: Any, host: str, size: tuple[int, int]
) -> None:
    verdict = checked(factory, host)
    (trace,) = {one.seen: one for one in verdict.traces}.values()
    assert trace.seen.endswith("this task waits here already")
    assert (trace.count("begin"), trace.cancellations) == size
    assert trace.events[-2]["again"] < trace.events[-2]["call"]


@pytest.mark.parametrize(
    ("factory", "host"),
    [
        (remembering.MarkingBarrier, "asyncio"),
        (remembering.MarkingLatch, "asyncio"),
        (remembering.MarkingTrioBarrier, "trio"),
        *((one, host) for one in (Barrier, CountdownLatch) for host in ("asyncio", "trio", "flowno")),
    ],
)
def test_right_ones_conform(factory: Any, host: str) -> None:
    """On trio, where the same programs have more schedules, with as many calls as it takes to call again."""
    assert checked(factory, host, replace(AGAIN, calls=2) if host == "trio" else AGAIN).status == "conforms"


def test_a_call_of_a_later_step_can_be_replayed() -> None:
    explorer = replay(adapt(remembering.ForgetfulBarrier), LATER, argument=2, policies=["latchproof"], host="asyncio")
    assert list(explorer.so_far.failures["latchproof"]) == ["C15"]
    assert explorer.last_run is not None
    assert tuple(explorer.last_run.schedule) == LATER
    assert parse(compact(2, LATER), BARRIER) == (2, LATER)


@pytest.mark.parametrize("schedule", [LATER, AT_ONCE])
def test_a_program_makes_the_call_too(schedule: tuple[str, ...]) -> None:
    """The program that is returned was run, and shows the fault."""
    target = load("tests/zoo/remembering.py:ForgetfulBarrier")
    explorer = replay(target, schedule, argument=2, policies=["latchproof"], host="asyncio")
    (failure,) = explorer.so_far.failures["latchproof"].values()
    trace = make_trace(failure, target, "latchproof", strict=False, host="asyncio")
    source = reproduction(trace)
    assert "uncancel()" in source
    assert ("gate2.set()" in source) == (schedule == LATER)
    assert any("wait() in the task of call 1" in line for line in lanes(trace))


@pytest.mark.parametrize("host", ["asyncio", "trio", "flowno"])
@pytest.mark.parametrize("target", ["latchproof:Barrier", "latchproof:CountdownLatch"])
def test_the_default_bounds_let_a_task_call_again(target: str, host: str) -> None:
    assert any(one.again and one.calls >= 3 for one in default_programs(load(target), host))


@pytest.mark.parametrize(
    "factory",
    [
        Barrier,
        remembering.MarkingBarrier,
        remembering.ForgetfulBarrier,
        remembering.ForgetsTheFailedBarrier,
        remembering.ForgetsTheReleasedBarrier,
        remembering.ForgetsOnTheTaskBarrier,
    ],
)
def test_the_reductions_lose_nothing_where_a_task_calls_again(factory: Any) -> None:
    shape = Programs((2,), at_once=2, calls=3, cancellations=1, waits_only=True, again=True)
    assert_the_same_is_found(factory, shape, 2)


@pytest.mark.parametrize("factory", [remembering.ForgetfulTrioBarrier, remembering.MarkingTrioBarrier])
def test_nor_do_they_on_trio(factory: Any) -> None:
    shape = Programs((2,), at_once=2, calls=2, cancellations=1, waits_only=True, again=True)
    assert_the_same_is_found(factory, shape, 2, host="trio")
