"""The gate of the runtime's mutants: what is not noticed and not accounted for fails it, and what is stale is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from proofs.runtime_mutants import SURVIVORS, Change, change_of, function_of, read_survivors, summarise

DIFF = """\
--- src/latchproof/parking.py
+++ src/latchproof/parking.py
@@ -{line},4 +{line},4 @@
 def purge(self) -> bool:
-        before = len(self.queue)
+        before = None
     return True
"""
NAME = "latchproof.parking.xǁParkingǁpurge__mutmut_7"
CHANGE = Change("latchproof.parking.Parking.purge", "before = len(self.queue)", "before = None")
LISTED = {CHANGE: 1}


def test_a_change_is_told_by_its_function_and_lines_wherever_they_stand() -> None:
    assert {change_of(NAME, DIFF.format(line=line)) for line in (7, 70)} == {CHANGE}
    assert change_of(NAME.replace("_7", "_9"), DIFF.format(line=7)) == CHANGE


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("latchproof.hosts.x_running__mutmut_1", "latchproof.hosts.running"),
        ("latchproof.hosts.x__innermost__mutmut_12", "latchproof.hosts._innermost"),
        ("latchproof.latch.xǁCountdownLatchǁ__init____mutmut_2", "latchproof.latch.CountdownLatch.__init__"),
        ("latchproof.hosts.trio.xǁTrioWakerǁ_abort__mutmut_3", "latchproof.hosts.trio.TrioWaker._abort"),
    ],
)
def test_the_function_of_a_mutant(name: str, function: str) -> None:
    assert function_of(name) == function


def test_what_is_accounted_for_passes() -> None:
    lines, passed = summarise({NAME: "survived", "other": "killed"}, {NAME: CHANGE}, LISTED)
    assert passed
    assert lines == [
        "2 mutants of the runtime: 1 survived, 1 killed", "1 survivors are listed in proofs/survivors.toml",
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["survived", "no tests", "suspicious", "not checked", "segfault"])
def test_what_is_not_accounted_for_fails(status: str) -> None:
    lines, passed = summarise({NAME: status}, {NAME: CHANGE}, {})
    assert not passed
    assert lines[-1].startswith(
        f"NOT NOTICED ({status}, {NAME}): latchproof.parking.Parking.purge\n    - before = len("
    )


def test_what_is_accounted_for_in_one_place_is_not_in_two() -> None:
    lines, passed = summarise({NAME: "survived", "other": "survived"}, {NAME: CHANGE, "other": CHANGE}, LISTED)
    assert not passed
    assert len([line for line in lines if line.startswith("NOT NOTICED")]) == 2


def test_what_is_listed_and_noticed_is_said() -> None:
    lines, passed = summarise({NAME: "killed"}, {}, LISTED)
    assert passed
    assert lines[-1].startswith("listed, but does not survive any more, or less often: latchproof.parking")


def test_a_gate_that_tried_nothing_fails() -> None:
    lines, passed = summarise({}, {}, LISTED)
    assert not passed
    assert lines[-1] == "FAILED: no mutant was tried"


ENTRY = '[[survivor]]\nfunction = "f"\nremoved = "a"\nadded = "b"\nwhy = "{why}"\n'


def test_a_survivor_without_an_argument_or_twice_is_an_error() -> None:
    assert read_survivors(ENTRY.format(why="because")) == {Change("f", "a", "b"): 1}
    assert read_survivors(ENTRY.format(why="because") + "times = 2") == {Change("f", "a", "b"): 2}
    for text in (ENTRY.format(why=" "), ENTRY.format(why="because") * 2):
        with pytest.raises(ValueError, match="listed twice, or without a reason: f"):
            read_survivors(text)


def test_the_list_reads_and_speaks_of_functions_that_there_are() -> None:
    survivors = read_survivors(SURVIVORS.read_text(encoding="utf-8"))
    assert survivors
    source = Path(__file__).resolve().parents[1] / "src"
    for change in survivors:
        *modules, function = change.function.split(".")
        while not (path := source.joinpath(*modules)).with_suffix(".py").is_file() and not path.is_dir():
            modules.pop()
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        assert f"def {function}(" in file.read_text(encoding="utf-8"), change
