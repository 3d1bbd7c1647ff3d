"""What is particular to Flowno: the queues of its loop, and tasks that it resumes although no task woke them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from flowno.core.event_loop import event_loop as flowno_loop
from flowno.core.event_loop import primitives as flowno_primitives
from flowno.core.event_loop.event_loop import current_event_loop
from flowno.core.event_loop.primitives import sleep, spawn
from flowno.core.event_loop.tasks import TaskCancelled

from latchproof import Barrier, BrokenBarrierError, CountdownLatch
from latchproof.hosts.flowno import FlownoHost
from tests.runtime.drivers import FLOWNO, Ended, FlownoLoop, Host, returned_at_once, run_flowno


@pytest.fixture
def host() -> Host:
    return FLOWNO


def parked_in_the_loop() -> int:
    """Return how many events Flowno's loop knows, waited for or not."""
    return len(FLOWNO.loop.event_waiters)


async def test_a_call_that_need_not_block_does_not_suspend(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    returned_at_once(latch.count_down())
    returned_at_once(latch.wait())
    waiting = await host.spawn(barrier.wait())
    assert returned_at_once(barrier.wait()) == 1
    assert waiting.outcome is Ended.NOT
    returned_at_once(barrier.abort())
    returned_at_once(barrier.reset())


async def test_a_parked_task_is_one_that_flowno_knows_to_wait_for_an_event(host: Host) -> None:
    latch = CountdownLatch(1)
    await host.spawn_all(latch.wait(), latch.wait())
    assert [len(tasks) for tasks in FLOWNO.loop.event_waiters.values()] == [1, 1]
    assert super(type(FLOWNO.loop), FLOWNO.loop).has_living_tasks()


async def test_nothing_is_left_in_the_loop_when_tasks_have_been_released(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)
    await host.spawn_all(latch.wait(), latch.wait(), barrier.wait(), barrier.wait())
    assert parked_in_the_loop() == 4
    latch.count_down_nowait()
    await barrier.wait()
    assert parked_in_the_loop() == 0  # before they have run
    assert len(FLOWNO.loop.tasks) == 4
    await host.settle()
    assert (parked_in_the_loop(), len(FLOWNO.loop.tasks)) == (0, 0)


async def test_nothing_is_left_in_the_loop_when_tasks_have_been_failed(host: Host) -> None:
    barrier = Barrier(3)
    await host.spawn_all(barrier.wait(), barrier.wait())
    await barrier.abort()
    await host.settle()
    assert (parked_in_the_loop(), len(FLOWNO.loop.tasks)) == (0, 0)


async def test_nothing_is_left_in_the_loop_when_tasks_have_been_cancelled(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)
    tasks = await host.spawn_all(latch.wait(), latch.wait(), barrier.wait(), barrier.wait())
    for task in tasks:
        host.cancel(task)
    latch.count_down_nowait()
    assert len(FLOWNO.loop.tasks) == 4  # no cancelled task is woken: Flowno would resume it twice
    await host.settle()
    assert (parked_in_the_loop(), len(FLOWNO.loop.tasks)) == (0, 0)
    assert {task.outcome for task in tasks} == {Ended.CANCELLED}


async def test_nothing_is_left_in_the_loop_when_tasks_have_been_destroyed(host: Host) -> None:
    barrier = Barrier(3)

    async def park() -> None:
        await barrier.wait()

    coro = park()
    await spawn(coro)
    await host.settle()
    assert (barrier.n_waiting, parked_in_the_loop()) == (1, 1)
    coro.close()
    assert (barrier.n_waiting, parked_in_the_loop()) == (0, 0)


async def test_a_cancelled_task_is_not_resumed_twice(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Flowno would log "cannot reuse already awaited coroutine"."""
    latch, barrier = CountdownLatch(1), Barrier(2)
    tasks = await host.spawn_all(latch.wait(), barrier.wait())
    for task in tasks:
        host.cancel(task)
    latch.count_down_nowait()
    barrier.abort_nowait()
    await host.settle()
    assert [task.outcome for task in tasks] == [Ended.CANCELLED] * 2
    assert caplog.records == []


async def test_a_cancellation_that_was_queued_before_the_task_parked_counts_too(host: Host) -> None:
    barrier = Barrier(2)

    async def pause_and_wait() -> int:
        await host.pause()
        return await barrier.wait()

    task = host.start(pause_and_wait())
    await host.pause()
    host.cancel(task)
    seen = []
    for _ in range(4):
        seen.append(barrier.n_waiting)
        await host.pause()
    assert seen == [0] * 4
    assert task.outcome is Ended.CANCELLED


async def test_who_swallows_its_cancellation_may_wait_again_and_stands_last(host: Host) -> None:
    barrier = Barrier(3)

    async def stubborn() -> int:
        try:
            return await barrier.wait()
        except TaskCancelled:
            return await barrier.wait()

    tasks = await host.spawn_all(stubborn(), barrier.wait())
    host.cancel(tasks[0])
    await host.settle()
    assert barrier.n_waiting == 2
    tasks += await host.spawn_all(barrier.wait())
    assert [task.outcome for task in tasks] == [1, 0, 2]


async def _never_mind(interrupted: Coroutine[Any, Any, object], then: Coroutine[Any, Any, object]) -> object:
    try:
        await interrupted
    except TaskCancelled:
        return await then
    raise AssertionError("it was not cancelled")


async def test_a_sleep_that_was_cancelled_does_not_wake_a_task_that_waits_when_it_is_over(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flowno keeps the sleeping task in its heap, and resumes it at that time, wherever the task is then."""
    now = [1.0]
    for module in (flowno_loop, flowno_primitives):
        monkeypatch.setattr(module, "timer", lambda: now[0])
    latch, barrier = CountdownLatch(1), Barrier(2)
    waiting = await host.spawn(_never_mind(_sleep(5), latch.wait()))
    at_barrier = await host.spawn(_never_mind(_sleep(6), barrier.wait()))
    host.cancel(waiting)
    host.cancel(at_barrier)
    await host.settle()
    assert len(FLOWNO.loop.sleeping) == 2
    now[0] += 7
    await host.settle()
    assert FLOWNO.loop.sleeping == []
    assert (waiting.outcome, at_barrier.outcome) == (Ended.NOT, Ended.NOT)
    assert parked_in_the_loop() == 2
    latch.count_down_nowait()
    assert await barrier.wait() == 1
    await host.settle()
    assert (waiting.outcome, at_barrier.outcome) == (None, 0)
    assert parked_in_the_loop() == 0


async def _sleep(seconds: float) -> None:
    await sleep(seconds)


async def test_what_a_task_joined_before_it_was_cancelled_is_no_index(host: Host) -> None:
    """Flowno still resumes the task with the result of the task that it had joined."""
    barrier = Barrier(3)
    finish = CountdownLatch(1)

    async def finish_later() -> int:
        await finish.wait()
        return 77

    joined = await spawn(finish_later())

    async def join() -> None:
        await joined.join()

    task = await host.spawn(_never_mind(join(), barrier.wait()))
    host.cancel(task)
    await host.settle()
    assert barrier.n_waiting == 1
    finish.count_down_nowait()
    await host.settle()
    assert (task.outcome, barrier.n_waiting) == (Ended.NOT, 1)
    following = await host.spawn_all(barrier.wait(), barrier.wait())
    assert [task.outcome, *(other.outcome for other in following)] == [0, 1, 2]


async def test_a_task_that_is_resumed_by_another_just_after_its_release_still_gets_its_index(host: Host) -> None:
    barrier = Barrier(2)

    async def park() -> None:
        indices.append(await barrier.wait())
        await host.pause()

    indices: list[int] = []
    coro = park()
    await spawn(coro)
    await host.settle()
    FLOWNO.loop.tasks.append((coro, 5, None))
    assert await barrier.wait() == 1
    await host.settle()
    assert indices == [0]
    assert parked_in_the_loop() == 0


async def test_countdown_nowait_takes_the_loop_that_flowno_gives_it(host: Host) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn(latch.wait())
    latch.countdown_nowait(FLOWNO.loop)
    latch.countdown_nowait(event_loop=FLOWNO.loop)
    assert waiting.outcome is Ended.NOT
    await host.settle()
    assert waiting.outcome is None


class Intruder:
    """A cancelled task that acts as another thread: it adds a task while the loop's tasks are iterated over."""

    def __hash__(self) -> int:
        tasks: Any = FLOWNO.loop.tasks
        tasks.append((self, None, None))
        return 1


async def test_another_thread_may_add_a_task_to_the_loop_while_the_withdrawn_are_sought(host: Host) -> None:
    """Flowno allows that, and a deque must not change while Python code iterates over it."""
    barrier = Barrier(2)
    await host.spawn(barrier.wait())
    tasks: Any = FLOWNO.loop.tasks
    tasks.extend([(Intruder(), None, KeyError())] * 2)
    try:
        assert barrier.n_waiting == 1
        assert len(FLOWNO.loop.tasks) == 4
    finally:
        FLOWNO.loop.tasks.clear()


class Unread(dict[Any, None]):
    """A queue that must not be read."""

    def __iter__(self) -> Any:
        raise AssertionError("read")


async def test_without_a_request_the_queue_is_not_read(host: Host) -> None:
    here = FlownoHost(FLOWNO.loop)
    assert here.withdrawn(Unread()) == []
    task = await host.spawn(host.pause())
    FLOWNO.loop.tasks.append((await _parked(host), None, KeyError()))
    with pytest.raises(AssertionError, match="read"):
        here.withdrawn(Unread())
    FLOWNO.loop.tasks.clear()
    assert task.outcome is None


async def _parked(host: Host) -> Any:
    """Return a task that waits, as Flowno knows it."""
    coro = CountdownLatch(1).wait()
    await spawn(coro)
    await host.settle()
    return coro


async def nothing() -> None:
    pass


def run_another_loop() -> None:
    run_flowno(nothing(), FlownoLoop())


async def test_another_threads_loop_that_ends_takes_nothing_away(host: Host) -> None:
    """Flowno keeps its current loop in a global, and clears it when any loop ends."""
    latch, barrier = CountdownLatch(1), Barrier(3)
    first = await host.spawn_all(barrier.wait())
    thread = threading.Thread(target=run_another_loop)
    thread.start()
    thread.join()
    assert current_event_loop() is None
    (parked,) = await host.spawn_all(latch.wait())
    await latch.count_down()
    await barrier.abort()
    await host.settle()
    assert parked.outcome is None
    assert isinstance(first[0].outcome, BrokenBarrierError)
    assert latch._parking.host.name == "flowno"


def test_inside_of_asyncio_it_is_not_taken_for_that_when_another_loop_has_ended() -> None:
    async def main() -> str:
        thread = threading.Thread(target=run_another_loop)
        thread.start()
        thread.join()
        latch = CountdownLatch(1)
        waiting = await spawn(latch.wait())
        await sleep(0.001)
        await latch.count_down()
        await waiting.join()
        return latch._parking.host.name

    async def in_asyncio() -> str:
        return run_flowno(main(), FlownoLoop())

    assert asyncio.run(in_asyncio()) == "flowno"


async def test_a_release_that_is_interrupted_leaves_nobody_behind(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = FlownoHost._tell

    def interrupted(self: FlownoHost, wakers: Any, endings: Any) -> None:
        monkeypatch.setattr(FlownoHost, "_tell", tell)
        tell(self, wakers[:1], tuple(endings)[:1])
        raise KeyboardInterrupt

    barrier = Barrier(3)
    waiting = await host.spawn_all(barrier.wait(), barrier.wait())
    monkeypatch.setattr(FlownoHost, "_tell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await barrier.wait()
    await host.settle()
    assert [task.outcome for task in waiting] == [0, 1]
    assert barrier.n_waiting == 0
    assert (parked_in_the_loop(), len(FLOWNO.loop.tasks)) == (0, 0)
