"""What is particular to trio: every awaited call is a checkpoint, with its effect in the middle; cancel scopes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import outcome
import pytest
import trio
import trio.testing

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, ZeroLatchError
from latchproof.hosts.trio import TrioHost, TrioWaker
from tests.runtime.drivers import TRIO, Ended, Host, on_a_thread, right_after


@pytest.fixture
def host() -> Host:
    return TRIO


def broken_barrier() -> Barrier:
    barrier = Barrier(2)
    barrier.abort_nowait()
    return barrier


# name -> a call that need not block, on a new latch or barrier
CALLS: dict[str, Callable[[], tuple[CountdownLatch | Barrier, Callable[[], Coroutine[Any, Any, object]]]]] = {
    "L1": lambda: (latch := CountdownLatch(2), latch.count_down),
    "L2": lambda: (latch := CountdownLatch(1), latch.count_down),
    "L3": lambda: (latch := CountdownLatch(0), latch.count_down),
    "L3x": lambda: (latch := CountdownLatch(0), partial(latch.count_down, exception_if_zero=True)),
    "L7": lambda: (latch := CountdownLatch(0), latch.wait),
    "B2": lambda: (barrier := Barrier(1), barrier.wait),
    "B3": lambda: (barrier := broken_barrier(), barrier.wait),
    "B6": lambda: (barrier := Barrier(2), barrier.abort),
    "B7": lambda: (barrier := broken_barrier(), barrier.reset),
}
REFUSED = (ZeroLatchError, BrokenBarrierError)


@pytest.mark.parametrize("name", CALLS)
async def test_every_awaited_call_is_a_checkpoint(host: Host, name: str) -> None:
    _, call = CALLS[name]()
    with trio.testing.assert_checkpoints():
        try:
            await call()
        except REFUSED:
            assert name in ("L3x", "B3")
        else:
            assert name not in ("L3x", "B3")


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_that_is_cancelled_has_no_effect(host: Host, name: str) -> None:
    shared, call = CALLS[name]()
    before = repr(shared)
    with trio.CancelScope() as scope:
        scope.cancel()
        await call()
    assert scope.cancelled_caught
    assert repr(shared) == before


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_that_has_had_its_effect_is_not_cancelled_any_more(host: Host, name: str) -> None:
    shared, call = CALLS[name]()
    after: list[str] = []
    with trio.CancelScope() as scope:

        def cancel() -> None:
            after.append(repr(shared))
            scope.cancel()

        try:
            await right_after(call(), cancel)
        except REFUSED:
            assert name in ("L3x", "B3")
    assert not scope.cancelled_caught
    assert after == [repr(shared)]  # it was there before the call let others run


class _Watch(trio.abc.Instrument):
    """Records what can be seen of a latch or barrier between any two steps of any tasks."""

    def __init__(self, shared: object) -> None:
        self.shared = shared
        self.seen: list[str] = []

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.seen.append(repr(self.shared))


async def test_a_wait_that_parks_is_a_checkpoint_and_a_cancelled_one_does_not_arrive(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    for shared in (latch, barrier):
        before = repr(shared)
        watch = _Watch(shared)
        trio.lowlevel.add_instrument(watch)
        with trio.CancelScope() as scope:
            scope.cancel()
            await shared.wait()
        trio.lowlevel.remove_instrument(watch)
        assert scope.cancelled_caught
        assert watch.seen
        assert set(watch.seen) == {before}

    async def wait_with_checkpoints() -> None:
        with trio.testing.assert_checkpoints():
            await latch.wait()
        with trio.testing.assert_checkpoints():
            assert await barrier.wait() == 0

    waiting = await host.spawn(wait_with_checkpoints())
    latch.count_down_nowait()
    await host.settle()
    assert await barrier.wait() == 1
    await host.settle()
    assert waiting.outcome is None


async def test_the_one_that_would_complete_a_generation_does_not_if_it_is_cancelled(host: Host) -> None:
    barrier = Barrier(2)
    waiting = await host.spawn(barrier.wait())
    with trio.CancelScope() as scope:
        scope.cancel()
        await barrier.wait()
    assert scope.cancelled_caught
    assert barrier.n_waiting == 1
    await host.settle()
    assert waiting.outcome is Ended.NOT


async def test_in_clean_up_that_runs_cancelled_the_plain_methods_work_and_the_awaited_do_not(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(3)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        finally:
            for awaited in (barrier.abort, barrier.reset, latch.count_down):
                with pytest.raises(trio.Cancelled):
                    await awaited()
            assert (latch.count, barrier.broken, barrier.n_waiting) == (2, False, 1)
            latch.count_down_nowait()
            latch.count_down_nowait()
            barrier.abort_nowait()
            assert (latch.count, barrier.broken, barrier.n_waiting) == (0, True, 0)
            barrier.reset_nowait()
            assert not barrier.broken
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(at_barrier.outcome, BrokenBarrierError)


def test_a_timeout_takes_back_a_wait() -> None:
    async def main() -> None:
        latch, barrier = CountdownLatch(1), Barrier(2)
        with trio.move_on_after(5) as scope:
            await latch.wait()
        assert scope.cancelled_caught
        latch.set_count(1)
        with trio.move_on_after(5) as scope:
            await barrier.wait()
        assert scope.cancelled_caught
        assert (barrier.n_waiting, barrier.broken) == (0, False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(barrier.wait)
            nursery.start_soon(barrier.wait)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_to_cancel_a_scope_takes_back_all_the_waits_in_it_at_once(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(4)
    first = await host.spawn(barrier.wait())
    async with trio.open_nursery() as nursery:
        for wait in (latch.wait, latch.wait, barrier.wait, barrier.wait):
            nursery.start_soon(wait)
        await host.settle()
        assert (repr(latch), barrier.n_waiting) == ("<CountdownLatch count=1 waiting=2>", 3)
        nursery.cancel_scope.cancel()
        assert (repr(latch), barrier.n_waiting) == ("<CountdownLatch count=1>", 1)
        latch.set_count(7)
    following = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    assert [task.outcome for task in (first, *following)] == [0, 1, 2, 3]


async def test_a_shielded_wait_is_not_withdrawn(host: Host) -> None:
    barrier = Barrier(2)

    async def wait_shielded() -> None:
        with trio.CancelScope(shield=True):
            indices.append(await barrier.wait())

    indices: list[int] = []

    shielded = await host.spawn(wait_shielded())
    host.cancel(shielded)
    await host.settle()
    assert (barrier.n_waiting, shielded.outcome) == (1, Ended.NOT)
    assert await barrier.wait() == 1
    await host.settle()
    assert indices == [0]


def test_a_run_is_closed_when_it_has_ended() -> None:
    async def main() -> TrioHost:
        host = TrioHost(trio.lowlevel.current_trio_token())
        assert not host.is_closed()
        assert not await trio.to_thread.run_sync(host.is_closed)
        host.check_reachable()
        return host

    ended = trio.run(main)
    assert ended.is_closed()
    with pytest.raises(RuntimeError):
        ended.check_reachable()

    async def another_run() -> None:
        assert ended.is_closed()
        with pytest.raises(RuntimeError):
            ended.check_reachable()

    trio.run(another_run)

    barrier = Barrier(2)
    barrier._parking.host = ended
    barrier._parking.queue["a task of a run that has crashed"] = None
    assert barrier.n_waiting == 0
    barrier.reset_nowait()  # this thread would be refused if the run could still be reached
    assert len(barrier._parking.queue) == 0


async def test_to_ask_whether_the_run_is_closed_does_not_keep_it_busy(host: Host) -> None:
    """A property that is read in a loop must not wake the run each time: an autojump clock would never jump."""
    barrier = Barrier(2)
    await host.spawn(barrier.wait())
    statistics = trio.lowlevel.current_statistics
    before = statistics().run_sync_soon_queue_size
    assert barrier.n_waiting == 1
    assert statistics().run_sync_soon_queue_size == before


async def test_to_ask_often_from_a_thread_whether_the_run_is_closed_is_one_request(host: Host) -> None:
    here = TrioHost(trio.lowlevel.current_trio_token())
    before = trio.lowlevel.current_statistics().run_sync_soon_queue_size
    assert on_a_thread(lambda: [here.is_closed() for _ in range(5)]) == [False] * 5
    assert trio.lowlevel.current_statistics().run_sync_soon_queue_size == before + 1


async def test_a_waker_is_the_outcome_that_its_task_goes_on_with(host: Host) -> None:
    def generator() -> Generator[None, object, None]:
        received.append((yield))

    async def asynchronous() -> AsyncGenerator[None, object]:
        received.append((yield))

    received: list[object] = []
    waker = object.__new__(TrioWaker)
    waker.ending = 3
    assert isinstance(waker, outcome.Outcome)
    assert waker.unwrap() == 3

    one = generator()
    next(one)
    with pytest.raises(StopIteration):
        waker.send(one)
    other = asynchronous()
    await anext(other)
    with pytest.raises(StopAsyncIteration):
        await waker.asend(other)
    assert received == [3, 3]


def test_two_wakers_with_one_ending_are_two() -> None:
    one, other = (object.__new__(TrioWaker) for _ in range(2))
    one.ending = other.ending = None
    assert one != other
    assert len({one: None, other: None}) == 2


async def test_an_outcome_takes_no_parameter_before_its_version_1_3(host: Host) -> None:
    assert TrioWaker.__bases__ == (outcome.Outcome,)
    assert "__orig_bases__" not in vars(TrioWaker)


def test_a_trio_that_does_not_know_in_trio_task_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """trio before 0.29 has no such function."""
    monkeypatch.delattr(trio.lowlevel, "in_trio_task")

    async def main() -> str:
        latch = CountdownLatch(1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(latch.wait)
            await trio.testing.wait_all_tasks_blocked()
            await latch.count_down()
        return latch._parking.host.name

    async def inside_of_asyncio() -> str:
        return trio.run(main)

    assert trio.run(main) == "trio"
    assert asyncio.run(inside_of_asyncio()) == "trio"
