"""The Barrier's rules, on every host."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from latchproof import Barrier, BrokenBarrierError
from tests.runtime.drivers import Ended, Host, Task, right_after


def outcomes(tasks: list[Task]) -> list[Any]:
    return [task.outcome for task in tasks]


@pytest.mark.parametrize("parties", [1, 2, 7])
def test_b0_a_new_barrier_is_whole_and_empty(parties: int) -> None:
    barrier = Barrier(parties)
    assert (barrier.parties, barrier.n_waiting, barrier.broken) == (parties, 0, False)
    assert repr(barrier) == f"<Barrier parties={parties} waiting=0>"


async def test_b1_who_does_not_complete_the_generation_parks(host: Host) -> None:
    barrier = Barrier(3)
    for arrived in (1, 2):
        waiting = await host.spawn(barrier.wait())
        assert waiting.outcome is Ended.NOT
        assert (barrier.parties, barrier.n_waiting, barrier.broken) == (3, arrived, False)
        assert repr(barrier) == f"<Barrier parties=3 waiting={arrived}>"


@pytest.mark.parametrize("parties", [2, 3, 5])
async def test_b2_the_last_arrival_trips_it_and_indices_go_by_order_of_arrival(host: Host, parties: int) -> None:
    barrier = Barrier(parties)
    waiting = await host.spawn_all(*(barrier.wait() for _ in range(parties - 1)))
    assert outcomes(waiting) == [Ended.NOT] * (parties - 1)
    n_waiting: list[int] = []
    assert await right_after(barrier.wait(), lambda: n_waiting.append(barrier.n_waiting)) == parties - 1
    assert n_waiting == [0]  # before the released tasks have run
    await host.settle()
    assert outcomes(waiting) == list(range(parties - 1))


async def test_b2_with_one_party_nobody_ever_waits(host: Host) -> None:
    barrier = Barrier(1)
    assert [await barrier.wait() for _ in range(3)] == [0, 0, 0]
    assert (barrier.n_waiting, barrier.broken) == (0, False)
    await barrier.abort()
    with pytest.raises(BrokenBarrierError):
        await barrier.wait()
    await barrier.reset()
    assert await barrier.wait() == 0


async def test_b2_one_generation_follows_another(host: Host) -> None:
    barrier = Barrier(3)
    for _ in range(4):
        tasks = await host.spawn_all(barrier.wait(), barrier.wait(), barrier.wait())
        assert outcomes(tasks) == [0, 1, 2]
        assert barrier.n_waiting == 0


async def test_b2_more_tasks_than_parties_make_whole_generations_and_a_rest(host: Host) -> None:
    barrier = Barrier(3)
    tasks = await host.spawn_all(*(barrier.wait() for _ in range(8)))
    assert outcomes(tasks) == [0, 1, 2, 0, 1, 2, Ended.NOT, Ended.NOT]
    assert barrier.n_waiting == 2


@pytest.mark.parametrize(("parties", "generations"), [(2, 30), (5, 12)])
async def test_b2_every_generation_has_its_own_indices_each_once(host: Host, parties: int, generations: int) -> None:
    barrier = Barrier(parties)

    async def take_part(pauses: int) -> list[int]:
        indices = []
        for _ in range(generations):
            for _ in range(pauses):
                await host.pause()
            indices.append(await barrier.wait())
        return indices

    tasks = [host.start(take_part(pauses=number % 3)) for number in range(parties)]
    for _ in range(generations):
        await host.settle()
    laps = zip(*outcomes(tasks), strict=True)
    assert [sorted(generation) for generation in laps] == [list(range(parties))] * generations


async def test_b2_a_fast_task_arrives_at_the_next_generation_before_a_slow_one_has_left_the_last(host: Host) -> None:
    barrier = Barrier(2)
    left = []

    async def twice(name: str) -> list[int]:
        indices = []
        for _ in range(2):
            indices.append(await barrier.wait())
            left.append(name)
        return indices

    slow, fast = await host.spawn_all(twice("slow"), twice("fast"))
    if host.checkpoints:  # there the fast task yields when it has tripped the barrier, and either may be first
        assert (slow.outcome, fast.outcome) in (([0, 0], [1, 1]), ([0, 1], [1, 0]))
    else:
        assert (slow.outcome, fast.outcome) == ([0, 1], [1, 0])
        assert left == ["fast", "slow", "slow", "fast"]


async def test_b3_a_broken_barrier_refuses_whoever_arrives(host: Host) -> None:
    barrier = Barrier(2)
    await barrier.abort()
    for _ in range(2):
        with pytest.raises(BrokenBarrierError, match=r"^the barrier is broken; reset\(\) makes it whole$"):
            await barrier.wait()
        assert (barrier.n_waiting, barrier.broken) == (0, True)
        assert repr(barrier) == "<Barrier parties=2 broken>"


async def test_b4_a_cancelled_task_takes_back_its_arrival_and_later_ones_move_up(host: Host) -> None:
    barrier = Barrier(4)
    tasks = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    host.cancel(tasks[1])
    await host.settle()
    assert outcomes(tasks) == [Ended.NOT, Ended.CANCELLED, Ended.NOT]
    assert (barrier.n_waiting, barrier.broken) == (2, False)
    tasks += await host.spawn_all(barrier.wait(), barrier.wait())
    assert outcomes(tasks) == [0, Ended.CANCELLED, 1, 2, 3]


async def test_b4_the_first_to_arrive_may_be_the_one_that_leaves(host: Host) -> None:
    barrier = Barrier(3)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    host.cancel(tasks[0])
    tasks += await host.spawn_all(barrier.wait(), barrier.wait())
    assert outcomes(tasks) == [Ended.CANCELLED, 0, 1, 2]


async def test_b4_an_arrival_does_not_count_from_the_moment_that_its_cancellation_is_requested(host: Host) -> None:
    barrier = Barrier(2)
    first = await host.spawn(barrier.wait())

    async def cancel_it_and_arrive() -> int:
        host.cancel(first)
        assert barrier.n_waiting == 0
        return await barrier.wait()

    second = await host.spawn(cancel_it_and_arrive())
    assert (first.outcome, second.outcome) == (Ended.CANCELLED, Ended.NOT)
    assert barrier.n_waiting == 1
    third = await host.spawn(barrier.wait())
    assert (second.outcome, third.outcome) == (0, 1)


async def test_b4_among_others_too_an_arrival_does_not_count_when_its_cancellation_is_requested(host: Host) -> None:
    barrier = Barrier(4)
    tasks = await host.spawn_all(*(barrier.wait() for _ in range(3)))

    async def cancel_one_and_arrive() -> int:
        host.cancel(tasks[0])
        assert barrier.n_waiting == 2
        return await barrier.wait()

    tasks.append(await host.spawn(cancel_one_and_arrive()))
    assert outcomes(tasks) == [Ended.CANCELLED] + [Ended.NOT] * 3
    assert barrier.n_waiting == 3
    tasks.append(await host.spawn(barrier.wait()))
    assert outcomes(tasks) == [Ended.CANCELLED, 0, 1, 2, 3]


async def test_b4_others_may_complete_the_generation_before_a_cancelled_task_learns_of_it(host: Host) -> None:
    barrier = Barrier(3)
    first, second = await host.spawn_all(barrier.wait(), barrier.wait())

    async def cancel_the_first_and_arrive() -> int:
        host.cancel(first)
        return await barrier.wait()

    third = host.start(cancel_the_first_and_arrive())
    if host.checkpoints:  # trio runs tasks that start together in either order, but nothing happens between them
        await host.settle()
    last = host.start(barrier.wait())
    await host.settle()
    assert outcomes([first, second, third, last]) == [Ended.CANCELLED, 0, 1, 2]


async def test_b4_many_withdrawals_leave_the_order_of_the_rest(host: Host) -> None:
    barrier = Barrier(151)
    kept: list[list[Task]] = []
    for _ in range(10):
        batch = [host.start(barrier.wait()) for _ in range(50)]
        await host.settle()
        for task in batch[:40]:
            host.cancel(task)
        kept.append(batch[40:])
    assert barrier.n_waiting == 100
    for _ in range(51):
        host.start(barrier.wait())
    await host.settle()
    assert barrier.n_waiting == 0
    indices = [outcomes(tasks) for tasks in kept]
    if host.checkpoints:  # trio runs tasks that start together in either order
        indices = [sorted(batch) for batch in indices]
    assert indices == [list(range(first, first + 10)) for first in range(0, 100, 10)]


async def test_b4_one_task_may_come_and_go_for_ever(host: Host) -> None:
    barrier = Barrier(2)
    for _ in range(100):
        task = await host.spawn(barrier.wait())
        host.cancel(task)
    assert barrier.n_waiting == 0
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    assert outcomes(tasks) == [0, 1]


async def test_b5_a_cancellation_after_the_trip_changes_nothing_for_the_others(host: Host) -> None:
    barrier = Barrier(4)
    tasks = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    assert await right_after(barrier.wait(), lambda: host.cancel(tasks[1])) == 3
    assert (barrier.n_waiting, barrier.broken) == (0, False)
    await host.settle()
    assert (tasks[0].outcome, tasks[2].outcome) == (0, 2)
    # whether a released task still notices depends on the host
    assert tasks[1].outcome in (1, Ended.CANCELLED)
    following = await host.spawn_all(*(barrier.wait() for _ in range(4)))
    assert outcomes(following) == [0, 1, 2, 3]


async def test_b5_all_the_released_may_be_cancelled(host: Host) -> None:
    barrier = Barrier(3)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())

    def cancel_both() -> None:
        for task in tasks:
            host.cancel(task)

    assert await right_after(barrier.wait(), cancel_both) == 2
    assert barrier.n_waiting == 0
    await host.settle()
    assert barrier.n_waiting == 0


async def test_b6_abort_breaks_the_barrier_and_fails_the_parked(host: Host) -> None:
    barrier = Barrier(4)
    tasks = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    seen: list[tuple[int, bool]] = []
    await right_after(barrier.abort(), lambda: seen.append((barrier.n_waiting, barrier.broken)))
    assert seen == [(0, True)]
    await host.settle()
    assert [isinstance(task.outcome, BrokenBarrierError) for task in tasks] == [True] * 3
    message = "the barrier was aborted or reset while this task was parked at it"
    assert [str(task.outcome) for task in tasks] == [message] * 3
    assert len(set(map(id, outcomes(tasks)))) == 3  # each task raises a different error object
    await barrier.abort()
    assert barrier.broken


async def test_b7_reset_fails_the_parked_and_leaves_the_barrier_whole(host: Host) -> None:
    barrier = Barrier(3)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    seen: list[tuple[int, bool]] = []
    await right_after(barrier.reset(), lambda: seen.append((barrier.n_waiting, barrier.broken)))
    assert seen == [(0, False)]
    await host.settle()
    assert [isinstance(task.outcome, BrokenBarrierError) for task in tasks] == [True, True]
    following = await host.spawn_all(*(barrier.wait() for _ in range(3)))
    assert outcomes(following) == [0, 1, 2]


async def test_b7_reset_mends_a_broken_barrier(host: Host) -> None:
    barrier = Barrier(2)
    await barrier.abort()
    await barrier.reset()
    assert not barrier.broken
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    assert outcomes(tasks) == [0, 1]


@pytest.mark.parametrize("end", ["abort_nowait", "reset_nowait"])
async def test_abort_and_reset_do_not_reach_a_generation_that_has_tripped(host: Host, end: str) -> None:
    barrier = Barrier(3)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    assert await right_after(barrier.wait(), getattr(barrier, end)) == 2
    await host.settle()
    assert outcomes(tasks) == [0, 1]
    assert barrier.broken == (end == "abort_nowait")


@pytest.mark.parametrize("end", ["abort_nowait", "reset_nowait"])
async def test_of_two_generations_abort_and_reset_reach_the_one_that_fills(host: Host, end: str) -> None:
    barrier = Barrier(2)
    slow = await host.spawn(barrier.wait())
    outcome_at_the_end = []

    async def twice() -> int:
        index = await barrier.wait()
        with pytest.raises(BrokenBarrierError):
            await barrier.wait()
        return index

    async def end_it() -> None:
        outcome_at_the_end.append(slow.outcome)
        getattr(barrier, end)()

    fast = host.start(twice())
    if host.checkpoints:
        await host.settle()
    ending = host.start(end_it())
    await host.settle()
    assert outcomes([slow, fast, ending]) == [0, 1, None]
    if not host.checkpoints:  # elsewhere the slow one has not left the first generation by then
        assert outcome_at_the_end == [Ended.NOT]


@pytest.mark.parametrize("end", ["abort_nowait", "reset_nowait"])
async def test_a_cancelled_task_is_not_failed_by_abort_or_reset(host: Host, end: str) -> None:
    barrier = Barrier(3)
    cancelled, failed = await host.spawn_all(barrier.wait(), barrier.wait())
    host.cancel(cancelled)
    getattr(barrier, end)()
    await host.settle()
    assert cancelled.outcome is Ended.CANCELLED
    assert isinstance(failed.outcome, BrokenBarrierError)


@pytest.mark.parametrize("end", ["abort_nowait", "reset_nowait"])
async def test_a_task_that_abort_or_reset_failed_may_be_cancelled(host: Host, end: str) -> None:
    barrier = Barrier(3)
    cancelled, failed = await host.spawn_all(barrier.wait(), barrier.wait())
    getattr(barrier, end)()
    host.cancel(cancelled)
    await host.settle()
    assert cancelled.outcome is Ended.CANCELLED or isinstance(cancelled.outcome, BrokenBarrierError)
    assert isinstance(failed.outcome, BrokenBarrierError)


async def test_who_was_failed_may_arrive_again(host: Host) -> None:
    barrier = Barrier(2)

    async def try_again() -> int:
        with pytest.raises(BrokenBarrierError):
            await barrier.wait()
        return await barrier.wait()

    tasks = await host.spawn_all(try_again())
    await barrier.reset()
    await host.settle()
    assert barrier.n_waiting == 1
    tasks += await host.spawn_all(barrier.wait())
    assert outcomes(tasks) == [0, 1]


async def test_async_with_gives_the_index_and_leaving_is_no_arrival(host: Host) -> None:
    barrier = Barrier(2)

    async def take_part() -> list[int]:
        indices = []
        for _ in range(2):
            async with barrier as index:
                indices.append(index)
        return indices

    tasks = await host.spawn_all(take_part(), take_part())
    assert [sorted(pair) for pair in zip(*outcomes(tasks), strict=True)] == [[0, 1], [0, 1]]
    assert (barrier.n_waiting, barrier.broken) == (0, False)


async def test_who_leaves_the_block_waits_for_nobody(host: Host) -> None:
    barrier = Barrier(2)

    async def take_part_once() -> int:
        async with barrier as index:
            return index

    task = await host.spawn(take_part_once())
    assert await barrier.wait() == 1
    await host.settle()
    assert (task.outcome, barrier.n_waiting) == (0, 0)


async def test_async_with_lets_errors_through_and_they_do_not_break_the_barrier(host: Host) -> None:
    barrier = Barrier(1)
    with pytest.raises(KeyError, match="mine"):
        async with barrier:
            raise KeyError("mine")
    assert not barrier.broken
    await barrier.abort()
    with pytest.raises(BrokenBarrierError):
        async with barrier:
            raise AssertionError("not reached")


async def test_a_task_destroyed_while_it_waits_takes_back_its_arrival(host: Host) -> None:
    barrier = Barrier(3)
    waiting = await host.spawn(barrier.wait())
    destroyed = barrier.wait()
    destroyed.send(None)
    assert barrier.n_waiting == 2
    destroyed.close()
    assert barrier.n_waiting == 1
    following = await host.spawn_all(barrier.wait(), barrier.wait())
    assert outcomes([waiting, *following]) == [0, 1, 2]


def test_a_barrier_can_be_referred_to_weakly() -> None:
    barrier = Barrier(1)
    reference = weakref.ref(barrier)
    assert reference() is barrier
    del barrier
    assert reference() is None


def test_a_barrier_has_no_attributes_but_its_own() -> None:
    barrier: Any = Barrier(1)
    for name in ("parties", "n_waiting", "broken", "count"):
        with pytest.raises(AttributeError):
            setattr(barrier, name, 2)
