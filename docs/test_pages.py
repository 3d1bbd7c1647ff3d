"""Run every program and command of the documentation: each must print what the page shows.

A page is run from top to bottom in a new folder:

- a `code-block` with a caption is a file of that name;
- a `python` block is a program; it prints, line by line, what its `# prints: ...` comments say;
- a `console` block has commands, each after `$ `, and under it what it prints; `...` stands for any text, and alone on
  a line for any number of lines. A command must exit with 0, unless `$ echo $?` follows and shows another code;
- a `diff` block is a fault: it is put into a copy of the project, in which the commands that follow are run; the next
  such block begins with an unchanged copy;
- an `sh` block is not run, because it installs something or takes minutes; it is in the list below.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from proofs.planted_faults import copy_project

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
OTHERS = {"museum.md"}
"""A page without programs of its own: `make museum` writes it from what it runs."""

PAGES = sorted(page for page in DOCS.rglob("*.md") if page.name not in OTHERS and "_build" not in page.parts)
NOT_RUN = {
    'pip install "latchproof[fuzz]" pytest',
    'pip install "latchproof[check]"',
    'pip install "latchproof[trio]"',
    'pip install "latchproof[check,cluster]"',
    'pip install "latchproof[flowno]"',
    # these need machines; tests/check/test_cluster.py does the same on the loopback address
    "dask scheduler",
    "dask worker tcp://192.0.2.1:8786",
    "latchproof check mypackage.sync:MyBarrier --cluster tcp://192.0.2.1:8786",
    "latchproof report --quick --html report.html",  # make browser runs it
}


PROGRESS = re.compile(r"^latchproof: .* after \d+ s\b.*\n", re.MULTILINE)
"""What a command says on a slow machine of how far it is."""

SECONDS = 1200
"""Time after which a command is taken to hang; one needs some 20 s, and more where other work shares the machine."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its caption or "", its text, and its line."""

    language: str
    caption: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\S+)(?: (\w+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        directive, argument, body = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        if directive in ("{toctree}", "{eval-rst}", "toml"):
            continue
        caption = ""
        if directive == "{code-block}":
            options, _, body = body.partition("\n\n")
            caption = options.removeprefix(":caption: ")
            directive = argument
        yield Block(directive, caption, body, line)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `latchproof` and `python` are those of this source tree."""
    commands = tmp_path / ".bin"
    commands.mkdir()
    for name, module in (("latchproof", "-m latchproof"), ("python", "")):
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    paths = [str(ROOT / "src"), str(ROOT / "spec"), str(tmp_path)]
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"}


def test_there_are_pages() -> None:
    assert len(PAGES) > 12
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert languages == {"python", "console", "sh", "diff"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_page_says_what_happens(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.caption:
            (tmp_path / block.caption).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            done = _run([sys.executable, "-c", block.text], tmp_path, environment)
            assert done.returncode == 0, f"{where}\n{done.stderr}"
            assert done.stdout.splitlines() == re.findall(r"# prints: (.*)", block.text), where
        elif block.language == "diff":
            folder = tmp_path / f"project-{block.line}"
            copy_project(folder)
            put(block.text, folder)
        elif block.language == "console":
            _console(block, folder, _for(folder, environment), where)
        else:
            assert set(block.text.splitlines()) <= NOT_RUN, (
                f"{where}: this is not run; say so in NOT_RUN, with a reason"
            )


def put(diff: str, project: Path) -> None:
    """Change one file of a project as a diff says, which names the file and has no line numbers.

    Raise ValueError if the lines that it removes, with those around them, are not in the file exactly once.
    """
    name, *lines = diff.splitlines()
    file = project / name.removeprefix("--- ")
    before, after = ("\n".join(line[1:] for line in lines if not line.startswith(sign)) for sign in "+-")
    text = file.read_text(encoding="utf-8")
    if text.count(f"{before}\n") != 1:
        raise ValueError(f"these lines are in {file.name} {text.count(before)} times, not once:\n{before}")
    file.write_text(text.replace(f"{before}\n", f"{after}\n"), encoding="utf-8")


def _for(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Return the environment in which the commands are those of a copy of the project, if the folder is one."""
    if not (folder / "src").exists():
        return environment
    return {**environment, "PYTHONPATH": os.pathsep.join(str(folder / part) for part in ("src", "spec", ""))}


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )


def _console(block: Block, folder: Path, environment: dict[str, str], where: str) -> None:
    commands = _commands(block.text)
    for position, (command, shown) in enumerate(commands):
        if command == "echo $?":
            continue
        after = commands[position + 1] if position + 1 < len(commands) else ("", "")
        due = int(after[1]) if after[0] == "echo $?" else 0
        done = _run(["bash", "-c", command], folder, environment)
        said = done.stdout + PROGRESS.sub("", done.stderr)
        assert done.returncode == due, f"{where}: {command} exited with {done.returncode}\n{said}"
        assert _matches(shown, said), f"{where}: {command} printed\n{said}\nand not\n{shown}"


def _commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with what is shown under it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return [(command, shown.rstrip("\n")) for command, _, shown in (part.partition("\n") for part in parts[1:])]


def _matches(shown: str, said: str) -> bool:
    """Return whether what is shown is what was printed; `...` stands for anything."""
    pattern = ""
    for line in shown.splitlines():
        if line == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n"
    return re.fullmatch(pattern, said.rstrip("\n") + "\n" if said.strip() else "") is not None


@pytest.mark.parametrize(
    ("shown", "said", "match"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a", "a\nb\n", False),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("...\nd", "a\nb\nc\n", False),
        ("1 passed in ...", "1 passed in 0.1s\n", True),
        ("1 passed in ...", "1 failed in 0.1s\n", False),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_a_page_that_says_something_else_is_noticed(shown: str, said: str, match: bool) -> None:
    assert _matches(shown, said) == match


def test_a_failing_command_is_noticed(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="exited with 1"):
        _console(Block("console", "", "$ false\n", 1), tmp_path, environment, "here")
    _console(Block("console", "", "$ false\n$ echo $?\n1\n", 1), tmp_path, environment, "here")
    with pytest.raises(AssertionError, match="exited with 0"):
        _console(Block("console", "", "$ true\n$ echo $?\n1\n", 1), tmp_path, environment, "here")


def test_a_fault_is_put_where_its_lines_stand_once(tmp_path: Path) -> None:
    file = tmp_path / "f.py"
    file.write_text("a = 1\nb = 2\na = 3\n")
    put("--- f.py\n a = 1\n-b = 2\n+b = 4\n", tmp_path)
    assert file.read_text() == "a = 1\nb = 4\na = 3\n"
    for lines in ("-b = 2\n+b = 4\n", "-a\n"):
        with pytest.raises(ValueError, match=r"in f\.py 0 times|in f\.py 2 times"):
            put(f"--- f.py\n{lines}", tmp_path)
