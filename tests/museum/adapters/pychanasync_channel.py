"""pychanasync's channel under other names; its bound is None if it has no room."""

from __future__ import annotations

import pychanasync


class Channel:
    """pychanasync.Channel."""

    def __init__(self, size: int) -> None:
        self._channel = pychanasync.Channel(size or None)

    async def send(self, item: int) -> None:
        await self._channel.push(item)

    async def receive(self) -> int:
        item: int = await self._channel.pull()
        return item
