"""The review documents mean what the specification's functions do, under every policy: their cells are evaluated."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Any

import pytest

from latchproof.explore.system import choices
from latchproof.export.markdown import PathRow, diagram, document, rule_rows
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule, endings
from tests.export.behaviour import POLICIES, small_states

EVERY_POLICY = pytest.mark.parametrize(("machine", "policy"), POLICIES, ids=repr)
BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
IN_PYTHON = {"≤": "<=", "≥": ">=", "≠": "!=", " = ": " == ", ", ": " and ", "true": "True", "false": "False"}


def evaluated(words: str, values: dict[str, Any]) -> Any:
    """Return what a guard or a term of a document means, for these values."""
    for sign, python in IN_PYTHON.items():
        words = words.replace(sign, python)
    return eval("True" if words == "always" else words, {}, values)


def table(text: str, section: str) -> list[list[str]]:
    """Return the cells of the table in a section of a document, without its heads."""
    lines = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


@cache
def text_of(machine: Machine) -> str:
    return document(machine)


@cache
def rows_of(machine: Machine, policy: Any) -> list[PathRow]:
    return rule_rows(machine, policy)


def becomes_of_the_parked(rule: Rule) -> str:
    """Return what a document should say of the parked, from what they are given."""
    given = [list(endings(rule, parked)) for parked in (2, 3)]
    if given == [[], []]:
        return "stays"
    if all(ending is None for some in given for ending in some):
        return "released"
    if isinstance(given[0][0], type):
        assert {ending for some in given for ending in some} == {given[0][0]}
        return f"fail with {given[0][0].__name__}"
    orders = {"arrival": [[0, 1], [0, 1, 2]], "reversed": [[2, 1], [3, 2, 1]], "any": [[-1, -1], [-1, -1, -1]]}
    orders["one leads"] = orders["any"]
    assert given == orders[rule.order]
    return f"released with their indices ({rule.order})"


def becomes_of_the_caller(rule: Rule) -> str:
    """Return what a document should say of the caller."""
    said = {
        "raises": f"raises {rule.errors[0].__name__}" if rule.errors else "",
        "returns an index": "returns its index",
    }
    return said.get(rule.caller, rule.caller)


@EVERY_POLICY
def test_just_one_row_applies_and_says_what_the_function_does(machine: Machine, policy: Any) -> None:
    rows = rows_of(machine, policy)
    fired = set()
    for operation in machine.every_operation:
        call = f"{operation.name}({', '.join(operation.inputs)})"
        for (constants, state), inputs in product(small_states(machine), choices(operation, 2)):
            values = dict(zip((*machine.constants, *machine.state), (*constants, *state), strict=True)) | inputs
            if any(not fact.premise(inputs[fact.name], values[machine.parked]) for fact in operation.facts):
                continue
            (row,) = (one for one in rows if one.call == call and evaluated(one.when, values))
            *after, rule = operation.function(*constants, *state, *inputs.values(), policy=policy)
            assert row.rule is rule
            changes = {} if row.change == "nothing" else dict(one.split(" := ") for one in row.change.split(", "))
            told = {name: evaluated(changes.get(name, name), values) for name in machine.state}
            assert told == dict(zip(machine.state, after, strict=True))
            assert (row.parked, row.caller) == (becomes_of_the_parked(rule), becomes_of_the_caller(rule))
            fired.add(row)
    for number in range(-2, 5):
        (row,) = (
            one
            for one in rows
            if one.call == f"create({machine.parameter})" and evaluated(one.when, {machine.parameter: number})
        )
        rule = machine.create(number)[2]
        assert (row.rule, row.change, row.parked, row.caller) == (rule, "", "", becomes_of_the_caller(rule))
        fired.add(row)
    assert fired == set(rows)


@BOTH
def test_the_document_has_the_rows(machine: Machine) -> None:
    text, first = text_of(machine), rows_of(machine, machine.policies[0])
    assert table(text, "Rules") == [
        [one.rule.id, one.call, one.when, one.change, one.parked, one.caller, one.rule.sentence] for one in first
    ]
    ours = {one.rule.id for one in first}
    told = dict(table(text, "Other policies"))
    called = {policy: _called(machine, policy) for policy in machine.policies[1:]}
    assert list(told) == list(called.values())
    for policy in called:
        others = [
            f"{one.rule.id}: {one.call.partition('(')[0]} when {one.when}: {one.parked}; caller {one.caller}"
            for one in rows_of(machine, policy)
            if one.rule.id not in ours
        ]
        others += [f"{said} {getattr(policy, axis)}" for axis, said in machine.freedoms.items()]
        assert [one for one in told[called[policy]].split("<br>") if one] == others


def _called(machine: Machine, policy: Any) -> str:
    others = [alias for alias, name in machine.aliases.items() if name == policy.name]
    return f"{policy.name} (also called {', '.join(others)})" if others else policy.name


@BOTH
def test_the_document_has_the_properties_and_the_claims(machine: Machine) -> None:
    text, calls = text_of(machine), machine.call_claims
    shapes = {
        "invariant": machine.invariants, "step property": machine.step_properties,
        "history property": machine.history_properties, "reading": machine.readings,
        "census": machine.censuses, "of any two calls": calls.invariants, "of any place": calls.places,
        "of any call in a step": calls.steps,
    }  # fmt: skip
    expected = [
        [", ".join(one.ids), shape, one.name, f"`{one.holds.__name__}`"] for shape in shapes for one in shapes[shape]
    ]
    expected += [
        [", ".join(one.ids), "account", one.name, ", ".join(f"`{ghost}`" for ghost in one.ghosts)]
        for one in machine.accounts
    ]
    expected += [[one.claim.id, "eventuality", one.name, f"`{one.owes.__name__}`"] for one in machine.eventualities]
    assert table(text, "Invariants and properties") == expected
    claims = re.findall(r"^- .*", text.partition("\n## Claims\n")[2], re.MULTILINE)
    assert claims == [f"- **{claim.id}** ({claim.kind}) {claim.sentence}" for claim in machine.claims]
    constants, state = (re.findall(r"`(\w+)`(?: \((\w+)\))?", said) for said in _declared(text))
    assert [name for name, _ in constants] == list(machine.constants)
    assert state == [(name, kind.__name__) for name, kind in machine.state.items()]


def _declared(text: str) -> tuple[str, str]:
    line = next(line for line in text.splitlines() if line.startswith("Constants: "))
    constants, _, state = line.partition(" State: ")
    return constants, state


@EVERY_POLICY
def test_the_diagram_has_the_steps_between_phases(machine: Machine, policy: Any) -> None:
    expected: dict[tuple[str, ...], set[str]] = {}
    for operation in machine.every_operation:
        for (constants, state), inputs in product(small_states(machine), choices(operation, 2)):
            parked = state[list(machine.state).index(machine.parked)]
            if all(fact.premise(inputs[fact.name], parked) for fact in operation.facts):
                *after, rule = operation.function(*constants, *state, *inputs.values(), policy=policy)
                phases = [
                    [name for name, holds in machine.phases.items() if holds(*constants, *values)]
                    for values in (state, after)
                ]
                for pair in product(*phases):
                    expected.setdefault(pair, set()).add(rule.id)
    first, *lines = diagram(machine, policy)
    assert first == "stateDiagram-v2"
    found: dict[tuple[str, ...], set[str]] = {}
    for line in lines:
        source, goal, rules = re.split(" --> |: ", line.strip())
        found[source, goal] = set(rules.split(", "))
    assert found == expected
