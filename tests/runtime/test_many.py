"""More tasks, parties and generations than the explorers use, on every host: what holds for three holds for more."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from latchproof import Barrier, BrokenBarrierError, CountdownLatch
from tests.runtime.drivers import Ended, Host

SIZES = (3, 4, 5, 6, 9, 17)


@pytest.mark.parametrize("how", ["abort", "reset", "abort_nowait", "reset_nowait"])
async def test_whoever_is_parked_fails_however_many_they_are(host: Host, how: str) -> None:
    for parked in SIZES:
        barrier = Barrier(parked + 1)
        tasks = [host.start(barrier.wait()) for _ in range(parked)]
        await host.settle()
        assert barrier.n_waiting == parked
        result: Any = getattr(barrier, how)()
        if result is not None:
            await result
        await host.settle()
        assert all(isinstance(task.outcome, BrokenBarrierError) for task in tasks)
        assert (barrier.n_waiting, barrier.broken, barrier.parties) == (0, how.startswith("abort"), parked + 1)


async def test_whoever_waits_for_a_latch_goes_on_however_many_they_are(host: Host) -> None:
    for parked in SIZES:
        latch = CountdownLatch(parked)
        tasks = [host.start(latch.wait()) for _ in range(parked)]
        await host.settle()
        for number in range(parked):
            assert latch.count == parked - number
            assert {task.outcome for task in tasks} == {Ended.NOT}
            await latch.count_down()
        latch.set_count(parked + 3)
        others = [host.start(latch.wait()) for _ in range(2)]
        await host.settle()
        assert [task.outcome for task in tasks] == [None] * parked
        assert {task.outcome for task in others} == {Ended.NOT}


@pytest.mark.parametrize("parties", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("context", [False, True], ids=["wait", "async with"])
async def test_generation_after_generation_is_the_same(host: Host, parties: int, context: bool) -> None:
    barrier = Barrier(parties)

    async def enter() -> int:
        async with barrier as index:
            return index

    arrive = enter if context else barrier.wait
    for generation in range(40):
        tasks = await host.spawn_all(*(arrive() for _ in range(parties)))
        assert [task.outcome for task in tasks] == list(range(parties)), generation
        if generation % 7 == 3 and parties > 2:
            gone, _ = await host.spawn_all(barrier.wait(), barrier.wait())
            host.cancel(gone)
            await host.settle()
            assert barrier.n_waiting == 1
            await barrier.reset()
            await host.settle()


@pytest.mark.parametrize("parties", [2, 3, 4, 5, 8])
async def test_a_generation_that_is_complete_goes_on_whatever_comes_right_after(host: Host, parties: int) -> None:
    for after in ("abort_nowait", "reset_nowait"):
        barrier = Barrier(parties)
        tasks = [host.start(barrier.wait()) for _ in range(parties - 1)]
        await host.settle()

        async def complete_and(after: str, barrier: Barrier) -> int:
            index = await barrier.wait()
            getattr(barrier, after)()
            return index

        last = host.start(complete_and(after, barrier))
        await host.settle()
        assert sorted(task.outcome for task in (*tasks, last)) == list(range(parties))
        assert barrier.broken == (after == "abort_nowait")
        assert barrier.parties == parties


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_to_leave_the_block_swallows_nothing(host: Host, error: type[BaseException]) -> None:
    with pytest.raises(error):
        async with Barrier(1):
            raise error


async def test_a_cancellation_inside_of_the_block_is_not_swallowed(host: Host) -> None:
    latch = CountdownLatch(1)

    async def inside() -> None:
        async with Barrier(1):
            await latch.wait()

    task = await host.spawn(inside())
    host.cancel(task)
    await host.settle()
    assert task.outcome is Ended.CANCELLED


async def test_each_over_count_warns(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    latch = CountdownLatch(0)
    for call in (latch.count_down, latch.count_down, partial(latch.count_down, exception_if_zero=False)):
        await call()
    assert len(caplog.records) == 3
