"""The ledger says what was gathered and no more; a cell can fail, and then the whole does."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.reasons import Reason
from latchproof.cli.main import main
from latchproof.verify import gather as gathering
from latchproof.verify.evidence import Cell, CellStatus, Evidence, RuleCell, fired_rules, own_rules
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machines import CLAIMS, MACHINES
from tests.verify.ledgers import CONFIRMED, IDS, NAMES, fired, full_ledger, printed

NOTHING: list[tuple[str, str, CellStatus]] = [("C9", kind, "not_run") for kind in NAMES]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([], 0),
        ([("C3", "proved", "not_run")], 0),
        ([("C3", "proved", "inconclusive")], 3),
        ([("C3", "proved", "fails")], 1),
        ([("C14", "fuzzed", "fails")], 1),
        ([("C3", "proved", "fails"), ("C4", "proved", "inconclusive")], 1),
        (NOTHING, 3),
        (NOTHING[1:], 0),
    ],
)
def test_the_exit_code(changes: list[tuple[str, str, CellStatus]], code: int) -> None:
    assert full_ledger(*changes).exit_code == code


def test_a_rule_that_was_never_fired_is_inconclusive() -> None:
    ledger = full_ledger()
    ledger.rules["explored"] = fired("explored", own_rules() - {"B5", "L10"})
    assert ledger.unfired == {"explored": ["B5", "L10"]}
    assert ledger.exit_code == 3


def test_a_rule_that_is_fired_nowhere_is_inconclusive_if_it_is_of_our_own_policy() -> None:
    rules = fired_rules([("asyncio", {"L1"}), ("trio", {"L1", "B1"})], "again")
    assert rules["L1"] == RuleCell("holds", 2, ("asyncio", "trio"), "again")
    assert rules["B1"] == RuleCell("holds", 1, ("trio",), "again")
    assert rules["B5"] == RuleCell("inconclusive")
    assert rules["B2r"] == RuleCell("not_run")


def test_the_ledger_as_plain_data(gathered: Ledger) -> None:
    data = json.loads(json.dumps(gathered.to_json()))
    assert set(data) >= {"claims", "rules_not_fired", "seconds", "exit_code"}
    assert (data["exit_code"], data["rules_not_fired"]) == (gathered.exit_code, {})
    assert [(one["id"], one["sentence"]) for one in data["claims"]] == [(one.id, one.sentence) for one in CLAIMS]
    for one in data["claims"]:
        assert [cell["kind"] for cell in one["evidence"]] == NAMES
        for cell in one["evidence"]:
            assert set(cell) == {
                "kind", "status", "bound", "count", "unit", "seconds", "reproduce", "detail", "reasons",
                "killed_mutants",
            }  # fmt: skip
            computed = gathered.mutants is not None and cell["kind"] in gathered.mutants.kinds
            assert type(cell["killed_mutants"]) is (int if computed else type(None))
    assert data["claims"][2]["evidence"][1]["count"] == gathered.cell("C3", "explored").count


def test_a_reason_is_in_the_data() -> None:
    ledger = full_ledger(("C4", "fuzzed", "inconclusive"))
    reason = Reason("not-exercised", "asyncio", "it never had a chance to fail")
    ledger.cells = [replace(one, reasons=(reason,)) if one.status == "inconclusive" else one for one in ledger.cells]
    (found,) = (cell for one in ledger.to_json()["claims"] for cell in one["evidence"] if cell["reasons"])
    assert found["reasons"] == ({"code": "not-exercised", "where": "asyncio", "text": "it never had a chance to fail"},)
    assert "C4 fuzzed: inconclusive because: asyncio: it never had a chance to fail" in printed(ledger)


def test_the_ledger_is_printed(gathered: Ledger) -> None:
    lines = printed(gathered)
    assert lines[0].split() == ["claim", *NAMES]
    assert [line.split()[0] for line in lines[1 : len(IDS) + 1]] == IDS
    assert lines[1].split()[1:3] == [gathered.cell("C1", "proved").status, f"{gathered.cell('C1', 'proved').count:,}"]
    assert [line for line in lines if line.startswith("C3   wait() on a latch returns only if")]
    assert [line for line in lines if line.startswith("explored (C1 C2 C3 C4 C5 ")]
    assert [line for line in lines if line.startswith("    again: latchproof explore")]
    assert [
        line
        for line in lines
        if line == "rules, fuzzed: every rule of our own policy that a whole number can fire was fired (19 in all)"
    ]
    # L4t is for what is not an int
    assert {row.id for row in gathered.rows() if row.is_ours} <= own_rules()
    assert "L4t" not in own_rules()
    assert [line for line in lines if "not run: rules of constructors, rules that no whole number fires, and" in line]
    assert [line for line in lines if line.startswith("mutants killed: how many break a claim, of those judged")]
    assert [line for line in lines if "or are named below" in line and "no fault under our own policy" in line]
    assert [
        line for line in lines if re.search(r"mutants: of .* \d+ are proved to be no fault under our own policy", line)
    ]
    assert lines[-1].startswith("every cell that was run holds (" if CONFIRMED else "the ledger is inconclusive (")


def test_what_fails_is_printed() -> None:
    ledger = full_ledger(("C3", "explored", "fails"), ("C4", "fuzzed", "inconclusive"))
    ledger.rules["explored"] = fired("explored", own_rules() - {"B5"})
    lines = printed(ledger)
    assert "C3 explored fails: a detail" in lines
    assert "C4 fuzzed inconclusive: a detail" in lines
    assert "rules, explored: never fired: B5 (18 in all)" in lines
    assert lines[-1] == "a claim, an export or the gate of the mutants fails (2.5 s, 4.5 CPU-seconds)"
    inconclusive = printed(full_ledger(("C4", "fuzzed", "inconclusive")))
    assert inconclusive[-1] == "the ledger is inconclusive (2.5 s, 4.5 CPU-seconds)"


@pytest.mark.parametrize(
    ("changes", "code"),
    [([], 0), ([("C3", "explored", "fails")], 1), ([("C3", "explored", "inconclusive")], 3)],
)
def test_verify_exits_as_the_ledger_says(
    changes: Any, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bool] = []

    def gather(*, quick: bool, on_start: Any) -> Ledger:
        asked.append(quick)
        on_start("proved")
        return full_ledger(*changes)

    monkeypatch.setattr(gathering, "gather", gather)
    file = tmp_path / "ledger.json"
    assert main(["verify", "--quick", "--json", str(file)]) == code
    assert main(["verify"]) == code
    assert asked == [True, False]
    assert json.loads(file.read_text(encoding="utf-8"))["exit_code"] == code
    assert "the full ledger" in capsys.readouterr().out


def test_the_numbers_have_units(gathered: Ledger) -> None:
    line = next(line for line in printed(gathered) if line.startswith("numbers: "))
    for cell in gathered.cells:
        assert not cell.unit or f"{cell.kind} {cell.unit}" in line


def test_each_rule_has_a_row(gathered: Ledger) -> None:
    rows = {row.id: row for row in gathered.rows()}
    assert list(rows) == [rule.id for machine in MACHINES.values() for rule in machine.rules]
    for rule in own_rules():
        assert rows[rule].is_ours
        assert all(one.count for one in rows[rule].evidence if one.kind not in ("contracted", "mechanised"))
        for one in rows[rule].evidence:  # on some host; small bounds do not come to every rule on each
            if one.kind in ("scheduled", "fuzzed"):
                assert set(one.where) <= {"asyncio", "uvloop", "trio", "flowno"}
    proved, explored, scheduled, *_ = rows["B2r"].evidence
    assert (proved.status, proved.reproduce) == (
        "holds" if CONFIRMED else "inconclusive",
        "latchproof prove --rule B2r",
    )
    assert (explored.where, scheduled.status) == (("java",), "not_run")
    lines = printed(gathered)
    assert any(line.split()[:2] == ["B2", "holds"] for line in lines)
    assert f"L7   wait: {rows['L7'].sentence}" in lines


def test_a_new_kind_of_evidence_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger, its data and what is printed have it, although none of them knows it."""

    def gather(quick: bool) -> tuple[list[Cell], dict[str, RuleCell]]:
        cells = [Cell(claim.id, "holds", bound="a bound", count=7) for claim in CLAIMS]
        return cells, {"L1": RuleCell("holds", 1, ("a place",), "again")}

    guessed = Evidence("guessed", "guesses", "places", gather, lambda claim, quick: "guess", must_kill=False)
    for module in ("latchproof.verify.ledger", "latchproof.verify.gather", "latchproof.show.ledger"):
        monkeypatch.setattr(f"{module}.KINDS", (*KINDS, guessed))
    ledger = full_ledger()
    cells, ledger.rules["guessed"] = guessed.gathered(quick=True)
    ledger.cells += cells
    assert ledger.exit_code == 0
    data = ledger.to_json()
    assert [one["evidence"][-1]["unit"] for one in data["claims"]] == ["guesses"] * len(CLAIMS)
    assert data["rules"][0]["evidence"][-1] == {
        "kind": "guessed", "status": "holds", "count": 1, "unit": "places", "where": ("a place",), "reproduce": "again",
    }  # fmt: skip
    lines = printed(ledger)
    assert lines[0].split() == ["claim", *NAMES, "guessed"]
    assert f"guessed ({' '.join(IDS)}): a bound" in lines
    assert "    again: guess" in lines
