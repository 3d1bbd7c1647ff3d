"""Java's `CyclicBarrier`, for the tasks of asyncio, and the same with one difference each.

It decides as OpenJDK's `CyclicBarrier.dowait` does, in that order: a broken barrier refuses; an interrupt that is
pending breaks the barrier before the caller is counted, whatever the number of parties; then the caller is counted, and
either trips or parks; an interrupt or a timeout while it is parked breaks the barrier; after the trip nothing does.
"""

from __future__ import annotations

import asyncio


class BrokenBarrierError(RuntimeError):
    """As Java's BrokenBarrierException."""


class _Generation:
    """What the tasks of one generation share."""

    def __init__(self) -> None:
        self.is_broken = False
        self.tripped = asyncio.Event()


class CyclicBarrier:
    """Java's. A cancellation stands for its interrupts; it has no `abort`."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._begin()

    def _begin(self) -> None:
        self._generation = _Generation()
        self._waiting = 0

    def _break(self) -> None:
        self._generation.is_broken = True
        self._waiting = 0
        self._generation.tripped.set()

    def _heed_cancellation(self) -> None:
        """Break the barrier if the caller is cancelled already."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            self._break()
            raise asyncio.CancelledError

    def _index(self) -> int:
        """Return the index of a task that has just been counted."""
        return self._parties - self._waiting

    async def wait(self, seconds: float | None = None) -> int:
        generation = self._generation
        if generation.is_broken:
            raise BrokenBarrierError
        self._heed_cancellation()
        self._waiting += 1
        index = self._index()
        if self._waiting == self._parties:
            generation.tripped.set()
            self._begin()
            return index
        try:
            async with asyncio.timeout(seconds):
                await generation.tripped.wait()
        except (asyncio.CancelledError, TimeoutError):
            if generation is self._generation and not generation.is_broken:
                self._break()
            raise
        if generation.is_broken:
            raise BrokenBarrierError
        return index

    async def reset(self) -> None:
        self._break()
        self._begin()

    @property
    def n_waiting(self) -> int:
        return self._waiting

    @property
    def broken(self) -> bool:
        return self._generation.is_broken


class Heedless(CyclicBarrier):
    """Counts a caller that is cancelled already, as if it were not."""

    def _heed_cancellation(self) -> None:
        pass


class Alone(CyclicBarrier):
    """Heeds an early cancellation only if the caller would have to park: one party alone never breaks it."""

    def _heed_cancellation(self) -> None:
        if self._waiting + 1 < self._parties:
            super()._heed_cancellation()


class Lenient(CyclicBarrier):
    """Lets a caller that is cancelled already leave, and does not break the barrier."""

    def _heed_cancellation(self) -> None:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError


class Sleepy(CyclicBarrier):
    """Lets the loop tell of a cancellation, as a class that knows nothing of tasks does."""

    async def wait(self, seconds: float | None = None) -> int:
        if self.broken:
            raise BrokenBarrierError
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self.broken:
                self._break()
            raise
        return await super().wait(seconds)


class InOrder(CyclicBarrier):
    """Gives its indices in order of arrival."""

    def _index(self) -> int:
        return self._waiting - 1


class HeedlessInOrder(Heedless, InOrder):
    """A cancelled waiter breaks it, but only once it is counted: aiologic's policy."""
