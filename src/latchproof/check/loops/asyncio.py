"""asyncio's own event loop, one handle at a time."""

from __future__ import annotations

import asyncio
import heapq
import math
import sys
import threading
from asyncio import events
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context
from typing import Any, Self, TypeVarTuple
from weakref import WeakSet

from latchproof.check.history import named
from latchproof.check.loops.asyncio_faults import wait_for_watched
from latchproof.check.loops.interface import Script, close
from latchproof.check.loops.virtual_time import VirtualClock, VirtualTime
from latchproof.check.sandbox.interrupts import is_targets_own

Given = TypeVarTuple("Given")


class StepLoop(asyncio.BaseEventLoop):
    """asyncio's event loop with its tasks, futures and first-in first-out ready queue, and with a virtual clock.

    >>> loop = StepLoop()
    >>> loop.call_later(3600, print, "an hour later")  # doctest: +ELLIPSIS
    <TimerHandle ...>
    >>> loop.run_one()
    an hour later
    True
    >>> loop.finish()
    """

    task_class: type[asyncio.Task[Any]] = asyncio.Task
    cancelled: type[BaseException] = asyncio.CancelledError
    groups_cancellations = False
    cancels_running = True
    cancellation_lasts = False

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _asyncgens: WeakSet[AsyncGenerator[Any, Any]]
    _asyncgen_firstiter_hook: Callable[[AsyncGenerator[Any, Any]], None]
    _check_closed: Callable[[], None]
    _thread_id: int | None

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self._script: Script | None = None
        self._tasks_made: list[asyncio.Task[Any]] = []
        self._paused: dict[asyncio.Task[None], asyncio.Future[None]] = {}
        self._thread_id = threading.get_ident()  # it counts as running from the start

    def run(self, script: Script) -> None:
        running, hooks = events._get_running_loop(), sys.get_asyncgen_hooks()
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
        self._script = script
        try:
            with wait_for_watched(script.host_fault):
                self._run(script)
        finally:
            sys.set_asyncgen_hooks(*hooks)
            events._set_running_loop(running)

    def _run(self, script: Script) -> None:
        script.begin()
        while script.before():
            try:
                ran = self.run_one()
            except (SystemExit, KeyboardInterrupt) as error:  # asyncio lets them through
                if not is_targets_own(error):
                    raise
                script.stray(named(error))
                ran = True
            script.after(ran=ran)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return StepLoop._make_task(self, coroutine)

    def cancel(self, handle: asyncio.Task[None]) -> None:
        handle.cancel()

    def scope(self, handle: asyncio.Task[None]) -> AbstractContextManager[None]:
        return nullcontext()

    def recover(self, handle: asyncio.Task[None]) -> bool:
        while handle.cancelling():
            handle.uncancel()
        return not handle._must_cancel  # type: ignore[attr-defined]

    async def pause(self, handle: asyncio.Task[None]) -> None:
        self._paused[handle] = self.create_future()
        await self._paused[handle]

    def resume(self, handle: asyncio.Task[None]) -> None:
        self._paused.pop(handle).set_result(None)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task for the target, unless the target has set a factory of its own."""
        if self.get_task_factory() is not None:
            return super().create_task(coro, **options)
        return self._make_task(coro, **options)

    def _make_task(self, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task and note it, so that none is left suspended at the end."""
        task = self.task_class(coroutine, loop=self, **options)
        self._tasks_made.append(task)
        return task

    def _asyncgen_finalizer_hook(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Close a dropped async generator in a task, as asyncio does, unless the run is over."""
        self._asyncgens.discard(generator)
        if self._script is not None:
            self.call_soon(self._close, generator)

    def _close(self, generator: AsyncGenerator[Any, Any]) -> None:
        self.create_task(_closed(generator))

    @property
    def now(self) -> float:
        return self.clock.now

    def time(self) -> float:
        return self.clock.now

    def call_soon(
        self, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a callback as asyncio does, without the checks of its debug mode."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # what is reported when futures and tasks are collected comes at a time that no schedule controls
        if self._script is not None and error is not None and "never retrieved" not in context.get("message", ""):
            self._script.stray(named(error))

    def _write_to_self(self) -> None:
        """Do nothing: there is no selector to wake."""

    @property
    def waiting(self) -> tuple[int, int]:
        return len(self._ready), len(self._scheduled)

    def can_run(self) -> bool:
        return bool(self._ready or self.has_timer())

    def has_timer(self) -> bool:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        return bool(self._scheduled)

    @property
    def next_timer(self) -> float:
        return self._scheduled[0].when() if self.has_timer() else math.inf

    def run_one(self) -> bool:
        """Run the next handle, at the time of the next timer if none is ready; return False if it was cancelled."""
        self.has_timer()  # when it drops cancelled ones decides the order of equal ones, so it does before each step
        if not self._ready:
            self.let_time_pass()
        handle = self._ready.popleft()
        if handle.cancelled():
            return False
        handle._run()
        return True

    def let_time_pass(self) -> None:
        if not self.has_timer():  # which also drops cancelled ones
            return
        self.clock.advance(self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self.now:
            self._ready.append(heapq.heappop(self._scheduled))

    @property
    def state(self) -> tuple[Any, ...]:
        return self._ready, self._scheduled, self.clock.state

    def orders(self) -> tuple[tuple[Any, ...], ...]:
        return (self.state,)

    def parts(self) -> dict[type, Callable[[Any], tuple[object, ...]]]:
        return {
            StepLoop: lambda loop: (),
            asyncio.TimerHandle: lambda timer: (
                timer.cancelled(),
                timer._callback,
                timer._args,
                timer._context,
                # how long ago a timer was due does not matter
                timer.when() > self.now and self.clock.distance(timer.when()),
            ),
            VirtualTime: lambda time: (self.clock.distance(time),),
        }

    def steps_before(self, handle: asyncio.Task[None]) -> int | None:
        waiter = handle._fut_waiter  # type: ignore[attr-defined]
        if waiter is not None and not (type(waiter) in PLAIN_FUTURES and waiter.done()):
            return None  # it is cancelled, too, which makes its task ready or runs code of its own
        return next((number for number, one in enumerate(self._ready) if _task_of(one) is handle), None)

    def held_without(self, handle: asyncio.Task[None]) -> Iterator[object]:
        yield from (one for one in self._ready if _task_of(one) is not handle)
        yield from self._scheduled

    def task_of(self, handle: Any) -> object:
        return handle

    def coroutine_of(self, handle: asyncio.Task[None]) -> object:
        return handle.get_coro()

    def finish(self) -> None:
        self._script = None
        try:
            for task in self._tasks_made:
                if not task.done():
                    close(task.get_coro())
        finally:  # what a task does then may not end
            self._thread_id = None
            self._tasks_made.clear()
            self.close()


def _task_of(handle: asyncio.Handle) -> object:
    """Return the task whose step a handle is; None if it is something else."""
    return getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]


async def _closed(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()


class _Numbered:
    number: int

    def __new__(cls, *_: Any, loop: NumberedStepLoop, **__: Any) -> Self:
        made = super().__new__(cls)
        made.number = loop.number()
        return made

    def __hash__(self) -> int:
        return self.number


class _NumberedFuture(_Numbered, asyncio.Future[Any]):
    """A future that is hashed by its number."""


class _NumberedTask(_Numbered, asyncio.Task[Any]):
    """A task that is hashed by its number."""


PLAIN_FUTURES = (asyncio.Future, asyncio.Task, _NumberedFuture, _NumberedTask)
"""Types of futures whose cancellation does nothing once they are done; another class may do more."""


class NumberedStepLoop(StepLoop):
    """A step loop whose futures and tasks are hashed by their number, so that sets of them are always in one order.

    By default they are hashed by their addresses, and no run of a class that iterates over such a set can be repeated.
    """

    task_class = _NumberedTask

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    def create_future(self) -> asyncio.Future[Any]:
        return _NumberedFuture(loop=self)

    @property
    def state(self) -> tuple[Any, ...]:
        return *super().state, self._number

    def number(self) -> int:
        """Return the next number."""
        self._number += 1
        return self._number


class _Eager(StepLoop):
    """Makes the tasks that the target starts eager, as asyncio.eager_task_factory does: they begin at once."""

    def _make_task(self, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        return super()._make_task(coroutine, **{**options, "eager_start": True})


class EagerStepLoop(_Eager):
    """A step loop with eager tasks."""


class EagerNumberedStepLoop(_Eager, NumberedStepLoop):
    """A step loop with eager tasks whose futures and tasks are hashed by their number."""
