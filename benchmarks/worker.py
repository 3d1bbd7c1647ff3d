"""Run one section of the benchmarks, in a separate process and environment: python -m benchmarks.worker SECTION

Prints JSON: a list of tables, each the ratios of its contenders to its reference, round by round.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import contenders, workloads
from benchmarks.hosts import AsyncioHost, Host
from benchmarks.ratios import interleaved, over

ROOT = Path(__file__).resolve().parents[1]
FOUR_GIB = 4 << 30


@dataclass(frozen=True)
class Size:
    """How much is run: `operations` for each contender and round, of which there are `rounds`."""

    rounds: int
    operations: int
    parties: tuple[int, ...]
    cancelled: tuple[int, ...]
    remembered: int
    million: int


FULL = Size(4, 6_000, (2, 10, 100, 1_000, 10_000), (1_000, 10_000), 100_000, 1_000_000)
QUICK = Size(3, 3_000, (2, 1_000), (1_000,), 2_000, 0)

Table = dict[str, Any]
Measured = tuple[list[Table], dict[str, str]]
"""The tables of a section, and which contenders are missing in it, with the reason."""


def _table(benchmark: str, host: str, n: int, reference: str, costs: dict[str, list[float]]) -> Table:
    print(f"  {host}: {benchmark}{f', {n:,}' if n else ''}", file=sys.stderr, flush=True)
    return {"benchmark": benchmark, "host": host, "n": n, "over": reference, "ratios": over(costs, reference)}


def of_host(name: str, size: Size) -> Measured:
    """Return every table of one event loop."""
    host, those = contenders.HOSTS[name]()
    tables = []
    for n in size.parties:
        generations = max(5, size.operations // n)
        runs: dict[str, Callable[[], float]] = {
            one: partial(workloads.barrier, host, make, n, generations) for one, make in those.barriers.items()
        }
        tables.append(_table("barrier wait", name, n, "limit", interleaved(runs, size.rounds)))
        runs = {one: partial(workloads.latch, host, make, n, generations) for one, make in those.latches.items()}
        tables.append(_table("latch park and release", name, n, "limit", interleaved(runs, size.rounds)))
    tables.append(counting(name, host, those, size))
    for last in (False, True):
        order = "last to first" if last else "first to last"
        for n in size.cancelled:
            runs = {one: partial(workloads.cancel, host, make, n, last) for one, make in those.waits.items()}
            costs = interleaved(runs, size.rounds // 2)  # a quadratic contender takes long
            tables.append(_table(f"cancel {order}", name, n, "limit", costs))
    return tables, those.missing


def remembering_of_all(size: Size) -> Measured:
    """Return the memory per waiter on every event loop, with fewer waiters where many would take long."""
    most = {"asyncio": size.remembered, "uvloop": 10_000, "trio": 2_000, "flowno": 500}
    tables = []
    missing: dict[str, str] = {}
    for name, n in most.items():
        _, those = contenders.HOSTS[name]()
        tables.append(remembering(name, those.waits, min(n, size.remembered)))
        missing |= those.missing
    return tables, missing


def remembering(name: str, waits: Iterable[str], n: int) -> Table:
    """Return the memory per waiter. Bytes are the same in every round, so there is one round."""
    program = [sys.executable, "-m", "benchmarks.memory", name]
    taken = {
        one: [float(subprocess.run([*program, one, str(n)], stdout=subprocess.PIPE, text=True, check=True).stdout)]
        for one in waits
    }
    return _table("memory per waiter", name, n, "limit", taken)


def counting(name: str, host: Host, those: contenders.Contenders, size: Size) -> Table:
    """Return the cost of count_down without waiters."""
    # they are so cheap that the clock is too coarse for fewer calls
    runs: dict[str, Callable[[], float]] = {
        one: partial(workloads.count_down, host, make, 20_000) for one, make in those.counters.items()
    }
    costs = interleaved(runs, size.rounds)
    return _table("count_down, no waiters", name, 0, "int", costs)


def _importing(module: str) -> float:
    """Return the CPU seconds to import a module, in a new interpreter that has imported nothing."""
    program = (
        f"import sys, time; sys.path[:0] = {[str(ROOT / 'src'), str(ROOT / 'spec')]!r}; begun = time.process_time(); "
        f"import {module}; print(time.process_time() - begun)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def importing(size: Size) -> Measured:
    """Return what importing latchproof costs."""
    runs = {name: partial(_importing, name) for name in ("asyncio", "latchproof", "typing", "dataclasses")}
    return [_table("import", "none", 0, "asyncio", interleaved(runs, 2 * size.rounds))], {}


def million(size: Size) -> Measured:
    """Let that many parties trip a barrier at once, in a process that is limited to 4 GiB."""
    import resource

    from latchproof import Barrier

    resource.setrlimit(resource.RLIMIT_AS, (FOUR_GIB, FOUR_GIB))
    n = size.million
    host = AsyncioHost()
    indices: list[int] = []

    async def arrive(barrier: Barrier) -> None:
        indices.append(await barrier.wait())

    async def main() -> None:
        barrier = Barrier(n)
        for _ in range(n):
            await host.spawn(arrive(barrier))
        await host.join()

    host.run(main)
    if sorted(indices) != list(range(n)):
        raise AssertionError("the barrier did not trip with one index for each")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return [
        _table("peak memory of a million parties", "asyncio", n, "4 GiB", {"latchproof": [peak], "4 GiB": [FOUR_GIB]})
    ], {}


def schedules(size: Size) -> Measured:
    """Return what one schedule costs, in our explorer and in others."""
    from benchmarks.schedules import CONTENDERS

    missing: dict[str, str] = {}
    runs: dict[str, Callable[[], float]] = {}
    for name, (run, number) in CONTENDERS.items():
        if name in ("simloom", "frontrun"):
            try:
                importlib.import_module(name)
            except ImportError as error:
                missing[name] = f"{error}; it wants Python 3.12 or later"
                continue
        runs[name] = partial(run, number)
    return [_table("one schedule of a program", "asyncio", 0, "limit", interleaved(runs, size.rounds))], missing


def judging(size: Size) -> Measured:
    """Return what it costs to judge by a model, over judging by the rules."""
    from benchmarks.judging import RULES, SHAPES, contenders

    costs = {kind: interleaved(contenders(kind), size.rounds) for kind in SHAPES}
    return [_table(f"every schedule of a {kind}, judged", "asyncio", 0, RULES, costs[kind]) for kind in costs], {}


def states(size: Size) -> Measured:
    """Return what all states of one model cost, in our explorer, in Spin and in TLC; all must find as many."""
    from benchmarks.states import contenders as explorers

    with explorers() as (runs, missing, found):
        costs = interleaved(runs, size.rounds // 2 + 1)  # TLC takes most of a minute for each
        number = found["latchproof"]
    return [_table("every state of a model", "none", number, "latchproof", costs)], missing


def _everything(size: Size) -> Measured:
    for name in ("trio", "flowno", "uvloop"):
        importlib.import_module(name)
    those = contenders.asyncio_contenders()
    host = AsyncioHost()
    few = Size(size.rounds, size.operations, (1_000,), (), 0, 0)
    runs: dict[str, Callable[[], float]] = {
        one: partial(workloads.barrier, host, make, 1_000, max(5, size.operations // 1_000))
        for one, make in those.barriers.items()
    }
    name = "asyncio, trio and flowno imported"
    return [
        counting(name, host, those, few),
        _table("barrier wait", name, 1_000, "limit", interleaved(runs, size.rounds)),
    ], those.missing


SECTIONS: dict[str, Callable[[Size], Measured]] = {
    "asyncio": lambda size: of_host("asyncio", size),
    "uvloop": lambda size: of_host("uvloop", size),
    "trio": lambda size: of_host("trio", size),
    # Flowno searches all tasks for the one that it cancels, so there are fewer
    "flowno": lambda size: of_host(
        "flowno", replace(size, operations=size.operations // 4, cancelled=(500,), parties=size.parties[:4])
    ),
    "everything": _everything,
    "memory": remembering_of_all,
    "import": importing,
    "million": million,
    "schedules": schedules,
    "judging": judging,
    "states": states,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", choices=SECTIONS)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    tables, missing = SECTIONS[given.section](QUICK if given.quick else FULL)
    print(json.dumps({"python": platform.python_version(), "tables": tables, "missing": missing}))


if __name__ == "__main__":
    main()
