"""Barriers that permit what is usually a fault, as models: each needs a state that the rules do not have.

A class is judged by one of them only where its name is asked for. They are checked against, and not proved.
"""

from __future__ import annotations

from typing import Final

from latchproof_spec.barrier.claims import C5, C6, C8, C9, C13, C14
from latchproof_spec.claims import C7, C10, C11, C15, C16
from latchproof_spec.machine import Variant
from latchproof_spec.model import Cancelled, Model, any_of, choose, waiters, when
from latchproof_spec.step import BrokenBarrierError


class _Barrier(Model):
    """What they share: those that wait can be made to fail."""

    parties: int
    broken: bool

    def abort(self) -> None:
        self.broken = True
        self._fail()

    def reset(self) -> None:
        self.broken = False
        self._fail()

    def _fail(self) -> None:
        for waiter in waiters():
            waiter.raises(BrokenBarrierError)


class Irrevocable(_Barrier):
    """An arrival is never taken back. One arrival of each generation leads, perhaps one whose call was cancelled."""

    def __init__(self, parties: int) -> None:
        self.parties, self.broken = parties, False
        self._cancelled = 0

    def wait(self) -> bool:
        if self.broken:
            raise BrokenBarrierError
        try:
            when(len(waiters()) + self._cancelled + 1 == self.parties)
        except Cancelled:
            self._cancelled += 1
            raise
        self._cancelled = 0
        leader: int = choose(*range(self.parties))
        others = waiters()
        for waiter in others:
            waiter.returns(waiter.place == leader)
        return leader == len(others)

    def _fail(self) -> None:
        self._cancelled = 0
        super()._fail()

    @property
    def n_waiting(self) -> any_of:
        """The arrivals, or the tasks that wait."""
        return any_of(len(waiters()) + self._cancelled, len(waiters()))


class OneUse(_Barrier):
    """It opens once and stays open. A cancelled task takes its arrival back."""

    def __init__(self, parties: int) -> None:
        self.parties, self.broken = parties, False
        self._open = False

    def wait(self) -> None:
        if self.broken:
            raise BrokenBarrierError
        if not self._open:
            when(len(waiters()) + 1 == self.parties)
            self._open = True
            for waiter in waiters():
                waiter.returns()

    def reset(self) -> None:
        self._open = False
        super().reset()

    @property
    def n_waiting(self) -> int:
        return len(waiters())


class Phase(_Barrier):
    """Each call returns the number of its generation, counted from 0 or 1. After a reset the class may choose."""

    def __init__(self, parties: int) -> None:
        self.parties, self.broken = parties, False
        self._first = self._phase = choose(0, 1)

    def wait(self) -> int:
        if self.broken:
            raise BrokenBarrierError
        when(len(waiters()) + 1 == self.parties)
        phase = self._phase
        self._phase += 1
        for waiter in waiters():
            waiter.returns(phase)
        return phase

    def reset(self) -> None:
        self._phase = choose(self._phase, self._phase + 1, self._first)
        super().reset()

    @property
    def n_waiting(self) -> int:
        return len(waiters())


TRIPS: Final = ("wait() returns", "wait() ends other calls")
BREAKS: Final = ("abort() returns", "abort() ends other calls", "reset() returns", "reset() ends other calls")
EXERCISE: Final = {
    C6: TRIPS,
    C7: ("wait() is withdrawn",),
    C8: ("wait() is cancelled after it took effect",),
    C9: BREAKS,
    C10: ("wait() raises BrokenBarrierError",),
    C11: ("wait() waits",),
    C13: TRIPS,
    C14: ("abort() ends other calls", "reset() ends other calls"),
    C15: (*TRIPS, "wait() waits", *BREAKS),
    C16: (*TRIPS, "wait() waits", *BREAKS),
}
"""What gives each claim a chance to fail, as `latchproof_spec.machine.Variant` names it."""

VARIANTS: Final = (
    Variant(
        "tokio",
        Irrevocable,
        exercise=EXERCISE | {C5: TRIPS},
        sentences={
            C5: "One arrival of each generation leads: its call returns True, and every other call returns False.",
            C6: "Each task that returns from a barrier's wait() belongs to one generation of exactly parties arrivals, "
            "of which cancelled ones are a part.",
            C7: "A cancelled call stays counted until its generation trips; it breaks and strands no other task.",
            C11: "At rest no task is stranded: each blocked task is at a whole barrier at which fewer than parties "
            "have arrived, cancelled or not.",
            C13: "When the parties-th arrival, cancelled ones counted, takes effect on a whole barrier, all tasks of "
            "that generation return, unless cancelled.",
        },
    ),
    Variant(
        "one-use",
        OneUse,
        exercise=EXERCISE,
        sentences={
            C6: "Each task that returns from a barrier's wait() is one of exactly parties arrivals that opened it, "
            "none of them withdrawn before, or came when it was open.",
            C11: "At rest no task is stranded: each blocked task is at a whole barrier that has not opened, with fewer "
            "parked than parties.",
            C13: "When the parties-th arrival that is not withdrawn takes effect on a whole barrier, all parked tasks "
            "return, and so does each later call, unless cancelled.",
        },
        blame={"release not delivered": C13},
    ),
    Variant(
        "phase",
        Phase,
        exercise=EXERCISE | {C5: TRIPS},
        sentences={C5: "All calls of a generation return its number: generations are counted from 0 or from 1."},
    ),
)
