"""The read-write lock that the documentation of fifolock shows, made of its modes."""

from __future__ import annotations

import asyncio

import fifolock


class Read(asyncio.Future):  # type: ignore[type-arg]
    """The mode of a task that reads."""

    @staticmethod
    def is_compatible(holds):  # type: ignore[no-untyped-def]
        return not holds[Write]


class Write(asyncio.Future):  # type: ignore[type-arg]
    """The mode of a task that writes."""

    @staticmethod
    def is_compatible(holds):  # type: ignore[no-untyped-def]
        return not holds[Read] and not holds[Write]


class RWLock:
    """fifolock.FifoLock with two modes."""

    def __init__(self) -> None:
        self._lock = fifolock.FifoLock()

    async def acquire_read(self) -> None:
        await self._lock(Read).__aenter__()

    async def acquire_write(self) -> None:
        await self._lock(Write).__aenter__()

    async def release_read(self) -> None:
        await self._lock(Read).__aexit__(None, None, None)

    async def release_write(self) -> None:
        await self._lock(Write).__aexit__(None, None, None)
