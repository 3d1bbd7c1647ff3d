"""asynkets' EventfulCounter under the documented names: a latch is a counter that is awaited to reach its minimum."""

from __future__ import annotations

from asynkets import EventfulCounter


class CountdownLatch:
    """asynkets.EventfulCounter with the minimum 0, to which it is clamped."""

    def __init__(self, count: int) -> None:
        self._counter = EventfulCounter(count, min_value=0, clamp_to_bounds=True)

    def count_down(self) -> None:
        self._counter.dec()

    def set_count(self, count: int) -> None:
        if count < 0:
            raise ValueError("a count is not negative")
        self._counter.set(count)

    async def wait(self) -> None:
        await self._counter.wait_min()

    @property
    def count(self) -> int:
        return int(self._counter)
