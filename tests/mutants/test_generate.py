"""The mutants: each is what its ID says and nothing more, and none is stale, broken or twice there."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from latchproof.mutants.generate import generated, machine_source, mutants, named, named_edit
from latchproof.mutants.mutant import Mutant
from latchproof.mutants.mutator import text_of
from latchproof.mutants.named import NAMED, NICKNAMES
from latchproof.mutants.task_faults import TASK_FAULTS, as_specified
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.rules import B1, B2, B5, B6
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.latch.rules import L2, L6, L8, L10
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, Rule

if TYPE_CHECKING:
    from latchproof_spec.step import Ending


@cache
def every() -> list[Mutant]:
    """Return all of them; to make them takes seconds."""
    return [one for machine in MACHINES.values() for one in mutants(machine)]


@cache
def by_id() -> dict[str, Mutant]:
    return {one.id: one for one in every()}


class Task:
    """A task that a fault may remember something of."""

    def __init__(self, name: str, ticket: int = 0) -> None:
        self.name, self.ticket = name, ticket

    def __repr__(self) -> str:
        return self.name


A, B, C, D = map(Task, "ABCD")


def test_there_are_many_and_no_id_is_there_twice() -> None:
    assert len(by_id()) == len(every()) > 600
    assert all(one.sentence.endswith((".", "`.")) and one.place and one.edits >= 1 for one in by_id().values())


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_statement_and_every_rule_has_mutants(machine: Machine) -> None:
    source = machine_source(machine)
    changed = {one.id.partition(" -> ")[0] for one in generated(machine)}
    for function, statement in source.statements():
        assert f"{machine.name}.{function}: {text_of(statement)}" in changed
    rules = {one.id.partition(":")[0] for one in generated(machine)}
    assert rules >= {f"{machine.name}.{rule.id}" for rule in machine.rules} - {"barrier.B0"}  # B0: nothing to change


def test_the_specification_is_left_as_it_was() -> None:
    before = {name: inspect.getsource(module) for name, module in (("latch", latch), ("barrier", barrier))}
    for machine in MACHINES.values():
        source = machine_source(machine)
        text = ast.unparse(source.tree)
        for edit in source.edits():
            assert source.text_with([edit]) != text
            source.names_with([edit])
        assert ast.unparse(source.tree) == text == ast.unparse(ast.parse(before[machine.name]))
    assert LATCH.operations[0].function is latch.wait


def test_a_mutant_differs_in_its_source_by_its_edits_alone() -> None:
    originals = {name: ast.unparse(machine_source(one).tree).splitlines() for name, one in MACHINES.items()}
    for one in by_id().values():
        original = originals[one.machine.name]
        text = ast.unparse(ast.parse(one.source)).splitlines()
        if one.fault_in == "functions":
            assert len(text) == len(original)
            assert sum(here != there for here, there in zip(text, original, strict=True)) == one.edits, one
        else:
            assert text == original


@pytest.mark.parametrize(
    ("mutant", "arguments", "result"),
    [
        ("latch.count_down: if count > 1 -> if count > 2", (2, 0), (2, 0, "L3")),
        ("latch.count_down: return count - 1, parked, L1 -> return count, parked, L1", (3, 1), (3, 1, "L1")),
        ("latch.set_count: if n < 0 -> if n <= 0", (1, 0, 0), (1, 0, "L4")),
        ("latch: a token for each waiter", (1, 1), (1, 1, "L1")),
        ("barrier.wait: if parked + 1 < parties -> if parked - 1 < parties", (2, 1, False), (2, False, "B1")),
        ("barrier: no generation", (2, 1, False), (1, False, "B2")),
        ("barrier: alone once", (1, 0, False), (1, False, "B2")),
    ],
)
def test_a_mutant_does_what_it_says(mutant: str, arguments: tuple[int, ...], result: tuple[object, ...]) -> None:
    machine = by_id()[mutant].machine
    name = by_id()[mutant].place.rpartition(".")[2].partition(",")[0]
    operation = next(one for one in machine.operations if one.name == name)
    *state, rule = operation.function(*arguments, policy=machine.policies[0])
    assert (*state, rule.id) == result


def test_a_constructor_goes_by_the_function_that_is_changed() -> None:
    machine = by_id()["latch.set_count: if n < 0 -> if n <= 0"].machine
    assert machine.create(0)[2].refuses
    assert not LATCH.create(0)[2].refuses


def test_a_rule_is_changed_wherever_it_is_used() -> None:
    machine = by_id()["latch.L2: the queue released -> stays"].machine
    rule = next(one for one in machine.operations if one.name == "count_down").function(1, 1)[2]
    assert (rule.id, rule.queue) == ("L2", "stays")
    assert rule is next(one for one in machine.rules if one.id == "L2")
    assert L2.queue == "released"


@pytest.mark.parametrize(
    ("machine", "rule", "changes"),
    [
        (LATCH, "L3", ["the caller returns -> raises", "the queue stays -> released", "it warns: True -> False"]),
        (LATCH, "L10", ["the caller leaves -> returns", "the queue stays -> released", "it warns: False -> True"]),
        (
            LATCH, "L3p",
            [
                "the caller raises -> returns", "the queue stays -> released", "the error RuntimeError -> TypeError",
                "the error RuntimeError -> LatchInUseError", "the error RuntimeError -> ZeroLatchError",
                "the error RuntimeError -> none", "the error ValueError -> TypeError",
                "the error ValueError -> LatchInUseError", "the error ValueError -> ZeroLatchError",
                "the error ValueError -> none",
            ],
        ),
        (
            BARRIER, "B2",
            [
                "the caller returns an index -> parks", "the caller returns an index -> returns",
                "the caller returns an index -> raises", "the queue indexed -> stays", "the queue indexed -> released",
                "the queue indexed -> failed", "the order arrival -> reversed", "the order arrival -> any",
                "the order arrival -> one leads", "it warns: False -> True",
            ],
        ),
    ],
)  # fmt: skip
def test_every_other_rule_is_made(machine: Machine, rule: str, changes: list[str]) -> None:
    """One that is left out is a fault that no evidence is asked to find."""
    prefix = f"{machine.name}.{rule}: "
    assert {one.id.removeprefix(prefix) for one in generated(machine) if one.id.startswith(prefix)} == set(changes)


def test_every_rule_of_a_mutant_can_be_applied() -> None:
    for one in by_id().values():
        for rule in one.machine.rules:
            assert rule.errors or not (rule.refuses or rule.queue == "failed"), one


def test_a_named_mutant_that_no_longer_fits_is_said() -> None:
    source = machine_source(LATCH)
    with pytest.raises(LookupError, match=r"is there 0 times in wait of latchproof_spec\.latch\.rules, not once"):
        named_edit(source, "wait", "return 7", "return 8")
    with pytest.raises(LookupError, match="the rule L2 has no queue='stays'"):
        named_edit(source, "L2", "queue='stays'", "queue='released'")


def test_every_shape_is_one_of_the_generated() -> None:
    assert set(NICKNAMES) <= set(by_id())
    assert by_id()["latch.set_count: return n, parked, L6 -> return count, parked, L6"].sentence.startswith(
        "set_count does not move the gate."
    )


def task_fault(name: str) -> Mutant:
    (found,) = (one for machine in MACHINES.values() for one in named(machine) if one.id == name)
    assert found.fault_in == "tasks"
    assert found.machine in MACHINES.values()
    return found


@pytest.mark.parametrize(
    ("name", "rule", "queue", "who", "released", "after", "resumed"),
    [
        ("latch: wakes one", L2, (A, B), C, {}, (B,), ((A, None), (C, None))),
        ("latch: wakes one", L8, (A, B), C, {}, (A, B, C), ()),
        ("latch: a chain of wake-ups", L10, (), A, {A: None, B: None}, (B,), ()),
        ("latch: stolen tokens", L8, (), B, {A: None}, (A,), ((B, None),)),
        ("latch: stolen tokens", L8, (), B, {}, (B,), ()),
        ("latch: lapped", L8, (B,), C, {A: None}, (A, B, C), ()),
        ("latch: a gate that closes again", L6, (), B, {A: None}, (A,), ((B, None),)),
        ("latch: another error", L2, (A,), C, {}, (), ((A, None), (C, None))),
        ("barrier: a shared break flag", B6, (B,), C, {A: 0}, (), ((B, "broken"), (C, None), (A, "broken"))),
        ("barrier: a shared break flag", B5, (B,), A, {A: 0}, (B,), ()),
        ("latch: a spurious wake-up", L8, (A, B), C, {}, (C,), ((A, None), (B, None))),
        ("latch: a spurious wake-up", L2, (A,), C, {}, (), ((A, None), (C, None))),
        ("barrier: a failure unasked", B1, (A,), C, {}, (C,), ((A, "broken"),)),
        ("barrier: a failure unasked", B5, (B,), A, {A: 0}, (B,), ()),
        ("barrier: last in, first out", B2, (A, B), C, {}, (), ((B, 0), (A, 1), (C, 2))),
        ("barrier: last in, first out", B1, (A, B), C, {}, (A, B, C), ()),
    ],
)
def test_a_task_fault_does_what_it_says(
    name: str,
    rule: Rule,
    queue: tuple[Task, ...],
    who: Task,
    released: dict[Task, Ending],
    after: object,
    resumed: object,
) -> None:
    left, found = task_fault(name).task_fault(rule, queue, who, released)
    assert left == after
    assert tuple((task, "broken" if ending is BrokenBarrierError else ending) for task, ending in found) == resumed


def test_another_error_is_none_that_is_due() -> None:
    _, resumed = task_fault("barrier: another error").task_fault(B6, (A, B), C, {})
    assert resumed == ((A, KeyError), (B, KeyError), (C, None))


@pytest.mark.parametrize(
    ("name", "state", "right", "wrong"),
    [
        ("latch: count misread", (3, 0), 3, 4),
        ("barrier: parties misread", (2, 1, False), 2, 3),
        ("barrier: n_waiting misread", (2, 1, False), 1, 2),
        ("barrier: broken misread", (2, 1, False), False, True),
    ],
)
def test_a_misread_observation_differs_from_what_is_there(
    name: str, state: tuple[int, ...], right: int, wrong: int
) -> None:
    (found,) = (one for machine in MACHINES.values() for one in named(machine) if one.id == name)
    observation = name.split()[1]
    assert MACHINES[found.machine.name].observations[observation].read(*state) is right
    assert found.machine.observations[observation].read(*state) is wrong
    assert (found.task_fault, found.fault_in) == (as_specified, "readings")


def test_an_index_from_the_live_count_is_given_twice() -> None:
    fault = task_fault("barrier: a live index").task_fault
    queue: tuple[Task, ...] = ()
    for task in (A, B):
        queue, _ = fault(B1, queue, task, {})
    queue, _ = fault(BARRIER.rules[8], queue[1:], A, {})  # B4: the first is withdrawn
    queue, _ = fault(B1, queue, C, {})
    assert fault(B2, queue, D, {})[1] == ((B, 1), (C, 1), (D, 2))


def test_the_fault_the_original_does_not_see_the_released() -> None:
    assert as_specified(B6, (B,), C, {A: 0}) == ((), ((B, BrokenBarrierError), (C, None)))


@pytest.mark.parametrize(
    ("machine", "callers", "queues"),
    [
        (LATCH, {"parks", "returns", "raises", "leaves"}, {"stays", "released"}),
        (
            BARRIER,
            {"parks", "returns", "returns an index", "raises", "leaves"},
            {"stays", "released", "indexed", "failed"},
        ),
    ],
    ids=["latch", "barrier"],  # a set is printed in another order in each process
)
def test_a_faulty_rule_says_what_some_rule_of_the_machine_may_say(
    machine: Machine, callers: set[str], queues: set[str]
) -> None:
    rules = [rule for one in generated(machine) for rule in one.machine.rules]
    assert {rule.caller for rule in rules} == callers
    assert {rule.queue for rule in rules} == queues


def test_a_task_fault_is_only_of_machines_that_can_have_it() -> None:
    everywhere = {name for name, (_, is_possible) in TASK_FAULTS.items() if is_possible(LATCH) and is_possible(BARRIER)}
    of_latch = {name for name, (_, is_possible) in TASK_FAULTS.items() if is_possible(LATCH)} - everywhere
    of_barrier = {name for name, (_, is_possible) in TASK_FAULTS.items() if is_possible(BARRIER)} - everywhere
    assert of_latch == {"a gate that closes again"}
    assert of_barrier == {"a failure unasked", "a shared break flag", "a live index", "last in, first out"}
    assert everywhere | of_latch | of_barrier == set(TASK_FAULTS)


def test_a_machine_without_an_entry_has_no_named_faults_but_those_of_any() -> None:
    other = replace(LATCH, name="gate")
    names = {one.id.removeprefix("gate: ") for one in named(other)}
    assert names == {one.id.removeprefix("latch: ") for one in named(LATCH)} - set(NAMED["latch"])
