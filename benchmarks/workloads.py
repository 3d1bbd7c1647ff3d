"""What every contender does, and what it costs: thread CPU time in the steady state."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from benchmarks.hosts import Host

Party = Callable[[int], Coroutine[Any, Any, None]]


class Latch(Protocol):
    """A latch that is released and set again. `tally[0]` counts the waits that have begun."""

    async def party(self, rounds: int, tally: list[int]) -> None: ...
    async def release(self) -> None: ...


def barrier(host: Host, party_of: Callable[[int], Party], n: int, rounds: int) -> float:
    """Return the CPU seconds for `rounds` generations of a barrier of `n` parties, which return each time."""

    async def main() -> float:
        party = party_of(n)
        for _ in range(n - 1):
            await host.spawn(party(rounds + 1))
        await host.pause()
        await party(1)
        begun = time.thread_time()
        await party(rounds)
        seconds = time.thread_time() - begun
        await host.join()
        return seconds

    seconds: float = host.run(main)
    return seconds


def latch(host: Host, new_latch: Callable[[], Latch], n: int, rounds: int) -> float:
    """Return the CPU seconds to release `n` tasks `rounds` times, each time when all of them have parked."""

    async def main() -> float:
        tally = [0]
        one = new_latch()
        for _ in range(n):
            await host.spawn(one.party(rounds + 1, tally))
        begun = 0.0
        for number in range(1, rounds + 2):
            while tally[0] < n * number:
                await host.pause()
            if number == 2:
                begun = time.thread_time()
            await one.release()
        await host.join()
        return time.thread_time() - begun

    seconds: float = host.run(main)
    return seconds


def count_down(
    host: Host, new_counter: Callable[[int], Callable[[], Coroutine[Any, Any, object]]], calls: int
) -> float:
    """Return the CPU seconds for `calls` awaited count_downs without waiters; the count does not reach zero."""

    async def main() -> float:
        down = new_counter(calls + 2)
        await down()
        begun = time.thread_time()
        for _ in range(calls):
            await down()
        return time.thread_time() - begun

    seconds: float = host.run(main)
    return seconds


def cancel(
    host: Host, wait_of: Callable[[int], Callable[[], Coroutine[Any, Any, object]]], n: int, last: bool
) -> float:
    """Return the CPU seconds to cancel all of `n` parked tasks, in either order, until all have ended."""

    async def main() -> float:
        wait = wait_of(n)
        cancels = [await host.spawn(wait()) for _ in range(n)]
        await host.pause()
        if last:
            cancels.reverse()
        begun = time.thread_time()
        for one in cancels:
            one()
        await host.join()
        return time.thread_time() - begun

    seconds: float = host.run(main)
    return seconds
