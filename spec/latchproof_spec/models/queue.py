"""A queue: calls put items into it and get them, and wait for room or for items. It can be shut down."""

from __future__ import annotations

from latchproof_spec.model import Model, waiters, when


class QueueEmpty(Exception):  # noqa: N818  these are named as asyncio names them
    """There is no item."""


class QueueFull(Exception):  # noqa: N818
    """There is no room."""


class QueueShutDown(Exception):  # noqa: N818
    """It takes no more items, or has none left."""


class Queue(Model):
    """At most `maxsize` items, or any number if that is 0. join() waits until each item is done with."""

    policies = {
        "fifo": {"_gives": "the oldest"},
        "lifo": {"_gives": "the latest"},
        "smallest-first": {"_gives": "the smallest"},
    }
    optional = ("put_nowait", "get_nowait", "task_done", "join", "shutdown", "qsize", "empty", "full", "maxsize")
    _gives = "the oldest"

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._items: tuple[int, ...] = ()
        self._unfinished = 0
        self._is_shut = False

    def put(self, item: int) -> None:
        when(self._is_shut or not self.full, "the queue was full")
        self.put_nowait(item)

    def put_nowait(self, item: int) -> None:
        if self._is_shut:
            raise QueueShutDown
        if self.full:
            raise QueueFull
        self._items += (item,)
        self._unfinished += 1

    def get(self) -> int:
        when(self._is_shut or not self.empty, "the queue was empty")
        return self.get_nowait()

    def get_nowait(self) -> int:
        if self.empty:
            raise QueueShutDown if self._is_shut else QueueEmpty
        smallest = self._items.index(min(self._items))
        at = {"the oldest": 0, "the latest": self.qsize - 1, "the smallest": smallest}[self._gives]
        item = self._items[at]
        self._items = self._items[:at] + self._items[at + 1 :]
        return item

    def task_done(self) -> None:
        if self._unfinished == 0:
            raise ValueError
        self._finish(1)

    def join(self) -> None:
        when(self._unfinished == 0, "not every item was done with")

    def shutdown(self, immediate: bool = False) -> None:
        self._is_shut = True
        if immediate:
            drained, self._items = self._items, ()
            self._finish(min(len(drained), self._unfinished))

    def _finish(self, items: int) -> None:
        self._unfinished -= items
        if self._unfinished == 0:
            for waiter in waiters("join"):
                waiter.returns()

    @property
    def qsize(self) -> int:
        return len(self._items)

    @property
    def empty(self) -> bool:
        return not self._items

    @property
    def full(self) -> bool:
        return 0 < self.maxsize <= len(self._items)
