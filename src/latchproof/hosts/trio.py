"""Parking and waking on trio.

trio calls a parked task's abort function at the moment its cancellation is requested, so the queue never holds a task
that is being cancelled.
"""

from __future__ import annotations

import outcome
import trio

from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Final

    from latchproof.hosts import Queue
    from latchproof_spec.step import Ending


class TrioWaker:
    """A task that is parked, and the queue that it leaves when it is cancelled."""

    __slots__ = ("_queue", "task")

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.task = trio.lowlevel.current_task()

    def __await__(self) -> Generator[Any, Any, Ending]:
        ending: Ending = yield from trio.lowlevel.wait_task_rescheduled(self._abort).__await__()
        return ending

    def _abort(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._queue.pop(self, None)
        return trio.lowlevel.Abort.SUCCEEDED


class TrioHost:
    """One run of trio."""

    __slots__ = ("loop",)

    name: Final = "trio"
    checkpoints: Final = True
    broken_barrier_error: Final = BrokenBarrierError

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        self.loop = token

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
            return trio.lowlevel.current_trio_token() is self.loop
        except RuntimeError:
            return False

    def new_waker(self, queue: Queue) -> TrioWaker:
        waker = TrioWaker(queue)
        queue[waker] = None
        return waker

    def wake(self, waker: TrioWaker, ending: Ending) -> None:
        trio.lowlevel.reschedule(waker.task, outcome.Value(ending))

    def withdrawn(self, queue: Queue) -> tuple[()]:
        return ()

    async def checkpoint_if_cancelled(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()

    async def cancel_shielded_checkpoint(self) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()


def _nothing() -> None:
    """What is asked of a run to learn whether it still takes requests."""
