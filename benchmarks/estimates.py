"""Compare what `check --estimate` says with the runs that the check makes: python -m benchmarks.estimates

Every correct class of the zoo and every class of `benchmarks.suspending` is estimated and checked, within the default
bounds of its host. The number of runs depends on nothing but the class and the bounds. A tree is cut after `MOST` runs.
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
"""How far off an estimate may be."""

MOST = 100_000
"""Number of runs after which the check of one tree is stopped."""


class Tree(NamedTuple):
    """One bound with one constructor argument: the number of runs that is estimated, and that is made."""

    bound: str
    estimated: float
    made: int

    @property
    def ratio(self) -> float:
        """The estimated number over the number made."""
        return self.estimated / self.made


def targets() -> Iterator[tuple[str, Target, str]]:
    """Yield each class that is compared with its name and host."""
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
        yield Tree(describe_bounds(programs, target), one.runs, verdict.schedules)


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
        total = Tree("", sum(one.estimated for one in trees), sum(one.made for one in trees))
        is_outside = not 1 / FACTOR <= total.ratio <= FACTOR
        outside += is_outside
        print(
            f"{name} on {host}: estimated {total.estimated:,.0f}, made {total.made:,}: {total.ratio:.2f}"
            f"{f', MORE THAN A FACTOR OF {FACTOR}' if is_outside else ''}",
            flush=True,
        )
        for one in trees:
            if not 1 / FACTOR <= one.ratio <= FACTOR:
                print(
                    f"    {one.bound}: estimated {one.estimated:,.0f}, made {one.made:,}: {one.ratio:.2f}", flush=True
                )
    print(f"outside of a factor of {FACTOR}: {outside}")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
