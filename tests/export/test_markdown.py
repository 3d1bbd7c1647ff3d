"""The review documents are what the specification says now."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from latchproof.export.markdown import diagram, document, in_words
from latchproof.export.rows import conditions
from latchproof.prove.paths import enumerate_paths, symbol
from latchproof.prove.steps import paths_of, symbols
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import FAULTS, Fault, faulty

SPEC = Path(__file__).resolve().parents[2] / "spec"
X: Any = symbol("x", int)
Y: Any = symbol("y", int)
B: Any = symbol("b", bool)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_document_is_not_stale(machine: Machine) -> None:
    written = (SPEC / f"{machine.name}.md").read_text(encoding="utf-8")
    assert written == document(machine), f"spec/{machine.name}.md is stale: run `make spec`, and review what it changes"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_rule_and_every_property_is_in_the_document(machine: Machine) -> None:
    text = document(machine)
    for rule in machine.rules:
        assert f"| {rule.id} |" in text or f"{rule.id}: " in text or f"**{rule.id}** " in text
    for shape in (machine.invariants, machine.step_properties, machine.history_properties, machine.accounts):
        assert all(f"| {one.name} |" in text for one in shape)
    assert all(f"| census | {one.name} |" in text for one in machine.censuses)
    assert all(f"| eventuality | {one.name} |" in text for one in machine.eventualities)
    claims = machine.call_claims
    assert all(f"| {one.name} |" in text for one in (*claims.invariants, *claims.places, *claims.steps))


def test_a_rule_that_no_number_leads_to_names_all_that_raise_by_it() -> None:
    assert "- **L4t** create, set_count: The new count is not an int" in document(LATCH)
    assert "- **B0t** create: The number of parties is not an int" in document(BARRIER)


SHOWN = [
    fault
    for fault in FAULTS
    if fault.new
    in (
        "return count - 2, parked, L1", "return count - 1, 0, L1", "if not exception_if_zero", "if count > 1",
        "return 0, True, B2", "return 0, broken, B6", "return parked, broken, B4",
    )
]  # fmt: skip


@pytest.mark.parametrize("fault", SHOWN, ids=lambda fault: f"{fault.operation}-{fault.new.strip()}")
def test_a_fault_changes_the_document(fault: Fault) -> None:
    assert len(SHOWN) == 7
    assert document(fault.plant()) != document(fault.machine)


@pytest.mark.parametrize(
    ("function", "guards"),
    [
        (lambda: "a" if X > 2 else "b", {"a": "x > 2", "b": "x ≤ 2"}),
        (lambda: "a" if X >= 2 else "b", {"a": "x ≥ 2", "b": "x < 2"}),
        (lambda: "a" if X == 2 else "b", {"a": "x = 2", "b": "x ≠ 2"}),
        (lambda: "a" if X != 2 else "b", {"a": "x ≠ 2", "b": "x = 2"}),
        (lambda: "a" if B else "b", {"a": "b", "b": "not b"}),
        (lambda: "a" if X + 1 < Y else "b", {"a": "x + 1 < y", "b": "x + 1 ≥ y"}),
        (lambda: "a" if X - 1 == Y else "b", {"a": "x - 1 = y", "b": "x - 1 ≠ y"}),
        (lambda: "a" if X > 1 else "b" if X > 0 else "c", {"a": "x > 1", "b": "x = 1", "c": "x ≤ 0"}),
        (lambda: "a", {"a": "always"}),
        (lambda: "a" if X > 1 and B else "b" if X > 1 else "c", {"a": "x > 1, b", "b": "x > 1, not b", "c": "x ≤ 1"}),
    ],
)
def test_a_guard_is_written_as_one_would(function: Any, guards: dict[str, str]) -> None:
    assert {path.result: in_words(conditions(path, ())) for path in enumerate_paths(function)} == guards


def test_a_guard_leaves_out_what_the_premises_imply() -> None:
    premises = [(X >= 0).term]
    paths = enumerate_paths(lambda: "a" if X > 0 else "b" if X > -1 else "c", [X >= 0])
    assert {path.result: in_words(conditions(path, premises)) for path in paths} == {"a": "x > 0", "b": "x = 0"}


def test_the_guards_of_a_policy_are_those_of_its_rules() -> None:
    keeps = LATCH.policy("keeps")
    (set_count,) = (one for one in LATCH.operations if one.name == "set_count")
    premises = symbols(LATCH, set_count).premises
    guards = {path.result.rule.id: in_words(conditions(path, premises)) for path in paths_of(LATCH, set_count, keeps)}
    assert guards == {
        "L4": "n < 0", "L6": "parked = 0, n ≥ 0", "L5r": "n = 0, parked ≠ 0", "L5k": "n ≥ 0, parked ≠ 0, n ≠ 0",
    }  # fmt: skip


def test_the_diagram_has_an_arrow_for_what_can_happen_only() -> None:
    assert sorted(diagram(BARRIER, BARRIER.policies[0])[1:]) == [
        "    broken --> broken: B3, B6, B5, B5e",
        "    broken --> whole: B7",
        "    whole --> broken: B6",
        "    whole --> whole: B1, B2, B7, B4, B5, B5e",
    ]
    breaks = next(policy for policy in BARRIER.policies if policy.name == "java")
    assert "    whole --> broken: B6, B4b, B4e" in diagram(BARRIER, breaks)
    mends = faulty(BARRIER, "wait", "return parked, broken, B3", "return parked, False, B3")
    assert "    broken --> whole: B3, B7" in diagram(mends, BARRIER.policies[0])


def test_a_guard_is_sound() -> None:
    """Whatever is left out follows: with the premises, the guard's own words give the path's result back."""
    for number in range(-1, 4):
        for path in enumerate_paths(partial(lambda x: "a" if x > 1 else "b" if x > 0 else "c", X)):
            words = in_words(conditions(path, ())).replace("≤", "<=").replace(" = ", " == ")
            assert bool(eval(words, {"x": number})) == ({1: "b"}.get(number, "a" if number > 1 else "c") == path.result)
