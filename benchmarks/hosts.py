"""The event loops as the workloads see them: run, spawn, let others run, wait for all."""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

Main = Callable[[], Coroutine[Any, Any, Any]]
Cancel = Callable[[], object]


class Host(Protocol):
    """One event loop. `spawn` starts a task and returns what cancels it; `join` waits for all, cancelled or not.

    After `abandon`, `run` returns although tasks are left, by the quickest way that the loop has.
    """

    def run(self, main: Main) -> Any: ...
    async def spawn(self, coro: Coroutine[Any, Any, Any]) -> Cancel: ...
    async def pause(self) -> None: ...
    async def join(self) -> None: ...


class AsyncioHost:
    """asyncio, or uvloop under it."""

    def __init__(self, new_loop: Callable[[], Any] | None = None) -> None:
        self.new_loop = new_loop

    def run(self, main: Main) -> Any:
        import asyncio

        self.tasks: list[asyncio.Task[Any]] = []
        self.sleep = asyncio.sleep
        with asyncio.Runner(loop_factory=self.new_loop) as runner:
            self.loop = runner.get_loop()
            return runner.run(main())

    async def spawn(self, coro: Coroutine[Any, Any, Any]) -> Cancel:
        task = self.loop.create_task(coro)
        self.tasks.append(task)
        return task.cancel

    async def pause(self) -> None:
        await self.sleep(0)

    async def join(self) -> None:
        while not all(task.done() for task in self.tasks):
            await self.pause()
        self.tasks.clear()


class TrioHost:
    """trio. A task that may be cancelled runs in a separate scope."""

    def run(self, main: Main) -> Any:
        import trio

        self.scope = trio.CancelScope
        self.checkpoint = trio.lowlevel.checkpoint
        self.running = 0

        async def guarded() -> Any:
            async with trio.open_nursery() as self.nursery:
                return await main()

        return trio.run(guarded)

    async def spawn(self, coro: Coroutine[Any, Any, Any]) -> Cancel:
        scope = self.scope()

        async def scoped() -> None:
            with scope:
                await coro
            self.running -= 1

        self.running += 1
        self.nursery.start_soon(scoped)
        return scope.cancel

    async def pause(self) -> None:
        await self.checkpoint()
        await (
            self.checkpoint()
        )  # trio runs ready tasks in no particular order: those that were ready before have run now

    async def join(self) -> None:
        while self.running:
            await self.checkpoint()


class FlownoHost:
    """Flowno's event loop."""

    def run(self, main: Main) -> Any:
        from flowno import EventLoop
        from flowno.core.event_loop.primitives import sleep
        from flowno.core.event_loop.selectors import sel
        from flowno.core.event_loop.tasks import TaskCancelled

        self.sleep = sleep
        self.cancelled = TaskCancelled
        self.running = 0
        self.loop = EventLoop()
        on_interrupt = signal.getsignal(signal.SIGINT)
        try:
            return self.loop.run_until_complete(main(), join=True, wait_for_spawned_tasks=False)
        finally:  # Flowno keeps its sockets and its handler
            signal.signal(signal.SIGINT, on_interrupt)
            sel.unregister(self.loop._wakeup_reader)
            self.loop._wakeup_reader.close()
            self.loop._wakeup_writer.close()

    async def spawn(self, coro: Coroutine[Any, Any, Any]) -> Cancel:
        async def counted() -> None:
            try:
                await coro
            except self.cancelled:
                pass
            finally:
                self.running -= 1

        self.running += 1
        return self.loop.create_task(counted()).cancel

    async def pause(self) -> None:
        await self.sleep(0)

    async def join(self) -> None:
        while self.running:
            await self.pause()

    async def abandon(self, cancels: list[Cancel]) -> None:
        for cancel in cancels:
            cancel()
        await self.join()
