"""Latches and barriers that are correct, each in another way. A verdict that one of them is faulty is wrong.

Right means under the policy `latchproof`: a cancelled waiter withdraws, indices are given by order of arrival, abort
and reset reach the parked only, `n_waiting` counts the parked of the filling generation only, `set_count` refuses while
tasks are parked, and over-counting is ignored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")


class LatchInUseError(RuntimeError):
    """Tasks are parked on the latch."""


class Generation:
    """What the parties of one generation share: their arrivals, in order, and how it ended."""

    def __init__(self) -> None:
        self.arrivals: list[object] = []
        self.failed = False
        self.event = asyncio.Event()
        self.permits = asyncio.Semaphore(0)


class FutureBarrier:
    """A future for each waiter; the task that completes the generation gives each its index."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.broken = False
        self._futures: list[asyncio.Future[int]] = []

    @property
    def n_waiting(self) -> int:
        return len(self._parked())

    def _parked(self) -> list[asyncio.Future[int]]:
        return [future for future in self._futures if not future.done()]

    async def wait(self) -> int:
        if self.broken:
            raise asyncio.BrokenBarrierError("broken")
        parked = self._parked()
        if len(parked) + 1 == self.parties:
            self._trip(parked)
            return self.parties - 1
        return await self._park()

    async def _park(self) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            return await future
        finally:
            if future in self._futures:
                self._futures.remove(future)

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        for index, future in enumerate(parked):
            future.set_result(index)

    def _fail(self) -> None:
        for future in self._parked():
            future.set_exception(asyncio.BrokenBarrierError("aborted or reset"))

    async def abort(self) -> None:
        self._fail()
        self.broken = True

    async def reset(self) -> None:
        self._fail()
        self.broken = False


class EventBarrier:
    """An object for each generation, with an event that all of it wait for."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.broken = False
        self._generation = Generation()

    @property
    def n_waiting(self) -> int:
        return len(self._generation.arrivals)

    async def wait(self) -> int:
        if self.broken:
            raise asyncio.BrokenBarrierError("broken")
        return await self._arrive()

    async def _arrive(self) -> int:
        generation, arrival = self._generation, object()
        generation.arrivals.append(arrival)
        if len(generation.arrivals) == self.parties:
            self._turn(failed=False)
            return self.parties - 1
        try:
            await self._parked(generation)
        except asyncio.CancelledError:
            if generation is self._generation:
                generation.arrivals.remove(arrival)
            raise
        if generation.failed:
            raise asyncio.BrokenBarrierError("aborted or reset")
        return generation.arrivals.index(arrival)

    async def _parked(self, generation: Generation) -> None:
        await generation.event.wait()

    def _turn(self, *, failed: bool) -> None:
        self._generation.failed = failed
        self._generation.event.set()
        self._generation = Generation()

    async def abort(self) -> None:
        self._turn(failed=True)
        self.broken = True

    async def reset(self) -> None:
        self._turn(failed=True)
        self.broken = False


class SemaphoreBarrier(EventBarrier):
    """A semaphore for each generation: whatever permits cancelled parties leave behind go with it."""

    async def _parked(self, generation: Generation) -> None:
        await generation.permits.acquire()

    def _turn(self, *, failed: bool) -> None:
        self._generation.failed = failed
        for _ in self._generation.arrivals:
            self._generation.permits.release()
        self._generation = Generation()


class PollingBarrier(EventBarrier):
    """Parks by asking again and again. It never rests while anybody is parked."""

    async def _parked(self, generation: Generation) -> None:
        while generation is self._generation:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)


class SleepingBarrier(EventBarrier):
    """Asks again now and then."""

    async def _parked(self, generation: Generation) -> None:
        while generation is self._generation:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0.01)


class ConditionBarrier:
    """The textbook's: a condition, and a predicate that is about the waiter's own generation."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.broken = False
        self._turned = asyncio.Condition()
        self._generation = Generation()

    @property
    def n_waiting(self) -> int:
        return len(self._generation.arrivals)

    async def wait(self) -> int:
        async with self._turned:
            if self.broken:
                raise asyncio.BrokenBarrierError("broken")
            generation, arrival = self._generation, object()
            generation.arrivals.append(arrival)
            if len(generation.arrivals) == self.parties:
                self._turn(failed=False)
                return self.parties - 1
            try:
                await self._turned.wait_for(lambda: generation is not self._generation)
            except asyncio.CancelledError:
                if generation is self._generation:
                    generation.arrivals.remove(arrival)
                raise
            if generation.failed:
                raise asyncio.BrokenBarrierError("aborted or reset")
            return generation.arrivals.index(arrival)

    def _turn(self, *, failed: bool) -> None:
        self._generation.failed = failed
        self._generation = Generation()
        self._turned.notify_all()

    async def abort(self) -> None:
        async with self._turned:
            self._turn(failed=True)
            self.broken = True

    async def reset(self) -> None:
        async with self._turned:
            self._turn(failed=True)
            self.broken = False


class DrainingBarrier(FutureBarrier):
    """Lets no task arrive at the next generation before the last has left: a slower barrier, and a correct one."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._draining = 0
        self._doors: list[asyncio.Future[None]] = []

    async def wait(self) -> int:
        while self._draining:
            await self._at_the_door()
        return await super().wait()

    async def _at_the_door(self) -> None:
        door: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._doors.append(door)
        try:
            await door
        finally:
            self._doors.remove(door)

    async def _park(self) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            return await future
        finally:
            self._futures.remove(future)
            if future.done() and not future.cancelled() and future.exception() is None:
                self._leave()

    def _leave(self) -> None:
        self._draining -= 1
        if not self._draining:
            for door in self._doors:
                if not door.done():
                    door.set_result(None)

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._draining = len(parked)
        super()._trip(parked)


class CallSoonBarrier(FutureBarrier):
    """Decides at once, and leaves it to a callback to wake those who are released."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._released: list[asyncio.Future[int]] = []

    def _parked(self) -> list[asyncio.Future[int]]:
        return [future for future in super()._parked() if future not in self._released]

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._released += parked
        asyncio.get_running_loop().call_soon(self._wake, parked)

    def _wake(self, parked: list[asyncio.Future[int]]) -> None:
        for index, future in enumerate(parked):
            self._released.remove(future)
            if not future.done():
                future.set_result(index)


class ChainBarrier(FutureBarrier):
    """Each task that wakes wakes the next: also a cancelled one, and past those that are already cancelled."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._released: list[list[tuple[int, asyncio.Future[int]]]] = []

    def _parked(self) -> list[asyncio.Future[int]]:
        released = [future for chain in self._released for _, future in chain]
        return [future for future in super()._parked() if future not in released]

    async def _park(self) -> int:
        try:
            return await super()._park()
        finally:
            self._wake_next()

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._released.append(list(enumerate(parked)))
        self._wake_next()

    def _wake_next(self) -> None:
        while self._released:
            chain = self._released[0]
            while chain:
                index, future = chain.pop(0)
                if not future.done():
                    future.set_result(index)
                    return
            self._released.pop(0)


class SuspendingBarrier:
    """Lets others run before and after everything that it does."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._inner = FutureBarrier(parties)

    @property
    def n_waiting(self) -> int:
        return self._inner.n_waiting

    @property
    def broken(self) -> bool:
        return self._inner.broken

    async def wait(self) -> int:
        return await _between_pauses(self._inner.wait)

    async def abort(self) -> None:
        await _between_pauses(self._inner.abort)

    async def reset(self) -> None:
        await _between_pauses(self._inner.reset)


async def _between_pauses(call: Callable[[], Awaitable[Result]]) -> Result:
    await asyncio.sleep(0)
    result = await call()
    await asyncio.sleep(0)
    return result


class BareBarrier:
    """No abort, no reset, nothing to read, and one future that the whole generation waits for behind a shield."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._arrivals: list[object] = []
        self._gate: asyncio.Future[list[object]] | None = None

    async def wait(self) -> int:
        arrival = object()
        self._arrivals.append(arrival)
        if len(self._arrivals) == self.parties:
            if self._gate is not None:
                self._gate.set_result(self._arrivals)
            self._arrivals, self._gate = [], None
            return self.parties - 1
        if self._gate is None:
            self._gate = asyncio.get_running_loop().create_future()
        gate = self._gate
        try:
            return (await asyncio.shield(gate)).index(arrival)
        except asyncio.CancelledError:
            if not gate.done():
                self._arrivals.remove(arrival)
            raise


class LoopBarrier(FutureBarrier):
    """Can be made only where an event loop runs; abort and reset are announced, and not there."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._loop = asyncio.get_running_loop()

    async def abort(self) -> None:
        raise NotImplementedError

    async def reset(self) -> None:
        raise NotImplementedError


class NamedBarrier(EventBarrier):
    """Its constructor also wants a name."""

    def __init__(self, name: str, parties: int) -> None:
        super().__init__(parties)
        self.name = name


def make_named_barrier(parties: int) -> NamedBarrier:
    """A factory."""
    return NamedBarrier("gate", parties)


class PlainBarrier:
    """abort and reset are plain methods."""

    def __init__(self, parties: int) -> None:
        self._futures: dict[asyncio.Future[int], None] = {}
        self.parties = parties
        self.broken = False

    def n_waiting(self) -> int:
        return len(self._futures)

    async def wait(self) -> int:
        if self.broken:
            raise asyncio.BrokenBarrierError("broken")
        if len(self._futures) + 1 == self.parties:
            for index, future in enumerate(self._futures):
                # one that is cancelled and has not run yet counts as having arrived, and as released
                if not future.done():
                    future.set_result(index)
            self._futures.clear()
            return self.parties - 1
        future = asyncio.get_running_loop().create_future()
        self._futures[future] = None
        try:
            return await future
        finally:
            self._futures.pop(future, None)

    def abort(self) -> None:
        self.reset()
        self.broken = True

    def reset(self) -> None:
        for future in self._futures:
            if not future.done():
                future.set_exception(asyncio.BrokenBarrierError("aborted or reset"))
        self._futures.clear()
        self.broken = False


class FutureLatch:
    """A future for each waiter."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._futures: list[asyncio.Future[None]] = []

    def _parked(self) -> list[asyncio.Future[None]]:
        return [future for future in self._futures if not future.done()]

    async def wait(self) -> None:
        if self.count > 0:
            await self._park()

    async def _park(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            await future
        finally:
            self._futures.remove(future)

    async def count_down(self) -> None:
        if self.count > 0:
            self.count -= 1
            if self.count == 0:
                self._open()

    def _open(self) -> None:
        for future in self._parked():
            future.set_result(None)

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        if self._parked():
            raise LatchInUseError("tasks are parked")
        self.count = n


class ErrorLatch(FutureLatch):
    """Over-counting raises if it is asked to."""

    async def count_down(self, exception_if_zero: bool = False) -> None:
        if exception_if_zero and self.count == 0:
            raise RuntimeError("zero already")
        await super().count_down()


class Gate:
    """What those who wait for the same opening share."""

    def __init__(self) -> None:
        self.parked = 0
        self.event = asyncio.Event()
        self.permits = asyncio.Semaphore(0)


class EventLatch:
    """A gate that is thrown away when it opens, so that arming the latch again cannot shut it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._gate = Gate()

    def count(self) -> int:
        return self._count

    async def wait(self) -> bool:
        if self._count > 0:
            gate = self._gate
            gate.parked += 1
            try:
                await self._pass(gate)
            finally:
                gate.parked -= 1
        return True

    async def _pass(self, gate: Gate) -> None:
        await gate.event.wait()

    async def count_down(self) -> None:
        if self._count == 1:
            self._open(self._gate)
            self._gate = Gate()
        self._count = max(0, self._count - 1)

    def _open(self, gate: Gate) -> None:
        gate.event.set()

    async def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        if self._gate.parked:
            raise LatchInUseError("tasks are parked")
        self._count = n


class SemaphoreLatch(EventLatch):
    """A permit for each of the parked, at a gate of their own."""

    async def _pass(self, gate: Gate) -> None:
        await gate.permits.acquire()

    def _open(self, gate: Gate) -> None:
        for _ in range(gate.parked):
            gate.permits.release()


class PollingLatch(EventLatch):
    """Parks by asking again and again."""

    async def _pass(self, gate: Gate) -> None:
        while gate is self._gate:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)


class ConditionLatch:
    """A condition, and a predicate that is about the waiter's own round."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._round = 0
        self._parked = 0
        self._opened = asyncio.Condition()

    async def wait(self) -> None:
        async with self._opened:
            if self.count == 0:
                return
            mine = self._round
            self._parked += 1
            try:
                await self._opened.wait_for(lambda: self._round != mine)
            finally:
                if self._round == mine:
                    self._parked -= 1

    async def count_down(self) -> None:
        async with self._opened:
            if self.count == 1:
                self._round += 1
                self._parked = 0
                self._opened.notify_all()
            self.count = max(0, self.count - 1)

    async def set_count(self, n: int) -> None:
        async with self._opened:
            if n < 0:
                raise ValueError("negative")
            if self._parked:
                raise LatchInUseError("tasks are parked")
            self.count = n


class SuspendingLatch:
    """Lets others run before and after everything that it does."""

    def __init__(self, count: int) -> None:
        self._inner = ErrorLatch(count)

    @property
    def count(self) -> int:
        return self._inner.count

    async def wait(self) -> None:
        await _between_pauses(self._inner.wait)

    async def count_down(self, exception_if_zero: bool = False) -> None:
        await _between_pauses(lambda: self._inner.count_down(exception_if_zero))


class PlainLatch:
    """Everything but wait is a plain method, and the waiters wait for an event behind the latch."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._opened = asyncio.Event()
        if count == 0:
            self._opened.set()

    async def wait(self) -> None:
        await self._opened.wait()

    def count_down(self) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self._opened.set()


class BareLatch:
    """No set_count, no count to read: a chain in which each task that wakes wakes the next."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._chain: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        if self._left:
            link: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._chain.append(link)
            try:
                await link
            finally:
                self._chain.remove(link)
                if not self._left:
                    self._wake_next()

    def _wake_next(self) -> None:
        for link in self._chain:
            if not link.done():
                link.set_result(None)
                return

    def count_down(self) -> None:
        if self._left:
            self._left -= 1
            if not self._left:
                self._wake_next()


BARRIERS = (
    FutureBarrier,
    EventBarrier,
    SemaphoreBarrier,
    ConditionBarrier,
    DrainingBarrier,
    CallSoonBarrier,
    ChainBarrier,
    SuspendingBarrier,
    BareBarrier,
    PlainBarrier,
    LoopBarrier,
    make_named_barrier,
    PollingBarrier,
    SleepingBarrier,
)
LATCHES = (
    FutureLatch,
    ErrorLatch,
    EventLatch,
    SemaphoreLatch,
    ConditionLatch,
    SuspendingLatch,
    PlainLatch,
    BareLatch,
    PollingLatch,
)
