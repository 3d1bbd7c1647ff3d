"""Parking and waking on trio.

trio calls a parked task's abort function when its cancellation is requested, so the queue never holds a task that is
being cancelled.
"""

from __future__ import annotations

from types import FunctionType

import outcome
import trio
from trio.lowlevel import (
    Abort,
    Task,
    TrioToken,
    current_task,
    current_trio_token,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from latchproof.hosts import KI_PROTECTED, NestedLoops
from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable
    from typing import Any, Final, TypeVar

    from latchproof.hosts.interface import Queue
    from latchproof_spec.step import Ending

    T = TypeVar("T")
    Outcome = outcome.Outcome[Ending]
else:
    Outcome = outcome.Outcome  # before version 1.3 it takes no parameter

_ABORTED: Final = Abort.SUCCEEDED


class TrioWaker(Outcome):
    """A parked task, and the queue that it leaves when it is cancelled.

    It is also the outcome that its task is resumed with: to make an `outcome.Value` for each task that is woken would
    cost more than anything else in a wait.
    """

    __slots__ = ("_queue", "ending", "task")

    _queue: Queue
    task: Task
    ending: Ending

    __eq__ = object.__eq__  # it is a key, and outcomes are equal by what they hold
    __hash__ = object.__hash__  # type: ignore[assignment] # outcomes have none

    def __await__(self) -> Generator[Any, Any, Ending]:
        return wait_task_rescheduled(self._abort).__await__()

    def unwrap(self) -> Ending:
        return self.ending

    def send(self, gen: Generator[T, Ending, object]) -> T:
        return gen.send(self.ending)

    async def asend(self, agen: AsyncGenerator[T, Ending]) -> T:
        return await agen.asend(self.ending)

    def _abort(self, raise_cancel: object) -> Abort:
        # trio aborts only a parked task; if a fault of ours left one out, an error in here would end all of trio
        self._queue.pop(self, None)
        return _ABORTED


class TrioHost(NestedLoops):
    """One run of trio."""

    __slots__ = ("loop",)

    asyncio_tasks: Final = ()

    name: Final = "trio"
    checkpoints: Final = True
    broken_barrier_error: Final = BrokenBarrierError

    def __init__(self, token: TrioToken) -> None:
        self.loop = token
        self.look_around()

    def current_task(self) -> None:
        """Return None: every call must be a checkpoint."""

    def is_here(self) -> bool:
        try:
            return current_trio_token() is self.loop and current_task() is not None and self.none_inside_trio()
        except RuntimeError:
            return False

    is_running_here = is_here

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
        new: Callable[[type[TrioWaker]], TrioWaker] = object.__new__

        def new_waker() -> TrioWaker:
            waker = new(TrioWaker)  # quicker than a call of __init__
            waker._queue = queue
            waker.task = current_task()
            return waker

        return new_waker

    def wake_all(self, wakers: tuple[TrioWaker, ...], endings: Iterable[Ending]) -> None:
        for waker, ending in zip(wakers, endings, strict=True):
            waker.ending = ending
            reschedule(waker.task, waker)

    def withdrawn(self, queue: Queue) -> tuple[()]:
        return ()

    checkpoint_if_cancelled = staticmethod(trio.lowlevel.checkpoint_if_cancelled)
    cancel_shielded_checkpoint = staticmethod(trio.lowlevel.cancel_shielded_checkpoint)


def _nothing() -> None:
    """Do nothing: it is asked of a run to learn whether that still takes requests."""


# As in trio's own primitives, a KeyboardInterrupt comes at a checkpoint and not in the middle. It costs nothing: trio
# looks the code up when the signal comes.
for _class in KI_PROTECTED:
    for _method in vars(_class).values():
        if isinstance(_method, FunctionType):
            enable_ki_protection(_method)
