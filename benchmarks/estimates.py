"""Compare what `check --estimate` says with the runs that the check makes: python -m benchmarks.estimates

Every correct class of the zoo and every class of `benchmarks.suspending` is estimated and checked, within the default
bounds of its host. The number of runs depends on nothing but the class and the bounds, save by a few where a class
keeps tasks in a set, because sets are compared in the order in which they are iterated. A check is stopped after `MOST`
runs of one tree. Then the number is not known, and the estimate counts as too far off.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tests.zoo.test_primitives import KINDS
from tests.zoo.test_zoo import CORRECT

from benchmarks.suspending import CHECKED
from latchproof.check.bounds import default_programs, describe_bounds
from latchproof.check.checker import check
from latchproof.check.estimate import estimate
from latchproof.check.target import Target, adapt

FACTOR = 3
"""Factor by which an estimate may be too high or too low."""

MOST = 100_000
"""Number of runs after which the check of one tree is stopped."""


class Tree(NamedTuple):
    """One bound with one constructor argument: the number of runs that is estimated, and that is made."""

    bound: str
    estimated: float
    made: int
    stopped: bool
    """Whether the check was stopped there."""

    @property
    def is_outside(self) -> bool:
        """Whether the estimate is farther off than it may be, or that is not known."""
        return self.stopped or not 1 / FACTOR <= self.estimated / self.made <= FACTOR

    def __str__(self) -> str:
        made = f"at least {self.made:,}" if self.stopped else f"{self.made:,}"
        return f"{self.bound}: estimated {self.estimated:,.0f}, made {made}: {self.estimated / self.made:.2f}"


def targets() -> Iterator[tuple[str, Target, str]]:
    """Yield each class to compare, with its name and its host."""
    for factory in CORRECT:
        yield factory.__name__, adapt(factory), "asyncio"
    for kind, (factory, *_) in KINDS.items():
        yield factory.__name__, adapt(factory, kind=kind), "asyncio"
    for name, (factory, kind, host) in CHECKED.items():
        yield name, adapt(factory, kind=kind), host


def compared(target: Target, host: str) -> Iterator[Tree]:
    """Yield the trees of a check within the default bounds of a host."""
    for one in estimate(target, default_programs(target, host), host=host, samples=1):
        programs = replace(one.programs, arguments=(one.argument,))
        verdict = check(target, host=host, programs=(programs,), schedules=MOST)
        yield Tree(describe_bounds(programs, target), one.runs, verdict.schedules, verdict.schedules >= MOST)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimates", description=__doc__)
    parser.add_argument("only", nargs="*", help="the names of the classes to compare (default: all)")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    outside = 0
    for name, target, host in targets():
        if given.only and name not in given.only:
            continue
        trees = list(compared(target, host))
        total = Tree(
            f"{name} on {host}",
            sum(one.estimated for one in trees),
            sum(one.made for one in trees),
            any(one.stopped for one in trees),
        )
        outside += total.is_outside
        print(f"{total}{', OUTSIDE' if total.is_outside else ''}", flush=True)
        for one in trees:
            if one.is_outside:
                print(f"    {one}", flush=True)
    print(f"outside of a factor of {FACTOR}, or not known: {outside}")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
