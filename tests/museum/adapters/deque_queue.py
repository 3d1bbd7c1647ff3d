"""double-ended-queue's Deque, used at its two ends as a queue is."""

from __future__ import annotations

import double_ended_queue


class Queue:
    """double_ended_queue.Deque."""

    def __init__(self, maxsize: int) -> None:
        self._deque = double_ended_queue.Deque(maxsize)

    async def put(self, item: int) -> None:
        await self._deque.put(item)

    async def get(self) -> int:
        item: int = await self._deque.get()
        return item
