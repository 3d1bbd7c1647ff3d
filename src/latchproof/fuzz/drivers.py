"""Real event loops, one pass at a time: what a test that decides during a run needs of a host.

A pass lets every task that is ready run once. Between two passes tasks are made and cancelled. The loops are the hosts'
own: asyncio's and uvloop's are stopped after each pass, Flowno's returns when a task that does nothing has had its
turn, and trio's is a guest of a queue of callbacks.

A driver for each host belongs here, and its row in `DRIVEN`. Flowno's is in a separate module, because Flowno need not
be installed.
"""

from __future__ import annotations

import importlib
import queue
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple, Protocol

from latchproof.check.history import named
from latchproof.check.loops.interface import Host, OwnFault
from latchproof.check.sandbox.watch import StuckError
from latchproof.check.target import TargetError

PASSES_TO_END = 20
"""Passes that cancelled tasks get when a loop is closed."""


class Driver(Host, Protocol):
    """A host's event loop under the control of a test. A task takes its first step in the next pass."""

    strays: list[str]
    """The errors that reached the loop and no call, in order; on trio and Flowno they end it."""

    host_fault: Callable[[OwnFault], None]
    """Called where a fault of the host's own loop comes to light."""

    @property
    def steps(self) -> int:
        """The number of steps that were begun; uvloop does not show them."""

    def next_pass(self) -> list[str]:
        """Return the words of a schedule for the next pass."""

    def run_pass(self) -> None:
        """Let every task that is ready run once."""

    def close(self) -> None:
        """End every task and the loop."""


def ignore(fault: OwnFault) -> None:
    """Do nothing about a fault of the host's own loop."""


class StepQueue(deque[Any]):
    """What is ready to run on a loop, in order."""

    taken = 0
    """Number of steps that the loop has taken from it."""

    def popleft(self) -> Any:
        self.taken += 1
        return super().popleft()


class AsyncioDriver:
    """asyncio's own event loop, or uvloop's."""

    def __init__(self, make_loop: Callable[[], Any] | None = None) -> None:
        import asyncio

        self.cancelled: type[BaseException] = asyncio.CancelledError
        self.groups_cancellations = False
        self.cancels_running = True
        self.strays: list[str] = []
        self.host_fault: Callable[[OwnFault], None] = ignore
        self._loop = asyncio.new_event_loop() if make_loop is None else make_loop()
        self._loop.set_exception_handler(self._note)
        self._tasks: list[Any] = []
        self._paused: dict[Any, Any] = {}
        self._ready: StepQueue | None = None
        if hasattr(self._loop, "_ready"):
            self._loop._ready = self._ready = StepQueue(self._loop._ready)

    def _note(self, loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # what is reported when futures and tasks are collected comes at a time that no test controls
        if error is not None and "never retrieved" not in context.get("message", ""):
            self.strays.append(named(error))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        task = self._loop.create_task(coroutine)
        self._tasks.append(task)
        return task

    def cancel(self, handle: Any) -> None:
        handle.cancel()

    def scope(self, handle: Any) -> AbstractContextManager[None]:
        return nullcontext()

    def recover(self, handle: Any) -> bool:
        while handle.cancelling():
            handle.uncancel()
        return not handle._must_cancel

    async def pause(self, handle: Any) -> None:
        self._paused[handle] = self._loop.create_future()
        await self._paused[handle]

    def resume(self, handle: Any) -> None:
        self._paused.pop(handle).set_result(None)

    @property
    def steps(self) -> int:
        return 0 if self._ready is None else self._ready.taken

    def next_pass(self) -> list[str]:
        return ["pass"] if self._ready is None else ["run"] * len(self._ready)

    def run_pass(self) -> None:
        from latchproof.check.loops.asyncio_faults import wait_for_watched

        self._loop.call_soon(self._loop.stop)
        with wait_for_watched(self.host_fault):
            self._loop.run_forever()

    def close(self) -> None:
        # a task may suspend in its clean-up, or ignore its cancellation: the wait for it is bounded
        for _ in range(PASSES_TO_END):
            unfinished = [task for task in self._tasks if not task.done()]
            if not unfinished:
                break
            for task in unfinished:
                try:
                    task.cancel()
                except StuckError:  # the next time the others are cancelled
                    self._tasks.remove(task)
                    task._log_destroy_pending = False
                    raise
            self.run_pass()
        for task in self._tasks:
            if task.done():
                task.cancelled() or task.exception()
            else:
                task._log_destroy_pending = False
        self._loop.close()


class _InScope:
    """A task of trio, and the scope by which it is cancelled: that of its call, or its own."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope
        self.task: Any = None


class TrioDriver:
    """trio, as a guest of a host loop that is nothing but a queue of callbacks.

    trio runs the tasks that are ready in an order that it shuffles. For a test to be repeatable, its source of
    randomness is seeded, and it is told to start from an order that does not depend on addresses. This touches trio's
    internals as its own pytest plugin does.
    """

    def __init__(self) -> None:
        import trio

        from latchproof.check.loops.trio import abandon, describe_internal

        self.cancelled: type[BaseException] = trio.Cancelled
        self.groups_cancellations = True
        self.cancels_running = True
        self.strays: list[str] = []
        self.host_fault: Callable[[OwnFault], None] = ignore
        self._trio = trio
        self._describe, self._abandon = describe_internal, abandon
        self._run: Any
        self._run = importlib.import_module("trio._core._run")
        self._deterministic = self._run._ALLOW_DETERMINISTIC_SCHEDULING
        self._run._ALLOW_DETERMINISTIC_SCHEDULING = True
        self._run._r.seed(0)
        self._callbacks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._nursery: Any = None
        self._done = self._closing = False
        self.steps = 0
        instruments: Any = [self]
        trio.lowlevel.start_guest_run(
            self._main,
            run_sync_soon_threadsafe=self._callbacks.put,
            done_callback=self._finished,
            host_uses_signal_set_wakeup_fd=True,
            instruments=instruments,
        )
        self._runner = self._run.GLOBAL_RUN_CONTEXT.runner
        self._until(lambda: self._nursery is not None)

    async def _main(self) -> None:
        async with self._trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._trio.sleep_forever()

    def _finished(self, outcome: Any) -> None:
        self._done = True
        error = getattr(outcome, "error", None)
        if isinstance(error, self._trio.TrioInternalError):
            self.strays.append(self._describe(error))
            self._abandon(self._runner)
        elif not self._closing:  # from here on nothing would happen, so nothing would be found
            self.strays.append(f"trio's run ended, with {type(error).__name__}: {error}")

    def _until(self, reached: Callable[[], bool]) -> None:
        while not (self._done or reached()):
            self._callbacks.get()()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        handle = _InScope(self._trio.CancelScope())

        async def in_scope() -> None:
            handle.task = self._trio.lowlevel.current_task()
            with handle.scope:
                await coroutine

        if not self._start(in_scope):
            coroutine.close()
        return handle

    @contextmanager
    def scope(self, handle: _InScope) -> Iterator[None]:
        around = handle.scope
        with self._trio.CancelScope() as handle.scope:
            yield
        handle.scope = around

    def recover(self, handle: _InScope) -> bool:
        return True

    async def pause(self, handle: _InScope) -> None:
        abort = self._trio.lowlevel.Abort.SUCCEEDED
        await self._trio.lowlevel.wait_task_rescheduled(lambda _: abort)

    def resume(self, handle: _InScope) -> None:
        self._runner.reschedule(handle.task)

    def _start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Start a task and return True, or let trio end if the error of another task has closed the nursery."""
        try:
            self._nursery.start_soon(function)
        except RuntimeError:
            self._until(lambda: self._done)
            return False
        return True

    def cancel(self, handle: Any) -> None:
        try:
            handle.scope.cancel()
        except self._trio.TrioInternalError as error:  # the target's abort function does not abort
            self.strays.append(self._describe(error))
            self._make_abortable()
        except StuckError:
            self._make_abortable()
            raise

    def _make_abortable(self) -> None:
        """Make every task cancellable, whatever the target's abort functions would do."""
        for task in self._nursery.child_tasks:
            if task._abort_func is not None:
                task._abort_func = lambda _: self._trio.lowlevel.Abort.SUCCEEDED
        for task in self._nursery.child_tasks:
            around = [task._cancel_status]
            while around[-1]._parent is not None:
                around.append(around[-1]._parent)
            for status in reversed(around):  # trio was interrupted while it told each of a cancellation
                status.recalculate()
            task._attempt_delivery_of_any_pending_cancel()

    def before_task_step(self, task: Any) -> None:
        """Count a step: trio calls this before each."""
        self.steps += 1

    def next_pass(self) -> list[str]:
        return ["pass"]

    def run_pass(self) -> None:
        if self._done:
            return
        turns: list[None] = []

        async def take_a_turn() -> None:
            turns.append(None)

        if self._start(take_a_turn):
            self._until(lambda: bool(turns))

    def close(self) -> None:
        was_closing, self._closing = self._closing, True
        if not self._done:
            try:
                if was_closing:  # and was interrupted
                    self._make_abortable()
                self._nursery.cancel_scope.cancel()
            except (self._trio.TrioInternalError, StuckError):
                self._make_abortable()
            self._until(lambda: self._done)
        self._run._ALLOW_DETERMINISTIC_SCHEDULING = self._deterministic


class DrivenHost(NamedTuple):
    """How to make a host's driver, and the host that can be run one step at a time and whose tasks are the same."""

    make: Callable[[], Driver]
    stepped_as: str


DRIVEN: dict[str, DrivenHost] = {
    "asyncio": DrivenHost(AsyncioDriver, "asyncio"),
    "uvloop": DrivenHost(lambda: AsyncioDriver(importlib.import_module("uvloop").new_event_loop), "asyncio"),
    "trio": DrivenHost(TrioDriver, "trio"),
    "flowno": DrivenHost(lambda: importlib.import_module("latchproof.fuzz.flowno_driver").FlownoDriver(), "flowno"),
}
"""The hosts that can be driven one pass at a time, by name."""


def driver_of(host: str) -> DrivenHost:
    """Return the entry of a host; raise TargetError if there is no such host."""
    if host not in DRIVEN:
        raise TargetError(f"{host!r} is not a host that can be driven; there are {', '.join(DRIVEN)}")
    return DRIVEN[host]


def make_driver(host: str) -> Driver:
    """Return a driver for a host; raise TargetError if there is no such host, or if it is not installed."""
    driven = driver_of(host)
    try:
        return driven.make()
    except ModuleNotFoundError as error:
        raise TargetError(f"{host} is not installed here: pip install {host}") from error
