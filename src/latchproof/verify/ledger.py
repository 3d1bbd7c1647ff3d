"""The ledger: every claim and every rule, what was just found about each, to which bound, and how to find it again.

A cell holds only what was computed in this run. What was not gathered says so, and why.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from latchproof.export.coq_theorems import stated
from latchproof.mutants.matrix import Matrix
from latchproof.verify.evidence import Cell, RuleCell, own_rules
from latchproof.verify.exported import ExportCheck
from latchproof.verify.kinds import KINDS
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import Rule


@dataclass(frozen=True)
class LedgerRow:
    """A rule, what each kind of evidence did about it, and how many mutants of it were tried, and how many killed."""

    id: str
    machine: str
    operation: str
    sentence: str
    is_ours: bool
    evidence: tuple[RuleCell, ...]
    mutants: int
    killed_mutants: int


@dataclass
class Ledger:
    """Every cell that was gathered, what was found about the exporters, and what became of the mutants.

    `rules` holds, for each kind of evidence by name, what it did about each rule by ID. `no_mutants` says why there are
    no mutants. `quick` says whether it was gathered to smaller bounds, and `gathered` when, in UTC. `cpu_seconds` are
    those of all processes that gathered it.
    """

    cells: list[Cell] = field(default_factory=list)
    rules: dict[str, dict[str, RuleCell]] = field(default_factory=dict)
    exports: list[ExportCheck] = field(default_factory=list)
    mutants: Matrix | None = None
    no_mutants: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    quick: bool = False
    gathered: str = ""

    def cell(self, claim: str, kind: str) -> Cell:
        """Return the cell of a claim and a kind of evidence."""
        return next(cell for cell in self.cells if cell.claim == claim and cell.kind == kind)

    def rows(self) -> list[LedgerRow]:
        """Return a row for each rule."""
        return [self._row(machine, rule) for machine in MACHINES.values() for rule in machine.rules]

    def _row(self, machine: Machine, rule: Rule) -> LedgerRow:
        cells = tuple(
            self.rules.get(kind.name, {}).get(rule.id, RuleCell("not_run", kind=kind.name, unit=kind.rule_unit))
            for kind in KINDS
        )
        about = [
            one
            for one in (self.mutants.results if self.mutants is not None else ())
            if one.mutant.machine.name == machine.name and re.search(rf"\b{rule.id}\b", one.mutant.id)
        ]
        return LedgerRow(
            rule.id,
            machine.name,
            rule.operation,
            rule.sentence,
            is_ours=rule.id in own_rules(),
            evidence=cells,
            mutants=len(about),
            killed_mutants=sum(one.status == "killed" for one in about),
        )

    @property
    def fired(self) -> dict[str, set[str]]:
        """For each kind of evidence that fires rules and was gathered, the rules that it fired."""
        kinds = [kind.name for kind in KINDS if kind.fires_rules and self.rules.get(kind.name)]
        return {kind: {rule for rule, cell in self.rules[kind].items() if cell.where} for kind in kinds}

    @property
    def unfired(self) -> dict[str, list[str]]:
        """For each kind of evidence that fires rules, those of our own policy that it did not fire."""
        missing = {kind: sorted(own_rules() - fired) for kind, fired in self.fired.items()}
        return {kind: rules for kind, rules in missing.items() if rules}

    @property
    def exit_code(self) -> int:
        """1 if a cell, an exporter or the mutants fail; 3 if a cell is inconclusive or nothing was checked; else 0.

        Nothing was checked where a rule was never fired, or where no kind of evidence says that a claim holds.
        """
        statuses = {cell.status for cell in self.cells} | {one.status for one in self.exports}
        if "fails" in statuses or self.no_mutants or (self.mutants is not None and self.mutants.exit_code == 1):
            return 1
        held = {cell.claim for cell in self.cells if cell.status == "holds"}
        is_bare = any(claim.id not in held for claim in CLAIMS)
        return 3 if is_bare or self.unfired or any(cell.status == "inconclusive" for cell in self.cells) else 0

    def to_json(self) -> dict[str, Any]:
        """Return the ledger as plain data."""
        return {
            "claims": [
                {
                    "id": claim.id,
                    "sentence": claim.sentence,
                    "evidence": [
                        {
                            name: value
                            for name, value in asdict(self.cell(claim.id, kind.name)).items()
                            if name != "claim"
                        }
                        for kind in KINDS
                    ],
                    "statements": [
                        {"machine": machine.name, "remark": one.remark, "text": one.text}
                        for machine in MACHINES.values()
                        if (one := stated(machine).get(claim.id)) is not None
                    ],
                }
                for claim in CLAIMS
            ],
            "rules": [asdict(row) for row in self.rows()],
            "rules_not_fired": self.unfired,
            "exports": [asdict(one) for one in self.exports],
            "mutants": self.mutants.to_json() if self.mutants is not None else None,
            "no_mutants": self.no_mutants,
            "quick": self.quick,
            "gathered": self.gathered,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "exit_code": self.exit_code,
        }
