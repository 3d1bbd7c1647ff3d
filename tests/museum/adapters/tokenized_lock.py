"""The lock of asyncio-tokenized-lock for one token."""

from __future__ import annotations

import asyncio_tokenized_lock.lock as module


class Lock:
    """asyncio_tokenized_lock.TokenizedLock, as a manager gives it for a token."""

    def __init__(self) -> None:
        self._manager = module.LockManager()
        self._lock = self._manager.register("token")

    async def acquire(self) -> None:
        await self._lock.acquire()

    def release(self) -> None:
        self._lock.release()
