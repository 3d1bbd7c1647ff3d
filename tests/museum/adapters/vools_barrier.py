"""vools' barrier without `n_waiting`, which goes on counting those that have passed: that hides what else there is."""

from __future__ import annotations

from vools.vconcurrent.asyncio_mod import AsyncBarrier


class Barrier:
    """vools.vconcurrent.asyncio_mod.AsyncBarrier."""

    def __init__(self, parties: int) -> None:
        self._barrier = AsyncBarrier(parties)

    async def wait(self) -> int:
        return int(await self._barrier.wait())

    def abort(self) -> None:
        self._barrier.abort()

    def reset(self) -> None:
        self._barrier.reset()

    @property
    def broken(self) -> bool:
        return bool(self._barrier.broken)
