"""The hosts as the suite sees them: each runs a test, and starts, cancels and settles tasks, so a test is written once.

A test never awaits a task that might not end. It lets everything run until nothing more happens (`settle`) and reads
the task's outcome, so a lost wake-up is a failed assertion and not a hang.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from unittest import mock

import trio
import trio.testing
from flowno.core.event_loop import event_loop as flowno_loop
from flowno.core.event_loop import primitives as flowno_primitives
from flowno.core.event_loop.selectors import sel as flowno_selector
from flowno.core.event_loop.tasks import TaskCancelled

T = TypeVar("T")

WATCHDOG_SECONDS: Final = 20  # no test waits this long: it turns a deadlock into an error


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Ended:
    """The outcome of a task that has neither returned nor failed. Not an enum: mypy would narrow to the first value."""

    NOT: Final[object] = _Named("still running")
    CANCELLED: Final[object] = _Named("cancelled")


class Task:
    """A task of any host, and its outcome: what it returned, the error that it raised, or an `Ended`."""

    def __init__(self) -> None:
        self.outcome: Any = Ended.NOT
        self.cancel: Callable[[], object] = lambda: None


class Host(ABC):
    name: str
    checkpoints = False
    cancelled: type[BaseException]

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    @abstractmethod
    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `main` on a new loop of this host; cancel the tasks that are left at its end."""

    @abstractmethod
    async def pause(self) -> None:
        """Give every task that can run a turn."""

    async def settle(self) -> None:
        """Let tasks run until none can run any more."""
        for _ in range(10):
            await self.pause()

    @abstractmethod
    def _start(self, task: Task, recorded: Coroutine[Any, Any, None]) -> None: ...

    def start(self, coro: Coroutine[Any, Any, object]) -> Task:
        """Start a task without letting it run yet (an eager task runs)."""
        task = Task()
        self.tasks.append(task)
        self._start(task, self._record(task, coro))
        return task

    async def spawn(self, coro: Coroutine[Any, Any, object]) -> Task:
        """Start a task and let it run until it blocks."""
        task = self.start(coro)
        await self.settle()
        return task

    async def spawn_all(self, *coros: Coroutine[Any, Any, object]) -> list[Task]:
        """Start tasks one after another, each when the one before has blocked."""
        return [await self.spawn(coro) for coro in coros]

    def cancel(self, task: Task) -> None:
        """Request the task's cancellation, which the task notices when it runs."""
        task.cancel()

    async def _record(self, task: Task, coro: Coroutine[Any, Any, object]) -> None:
        try:
            task.outcome = await coro
        except self.cancelled:
            task.outcome = Ended.CANCELLED
            raise
        except Exception as error:
            task.outcome = error

    async def _run_and_clean_up(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self.tasks = []
        try:
            return await main()
        finally:
            for task in self.tasks:
                if task.outcome is Ended.NOT:
                    task.cancel()
            await self.settle()


class AsyncioHost(Host):
    cancelled = asyncio.CancelledError

    def __init__(self, name: str, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        super().__init__()
        self.name = name
        self.new_loop = new_loop

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        complaints: list[dict[str, Any]] = []

        async def guarded() -> T:
            asyncio.get_running_loop().set_exception_handler(lambda loop, complaint: complaints.append(complaint))
            async with asyncio.timeout(WATCHDOG_SECONDS):
                return await self._run_and_clean_up(main)

        with asyncio.Runner(loop_factory=self.new_loop) as runner:
            result = runner.run(guarded())
        assert complaints == []  # of callbacks, which asyncio would only log
        return result

    async def pause(self) -> None:
        await asyncio.sleep(0)

    def _start(self, task: Task, recorded: Coroutine[Any, Any, None]) -> None:
        task.cancel = asyncio.get_running_loop().create_task(recorded).cancel


class LoneAsyncioHost(AsyncioHost):
    """asyncio in a program that has imported neither trio nor Flowno."""

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        with mock.patch.dict(sys.modules):
            for name in ("trio", "trio._core._run", "flowno.core.event_loop.event_loop"):
                del sys.modules[name]
            return super().run(main)


class TrioHost(Host):
    name = "trio"
    checkpoints = True
    cancelled = trio.Cancelled

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async def guarded() -> T:
            with trio.fail_after(WATCHDOG_SECONDS):
                return await self._run_and_clean_up(main)

        return trio.run(guarded)

    async def pause(self) -> None:
        await trio.lowlevel.checkpoint()

    async def settle(self) -> None:
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()

    def _start(self, task: Task, recorded: Coroutine[Any, Any, None]) -> None:
        scope = trio.CancelScope()

        async def scoped() -> None:
            with scope:
                await recorded

        task.cancel = scope.cancel
        trio.lowlevel.spawn_system_task(scoped)  # a nursery would wrap what the test raises in a group


class FlownoLoop(flowno_loop.EventLoop):
    """Flowno's loop, except that it ends when all its tasks are parked forever."""

    def has_living_tasks(self) -> bool:
        return bool(self.tasks or self.sleeping or self.waiting_on_network)


def close_flowno(loop: flowno_loop.EventLoop) -> None:
    """Close what a Flowno loop keeps open after it has run."""
    flowno_selector.unregister(loop._wakeup_reader)
    loop._wakeup_reader.close()
    loop._wakeup_writer.close()


def run_flowno(main: Coroutine[Any, Any, T], loop: FlownoLoop) -> T:
    """Run `main` until it ends, as Flowno does."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        return loop.run_until_complete(main, join=True, wait_for_spawned_tasks=False)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, on_interrupt)  # which Flowno forgets
        close_flowno(loop)


class FlownoHost(Host):
    name = "flowno"
    cancelled = TaskCancelled
    loop: FlownoLoop

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self.loop = FlownoLoop()
        return run_flowno(self._run_and_clean_up(main), self.loop)

    async def pause(self) -> None:
        await flowno_primitives.sleep(0)

    def _start(self, task: Task, recorded: Coroutine[Any, Any, None]) -> None:
        task.cancel = self.loop.create_task(recorded).cancel


def new_uvloop() -> asyncio.AbstractEventLoop:
    import uvloop  # which is not there on Windows

    return uvloop.new_event_loop()


def new_eager_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    if sys.version_info >= (3, 12):
        loop.set_task_factory(asyncio.eager_task_factory)
    return loop


class RightAfter:
    """Await `coro`, and call `action` when it has taken effect and before any other task runs.

    That is when it returns, or when it suspends for the first time: trio's calls take effect before that.
    """

    def __init__(self, coro: Coroutine[Any, Any, T], action: Callable[[], object]) -> None:
        self.coro = coro
        self.action = action

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self.coro.__await__()
        try:
            trap = next(steps)
        except StopIteration as stop:
            self.action()
            return stop.value
        self.action()
        try:
            while True:
                trap = steps.send((yield trap))
        except StopIteration as stop:
            return stop.value


async def right_after(coro: Coroutine[Any, Any, T], action: Callable[[], object]) -> T:
    result: T = await RightAfter(coro, action)
    return result


def returned_at_once(coro: Coroutine[Any, Any, T]) -> T:
    """Return what `coro` returns; it must not suspend."""
    try:
        coro.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coro.close()
    raise AssertionError("it suspended")


def on_a_thread(call: Callable[[], T]) -> T:
    """Run `call` on a separate thread; return or raise what it returns or raises."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(call).result()


ASYNCIO: Final = AsyncioHost("asyncio")
LONE_ASYNCIO: Final = LoneAsyncioHost("asyncio alone")
UVLOOP: Final = AsyncioHost("uvloop", new_uvloop)
EAGER_ASYNCIO: Final = AsyncioHost("asyncio eager", new_eager_loop)
TRIO: Final = TrioHost()
FLOWNO: Final = FlownoHost()
