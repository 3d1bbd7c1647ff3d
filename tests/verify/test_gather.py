"""The ledger as it is gathered: each cell says what was done, and could have failed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from latchproof.check.loops import STEPPED
from latchproof.cli.main import main
from latchproof.fuzz.drivers import DRIVEN
from latchproof.mutants.checks import MutantCheck
from latchproof.verify import exported, kinds, proved, scheduled
from latchproof.verify import gather as gathering
from latchproof.verify.evidence import own_rules
from latchproof.verify.exported import check_exports
from latchproof.verify.gather import could_have_failed, try_mutants
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from tests.verify.ledgers import CONFIRMED, IDS, NAMES, UNOBSERVABLE, full_ledger, printed

MUST_KILL = [kind.name for kind in KINDS if kind.must_kill]
SEEN = sum(len(machines_about(claim)) for claim in CLAIMS if not claim.unobservable)


def test_every_claim_holds_by_every_kind_of_evidence(gathered: Ledger) -> None:
    for claim in IDS:
        for kind in NAMES:
            due = "inconclusive" if kind == "proved" and not CONFIRMED else "holds"
            due = "not_run" if claim in UNOBSERVABLE and kind in ("scheduled", "fuzzed") else due
            due = "not_run" if kind == "mechanised" else due  # the ledger is quick
            assert (claim, kind, gathered.cell(claim, kind).status) == (claim, kind, due)
    assert gathered.exit_code == (0 if CONFIRMED else 3)
    assert gathered.unfired == {}
    assert len(gathered.cells) == len(IDS) * len(KINDS)
    assert gathered.seconds > 0
    assert gathered.cpu_seconds > 0


def test_a_cell_says_what_was_done_and_how_to_do_it_again(gathered: Ledger) -> None:
    for cell in gathered.cells:
        if cell.status == "not_run":
            assert cell.detail
        else:
            assert cell.count > 0
            assert cell.seconds > 0
            assert cell.bound
            assert cell.reproduce.startswith(("latchproof ", "python proofs/"))
    units = {kind.name: kind.unit for kind in KINDS if kind.name != "mechanised"}
    assert {cell.kind: cell.unit for cell in gathered.cells if cell.count} == units
    assert len({kind.unit for kind in KINDS}) == len(KINDS)


def test_the_commands_that_it_names_are_there(gathered: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    commands = {one for cell in gathered.cells for one in cell.reproduce.split(" && ")}
    of_kit = {one for one in commands if one.startswith("latchproof ")}
    # a proof and an exploration for each claim; for each class that it is about, a check on each host that can be run a
    # step at a time, and fuzzing on each host
    assert len(of_kit) == 2 * len(IDS) + (len(STEPPED) + len(DRIVEN)) * SEEN
    assert {one for one in commands if one and one not in of_kit} == {
        f"python proofs/run_contracts.py --claim {c}" for c in IDS
    }
    for command in of_kit:
        with pytest.raises(SystemExit) as exit_:
            main([*command.split()[1:], "--help"])
        assert exit_.value.code == 0
    capsys.readouterr()


@pytest.mark.parametrize("host", STEPPED)
def test_the_commands_come_to_the_same_in_a_process_of_their_own(gathered: Ledger, host: str, tmp_path: Path) -> None:
    """Where nothing is imported that the target does not import, and the first is not the ledger.

    A command about a claim exits with 0 if the class is not refuted and the claim was exercised. So for each class the
    command about no claim is run, whose file has the claims that were exercised; and on one host one about a claim.
    """
    commands = {one for cell in gathered.cells if cell.kind == "scheduled" for one in cell.reproduce.split(" && ")}
    mine = sorted(one for one in commands if f" --host {host} " in one)
    assert len(mine) == SEEN
    whole = [one for one in scheduled.repeat(None, True).split(" && ") if f" --host {host} " in one]
    assert {re.sub(r" --claim \w+", "", one) for one in mine} == set(whole)
    run = [f"{one} --json {tmp_path / str(number)}" for number, one in enumerate(whole)]
    if host == "asyncio":
        run += [next(one for one in mine if f" check {cls.shell} " in one) for cls in MACHINES.values()]
    program = "import sys; from latchproof.cli.main import main; print([main(one.split()[1:]) for one in sys.argv[1:]])"
    done = subprocess.run([sys.executable, "-c", program, *run], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str([0] * len(run)), done.stdout
    for number, machine in enumerate(MACHINES.values()):
        (policy,) = json.loads((tmp_path / str(number)).read_text(encoding="utf-8"))["policies"]
        assert set(policy["had_a_chance"]) == {claim.id for claim in machine.claims} - UNOBSERVABLE


def test_the_commands_for_all_of_it_name_no_claim() -> None:
    for kind in KINDS:
        whole = kind.repeat(None, True)
        assert "--claim" not in whole
        assert whole == kind.repeat(CLAIMS[9], True).replace(f" --claim {CLAIMS[9].id}", "")


def test_our_own_rules_are_those_that_a_run_can_fire() -> None:
    assert own_rules() == {
        "L1", "L2", "L3", "L3x", "L4", "L5", "L6", "L7", "L8", "L9", "L10",
        "B1", "B2", "B3", "B4", "B5", "B5e", "B6", "B7",
    }  # fmt: skip


def test_the_mutants_are_a_gate(gathered: Ledger) -> None:
    assert gathered.mutants is not None
    assert gathered.cell("C1", "proved").killed_mutants == gathered.mutants.killed("C1", "proved") > 0
    assert gathered.cell("C1", "contracted").killed_mutants is None
    assert MUST_KILL == ["proved", "explored", "scheduled", "fuzzed"]
    for claim, kind in product(set(IDS) - UNOBSERVABLE, MUST_KILL):
        assert gathered.cell(claim, kind).killed_mutants
    ledger = full_ledger()
    ledger.mutants = replace(gathered.mutants, of_original={"C1"})
    assert ledger.exit_code == 1
    assert "mutants: the original breaks C1, so nothing can be concluded from the mutants" in printed(ledger)
    assert printed(ledger)[-1].startswith("a claim, an export or the gate of the mutants fails (")


def test_nothing_is_left_behind(gathered: Ledger) -> None:
    """The event loops that were driven are closed, and none is left as the current one."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_what_breaks_while_it_is_gathered_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the specification may well be one that a prover cannot even read; the rest of the ledger stands."""

    def breaks() -> None:
        raise TypeError("a symbol has no one value")

    monkeypatch.setattr(proved, "prove_all", breaks)
    cells, rules = proved.PROVED.gathered(quick=True)
    assert [cell.claim for cell in cells] == IDS
    assert {(cell.status, cell.kind) for cell in cells} == {("fails", "proved")}
    assert cells[0].detail == "gathering it raised TypeError: a symbol has no one value"
    assert rules == {}


def test_mutants_that_do_not_fit_the_specification_fail_the_ledger(
    gathered: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a guard that a mutant names was dropped: the ledger is printed, and says so."""

    def breaks(checks: object, **options: object) -> None:
        raise LookupError("`return count, parked, L5` is there 0 times in set_count, not once")

    monkeypatch.setattr(gathering, "evaluate_mutants", breaks)
    ledger = replace(gathered, mutants=None)
    try_mutants(ledger, quick=True)
    assert ledger.exit_code == 1
    assert ledger.to_json()["no_mutants"].startswith("evaluating them raised LookupError: `return count, parked, L5`")
    lines = printed(ledger)
    assert "mutants: evaluating them raised LookupError: `return count, parked, L5` is there 0" in "\n".join(lines)
    assert lines[-1].startswith("a claim, an export or the gate of the mutants fails")


@pytest.mark.parametrize("quick", [True, False])
def test_mutants_are_put_to_what_was_gathered(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In full to contracts too, unless they could not be checked here."""
    asked: list[str] = []

    def stop(checks: tuple[MutantCheck, ...], **options: object) -> None:
        asked.extend(check.kind for check in checks)
        raise LookupError

    monkeypatch.setattr(gathering, "evaluate_mutants", stop)
    try_mutants(full_ledger(), quick=quick)
    assert asked == [check.kind for check in kinds.MUTANT_CHECKS if not quick or check.kind != "contracted"]
    asked.clear()
    try_mutants(full_ledger(*[(claim, "contracted", "not_run") for claim in IDS]), quick=False)
    assert asked == ["proved", "explored", "called", "scheduled", "fuzzed"]


def test_a_cell_that_no_mutant_breaks_shows_nothing() -> None:
    cell = full_ledger().cells[0]
    assert could_have_failed(replace(cell, killed_mutants=1)).status == "holds"
    idle = could_have_failed(replace(cell, killed_mutants=0))
    assert (idle.status, idle.detail) == (
        "fails",
        "no mutant of the specification breaks it by what is proved: nothing shows that it could fail",
    )
    assert could_have_failed(replace(cell, killed_mutants=None)).status == "fails"
    assert could_have_failed(replace(cell, kind="contracted", killed_mutants=0)).status == "holds"
    assert could_have_failed(replace(cell, status="not_run", killed_mutants=0)).status == "not_run"


def test_what_the_exporters_write_otherwise_fails_the_ledger(gathered: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [(one.name, one.status) for one in gathered.exports] == [("exported", "holds"), ("crosschecked", "not_run")]
    differs = "spec/exports/latch.tla, line 9: `a` is committed, `b` is rendered"
    monkeypatch.setattr(exported, "stale", lambda root: [differs])
    ledger = full_ledger()
    assert ledger.exit_code == 0
    ledger.exports = check_exports(quick=True)
    assert ledger.exit_code == 1
    assert ledger.to_json()["exports"][0]["detail"] == differs
    assert any(differs in line for line in printed(ledger))
