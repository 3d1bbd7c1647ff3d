"""A condition: calls wait until another call notifies them. Each operation takes the condition's lock for itself.

`async with condition: await condition.wait()` is one operation, and nothing is done in the block after it: a call that
is cancelled in such a block would have an excuse for any notification that is lost.
"""

from __future__ import annotations

from typing import Any

from latchproof_spec.model import Cancelled, Model, choose, place, waiters, when


class Condition(Model):
    """notify() wakes one of the calls that wait then. If that call is cancelled, another one of them is woken."""

    optional = ("notify_all",)

    def __init__(self) -> None:
        self._notified = 0
        self._meant = 0  # number of calls, from the front of the line, that waited at the latest notification

    def wait(self) -> None:
        at = place()
        try:
            when(self._notified > 0 and at is not None and at < self._meant, "it was not notified")
        except Cancelled:
            self._leave(at)
            self._notified = min(self._notified, self._meant)
            if choose(False, True):  # some classes wake another call in any case
                self.notify()
            raise
        self._notified -= 1
        self._leave(at)

    def _leave(self, at: int | None) -> None:
        if at is not None and at < self._meant:
            self._meant -= 1

    def notify(self) -> None:
        self._meant = len(waiters("wait"))
        self._notified = min(self._notified + 1, self._meant)

    def notify_all(self) -> None:
        self._notified = self._meant = len(waiters("wait"))


class WithoutBody:
    """The operations of a condition, each with the lock around it: this is what is driven."""

    def __init__(self, condition: Any) -> None:
        self._condition = condition

    async def wait(self) -> None:
        async with self._condition:
            await self._condition.wait()

    async def notify(self) -> None:
        async with self._condition:
            self._condition.notify()

    async def notify_all(self) -> None:
        async with self._condition:
            self._condition.notify_all()
