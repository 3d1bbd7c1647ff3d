"""Policies that need a state of their own: what they allow and what they do not, on every host, and who is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof import Barrier, CountdownLatch
from latchproof.check.jobs import Job, do_job
from latchproof.check.target import TargetError, adapt
from latchproof.check.trace import from_json
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.pytest_plugin import Conforms
from latchproof.show.html.annotated import annotate
from latchproof.testing import check, state_machine
from latchproof_spec.machine import Programs
from latchproof_spec.machines import MACHINES, claim_of, sentence_of
from tests.check import variant_samples as samples

RIGHT = [
    (samples.Irrevocable, "tokio"),
    (samples.IrrevocableWithoutValue, "tokio"),
    (samples.FirstLeads, "tokio"),
    (samples.CountsArrivals, "tokio"),
    (samples.OneUse, "one-use"),
    (samples.AutoReset, "auto-reset"),
    (samples.SettableAutoReset, "auto-reset"),
    (samples.RefusesAtZero, "auto-reset"),
    (samples.Phase, "phase"),
    (samples.PhaseFromOne, "phase"),
]
FAULTY = [
    (samples.LosesAnArrival, "tokio", "C13"),
    (samples.AllLead, "tokio", "C5"),
    (samples.NoneLeads, "tokio", "C5"),
    (samples.TripsEarly, "tokio", "C6"),
    (samples.ForgetsThoseLeft, "tokio", "C13"),
    (samples.BreaksWhenCancelled, "tokio", "C16"),
    (samples.ForgetsToOpen, "one-use", "C11"),
    (samples.ClosesAgain, "one-use", "C11"),
    (samples.KeepsAnArrival, "one-use", "C6"),
    (samples.TakesBackAfterOpening, "one-use", "C11"),
    (samples.OpensForGood, "auto-reset", "C3"),
    (samples.OpensTwice, "auto-reset", "C16"),
    (samples.OpensForNone, "auto-reset", "C12"),
    (samples.StaysAtZero, "auto-reset", "C16"),
    (samples.LastReturnsNext, "phase", "C5"),
    (samples.StaysInPhase, "phase", "C5"),
    (samples.SkipsPhases, "phase", "C5"),
    (samples.CountsCancelled, "phase", "C6"),
    (samples.CountsCancellationsAsPhases, "phase", "C5"),
]
OF_A_LATCH = {one.name for one in MACHINES["latch"].variants}


def small(factory: Callable[[int], Any], policy: str | None, **options: Any) -> Verdict:
    kind = options.pop("kind", "latch" if policy in OF_A_LATCH else "barrier")
    bounds: dict[str, Any] = {"tasks": 2, "calls": 4, "cancels": 1, **options}
    return check(factory, kind=kind, policy=policy, **bounds)


@pytest.mark.parametrize(("factory", "policy"), RIGHT)
def test_what_a_variant_permits_conforms_where_it_is_named(factory: Callable[[int], Any], policy: str) -> None:
    verdict = small(factory, policy)
    assert (verdict.status, verdict.reasons, verdict.satisfied) == ("conforms", (), (policy,))


@pytest.mark.parametrize(("factory", "policy"), RIGHT)
def test_without_its_name_it_is_a_counterexample_and_a_note_names_the_variant(
    factory: Callable[[int], Any], policy: str
) -> None:
    verdict = small(factory, None, kind="latch" if policy in OF_A_LATCH else "barrier")
    assert verdict.exit_code == 1
    assert [note for note in verdict.notes if "allows" in note] == [f"policy {policy} allows this: --policy {policy}"]
    assert policy not in {one.policy for one in verdict.policies}


@pytest.mark.parametrize(("factory", "policy", "claim"), FAULTY)
def test_a_fault_is_found_under_a_variant(factory: Callable[[int], Any], policy: str, claim: str) -> None:
    verdict = small(factory, policy, calls=5)
    assert verdict.exit_code == 1
    assert claim in verdict.reported.failures


@pytest.mark.parametrize("host", ["trio", "flowno"])
@pytest.mark.parametrize(("factory", "policy"), RIGHT[:4:3] + RIGHT[4:6] + RIGHT[-1:])
def test_other_hosts_have_variants_too(factory: Callable[[int], Any], policy: str, host: str) -> None:
    pytest.importorskip(host)
    verdict = small(factory, policy, host=host, calls=3)
    assert (verdict.status, verdict.reasons) == ("conforms", ())


@pytest.mark.parametrize("host", ["trio", "flowno"])
@pytest.mark.parametrize(
    ("factory", "policy", "claim"),
    [
        (samples.LosesAnArrival, "tokio", "C13"),
        (samples.KeepsAnArrival, "one-use", "C6"),
        (samples.OpensForGood, "auto-reset", "C3"),
        (samples.LastReturnsNext, "phase", "C5"),
    ],
)
def test_a_fault_is_found_on_other_hosts(factory: Callable[[int], Any], policy: str, claim: str, host: str) -> None:
    pytest.importorskip(host)
    verdict = small(factory, policy, host=host, calls=3)
    assert claim in verdict.reported.failures


SAMPLES = "tests.check.variant_samples"
LOSES = [f"{SAMPLES}:LosesAnArrival", "--kind", "barrier", "--policy", "tokio"]
SMALL = ["--tasks", "2", "--calls", "3", "--cancels", "1"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main([*arguments])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_every_rendering_of_a_verdict_speaks_of_the_variant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formats = ("json", "html", "junit", "repro")
    files = {name: tmp_path / f"verdict.{name}" for name in formats}
    options = [text for name in formats for text in (f"--{name}", str(files[name]))]
    code, out = run(capsys, "check", *LOSES, *SMALL, "--workers", "2", *options)
    written = {name: file.read_text() for name, file in files.items()}
    sentence = sentence_of("C13", "barrier", "tokio")
    assert code == 1
    assert sentence != claim_of("C13").sentence
    for text in (out, written["repro"], written["junit"]):
        assert sentence in " ".join(text.split())
    assert "fired     rules wait() ends other calls, wait() is cancelled after it took effect" in out
    data = json.loads(written["json"])
    assert [one["name"] for one in data["policies"]] == ["tokio"]
    trace = next(one for one in data["traces"] if one["claim"] == "C13")
    annotated = annotate(from_json(trace))
    assert (annotated["agrees"], annotated["sentence"]) == (True, sentence)
    assert {"broken": False, "cancelled": 1, "parties": 2} in annotated["steps"][-2]["states"]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert (
        subprocess.run([sys.executable, files["repro"]], env=found, check=False).returncode == 0
    )  # it only defines the test
    code, out = run(capsys, "replay", str(files["json"]), LOSES[0], "--claim", "C13")
    assert code == 1
    assert "judged by tokio" in out
    assert "cancelled 1" in " ".join(out.split())
    again = run(capsys, "replay", from_json(trace).notation, *LOSES)
    assert again[0] == 1


def test_a_variant_can_be_estimated_fuzzed_and_sampled(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "check", *LOSES, *SMALL, "--estimate")
    assert code == 3
    assert "an estimate of the work" in out
    machine = state_machine(samples.TripsEarly, kind="barrier", policy="tokio")
    quick = settings(max_examples=100, database=None, deadline=None, phases=(Phase.generate,), derandomize=True)
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(machine, settings=quick)
    assert sentence_of("C6", "barrier", "tokio") in " ".join(str(found.value).split())
    right = [f"{SAMPLES}:SettableAutoReset", "--policy", "auto-reset"]
    code, out = run(capsys, "fuzz", *right, "--examples", "50", "--claim", "C3")
    assert code == 0
    assert "nothing found" in out
    code, out = run(capsys, "check", *right, *SMALL, "--scheduler", "random", "--schedules", "200")
    assert code == 0
    assert "under the policy auto-reset" in out
    assert "not driven: " in out
    assert "set_count()" in out


def test_a_variant_is_named_wherever_one_may_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "replay", "fuzz"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "and only if named leader, tokio, one-" in text
        assert "auto-reset" in text
    code, out = run(capsys, "check", LOSES[0], "--kind", "barrier", "--policy", "rust")
    assert code == 2
    assert "there are latchproof, cpython, java, aiologic, lenient" in " ".join(out.split())
    assert "tokio, one-use, phase" in " ".join(out.split())
    code, out = run(capsys, "check", LOSES[0], "--kind", "barrier", "--policy", "auto-reset")
    assert code == 2


def test_what_is_explored_and_exported_has_rules(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["explore", "--policy", "tokio"], ["export", "barrier", "--format", "tla", "--policy", "tokio"]):
        code, out = run(capsys, *command)
        assert code == 2
        assert "the policy tokio is a model, which has no rules" in " ".join(out.split())


def test_a_class_that_a_policy_allows_is_not_checked_again() -> None:
    assert not small(Barrier, None, kind="barrier", calls=2).notes
    verdict = small(samples.BreaksWhenCancelled, None, kind="barrier", calls=3)
    assert verdict.exit_code == 1
    assert not [note for note in verdict.notes if "allows" in note]


def test_nothing_is_said_of_a_variant_that_could_not_be_decided() -> None:
    """With so few schedules the check under the variants is stopped early."""
    verdict = small(samples.Irrevocable, None, kind="barrier", scheduler="exhaustive", schedules=10)
    assert verdict.exit_code == 1
    assert not [note for note in verdict.notes if "allows" in note]


def test_a_test_suite_may_name_a_variant() -> None:
    assert Conforms()(samples.Phase, kind="barrier", policy="phase", tasks=2, calls=3).satisfied == ("phase",)
    with pytest.raises(pytest.fail.Exception, match="policy tokio allows this: --policy tokio"):
        Conforms()(samples.Irrevocable, kind="barrier", tasks=2, calls=3)
    with pytest.raises(TargetError, match=r"there is no policy 'tokio' for a latch; there are .*, auto-reset"):
        check(CountdownLatch, policy="tokio")


def test_a_job_that_asks_only_whether_something_fails_stops_there() -> None:
    job = Job(Programs((2,), 2, 4, 1), 2, ("tokio",), "asyncio", False, "exhaustive", 1_000, 0)
    target = adapt(samples.LosesAnArrival, kind="barrier")
    all_of_it, only_whether = do_job(target, job), do_job(target, replace(job, only_whether=True))
    assert only_whether.walk.failures["tokio"]
    assert only_whether.walk.schedules < all_of_it.walk.schedules
    assert (only_whether.reasons, only_whether.notes) == ((), ())
