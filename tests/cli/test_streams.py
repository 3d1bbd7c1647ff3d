"""The exit code is that of the verdict, whatever becomes of the standard streams and of the files to write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof.cli.main import main

FOUND = "latchproof check tests.check.samples:HastyLatch --policy keeps --tasks 1 --calls 1"
"""A check that finds something."""

RIGHT = "latchproof check latchproof:Barrier --policy latchproof --claim C15 --tasks 1 --calls 1"
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is not on this machine")


def shell(command: str, **environment: str) -> tuple[int, str]:
    """Return the exit code of a command line, and what it prints where that can be read."""
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("latchproof", f"{sys.executable} -m latchproof", 1)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


@FULL
@pytest.mark.parametrize(
    ("command", "where", "expected"),
    [
        (FOUND, ">/dev/full 2>&1", 1),
        (FOUND, "2>/dev/full", 1),
        (FOUND, ">&-", 1),
        (FOUND, "--workers 2 >&- 2>&- <&-", 1),
        (RIGHT, ">/dev/full", 0),
        (RIGHT, "2>&-", 0),
    ],
)
def test_the_exit_code_does_not_depend_on_the_streams(command: str, where: str, expected: int) -> None:
    code, printed = shell(f"{command} {where}")
    assert code == expected, printed
    assert "Traceback" not in printed


@FULL
def test_a_message_that_cannot_be_printed_leaves_the_exit_code() -> None:
    assert shell("latchproof check no_such_module:Name >/dev/full 2>/dev/full")[0] == 2
    assert shell("latchproof check no_such_module:Name >&- 2>&-")[0] == 2
    assert shell("latchproof check --no-such-option 2>/dev/full")[0] == 2
    assert shell("latchproof --help >/dev/full")[0] == 0


@FULL
def test_what_is_only_printed_was_not_exported_where_that_failed() -> None:
    assert shell("latchproof export barrier --format markdown >/dev/full")[0] == 3
    code, printed = shell("latchproof export barrier --format markdown")
    assert (code, printed[:1]) == (0, "#")


@FULL
@pytest.mark.parametrize("option", ["--json", "--html", "--junit", "--text", "--repro"])
def test_a_file_that_cannot_be_written_leaves_the_verdict(option: str) -> None:
    code, printed = shell(f"{FOUND} {option} /dev/full --itf /dev/null")
    assert code == 1, printed
    assert "latchproof: /dev/full cannot be written: No space left on device" in printed
    assert "wrote     /dev/null" in printed
    assert "verdict   tests.check.samples:HastyLatch breaks C3" in printed
    assert "Traceback" not in printed


def test_two_options_do_not_write_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out"
    assert main(["check", "asyncio:Barrier", "--json", str(file), "--html", f"{tmp_path}/./out"]) == 2
    assert "is what --json writes; name another file" in capsys.readouterr().err
    assert not file.exists()


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import asyncio\nclass Barri\xe8re(asyncio.Barrier):\n    async def wait(self):\n"
        "        raise KeyError('\\u2713\\ud800')\n",
        encoding="utf-8",
    )
    target = f"latchproof check {tmp_path}/mine.py:Barri\xe8re --policy cpython --tasks 1 --calls 1"
    for encoding in ("ascii", "ascii:strict", "latin-1", "utf-8"):
        code, printed = shell(
            f"{target} --text {tmp_path}/out.txt --html {tmp_path}/out.html", PYTHONIOENCODING=encoding
        )
        assert code == 1, printed
        assert "Traceback" not in printed
    assert "Barri\xe8re" in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_a_thread_that_the_target_has_started_does_not_keep_the_command(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import threading, time\nfrom asyncio import Barrier\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    )
    command = f"latchproof check {tmp_path}/mine.py:Barrier --policy latchproof --claim C6 --tasks 1 --calls 1"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode in (0, 1, 3)
    assert "verdict" in done.stdout


def test_a_reader_that_leaves_ends_the_command() -> None:
    command = f"{FOUND.replace('latchproof', f'{sys.executable} -m latchproof', 1)}; echo $? >&2"
    done = subprocess.run(["/bin/bash", "-c", f"({command}) | true"], capture_output=True, text=True, check=False)
    assert done.stderr in ("1\n", "3\n")
