"""The plain methods: without a loop, from callbacks, from clean-up, and from another thread through its loop."""

from __future__ import annotations

import asyncio
from functools import partial
from types import coroutine
from typing import TYPE_CHECKING, Any

import pytest
import trio
from flowno.core.event_loop.commands import Command

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, LatchInUseError, ZeroLatchError
from tests.conftest import ASYNCIO_HOSTS
from tests.runtime.drivers import FLOWNO, TRIO, AsyncioHost, Ended, FlownoLoop, Host, on_a_thread, run_flowno

if TYPE_CHECKING:
    from collections.abc import Generator


def test_a_latch_that_nobody_waits_on_needs_no_loop() -> None:
    latch = CountdownLatch(3)
    latch.count_down_nowait()
    latch.countdown_nowait()
    assert latch.count == 1
    latch.count_down_nowait()
    assert latch.count == 0
    with pytest.raises(ZeroLatchError):
        latch.count_down_nowait(exception_if_zero=True)
    latch.set_count(7)
    assert latch.count == 7


def test_a_barrier_that_nobody_waits_at_needs_no_loop() -> None:
    barrier = Barrier(2)
    barrier.abort_nowait()
    assert barrier.broken
    barrier.abort_nowait()
    assert barrier.broken
    barrier.reset_nowait()
    assert not barrier.broken


def test_what_was_done_without_a_loop_is_seen_on_every_loop(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(2)
    latch.count_down_nowait()
    barrier.abort_nowait()

    async def main() -> None:
        waiting = await host.spawn(latch.wait())
        await latch.count_down()
        with pytest.raises(BrokenBarrierError):
            await barrier.wait()
        await host.settle()
        assert waiting.outcome is None

    host.run(main)
    latch.set_count(1)
    barrier.reset_nowait()
    assert (latch.count, barrier.broken) == (1, False)


def test_one_latch_and_barrier_serve_one_loop_after_another() -> None:
    latch, barrier = CountdownLatch(0), Barrier(2)
    hosts: list[Any] = [case.values[0] for case in ASYNCIO_HOSTS]

    async def main(host: Host) -> None:
        latch.set_count(1)
        waiting = await host.spawn(latch.wait())
        await latch.count_down()
        meeting = await host.spawn_all(barrier.wait(), barrier.wait())
        assert [task.outcome for task in (waiting, *meeting)] == [None, 0, 1]

    for host in [*hosts, TRIO, *hosts, FLOWNO, TRIO, FLOWNO]:
        host.run(partial(main, host))


async def test_the_plain_methods_do_in_a_task_what_the_awaited_ones_do(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(3)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    latch.count_down_nowait()
    with pytest.raises(LatchInUseError):
        latch.set_count(1)
    latch.countdown_nowait(object())
    barrier.abort_nowait()
    assert (latch.count, barrier.broken, barrier.n_waiting) == (0, True, 0)
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(at_barrier.outcome, BrokenBarrierError)

    barrier.reset_nowait()
    at_barrier = await host.spawn(barrier.wait())
    barrier.reset_nowait()
    assert (barrier.broken, barrier.n_waiting) == (False, 0)
    await host.settle()
    assert isinstance(at_barrier.outcome, BrokenBarrierError)


@pytest.mark.parametrize("host", ASYNCIO_HOSTS, indirect=True)
async def test_asyncio_callbacks_may_call_them(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    loop = asyncio.get_running_loop()
    loop.call_soon(latch.count_down_nowait)
    loop.call_soon(barrier.abort_nowait)
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(at_barrier.outcome, BrokenBarrierError)


@pytest.mark.parametrize("host", ASYNCIO_HOSTS, indirect=True)
async def test_a_thread_hands_them_to_asyncio(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    loop = asyncio.get_running_loop()
    for method in (latch.count_down_nowait, barrier.reset_nowait):
        await asyncio.to_thread(loop.call_soon_threadsafe, method)
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(at_barrier.outcome, BrokenBarrierError)


@pytest.mark.parametrize("host", [TRIO], indirect=True)
async def test_a_thread_hands_them_to_trio(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    for method in (latch.count_down_nowait, barrier.abort_nowait):
        await trio.to_thread.run_sync(trio.from_thread.run_sync, method)
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(at_barrier.outcome, BrokenBarrierError)


@pytest.mark.parametrize("host", [TRIO], indirect=True)
async def test_a_thread_that_calls_them_itself_while_trio_tasks_wait_is_told_so(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(3)
    waiting, at_barrier = await host.spawn_all(latch.wait(), barrier.wait())
    methods = (latch.count_down_nowait, latch.countdown_nowait, barrier.abort_nowait, barrier.reset_nowait)
    for method in (*methods, partial(latch.set_count, 1)):
        with pytest.raises(RuntimeError, match=r"^tasks of a trio run wait here.*trio\.from_thread\.run_sync"):
            on_a_thread(method)
    assert repr(latch) == "<CountdownLatch count=2 waiting=1>"
    assert repr(barrier) == "<Barrier parties=3 waiting=1>"
    await host.settle()
    assert (waiting.outcome, at_barrier.outcome) == (Ended.NOT, Ended.NOT)
    latch.count_down_nowait()
    latch.count_down_nowait()
    await host.settle()
    assert waiting.outcome is None


@pytest.mark.parametrize("host", [TRIO], indirect=True)
async def test_on_a_thread_they_need_nothing_while_nobody_waits(host: Host) -> None:
    latch, barrier = CountdownLatch(2), Barrier(2)
    await host.spawn_all(latch.count_down(), barrier.abort())
    on_a_thread(latch.count_down_nowait)
    on_a_thread(barrier.reset_nowait)
    assert (latch.count, barrier.broken) == (0, False)


@pytest.mark.parametrize("host", ASYNCIO_HOSTS, indirect=True)
def test_tasks_of_an_asyncio_loop_that_is_not_running_go_on_when_it_runs_again(host: Host) -> None:
    assert isinstance(host, AsyncioHost)
    latch, barrier, aborted = CountdownLatch(1), Barrier(2), Barrier(2)

    async def park() -> list[asyncio.Task[Any]]:
        tasks: list[asyncio.Task[Any]] = [
            asyncio.ensure_future(waiting) for waiting in (latch.wait(), barrier.wait(), aborted.wait())
        ]
        await asyncio.sleep(0)
        return tasks

    loop = host.new_loop()
    tasks = loop.run_until_complete(park())
    assert (barrier.n_waiting, aborted.n_waiting) == (1, 1)
    latch.count_down_nowait()
    aborted.abort_nowait()
    tasks.append(loop.create_task(barrier.wait()))
    released, first, failed, last = loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    assert (released, first, last) == (None, 0, 1)
    assert isinstance(failed, BrokenBarrierError)


class CountDown(Command):
    """A command that the loop below executes by a plain call, as Flowno's own code does."""


class CommandLoop(FlownoLoop):
    def __init__(self, latch: CountdownLatch) -> None:
        super().__init__()
        self.latch = latch

    def _handle_command(self, current_task_packet: Any, command: Any) -> bool:
        if isinstance(command, CountDown):
            self.latch.countdown_nowait(self)
            self.tasks.append((current_task_packet[0], None, None))
            return True
        return super()._handle_command(current_task_packet, command)


@coroutine
def count_down_by_command() -> Generator[CountDown, None, None]:
    yield CountDown()


@pytest.mark.parametrize("notebook", [False, True], ids=["alone", "in asyncio"])
def test_a_handler_of_flowno_commands_may_call_them(notebook: bool) -> None:
    latch = CountdownLatch(1)
    order: list[str] = []

    async def wait() -> None:
        await latch.wait()
        order.append("released")

    async def main() -> None:
        loop.create_task(wait())
        await FLOWNO.settle()
        order.append("counting")
        await count_down_by_command()
        await FLOWNO.settle()

    async def notebook_cell() -> None:
        run_flowno(main(), loop)

    loop = CommandLoop(latch)
    if notebook:
        asyncio.run(notebook_cell())
    else:
        run_flowno(main(), loop)
    assert (order, latch.count) == (["counting", "released"], 0)
