"""A queue of symbolic length: what stands for the dict of wakers in which the runtime classes keep the parked tasks.

It holds the parked calls, and among them any number of withdrawn ones, which have not run since their cancellation was
requested. Removing these leaves the sequence that the specification knows. What a dict cannot do fails, and so does
what is not known of a sequence of any length: to iterate over it, or to compare it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import z3

from latchproof.prove.paths import Opaque, SymBool, SymInt
from latchproof.prove.sequences import CALL, Calls, SymCall, SymLength, calls_of

ME: Final = z3.Const("the-caller", CALL)


def sequence(name: str, length: z3.ArithRef) -> Calls:
    """Return a sequence of unknown calls."""
    at = z3.Function(f"{name}-at", z3.IntSort(), CALL)
    has = z3.Function(f"{name}-has", CALL, z3.BoolSort())
    place = z3.Function(f"{name}-place", CALL, z3.IntSort())
    return Calls(length, at, has, place)


def has_a_place(calls: Calls, call: z3.ExprRef) -> z3.BoolRef:
    """Return that a call that is in a sequence has a place in it."""
    return z3.Implies(calls.has(call), z3.And(calls.place(call) >= 0, calls.place(call) < calls.length))


def one_call(term: z3.ExprRef) -> Calls:
    return calls_of((SymCall(term),))


EMPTY: Final = calls_of(())


class FoundOut(Exception):  # noqa: N818 - it ends a search and is no error
    """The code does what the stand-ins do not allow; the text says what."""


@dataclass(frozen=True, eq=False)
class Waker:
    """What a call awaits while it is parked."""

    term: z3.ExprRef
    host: object

    def __await__(self) -> Generator[Waker, Any, Any]:
        return (yield self)


class Queue(Opaque):
    """The queue: the calls that it holds, those of them that are not withdrawn, and those that have parked since."""

    def __init__(self, held: Calls, parked: Calls) -> None:
        self.held, self.kept = held, parked
        self.added: list[Waker] = []
        self.removed: list[Waker] = []
        self.each: Waker | None = None

    @property
    def length(self) -> Any:
        return SymLength(self.held.length + len(self.added) if self.added else self.held.length)

    def __bool__(self) -> bool:
        return bool(self.length > 0)

    def _with_added(self, calls: Calls) -> Calls:
        for waker in self.added:
            calls = calls + one_call(waker.term)
        return calls

    def every_call(self) -> Calls:
        """Return what is in it, withdrawn calls too."""
        return self._with_added(self.held)

    def parked(self) -> Calls:
        """Return what the specification knows of it."""
        return self._with_added(self.kept)

    def __setitem__(self, waker: Waker, value: None) -> None:
        if not isinstance(waker, Waker):
            raise FoundOut("something is parked that is not a waker")
        if waker not in self.added:
            self.added.append(waker)

    def __delitem__(self, waker: object) -> None:
        if self.each is None or waker is not self.each or self.removed:
            raise KeyError("it is not in the queue")
        self.removed.append(self.each)

    def pop(self, waker: Waker, *default: None) -> None:
        if waker in self.added:
            self.added.remove(waker)
        elif bool(SymBool(self.held.has(waker.term))):
            if self.held is not self.kept:
                raise FoundOut("a call is taken out of a queue that is not purged")
            place = self.held.index(SymCall(waker.term))
            one, other = self.held, place.term
            self.held = self.kept = Calls(
                one.length - 1,
                lambda k: z3.If(k < other, one.at(k), one.at(k + 1)),
                lambda c: z3.And(one.has(c), c != waker.term),
                lambda c: z3.If(one.place(c) < other, one.place(c), one.place(c) - 1),
            )
        elif not default:
            raise KeyError("it is not in the queue")

    def clear(self) -> None:
        self.held = self.kept = EMPTY
        self.added = []

    def purge(self) -> None:
        """Let it hold no withdrawn call."""
        self.held = self.kept


@dataclass(eq=False)
class Withdrawn:
    """The withdrawn calls of a queue.

    A loop over them runs once, for one that stands for each: in a queue that some of them may have left already. After
    that all are gone if the loop took that one out, and none if it did not. This is induction over how many have left,
    so the loop must leave all else as it was.
    """

    queue: Queue
    number: z3.ArithRef
    world: Any

    def __bool__(self) -> bool:
        return bool(SymInt(self.number) > 0)

    def __iter__(self) -> Iterator[Waker]:
        return _Each(self)


@dataclass(eq=False)
class _Each:
    of: Withdrawn
    before: tuple[Any, ...] | None = None

    def __iter__(self) -> _Each:
        return self

    def __next__(self) -> Waker:
        queue, world = self.of.queue, self.of.world
        frame = sys._getframe(1)
        if self.before is None:
            if not self.of:
                raise StopIteration
            self.before = (queue.held, dict(frame.f_locals), world.heap())
            queue.held = sequence("some-left", z3.Int("left"))
            queue.each = Waker(z3.Const("each", CALL), world.own)
            return queue.each
        held, known, heap = self.before
        bound = {name: value for name, value in frame.f_locals.items() if name not in known}
        same = all(frame.f_locals.get(name) is value for name, value in known.items())
        same = same and all(value is queue.each for value in bound.values())
        if not same or len(bound) > 1 or not _are_same(world.heap(), heap):
            raise FoundOut("a loop over the withdrawn does more than to take each out of the queue")
        queue.held = queue.kept if queue.removed else held
        queue.each, queue.removed = None, []
        raise StopIteration


def _are_same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
