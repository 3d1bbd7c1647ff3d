"""aiologic's locks under the names that they have for threads, which block there."""

from __future__ import annotations

from typing import Any

import aiologic


class _Acquired:
    def __init__(self, lock: Any) -> None:
        self._lock = lock

    async def acquire(self) -> None:
        await self._lock.async_acquire()

    def release(self) -> None:
        self._lock.async_release()


class Lock(_Acquired):
    """aiologic.Lock."""

    def __init__(self) -> None:
        super().__init__(aiologic.Lock())


class RLock(_Acquired):
    """aiologic.RLock."""

    def __init__(self) -> None:
        super().__init__(aiologic.RLock())


class Semaphore(_Acquired):
    """aiologic.Semaphore."""

    def __init__(self, value: int) -> None:
        super().__init__(aiologic.Semaphore(value))


class BoundedSemaphore(_Acquired):
    """aiologic.BoundedSemaphore."""

    def __init__(self, value: int) -> None:
        super().__init__(aiologic.BoundedSemaphore(value))


class CapacityLimiter(_Acquired):
    """aiologic.CapacityLimiter."""

    def __init__(self, total_tokens: int) -> None:
        super().__init__(aiologic.CapacityLimiter(total_tokens))


class Event:
    """aiologic.REvent, which can be cleared."""

    def __init__(self) -> None:
        self._event = aiologic.REvent()

    async def wait(self) -> None:
        await self._event

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    def is_set(self) -> bool:
        return self._event.is_set()


class Queue:
    """aiologic.Queue."""

    def __init__(self, maxsize: int) -> None:
        self._queue: Any = aiologic.Queue(maxsize=maxsize)

    async def put(self, item: int) -> None:
        await self._queue.async_put(item)

    async def get(self) -> int:
        item: int = await self._queue.async_get()
        return item
