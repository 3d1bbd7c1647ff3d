"""The refinement theorem: it has a case for whatever the classes do, and classes with a fault are refuted."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from proofs.planted_faults import ROOT

from latchproof import Barrier, CountdownLatch
from latchproof.parking import Parking
from latchproof.prove.classes import blind_spots, seen
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.copies import codes_of, functions_beside, functions_of, methods_of
from latchproof.prove.classes.parking_cases import OF_PARKING
from latchproof.prove.classes.refinement import PART, prove_refinement, refinement, refinement_in_process, shell_of
from latchproof.prove.classes.stand_ins import ASSUMED, SITUATIONS, Loop
from latchproof_spec.machines import MACHINES
from tests.prove.faults import (
    CLASSES,
    COSTS_TIME,
    cases_with,
    costs_time,
    equivalent_faults,
    function_at,
    generated_faults,
    reaching,
    refuted,
    text_of,
)

LATCH, _, _ = CLASSES


@pytest.fixture(scope="module")
def proved() -> list[Case]:
    return prove_refinement()


def test_our_classes_refine_the_specification(proved: list[Case]) -> None:
    assert [one for one in proved if one.status != "proved"] == []
    assert [shell_of(machine) for machine in MACHINES.values()] == [CountdownLatch, Barrier]


def test_every_method_has_cases(proved: list[Case]) -> None:
    for machine in MACHINES.values():
        own = {one.method for one in proved if one.machine == machine.name}
        listed = {name for name, does in machine.methods.items() if does != PART}
        assert own == listed | {f"Parking.{name}" for name in OF_PARKING}
        parts = {name for name, does in machine.methods.items() if does == PART}
        cls = shell_of(machine)
        assert listed | parts == {*methods_of(cls), *functions_beside(cls)}
    assert set(OF_PARKING) == set(methods_of(Parking))


def test_every_step_is_proved_in_every_situation(proved: list[Case]) -> None:
    every = {str(situation) for situation in SITUATIONS}
    for machine in MACHINES.values():
        operations = {one.name for one in machine.operations}
        for method, does in machine.methods.items():
            if does in operations:
                cases = [one for one in proved if (one.machine, one.method) == (machine.name, method)]
                assert {one.situation for one in cases} == every


def test_every_rule_that_a_call_can_come_to_is_proved(proved: list[Case]) -> None:
    rules = {
        "latch": {"L1", "L2", "L3", "L3x", "L4", "L5", "L6", "L7", "L8", "L9", "L10"},
        "barrier": {"B0", "B0v", "B1", "B2", "B3", "B4", "B5", "B6", "B7"},
    }
    resumed = {"latch": {"a return"}, "barrier": {"an index", "BrokenBarrierError"}}
    for name, machine in MACHINES.items():
        of_class = {one.rule for one in proved if one.machine == name and not one.method.startswith("Parking.")}
        assert of_class == rules[name] | {f"resumed with {one}" for one in resumed[name]} | {
            "refused by the host", "cancelled before it", "reads the state", "shows the state", "no step",
            "another name",
        }  # fmt: skip
        releasing = {rule.id for rule in machine.rules if rule.queue != "stays"}
        assert {one.rule for one in proved if (one.machine, one.method) == (name, "Parking.release")} == releasing


def test_each_case_counts_for_its_claims(proved: list[Case]) -> None:
    of_classes = [one for one in proved if not one.method.startswith("Parking.")]
    assert {one.claims for one in of_classes if one.rule == "reads the state"} == {("C15", "C16")}
    assert all("C15" in one.claims for one in of_classes)
    assert all("C10" in one.claims for one in of_classes if one.rule in ("L3", "L3x", "L4", "L5", "B0v", "B3"))


def test_the_axioms_are_those_that_are_listed(proved: list[Case]) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/trust.md").read_text(encoding="utf-8"), re.MULTILINE))
    assumed = {axiom for axioms in ASSUMED.values() for axiom in axioms}
    assert all(ASSUMED.values())
    assert assumed - listed == set()
    assert {axiom for one in proved for axiom in one.axioms} == assumed


def test_each_stand_in_names_its_axioms() -> None:
    offered = {name for name in vars(Loop) if not name.startswith("_")}
    assert offered <= set(ASSUMED)


def test_every_line_of_the_classes_runs_in_some_case() -> None:
    """A line that runs in none would be one of which nothing is proved."""
    codes = {
        code
        for cls in CLASSES.values()
        for function in (*functions_of(cls), *functions_beside(cls).values())
        for code in codes_of(function)
    }
    left = {(code, line) for code in codes for _, _, line in code.co_lines() if line not in (None, code.co_firstlineno)}

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code not in codes:
            return None
        if event == "line":
            left.discard((frame.f_code, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        prove_refinement()
    finally:
        sys.settrace(before)
    assert len(codes) > 30
    assert sorted((code.co_name, line) for code, line in left) == []


def test_in_a_process_of_its_own_the_same_is_found(proved: list[Case]) -> None:
    with refinement_in_process(("latch",)) as found:
        assert found() == [one for one in proved if one.machine == "latch"]


GENERATED = generated_faults()
CHANGE_NOTHING = [one for one in GENERATED if one.key in equivalent_faults() or costs_time(one)]
DRAWN = [one for one in GENERATED if one not in CHANGE_NOTHING][::6]


@pytest.mark.parametrize("fault", DRAWN, ids=str)
def test_a_generated_fault_is_refuted(fault: Any) -> None:
    try:
        text = fault.put(text_of(fault.file))
        found = refuted(fault.file, text, reaching(fault.file, fault.function)) or refuted(fault.file, text)
    except ValueError:  # a class that is not there is not removed either
        assert "KI_PROTECTED" in fault.after
    else:
        assert found is not None


def test_enough_faults_are_generated() -> None:
    assert len(DRAWN) >= 35
    assert {one.file for one in DRAWN} == set(CLASSES)
    assert sum(map(costs_time, GENERATED)) == len(COSTS_TIME)


@pytest.mark.parametrize("fault", CHANGE_NOTHING, ids=str)
def test_a_fault_that_is_said_to_change_nothing_is_proved(fault: Any) -> None:
    cases = list(cases_with(fault.file, fault.put(text_of(fault.file)), reaching(fault.file, fault.function)))
    assert len(cases) > 4
    assert [one for one in cases if one.status != "proved"] == []


PLANTED = tomllib.loads((ROOT / "tests/prove/classes/planted_faults.toml").read_text(encoding="utf-8"))["fault"]


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: f"{fault['before'].strip()} -> {fault['after'].strip()}")
def test_a_planted_fault_is_refuted(fault: dict[str, str]) -> None:
    text = text_of(fault["file"])
    assert fault["before"] in text
    function = function_at(fault["file"], fault["before"])
    methods = reaching(fault["file"], function) if function else None
    found = refuted(fault["file"], text.replace(fault["before"], fault["after"]), methods)
    assert found is not None
    assert found.counterexample


def test_a_method_that_nothing_lists_is_named() -> None:
    text = text_of(LATCH).replace(
        "    async def wait(", "    def open(self) -> None:\n        pass\n\n    async def wait("
    )
    found = refuted(LATCH, text)
    assert found is not None
    assert (found.method, found.counterexample) == ("open", "CountdownLatch has it, and no case is about it")
    text = text_of(LATCH).replace("    def count_down_nowait(", "    def down(")
    gone = {one.method for one in cases_with(LATCH, text, frozenset()) if one.status == "refuted"}
    assert gone == {"down", "count_down_nowait"}
    text = text_of(LATCH).replace("spec.create(count)", "spec.create(sorted((count,))[0])")
    (found,) = (one for one in cases_with(LATCH, text, frozenset()) if one.status == "refuted")
    assert (found.method, found.counterexample) == ("__init__", "it looks up sorted, of which nothing is known")


def test_there_are_no_blind_spots() -> None:
    assert blind_spots.blind_spots() == []


def test_what_the_theorem_does_not_look_at_is_a_blind_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "sequences_differ", lambda one, other: seen.NEVER)
    assert set(blind_spots.blind_spots()) == {"woken tasks", "endings of woken tasks"}


def test_a_machine_whose_methods_do_what_is_not_known_is_an_error() -> None:
    machine = next(iter(MACHINES.values()))
    other = replace(machine, methods={**machine.methods, "wait": "sings"})
    with pytest.raises(ValueError, match="sings"):
        list(refinement(other, methods={"wait"}))
