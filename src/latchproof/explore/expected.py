"""The gate of the explorations: each that proofs/manifest.toml names must find just what is written there.

A number that differs is a failure, even where every property holds: states that are not looked at any more, or that
were not there before, are a change of the specification or of an explorer, and are to be seen in a review. Each claim
must be judged at some bound N, and at N + 1 tasks.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from latchproof.explore.fairness import check_eventualities
from latchproof.explore.states import explore
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

_COUNTED = {
    "explored": ("orbits", "states", "transitions", "depth", "rests", "judgements"),
    "live": ("states", "edges"),
}


@dataclass(frozen=True)
class Pinned:
    """One exploration that the manifest names, the claims that it judges, and what it must find."""

    kind: Literal["explored", "live"]
    machine: str
    name: str
    argument: int
    tasks: int
    calls: int | None
    operations: tuple[str, ...] | None
    claims: tuple[str, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """What an exploration found, and what of it is not as the manifest has it.

    `broken` holds, by claim, those failures that are of a property: whatever else differs may come of that.
    """

    pinned: Pinned
    counts: dict[str, int]
    failures: tuple[str, ...]
    seconds: float
    broken: dict[str, str] = field(default_factory=dict)


def read_pinned(manifest: Path) -> list[Pinned]:
    """Every exploration that the manifest names. Raises ValueError for an entry that is not understood."""
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    return [
        _entry(kind, machine, name, entry)
        for kind in _COUNTED
        for machine, entries in tables.get(kind, {}).items()
        for name, entry in entries.items()
    ]


def _entry(kind: str, machine: str, name: str, entry: dict[str, Any]) -> Pinned:
    counted = _COUNTED[kind]
    bounds = ("argument", "tasks", "claims")
    optional = ("calls", "operations") if kind == "explored" else ()
    missing = [one for one in (*bounds, *counted) if one not in entry]
    unknown = [one for one in entry if one not in (*bounds, *counted, *optional)]
    if machine not in MACHINES or missing or unknown:
        raise ValueError(f"{kind}.{machine}, {name!r}: missing {missing}, unknown {unknown}")
    return Pinned(
        "explored" if kind == "explored" else "live",
        machine,
        name,
        entry["argument"],
        entry["tasks"],
        entry.get("calls"),
        tuple(entry["operations"]) if "operations" in entry else None,
        tuple(entry["claims"]),
        {one: entry[one] for one in counted},
    )


def check(pinned: Pinned, machine: Machine | None = None) -> Outcome:
    """Explore, under our own policy, and compare; another machine may be given in place of the one that is named."""
    begun = time.perf_counter()
    machine = MACHINES[pinned.machine] if machine is None else machine
    policy = machine.policies[0]
    failures: list[str] = []
    broken: dict[str, str] = {}
    if pinned.kind == "explored":
        # one more than there may be is enough to see that there are more
        bounds: dict[str, Any] = {
            "calls": pinned.calls,
            "operations": pinned.operations,
            "at_most": pinned.counts["orbits"] + 1,
        }
        found = explore(machine, policy, pinned.argument, tasks=pinned.tasks, **bounds)
        for one in found.violations:
            failures.append(f"{one.property} ({', '.join(one.claims)}) fails: {' / '.join(one.run)}")
            broken |= dict.fromkeys(one.claims, failures[-1])
        judged = {claim for claim, times in found.checks.items() if times}
        complete = found.complete
        counts = {name: getattr(found, name) for name in pinned.counts}
    else:
        most = pinned.counts["states"] + 1
        live = check_eventualities(machine, policy, pinned.argument, tasks=pinned.tasks, at_most=most)
        broken = {one.claim: f"{one.claim} fails under weak fairness" for one in live.promises if one.status == "fails"}
        failures += broken.values()
        judged = {one.claim for one in live.promises if one.status != "vacuous"}
        complete = live.complete
        counts = {name: getattr(live, name) for name in pinned.counts}
    if not complete:
        failures.append("it has more states than are looked at")
    failures += [f"{claim} is not judged" for claim in pinned.claims if claim not in judged]
    failures += [
        f"{name}: {counts[name]}, the manifest has {due}" for name, due in pinned.counts.items() if counts[name] != due
    ]
    return Outcome(pinned, counts, tuple(failures), time.perf_counter() - begun, broken)


def gaps(pinned: list[Pinned]) -> Iterator[str]:
    """Claims that no kind of exploration judges at some number of tasks and at one more, all else the same."""
    for claim in CLAIMS:
        for machine in (one.name for one in machines_about(claim)):
            kind = "live" if claim.kind == "liveness" else "explored"
            about = {
                (one.argument, one.calls, one.operations, one.tasks)
                for one in pinned
                if one.kind == kind and one.machine == machine and claim.id in one.claims
            }
            if not any((*bounds, tasks + 1) in about for *bounds, tasks in about):
                yield f"{claim.id} of the {machine} is not {kind} at two neighbouring bounds"
