"""The axioms in docs/trust.md that are about the libraries of the hosts: what our modules for these rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import outcome
import pytest
import trio
from flowno.core.event_loop.event_loop import current_task as current_flowno_task
from flowno.core.event_loop.tasks import TaskCancelled

from tests.runtime.drivers import FLOWNO, Ended, FlownoLoop, Host
from tests.runtime.waking import EventWait, assumed_of, forever


async def nothing() -> None:
    """Do nothing."""


async def _await(awaited: Awaitable[object]) -> object:
    result: object = await awaited
    return result


@assumed_of("asyncio", "uvloop")
async def test_cancelling_a_task_cancels_the_future_that_it_awaits(host: Host) -> None:
    future, other = (asyncio.get_running_loop().create_future() for _ in range(2))
    tasks = await host.spawn_all(_await(future), _await(other))
    host.cancel(tasks[0])
    assert [future.cancelled(), other.cancelled()] == [True, False]
    other.set_result(3)
    await host.settle()
    assert [task.outcome for task in tasks] == [Ended.CANCELLED, 3]


@assumed_of("asyncio", "uvloop")
async def test_a_future_has_one_result(host: Host) -> None:
    done, cancelled = (asyncio.get_running_loop().create_future() for _ in range(2))
    assert not done.done()
    done.set_result(3)
    cancelled.cancel()
    for future in (done, cancelled):
        assert future.done()
        with pytest.raises(asyncio.InvalidStateError):
            future.set_result(4)
    assert not done.cancel()
    assert (done.result(), done.cancelled(), cancelled.cancelled()) == (3, False, True)
    assert await done == 3


@assumed_of("trio")
async def test_a_parked_task_is_aborted_once_when_its_cancellation_is_requested(host: Host) -> None:
    aborted: list[str] = []
    parked: dict[str, trio.lowlevel.Task] = {}
    scopes: dict[str, trio.CancelScope] = {}

    async def park(name: str, shield: bool) -> object:
        def abort(raise_cancel: object) -> trio.lowlevel.Abort:
            aborted.append(name)
            return trio.lowlevel.Abort.SUCCEEDED

        parked[name] = trio.lowlevel.current_task()
        with trio.CancelScope(shield=shield) as scopes[name]:
            return await trio.lowlevel.wait_task_rescheduled(abort)
        return "cancelled inside of the scope"

    tasks = await host.spawn_all(park("parked", False), park("shielded", True), park("rescheduled", False))
    assert aborted == []
    trio.lowlevel.reschedule(parked["rescheduled"], outcome.Value(3))
    try:
        for task in tasks:
            host.cancel(task)
            host.cancel(task)
        assert aborted == ["parked"]
        await host.settle()
        assert [task.outcome for task in tasks] == [Ended.CANCELLED, Ended.NOT, 3]
    finally:
        scopes["shielded"].shield = False


class Unwrapped(outcome.Outcome):  # type: ignore[type-arg] # before version 1.3 it takes no parameter
    """An outcome that counts how often it is used."""

    times = 0

    def unwrap(self) -> str:
        self.times += 1
        return "unwrapped"

    def send(self, gen: Any) -> Any:
        raise NotImplementedError

    async def asend(self, agen: Any) -> Any:
        raise NotImplementedError


@assumed_of("trio")
async def test_a_rescheduled_task_resumes_by_its_outcome_once(host: Host) -> None:
    parked: list[trio.lowlevel.Task] = []

    async def park() -> object:
        parked.append(trio.lowlevel.current_task())
        return await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

    task = await host.spawn(park())
    given = object.__new__(Unwrapped)
    trio.lowlevel.reschedule(parked[0], given)
    assert (given.times, task.outcome) == (0, Ended.NOT)
    await host.settle()
    assert (given.times, task.outcome) == (1, "unwrapped")


@assumed_of("Flowno")
async def test_the_queue_of_ready_tasks_is_first_in_first_out(host: Host) -> None:
    parked: list[Any] = []
    seen: list[object] = []

    async def park(name: str) -> None:
        parked.append(current_flowno_task())
        try:
            seen.append((name, await EventWait()))
        except TaskCancelled:
            seen.append((name, "cancelled"))

    await host.spawn_all(*(park(name) for name in "abc"))
    a, b, c = parked
    FLOWNO.loop.tasks.extend([(c, 1, None), (a, 2, None)])
    FLOWNO.loop.cancel(b)
    await host.settle()
    assert seen == [("c", 1), ("a", 2), ("b", "cancelled")]


@assumed_of("Flowno")
async def test_a_cancellation_stays_in_the_queue_until_it_is_delivered(host: Host) -> None:
    parked: list[Any] = []

    async def park() -> None:
        parked.append(current_flowno_task())
        await EventWait()

    def requested() -> list[object]:
        return [task for task, _, error in FLOWNO.loop.tasks if error is not None]

    await host.spawn_all(park(), park())
    assert requested() == []
    FLOWNO.loop.cancel(parked[1])
    assert requested() == [parked[1]]
    FLOWNO.loop.create_task(nothing())
    assert requested() == [parked[1]]
    await host.settle()
    assert requested() == []


@assumed_of("Flowno")
async def test_an_event_that_is_not_set_keeps_its_task(host: Host) -> None:
    task = await host.spawn(forever(host))
    for _ in range(20):
        await host.pause()
    assert (task.outcome, len(FLOWNO.loop.event_waiters)) == (Ended.NOT, 1)
    assert super(FlownoLoop, FLOWNO.loop).has_living_tasks()
