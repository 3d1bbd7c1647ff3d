"""Programs that show the faults of Flowno's own loop, and wait with Flowno's primitives alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from flowno.core.event_loop import synchronization
from flowno.core.event_loop.primitives import sleep, spawn
from flowno.core.event_loop.selectors import sel

from latchproof.check.loops.flowno import QuietLoop

SOON = 0.001
"""A short time, in seconds."""


def _run(main: Callable[[QuietLoop], Coroutine[Any, Any, bool]]) -> bool:
    loop = QuietLoop()
    try:
        shown: bool = loop.run_until_complete(main(loop), join=True, wait_for_spawned_tasks=False)
    finally:
        sel.unregister(loop._wakeup_reader)  # Flowno registers it when a loop runs, and forgets to do this
        loop.close()
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


SHOWN = {
    "ended-task-woken": {
        "sleep() for some time": _ended_in_sleep,
        "sleep(0)": _ended_in_its_turn,
        "spawn()": _ended_in_spawn,
        "an event": _ended_in_event,
        "join()": _ended_in_join,
    },
    "ended-task-cancelled": {"sleep(0)": _ended_before_its_cancellation},
}
"""For each fault and each way to wait, a program that returns whether the fault came to light."""
