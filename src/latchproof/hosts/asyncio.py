"""Parking and waking on asyncio, and on every loop with the same interface, such as uvloop.

A parked task awaits a plain future. Cancelling the task cancels the future at once, so the future shows that its task
is being cancelled before the task has run.
"""

from __future__ import annotations

import asyncio
from asyncio.events import _get_running_loop
from functools import partial
from sys import modules, version_info

from latchproof.hosts import FLOWNO, NestedLoops
from latchproof_spec import step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any, Final

    from latchproof.hosts.interface import Queue
    from latchproof_spec.step import Ending

# The running tasks by their loops; empty in later Pythons, which have no such dict.
_CURRENT_TASKS: Final[dict[asyncio.AbstractEventLoop, object]] = getattr(asyncio.tasks, "_current_tasks", {})

_CREATE_FUTURE: Final = asyncio.BaseEventLoop.create_future


class BrokenBarrierError(step.BrokenBarrierError, asyncio.BrokenBarrierError):
    """The barrier is broken, or was aborted or reset while this task was parked at it."""

    __module__ = "latchproof"

    def __reduce__(self) -> tuple[Callable[..., Exception], tuple[Any, ...]]:
        """Pickle by a function of this module: under its public name stands the class that it derives from."""
        return _broken_barrier_error, self.args


def _broken_barrier_error(*args: object) -> BrokenBarrierError:
    return BrokenBarrierError(*args)


class AsyncioHost(NestedLoops):
    """One asyncio event loop."""

    __slots__ = ("_create_future", "loop")

    name: Final = "asyncio"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError
    asyncio_tasks: Final[Collection[object]] = _CURRENT_TASKS
    current_task = staticmethod(_get_running_loop)  # enough here: a loop that runs has a task or a callback

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Every wait makes a future. Where the loop's would be a plain one, it is made without asking the loop: the call
        # costs a twentieth of a suspension.
        is_plain = getattr(loop.create_future, "__func__", None) is _CREATE_FUTURE
        self._create_future = self._plain_futures() if is_plain else loop.create_future
        self.look_around()

    def is_running_here(self) -> bool:
        return (  # without a method of `NestedLoops`: another call costs a fortieth of a suspension
            _get_running_loop() is self.loop
            and (self.trio_record.name is None if self.trio_record is not None else "trio" not in modules)
            and (self._flowno_task() is None if self._flowno_task is not None else FLOWNO not in modules)
        )

    if version_info >= (3, 12):
        is_here = is_running_here

        def _plain_futures(self) -> Callable[[], asyncio.Future[Ending]]:
            return asyncio.Future  # of the running loop, which is this one; to name it takes time

    else:
        # There _get_running_loop asks the operating system for the process ID, every time. That exactly one asyncio
        # task runs in this process, and that it is one of this loop, is as good for every task. (A coroutine that is
        # driven by hand on another thread meanwhile is mistaken for it; plain calls are not, for they do not ask.)

        def is_here(self) -> bool:
            return (
                self.loop in _CURRENT_TASKS
                and len(_CURRENT_TASKS) == 1
                and (self.trio_record.name is None if self.trio_record is not None else "trio" not in modules)
                and (self._flowno_task() is None if self._flowno_task is not None else FLOWNO not in modules)
            )

        def _plain_futures(self) -> Callable[[], asyncio.Future[Ending]]:
            return partial(asyncio.Future, loop=self.loop)

    def is_closed(self) -> bool:
        return self.loop.is_closed()

    def check_reachable(self) -> None:
        """Do nothing: a loop that is not running wakes its tasks when it runs again."""

    def makes_wakers(self, queue: Queue) -> Callable[[], asyncio.Future[Ending]]:
        return self._create_future

    def wake_all(self, wakers: tuple[asyncio.Future[Ending], ...], endings: Iterable[Ending]) -> None:
        try:
            for waker, ending in zip(wakers, endings, strict=True):
                waker.set_result(ending)
        except BaseException:  # an interrupt: every task must be woken all the same
            for waker, ending in zip(wakers, endings, strict=True):
                if not waker.done():
                    waker.set_result(ending)
            raise

    def withdrawn(self, queue: Queue) -> list[asyncio.Future[Ending]]:
        return [waker for waker in queue if waker.cancelled()]

    async def checkpoint_if_cancelled(self) -> None:
        """Do nothing: an asyncio call is a checkpoint only if it blocks."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Do nothing: an asyncio call is a checkpoint only if it blocks."""
