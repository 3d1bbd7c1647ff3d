"""What is proved of the specification for every size, and that our classes decide as the specification does."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from latchproof.check.reasons import Reason
from latchproof.contracts import MANIFEST, ContractsNotRunError, find_root
from latchproof.mutants import checks
from latchproof.prove.obligation import Obligation
from latchproof.prove.obligations import prove_all
from latchproof.prove.shells import Equivalence, blind_spots, prove_shells
from latchproof.prove.smtlib import solvers
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered, RuleCell
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES

REFUTED: Final = ("refuted", "disputed")
"""Statuses of obligations that fail a claim; any other that is not "proved" leaves it inconclusive."""

MOST_SHOWN: Final = 3
"""Failures that one cell tells of."""


class Proved(Evidence):
    """Obligations about every state in which the invariants hold, discharged by the solvers."""

    name = "proved"
    unit = "obligations"
    rule_unit = "obligations"
    mutant_checks = (checks.PROVED,)

    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        return "latchproof prove" + (f" --claim {claim.id}" if claim else "")

    def gather(self, *, quick: bool) -> Gathered:
        begun = time.perf_counter()
        obligations = prove_all()
        # a proof about the specification is one about our classes only as long as they decide as it does
        shells = prove_shells()
        unsound = "; ".join(_differences(shells)[:MOST_SHOWN]) or miscounted(obligations, shells)
        seconds = time.perf_counter() - begun
        cells = [self._cell(claim, obligations, unsound, seconds, quick) for claim in CLAIMS]
        return Gathered(cells, self._rules(obligations))

    def _cell(self, claim: Claim, obligations: list[Obligation], unsound: str, seconds: float, quick: bool) -> Cell:
        about = [one for one in obligations if claim.id in one.claims]
        # obligations of no claim keep every proof honest: if one of them is not proved, no claim is
        bad = [one for one in about if one.status != "proved"]
        bad += [one for one in obligations if not one.claims and one.status != "proved"]
        bad.sort(key=lambda one: one.model != "controls")  # that a claim is empty says more than what follows from it
        told = [_told(one) for one in bad[:MOST_SHOWN]]
        status: CellStatus = "holds"
        detail = ""
        reasons: list[Reason] = []
        if unsound or any(one.status in REFUTED for one in bad):
            status, detail = "fails", "; ".join([*filter(None, [unsound]), *told])
        elif bad:
            status, reasons = "inconclusive", [Reason("not-proved", "", one) for one in told]
        elif not about:
            status, detail = "not_run", "no obligation is about it"
        elif claim.beyond_counters and all(one.model == "counters" for one in about):
            status = "inconclusive"
            reasons = [
                Reason("counters-alone", "", f"proved of counters alone, which leave open {claim.beyond_counters}")
            ]
        bound = (
            "for every count, number of parties, generations and tasks, under every policy as far as it demands the "
            f"claim, by {solvers()}"
        )
        return self.cell(claim, status, quick, bound, len(about), seconds, detail, reasons)

    def _rules(self, obligations: list[Obligation]) -> dict[str, RuleCell]:
        found = {}
        for rule in (rule.id for machine in MACHINES.values() for rule in machine.rules):
            about = Counter(one.status for one in obligations if one.rule == rule)
            status: CellStatus = "not_run"
            if about:
                fails = any(about[one] for one in REFUTED)
                status = "holds" if set(about) == {"proved"} else "fails" if fails else "inconclusive"
            again = f"latchproof prove --rule {rule}"
            found[rule] = RuleCell(self.name, status, about.total(), self.rule_unit, reproduce=again)
        return found


def _told(one: Obligation) -> str:
    where = f"{one.machine}.{one.operation} {one.rule} ({one.policy})"
    return f"{one.status}: {one.name}: {where} {' '.join(one.counterexample.split())}"


def _differences(shells: Sequence[Equivalence]) -> list[str]:
    """Return where our classes decide otherwise than the specification, and which differences would go unnoticed."""
    differing = [
        f"{one.status}: {one.machine}.{one.method} decides otherwise than {one.rule}: {one.counterexample}"
        for one in shells
        if one.status != "proved"
    ]
    return differing + [f"a class that differs in the {part} would not be noticed" for part in blind_spots()]


def miscounted(obligations: Sequence[Obligation], shells: Sequence[Equivalence]) -> str:
    """Return how the numbers of obligations differ from those in the manifest; "" without a source checkout."""
    try:
        manifest = find_root() / MANIFEST
    except ContractsNotRunError:
        return ""
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    expected = {f"{machine} {of}": n for machine, models in tables["proofs"].items() for of, n in models.items()}
    expected |= {f"{machine} class, paths": number for machine, number in tables["shells"].items()}
    found = Counter(f"{one.machine} {one.model}" for one in obligations)
    found += Counter(f"{one.machine} class, paths" for one in shells)
    return "; ".join(
        f"{what}: {found[what]} obligations, the manifest has {expected.get(what, 0)}"
        for what in dict.fromkeys((*expected, *found))
        if found[what] != expected.get(what, 0)
    )
