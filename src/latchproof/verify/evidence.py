"""What a kind of evidence is: how it is gathered, and what it says of each claim and of each rule.

A new kind is one file with a subclass of `Evidence`, and one line in `kinds`. Nothing else here or in a printer knows
which kinds there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

from latchproof.check.reasons import Reason
from latchproof.mutants.checks import MutantCheck
from latchproof.prove.steps import rules_of
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES

CellStatus = Literal["holds", "fails", "inconclusive", "not_run"]


@dataclass(frozen=True)
class Cell:
    """What one kind of evidence says of one claim.

    `count` is how many of `unit` were made, within `bound`. `reproduce` is the command that gathers it again. `detail`
    says what failed, why the cell was not run, or what a reader should know; `reasons` say what makes it inconclusive.
    `killed_mutants` is how many mutants of the specification break the claim by this kind of evidence; None where that
    was not computed.
    """

    claim: str
    kind: str
    status: CellStatus
    bound: str = ""
    count: int = 0
    unit: str = ""
    seconds: float = 0.0
    reproduce: str = ""
    detail: str = ""
    reasons: tuple[Reason, ...] = ()
    killed_mutants: int | None = None


@dataclass(frozen=True)
class RuleCell:
    """What one kind of evidence did about one rule: `count` of `unit`, `where`, and the command that does it again."""

    kind: str
    status: CellStatus
    count: int
    unit: str
    where: tuple[str, ...] = ()
    reproduce: str = ""


@dataclass(frozen=True)
class Gathered:
    """What a kind of evidence found: a cell for each claim, and one for each rule, by the rule's ID."""

    cells: list[Cell]
    rules: dict[str, RuleCell]


class Evidence(ABC):
    """A kind of evidence.

    `name` is the heading of its column, a past participle. `unit` is what a cell counts, and `rule_unit` what is
    counted of a rule. `fires_rules` says whether gathering it must fire every rule of our own policy. Where a mutant
    must be killed (`must_kill`), a cell holds only if some mutant of the specification breaks the claim by this kind of
    evidence. `mutant_checks` say how it is put to a mutant. Evidence that `runs_beside` is gathered by processes of
    its own while the other kinds are gathered.
    """

    name: ClassVar[str]
    unit: ClassVar[str]
    rule_unit: ClassVar[str]
    fires_rules: ClassVar[bool] = False
    must_kill: ClassVar[bool] = True
    runs_beside: ClassVar[bool] = False
    mutant_checks: ClassVar[tuple[MutantCheck, ...]] = ()

    @abstractmethod
    def gather(self, *, quick: bool) -> Gathered:
        """Gather it for the shipped specification and classes; to smaller bounds, if it is to be quick."""

    @abstractmethod
    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        """Return the command that gathers the cell of a claim again; with no claim, all that was done."""

    def cell(self, claim: Claim, status: CellStatus, quick: bool, bound: str, count: int, seconds: float,
             detail: str = "", reasons: Iterable[Reason] = ()) -> Cell:  # fmt: skip
        """Return the cell of a claim."""
        reproduce = self.repeat(claim, quick=quick)
        return Cell(claim.id, self.name, status, bound, count, self.unit, seconds, reproduce, detail, tuple(reasons))

    def not_run(self, claim: Claim, why: str) -> Cell:
        """Return the cell of a claim for which nothing was gathered."""
        return Cell(claim.id, self.name, "not_run", detail=why)

    def broken(self, error: Exception) -> Gathered:
        """Return cells that all fail, for the gathering itself raised an error."""
        detail = f"gathering it raised {type(error).__name__}: {error}"
        return Gathered([Cell(claim.id, self.name, "fails", detail=detail) for claim in CLAIMS], {})

    def fired(self, fired: Sequence[tuple[str, Iterable[str]]], *, quick: bool) -> dict[str, RuleCell]:
        """Return what was done about each rule, from pairs of a place and the rules that were fired there.

        A rule of our own policy that was fired nowhere is inconclusive. Rules of constructors and of other policies
        are fired where they can be.
        """
        again = self.repeat(None, quick=quick)
        found = {}
        for rule in (rule.id for machine in MACHINES.values() for rule in machine.rules):
            places = tuple(dict.fromkeys(place for place, rules in fired if rule in rules))
            status: CellStatus = "holds" if places else "inconclusive" if rule in own_rules() else "not_run"
            found[rule] = RuleCell(self.name, status, len(places), self.rule_unit, places, again if places else "")
        return found


@cache
def _rules_of_our_policy(machine: Machine) -> frozenset[str]:
    return frozenset(rules_of(machine, machine.policies[0]))


def own_rules() -> frozenset[str]:
    """Return the rules of our own policy that a run can fire: none of a constructor, none for what is not an int."""
    return frozenset[str]().union(*map(_rules_of_our_policy, MACHINES.values()))
