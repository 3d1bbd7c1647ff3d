"""The machines' tables are whole: nothing that the specification has is left out of what the tools read."""

from __future__ import annotations

import string
from types import ModuleType

import pytest

from latchproof.prove.steps import rules_of
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.policies import POLICIES as BARRIER_POLICIES
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.latch.policies import POLICIES as LATCH_POLICIES
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, Rule, ZeroLatchError

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
        (LATCH, "flowno", "L1 L2 L3 L3x L4 L5k L5r L6 L7 L8 L9 L10"),
        (LATCH, "java", "L1 L2 L3 L3x L4 L5k L5r L6 L7 L8 L9 L10"),
        (LATCH, "cpython", "L1 L2 L3 L3x L4 L5k L5r L6 L7 L8 L9 L10"),
        (LATCH, "lenient", "L1 L2 L3 L3x L4 L5k L5r L6 L7 L8 L9 L10"),
        (LATCH, "aiologic", "L1 L2 L3p L4 L5k L5r L6 L7 L8 L9 L10"),
        (BARRIER, "latchproof", "B1 B2 B3 B4 B5 B6 B7"),
        (BARRIER, "cpython", "B1 B2a B3 B4 B5 B6 B7"),
        (BARRIER, "java", "B1 B2r B3 B4b B5 B6 B7"),
        (BARRIER, "aiologic", "B1 B2 B3 B4b B5 B6 B7"),
        (BARRIER, "lenient", "B1 B2a B3 B4 B5 B6 B7"),
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


@pytest.mark.parametrize(
    ("rule", "errors"),
    [
        (latch.L3x, (ZeroLatchError,)),
        (latch.L3p, (RuntimeError, ValueError)),
        (latch.L4, (ValueError,)),
        (latch.L4t, (TypeError,)),
        (latch.L5, (LatchInUseError,)),
        (barrier.B0v, (ValueError,)),
        (barrier.B0t, (TypeError,)),
        (barrier.B3, (BrokenBarrierError,)),
        (barrier.B4b, (BrokenBarrierError,)),
        (barrier.B6, (BrokenBarrierError,)),
        (barrier.B7, (BrokenBarrierError,)),
    ],
    ids=repr,
)
def test_the_errors_of_a_rule(rule: Rule, errors: tuple[type[Exception], ...]) -> None:
    assert rule.errors == errors


def test_over_counting_alone_warns() -> None:
    assert [rule for rule in (*LATCH.rules, *BARRIER.rules) if rule.warns] == [latch.L3]


def test_the_latch_as_the_tools_see_it() -> None:
    assert (LATCH.name, LATCH.parameter, LATCH.constants, LATCH.state) == (
        "latch", "count", (), {"count": int, "parked": int},
    )  # fmt: skip
    assert [
        (one.name, one.function, one.parameters, one.waits, one.optional) for one in (*LATCH.operations, LATCH.withdraw)
    ] == [
        ("wait", latch.wait, {}, True, False),
        ("count_down", latch.count_down, {"exception_if_zero": bool}, False, False),
        ("set_count", latch.set_count, {"n": int}, False, True),
        ("withdraw", latch.withdraw, {"is_parked": bool}, False, False),
    ]
    assert LATCH.create is latch.create
    assert LATCH.policies is LATCH_POLICIES
    assert {name: one.read(5, 2) for name, one in LATCH.observations.items()} == {"count": 5}
    assert [(name, is_in(0, 0), is_in(1, 0)) for name, is_in in LATCH.phases.items()] == [
        ("open", True, False),
        ("closed", False, True),
    ]


def test_the_barrier_as_the_tools_see_it() -> None:
    assert (BARRIER.name, BARRIER.parameter, BARRIER.constants, BARRIER.state) == (
        "barrier", "parties", ("parties",), {"parked": int, "broken": bool},
    )  # fmt: skip
    assert [
        (one.name, one.function, one.parameters, one.waits, one.optional)
        for one in (*BARRIER.operations, BARRIER.withdraw)
    ] == [
        ("wait", barrier.wait, {}, True, False),
        ("abort", barrier.abort, {}, False, True),
        ("reset", barrier.reset, {}, False, True),
        ("withdraw", barrier.withdraw, {"is_parked": bool}, False, False),
    ]
    assert BARRIER.create is barrier.create
    assert BARRIER.policies is BARRIER_POLICIES
    assert {name: one.read(5, 2, False) for name, one in BARRIER.observations.items()} == {
        "n_waiting": 2, "broken": False,
    }  # fmt: skip
    assert BARRIER.observations["broken"].read(5, 0, True) is True
    assert [(name, is_in(2, 1, False), is_in(2, 0, True)) for name, is_in in BARRIER.phases.items()] == [
        ("whole", True, False),
        ("broken", False, True),
    ]


def test_machines_are_found_by_their_names() -> None:
    assert MACHINES == {"latch": LATCH, "barrier": BARRIER}
    assert [repr(machine) for machine in MACHINES.values()] == ["latch", "barrier"]
    assert [repr(operation) for operation in BARRIER.operations] == ["wait", "abort", "reset"]


def test_every_claim_is_made_precise_by_every_machine_that_it_is_about() -> None:
    for machine in MACHINES.values():
        shapes = (machine.invariants, machine.step_properties, machine.history_properties, machine.accounts)
        made = {claim.id for shape in shapes for one in shape for claim in one.claims}
        assert made == {claim.id for claim in CLAIMS if machine.name in claim.machines}


@pytest.mark.parametrize("claim", CLAIMS, ids=repr)
def test_a_claim_has_a_chance_by_rules_of_each_machine_that_it_is_about(claim: object) -> None:
    one = next(other for other in CLAIMS if other is claim)
    assert one.rules
    for machine in MACHINES.values():
        mine = {rule.id for rule in machine.rules}
        assert bool(mine & set(one.rules)) == (machine.name in one.machines)
        reached = {name: set(rules_of(machine, policy)) for name, policy in enumerate(machine.policies)}
        assert all(fired & set(one.rules) for fired in reached.values()) or machine.name not in one.machines
    assert set(one.rules) <= {rule.id for machine in MACHINES.values() for rule in machine.rules}


def test_the_claims() -> None:
    assert [claim.id for claim in CLAIMS] == [f"C{number}" for number in range(1, 15)]
    assert {claim.id for claim in CLAIMS if claim.kind == "liveness"} == {"C12", "C13", "C14"}
    assert {claim.id: claim.machines for claim in CLAIMS} == {
        **dict.fromkeys(("C1", "C2", "C3", "C12"), ("latch",)),
        **dict.fromkeys(("C5", "C6", "C8", "C9", "C13", "C14"), ("barrier",)),
        **dict.fromkeys(("C4", "C7", "C10", "C11"), ("latch", "barrier")),
    }


def test_which_claims_each_property_makes_precise() -> None:
    made = {
        machine.name: {
            one.name: " ".join(claim.id for claim in one.claims)
            for shape in (machine.invariants, machine.step_properties, machine.history_properties, machine.accounts)
            for one in shape
        }
        for machine in MACHINES.values()
    }
    assert made == {
        "latch": {
            "the count is not negative": "C1",
            "nobody is parked at zero": "C2",
            "whoever is blocked is at a closed latch": "C11",
            "the count is kept": "C1",
            "the parked are counted": "C2",
            "goes on at zero": "C3",
            "refused changes nothing": "C4",
            "a withdrawal takes back itself": "C7",
            "refusals are exact": "C10",
            "warnings are exact": "C10",
            "zero releases": "C12",
            "only the parked and the caller go on": "C2 C7",
            "the released stay released": "C12",
            "endings are plain": "C3 C12",
            "whoever calls parks or goes on": "C11",
            "whoever is withdrawn is gone": "C7",
            "errors are those of refusals": "C4 C10",
            "the count is what was last set less the count_downs since, never below zero": "C1",
        },
        "barrier": {
            "fewer than parties are parked": "C6 C11",
            "nobody is parked when broken": "C11",
            "refused changes nothing": "C4",
            "a whole generation trips": "C6 C13",
            "arrivals are counted": "C6",
            "a withdrawal takes back itself": "C7",
            "only abort breaks and reset mends": "C9",
            "refusals are exact": "C10",
            "abort and reset fail the parked": "C14",
            "only the parked and the caller go on": "C7",
            "indices are exact": "C5",
            "a generation is whole": "C6",
            "the released stay released": "C8 C13 C14",
            "exactly the parked fail": "C9 C14",
            "whoever calls parks or goes on": "C11",
            "whoever is withdrawn is gone": "C7 C8",
            "errors are those of refusals": "C4 C10",
            "arrivals = generations x parties + parked + withdrawn + failed": "C6 C7",
        },
    }
    assert [repr(one) for one in LATCH.accounts] == [
        "the count is what was last set less the count_downs since, never below zero"
    ]
