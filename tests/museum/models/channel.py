"""A channel: tasks send items and receive them, with room for some between."""

from __future__ import annotations

from latchproof.model import Model, waiters, when


class Channel(Model):
    """An item is sent once there is room for it, or a task that receives it."""

    fair = False

    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError
        self._size = size
        self._items: tuple[int, ...] = ()

    def send(self, item: int) -> None:
        when(len(self._items) < self._size + len(waiters("receive")), "there was no room, and no task received")
        self._items += (item,)

    def receive(self) -> int:
        when(self._items, "nothing was sent")
        item, *others = self._items
        self._items = tuple(others)
        return item
