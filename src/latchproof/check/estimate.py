"""Estimates the work within bounds without running it.

The tree of all schedules is estimated by Knuth's method (Estimating the efficiency of backtrack programs, Mathematics
of Computation 29, 1975): descend at random, and multiply the numbers of branches on the way; the expectation of the
product is the number of leaves. That is the tree without any pruning. How much of it a check runs, which recognizes
states and tries one of two orders that commute, is known only by walking. So trees of fewer calls are walked, and the
number is extrapolated from theirs.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from latchproof.check.bounds import levels
from latchproof.check.choices import Path
from latchproof.check.probe import implemented
from latchproof.check.record import NondeterminismError
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import USUAL_LIMITS, StepLimits, StuckError
from latchproof.check.strategies import Sample
from latchproof.check.target import Target, TargetError
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs

SAMPLES = 200
"""Number of random descents in each tree."""

WALKED = 400
"""Number of schedules up to which a tree of fewer calls is walked whole."""

WALKED_AT_FIRST = 2000
"""The same number for the first two trees, without which nothing is known of how the number grows."""

SLOWER = 2 / 3
"""Exponent of the factor of growth, at a further call that cannot be under way together with all the others.

If two calls make f times the runs of one, and two may be under way at once, a third call makes f ** SLOWER times the
runs of two: the second brings the orders of two calls, the third no others. Exponents of 0.4 to 1.2 were seen at nearly
all such calls, and down to 0.1 where only waits are made.
"""


@dataclass(frozen=True)
class Estimate:
    """The estimated work within bounds, with one constructor argument.

    `schedules` is the number of all schedules, and `error` its standard error, from that many `samples`. `runs` is the
    number that a check makes, which prunes the others: counted if `counted_calls` is the number of calls in the bounds,
    else extrapolated from there. `seconds` is the time that they take, one after another, at the measured rate.
    """

    programs: Programs
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
        return self.counted_calls == self.programs.calls


class Descents(Sample):
    """Descends in a tree at random, each branch as likely as another, and notes the size of the tree by that.

    >>> strategy = Descents(schedules=1, seed=0)
    >>> strategy.begin(Path()), strategy.choose(["run", "call wait()"]) in (0, 1), strategy.choose(["a", "b", "c"]) < 3
    (True, True, True)
    >>> strategy.begin(Path()), strategy.leaves
    (False, [6])
    """

    def __init__(self, schedules: int, seed: int) -> None:
        super().__init__(schedules, seed)
        self._branches = 0
        self.leaves: list[int] = []
        """Of each descent the product of the numbers of branches; their mean is an unbiased estimate of the leaves."""

    def begin(self, path: Path) -> bool:
        if self._branches:
            self.leaves.append(self._branches)
        self._branches = 1
        return super().begin(path)

    def choose(self, options: Sequence[str]) -> int:
        self._branches *= len(options)
        return self._random.randrange(len(options))


def estimate(
    target: Target,
    bounds: Sequence[Programs],
    *,
    host: str = "asyncio",
    policy: str | None = None,
    strict: bool = False,
    samples: int | None = None,
    seed: int = 0,
    limits: StepLimits = USUAL_LIMITS,
) -> list[Estimate]:
    """Estimate a check within these bounds, for each of their constructor arguments, smallest first.

    Raises TargetError for an unknown policy, or a target that is not deterministic.

    >>> from latchproof.check.target import load
    >>> one, = estimate(load("latchproof:CountdownLatch"), [Programs((1,), 2, 2, 0, waits_only=True)])
    >>> one.runs, one.is_counted
    (1, True)
    """
    policies = target.kind.usual_policies if policy is None else (target.policy(policy),)
    target, samples = implemented(target, host, limits), samples or SAMPLES

    found = []
    for number, (programs, argument) in enumerate(levels(tuple(bounds))):
        descents = Descents(samples, seed + number)
        explorer = partial(
            Explorer, target, argument=argument, policies=policies, host=host, strict=strict, sets_aside=True
        )
        _walk(explorer(programs=programs, strategy=descents), limits)
        schedules, error = mean_and_error(descents.leaves)
        runs, calls, rate = _runs(programs, explorer, limits)
        found.append(Estimate(programs, argument, samples, schedules, error, runs, calls, runs * rate))
    return found


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean, and its standard error.

    >>> mean_and_error([1, 3])
    (2, 1.0)
    """
    if len(values) < 2:
        return statistics.mean(values), math.inf
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def _runs(programs: Programs, explorer: Callable[..., Explorer], limits: StepLimits) -> tuple[float, int, float]:
    """Return how many schedules are run, the number of calls from which that is known, and the seconds for one of them.

    The number has been seen to grow from one call to the next by a factor that changes slowly.
    """
    counts: list[int] = []
    rate = 0.0
    for calls in range(1, programs.calls + 1):
        begun = time.perf_counter()
        at_most = WALKED if len(counts) > 1 else WALKED_AT_FIRST
        walk = _walk(explorer(programs=replace(programs, calls=calls)), limits, at_most=at_most)
        rate = (time.perf_counter() - begun) / walk.schedules
        if not walk.complete:
            break
        counts.append(walk.schedules)
    if len(counts) == programs.calls:
        return counts[-1], programs.calls, rate
    known = counts or [walk.schedules]
    factor = known[-1] / known[-2] if len(known) > 1 else _growth(programs, explorer, limits) or float(known[-1])
    runs = float(known[-1])
    for calls in range(len(known), programs.calls):
        if calls >= programs.at_once:
            factor **= SLOWER
        runs *= factor
    return runs, len(counts), rate


def _growth(programs: Programs, explorer: Callable[..., Explorer], limits: StepLimits) -> float | None:
    """Return the factor of growth from one call to two, with a call fewer on the second instance; None if not known.

    With one more there, the factor has been seen to be 0.8 to 1.3 times as large.
    """
    if not programs.beside:
        return None
    one, two = (
        _walk(
            explorer(programs=replace(programs, calls=calls, beside=programs.beside - 1)),
            limits,
            at_most=WALKED_AT_FIRST,
        )
        for calls in (1, 2)
    )
    return two.schedules / one.schedules if two.complete else None


def _walk(explorer: Explorer, limits: StepLimits, **options: Any) -> Walk:
    try:
        with contained(lambda: explorer, limits):
            walk = explorer.walk(**options)
    except (NondeterminismError, StuckError) as error:
        raise TargetError(f"the work cannot be estimated: {error}") from error
    if walk.hung and explorer.last_run is not None:
        raise TargetError(f"the work cannot be estimated: {explorer.last_run.history[-1]}")
    return walk
