"""What is beside a target, and what it does when it is imported, disturbs neither latchproof nor its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.importing import TargetError, find, plain_path
from latchproof.check.target import load

CLASS = """
import asyncio

class Mine:
    def __init__(self, parties):
        self._barrier = asyncio.Barrier(parties)

    async def wait(self):
        await self._barrier.wait()
"""
CHECK = ("--kind", "barrier", "--policy", "cpython", "--calls", "1", "--workers", "1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, and of no concern to the tests that follow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def checked(folder: Path, target: str = "mine.py:Mine", *options: str, module: bool = False) -> tuple[int, str]:
    """Return the exit code of a check by a worker, and all that is printed."""
    script = folder / "bin" / "latchproof"  # as pip writes it
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        "from latchproof.cli.main import main\nif __name__ == '__main__':\n    raise SystemExit(main())\n"
    )
    begin = ["-m", "latchproof"] if module else [str(script)]
    path = os.pathsep.join(os.path.abspath(one) for one in ("src", "spec"))
    command = [sys.executable, *begin, "check", target, *CHECK, *options]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["random", "logging", "signal", "rich", "latchproof"]
)  # fmt: skip
def test_a_file_beside_the_target_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('this file was imported')\n")
    (tmp_path / "mine.py").write_text(CLASS)
    code, printed = checked(tmp_path)
    assert code == 0, printed


def test_so_it_may_where_latchproof_is_run_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise RuntimeError('this file was imported')\n")
    (tmp_path / "mine.py").write_text(CLASS)
    code, printed = checked(tmp_path, module=True)
    assert code == 0, printed


@pytest.mark.parametrize("line", ["from random import a_helper", "import random; random.a_helper()"])
def test_a_file_that_is_hidden_by_the_standard_library_is_named(folder: Path, line: str) -> None:
    (folder / "random.py").write_text("def a_helper(): ...\n")
    (folder / "hidden_helper.py").write_text(f"{line}\n{CLASS}")
    with pytest.raises(TargetError, match=r"a_helper.*; .*/random\.py has the name of a module .*; rename the file"):
        load("hidden_helper.py:Mine")


@pytest.mark.parametrize("name", ["random", "types"])
def test_the_target_s_own_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text(CLASS)
    code, printed = checked(tmp_path, f"{name}.py:Mine")
    assert code == 0, printed


def test_a_target_may_change_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"import os\nos.chdir('/')\n{CLASS}")
    code, printed = checked(tmp_path, "mine.py:Mine", "--json", "verdict.json")
    assert code == 0, printed
    assert (tmp_path / "verdict.json").is_file()


def test_a_module_of_a_package_may_import_relatively(folder: Path) -> None:
    package = folder / "outer" / "inner_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "base.py").write_text(CLASS)
    (package / "mine.py").write_text("from .base import Mine\n")
    found = find("outer/inner_package/mine.py:Mine")
    assert found.__module__ == "inner_package.base"


def test_two_files_of_one_name_are_two_modules(folder: Path) -> None:
    for name in ("one", "other"):
        (folder / name).mkdir()
        (folder / name / "same_name.py").write_text(f"{CLASS}\nWHICH = {name!r}\n")
    first, second = find("one/same_name.py:Mine"), find("other/same_name.py:Mine")
    assert (first.__module__, second.__module__) == ("same_name", "same_name_target")
    assert sys.modules[second.__module__].WHICH == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise KeyboardInterrupt\n", "cannot be run: KeyboardInterrupt"),
        ("import sys\nsys.exit('enough')\n", "cannot be run: SystemExit: enough"),
        ("import os\nos._exit(1)\n", r"cannot be run: SystemExit: os\._exit\(1\)"),
        ("raise GeneratorExit\n", "cannot be run: GeneratorExit"),
        ("def f(:\n", "cannot be run: SyntaxError"),
        ("name = '\\ud800\xe9'\n", "cannot be run: SyntaxError"),
        ("from .base import Mine\n", "cannot be run: ImportError: attempted relative import"),
    ],
)
def test_a_module_that_cannot_be_run_says_why(folder: Path, text: str, message: str) -> None:
    (folder / "cannot_be_run.py").write_bytes(text.encode("latin-1"))
    with pytest.raises(TargetError, match=message):
        load("cannot_be_run.py:Mine")


@pytest.fixture
def handling() -> Iterator[Callable[[Any], object]]:
    """Return how to set what handles SIGINT, for one test."""
    before = signal.getsignal(signal.SIGINT)
    yield partial(signal.signal, signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_the_users(folder: Path, handling: Callable[[Any], object]) -> None:
    handling(signal.default_int_handler)
    (folder / "slow_to_import.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    with pytest.raises(KeyboardInterrupt):
        load("slow_to_import.py:Mine")


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_an_interrupt_that_no_key_caused_is_the_modules(
    folder: Path, handling: Callable[[Any], object], handler: Any
) -> None:
    handling(handler)
    (folder / "cannot_be_run.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(TargetError, match="cannot be run: KeyboardInterrupt"):
        load("cannot_be_run.py:Mine")


def test_what_a_module_changes_in_the_process_is_undone(folder: Path) -> None:
    limit, handler = sys.getrecursionlimit(), signal.getsignal(signal.SIGINT)
    (folder / "changes_the_process.py").write_text(
        "import signal, sys\nsys.setrecursionlimit(200)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"sys.stdout.close()\nsys.stderr.close()\nsys.stdout = None\ndel sys.modules[__name__]\n{CLASS}"
    )
    assert load("changes_the_process.py:Mine", "barrier").make(3)
    assert (sys.getrecursionlimit(), signal.getsignal(signal.SIGINT)) == (limit, handler)
    print("still open")


def test_a_process_can_be_started_without_what_was_added(folder: Path) -> None:
    (folder / "beside").mkdir()
    (folder / "beside" / "a_plain_one.py").write_text(CLASS)
    find("beside/a_plain_one.py:Mine")
    added = str(folder / "beside")
    assert added in sys.path
    with plain_path():
        assert added not in sys.path
    assert added in sys.path
