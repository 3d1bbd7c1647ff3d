"""A memory channel, as trio's and anyio's: an object that sends and one that receives, with room for items between."""

from __future__ import annotations

from latchproof_spec.model import Model, choose, place, waiters, when
from latchproof_spec.models.lock import WouldBlock


class ClosedResourceError(Exception):
    """The object was closed."""


class BrokenResourceError(Exception):
    """The object that receives was closed."""


class EndOfChannel(Exception):  # noqa: N818  so trio names it
    """The object that sends was closed, and there is no item."""


class EndOfStream(Exception):  # noqa: N818  so anyio names it
    """The same."""


class MemoryChannel(Model):
    """An item is sent once there is room for it, or a call that receives it. Its two ends are not cloned.

    If both ends are closed before a call that waits runs again, it may raise the error of either.
    """

    policies = {"closing-wakes": {"_wakes": True}, "closing-leaves": {"_wakes": False}}
    objects = {
        "send": (0, "send"),
        "send_nowait": (0, "send_nowait"),
        "close_sender": (0, "close"),
        "receive": (1, "receive"),
        "receive_nowait": (1, "receive_nowait"),
        "close_receiver": (1, "close"),
    }
    optional = ("send_nowait", "receive_nowait", "close_sender", "close_receiver")
    _wakes = True
    """Whether to close an object ends the calls that wait on that object, or only those that wait on the other."""

    def __init__(self, max_buffer_size: int) -> None:
        if max_buffer_size < 0:
            raise ValueError
        self._size = max_buffer_size
        self._items: tuple[int, ...] = ()
        self._sends = self._receives = True

    def send(self, item: int) -> None:
        if place() is None:
            self._require_open_sender()
        when(self._has_room or not self._receives, "there was no room, and no task received")
        if not self._receives:
            raise BrokenResourceError
        self._items += (item,)

    def send_nowait(self, item: int) -> None:
        self._require_open_sender()
        if not self._has_room:
            raise WouldBlock
        self._items += (item,)

    def receive(self) -> int:
        if place() is None:
            self._require_open_receiver()
        when(self._items or self._is_at_end, "nothing was sent")
        return self._take()

    def receive_nowait(self) -> int:
        self._require_open_receiver()
        if not self._items:
            for waiter in waiters("send")[:1]:
                waiter.returns()
                self._items = waiter.arguments
        if not self._items and self._sends:
            raise WouldBlock
        return self._take()

    def close_sender(self) -> None:
        self._sends = False
        self._wake("send")

    def close_receiver(self) -> None:
        self._receives = False
        self._wake("receive")

    def _require_open_sender(self) -> None:
        if not self._sends:
            raise ClosedResourceError
        if not self._receives:
            raise BrokenResourceError

    def _require_open_receiver(self) -> None:
        if not self._receives:
            raise ClosedResourceError

    @property
    def _has_room(self) -> bool:
        return len(self._items) < self._size + len(waiters("receive"))

    @property
    def _is_at_end(self) -> bool:
        return not (self._sends or self._items or waiters("send"))

    def _take(self) -> int:
        if not self._items:
            raise choose(EndOfChannel, EndOfStream)
        item, *others = self._items
        self._items = tuple(others)
        return item

    def _wake(self, operation: str) -> None:
        for waiter in waiters(operation) if self._wakes else ():
            waiter.raises(ClosedResourceError)
