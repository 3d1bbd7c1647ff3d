"""The gate that plants faults in the project's own code: which there are, how one is put, and what is noticed."""

from __future__ import annotations

import ast
import doctest
from pathlib import Path

import pytest
from proofs import planted_faults, source_faults
from proofs.planted_faults import EQUIVALENT, KINDS, ROOT, choose, faults_of, main, mirror, plant, read_equivalent
from proofs.source_faults import Fault, faults

from tests.without_plugins import NO_PLUGINS

SOURCE = '''\
"""Text for a reader."""

from typing import TYPE_CHECKING, Final

LIMIT: Final = 3


def f(queue: list[int], is_open: bool = False) -> bool:
    """Return 1."""
    if not queue or is_open:
        raise ValueError("no 7")
    queue.append(1)
    return all(one < LIMIT for one in queue if one)
'''


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NO_PLUGINS.items():
        monkeypatch.setenv(name, value)


def texts() -> set[str]:
    return {f"{one.before} -> {one.after}" for one in faults("f.py", SOURCE)}


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(source_faults).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        "3 -> (4)",
        "False -> (True)",
        "not queue or is_open -> (not queue and is_open)",
        "not queue or is_open -> (is_open)",
        "not queue -> (queue)",
        'raise ValueError("no 7") -> pass',
        "queue.append(1) -> pass",
        "one < LIMIT -> (one <= LIMIT)",
        "all(one < LIMIT for one in queue if one) -> (any((one < LIMIT for one in queue if one)))",
        "one < LIMIT for one in queue if one -> ((one < LIMIT for one in queue))",
    ],
)
def test_what_might_stand_in_the_place_of_what(text: str) -> None:
    before, _, after = text.partition(" -> ")
    assert any(
        one.before.strip("()") in (before, before.strip("()")) and one.after == after for one in faults("f.py", SOURCE)
    )


def test_texts_for_a_reader_and_annotations_are_left_alone() -> None:
    assert not any("Return 1" in text or "reader" in text or "no 7" in text.partition(" -> ")[2] for text in texts())
    assert not any("Final" in text or "TYPE_CHECKING" in text for text in texts())


@pytest.mark.parametrize("name", KINDS)
def test_every_fault_of_a_kind_is_python_and_another_text(name: str) -> None:
    found = faults_of(KINDS[name])
    assert len(found) > 100
    assert len({one.key for one in found}) == len(found)
    for one in found[:: max(1, len(found) // 15)]:
        text = (ROOT / one.file).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(one.put(text))) != ast.dump(ast.parse(text)), str(one)


def test_each_listed_fault_is_one_that_is_generated_and_is_shown_by_a_test_that_exists() -> None:
    listed = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    generated = {one.key for kind in KINDS.values() for one in faults_of(kind)}
    assert [key for key in listed if key not in generated] == []
    for _, shown_by in listed.values():
        file, _, test = shown_by.partition("::")
        assert f"def {test.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8"), shown_by


def test_at_most_one_fault_in_twenty_of_a_kind_is_listed() -> None:
    listed = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    for name, kind in KINDS.items():
        found = faults_of(kind)
        assert sum(one.key in listed for one in found) <= len(found) / 20, name


def test_a_listed_fault_needs_an_argument_and_a_test() -> None:
    entry = '[[fault]]\nfile = "f.py"\nfunction = "f"\nbefore = "1"\nafter = "(2)"\nwhy = "never read"\n'
    with pytest.raises(ValueError, match="shown_by"):
        read_equivalent(entry)
    shown = f'{entry}shown_by = "tests/test_planted_faults.py::test_a_listed_fault_needs_an_argument_and_a_test"\n'
    assert list(read_equivalent(shown)) == [("f.py", "f", "1", "(2)", 0)]
    with pytest.raises(ValueError, match="twice"):
        read_equivalent(shown * 2)


def test_a_seed_draws_the_same_faults_again_and_another_seed_others() -> None:
    asked = planted_faults._arguments(["judge"])
    first, again, other = ([str(one) for one in choose(["judge"], asked, [], seed)["judge"]] for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == planted_faults.NUMBER


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("src/latchproof/prove/language/grammar.py", ["tests/prove/language/test_grammar.py"]),
        ("spec/latchproof_spec/calls.py", ["tests/spec/test_calls.py"]),
        ("src/latchproof/prove/goals.py", []),
    ],
)
def test_the_tests_of_a_file_come_first(file: str, tests: list[str]) -> None:
    (fault, *_) = faults(file, (ROOT / file).read_text(encoding="utf-8"))
    assert [one for (one,) in mirror(fault, ROOT)] == tests


def test_an_unknown_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["prove"])
    assert stop.value.code == 2
    assert "unknown kind 'prove'; choose from prover, identities" in capsys.readouterr().err


@pytest.mark.parametrize(("after", "noticed"), [("(4)", "FAILED test_f.py::test_f"), ("(1 + 2)", "")])
def test_a_fault_is_noticed_if_a_test_fails_and_the_file_is_put_right(after: str, noticed: str, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f():\n    return 3\n")
    (tmp_path / "test_f.py").write_text("from f import f\n\ndef test_f():\n    assert f() == 3\n")
    (found,) = [one for one in faults("f.py", "def f():\n    return 3\n") if one.before == "3" and one.after == "(4)"]
    planted = Fault(**{**vars(found), "after": after})
    red = plant(planted, [["test_f.py"]], tmp_path, set()).red
    assert ("" if red is None else red.told) == noticed
    assert (tmp_path / "f.py").read_text() == "def f():\n    return 3\n"


def test_a_test_that_fails_without_the_fault_notices_none(tmp_path: Path) -> None:
    (tmp_path / "test_f.py").write_text("def test_f():\n    assert False\n")
    with pytest.raises(RuntimeError, match=r"FAILED test_f\.py::test_f: that is so without a fault, too"):
        planted_faults.require_passing(tmp_path, ["test_f.py::test_f"], set())


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        ("conftest.py", "import f\n\nassert f.f() == 3\n", "pytest ends with exit code 4: "),
        ("test_f.py", "import f\n\nassert f.f() == 3\n\ndef test_f():\n    pass\n", "ERROR test_f.py"),
        ("test_f.py", "import f, os\n\ndef test_f():\n    os._exit(f.f() - 3)\n", "pytest ends with exit code 1: "),
    ],
)
def test_a_fault_that_keeps_pytest_from_reporting_is_noticed(place: str, text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f():\n    return 3\n")
    (tmp_path / "test_f.py").write_text("def test_f():\n    pass\n")
    (tmp_path / place).write_text(text)
    (planted,) = [one for one in faults("f.py", "def f():\n    return 3\n") if one.after == "(4)"]
    red = plant(planted, [["test_f.py"]], tmp_path, set()).red
    assert red is not None
    assert red.told.startswith(told)


def test_a_stage_without_tests_is_no_gate(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f():\n    return 3\n")
    planted, *_ = faults("f.py", "def f():\n    return 3\n")
    with pytest.raises(RuntimeError, match=r"exit code 4: .*test_g\.py.*without a fault, too"):
        plant(planted, [["test_g.py"]], tmp_path, set())
