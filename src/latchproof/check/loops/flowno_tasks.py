"""Flowno's loop and its tasks as the stepper makes them, so that the loop's own faults are told from the target's.

Flowno cancels a task by resuming it with an error, and does nothing about what the task waited for. So the loop keeps
the task there, and later wakes a task that has ended or waits for something else, or gives it a lock. When a task ends,
another object is put in its place wherever the loop keeps it: what resumes that object is the loop's own doing, and
what still resumes the task is the target's. Which events are faults of the loop, and how each is recognized, belongs
here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flowno.core.event_loop import event_loop
from flowno.core.event_loop.event_loop import EventLoop

from latchproof.check.loops.interface import OwnFault, Script

CLOCK: Any = event_loop
"""The module whose `timer` a stepper replaces."""

WAITERS = ("event_waiters", "lock_waiters", "condition_waiters", "watching_task")
"""The attributes in which the loop keeps waiting tasks, of all its versions."""

WOKEN = OwnFault(
    "ended-task-woken",
    "Flowno's loop wakes a task that has ended, by the wake-up of the wait it was cancelled in",
    "0.1.0 to 0.1.19",
)
"""Resuming it raises RuntimeError, which the loop logs as an error of the task."""

CANCELLED = OwnFault(
    "ended-task-cancelled", "Flowno's loop cancels a task that has returned since the request", "0.1.0 to 0.1.19"
)
"""A cancellation stays in the loop's queue when the task ends before its turn; the same RuntimeError is logged."""

EARLY = OwnFault(
    "early-wake-up",
    "Flowno's loop resumes a task too early, by the wake-up of an earlier wait that it was cancelled in",
    "0.1.0 to 0.1.19",
    ends=True,
)
"""A wait for an event, a lock or some time returns, and nothing has happened; spawn() raises AssertionError."""

LOST = OwnFault(
    "lost-lock",
    "Flowno's loop gives a lock to a task that was cancelled while it waited for the lock, and the lock is lost",
    "0.1.15 to 0.1.19",
    ends=True,
)
"""Nothing can release the lock, because the task that has it has ended. A condition's lock is lost in the same way."""

CONDITION = OwnFault(
    "condition-without-lock",
    "Flowno's loop dies where a task is cancelled in a condition's wait(), which it leaves without the lock",
    "0.1.15 to 0.1.19",
    ends=True,
)
"""The end of `async with` releases a lock that the task does not have, and that AssertionError ends the loop."""

OWN_FAULTS = (WOKEN, CANCELLED, EARLY, LOST, CONDITION)
"""All faults of the loop itself."""


class Pause:
    """What a task awaits until it is resumed with just this, and not by a wake-up that the loop has kept for it."""

    def __await__(self) -> Generator[Pause, object, None]:
        while (yield self) is not self:
            pass


PAUSE = Pause()


class OverError(BaseException):
    """The run is over."""


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


class WatchedLoop(QuietLoop):
    """A loop that tells its own faults from those of the target."""

    script: Any
    """What it reports to: its `stray` and `host_fault` are those of a Script."""

    def _handle_command(self, current_task_packet: Any, command: Any) -> bool:
        if command is PAUSE:
            return True
        try:
            return super()._handle_command(current_task_packet, command)
        except AssertionError as error:  # which Flowno's loop does not survive
            task = current_task_packet[0]
            if not isinstance(task, Task):
                raise
            if getattr(command, "lock", None) in task.locks:
                self.script.host_fault(CONDITION)
            else:
                self.script.stray(f"AssertionError: {error}", ends=True)
            raise OverError from None

    def places(self, task: Any) -> list[tuple[Collection[Any], object]]:
        """Return where the loop keeps a task to wake it: each collection, with what is in it."""
        queued = [(self.tasks, packet) for packet in self.tasks if packet[0] is task and packet[2] is None]
        asleep = [(self.sleeping, one) for one in self.sleeping if one[1] is task]
        return [*queued, *asleep, *((tasks, task) for tasks in self._waiters() if task in tasks)]

    def _waiters(self) -> list[Any]:
        return [tasks for name in WAITERS for tasks in getattr(self, name, {}).values()]

    def put_in_place(self, task: Any, other: Any) -> None:
        """Put another in the place of a task, wherever the loop keeps it."""
        for position, (one, value, error) in enumerate(self.tasks):
            if one is task:
                self.tasks[position] = other, value, error
        for position, (due, one) in enumerate(self.sleeping):
            if one is task:
                self.sleeping[position] = due, other
        for waiters in self._waiters():
            if task not in waiters:
                continue
            if isinstance(waiters, set):
                waiters.remove(task)
                waiters.add(other)
            else:
                kept = [other if one is task else one for one in waiters]
                waiters.clear()
                waiters.extend(kept)
        for lock in other.locks:
            if lock._owner is task:
                lock._owner = other


class EndlessLoop(WatchedLoop):
    """A loop that runs until the script ends it."""

    def has_living_tasks(self) -> bool:
        return True


class Task:
    """A coroutine as Flowno knows its tasks, but hashed by its number, which orders sets of them."""

    __slots__ = ("_command", "_loop", "coroutine", "ended", "left", "locks", "number")

    def __init__(self, coroutine: Coroutine[Any, Any, None], number: int, loop: WatchedLoop) -> None:
        self.coroutine = coroutine
        self.number = number
        self.ended = False
        self.left: list[tuple[Collection[Any], object]] = []
        """Where the loop keeps the task for waits that it was cancelled in."""
        self.locks: list[Any] = []
        """The locks that it was cancelled while it waited for."""
        self._loop = loop
        self._command: Any = None

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, value: Any) -> Any:
        """Resume the coroutine."""
        if self.left:
            left, self.left = self.left, [place for place in self.left if any(one is place[1] for one in place[0])]
            if len(self.left) < len(left):
                if not _has_happened(self._command, self, value):
                    self._loop.script.host_fault(EARLY)
                self.left = self._loop.places(self)  # the wake-up for what has happened is the one too many now
        return self._resumed(self.coroutine.send, value)

    def throw(self, error: BaseException) -> Any:
        """Raise an error in the coroutine."""
        lock = _lock_of(self._command)
        if lock is not None and not self.ended:
            self.locks.append(lock)
        command = self._resumed(self.coroutine.throw, error)
        self.left += self._loop.places(self)
        return command

    def close(self) -> None:
        """Close the coroutine."""
        self.coroutine.close()

    def _resumed(self, resume: Callable[[Any], Any], value: Any) -> Any:
        if self.ended:  # the loop has let go of it, so the target has kept it too long
            self._loop.script.stray("RuntimeError: a task that had ended was woken")
        try:
            self._command = resume(value)
        except BaseException:
            if not self.ended:
                self.ended = True
                self._loop.put_in_place(self, EndedTask(self, self._loop.script))
            raise
        return self._command


class EndedTask:
    """Stands where the loop still keeps a task that has ended, so what resumes it is the loop's own doing."""

    __slots__ = ("_number", "_script", "locks")

    def __init__(self, task: Task, script: Script) -> None:
        self.locks = task.locks
        self._number = task.number
        self._script = script

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, value: object) -> None:
        """Fail as a coroutine does that has ended."""
        self._script.host_fault(LOST if any(lock._owner is self for lock in self.locks) else WOKEN)
        raise RuntimeError("cannot reuse already awaited coroutine")

    def throw(self, error: BaseException) -> None:
        """Fail as a coroutine does that has ended."""
        self._script.host_fault(CANCELLED)
        raise RuntimeError("cannot reuse already awaited coroutine")


class PausingTasks:
    """What suspends a task of a watched loop between two of its calls: see `latchproof.check.loops.interface`."""

    _loop: Any

    def scope(self, handle: Task) -> AbstractContextManager[None]:
        """Return a context that does nothing: a cancellation is of the whole task."""
        return nullcontext()

    def recover(self, handle: Task) -> bool:
        """Return whether the task has no cancellation left, and no lock that the loop would give to it."""
        # a lock that the loop gives to a task that no longer waits for it is known to be lost once the task has ended
        return not handle.locks and not any(one is handle and error is not None for one, _, error in self._loop.tasks)

    async def pause(self, handle: Task) -> None:
        """Suspend the task that runs, until it is resumed."""
        await PAUSE

    def resume(self, handle: Task) -> None:
        """Make a suspended task ready, behind those that are."""
        self._loop.tasks.append((handle, PAUSE, None))


def _lock_of(command: Any) -> Any:
    """Return the lock that a task waits for by a command; None if it waits for none."""
    match type(command).__name__:
        case "LockAcquireCommand":
            return command.lock
        case "ConditionWaitCommand":
            return command.condition._lock
    return None


def _has_happened(command: Any, task: Task, value: object) -> bool:
    """Return whether what a task waits for by a command has happened; True if that cannot be seen."""
    match type(command).__name__:
        case "SleepCommand":
            return bool(command.end_time <= CLOCK.timer())
        case "EventWaitCommand":
            return bool(command.event._set)
        case "LockAcquireCommand" | "ConditionWaitCommand":
            return _lock_of(command)._owner is task
        case "JoinCommand":
            handle = command.task_handle
            return bool(handle.is_finished or handle.is_error or handle.is_cancelled)
        case "SpawnCommand":
            return value is not None
    return True
