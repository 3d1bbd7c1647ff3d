"""Every TLA+ module that is exported can be read, and each name in it stands for something: known without TLC."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.export.promela import promela
from latchproof.export.rows import Model, make_model
from latchproof.export.tla import configuration, module
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.latch.rules import L10
from latchproof_spec.machine import ModelBounds
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule
from tests.explore.faults import with_operation
from tests.export.tla_reader import faults_in

MODELS = [
    *((machine.name, policy, ModelBounds(2, 3)) for machine in MACHINES.values() for policy in machine.policies),
    ("latch", LATCH.policies[0], ModelBounds(3, 4, calls=2)),
    ("barrier", BARRIER.policies[0], ModelBounds(3, 30, calls=2, operations=("wait",))),
]


@pytest.mark.parametrize(("name", "policy", "bounds"), MODELS, ids=str)
def test_a_module_and_its_configuration_can_be_read(name: str, policy: Any, bounds: ModelBounds) -> None:
    model = make_model(MACHINES[name], policy, bounds)
    text = module(model)
    assert faults_in(text, configuration(model)) == faults_in(text, configuration(model, fair=False)) == []


@pytest.fixture(scope="module")
def barrier() -> Model:
    return make_model(BARRIER, BARRIER.policies[0], ModelBounds(3, 4))


@pytest.mark.parametrize(
    ("text", "wrong", "fault"),
    [
        ("    /\\ parked + 1 < parties", "    /\\ parked + 1 <", "syntax"),
        ("    ]_vars", "    _vars", "syntax"),
        ("Others(t) ==", "Other(t) ==", "Others is not defined above"),
        ("EXTENDS Integers, FiniteSets", "EXTENDS Integers", "Cardinality is not defined above"),
        ("ParkedAt(Others(t))", "ParkedAt(Others)", "Others takes 1 arguments, not 0"),
        ('Owe(t, {}, {"C13"})', 'Owe(t, {"C13"})', "Owe takes 3 arguments, not 2"),
        ("B3(t) ==", "parked(t) ==", "parked stands for something else already"),
        ("Queue == {t \\in Tasks", "Queue == {task \\in Tasks", "task stands for something else already"),
        ("WF_vars(Continues(t))", "WF_vars(Continues(u))", "u is not defined above"),
        ("VARIABLES parked, broken, task, owed", "VARIABLES parked, broken, task", "owed is not defined above"),
    ],
)
def test_a_fault_in_a_module_is_found(barrier: Model, text: str, wrong: str, fault: str) -> None:
    sound = module(barrier)
    assert text in sound
    assert any(one.endswith(fault) for one in faults_in(sound.replace(text, wrong, 1)))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("Argument = 3", "Argumen = 3"), ("SPECIFICATION Fair", "SPECIFICATION fair"), ("    C14", "    C15")],
)
def test_a_fault_in_a_configuration_is_found(barrier: Model, text: str, wrong: str) -> None:
    sound = configuration(barrier)
    assert text in sound
    assert faults_in(module(barrier), sound.replace(text, wrong, 1)) != []


def test_what_a_check_reads_off_a_call_is_written_as_what_it_is_read_off() -> None:
    """It is in a check only where the operation does not decide by it."""

    def withdraw(count: int, parked: int, is_parked: bool, *, policy: Any) -> tuple[int, int, Rule]:
        return count, parked, L10

    machine = with_operation(LATCH, "withdraw", withdraw)
    model = make_model(machine, machine.policies[0], ModelBounds(2, 3))
    checks = module(model).partition("L10(t, IsParked(t)) =>")[2].partition("]_vars")[0]
    assert "IsParked(t)" in checks
    assert faults_in(module(model), configuration(model)) == []
    inline = promela(model).partition("inline L10(t) {")[2].partition("}")[0]
    assert "(is[t] == PARKED)" in inline.partition("tasks_parked")[0]
    assert "is_parked" not in inline


def test_the_numbers_of_a_latch_are_bounded_in_its_configuration() -> None:
    model = make_model(LATCH, LATCH.policies[0], ModelBounds(2, 3))
    lines = [line for line in configuration(model).splitlines() if "Highest" not in line]
    assert len(faults_in(module(model), "\n".join(lines))) == 1
