"""Flowno's own event loop as a driver, one pass at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from flowno.core.event_loop.selectors import sel
from flowno.core.event_loop.tasks import TaskCancelled

from latchproof.check.loops.flowno_tasks import OverError, PausingTasks, Task, WatchedLoop
from latchproof.check.loops.interface import OwnFault, close
from latchproof.fuzz.drivers import StepQueue, ignore


class FlownoDriver(PausingTasks):
    """Flowno's own event loop, and what it reports to."""

    def __init__(self) -> None:
        self.cancelled: type[BaseException] = TaskCancelled
        self.groups_cancellations = False
        self.cancels_running = False
        self.strays: list[str] = []
        self.host_fault: Callable[[OwnFault], None] = ignore
        self._loop: Any = WatchedLoop()
        self._loop.script = self
        self._loop.tasks = self._ready = StepQueue(self._loop.tasks)
        self._over = False
        self._tasks: list[Any] = []

    def stray(self, error: str, *, ends: bool = False) -> None:
        """Note an error of the loop, which it may not have survived."""
        self.strays.append(error)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        task = Task(coroutine, len(self._tasks), self._loop)
        self._tasks.append(task)
        self._loop.tasks.append((task, None, None))
        return task

    def cancel(self, handle: Any) -> None:
        self._loop.cancel(handle)

    @property
    def steps(self) -> int:
        return self._ready.taken

    def next_pass(self) -> list[str]:
        return [] if self._over else ["run"] * len(self._ready)

    def run_pass(self) -> None:
        if self._over:
            return
        last = _nothing()
        try:
            self._loop.run_until_complete(last, wait_for_spawned_tasks=False)
        except OverError:
            self._over = True
            last.close()
        finally:
            sel.unregister(self._loop._wakeup_reader)  # each run registers it, and no run unregisters it

    def close(self) -> None:
        for task in self._tasks:
            self._loop.cancel(task)
        for _ in range(3):
            self.run_pass()
        for task in self._tasks:
            close(task.coroutine)
        self._loop.close()


async def _nothing() -> None:
    """Take a turn."""
