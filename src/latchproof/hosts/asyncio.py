"""Parking and waking on asyncio, and on every loop that keeps to its interface, as uvloop does.

A parked task awaits a plain future. Cancelling the task cancels the future at once, so a task whose cancellation is
requested is known by its future before it has run.
"""

from __future__ import annotations

import asyncio

from latchproof_spec import step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from latchproof.hosts import Queue
    from latchproof_spec.step import Ending


class BrokenBarrierError(step.BrokenBarrierError, asyncio.BrokenBarrierError):
    """The barrier is broken, or was aborted or reset while this task was parked at it."""


class AsyncioHost:
    """One asyncio event loop."""

    __slots__ = ("_create_future", "loop")

    name: Final = "asyncio"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._create_future = loop.create_future

    def is_closed(self) -> bool:
        return self.loop.is_closed()

    def check_reachable(self) -> None:
        """A loop that is not running wakes its tasks when it runs again."""

    def new_waker(self, queue: Queue) -> asyncio.Future[Ending]:
        waker: asyncio.Future[Ending] = self._create_future()
        queue[waker] = None
        return waker

    def wake(self, waker: asyncio.Future[Ending], ending: Ending) -> None:
        waker.set_result(ending)

    def withdrawn(self, queue: Queue) -> list[asyncio.Future[Ending]]:
        return [waker for waker in queue if waker.cancelled()]

    async def checkpoint_if_cancelled(self) -> None:
        """asyncio's calls are no checkpoints unless they block."""

    async def cancel_shielded_checkpoint(self) -> None:
        """asyncio's calls are no checkpoints unless they block."""
