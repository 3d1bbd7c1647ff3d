"""How much work there is, and what it costs, as a bound grows: states of the specification, schedules of real code.

Each series grows one bound and fixes the others. Costs are CPU seconds relative to those of the series' smallest bound,
in the same round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from latchproof import Barrier
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof.explore.states import explore
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs


@dataclass(frozen=True)
class Point:
    """One bound: how much work there is (`size`), how much of it was done (`visited`), and CPU seconds."""

    size: int
    visited: int
    seconds: float


@dataclass(frozen=True)
class Series:
    """What grows, over which bounds, what is counted, and the function that visits one bound."""

    name: str
    bounds: tuple[int, ...]
    unit: str
    visit: Callable[[int], Point]


def states_of(*, tasks: int, calls: int) -> Point:
    """Visit every state of a barrier of three parties whose tasks make `calls` waits each and may be cancelled."""
    begun = time.process_time()
    found = explore(BARRIER, BARRIER.policies[0], 3, tasks=tasks, calls=calls, operations=("wait",))
    return Point(found.states, found.orbits, time.process_time() - begun)


def schedules_of(*, tasks: int, calls: int, cancellations: int) -> Point:
    """Visit every schedule of that many waits at a barrier of two parties, our own class on asyncio."""
    target = adapt(Barrier, "latchproof:Barrier")
    shape = Programs((2,), tasks, calls, cancellations, waits_only=True)
    begun = time.process_time()
    # without the pruning of calls that commute, whose schedules are not counted
    walk = Explorer(target, shape, 2, [BARRIER.policies[0]], prune=False).walk()
    return Point(walk.covered, walk.schedules, time.process_time() - begun)


SERIES = (
    Series("tasks (3 calls each)", (2, 3, 4, 5, 6), "states", lambda n: states_of(tasks=n, calls=3)),
    Series("calls of each of 4 tasks", (1, 2, 3, 4, 5), "states", lambda n: states_of(tasks=4, calls=n)),
    Series(
        "tasks at once (5 calls, 1 cancellation)", (1, 2, 3, 4), "schedules",
        lambda n: schedules_of(tasks=n, calls=5, cancellations=1),
    ),
    Series(
        "calls (2 at once, 1 cancellation)", (3, 4, 5, 6, 7), "schedules",
        lambda n: schedules_of(tasks=2, calls=n, cancellations=1),
    ),
    Series(
        "cancellations (4 calls, 3 at once)", (0, 1, 2, 3), "schedules",
        lambda n: schedules_of(tasks=3, calls=4, cancellations=n),
    ),
)  # fmt: skip
