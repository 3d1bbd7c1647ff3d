"""The Promela models say all of the specification. That they are not stale, test_tla has.

That Spin finds of them what we find is what `make crosscheck` is for.
"""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.export.promela import promela
from latchproof.export.rows import make_model
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, ModelBounds
from latchproof_spec.machines import MACHINES
from tests.explore.faults import FAULTS, Fault


def of(machine: Machine, policy: Any = None, **bounds: Any) -> str:
    return promela(
        make_model(machine, policy or machine.policies[0], ModelBounds(**({"argument": 2, "tasks": 3} | bounds)))
    )


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_path_and_property_is_in_the_model(machine: Machine) -> None:
    for policy in machine.policies:
        model = make_model(machine, policy, machine.bounds.model)
        text = promela(model)
        for row in model.rows:
            assert text.count(f"inline {row.name}(t") == 1
            assert f"-> {row.name}(t" in text
            for check in row.checks:
                assert f"/* {', '.join(check.claims)}: {check.name} */" in text
        look = text[text.index("inline look()") : text.index("/*", text.index("u = 0\n}"))]
        assert look.count("assert(") == len(machine.invariants) + len(machine.censuses)
        for eventuality in machine.eventualities:
            assert f"ltl {eventuality.claim.id} {{ [] (is_owed_" in text
        for task in range(4):
            assert f"active proctype user_{task}() {{ user({task}) }}" in text
            assert f"active proctype host_{task}() {{ host({task}) }}" in text
        for opening, closing in ("()", "{}", "[]"):
            assert text.count(opening) == text.count(closing)


def test_a_rule_as_it_is_written() -> None:
    text = of(BARRIER, argument=3)
    assert "#define parties 3\n" in text
    assert ":: d_step { is[t] == IDLE && (!broken) && (parked + 1 >= parties) -> B2(t) }" in text
    assert "        place = at[u]; is[u] = RELEASED; at[u] = place;\n" in text
    assert "        place = at[u]; is[u] = RELEASED; at[u] = BrokenBarrierError;\n" in text
    assert ":: d_step { ((is[t] == PARKED)) -> B4(t) }" in text
    reversed_ = next(policy for policy in BARRIER.policies if policy.name == "java")
    assert "at[u] = tasks_parked - place;" in of(BARRIER, reversed_)


def test_every_argument_that_a_rule_takes_is_tried() -> None:
    text = of(LATCH, highest_count=2)
    calls = [
        line.split("-> ")[1].split(" }")[0]
        for line in text.splitlines()
        if line.startswith("    :: d_step { is[t] == IDLE")
    ]
    assert calls == [
        "L8(t)", "L7(t)", "L1(t, false)", "L1(t, true)", "L2(t, false)", "L2(t, true)", "L3x(t, true)", "L3(t, false)",
        "L4(t, (-1))", "L6(t, 0)", "L6(t, 1)", "L6(t, 2)", "L5(t, 0)", "L5(t, 1)", "L5(t, 2)",
    ]  # fmt: skip


def test_nothing_but_the_machine_and_its_tasks_is_in_a_state() -> None:
    lines = of(BARRIER).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("short parked"))
    last = next(number for number, line in enumerate(lines) if line.startswith("inline look"))
    variables = [line.split(";")[0].split(" = ")[0] for line in lines[first:last] if ";" in line]
    assert variables == [
        "short parked", "bool broken", "byte is[TASKS]", "short at[TASKS]", "bool owed_C13[TASKS]",
        "bool owed_C14[TASKS]", "hidden short new_parked", "hidden short new_broken", "hidden short tasks_parked",
        "hidden short tasks_released", "hidden short place", "hidden short u",
    ]  # fmt: skip


def test_bounded_calls_are_counted_and_no_eventuality_is_asked_of_them() -> None:
    text = of(BARRIER, calls=2, operations=("wait",))
    assert "byte left[TASKS] = 2;" in text
    assert text.count("left[t] = left[t] - 1;") == 3
    assert "is[t] == IDLE && left[t] > 0 && (broken) -> B3(t)" in text
    assert "B6" not in text
    assert "ltl" not in text


SHOWN = [fault for fault in FAULTS if fault.policy == "latchproof"]


@pytest.mark.parametrize("fault", SHOWN[::8], ids=lambda fault: f"{fault.operation}-{fault.new.strip()}")
def test_a_fault_changes_the_model(fault: Fault) -> None:
    assert of(fault.plant()) != of(fault.machine)
