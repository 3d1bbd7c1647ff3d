"""Latches that poll with a timer: right ones, in several spellings for each host, and wrong ones."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, ClassVar

import trio


class _Polling:
    """Waits for an event of the host."""

    make_event: ClassVar[Any]

    def __init__(self, count: int) -> None:
        self.count = count
        self._open = self.make_event()
        if not count:
            self._open.set()

    def count_down(self) -> None:
        if self.count:
            self.count -= 1
            if not self.count:
                self._open.set()


class ByTheSystemsClock:
    """Right, and slow: it opens half a second after the last count_down()."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._opens_at = 0.0

    def count_down(self) -> None:
        if self.count:
            self.count -= 1
            self._opens_at = time.monotonic() + 0.5

    async def wait(self) -> None:
        while self.count or time.monotonic() < self._opens_at:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class OnTrio(_Polling):
    """Right: it looks again each second."""

    make_event = trio.Event

    async def wait(self) -> None:
        while not self._open.is_set():
            with trio.move_on_after(1):
                await self._open.wait()


class ByDeadlineOnTrio(OnTrio):
    """Right: it computes each deadline, a tenth of a second ahead, by trio's clock."""

    async def wait(self) -> None:
        while not self._open.is_set():
            with trio.move_on_at(trio.current_time() + 0.1):
                await self._open.wait()


class SleepsOnTrio(OnTrio):
    """Right: it sleeps a tenth of a second between two looks."""

    async def wait(self) -> None:
        while not self._open.is_set():  # noqa: ASYNC110 - it is to poll
            await trio.sleep(0.1)


class LooksOnceOnTrio(OnTrio):
    """Faulty: it looks again once, and then returns."""

    async def wait(self) -> None:
        for _ in range(2):
            with trio.move_on_after(1):
                await self._open.wait()
                return


class LosesASetOnTrio(OnTrio):
    """Faulty: after a second it polls an event of its own, which nothing sets."""

    async def wait(self) -> None:
        with trio.move_on_after(1):
            await self._open.wait()
            return
        mine = trio.Event()
        while not mine.is_set():
            with trio.move_on_after(1):
                await mine.wait()


class OnAsyncio(_Polling):
    """Right: it looks again each second."""

    make_event = asyncio.Event

    async def wait(self) -> None:
        while not self._open.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._open.wait()


class WaitsForOnAsyncio(OnAsyncio):
    """Right: it gives the wait a tenth of a second each time."""

    async def wait(self) -> None:
        while not self._open.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._open.wait(), 0.1)


class ByDeadlineOnAsyncio(OnAsyncio):
    """Right: it computes each deadline, a tenth of a second ahead, by the loop's clock."""

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._open.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(loop.time() + 0.1):
                    await self._open.wait()


class LooksOnceOnAsyncio(OnAsyncio):
    """Faulty: it looks again once, and then returns."""

    async def wait(self) -> None:
        for _ in range(2):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._open.wait()
                    return


class LosesASetOnAsyncio(OnAsyncio):
    """Faulty: after a second it polls an event of its own, which nothing sets."""

    async def wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._open.wait()
                return
        mine = asyncio.Event()
        while not mine.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await mine.wait()
