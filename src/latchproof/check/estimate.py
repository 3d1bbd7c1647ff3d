"""About how much there is to run within a bound, before one runs it.

The tree of all schedules is estimated by Knuth's method (Estimating the efficiency of backtrack programs, Mathematics
of Computation 29, 1975): go down at random, and multiply the numbers of branches on the way; the expectation of the
product is the number of leaves. That is the tree in which nothing is spared. What is left of it when states that were
met before are recognized, and orders that commute are tried in one, is known only by walking: it is walked with fewer
calls, and extrapolated from there.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from latchproof.check.bounds import levels
from latchproof.check.jobs import implemented
from latchproof.check.run import Explorer, NondeterminismError, Walk
from latchproof.check.sandbox.containment import StuckError, contained
from latchproof.check.target import Target, TargetError
from latchproof_spec.machine import Programs

SAMPLES = 200
"""So many times is each tree gone down at random."""

WALKED = 400
"""A tree of fewer calls that has no more schedules than this is walked whole."""


@dataclass(frozen=True)
class Estimate:
    """About how much there is to run of one shape with one constructor argument.

    `schedules` is the number of all schedules, and `error` its standard error, from so many `samples`. `runs` is how
    many a check makes, sparing the others: counted if `counted_calls` are all the calls of the shape, else extrapolated
    from so many. `seconds` is what they take, one after another, at the rate that was measured.
    """

    shape: Programs
    argument: int
    samples: int
    schedules: float
    error: float
    runs: float
    counted_calls: int
    seconds: float

    @property
    def is_counted(self) -> bool:
        """Whether `runs` was counted."""
        return self.counted_calls == self.shape.calls


class Descents:
    """The scheduler that goes down a tree at random, each branch as likely as another, and notes its size by that.

    >>> scheduler = Descents(samples=1, seed=0)
    >>> scheduler.begin(), scheduler.choose(["run", "call wait()"]) in (0, 1), scheduler.choose(["a", "b", "c"]) < 3
    (True, True, True)
    >>> scheduler.begin(), scheduler.leaves
    (False, [6])
    """

    exhaustive = False

    def __init__(self, samples: int, seed: int) -> None:
        self._left = samples
        self._random = random.Random(seed)
        self._branches = 0
        self.leaves: list[int] = []
        """Of each descent the product of the numbers of branches; their mean is an unbiased estimate of the leaves."""

    def begin(self) -> bool:
        if self._branches:
            self.leaves.append(self._branches)
        self._branches = 1
        self._left -= 1
        return self._left >= 0

    def choose(self, options: Sequence[str]) -> int:
        self._branches *= len(options)
        return self._random.randrange(len(options))

    def insists_on(self, word: str) -> bool:
        return False


def estimate(
    target: Target,
    shapes: Sequence[Programs],
    *,
    host: str = "asyncio",
    policy: str | None = None,
    strict: bool = False,
    samples: int | None = None,
    seed: int = 0,
) -> list[Estimate]:
    """About how much a check of the shapes runs, for each with each of its constructor arguments, smallest first.

    Raises TargetError for a policy that there is not, or a target that cannot be run the same way twice.

    >>> from latchproof.check.target import load
    >>> one, = estimate(load("latchproof:CountdownLatch"), [Programs((1,), 2, 2, 0, waits_only=True)])
    >>> one.runs, one.is_counted
    (1, True)
    """
    policies = [one for one in target.machine.policies if policy in (None, one.name)]
    if not policies:
        names = ", ".join(one.name for one in target.machine.policies)
        raise TargetError(f"there is no policy {policy!r} for a {target.machine.name}; there are {names}")
    target, samples = implemented(target, host), samples or SAMPLES

    found = []
    for number, (shape, argument) in enumerate(levels(tuple(shapes))):
        descents = Descents(samples, seed + number)
        explorer = partial(Explorer, target, argument=argument, policies=policies, host=host, strict=strict)
        _walk(explorer(shape=shape, scheduler=descents))
        schedules, error = mean_and_error(descents.leaves)
        runs, calls, rate = _runs(shape, explorer)
        found.append(Estimate(shape, argument, samples, schedules, error, runs, calls, runs * rate))
    return found


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and its standard error.

    >>> mean_and_error([1, 3])
    (2, 1.0)
    """
    if len(values) < 2:
        return statistics.mean(values), math.inf
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def _runs(shape: Programs, explorer: Callable[..., Explorer]) -> tuple[float, int, float]:
    """How many schedules are run, from how many calls that is known, and how many seconds one of them takes.

    From one call to the next the number has been seen to grow by a factor that changes slowly.
    """
    counts: list[int] = []
    rate = 0.0
    for calls in range(1, shape.calls + 1):
        begun = time.perf_counter()
        walk = _walk(explorer(shape=replace(shape, calls=calls)), at_most=WALKED)
        rate = (time.perf_counter() - begun) / walk.schedules
        if not walk.complete:
            break
        counts.append(walk.schedules)
    if len(counts) == shape.calls:
        return counts[-1], shape.calls, rate
    known = counts or [walk.schedules]
    factor = known[-1] / known[-2] if len(known) > 1 else float(known[-1])
    return known[-1] * factor ** (shape.calls - len(known)), len(counts), rate


def _walk(explorer: Explorer, **options: Any) -> Walk:
    try:
        with contained(lambda: explorer.steps_made):
            return explorer.walk(**options)
    except (NondeterminismError, StuckError) as error:
        raise TargetError(f"nothing can be said of what it would cost: {error}") from error
