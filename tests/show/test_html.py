"""The HTML pages, as far as they can be tested without a browser; browser/ tests the rest."""

from __future__ import annotations

import builtins
import dataclasses
import hashlib
import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import load
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.explore.states import explore
from latchproof.export import markdown
from latchproof.show.html import report as report_module
from latchproof.show.html import rules
from latchproof.show.html.annotated import annotate
from latchproof.show.html.check import check_page
from latchproof.show.html.graph_tables import tabulate
from latchproof.show.html.page import LIBRARIES, page
from latchproof.show.html.report import report
from latchproof.verify.kinds import KINDS
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES
from tests.explore.faults import faulty
from tests.show.pages import data_of

VENDOR = files("latchproof.show.html") / "vendor"


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return check(load("asyncio:Barrier"), policy="cpython")


def test_the_libraries_are_those_that_were_released() -> None:
    libraries = tomllib.loads((VENDOR / "vendored.toml").read_text(encoding="utf-8"))["library"]
    assert [library["file"] for library in libraries] == list(LIBRARIES)
    for library in libraries:
        assert hashlib.sha256((VENDOR / library["file"]).read_bytes()).hexdigest() == library["sha256"]
        assert "Permission is hereby granted" in (VENDOR / library["license_file"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_table_has_what_the_explorer_finds(machine: Machine) -> None:
    for policy in machine.policies:
        for argument in machine.bounds.page:
            for tasks in (1, 2, 3):
                table = tabulate(machine, policy, argument, tasks=tasks)
                found = explore(machine, policy, argument, tasks=tasks)
                moves = [move for row in table["moves"] for move in row]
                assert len(moves) == found.transitions
                assert {move[2] for move in moves} - {None} == found.rules
                assert [move for move in moves if move[6]] == []


def test_a_move_keeps_every_task() -> None:
    table = tabulate(BARRIER, BARRIER.policies[0], 3, tasks=4)
    for row in table["moves"]:
        for *_, slots, _ in row:
            assert sorted(slots) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("machine", "operation", "old", "new", "broken"),
    [
        (
            BARRIER, "withdraw", "return parked - 1, broken, B4", "return parked, broken, B4",
            "a withdrawal takes back itself",
        ),
        (LATCH, "count_down", "return count - 1, parked, L1", "return count - 2, parked, L1", "the count is kept"),
    ],
)  # fmt: skip
def test_a_fault_of_the_specification_shows(machine: Machine, operation: str, old: str, new: str, broken: str) -> None:
    table = tabulate(faulty(machine, operation, old, new), machine.policies[0], 3, tasks=1)
    assert broken in {name for row in table["moves"] for move in row for name in move[6]}


def test_a_refused_machine_has_no_table() -> None:
    with pytest.raises(ValueError, match="parties must be 1 or more"):
        tabulate(BARRIER, BARRIER.policies[0], 0, tasks=1)


def test_a_trace_is_judged_again(verdict: Verdict) -> None:
    (trace,) = verdict.traces
    shown = annotate(trace)
    assert shown["agrees"]
    *before, last = shown["steps"]
    assert all(step["allowed"] for step in before)
    assert not last["allowed"]
    assert last["rules"] == list(trace.rules)
    call = str(trace.events[-1]["call"])
    assert tuple(last["calls"][call]) == trace.allowed


def test_a_run_continues_after_an_error_that_belongs_to_no_call(verdict: Verdict) -> None:
    (trace,) = verdict.traces
    stray = {"kind": "stray", "error": "KeyError: 'lost'"}
    shown = annotate(dataclasses.replace(trace, events=(stray, *trace.events)))
    assert shown["agrees"]
    differing = [step["seen"] for step in shown["steps"] if not step["allowed"]]
    assert differing == ["KeyError: 'lost'", trace.seen]
    alone = annotate(dataclasses.replace(trace, events=(stray,), claim="C15"))
    assert (alone["agrees"], alone["steps"][0]["seen"]) == (True, "KeyError: 'lost'")


def test_a_trace_that_is_allowed_says_so(verdict: Verdict) -> None:
    (trace,) = verdict.traces
    allowed = dataclasses.replace(trace, events=trace.events[:-1])
    assert not annotate(allowed)["agrees"]
    elsewhere = dataclasses.replace(trace, claim="C6")
    assert not annotate(elsewhere)["agrees"]


BUILT_IN = [name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)]


@pytest.mark.parametrize("error", ["BrokenBarrierError", "OfTheirOwn", *BUILT_IN])
def test_any_error_can_be_annotate(verdict: Verdict, error: str) -> None:
    (trace,) = verdict.traces
    begin = next(event for event in trace.events if event["kind"] == "begin")
    end = {"kind": "end", "call": begin["call"], "how": "raised", "error": error, "message": "x"}
    (*_, last) = annotate(dataclasses.replace(trace, events=(begin, end)))["steps"]
    assert last["words"] == f"raises {error}"
    assert not last["allowed"]


def test_the_page_holds_its_data_and_cannot_be_broken_out_of() -> None:
    data = {"kind": "run", "text": "</script><script>alert(1)</script>", "sign": "≥"}
    text = page("<title> & more", data)
    assert data_of(text) == data
    assert "alert(1)" not in text
    assert "&lt;title&gt; &amp; more" in text
    assert re.findall(r"\{\{(?:title|styles|data|libraries|script)\}\}", text) == []
    assert "sourceMappingURL" not in text


def test_the_viewer_of_a_run(verdict: Verdict) -> None:
    data = data_of(check_page(verdict))
    assert [trace["claim"] for trace in data["traces"]] == ["C5"]
    assert data["verdict"]["status"] == "counterexample"
    assert "traces" not in data["verdict"]
    (machine,) = data["machines"]
    assert machine["name"] == "barrier"
    named = {row["rule"] for policy in machine["policies"] for row in policy["rules"]}
    assert named | {rule["id"] for rule in machine["unreached"]} == {rule.id for rule in BARRIER.rules}


def test_the_page_of_a_check_concludes_no_more_than_was_judged() -> None:
    verdict = check(
        load("latchproof:Barrier"), policy="latchproof", programs=programs_within(load("latchproof:Barrier"), calls=2)
    )
    assert " conforms to the policy latchproof" in data_of(check_page(verdict))["meaning"]
    narrow = data_of(check_page(dataclasses.replace(verdict, claim="C4")))
    assert " conforms to C4 under the policy latchproof" in narrow["meaning"]
    sampled = data_of(check_page(dataclasses.replace(verdict, scheduler="random")))
    assert "conforms" not in sampled["meaning"]


def test_the_rules_that_judged_come_first(verdict: Verdict) -> None:
    (machine,) = data_of(check_page(verdict))["machines"]
    assert "cpython" in machine["policies"][0]["names"]
    assert "B2a" in {row["rule"] for row in machine["policies"][0]["rules"]}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_rules_and_arrows_without_a_solver_are_those_that_the_prover_finds(machine: Machine) -> None:
    for policy in machine.policies:
        found = {
            (row["rule"], row["call"], row["parked"], row["caller"], row["sentence"])
            for row in rules.rule_rows(machine, policy)
        }
        assert found == {
            (row.rule.id, row.call, row.parked, row.caller, row.rule.sentence)
            for row in markdown.rule_rows(machine, policy)
        }
        arrows = {pair: sorted(ids) for pair, ids in rules.arrows(machine, policy).items()}
        assert arrows == {pair: sorted(ids) for pair, ids in markdown.arrows(machine, policy).items()}


def test_a_rule_comes_with_a_step_by_it() -> None:
    examples = {row["rule"]: row["example"] for row in rules.rule_rows(BARRIER, BARRIER.policies[0])}
    assert examples["B1"] == "parties = 2, parked = 0, broken = False → parked = 1, broken = False"
    assert examples["B0v"] == "parties = -1"


def ledger() -> dict[str, Any]:
    """Return a ledger with a kind of evidence, and a field, that no other code knows."""
    cell = {"status": "holds", "bound": "b", "count": 1, "unit": "u", "seconds": 0.1, "reproduce": "r", "detail": ""}
    names = [*(kind.name for kind in KINDS), "foreseen"]
    evidence = [{"kind": name, **cell} for name in names] + [{"kind": "new", **cell, "more": {"a": 1}}]
    claims = [{"id": claim.id, "sentence": claim.sentence, "evidence": evidence} for claim in CLAIMS]
    return {"claims": claims, "seconds": 1.0, "exit_code": 0, "rules_not_fired": {}}


def test_the_report_is_one_small_file(verdict: Verdict) -> None:
    text = report(ledger(), [], verdict.traces)
    assert len(text.encode()) < 2_000_000
    data = data_of(text)
    assert data["ledger"] == ledger()
    for machine in data["machines"]:
        ours, spec = machine["policies"][0], MACHINES[machine["name"]]
        assert len(ours["graphs"]) == len(report_module.TASKS) * len(spec.bounds.page)
        named = {row["rule"] for policy in machine["policies"] for row in policy["rules"]}
        named |= {rule["id"] for rule in machine["unreached"]}
        assert named == {rule.id for rule in spec.rules}
        assert [policy["names"] for policy in machine["policies"]] == [
            list(spec.names_of(policy)) for policy in spec.policies
        ]


def test_check_writes_the_viewer(tmp_path: Path) -> None:
    out = tmp_path / "run.html"
    code = main(["check", "latchproof:Barrier", "--policy", "latchproof", "--calls", "2", "--html", str(out)])
    data = data_of(out.read_text(encoding="utf-8"))
    assert data["traces"] == []
    assert data["verdict"]["exit_code"] == code


@pytest.mark.parametrize(
    ("written", "said"), [(None, "cannot be read"), ("{", "is not JSON"), ("[]", "is not a ledger")]
)
def test_a_file_that_is_not_a_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, said: str
) -> None:
    path = tmp_path / "ledger.json"
    if written is not None:
        path.write_text(written, encoding="utf-8")
    assert main(["report", "--html", str(tmp_path / "out.html"), "--ledger", str(path)]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.html").exists()


def test_report_shows_a_ledger_and_traces_from_files(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text(json.dumps(ledger()), encoding="utf-8")
    shape = programs_within(load("asyncio:Barrier"), calls=4)
    found = check(load("asyncio:Barrier"), policy="latchproof", programs=shape)
    (tmp_path / "check.json").write_text(json.dumps(found.to_json()), encoding="utf-8")
    out = tmp_path / "report.html"
    arguments = ["--html", str(out), "--ledger", str(tmp_path / "ledger.json"), "--trace", str(tmp_path / "check.json")]
    assert main(["report", *arguments]) == 0
    data = data_of(out.read_text(encoding="utf-8"))
    exhibits = [trace for trace in data["traces"] if "exhibit" in trace]
    assert [trace["exhibit"] for trace in exhibits] == [one["exhibit"] for one in report_module.museum()]
    shown = [trace for trace in data["traces"] if "exhibit" not in trace]
    assert [(trace["policy"], trace["claim"]) for trace in shown] == [
        ("cpython", "C5"), *(("latchproof", trace.claim) for trace in found.traces),
    ]  # fmt: skip
    assert all(trace["agrees"] for trace in data["traces"])
    assert all("(check-sat)" in text for text in data["smtlib"])
    assert len(data["obligations"]) > len(data["smtlib"]) > 0
