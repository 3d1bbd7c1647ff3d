"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof.verify.check import check
from latchproof.verify.render.lanes import explain, lanes
from latchproof.verify.target import load

README = Path(__file__).parent.parent / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
SUITES = [program for program in PROGRAMS if "def test_" in program]


def test_there_are_programs_to_run() -> None:
    assert len(PROGRAMS) == 4
    assert len(SUITES) == 1


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(suite: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program not in SUITES])
def test_a_program_runs_and_prints_what_it_says(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == re.findall(r"# prints: (.*)", program)


def test_the_counterexample_shown_is_the_one_found() -> None:
    verdict = check(load("asyncio:Barrier"), policy="cpython")
    (trace,) = verdict.traces
    shown = README.read_text(encoding="utf-8")
    for line in [*lanes(trace), *explain(trace)]:
        assert line in shown


def test_every_linked_file_exists() -> None:
    root = README.parent
    for document in [README, root / "CONTRIBUTING.md", root / "spec" / "README.md"]:
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8"))
        assert [link for link in links if not (document.parent / link).exists()] == []
