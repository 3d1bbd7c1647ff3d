"""Small latches and barriers to check: right ones that are unusual, wrong ones, and some that cannot be driven."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import ClassVar

from latchproof import CountdownLatch

_next_run = itertools.count().__next__  # a count by name would begin again in each run


class PlainLatch:
    """A right latch, with plain methods and nothing else than it must have."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        if self._count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def count_down(self) -> None:
        self._count = max(0, self._count - 1)
        if self._count == 0:
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)


class ForgetfulLatch(PlainLatch):
    """It wakes only the first of those that wait."""

    def count_down(self) -> None:
        self._waiting = self._waiting[:1]
        super().count_down()


class EqualsZeroLatch(PlainLatch):
    """It counts below zero, and wait() asks for zero alone: one call too many strands a task."""

    async def wait(self) -> None:
        while self._count != 0:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def count_down(self) -> None:
        self._count -= 1
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class CommonLatch(PlainLatch):
    """All of them have one list of those that wait."""

    _common: ClassVar[list[asyncio.Future[None]]] = []

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._waiting = self._common


class LosingLatch(PlainLatch):
    """Over-counting raises an error that says where an object lies: nowhere twice."""

    def count_down(self) -> None:
        if self._count == 0:
            raise KeyError(object())
        super().count_down()


class SelfLatch(PlainLatch):
    """Its count is an object."""

    @property
    def count(self) -> object:
        return [object()]


class StreamLatch(PlainLatch):
    """Its wait() is an asynchronous generator, which cannot be awaited."""

    async def wait(self) -> AsyncIterator[object]:  # type: ignore[override] # it is to be wrong
        yield object()


class HastyLatch(PlainLatch):
    """It lets every task pass after one turn of the loop."""

    async def wait(self) -> None:
        await asyncio.sleep(0)


class PollingLatch(PlainLatch):
    """It looks again at every turn of the loop, and so never comes to rest."""

    async def wait(self) -> None:
        while self._count:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)


class DeafLatch(PlainLatch):
    """It polls, and never hears that the count is zero."""

    pause = 0.0

    async def wait(self) -> None:
        closed = self._count > 0
        while closed:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(self.pause)


class DrowsyLatch(DeafLatch):
    """It polls once in a minute, to no avail either."""

    pause = 60.0


class SlowLatch(PlainLatch):
    """It takes an hour to wait, which must not take an hour."""

    async def wait(self) -> None:
        await super().wait()
        await asyncio.sleep(3600)


class ThreadedForgetfulLatch(ForgetfulLatch):
    """It starts a thread too, so that what goes wrong may be the thread's doing."""

    def count_down(self) -> None:
        thread = threading.Thread(target=int, name="idler")
        thread.start()
        thread.join()
        super().count_down()


class MoodyLatch(PlainLatch):
    """It suspends once more at every third call: it does not do the same again."""

    async def wait(self) -> None:
        if _next_run() % 3 == 0:
            await asyncio.sleep(0)
        await super().wait()


class CountingLatch(PlainLatch):
    """Its count can be read, and goes below zero."""

    @property
    def count(self) -> int:
        return self._count

    def count_down(self) -> None:
        super().count_down()
        if not any(not future.done() for future in self._waiting):
            self._count -= 1


class ShoutingLatch(PlainLatch):
    """Its errors reach only the event loop."""

    def count_down(self) -> None:
        super().count_down()
        asyncio.get_running_loop().call_soon(self._shout)

    def _shout(self) -> None:
        raise KeyError("in a callback")


class PointingLatch(PlainLatch):
    """What it says when it fails has the address of an object in it, another one every time."""

    _pointed_at: ClassVar[list[object]] = []

    def count_down(self) -> None:
        self._pointed_at.append(object())
        raise asyncio.InvalidStateError(f"nothing can be done about {self._pointed_at[-1]!r}")


class PointingShoutingLatch(ShoutingLatch):
    """What it says to the event loop has such an address in it."""

    _pointed_at: ClassVar[list[object]] = []

    def _shout(self) -> None:
        self._pointed_at.append(object())
        raise KeyError(self._pointed_at[-1])


class BlindLatch(CountdownLatch):
    """Its count cannot be read."""

    @property
    def count(self) -> int:
        raise LookupError("no count today")


class DazzledLatch(CountdownLatch):
    """Its count cannot be read once it is zero."""

    @property
    def count(self) -> int:
        if not super().count:
            raise LookupError("no count at zero")
        return super().count


class StuckLatch(PlainLatch):
    """What ignores its cancellation is still there at rest."""

    async def wait(self) -> None:
        while self._count:
            try:
                await super().wait()
            except asyncio.CancelledError:
                continue


class UntidyLatch(PlainLatch):
    """It awaits in its clean-up, which a coroutine that is closed may not do."""

    async def wait(self) -> None:
        try:
            await super().wait()
        finally:
            await asyncio.sleep(0)


class FifoBarrier:
    """A right barrier by a queue of futures. It has no abort, no reset and nothing to be read but `parties`."""

    def __init__(self, parties: int) -> None:
        self.parties = self._needed = parties
        self._parked: deque[asyncio.Future[int]] = deque()

    async def wait(self) -> int:
        self._parked = deque(future for future in self._parked if not future.cancelled())
        if len(self._parked) == self._needed - 1:
            for index, other in enumerate(self._parked):
                other.set_result(index)
            self._parked.clear()
            return self._needed - 1
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._parked.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future in self._parked:
                self._parked.remove(future)
            raise


class CountdownBarrier(FifoBarrier):
    """As java's: the first gets parties - 1, the last 0; but a cancelled party does not break it."""

    async def wait(self) -> int:
        return self.parties - 1 - await super().wait()


class GreedyBarrier(FifoBarrier):
    """It trips one arrival too early."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._needed = max(1, parties - 1)


class SecretiveBarrier(GreedyBarrier):
    """It is as greedy, and nothing of it can be read."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        del self.parties


class Outer:
    class Inner(FifoBarrier):
        """A class in a class."""


class Demanding:
    """Its constructor wants more."""

    def __init__(self, parties: int, name: str) -> None: ...


class Waiter:
    """It has wait() alone."""

    def __init__(self, number: int) -> None: ...

    async def wait(self) -> None: ...


class Stranger:
    """It is neither."""

    def __init__(self, number: int) -> None: ...


class Abortable:
    """It has abort() and no wait()."""

    def __init__(self, number: int) -> None: ...

    def abort(self) -> None: ...


class StubbedBarrier(FifoBarrier):
    """Its abort() is there, and says that it is not."""

    async def abort(self) -> None:
        raise NotImplementedError


def make_barrier(parties: int) -> FifoBarrier:
    """A factory."""
    return FifoBarrier(parties)


NUMBER = 17


class SpinningLatch(PlainLatch):
    """It waits without letting anybody else run."""

    async def wait(self) -> None:
        while self._count > 0:
            pass


class LeavingLatch(PlainLatch):
    """It ends the interpreter."""

    async def wait(self) -> None:
        os._exit(7)


class SystemExitLatch(PlainLatch):
    """It ends the interpreter in a callback, of which only the event loop is told."""

    async def wait(self) -> None:
        asyncio.get_running_loop().call_soon(sys.exit, "enough")
        await super().wait()


class ChattyLatch(PlainLatch):
    """It says what it does, at length."""

    async def wait(self) -> None:
        print("waiting " * 1000)
        print("still waiting", file=sys.stderr)
        await super().wait()


class ThreadedLatch(PlainLatch):
    """It counts in a thread."""

    def count_down(self) -> None:
        thread = threading.Thread(target=lambda: None, name="counter")
        thread.start()
        thread.join()
        super().count_down()


class PickyLatch(PlainLatch):
    """It cannot be made with the count 0."""

    def __init__(self, count: int) -> None:
        if count == 0:
            raise ValueError("what for?")
        super().__init__(count)


class SetLatch(PlainLatch):
    """A right latch that keeps who waits in a set, and so wakes them in an order of no run's choosing."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._unordered: set[asyncio.Future[None]] = set()

    async def wait(self) -> None:
        if self._count:
            future = asyncio.get_running_loop().create_future()
            self._unordered.add(future)
            try:
                await future
            finally:
                self._unordered.discard(future)

    def count_down(self) -> None:
        self._count = max(0, self._count - 1)
        if self._count == 0:
            for future in self._unordered:
                if not future.done():
                    future.set_result(None)


class DemandingLatch:
    """Its count_down wants to be told how."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def wait(self) -> None:
        await asyncio.sleep(0)

    def count_down(self, *, how: str) -> None:
        self._count -= len(how)


class SilentBarrier:
    """A correct barrier, except that wait() never returns an index."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._inner = FifoBarrier(parties)

    async def wait(self) -> None:
        await self._inner.wait()


class SometimesSilentBarrier:
    """It returns an index to the last task that arrives, and to no other."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._inner = FifoBarrier(parties)

    async def wait(self) -> int | None:
        index = await self._inner.wait()
        return index if index == self.parties - 1 else None


class NamingLatch:
    """It refuses an over-count when it is asked to, by an error of its own that has the specified one's name."""

    def __init__(self, count: int) -> None:
        self._inner = PlainLatch(count)

    async def wait(self) -> None:
        await self._inner.wait()

    async def count_down(self, exception_if_zero: bool = False) -> None:
        if exception_if_zero and self._inner._count == 0:
            raise ZeroLatchError("no")
        self._inner.count_down()


class ZeroLatchError(Exception):
    """No RuntimeError."""
