"""The axioms of the hosts in docs/trust.md: each is tried on the real loops by the test of its name.

The tests do without our classes: they park and wake tasks as `Parking` does, with what `latchproof.hosts` offers. The
axioms of the libraries themselves are in `test_library_axioms`. `test_broken_hosts` has hosts for which an axiom does
not hold: its test must fail.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Coroutine, Iterator
from typing import Any

import pytest
import trio

from latchproof import BrokenBarrierError, hosts
from latchproof.parking import Parking
from latchproof_spec.barrier.rules import B6
from tests.runtime.drivers import FLOWNO, LONE_ASYNCIO, TRIO, AsyncioHost, Ended, Host, on_a_thread, returned_at_once
from tests.runtime.waking import Queue, assumed_of, forever, inside_of, loop_of, runs_again, soon


async def without_suspending() -> None:
    """Return at once."""


# Steps


@assumed_of()
async def test_a_step_is_not_interrupted(host: Host) -> None:
    seen: list[object] = []

    async def step(name: str) -> None:
        for _ in range(3):
            seen.append(name)
            soon(host, lambda: seen.append("callback"))
            for _ in range(2):
                await without_suspending()
                seen.append(name)
            await host.pause()

    for name in "ab":
        host.start(step(name))
    await host.settle()
    assert [seen.count(name) for name in ("a", "b", "callback")] == [9, 9, 6]
    of_tasks = [name for name in seen if name != "callback"]
    assert all(len(set(of_tasks[first : first + 3])) == 1 for first in range(0, 18, 3))
    places = [place for place, name in enumerate(seen) if name == "callback"]
    steps_before = [sum(name != "callback" for name in seen[:place]) for place in places]
    assert [number % 3 for number in steps_before] == [0] * 6


@assumed_of()
async def test_a_parked_task_does_not_continue(host: Host) -> None:
    queue = Queue()
    tasks = await host.spawn_all(queue.park(), queue.park())
    raw = [waker.task for waker in queue.wakers] if host is FLOWNO else []
    for task in raw:
        FLOWNO.loop.tasks.append((task, 5, None))  # as a sleep resumes it from which the task was cancelled
    host.cancel(await host.spawn(Queue().park()))
    await host.spawn(host.pause())
    assert [task.outcome for task in tasks] == [Ended.NOT, Ended.NOT]
    assert len(queue.wakers) == 2


@assumed_of()
async def test_a_woken_task_continues_once_with_its_ending(host: Host) -> None:
    queue = Queue()
    continued: list[tuple[int, object]] = []

    async def park(number: int) -> None:
        continued.append((number, await queue.park()))
        await forever(host)
        continued.append((number, "continued twice"))

    endings = [2, None, BrokenBarrierError, 0]
    await host.spawn_all(*map(park, range(4)))
    queue.wake(*endings)
    await host.settle()
    assert sorted(continued, key=str) == [*enumerate(endings)]


@assumed_of()
async def test_each_waker_wakes_the_task_that_made_it(host: Host) -> None:
    queue = Queue()
    tasks = await host.spawn_all(*(queue.park() for _ in range(3)))
    wakers = [*queue.wakers]
    assert len(wakers) == 3
    for number in (1, 0, 2):
        queue.wakers.pop(wakers[number])
        queue.host.wake_all((wakers[number],), (number,))
        await host.settle()
        assert tasks[number].outcome == number
    assert [task.outcome for task in tasks] == [0, 1, 2]


@assumed_of()
async def test_wakers_are_told_apart(host: Host) -> None:
    queue = Queue()
    await host.spawn_all(*(queue.park() for _ in range(3)))
    wakers = [*queue.wakers]
    assert len(wakers) == 3
    assert [one == other for one in wakers for other in wakers] == [one is other for one in wakers for other in wakers]
    queue.wake(0, 0, 0)
    assert len(dict.fromkeys(wakers)) == 3


@assumed_of()
async def test_every_woken_task_continues(host: Host) -> None:
    queue = Queue()
    is_over = False

    async def keep_the_loop_busy() -> None:
        while not is_over:
            await host.pause()

    tasks = await host.spawn_all(*(queue.park() for _ in range(5)))
    for _ in range(3):
        host.start(keep_the_loop_busy())
    await host.pause()
    queue.wake(*range(5))
    for _ in range(20):
        await host.pause()
    is_over = True
    assert [task.outcome for task in tasks] == [0, 1, 2, 3, 4]


@assumed_of()
async def test_waking_runs_no_task(host: Host) -> None:
    queue = Queue()
    continued: list[object] = []

    async def park() -> None:
        continued.append(await queue.park())

    await host.spawn_all(park(), park())
    queue.wake(0, 1)
    assert continued == []
    await host.settle()
    assert sorted(map(str, continued)) == ["0", "1"]


class InterruptedOnce:
    """Endings that an interrupt comes between when they are first looked at."""

    def __init__(self, endings: list[int]) -> None:
        self.endings = endings
        self.was_interrupted = False

    def __iter__(self) -> Iterator[int]:
        for number, ending in enumerate(self.endings):
            if number == 1 and not self.was_interrupted:
                self.was_interrupted = True
                raise KeyboardInterrupt
            yield ending


@assumed_of("asyncio", "uvloop", "Flowno")
async def test_an_interrupted_wake_up_is_completed(host: Host) -> None:
    queue = Queue()
    tasks = await host.spawn_all(*(queue.park() for _ in range(3)))
    with pytest.raises(KeyboardInterrupt):
        queue.host.wake_all(tuple(queue.wakers), InterruptedOnce([4, 5, 6]))
    await host.settle()
    assert [task.outcome for task in tasks] == [4, 5, 6]


class InterruptedHost:
    """A host during whose `wake_all` Ctrl-C is pressed."""

    broken_barrier_error = BrokenBarrierError

    def __init__(self) -> None:
        self.is_done = False

    def wake_all(self, wakers: object, endings: object) -> None:
        signal.raise_signal(signal.SIGINT)
        self.is_done = True


@assumed_of("trio")
def test_no_interrupt_comes_inside_an_operation(host: Host) -> None:
    async def main() -> None:
        assert Parking in hosts.KI_PROTECTED
        parking, interrupted = Parking(), InterruptedHost()
        parking.host = interrupted  # type: ignore[assignment] # all that a release asks of it
        parking.release(B6)
        assert interrupted.is_done
        with pytest.raises(KeyboardInterrupt):
            await trio.lowlevel.checkpoint()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores the signal
    try:
        host.run(main)
    finally:
        signal.signal(signal.SIGINT, before)


# Cancellation


@assumed_of()
async def test_a_cancellation_shows_from_its_request_on(host: Host) -> None:
    queue, other = Queue(), Queue()
    tasks = await host.spawn_all(*(queue.park() for _ in range(4)), other.park())
    first, second, third, fourth = wakers = [*queue.wakers]
    host.cancel(tasks[4])
    assert (queue.parked(), other.parked()) == (wakers, [])
    host.cancel(tasks[1])
    assert queue.parked() == [first, third, fourth]
    host.cancel(tasks[3])
    assert queue.parked() == [first, third]
    for waker in queue.host.withdrawn(queue.wakers):
        del queue.wakers[waker]
    assert [*queue.wakers] == queue.parked() == [first, third]
    queue.wake(0, 1)
    await host.settle()
    assert [task.outcome for task in tasks] == [0, Ended.CANCELLED, 1, Ended.CANCELLED, Ended.CANCELLED]
    assert second not in queue.wakers


@assumed_of()
async def test_a_parked_call_ends_early_only_at_its_await(host: Host) -> None:
    queue = Queue()
    raised: list[type[BaseException]] = []

    async def park() -> None:
        try:
            await queue.park()
        except BaseException as error:
            raised.append(type(error))
            raise

    task = await host.spawn(park())
    host.cancel(task)
    assert raised == []
    await host.settle()
    assert (raised, task.outcome) == ([host.cancelled], Ended.CANCELLED)

    closed = park()
    closed.send(None)
    closed.close()
    assert raised == [host.cancelled, GeneratorExit]


@assumed_of()
async def test_a_pending_cancellation_is_raised_where_the_task_parks(host: Host) -> None:
    queue = Queue()
    before: list[int] = []
    raised: list[int] = []

    async def park_cancelled() -> None:
        await host.pause()
        host.cancel(task)
        before.append(len(queue.wakers))
        try:
            await queue.park()
        except host.cancelled:
            raised.append(len(before))
            raise

    task = host.start(park_cancelled())
    parked = []
    for _ in range(5):
        await host.pause()
        parked.append(len(queue.parked()))
    assert parked == [0] * 5
    assert (before, raised, task.outcome) == ([0], [1], Ended.CANCELLED)


@assumed_of()
async def test_a_cancellation_after_the_wake_up_touches_no_other_task(host: Host) -> None:
    queue = Queue()
    tasks = await host.spawn_all(*(queue.park() for _ in range(3)))
    queue.wake(0, 1, 2)
    late = host.start(queue.park())
    host.cancel(tasks[1])
    assert queue.wakers.keys() == dict.fromkeys(queue.parked()).keys()
    await host.settle()
    assert (tasks[0].outcome, tasks[2].outcome, late.outcome) == (0, 2, Ended.NOT)
    assert tasks[1].outcome in (1, Ended.CANCELLED)
    assert len(queue.parked()) == 1


@assumed_of("trio")
async def test_a_checkpoint_is_cancelled_before_the_effect(host: Host) -> None:
    here = hosts.current(None)
    assert here.checkpoints
    returned_at_once(_await(here.checkpoint_if_cancelled()))
    effects: list[object] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        await here.checkpoint_if_cancelled()
        effects.append("an effect")
    assert scope.cancelled_caught
    assert effects == []


@assumed_of("trio")
async def test_a_shielded_checkpoint_is_not_cancelled(host: Host) -> None:
    here = hosts.current(None)
    with trio.CancelScope() as scope:
        scope.cancel()
        await here.cancel_shielded_checkpoint()
    assert not scope.cancelled_caught
    with pytest.raises(AssertionError, match="it suspended"):  # so that other tasks may run
        returned_at_once(_await(here.cancel_shielded_checkpoint()))


async def _await(awaited: Awaitable[object]) -> object:
    return await awaited


# Which loop runs the caller


@assumed_of()
async def test_the_loop_of_the_caller_is_found(host: Host) -> None:
    def found() -> object:
        here = hosts.running(None)
        return here and here.loop

    async def inner_main() -> tuple[object, object]:
        return found(), loop_of(inner)

    inner, called = inside_of(host), list[object]()
    assert found() is loop_of(host)
    assert on_a_thread(found) is None
    if host is not FLOWNO or inner is not FLOWNO:
        one, other = inner.run(inner_main)
        assert one is other is not None
    one, other = on_a_thread(lambda: inner.run(inner_main))
    assert one is other is not None
    assert found() is loop_of(host)
    if isinstance(host, AsyncioHost):
        soon(host, lambda: called.append(found()))
        await host.settle()
        assert called == [loop_of(host)]


@assumed_of()
async def test_a_host_that_says_it_is_here_is_here(host: Host) -> None:
    async def asked() -> list[bool]:
        return [here.is_here(), here.is_running_here()]

    here, inner = hosts.current(None), inside_of(host)
    assert [here.is_here(), here.is_running_here()] == [True, True]
    if host is not LONE_ASYNCIO:  # which knows of no other host
        assert inner.run(asked) == [False, False]
        assert on_a_thread(lambda: inner.run(asked)) == [False, False]
    assert not on_a_thread(here.is_running_here)
    assert [here.is_here(), here.is_running_here()] == [True, True]


def _glance(here: Any) -> tuple[bool, bool]:
    """Return whether the cheap looks show a task that needs no checkpoint, and that trio runs here."""
    return bool(here.asyncio_tasks or here.current_task()), bool(here.trio_record and here.trio_record.name)


@assumed_of()
def test_a_quick_look_is_not_mistaken(host: Host) -> None:
    async def main() -> Any:
        here = hosts.current(None)
        assert _glance(here) == ((False, True) if host is TRIO else (True, False))
        if "trio" in sys.modules and host is not TRIO and "uvloop" not in host.name:
            assert TRIO.run(lambda: _inside(here))[1]
        assert _glance(here) == ((False, True) if host is TRIO else (True, False))
        return here

    assert _glance(host.run(main)) == (False, False)


async def _inside(here: Any) -> tuple[bool, bool]:
    return _glance(here)


@assumed_of("asyncio", "uvloop", "trio")
def test_a_closed_loop_runs_no_task(host: Host) -> None:
    async def main() -> Any:
        here = hosts.current(None)
        assert not here.is_closed()
        assert not on_a_thread(here.is_closed)
        return here

    closed = host.run(main)
    assert closed.is_closed()
    assert on_a_thread(closed.is_closed)
    with pytest.raises(RuntimeError):  # trio's RunFinishedError is one
        _add_to(closed.loop)


def _add_to(loop: Any) -> None:
    add = loop.run_sync_soon if isinstance(loop, trio.lowlevel.TrioToken) else loop.call_soon
    add(lambda: None)


@assumed_of("asyncio", "uvloop", "Flowno")
def test_a_loop_that_is_not_running_is_woken_when_it_runs_again(host: Host) -> None:
    queues: list[Queue] = []
    continued: list[object] = []

    async def park() -> None:
        continued.append(await queues[0].park())

    async def first() -> None:
        queues.append(Queue())
        for _ in range(2):
            soon_task(park())
        await host.settle()

    def soon_task(coro: Coroutine[Any, Any, None]) -> None:
        kept.append(asyncio.ensure_future(coro) if isinstance(host, AsyncioHost) else FLOWNO.loop.create_task(coro))

    kept: list[object] = []
    with runs_again(host) as run:
        run(first())
        (queue,) = queues
        assert not queue.host.is_closed()
        queue.host.check_reachable()
        queue.wake(7, 8)
        assert continued == []
        run(host.settle())
    assert sorted(map(str, continued)) == ["7", "8"]


@assumed_of("trio")
async def test_tasks_of_trio_are_woken_from_its_own_thread_alone(host: Host) -> None:
    queue = Queue()
    task = await host.spawn(queue.park())
    (waker,) = queue.wakers
    queue.host.check_reachable()
    with pytest.raises(RuntimeError, match="wait here, and this is not its thread"):
        on_a_thread(queue.host.check_reachable)
    with pytest.raises(RuntimeError):
        on_a_thread(lambda: trio.lowlevel.reschedule(waker.task))
    await host.settle()
    assert task.outcome is Ended.NOT
    called: list[str] = []

    def callback() -> None:
        queue.host.check_reachable()
        called.append("and not refused")

    soon(host, callback)
    await host.settle()
    assert called == ["and not refused"]


@assumed_of()
async def test_the_error_of_a_host_is_the_one_that_is_specified(host: Host) -> None:
    error = hosts.current(None).broken_barrier_error
    assert issubclass(error, BrokenBarrierError)
    assert error.__name__ == "BrokenBarrierError"
    assert str(error("said")) == "said"
    assert issubclass(error, asyncio.BrokenBarrierError) == isinstance(host, AsyncioHost)
