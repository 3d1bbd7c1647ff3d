"""`--model` of prove, explore and export: what they print of a model, and what they refuse."""

from __future__ import annotations

import pytest

from latchproof.cli.main import main
from tests.compile import models

FILE = models.__file__


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main([*arguments])
    out, err = capsys.readouterr()
    return code, out + err


def test_a_model_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = printed(capsys, "prove", "--model", f"{FILE}:Semaphore", "--rule", "S4")
    assert code == 0
    assert "S4, of release: release() returns, and the first 1 of the calls that wait return." in out
    assert "of the machine that hands over at once" in " ".join(out.split())
    assert "M4 No call waits that could continue." in out


def test_a_policy_of_a_model_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = printed(capsys, "prove", "--model", f"{FILE}:Barrier", "--policy", "java", "--claim", "M3")
    assert code == 0
    assert "of the machine that a check allows" in " ".join(out.split())
    assert "M3 Calls that wait continue in order of arrival." in out
    assert "M2" not in out


def test_a_model_is_explored_with_any_number_of_calls_if_its_states_come_to_an_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out = printed(capsys, "explore", "--model", f"{FILE}:Event", "--tasks", "3", "--fair-tasks", "2")
    assert code == 0
    assert "any number of calls by each task" in out
    assert "fails, as it must, without fairness to A, which need not continue then" in out


def test_the_calls_of_a_model_are_bounded_where_its_states_do_not_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latchproof.cli.explore.SOME", 500)
    code, out = printed(capsys, "explore", "--model", f"{FILE}:Semaphore", "--tasks", "2", "--upto", "1")
    assert code == 0
    assert "with any number of calls there are more than 500 orbits, so calls are bounded" in out
    assert "at most 3 calls by each task" in out


@pytest.mark.parametrize("form", ["tla", "cfg", "promela", "markdown", "mermaid", "smt2"])
def test_a_model_is_exported(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = printed(capsys, "export", "--model", f"{FILE}:Lock", "--format", form)
    assert code == 0
    assert len(out.splitlines()) > 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prove", "--model", f"{FILE}:Slots"), "has no 'Slots'"),
        (("prove", "--model", f"{FILE}:BrokenBarrierError"), "is no model that a class can be checked against"),
        (("prove", "--model", f"{FILE}:Event", "--kind", "latch"), "--kind and --model exclude each other"),
        (("prove", "--model", f"{FILE}:Event", "--claim", "C4"), "of a model there is no claim 'C4'; there are M"),
        (("prove", "--model", f"{FILE}:Event", "--rule", "X9"), "there is no rule 'X9'; there are E0"),
        (("prove", "--policy", "java"), "--policy is for a model"),
        (("explore", "--model", f"{FILE}:Event", "--claim", "C4"), "of a model there is no claim 'C4'"),
        (("explore", "--model", f"{FILE}:Barrier", "--policy", "tokio"), "has no policy 'tokio'"),
        (("explore", "--model", f"{FILE}:Event", "--operations", "open"), "has no operation 'open'"),
        (
            ("export", "--format", "tla"),
            "name a machine (latch, barrier), a file that check --json wrote, or a --model",
        ),
        (("export", "latch", "--model", f"{FILE}:Event", "--format", "tla"), "name a machine (latch, barrier)"),
    ],
)
def test_what_is_misused_is_refused(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = printed(capsys, *arguments)
    assert code == 2
    assert message in " ".join(out.split())


def test_a_model_without_rules_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = printed(capsys, "prove", "--model", "tests/compile/refused.py:Chosen")
    assert code == 2
    assert "refused.py:Chosen cannot be compiled to rules. refused.py:" in out
    assert "choose() was reached: that is checked, not proved" in out
