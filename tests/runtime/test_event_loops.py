"""Which loop a call belongs to: a second loop while tasks wait on the first, a closed loop, a loop inside another."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
import trio

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, hosts
from latchproof.hosts.interface import Host as RunningHost
from latchproof_spec.latch import rules as latch_specification
from tests.conftest import ASYNCIO_HOSTS, HAS_EAGER_TASKS, HAS_UVLOOP
from tests.runtime.drivers import (
    ASYNCIO,
    EAGER_ASYNCIO,
    FLOWNO,
    TRIO,
    UVLOOP,
    WATCHDOG_SECONDS,
    AsyncioHost,
    Ended,
    FlownoLoop,
    Host,
    on_a_thread,
    returned_at_once,
    run_flowno,
)

FLOWNO_MODULE = "flowno.core.event_loop.event_loop"

USES: dict[str, Callable[[CountdownLatch, Barrier], Awaitable[object] | None]] = {
    "latch.wait()": lambda latch, barrier: latch.wait(),
    "latch.count_down()": lambda latch, barrier: latch.count_down(),
    "latch.count_down_nowait()": lambda latch, barrier: latch.count_down_nowait(),
    "latch.countdown_nowait()": lambda latch, barrier: latch.countdown_nowait(),
    "latch.set_count(0)": lambda latch, barrier: latch.set_count(0),
    "latch.set_count(-1)": lambda latch, barrier: latch.set_count(-1),
    "barrier.wait()": lambda latch, barrier: barrier.wait(),
    "async with barrier": lambda latch, barrier: barrier.__aenter__(),
    "barrier.abort()": lambda latch, barrier: barrier.abort(),
    "barrier.reset()": lambda latch, barrier: barrier.reset(),
    "barrier.abort_nowait()": lambda latch, barrier: barrier.abort_nowait(),
    "barrier.reset_nowait()": lambda latch, barrier: barrier.reset_nowait(),
}


async def use(name: str, latch: CountdownLatch, barrier: Barrier) -> None:
    awaitable = USES[name](latch, barrier)
    if awaitable is not None:
        await awaitable


def kind(host: Host) -> str:
    return "asyncio" if isinstance(host, AsyncioHost) else host.name


async def check_that_every_use_is_refused(latch: CountdownLatch, barrier: Barrier, parked_on: Host, here: Host) -> None:
    before = repr(latch), repr(barrier)
    message = rf"^tasks of another event loop \({kind(parked_on)}\) wait here; this one \({kind(here)}\) must not"
    for name in USES:
        with pytest.raises(RuntimeError, match=message) as refused:
            await use(name, latch, barrier)
        assert type(refused.value) is RuntimeError
        assert (repr(latch), repr(barrier)) == before


async def check_that_all_works(host: Host) -> None:
    """Use a new latch and a new barrier."""
    latch, barrier = CountdownLatch(1), Barrier(2)
    tasks = await host.spawn_all(latch.wait(), barrier.wait(), barrier.wait())
    await latch.count_down()
    await host.settle()
    assert [task.outcome for task in tasks] == [None, 0, 1]
    failed = await host.spawn(barrier.wait())
    await barrier.abort()
    await host.settle()
    assert isinstance(failed.outcome, BrokenBarrierError)
    assert isinstance(failed.outcome, asyncio.BrokenBarrierError) == (kind(host) == "asyncio")


MARKS: dict[Host, list[pytest.MarkDecorator]] = {EAGER_ASYNCIO: [HAS_EAGER_TASKS], UVLOOP: [HAS_UVLOOP]}
PAIRS = [
    pytest.param(outer, inner, id=f"{inner.name} in {outer.name}", marks=MARKS.get(outer, []) + MARKS.get(inner, []))
    for outer in (ASYNCIO, UVLOOP, EAGER_ASYNCIO, TRIO, FLOWNO)
    for inner in (ASYNCIO, UVLOOP, EAGER_ASYNCIO, TRIO, FLOWNO)
    if kind(outer) != kind(inner) and (outer, inner) != (UVLOOP, TRIO)  # both use the process's signals
]


@pytest.mark.parametrize("on_its_own_thread", [False, True], ids=["within a task", "on a thread"])
@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_second_loop_is_refused_while_tasks_wait_on_the_first(
    outer: Host, inner: Host, on_its_own_thread: bool
) -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)

    async def inner_main() -> None:
        await check_that_every_use_is_refused(latch, barrier, outer, inner)
        await check_that_all_works(inner)

    async def main() -> None:
        tasks = await outer.spawn_all(latch.wait(), barrier.wait(), barrier.wait())
        if on_its_own_thread:
            on_a_thread(lambda: inner.run(inner_main))
        else:
            inner.run(inner_main)
        assert repr(latch) == "<CountdownLatch count=1 waiting=1>"
        assert repr(barrier) == "<Barrier parties=3 waiting=2>"
        if outer is FLOWNO or inner is not FLOWNO:
            latch.count_down_nowait()
            assert await barrier.wait() == 2
            await outer.settle()
            assert [task.outcome for task in tasks] == [None, 0, 1]

    outer.run(main)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_of_a_loop_within_another_the_innermost_is_found(outer: Host, inner: Host) -> None:
    """When the inner loop has ended, the outer one is found again."""

    async def main() -> None:
        await check_that_all_works(outer)
        inner.run(lambda: check_that_all_works(inner))
        await check_that_all_works(outer)

    outer.run(main)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_one_barrier_goes_from_loop_to_loop_within_another_while_nobody_waits(outer: Host, inner: Host) -> None:
    barrier = Barrier(2)

    async def meet(host: Host) -> None:
        tasks = await host.spawn_all(barrier.wait(), barrier.wait())
        assert [task.outcome for task in tasks] == [0, 1]

    async def main() -> None:
        await meet(outer)
        inner.run(lambda: meet(inner))
        await meet(outer)

    outer.run(main)


async def check_that_callbacks_work(host: Host) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)
    waiting, failed = await host.spawn_all(latch.wait(), barrier.wait())
    loop = asyncio.get_running_loop()
    loop.call_soon(latch.count_down_nowait)
    loop.call_soon(barrier.abort_nowait)
    await host.settle()
    assert waiting.outcome is None
    assert isinstance(failed.outcome, BrokenBarrierError)


@pytest.mark.parametrize("inner", ASYNCIO_HOSTS)
@pytest.mark.parametrize("outer", [TRIO, FLOWNO], ids=lambda host: host.name)
def test_a_callback_of_asyncio_within_another_loop_belongs_to_asyncio(outer: Host, inner: Host) -> None:
    """At that time no asyncio task runs, and a task of the outer loop does."""

    async def main() -> None:
        inner.run(lambda: check_that_callbacks_work(inner))

    outer.run(main)


@pytest.mark.parametrize("outer", [ASYNCIO, FLOWNO], ids=lambda host: host.name)
def test_a_count_down_within_a_trio_that_runs_in_another_loop_is_a_checkpoint(outer: Host) -> None:
    """It is, although a call is quick in the outer loop, whose task keeps running."""
    latch = CountdownLatch(4)

    async def of_trio() -> None:
        await latch.count_down()
        with trio.CancelScope() as scope:
            scope.cancel()
            await latch.count_down()
        assert scope.cancelled_caught

    async def main() -> None:
        await latch.count_down()
        trio.run(of_trio)
        assert latch.count == 2
        await latch.count_down()

    outer.run(main)
    assert latch.count == 1


def test_who_fails_at_a_barrier_gets_the_error_of_its_own_host_whoever_has_used_it_since() -> None:
    barrier = Barrier(2)

    async def main() -> None:
        waiting = asyncio.create_task(barrier.wait())
        await asyncio.sleep(0)
        barrier.abort_nowait()  # it is released, and runs when trio has ended
        trio.run(barrier.reset)
        with pytest.raises(asyncio.BrokenBarrierError):
            await waiting

    asyncio.run(main())


@pytest.mark.parametrize("inner", ASYNCIO_HOSTS)
@pytest.mark.parametrize("outer", [TRIO, FLOWNO], ids=lambda host: host.name)
def test_a_loop_of_asyncio_within_another_is_found_without_asyncio_run(outer: Host, inner: AsyncioHost) -> None:
    async def main() -> None:
        loop = inner.new_loop()
        loop.run_until_complete(check_that_all_works(inner))
        if inner is not UVLOOP:  # for a callback of uvloop the stack shows only what runs the loop
            loop.run_until_complete(check_that_callbacks_work(inner))
        loop.close()

    outer.run(main)


@pytest.mark.parametrize("host", ASYNCIO_HOSTS)
def test_of_two_loops_of_one_kind_the_second_is_refused_until_the_first_is_closed(host: AsyncioHost) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)

    async def park() -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(wait()) for wait in (latch.wait, barrier.wait)]
        await asyncio.sleep(0)
        return tasks

    async def second_main() -> None:
        await check_that_every_use_is_refused(latch, barrier, host, host)

    first = host.new_loop()
    tasks = first.run_until_complete(park())
    host.run(second_main)
    for task in tasks:
        task.cancel()
    first.run_until_complete(asyncio.wait(tasks))
    first.close()


@pytest.mark.parametrize("first_host", ASYNCIO_HOSTS)
def test_tasks_of_a_closed_loop_count_as_withdrawn(host: Host, first_host: AsyncioHost) -> None:
    latch, barrier = CountdownLatch(2), Barrier(3)

    async def park() -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(wait()) for wait in (latch.wait, latch.wait, barrier.wait, barrier.wait)]
        await asyncio.sleep(0)
        return tasks

    async def main() -> None:
        parked = await host.spawn_all(latch.wait(), barrier.wait())
        assert repr(latch) == "<CountdownLatch count=2 waiting=1>"
        assert repr(barrier) == "<Barrier parties=3 waiting=1>"
        # destroying the tasks of the closed loop changes nothing
        tasks.clear()
        gc.collect()
        assert (repr(latch), barrier.n_waiting) == ("<CountdownLatch count=2 waiting=1>", 1)
        parked += await host.spawn_all(barrier.wait(), barrier.wait())
        await latch.count_down()
        await latch.count_down()
        await host.settle()
        assert [task.outcome for task in parked] == [None, 0, 1, 2]

    first = first_host.new_loop()
    tasks = first.run_until_complete(park())
    assert barrier.n_waiting == 2
    first.set_exception_handler(lambda loop, context: None)  # or asyncio logs that pending tasks were destroyed
    first.close()
    assert repr(latch) == "<CountdownLatch count=2>"
    assert repr(barrier) == "<Barrier parties=3 waiting=0>"
    host.run(main)


@pytest.mark.parametrize("first_host", ASYNCIO_HOSTS)
def test_plain_calls_after_the_loop_is_closed_wake_nobody(first_host: AsyncioHost) -> None:
    latch, barrier = CountdownLatch(1), Barrier(2)

    async def park() -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(wait()) for wait in (latch.wait, barrier.wait)]
        await asyncio.sleep(0)
        return tasks

    for method in ("set_count", "count_down_nowait", "abort_nowait", "reset_nowait"):
        loop = first_host.new_loop()
        tasks = loop.run_until_complete(park())
        loop.set_exception_handler(lambda loop, context: None)
        loop.close()
        if method == "set_count":
            latch.set_count(1)
        elif method == "count_down_nowait":
            latch.count_down_nowait()
        else:
            getattr(barrier, method)()
        assert not any(task.done() for task in tasks)
        latch.set_count(1)
        barrier.reset_nowait()


@pytest.mark.parametrize("first_host", ASYNCIO_HOSTS)
def test_tasks_of_the_first_loop_that_are_cancelled_already_do_not_keep_a_second_one_out(
    host: Host, first_host: AsyncioHost
) -> None:
    """A task no longer waits once its cancellation is requested, although the first loop does not run."""
    latch, barrier = CountdownLatch(1), Barrier(2)

    async def park() -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(wait()) for wait in (latch.wait, latch.wait, barrier.wait)]
        await asyncio.sleep(0)
        return tasks

    async def main() -> None:
        latch.set_count(2)
        tasks = await host.spawn_all(latch.wait(), barrier.wait(), barrier.wait())
        assert [task.outcome for task in tasks] == [Ended.NOT, 0, 1]
        await latch.count_down()
        await latch.count_down()
        await host.settle()
        assert tasks[0].outcome is None

    first = first_host.new_loop()
    first_tasks = first.run_until_complete(park())
    first_tasks[0].cancel()
    with pytest.raises(RuntimeError, match="wait here"):
        asyncio.run(latch.count_down())
    first_tasks[1].cancel()
    first_tasks[2].cancel()
    host.run(main)
    first.run_until_complete(asyncio.wait(first_tasks))
    first.close()
    assert all(task.cancelled() for task in first_tasks)


def test_tasks_of_a_flowno_loop_that_has_stopped_still_wait() -> None:
    """Flowno does not say that a loop will not run again; a program that knows may destroy its tasks."""
    barrier = Barrier(2)

    async def park() -> int:
        return await barrier.wait()

    async def main() -> None:
        loop.create_task(parked)
        await FLOWNO.settle()

    loop, parked = FlownoLoop(), park()
    run_flowno(main(), loop)
    assert barrier.n_waiting == 1
    with pytest.raises(RuntimeError, match=r"another event loop \(flowno\) wait here; this one \(asyncio\)"):
        asyncio.run(barrier.wait())
    parked.close()
    assert barrier.n_waiting == 0

    async def arrive() -> int:
        async with asyncio.timeout(0.001):
            return await barrier.wait()

    with pytest.raises(TimeoutError):
        asyncio.run(arrive())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 (another loop on the same thread does what is waited for)
        await asyncio.sleep(0)


def test_trio_as_a_guest_of_asyncio_and_asyncio_itself_are_told_apart() -> None:
    """trio's tasks run in callbacks of asyncio's loop."""
    of_asyncio, of_trio = Barrier(2), Barrier(2)
    tell_guest: list[Callable[[], None]] = []

    async def guest() -> str:
        barrier, latch = Barrier(2), CountdownLatch(1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(barrier.wait)
            nursery.start_soon(barrier.wait)
            nursery.start_soon(latch.wait)
            nursery.start_soon(latch.count_down)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(of_trio.wait)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(RuntimeError, match=r"event loop \(asyncio\) wait here; this one \(trio\)"):
                await of_asyncio.wait()
            with pytest.raises(RuntimeError, match=r"event loop \(asyncio\) wait here; this one \(trio\)"):
                of_asyncio.abort_nowait()
            token, seen = trio.lowlevel.current_trio_token(), trio.Event()
            tell_guest.append(lambda: token.run_sync_soon(seen.set))
            await seen.wait()
            await of_trio.wait()
        return "guest is done"

    async def host() -> None:
        loop = asyncio.get_running_loop()
        parked = asyncio.create_task(of_asyncio.wait())
        await asyncio.sleep(0)
        done: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
            host_uses_signal_set_wakeup_fd=True,
        )
        await until(lambda: bool(tell_guest))
        assert of_trio.n_waiting == 1
        with pytest.raises(RuntimeError, match=r"event loop \(trio\) wait here; this one \(asyncio\)"):
            await of_trio.wait()
        with pytest.raises(RuntimeError, match=r"event loop \(trio\) wait here; this one \(asyncio\)"):
            of_trio.abort_nowait()
        tell_guest[0]()
        assert (await done).unwrap() == "guest is done"
        assert await of_asyncio.wait() == 1
        assert await parked == 0

    asyncio.run(asyncio.wait_for(host(), WATCHDOG_SECONDS))


def test_what_a_flowno_task_leaves_to_asyncio_belongs_to_asyncio() -> None:
    """Callbacks and tasks inherit the context variable that holds Flowno's task, although its loop has ended."""

    async def notebook() -> None:
        latch, barrier = CountdownLatch(1), Barrier(2)
        waiting = asyncio.create_task(latch.wait())
        met: list[asyncio.Task[int]] = []
        await asyncio.sleep(0)

        async def cell() -> None:
            loop = asyncio.get_running_loop()
            loop.call_soon(latch.count_down_nowait)
            met.extend(loop.create_task(barrier.wait()) for _ in range(2))

        FLOWNO.run(cell)
        await waiting
        assert await asyncio.gather(*met) == [0, 1]

    asyncio.run(asyncio.wait_for(notebook(), WATCHDOG_SECONDS))


def test_what_a_flowno_task_hands_to_the_asyncio_of_another_thread_belongs_to_that() -> None:
    """Flowno's loop still runs, but on another thread."""
    latch, barrier = CountdownLatch(1), Barrier(2)
    parked, done = threading.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def of_asyncio() -> int:
        loops.append(asyncio.get_running_loop())
        waiting = asyncio.create_task(latch.wait())
        await asyncio.sleep(0)
        parked.set()
        await waiting
        index = await barrier.wait()
        done.set()
        return index

    async def of_flowno() -> None:
        parked.wait(WATCHDOG_SECONDS)
        loops[0].call_soon_threadsafe(latch.count_down_nowait)
        asyncio.run_coroutine_threadsafe(barrier.wait(), loops[0])
        assert done.wait(WATCHDOG_SECONDS)

    with ThreadPoolExecutor(1) as executor:
        index = executor.submit(asyncio.run, asyncio.wait_for(of_asyncio(), WATCHDOG_SECONDS))
        FLOWNO.run(of_flowno)
        assert index.result() in (0, 1)


@pytest.mark.parametrize("host", [FLOWNO], indirect=True)
async def test_a_thread_that_has_inherited_a_flowno_task_has_no_loop(host: Host) -> None:
    barrier = Barrier(2)
    context = contextvars.copy_context()
    with pytest.raises(RuntimeError, match="no supported event loop is running"):
        on_a_thread(lambda: context.run(lambda: returned_at_once(barrier.wait())))
    assert barrier.n_waiting == 0


BEING_IMPORTED = {name: ModuleType(name) for name in ("asyncio.events", "trio", "trio.lowlevel", FLOWNO_MODULE)}


async def test_a_host_that_another_thread_is_importing_is_not_looked_at(host: Host) -> None:
    """The module is in sys.modules, but incomplete. (So is that of a Flowno that is too old.)"""
    own = {"asyncio": "asyncio.events", "trio": "trio", "flowno": FLOWNO_MODULE}[kind(host)]
    others = {name: module for name, module in BEING_IMPORTED.items() if not name.startswith(own)}
    barrier = Barrier(2)
    waiting = await host.spawn(barrier.wait())
    with mock.patch.dict(sys.modules, others):
        barrier.abort_nowait()
        barrier.reset_nowait()
        arriving = barrier.wait()
        arriving.send(None)
        assert barrier.n_waiting == 1
        arriving.close()
    await host.settle()
    assert isinstance(waiting.outcome, BrokenBarrierError)


def test_a_host_that_cannot_be_imported_is_not_looked_at() -> None:
    with mock.patch.dict(sys.modules, dict.fromkeys(("trio", "trio.lowlevel", FLOWNO_MODULE))):
        assert asyncio.run(Barrier(1).wait()) == 0


def test_no_loop_is_no_host_whatever_the_last_one_was(host: Host) -> None:
    async def find() -> RunningHost:
        return hosts.current(None)

    last = host.run(find)
    with pytest.raises(RuntimeError, match="no supported event loop"):
        hosts.current(last)
    assert hosts.running(None) is hosts.running(last) is None
    with mock.patch.dict(sys.modules):
        for name in ("trio", FLOWNO_MODULE):
            del sys.modules[name]
        assert hosts.running(None) is hosts.running(last) is None
        del sys.modules["asyncio.events"]
        assert hosts.running(None) is hosts.running(last) is None


def test_flownos_loop_is_no_host_while_none_of_its_tasks_runs() -> None:
    class WatchingLoop(FlownoLoop):
        def has_living_tasks(self) -> bool:
            found.append(hosts.running(None))
            return super().has_living_tasks()

    found: list[object] = []
    run_flowno(FLOWNO.pause(), WatchingLoop())
    assert set(found) == {None}


async def test_a_host_knows_at_once_that_it_runs_the_caller(host: Host) -> None:
    found = hosts.current(None)
    assert found.is_here()
    assert not hosts.NOWHERE.is_here()


async def test_what_a_host_sees_at_a_glance(host: Host) -> None:
    """A count_down above one asks no function of the specification, unless the call must be a checkpoint."""
    latch = CountdownLatch(4)
    await latch.count_down()
    with mock.patch.object(latch_specification, "count_down", side_effect=AssertionError("asked")):
        if host.checkpoints:
            with pytest.raises(AssertionError, match="asked"):
                await latch.count_down()
        else:
            await latch.count_down()
            assert latch.count == 2
    nowhere: RunningHost = hosts.NOWHERE
    assert (hosts.current(None).current_task() is None) is host.checkpoints
    assert nowhere.current_task() is None


@pytest.mark.parametrize("on_its_own_thread", [False, True], ids=["within a task", "on a thread"])
@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_host_knows_at_once_that_another_may_run_the_caller(
    outer: Host, inner: Host, on_its_own_thread: bool
) -> None:
    async def main() -> None:
        found = hosts.current(None)
        seen: list[bool] = []

        async def inner_main() -> None:
            seen.append(found.is_here())

        if on_its_own_thread:
            on_a_thread(lambda: inner.run(inner_main))
        else:
            inner.run(inner_main)
        assert seen == [False]
        if outer is FLOWNO or inner is not FLOWNO:
            assert found.is_here()

    outer.run(main)


async def test_a_host_is_sure_of_another_that_it_could_not_look_up_only_while_that_is_not_imported(host: Host) -> None:
    looks = {
        "asyncio": ("_asyncio_loop", "asyncio"),
        "trio": ("trio_record", "trio"),
        "flowno": ("_flowno_task", FLOWNO_MODULE),
    }
    del looks[kind(host)]
    for look, library in looks.values():
        found: Any = hosts.current(None)
        setattr(found, look, None)  # as it is if the library was not imported when the host was made
        with mock.patch.dict(sys.modules, {library: ModuleType(library)}):
            assert not found.is_here()
            del sys.modules[library]
            assert found.is_here()


def test_a_host_that_another_thread_is_importing_does_not_run_here() -> None:
    with mock.patch.dict(sys.modules, BEING_IMPORTED):
        assert hosts.running(None) is None


async def test_a_host_looks_again_when_others_have_been_imported(host: Host) -> None:
    """A library that is imported after a host is made is looked up by the next call."""
    others = ("trio", "trio._core._run", FLOWNO_MODULE, "asyncio.events")
    own = {"asyncio": (3,), "trio": (0, 1), "flowno": (2,)}[kind(host)]
    with mock.patch.dict(sys.modules):
        for number, name in enumerate(others):
            if number not in own:
                sys.modules.pop(name, None)
        barrier = Barrier(1)
        assert await barrier.wait() == 0
    assert await barrier.wait() == 0
    assert barrier._parking.host.is_here()


async def test_a_host_is_made_once_for_a_loop(host: Host) -> None:
    first = hosts.current(None)
    assert (first.name, first.checkpoints) == (kind(host), host.checkpoints)
    assert hosts.current(first) is hosts.running(first) is first
    other = hosts.current(None)
    assert other is not first
    assert other.loop is first.loop
    assert not first.is_closed()
    first.check_reachable()
