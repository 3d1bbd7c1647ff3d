"""tricycle's lock, which has one method to release it."""

from __future__ import annotations

import tricycle


class RWLock:
    """tricycle.RWLock."""

    def __init__(self) -> None:
        self._lock = tricycle.RWLock()

    async def acquire_read(self) -> None:
        await self._lock.acquire_read()

    async def acquire_write(self) -> None:
        await self._lock.acquire_write()

    def release_read(self) -> None:
        self._lock.release()

    def release_write(self) -> None:
        self._lock.release()
