"""Parking and waking on trio.

trio calls a parked task's abort function at the moment its cancellation is requested, so the queue never holds a task
that is being cancelled.
"""

from __future__ import annotations

from functools import partial
from sys import modules

import outcome
import trio
from trio.lowlevel import (
    Abort,
    TrioToken,
    current_task,
    current_trio_token,
    in_trio_task,
    reschedule,
    wait_task_rescheduled,
)

from latchproof.hosts import is_asyncio_running, is_flowno_running
from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any, Final

    from latchproof.hosts import Queue
    from latchproof_spec.step import Ending

_ABORTED: Final = Abort.SUCCEEDED


class TrioWaker:
    """A task that is parked, and the queue that it leaves when it is cancelled."""

    __slots__ = ("_queue", "task")

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.task = current_task()

    def __await__(self) -> Generator[Any, Any, Ending]:
        return wait_task_rescheduled(self._abort).__await__()

    def _abort(self, raise_cancel: object) -> Abort:
        self._queue.pop(self, None)
        return _ABORTED


class TrioHost:
    """One run of trio."""

    __slots__ = ("loop",)

    asyncio_tasks: Final = ()
    trio_record: Final = None

    name: Final = "trio"
    checkpoints: Final = True
    broken_barrier_error: Final = BrokenBarrierError

    def __init__(self, token: TrioToken) -> None:
        self.loop = token

    def is_here(self) -> bool:
        return (
            self._is_here()
            and in_trio_task()
            and ("asyncio" not in modules or not is_asyncio_running())
            and ("flowno" not in modules or not is_flowno_running())
        )

    def look_around(self) -> None:
        """What `is_here` goes by is always up to date."""

    def is_closed(self) -> bool:
        if self._is_here():
            return False
        try:
            self.loop.run_sync_soon(_nothing, idempotent=True)
        except trio.RunFinishedError:
            return True
        return False

    def check_reachable(self) -> None:
        if not self._is_here():
            raise RuntimeError(
                "tasks of a trio run wait here, and this is not its thread; "
                "hand the call to it: trio.from_thread.run_sync(method)"
            )

    def _is_here(self) -> bool:
        try:
            return current_trio_token() is self.loop
        except RuntimeError:
            return False

    def makes_wakers(self, queue: Queue) -> Callable[[], TrioWaker]:
        return partial(TrioWaker, queue)

    def wake_all(self, queue: dict[TrioWaker, None], endings: Iterable[Ending]) -> None:
        for waker, ending in zip(queue, endings, strict=True):
            reschedule(waker.task, outcome.Value(ending))

    def withdrawn(self, queue: Queue) -> tuple[()]:
        return ()

    checkpoint_if_cancelled = staticmethod(trio.lowlevel.checkpoint_if_cancelled)
    cancel_shielded_checkpoint = staticmethod(trio.lowlevel.cancel_shielded_checkpoint)


def _nothing() -> None:
    """What is asked of a run to learn whether it still takes requests."""
