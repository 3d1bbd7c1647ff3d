"""Ledgers, whole or made up, for the tests of this package."""

from __future__ import annotations

from importlib.util import find_spec

from rich.console import Console

from latchproof.contracts import Condition, Contracts
from latchproof.show.ledger import print_ledger
from latchproof.verify.evidence import Cell, CellStatus, Evidence, RuleCell, own_rules
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machines import CLAIMS, MACHINES

CONFIRMED = find_spec("cvc5") is not None  # without a second solver nothing is taken for proved
IDS = [claim.id for claim in CLAIMS]
UNOBSERVABLE = {claim.id for claim in CLAIMS if claim.unobservable}
NAMES = [kind.name for kind in KINDS]


def of_machine(name: str) -> set[str]:
    """The claims about a machine."""
    return {claim.id for claim in MACHINES[name].claims}


def contracts(*failures: str, claims: list[str] = IDS) -> Contracts:
    """What the gate of the contracts would say; it takes a minute, and has tests of its own."""
    conditions = [
        Condition("proofs/file.py", "function", 7, "True", "confirmed", "confirmed", "", (claim,)) for claim in claims
    ]
    canary = Condition("proofs/canaries.py", "function", 7, "False", "refuted", "refuted", "", ())
    return Contracts((*conditions, canary), failures, 1.5)


def cells_of(kind: Evidence, *, quick: bool = True) -> dict[str, Cell]:
    """What a kind of evidence says of each claim, gathered now."""
    return {cell.claim: cell for cell in kind.gathered(quick=quick)[0]}


def full_ledger(*changes: tuple[str, str, CellStatus]) -> Ledger:
    """A ledger in which everything holds but for the changes."""
    changed = {(claim, kind): status for claim, kind, status in changes}
    cells = [
        Cell(
            claim,
            changed.get((claim, kind.name), "holds"),
            "a detail",
            (),
            "a bound",
            3,
            0.5,
            kind.name,
            kind.unit,
            "again",
        )
        for claim in IDS
        for kind in KINDS
    ]
    return Ledger(cells, {"fuzzed": fired("fuzzed", own_rules())}, seconds=2.5, cpu_seconds=4.5)


def fired(kind: str, rules: set[str] | frozenset[str]) -> dict[str, RuleCell]:
    """What a kind of evidence did about the rules, if it fired these."""
    return {rule: RuleCell("holds", 1, ("asyncio",), "again", kind, "hosts") for rule in rules}


def printed(ledger: Ledger) -> list[str]:
    """What is printed of a ledger, line by line."""
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        print_ledger(console, ledger)
    return capture.get().splitlines()
