"""How much work a check is, and how long it takes, as its bounds grow: python -m benchmarks.growth [--record]

A latch that suspends before and after each operation is checked with and without the reductions, in three ways: by one
worker, by two, and by the two workers of a Dask cluster on this machine, which has been started before. Each series
grows one bound and fixes the others. The ways take turns, in several rounds. Seconds are those that a user waits, so
they depend on what else the machine does; its load is printed beside them. `--record` writes all of it to growth.json,
and plots it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import VERSIONS, find, prepare
from latchproof.check.bounds import levels, programs_within
from latchproof.check.checker import check
from latchproof.check.target import Target, load
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "growth.json"
PLOT = ROOT / "docs" / "growth.svg"

CHECKED = "benchmarks.suspending:SuspendingLatch"
COUNTS = (1, 2)
"""The counts that the latch is made with: a tree each."""

WORKERS = 2
ROUNDS = 2
"""Number of times that each point is measured."""

MOST = 50_000
"""Number of runs above which a check is not measured, with the reductions or without."""

COUNTED = 200_000
"""Number of runs above which the schedules of a point are not counted."""

ONE, TWO, CLUSTER = WAYS = "one worker", "two workers", "cluster of two"
"""The ways to run a check."""


class Series(NamedTuple):
    """What grows, over which values, and the bounds at a value: tasks at once, calls and cancellations."""

    name: str
    values: tuple[int, ...]
    bounds: Callable[[int], tuple[int, int, int]]

    def programs(self, target: Target, value: int) -> tuple[Programs, ...]:
        """Return the bounds at one value of what grows."""
        return programs_within(target, *self.bounds(value), arguments=COUNTS)


SERIES = (
    Series("calls (2 tasks, 1 cancellation)", (1, 2, 3, 4), lambda n: (2, n, 1)),
    Series("tasks (3 calls, 1 cancellation)", (1, 2, 3), lambda n: (n, 3, 1)),
    Series("cancellations (3 calls, 2 tasks)", (0, 1, 2, 3), lambda n: (2, 3, n)),
)


@dataclass
class Point:
    """One value of what grows: the number of all schedules, of the runs that are made, and the seconds of each round.

    `schedules` is None if they were too many to be counted. `reduced` and `whole` are the seconds with and without the
    reductions, by the way of running; `whole` is empty if there were too many schedules.
    """

    series: str
    value: int
    schedules: int | None
    runs: int
    reduced: dict[str, list[float]] = field(default_factory=dict)
    whole: dict[str, list[float]] = field(default_factory=dict)


@dataclass
class Results:
    """Every point, the seconds that each start of a cluster took, and what is to be known of the machine."""

    points: list[Point]
    starts: list[float]
    python: str
    cores: int
    most: int
    """Number of schedules above which they were not all run."""
    load: list[float]
    """The number of processes that could run, over the last minute, at the beginning and at the end of each round."""


def counted(target: Target, series: Series, value: int) -> Point:
    """Return how many schedules there are, and how many runs one process makes of them with the reductions."""
    schedules: int | None = 0
    runs = 0
    for one, argument in levels(series.programs(target, value)):
        policies = target.kind.usual_policies
        # without pruning, because of schedules that commute only the one that is run would be counted
        whole = Explorer(target, one, argument, policies, prune=False).walk(at_most=COUNTED)
        schedules = None if schedules is None or not whole.complete else schedules + whole.covered
        runs += Explorer(target, one, argument, policies, sets_aside=True).walk().schedules
    return Point(series.name, value, schedules, runs)


@contextmanager
def cluster() -> Iterator[tuple[str, float]]:
    """Start a Dask cluster on this machine; yield its address, and the seconds that it took to start."""
    from distributed import LocalCluster

    begun = time.perf_counter()
    with LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=logging.ERROR
    ) as started:
        started.wait_for_workers(WORKERS)
        yield started.scheduler_address, round(time.perf_counter() - begun, 3)


def seconds(target: Target, programs: tuple[Programs, ...], schedules: int | None, **how: Any) -> float:
    """Return the seconds that a check takes; raise AssertionError if its verdict is not that of a correct latch.

    `schedules` is the number that it has to run, if that is given.
    """
    begun = time.perf_counter()
    verdict = check(target, programs=programs, **how)
    took = round(time.perf_counter() - begun, 3)
    if verdict.reported.failures or any(reason.code != "not-exercised" for reason in verdict.reasons):
        raise AssertionError(f"a correct latch: {verdict.status}, {verdict.reasons}")
    if schedules not in (None, verdict.schedules):
        raise AssertionError(f"{verdict.schedules:,} schedules were run of {schedules:,}")
    return took


def measure(rounds: int, most: int) -> Results:
    """Measure every point in each round and way; a series ends before the first value with more runs than `most`."""
    target = load(CHECKED)
    distinct: dict[tuple[Programs, ...], Point] = {}
    """The points by their bounds: that of some bounds is measured once, though it is in several series."""
    points = []
    for series in SERIES:
        for value in series.values:
            programs = series.programs(target, value)
            if programs not in distinct:
                distinct[programs] = counted(target, series, value)
                print(f"counted: {distinct[programs]}", file=sys.stderr, flush=True)
            if distinct[programs].runs > most:
                del distinct[programs]
                break
            points.append(replace(distinct[programs], series=series.name, value=value))
    results = Results(points, [], platform.python_version(), os.cpu_count() or 1, most, [os.getloadavg()[0]])
    for number in range(rounds):
        with cluster() as (address, start):
            results.starts.append(start)
            ways: list[tuple[str, dict[str, Any]]] = [
                (ONE, {"workers": 1}),
                (TWO, {"workers": WORKERS}),
                (CLUSTER, {"cluster": address}),
            ]
            for programs, point in distinct.items():
                for way, where in ways[number % 3 :] + ways[: number % 3]:
                    point.reduced.setdefault(way, []).append(seconds(target, programs, None, **where))
                    if point.schedules is not None and point.schedules <= most:
                        took = seconds(target, programs, point.schedules, reduces=False, **where)
                        point.whole.setdefault(way, []).append(took)
                print(f"round {number + 1}: {point}", file=sys.stderr, flush=True)
        results.load.append(os.getloadavg()[0])
    return results


def table(results: Results) -> Iterator[str]:
    """Yield a line for each point, and where two workers and the cluster begin to pay."""
    yield (
        f"CPython {results.python}, {results.cores} cores, load {min(results.load):.1f} to {max(results.load):.1f}; "
        f"seconds of the fastest of {len(results.starts)} rounds, and of the slowest; a cluster starts in "
        f"{_shown(results.starts)}"
    )
    yield f"{'':34} {'schedules':>11} {'runs':>11}" + "".join(f" {way:>16}" for way in WAYS)
    for point in results.points:
        schedules = "not counted" if point.schedules is None else f"{point.schedules:,}"
        yield _row(f"{point.value} {point.series}", schedules, f"{point.runs:,}", point.reduced)
        if point.whole:
            yield _row("  without reductions", schedules, schedules, point.whole)
        else:
            yield f"  without reductions: not measured, for there are more than {results.most:,} schedules"
    start = min(results.starts)
    yield pays(results.points, TWO)
    yield pays(results.points, CLUSTER)
    yield pays(results.points, CLUSTER, start)


def _row(title: str, schedules: str, runs: str, measured: dict[str, list[float]]) -> str:
    return f"{title:34} {schedules:>11} {runs:>11}" + "".join(f" {_shown(measured[way]):>16}" for way in WAYS)


def _shown(rounds: list[float]) -> str:
    """Return the fastest round and the slowest."""
    return f"{min(rounds):.1f} (-{max(rounds):.1f})"


def pays(points: list[Point], way: str, start: float = 0.0) -> str:
    """Return how long checks take on one worker from where another way was always faster, by the fastest rounds.

    `start` is the time before the check begins.
    """
    measured = sorted(
        (min(one[ONE]), start + min(one[way])) for point in points for one in (point.reduced, point.whole) if one
    )
    name = f"{way}{' with its start' if start else ''}"
    longest, shared = measured[-1]
    slower = [alone for alone, seconds in measured if seconds >= alone]
    if slower and slower[-1] == longest:
        return f"{name}: not faster at {longest:.1f} s on one worker, the longest"
    first = next(alone for alone, _ in measured if not slower or alone > slower[-1])
    not_yet = f" (not yet at {slower[-1]:.1f} s)" if slower else ""
    return f"{name}: faster from {first:.1f} s on one worker{not_yet}: {longest:.1f} s become {shared:.1f} s"


def to_json(results: Results) -> str:
    """Return the results as JSON, with a line for each point, so that a diff shows what changed."""
    rest = {name: value for name, value in asdict(results).items() if name != "points"}
    points = ",\n".join(json.dumps(asdict(point)) for point in results.points)
    return f'{{"points": [\n{points}\n],\n{json.dumps(rest)[1:]}\n'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--most", type=int, default=MOST, help=f"runs above which nothing is measured (default {MOST})")
    parser.add_argument("--record", action="store_true", help="make these the committed figures")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    results = measure(given.rounds, given.most)
    for line in table(results):
        print(line)
    if given.record:
        RESULTS.write_text(to_json(results), encoding="utf-8")
        python = prepare(VERSIONS[0], find(VERSIONS[0]) or sys.executable, ROOT / ".bench")
        subprocess.run([python, "-m", "benchmarks.plot", str(RESULTS), str(PLOT)], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
