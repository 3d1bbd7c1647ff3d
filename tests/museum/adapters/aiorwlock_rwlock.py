"""aiorwlock's lock, of which reading and writing are two objects."""

from __future__ import annotations

import aiorwlock


class RWLock:
    """aiorwlock.RWLock."""

    def __init__(self) -> None:
        self._lock = aiorwlock.RWLock()

    async def acquire_read(self) -> None:
        await self._lock.reader.acquire()

    async def acquire_write(self) -> None:
        await self._lock.writer.acquire()

    def release_read(self) -> None:
        self._lock.reader.release()

    def release_write(self) -> None:
        self._lock.writer.release()
