"""What is found of a class that is held against a model, in each form in which it is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from latchproof.check.trace import Trace, from_json
from latchproof.cli.main import main
from latchproof.pytest_plugin import Conforms
from latchproof.show.html.check import check_page
from latchproof.show.junit import junit
from latchproof.show.lanes import mermaid
from latchproof.show.repro import reproduction
from latchproof.testing import check
from tests.check.model_samples import EarlySemaphore, Permits, Semaphore
from tests.show.pages import data_of

SAMPLES = "tests.check.model_samples"
SMALL: dict[str, Any] = {"tasks": 3, "calls": 4, "cancels": 0}
MODEL = f"{SAMPLES}:Permits"

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "KeepingSemaphore",
        "Semaphore",
        {"argument": 0, "kind": "semaphore", "calls": 4, "cancels": 1},
        "effect-of-a-cancelled-call",
    ),
    ("ForgetfulSemaphore", "Semaphore", {"argument": 0, "kind": "semaphore", "calls": 2}, "stranded"),
    ("EarlySemaphore", "Semaphore", {"argument": 0, "model": MODEL, "calls": 1}, "returned-too-early"),
    ("LastFirstSemaphore", "Semaphore", {"argument": 0, "model": f"{SAMPLES}:OrderedPermits"}, "returned-too-early"),
    ("ForgetfulLock", "Lock", {"kind": "lock", "calls": 3}, "stranded"),
    ("OpenEvent", "Event", {"kind": "event", "calls": 3}, "stranded"),
    ("MistakenQueue", "Queue", {"argument": 1, "kind": "queue", "calls": 2}, "wrong-value"),
    ("LosingCondition", "Condition", {"kind": "condition", "calls": 2}, "stranded"),
    ("make_channel", "make_right_channel", {"model": f"{SAMPLES}:Channel", "calls": 2}, "wrong-value"),
]
"""Targets, right classes with the same methods, how a target is checked, and what is found."""


def found(name: str, options: dict[str, Any], claim: str) -> Trace:
    verdict = check(f"{SAMPLES}:{name}", **(SMALL | options))
    assert claim in verdict.reported.failures, verdict
    return next(trace for trace in verdict.traces if trace.claim == claim)


def run(source: str) -> None:
    """Call the test that a source defines."""
    names: dict[str, Any] = {}
    exec(source, names)
    next(one for name, one in names.items() if name.startswith("test_"))()


@pytest.mark.parametrize(("name", "right", "options", "claim"), CASES, ids=[name for name, *_ in CASES])
def test_a_finding_becomes_a_test_that_fails(name: str, right: str, options: dict[str, Any], claim: str) -> None:
    trace = found(name, options, claim)
    assert from_json(trace.to_json()) == trace
    source = reproduction(trace)
    assert "latchproof" not in source.replace("Found by latchproof", "")
    with pytest.raises(AssertionError):
        run(source)
    run(source.replace(f"import {name}\n", f"import {right} as {name}\n"))


def test_a_page_shows_the_source_of_the_model_and_the_states_of_its_runs() -> None:
    verdict = check(f"{SAMPLES}:ForgetfulSemaphore", kind="semaphore", argument=0, calls=2, tasks=2, cancels=0)
    data = data_of(check_page(verdict))
    (model,) = data["models"]
    assert (data["machines"], model["name"], model["policies"]) == ([], "semaphore", ["semaphore"])
    (source,) = model["classes"]
    assert source["where"].startswith("semaphore.py:")
    assert 'when(self._value > 0, "no permit was free")' in source["source"]
    (trace,) = data["traces"]
    assert (trace["agrees"], trace["judged_by"]) == (True, "model semaphore")
    assert trace["steps"][0]["states"] == [{"value": 0}]
    assert {"value": 1} in [state for step in trace["steps"] for state in step["states"]]
    assert {"stranded", "wrong-value"} <= {claim["id"] for claim in data["claims"]}


def test_a_page_of_a_class_that_conforms_has_the_order_of_its_calls() -> None:
    verdict = check(Semaphore, model=Permits, argument=0, calls=3, tasks=3, cancels=0)
    data = data_of(check_page(verdict))
    assert (data["checked_as"], data["judged_by"]) == ("a Permits", "the model Permits")
    assert data["orders"] == ["Policy Permits: first come, first served: yes, within these bounds"]
    assert data["models"][0]["classes"][0]["name"] == "Permits"


def test_a_state_that_is_no_number_is_shown_as_python_writes_it() -> None:
    verdict = check(f"{SAMPLES}:make_channel", model=f"{SAMPLES}:Channel", tasks=2, calls=2, cancels=0)
    (trace,) = data_of(check_page(verdict))["traces"]
    assert trace["made"] == f"{SAMPLES}:make_channel()"
    assert {"items": "(1,)"} in [state for step in trace["steps"] for state in step["states"]]


def test_junit_has_a_case_for_each_finding() -> None:
    verdict = check(f"{SAMPLES}:ForgetfulSemaphore", kind="semaphore", argument=0, calls=2, tasks=2, cancels=0)
    suite = ElementTree.fromstring(junit(verdict))
    names = [case.attrib["name"].partition(" ")[0] for case in suite.iter("testcase")]
    assert names == list(verdict.reported.exercised)
    (failure,) = suite.iter("failure")
    assert "acquire() of call 1 has not ended" in failure.attrib["message"]


@pytest.mark.parametrize(("name", "right", "options", "claim"), CASES[-2:], ids=["condition", "channel"])
def test_a_run_is_drawn_without_an_argument_that_is_not_given(
    name: str, right: str, options: dict[str, Any], claim: str
) -> None:
    trace = found(name, options, claim)
    assert f"participant T as {SAMPLES}#58;{name}()" in mermaid(trace)
    assert trace.to_itf()["#meta"]["description"].startswith(f"{SAMPLES}:{name}() breaks {claim}: ")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ForgetfulLock", ["--kind", "lock", "--calls", "3"]),
        ("EarlySemaphore", ["--model", MODEL, "--calls", "1", "--argument", "0"]),
        ("MistakenQueue", ["--kind", "queue", "--calls", "2", "--argument", "1", "--policy", "lifo"]),
        ("make_channel", ["--model", f"{SAMPLES}:Channel", "--calls", "2"]),
    ],
)
def test_a_run_is_replayed_from_its_file_and_by_the_command_that_is_printed(
    name: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = tmp_path / "verdict.json", f"{SAMPLES}:{name}"
    common = ["--tasks", "2", "--cancels", "0", "--workers", "1", "--json", str(path)]
    assert main(["check", target, *options, *common]) == 1
    (again,) = re.findall(r"again: +latchproof (.*)", capsys.readouterr().out)
    assert main(shlex.split(again)) == 1
    by_command = capsys.readouterr().out.partition("\n")[2]
    assert main(["replay", str(path), target]) == 1
    assert capsys.readouterr().out.partition("\n")[2] == by_command
    assert "not allowed" in by_command


def test_the_fixture_takes_a_model() -> None:
    small = {"argument": 0, "tasks": 2, "calls": 2, "cancels": 0}
    assert Conforms()(Semaphore, model=Permits, **small).exit_code == 0
    found_early = r"returned-too-early: acquire\(\) returned True, though no permit was free"
    with pytest.raises(pytest.fail.Exception, match=found_early):
        Conforms()(EarlySemaphore, model=Permits, **small)
