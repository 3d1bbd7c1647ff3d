"""The asynchronous sides of the queues of janus and culsans."""

from __future__ import annotations

from typing import Any


class _Queue:
    def __init__(self, queue: Any) -> None:
        self._queue = queue

    async def put(self, item: int) -> None:
        await self._queue.async_q.put(item)

    async def get(self) -> int:
        item: int = await self._queue.async_q.get()
        return item

    def put_nowait(self, item: int) -> None:
        self._queue.async_q.put_nowait(item)

    def get_nowait(self) -> int:
        item: int = self._queue.async_q.get_nowait()
        return item


class Janus(_Queue):
    """janus.Queue."""

    def __init__(self, maxsize: int) -> None:
        import janus

        super().__init__(janus.Queue(maxsize))


class Culsans(_Queue):
    """culsans.Queue."""

    def __init__(self, maxsize: int) -> None:
        import culsans

        super().__init__(culsans.Queue(maxsize))
