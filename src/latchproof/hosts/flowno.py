"""Parking and waking on Flowno's event loop (0.1.19 and later).

A parked task yields Flowno's own command for waiting on an event, with a private event that is never set; it is woken
through the loop's queue of ready tasks, by a value that nothing else sends. A cancellation that is requested lies in
that same queue until it is delivered.
"""

from __future__ import annotations

import threading
from functools import partial
from sys import modules

from flowno.core.event_loop.commands import EventWaitCommand
from flowno.core.event_loop.event_loop import EventLoop, _current_task, current_event_loop, current_task

from latchproof.hosts import is_asyncio_running, is_trio_running
from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any, Final

    from latchproof.hosts import Queue, TrioRecord
    from latchproof_spec.step import Ending


class FlownoWaker:
    """A task that is parked; for the loop, an event that is not set."""

    __slots__ = ("_loop", "_set", "ending", "task")

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._set = False
        self.task: Any = current_task()
        self.ending: Ending = None

    def __await__(self) -> Generator[EventWaitCommand, object, Ending]:
        try:
            while (yield EventWaitCommand(event=self)) is not self:
                """Resumed by a sleep or a join that this task was cancelled out of: Flowno does not forget those."""
            return self.ending
        finally:
            self._loop.event_waiters.pop(self, None)


class FlownoHost:
    """One Flowno event loop."""

    __slots__ = ("loop", "trio_record")

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
            and not is_asyncio_running()
            and not is_trio_running()
        )

    def look_around(self) -> None:
        """For what count_down goes by; what `is_here` does is always up to date."""
        self.trio_record: TrioRecord | None = getattr(modules.get("trio._core._run"), "sniffio_library", None)

    def is_closed(self) -> bool:
        """Flowno has no word for it: a loop that has stopped keeps its tasks."""
        return False

    def check_reachable(self) -> None:
        """A loop that is not running wakes its tasks when it runs again."""

    def makes_wakers(self, queue: Queue) -> Callable[[], FlownoWaker]:
        return partial(FlownoWaker, self.loop)

    def wake_all(self, wakers: tuple[FlownoWaker, ...], endings: Iterable[Ending]) -> None:
        try:
            self._tell(wakers, endings)
        except BaseException:  # an interrupt: it must not leave anybody behind
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
        """Flowno has no checkpoints."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Flowno has no checkpoints."""
