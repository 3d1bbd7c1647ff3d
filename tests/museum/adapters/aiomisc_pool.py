"""The pool of aiomisc as a number of permits; making an instance takes a step of the loop, as a connection does."""

from __future__ import annotations

import asyncio
from typing import Any

from aiomisc.pool import PoolBase


class Instances(PoolBase):  # type: ignore[misc]
    """Make instances that never fail."""

    async def _create_instance(self) -> object:
        await asyncio.sleep(0)
        return object()

    async def _destroy_instance(self, instance: object) -> None:
        pass

    async def _check_instance(self, instance: object) -> bool:
        return True


class Pool:
    """aiomisc.PoolBase; a task gives back the instance that it took last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool: Any = None
        self._taken: dict[object, list[Any]] = {}

    async def acquire(self) -> None:
        if self._pool is None:
            self._pool = Instances(self._size)
        taking = self._pool.acquire()
        await taking.__aenter__()
        self._taken.setdefault(asyncio.current_task(), []).append(taking)

    async def release(self) -> None:
        await self._taken[asyncio.current_task()].pop().__aexit__(None, None, None)
