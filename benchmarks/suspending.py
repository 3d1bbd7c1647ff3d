"""What it takes to check classes that suspend, in runs and CPU seconds: python -m benchmarks.suspending

Suspending makes a tree of schedules large, because then there are steps to order. Each class is checked within
`BASELINE`, so that figures can be compared with earlier ones, and within the default bounds of the day.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from latchproof import Barrier, CountdownLatch
from latchproof.check.bounds import default_programs, levels
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs

BASELINE = {
    ("latch", "asyncio"): (
        Programs((0, 1, 2, 3), at_once=3, calls=4, cancellations=1, numbers=(-1, 0, 1, 2)),
        Programs((1, 2), at_once=2, calls=3, cancellations=2, numbers=(0,)),
        Programs((1,), at_once=2, calls=2, cancellations=0, numbers=(2,), beside=1),
    ),
    ("barrier", "asyncio"): (
        Programs((1, 2, 3), at_once=3, calls=4, cancellations=1),
        Programs((4,), at_once=4, calls=5, cancellations=1, waits_only=True),
        Programs((2,), at_once=2, calls=7, cancellations=1, waits_only=True),
        Programs((3,), at_once=3, calls=6, cancellations=1, waits_only=True),
        Programs((2, 3), at_once=3, calls=3, cancellations=2, waits_only=True),
        Programs((2,), at_once=2, calls=2, cancellations=0, beside=2),
    ),
    ("latch", "trio"): (
        Programs((0, 1, 2), at_once=2, calls=3, cancellations=1, numbers=(0, 2)),
        Programs((1,), at_once=1, calls=2, cancellations=0, numbers=(-1, 0, 1, 2)),
        Programs((1,), at_once=3, calls=3, cancellations=1, numbers=()),
        Programs((1,), at_once=1, calls=1, cancellations=0, numbers=(2,), beside=1),
    ),
    ("barrier", "trio"): (
        Programs((1, 2), at_once=3, calls=3, cancellations=1),
        Programs((3,), at_once=3, calls=3, cancellations=0),
        Programs((2, 3), at_once=3, calls=4, cancellations=1, waits_only=True),
        Programs((2,), at_once=1, calls=1, cancellations=0, beside=2),
    ),
}
"""The default bounds of commit 66388a6, for which the targets were set, by kind and host."""


class SuspendingLatch:
    """A latch that yields to the loop before and after each operation."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        await asyncio.sleep(0)
        if self.count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        await asyncio.sleep(0)

    async def count_down(self) -> None:
        await asyncio.sleep(0)
        if self.count:
            self.count -= 1
            self._open()
        await asyncio.sleep(0)

    def _open(self) -> None:
        if not self.count:
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)
            self._waiting = []

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError("n must be 0 or more")
        if any(not future.done() for future in self._waiting):
            raise RuntimeError("tasks wait")
        self.count = n


class GroupedBarrier(Barrier):
    """A barrier whose wait() is made in a task of a group."""

    async def wait(self) -> int:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(super().wait())
        return task.result()

    abort = None  # type: ignore[assignment]
    """The group would raise another error than the barrier does."""
    reset = None  # type: ignore[assignment]


class PollingLatch:
    """A latch for trio whose tasks look again in each of their turns."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def wait(self) -> None:
        import trio

        while self.count:
            await trio.lowlevel.checkpoint()

    async def count_down(self) -> None:
        import trio

        await trio.lowlevel.checkpoint()
        if self.count:
            self.count -= 1


CHECKED: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a latch that suspends": (SuspendingLatch, "latch", "asyncio"),
    "a barrier in a task group": (GroupedBarrier, "barrier", "asyncio"),
    "a latch that polls": (PollingLatch, "latch", "trio"),
    "our latch": (CountdownLatch, "latch", "asyncio"),
    "our barrier": (Barrier, "barrier", "asyncio"),
    "our latch on trio": (CountdownLatch, "latch", "trio"),
    "our barrier on trio": (Barrier, "barrier", "trio"),
}
"""What is checked: the class, its kind and the host."""


class Work(NamedTuple):
    """What a check took: the number of runs, and CPU seconds."""

    runs: int
    seconds: float


def check(name: str, *, baseline: bool) -> Work:
    """Walk every tree within the baseline bounds, or within the default ones of the day."""
    factory, kind, host = CHECKED[name]
    target = adapt(factory, kind=kind)
    bounds = BASELINE[kind, host] if baseline else default_programs(target, host)
    logging.disable(logging.WARNING)
    begun, runs = time.process_time(), 0
    for programs, argument in levels(bounds):
        walk = Explorer(target, programs, argument, target.kind.usual_policies, host=host, sets_aside=True).walk()
        runs += walk.schedules
    return Work(runs, time.process_time() - begun)


def table() -> Iterator[str]:
    """Yield a line for each class: what the baseline bounds take, and what those of the day do."""
    yield f"{'':26} {'baseline: runs':>18} {'CPU s':>6} {'of the day: runs':>17} {'CPU s':>6}"
    for name in CHECKED:
        before, today = check(name, baseline=True), check(name, baseline=False)
        yield f"{name:26} {before.runs:18,} {before.seconds:6.1f} {today.runs:17,} {today.seconds:6.1f}"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
