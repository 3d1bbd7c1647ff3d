"""The contenders on each host, as small as possible; "limit" is a bare suspension by a private future.

Nothing is imported before it is used, so the imports of one section cannot affect another.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.hosts import AsyncioHost, FlownoHost, Host, TrioHost
from benchmarks.workloads import Latch, Party

if TYPE_CHECKING:
    from latchproof_spec.step import Ending


Wait = Callable[[], Coroutine[Any, Any, object]]


@dataclass
class Contenders:
    """By name: what makes a barrier's party, a latch, a counter without waiters, and a wait that never ends.

    The references are the "limit" of `barriers`, `latches` and `waits`, and the "int" of `counters`. `missing` says
    which contenders are missing, and why.
    """

    barriers: dict[str, Callable[[int], Party]] = field(default_factory=dict)
    latches: dict[str, Callable[[], Latch]] = field(default_factory=dict)
    counters: dict[str, Callable[[int], Wait]] = field(default_factory=dict)
    waits: dict[str, Callable[[int], Wait]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def party_of(new_barrier: Callable[[int], Any]) -> Callable[[int], Party]:
    """Return a function that makes parties of one barrier."""

    def make(n: int) -> Party:
        wait = new_barrier(n).wait

        async def party(rounds: int) -> None:
            for _ in range(rounds):
                await wait()

        return party

    return make


class _Parties:
    async def party(self, rounds: int, tally: list[int]) -> None:
        for _ in range(rounds):
            tally[0] += 1
            await self.wait()

    async def wait(self) -> object:
        raise NotImplementedError


class _OwnLatch(_Parties):
    def __init__(self) -> None:
        from latchproof import CountdownLatch

        self.latch = CountdownLatch(1)

    async def party(self, rounds: int, tally: list[int]) -> None:
        wait = self.latch.wait
        for _ in range(rounds):
            tally[0] += 1
            await wait()

    async def release(self) -> None:
        self.latch.count_down_nowait()
        self.latch.set_count(1)


class _Counter:
    """The minimum that counts down in an async method."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def count_down(self) -> None:
        self.count -= 1


def _own(contenders: Contenders) -> Contenders:
    from latchproof import Barrier, CountdownLatch

    contenders.barriers["latchproof"] = party_of(Barrier)
    contenders.latches["latchproof"] = _OwnLatch
    contenders.counters["latchproof"] = lambda n: CountdownLatch(n).count_down
    contenders.waits["latchproof latch"] = lambda n: CountdownLatch(1).wait
    contenders.waits["latchproof barrier"] = lambda n: Barrier(n + 1).wait
    return contenders


def _aiologic(contenders: Contenders) -> Contenders:
    try:
        import aiologic
    except ImportError as error:
        contenders.missing["aiologic"] = str(error)
        return contenders

    class AiologicBarrier:
        def __init__(self, n: int) -> None:
            self.barrier = aiologic.Barrier(n)

        async def wait(self) -> object:
            return await self.barrier

    def barrier(n: int) -> Party:
        one = aiologic.Barrier(n)

        async def party(rounds: int) -> None:
            for _ in range(rounds):
                await one

        return party

    class AiologicLatch:
        def __init__(self) -> None:
            self.event = aiologic.CountdownEvent(1)

        async def party(self, rounds: int, tally: list[int]) -> None:
            for _ in range(rounds):
                tally[0] += 1
                await self.event

        async def release(self) -> None:
            self.event.down()
            self.event.up()

    contenders.barriers["aiologic.Barrier"] = barrier
    contenders.latches["aiologic.CountdownEvent"] = AiologicLatch
    contenders.waits["aiologic.Barrier"] = lambda n: AiologicBarrier(n + 1).wait
    return contenders


def asyncio_contenders() -> Contenders:
    """Return asyncio's contenders, on the running loop."""
    import asyncio

    from latchproof import Barrier

    def bare_barrier(n: int) -> Party:
        parked: list[asyncio.Future[None]] = []
        create_future = asyncio.get_running_loop().create_future

        async def party(rounds: int) -> None:
            for _ in range(rounds):
                if len(parked) + 1 < n:
                    future = create_future()
                    parked.append(future)
                    await future
                else:
                    for future in parked:
                        future.set_result(None)
                    parked.clear()

        return party

    class BareLatch:
        def __init__(self) -> None:
            self.parked: list[asyncio.Future[None]] = []

        async def party(self, rounds: int, tally: list[int]) -> None:
            create_future = asyncio.get_running_loop().create_future
            for _ in range(rounds):
                tally[0] += 1
                future = create_future()
                self.parked.append(future)
                await future

        async def release(self) -> None:
            for future in self.parked:
                future.set_result(None)
            self.parked.clear()

    class HandBarrier:
        """A shell by hand: one decision, one future per waiter, and a withdrawal; no specification, no other host."""

        def __init__(self, n: int) -> None:
            self.n: int = n
            self.parked: dict[asyncio.Future[int], None] = {}
            self.loop = asyncio.get_running_loop()

        async def wait(self) -> int:
            parked = self.parked
            if len(parked) + 1 < self.n:
                future = self.loop.create_future()
                parked[future] = None
                try:
                    index: int = await future
                except BaseException:
                    parked.pop(future, None)
                    raise
                return index
            for index, future in enumerate(parked):
                future.set_result(index)
            parked.clear()
            return self.n - 1

    class DecidedByHand(Barrier):
        """Our shell, with its decisions written into it."""

        __slots__ = ()

        async def wait(self) -> int:
            parking = self._parking
            host = parking.host
            if not host.is_here():
                host = parking.enter()
            queue = parking.queue
            if self._broken:
                raise host.broken_barrier_error
            index = len(queue)
            if index + 1 < self._parties:
                waker = parking.new_waker()
                queue[waker] = None
                try:
                    ending: Ending = await waker
                except BaseException:
                    queue.pop(waker, None)
                    raise
                if isinstance(ending, int):
                    return ending
                raise host.broken_barrier_error
            wakers = tuple(queue)
            queue.clear()
            host.wake_all(wakers, range(index))
            return index

    class LatchDecidedByHand(_OwnLatch):
        async def release(self) -> None:
            latch = self.latch
            latch._count -= 1
            if latch._count == 0:
                queue = latch._parking.queue
                wakers = tuple(queue)
                queue.clear()
                latch._parking.host.wake_all(wakers, (None,) * len(wakers))
            latch._count = 1

    class ConditionBarrier:
        def __init__(self, n: int) -> None:
            self.n, self.arrived, self.generation = n, 0, 0
            self.condition = asyncio.Condition()

        async def wait(self) -> None:
            async with self.condition:
                self.arrived += 1
                if self.arrived == self.n:
                    self.arrived = 0
                    self.generation += 1
                    self.condition.notify_all()
                    return
                mine = self.generation
                while mine == self.generation:
                    await self.condition.wait()

    class EventLatch(_Parties):
        def __init__(self) -> None:
            self.count = 1
            self.event = asyncio.Event()

        async def wait(self) -> None:
            await self.event.wait()

        async def release(self) -> None:
            self.count -= 1
            if self.count == 0:
                self.event.set()
            self.count = 1
            self.event.clear()

    class ConditionLatch(_Parties):
        def __init__(self) -> None:
            self.count = 1
            self.condition = asyncio.Condition()

        async def wait(self) -> None:
            async with self.condition:
                await self.condition.wait()

        async def release(self) -> None:
            async with self.condition:
                self.count -= 1
                if self.count == 0:
                    self.condition.notify_all()
                self.count = 1

    class EventCounter(_Counter):
        def __init__(self, count: int) -> None:
            super().__init__(count)
            self.event = asyncio.Event()

        async def count_down(self) -> None:
            self.count -= 1
            if self.count == 0:
                self.event.set()

    async def bare_wait() -> None:
        await asyncio.get_running_loop().create_future()

    return _aiologic(
        _own(
            Contenders(
                barriers={
                    "limit": bare_barrier,
                    "a shell by hand": party_of(HandBarrier),
                    "the same, decided by hand": party_of(DecidedByHand),
                    "asyncio.Barrier": party_of(asyncio.Barrier),
                    "asyncio.Condition": party_of(ConditionBarrier),
                },
                latches={
                    "limit": BareLatch,
                    "the same, decided by hand": LatchDecidedByHand,
                    "asyncio.Event": EventLatch,
                    "asyncio.Condition": ConditionLatch,
                },
                counters={
                    "int": lambda n: _Counter(n).count_down,
                    "asyncio.Event": lambda n: EventCounter(n).count_down,
                },
                waits={
                    "limit": lambda n: bare_wait,
                    "asyncio.Event": lambda n: asyncio.Event().wait,
                    "asyncio.Barrier": lambda n: asyncio.Barrier(n + 1).wait,
                },
            )
        )
    )


def trio_contenders() -> Contenders:
    """Return trio's contenders."""
    import trio
    from trio.lowlevel import Abort, ParkingLot, Task, checkpoint, current_task, reschedule, wait_task_rescheduled

    def never(raise_cancel: object) -> Abort:
        return Abort.SUCCEEDED

    def bare_barrier(n: int) -> Party:
        parked: list[Task] = []

        async def party(rounds: int) -> None:
            for _ in range(rounds):
                if len(parked) + 1 < n:
                    parked.append(current_task())
                    await wait_task_rescheduled(never)
                else:
                    for task in parked:
                        reschedule(task)
                    parked.clear()
                    await checkpoint()

        return party

    class BareLatch:
        def __init__(self) -> None:
            self.parked: list[Task] = []

        async def party(self, rounds: int, tally: list[int]) -> None:
            for _ in range(rounds):
                tally[0] += 1
                self.parked.append(current_task())
                await wait_task_rescheduled(never)

        async def release(self) -> None:
            for task in self.parked:
                reschedule(task)
            self.parked.clear()

    class LotBarrier:
        def __init__(self, n: int) -> None:
            self.n = n
            self.lot = ParkingLot()

        async def wait(self) -> None:
            if len(self.lot) + 1 < self.n:
                await self.lot.park()
            else:
                self.lot.unpark_all()
                await checkpoint()

    class LotLatch(_Parties):
        def __init__(self) -> None:
            self.lot = ParkingLot()

        async def wait(self) -> None:
            await self.lot.park()

        async def release(self) -> None:
            self.lot.unpark_all()

    class EventLatch(_Parties):
        def __init__(self) -> None:
            self.count = 1
            self.event = trio.Event()

        async def wait(self) -> None:
            await self.event.wait()

        async def release(self) -> None:
            self.count -= 1
            if self.count == 0:
                self.event.set()
            self.count = 1
            self.event = trio.Event()

    class CheckpointCounter(_Counter):
        async def count_down(self) -> None:
            await checkpoint()
            self.count -= 1

    async def bare_wait() -> None:
        await wait_task_rescheduled(never)

    return _aiologic(
        _own(
            Contenders(
                barriers={"limit": bare_barrier, "trio ParkingLot": party_of(LotBarrier)},
                latches={"limit": BareLatch, "trio ParkingLot": LotLatch, "trio.Event": EventLatch},
                counters={"int": lambda n: CheckpointCounter(n).count_down},
                waits={
                    "limit": lambda n: bare_wait,
                    "trio ParkingLot": lambda n: ParkingLot().park,
                    "trio.Event": lambda n: trio.Event().wait,
                },
            )
        )
    )


def flowno_contenders() -> Contenders:
    """Return Flowno's contenders. Its latch cannot be set again while tasks run, so each release uses a new one."""
    from types import coroutine

    from flowno.core.event_loop.commands import EventWaitCommand
    from flowno.core.event_loop.event_loop import current_event_loop, current_task
    from flowno.core.event_loop.synchronization import CountdownLatch, Event

    class Bare:
        """A private event that is never set; its task is put back into the queue of ready tasks."""

        _set = False

        def __init__(self) -> None:
            self.task = current_task()

    @coroutine
    def suspend(event: Any) -> Any:
        yield EventWaitCommand(event=event)

    def resume(parked: list[Bare]) -> None:
        loop: Any = current_event_loop()
        for one in parked:
            loop.event_waiters.pop(one, None)
            loop.tasks.append((one.task, None, None))
        parked.clear()

    def bare_barrier(n: int) -> Party:
        parked: list[Bare] = []

        async def party(rounds: int) -> None:
            for _ in range(rounds):
                if len(parked) + 1 < n:
                    one = Bare()
                    parked.append(one)
                    await suspend(one)
                else:
                    resume(parked)

        return party

    class BareLatch:
        def __init__(self) -> None:
            self.parked: list[Bare] = []

        async def party(self, rounds: int, tally: list[int]) -> None:
            for _ in range(rounds):
                tally[0] += 1
                one = Bare()
                self.parked.append(one)
                await suspend(one)

        async def release(self) -> None:
            resume(self.parked)

    class EventLatch(_Parties):
        def __init__(self) -> None:
            self.event = Event()

        async def wait(self) -> None:
            await self.event.wait()

        async def release(self) -> None:
            event, self.event = self.event, Event()
            await event.set()

    class FlownoLatch(_Parties):
        def __init__(self) -> None:
            self.latch = CountdownLatch(1)

        async def wait(self) -> None:
            await self.latch.wait()

        async def release(self) -> None:
            latch, self.latch = self.latch, CountdownLatch(1)
            await latch.count_down()

    async def bare_wait() -> None:
        await suspend(Bare())

    return _own(
        Contenders(
            barriers={"limit": bare_barrier},
            latches={"limit": BareLatch, "flowno.Event": EventLatch, "flowno.CountdownLatch": FlownoLatch},
            counters={
                "int": lambda n: _Counter(n).count_down,
                "flowno.CountdownLatch": lambda n: CountdownLatch(n).count_down,
            },
            waits={
                "limit": lambda n: bare_wait,
                "flowno.Event": lambda n: Event().wait,
                "flowno.CountdownLatch": lambda n: CountdownLatch(1).wait,
            },
            missing={"aiologic": "it does not run on Flowno", "a barrier of Flowno's own": "Flowno has none"},
        )
    )


def _uvloop() -> Host:
    new_loop: Callable[[], Any] = import_module("uvloop").new_event_loop
    return AsyncioHost(new_loop)


HOSTS: dict[str, Callable[[], tuple[Host, Contenders]]] = {
    "asyncio": lambda: (AsyncioHost(), asyncio_contenders()),
    "uvloop": lambda: (_uvloop(), asyncio_contenders()),
    "trio": lambda: (TrioHost(), trio_contenders()),
    "flowno": lambda: (FlownoHost(), flowno_contenders()),
}
"""Each event loop, with what is measured on it."""
