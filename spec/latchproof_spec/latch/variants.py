"""Latches that permit what is usually a fault, as models: each needs a state that the rules do not have.

A class is judged by one of them only where its name is asked for. They are checked against, and not proved.
"""

from __future__ import annotations

from typing import Final

from latchproof_spec.claims import C7, C10, C11, C15, C16
from latchproof_spec.latch.claims import C3, C12
from latchproof_spec.machine import Variant
from latchproof_spec.model import Model, choose, waiters, when
from latchproof_spec.step import ZeroLatchError


class AutoReset(Model):
    """When the count reaches zero it lets the waiting tasks go, and has again the count with which it was made."""

    def __init__(self, count: int) -> None:
        self._made = self.count = count

    def wait(self) -> None:
        when(self._made == 0)

    def count_down(self, exception_if_zero: bool = False) -> None:
        if self._made == 0:
            if exception_if_zero or choose(False, True):  # a class may refuse it or ignore it
                raise choose(ZeroLatchError, ValueError)
            return
        self.count -= 1
        if self.count == 0:
            self.count = self._made
            for waiter in waiters():
                waiter.returns()

    @property
    def is_open(self) -> bool:
        return self.count == 0

    @property
    def n_waiting(self) -> int:
        return len(waiters())


COUNTS: Final = ("count_down() returns", "count_down() ends other calls")

VARIANTS: Final = (
    Variant(
        "auto-reset",
        AutoReset,
        exercise={
            C3: ("count_down() ends other calls", "wait() returns"),
            C7: ("wait() is withdrawn", "wait() is cancelled after it took effect"),
            C10: ("count_down() raises ZeroLatchError",),
            C11: ("wait() waits",),
            C12: ("count_down() ends other calls",),
            C15: (*COUNTS, "wait() waits", "wait() returns"),
            C16: COUNTS,
        },
        sentences={
            C3: "wait() on a latch returns only if the count reached zero between call and return, or was made zero.",
            C12: "A task parked on a latch whose count reaches zero returns, unless it is cancelled, although the "
            "count is then again what it was made with.",
        },
    ),
)
