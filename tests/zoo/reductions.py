"""Compare what is found with and without the reductions, at bounds above those of the suite: `make reductions`.

Every class of the zoo, generated latches and asyncio's barrier are walked three times: as a check first does, to find
out which policies are broken; as it does where every policy is; and without reductions. So are the samples for trio and
Flowno, and our own classes, on these hosts. Each is made with one argument, the smallest but one.

The first walk has to find that the same policies are broken, and has to exercise the same claims under the others. In
the second the smallest failures under each policy have to be of one size, in calls and cancellations, with the third.
No claim may be broken in it that is not broken in the third, nor in a smaller run. A tree that is too large without
reductions, or a class that never rests, is left out, and that is printed. A class that polls never rests where states
are not recognized, so for it states are merged in all walks, and only the pruning is compared.
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
from typing import Any, NamedTuple

from latchproof import Barrier, CountdownLatch
from latchproof.check.pool import cores
from latchproof.check.target import Target, adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from tests.check import flowno_samples, polling_samples, trio_samples
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
    flowno_samples.JoiningLatch,
    flowno_samples.PollingLatch,
    flowno_samples.SleepingLatch,
    flowno_samples.SpawningLatch,
    flowno_samples.TwiceAwaitingLatch,
    polling_samples.ByDeadlineOnTrio,
    polling_samples.LosesASetOnTrio,
    polling_samples.OnTrio,
    polling_samples.SleepsOnTrio,
    trio_samples.PollingLatch,
}
"""Without fingerprints nothing is known of these, since they never rest."""

SMALL = Programs((1, 2), at_once=2, calls=2, cancellations=1, numbers=(0, 2))
"""The bounds of the suite's comparison."""


class Line(NamedTuple):
    """What is compared together: every class for a host, within bounds."""

    programs: Programs
    host: str = "asyncio"
    strict: bool = False


LINES = (
    Line(replace(SMALL, calls=3)),
    Line(replace(SMALL, cancellations=2)),
    Line(replace(SMALL, calls=3, at_once=3)),
    Line(replace(SMALL, calls=3, early=True, again=True)),
    Line(replace(SMALL, in_except=True)),
    Line(replace(SMALL, calls=3, cancellations=2)),
    Line(replace(SMALL, calls=4)),
    Line(replace(SMALL, calls=3), strict=True),
    Line(replace(SMALL, calls=3), "trio"),
    Line(replace(SMALL, calls=3), "flowno"),
)
"""The bounds, each above those of the suite in one way or two."""

SAMPLES = {
    "trio": (
        *(trio_samples.EventLatch, trio_samples.EventBarrier, trio_samples.EqualsZeroLatch, trio_samples.LateLatch),
        *(trio_samples.StayingBarrier, trio_samples.OrderlyLatch, trio_samples.PollingLatch, trio_samples.NurseryLatch),
        *(polling_samples.OnTrio, polling_samples.ByDeadlineOnTrio, polling_samples.SleepsOnTrio),
        *(polling_samples.LooksOnceOnTrio, polling_samples.LosesASetOnTrio),
    ),
    "flowno": (
        *(flowno_samples.PollingLatch, flowno_samples.SleepingLatch, flowno_samples.SpawningLatch),
        *(flowno_samples.JoiningLatch, flowno_samples.EventLatch, flowno_samples.SpawningWaitLatch),
        *(flowno_samples.LockedLatch, flowno_samples.ConditionLatch, flowno_samples.NotifyingLatch),
        *(flowno_samples.NotifyingOneLatch, flowno_samples.ForgetfulLatch, flowno_samples.ReleasingLatch),
        *(flowno_samples.SwallowingLatch, flowno_samples.MarkingLatch, flowno_samples.EventBarrier),
        *(flowno_samples.QueueingLatch, flowno_samples.LeavingLatch, flowno_samples.TwiceAwaitingLatch),
    ),
}
"""Right and faulty classes for the other hosts."""

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


def misses(target: Target, aside: Walk, whole: Walk) -> Iterator[str]:
    """Yield what a walk that sets policies aside has missed: broken policies, and claims exercised under the others."""
    for policy, failures in whole.failures.items():
        if bool(failures) != bool(aside.failures[policy]):
            yield f"{policy}: broken is {bool(failures)}, but {not failures} where policies are set aside"
        elif not failures:
            kept, found = (target.kind.exercised(target.policy(policy), one.fired[policy]) for one in (aside, whole))
            if missed := [claim.id for claim in found if claim not in kept]:
                yield f"{policy}: {', '.join(missed)} exercised, but not where policies are set aside"


def targets(host: str) -> Iterator[tuple[str, Target, bool]]:
    """Yield every target for a host with its name, and whether it polls."""
    factory: Any
    if host in SAMPLES:
        for factory in (*SAMPLES[host], CountdownLatch, Barrier):
            yield factory.__name__, adapt(factory), factory in POLLING
        return
    for factory in (*CORRECT, *FAULTS):
        yield factory.__name__, adapt(factory), factory in POLLING
    yield "asyncio.Barrier", adapt(asyncio.Barrier), False
    for seed in range(SEEDS):
        yield f"generated({seed})", adapt(generated(seed)), False
    for kind, factories in KINDS.items():
        for one in factories:
            yield one.__name__, adapt(one, kind=kind), False


def walk(target: Target, line: Line, *, reduced: bool, polls: bool, sets_aside: bool = False) -> Walk:
    """Walk the tree as a check does, or without the reductions."""
    explorer = Explorer(
        target,
        line.programs,
        target.kind.smallest + 1,
        target.kind.usual_policies,
        host=line.host,
        strict=line.strict,
        prune=reduced,
        merge=reduced or polls,
        sets_aside=sets_aside,
    )
    return explorer.walk(at_most=None if reduced else RUNS)


def compare(line: Line) -> tuple[bool, str]:
    """Compare every target of a line; return whether all is well, and what was found, in lines."""
    logging.disable(logging.CRITICAL)  # Flowno logs as an error what a task raises
    begun = time.process_time()
    compared = runs = made = 0
    named_otherwise, left_out, lines = [], [], []
    for name, target, polls in targets(line.host):
        whole = walk(target, line, reduced=False, polls=polls)
        if not whole.complete or whole.restless:
            left_out.append(name)
            continue
        reduced = walk(target, line, reduced=True, polls=polls)
        aside = walk(target, line, reduced=True, polls=polls, sets_aside=True)
        wrong, otherwise = differences(reduced, whole)
        wrong += misses(target, aside, whole)
        lines += [f"  {name}: WRONG: {text}" for text in wrong]
        compared, runs, made = compared + 1, runs + whole.schedules, made + reduced.schedules
        named_otherwise += [name] * bool(otherwise)
    verdict = "nothing compared" if not compared else "LOST" if lines else "nothing lost"
    first = (
        f"{described(line)}: {compared} classes, {made:,} runs instead of {runs:,}, {verdict}; a claim beside the "
        f"smallest failure is not named, or in a larger run: {', '.join(named_otherwise) or 'of none'}; "
        f"{time.process_time() - begun:.0f} CPU s; left out, with more than {RUNS:,} runs or no rest: "
        f"{', '.join(left_out) or 'none'}"
    )
    return verdict == "nothing lost", "\n".join((first, *lines))


def described(line: Line) -> str:
    """Return the host and bounds in words, without regard to what a class is called with.

    >>> described(Line(SMALL, "trio", strict=True))
    'trio: 2 calls, 2 at once, 1 cancellations, strict'
    """
    programs = line.programs
    extra = [name for name in ("early", "again", "in_except") if getattr(programs, name)] + ["strict"] * line.strict
    return ", ".join(
        (
            f"{line.host}: {programs.calls} calls",
            f"{programs.at_once} at once",
            f"{programs.cancellations} cancellations",
            *extra,
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.reductions", description=__doc__)
    parser.add_argument("only", nargs="*", help="the beginning of the lines to compare (default: all)")
    given = parser.parse_args()
    chosen = [one for one in LINES if not given.only or described(one).startswith(tuple(given.only))]
    if not chosen:
        parser.error(f"no line begins so; there are: {'; '.join(map(described, LINES))}")
    ok = True
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        for is_well, text in pool.map(compare, chosen):
            print(text, flush=True)
            ok = ok and is_well
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
