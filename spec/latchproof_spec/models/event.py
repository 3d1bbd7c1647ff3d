"""An event: calls wait until it is set."""

from __future__ import annotations

from latchproof_spec.model import Model, waiters, when


class Event(Model):
    """set() lets all that wait return, even if clear() follows before they run."""

    optional = ("clear", "is_set")

    def __init__(self) -> None:
        self._flag = False

    def wait(self) -> None:
        when(self._flag, "the event was not set")

    def set(self) -> None:
        self._flag = True
        for waiter in waiters():
            waiter.returns()

    def clear(self) -> None:
        self._flag = False

    def invariant(self) -> bool:
        return not (self._flag and waiters())

    @property
    def is_set(self) -> bool:
        return self._flag
