"""Real event loops, run a pass at a time: what a test that decides as it goes needs of a host.

A pass lets every task that is ready run once. Between two passes tasks are made and cancelled. The loops are the hosts'
own: asyncio's and uvloop's are stopped after each pass, Flowno's returns when a task that does nothing has had its
turn, and trio's is a guest of a queue of callbacks.
"""

from __future__ import annotations

import contextlib
import importlib
import queue
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol

from latchproof.check.target import TargetError

HOSTS = ("asyncio", "uvloop", "trio", "flowno")


PASSES_TO_END = 20
"""So many passes are granted to tasks that were cancelled when a loop is closed."""


class Driver(Protocol):
    """A host's event loop under the control of a test."""

    cancelled: type[BaseException]
    """What a cancelled task's call raises."""

    groups_cancellations: bool
    """Whether a group of nothing but that is a cancellation too."""

    strays: list[str]
    """The errors that reached the loop and no call, in the order in which they did; on trio and Flowno they end it."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        """Make a task; it takes its first step in the next pass. The handle is for `cancel`."""

    def cancel(self, handle: Any) -> None:
        """Request the task's cancellation."""

    def run_pass(self) -> list[str]:
        """Let every task that is ready run once; what that is in the words of a schedule."""

    def close(self) -> None:
        """End every task and the loop."""


class AsyncioDriver:
    """asyncio's own event loop, or uvloop's."""

    def __init__(self, make_loop: Callable[[], Any] | None = None) -> None:
        import asyncio

        self.cancelled: type[BaseException] = asyncio.CancelledError
        self.groups_cancellations = False
        self.strays: list[str] = []
        self._loop = asyncio.new_event_loop() if make_loop is None else make_loop()
        self._loop.set_exception_handler(self._note)
        self._tasks: list[Any] = []

    def _note(self, loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # what is said of futures and tasks that are collected is said at a time that nobody controls
        if error is not None and "never retrieved" not in context.get("message", ""):
            self.strays.append(f"{type(error).__name__}: {error}")

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        task = self._loop.create_task(coroutine)
        self._tasks.append(task)
        return task

    def cancel(self, handle: Any) -> None:
        handle.cancel()

    def run_pass(self) -> list[str]:
        ready = getattr(self._loop, "_ready", None)  # uvloop does not show it
        words = ["pass"] if ready is None else ["run"] * len(ready)
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()
        return words

    def close(self) -> None:
        # a task may suspend in its clean-up, or ignore its cancellation altogether: it is not waited for for ever
        for _ in range(PASSES_TO_END):
            unfinished = [task for task in self._tasks if not task.done()]
            if not unfinished:
                break
            for task in unfinished:
                task.cancel()
            self.run_pass()
        for task in self._tasks:
            if task.done():
                task.cancelled() or task.exception()
            else:
                task._log_destroy_pending = False
        self._loop.close()


class FlownoDriver:
    """Flowno's own event loop."""

    def __init__(self) -> None:
        from flowno.core.event_loop.event_loop import EventLoop
        from flowno.core.event_loop.selectors import sel
        from flowno.core.event_loop.tasks import TaskCancelled

        self.cancelled: type[BaseException] = TaskCancelled
        self.groups_cancellations = False
        self.strays: list[str] = []
        self._loop = EventLoop()
        self._selector = sel
        self._handles: list[Any] = []

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        handle = self._loop.create_task(coroutine)
        self._handles.append(handle)
        return handle

    def cancel(self, handle: Any) -> None:
        handle.cancel()

    def run_pass(self) -> list[str]:
        words = ["run"] * len(self._loop.tasks)
        with _signals_kept():
            self._loop.run_until_complete(_nothing(), wait_for_spawned_tasks=False)
        self._selector.unregister(self._loop._wakeup_reader)  # each run registers it, and none takes it back
        return words

    def close(self) -> None:
        for handle in self._handles:
            handle.cancel()
        for _ in range(3):
            self.run_pass()
        for end in (self._loop._wakeup_reader, self._loop._wakeup_writer):
            end.close()


class TrioDriver:
    """trio, as a guest of a host loop that is nothing but a queue of callbacks.

    trio runs the tasks that are ready in an order that it shuffles. For a test to be repeatable, its source of
    randomness is seeded, and it is told to start from an order that does not depend on addresses; this
    touches trio's internals in the way that its own plugin for pytest does.
    """

    def __init__(self) -> None:
        import trio

        from latchproof.check.loops.trio import abandon, describe_internal

        self.cancelled: type[BaseException] = trio.Cancelled
        self.groups_cancellations = True
        self.strays: list[str] = []
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
        trio.lowlevel.start_guest_run(
            self._main,
            run_sync_soon_threadsafe=self._callbacks.put,
            done_callback=self._finished,
            host_uses_signal_set_wakeup_fd=True,
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
        elif not self._closing:  # from here on nothing would happen, and so nothing be found
            self.strays.append(f"trio's run ended, with {type(error).__name__}: {error}")

    def _until(self, reached: Callable[[], bool]) -> None:
        while not (self._done or reached()):
            self._callbacks.get()()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        scope = self._trio.CancelScope()

        async def in_scope() -> None:
            with scope:
                await coroutine

        if not self._start(in_scope):
            coroutine.close()
        return scope

    def _start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Start a task. Where an error of another has closed the nursery, have trio come to its end instead."""
        try:
            self._nursery.start_soon(function)
        except RuntimeError:
            self._until(lambda: self._done)
            return False
        return True

    def cancel(self, handle: Any) -> None:
        try:
            handle.cancel()
        except self._trio.TrioInternalError as error:  # the target's abort function is none
            self.strays.append(self._describe(error))
            self._make_abortable()

    def _make_abortable(self) -> None:
        """Let every task be cancelled, whatever the target's abort functions would do."""
        for task in self._nursery.child_tasks:
            if task._abort_func is not None:
                task._abort_func = lambda _: self._trio.lowlevel.Abort.SUCCEEDED
                task._attempt_delivery_of_any_pending_cancel()

    def run_pass(self) -> list[str]:
        if self._done:
            return ["pass"]
        turns: list[None] = []

        async def take_a_turn() -> None:
            turns.append(None)

        if self._start(take_a_turn):
            self._until(lambda: bool(turns))
        return ["pass"]

    def close(self) -> None:
        self._closing = True
        if not self._done:
            try:
                self._nursery.cancel_scope.cancel()
            except self._trio.TrioInternalError:
                self._make_abortable()
            self._until(lambda: self._done)
        self._run._ALLOW_DETERMINISTIC_SCHEDULING = self._deterministic


def make_driver(host: str) -> Driver:
    """A driver for a host by its name.

    Raises TargetError if there is no such host, or if it is not installed.
    """
    if host not in HOSTS:
        raise TargetError(f"{host!r} is no host that can be driven; there are {', '.join(HOSTS)}")
    try:
        if host == "asyncio":
            return AsyncioDriver()
        if host == "trio":
            return TrioDriver()
        if host == "flowno":
            return FlownoDriver()
        import uvloop

        return AsyncioDriver(uvloop.new_event_loop)
    except ModuleNotFoundError as error:
        raise TargetError(f"{host} is not installed here: pip install {host}") from error


async def _nothing() -> None:
    """What takes a turn."""


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Flowno's loop takes over SIGINT, SIGTERM and SIGUSR1 while it runs, and leaves them at their defaults."""
    names = [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1]
    before = [(name, signal.getsignal(name)) for name in names]
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for name, handler in before:
                signal.signal(name, handler)
