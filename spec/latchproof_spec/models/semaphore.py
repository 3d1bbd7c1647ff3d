"""Semaphores: a number of permits, which calls take and give back."""

from __future__ import annotations

from latchproof_spec.model import Model, when
from latchproof_spec.models.lock import WouldBlock


class Semaphore(Model):
    """release() gives a permit back, or adds one: any task may."""

    undone_by = {"acquire": "release"}
    optional = ("acquire_nowait", "locked", "value")
    at_rest = ("locked", "value")

    def __init__(self, value: int) -> None:
        if value < 0:
            raise ValueError
        self._value = value

    def acquire(self) -> None:
        when(self._value > 0, "no permit was free")
        self._value -= 1

    def acquire_nowait(self) -> None:
        if self._value == 0:
            raise WouldBlock
        self._value -= 1

    def release(self) -> None:
        self._value += 1

    def invariant(self) -> bool:
        return self._value >= 0

    @property
    def locked(self) -> bool:
        return self._value == 0

    @property
    def value(self) -> int:
        return self._value


class BoundedSemaphore(Semaphore):
    """There are never more permits than in the beginning: release() raises an error in place of that."""

    gives_back = {"acquire": "release", "acquire_nowait": "release"}

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self._bound = value

    def release(self) -> None:
        if self._value == self._bound:
            raise ValueError
        self._value += 1

    def invariant(self) -> bool:
        return 0 <= self._value <= self._bound
