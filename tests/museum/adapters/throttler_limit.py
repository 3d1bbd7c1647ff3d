"""The limit of throttler on how many tasks run a block at once, as a number of permits."""

from __future__ import annotations

from throttler import ThrottlerSimultaneous


class Simultaneous:
    """throttler.ThrottlerSimultaneous."""

    def __init__(self, count: int) -> None:
        self._limit = ThrottlerSimultaneous(count)

    async def acquire(self) -> None:
        await self._limit.__aenter__()

    async def release(self) -> None:
        await self._limit.__aexit__(None, None, None)
