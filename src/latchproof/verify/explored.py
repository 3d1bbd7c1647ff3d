"""What the explorers find: every state of the specification with a few tasks, and what happens some day."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from latchproof.check.reasons import Reason
from latchproof.contracts import MANIFEST, ContractsNotRunError, find_root
from latchproof.explore.expected import check as compare
from latchproof.explore.expected import read_pinned
from latchproof.explore.fairness import Liveness, check_eventualities
from latchproof.explore.states import explore
from latchproof.explore.vacuity import empty_properties, unnoticed
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered
from latchproof_spec.claims import Claim
from latchproof_spec.machine import distinct_policies
from latchproof_spec.machines import CLAIMS, MACHINES

MOST_ORBITS: Final = 2_000
"""States up to symmetry after which an exploration is given up; the shipped specification has some times fewer.

A faulty specification may have infinitely many states: then no more explorations of its machine are begun.
"""

MOST_STATES: Final = 50_000
"""States after which a graph for eventualities is given up, likewise."""

QUICK_STATES: Final = 5_000
"""States of the largest exploration of the manifest that a quick ledger repeats."""


@dataclass(frozen=True)
class _Bounds:
    tasks: tuple[int, int]
    fair_tasks: tuple[int, int]
    largest: int


QUICK: Final = _Bounds(tasks=(3, 4), fair_tasks=(3, 4), largest=4)
FULL: Final = _Bounds(tasks=(5, 6), fair_tasks=(4, 5), largest=6)


@dataclass
class _Found:
    """What the explorations found: how often each claim was judged, what breaks it, and which rules were fired."""

    bounds: _Bounds
    orbits: int = 0
    complete: bool = True
    checks: Counter[str] = field(default_factory=Counter)
    violated: dict[str, str] = field(default_factory=dict)
    fired: list[tuple[str, set[str]]] = field(default_factory=list)
    live: list[Liveness] = field(default_factory=list)
    unexpected: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Explored(Evidence):
    """Properties, each judged in every state and at every step of the specification together with a few tasks."""

    name = "explored"
    unit = "judgements"
    rule_unit = "policies"
    fires_rules = True
    mutant_checks = (checks.EXPLORED, checks.CALLED)

    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        bounds = QUICK if quick else FULL
        is_liveness = claim is not None and claim.kind == "liveness"
        about = f" --claim {claim.id}" if claim else ""
        fair = f" --fair-tasks {bounds.fair_tasks[0]} {bounds.fair_tasks[1]}" if is_liveness else ""
        return f"latchproof explore{about} --tasks {bounds.tasks[0]} {bounds.tasks[1]}{fair} --upto {bounds.largest}"

    def gather(self, *, quick: bool) -> Gathered:
        begun = time.perf_counter()
        found = _explore_all(QUICK if quick else FULL)
        found.unexpected = unexpected(quick)
        found.seconds = time.perf_counter() - begun
        return Gathered([self._cell(claim, found, quick) for claim in CLAIMS], self.fired(found.fired, quick=quick))

    def _cell(self, claim: Claim, found: _Found, quick: bool) -> Cell:
        bounds, count = found.bounds, found.checks[claim.id]
        wrong = [known[claim.id] for known in (found.violated, found.unexpected) if claim.id in known]
        bound = (
            f"{bounds.tasks[0]} and {bounds.tasks[1]} tasks, "
            + ", ".join(f"{one.parameters} {one.smallest}-{bounds.largest}" for one in MACHINES.values())
            + f", calls without bound; {found.orbits:,} states up to symmetry, every policy; counts as in "
            f"{MANIFEST.as_posix()}, where there is one"
        )
        status: CellStatus = "holds"
        detail = ""
        reasons: list[Reason] = []
        if wrong:
            status, detail = "fails", "; ".join(wrong)
        elif not count:
            status, detail = "not_run", "no property of it is judged on specification x tasks"
        elif not found.complete:
            status, reasons = "inconclusive", [Reason("too-many-states", "", "an exploration was given up")]
        elif claim.kind == "liveness":
            status, detail, reasons = _of_eventualities(claim, found)
            bound += (
                f"; as an eventuality, with {bounds.fair_tasks[0]} and {bounds.fair_tasks[1]} tasks, under weak "
                "fairness, and not without it"
            )
        return self.cell(claim, status, quick, bound, count, found.seconds, detail, reasons)


def _explore_all(bounds: _Bounds) -> _Found:
    """Explore every machine within the bounds, and check its eventualities unless its states seem to have no end."""
    found = _Found(bounds)
    endless = set()
    arguments = {machine: range(machine.smallest, bounds.largest + 1) for machine in MACHINES.values()}
    for machine in MACHINES.values():
        for policy, argument, tasks in product(machine.policies, arguments[machine], bounds.tasks):
            one = explore(machine, policy, argument, tasks=tasks, at_most=MOST_ORBITS)
            found.orbits += one.orbits
            found.checks.update(one.checks)
            found.fired.append((policy.name, one.rules))
            for violation in one.violations:
                run = f"{violation.property}, {machine}({argument}), policy {policy.name}: {' / '.join(violation.run)}"
                for claim in violation.claims:
                    found.violated.setdefault(claim, run)
            if not one.complete:
                found.complete = False
                endless.add(machine)
                break
    for machine in (one for one in MACHINES.values() if one not in endless):
        for policy, argument, tasks in product(
            distinct_policies(machine.policies), arguments[machine], bounds.fair_tasks
        ):
            live = check_eventualities(machine, policy, argument, tasks=tasks, at_most=MOST_STATES)
            found.live.append(live)
            if not live.complete:
                break
    return found


def _of_eventualities(claim: Claim, found: _Found) -> tuple[CellStatus, str, list[Reason]]:
    """Return what the cyclic graphs say of a claim: it holds if none fails, and some can for each number of tasks."""
    about = [(one, promise) for one in found.live for promise in one.promises if promise.claim == claim.id]
    for one, promise in about:
        if promise.broken is not None:
            run = f"{' / '.join(promise.broken.stem)} / for ever: {' / '.join(promise.broken.cycle) or 'nothing'}"
            return "fails", f"{promise.name}, {one.machine}({one.argument}), policy {one.policy}: {run}", []
    if not all(one.complete for one, _ in about):
        return "inconclusive", "", [Reason("too-many-states", "", "a graph was given up, for it has too many states")]
    if {one.tasks for one, promise in about if promise.status == "holds"} != set(found.bounds.fair_tasks):
        return "inconclusive", "", [Reason("vacuous", "", "it is owed to no task, or comes without fairness too")]
    return "holds", "", []


def unexpected(quick: bool) -> dict[str, str]:
    """Return, by claim, what the explorers find otherwise than the manifest has it, and which properties are empty.

    Without a source checkout there is no manifest to compare with.
    """
    wrong: dict[str, str] = {}
    for machine in MACHINES.values():
        for empty in empty_properties(machine):
            for claim in empty.claims:
                wrong.setdefault(claim.id, f"{empty} lets everything pass that is wrong on purpose")
        for promise in unnoticed(machine):
            wrong.setdefault(promise.claim.id, f"{promise} holds of a machine that lets no task continue")
    try:
        expected = read_pinned(find_root() / MANIFEST)
    except ContractsNotRunError:
        return wrong
    for one in expected:
        if not quick or one.counts["states"] <= QUICK_STATES:
            result = compare(one)
            # where only a count differs, any claim that is judged there may be concerned
            about = result.broken or dict.fromkeys(one.claims if result.failures else (), "; ".join(result.failures))
            for claim_id, failure in about.items():
                wrong.setdefault(claim_id, f"{one.machine}, {one.name}: {failure}")
    return wrong
