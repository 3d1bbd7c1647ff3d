"""What is particular to asyncio: calls that do not suspend, timeouts, and swallowed cancellations."""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import pytest

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, ZeroLatchError, hosts
from tests.conftest import ASYNCIO_HOSTS
from tests.runtime.drivers import Ended, Host, returned_at_once


@pytest.fixture(params=ASYNCIO_HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    chosen: Host = request.param
    return chosen


async def test_a_call_that_need_not_block_does_not_suspend(host: Host) -> None:
    latch = CountdownLatch(2)
    returned_at_once(latch.count_down())
    returned_at_once(latch.count_down())
    assert latch.count == 0
    returned_at_once(latch.wait())
    returned_at_once(latch.count_down())
    with pytest.raises(ZeroLatchError):
        returned_at_once(latch.count_down(exception_if_zero=True))

    barrier = Barrier(2)
    waiting = await host.spawn(barrier.wait())
    assert returned_at_once(barrier.wait()) == 1
    assert waiting.outcome is Ended.NOT
    returned_at_once(barrier.abort())
    with pytest.raises(BrokenBarrierError):
        returned_at_once(barrier.wait())
    returned_at_once(barrier.reset())
    assert returned_at_once(Barrier(1).wait()) == 0


async def test_a_timeout_takes_back_a_wait(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await latch.wait()
    latch.set_count(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await barrier.wait()
    assert (barrier.n_waiting, barrier.broken) == (0, False)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    assert [task.outcome for task in tasks] == [0, 1]


async def test_wait_for_takes_back_a_wait(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)
    first = await host.spawn(barrier.wait())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(barrier.wait(), 0.001)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(latch.wait(), 0.001)
    latch.set_count(1)
    assert barrier.n_waiting == 1
    following = await host.spawn_all(barrier.wait(), barrier.wait())
    assert [task.outcome for task in (first, *following)] == [0, 1, 2]


async def test_wait_for_gives_what_came_in_time(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    tasks = await host.spawn_all(asyncio.wait_for(latch.wait(), 60), asyncio.wait_for(barrier.wait(), 60))
    await latch.count_down()
    assert await asyncio.wait_for(barrier.wait(), 60) == 1
    await host.settle()
    assert [task.outcome for task in tasks] == [None, 0]


async def test_a_cancellation_before_the_task_has_arrived_is_delivered_where_it_would_park(host: Host) -> None:
    latch, barrier, go = CountdownLatch(1), Barrier(2), asyncio.Event()

    async def arrive(waits: bool) -> None:
        await go.wait()
        await (latch.wait() if waits else barrier.wait())

    tasks = await host.spawn_all(arrive(True), arrive(False))
    go.set()
    await asyncio.sleep(0)  # the tasks are woken, and may have run: what follows holds either way
    for task in tasks:
        host.cancel(task)
    assert barrier.n_waiting == 0
    await host.settle()
    assert [task.outcome for task in tasks] == [Ended.CANCELLED] * 2
    assert repr(latch) == "<CountdownLatch count=1>"


async def test_who_swallows_its_cancellation_may_wait_again_and_stands_last(host: Host) -> None:
    barrier = Barrier(3)

    async def stubborn() -> int:
        try:
            return await barrier.wait()
        except asyncio.CancelledError:
            return await barrier.wait()

    tasks = await host.spawn_all(stubborn(), barrier.wait())
    host.cancel(tasks[0])
    await host.settle()
    assert barrier.n_waiting == 2
    tasks += await host.spawn_all(barrier.wait())
    assert [task.outcome for task in tasks] == [1, 0, 2]


async def test_shielded_waits_are_not_withdrawn(host: Host) -> None:
    latch = CountdownLatch(1)
    waiting = asyncio.ensure_future(latch.wait())
    shielded = await host.spawn(_await(asyncio.shield(waiting)))
    host.cancel(shielded)
    await host.settle()
    assert shielded.outcome is Ended.CANCELLED
    assert repr(latch) == "<CountdownLatch count=1 waiting=1>"
    await latch.count_down()
    await waiting


async def _await(future: asyncio.Future[None]) -> None:
    await future


async def test_gather_and_task_groups(host: Host) -> None:
    barrier = Barrier(3)
    assert await asyncio.gather(*(barrier.wait() for _ in range(3))) == [0, 1, 2]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(barrier.wait()) for _ in range(3)]
    assert [task.result() for task in tasks] == [0, 1, 2]


async def test_a_task_group_that_fails_takes_back_its_waits(host: Host) -> None:
    barrier = Barrier(4)
    first = await host.spawn(barrier.wait())

    async def fail_amid_waits() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(barrier.wait())
            await host.settle()
            assert barrier.n_waiting == 3
            raise KeyError

    failed = await host.spawn(fail_amid_waits())
    await host.settle()
    assert isinstance(failed.outcome, ExceptionGroup)
    assert failed.outcome.subgroup(KeyError)
    assert barrier.n_waiting == 1
    following = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    assert [task.outcome for task in (first, *following)] == [0, 1, 2, 3]


async def test_clean_up_that_runs_cancelled_may_still_call_everything_but_wait(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(2)
    waiting = await host.spawn(latch.wait())

    async def clean_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await latch.count_down()
            latch.count_down_nowait()
            await barrier.abort()

    cleaning = await host.spawn(clean_up())
    host.cancel(cleaning)
    await host.settle()
    assert (waiting.outcome, cleaning.outcome, barrier.broken) == (None, Ended.CANCELLED, True)


def test_a_barrier_that_decides_anew_is_still_whole_and_no_less() -> None:
    """The second party finds the first withdrawn, which has not run yet: it parks, and nothing else changes."""

    async def arrive_later(barrier: Barrier) -> int:
        assert barrier.n_waiting == 1
        assert barrier.broken is False
        return await barrier.wait()

    async def run() -> None:
        barrier = Barrier(2)
        first = asyncio.create_task(barrier.wait())
        await asyncio.sleep(0)
        first.cancel()
        third = asyncio.create_task(arrive_later(barrier))
        assert await barrier.wait() == 0
        assert await third == 1
        assert first.cancelled()

    asyncio.run(run())


class _NoFrame(Coroutine[Any, Any, Any]):
    """A coroutine like those of compiled code: it has no frame."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def send(self, value: object) -> Any:
        raise StopIteration(self._function())

    def throw(self, *_: object) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def __await__(self) -> Any:
        raise NotImplementedError


def test_a_task_without_a_frame_can_be_told_from_another_host() -> None:
    """If several hosts are imported, the frames of their tasks tell which of them runs the caller."""

    async def run() -> tuple[object, ...]:
        return await asyncio.create_task(_NoFrame(lambda: hosts._asyncio_marks(asyncio.get_running_loop())))

    assert asyncio.run(run())[0] is None


async def test_each_count_down_takes_one_off(host: Host) -> None:
    latch = CountdownLatch(5)
    counts = []
    for _ in range(5):
        await latch.count_down()
        counts.append(latch.count)
    assert counts == [4, 3, 2, 1, 0]


@pytest.mark.filterwarnings("ignore:It looks like Trio's signal handling code:RuntimeWarning")  # it meets uvloop's
async def test_a_latch_that_asyncio_counted_down_is_a_checkpoint_on_a_trio_inside(host: Host) -> None:
    trio = import_module("trio")  # on the host with asyncio alone it is imported here, and late
    latch = CountdownLatch(9)
    await latch.count_down()
    await latch.count_down()

    async def inside() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await latch.count_down()
        assert scope.cancelled_caught

    trio.run(inside)
    assert latch.count == 7


def test_a_waiting_call_is_little_larger_than_one_of_asyncio() -> None:
    """Each local variable of wait() costs a word in every task that waits, and there may be a hundred thousand."""
    calls: dict[str, Coroutine[Any, Any, object]] = {
        "event": asyncio.Event().wait(),
        "latch": CountdownLatch(1).wait(),
        "barrier": Barrier(2).wait(),
    }
    sizes = {name: sys.getsizeof(call) for name, call in calls.items()}
    for call in calls.values():
        call.close()
    word = struct.calcsize("P")
    assert sizes["latch"] <= sizes["event"] + 4 * word
    assert sizes["barrier"] <= sizes["event"] + 5 * word
