"""What is mechanised: what Coq says of each claim, and why it says nothing where it was not asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from latchproof.export.coq_theorems import CoqError, Theorem
from latchproof.verify import mechanised
from latchproof.verify.mechanised import MECHANISED
from latchproof_spec.machines import CLAIMS, MACHINES
from tests.verify.ledgers import cells_of

OF_A_MACHINE = [Theorem(machine.name, claim.id, "proved") for machine in MACHINES.values() for claim in machine.claims]
EVERY = [*OF_A_MACHINE, Theorem("system", "Total", "proved"), Theorem("system", "FairRuns", "proved")]


def coq_says(monkeypatch: pytest.MonkeyPatch, found: list[Theorem], failure: str = "") -> None:
    """Stand in for Coq, which takes a minute."""

    def compile_all(files: Mapping[str, str], folder: Path, *, jobs: int) -> Iterator[tuple[str, float]]:
        if failure:
            raise CoqError(failure)
        yield "Py", 0.5

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(mechanised, "compile_all", compile_all)
    monkeypatch.setattr(mechanised, "theorems", lambda files, folder: found)
    monkeypatch.setattr(mechanised, "version", lambda: "Coq 8.16.1")


def test_a_claim_holds_if_it_is_proved_of_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    coq_says(monkeypatch, EVERY)
    cells = cells_of(MECHANISED, quick=False)
    assert {cell.status for cell in cells.values()} == {"holds"}
    assert (cells["C4"].count, cells["C5"].count, cells["C4"].reproduce) == (2, 1, "make coq")
    assert "the kernel of Coq 8.16.1; no theorem rests on an axiom" in cells["C4"].bound
    rules = MECHANISED.gathered(quick=False)[1]
    assert (rules["B2"].status, rules["B2"].count) == ("holds", len(MACHINES["barrier"].claims))


@pytest.mark.parametrize(
    ("theorem", "text"),
    [
        (Theorem("latch", "C4", "not stated"), "latch C4: not stated"),
        (Theorem("latch", "C4", "not proved"), "latch C4: not proved"),
        (Theorem("latch", "C4", "proved", "classic"), "latch C4: proved, classic"),
    ],
)
def test_a_claim_is_inconclusive_without_a_theorem(
    theorem: Theorem, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    coq_says(monkeypatch, [theorem if (one.machine, one.claim) == ("latch", "C4") else one for one in EVERY])
    cells = cells_of(MECHANISED, quick=False)
    assert [str(reason) for reason in cells["C4"].reasons] == [text]
    assert {claim for claim, cell in cells.items() if cell.status != "holds"} == {"C4"}
    assert cells["C4"].bound == ""  # it says that no theorem rests on an axiom
    rules = MECHANISED.gathered(quick=False)[1]
    assert (rules["L1"].status, rules["B2"].status) == ("inconclusive", "holds")


def test_what_is_said_of_every_machine_must_be_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fair runs, a claim about them is empty."""
    coq_says(monkeypatch, [*OF_A_MACHINE, Theorem("system", "FairRuns", "not proved")])
    assert {cell.status for cell in cells_of(MECHANISED, quick=False).values()} == {"inconclusive"}
    assert {one.status for one in MECHANISED.gathered(quick=False)[1].values()} == {"inconclusive"}
    coq_says(monkeypatch, OF_A_MACHINE)
    cells = cells_of(MECHANISED, quick=False)
    assert [str(reason) for reason in cells["C5"].reasons] == ["no theorem about every machine was looked for"]
    assert {one.status for one in MECHANISED.gathered(quick=False)[1].values()} == {"inconclusive"}


def test_every_claim_is_inconclusive_if_a_proof_does_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """That does not say which claim is false, or whether any is."""
    coq_says(monkeypatch, [], "LatchTheorems.v does not compile: Error")
    for cell in cells_of(MECHANISED, quick=False).values():
        assert (cell.status, cell.count) == ("inconclusive", 0)
        assert [str(reason) for reason in cell.reasons] == ["LatchTheorems.v does not compile: Error"]
    rules = MECHANISED.gathered(quick=False)[1]
    assert {(one.status, one.count) for one in rules.values()} == {("inconclusive", 0)}


def test_without_coq_it_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    cells = cells_of(MECHANISED, quick=False)
    assert len(cells) == len(CLAIMS)
    told = "coqc is not installed; make coq installs it on Debian, and checks the proofs"
    assert {(cell.status, cell.detail) for cell in cells.values()} == {("not_run", told)}


def test_a_quick_ledger_does_not_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert {cell.detail for cell in cells_of(MECHANISED).values()} == {
        "the ledger is quick; make coq checks the proofs"
    }
