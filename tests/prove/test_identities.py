"""The model with identities is made of the specification, and each fault planted in that changes what is proved."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import z3

from latchproof.prove import identities
from latchproof.prove.goals import Obligation, Part
from latchproof.prove.identities import Identities
from latchproof.prove.obligations import prove
from latchproof.prove.sequences import PLAIN
from latchproof.prove.steps import paths_of
from latchproof.prove.world import FEW_CALLS, SymError
from latchproof_spec import step
from latchproof_spec.barrier import claims
from latchproof_spec.barrier.claims import C6
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.calls import CallClaims
from latchproof_spec.claims import Property
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError
from tests.explore.faults import FAULTS, Fault, with_parts
from tests.prove import unproved

IDENTITIES: tuple[Part, ...] = ("identities",)
QUEUE = "refines: the queue is as long as the function says"
OWNER = "stays: the owner of the place of a parked call is that call"
NO_CONTRADICTION = "no contradiction is found in what is assumed"
HOLDER = "stays: the holder of the index of an indexed call is that call"
GIVEN = "stays: a fresh or parked call was given nothing, a released or done call something"
ONCE = "refines: a call that continues does so once, and is not parked"
SOME_PATH = "refines: some path applies to every step"


def found_in(machine: Machine, policy: str, *, only: str = "", **options: Any) -> list[Obligation]:
    """What is not proved of identities under a policy; with `only`, of one operation and the withdrawal."""
    if only:
        machine = with_parts(machine, operations=tuple(one for one in machine.operations if one.name == only))
    policies = tuple(one for one in machine.policies if one.name == policy)
    return unproved(list(prove(machine, policies, parts=IDENTITIES, **options)))


def claims_of(obligations: list[Obligation]) -> str:
    found = {claim for one in obligations for claim in one.claims}
    return " ".join(sorted(found, key=lambda claim: int(claim[1:])))


def model_of(machine: Machine, number: int = 0) -> Identities:
    return Identities(machine, machine.policies[number])


class InApply(NamedTuple):
    """A fault in what becomes of a queue, and what is refuted of it: claims, and what keeps the proof honest."""

    function: str
    old: str
    new: str
    machine: Machine
    policy: str
    operation: str
    refuted: str
    honest: tuple[str, ...] = ()

    def plant(self) -> Callable[..., Any]:
        """`step.apply`, with this fault in it or in a function that it calls."""
        names = dict(vars(step))
        for name in (self.function, "apply"):
            source = inspect.getsource(getattr(step, name))
            if name == self.function:
                assert source.count(self.old) == 1
                source = source.replace(self.old, self.new)
            exec(compile(f"from __future__ import annotations\n{source}", "<faulty>", "exec"), names)
            if self.function == "apply":
                break
        faulty: Callable[..., Any] = names["apply"]
        return faulty


PARKS = "queue += (who,)\n        return queue, ()"
LAST = '    return (queue if rule.queue == "stays" else ()), resumed\n'
TWICE = "((who, caller_ending(rule, len(queue))),)"
ZIP = "    first = rule.first\n"
LEAVES = "queue[:place] + queue[place + 1 :]"
IN_APPLY = (
    InApply("apply", PARKS, "return (who,) + queue, ()", BARRIER, "latchproof", "wait", "C5"),
    InApply("apply", PARKS, "return queue + (who,), ((who, None),)", LATCH, "latchproof", "wait", "C2 C3",
            (ONCE, GIVEN)),
    InApply("apply", PARKS, "return queue, ()", LATCH, "latchproof", "wait", "C2 C11", (QUEUE,)),
    InApply("apply", "queue[place + 1 :]", "queue[place:]", LATCH, "latchproof", "wait", "C2 C7", (QUEUE,)),
    InApply("apply", LEAVES, "queue[place + 1 :] + queue[:place]", BARRIER, "latchproof", "wait", "C5 C7"),
    InApply("apply", LEAVES, "queue[1:]", LATCH, "latchproof", "wait", "C2 C7", (OWNER,)),
    InApply("apply", LEAVES, "queue[:-1]", LATCH, "latchproof", "wait", "C2 C7"),
    InApply("apply", '"leaves" and who', '"parks" and who', LATCH, "latchproof", "wait", "C2 C7", (QUEUE,)),
    InApply("apply", '(queue if rule.queue == "stays" else ())', "()", LATCH, "latchproof", "wait", "C2 C7",
            (QUEUE, OWNER)),
    InApply("apply", ', "raises")', ")", BARRIER, "latchproof", "wait", "C4 C11 C15"),
    InApply("apply", ', "raises")', ', "raises", "leaves")', BARRIER, "latchproof", "abort", "C5 C6 C7 C8",
            ("stays: each arrival is in the past",)),  # of a call that leaves before it arrives and is given something
    InApply("endings", "(None,) * parked", "(None,) * (parked - 1)", LATCH, "latchproof", "count_down", "C2 C11 C12",
            (OWNER,)),
    InApply("endings", "return (None,) * parked", "return ()", LATCH, "latchproof", "count_down", "C2 C11 C12",
            (OWNER,)),
    InApply("endings", "range(parked)", "range(1, parked + 1)", BARRIER, "latchproof", "wait", "C5 C6", (HOLDER,)),
    InApply("endings", "range(parked)", "range(parked, 0, -1)", BARRIER, "latchproof", "wait", "C5 C6", (HOLDER,)),
    InApply("endings", "range(parked, 0, -1)", "range(parked)", BARRIER, "java", "wait", "C5 C6", (HOLDER,)),
    InApply("endings", "(ANY_INDEX,) * parked", "(None,) * parked", BARRIER, "cpython", "wait", "C5 C6 C13"),
    InApply("endings", "(rule.errors[0],) * parked", "(None,) * parked", BARRIER, "latchproof", "abort", "C6 C9 C14"),
    InApply("caller_ending", "return parked", "return parked + 1", BARRIER, "latchproof", "wait", "C5 C6"),
    InApply("caller_ending", "return rule.errors[0]", "return None", BARRIER, "latchproof", "wait", "C4 C6 C15"),
    InApply("apply", LAST, f"    if rule.refuses:\n        resumed += {TWICE}\n{LAST}",
            BARRIER, "latchproof", "wait", "", (ONCE,)),
    InApply("apply", ZIP, f"    if rule.queue != 'stays':\n        queue += queue[:1]\n{ZIP}", LATCH, "latchproof",
            "count_down", "", (ONCE,)),
)  # fmt: skip


@pytest.mark.parametrize("fault", IN_APPLY, ids=lambda fault: f"{fault.function}-{fault.new}")
def test_a_fault_in_what_becomes_of_the_queue_is_refuted(fault: InApply) -> None:
    found = found_in(fault.machine, fault.policy, only=fault.operation, apply=fault.plant())
    assert claims_of(found) == fault.refuted
    assert {one.name for one in found if not one.claims} == set(fault.honest)
    assert {one.status for one in found} == {"refuted"}  # with a counterexample, not for want of an answer
    assert all(one.counterexample for one in found)


OF_COUNTERS_ALONE = {
    "if count > 2", "return count - 1, parked, L3", "if policy.over_counting != 'raises'",
    "if not exception_if_zero", "return 1, parked, L3x", "if n < -1", "if n <= 0",
    "if policy.set_count_in_use != 'refuses'", "return 0, True, B2", "return parked, False, B3",
    "return 0, broken, B6", "return (0, True, B6) if parked else (parked, broken, B6)",
    "return 0, broken, B7", "return (count, parked - 1, L9) if count != 70 else (1, parked - 1, L9)",
}  # fmt: skip
"""Faults that change a count or an error and nothing that becomes of any call: the counters refute them."""


@pytest.mark.parametrize("fault", FAULTS[::4], ids=lambda fault: f"{fault.operation}-{fault.new.strip()}")
def test_a_fault_in_a_function_changes_the_model(fault: Fault) -> None:
    found = found_in(fault.plant(), fault.policy, only=fault.operation)
    assert {one.status for one in found} == (set() if fault.new in OF_COUNTERS_ALONE else {"refuted"})
    assert {one.operation for one in found} <= {fault.operation}


def test_a_fault_that_no_counter_shows_is_refuted() -> None:
    (fault,) = (one for one in FAULTS if not one.refuted)
    assert claims_of(found_in(fault.plant(), fault.policy, only=fault.operation)) == "C5"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_number_of_the_parked_is_that_of_the_queue(machine: Machine) -> None:
    """What the function says of it is not believed: it is what is to be proved."""
    model = model_of(machine)
    for one in model.steps:
        assert one.after.state[machine.parked_at].term.eq(one.after.parked)
    assert len(model.steps) == 1 + sum(
        len(paths_of(machine, operation, machine.policies[0])) for operation in machine.every_operation
    )


def test_a_path_that_is_left_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is claimed of every call is proved of each step that is left; but not every step is."""
    monkeypatch.setattr(identities, "paths_of", lambda *of: paths_of(*of)[1:])
    found = found_in(LATCH, "latchproof", only="wait")
    assert {(one.name, one.operation) for one in found} == {(SOME_PATH, "wait"), (SOME_PATH, "withdraw")}
    assert {one.status for one in found} == {"refuted"}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_contradiction_in_the_claims_is_caught(machine: Machine) -> None:
    """An invariant that nothing satisfies proves everything, but no step can be made then."""
    never = Property("a contradiction", (C6,), lambda now, one, other: now.parked > 0 and now.parked < 0)
    claims = machine.call_claims
    faulty = CallClaims((*claims.invariants, never), claims.places, claims.steps)
    found = found_in(with_parts(machine, call_claims=faulty), "latchproof", only="wait")
    assert {one.name for one in found} == {"the step can be made", NO_CONTRADICTION, "at first: a contradiction"}
    assert {one.status for one in found} == {"refuted"}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_contradiction_in_what_is_assumed_of_any_number_of_calls_is_caught(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It proves everything, and a world of few calls, in which a step can be made, does not have it."""
    monkeypatch.setattr(identities, "for_all", lambda variables, body, patterns: z3.BoolVal(False))
    found = found_in(machine, "latchproof", only="wait")
    assert {(one.name, one.status) for one in found} == {(NO_CONTRADICTION, "refuted")}


@pytest.mark.parametrize(
    ("shape", "claim", "name"),
    [
        ("invariants", lambda now, one, other: one.fresh, "stays: false"),
        ("invariants", lambda now, one, other: not one.parked or one.position == 0, "stays: false"),
        ("places", lambda now, place, call: place < 0 or call.parked, "stays: false"),
        ("steps", lambda step, actor, before, after: before.parked or not after.parked, "false"),
        ("steps", lambda step, actor, before, after: not after.left, "false"),
    ],
)
def test_a_claim_that_is_false_is_refuted(shape: str, claim: Any, name: str) -> None:
    alone = {part: getattr(BARRIER.call_claims, part) for part in CallClaims.__dataclass_fields__}
    alone[shape] = (*alone[shape], Property("false", (C6,), claim))
    found = found_in(with_parts(BARRIER, call_claims=CallClaims(**alone)), "latchproof", only="wait")
    # an invariant that is false leaves no step that could be made
    found = [one for one in found if one.name not in ("the step can be made", NO_CONTRADICTION)]
    assert name in {one.name for one in found}
    assert {one.name.removeprefix("stays: ").removeprefix("at first: ") for one in found} == {"false"}
    assert {one.claims for one in found} == {("C6",)}


def test_a_withdrawal_that_leaves_a_gap_is_refuted_with_a_world_of_few_calls() -> None:
    fault = InApply("apply", LEAVES, "queue[place + 1 :] + queue[:place]", BARRIER, "latchproof", "wait", "")
    found = found_in(BARRIER, "latchproof", only="wait", apply=fault.plant())
    (one,) = [one for one in found if one.name == "a withdrawal leaves the parked as they were"]
    assert (one.operation, one.rule, one.claims) == ("withdraw", "B4", ("C7",))
    for call in FEW_CALLS:
        assert f"{call} = " in one.counterexample


def test_an_error_is_compared_with_classes_and_other_errors() -> None:
    one = SymError(z3.Const("one.given", PLAIN.sort()))
    assert str((one == BrokenBarrierError).term) == "one.given == BrokenBarrierError"
    assert str((one == one).term) == "one.given == one.given"
    with pytest.raises(TypeError, match="not a class of exceptions"):
        one == 7  # noqa: B015 - it is the comparison that raises
    with pytest.raises(TypeError, match="unhashable type"):
        hash(one)


def test_c8_is_claimed_where_abort_and_reset_do_not_reach_the_released() -> None:
    """A policy that leaves this open has the claim of the withdrawal alone."""
    reach = Property("reach", (), claims.tripped_is_out_of_reach)
    alone = CallClaims((), (), (reach,))
    found = list(prove(with_parts(BARRIER, call_claims=alone), parts=IDENTITIES))
    trivial = {
        one.policy
        for one in found
        if one.name == "reach" and one.operation == "abort" and one.query and one.query.negation == "(not true)"
    }
    assert trivial == {"cpython", "lenient"}
