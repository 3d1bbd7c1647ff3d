"""The channel of threadsafe-async, whose methods return what is awaited or None."""

from __future__ import annotations

import tsasync


class Channel:
    """tsasync.Channel."""

    def __init__(self, size: int) -> None:
        self._channel = tsasync.Channel(size)

    async def send(self, item: int) -> None:
        waiting = self._channel.send(item)
        if waiting is not None:
            await waiting

    async def receive(self) -> int:
        item: int = await self._channel.receive()
        return item
