"""No reference is kept to a task that no longer waits."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Coroutine
from typing import Any

from latchproof import Barrier, BrokenBarrierError, CountdownLatch
from tests.runtime.drivers import Host


class Payload:
    """Something that only a waiting task's frame holds."""


def holding(payloads: list[weakref.ref[Payload]], wait: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, None]:
    """Wait, with a payload in the coroutine's frame."""

    async def hold() -> None:
        payload = Payload()
        payloads.append(weakref.ref(payload))
        with contextlib.suppress(BrokenBarrierError):
            await wait

    return hold()


def alive(payloads: list[weakref.ref[Payload]]) -> int:
    gc.collect()
    return sum(payload() is not None for payload in payloads)


async def test_nothing_is_kept_of_tasks_that_were_released(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)
    payloads: list[weakref.ref[Payload]] = []
    await host.spawn_all(*(holding(payloads, wait()) for wait in (latch.wait, latch.wait, barrier.wait, barrier.wait)))
    assert alive(payloads) == 4
    latch.count_down_nowait()
    await barrier.wait()
    assert len(latch._parking.queue) == len(barrier._parking.queue) == 0
    await host.settle()
    assert alive(payloads) == 0


async def test_nothing_is_kept_of_tasks_that_were_failed(host: Host) -> None:
    barrier = Barrier(3)
    payloads: list[weakref.ref[Payload]] = []
    for end in (barrier.reset_nowait, barrier.abort_nowait):
        await host.spawn_all(holding(payloads, barrier.wait()), holding(payloads, barrier.wait()))
        end()
        assert len(barrier._parking.queue) == 0
        await host.settle()
        assert alive(payloads) == 0


async def test_nothing_is_kept_of_tasks_that_were_cancelled(host: Host) -> None:
    """The hosts keep the errors of their tasks, and so their frames: only our queue can be examined."""
    latch, barrier = CountdownLatch(1), Barrier(4)
    tasks = await host.spawn_all(latch.wait(), latch.wait(), barrier.wait(), barrier.wait())
    for waiting, (at_latch, at_barrier) in enumerate((tasks[::2], tasks[1::2])):
        host.cancel(at_latch)
        host.cancel(at_barrier)
        await host.settle()
        assert len(latch._parking.queue) + len(barrier._parking.queue) == 2 - 2 * waiting


async def test_nothing_is_kept_of_a_task_whose_cancellation_is_requested_when_others_are_released(host: Host) -> None:
    latch = CountdownLatch(1)
    tasks = await host.spawn_all(latch.wait(), latch.wait())
    host.cancel(tasks[0])
    latch.count_down_nowait()
    assert len(latch._parking.queue) == 0
