"""Pools of connections, whose release() takes the connection: right and wrong ones, and their model."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import ClassVar

from latchproof.model import Model, choose, task, when


class PoolModel(Model):
    """Each task has the connections that it was lent, and gives them back in the order in which it got them."""

    gives_back: ClassVar = {"acquire": "release"}

    def __init__(self, size: int) -> None:
        self._idle = tuple(range(size))
        self._lent: tuple[tuple[int, int], ...] = ()

    def acquire(self) -> int:
        when(self._idle, "every connection was lent")
        connection = choose(*self._idle)
        self._idle = tuple(one for one in self._idle if one != connection)
        self._lent += ((task(), connection),)
        return connection

    def release(self) -> None:
        first = next(one for one in self._lent if one[0] == task())
        place = self._lent.index(first)
        self._lent = self._lent[:place] + self._lent[place + 1 :]
        self._idle = tuple(sorted((*self._idle, first[1])))


class Pool:
    """A pool that hands its connections over in order of arrival."""

    def __init__(self, size: int) -> None:
        self._idle = deque(range(size))
        self._waiters: deque[asyncio.Future[int]] = deque()

    async def acquire(self) -> int:
        if self._idle:
            return self._idle.popleft()
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise

    def _give_back(self, waiter: asyncio.Future[int]) -> None:
        """Give the connection back that a cancelled call was handed."""
        if waiter.done() and not waiter.cancelled():
            self.release(waiter.result())

    def release(self, connection: int) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)


class LendsTwice(Pool):
    """A connection that is handed over is idle all the same."""

    def release(self, connection: int) -> None:
        if self._waiters:
            self._idle.append(connection)
        super().release(connection)


class LosesOne(Pool):
    """A call that is cancelled once it was handed a connection keeps it."""

    def _give_back(self, waiter: asyncio.Future[int]) -> None:
        """Do nothing."""


class Mistakes(Pool):
    """release() takes any connection for the first."""

    def release(self, connection: int) -> None:
        super().release(0)


class TakesTwo(Pool):
    """Another argument is needed than the one that acquire() has returned."""

    def release(self, connection: int, reason: str) -> None:  # type: ignore[override]
        super().release(connection)


class TakesByName(Pool):
    """It is passed by its name alone, so what it is cannot be told."""

    def release(self, *, connection: int) -> None:  # type: ignore[override]
        super().release(connection)
