"""rwlocker's locks, of which reading and writing are two objects."""

from __future__ import annotations

from typing import Any

import rwlocker


class _RWLock:
    def __init__(self, lock: Any) -> None:
        self._lock = lock

    async def acquire_read(self) -> None:
        await self._lock.read.acquire()

    async def acquire_write(self) -> None:
        await self._lock.write.acquire()

    def release_read(self) -> None:
        self._lock.read.release()

    def release_write(self) -> None:
        self._lock.write.release()


class WritersFirst(_RWLock):
    """rwlocker.AsyncRWLockWrite."""

    def __init__(self) -> None:
        super().__init__(rwlocker.AsyncRWLockWrite())


class ReadersFirst(_RWLock):
    """rwlocker.AsyncRWLockRead."""

    def __init__(self) -> None:
        super().__init__(rwlocker.AsyncRWLockRead())


class ByPhases(_RWLock):
    """rwlocker.AsyncRWLockReaderPhaseFair."""

    def __init__(self) -> None:
        super().__init__(rwlocker.AsyncRWLockReaderPhaseFair())


class Fair(_RWLock):
    """rwlocker.AsyncRWLockFair."""

    def __init__(self) -> None:
        super().__init__(rwlocker.AsyncRWLockFair())
