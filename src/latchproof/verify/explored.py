"""What the explorers find: every state of the specification with a few tasks, and what happens some day."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final, TypeVar

from latchproof.check.reasons import Reason
from latchproof.explore.completeness import LARGEST, Completeness, find_gaps, read_completeness
from latchproof.explore.expected import compare, read_expectations
from latchproof.explore.fairness import Liveness, check_eventualities
from latchproof.explore.refusals import differing_refusals, read_refusals
from latchproof.explore.states import Exploration, explore
from latchproof.explore.vacuity import vacuous_eventualities, vacuous_properties
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, Evidence, Gathered, compared_with, find_manifest, fired_rules
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES

Result = TypeVar("Result", Exploration, Liveness)

QUICK: Final = ((3, 4), (3, 4), 4)
"""Tasks, tasks for the eventualities, and the largest constructor argument in a quick ledger."""

FULL: Final = ((5, 6), (4, 5), 6)
"""The same in a full ledger."""

MOST_ORBITS: Final = 2_000
"""States up to symmetry after which an exploration is given up; the shipped specification has some times fewer.

A faulty specification may have infinitely many states: then no more explorations of its machine are begun.
"""

MOST_STATES: Final = 50_000
"""States after which a graph for eventualities is given up, likewise."""

QUICK_STATES: Final = 5_000
"""States of the largest exploration of the manifest that a quick ledger repeats."""


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the command that explores again and counts how often a claim is judged."""
    tasks, fair_tasks, largest = QUICK if quick else FULL
    about = f" --claim {claim.id}" if claim else ""
    fair = f" --fair-tasks {fair_tasks[0]} {fair_tasks[1]}" if claim is not None and claim.kind == "liveness" else ""
    return f"latchproof explore{about} --tasks {tasks[0]} {tasks[1]}{fair} --upto {largest}"


def gather(quick: bool) -> Gathered:
    """Explore every machine under every policy, and compare with the counts in the manifest."""
    tasks, fair_tasks, largest = QUICK if quick else FULL
    begun = time.perf_counter()
    arguments = {machine: range(machine.smallest, largest + 1) for machine in MACHINES.values()}
    found = [
        one
        for machine in MACHINES.values()
        for one in until_given_up(
            explore(machine, policy, argument, tasks=number, at_most=MOST_ORBITS)
            for policy, argument, number in product(machine.policies, arguments[machine], tasks)
        )
    ]
    endless = {one.machine for one in found if not one.complete}
    live = [
        one
        for machine in MACHINES.values()
        if machine.name not in endless
        for one in until_given_up(
            check_eventualities(machine, policy, argument, tasks=number, at_most=MOST_STATES)
            for policy, argument, number in product(machine.policies, arguments[machine], fair_tasks)
        )
    ]
    complete = [find_gaps(machine) for machine in MACHINES.values()]
    wrong = [{
        claim: f"{violation.property}, {one.machine}({one.argument}), policy {one.policy}: {' / '.join(violation.run)}"
        for one in reversed(found)
        for violation in reversed(one.violations)
        for claim in violation.claims
    }, unexpected(quick), uncovered(complete, find_manifest())]  # fmt: skip
    bound = (
        f"{tasks[0]} and {tasks[1]} tasks, "
        + ", ".join(f"{machine.parameters} {machine.smallest}-{largest}" for machine in MACHINES.values())
        + f", calls without bound; {sum(one.orbits for one in found):,} states up to symmetry, every policy; "
        f"{compared_with(find_manifest())}; in states of numbers to {LARGEST}, "
        f"{sum(one.others for one in complete):,} steps that the specification does not make are refused, except "
        f"{sum(one.same for one in complete):,} that are the same in other words"
    )
    seconds = time.perf_counter() - begun
    cells = []
    for claim in CLAIMS:
        cell = Cell(
            claim.id,
            "holds",
            "; ".join(known[claim.id] for known in wrong if claim.id in known),
            bound=bound,
            count=sum(one.checks.get(claim.id, 0) for one in found),
            seconds=seconds,
        )
        cells.append(_finished(cell, claim, is_complete=not endless, live=live, fair_tasks=fair_tasks))
    return cells, fired_rules([(one.policy, one.rules) for one in found], repeat(None, quick))


def uncovered(complete: Iterable[Completeness], manifest: Path | None) -> dict[str, str]:
    """Return, by claim, which steps break no claim although the specification does not make them: any may be weak."""
    expected = read_completeness(manifest) if manifest else None
    wrong = [(one.machine, one.failure(expected)) for one in complete]
    return {claim.id: failure for machine, failure in wrong if failure for claim in MACHINES[machine].claims}


def until_given_up(results: Iterable[Result]) -> Iterator[Result]:
    """Yield what is found, up to the first exploration or graph that is given up."""
    for one in results:
        yield one
        if not one.complete:
            return


def _finished(
    cell: Cell, claim: Claim, *, is_complete: bool, live: Sequence[Liveness], fair_tasks: tuple[int, int]
) -> Cell:
    """Return the cell of a claim with its status; a claim of liveness must hold as an eventuality too."""
    if cell.detail:
        return replace(cell, status="fails")
    if not cell.count:
        return replace(cell, status="not_run", detail="no property of it is judged on specification x tasks")
    if not is_complete:
        return _inconclusive(cell, "too-many-states", "an exploration was given up, for it has too many states")
    return _as_eventuality(cell, claim, live, fair_tasks) if claim.kind == "liveness" else cell


def _as_eventuality(cell: Cell, claim: Claim, live: Sequence[Liveness], tasks: tuple[int, int]) -> Cell:
    """Return what the cyclic graphs say: it holds if none fails, and for each number of tasks some can fail."""
    bound = f"as an eventuality, with {tasks[0]} and {tasks[1]} tasks, under weak fairness, and not without it"
    cell = replace(cell, bound=f"{cell.bound}; {bound}")
    about = [(one, promise) for one in live for promise in one.promises if promise.claim == claim.id]
    for one, promise in about:
        if promise.broken is not None:
            run = f"{' / '.join(promise.broken.stem)} / for ever: {' / '.join(promise.broken.cycle) or 'nothing'}"
            where = f"{promise.name}, {one.machine}({one.argument}), policy {one.policy}"
            return replace(cell, status="fails", detail=f"{where}: {run}")
    if not all(one.complete for one, _ in about):
        return _inconclusive(cell, "too-many-states", "a graph was given up, for it has too many states")
    if {one.tasks for one, promise in about if promise.status == "holds"} != set(tasks):
        return _inconclusive(cell, "vacuous", "it is owed to no task, or comes without fairness too")
    return cell


def _inconclusive(cell: Cell, code: str, text: str) -> Cell:
    return replace(cell, status="inconclusive", reasons=(Reason(code, "", text),))


def unexpected(quick: bool) -> dict[str, str]:
    """Return, by claim, what the explorers find otherwise than the manifest has it, and which properties are weak.

    Without a source checkout there is no manifest to compare with.
    """
    wrong: dict[str, str] = {}
    for machine in MACHINES.values():
        for empty in vacuous_properties(machine):
            for claim in empty.claims:
                wrong.setdefault(claim.id, f"{empty} lets everything pass that is wrong on purpose")
        for promise in vacuous_eventualities(machine):
            wrong.setdefault(promise.claim.id, f"{promise} holds of a machine that lets no task continue")
    manifest = find_manifest()
    if manifest is None:
        return wrong
    refusals = read_refusals(manifest)
    for machine in MACHINES.values():
        for claims, failure in differing_refusals(machine, refusals.get(machine.name, {})):
            for claim_id in claims:
                wrong.setdefault(claim_id, failure)
    expected = read_expectations(manifest)
    for one in expected:
        if not quick or one.counts["states"] <= QUICK_STATES:
            result = compare(one)
            # where only a count differs, any claim that is judged there may be concerned
            about = result.broken or dict.fromkeys(one.claims if result.failures else (), "; ".join(result.failures))
            for claim_id, failure in about.items():
                wrong.setdefault(claim_id, f"{one.machine}, {one.name}: {failure}")
    return wrong


EXPLORED: Final = Evidence(
    "explored", "judgements", "policies", gather, repeat, (checks.EXPLORED, checks.CALLED), fires_rules=True
)
