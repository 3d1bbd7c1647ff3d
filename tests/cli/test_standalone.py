"""`check` and `replay` need no solver, no Hypothesis and no CrossHair, and none of the packages that do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof.show.formats import FORMATS, OF_TRACES

ABSENT = (
    "z3",
    "cvc5",
    "hypothesis",
    "crosshair",
    *(f"latchproof.{name}" for name in ("contracts", "explore", "export", "fuzz", "mutants", "prove", "verify")),
)
CHECK = ["check", "asyncio:Barrier", "--policy", "cpython", "--calls", "4", "--tasks", "3"]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where the packages cannot be imported, by it or by any process that it starts."""
    block = f"import sys\nfor name in {ABSENT!r}:\n    sys.modules[name] = None\n"
    (folder / "sitecustomize.py").write_text(block, encoding="utf-8")
    path = os.pathsep.join([str(folder), *(one for one in sys.path if one)])
    return subprocess.run(
        [sys.executable, "-m", "latchproof", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_blocked_cannot_be_imported(name: str, tmp_path: Path) -> None:
    run(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *(one for one in sys.path if one)])},
    )
    assert "ModuleNotFoundError" in done.stderr


def test_check_and_replay_write_every_format_without_them(tmp_path: Path) -> None:
    files = {one.option: tmp_path / f"found.{one.option}" for one in FORMATS}
    done = run(tmp_path, *CHECK, *(f"--{option}={path}" for option, path in files.items()))
    assert (done.returncode, done.stderr) == (1, "")
    assert "C5 is broken" in done.stdout
    assert [option for option, path in files.items() if not path.read_text(encoding="utf-8").strip()] == []
    again = run(tmp_path, "replay", str(files["json"]), "asyncio:Barrier")
    assert (again.returncode, again.stderr) == (1, "")
    assert "C5 is broken" in again.stdout
    for one in OF_TRACES:
        exported = run(tmp_path, "export", str(files["json"]), "--format", one.name)
        assert (exported.returncode, exported.stderr) == (0, "")
        assert exported.stdout.strip()


def test_a_check_on_processes_needs_none_of_them(tmp_path: Path) -> None:
    done = run(tmp_path, *CHECK, "--workers", "2")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("command", "missing", "extra"),
    [
        (["fuzz", "asyncio:Barrier"], "hypothesis", "fuzz"),
        (["prove"], "z3", "verify"),
        (["verify", "--quick"], "z3, hypothesis, crosshair", "verify"),
    ],
)
def test_other_commands_say_what_they_need(command: list[str], missing: str, extra: str, tmp_path: Path) -> None:
    done = run(tmp_path, *command)
    message = f'latchproof: this command needs {missing}: pip install "latchproof[{extra}]"\n'
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
