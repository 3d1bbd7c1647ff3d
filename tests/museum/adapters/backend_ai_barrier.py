"""Backend.AI's barrier. Its reset() is not offered: its own comment says that it does not yet do what it should."""

from __future__ import annotations

from ai.backend.common.asyncio import AsyncBarrier


class Barrier:
    """ai.backend.common.asyncio.AsyncBarrier, which gives no index."""

    def __init__(self, parties: int) -> None:
        self._barrier = AsyncBarrier(parties)

    async def wait(self) -> None:
        await self._barrier.wait()
