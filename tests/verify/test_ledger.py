"""The ledger says what was gathered and no more; a cell can fail, and then the whole does."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from latchproof import Barrier, CountdownLatch
from latchproof.check.loops import STEPPED_HOSTS
from latchproof.cli.main import main
from latchproof.contracts import MANIFEST, Condition, Contracts, ContractsNotRunError, ExpectedStatus, find_root
from latchproof.explore.expected import Comparison, Expectation, compare, read_expectations
from latchproof.explore.fairness import Lasso, Liveness, Promise, check_eventualities
from latchproof.explore.states import Exploration, Violation
from latchproof.prove.obligation import Obligation
from latchproof.prove.obligations import prove
from latchproof.prove.shells import Equivalence
from latchproof.show.terminal import print_ledger
from latchproof.verify import ledger as keeping
from latchproof.verify.ledger import KINDS, MUST_KILL, Evidence, Kind, Ledger, Status, own_rules
from latchproof_spec.latch.claims import C3, C12
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from tests.check.samples import ForgetfulLatch, GreedyBarrier

UNSEEN = {claim.id: claim.unobservable for claim in CLAIMS if claim.unobservable}
CONFIRMED = find_spec("cvc5") is not None  # without a second solver nothing is taken for proved
IDS = [claim.id for claim in CLAIMS]
OF_LATCH = {claim.id for claim in CLAIMS if MACHINES["latch"] in machines_about(claim)}


def contracts(*failures: str, claims: list[str] = IDS) -> Contracts:
    """What the gate of the contracts would say; it takes a minute, and has tests of its own."""
    conditions = [
        Condition("proofs/file.py", "function", 7, "True", "confirmed", "confirmed", "", (claim,)) for claim in claims
    ]
    canary = Condition("proofs/canaries.py", "function", 7, "False", "refuted", "refuted", "", ())
    return Contracts((*conditions, canary), failures, 1.5)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_contracts", lambda **options: contracts())
    monkeypatch.setattr(keeping, "QUICK_EXAMPLES", 25)


def by_claim(cells: Iterator[Evidence]) -> dict[str, Evidence]:
    return {cell.claim: cell for cell in cells}


@pytest.fixture(scope="module")
def gathered() -> Ledger:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "check_contracts", lambda **options: contracts())
        patch.setattr(keeping, "QUICK_EXAMPLES", 25)
        started: list[str] = []
        begun = time.perf_counter()
        ledger = keeping.gather(quick=True, on_start=started.append)
        seconds = time.perf_counter() - begun
        # what one kind took is the same in all of its cells; the contracts were not really checked
        took = {cell.kind: cell.seconds for cell in ledger.cells if cell.kind not in ("contracted", "scheduled")}
        assert sum(took.values()) <= ledger.seconds <= seconds
        assert sorted(started) == sorted([*KINDS, "kept", "mutants"])
        return ledger


def test_every_claim_holds_by_every_kind_of_evidence(gathered: Ledger) -> None:
    for claim in IDS:
        for kind in KINDS:
            due = "inconclusive" if kind == "proved" and not CONFIRMED else "holds"
            due = "not_run" if claim in UNSEEN and kind in ("scheduled", "fuzzed") else due
            assert (claim, kind, gathered.cell(claim, kind).status) == (claim, kind, due)
    assert gathered.exit_code == (0 if CONFIRMED else 3)
    assert gathered.unfired == {}
    assert len(gathered.cells) == len(IDS) * len(KINDS)
    assert gathered.seconds > 0


def test_a_cell_says_what_was_done_and_how_to_do_it_again(gathered: Ledger) -> None:
    for cell in gathered.cells:
        if cell.status == "not_run":
            assert cell.detail
        else:
            assert cell.count > 0
            assert cell.seconds > 0
            assert cell.bound
            assert cell.reproduce.startswith(("latchproof ", "python proofs/"))
    units = {cell.kind: cell.unit for cell in gathered.cells if cell.count}
    assert units == {
        "proved": "obligations", "explored": "judgements", "scheduled": "schedules", "contracted": "conditions",
        "fuzzed": "calls",
    }  # fmt: skip


def test_the_commands_that_it_names_are_there(gathered: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    commands = {one for cell in gathered.cells for one in cell.reproduce.split(" && ")}
    of_kit = {one for one in commands if one.startswith("latchproof ")}
    # a proof and an exploration for each claim; of each class that it is about, one on each of three hosts whose steps
    # are ours, and fuzzed on four
    seen = sum(len(machines_about(claim)) for claim in CLAIMS if not claim.unobservable)
    assert len(of_kit) == 2 * len(IDS) + (3 + 4) * seen
    assert {one for one in commands if one and one not in of_kit} == {
        f"python proofs/run_contracts.py --claim {c}" for c in IDS
    }
    for command in of_kit:
        with pytest.raises(SystemExit) as exit_:
            main([*command.split()[1:], "--help"])
        assert exit_.value.code == 0
    capsys.readouterr()


@pytest.mark.parametrize("host", STEPPED_HOSTS)
def test_the_commands_come_to_the_same_in_a_process_of_their_own(gathered: Ledger, host: str) -> None:
    """Where nothing is imported that the target does not import, and the first is not the ledger."""
    commands = {one for cell in gathered.cells if cell.kind == "scheduled" for one in cell.reproduce.split(" && ")}
    mine = sorted(one for one in commands if f" --host {host} " in one)
    assert len(mine) == sum(len(machines_about(claim)) for claim in CLAIMS if not claim.unobservable)
    program = "import sys; from latchproof.cli.main import main; print([main(one.split()[1:]) for one in sys.argv[1:]])"
    done = subprocess.run([sys.executable, "-c", program, *mine], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str([0] * len(mine)), done.stdout


def test_the_proofs_say_by_which_solvers(gathered: Ledger) -> None:
    said = (
        "for every count, number of parties, generations and tasks, under every policy as far as it demands the claim"
    )
    for claim in IDS:
        assert gathered.cell(claim, "proved").bound.startswith(f"{said}, by z3 ")
        assert (" and cvc5 " in gathered.cell(claim, "proved").bound) == CONFIRMED


def smaller(*model: Any, tasks: int, at_most: int) -> Liveness:
    """The eventualities with two tasks fewer than it says."""
    return replace(check_eventualities(*model, tasks=tasks - 2), tasks=tasks)


def as_pinned(quick: bool) -> dict[str, str]:
    """Everything is found as the manifest has it."""
    return {}


def test_what_is_gathered_in_full_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_eventualities", smaller)
    monkeypatch.setattr(keeping, "_not_as_pinned", as_pinned)
    ledgers = Ledger(), Ledger()
    quick, full = (
        by_claim(keeping._explored(tier, ledger)) for tier, ledger in zip((True, False), ledgers, strict=True)
    )
    assert all(full[claim].count > quick[claim].count for claim in IDS)
    assert quick["C1"].bound.startswith("3 and 4 tasks, counts 0-4, parties 1-4, calls without bound; ")
    assert full["C1"].bound.startswith("5 and 6 tasks, counts 0-6, parties 1-6, calls without bound; ")
    assert (quick["C1"].reproduce, full["C12"].reproduce) == (
        "latchproof explore --claim C1 --tasks 3 4 --upto 4",
        "latchproof explore --claim C12 --tasks 5 6 --fair-tasks 4 5 --upto 6",
    )


def test_our_own_rules_are_those_that_a_run_can_fire() -> None:
    assert own_rules() == {
        "L1", "L2", "L3", "L3x", "L4", "L5", "L6", "L7", "L8", "L9", "L10",
        "B1", "B2", "B3", "B4", "B5", "B6", "B7",
    }  # fmt: skip


def full_ledger(*changes: tuple[str, Kind, Status]) -> Ledger:
    """A ledger in which everything holds but for the changes."""
    changed = {(claim, kind): status for claim, kind, status in changes}
    cells = [
        Evidence(claim, kind, changed.get((claim, kind), "holds"), "a bound", 3, "units", 0.5, "again", "a detail")
        for claim in IDS
        for kind in KINDS
    ]
    return Ledger(cells, {"fuzzed": own_rules()}, 2.5)


NOTHING: list[tuple[str, Kind, Status]] = [("C9", kind, "not_run") for kind in KINDS]


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
def test_the_exit_code(changes: list[tuple[str, Kind, Status]], code: int) -> None:
    assert full_ledger(*changes).exit_code == code


def test_a_rule_that_was_never_fired_is_inconclusive() -> None:
    ledger = full_ledger()
    ledger.rules["explored"] = own_rules() - {"B5", "L10"}
    assert ledger.unfired == {"explored": ["B5", "L10"]}
    assert ledger.exit_code == 3


def test_the_ledger_as_plain_data(gathered: Ledger) -> None:
    data = json.loads(json.dumps(gathered.to_json()))
    assert set(data) >= {"claims", "rules_not_fired", "seconds", "exit_code"}
    assert (data["exit_code"], data["rules_not_fired"]) == (gathered.exit_code, {})
    assert [(one["id"], one["sentence"]) for one in data["claims"]] == [(one.id, one.sentence) for one in CLAIMS]
    for one in data["claims"]:
        assert [cell["kind"] for cell in one["evidence"]] == list(KINDS)
        for cell in one["evidence"]:
            assert set(cell) == {
                "kind", "status", "bound", "count", "unit", "seconds", "reproduce", "detail", "killed_mutants",
            }  # fmt: skip
            computed = gathered.mutants is not None and cell["kind"] in gathered.mutants.kinds
            assert type(cell["killed_mutants"]) is (int if computed else type(None))
    assert data["claims"][2]["evidence"][1]["count"] == gathered.cell("C3", "explored").count


def test_the_mutants_are_a_gate(gathered: Ledger) -> None:
    assert gathered.mutants is not None
    assert gathered.cell("C1", "proved").killed_mutants == gathered.mutants.killed("C1", "proved") > 0
    assert gathered.cell("C1", "contracted").killed_mutants is None
    for claim, kind in product(set(IDS) - set(UNSEEN), MUST_KILL):
        assert gathered.cell(claim, kind).killed_mutants
    ledger = full_ledger()
    ledger.mutants = replace(gathered.mutants, of_original={"C1"})
    assert ledger.exit_code == 1
    assert "mutants: the original breaks C1: what is said of the mutants is worth nothing" in printed(ledger)
    assert printed(ledger)[-1].startswith("a claim fails, or what would show that it could (")


def obligation(*claims: str, status: Any = "proved") -> Obligation:
    return Obligation("a name", claims, "latch", "java", "wait", "L7", status, "count = 70", "", 0.1)


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
    of_calls = replace(obligation("C2"), model="identities")
    obligations = [obligation("C1"), of_calls, obligation("C4"), obligation(*claims, status=status)]
    monkeypatch.setattr(keeping, "prove_all", lambda: obligations)
    monkeypatch.setattr(keeping, "_miscounted", lambda obligations, shells: "")
    cells = by_claim(keeping._proved(True, Ledger()))
    assert {claim: cells[claim].status for claim in expected} == expected
    assert cells["C1"].detail == f"{status}: a name: latch.wait L7 (java) count = 70"
    assert cells["C1"].count == 1 + ("C1" in claims)


def test_a_proof_of_counters_alone_is_none_of_a_claim_about_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "prove_all", lambda: [obligation("C1"), obligation("C2")])
    monkeypatch.setattr(keeping, "_miscounted", lambda obligations, shells: "")
    cells = by_claim(keeping._proved(True, Ledger()))
    assert (cells["C1"].status, cells["C2"].status) == ("holds", "inconclusive")
    assert cells["C2"].detail == "proved of counters alone, which leave open which tasks they are"
    assert cells["C5"].status == "not_run"


def test_obligations_that_are_missing_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that forgets some has them all proved."""
    forgetful = list(prove(LATCH, LATCH.policies[:1]))
    monkeypatch.setattr(keeping, "prove_all", lambda: forgetful)
    cells = by_claim(keeping._proved(True, Ledger()))
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail.startswith("latch counters: ")
    assert "barrier counters: 0 obligations, the manifest has " in cells["C1"].detail

    def nowhere() -> Path:
        raise ContractsNotRunError("no source checkout")

    monkeypatch.setattr(keeping, "find_root", nowhere)
    assert by_claim(keeping._proved(True, Ledger()))["C1"].status == "holds"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Exploration("latch", "java", 1, 2, 3, checks={"C1": 5}), {"C1": "holds", "C2": "not_run"}),
        (Exploration("latch", "java", 1, 2, 3, checks={"C1": 5}, complete=False), {"C1": "inconclusive"}),
        (
            Exploration(
                "latch",
                "java",
                1,
                2,
                3,
                checks={"C1": 5, "C2": 5},
                violations=[Violation("a name", ("C2",), ("x", "y"))],
            ),
            {"C1": "holds", "C2": "fails"},
        ),
    ],
)
def test_an_exploration_that_fails_fails_its_claims(
    monkeypatch: pytest.MonkeyPatch, found: Exploration, expected: dict[str, str]
) -> None:
    monkeypatch.setattr(keeping, "explore", lambda *arguments, **options: found)
    monkeypatch.setattr(keeping, "check_eventualities", smaller)
    monkeypatch.setattr(keeping, "_not_as_pinned", as_pinned)
    cells = by_claim(keeping._explored(True, Ledger()))
    assert {claim: cells[claim].status for claim in expected} == expected
    if found.violations:
        assert cells["C2"].detail == "a name, latch(0), policy latchproof: x / y"
    runs = (5 * 6 + 4 * 5) * 2  # counts x policies of the latch, parties x policies of the barrier, numbers of tasks
    assert cells["C1"].count == 5 * (runs if found.complete else 2)  # what has no end is not begun anew


HELD = Promise("goes on", "C12", 5, None, Lasso(("A calls wait()",), ("B calls wait()",)))
BROKEN = Promise("goes on", "C12", 5, Lasso(("A calls wait()",), ()), None)
NEVER = Promise("goes on", "C12", 0, None, None)


@pytest.mark.parametrize(
    ("promise", "complete", "status", "detail"),
    [
        (HELD, True, "holds", ""),
        (HELD, False, "inconclusive", "a graph was given up, for it has too many states"),
        (NEVER, True, "inconclusive", "it is not owed to anybody, or comes without fairness too"),
        (
            BROKEN, True, "fails",
            "goes on, latch(0), policy latchproof: A calls wait() / for ever: nothing",
        ),
        (BROKEN, False, "fails", "goes on, latch(0), policy latchproof: A calls wait() / for ever: nothing"),
    ],
)  # fmt: skip
def test_an_eventuality_that_fails_fails_its_claim(
    monkeypatch: pytest.MonkeyPatch, promise: Promise, complete: bool, status: str, detail: str
) -> None:
    found = Exploration("latch", "java", 1, 2, 3, checks={"C1": 5, "C12": 5})
    monkeypatch.setattr(keeping, "explore", lambda *arguments, **options: found)

    monkeypatch.setattr(keeping, "_not_as_pinned", as_pinned)

    def live(machine: Any, policy: Any, argument: int, *, tasks: int, at_most: int) -> Liveness:
        promises = (promise,) if machine.name == "latch" else ()
        return Liveness(machine.name, policy.name, argument, tasks, 3, 7, 9, complete, promises, 0.1)

    monkeypatch.setattr(keeping, "check_eventualities", live)
    cells = by_claim(keeping._explored(True, Ledger()))
    assert (cells["C12"].status, cells["C12"].detail, cells["C1"].status) == (status, detail, "holds")
    assert "as an eventuality, with 3 and 4 tasks, under weak fairness" in cells["C12"].bound
    assert "eventuality" not in cells["C1"].bound


def test_classes_that_decide_otherwise_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    differs = [Equivalence("latch", "wait", "quick", "L8", "refuted", "it returns, for count = 1")]
    monkeypatch.setattr(keeping, "prove_shells", lambda: differs)
    cells = by_claim(keeping._proved(True, Ledger()))
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "refuted: latch.wait decides otherwise than L8: it returns, for count = 1"


def test_schedules_that_fail_fail_their_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CLASSES", {"latch": ForgetfulLatch, "barrier": Barrier})
    monkeypatch.setattr(keeping, "STEPPED_HOSTS", ("asyncio",))
    cells = by_claim(keeping._scheduled(True, Ledger()))
    failing = [claim for claim in IDS if cells[claim].status == "fails"]
    assert len(failing) == 1
    assert set(failing) <= {"C11", "C12"}
    assert "nothing can run any more" in cells[failing[0]].detail
    assert {cells[claim].status for claim in OF_LATCH - set(failing) - set(UNSEEN)} == {"inconclusive"}
    assert {cells[claim].status for claim in set(IDS) - OF_LATCH} == {"holds"}


def test_claims_without_a_chance_are_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "QUICK_BOUNDS", {key: {"calls": 1} for key in keeping.QUICK_BOUNDS})
    cells = by_claim(keeping._scheduled(True, Ledger()))
    assert cells["C8"].status == "inconclusive"
    assert cells["C8"].detail == "it never had a chance to fail"


def test_schedules_are_run_on_every_host_and_an_absent_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latchproof.check.loops.trio", None)
    cell = by_claim(keeping._scheduled(True, Ledger()))["C5"]
    assert cell.status == "holds"
    assert "on asyncio: " in cell.bound
    assert "on flowno: " in cell.bound
    assert cell.bound.endswith("; not installed: trio")
    assert (
        f"latchproof check latchproof:Barrier --claim {cell.claim} --strict --policy latchproof --host flowno --calls 3"
        in cell.reproduce
    )


def test_contracts_that_fail_fail_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_contracts", lambda **options: contracts("a failure", "another"))
    cells = by_claim(keeping._contracted(True, Ledger()))
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "a failure; another"


def refuted(claims: tuple[str, ...], expected: ExpectedStatus) -> Contracts:
    """All contracts as they should be, but one."""
    sound = contracts("one is wrong")
    status: ExpectedStatus = "refuted" if expected == "confirmed" else "confirmed"
    wrong = Condition("proofs/file.py", "function", 9, "True", expected, status, "", claims)
    return Contracts((*sound.conditions, wrong), sound.failures, 1.5)


def test_a_contract_that_fails_fails_the_claims_that_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_contracts", lambda **options: refuted(("C1", "C4"), "confirmed"))
    cells = by_claim(keeping._contracted(True, Ledger()))
    assert {claim for claim, cell in cells.items() if cell.status == "fails"} == {"C1", "C4"}
    assert {cell.status for cell in cells.values()} == {"fails", "inconclusive"}
    assert cells["C1"].detail == "one is wrong"
    assert cells["C2"].detail == "a contract about something else fails: one is wrong"


def test_a_false_contract_that_is_confirmed_fails_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_contracts", lambda **options: refuted((), "refuted"))
    assert {cell.status for cell in keeping._contracted(True, Ledger())} == {"fails"}


def test_a_claim_without_a_contract_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "check_contracts", lambda **options: contracts(claims=["C1", "C1", "C2"]))
    cells = by_claim(keeping._contracted(True, Ledger()))
    assert (cells["C1"].status, cells["C1"].count) == ("holds", 2)
    assert (cells["C3"].status, cells["C3"].detail) == ("not_run", "no contract is about it")
    assert "1 false contracts refuted" in cells["C1"].bound


def test_without_a_checkout_contracts_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(**options: Any) -> Contracts:
        raise ContractsNotRunError("no source checkout")

    monkeypatch.setattr(keeping, "check_contracts", absent)
    cells = by_claim(keeping._contracted(True, Ledger()))
    assert {(cell.status, cell.detail) for cell in cells.values()} == {("not_run", "no source checkout")}


def test_fuzzing_that_fails_fails_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latchproof.fuzz.drivers.HOSTS", ("asyncio",))
    monkeypatch.setattr(keeping, "CLASSES", {"latch": CountdownLatch, "barrier": GreedyBarrier})
    cells = by_claim(keeping._fuzzed(True, Ledger()))
    assert cells["C6"].status == "fails"
    assert "GreedyBarrier breaks C6 on asyncio" in cells["C6"].detail
    assert {cells[claim].status for claim in set(IDS) - OF_LATCH - {"C6"}} == {"inconclusive"}
    assert {cells[claim].status for claim in OF_LATCH - {"C4", "C7", "C10", "C11", *UNSEEN}} == {"holds"}


def test_a_host_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr("latchproof.fuzz.drivers.HOSTS", ("asyncio", "uvloop"))
    cells = by_claim(keeping._fuzzed(True, Ledger()))
    assert cells["C1"].bound.startswith("asyncio; 25 examples")
    assert (cells["C1"].status, cells["C1"].detail) == ("holds", "uvloop is not installed here: pip install uvloop")


def test_without_a_host_nothing_had_a_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr("latchproof.fuzz.drivers.HOSTS", ("uvloop",))
    cells = by_claim(keeping._fuzzed(True, Ledger()))
    assert {(cells[claim].status, cells[claim].count) for claim in set(IDS) - set(UNSEEN)} == {("inconclusive", 0)}


def printed(ledger: Ledger) -> list[str]:
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        print_ledger(console, ledger)
    return capture.get().splitlines()


def test_the_ledger_is_printed(gathered: Ledger) -> None:
    lines = printed(gathered)
    assert lines[0].split() == ["claim", *KINDS]
    assert [line.split()[0] for line in lines[1:15]] == IDS
    assert lines[1].split()[1:3] == [gathered.cell("C1", "proved").status, f"{gathered.cell('C1', 'proved').count:,}"]
    assert [line for line in lines if line.startswith("C3   wait() on a latch returns only if")]
    assert [line for line in lines if line.startswith("explored (C1 C2 C3 C4 C5 ")]
    assert [line for line in lines if line.startswith("    again: latchproof explore")]
    assert [
        line
        for line in lines
        if line == "rules, fuzzed: every rule of our own policy that a whole number can fire was fired (18 in all)"
    ]
    # L4t is for what is no whole number
    assert {row.id for row in gathered.rows() if row.is_ours} <= own_rules()
    assert "L4t" not in own_rules()
    assert [
        line for line in lines if "what is not run is a constructor's rule, one that no whole number fires, or" in line
    ]
    assert [line for line in lines if line.startswith("mutants killed: how many break a claim, of those judged")]
    assert [line for line in lines if "or are named below" in line and "no fault under our own policy" in line]
    assert [
        line for line in lines if re.search(r"mutants: of .* \d+ are proved to be no fault under our own policy", line)
    ]
    assert lines[-1].startswith("every cell that was run holds (" if CONFIRMED else "something is inconclusive (")


def test_what_fails_is_printed() -> None:
    ledger = full_ledger(("C3", "explored", "fails"), ("C4", "fuzzed", "inconclusive"))
    ledger.rules["explored"] = own_rules() - {"B5"}
    lines = printed(ledger)
    assert "C3 explored fails: a detail" in lines
    assert "C4 fuzzed inconclusive: a detail" in lines
    assert "rules, explored: never fired: B5 (17 in all)" in lines
    assert lines[-1] == "a claim fails, or what would show that it could (2.5 s)"
    assert printed(full_ledger(("C4", "fuzzed", "inconclusive")))[-1] == "something is inconclusive (2.5 s)"


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

    monkeypatch.setattr(keeping, "gather", gather)
    file = tmp_path / "ledger.json"
    assert main(["verify", "--quick", "--json", str(file)]) == code
    assert main(["verify"]) == code
    assert asked == [True, False]
    assert json.loads(file.read_text(encoding="utf-8"))["exit_code"] == code
    assert "gathering: proved" in capsys.readouterr().out


def test_nothing_is_left_behind(gathered: Ledger) -> None:
    """The event loops that were driven are closed, and none is left as the current one."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_what_breaks_while_it_is_gathered_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the specification may well be one that a prover cannot even read; the rest of the ledger stands."""

    def breaks() -> list[Obligation]:
        raise TypeError("a symbol has no one value")

    monkeypatch.setattr(keeping, "prove_all", breaks)
    cells = keeping._cells_of("proved", keeping._proved, True, Ledger())
    assert [cell.claim for cell in cells] == IDS
    assert {cell.status for cell in cells} == {"fails"}
    assert cells[0].detail == "gathering it raised TypeError: a symbol has no one value"


def test_mutants_that_do_not_fit_the_specification_fail_the_ledger(
    gathered: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a guard that a mutant names was dropped: the ledger is printed, and says so."""

    def breaks(kinds: object, **options: object) -> None:
        raise LookupError("`return count, parked, L5` stands 0 times in latch.set_count, not once")

    monkeypatch.setattr(keeping, "judge_mutants", breaks)
    ledger = replace(gathered, mutants=None)
    keeping._count_killed(ledger)
    assert ledger.exit_code == 1
    assert ledger.to_json()["no_mutants"].startswith("judging them raised LookupError: `return count, parked, L5`")
    lines = printed(ledger)
    assert "mutants: judging them raised LookupError: `return count, parked, L5` stands 0 times" in "\n".join(lines)
    assert lines[-1].startswith("a claim fails, or what would show that it could")


def test_the_numbers_have_units(gathered: Ledger) -> None:
    line = next(line for line in printed(gathered) if line.startswith("numbers: "))
    for cell in gathered.cells:
        assert not cell.unit or f"{cell.kind} {cell.unit}" in line


def test_an_exploration_that_is_not_as_pinned_fails_its_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is not looked at any more breaks no property."""
    shallow = replace(compare(named_pinned("2 parties, 4 tasks")), failures=("orbits: 29, the manifest has 30",))
    monkeypatch.setattr(keeping, "compare", lambda one: shallow if one.name == shallow.expectation.name else SAME)
    wrong = keeping._not_as_pinned(True)
    of_barrier = {claim.id for claim in CLAIMS if MACHINES["barrier"] in machines_about(claim)}
    assert wrong == dict.fromkeys(
        sorted(of_barrier, key=IDS.index), "barrier, 2 parties, 4 tasks: " + shallow.failures[0]
    )
    monkeypatch.setattr(keeping, "_not_as_pinned", lambda quick: {"C5": "a reason"})
    found = Exploration("latch", "java", 1, 2, 3, checks=dict.fromkeys(IDS, 5))
    monkeypatch.setattr(keeping, "explore", lambda *arguments, **options: found)
    monkeypatch.setattr(keeping, "check_eventualities", smaller)
    cells = by_claim(keeping._explored(True, Ledger()))
    assert [(claim, cell.detail) for claim, cell in cells.items() if cell.status == "fails"] == [("C5", "a reason")]


def named_pinned(name: str) -> Expectation:
    return next(one for one in read_expectations(find_root() / MANIFEST) if one.name == name)


SAME = Comparison(named_pinned("2 parties, 4 tasks"), {}, (), 0.0)


def test_a_property_that_is_empty_fails_its_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = next(one for one in LATCH.history_properties if one.claims == (C3, C12))
    monkeypatch.setattr(keeping, "vacuous_properties", lambda machine: [empty] if machine is LATCH else [])
    monkeypatch.setattr(keeping, "compare", lambda expectation: SAME)
    said = "endings are plain lets everything pass that is wrong on purpose"
    assert keeping._not_as_pinned(True) == {"C3": said, "C12": said}


def test_a_cell_that_no_mutant_breaks_shows_nothing() -> None:
    cell = full_ledger().cells[0]
    assert keeping._could_have_failed(replace(cell, killed_mutants=1)).status == "holds"
    idle = keeping._could_have_failed(replace(cell, killed_mutants=0))
    assert (idle.status, idle.detail) == (
        "fails",
        "no mutant of the specification breaks it by what is proved: nothing shows that it could fail",
    )
    assert keeping._could_have_failed(replace(cell, kind="contracted", killed_mutants=0)).status == "holds"
    assert keeping._could_have_failed(replace(cell, status="not_run", killed_mutants=0)).status == "not_run"


def test_a_shell_that_is_not_looked_at_fails_every_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "prove_all", lambda: [obligation("C1")])
    monkeypatch.setattr(keeping, "_miscounted", lambda obligations, shells: "")
    monkeypatch.setattr(keeping, "blind_spots", lambda: ["state"])
    cells = by_claim(keeping._proved(True, Ledger()))
    assert {cell.status for cell in cells.values()} == {"fails"}
    assert cells["C1"].detail == "a shell that differs in the state would not be noticed"


def test_what_the_exporters_write_otherwise_fails_the_ledger(gathered: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [(one.name, one.status) for one in gathered.kept] == [("exported", "holds"), ("crosschecked", "not_run")]
    monkeypatch.setattr(keeping, "stale", lambda root: ["spec/exports/latch.tla, line 9: `a` is kept, `b` is rendered"])
    ledger = full_ledger()
    assert ledger.exit_code == 0
    ledger.kept = keeping._kept(True)
    assert ledger.exit_code == 1
    assert ledger.to_json()["kept"][0]["detail"] == "spec/exports/latch.tla, line 9: `a` is kept, `b` is rendered"
    assert any("latch.tla, line 9: `a` is kept" in line for line in printed(ledger))


def test_each_rule_has_a_row(gathered: Ledger) -> None:
    rows = {row.id: row for row in gathered.rows()}
    assert list(rows) == [rule.id for machine in MACHINES.values() for rule in machine.rules]
    for rule in own_rules():
        assert rows[rule].is_ours
        assert all(one.count for one in rows[rule].evidence if one.kind != "contracted")
        for one in rows[rule].evidence:  # on some host; small bounds do not come to every rule on each
            if one.kind in ("scheduled", "fuzzed"):
                assert set(one.where) <= {"asyncio", "uvloop", "trio", "flowno"}
    proved, explored, scheduled, *_ = rows["B2r"].evidence
    assert (proved.status, proved.reproduce) == (
        "holds" if CONFIRMED else "inconclusive",
        "latchproof prove --rule B2r",
    )
    assert (explored.where, scheduled.status) == (("java",), "not_run")
    ledger = full_ledger()
    ledger.rules["fuzzed"] = set()
    assert {row.evidence[-1].status for row in ledger.rows() if row.is_ours} == {"inconclusive"}
    lines = printed(gathered)
    assert any(line.split()[:2] == ["B2", "holds"] for line in lines)
    assert f"L7   wait: {rows['L7'].sentence}" in lines
