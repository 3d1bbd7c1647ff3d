"""The canonical trace, and what is rendered from it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from latchproof import BrokenBarrierError
from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import TargetError, adapt, load
from latchproof.check.trace import SCHEMA, VERSION, Trace, from_json, read_file
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.html.annotated import annotate
from latchproof.show.junit import junit
from latchproof.show.lanes import explain, found, lanes, mermaid
from latchproof.show.repro import reproduction
from latchproof.show.words import CannotRenderError
from latchproof_spec.machine import Programs
from tests.without_plugins import run_alone

FAULTY = '''
import asyncio


class Hangs:
    """A latch that forgets to wake anybody."""

    def __init__(self, count):
        self.count = count

    async def wait(self):
        if self.count:
            await asyncio.get_running_loop().create_future()

    async def count_down(self):
        self.count = max(0, self.count - 1)


class Miscounts(Hangs):
    """A latch that takes off two."""

    async def count_down(self):
        self.count -= 2


class Shouts(Hangs):
    """A latch whose fault reaches the event loop alone."""

    async def count_down(self):
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        self.count = max(0, self.count - 1)
'''


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return check(load("asyncio:Barrier"), policy="latchproof", programs=programs_within(load("asyncio:Barrier")))


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.py"
    path.write_text(FAULTY, encoding="utf-8")
    return path


def first_trace(target: str, claim: str | None = None) -> Trace:
    found = check(load(target), policy="latchproof", programs=programs_within(load(target), 2, 2, 1)).traces
    return next(trace for trace in found if claim in (None, trace.claim))


def test_a_trace_survives_json(verdict: Verdict) -> None:
    for trace in verdict.traces:
        assert from_json(json.loads(json.dumps(trace.to_json()))) == trace


def by_claim(verdict: Verdict, claim: str) -> Trace:
    return next(trace for trace in verdict.traces if trace.claim == claim)


def test_the_shortest_run_comes_first(verdict: Verdict) -> None:
    assert [(one.claim, one.count("begin")) for one in verdict.traces] == [("C8", 3), ("C5", 4)]
    assert verdict.shortest == verdict.traces[0]


def test_the_last_event_is_the_one_that_is_not_allowed(verdict: Verdict) -> None:
    c5, c8 = by_claim(verdict, "C5"), by_claim(verdict, "C8")
    at = c5.events[-1]["at"]
    assert at.startswith("locks.py:")
    assert (c5.claim, c5.events[-1]) == ("C5", {"kind": "end", "call": 2, "how": "returned", "value": 1, "at": at})
    assert (c8.claim, c8.events[-1]["how"], c8.events[-1]["error"]) == ("C8", "raised", "BrokenBarrierError")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "other"}, "its schema is not"),
        ({"version": 99}, "of version 99"),
        ({"extra": 1}, "lacks fields, or has others: extra"),
        ({"argument": "3"}, "its argument is str, not int"),
        ({"argument": True}, "its argument is bool, not int"),
        ({"schedule": None}, "its schedule is NoneType, not list"),
    ],
)
def test_what_is_no_trace_is_refused(verdict: Verdict, change: dict[str, Any], message: str) -> None:
    with pytest.raises(TargetError, match=message):
        from_json(verdict.traces[0].to_json() | change)


def test_a_trace_is_read_from_a_file_by_its_claim(verdict: Verdict, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(verdict.to_json()), encoding="utf-8")
    assert read_file(path) == verdict.traces[0]
    assert [read_file(path, one.claim) for one in verdict.traces] == list(verdict.traces)
    with pytest.raises(TargetError, match="has no trace for C1"):
        read_file(path, "C1")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"absent\.json cannot be read"):
        read_file(tmp_path / "absent.json")
    (tmp_path / "no.json").write_text("{", encoding="utf-8")
    with pytest.raises(TargetError, match="is not JSON"):
        read_file(tmp_path / "no.json")


def test_the_schema_has_a_name_and_a_version(verdict: Verdict) -> None:
    plain = by_claim(verdict, "C5").to_json()
    assert (plain["schema"], plain["version"]) == (SCHEMA, VERSION)


def test_itf_has_a_state_for_each_event(verdict: Verdict) -> None:
    itf = by_claim(verdict, "C5").to_itf()
    assert itf["vars"] == ["event", "calls", "observed"]
    assert [state["#meta"]["index"] for state in itf["states"]] == list(range(len(by_claim(verdict, "C5").events)))
    assert itf["states"][-1]["calls"]["#map"] == [[1, "cancelled"], [2, "returned"], [3, "under way"], [4, "returned"]]


def test_lanes_show_each_call_and_mark_the_end(verdict: Verdict) -> None:
    lines = lanes(by_claim(verdict, "C5"))
    assert lines[0].split() == ["step", "call", "1", "call", "2", "call", "3", "call", "4", "state"]
    assert [line.endswith("<- not allowed") for line in lines] == [False] * (len(lines) - 1) + [True]
    allowed, waiting = explain(by_claim(verdict, "C5"))
    assert found(by_claim(verdict, "C5"))[0] == "seen:     call 2: wait() returned 1"
    assert allowed == "allowed:  to return 0 (rule B2)"
    assert waiting.startswith("waiting:  call 3 at locks.py:")


class _Bare:
    """A wrong barrier of which nothing can be observed, and whose calls have long ends."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._arrived = 0

    async def wait(self) -> int:
        self._arrived += 1
        await asyncio.sleep(0)
        if self._arrived > self._parties:
            raise BrokenBarrierError
        return self._arrived - 1


def test_lanes_count_steps_where_nothing_can_be_observed_and_keep_their_columns() -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=0, waits_only=True)
    verdict = check(adapt(_Bare, kind="barrier"), policy="latchproof", programs=(shape,))
    trace = next(one for one in verdict.traces if "BrokenBarrierError" in one.seen)
    lines = lanes(trace)
    assert [line.split()[0] for line in lines] == ["step", "1", "2", "3"]
    second = lines[0].index("call 2")
    assert lines[2].index("wait()") == second
    assert "a step ends" not in "\n".join([*lines, mermaid(trace)])
    assert trace.to_json() == from_json(trace.to_json()).to_json()
    assert annotate(trace)["agrees"]


def test_a_sequence_diagram_has_an_arrow_for_each_beginning_and_end(verdict: Verdict) -> None:
    trace = by_claim(verdict, "C5")
    lines = mermaid(trace).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert sum("->>T" in line for line in lines) == trace.count("begin")
    assert sum("T-->>" in line or "T--x" in line for line in lines) == trace.count("end")


def test_junit_counts_failures_and_skips(verdict: Verdict) -> None:
    suite = ElementTree.fromstring(junit(verdict))
    assert (suite.get("failures"), suite.get("tests")) == ("2", "11")
    failed = [case.get("name", "").split()[0] for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["C5", "C8"]
    target = load("asyncio:Barrier")
    narrow = check(target, policy="cpython", programs=programs_within(target, 2, 1, 1))
    suite = ElementTree.fromstring(junit(narrow))
    skipped = [case.get("name", "").split()[0] for case in suite.iter("testcase") if case.find("skipped") is not None]
    assert skipped == list(narrow.reported.not_exercised) != []
    assert suite.get("skipped") == str(len(skipped))


def test_junit_has_an_error_if_nothing_can_be_concluded(verdict: Verdict) -> None:
    target = load("asyncio:Barrier")
    stopped = check(target, policy="cpython", programs=programs_within(target, 2, 2, 0), schedules=2)
    suite = ElementTree.fromstring(junit(stopped))
    (error,) = suite.iter("error")
    assert stopped.status == "inconclusive"
    assert error.get("message", "") == "; ".join(map(str, stopped.reasons)) != ""
    assert (suite.get("errors"), suite.get("tests")) == ("1", str(len(list(suite.iter("testcase")))))
    assert ElementTree.fromstring(junit(verdict)).get("errors") == "0"


def test_junit_says_which_claims_were_left_out() -> None:
    target = load("asyncio:Barrier")
    verdict = check(target, policy="cpython", programs=programs_within(target, 2, 2, 0))
    suite = ElementTree.fromstring(junit(verdict))
    properties = {one.get("name"): one.get("value", "") for one in suite.iter("property")}
    assert "no cancellations were tried, so nothing is said of C7" in properties["notes"]


@pytest.mark.parametrize("claim", ["C5", "C8"])
def test_a_reproduction_fails_when_run_alone(verdict: Verdict, claim: str, tmp_path: Path) -> None:
    trace = next(one for one in verdict.traces if one.claim == claim)
    path = tmp_path / "test_reproduction.py"
    path.write_text(reproduction(trace), encoding="utf-8")
    assert "latchproof" not in path.read_text(encoding="utf-8").split('"""')[2]
    done = run_alone(path)
    assert done.returncode == 1
    assert "AssertionError" in done.stdout


@pytest.mark.parametrize("claim", ["C5", "C8"])
def test_a_reproduction_passes_on_a_barrier_without_the_fault(verdict: Verdict, claim: str, tmp_path: Path) -> None:
    trace = next(one for one in verdict.traces if one.claim == claim)
    source = reproduction(trace).replace("from asyncio import Barrier", "from latchproof import Barrier")
    path = tmp_path / "test_reproduction.py"
    path.write_text(source, encoding="utf-8")
    assert run_alone(path).returncode == 0


@pytest.mark.parametrize(("name", "claim"), [("Hangs", "C12"), ("Miscounts", "C16")])
def test_hangs_and_observations_are_reproduced_too(name: str, claim: str, faulty: Path, tmp_path: Path) -> None:
    path = tmp_path / "test_reproduction.py"
    path.write_text(reproduction(first_trace(f"{faulty}:{name}", claim)), encoding="utf-8")
    assert run_alone(path).returncode == 1


def test_an_error_that_only_the_event_loop_sees_has_no_reproduction(faulty: Path) -> None:
    with pytest.raises(CannotRenderError, match="reached only the event loop"):
        reproduction(first_trace(f"{faulty}:Shouts", "C15"))


def test_check_writes_every_rendering(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["json", "junit", "mermaid", "repro"]
    options = [word for name in names for word in (f"--{name}", str(tmp_path / f"out.{name}"))]
    assert main(["check", "asyncio:Barrier", "--policy", "cpython", "--tasks", "3", *options]) == 1
    assert capsys.readouterr().out.count("wrote     ") == len(names)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["exit_code"] == 1
    for form in ("itf", "mermaid", "pytest"):
        assert main(["export", str(tmp_path / "out.json"), "--format", form]) == 0
    assert (tmp_path / "out.repro").read_text(encoding="utf-8") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["latch", "--format", "itf"], "a machine has no itf form"),
        ([__file__, "--format", "smt2"], "a trace has no smt2 form"),
        (["absent.json", "--format", "itf"], "'absent.json' is not a machine (latch, barrier), and"),
    ],
)
def test_export_says_what_cannot_be(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *arguments]) == 2
    assert message in capsys.readouterr().err
