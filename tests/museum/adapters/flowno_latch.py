"""Flowno's latch with fewer methods, so that the faults of one do not hide those of another."""

from __future__ import annotations

from flowno.core.event_loop.synchronization import CountdownLatch as FlownoLatch


class CountdownLatch:
    """flowno.core.event_loop.synchronization.CountdownLatch, its count_down() and wait() alone."""

    def __init__(self, count: int) -> None:
        self._latch = FlownoLatch(count)

    async def count_down(self) -> None:
        await self._latch.count_down()

    async def wait(self) -> None:
        await self._latch.wait()


class SettableLatch:
    """flowno.core.event_loop.synchronization.CountdownLatch without `exception_if_zero`."""

    def __init__(self, count: int) -> None:
        self._latch = FlownoLatch(count)

    async def count_down(self) -> None:
        await self._latch.count_down()

    async def wait(self) -> None:
        await self._latch.wait()

    def set_count(self, count: int) -> None:
        self._latch.set_count(count)

    @property
    def count(self) -> int:
        return int(self._latch.count)
