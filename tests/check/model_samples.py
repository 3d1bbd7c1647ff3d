"""Semaphores, locks, events and queues that are right or have one fault each, and a model of one's own."""

from __future__ import annotations

import asyncio
from asyncio import Condition as Condition
from asyncio import Event as Event
from asyncio import Lock as Lock
from asyncio import Queue as Queue
from collections import deque
from typing import Any, ClassVar

from latchproof.model import Model, when


class Semaphore:
    """A semaphore that hands its permits over in order of arrival."""

    def __init__(self, value: int = 1) -> None:
        self._value = value
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> bool:
        if self._value > 0:
            self._value -= 1
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self.cancelled(waiter)
            raise
        return True

    def cancelled(self, waiter: asyncio.Future[None]) -> None:
        """Give the permit back that a cancelled call was handed."""
        if waiter.done() and not waiter.cancelled():
            self.release()

    def release(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._value += 1


class KeepingSemaphore(Semaphore):
    """A call that is cancelled once it was handed a permit keeps it."""

    def cancelled(self, waiter: asyncio.Future[None]) -> None:
        """Do nothing."""


class EarlySemaphore(Semaphore):
    """acquire() does not look again after it has waited."""

    async def acquire(self) -> bool:
        if self._value == 0:
            await asyncio.sleep(0)
        self._value -= 1
        return True


class ForgetfulSemaphore(Semaphore):
    """release() wakes no call."""

    def release(self) -> None:
        self._value += 1


class LastFirstSemaphore(Semaphore):
    """The call that came last is served first."""

    def release(self) -> None:
        self._waiters.reverse()
        super().release()
        self._waiters.reverse()


class ForgetfulBoundedSemaphore(asyncio.BoundedSemaphore):
    """release() wakes no call."""

    def _wake_up_next(self) -> None:
        """Do nothing."""


class ForgetfulLock(asyncio.Lock):
    """release() wakes no call."""

    def _wake_up_first(self) -> None:
        """Do nothing."""


class OpenEvent(asyncio.Event):
    """A waiter looks at the flag again, and waits on if it was cleared in the meantime."""

    async def wait(self) -> Any:
        while not self.is_set():
            await super().wait()
        return True


class MistakenQueue(asyncio.Queue[int]):
    """get_nowait() mistakes a 2 for a 0, and get() asks it."""

    def get_nowait(self) -> int:
        return super().get_nowait() % 2


class LosingCondition(asyncio.Condition):
    """notify() wakes no call."""

    def notify(self, n: int = 1) -> None:
        """Do nothing."""


class Permits(Model):
    """A counting semaphore, as a user might write it."""

    undone_by: ClassVar[dict[str, str]] = {"acquire": "release"}

    def __init__(self, value: int) -> None:
        self._value = value

    def acquire(self) -> None:
        when(self._value > 0, "no permit was free")
        self._value -= 1

    def release(self) -> None:
        self._value += 1


class OrderedPermits(Permits):
    """The same, first come, first served."""

    fair = True


class Mailbox:
    """The end of a channel that takes."""

    def __init__(self) -> None:
        self.items: deque[int] = deque()
        self.came = asyncio.Event()

    async def take(self) -> int:
        while not self.items:
            self.came.clear()
            await self.came.wait()
        return self.items.popleft()


class Sender:
    """The end of a channel that puts; `put` adds one to what it sends, which is wrong."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def put(self, item: int) -> None:
        self._mailbox.items.append(item + 1)
        self._mailbox.came.set()


def make_channel() -> tuple[Sender, Mailbox]:
    """Return the two ends of a channel."""
    mailbox = Mailbox()
    return Sender(mailbox), mailbox


class RightSender(Sender):
    """The end of a channel that puts."""

    def put(self, item: int) -> None:
        super().put(item - 1)


def make_right_channel() -> tuple[Sender, Mailbox]:
    """Return the two ends of a channel that does what it should."""
    mailbox = Mailbox()
    return RightSender(mailbox), mailbox


class Channel(Model):
    """What goes in at one end comes out at the other."""

    objects: ClassVar[dict[str, tuple[int, str]]] = {"get": (1, "take")}

    def __init__(self) -> None:
        self._items: tuple[int, ...] = ()

    def put(self, item: int) -> None:
        self._items = (*self._items, item)

    def get(self) -> int:
        when(self._items, "nothing was sent")
        first, *rest = self._items
        self._items = tuple(rest)
        return first
