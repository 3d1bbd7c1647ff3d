"""The semaphore of aio-fairshare with one tenant, which may have all slots."""

from __future__ import annotations

import asyncio
from typing import Any

from aio_fairshare import FairShareSemaphore


class Semaphore:
    """aio_fairshare.FairShareSemaphore; a task gives back the slot that it took last."""

    def __init__(self, slots: int) -> None:
        self._semaphore = FairShareSemaphore(slots)
        self._taken: dict[object, list[Any]] = {}

    async def acquire(self) -> None:
        await self._semaphore.register_tenant("tenant")
        taking = self._semaphore.acquire("tenant")
        await taking.__aenter__()
        self._taken.setdefault(asyncio.current_task(), []).append(taking)

    async def release(self) -> None:
        await self._taken[asyncio.current_task()].pop().__aexit__(None, None, None)
