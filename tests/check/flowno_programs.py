"""Programs that show the faults of Flowno's own loop, and wait with Flowno's primitives alone."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from flowno.core.event_loop import synchronization
from flowno.core.event_loop.primitives import sleep, spawn
from flowno.core.event_loop.selectors import sel
from flowno.core.event_loop.tasks import TaskCancelled

from latchproof.check.loops.flowno_tasks import QuietLoop

SOON = 0.02
"""A short time, in seconds."""


def _run(main: Callable[[QuietLoop], Coroutine[Any, Any, bool]]) -> bool:
    loop = QuietLoop()
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        shown: bool = loop.run_until_complete(main(loop), join=True, wait_for_spawned_tasks=False)
    finally:
        sel.unregister(loop._wakeup_reader)  # Flowno registers it when a loop runs, and forgets to do this
        loop.close()
        signal.signal(signal.SIGINT, on_interrupt)  # which Flowno forgets
    return shown


def _resumes_the_ended(wait: Callable[[], Awaitable[object]], wake: Callable[[], Awaitable[object]]) -> bool:
    """Cancel a task that waits; let what it waited for happen once it has ended, and see if the loop resumes it."""

    async def waits() -> None:
        await wait()

    async def main(loop: QuietLoop) -> bool:
        task = await spawn(waits())
        task.cancel()
        await sleep(0)
        await wake()
        await sleep(2 * SOON)
        await sleep(0)  # on a busy machine all that slept wakes at once
        return isinstance(loop.exceptions[task.raw_task], RuntimeError)  # and not TaskCancelled

    return _run(main)


async def _nothing() -> None:
    pass


def _ended_in_sleep() -> bool:
    return _resumes_the_ended(lambda: sleep(SOON), _nothing)


def _ended_in_its_turn() -> bool:
    return _resumes_the_ended(lambda: sleep(0), _nothing)


def _ended_in_spawn() -> bool:
    return _resumes_the_ended(lambda: spawn(_nothing()), _nothing)


def _ended_in_event() -> bool:
    event = synchronization.Event()
    return _resumes_the_ended(event.wait, event.set)


def _ended_in_join() -> bool:
    async def waits_longer() -> None:
        await sleep(SOON)

    async def joins() -> None:
        await (await spawn(waits_longer())).join()

    return _resumes_the_ended(joins, _nothing)


def _ended_before_its_cancellation() -> bool:
    """Cancel a task when its wake-up is in the queue, so that it returns before."""

    async def waits() -> None:
        await sleep(0)

    async def main(loop: QuietLoop) -> bool:
        task = await spawn(waits())
        task.cancel()
        await sleep(SOON)
        return isinstance(loop.exceptions.get(task.raw_task), RuntimeError)

    return _run(main)


def _resumed_too_early(wait: Callable[[], Awaitable[bool]], *, before: bool = False) -> bool:
    """Cancel a task in the wait for an event, and set the event when it waits for something else, or just `before`."""
    early: list[bool] = []
    event = synchronization.Event()

    async def waits() -> None:
        try:
            await event.wait()
        except TaskCancelled:
            early.append(await wait())

    async def main(loop: QuietLoop) -> bool:
        task = await spawn(waits())
        task.cancel()
        if not before:
            await sleep(0)
        await event.set()
        await sleep(SOON)
        return early == [True]

    return _run(main)


async def _sleeps_briefly() -> bool:
    return await sleep(60) < 60


async def _passes_an_event() -> bool:
    event = synchronization.Event()
    await event.wait()
    return not event.is_set()


async def _has_a_lock() -> bool:
    lock = synchronization.Lock()
    lock._locked = True  # as if another task had it
    await lock.acquire()
    return lock._owner is None


async def _spawns() -> bool:
    try:
        await spawn(_nothing())
    except AssertionError as error:
        return str(error) == "Expected a TaskHandle"
    return False


def _loses_a_lock(*, held: bool) -> bool:
    """Cancel a task that is about to wait for a lock, and see whether it has the lock once it has ended."""
    lock = synchronization.Lock()

    async def waits() -> None:
        await sleep(0)
        async with lock:
            pass

    async def main(loop: QuietLoop) -> bool:
        if held:
            await lock.acquire()
        task = await spawn(waits())
        task.cancel()
        await sleep(SOON)
        if held:
            await lock.release()
        await sleep(SOON)
        return task.is_cancelled and lock._owner is task.raw_task

    return _run(main)


def _loses_the_lock_of_a_condition() -> bool:
    """Cancel a task that waits for a condition, catches that and ends; then notify it."""
    condition = synchronization.Condition()

    async def waits() -> None:
        await condition.lock.acquire()
        await condition.wait()

    async def main(loop: QuietLoop) -> bool:
        task = await spawn(waits())
        await sleep(SOON)
        task.cancel()
        await sleep(SOON)
        async with condition:
            await condition.notify()
        await sleep(SOON)
        return task.is_cancelled and condition.lock._owner is task.raw_task

    return _run(main)


def _dies_of_a_condition() -> bool:
    condition = synchronization.Condition()

    async def waits() -> None:
        async with condition:
            await condition.wait()

    async def main(loop: QuietLoop) -> bool:
        task = await spawn(waits())
        await sleep(SOON)
        task.cancel()
        await sleep(SOON)
        return False

    try:
        return _run(main)
    except AssertionError as error:
        return str(error).startswith("Lock release by non-owner")


SHOWN = {
    "ended-task-woken": {
        "sleep() for some time": _ended_in_sleep,
        "sleep(0)": _ended_in_its_turn,
        "spawn()": _ended_in_spawn,
        "an event": _ended_in_event,
        "join()": _ended_in_join,
    },
    "ended-task-cancelled": {"sleep(0)": _ended_before_its_cancellation},
    "early-wake-up": {
        "sleep()": lambda: _resumed_too_early(_sleeps_briefly),
        "an event": lambda: _resumed_too_early(_passes_an_event),
        "a lock": lambda: _resumed_too_early(_has_a_lock),
        "spawn()": lambda: _resumed_too_early(_spawns, before=True),
    },
    "lost-lock": {
        "a lock that another has": lambda: _loses_a_lock(held=True),
        "a lock that is free": lambda: _loses_a_lock(held=False),
        "a condition": _loses_the_lock_of_a_condition,
    },
    "condition-without-lock": {"a condition": _dies_of_a_condition},
}
"""For each fault and each way to wait, a program that returns whether the fault came to light."""
