"""`latchproof check MODULE`: each primitive is checked, and one table and one exit code say what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from latchproof.check.trace import read_all
from latchproof.cli.main import main

SAMPLES = "tests.check.module_samples"
SMALL = ["--tasks", "3", "--calls", "3", "--cancels", "0", "--workers", "1"]
DOORS = """
import asyncio


class Door(asyncio.Event):
    pass


class Gate(asyncio.Event):
    pass
"""
FOR_TRIO = """
import trio


class Door:
    def __init__(self):
        self._event = trio.Event()

    async def wait(self):
        await self._event.wait()

    def set(self):
        self._event.set()
"""


@pytest.fixture
def doors(tmp_path: Path) -> str:
    path = tmp_path / "doors.py"
    path.write_text(DOORS)
    return str(path)


def test_a_line_for_each_then_a_table_and_one_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "verdicts.json", tmp_path / "verdicts.xml"]
    assert main(["check", SAMPLES, *SMALL, "--json", str(files[0]), "--junit", str(files[1])]) == 1
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == f"latchproof check {SAMPLES}: 8 primitives, on asyncio, each at the bounds that are asked for"
    told = [line for line in lines if " of 8: " in line]
    assert [line.split(": ")[1].split(" ")[0] for line in told] == [
        *("Door", "NarrowDoor", "AbstractDoor", "NamedDoor", "Cache", "make_door", "the_door", "open_pipe")
    ]
    (row,) = (line for line in lines if line.startswith("NarrowDoor") and "event" in line)
    assert "breaks stranded" in row
    again = f"latchproof check {SAMPLES}:NarrowDoor --tasks 3 --calls 3 --cancels 0"
    assert f"NarrowDoor's counterexample is shown by: {again}" in lines
    assert main([*again.split()[1:], "--workers", "1"]) == 1  # what it says can be typed
    assert "the_door is not driven: it returns the same object each time, so no run could begin with a new one" in lines
    assert lines[-3].startswith(f"verdict   {SAMPLES}: a counterexample was found against NarrowDoor, open_pipe; not")
    assert_files_say_it(*files)


def assert_files_say_it(as_json: Path, as_junit: Path) -> None:
    data = json.loads(as_json.read_text())
    assert (data["module"], data["host"], data["exit_code"]) == (SAMPLES, "asyncio", 1)
    assert {one["name"]: one["exit_code"] for one in data["primitives"]} == {
        "Door": 0,
        "NarrowDoor": 1,
        "make_door": 0,
        "open_pipe": 1,
    }
    assert {one["name"] for one in data["cannot_be_driven"]} == {"AbstractDoor", "NamedDoor", "Cache", "the_door"}
    assert {one.claim for one in read_all(as_json)} == {"stranded", "returned-too-early"}
    suites = ElementTree.parse(as_junit).getroot()
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [
        (f"latchproof check {SAMPLES}:Door", "0"),
        (f"latchproof check {SAMPLES}:NarrowDoor", "1"),
        (f"latchproof check {SAMPLES}:make_door", "0"),
        (f"latchproof check {SAMPLES}:open_pipe", "1"),
        ("cannot be driven", "0"),
    ]


def test_a_module_whose_primitives_conform(doors: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", doors, *SMALL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"verdict   {doors}: 2 of 2 conform, within these bounds; nothing is said beyond them"
    (bounds,) = (line for line in lines if line.startswith("bounds"))
    assert bounds.startswith("bounds    Door, Gate: 3 calls, 3 at once, 0 cancellations, all operations")


def test_schedules_may_be_chosen_at_random(doors: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scheduler", "random", "--schedules", "20", "--seed", "3", "--workers", "1"]
    main(["check", doors, *options])
    assert "1 of 2: Door " in capsys.readouterr().out


def test_what_is_not_concluded_of_one_is_not_concluded_of_all(doors: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", doors, "--schedules", "2", "--workers", "1"]) == 3
    out = capsys.readouterr().out
    assert "Door is inconclusive because: stopped after 2 schedules" in out
    assert f"verdict   {doors}: inconclusive: Door, Gate; 0 of 2 conform" in out


def test_what_is_for_another_host_is_said_and_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path := tmp_path / "for_trio.py").write_text(FOR_TRIO)
    assert main(["check", str(path), *SMALL]) == 2
    out = capsys.readouterr().out
    assert f"Door is not driven: {path}:Door seems to be written for trio; add --host trio" in out
    assert f"verdict   {path}: not driven: Door; no primitive was checked" in out
    assert main(["check", str(path), *SMALL, "--host", "trio"]) == 0


def test_an_interrupt_ends_it(doors: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("latchproof.check.pool.Pool.do", interrupted)
    assert main(["check", doors, *SMALL]) == 3
    out = capsys.readouterr().out
    assert "2 of 2: Gate not driven: an earlier check was broken off" in out


@pytest.mark.parametrize(
    "option",
    ["--kind event", "--model m.py:M", "--rename a=wait", "--policy fifo", "--claim stranded", "--ignore is_set"]
    + ["--argument 1", "--count 1", "--parties 2", "--estimate"]
    + [f"--{name} file" for name in ("itf", "mermaid", "repro", "html", "text")],
)
def test_what_is_about_a_single_class_is_refused(
    option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "asyncio", *option.split()]) == 2
    name = option.split()[0]
    assert capsys.readouterr().err == (
        f"latchproof: {name} is about a single class, and asyncio is a module: name the class, as in asyncio:CLASS\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_other_commands_take_a_single_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "asyncio"]) == 2
    assert "'asyncio' does not name a target; write MODULE:CLASS" in capsys.readouterr().err
