"""What it costs to run one schedule of one program: in our explorer, in others, and with no explorer at all.

The program is three tasks that wait twice each at the smallest possible barrier of three parties. "limit" runs its only
first-in first-out schedule repeatedly, on a loop of a few lines with asyncio's tasks and futures. It judges nothing.
Ours judges every history and is measured twice: making every run of the tree of schedules, and with its reductions,
where the cost is divided by the number of schedules of the same tree. The other explorers choose among the ready tasks
in their own way, and check an assertion about the indices.

Each contender is a function of a number of schedules and returns CPU seconds for one schedule.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs

Given = TypeVarTuple("Given")

PARTIES, WAITS = 3, 2
SHAPE = Programs((PARTIES,), PARTIES, PARTIES * WAITS, 0, waits_only=True)
INDICES = sorted(list(range(PARTIES)) * WAITS)


class MinimalBarrier:
    """An event for each generation; cancellation is ignored. (frontrun cannot follow bare futures.)"""

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.arrived = 0
        self.event = asyncio.Event()

    async def wait(self) -> int:
        index = self.arrived
        self.arrived += 1
        if self.arrived < self.parties:
            await self.event.wait()
        else:
            self.event.set()
            self.event, self.arrived = asyncio.Event(), 0
        return index


class Program:
    """The barrier, and the indices that its tasks got."""

    def __init__(self) -> None:
        self.barrier = MinimalBarrier(PARTIES)
        self.got: list[int] = []

    async def party(self) -> None:
        for _ in range(WAITS):
            self.got.append(await self.barrier.wait())

    def check(self) -> None:
        if sorted(self.got) != INDICES:
            raise AssertionError(f"the indices were {self.got}")


class BareLoop(asyncio.BaseEventLoop):
    """The minimum that tasks and futures need, without a selector or a clock."""

    def __init__(self) -> None:  # nothing that a real loop is made with is needed
        self.ready: deque[asyncio.Handle] = deque()

    def call_soon(
        self, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self.ready.append(handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        raise RuntimeError(context)

    def __del__(self) -> None:
        """Do nothing: there is nothing to close."""


def limit(schedules: int) -> float:
    """Run the only schedule that asyncio itself has, without choices and without a judge."""
    begun = time.process_time()
    for _ in range(schedules):
        loop = BareLoop()
        events._set_running_loop(loop)
        try:
            program = Program()
            tasks = [asyncio.Task(program.party(), loop=loop) for _ in range(PARTIES)]
            while loop.ready:
                loop.ready.popleft()._run()
            if not all(task.done() for task in tasks):
                raise AssertionError("a task has not ended")
            program.check()
        finally:
            events._set_running_loop(None)
    return (time.process_time() - begun) / schedules


def _explorer(*, reduced: bool) -> Explorer:
    target = adapt(MinimalBarrier, "MinimalBarrier", "barrier")
    return Explorer(target, SHAPE, PARTIES, [BARRIER.policies[0]], prune=reduced, merge=reduced)


def every_run(schedules: int) -> float:
    """Run ours, which makes and judges every run of the tree, repeatedly until there are that many runs."""
    made = 0
    begun = time.process_time()
    while made < schedules:
        made += _explorer(reduced=False).walk().schedules
    return (time.process_time() - begun) / made


def whole_tree(schedules: int) -> float:
    """Run ours with its reductions; divide by the number of schedules of the same tree without them."""
    size = _explorer(reduced=False).walk().schedules
    done = 0
    begun = time.process_time()
    while done < schedules:
        _explorer(reduced=True).walk()
        done += size
    return (time.process_time() - begun) / done


def simloom(schedules: int) -> float:
    """Run simloom's systematic exploration, and stop after that many schedules."""
    from simloom import explore_systematic

    async def main() -> None:
        program = Program()
        async with asyncio.TaskGroup() as group:
            for _ in range(PARTIES):
                group.create_task(program.party())
        program.check()

    begun = time.process_time()
    found = explore_systematic(main, max_delays=PARTIES * WAITS, max_schedules=schedules)
    spent = time.process_time() - begun
    if found.failures:
        raise AssertionError(f"simloom says: {found.failures[0]}")
    schedules = int(found.schedules)
    return spent / schedules


def frontrun(schedules: int) -> float:
    """Run frontrun's exploration by dynamic partial-order reduction, which may finish after fewer."""
    from frontrun import explore

    def is_right(program: Program) -> bool:
        return sorted(program.got) == INDICES

    async def main() -> Any:
        return await explore(
            setup=Program,
            workers=Program.party,
            count=PARTIES,
            strategy="dpor",
            invariant=is_right,
            max_executions=schedules,
        )

    begun = time.process_time()
    found = asyncio.run(main())
    spent = time.process_time() - begun
    if found.property_holds is not True:
        raise AssertionError(f"frontrun says: {found.explanation}")
    made = int(found.num_explored)
    return spent / made


CONTENDERS: dict[str, tuple[Callable[[int], float], int]] = {
    "limit": (limit, 2_000),
    "latchproof, every run": (every_run, 3_000),
    "latchproof": (whole_tree, 10_000),
    "simloom": (simloom, 100),
    "frontrun": (frontrun, 20),
}
"""Each contender, and how many schedules it runs in a round: fewer, where one takes longer."""
