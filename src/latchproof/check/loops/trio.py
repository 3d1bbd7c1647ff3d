"""trio's own scheduler, one task step at a time.

trio runs in passes: all tasks that are ready form a batch, which is run in order or reversed, by the toss of a coin.
The run loop is trio's own generator. Between two passes it is held where it would wait for input and output. To trio
the stepper is also an instrument, by which it is held between two steps; its clock, which is virtual; and its source of
randomness, so that the script tosses the coin. trio iterates over sets of tasks, and expires scopes of one deadline, in
the order of their addresses; here that is the order in which it met them, so that runs can be repeated.

This touches trio's internals, as do `latchproof.fuzz.drivers` and the reproductions for trio.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import sniffio
import trio
from trio._core import _run as core
from trio._core._asyncgens import AsyncGenerators
from trio._core._entry_queue import EntryQueue

from latchproof.check.loops.interface import Script, close
from latchproof.check.loops.trio_input import Input
from latchproof.check.loops.virtual_time import VirtualClock, VirtualTime

ORDERS = ("in order", "reversed")


class TrioStepper(trio.abc.Clock, trio.abc.Instrument):
    """One run of trio, and the clock, the instrument and the source of randomness of that run."""

    cancelled: type[BaseException] = trio.Cancelled
    groups_cancellations = True
    cancels_running = True
    cancellation_lasts = True

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self._script: Script
        self._nursery: Any = None
        self._over = False
        self._upcoming: Any = None
        """The task before whose step trio is held."""
        self._own: frozenset[int] = frozenset()
        """The numbers that trio gave to the tasks of the harness, of which nothing is reported."""
        self.batch: list[Any] = []
        """The tasks of this pass whose steps are still to come, in reverse."""
        self._coroutines: list[Coroutine[Any, Any, None]] = []
        self._runner: Any = None
        self._loop: Any = None

    @property
    def now(self) -> float:
        return self.clock.now

    def run(self, script: Script) -> None:
        self._script = script
        library, sniffio.thread_local.name = sniffio.thread_local.name, "trio"
        core_: Any = core
        coin, core_._r = core_._r, self
        # Hypothesis, once it is imported, makes trio sort its batches by the age of the tasks; users' programs do not
        sorts, core_._ALLOW_DETERMINISTIC_SCHEDULING = core_._ALLOW_DETERMINISTIC_SCHEDULING, False
        task_class: Any = core.Task
        hash_before = task_class.__hash__
        numbered: dict[int, int] = {}
        # trio's own counter is not reset between runs, so the order of sets would differ in each
        task_class.__hash__ = lambda task: numbered.setdefault(task._counter, len(numbered))
        # by their addresses trio orders the scopes that expire at the same time
        aged: dict[int, tuple[int, object]] = {}
        core_.id = lambda thing: aged.setdefault(id(thing), (len(aged), thing))[0]
        try:
            self._runner = _set_up(self)
            # what trio would find by itself; its search through all attributes takes a fortieth of a run
            for hook in ("_all", "before_task_step", "after_task_step"):
                self._runner.instruments.data[hook] = {self: None}
            self._loop = core_.unrolled_run(self._runner, self._main, (), host_uses_signal_set_wakeup_fd=True)
            events: Any = None
            while True:
                try:
                    self._loop.send(events)
                except StopIteration:
                    break
                except trio.TrioInternalError as error:
                    self._loop = None
                    self._stray(error)
                    break
                if self._nursery is not None and (self._over or not self._pass_begins()):
                    break
                events = self._runner.io_manager.get_events(0)
        finally:
            try:
                self._end()
            finally:
                task_class.__hash__ = hash_before
                del core_.id
                core_._r = coin
                core_._ALLOW_DETERMINISTIC_SCHEDULING = sorts
                sniffio.thread_local.name = library

    def _pass_begins(self) -> bool:
        """Act between two passes; return False if no other follows."""
        self._own = self._own or frozenset(task._counter for task in self._runner.tasks)
        if not self._script.before(between_passes=True):
            self._over = True
            return False
        if not (self._runner.runq or self._runner.entry_queue.size()):
            self.let_time_pass()
        return True

    async def _main(self) -> None:
        async with trio.open_nursery() as nursery:
            self._script.begin()
            self._nursery = nursery
            await trio.sleep_forever()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        handle = _Handle(coroutine)
        self._coroutines.append(coroutine)
        self._nursery.start_soon(handle.play)
        return handle

    def cancel(self, handle: _Handle) -> None:
        try:
            handle.scope.cancel()
        except trio.TrioInternalError as error:
            self._stray(error)

    @contextmanager
    def scope(self, handle: _Handle) -> Iterator[None]:
        around = handle.scope
        with trio.CancelScope() as handle.scope:
            yield
        handle.scope = around

    def recover(self, handle: _Handle) -> bool:
        return True

    async def pause(self, handle: _Handle) -> None:
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.SUCCEEDED)

    def resume(self, handle: _Handle) -> None:
        self._runner.reschedule(handle.task)

    def _stray(self, error: trio.TrioInternalError) -> None:
        """Report that the target broke an invariant of trio."""
        self._script.stray(describe_internal(error), ends=True)

    def is_own(self, task: Any) -> bool:
        """Return whether a task belongs to the harness."""
        return not self._own or task._counter in self._own

    @property
    def waiting(self) -> tuple[int, int]:
        return len(self.batch) + (self._upcoming is not None) + len(self._runner.runq), self._runner.deadlines._active

    def can_run(self) -> bool:
        runner = self._runner  # whose entry queue has what is to be called in the next pass, such as a finalizer
        return bool(self._upcoming or self.batch or runner.runq or runner.entry_queue.size() or self.has_timer())

    def has_timer(self) -> bool:
        return self.next_timer < math.inf

    @property
    def next_timer(self) -> float:
        deadline: float = self._runner.deadlines.next_deadline()
        return deadline

    def let_time_pass(self) -> None:
        self.clock.advance(self._runner.deadlines.next_deadline())

    @property
    def state(self) -> tuple[Any, ...]:
        return self._state(self._runner.runq)

    def orders(self) -> tuple[tuple[Any, ...], ...]:
        runner, ready = self._runner, self._runner.runq
        # what a timer, a callback or a socket adds comes last in the batch, whatever its order is
        is_complete = self.next_timer > self.now and not runner.entry_queue.size() and not runner.io_manager.is_used
        if not (is_complete and self._tosses_a_coin(ready)):
            return (self._state(ready),)
        return self._state(ready), self._state(type(ready)(reversed(ready)))

    def _tosses_a_coin(self, batch: Collection[Any]) -> bool:
        """Return whether the script is asked in which order the tasks run: not if that is an order of trio's own."""
        return sum(not self.is_own(task) for task in batch) > 1

    def _state(self, ready: Collection[Any]) -> tuple[Any, ...]:
        # those that the target has started may wait for what no other object knows, such as a deadline
        started = [
            one for one in self._runner.tasks if not self.is_own(one) and one.parent_nursery is not self._nursery
        ]
        return (
            self._upcoming,
            self.batch,
            ready,
            self._runner.entry_queue.queue,
            sorted(started, key=lambda task: task._counter),
            [scope for due, _, scope in sorted(self._runner.deadlines._heap) if due == scope._registered_deadline],
            self.clock.state,
        )

    def parts(self) -> dict[type, Any]:
        """List the parts of trio's own objects that affect what happens next."""
        return {
            core.Task: lambda task: (
                task.coro,
                task._next_send_fn,
                task._next_send,
                task._abort_func,
                task.custom_sleep_data,
                task._cancel_status,
                task._parent_nursery,
                task.context,
            ),
            core.CancelScope: lambda scope: (
                self.clock.distance(scope._deadline),
                scope._relative_deadline,
                scope._has_been_entered,
                scope._cancel_called,
                scope.cancelled_caught,
                scope._shield,
                scope._cancel_status,
            ),
            core.CancelStatus: lambda status: (
                status._scope,
                status.effectively_cancelled,
                # trio's own scopes enclose the harness's, and are the same in every run
                None if status is self._nursery._cancel_status else status._parent,
            ),
            core.Nursery: lambda nursery: (
                nursery is self._nursery,
                len(nursery._children),
                nursery._pending_excs,
                nursery._nested_child_running,
                nursery._parent_waiting_in_aexit,
                nursery._pending_starts,
                nursery._closed,
            ),
            VirtualTime: lambda time: (self.clock.distance(time),),
            _Handle: lambda handle: (handle.task, handle.scope, handle.coroutine),
            trio.Cancelled: lambda error: (),
            core.Runner: lambda runner: (),
            TrioStepper: lambda stepper: (),
            AsyncGenerators: lambda generators: (),
            trio.lowlevel.TrioToken: lambda token: (),
            core.CancelReason: lambda reason: (),
        }

    def _end(self) -> None:
        """Close all that is left. To cancel it, and let trio end it in some passes, takes a fifth of a run."""
        self._over = True
        try:
            abandon(self._runner, self._loop)
        finally:
            for coroutine in self._coroutines:  # also of a task that trio did not start
                close(coroutine)

    def steps_before(self, handle: _Handle) -> int | None:
        task = handle.task
        if task is None or task._abort_func is not None or task.child_nurseries:
            return None  # it is parked, or its children are cancelled too
        if self._upcoming is task:
            return 0
        return 1 if task in self.batch or task in self._runner.runq else None

    def held_without(self, handle: _Handle) -> Iterator[object]:
        yield from (one for one in (*self.batch, *self._runner.runq) if one is not handle.task)
        yield from self._runner.entry_queue.queue
        yield from (task for task in self._runner.tasks if not self.is_own(task) and task is not handle.task)
        yield from (scope for due, _, scope in self._runner.deadlines._heap if due == scope._registered_deadline)

    def task_of(self, handle: _Handle) -> object:
        return handle.task

    def coroutine_of(self, handle: _Handle) -> object:
        return handle.coroutine

    def finish(self) -> None:
        """Let go of the script: all has ended when `run` returns."""
        del self._script

    # ------------------------------------------------------------------------------------------ what a run of trio asks

    def start_clock(self) -> None:
        """Do nothing: the clock advances only when it is set."""

    def current_time(self) -> float:
        return self.clock.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return deadline - self.now

    def random(self) -> float:
        """Toss the coin by which trio decides whether to reverse a batch, which it takes from its end."""
        self.batch = self._loop.gi_frame.f_locals["batch"]
        if self._over or not self._tosses_a_coin(self.batch):
            return 0.0
        return 0.0 if self._script.choose(*ORDERS) == 0 else 1.0

    def before_task_step(self, task: Any) -> None:
        """Hold trio before the step of a task. trio would swallow an error raised here."""
        if self._over or self.is_own(task):
            return
        self._upcoming = task
        self._over = not self._script.before()
        self._upcoming = None

    def after_task_step(self, task: Any) -> None:
        if not (self._over or self.is_own(task)):
            self._script.after(ran=True)


def _set_up(clock: trio.abc.Clock) -> Any:
    """Prepare a run as trio does, but with input that needs no socket."""
    core_: Any = core
    given: Any = Input()
    manager, runner = core_.TheIOManager, core_.Runner
    core_.TheIOManager = lambda: given
    core_.Runner = partial(runner, entry_queue=EntryQueue(wakeup=given))
    try:
        return core_.setup_runner(clock, [], False, True)
    finally:
        core_.TheIOManager, core_.Runner = manager, runner


def abandon(runner: Any, loop: Any = None) -> None:
    """End what trio no longer ends, and `loop` if it still runs; discard the errors that this raises."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                for task in tuple(runner.tasks if runner is not None else ()):
                    for nursery in task.child_nurseries:
                        nursery._children.clear()  # which it would report, and wait for
                        nursery.cancel_scope._cancel_called = True  # else it would cancel tasks that are closed next
                    core.GLOBAL_RUN_CONTEXT.task = task  # whose scopes it leaves
                    close(task.coro)
            finally:
                core.GLOBAL_RUN_CONTEXT.__dict__.pop("task", None)
                if loop is not None:
                    loop.close()
    finally:
        sys.unraisablehook = hook


def describe_internal(error: trio.TrioInternalError) -> str:
    """Return in words what ended trio when a target broke one of its invariants."""
    cause = error.__cause__ or error
    said = type(cause).__name__ + (f": {cause}" if str(cause) else "")
    return said if cause is error else f"TrioInternalError, for {said}"


class _Handle:
    """A task with a cancel scope, by which it is cancelled."""

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.coroutine = coroutine
        self.scope = trio.CancelScope()
        self.task: Any = None

    async def play(self) -> None:
        self.task = trio.lowlevel.current_task()
        with self.scope:
            await self.coroutine
