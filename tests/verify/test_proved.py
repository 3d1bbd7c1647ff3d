"""What is proved: a proof that fails, is missing or proves nothing is seen in the cells of its claims."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from latchproof.contracts import ContractsNotRunError
from latchproof.prove import replay
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.refinement import prove_refinement
from latchproof.prove.goals import Obligation
from latchproof.prove.language.comparison import Checked, check_specification
from latchproof.prove.language.subset import Rejection
from latchproof.prove.obligations import prove
from latchproof.verify import evidence, proved
from latchproof.verify.ledger import Ledger
from latchproof.verify.proved import PROVED
from latchproof_spec.machines import MACHINES
from tests.verify.ledgers import CONFIRMED, IDS, cells_of

LATCH = MACHINES["latch"]
once_replayed = cache(replay.differences)


def obligation(*claims: str, status: Any = "proved") -> Obligation:
    return Obligation("a name", claims, "latch", "java", "wait", "L7", status, "count = 70", "")


@pytest.fixture(scope="module")
def checked() -> Checked:
    return check_specification()


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return prove_refinement()


@pytest.fixture(autouse=True)
def checked_once(monkeypatch: pytest.MonkeyPatch, checked: Checked, cases: list[Case]) -> None:
    """The specification and our classes are checked once for all tests, which takes some seconds."""
    monkeypatch.setattr(proved, "check_specification", lambda: checked)
    monkeypatch.setattr(proved, "prove_refinement", lambda: cases)
    monkeypatch.setattr(replay, "differences", once_replayed)


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of obligations is as the manifest has it."""
    monkeypatch.setattr(proved, "miscounted", lambda obligations, shells, checked: "")


def test_the_proofs_say_by_which_solvers(gathered: Ledger) -> None:
    said = (
        "for every count, number of parties, generations and tasks, under every policy as far as it demands the claim"
    )
    for claim in IDS:
        assert gathered.cell(claim, "proved").bound.startswith(f"{said}, by z3 ")
        assert (" and cvc5 " in gathered.cell(claim, "proved").bound) == CONFIRMED


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize(
    ("status", "claims", "expected"),
    [
        ("refuted", ("C1",), {"C1": "fails", "C2": "holds"}),
        ("unknown", ("C1",), {"C1": "inconclusive", "C2": "holds"}),
        ("refuted", (), {"C1": "fails", "C2": "fails"}),
        ("unknown", (), {"C1": "inconclusive", "C2": "inconclusive"}),
        ("disputed", ("C1",), {"C1": "fails", "C2": "holds"}),
        ("unconfirmed", ("C1",), {"C1": "inconclusive", "C2": "holds"}),
    ],
)
def test_a_proof_that_fails_fails_its_claims(
    monkeypatch: pytest.MonkeyPatch, status: str, claims: tuple[str, ...], expected: dict[str, str]
) -> None:
    """An obligation of no claim keeps all of them honest: if it fails, they all do."""
    of_calls = replace(obligation("C2"), part="identities")
    obligations = [obligation("C1"), of_calls, obligation("C4"), obligation(*claims, status=status)]
    monkeypatch.setattr(proved, "prove_all", lambda: obligations)
    cells = cells_of(PROVED)
    assert {claim: cells[claim].status for claim in expected} == expected
    told = cells["C1"].detail or "; ".join(map(str, cells["C1"].reasons))
    assert told == f"{status}: a name: latch.wait L7 (java) count = 70"
    assert bool(cells["C1"].reasons) == (cells["C1"].status == "inconclusive")
    assert cells["C1"].count == 1 + ("C1" in claims)


@pytest.mark.usefixtures("uncounted")
def test_a_proof_of_counters_alone_is_none_of_a_claim_about_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proved, "prove_all", lambda: [obligation("C1"), obligation("C2")])
    cells = cells_of(PROVED)
    assert (cells["C1"].status, cells["C2"].status) == ("holds", "inconclusive")
    assert [one.code for one in cells["C2"].reasons] == ["counters-alone"]
    assert str(cells["C2"].reasons[0]) == "proved of counters alone, which leave open which tasks they are"
    assert cells["C5"].status == "not_run"


def test_obligations_that_are_missing_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that forgets some has them all proved."""
    forgetful = list(prove(LATCH, LATCH.policies[:1]))
    monkeypatch.setattr(proved, "prove_all", lambda: forgetful)
    cells = cells_of(PROVED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail.startswith("latch counters: ")
    assert "barrier counters: there are 0, the manifest has " in cells["C1"].detail

    def nowhere() -> Path:
        raise ContractsNotRunError("no source checkout")

    monkeypatch.setattr(evidence, "find_root", nowhere)
    uncounted = cells_of(PROVED)["C1"]
    assert uncounted.status == "holds"
    assert uncounted.bound.endswith("; counts compared with none: not a source checkout")


def test_a_specification_outside_of_the_subset_fails_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is proved of it: the prover may take it for another."""

    def prove_all() -> list[Obligation]:
        raise AssertionError("it must not be proved")

    monkeypatch.setattr(proved, "prove_all", prove_all)
    wrong = Rejection("latchproof_spec/step.py", 41, "endings", "`is` is outside of the subset that is proved")
    monkeypatch.setattr(proved, "check_specification", lambda: Checked(80, 0, (wrong,)))
    cells = cells_of(PROVED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert {cell.detail for cell in cells.values()} == {
        "the subset gate rejects latchproof_spec/step.py:41, endings: `is` is outside of the subset that is proved"
    }


@pytest.mark.parametrize("part", ["functions", "results"])
def test_a_check_that_forgets_some_fails_every_claim(
    monkeypatch: pytest.MonkeyPatch, checked: Checked, part: str
) -> None:
    monkeypatch.setattr(proved, "prove_all", lambda: [obligation("C1")])
    fewer = replace(checked, **{part: getattr(checked, part) - 1})
    monkeypatch.setattr(proved, "check_specification", lambda: fewer)
    cells = cells_of(PROVED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert f"specification, {part}: there are {getattr(fewer, part)}, the manifest has" in cells["C1"].detail


def test_the_cells_say_what_was_compared(gathered: Ledger) -> None:
    assert "the functions that this rests on have the same " in gathered.cell("C1", "proved").bound
    assert "each number to 1000 " in gathered.cell("C1", "proved").bound
    assert "queue of 0..300 tasks" in gathered.cell("C1", "proved").bound


def test_classes_that_decide_otherwise_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    differs = [Case("latch", "wait", "anywhere", "L8", "refuted", "it returns, for count = 1")]
    monkeypatch.setattr(proved, "prove_all", list)
    monkeypatch.setattr(proved, "prove_refinement", lambda: differs)
    cells = cells_of(PROVED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "refuted: refinement of latch: wait, L8: anywhere: it returns, for count = 1"


@pytest.mark.usefixtures("uncounted")
def test_a_shell_that_is_not_looked_at_fails_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proved, "prove_all", lambda: [obligation("C1")])
    monkeypatch.setattr(proved, "blind_spots", lambda: ["state"])
    cells = cells_of(PROVED)
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "a class that differs in the state would not be noticed"


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize(
    ("status", "due"), [("proved", "holds"), ("refuted", "fails"), ("unknown", "inconclusive"), ("disputed", "fails")]
)
def test_a_rule_is_as_its_obligations_are(monkeypatch: pytest.MonkeyPatch, status: str, due: str) -> None:
    monkeypatch.setattr(proved, "prove_all", lambda: [obligation("C1"), obligation("C1", status=status)])
    _, rules = PROVED.gathered(quick=True)
    assert (rules["L7"].status, rules["L7"].count, rules["L8"].status) == (due, 2, "not_run")
    assert rules["L7"].reproduce == "latchproof prove --rule L7"
