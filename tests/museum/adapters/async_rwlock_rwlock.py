"""async-rwlock's lock, which is entered by `async with`."""

from __future__ import annotations

import asyncio
from typing import Any

from async_rwlock import RwLock


class RWLock:
    """async_rwlock.RwLock."""

    def __init__(self) -> None:
        self._lock = RwLock(None)
        self._entered: dict[object, list[Any]] = {}

    async def acquire_read(self) -> None:
        await self._enter("read", self._lock.read())

    async def acquire_write(self) -> None:
        await self._enter("write", self._lock.write())

    async def release_read(self) -> None:
        await self._leave("read")

    async def release_write(self) -> None:
        await self._leave("write")

    async def _enter(self, mode: str, context: Any) -> None:
        await context.__aenter__()
        self._entered.setdefault((mode, asyncio.current_task()), []).append(context)

    async def _leave(self, mode: str) -> None:
        await self._entered[mode, asyncio.current_task()].pop().__aexit__(None, None, None)
