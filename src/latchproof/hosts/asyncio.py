"""Parking and waking on asyncio, and on every loop that keeps to its interface, as uvloop does.

A parked task awaits a plain future. Cancelling the task cancels the future at once, so a task whose cancellation is
requested is known by its future before it has run.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _get_running_loop
from sys import modules, version_info

from latchproof_spec import step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextvars import ContextVar
    from typing import Final

    from latchproof.hosts import Queue, TrioRecord
    from latchproof_spec.step import Ending

_FLOWNO: Final = "flowno.core.event_loop.event_loop"

# The tasks that run just now, by their loops; in later Pythons, which keep no such dict, nothing.
_CURRENT_TASKS: Final[dict[asyncio.AbstractEventLoop, object]] = getattr(asyncio.tasks, "_current_tasks", {})


class BrokenBarrierError(step.BrokenBarrierError, asyncio.BrokenBarrierError):
    """The barrier is broken, or was aborted or reset while this task was parked at it."""


class AsyncioHost:
    """One asyncio event loop."""

    __slots__ = ("_create_future", "_flowno_task", "loop", "trio_record")

    name: Final = "asyncio"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError
    asyncio_tasks: Final[Collection[object]] = _CURRENT_TASKS
    current_task = staticmethod(_get_running_loop)  # that a loop runs here says as much

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._create_future = loop.create_future
        self.look_around()

    # That asyncio runs is not enough: a task or a callback of it may run a loop of trio or Flowno. Trio tells whether
    # it runs here by `trio.lowlevel.in_trio_task`, but to be told no costs a third of a suspension; the record in which
    # it writes its name for sniffio costs a tenth of that. Without that record `is_here` is never sure.

    def look_around(self) -> None:
        self.trio_record: TrioRecord | None = getattr(modules.get("trio._core._run"), "sniffio_library", None)
        # Flowno's `current_task` reads this context variable, and is one call more
        task_of_flowno: ContextVar[object] | None = getattr(modules.get(_FLOWNO), "_current_task", None)
        self._flowno_task = task_of_flowno.get if task_of_flowno is not None else None

    if version_info >= (3, 12):

        def is_here(self) -> bool:
            return (
                _get_running_loop() is self.loop
                and (self.trio_record.name is None if self.trio_record is not None else "trio" not in modules)
                and (self._flowno_task() is None if self._flowno_task is not None else _FLOWNO not in modules)
            )

    else:
        # There _get_running_loop asks the operating system for the number of the process, every time. That just one
        # task of asyncio runs in this process, and that it is one of this loop, says as much of every task. (Who drives
        # a coroutine by hand on another thread meanwhile is taken for it; plain calls are not, for they do not ask.)

        def is_here(self) -> bool:
            return (
                self.loop in _CURRENT_TASKS
                and len(_CURRENT_TASKS) == 1
                and (self.trio_record.name is None if self.trio_record is not None else "trio" not in modules)
                and (self._flowno_task() is None if self._flowno_task is not None else _FLOWNO not in modules)
            )

    def is_closed(self) -> bool:
        return self.loop.is_closed()

    def check_reachable(self) -> None:
        """A loop that is not running wakes its tasks when it runs again."""

    def makes_wakers(self, queue: Queue) -> Callable[[], asyncio.Future[Ending]]:
        return self._create_future

    def wake_all(self, wakers: tuple[asyncio.Future[Ending], ...], endings: Iterable[Ending]) -> None:
        try:
            for waker, ending in zip(wakers, endings, strict=True):
                waker.set_result(ending)
        except BaseException:  # an interrupt: it must not leave anybody behind
            for waker, ending in zip(wakers, endings, strict=True):
                if not waker.done():
                    waker.set_result(ending)
            raise

    def withdrawn(self, queue: Queue) -> list[asyncio.Future[Ending]]:
        return [waker for waker in queue if waker.cancelled()]

    async def checkpoint_if_cancelled(self) -> None:
        """asyncio's calls are no checkpoints unless they block."""

    async def cancel_shielded_checkpoint(self) -> None:
        """asyncio's calls are no checkpoints unless they block."""
