"""A class is checked under its own names where `--rename` says which is which."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.renaming import parse
from latchproof.check.target import TargetError, adapt, load
from latchproof.check.trace import from_json
from latchproof.cli.main import main
from latchproof.fuzz.state_machine import state_machine, trace_of
from latchproof.show.repro import reproduction
from latchproof.testing import check

HERE = "tests.check.test_renaming"
NAMES = {"done": "count_down", "join": "wait", "left": "count"}
OPTION = "done=count_down,join=wait,left=count"


class Group:
    """A right latch under other names, one of them a property."""

    def __init__(self, count: int) -> None:
        self.left = count
        self._open = asyncio.Event()
        if count == 0:
            self._open.set()

    def done(self) -> None:
        if self.left:
            self.left -= 1
        if self.left == 0:
            self._open.set()

    async def join(self) -> None:
        await self._open.wait()


class OpensLate(Group):
    """It opens with one more call than its count."""

    def done(self) -> None:
        if self.left:
            self.left -= 1
        else:
            self._open.set()


class Meeting:
    """A right barrier whose `reset` means what the specification calls `abort`."""

    def __init__(self, size: int) -> None:
        self._barrier = asyncio.Barrier(size)
        self.size = size

    async def arrive(self) -> None:
        await self._barrier.wait()

    async def reset(self) -> None:
        await self._barrier.abort()

    @property
    def broken(self) -> bool:
        return self._barrier.broken


class Named(Group):
    """It has one of the specification's names already."""

    def count_down(self) -> None:
        self.done()


def test_a_right_class_conforms_under_its_own_names() -> None:
    verdict = check(Group, rename=NAMES)
    assert (verdict.exit_code, verdict.target.observations) == (0, ("count",))
    assert verdict.to_json()["renamed"] == NAMES
    assert "C16" in verdict.reported.exercised
    assert verdict.not_driven == ()


def test_workers_are_told_the_names() -> None:
    assert check(f"{HERE}:Group", rename=NAMES, calls=2, workers=1).exit_code == 0


def test_a_name_of_the_class_may_be_another_one_of_the_specification() -> None:
    target = adapt(Meeting, rename={"arrive": "wait", "reset": "abort", "size": "parties"})
    assert [one.name for one in target.operations] == ["wait", "abort"]
    assert (target.observations, "reset" in target.absent) == (("parties", "broken"), True)
    assert [call.method for call in target.calls(())] == ["arrive", "reset"]


def test_a_trace_has_the_names_of_the_specification_and_lists_the_own_ones(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "verdict.json"
    arguments = [f"{HERE}:OpensLate", "--rename", OPTION, "--policy", "keeps"]
    assert main(["check", *arguments, "--calls", "2", "--json", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "names:    done is shown as count_down, join is shown as wait, left is shown as count" in printed
    assert f" --rename {OPTION}\n" in printed
    assert "renamed   done is shown as count_down" in printed
    trace = json.loads(file.read_text())["traces"][0]
    assert trace["renamed"] == NAMES
    assert {event["operation"] for event in trace["events"] if event["kind"] == "begin"} <= {"count_down", "wait"}
    assert main(["replay", str(file), f"{HERE}:OpensLate"]) == 1  # the file has the names
    old = {name: value for name, value in trace.items() if name != "renamed"}
    assert from_json(old).renamed == {}


def test_an_estimate_takes_the_names(capsys: Any) -> None:
    assert main(["check", f"{HERE}:Group", "--rename", OPTION, "--calls", "1", "--estimate"]) == 3
    assert "nothing was checked" in capsys.readouterr().out


def test_a_reproduction_calls_the_own_names() -> None:
    verdict = check(f"{HERE}:OpensLate", rename=NAMES, policy="keeps", calls=2)
    assert verdict.shortest is not None
    source = reproduction(verdict.shortest)
    assert "it.done" in source
    assert "it.count_down" not in source


def test_the_fuzzer_takes_the_names() -> None:
    from hypothesis import Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    quick = settings(max_examples=60, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    run_state_machine_as_test(state_machine(Group, rename=NAMES), settings=quick)
    faulty = state_machine(OpensLate, rename=NAMES, policy="keeps")
    with pytest.raises(AssertionError):
        run_state_machine_as_test(faulty, settings=quick)
    trace = trace_of(faulty)
    assert trace is not None
    assert trace.renamed == NAMES


def test_the_fixture_takes_the_names(latchproof_conforms: Any) -> None:
    latchproof_conforms(Group, rename=NAMES, calls=2)


@pytest.mark.parametrize(
    ("factory", "rename", "message"),
    [
        (Group, {"dne": "count_down", "join": "wait"}, "Group has no 'dne' to be renamed to count_down; did you mean"),
        (Group, {"done": "countdown"}, "done cannot be renamed to countdown, which the specification does not have"),
        (Group, {"done": "wait", "join": "wait"}, "done and join cannot both be renamed to wait"),
        (Group, {"done": "done"}, "done cannot be renamed to done"),
        (Named, {"done": "count_down"}, "Named has count_down already, so done cannot be renamed to it; leave"),
        (Named, {"count_down": "count_down"}, "count_down=count_down renames nothing"),
        (Meeting, {"arrive": "wait", "size": "count"}, "size cannot be renamed to count: a barrier has wait, abort"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_are_refused(factory: Any, rename: Mapping[str, str], message: str) -> None:
    with pytest.raises(TargetError, match=message):
        adapt(factory, rename=rename)


@pytest.mark.parametrize("text", ["done", "done=", "=wait", "a=wait,,b=count", ""])
def test_an_option_that_renames_nothing_is_refused(text: str) -> None:
    with pytest.raises(TargetError, match="does not rename anything; write OWN=NAME, for example done=count_down"):
        parse(text)


def test_a_name_cannot_be_given_twice() -> None:
    with pytest.raises(TargetError, match="done cannot be renamed twice, to count_down and to wait"):
        parse("done=count_down,done=wait")


def test_a_class_with_names_known_from_elsewhere_is_told_the_option() -> None:
    with pytest.raises(TargetError, match="add --rename join=wait,done=count_down, or write a small class"):
        load(f"{HERE}:Group")


class WaitGroup:
    """It is made with nothing."""

    def __init__(self) -> None:
        """Make it."""

    def add(self, number: int) -> None:
        """Add to its count."""

    def done(self) -> None:
        """Subtract one."""

    async def wait(self) -> None:
        """Wait for zero."""


def test_a_wait_group_is_told_both_the_factory_and_the_option() -> None:
    with pytest.raises(TargetError, match=r"name a factory function that takes .* and add --rename done=count_down$"):
        adapt(WaitGroup)


def test_the_command_line_says_what_is_wrong() -> None:
    command = [sys.executable, "-m", "latchproof", "check", f"{HERE}:Group", "--rename", "done"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'done' does not rename anything" in done.stderr
