"""Interleave the rounds of contenders, and compute ratios from them.

A time means nothing by itself. Each is divided by that of a reference in the same round, so other load on the machine
affects both. The first round warms up and is discarded. The order changes from round to round.
"""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


class NonsenseError(ValueError):
    """A measurement, or a file of them, that is meaningless. The message says why."""


@dataclass(frozen=True)
class Ratio:
    """The median of ratios, and the quartiles around it, which are the spread.

    >>> Ratio.of([1.0, 1.2, 1.1, 1.3, 1.1])
    Ratio(median=1.1, low=1.1, high=1.2)
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Ratio:
        """Return the median and quartiles of ratios; raise NonsenseError if there are none or one is not positive."""
        if not ratios:
            raise NonsenseError("no rounds, so no ratio")
        for ratio in ratios:
            if not math.isfinite(ratio) or ratio <= 0:
                raise NonsenseError(f"a ratio of two costs is a positive number, not {ratio}")
        if len(ratios) == 1:
            return cls(ratios[0], ratios[0], ratios[0])
        low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        digits = 2 if self.low >= 0.1 else 4  # what is a hundredth is not nothing
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def interleaved(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return the cost of each contender in each round, as its function returns it, with the garbage collector off.

    Raises NonsenseError if a cost is not positive (the clock is too coarse), or if there is nothing to run.
    """
    if rounds < 1 or not contenders:
        raise NonsenseError(f"{rounds} rounds of {len(contenders)} contenders measure nothing")
    names = list(contenders)
    costs: dict[str, list[float]] = {name: [] for name in names}
    gc.freeze()  # so that the collector does not visit what was imported before every run
    try:
        for number in range(rounds + 1):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                cost = _without_collector(contenders[name])
                if not cost > 0:
                    raise NonsenseError(f"{name} cost {cost}: more must be done in a round for this machine's clock")
                if number > 0:
                    costs[name].append(cost)
    finally:
        gc.unfreeze()
    return costs


def _without_collector(run: Callable[[], float]) -> float:
    gc.collect()
    gc.disable()
    try:
        return run()
    finally:
        gc.enable()


def over(costs: Mapping[str, Sequence[float]], reference: str) -> dict[str, list[float]]:
    """Return each contender's costs divided by those of the reference in the same rounds."""
    if reference not in costs:
        raise NonsenseError(f"the reference {reference!r} was not measured")
    of_reference = costs[reference]
    return {
        name: [cost / base for cost, base in zip(of_one, of_reference, strict=True)] for name, of_one in costs.items()
    }
