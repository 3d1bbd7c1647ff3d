"""Primitives for the kinds that are judged by a model: a right one of each, and five faults of each, one at a time.

They are plain and short on purpose. What a fault is stands in its docstring, and how small it is in `test_primitives`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from latchproof_spec.models.channel import BrokenResourceError, ClosedResourceError, EndOfChannel


class Line:
    """The waiters of a primitive, in order."""

    def __init__(self) -> None:
        self.waiters: deque[asyncio.Future[Any]] = deque()

    def join(self) -> asyncio.Future[Any]:
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return waiter

    def leave(self, waiter: asyncio.Future[Any]) -> None:
        if waiter in self.waiters:
            self.waiters.remove(waiter)

    def wake(self, value: object = None) -> bool:
        """Wake the first that was not cancelled; return whether there was one."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(value)
                return True
        return False

    def wake_all(self) -> None:
        while self.wake():
            pass

    async def turn(self, pass_on: Callable[[], object] | None = None) -> None:
        """Wait to be woken; if a call is cancelled when it was woken, `pass_on` is called, if it is given."""
        waiter = self.join()
        try:
            await waiter
        except asyncio.CancelledError:
            self.leave(waiter)
            if pass_on is not None and was_woken(waiter):
                pass_on()
            raise


def was_woken(waiter: asyncio.Future[Any]) -> bool:
    return waiter.done() and not waiter.cancelled()


class Semaphore:
    """Right: a permit is handed to the first that waits."""

    passes_on = True
    """Whether a call that is cancelled when it was handed a permit hands it on."""

    def __init__(self, value: int) -> None:
        self.free = value
        self.line = Line()

    async def acquire(self) -> None:
        if self.free and not self.line.waiters:
            self.free -= 1
            return
        await self.line.turn(self.give if self.passes_on else None)

    def release(self) -> None:
        self.give()

    def give(self) -> None:
        if not self.line.wake():
            self.free += 1


class KeepsPermit(Semaphore):
    """A call that is cancelled when it was handed a permit keeps it."""

    passes_on = False


class HandsToCancelled(Semaphore):
    """A permit is handed to a waiter that was cancelled."""

    def give(self) -> None:
        if not self.line.waiters:
            self.free += 1
            return
        waiter = self.line.waiters.popleft()
        if not waiter.done():
            waiter.set_result(None)


class WakesNobody(Semaphore):
    """release() raises the number, and wakes no waiter."""

    def give(self) -> None:
        self.free += 1


class TakesLate(Semaphore):
    """It looks for a free permit, and takes it in a later step."""

    async def acquire(self) -> None:
        while not self.free:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.free -= 1

    def give(self) -> None:
        self.free += 1


class OneTooMany(Semaphore):
    """It begins with a permit too many."""

    def __init__(self, value: int) -> None:
        super().__init__(value + 1)


class BoundedSemaphore(Semaphore):
    """Right: it refuses to be released more often than it was acquired."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.taken = 0

    async def acquire(self) -> None:
        await super().acquire()
        self.taken += 1

    def release(self) -> None:
        if not self.taken:
            raise ValueError("released too often")
        self.taken -= 1
        self.give()


class BoundedKeepsPermit(BoundedSemaphore):
    """As KeepsPermit."""

    passes_on = False


class BoundedHandsToCancelled(BoundedSemaphore):
    """As HandsToCancelled."""

    give = HandsToCancelled.give


class BoundedWakesNobody(BoundedSemaphore):
    """As WakesNobody."""

    give = WakesNobody.give


class BoundedOneTooMany(BoundedSemaphore):
    """As OneTooMany."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.free += 1


class BoundedByHalf(BoundedSemaphore):
    """It refuses the last release()."""

    def release(self) -> None:
        if self.taken == 1:
            raise ValueError("released too often")
        super().release()


class Lock:
    """Right: it is handed to the first that waits, and any task may release it."""

    passes_on = True
    """Whether a call that is cancelled when it was handed the lock hands it on."""

    def __init__(self) -> None:
        self.held = False
        self.line = Line()

    async def acquire(self) -> None:
        if not self.held and not self.line.waiters:
            self.held = True
            return
        await self.line.turn(self.give if self.passes_on else None)

    def release(self) -> None:
        if not self.held:
            raise RuntimeError("it is not held")
        self.give()

    def give(self) -> None:
        if not self.line.wake():
            self.held = False


class KeepsLock(Lock):
    """A call that is cancelled when it was handed the lock keeps it."""

    passes_on = False


class SilentLock(Lock):
    """release() of a lock that is not held is no error."""

    def release(self) -> None:
        if self.held:
            self.give()


class LooksOnceLock(Lock):
    """A waiter does not look again whether the lock is held."""

    async def acquire(self) -> None:
        if self.held:
            await self.line.turn()
        self.held = True

    def give(self) -> None:
        self.held = False
        self.line.wake_all()


class ForgetsWaitersLock(Lock):
    """release() wakes a waiter only if it is alone."""

    def give(self) -> None:
        if len(self.line.waiters) != 1 or not self.line.wake():
            self.held = False


class NeverHeldLock(Lock):
    """It is not noted that the lock is held."""

    async def acquire(self) -> None:
        await asyncio.sleep(0)


class OwnedLock(Lock):
    """Right: the task that holds it alone may release it, and may not acquire it again."""

    def __init__(self) -> None:
        super().__init__()
        self.owner: asyncio.Task[Any] | None = None

    async def acquire(self) -> None:
        if self.owner is asyncio.current_task():
            raise RuntimeError("this task holds it")
        await super().acquire()
        self.owner = asyncio.current_task()

    def release(self) -> None:
        if self.owner is not asyncio.current_task():
            raise RuntimeError("this task does not hold it")
        self.owner = None
        self.give()


class OwnedKeepsLock(OwnedLock):
    """As KeepsLock."""

    passes_on = False


class ReentrantLock(OwnedLock):
    """The task that holds it may acquire it again."""

    async def acquire(self) -> None:
        if self.owner is not asyncio.current_task():
            await super().acquire()


class NeverGivenLock(OwnedLock):
    """release() does not give it."""

    def release(self) -> None:
        self.owner = None


class SharedLock(OwnedLock):
    """Two tasks hold it where both come before either has begun to hold it."""

    async def acquire(self) -> None:
        if self.owner is asyncio.current_task():
            raise RuntimeError("this task holds it")
        while self.owner is not None:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.owner = asyncio.current_task()


class DisownedLock(OwnedLock):
    """The owner is forgotten when another task begins to wait."""

    async def acquire(self) -> None:
        if self.held:
            self.owner = None
        await super().acquire()


class Event:
    """Right: set() lets each waiter continue, also if clear() follows."""

    def __init__(self) -> None:
        self.flag = False
        self.line = Line()

    def is_set(self) -> bool:
        return self.flag

    def set(self) -> None:
        self.flag = True
        self.line.wake_all()

    def clear(self) -> None:
        self.flag = False

    async def wait(self) -> None:
        if not self.flag:
            await self.line.turn()


class LooksAgain(Event):
    """A waiter looks at the flag again, which may have been cleared."""

    async def wait(self) -> None:
        while not self.flag:
            await super().wait()


class WakesOne(Event):
    """set() wakes one waiter."""

    def set(self) -> None:
        self.flag = True
        self.line.wake()


class NeverCleared(Event):
    """clear() does nothing."""

    def clear(self) -> None:
        pass


class WakesOnClear(Event):
    """clear() wakes the waiters, too."""

    def clear(self) -> None:
        self.flag = False
        self.line.wake_all()


class FirstSetOnly(Event):
    """set() wakes only the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.was_set = False

    def set(self) -> None:
        if not self.was_set:
            self.line.wake_all()
        self.flag = self.was_set = True


class Condition:
    """Right, and without a lock: each operation is a single step. It is what a condition's operations come to."""

    def __init__(self) -> None:
        self.line = Line()

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *error: object) -> None:
        pass

    async def wait(self) -> None:
        await self.line.turn(self.line.wake)

    def notify(self, n: int = 1) -> None:
        for _ in range(n):
            self.line.wake()

    def notify_all(self) -> None:
        self.line.wake_all()


class LosesNotification(Condition):
    """A call that is cancelled when it was notified wakes no other one."""

    async def wait(self) -> None:
        await self.line.turn()


class NotifiesAll(Condition):
    """notify() wakes every waiter."""

    def notify(self, n: int = 1) -> None:
        self.line.wake_all()


class NotifiesNone(Condition):
    """notify() wakes no waiter."""

    def notify(self, n: int = 1) -> None:
        pass


class NotifiesOne(Condition):
    """notify_all() wakes one waiter."""

    def notify_all(self) -> None:
        self.line.wake()


class Remembers(Condition):
    """notify() without a waiter lets the next wait() return at once."""

    def __init__(self) -> None:
        super().__init__()
        self.early = 0

    async def wait(self) -> None:
        if self.early:
            self.early -= 1
            return
        await super().wait()

    def notify(self, n: int = 1) -> None:
        if not self.line.wake():
            self.early += 1


class Queue:
    """Right: the oldest item is given; waiters look again when they are woken, and pass the wake-up on."""

    def __init__(self, maxsize: int) -> None:
        self.limit = maxsize
        self.items: deque[int] = deque()
        self.putters, self.getters = Line(), Line()

    async def put(self, item: int) -> None:
        while self.is_full():
            await self.woken(self.putters)
        self.add(item)

    async def get(self) -> int:
        while not self.items:
            await self.woken(self.getters)
        return self.take()

    def is_full(self) -> bool:
        return 0 < self.limit <= len(self.items)

    def add(self, item: int) -> None:
        self.items.append(item)
        self.getters.wake()

    def take(self) -> int:
        item = self.items.popleft()
        self.putters.wake()
        return item

    async def woken(self, line: Line) -> None:
        await line.turn(line.wake)


class Overfull(Queue):
    """put() does not look again whether there is room."""

    async def put(self, item: int) -> None:
        if self.is_full():
            await self.woken(self.putters)
        self.add(item)


class LosesWakeUp(Queue):
    """A call that is cancelled when it was woken does not pass that on."""

    async def woken(self, line: Line) -> None:
        await line.turn()


class KeepsPutters(Queue):
    """get() wakes no call that waits for room."""

    def take(self) -> int:
        return self.items.popleft()


class LosesItem(Queue):
    """get() takes an item, and suspends before it returns it."""

    async def get(self) -> int:
        item = await super().get()
        await asyncio.sleep(0)
        return item


class GivesTwice(Queue):
    """get() looks at an item, and takes it in a later step."""

    async def get(self) -> int:
        while not self.items:
            await self.woken(self.getters)
        item = self.items[0]
        await asyncio.sleep(0)
        if item in self.items:
            self.items.remove(item)
        self.putters.wake()
        return item


class CapacityLimiter:
    """Right: each task may hold one of the tokens."""

    def __init__(self, total_tokens: int) -> None:
        self.total_tokens = total_tokens
        self.borrowers: set[Any] = set()
        self.line = Line()
        self.handed = 0

    async def acquire(self) -> None:
        task = asyncio.current_task()
        if task in self.borrowers:
            raise RuntimeError("this task has a token")
        if len(self.borrowers) + self.handed >= self.total_tokens:
            await self.given()
        self.borrowers.add(task)

    async def given(self) -> None:
        await self.line.turn(self.hand_on)
        self.handed -= 1

    def hand_on(self) -> None:
        self.handed -= 1
        self.give()

    def release(self) -> None:
        task = asyncio.current_task()
        if task not in self.borrowers:
            raise RuntimeError("this task has no token")
        self.borrowers.remove(task)
        self.give()

    def give(self) -> None:
        if self.line.wake():
            self.handed += 1


class KeepsToken(CapacityLimiter):
    """A call that is cancelled when it was handed a token keeps it."""

    async def given(self) -> None:
        await self.line.turn()
        self.handed -= 1


class OverLends(CapacityLimiter):
    """A token that is handed over counts as free."""

    async def given(self) -> None:
        await self.line.turn()

    def give(self) -> None:
        self.line.wake()


class LendsTwice(CapacityLimiter):
    """A task may hold two tokens."""

    async def acquire(self) -> None:
        if asyncio.current_task() not in self.borrowers:
            await super().acquire()


class KeepsLine(CapacityLimiter):
    """release() wakes no waiter."""

    def give(self) -> None:
        pass


class OneTokenMore(CapacityLimiter):
    """It lends a token too many."""

    def __init__(self, total_tokens: int) -> None:
        super().__init__(total_tokens)
        self.handed = -1


class Channel:
    """What the two ends of a memory channel share."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: deque[int] = deque()
        self.senders: deque[tuple[asyncio.Future[None], int]] = deque()
        self.receivers = Line()
        self.sends = self.receives = True


class Sender:
    """Right."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def send(self, item: int) -> None:
        here = self.channel
        if not here.sends:
            raise ClosedResourceError
        if not here.receives:
            raise BrokenResourceError
        if here.receivers.wake(item):
            return
        if len(here.items) < here.size:
            here.items.append(item)
            return
        waiter = asyncio.get_running_loop().create_future()
        entry = (waiter, item)
        here.senders.append(entry)
        try:
            await waiter
        except asyncio.CancelledError:
            if was_woken(waiter):
                return  # the item was taken
            if entry in here.senders:
                here.senders.remove(entry)
            raise


class Receiver:
    """Right: a call that is cancelled when it was handed an item returns it, since it would be given too late else."""

    drops = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def receive(self) -> int:
        here = self.channel
        if not here.receives:
            raise ClosedResourceError
        self.refill(1)
        if here.items:
            item = here.items.popleft()
            self.refill(here.size)
            return item
        if not here.sends:
            raise EndOfChannel
        waiter = here.receivers.join()
        found: int
        try:
            found = await waiter
        except asyncio.CancelledError:
            here.receivers.leave(waiter)
            if not was_woken(waiter) or self.drops:
                raise
            found = waiter.result()
        return found

    def refill(self, items: int) -> None:
        """Take the items of calls that wait to send, until there are so many."""
        here = self.channel
        while here.senders and len(here.items) < items:
            waiter, item = here.senders.popleft()
            if not waiter.done():
                waiter.set_result(None)
                here.items.append(item)


def memory_channel(max_buffer_size: int) -> tuple[Sender, Receiver]:
    """Right."""
    channel = Channel(max_buffer_size)
    return Sender(channel), Receiver(channel)


def of(sender: type[Sender], receiver: type[Receiver], max_buffer_size: int) -> tuple[Sender, Receiver]:
    channel = Channel(max_buffer_size)
    return sender(channel), receiver(channel)


class Unbounded(Sender):
    """It does not look whether there is room."""

    async def send(self, item: int) -> None:
        if not self.channel.receivers.wake(item):
            self.channel.items.append(item)


class SendsToCancelled(Sender):
    """An item is handed to a receiver that was cancelled."""

    async def send(self, item: int) -> None:
        waiters = self.channel.receivers.waiters
        if waiters and waiters[0].done():
            waiters.popleft()
            return
        await super().send(item)


class DropsItem(Receiver):
    """A call that is cancelled when it was handed an item drops it."""

    drops = True


class NewestFirst(Receiver):
    """It gives the newest item."""

    async def receive(self) -> int:
        self.refill(1)
        if self.channel.items:
            return self.channel.items.pop()
        return await super().receive()


class KeepsSenders(Receiver):
    """It takes no item of a call that waits to send."""

    def refill(self, items: int) -> None:
        pass


def unbounded_channel(max_buffer_size: int) -> tuple[Sender, Receiver]:
    return of(Unbounded, Receiver, max_buffer_size)


def channel_to_cancelled(max_buffer_size: int) -> tuple[Sender, Receiver]:
    return of(SendsToCancelled, Receiver, max_buffer_size)


def dropping_channel(max_buffer_size: int) -> tuple[Sender, Receiver]:
    return of(Sender, DropsItem, max_buffer_size)


def newest_first_channel(max_buffer_size: int) -> tuple[Sender, Receiver]:
    return of(Sender, NewestFirst, max_buffer_size)


def channel_that_keeps_senders(max_buffer_size: int) -> tuple[Sender, Receiver]:
    return of(Sender, KeepsSenders, max_buffer_size)
