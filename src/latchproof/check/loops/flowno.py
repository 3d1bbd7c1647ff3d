"""Flowno's own event loop, one task step at a time, in every supported version.

The loop asks its selector for input and output before each step; here it asks a selector that asks the script. Its
clock is virtual. Flowno iterates over the set of tasks that wait for an event in the order of their addresses; here the
order is that of the tasks' creation, so that runs can be repeated.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Any

from flowno.core.event_loop import event_loop, primitives
from flowno.core.event_loop.tasks import TaskCancelled

from latchproof.check.loops.flowno_tasks import WAITERS, EndedTask, EndlessLoop, OverError, PausingTasks, Task
from latchproof.check.loops.interface import Script, close
from latchproof.check.loops.virtual_time import VirtualClock, VirtualTime

CLOCKS = (event_loop, primitives)
"""The modules that read the time."""


class FlownoStepper(PausingTasks):
    """One Flowno event loop."""

    cancelled: type[BaseException] = TaskCancelled
    groups_cancellations = False
    cancels_running = False  # the error is raised in a later step of the task, which may have ended by then
    cancellation_lasts = True  # until it is delivered, even to a call that was made after the request

    def __init__(self) -> None:
        self.clock = VirtualClock(_Instant)
        self._script: Script
        self._tasks: list[Task] = []
        self._stepping = False
        self._loop: Any = EndlessLoop()

    def run(self, script: Script) -> None:
        self._script = self._loop.script = script
        selected: Any = event_loop
        selector, selected.sel = selected.sel, self
        clocks: list[Any] = [module for module in CLOCKS if hasattr(module, "timer")]
        timers = [module.timer for module in clocks]
        for module in clocks:
            module.timer = self._time
        try:
            self._loop.run_until_complete(self._begin())
        except OverError:
            pass
        finally:
            selected.sel = selector
            for module, timer in zip(clocks, timers, strict=True):
                module.timer = timer

    async def _begin(self) -> None:
        self._script.begin()

    @property
    def now(self) -> float:
        return self.clock.now

    def _time(self) -> float:
        time: float = self.clock.now + 0  # another one than the last
        return time

    def select(self, timeout: float | None) -> list[Any]:
        """Ask the script before each step; nothing is ever ready to be read or written."""
        if self._stepping:
            self._script.after(ran=True)
        elif self._loop.tasks and not self._loop.finished:
            return []  # the step in which the script begins
        self._stepping = True
        if not self._script.before():
            raise OverError
        if not self._loop.tasks:
            self.let_time_pass()
        return []

    def register(self, *_: object) -> None:
        """Do nothing: nothing is read or written here."""

    unregister = register

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Task:
        task = Task(coroutine, len(self._tasks), self._loop)
        self._tasks.append(task)
        self._loop.tasks.append((task, None, None))  # which is all that create_task does, in versions that have it
        return task

    def cancel(self, handle: Task) -> None:
        self._loop.cancel(handle)

    @property
    def waiting(self) -> tuple[int, int]:
        return len(self._loop.tasks), len(self._loop.sleeping)

    def can_run(self) -> bool:
        return bool(self._loop.tasks or self._loop.sleeping)

    def has_timer(self) -> bool:
        return bool(self._loop.sleeping)

    @property
    def next_timer(self) -> float:
        return self._loop.sleeping[0][0] if self._loop.sleeping else math.inf

    def let_time_pass(self) -> None:
        self.clock.advance(self._loop.sleeping[0][0])

    @property
    def state(self) -> tuple[Any, ...]:
        loop = self._loop
        sleeping = [(self.clock.distance(due), task) for due, task in sorted(loop.sleeping)]
        waiters = [
            {key: tuple(tasks) for key, tasks in getattr(loop, name).items() if tasks}
            for name in WAITERS
            if hasattr(loop, name)
        ]
        # of the tasks that have ended only the target's own matter: another task may join them
        ended = [(task, value) for task, value in loop.finished.items() if not isinstance(task, Task)]
        failed = [(task, one) for task, one in loop.exceptions.items() if not isinstance(task, Task | EndedTask)]
        return loop.tasks, sleeping, waiters, ended, failed, self.clock.state

    def orders(self) -> tuple[tuple[Any, ...], ...]:
        return (self.state,)

    def parts(self) -> dict[type, Any]:
        """List the parts of this module's own objects that affect what happens next."""
        return {
            FlownoStepper: lambda stepper: (),
            Task: lambda task: (task.coroutine, task.ended, len(task.left), task.locks),
            EndlessLoop: lambda loop: (),
            EndedTask: lambda ended: (ended.locks,),
            TaskCancelled: lambda error: (),
            VirtualTime: lambda time: (self.clock.distance(time),),
        }

    def steps_before(self, handle: Task) -> int | None:
        return None  # a request is another entry of the queue of tasks

    def held_without(self, handle: Task) -> Iterator[object]:
        yield from self.state

    def task_of(self, handle: Any) -> object:
        return handle

    def coroutine_of(self, handle: Task) -> object:
        return handle.coroutine

    def finish(self) -> None:
        try:
            for task in [*self._tasks, *(packet[0] for packet in self._loop.tasks)]:
                close(task.coroutine if isinstance(task, Task) else task)
        finally:  # what a task does then may not end
            self._loop.close()


class _Instant(VirtualTime):
    """A time of which no other is the equal: of two that would be, the older comes first.

    On a clock that runs no two are equal, and Flowno fails where two are: it cannot say which task comes first.
    """

    _numbers = count()

    def __init__(self, *_: object) -> None:
        self._number = next(self._numbers)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: float) -> bool:
        if isinstance(other, _Instant) and self.exact == other.exact:
            return self._number < other._number
        return super().__lt__(other)

    __hash__ = VirtualTime.__hash__
