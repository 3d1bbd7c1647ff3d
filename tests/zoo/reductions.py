"""Compare what is found with and without the reductions, at bounds above those of the suite: `make reductions`.

Every class of the zoo, generated latches and asyncio's barrier are walked twice: as a check does, and without
reductions. Under each policy the smallest failures have to be of one size, in calls and cancellations. With reductions
no claim may be broken that is not broken without them, nor in a smaller run. A tree that is too large without
reductions is left out, and that is printed. A class that polls never rests where states are not recognized, so for it
states are merged in both walks.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from latchproof.check.pool import cores
from latchproof.check.target import Target, adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from tests.zoo import correct, faulty
from tests.zoo.generated import generated
from tests.zoo.test_primitives import KINDS
from tests.zoo.test_zoo import CORRECT, FAULTS

POLLING = {
    correct.PollingBarrier,
    correct.PollingLatch,
    correct.SleepingBarrier,
    faulty.DeadlineLatch,
    faulty.ImpatientPollingLatch,
    faulty.LappedPollingBarrier,
    faulty.LappedSleepingBarrier,
}
"""Without fingerprints nothing is known of these, since they never rest."""

SMALL = Programs((1, 2), at_once=2, calls=2, cancellations=1, numbers=(0, 2))
"""The bounds of the suite's comparison."""

ABOVE = (
    replace(SMALL, calls=3),
    replace(SMALL, cancellations=2),
    replace(SMALL, calls=3, at_once=3),
    replace(SMALL, calls=3, early=True, again=True),
    replace(SMALL, in_except=True),
    replace(SMALL, calls=3, cancellations=2),
    replace(SMALL, calls=4),
)
"""The bounds here, each above those of the suite in one way or two."""

RUNS = 20_000
"""Most runs of a tree without reductions; larger ones are left out."""

SEEDS = 16
"""Number of latches that are generated."""


def sizes(found: Walk, length: int = 4) -> dict[str, dict[str, tuple[int, ...]]]:
    """By policy and claim, calls, cancellations, argument and steps of the smallest failure, or the first of these."""
    return {
        policy: {claim: failure.size[:length] for claim, failure in failures.items()}
        for policy, failures in found.failures.items()
    }


def differences(reduced: Walk, whole: Walk) -> tuple[list[str], list[str]]:
    """Return what is wrong, and which claims are named otherwise, each in words.

    A run ends with its first failure. Where one of two orders is tried, it is the one that ends sooner, so a claim that
    only the other would break after that is not named.
    """
    wrong: list[str] = []
    otherwise: list[str] = []
    for policy, found in sizes(whole, 2).items():
        kept = sizes(reduced, 2)[policy]
        if min(kept.values(), default=None) != min(found.values(), default=None):
            wrong.append(f"{policy}: {kept or 'nothing'} with reductions, {found or 'nothing'} without")
            continue
        for claim in sorted({*found, *kept}):
            one, other = kept.get(claim), found.get(claim)
            if one == other:
                continue
            text = f"{policy}: {claim} in {one or 'no run'} with reductions, in {other or 'no run'} without"
            (wrong if other is None or (one is not None and one < other) else otherwise).append(text)
    return wrong, otherwise


def targets() -> Iterator[tuple[str, Target, bool]]:
    """Yield every target with its name, and whether it polls."""
    factory: Any
    for factory in (*CORRECT, *FAULTS):
        yield factory.__name__, adapt(factory), factory in POLLING
    yield "asyncio.Barrier", adapt(asyncio.Barrier), False
    for seed in range(SEEDS):
        yield f"generated({seed})", adapt(generated(seed)), False
    for kind, factories in KINDS.items():
        for one in factories:
            yield one.__name__, adapt(one, kind=kind), False


def walk(target: Target, programs: Programs, argument: int, *, reduced: bool, polls: bool) -> Walk:
    """Walk the tree as a check does, or without the reductions."""
    policies = target.kind.usual_policies
    explorer = Explorer(target, programs, argument, policies, prune=reduced, merge=reduced or polls)
    return explorer.walk(at_most=None if reduced else RUNS)


def compare(programs: Programs) -> tuple[bool, str]:
    """Compare every target within bounds; return whether all is well, and what was found, in lines."""
    logging.disable(logging.WARNING)
    begun = time.process_time()
    compared = named_otherwise = runs = made = 0
    left_out, lines = [], []
    for name, target, polls in targets():
        argument = target.kind.smallest + 1
        whole = walk(target, programs, argument, reduced=False, polls=polls)
        if not whole.complete or whole.restless:
            left_out.append(name)
            continue
        reduced = walk(target, programs, argument, reduced=True, polls=polls)
        wrong, otherwise = differences(reduced, whole)
        lines += [f"  {name}: WRONG: {text}" for text in wrong]
        compared, runs, made = compared + 1, runs + whole.schedules, made + reduced.schedules
        named_otherwise += bool(otherwise)
    first = (
        f"{described(programs)}: {compared} classes, {made:,} runs instead of {runs:,}, "
        f"{'nothing lost' if not lines else 'LOST'}; for {named_otherwise} classes a claim beside the smallest failure "
        f"is not named, or in a larger run; {time.process_time() - begun:.0f} CPU s; left out, with more than {RUNS:,} "
        f"runs or no rest: {', '.join(left_out) or 'none'}"
    )
    return not lines, "\n".join((first, *lines))


def described(programs: Programs) -> str:
    """Return the bounds in words, without regard to what a class is called with."""
    extra = [name for name in ("early", "again", "in_except") if getattr(programs, name)]
    return f"{programs.calls} calls, {programs.at_once} at once, {programs.cancellations} cancellations" + "".join(
        f", {name}" for name in extra
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.reductions", description=__doc__)
    parser.parse_args()
    ok = True
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        for is_well, text in pool.map(compare, ABOVE):
            print(text, flush=True)
            ok = ok and is_well
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
