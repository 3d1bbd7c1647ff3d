"""Each version of CPython has its line: what ran on it, or why nothing did."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import pythons
from tests.museum.environments import ROOT
from tests.without_plugins import NO_PLUGINS

FOUND = {"3.12": ["3.12.1", "3.12.4"], "3.13": ["3.13.0"]}


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the versions that are tried, of which 3.13.0 fails."""
    versions: list[str] = []

    def passes(version: str) -> bool:
        versions.append(version)
        return version != "3.13.0"

    monkeypatch.setattr(pythons, "HERE", "3.11")
    monkeypatch.setattr(pythons, "minors", lambda: ["3.11", *FOUND, "3.14"])
    monkeypatch.setattr(pythons, "of_minor", lambda minor: FOUND.get(minor, []))
    monkeypatch.setattr(pythons, "passes", passes)
    return versions


def test_the_newest_of_each_is_tried_and_an_absent_one_is_named(
    tried: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert pythons.main() == 1
    assert tried == ["3.12.4", "3.13.0"]
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in said[: len(pythons.LEFT_OUT)]] == list(pythons.LEFT_OUT)
    assert said[len(pythons.LEFT_OUT) :] == [
        "correct classes of the zoo: 3 calls within the first bounds; make test has one more",
        "CPython 3.11: make test runs the suites on it",
        "CPython 3.14: not found, so nothing was run on it",
        "the suites fail on CPython 3.13.0",
    ]


@pytest.mark.parametrize("tests", pythons.LEFT_OUT)
def test_what_is_left_out_is_there_and_make_test_runs_it(tests: str) -> None:
    file, _, name = tests.partition("::")
    assert file.startswith(pythons.SUITES)
    assert f"def {name or 'test_'}" in (ROOT / file).read_text(encoding="utf-8")


def test_all_that_the_package_names_and_all_that_are_found_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "interpreters", lambda: {"3.15.0": Path(sys.executable)})
    assert pythons.minors() == ["3.11", "3.12", "3.13", "3.15"]


@pytest.mark.parametrize(
    ("body", "passed"), [("import os; assert os.environ['ZOO_CALLS'] == '3'", True), ("assert False", False)]
)
def test_a_version_passes_if_its_tests_do(
    body: str, passed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test_one.py"
    file.write_text(f"def test_one():\n    {body}\n", encoding="utf-8")
    monkeypatch.setattr(pythons, "environment", lambda version: Path(sys.executable))
    monkeypatch.setattr(pythons, "SUITES", (str(file),))
    for name, value in NO_PLUGINS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    assert pythons.passes("3.12.4") is passed
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"CPython 3.12.4: 1 {'passed' if passed else 'failed'} in ")
