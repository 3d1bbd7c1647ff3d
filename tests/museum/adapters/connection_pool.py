"""The pool of asyncio-connection-pool as a number of permits: a connection is one, and is made without waiting."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncio_connection_pool import ConnectionPool, ConnectionStrategy


class Strategy(ConnectionStrategy[object]):  # type: ignore[misc]
    """Make connections that never fail."""

    async def make_connection(self) -> object:
        return object()

    def connection_is_closed(self, conn: object) -> bool:
        return False

    async def close_connection(self, conn: object) -> None:
        pass


class Pool:
    """asyncio_connection_pool.ConnectionPool; a task gives back the connection that it took last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool: Any = None
        self._taken: dict[object, list[Any]] = {}

    async def acquire(self) -> None:
        if self._pool is None:
            self._pool = ConnectionPool(strategy=Strategy(), max_size=self._size)
        taking = self._pool.get_connection()
        await taking.__aenter__()
        self._taken.setdefault(asyncio.current_task(), []).append(taking)

    async def release(self) -> None:
        await self._taken[asyncio.current_task()].pop().__aexit__(None, None, None)
