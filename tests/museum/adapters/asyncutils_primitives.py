"""asyncutils' barrier, without the state that it hands round, and one of its latches.

`broken` is not offered: it says that the barrier was passed, too. Nor is `n_waiting`, which is 0 once it was.
"""

from __future__ import annotations

from asyncutils.altlocks import StatefulBarrier
from asyncutils.locks import MultiCountDownLatch


class Barrier:
    """asyncutils.altlocks.StatefulBarrier."""

    def __init__(self, parties: int) -> None:
        self._barrier = StatefulBarrier(parties)

    async def wait(self) -> int:
        index, _ = await self._barrier.wait()
        return int(index)

    async def abort(self) -> None:
        await self._barrier.abort()


class CountdownLatch:
    """asyncutils.locks.MultiCountDownLatch with one key."""

    def __init__(self, count: int) -> None:
        self._latch = MultiCountDownLatch({"key": count})

    async def count_down(self) -> None:
        await self._latch.count_down("key")

    async def wait(self) -> None:
        await self._latch.wait("key")
