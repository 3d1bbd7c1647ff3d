"""`latchproof.dropin.flowno`: where it is like Flowno's latch, and each difference that we list."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest
from flowno.core.event_loop import synchronization as theirs

from latchproof import LatchInUseError
from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import load
from latchproof.dropin import flowno as ours
from tests.dropin.interfaces import interface
from tests.museum import environments
from tests.runtime.drivers import FLOWNO, Ended

Class: TypeAlias = Callable[..., Any]
Program: TypeAlias = Callable[[Class], Coroutine[Any, Any, object]]

CLASSES: dict[str, Class] = {"theirs": theirs.CountdownLatch, "ours": ours.CountdownLatch}
EACH = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)


def test_it_is_called_as_theirs_is() -> None:
    due = interface(theirs.CountdownLatch)
    got = interface(ours.CountdownLatch, but=("count_down_nowait", "is_open", "n_waiting"))
    # what ours makes optional is required by theirs
    assert due.pop("countdown_nowait") == ([("event_loop", inspect.Parameter.empty)], False)
    assert got.pop("countdown_nowait") == ([("event_loop", None)], False)
    assert got == due


@EACH
def test_bad_counts_are_refused(cls: Class) -> None:
    with pytest.raises(ValueError, match="count"):
        cls(-1)
    with pytest.raises(ValueError, match="count"):
        cls(1).set_count(count=-1)


async def released_together(cls: Class) -> object:
    latch = cls(count=2)
    waiting = await FLOWNO.spawn_all(latch.wait(), latch.wait())
    seen: list[object] = [latch.count, repr(latch)]
    await latch.count_down()
    await FLOWNO.settle()
    seen += [latch.count, [one.outcome is Ended.NOT for one in waiting]]
    await latch.count_down()
    await FLOWNO.settle()
    await latch.wait()
    return [*seen, [one.outcome for one in waiting], repr(latch)]


async def counted_down_by_a_plain_call(cls: Class) -> object:
    latch = cls(1)
    waiting = await FLOWNO.spawn(latch.wait())
    latch.countdown_nowait(FLOWNO.loop)
    await FLOWNO.settle()
    return waiting.outcome, latch.count


async def refused_at_zero(cls: Any) -> object:
    latch = cls(0)
    try:
        await latch.count_down(exception_if_zero=True)
    except cls.ZeroLatchError:
        return latch.count
    return "not refused"


async def ignored_at_zero(cls: Class) -> object:
    latch = cls(0)
    await latch.count_down()
    latch.countdown_nowait(FLOWNO.loop)
    return latch.count


async def counted_anew(cls: Class) -> object:
    latch = cls(1)
    latch.set_count(3)
    await latch.count_down()
    return latch.count, repr(latch)


SHARED: list[tuple[Program, object]] = [
    (
        released_together,
        [2, "CountdownLatch(count=2, set=False)", 1, [True, True], [None, None], "CountdownLatch(count=0, set=True)"],
    ),
    (counted_down_by_a_plain_call, (None, 0)),
    (refused_at_zero, 0),
    (ignored_at_zero, 0),
    (counted_anew, (2, "CountdownLatch(count=2, set=False)")),
]


@EACH
@pytest.mark.parametrize(("program", "due"), SHARED, ids=lambda value: getattr(value, "__name__", ""))
def test_alike(program: Program, due: object, cls: Class) -> None:
    assert FLOWNO.run(lambda: program(cls)) == due


async def set_while_a_task_waits(cls: Class) -> object:
    latch = cls(1)
    await FLOWNO.spawn(latch.wait())
    try:
        latch.set_count(2)
    except LatchInUseError:
        return "refused", latch.count
    return latch.count


async def opened_by_set_count(cls: Class) -> object:
    latch = cls(1)
    latch.set_count(0)
    return (await FLOWNO.spawn(latch.wait())).outcome


async def closed_again(cls: Class) -> object:
    latch = cls(0)
    latch.set_count(1)
    return (await FLOWNO.spawn(latch.wait())).outcome


async def a_count_down_lets_others_run(cls: Class) -> object:
    latch, seen = cls(2), []

    async def other() -> None:
        seen.append("other")

    async def counts() -> None:
        await latch.count_down()
        seen.append("counted")

    FLOWNO.start(counts())
    FLOWNO.start(other())
    await FLOWNO.settle()
    return seen


DIFFERENCES: list[tuple[Program, object, object]] = [
    (set_while_a_task_waits, 2, ("refused", 1)),
    (opened_by_set_count, Ended.NOT, None),
    (closed_again, None, Ended.NOT),
    (a_count_down_lets_others_run, ["other", "counted"], ["counted", "other"]),
]


@pytest.mark.parametrize(("program", "their", "our"), DIFFERENCES, ids=lambda value: getattr(value, "__name__", ""))
def test_different(program: Program, their: object, our: object) -> None:
    seen = [FLOWNO.run(lambda: program(cls)) for cls in CLASSES.values()]  # noqa: B023 - run at once
    assert seen == [their, our]


@pytest.mark.parametrize(
    ("cls", "logger"),
    [(theirs.CountdownLatch, theirs.__name__), (ours.CountdownLatch, "latchproof")],
    ids=CLASSES,
)
def test_the_warning_comes_from_another_logger(cls: Class, logger: str, caplog: pytest.LogCaptureFixture) -> None:
    cls(0).countdown_nowait(None)
    assert caplog.record_tuples[0][:2] == (logger, logging.WARNING)


def test_the_error_at_zero_is_a_runtime_error_of_ours_alone() -> None:
    assert not issubclass(theirs.CountdownLatch.ZeroLatchError, RuntimeError)
    assert issubclass(ours.CountdownLatch.ZeroLatchError, RuntimeError)


def test_a_count_that_is_no_int_is_refused_by_ours_alone() -> None:
    assert theirs.CountdownLatch(True).count is True
    with pytest.raises(TypeError, match="must be an int"):
        ours.CountdownLatch(True)


@pytest.mark.parametrize("name", ["CountdownLatch", "Barrier"])
def test_it_conforms(name: str) -> None:
    target = load(f"latchproof.dropin.flowno:{name}")
    assert target.absent == ()
    shapes = programs_within(target, None, 2, None, host="flowno")
    assert check(target, host="flowno", policy="latchproof", strict=True, programs=shapes).exit_code == 0


MEET = """
from flowno.core.event_loop.event_loop import EventLoop
from flowno.core.event_loop.primitives import spawn
from {module} import Barrier


async def main():
    barrier, got = Barrier(parties=3), []

    async def party():
        got.append(await barrier.wait())

    for _ in range(2):
        tasks = [await spawn(party()) for _ in range(3)]
        for task in tasks:
            await task.join()
    print(sorted(got[:3]), sorted(got[3:]))


EventLoop().run_until_complete(main())
try:
    Barrier(0)
except ValueError:
    print("refused")
"""


def meeting(python: str, module: str) -> str:
    command = [python, "-c", MEET.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_barrier_that_flowno_has_no_longer() -> None:
    assert not hasattr(theirs, "Barrier")
    assert meeting(sys.executable, "latchproof.dropin.flowno") == "[0, 1, 2] [0, 1, 2]\nrefused\n"


@pytest.mark.museum
@pytest.mark.parametrize("version", ["0.1.0", "0.1.14"])
def test_flowno_had_that_barrier(version: str) -> None:
    here = ".".join(map(str, sys.version_info[:3]))
    python = environments.environment(here, (f"flowno=={version}",))
    module = "flowno.core.event_loop.synchronization"
    assert meeting(str(python), module) == meeting(sys.executable, "latchproof.dropin.flowno")
