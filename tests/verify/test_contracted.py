"""What is contracted: a contract that fails, and false ones that must be refuted."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.contracts import Condition, Contracts, ContractsNotRunError
from latchproof.verify import contracted
from latchproof.verify.contracted import CONTRACTED
from tests.verify.ledgers import cells_of, contracts


def said(monkeypatch: pytest.MonkeyPatch, found: Contracts) -> None:
    monkeypatch.setattr(contracted, "check_contracts", lambda **options: found)


def test_contracts_that_fail_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, contracts("a failure", "another"))
    cells = cells_of(CONTRACTED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "a failure; another"


def refuted(claims: tuple[str, ...], expected: Any, file: str = "proofs/file.py", function: str = "f") -> Contracts:
    """All contracts as they should be, but one."""
    sound = contracts("one is wrong")
    status: Any = "refuted" if expected == "confirmed" else "confirmed"
    wrong = Condition(file, function, 9, "True", expected, status, "", claims)
    return Contracts((*sound.conditions, wrong), sound.failures, 1.5)


def test_a_contract_that_fails_fails_the_claims_that_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, refuted(("C1", "C4"), "confirmed"))
    cells = cells_of(CONTRACTED)
    assert {claim for claim, cell in cells.items() if cell.status == "fails"} == {"C1", "C4"}
    assert {cell.status for cell in cells.values()} == {"fails", "inconclusive"}
    assert cells["C1"].detail == "one is wrong"
    assert [str(one) for one in cells["C2"].reasons] == ["a contract about something else fails: one is wrong"]


def test_a_false_contract_that_is_confirmed_fails_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, refuted((), "refuted"))
    assert {cell.status for cell in cells_of(CONTRACTED).values()} == {"fails"}


def test_a_claim_without_a_contract_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, contracts(claims=["C1", "C1", "C2"]))
    cells = cells_of(CONTRACTED)
    assert (cells["C1"].status, cells["C1"].count) == ("holds", 2)
    assert (cells["C3"].status, cells["C3"].detail) == ("not_run", "no contract is about it")
    assert "1 false contracts refuted" in cells["C1"].bound


def test_without_a_checkout_contracts_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(**options: Any) -> Contracts:
        raise ContractsNotRunError("no source checkout")

    monkeypatch.setattr(contracted, "check_contracts", absent)
    cells = cells_of(CONTRACTED)
    assert {(cell.status, cell.detail) for cell in cells.values()} == {("not_run", "no source checkout")}


def test_a_rule_is_as_the_contracts_of_its_function_are(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, refuted(("C1",), "confirmed", "spec/latchproof_spec/latch/rules.py", "wait"))
    _, rules = CONTRACTED.gathered(quick=True)
    assert (rules["L7"].status, rules["L8"].count, rules["L6"].status, rules["B1"].status) == (
        "fails", 1, "not_run", "not_run",
    )  # fmt: skip
