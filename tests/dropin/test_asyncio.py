"""`latchproof.dropin.asyncio`: where it is like asyncio's barrier, and each difference that we list."""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import load
from latchproof.dropin import asyncio as ours
from tests.dropin.interfaces import interface

Class: TypeAlias = Callable[..., Any]
Program: TypeAlias = Callable[[Class], Coroutine[Any, Any, object]]

THEIRS: Class = asyncio.Barrier
EACH = pytest.mark.parametrize("cls", [THEIRS, ours.Barrier], ids=["theirs", "ours"])


async def let_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def outcome(awaitable: Any) -> object:
    """Return what the task returned, or the name of the error that it raised; it must have ended."""
    try:
        async with asyncio.timeout(5):  # no test waits this long: it turns a hang into an error
            return await awaitable
    except asyncio.CancelledError:
        return "cancelled"
    except asyncio.BrokenBarrierError:
        return "broken"


def at_once(coro: Coroutine[Any, Any, object]) -> object:
    """Return what the coroutine returns without suspending."""
    try:
        coro.send(None)
    except StopIteration as stop:
        return stop.value
    coro.close()
    return "waits"


def test_it_is_called_as_theirs_is() -> None:
    ours_only = ("abort_nowait", "reset_nowait")
    assert interface(ours.Barrier, but=ours_only) == interface(asyncio.Barrier)
    assert set(ours_only) <= set(dir(ours.Barrier))
    assert ours.BrokenBarrierError is asyncio.BrokenBarrierError


@EACH
def test_bad_parties_are_refused(cls: Class) -> None:
    with pytest.raises(ValueError, match="parties"):
        cls(0)
    with pytest.raises(TypeError):
        cls("three")


@EACH
def test_it_is_made_without_a_loop_and_takes_attributes_weak_references_and_subclasses(cls: Any) -> None:
    class Named(cls):  # type: ignore[misc] # a base that is a parameter
        pass

    barrier = Named(parties=2)
    barrier.name = "a name"
    assert weakref.ref(barrier)() is barrier
    assert (barrier.name, barrier.parties, barrier.n_waiting, barrier.broken) == ("a name", 2, 0, False)


@EACH
def test_it_looks_as_theirs_does(cls: Class) -> None:
    async def looks() -> list[str]:
        barrier = cls(2)
        waiting = asyncio.create_task(barrier.wait())
        await let_run()
        filling = repr(barrier)
        await barrier.abort()
        await outcome(waiting)
        return [filling, repr(barrier)]

    states = [
        re.fullmatch(r"<[\w.]+\.Barrier object at 0x\w+ \[(.*)\]>", text, re.IGNORECASE)
        for text in asyncio.run(looks())
    ]
    assert [state and state[1] for state in states] == ["filling, waiters:1/2", "broken"]


async def generations(cls: Class) -> object:
    barrier = cls(3)
    return [sorted(await asyncio.gather(*(barrier.wait() for _ in range(3)))) for _ in range(2)]


async def async_with(cls: Class) -> object:
    barrier, seen = cls(2), []

    async def party() -> None:
        async with barrier as index:
            seen.append(index)

    await asyncio.gather(party(), party())
    return sorted(seen)


async def a_body_that_fails_breaks_nothing(cls: Class) -> object:
    barrier = cls(1)
    try:
        async with barrier:
            raise LookupError
    except LookupError:
        return barrier.broken, barrier.n_waiting


async def abort_and_reset(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    seen: list[object] = [barrier.n_waiting]
    await barrier.abort()
    seen += [await outcome(first), barrier.broken, await outcome(barrier.wait())]
    await barrier.reset()
    second = asyncio.create_task(barrier.wait())
    await let_run()
    seen += [barrier.broken, barrier.n_waiting]
    await barrier.reset()
    seen += [await outcome(second), barrier.broken, barrier.n_waiting]
    return seen


async def a_cancelled_task_takes_back_its_arrival(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    first.cancel()
    await let_run()
    return await outcome(first), barrier.n_waiting, barrier.broken


async def a_time_out_takes_back_an_arrival(cls: Class) -> object:
    barrier = cls(2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(barrier.wait(), 0.001)
    return barrier.n_waiting, barrier.broken


SHARED: list[tuple[Program, object]] = [
    (generations, [[0, 1, 2], [0, 1, 2]]),
    (async_with, [0, 1]),
    (a_body_that_fails_breaks_nothing, (False, 0)),
    (abort_and_reset, [1, "broken", True, "broken", False, 1, "broken", False, 0]),
    (a_cancelled_task_takes_back_its_arrival, ("cancelled", 0, False)),
    (a_time_out_takes_back_an_arrival, (0, False)),
]


@EACH
@pytest.mark.parametrize(("program", "due"), SHARED, ids=lambda value: getattr(value, "__name__", ""))
def test_alike(program: Program, due: object, cls: Class) -> None:
    assert asyncio.run(program(cls)) == due


async def indices_after_a_cancellation(cls: Class) -> object:
    barrier = cls(3)
    first, second = asyncio.create_task(barrier.wait()), asyncio.create_task(barrier.wait())
    await let_run()
    first.cancel()
    await let_run()
    return await asyncio.gather(second, barrier.wait(), barrier.wait())


async def abort_after_the_trip(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    last = await barrier.wait()
    await barrier.abort()
    return await outcome(first), last


async def reset_after_the_trip(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    last = await barrier.wait()
    await barrier.reset()
    return await outcome(first), last


async def a_requested_cancellation(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    first.cancel()
    counted = barrier.n_waiting
    return counted, at_once(barrier.wait())


async def an_early_arrival_at_the_next_generation(cls: Class) -> object:
    barrier = cls(2)
    first = asyncio.create_task(barrier.wait())
    await let_run()
    await barrier.wait()  # trips; first has not run yet
    early = barrier.wait()
    early.send(None)
    counted = barrier.n_waiting
    early.close()
    return counted, await outcome(first)


DIFFERENCES: list[tuple[Program, object, object]] = [
    (indices_after_a_cancellation, [1, 1, 2], [0, 1, 2]),
    (abort_after_the_trip, ("broken", 1), (0, 1)),
    (reset_after_the_trip, ("broken", 1), (0, 1)),
    (a_requested_cancellation, (1, 1), (0, "waits")),
    (an_early_arrival_at_the_next_generation, (0, 0), (1, 0)),
]


@pytest.mark.parametrize(("program", "theirs", "our"), DIFFERENCES, ids=lambda value: getattr(value, "__name__", ""))
def test_different(program: Program, theirs: object, our: object) -> None:
    assert (asyncio.run(program(THEIRS)), asyncio.run(program(ours.Barrier))) == (theirs, our)


@pytest.mark.parametrize("parties", [True, 2.0])
def test_parties_that_are_no_int_are_refused_by_ours_alone(parties: Any) -> None:
    assert THEIRS(parties).parties == parties
    with pytest.raises(TypeError, match="must be an int"):
        ours.Barrier(parties)


def test_another_loop_is_refused_by_ours_only_while_tasks_wait() -> None:
    async def meet(barrier: Any) -> list[int]:
        return sorted(await asyncio.gather(barrier.wait(), barrier.wait()))

    theirs, our = THEIRS(2), ours.Barrier(2)
    assert asyncio.run(meet(theirs)) == asyncio.run(meet(our)) == [0, 1]
    assert asyncio.run(meet(our)) == [0, 1]
    with pytest.raises(RuntimeError, match="different event loop"):
        asyncio.run(meet(theirs))


def test_it_conforms() -> None:
    target = load("latchproof.dropin.asyncio:Barrier")
    assert target.absent == ()
    verdict = check(target, policy="latchproof", strict=True, programs=programs_within(target, None, 3, None))
    assert verdict.exit_code == 0
