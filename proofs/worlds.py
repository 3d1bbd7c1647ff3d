"""Two worlds in which one scenario can be played: the runtime's own coroutines, and the specification.

CrossHair does not check `async def`, and no real event loop is deterministic under it. So the real world drives the
coroutines of the real classes by hand, on a loop that does nothing, with asyncio's own futures: a `Task` does to a
coroutine what `asyncio.Task` does. The specified world holds a state and asks the specification's functions what
becomes of it. What can be observed must be the same in both, for all ints: that is the contract of every driver.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeAlias, TypeVar, cast

from latchproof import Barrier, CountdownLatch
from latchproof.parking import Parking
from latchproof_spec import messages, step
from latchproof_spec.barrier import rules as barrier_spec
from latchproof_spec.latch import rules as latch_spec
from latchproof_spec.step import BrokenBarrierError, Rule, apply

W = TypeVar("W")
P = ParamSpec("P")
Worlds: TypeAlias = tuple[Callable[[int], W], Callable[[int], W]]  # constructors of the real and the specified object
Ending: TypeAlias = object  # of a call: one of these two, an error's class, an index, or None for a return
PARKED = "parked"
CANCELLED = "cancelled"
BROKEN = BrokenBarrierError


class Seen(NamedTuple):
    """What can be observed of a latch or a barrier, and the ending of each call once no task can run."""

    state: tuple[int | bool, ...]
    warnings: int
    endings: tuple[Ending, ...]


class Played(NamedTuple):
    """What was observed of one scenario in both worlds.

    A contract says in one condition that it is the same, and in plain ints what it is: with a condition for each,
    CrossHair would take every path again.
    """

    real: Seen
    specified: Seen


class AnyLatch(Protocol):
    """A latch in one of the worlds. Calls are numbered in order; `who` is the number of a call."""

    def wait(self) -> None: ...
    def count_down(self, exception_if_zero: bool = False, plain: bool = False) -> None: ...
    def set_count(self, n: int) -> None: ...
    def cancel(self, who: int) -> None: ...
    def abandon(self, who: int) -> None: ...
    def run(self) -> None: ...
    def seen(self) -> Seen: ...


class AnyBarrier(Protocol):
    """A barrier in one of the worlds."""

    def wait(self) -> None: ...
    def abort(self, plain: bool = False) -> None: ...
    def reset(self, plain: bool = False) -> None: ...
    def cancel(self, who: int) -> None: ...
    def abandon(self, who: int) -> None: ...
    def run(self) -> None: ...
    def seen(self) -> Seen: ...


class IdleLoop:
    """A loop that only makes futures. It runs nothing: the scenario runs the tasks itself."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def call_soon(self, callback: object, *args: object, context: object = None) -> Any:
        """Ignore the call of a future that is done: a `Task` looks at its future itself."""

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        raise AssertionError(context)


@contextmanager
def idle_loop() -> Iterator[None]:
    """Make asyncio believe that an idle loop is running."""
    asyncio._set_running_loop(cast(asyncio.AbstractEventLoop, IdleLoop()))
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


class _CountingLogger(logging.Logger):
    """Counts the warnings. Log records would need the time of day, on which no two runs agree."""

    warnings = 0

    def warning(self, *args: object, **options: object) -> None:
        self.warnings += 1


_LOGGER = _CountingLogger("latchproof")
logging.root.manager.loggerDict["latchproof"] = _LOGGER


def _unwritten(number: object) -> str:
    """Return what errors call a number here: writing out a symbolic number takes a path for each number of digits."""
    return "a number"


vars(messages)["repr"] = _unwritten


class Task:
    """Runs a coroutine as `asyncio.Task` does: until it first waits, then whenever it is resumed."""

    def __init__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self.coroutine = coroutine
        self.waits_for: asyncio.Future[object] | None = None
        self.must_cancel = False
        self.ending: Ending = PARKED
        self._step(lambda: coroutine.send(None))

    def cancel(self) -> None:
        """Request the cancellation; it is delivered when the task is resumed."""
        if self.waits_for is not None and not self.waits_for.cancel():
            self.must_cancel = True

    def resume(self) -> None:
        """Continue, if what the task waits for is done."""
        if self.waits_for is None or not self.waits_for.done():
            return
        if self.must_cancel or self.waits_for.cancelled():
            self._step(lambda: self.coroutine.throw(asyncio.CancelledError()))
        else:
            self._step(lambda: self.coroutine.send(None))

    def close(self) -> None:
        """Close the coroutine, but not its future, if it is still parked, as when it is no longer referenced."""
        if self.waits_for is not None:
            self.coroutine.close()
            self.waits_for = None

    def _step(self, advance: Callable[[], Any]) -> None:
        try:
            self.waits_for = advance()
            return
        except StopIteration as stop:
            self.ending = stop.value
        except asyncio.CancelledError:
            self.ending = CANCELLED
        except Exception as error:
            self.ending = specified_error(error)
        self.waits_for = None


def specified_error(error: Exception) -> type[BaseException]:
    """Return the class by which the specification knows an error; a host's own class for it derives from that."""
    return next((cls for cls in type(error).__mro__ if vars(step).get(cls.__name__) is cls), type(error))


class RealWorld:
    """Tasks that run the runtime's coroutines, within `idle_loop`."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        _LOGGER.warnings = 0

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self.tasks.append(Task(coroutine))

    def cancel(self, who: int) -> None:
        self.tasks[who].cancel()

    def abandon(self, who: int) -> None:
        """Close the task's coroutine without a cancellation; a parked task is then no longer parked."""
        task = self.tasks[who]
        if task.waits_for is not None:
            task.close()
            task.ending = CANCELLED

    def run(self) -> None:
        """Let every task continue that can."""
        for task in self.tasks:
            task.resume()

    def see(self, *state: int | bool) -> Seen:
        """Observe a state, let every task run, and leave the world."""
        self.run()
        for task in self.tasks:
            task.close()  # else this happens whenever the garbage collector runs
        return Seen(state, _LOGGER.warnings, tuple(task.ending for task in self.tasks))


async def _as_task(function: Callable[[], object]) -> object:
    """Make one plain call, as a task."""
    return function()


class RealLatch(RealWorld):
    """A latch of the runtime; with another queue of parked tasks, if one is given."""

    def __init__(self, count: int, parking: Parking | None = None) -> None:
        super().__init__()
        self.latch = CountdownLatch(count)
        if parking is not None:
            self.latch._parking = parking

    def wait(self) -> None:
        self.start(self.latch.wait())

    def count_down(self, exception_if_zero: bool = False, plain: bool = False) -> None:
        if plain:
            self.start(_as_task(lambda: self.latch.count_down_nowait(exception_if_zero)))
        else:
            self.start(self.latch.count_down(exception_if_zero))

    def set_count(self, n: int) -> None:
        self.start(_as_task(lambda: self.latch.set_count(n)))

    def seen(self) -> Seen:
        return self.see(self.latch.count, self.latch.n_waiting)


class RealBarrier(RealWorld):
    """A barrier of the runtime; with another queue of parked tasks, if one is given."""

    def __init__(self, parties: int, parking: Parking | None = None) -> None:
        super().__init__()
        self.barrier = Barrier(parties)
        if parking is not None:
            self.barrier._parking = parking

    def wait(self) -> None:
        self.start(self.barrier.wait())

    def abort(self, plain: bool = False) -> None:
        self.start(_as_task(self.barrier.abort_nowait) if plain else self.barrier.abort())

    def reset(self, plain: bool = False) -> None:
        self.start(_as_task(self.barrier.reset_nowait) if plain else self.barrier.reset())

    def seen(self) -> Seen:
        return self.see(self.barrier.n_waiting, self.barrier.broken)


class SpecifiedWorld:
    """Tasks as the specification has them: a queue of the parked, and those released that have not run yet."""

    def __init__(self) -> None:
        self.endings: list[Ending] = []
        self.queue: tuple[int, ...] = ()
        self.released: dict[int, Ending] = {}
        self.warnings = 0

    def withdraw(self, is_parked: bool) -> Rule:
        """Ask the specification what a withdrawal does, and keep the new state."""
        raise NotImplementedError

    def step(self, rule: Rule) -> None:
        """Let a new call make the step `rule`."""
        who = len(self.endings)
        self.endings.append(PARKED)
        self.queue, resumed = apply(rule, self.queue, who)
        self.released.update(resumed)
        if who in self.released:  # the caller did not park, so it has its ending now
            self.endings[who] = self.released.pop(who)
        if rule.warns:
            self.warnings += 1

    def cancel(self, who: int) -> None:
        if who not in self.queue and who not in self.released:
            return
        rule = self.withdraw(who in self.queue)
        self.queue, resumed = apply(rule, self.queue, who)
        self.released.update(resumed)
        self.released[who] = CANCELLED

    def abandon(self, who: int) -> None:
        self.cancel(who)

    def run(self) -> None:
        """Let every task continue that can."""
        for who, ending in self.released.items():
            self.endings[who] = ending
        self.released = {}

    def see(self, *state: int | bool) -> Seen:
        """Observe a state, and let every task run."""
        self.run()
        return Seen(state, self.warnings, tuple(self.endings))


class SpecifiedLatch(SpecifiedWorld):
    """A latch as specified."""

    def __init__(self, count: int) -> None:
        super().__init__()
        _, (self.count, self.parked), _ = latch_spec.create(count)

    def wait(self) -> None:
        self.count, self.parked, rule = latch_spec.wait(self.count, self.parked)
        self.step(rule)

    def count_down(self, exception_if_zero: bool = False, plain: bool = False) -> None:
        self.count, self.parked, rule = latch_spec.count_down(self.count, self.parked, exception_if_zero)
        self.step(rule)

    def set_count(self, n: int) -> None:
        self.count, self.parked, rule = latch_spec.set_count(self.count, self.parked, n)
        self.step(rule)

    def withdraw(self, is_parked: bool) -> Rule:
        self.count, self.parked, rule = latch_spec.withdraw(self.count, self.parked, is_parked)
        return rule

    def seen(self) -> Seen:
        return self.see(self.count, self.parked)


class SpecifiedBarrier(SpecifiedWorld):
    """A barrier as specified."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        (self.parties,), (self.parked, self.broken), _ = barrier_spec.create(parties)

    def wait(self) -> None:
        self.parked, self.broken, rule = barrier_spec.wait(self.parties, self.parked, self.broken)
        self.step(rule)

    def abort(self, plain: bool = False) -> None:
        self.parked, self.broken, rule = barrier_spec.abort(self.parties, self.parked, self.broken)
        self.step(rule)

    def reset(self, plain: bool = False) -> None:
        self.parked, self.broken, rule = barrier_spec.reset(self.parties, self.parked, self.broken)
        self.step(rule)

    def withdraw(self, is_parked: bool) -> Rule:
        self.parked, self.broken, rule = barrier_spec.withdraw(self.parties, self.parked, self.broken, is_parked, True)
        return rule

    def seen(self) -> Seen:
        return self.see(self.parked, self.broken)


LATCHES: Worlds[AnyLatch] = (RealLatch, SpecifiedLatch)
BARRIERS: Worlds[AnyBarrier] = (RealBarrier, SpecifiedBarrier)


def both(
    worlds: Worlds[W], play: Callable[Concatenate[W, P], Seen], size: int, *with_: P.args, **named: P.kwargs
) -> Played:
    """Play a scenario with a latch or a barrier of each world, made with a count or a number of parties."""
    make_real, make_specified = worlds
    with idle_loop():
        real = play(make_real(size), *with_, **named)
    return Played(real, play(make_specified(size), *with_, **named))
