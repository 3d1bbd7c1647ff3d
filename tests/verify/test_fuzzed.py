"""What is fuzzed: our classes on every host, and a faulty class in their place."""

from __future__ import annotations

import sys

import pytest

from latchproof.check.target import Target, adapt, load
from latchproof.verify import fuzzed
from latchproof.verify.fuzzed import FUZZED
from tests.check.samples import GreedyBarrier
from tests.verify.ledgers import IDS, UNOBSERVABLE, cells_of, of_machine


def test_fuzzing_that_fails_fails_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(name: str, kind: str) -> Target:
        return adapt(GreedyBarrier, kind=kind) if kind == "barrier" else load(name, kind)

    monkeypatch.setattr(fuzzed, "load", greedy)
    monkeypatch.setattr(fuzzed, "DRIVEN", ("asyncio",))
    cells = cells_of(FUZZED)
    of_latch = of_machine("latch")
    assert cells["C6"].status == "fails"
    assert "GreedyBarrier breaks C6 on asyncio" in cells["C6"].detail
    others = set(IDS) - of_latch - {"C6"}
    assert {cells[claim].status for claim in others} == {"inconclusive"}
    assert {one.code for claim in others for one in cells[claim].reasons} <= {"other-claim", "not-exercised"}
    assert {cells[claim].status for claim in of_latch - of_machine("barrier") - UNOBSERVABLE} == {"holds"}


def test_a_host_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr(fuzzed, "DRIVEN", ("asyncio", "uvloop"))
    cells = cells_of(FUZZED)
    assert cells["C3"].bound.startswith("asyncio; 25 examples")
    assert (cells["C3"].status, cells["C3"].detail) == ("holds", "uvloop is not installed here: pip install uvloop")


def test_without_a_host_nothing_had_a_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr(fuzzed, "DRIVEN", ("uvloop",))
    cells = cells_of(FUZZED)
    seen = [cells[claim] for claim in set(IDS) - UNOBSERVABLE]
    assert {(cell.status, cell.count) for cell in seen} == {("inconclusive", 0)}
    assert {one.code for cell in seen for one in cell.reasons} == {"not-exercised"}
