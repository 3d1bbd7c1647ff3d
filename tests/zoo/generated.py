"""Latches that are generated: what each of their methods does is a list of steps, drawn by a seed.

Most of them are faulty. They make states and orders that no other test has: what leaves something out of a check
must find of each what is found without it.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, ClassVar

CALLED = ContextVar("CALLED", default=0)


class GeneratedLatch:
    """A latch that is counted down where its steps say so, and parks there too."""

    steps: ClassVar[dict[str, tuple[str, ...]]] = {}
    made: ClassVar[list[int]] = []
    """The tickets of all latches, if some step takes them from here."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.parked: list[asyncio.Future[None]] = []
        self.tickets: dict[int, bool] = {}
        self.queue: deque[int] = deque(maxlen=2)
        self.known: list[object] = []
        self.lock = asyncio.Lock()
        self.event = asyncio.Event()
        self.semaphore = asyncio.Semaphore(0)

    async def wait(self) -> None:
        await self._play("wait")

    async def count_down(self) -> None:
        await self._play("count_down")

    async def _play(self, method: str) -> None:
        for step in type(self).steps[method]:
            if await STEPS[step](self):
                return


async def _count(latch: GeneratedLatch) -> bool:
    latch.left = max(0, latch.left - 1)
    return False


async def _return_if_open(latch: GeneratedLatch) -> bool:
    return latch.left == 0


async def _suspend(latch: GeneratedLatch) -> bool:
    await asyncio.sleep(0)
    return False


async def _sleep(latch: GeneratedLatch) -> bool:
    await asyncio.sleep(0.01)
    return False


async def _park(latch: GeneratedLatch) -> bool:
    future = asyncio.get_running_loop().create_future()
    latch.parked.append(future)
    await future
    return False


async def _park_and_leave(latch: GeneratedLatch) -> bool:
    future = asyncio.get_running_loop().create_future()
    latch.parked.append(future)
    try:
        await future
    finally:
        latch.parked.remove(future)
    return False


async def _park_deaf(latch: GeneratedLatch) -> bool:
    try:
        return await _park(latch)
    except asyncio.CancelledError:
        return False


async def _park_for_a_while(latch: GeneratedLatch) -> bool:
    try:
        async with asyncio.timeout(0.01):
            return await _park_and_leave(latch)
    except TimeoutError:
        return False


def _wake(latch: GeneratedLatch, futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _waking(some: Callable[[list[asyncio.Future[None]]], list[asyncio.Future[None]]], *, soon: bool = False) -> Any:
    async def step(latch: GeneratedLatch) -> bool:
        if latch.left == 0:
            woken = some(latch.parked)
            if soon:
                asyncio.get_running_loop().call_soon(_wake, latch, woken)
            else:
                _wake(latch, woken)
        return False

    return step


async def _hold_the_lock(latch: GeneratedLatch) -> bool:
    async with latch.lock:
        await asyncio.sleep(0)
    return False


async def _take_the_lock(latch: GeneratedLatch) -> bool:
    if not latch.lock.locked():
        await latch.lock.acquire()
    return False


async def _return_if_locked(latch: GeneratedLatch) -> bool:
    return latch.lock.locked()


async def _remember_the_task(latch: GeneratedLatch) -> bool:
    latch.known.append(asyncio.current_task())
    return False


async def _park_a_known_task(latch: GeneratedLatch) -> bool:
    return await _park(latch) if asyncio.current_task() in latch.known else False


async def _set_a_variable(latch: GeneratedLatch) -> bool:
    CALLED.set(CALLED.get() + 1)
    return False


async def _park_where_it_is_set(latch: GeneratedLatch) -> bool:
    return await _park(latch) if CALLED.get() else False


async def _take_a_ticket(latch: GeneratedLatch) -> bool:
    latch.tickets[len(latch.tickets)] = latch.left == 0
    return False


async def _return_with_a_good_ticket(latch: GeneratedLatch) -> bool:
    return any(latch.tickets.values())


async def _take_a_common_ticket(latch: GeneratedLatch) -> bool:
    latch.made.append(latch.left)
    return False


async def _return_if_another_has(latch: GeneratedLatch) -> bool:
    return len(latch.made) > 1


async def _enqueue(latch: GeneratedLatch) -> bool:
    latch.queue.append(latch.left)
    return False


async def _return_if_the_queue_is_full(latch: GeneratedLatch) -> bool:
    return len(latch.queue) == latch.queue.maxlen


async def _set_the_event(latch: GeneratedLatch) -> bool:
    if latch.left == 0:
        latch.event.set()
    return False


async def _wait_for_the_event(latch: GeneratedLatch) -> bool:
    await latch.event.wait()
    return False


async def _release(latch: GeneratedLatch) -> bool:
    latch.semaphore.release()
    return False


async def _acquire(latch: GeneratedLatch) -> bool:
    await latch.semaphore.acquire()
    return False


STEPS: dict[str, Callable[[GeneratedLatch], Awaitable[bool]]] = {
    "count": _count,
    "return if open": _return_if_open,
    "suspend": _suspend,
    "sleep": _sleep,
    "park": _park,
    "park and leave": _park_and_leave,
    "park deaf": _park_deaf,
    "park for a while": _park_for_a_while,
    "wake all": _waking(lambda parked: [*parked]),
    "wake the first": _waking(lambda parked: parked[:1]),
    "wake the last": _waking(lambda parked: parked[-1:]),
    "wake all backwards": _waking(lambda parked: parked[::-1]),
    "wake all soon": _waking(lambda parked: [*parked], soon=True),
    "hold the lock": _hold_the_lock,
    "take the lock": _take_the_lock,
    "return if locked": _return_if_locked,
    "remember the task": _remember_the_task,
    "park a known task": _park_a_known_task,
    "set a variable": _set_a_variable,
    "park where it is set": _park_where_it_is_set,
    "take a ticket": _take_a_ticket,
    "return with a good ticket": _return_with_a_good_ticket,
    "take a common ticket": _take_a_common_ticket,
    "return if another has": _return_if_another_has,
    "enqueue": _enqueue,
    "return if the queue is full": _return_if_the_queue_is_full,
    "set the event": _set_the_event,
    "wait for the event": _wait_for_the_event,
    "release": _release,
    "acquire": _acquire,
}

COUNTING = ("wake all", "wake the first", "wake the last", "wake all soon", "set the event", "release")
PARKING = ("park", "park and leave", "park deaf", "park for a while", "wait for the event", "acquire")


def generated(seed: int) -> type[GeneratedLatch]:
    """Return the latch of a seed: it counts down and may park, and does some more."""
    chance = random.Random(seed)
    steps = {
        "count_down": ["count", chance.choice(COUNTING)],
        "wait": [*chance.choice((["return if open"], [])), chance.choice(PARKING)],
    }
    for _ in range(chance.randint(1, 4)):
        method = chance.choice(("count_down", "wait", "wait"))
        steps[method].insert(chance.randint(0, len(steps[method])), chance.choice(tuple(STEPS)))
    kept = {method: tuple(names) for method, names in steps.items()}
    return type(f"Generated{seed}Latch", (GeneratedLatch,), {"steps": kept, "made": []})
