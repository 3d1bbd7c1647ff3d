"""A module that offers primitives, right and faulty ones, and much that is none."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from asyncio import Queue  # imported, so not offered
from collections import deque

SIZE: Queue[int] | int = 2


class Door:
    """An event, by its methods."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def wait(self) -> None:
        await self._event.wait()

    def set(self) -> None:
        self._event.set()


class NarrowDoor:
    """An event that lets one task pass, of those that wait."""

    def __init__(self) -> None:
        self._open = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        if not self._open:
            self._waiting.append(asyncio.get_running_loop().create_future())
            await self._waiting[-1]

    def set(self) -> None:
        self._open = True
        if self._waiting:
            self._waiting.popleft().set_result(None)


Gate = NarrowDoor  # another name, not another class


class AbstractDoor(ABC):
    """Its wait() is abstract."""

    @abstractmethod
    async def wait(self) -> None: ...

    def set(self) -> None:
        raise NotImplementedError


class NamedDoor(Door):
    """It needs a name."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__()
        self.name = name + key


class Cache:
    """It has the methods of a queue and waits for nothing."""

    def __init__(self, size: int) -> None:
        self._items = [0] * size

    def put(self, item: int) -> None:
        self._items.append(item)

    def get(self) -> int:
        return self._items.pop()


class Process:
    """A wait() alone makes no barrier."""

    async def wait(self) -> int:
        return 0


class _Hidden(Door):
    """It is not public."""


class DoorError(Exception):
    """It has no methods."""


def make_door() -> Door:
    return Door()


_DOOR = Door()


def the_door() -> Door:
    return _DOOR


def named_door(name: str) -> Door:  # no check can give it a name
    return NamedDoor(name, "")


def close(door: Door) -> None: ...


class Sender:
    """The end of a pipe that takes items."""

    def __init__(self, queue: Queue[int]) -> None:
        self._queue = queue

    async def send(self, item: int) -> None:
        await self._queue.put(item)


class Receiver:
    """The end of a pipe that gives them."""

    def __init__(self, queue: Queue[int]) -> None:
        self._queue = queue

    async def receive(self) -> int:
        return await self._queue.get()


def open_pipe(size: int) -> tuple[Sender, Receiver]:
    queue: Queue[int] = Queue(size + 1)  # which is one too many
    return Sender(queue), Receiver(queue)
