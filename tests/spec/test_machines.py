"""The machines' tables are whole: nothing that the specification has is left out of what the tools read."""

from __future__ import annotations

import importlib
import inspect
import string
from collections.abc import Callable
from itertools import product
from types import ModuleType

import pytest

from latchproof.prove.steps import rules_of
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.policies import BarrierPolicy
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import CLAIMS, MACHINES, claim_of, machines_about
from latchproof_spec.step import Rule

BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
EVERY_RULE = pytest.mark.parametrize("rule", [*LATCH.rules, *BARRIER.rules], ids=repr)
CREATION = {"latch": {"L4", "L4t", "L6"}, "barrier": {"B0", "B0v", "B0t"}}


@pytest.mark.parametrize(("machine", "module"), [(LATCH, latch), (BARRIER, barrier)], ids=repr)
def test_every_rule_of_the_module_is_in_the_table_once(machine: Machine, module: ModuleType) -> None:
    constants = {name: value for name, value in vars(module).items() if isinstance(value, Rule)}
    assert sorted(map(id, machine.rules)) == sorted(map(id, constants.values()))
    assert {name: rule.id for name, rule in constants.items()} == {name: name for name in constants}


@BOTH
def test_every_rule_is_reached_by_a_call_under_some_policy_or_by_creation(machine: Machine) -> None:
    reached = {rule for policy in machine.policies for rule in rules_of(machine, policy)}
    reached |= {machine.create(argument)[2].id for argument in (2, -1, True)}
    assert reached == {rule.id for rule in machine.rules}
    assert CREATION[machine.name] == {machine.create(argument)[2].id for argument in (2, -1, True)}


@pytest.mark.parametrize(
    ("machine", "policy", "rules"),
    [
        (LATCH, "latchproof", "L1 L2 L3 L3x L4 L5 L6 L7 L8 L9 L10"),
        (LATCH, "keeps", "L1 L2 L3 L3x L4 L5k L5r L6 L7 L8 L9 L10"),
        (LATCH, "aiologic", "L1 L2 L3p L4 L5k L5r L6 L7 L8 L9 L10"),
        (BARRIER, "latchproof", "B1 B2 B3 B4 B5 B5e B6 B7"),
        (BARRIER, "cpython", "B1 B2a B3 B4 B5 B5e B6 B7"),
        (BARRIER, "java", "B1 B2r B3 B4b B4e B5 B5e B6 B7"),
        (BARRIER, "aiologic", "B1 B2 B3 B4b B5 B5e B6 B7"),
        (BARRIER, "lenient", "B1 B2a B3 B4 B5 B5e B6 B7"),
    ],
)
def test_the_rules_of_a_policy(machine: Machine, policy: str, rules: str) -> None:
    named = next(one for one in machine.policies if one.name == policy)
    assert set(rules_of(machine, named)) == set(rules.split())


@BOTH
def test_rule_ids_are_unique(machine: Machine) -> None:
    assert len({rule.id for rule in machine.rules}) == len(machine.rules)


@BOTH
def test_every_rule_is_of_an_operation_that_there_is(machine: Machine) -> None:
    names = {operation.name for operation in (*machine.operations, machine.withdraw)} | {"create"}
    assert {rule.operation for rule in machine.rules} <= names
    assert names - {rule.operation for rule in machine.rules} <= {"create"}


@EVERY_RULE
def test_a_rule_says_what_it_does_in_a_sentence(rule: Rule) -> None:
    assert rule.sentence[0].isupper()
    assert rule.sentence.endswith(".")


@EVERY_RULE
def test_a_rule_has_errors_if_somebody_gets_one_and_a_message_for_it(rule: Rule) -> None:
    assert bool(rule.errors) == (rule.refuses or rule.queue == "failed")
    assert bool(rule.message) == bool(rule.errors or rule.warns)
    assert not rule.warns or rule.caller == "returns"


@EVERY_RULE
def test_a_message_names_the_offending_argument_if_there_is_one(rule: Rule) -> None:
    fields = [name for _, name, _, _ in string.Formatter().parse(rule.message) if name is not None]
    assert fields == ([""] if rule.refuses and rule.operation in ("create", "set_count") else [])
    assert rule.message.format("<7>").count("<7>") == len(fields)


def test_over_counting_alone_warns() -> None:
    assert [rule for rule in (*LATCH.rules, *BARRIER.rules) if rule.warns] == [latch.L3]


@BOTH
def test_an_operation_takes_the_constants_the_state_its_inputs_and_a_policy(machine: Machine) -> None:
    for operation in machine.every_operation:
        names = [*machine.constants, *machine.state, *operation.inputs, "policy"]
        parameters = inspect.signature(operation.function).parameters.values()
        assert [one.name for one in parameters] == names
        kinds = {**dict.fromkeys(machine.constants, int), **machine.state, **operation.inputs}
        assert {one.name: one.annotation for one in parameters if one.name in kinds} == {
            name: kind.__name__ for name, kind in kinds.items()
        }
    assert list(inspect.signature(machine.create).parameters) == [machine.parameter]


@BOTH
def test_a_state_is_in_one_phase_and_its_observations_can_be_read(machine: Machine) -> None:
    constants, state, _ = machine.create(2)
    for operation in machine.operations:
        arguments = [kind(1) for kind in operation.parameters.values()]
        *after, _ = operation.function(*constants, *state, *arguments)
        for reached in (state, after):
            assert sum(is_in(*constants, *reached) for is_in in machine.phases.values()) == 1
            for one in machine.observations.values():
                assert isinstance(one.read(*constants, *reached), int)


@BOTH
def test_the_class_of_a_machine_has_its_operations_and_observations(machine: Machine) -> None:
    module, _, name = machine.shell.partition(":")
    shell = getattr(importlib.import_module(module), name)
    assert name == machine.title
    assert all(hasattr(shell, one) for one in (*(o.name for o in machine.operations), *machine.observations))


@BOTH
def test_the_number_of_parked_tasks_is_found_in_the_state(machine: Machine) -> None:
    constants, state, _ = machine.create(3)
    wait = next(one for one in machine.operations if one.waits)
    *after, rule = wait.function(*constants, *state)
    assert rule.caller == "parks"
    assert (state[machine.parked_at], after[machine.parked_at]) == (0, 1)


@BOTH
def test_blame_goes_to_claims_about_the_machine_that_a_history_can_break(machine: Machine) -> None:
    assert {*machine.blame.values()} == {claim for claim in machine.claims if not claim.unobservable}


@BOTH
def test_as_many_calls_as_are_said_to_be_needed_let_a_waiting_call_return(machine: Machine) -> None:
    """By trying every program of one call fewer, and finding one of as many."""
    for argument in range(machine.smallest, 4):
        for operations in (machine.operations, tuple(one for one in machine.operations if not one.optional)):
            needed, at_once = machine.needed_to_release(argument, tuple(one.name for one in operations))
            assert releases(machine, operations, argument, needed)
            assert not needed or not releases(machine, operations, argument, needed - 1)
            assert at_once <= max(needed, 1)


def releases(machine: Machine, operations: tuple[Operation, ...], argument: int, calls: int) -> bool:
    """Whether some program of so many calls comes to where a wait returns, or lets waiting calls return."""
    constants, start, _ = machine.create(argument)
    states = {tuple(start)}
    for _ in range(calls):
        for state in tuple(states):
            for one in operations:
                domains = [(False, True) if kind is bool else range(3) for kind in one.parameters.values()]
                for arguments in product(*domains):
                    *after, rule = one.function(*constants, *state, *arguments)
                    if rule.caller == "returns an index":
                        return True
                    states.add(tuple(after))
    wait = next(one for one in operations if one.waits)
    return any(wait.function(*constants, *state)[-1].caller == "returns" for state in states)


def test_machines_are_found_by_their_names() -> None:
    assert MACHINES == {"latch": LATCH, "barrier": BARRIER}
    assert [repr(machine) for machine in MACHINES.values()] == ["latch", "barrier"]
    assert [repr(operation) for operation in BARRIER.operations] == ["wait", "abort", "reset"]


def test_every_claim_is_made_precise_by_every_machine_that_it_is_about() -> None:
    for machine in MACHINES.values():
        shapes = (machine.invariants, machine.step_properties, machine.history_properties, machine.accounts)
        made = {claim.id for shape in shapes for one in shape for claim in one.claims}
        assert made == {claim.id for claim in machine.claims}


@BOTH
def test_a_claim_can_be_exercised_under_every_policy(machine: Machine) -> None:
    reached = {policy.name: set(rules_of(machine, policy)) for policy in machine.policies}
    for claim, rules in machine.exercise.items():
        assert set(rules) <= {rule.id for rule in machine.rules}
        assert all(fired & set(rules) for fired in reached.values()), claim


@pytest.mark.parametrize(
    ("claim", "gives_a_chance"),
    [
        ("C4", lambda rule: rule.refuses),
        ("C5", lambda rule: rule.queue == "indexed"),
        ("C6", lambda rule: rule.queue == "indexed"),
        ("C7", lambda rule: rule.operation == "withdraw"),
        ("C8", lambda rule: rule.operation == "withdraw" and "already released" in rule.sentence),
        ("C10", lambda rule: rule.refuses),
        ("C11", lambda rule: rule.caller == "parks"),
        ("C12", lambda rule: rule.queue == "released"),
        ("C13", lambda rule: rule.queue == "indexed"),
        ("C14", lambda rule: rule.queue == "failed"),
    ],
)
def test_no_rule_exercises_a_claim_that_it_gives_no_chance_to_fail(
    claim: str, gives_a_chance: Callable[[Rule], bool]
) -> None:
    """A run that fires only another rule must not be said to have tried the claim."""
    machines = machines_about(claim_of(claim))
    assert machines
    for machine in machines:
        named = {rule.id: rule for rule in machine.rules}
        assert [rule for rule in machine.exercise[claim_of(claim)] if not gives_a_chance(named[rule])] == []


def test_a_withdrawal_never_fails_a_released_call() -> None:
    """Not even under a policy that has a withdrawal break the barrier and abort reach the released."""
    policy = BarrierPolicy("both", "breaks", "breaks", "any", "perhaps the released too", "the parked")
    reached = {rule.id for rule in BARRIER.rules if BARRIER.reaches_released(rule, policy)}
    assert reached == {"B6", "B7"}
    assert not any(BARRIER.reaches_released(rule, BARRIER.policies[0]) for rule in BARRIER.rules)


def test_the_claims() -> None:
    assert [claim.id for claim in CLAIMS] == [f"C{number}" for number in range(1, 17)]
    assert {claim.id for claim in CLAIMS if claim.kind == "liveness"} == {"C12", "C13", "C14"}
