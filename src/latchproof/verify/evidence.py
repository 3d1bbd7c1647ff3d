"""What a kind of evidence is: how it is gathered, and what it says of each claim and of each rule.

A new kind is one file that exports an `Evidence`, and one line in `kinds`. Neither the ledger nor what prints it knows
which kinds there are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from latchproof.check.reasons import Reason
from latchproof.contracts import MANIFEST, ContractsNotRunError, find_root
from latchproof.mutants.checks import MutantCheck
from latchproof.prove.steps import rules_of
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, claim_of

CellStatus: TypeAlias = Literal["holds", "fails", "inconclusive", "not_run"]


@dataclass(frozen=True)
class Cell:
    """What one kind of evidence says of one claim.

    `count` is how many of `unit` were made, within `bound`. `detail` says what failed, why the cell was not run, or
    what a reader should know; `reasons` say what makes it inconclusive. `reproduce` is the command that gathers it
    again. `killed_mutants` is how many mutants of the specification break the claim by this kind of evidence; None
    where that was not computed.
    """

    claim: str
    status: CellStatus
    detail: str = ""
    reasons: tuple[Reason, ...] = ()
    bound: str = ""
    count: int = 0
    seconds: float = 0.0
    kind: str = ""
    unit: str = ""
    reproduce: str = ""
    killed_mutants: int | None = None


@dataclass(frozen=True)
class RuleCell:
    """What one kind of evidence did about one rule: `count` of `unit`, `where`, and the command that does it again."""

    status: CellStatus
    count: int = 0
    where: tuple[str, ...] = ()
    reproduce: str = ""
    kind: str = ""
    unit: str = ""


Gathered: TypeAlias = tuple[list[Cell], dict[str, RuleCell]]
"""A cell for each claim, and one for each rule by its ID; `kind` and `unit` are filled in by `Evidence.gathered`."""


@dataclass(frozen=True)
class Evidence:
    """A kind of evidence.

    `name` is the heading of its column, a past participle. `unit` is what a cell counts, and `rule_unit` what is
    counted of a rule. `gather` gathers it for the shipped specification and classes, to smaller bounds if it is to be
    quick. `repeat` returns the command that gathers the cell of a claim again; with no claim, all that was done.
    `mutant_checks` say how it is put to mutants. If one must be killed (`must_kill`), a cell holds only if some mutant
    of the specification breaks the claim by this kind of evidence. `fires_rules` says whether gathering it must fire
    every rule of our own policy, and `runs_beside` whether it works in its own processes while other kinds are
    gathered.
    """

    name: str
    unit: str
    rule_unit: str
    gather: Callable[[bool], Gathered]
    repeat: Callable[[Claim | None, bool], str]
    mutant_checks: tuple[MutantCheck, ...] = ()
    must_kill: bool = True
    fires_rules: bool = False
    runs_beside: bool = False

    def gathered(self, *, quick: bool) -> Gathered:
        """Gather it, and complete what was found. If that raises an error, every cell fails: the ledger must stand."""
        try:
            cells, rules = self.gather(quick)
        except Exception as error:
            detail = f"gathering it raised {type(error).__name__}: {error}"
            cells, rules = [Cell(claim.id, "fails", detail) for claim in CLAIMS], {}
        return [self._completed(cell, quick) for cell in cells], {
            rule: replace(cell, kind=self.name, unit=self.rule_unit) for rule, cell in rules.items()
        }

    def _completed(self, cell: Cell, quick: bool) -> Cell:
        if not cell.bound:
            return replace(cell, kind=self.name)
        return replace(cell, kind=self.name, unit=self.unit, reproduce=self.repeat(claim_of(cell.claim), quick))


def find_manifest() -> Path | None:
    """Return the manifest of expected counts; None without a source checkout."""
    try:
        return find_root() / MANIFEST
    except ContractsNotRunError:
        return None


def compared_with(manifest: Path | None) -> str:
    """Return with what counts were compared, for a bound: that they were not must be said."""
    return f"counts as in {MANIFEST.as_posix()}" if manifest else "counts compared with none: not a source checkout"


def fired_rules(fired: Sequence[tuple[str, Iterable[str]]], again: str) -> dict[str, RuleCell]:
    """Return what was done about each rule, from pairs of a place and the rules that were fired there.

    A rule of our own policy that was fired nowhere is inconclusive. Rules of constructors and of other policies are
    fired where they can be.
    """
    found = {}
    for rule in (rule.id for machine in MACHINES.values() for rule in machine.rules):
        places = tuple(dict.fromkeys(place for place, rules in fired if rule in rules))
        unfired = RuleCell("inconclusive" if rule in own_rules() else "not_run")
        found[rule] = RuleCell("holds", len(places), places, again) if places else unfired
    return found


def rule_cell(statuses: Sequence[str], good: str, bad: Iterable[str], again: str) -> RuleCell:
    """Return what the statuses about a rule come to: it holds if all are good, and fails if some are bad."""
    status: CellStatus = "inconclusive" if statuses else "not_run"
    if set(statuses) == {good}:
        status = "holds"
    elif set(statuses) & set(bad):
        status = "fails"
    return RuleCell(status, len(statuses), reproduce=again)


@cache
def _rules_of_our_policy(machine: Machine) -> frozenset[str]:
    return frozenset(rules_of(machine, machine.policies[0]))


def own_rules() -> frozenset[str]:
    """Return the rules of our own policy that a run can fire: none of a constructor, none for what is not an int."""
    return frozenset[str]().union(*map(_rules_of_our_policy, MACHINES.values()))
