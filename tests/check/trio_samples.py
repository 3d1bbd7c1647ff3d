"""Small latches and barriers for trio: right ones and wrong ones."""

from __future__ import annotations

from typing import Any

import trio


class EventLatch:
    """A right latch, by an event."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._open = trio.Event()
        if count == 0:
            self._open.set()

    async def count_down(self) -> None:
        await trio.lowlevel.checkpoint()
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self._open.set()

    async def wait(self) -> None:
        await self._open.wait()


class EventBarrier:
    """A right barrier, by an event for each party."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._arrived: list[list[Any]] = []

    async def wait(self) -> int:
        await trio.lowlevel.checkpoint_if_cancelled()
        place: list[Any] = [trio.Event(), None]
        self._arrived.append(place)
        if len(self._arrived) == self.parties:
            for index, other in enumerate(self._arrived):
                other[1] = index
                other[0].set()
            self._arrived = []
            await trio.lowlevel.cancel_shielded_checkpoint()
        else:
            try:
                await place[0].wait()
            except trio.Cancelled:
                if place[1] is None:
                    self._arrived.remove(place)
                raise
        index = place[1]
        assert isinstance(index, int)
        return index


class EqualsZeroLatch:
    """It counts below zero, and wait() asks for zero alone: one call too many strands a task."""

    def __init__(self, count: int) -> None:
        self._number = count
        self._lot = trio.lowlevel.ParkingLot()

    def count_down(self) -> None:
        self._number -= 1
        if self._number == 0:
            self._lot.unpark_all()

    async def wait(self) -> None:
        if self._number != 0:
            await self._lot.park()
        else:
            await trio.lowlevel.checkpoint()


class LateLatch(EventLatch):
    """It looks at the count, lets others run, and then waits for an event of its own."""

    async def wait(self) -> None:
        if self.count > 0:
            await trio.lowlevel.checkpoint()
            self._open = trio.Event()
            await self._open.wait()
        else:
            await trio.lowlevel.checkpoint()


class StayingBarrier(EventBarrier):
    """A cancelled task stays counted."""

    async def wait(self) -> int:
        await trio.lowlevel.checkpoint_if_cancelled()
        place: list[Any] = [trio.Event(), None]
        self._arrived.append(place)
        if len(self._arrived) == self.parties:
            for index, other in enumerate(self._arrived):
                other[1] = index
                other[0].set()
            self._arrived = []
        await place[0].wait()
        index = place[1]
        assert isinstance(index, int)
        return index


class OrderlyLatch(EventLatch):
    """It relies on the order in which trio resumes the tasks of one pass."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._waiting = 0

    async def count_down(self) -> None:
        self.count = max(0, self.count - 1)
        await trio.lowlevel.checkpoint()
        if self.count == 0:
            self._open.set()
            self._open = trio.Event()

    async def wait(self) -> None:
        if self.count > 0 or self._waiting:
            self._waiting += 1
            try:
                await self._open.wait()
            finally:
                self._waiting -= 1
        else:
            await trio.lowlevel.checkpoint()


class PollingLatch(EventLatch):
    """A right latch that looks again every second of trio's clock."""

    async def wait(self) -> None:
        await trio.lowlevel.checkpoint()
        while self.count > 0:  # noqa: ASYNC110 - it is to poll
            await trio.sleep(1)


class FatalError(BaseException):
    """An error that well-behaved code does not catch."""


class FatalLatch(EventLatch):
    """Its count_down at zero raises what ends trio's run."""

    async def count_down(self) -> None:
        if self.count == 0:
            raise FatalError("at zero")
        await super().count_down()


class NurseryLatch(EventLatch):
    """A right latch, whose waiters wait in a nursery: cancelled, they raise a group of nothing but cancellations."""

    async def wait(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._open.wait)


class _ParkingLatch(EventLatch):
    """A latch that parks tasks by trio's own means, each with the abort function below."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._parked: list[trio.lowlevel.Task] = []

    async def count_down(self) -> None:
        await trio.lowlevel.checkpoint()
        self.count = max(0, self.count - 1)
        if self.count == 0:
            for task in self._parked:
                trio.lowlevel.reschedule(task)
            self._parked.clear()

    async def wait(self) -> None:
        if self.count == 0:
            await trio.lowlevel.checkpoint()
            return
        self._parked.append(trio.lowlevel.current_task())
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, raise_cancel: object) -> Any:
        raise NotImplementedError


class ForgetfulAbortLatch(_ParkingLatch):
    """Its abort function does not say that it has succeeded, which trio does not put up with."""

    def _abort(self, raise_cancel: object) -> None:
        """It returns nothing."""


class StaleQueueLatch(_ParkingLatch):
    """A cancelled task stays in its queue, and is woken when it is gone, which trio does not survive."""

    def _abort(self, raise_cancel: object) -> trio.lowlevel.Abort:
        return trio.lowlevel.Abort.SUCCEEDED
