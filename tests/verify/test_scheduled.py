"""What is scheduled: our classes on every host, and a faulty class in their place."""

from __future__ import annotations

import sys

import pytest

from latchproof.check.checker import check
from latchproof.check.target import Target, adapt, load
from latchproof.verify import scheduled
from latchproof.verify.scheduled import SCHEDULED
from tests.check.samples import ForgetfulLatch
from tests.verify.ledgers import IDS, UNOBSERVABLE, cells_of, of_machine


def test_schedules_that_fail_fail_their_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(name: str, kind: str) -> Target:
        return adapt(ForgetfulLatch, name, kind) if kind == "latch" else load(name, kind)

    monkeypatch.setattr(scheduled, "load", forgetful)
    monkeypatch.setattr(scheduled, "STEPPED", ("asyncio",))
    cells = cells_of(SCHEDULED)
    failing = [claim for claim in IDS if cells[claim].status == "fails"]
    assert len(failing) == 1
    assert set(failing) <= {"C11", "C12"}
    assert "nothing can run any more" in cells[failing[0]].detail
    inconclusive = of_machine("latch") - set(failing) - UNOBSERVABLE
    assert {cells[claim].status for claim in inconclusive} == {"inconclusive"}
    assert {one.code for claim in inconclusive for one in cells[claim].reasons} <= {"other-claim", "not-exercised"}
    assert {cells[claim].status for claim in set(IDS) - of_machine("latch")} == {"holds"}


def test_claims_without_a_chance_are_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "quick_bounds", lambda host: {"calls": 1})
    cells = cells_of(SCHEDULED)
    assert cells["C10"].status == "inconclusive"
    assert [str(one) for one in cells["C10"].reasons] == ["it never had a chance to fail"]


def test_what_makes_a_check_inconclusive_makes_the_cell_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "STEPPED", ("asyncio",))
    monkeypatch.setattr(scheduled, "check", lambda *target, **options: check(*target, **options, schedules=100))
    cell = cells_of(SCHEDULED)["C3"]
    assert cell.status == "inconclusive"
    assert all(one.code and "100" in one.text for one in cell.reasons)
    assert {one.where.split(", ")[0] for one in cell.reasons} == {"asyncio"}


def test_schedules_are_run_on_every_host_and_an_absent_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latchproof.check.loops.trio", None)
    cell = cells_of(SCHEDULED)["C5"]
    assert cell.status == "holds"
    assert "on asyncio: " in cell.bound
    assert "on flowno: " in cell.bound
    assert cell.bound.endswith("; not installed: trio")
    assert (
        f"latchproof check latchproof:Barrier --claim {cell.claim} --strict --policy latchproof --host flowno --calls 3"
        in cell.reproduce
    )
