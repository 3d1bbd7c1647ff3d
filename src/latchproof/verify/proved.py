"""What is proved of the specification for every size, and that our classes decide as the specification does."""

import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from latchproof.check.reasons import Reason
from latchproof.mutants import checks
from latchproof.prove import replay
from latchproof.prove.classes.blind_spots import blind_spots
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.refinement import prove_refinement
from latchproof.prove.digests import changed, digests
from latchproof.prove.goals import Obligation
from latchproof.prove.language.comparison import BOUND, Checked, check_specification
from latchproof.prove.obligations import prove_all
from latchproof.prove.smtlib import solvers
from latchproof.verify.evidence import Cell, Evidence, Gathered, compared_with, find_manifest, rule_cell
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES

REFUTED: Final = ("refuted", "disputed")
"""Statuses of obligations that fail a claim; any other but "proved" leaves it inconclusive."""

MOST_SHOWN: Final = 3
"""Failures that one cell tells of."""


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the command that proves a claim again."""
    return "latchproof prove" + (f" --claim {claim.id}" if claim else "")


def gather(quick: bool) -> Gathered:
    """Prove everything. It is never quick: proofs have no bounds.

    Of a specification that the prover may take for another than it is, nothing is proved.
    """
    begun = time.perf_counter()
    checked = check_specification()
    if checked.wrong:
        unsound = "; ".join(map(str, checked.wrong[:MOST_SHOWN]))
        return [cell_of(claim, (), checked, unsound, time.perf_counter() - begun) for claim in CLAIMS], {}
    obligations, cases = prove_all(), prove_refinement()
    # a proof about the specification is one about our classes only as long as they refine it
    differing = [*differences(cases), *(one for machine in MACHINES.values() for one in replay.differences(machine))]
    unsound = "; ".join(differing[:MOST_SHOWN]) or miscounted(obligations, cases, checked)
    seconds = time.perf_counter() - begun
    return [cell_of(claim, obligations, checked, unsound, seconds) for claim in CLAIMS], {
        rule.id: rule_cell(
            [one.status for one in obligations if one.rule == rule.id],
            "proved",
            REFUTED,
            f"latchproof prove --rule {rule.id}",
        )
        for machine in MACHINES.values()
        for rule in machine.rules
    }


def cell_of(claim: Claim, obligations: Sequence[Obligation], checked: Checked, unsound: str, seconds: float) -> Cell:
    """Return what the obligations say of a claim; `unsound` says what makes all proofs worthless, if anything does."""
    about = [one for one in obligations if claim.id in one.claims]
    # obligations of no claim keep every proof honest: if one of them is not proved, no claim is
    bad = [one for one in obligations if one.status != "proved" and (claim.id in one.claims or not one.claims)]
    # that a claim is empty says more than what follows from it
    bad.sort(key=lambda one: (one.part != "controls", not one.claims))
    bound = (
        "for every count, number of parties, generations and tasks, under every policy as far as it demands the claim, "
        f"by {solvers()}; the functions that this rests on have the same {checked.results:,} results as by a second "
        f"interpreter: {BOUND}; what calls do was replayed in every world of {replay.CALLS} calls; "
        f"{compared_with(find_manifest())}"
    )
    found = Cell(claim.id, "holds", bound=bound, count=len(about), seconds=seconds)
    told = [_told(one) for one in bad[:MOST_SHOWN]]
    if unsound or any(one.status in REFUTED for one in bad):
        return replace(found, status="fails", detail="; ".join([*filter(None, [unsound]), *told]))
    if not about and not bad:
        return replace(found, status="not_run", detail="no obligation is about it")
    reasons = [Reason("not-proved", "", one) for one in told]
    if not bad and claim.beyond_counters and all(one.part == "counters" for one in about):
        text = f"proved of counters alone, which leave open {claim.beyond_counters}"
        reasons.append(Reason("counters-alone", "", text))
    return replace(found, status="inconclusive" if reasons else "holds", reasons=tuple(reasons))


def _told(one: Obligation) -> str:
    where = f"{one.machine}.{one.operation} {one.rule} ({one.policy})"
    return f"{one.status}: {one.name}: {where} {' '.join(one.counterexample.split())}"


def differences(cases: Sequence[Case]) -> list[str]:
    """Return where our classes do not refine the specification, and which differences would go unnoticed."""
    differing = [
        f"{one.status}: refinement of {one.machine}: {one.name}: {' '.join(one.counterexample.split())}"
        for one in cases
        if one.status != "proved"
    ]
    return differing + [f"a class that differs in the {part} would not be noticed" for part in blind_spots()]


def miscounted(obligations: Sequence[Obligation], cases: Sequence[Case], checked: Checked) -> str:
    """Return how what was checked differs from the manifest, in number or in text; "" without a source checkout."""
    manifest = find_manifest()
    if manifest is None:
        return ""
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    expected = {f"{machine} {of}": n for machine, models in tables["proofs"].items() for of, n in models.items()}
    expected |= {f"{machine} refinement": number for machine, number in tables["refinement"].items()}
    expected |= {f"specification, {what}": number for what, number in tables["specification"].items()}
    found = Counter([f"{one.machine} {one.part}" for one in obligations])
    found.update(f"{one.machine} refinement" for one in cases)
    found.update({"specification, functions": checked.functions, "specification, results": checked.results})
    counted = [
        f"{what}: there are {found[what]}, the manifest has {expected.get(what, 0)}"
        for what in dict.fromkeys((*expected, *found))
        if found[what] != expected.get(what, 0)
    ]
    return "; ".join([*counted, *changed(digests(obligations), tables)])


PROVED: Final = Evidence("proved", "obligations", "obligations", gather, repeat, (checks.PROVED,))
