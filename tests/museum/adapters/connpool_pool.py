"""The pool of connpool as a number of permits; making a connection takes a step of the loop."""

from __future__ import annotations

import asyncio

from connpool import AsyncConnectionPool, PoolConfig


async def connect() -> object:
    """Return what the pool holds."""
    await asyncio.sleep(0)
    return object()


class Pool:
    """connpool.AsyncConnectionPool without timeouts; a task gives back the connection that it took last."""

    def __init__(self, size: int) -> None:
        config = PoolConfig(max_size=size, min_size=0, acquire_timeout=None, create_timeout=None)
        self._pool = AsyncConnectionPool.from_callables(connect, config=config)
        self._taken: dict[object, list[object]] = {}

    async def acquire(self) -> None:
        connection = await self._pool.acquire()
        self._taken.setdefault(asyncio.current_task(), []).append(connection)

    async def release(self) -> None:
        await self._pool.release(self._taken[asyncio.current_task()].pop())
