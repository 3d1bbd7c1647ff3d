"""Latches and barriers for Flowno's loop: right ones, and wrong ones whose faults resemble those of the loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

from flowno.core.event_loop.commands import EventWaitCommand
from flowno.core.event_loop.event_loop import current_event_loop, current_task
from flowno.core.event_loop.primitives import sleep, spawn
from flowno.core.event_loop.synchronization import Condition, Event, Lock
from flowno.core.event_loop.tasks import TaskCancelled


class PollingLatch:
    """A latch whose waiters look again in each of their turns."""

    def __init__(self, count: int) -> None:
        self._count = count

    @property
    def count(self) -> int:
        return self._count

    async def wait(self) -> None:
        while self._count:
            await sleep(0)

    async def count_down(self) -> None:
        if self._count:
            self._count -= 1


class SleepingLatch(PollingLatch):
    """A latch whose waiters look again after some time."""

    async def wait(self) -> None:
        while self._count:
            await sleep(1)


class PollingLock:
    """A lock that only its holder releases."""

    def __init__(self) -> None:
        self._holder: Any = None

    async def acquire(self) -> None:
        while self._holder is not None:
            await sleep(0)
        self._holder = current_task()

    def release(self) -> None:
        if self._holder is not current_task():
            raise RuntimeError("this task does not hold it")
        self._holder = None


class SharedLock(PollingLock):
    """acquire() does not wait."""

    async def acquire(self) -> None:
        self._holder = current_task()


class SpawningLatch(PollingLatch):
    """A latch that is counted down by a task for each call."""

    async def count_down(self) -> None:
        await spawn(super().count_down())


class JoiningLatch(PollingLatch):
    """A latch whose waiters join a task that waits for them."""

    async def wait(self) -> None:
        await (await spawn(super().wait())).join()


class EventLatch(PollingLatch):
    """A latch made of an event."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._event = Event()
        self._event._set = not count

    async def wait(self) -> None:
        await self._event.wait()

    async def count_down(self) -> None:
        if self._count:
            self._count -= 1
            if not self._count:
                await self._event.set()


class SpawningWaitLatch(EventLatch):
    """A latch whose cancelled waiters spawn a task before they leave."""

    async def wait(self) -> None:
        try:
            await super().wait()
        except TaskCancelled:
            await spawn(self._note())
            raise

    async def _note(self) -> None:
        pass


class LockedLatch(EventLatch):
    """A latch whose count is guarded by a lock."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._lock = Lock()

    async def count_down(self) -> None:
        async with self._lock:
            await sleep(0)
            await super().count_down()


class ConditionLatch(PollingLatch):
    """A latch made of a condition."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._condition = Condition()

    async def wait(self) -> None:
        async with self._condition:
            while self._count:
                await self._condition.wait()

    async def count_down(self) -> None:
        async with self._condition:
            await super().count_down()
            await self._condition.notify_all()


class NotifyingLatch(ConditionLatch):
    """A latch that notifies its waiters only when the count is zero, so that a lost notification would strand them."""

    async def count_down(self) -> None:
        async with self._condition:
            if self._count:
                self._count -= 1
                if not self._count:
                    await self._condition.notify_all()


class NotifyingOneLatch(ConditionLatch):
    """A latch that notifies a single waiter when the count is zero."""

    async def count_down(self) -> None:
        async with self._condition:
            if self._count:
                self._count -= 1
                if not self._count:
                    await self._condition.notify()


class ForgetfulLatch(LockedLatch):
    """A latch that keeps its lock when it is cancelled while it holds it."""

    async def count_down(self) -> None:
        await self._lock.acquire()
        await sleep(0)
        await EventLatch.count_down(self)
        await self._lock.release()


class ReleasingLatch(LockedLatch):
    """A latch that releases a lock twice, which Flowno's loop does not survive."""

    async def count_down(self) -> None:
        await super().count_down()
        await self._lock.release()


class SwallowingLatch(EventLatch):
    """A latch whose cancelled waiters return."""

    async def wait(self) -> None:
        try:
            await super().wait()
        except BaseException:
            await sleep(0)


class MarkingLatch(EventLatch):
    """A latch that marks the tasks that wait, refuses a marked one, and forgets to unmark a task that is cancelled."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._inside: set[Any] = set()

    async def wait(self) -> None:
        me = current_task()
        if me in self._inside:
            raise RuntimeError("this task waits here already")
        self._inside.add(me)
        await super().wait()
        self._inside.discard(me)


class EventBarrier:
    """A barrier with an event for each generation, which a cancelled task leaves."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._next()

    def _next(self) -> None:
        self._arrived: list[object] = []
        self._event = Event()

    @property
    def n_waiting(self) -> int:
        return len(self._arrived)

    async def wait(self) -> int:
        me, arrived, event = object(), self._arrived, self._event
        arrived.append(me)
        if len(arrived) == self._parties:
            self._next()
            await event.set()
        else:
            try:
                await event.wait()
            except BaseException:
                if not event.is_set():
                    arrived.remove(me)
                raise
        return arrived.index(me)


class Parked:
    """What a task awaits that parks with Flowno's command, but is woken through the loop's queue."""

    def __init__(self) -> None:
        self._set = False
        self.task: Any = current_task()

    def __await__(self) -> Generator[EventWaitCommand, Any, None]:
        yield EventWaitCommand(event=self)

    def wake(self) -> None:
        """Put the task in the loop's queue."""
        loop: Any = current_event_loop()
        loop.event_waiters.pop(self, None)
        loop.tasks.append((self.task, None, None))


class QueueingLatch(PollingLatch):
    """A latch that wakes tasks itself, also those that were cancelled and have ended."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._parked: deque[Parked] = deque()

    async def wait(self) -> None:
        if self._count:
            parked = Parked()
            self._parked.append(parked)
            await self._leave_on_error(parked)

    async def _leave_on_error(self, parked: Parked) -> None:
        try:
            await parked
        finally:
            loop: Any = current_event_loop()
            loop.event_waiters.pop(parked, None)

    async def count_down(self) -> None:
        if self._count:
            self._count -= 1
            while self._parked and not self._count:
                self._parked.popleft().wake()


class LeavingLatch(QueueingLatch):
    """A latch that wakes tasks itself, and forgets those that were cancelled."""

    async def _leave_on_error(self, parked: Parked) -> None:
        try:
            await super()._leave_on_error(parked)
        except BaseException:
            if parked in self._parked:
                self._parked.remove(parked)
            raise


class TwiceAwaitingLatch(PollingLatch):
    """A latch that awaits one coroutine twice, which raises what the loop's own fault raises."""

    async def wait(self) -> None:
        waiting = super().wait()
        await waiting
        await waiting
