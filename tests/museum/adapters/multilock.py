"""The lock of asyncio-multilock, shared by tasks that read and exclusive for one that writes."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from asyncio_multilock import MultiLock, MultiLockType


class RWLock:
    """asyncio_multilock.MultiLock; a task gives back the handle that it got last."""

    def __init__(self) -> None:
        self._lock = MultiLock()
        self._handles: dict[object, list[Hashable]] = {}

    async def acquire_read(self) -> None:
        await self._acquire(MultiLockType.SHARED)

    async def acquire_write(self) -> None:
        await self._acquire(MultiLockType.EXCLUSIVE)

    def release_read(self) -> None:
        self._release(MultiLockType.SHARED)

    def release_write(self) -> None:
        self._release(MultiLockType.EXCLUSIVE)

    async def _acquire(self, mode: MultiLockType) -> None:
        handle = await self._lock.acquire(mode)
        self._handles.setdefault((mode, asyncio.current_task()), []).append(handle)

    def _release(self, mode: MultiLockType) -> None:
        self._lock.release(self._handles[mode, asyncio.current_task()].pop())
