"""Upper bounds of what the runtime should cost. They are reported, and fail nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.results import Row

EVERY = ("3.11", "3.13")


@dataclass(frozen=True)
class Target:
    """A target: `contender` over `over` should be `at_most` this, on each of `pythons`."""

    host: str
    benchmark: str
    n: int
    contender: str
    over: str
    at_most: float
    pythons: tuple[str, ...] = EVERY

    def __str__(self) -> str:
        tasks = f", {self.n:,}" if self.n else ""
        return f"{self.host}: {self.benchmark}{tasks}: {self.contender} over {self.over}"


def _targets() -> Iterator[Target]:
    everything = "asyncio, trio and flowno imported"
    yield Target("asyncio", "barrier wait", 1_000, "latchproof", "limit", 1.4, ("3.11",))
    yield Target("asyncio", "barrier wait", 1_000, "latchproof", "limit", 1.3, ("3.13",))
    yield Target(everything, "barrier wait", 1_000, "latchproof", "limit", 1.75, ("3.11",))
    yield Target(everything, "barrier wait", 1_000, "latchproof", "limit", 1.45, ("3.13",))
    for host in ("asyncio", everything):
        yield Target(host, "barrier wait", 1_000, "latchproof", "asyncio.Barrier", 1 / 3)
        yield Target(host, "barrier wait", 1_000, "latchproof", "aiologic.Barrier", 1 / 2.2)
        yield Target(host, "count_down, no waiters", 0, "latchproof", "int", 2.2)
    latch = "latch park and release"
    yield Target("asyncio", latch, 1_000, "latchproof", "limit", 1.3, ("3.11",))
    yield Target("asyncio", latch, 1_000, "latchproof", "limit", 1.2, ("3.13",))
    yield Target("asyncio", latch, 1_000, "latchproof", "asyncio.Event", 1.1)
    yield Target("asyncio", "barrier wait", 1_000, "latchproof", "the same, decided by hand", 1.15)
    yield Target("asyncio", latch, 1_000, "latchproof", "the same, decided by hand", 1.15)
    yield Target("flowno", "count_down, no waiters", 0, "latchproof", "flowno.CountdownLatch", 1 / 40)
    yield Target("trio", "barrier wait", 1_000, "latchproof", "trio ParkingLot", 1.05)
    yield Target("trio", latch, 1_000, "latchproof", "trio ParkingLot", 1.05)
    for order in ("first to last", "last to first"):  # the limit is linear, so a constant ratio to it is linear, too
        for contender in ("latchproof latch", "latchproof barrier"):
            yield Target("asyncio", f"cancel {order}", 10_000, contender, "limit", 2.0)
    for contender in ("latchproof latch", "latchproof barrier"):
        yield Target("asyncio", "memory per waiter", 100_000, contender, "asyncio.Event", 1.1)
    yield Target("asyncio", "peak memory of a million parties", 1_000_000, "latchproof", "4 GiB", 1.0)
    schedule = "one schedule of a program"
    yield Target("asyncio", schedule, 0, "latchproof", "simloom", 1 / 30, ("3.13",))
    yield Target("asyncio", schedule, 0, "latchproof", "frontrun", 1 / 200, ("3.13",))
    yield Target("asyncio", schedule, 0, "latchproof, every run", "simloom", 1 / 30, ("3.13",))
    yield Target("asyncio", schedule, 0, "latchproof, every run", "frontrun", 1 / 200, ("3.13",))
    # 15,000 schedules a second, where the limit was measured at 30,000 to 38,000
    yield Target("asyncio", schedule, 0, "latchproof", "limit", 2.3)
    for kind in ("latch", "barrier"):
        yield Target("asyncio", f"every schedule of a {kind}, judged", 0, "by model", "by rules", 2.0)
    yield Target("none", "every state of a model", 332_824, "latchproof", "Spin", 1.0)
    yield Target("none", "every state of a model", 332_824, "latchproof", "TLC", 1 / 100)
    yield Target("none", "import", 0, "latchproof", "asyncio", 1 / 3)


TARGETS = tuple(_targets())


def verdicts(rows: Iterable[Row]) -> Iterator[str]:
    """Return a line for each target on each Python that was measured: met, not met, or not measured."""
    measured = {row.key: row.ratio for row in rows}
    pythons = sorted({key.python for key in measured})
    for python in pythons:
        of_python = {key[1:]: ratio for key, ratio in measured.items() if key.python == python}
        for target in TARGETS:
            if python not in target.pythons:
                continue
            ratio = of_python.get((target.host, target.benchmark, target.n, target.contender, target.over))
            if ratio is None:
                verdict = "not measured"
            else:
                verdict = f"{'met    ' if ratio.median <= target.at_most else 'NOT MET'} {ratio}"
            yield f"  {python}  {target!s:105} at most {target.at_most:.3f}: {verdict}"
