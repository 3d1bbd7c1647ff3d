"""Flowno's own event loop, one task step at a time, in every supported version.

The loop asks its selector for input and output before each step; here it asks a selector that asks the script. Its
clock is virtual. Flowno iterates over the set of tasks that wait for an event in the order of their addresses; here the
order is that of the tasks' creation, so that runs can be repeated.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

from flowno.core.event_loop import event_loop, primitives
from flowno.core.event_loop.event_loop import EventLoop
from flowno.core.event_loop.synchronization import Event
from flowno.core.event_loop.tasks import TaskCancelled

from latchproof.check.loops.interface import OwnFault, Script, close

WAITERS = ("event_waiters", "lock_waiters", "condition_waiters", "watching_task")
"""Where the loop keeps waiting tasks, in one version or another."""

WOKEN = OwnFault(
    "ended-task-woken",
    "Flowno's loop wakes a task that has ended, by the wake-up of the wait it was cancelled in",
    "0.1.0 to 0.1.19",
)
"""The loop keeps a task that is cancelled where it waited. Resuming it once it has ended raises RuntimeError, which the
loop logs as an error of the task."""

CANCELLED = OwnFault(
    "ended-task-cancelled", "Flowno's loop cancels a task that has returned since the request", "0.1.0 to 0.1.19"
)
"""A cancellation stays in the loop's queue when the task ends before its turn; the same RuntimeError is logged."""

OWN_FAULTS = (WOKEN, CANCELLED)
"""The faults of the loop itself."""

CLOCKS = (event_loop, primitives)
"""The modules that read the time."""


class _OverError(BaseException):
    """The script has ended the run."""


class FlownoStepper:
    """One Flowno event loop."""

    cancelled: type[BaseException] = TaskCancelled
    groups_cancellations = False
    cancels_running = False  # the error is raised in a later step of the task, which may have ended by then
    calls_after_cancellation = False  # the loop still wakes it for what it waited for
    cancellation_lasts = True  # until it is delivered, even to a call that was made after the request

    def __init__(self) -> None:
        self.now = 0.0
        self._script: Script
        self._tasks: list[_Task] = []
        self._paused: dict[_Task, Event] = {}
        self._stepping = False
        self._loop: Any = _EndlessLoop()

    def run(self, script: Script) -> None:
        self._script = script
        selected: Any = event_loop
        selector, selected.sel = selected.sel, self
        clocks: list[Any] = [module for module in CLOCKS if hasattr(module, "timer")]
        timers = [module.timer for module in clocks]
        for module in clocks:
            module.timer = self._time
        try:
            self._loop.run_until_complete(self._begin())
        except _OverError:
            pass
        finally:
            selected.sel = selector
            for module, timer in zip(clocks, timers, strict=True):
                module.timer = timer

    async def _begin(self) -> None:
        self._script.begin()

    def _time(self) -> _Instant:
        return _Instant(self.now)

    def select(self, timeout: float | None) -> list[Any]:
        """Ask the script before each step; nothing is ever ready to be read or written."""
        if self._stepping:
            self._script.after(ran=True)
        elif self._loop.tasks and not self._loop.finished:
            return []  # the step in which the script begins
        self._stepping = True
        if not self._script.before():
            raise _OverError
        if not self._loop.tasks:
            self.let_time_pass()
        return []

    def register(self, *_: object) -> None:
        """Do nothing: nothing is read or written here."""

    unregister = register

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> _Task:
        task = _Task(coroutine, len(self._tasks), self._script, self._loop)
        self._tasks.append(task)
        self._loop.tasks.append((task, None, None))  # which is all that create_task does, in versions that have it
        return task

    def cancel(self, handle: _Task) -> None:
        self._loop.cancel(handle)

    def scope(self, handle: _Task) -> AbstractContextManager[None]:
        return nullcontext()

    def recover(self, handle: _Task) -> bool:
        return False

    async def pause(self, handle: _Task) -> None:
        self._paused[handle] = Event()
        await self._paused[handle].wait()

    def resume(self, handle: _Task) -> None:
        self._loop.event_waiters[self._paused.pop(handle)].clear()
        self._loop.tasks.append((handle, None, None))

    @property
    def waiting(self) -> tuple[int, int]:
        return len(self._loop.tasks), len(self._loop.sleeping)

    def can_run(self) -> bool:
        return bool(self._loop.tasks or self._loop.sleeping)

    def has_timer(self) -> bool:
        return bool(self._loop.sleeping)

    def let_time_pass(self) -> None:
        self.now = max(self.now, float(self._loop.sleeping[0][0]))

    @property
    def state(self) -> tuple[Any, ...]:
        loop = self._loop
        sleeping = [(due - self.now, task) for due, task in loop.sleeping]
        waiters = [
            {key: tuple(tasks) for key, tasks in getattr(loop, name).items() if tasks}
            for name in WAITERS
            if hasattr(loop, name)
        ]
        # of the tasks that have ended only the target's own matter: another task may join them
        ended = [(task, value) for task, value in loop.finished.items() if not isinstance(task, _Task)]
        failed = [(task, error) for task, error in loop.exceptions.items() if not isinstance(task, _Task)]
        return loop.tasks, sleeping, waiters, ended, failed

    def parts(self) -> dict[type, Any]:
        """List the parts of this module's own objects that affect what happens next."""
        return {
            _Task: lambda task: (task.coroutine, task.ended),
            _EndlessLoop: lambda loop: (),
            _Ended: lambda ended: (),
            FlownoStepper: lambda stepper: (),
            TaskCancelled: lambda error: (),
            _Instant: lambda instant: (instant - self.now,),
        }

    def task_of(self, handle: Any) -> object:
        return handle

    def coroutine_of(self, handle: _Task) -> object:
        return handle.coroutine

    def finish(self) -> None:
        for task in [*self._tasks, *(packet[0] for packet in self._loop.tasks)]:
            close(task.coroutine if isinstance(task, _Task) else task)
        self._loop.close()


class _Instant(float):
    """A time on the virtual clock: a state depends on how far away it is, and of two equal ones the older comes first.

    On a clock that runs no two are equal, and Flowno fails where two are: it cannot say which task comes first.
    """

    _numbers = count()

    def __init__(self, _: float) -> None:
        self._number = next(self._numbers)

    def __add__(self, seconds: float) -> _Instant:
        return _Instant(float(self) + seconds)

    def __sub__(self, other: float) -> float:
        return float(self) - float(other)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: float) -> bool:
        if isinstance(other, _Instant) and float(self) == float(other):
            return self._number < other._number
        return float(self) < other

    __hash__ = float.__hash__


class QuietLoop(EventLoop):
    """Flowno's loop, which leaves the process's signal handlers alone."""

    def _install_signal_handlers(self) -> None:
        """Do nothing."""

    def _uninstall_signal_handlers(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Close the loop's sockets."""
        for end in ("_wakeup_reader", "_wakeup_writer"):
            if (socket := getattr(self, end, None)) is not None:
                socket.close()


class _EndlessLoop(QuietLoop):
    """A loop that runs until the script ends it."""

    def has_living_tasks(self) -> bool:
        return True

    def put_in_place(self, task: Any, other: Any) -> None:
        """Put another in the place of a task, wherever the loop keeps it."""
        for position, (one, value, error) in enumerate(self.tasks):
            if one is task:
                self.tasks[position] = other, value, error
        for position, (due, one) in enumerate(self.sleeping):
            if one is task:
                self.sleeping[position] = due, other
        for waiters in (tasks for name in WAITERS for tasks in getattr(self, name, {}).values() if task in tasks):
            if isinstance(waiters, set):
                waiters.remove(task)
                waiters.add(other)
            else:
                kept = [other if one is task else one for one in waiters]
                waiters.clear()
                waiters.extend(kept)


class _Task:
    """A coroutine as Flowno knows its tasks, but hashed by its number, which orders sets of them."""

    __slots__ = ("_loop", "_script", "coroutine", "ended", "number")

    def __init__(self, coroutine: Coroutine[Any, Any, None], number: int, script: Script, loop: _EndlessLoop) -> None:
        self.coroutine = coroutine
        self.number = number
        self.ended = False
        self._script = script
        self._loop = loop

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, value: Any) -> Any:
        """Resume the coroutine."""
        return self._resumed(self.coroutine.send, value)

    def throw(self, error: BaseException) -> Any:
        """Raise an error in the coroutine."""
        return self._resumed(self.coroutine.throw, error)

    def close(self) -> None:
        """Close the coroutine."""
        self.coroutine.close()

    def _resumed(self, resume: Any, value: Any) -> Any:
        if self.ended:  # the loop has let go of it, so the target has kept it too long
            self._script.stray("RuntimeError: a task that had ended was woken")
        try:
            return resume(value)
        except BaseException:
            if not self.ended:
                self.ended = True
                self._loop.put_in_place(self, _Ended(self.number, self._script))
            raise


class _Ended:
    """Stands where the loop still keeps a task that has ended, so what resumes it is the loop's own doing."""

    __slots__ = ("_number", "_script")

    def __init__(self, number: int, script: Script) -> None:
        self._number = number
        self._script = script

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, value: object) -> None:
        """Fail as a coroutine does that has ended."""
        self._script.host_fault(WOKEN)
        raise RuntimeError("cannot reuse already awaited coroutine")

    def throw(self, error: BaseException) -> None:
        """Fail as a coroutine does that has ended."""
        self._script.host_fault(CANCELLED)
        raise RuntimeError("cannot reuse already awaited coroutine")
