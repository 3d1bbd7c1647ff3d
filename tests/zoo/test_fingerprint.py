"""Fingerprints are equal where the rest of a run must be the same, and differ where it might not."""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
import types
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from latchproof.check.loops.asyncio import StepLoop
from latchproof.check.sandbox import fingerprint
from latchproof.check.sandbox.fingerprint import Fingerprinter, NoFingerprintError
from tests.zoo.correct import EventBarrier, FutureBarrier

FINGERPRINTER = Fingerprinter()
VARIABLE = contextvars.ContextVar[int]("VARIABLE")


class Slotted:
    __slots__ = ("one", "other")


def slotted(name: str) -> Slotted:
    thing = Slotted()
    setattr(thing, name, 1)
    return thing


class SlottedAgain(Slotted):
    """Its slot has the name of one of its base, and another place."""

    __slots__ = ("one",)


def slotted_again(owner: type[Slotted]) -> SlottedAgain:
    thing = SlottedAgain()
    vars(owner)["one"].__set__(thing, 1)
    return thing


def on_its_way(steps: int) -> Generator[None]:
    """A generator whose place in a list is known to its value stack alone."""

    def walk() -> Generator[None]:
        for _ in (1, 1, 1):
            yield

    return advanced(walk(), steps)


def bound(first: bool) -> Generator[None]:
    """One of two locals is bound, to the same value, at the same place."""

    def walk() -> Generator[None]:
        if first:
            one = 1
        else:
            other = 1
        yield
        print(one if first else other)

    return advanced(walk(), 1)


def closing_over(value: int, steps: int = 0) -> Generator[int]:
    """A generator that differs from others of its code in what its function closes over."""

    def walk() -> Generator[int]:
        yield value
        yield value

    return advanced(walk(), steps)


def holding_a_function(*, its_own: bool) -> Generator[None]:
    """A generator that holds its own function, or another one of the same code."""

    def made(function: Any = None) -> Any:
        def walk() -> Generator[None]:
            held = function or walk
            yield
            print(held)

        return walk

    return advanced(made(None if its_own else made())(), 1)


def advanced(walking: Generator[Any], steps: int) -> Generator[Any]:
    for _ in range(steps):
        next(walking)
    return walking


def context(value: int) -> contextvars.Context:
    found = contextvars.copy_context()
    found.run(VARIABLE.set, value)
    return found


def adder(amount: int) -> Callable[[int], int]:
    return lambda number: number + amount


SHARED: list[int] = []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (-1, -2),
        ("1", b"1"),
        ([1], (1,)),
        ([[], []], [SHARED, SHARED]),
        (deque([1]), deque([1], 2)),
        ({1: 2}, {2: 1}),
        (slotted("one"), slotted("other")),
        (slotted_again(Slotted), slotted_again(SlottedAgain)),
        (iter([1, 1]), iter([1])),
        (on_its_way(1), on_its_way(2)),
        (bound(True), bound(False)),
        (closing_over(1), closing_over(2)),
        (closing_over(1, steps=1), closing_over(2, steps=1)),
        (closing_over(1, steps=1), closing_over(1, steps=2)),
        (holding_a_function(its_own=True), holding_a_function(its_own=False)),
        (context(1), context(2)),
        (adder(1), adder(2)),
        (adder(1), len),
        (ValueError(1), ValueError(2)),
        (ValueError(1), KeyError(1)),
        (FutureBarrier(2), FutureBarrier(3)),
        (FutureBarrier(2), EventBarrier(2)),
        (FutureBarrier(2).wait, FutureBarrier(2).abort),
    ],
)
def test_what_differs_has_another_fingerprint(one: object, other: object) -> None:
    fingerprinter = Fingerprinter()
    assert fingerprinter.of(one) != fingerprinter.of(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: [[], {}, set(), frozenset((1,)), deque(), range(3), slice(1), None, ..., 1j],
        lambda: slotted("one"),
        lambda: on_its_way(2),
        lambda: bound(True),
        lambda: closing_over(1, steps=1),
        lambda: holding_a_function(its_own=True),
        lambda: context(1),
        lambda: adder(1),
        lambda: ValueError(1),
        lambda: EventBarrier(2),
        lambda: enumerate([1]),
        lambda: FutureBarrier(2).wait,
    ],
)
def test_what_is_made_alike_has_the_same_fingerprint(make: Callable[[], object]) -> None:
    fingerprinter = Fingerprinter()
    assert len({fingerprinter.of(make()) for _ in range(5)}) == 1


def test_the_function_and_the_code_of_a_coroutine_are_not_walked() -> None:
    """They cannot change, and what the function closes over is held by the frame."""
    fingerprinter = Fingerprinter()
    fingerprinter.of(closing_over(1, steps=1))
    assert {types.FunctionType, types.CodeType}.isdisjoint(fingerprinter._listings)
    assert types.CellType in fingerprinter._listings


def test_a_frame_whose_function_is_not_found_has_no_fingerprint() -> None:
    code = closing_over.__code__
    with pytest.raises(NoFingerprintError, match="the frame of closing_over"):
        fingerprint._locals_and_stack(closing_over(1, steps=1), code)


@contextmanager
def one_step_loop() -> Iterator[StepLoop]:
    loop = StepLoop()
    FINGERPRINTER.parts = loop.parts()
    running = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(loop)
    try:
        yield loop
    finally:
        asyncio.events._set_running_loop(running)
        loop.finish()


def after(steps: int, *, cancel: bool = False) -> Any:
    """The fingerprint of two waiters at a barrier of three, after some steps of the event loop."""
    with one_step_loop() as loop:
        barrier = EventBarrier(3)
        tasks = [loop.create_task(barrier.wait()) for _ in range(2)]
        for _ in range(steps):
            loop.run_one()
        if cancel:
            tasks[0].cancel()
        found = FINGERPRINTER.of(barrier, tasks, loop.state)
        for task in tasks:
            task.cancel()
        while loop.can_run():
            loop.run_one()
        return found


def test_tasks_and_futures_are_told_apart_by_how_far_they_are() -> None:
    assert after(1) == after(1)
    assert after(2, cancel=True) == after(2, cancel=True)
    assert len({after(0), after(1), after(2), after(1, cancel=True), after(2, cancel=True)}) == 5


def test_the_time_matters_only_to_those_who_read_it() -> None:
    found = set()
    for reads in (False, True):
        for delay in (1, 2):
            with one_step_loop() as loop:
                if reads:
                    int(loop.time())  # the distance between times alone would be part of the state
                loop.call_later(delay, len, ())
                loop.run_one()
                loop.call_later(5, len, ())
                found.add(FINGERPRINTER.of(loop.state))
    assert len(found) == 3


class Dice(random.Random):
    """What comes next is nowhere to be seen."""


@pytest.mark.parametrize("thing", [threading.RLock(), Dice(), random.Random(), memoryview(b"")])
def test_what_hides_its_state_has_no_fingerprint(thing: object) -> None:
    with pytest.raises(NoFingerprintError):
        Fingerprinter().of(thing)


def test_it_does_not_walk_for_ever() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NoFingerprintError):
        Fingerprinter().of(deep)
    with pytest.raises(NoFingerprintError, match="more than"):
        Fingerprinter().of([[] for _ in range(30_000)])
