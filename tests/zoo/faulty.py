"""Latches and barriers with one fault each. Most are a right one of `correct.py` with one thing done otherwise."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

from tests.zoo.correct import (
    ChainBarrier,
    DrainingBarrier,
    ErrorLatch,
    EventBarrier,
    EventLatch,
    FutureBarrier,
    FutureLatch,
    Gate,
    Generation,
    LatchInUseError,
)

# ---------------------------------------------------------------------------------------------- barriers


class LappedBarrier(EventBarrier):
    """One event for all generations: a fast task that comes round clears it before a slow one has seen it set."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._tripped = asyncio.Event()

    async def _parked(self, generation: Generation) -> None:
        self._tripped.clear()
        while not self._tripped.is_set():
            await self._tripped.wait()

    def _turn(self, *, failed: bool) -> None:
        super()._turn(failed=failed)
        self._tripped.set()


class LappedPollingBarrier(LappedBarrier):
    """The same, where waiters poll: a task that missed the trip polls for ever."""

    async def _parked(self, generation: Generation) -> None:
        self._tripped.clear()
        while not self._tripped.is_set():  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)


class LappedSleepingBarrier(LappedBarrier):
    """The same, where waiters look now and then."""

    async def _parked(self, generation: Generation) -> None:
        self._tripped.clear()
        while not self._tripped.is_set():  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0.01)


class CountedOutBarrier(EventBarrier):
    """It is open until the last of a generation has left: a task that comes meanwhile passes."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._leaving = 0

    async def _arrive(self) -> int:
        return self._leaving if self._leaving else await super()._arrive()

    async def _parked(self, generation: Generation) -> None:
        try:
            await super()._parked(generation)
        finally:
            if generation is not self._generation and not generation.failed:
                self._leaving -= 1

    def _turn(self, *, failed: bool) -> None:
        super()._turn(failed=failed)
        if not failed:
            self._leaving += self.parties - 1


class WokenBarrier(EventBarrier):
    """`if` instead of `while`: a withdrawal wakes the others to look again, and they do not look."""

    async def _parked(self, generation: Generation) -> None:
        event = generation.event
        try:
            await event.wait()
        except asyncio.CancelledError:
            if generation is self._generation:
                event.set()
                generation.event = asyncio.Event()
            raise


class LiveIndexBarrier(EventBarrier):
    """The index is the number of tasks present on arrival, which a withdrawal gives to another task too."""

    async def wait(self) -> int:
        index = self.n_waiting
        await super().wait()
        return index


class TicketBarrier(EventBarrier):
    """Indices are drawn on arrival and never move up when a task withdraws."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._tickets = 0

    async def wait(self) -> int:
        index = self._tickets
        self._tickets += 1
        await super().wait()
        return index

    def _turn(self, *, failed: bool) -> None:
        self._tickets = 0
        super()._turn(failed=failed)


class StillCountedBarrier(FutureBarrier):
    """A cancelled waiter stays counted towards the trip, though not in n_waiting."""

    @property
    def n_waiting(self) -> int:
        return len(super()._parked())

    def _parked(self) -> list[asyncio.Future[int]]:
        return self._futures

    async def _park(self) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        return await future

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._futures = []
        for index, future in enumerate(parked):
            if not future.done():
                future.set_result(index)

    def _fail(self) -> None:
        for future in self._futures:
            if not future.done():
                future.set_exception(asyncio.BrokenBarrierError)
        self._futures = []


class SharedFlagBarrier(EventBarrier):
    """The woken look at the barrier's flag, not at how their own generation ended."""

    async def wait(self) -> int:
        index = await super().wait()
        if self.broken:
            raise asyncio.BrokenBarrierError
        return index


class ForgetfulResetBarrier(EventBarrier):
    """A reset forgets that there was an abort: the aborted who have not run yet return."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._aborted = Generation()

    async def abort(self) -> None:
        self._aborted = self._generation
        await super().abort()

    async def reset(self) -> None:
        self._aborted.failed = False
        await super().reset()


class StolenTokenBarrier(EventBarrier):
    """A token for each task to be released, and the first task that comes takes it."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._tokens = 0
        self._minted = asyncio.Event()

    async def _parked(self, generation: Generation) -> None:
        while not self._tokens:
            await self._minted.wait()
        self._tokens -= 1

    def _turn(self, *, failed: bool) -> None:
        self._tokens += len(self._generation.arrivals) - (not failed)
        super()._turn(failed=failed)
        self._minted.set()
        self._minted = asyncio.Event()


class LeftTokenBarrier:
    """A semaphore for all generations: the token of a party that is cancelled after the trip is there for the next."""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self._arrivals: list[object] = []
        self._tokens = asyncio.Semaphore(0)

    @property
    def n_waiting(self) -> int:
        return len(self._arrivals)

    async def wait(self) -> int:
        arrivals, arrival = self._arrivals, object()
        arrivals.append(arrival)
        if len(arrivals) == self.parties:
            self._arrivals = []
            for _ in arrivals[1:]:
                self._tokens.release()
        else:
            try:
                await self._tokens.acquire()
            except asyncio.CancelledError:
                if arrivals is self._arrivals:
                    arrivals.remove(arrival)
                raise
        return arrivals.index(arrival)


class SharedFutureBarrier(EventBarrier):
    """One future for the generation, without a shield: the cancellation of one cancels all."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._future: asyncio.Future[None] | None = None

    async def _parked(self, generation: Generation) -> None:
        if self._future is None or self._future.cancelled():
            self._future = asyncio.get_running_loop().create_future()
        await self._future

    def _turn(self, *, failed: bool) -> None:
        super()._turn(failed=failed)
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
        self._future = None


class AloneOnceBarrier(FutureBarrier):
    """With one party it trips once, and stays complete."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._complete = False

    async def wait(self) -> int:
        if self._complete and not self.broken:
            await asyncio.Event().wait()
        index = await super().wait()
        self._complete = self.parties == 1
        return index


class LostSecondCancellationBarrier(EventBarrier):
    """It tidies up after an await, and a second cancellation hits that await."""

    async def _arrive(self) -> int:
        generation, arrival = self._generation, object()
        generation.arrivals.append(arrival)
        if len(generation.arrivals) == self.parties:
            self._turn(failed=False)
            return self.parties - 1
        try:
            await self._parked(generation)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            if generation is self._generation:
                generation.arrivals.remove(arrival)
            raise
        if generation.failed:
            raise asyncio.BrokenBarrierError
        return generation.arrivals.index(arrival)


class LastInFirstOutBarrier(FutureBarrier):
    """The parked are given their indices from the last to the first."""

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        super()._trip(parked[::-1])


class DepartureBarrier(EventBarrier):
    """Indices are given by order of departure."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._departed = 0

    async def wait(self) -> int:
        await super().wait()
        index = self._departed
        self._departed = (index + 1) % self.parties
        return index


class LongArmBarrier(FutureBarrier):
    """abort and reset reach those who were released and have not run yet, if their generation was the last."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._aborted = 0

    async def wait(self) -> int:
        aborted = self._aborted
        index = await super().wait()
        if self._aborted > aborted:
            raise asyncio.BrokenBarrierError
        return index

    async def abort(self) -> None:
        self._aborted += 1
        await super().abort()


class LongResetBarrier(FutureBarrier):
    """Only reset does."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._resets = 0

    async def wait(self) -> int:
        resets = self._resets
        index = await super().wait()
        if self._resets > resets:
            raise asyncio.BrokenBarrierError
        return index

    async def reset(self) -> None:
        self._resets += 1
        await super().reset()


class UnmendedBarrier(FutureBarrier):
    """reset fails the parked and leaves a broken barrier broken."""

    async def reset(self) -> None:
        self._fail()


class StrandingResetBarrier(EventBarrier):
    """reset begins a new generation and forgets to wake the old one."""

    async def reset(self) -> None:
        self._generation.failed = True
        self._generation = Generation()
        self.broken = False


class StrandingAbortBarrier(FutureBarrier):
    """abort breaks the barrier and wakes no task."""

    async def abort(self) -> None:
        self.broken = True


class UnbrokenBarrier(FutureBarrier):
    """abort fails the parked, and does not break the barrier."""

    async def abort(self) -> None:
        self._fail()


class OnlyInUseBarrier(FutureBarrier):
    """abort breaks the barrier only if a task is parked."""

    async def abort(self) -> None:
        if self._parked():
            await super().abort()


class AdmittingBarrier(EventBarrier):
    """`broken` says so, and wait does not look at it."""

    async def wait(self) -> int:
        return await self._arrive()


class LateCountBarrier(EventBarrier):
    """n_waiting falls when a waiter leaves, not when it is released."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._inside = 0

    @property
    def n_waiting(self) -> int:
        return self._inside

    async def _parked(self, generation: Generation) -> None:
        self._inside += 1
        try:
            await super()._parked(generation)
        finally:
            self._inside -= 1


class TwiceWithdrawnBarrier(EventBarrier):
    """n_waiting falls by two for a cancellation, though never below zero."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._lost = 0

    @property
    def n_waiting(self) -> int:
        return max(0, len(self._generation.arrivals) - self._lost)

    async def _parked(self, generation: Generation) -> None:
        try:
            await super()._parked(generation)
        except asyncio.CancelledError:
            if generation is self._generation:
                self._lost += 1
            raise

    def _turn(self, *, failed: bool) -> None:
        self._lost = 0
        super()._turn(failed=failed)


class LostWakeUpBarrier(EventBarrier):
    """Between its arrival and its sleep a waiter lets others run, and their wake-up finds no task."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._sleepers: list[asyncio.Future[None]] = []

    async def _parked(self, generation: Generation) -> None:
        await asyncio.sleep(0)
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        await sleeper

    def _turn(self, *, failed: bool) -> None:
        super()._turn(failed=failed)
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers = []


class WakeOneBarrier(EventBarrier):
    """The trip wakes one."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._tripped = asyncio.Condition()

    async def _parked(self, generation: Generation) -> None:
        async with self._tripped:
            await self._tripped.wait_for(lambda: generation is not self._generation)

    async def wait(self) -> int:
        generation = self._generation
        index = await super().wait()
        if index == self.parties - 1 and generation is not self._generation:
            async with self._tripped:
                self._tripped.notify()
        return index

    async def abort(self) -> None:
        await super().abort()
        async with self._tripped:
            self._tripped.notify_all()

    async def reset(self) -> None:
        await super().reset()
        async with self._tripped:
            self._tripped.notify_all()


class CutChainBarrier(ChainBarrier):
    """Each task that wakes wakes the next; a cancelled one does not."""

    async def _park(self) -> int:
        index = await FutureBarrier._park(self)
        self._wake_next()
        return index


class DeafBarrier(FutureBarrier):
    """A cancellation makes a waiter return."""

    async def _park(self) -> int:
        try:
            return await super()._park()
        except asyncio.CancelledError:
            return self.n_waiting


class ImpatientBarrier(EventBarrier):
    """A waiter gives up after a while, as if it had been released."""

    async def _parked(self, generation: Generation) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(generation.event.wait(), 60)


class OtherErrorBarrier(FutureBarrier):
    """A broken barrier refuses with another error."""

    async def wait(self) -> int:
        if self.broken:
            raise RuntimeError("broken")
        return await super().wait()


class CountingRefusedBarrier(EventBarrier):
    """A task that a broken barrier refuses is counted all the same."""

    async def wait(self) -> int:
        if self.broken:
            self._generation.arrivals.append(object())
        return await super().wait()


class LateWithdrawalBarrier(FutureBarrier):
    """A party that is cancelled after the trip takes an arrival from the next generation."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._arrived = 0

    @property
    def n_waiting(self) -> int:
        return self._arrived

    async def wait(self) -> int:
        if self.broken:
            raise asyncio.BrokenBarrierError
        self._arrived += 1
        if self._arrived < self.parties:
            return await self._park()
        self._arrived = 0
        for index, future in enumerate(self._futures):
            if not future.done():
                future.set_result(index)
        self._futures = []
        return self.parties - 1

    async def _park(self) -> int:
        try:
            return await super()._park()
        except asyncio.CancelledError:
            self._arrived = max(0, self._arrived - 1)
            raise

    def _fail(self) -> None:
        super()._fail()
        self._arrived, self._futures = 0, []


class BreakingBarrier(EventBarrier):
    """A cancelled party breaks the barrier."""

    async def _parked(self, generation: Generation) -> None:
        try:
            await super()._parked(generation)
        except asyncio.CancelledError:
            if generation is self._generation:
                await self.abort()
            raise


class DeadFutureBarrier(FutureBarrier):
    """It releases one whose future is cancelled already."""

    def _parked(self) -> list[asyncio.Future[int]]:
        return self._futures

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._futures = []
        super()._trip(parked)

    def _fail(self) -> None:
        super()._fail()
        self._futures = []


class DeadFutureLaterBarrier(DeadFutureBarrier):
    """It does so in a callback, so that only the event loop is told."""

    def _trip(self, parked: list[asyncio.Future[int]]) -> None:
        self._futures = []
        for index, future in enumerate(parked):
            asyncio.get_running_loop().call_soon(future.set_result, index)

    def _fail(self) -> None:
        for future in self._futures:
            if not future.done():
                future.set_exception(asyncio.BrokenBarrierError)
        self._futures = []


class UndrainedBarrier(DrainingBarrier):
    """A party that is cancelled on its way out is waited for for ever."""

    async def _park(self) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            index = await future
        finally:
            self._futures.remove(future)
        self._leave()
        return index


class MendedByLeavingBarrier(EventBarrier):
    """The last to leave a generation sets the state to filling, also when it is broken meanwhile."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._leaving = 0

    async def _parked(self, generation: Generation) -> None:
        await super()._parked(generation)
        if not generation.failed:
            self._leaving += 1
            if self._leaving == self.parties - 1:
                self._leaving = 0
                self.broken = False


class KeepingResetBarrier(EventBarrier):
    """reset mends a broken barrier, and leaves the parked where they are."""

    async def reset(self) -> None:
        self.broken = False


class SlowAbortBarrier(FutureBarrier):
    """abort fails the parked, lets others run, then breaks the barrier: a task that arrives meanwhile is stranded."""

    async def abort(self) -> None:
        self._fail()
        await asyncio.sleep(0)
        self.broken = True


class CancellingAbortBarrier(FutureBarrier):
    """abort cancels the parked."""

    async def abort(self) -> None:
        for future in self._parked():
            future.cancel()
        self.broken = True


# ---------------------------------------------------------------------------------------------- latches


class NegativeLatch(FutureLatch):
    """The count falls below zero."""

    async def count_down(self) -> None:
        if self.count == 0:
            self.count = -1
        await super().count_down()


class RaisingLatch(ErrorLatch):
    """Over-counting raises, whatever was asked for."""

    async def count_down(self, exception_if_zero: bool = False) -> None:
        await super().count_down(exception_if_zero=True)


class SilentLatch(ErrorLatch):
    """exception_if_zero is ignored."""

    async def count_down(self, exception_if_zero: bool = False) -> None:
        await super().count_down()


class EarlyErrorLatch(ErrorLatch):
    """exception_if_zero raises when the count becomes zero."""

    async def count_down(self, exception_if_zero: bool = False) -> None:
        await super().count_down(exception_if_zero)
        if exception_if_zero and self.count == 0:
            raise RuntimeError("zero")


class TypeErrorLatch(FutureLatch):
    """A negative count is refused with a TypeError."""

    def set_count(self, n: int) -> None:
        if n < 0:
            raise TypeError("negative")
        super().set_count(n)


class AnyCountLatch(FutureLatch):
    """A negative count is not refused, but taken for zero."""

    def set_count(self, n: int) -> None:
        super().set_count(max(0, n))


class NoZeroLatch(FutureLatch):
    """A count of zero cannot be set."""

    def set_count(self, n: int) -> None:
        if n == 0:
            raise ValueError("zero")
        super().set_count(n)


class ChangedByRefusalLatch(FutureLatch):
    """set_count sets before it refuses."""

    def set_count(self, n: int) -> None:
        if n > 0:
            self.count = n
        super().set_count(n)


class StaleGateLatch(FutureLatch):
    """An open latch stays open, whatever its count is set to."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._opened = count == 0

    async def wait(self) -> None:
        if not self._opened:
            await self._park()

    def _open(self) -> None:
        self._opened = True
        super()._open()

    def set_count(self, n: int) -> None:
        super().set_count(n)
        self._opened = self._opened or n == 0


class ShutGateLatch(StaleGateLatch):
    """A count that is set to zero does not open the latch."""

    def set_count(self, n: int) -> None:
        opened = self._opened
        super().set_count(n)
        self._opened = opened and n == 0


class MovingLatch(FutureLatch):
    """set_count does not care whether tasks are parked."""

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        self.count = n
        if n == 0:
            self._open()


class ImpatientPollingLatch(FutureLatch):
    """A timer opens it for a task that polls: time passes for tasks that never rest, too."""

    async def _park(self) -> None:
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(60, late.set)
        while self.count and not late.is_set():  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(0)

    def set_count(self, n: int) -> None:
        raise NotImplementedError


class DeadlineLatch(FutureLatch):
    """A waiter looks now and then, also at what time it is, and gives up."""

    async def _park(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 5
        while self.count and loop.time() < deadline:  # noqa: ASYNC110 - it is to poll
            await asyncio.sleep(1)

    def set_count(self, n: int) -> None:
        raise NotImplementedError


class EarlyNoticeLatch:
    """The waiters are told that the count is zero before it is, and look."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._parked: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        while self.count > 0:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._parked.append(future)
            try:
                await future
            finally:
                if future in self._parked:
                    self._parked.remove(future)

    async def count_down(self) -> None:
        if self.count == 1:
            self._wake()
            await asyncio.sleep(0)
        self.count = max(0, self.count - 1)

    def _wake(self) -> None:
        for future in self._parked:
            if not future.done():
                future.set_result(None)
        self._parked = []


class TrapLatch(EarlyNoticeLatch):
    """The waiters look at the count when they wake: one that is set again before they run traps them."""

    async def count_down(self) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self._wake()

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        if any(not future.done() for future in self._parked):
            raise LatchInUseError
        self.count = n


class WakeOneLatch(FutureLatch):
    """Opening wakes one."""

    def _open(self) -> None:
        for future in self._parked()[:1]:
            future.set_result(None)


class StillCountedLatch(EventLatch):
    """A cancelled waiter stays counted as parked."""

    async def wait(self) -> bool:
        if self._count > 0:
            gate = self._gate
            gate.parked += 1
            await self._pass(gate)
            gate.parked -= 1
        return True


class SharedFutureLatch(FutureLatch):
    """All wait for one future, without a shield."""

    async def _park(self) -> None:
        parked = self._parked()
        if not parked:
            self._futures = [asyncio.get_running_loop().create_future()]
        await self._futures[0]


class CutChainLatch(FutureLatch):
    """Each task that wakes wakes the next; a cancelled one does not."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._chain: list[asyncio.Future[None]] = []

    def _parked(self) -> list[asyncio.Future[None]]:
        return [future for future in super()._parked() if future not in self._chain]

    async def _park(self) -> None:
        await super()._park()
        self._wake_next()

    def _open(self) -> None:
        self._chain += self._parked()
        self._wake_next()

    def _wake_next(self) -> None:
        while self._chain:
            future = self._chain.pop(0)
            if not future.done():
                future.set_result(None)
                return


class IfLatch(EventLatch):
    """Every count_down wakes the waiters to look again, and they do not look."""

    async def count_down(self) -> None:
        self._open(self._gate)
        self._gate = Gate()
        self._count = max(0, self._count - 1)


class LeftTokenLatch(FutureLatch):
    """A semaphore for all rounds: the token of a waiter that is cancelled after the opening is there for the next."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._inside: list[object] = []
        self._tokens = asyncio.Semaphore(0)

    async def _park(self) -> None:
        inside, me = self._inside, object()
        inside.append(me)
        try:
            await self._tokens.acquire()
        except asyncio.CancelledError:
            inside.remove(me)
            raise

    def _open(self) -> None:
        for _ in self._inside:
            self._tokens.release()
        self._inside = []

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        if self._inside:
            raise LatchInUseError
        self.count = n


class LostUpdateLatch(FutureLatch):
    """count_down lets others run between reading and writing."""

    async def count_down(self) -> None:
        count = self.count
        await asyncio.sleep(0)
        if count > 1:
            self.count = count - 1
        else:
            await super().count_down()


class KeptLockLatch(FutureLatch):
    """count_down that is cancelled keeps the lock."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._lock = asyncio.Lock()

    async def count_down(self) -> None:
        await self._lock.acquire()
        await asyncio.sleep(0)
        self._lock.release()
        await super().count_down()


class LostSecondCancellationLatch(EventLatch):
    """It tidies up after an await, and a second cancellation hits that await."""

    async def wait(self) -> bool:
        if self._count > 0:
            gate = self._gate
            gate.parked += 1
            try:
                await self._pass(gate)
            finally:
                await asyncio.sleep(0)
                gate.parked -= 1
        return True


class DeafLatch(FutureLatch):
    """A cancellation makes a waiter return."""

    async def _park(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await super()._park()


class ImpatientLatch(FutureLatch):
    """A waiter gives up after a while, as if it had been released."""

    async def _park(self) -> None:
        asyncio.get_running_loop().call_later(60, self._open)
        await super()._park()


class ReleasedInUseLatch(FutureLatch):
    """set_count takes those for parked who are released and have not run yet."""

    def set_count(self, n: int) -> None:
        if n >= 0 and self._futures:
            raise LatchInUseError
        super().set_count(n)


class ClosedIsInUseLatch(FutureLatch):
    """set_count refuses while the latch is closed, though no task is parked."""

    def set_count(self, n: int) -> None:
        if n >= 0 and self.count > 0:
            raise LatchInUseError
        super().set_count(n)


class DeadFutureLatch(FutureLatch):
    """It releases one whose future is cancelled already."""

    def _open(self) -> None:
        for future in self._futures:
            future.set_result(None)


class WithdrawnCountLatch(FutureLatch):
    """A cancelled waiter counts down."""

    async def _park(self) -> None:
        try:
            await super()._park()
        except asyncio.CancelledError:
            await self.count_down()
            raise


class HandOverLatch(FutureLatch):
    """A waiter that is cancelled after its release hands the release on, to one who parked later."""

    async def _park(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                for other in self._parked()[:1]:
                    other.set_result(None)
            raise
        finally:
            self._futures.remove(future)


# ------------------------------------------------------------------ what instances share, and what is refused


class CommonLatch(FutureLatch):
    """Its list of waiters belongs to the class: whichever latch opens first releases the waiters of all."""

    _everybody: ClassVar[list[asyncio.Future[None]]] = []

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._futures = self._everybody


class CommonGenerationBarrier(EventBarrier):
    """What its generations came to is noted by their numbers, which every barrier counts from zero, in one table."""

    _ends: ClassVar[dict[int, bool]] = {}

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._number = 0

    async def _parked(self, generation: Generation) -> None:
        number = self._number
        while number not in self._ends:
            await generation.event.wait()
        generation.failed = self._ends[number]

    def _turn(self, *, failed: bool) -> None:
        self._ends[self._number] = failed
        self._number += 1
        super()._turn(failed=failed)


class UsedFirstLatch(FutureLatch):
    """A negative count is not refused as such while tasks are parked: it is said that the latch is in use."""

    def set_count(self, n: int) -> None:
        if self._parked():
            raise LatchInUseError("tasks are parked")
        super().set_count(n)


class SameCountLatch(FutureLatch):
    """Setting the count that it has already is no change, so it is not checked whether that is refused."""

    def set_count(self, n: int) -> None:
        if n != self.count:
            super().set_count(n)


class BrokenOnceBarrier(FutureBarrier):
    """What is broken cannot be broken: a second abort raises."""

    async def abort(self) -> None:
        if self.broken:
            raise asyncio.BrokenBarrierError("broken already")
        await super().abort()


class MissingKeyLatch(FutureLatch):
    """Over-counting looks a waiter up that is not there: the error names an object, another in each run."""

    async def count_down(self) -> None:
        if self.count == 0:
            raise KeyError(object())
        await super().count_down()
