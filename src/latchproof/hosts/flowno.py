"""Parking and waking on Flowno's event loop (0.1.19 and later).

A parked task yields Flowno's own command for waiting on an event, with a private event that is never set. It is woken
through the loop's queue of ready tasks, by a value that nothing else sends. A requested cancellation lies in that same
queue until it is delivered.
"""

from __future__ import annotations

import threading
from functools import partial

from flowno.core.event_loop.commands import EventWaitCommand
from flowno.core.event_loop.event_loop import EventLoop, _current_task, current_event_loop, current_task

from latchproof.hosts import NestedLoops
from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any, Final

    from latchproof.hosts.interface import Queue
    from latchproof_spec.step import Ending


class FlownoWaker:
    """A parked task; for the loop, an event that is not set."""

    __slots__ = ("_loop", "_set", "ending", "task")

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._set = False
        self.task: Any = current_task()
        self.ending: Ending = None

    def __await__(self) -> Generator[EventWaitCommand, object, Ending]:
        try:
            while (yield EventWaitCommand(event=self)) is not self:
                """Wait again: a sleep or a join that this task was cancelled out of has resumed it."""
            return self.ending
        finally:
            self._loop.event_waiters.pop(self, None)


class FlownoHost(NestedLoops):
    """One Flowno event loop."""

    __slots__ = ("loop",)

    asyncio_tasks: Final = ()
    current_task = staticmethod(_current_task.get)

    name: Final = "flowno"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError

    def __init__(self, loop: EventLoop) -> None:
        self.loop = loop
        self.look_around()

    def is_here(self) -> bool:
        return (
            current_event_loop() is self.loop
            and self.loop._loop_thread is threading.current_thread()
            and current_task() is not None
            and self.none_inside_flowno()
        )

    is_running_here = is_here

    def is_closed(self) -> bool:
        """Return False: a Flowno loop that has stopped keeps its tasks, and does not say that it will not run again."""
        return False

    def check_reachable(self) -> None:
        """Do nothing: a loop that is not running wakes its tasks when it runs again."""

    def makes_wakers(self, queue: Queue) -> Callable[[], FlownoWaker]:
        return partial(FlownoWaker, self.loop)

    def wake_all(self, wakers: tuple[FlownoWaker, ...], endings: Iterable[Ending]) -> None:
        try:
            self._tell(wakers, endings)
        except BaseException:  # an interrupt: every task must be woken all the same
            self._tell(wakers, endings)
            raise
        finally:
            self.loop.tasks.extend([(waker.task, waker, None) for waker in wakers])

    def _tell(self, wakers: tuple[FlownoWaker, ...], endings: Iterable[Ending]) -> None:
        for waker, ending in zip(wakers, endings, strict=True):
            self.loop.event_waiters.pop(waker, None)
            waker.ending = ending

    def withdrawn(self, queue: Queue) -> list[FlownoWaker]:
        tasks = tuple(self.loop.tasks)  # a copy in one step: other threads may add tasks to a Flowno loop
        requested = {task for task, _, error in tasks if error is not None}
        return [waker for waker in queue if waker.task in requested] if requested else []

    async def checkpoint_if_cancelled(self) -> None:
        """Do nothing: Flowno has no checkpoints."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Do nothing: Flowno has no checkpoints."""
