"""The lock of async-key-locker for one key."""

from __future__ import annotations

import async_key_locker


class Lock:
    """async_key_locker.Lock."""

    def __init__(self) -> None:
        self._lock = async_key_locker.Lock(async_key_locker.Storage(), "key")

    async def acquire(self) -> None:
        await self._lock.acquire()

    async def release(self) -> None:
        await self._lock.release()
