"""A verdict in SARIF: an error at the line where the run stood last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.cli.main import main
from latchproof.show.sarif import sarif, sarif_of
from latchproof_spec.machine import Programs
from tests.check import samples

SHAPES = (Programs((1,), at_once=2, calls=3, cancellations=1),)


def test_a_broken_claim_is_an_error_at_a_line() -> None:
    verdict = check(adapt(samples.HastyLatch), policy="latchproof", programs=SHAPES)
    (run,) = json.loads(sarif(verdict))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(verdict.reported.failures)
    (result,) = run["results"]
    (location,) = (one["physicalLocation"] for one in result["locations"])
    assert (result["ruleId"], result["level"]) == ("C3", "error")
    assert result["message"]["text"].startswith("C3 is broken: ")
    assert "again:    latchproof replay " in result["message"]["text"]
    path = Path(location["artifactLocation"]["uri"].removeprefix("file://"))
    line = path.read_text(encoding="utf-8").splitlines()[location["region"]["startLine"] - 1]
    assert path.name == "samples.py"
    assert line.strip().startswith(("async def wait", "return", "pass", "await", "self"))
    assert run["invocations"][0]["executionSuccessful"]


def test_what_is_inconclusive_is_a_notification_and_no_result() -> None:
    verdict = check(adapt(samples.PlainLatch), policy="latchproof", programs=SHAPES, schedules=1)
    (run,) = json.loads(sarif_of([verdict, verdict]))["runs"]
    (invocation,) = run["invocations"]
    assert run["results"] == []
    assert not invocation["executionSuccessful"]
    assert len(invocation["toolExecutionNotifications"]) == 2 * len(verdict.reasons)


def test_a_module_writes_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "found.sarif"
    assert main(["check", "tests/check/module_samples.py", "--calls", "3", "--sarif", str(file)]) == 1
    (run,) = json.loads(file.read_text(encoding="utf-8"))["runs"]
    uris = {
        one["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for one in result.get("locations", ())
    }
    assert uris == {"tests/check/module_samples.py"}
    (invocation,) = run["invocations"]
    said = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert any(one.startswith("NamedDoor: not driven: ") for one in said), said
    assert not invocation["executionSuccessful"]
    capsys.readouterr()
