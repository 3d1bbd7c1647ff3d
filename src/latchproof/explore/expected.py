"""The gate of the explorations: each one that proofs/manifest.toml names must find exactly the counts written there.

A count that differs is a failure, even where every property holds: states that are no longer explored, or that are new,
are a change of the specification or of an explorer, and a reviewer must see it. Each claim must be judged at some bound
N, and at N + 1 tasks.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from latchproof.explore.fairness import Liveness, check_eventualities
from latchproof.explore.states import Exploration, explore
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

Table: TypeAlias = Literal["explored", "live"]
"""A table of the manifest: explorations of states, or checks of eventualities."""

_COUNTED: Final[dict[Table, tuple[str, ...]]] = {
    "explored": ("orbits", "states", "transitions", "depth", "rests", "judgements"),
    "live": ("states", "edges"),
}


@dataclass(frozen=True)
class Expectation:
    """One exploration that the manifest names, the claims that it judges, and what it must find."""

    table: Table
    machine: str
    name: str
    argument: int
    tasks: int
    calls: int | None
    operations: tuple[str, ...] | None
    claims: tuple[str, ...]
    counts: dict[str, int]

    def __str__(self) -> str:
        return f"{self.table} {self.machine} {self.name}"


@dataclass(frozen=True)
class Comparison:
    """What an exploration found, and how that differs from the manifest.

    `broken` holds, by claim, those failures that are of a property: the other differences may follow from them.
    """

    counts: dict[str, int]
    failures: tuple[str, ...]
    seconds: float
    broken: dict[str, str] = field(default_factory=dict)


def read_expectations(manifest: Path) -> list[Expectation]:
    """Read every exploration that the manifest names; raise ValueError for an entry with other fields than these."""
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    return [
        _entry(table, machine, name, entry)
        for table in get_args(Table)
        for machine, entries in tables.get(table, {}).items()
        for name, entry in entries.items()
    ]


def _entry(table: Table, machine: str, name: str, entry: dict[str, Any]) -> Expectation:
    required = ("argument", "tasks", "claims", *_COUNTED[table])
    optional = ("calls", "operations") if table == "explored" else ()
    missing = [one for one in required if one not in entry]
    unknown = [one for one in entry if one not in (*required, *optional)]
    if machine not in MACHINES or missing or unknown:
        raise ValueError(f"{table}.{machine}, {name!r}: missing {missing}, unknown {unknown}")
    return Expectation(
        table,
        machine,
        name,
        entry["argument"],
        entry["tasks"],
        entry.get("calls"),
        tuple(entry["operations"]) if "operations" in entry else None,
        tuple(entry["claims"]),
        {one: entry[one] for one in _COUNTED[table]},
    )


def compare(expectation: Expectation, machine: Machine | None = None) -> Comparison:
    """Explore, under our own policy, and compare; another machine may be given in place of the one that is named."""
    begun = time.perf_counter()
    machine = MACHINES[expectation.machine] if machine is None else machine
    model = machine, machine.policies[0], expectation.argument
    expected = expectation.counts
    failures: list[str] = []
    broken: dict[str, str] = {}
    found: Exploration | Liveness
    # one more than expected is enough to see that there are more
    if expectation.table == "explored":
        found = explore(
            *model,
            tasks=expectation.tasks,
            calls=expectation.calls,
            operations=expectation.operations,
            at_most=expected["orbits"] + 1,
        )
        for one in found.violations:
            failures.append(f"{one.property} ({', '.join(one.claims)}) fails: {' / '.join(one.run)}")
            broken |= dict.fromkeys(one.claims, failures[-1])
        judged = set(found.checks)
    else:
        found = check_eventualities(*model, tasks=expectation.tasks, at_most=expected["states"] + 1)
        fails = [one.claim for one in found.promises if one.status == "fails"]
        broken = {claim: f"{claim} fails under weak fairness" for claim in fails}
        failures += broken.values()
        judged = {one.claim for one in found.promises if one.status != "vacuous"}
    counts = {name: getattr(found, name) for name in expected}
    if not found.complete:
        failures.append("it has more states than the manifest says")
    failures += [f"{claim} is not judged" for claim in expectation.claims if claim not in judged]
    failures += [
        f"{name}: {counts[name]}, the manifest has {number}"
        for name, number in expected.items()
        if counts[name] != number
    ]
    return Comparison(counts, tuple(failures), time.perf_counter() - begun, broken)


def gaps(expectations: list[Expectation]) -> Iterator[str]:
    """Yield the claims that no exploration judges at some number of tasks and at one more, all else the same."""
    for claim in CLAIMS:
        for machine in machines_about(claim):
            table = "live" if claim.kind == "liveness" else "explored"
            about = {
                (one.argument, one.calls, one.operations, one.tasks)
                for one in expectations
                if one.table == table and one.machine == machine.name and claim.id in one.claims
            }
            if not any((*bounds, tasks + 1) in about for *bounds, tasks in about):
                yield f"{claim.id} of the {machine.name} is not {table} at two neighbouring bounds"
