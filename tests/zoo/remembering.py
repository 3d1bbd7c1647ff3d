"""Latches and barriers that remember the task that calls: right ones, and ones that forget to forget it."""

from __future__ import annotations

import asyncio
from typing import Any

import trio

from tests.check import trio_samples
from tests.zoo.correct import FutureBarrier, FutureLatch


class InsideError(RuntimeError):
    """The task waits already."""


class Marking:
    """It marks the task that waits, and refuses a wait of a marked one, which a task that waits cannot make."""

    forgets: type[BaseException] | tuple[()] = ()
    """How a wait ends after which the mark stays."""

    def __init__(self, number: int) -> None:
        super().__init__(number)  # type: ignore[call-arg]
        self._inside: set[Any] = set()

    def _mark(self) -> Any:
        return asyncio.current_task()

    async def wait(self) -> Any:
        mark = self._mark()
        if mark in self._inside:
            raise InsideError("this task waits here already")
        self._inside.add(mark)
        try:
            value = await super().wait()  # type: ignore[misc]
        except self.forgets:
            raise
        except BaseException:
            self._inside.discard(mark)
            raise
        if self.forgets is not Returned:
            self._inside.discard(mark)
        return value


class Returned(BaseException):
    """Stands for no error."""


class MarkingBarrier(Marking, FutureBarrier):
    """Right."""


class MarkingLatch(Marking, FutureLatch):
    """Right."""


class MarkingTrioBarrier(Marking, trio_samples.EventBarrier):
    """Right."""

    def _mark(self) -> Any:
        return trio.lowlevel.current_task()


class ForgetfulBarrier(MarkingBarrier):
    forgets = asyncio.CancelledError


class ForgetfulLatch(MarkingLatch):
    forgets = asyncio.CancelledError


class ForgetfulTrioBarrier(MarkingTrioBarrier):
    forgets = trio.Cancelled


class ForgetsTheFailedBarrier(MarkingBarrier):
    forgets = asyncio.BrokenBarrierError


class ForgetsTheReleasedBarrier(MarkingBarrier):
    forgets = Returned


class ForgetsByNumberBarrier(ForgetfulBarrier):
    def _mark(self) -> Any:
        return id(asyncio.current_task())


class ForgetsByNameBarrier(ForgetfulBarrier):
    def _mark(self) -> Any:
        task = asyncio.current_task()
        assert task is not None
        return task.get_name()


class ForgetsOnTheTaskBarrier(FutureBarrier):
    async def wait(self) -> int:
        task: Any = asyncio.current_task()
        if getattr(task, "waits", False):
            raise InsideError("this task waits here already")
        task.waits = True
        index = await super().wait()
        task.waits = False
        return index
