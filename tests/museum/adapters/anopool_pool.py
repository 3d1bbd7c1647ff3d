"""The pool of anopool as a number of permits."""

from __future__ import annotations

import asyncio
from typing import Any

from anopool import AsyncManager, AsyncPool


class Manager(AsyncManager[object]):  # type: ignore[misc]
    """Make objects that never fail."""

    async def create(self) -> object:
        return object()


class Pool:
    """anopool.AsyncPool, opened; a task gives back the object that it took last."""

    def __init__(self, size: int) -> None:
        self._pool = AsyncPool(Manager(), size)
        self._taken: dict[object, list[Any]] = {}

    async def acquire(self) -> None:
        await self._pool.open()
        taking = self._pool.acquire()
        await taking.__aenter__()
        self._taken.setdefault(asyncio.current_task(), []).append(taking)

    async def release(self) -> None:
        await self._taken[asyncio.current_task()].pop().__aexit__(None, None, None)
