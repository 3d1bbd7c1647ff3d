"""The claims leave no other step open: each is refused, or is the same in other words; and a gap in them is found."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.contracts import MANIFEST, find_root
from latchproof.explore import completeness
from latchproof.explore.completeness import (
    CALLERS,
    ORDERS,
    QUEUES,
    Completeness,
    every_rule,
    find_gaps,
    read_completeness,
    written,
)
from latchproof.explore.states import explore
from latchproof.prove.goals import Part
from latchproof.prove.obligations import prove
from latchproof.prove.paths import unchecked
from latchproof.verify import explored
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.rules import B6, B4b
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, Rule
from tests.explore.faults import with_operation, with_parts


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_claims_are_complete(machine: Machine) -> None:
    found = find_gaps(machine)
    assert found.gaps == []
    assert found.failure() == ""
    # a search that leaves steps out finds no gap in them
    assert found.counts == read_completeness(find_root() / MANIFEST)[machine.name]


def without(machine: Machine, name: str) -> Machine:
    """The machine without the step or history property of that name."""
    assert name in {one.name for one in (*machine.step_properties, *machine.history_properties)}
    return with_parts(
        machine,
        step_properties=tuple(one for one in machine.step_properties if one.name != name),
        history_properties=tuple(one for one in machine.history_properties if one.name != name),
    )


@pytest.mark.parametrize(
    ("machine", "property_", "gap"),
    [
        (LATCH, "the count is kept", "by <returns, stays>"),
        (LATCH, "only a wait() on a closed latch parks", "calls set_count(n=1) by <parks, stays>"),
        (LATCH, "only a wait() on a closed latch parks", "calls count_down(exception_if_zero=False) by <parks, stays>"),
        (LATCH, "warnings are exact", "by <returns, stays, warns>"),
        (LATCH, "errors are those of the rule", "by <"),
        (BARRIER, "only a wait() that is early parks", "calls wait() by <returns, stays>, and it is (0, False)"),
        (BARRIER, "indices are exact", "by <returns an index, indexed, reversed>"),
        (BARRIER, "refusals are exact", "calls wait() by <raises, stays, ValueError>"),
        (BARRIER, "a new barrier is as asked", "barrier(1) by <returns, stays> is (0,) (0, False)"),
    ],
)
def test_a_gap_in_the_claims_is_found(
    machine: Machine, property_: str, gap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completeness, "LARGEST", 2)
    gaps = find_gaps(without(machine, property_)).gaps
    if property_ == "errors are those of the rule":  # what it refuses, another property refuses too
        assert gaps == []
    else:
        assert any(gap in one for one in gaps), gaps[:5]


def test_a_search_that_leaves_steps_out_fails_every_claim_of_the_machine() -> None:
    manifest = find_root() / MANIFEST
    counts = read_completeness(manifest)["latch"]
    assert (
        explored.uncovered([Completeness("latch", counts["steps"], counts["others"], counts["same"])], manifest) == {}
    )
    fewer = Completeness("latch", counts["steps"], counts["others"] - 1, counts["same"])
    told = explored.uncovered([fewer], manifest)
    assert set(told) == {claim.id for claim in LATCH.claims}
    assert "were tried, the manifest has" in told["C1"]


def test_a_gap_fails_every_claim_of_the_machine() -> None:
    found = Completeness("latch", gaps=["one", "two", "three", "four"])
    assert explored.uncovered([found, Completeness("barrier")], None) == dict.fromkeys(
        [claim.id for claim in LATCH.claims], "4 steps that break no claim: one; two; three"
    )


def test_a_step_of_the_specification_that_is_refused_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completeness, "LARGEST", 1)
    machine = with_operation(LATCH, "wait", lambda count, parked, policy: (count, parked, B6))
    assert any("which is refused" in one for one in find_gaps(machine).gaps)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_rule_that_can_be_written_is_tried(machine: Machine) -> None:
    rules = every_rule(machine)
    assert len({written(one) for one in rules}) == len(rules)
    said = {(one.caller, one.queue, one.order, one.warns) for one in rules}
    assert {one[0] for one in said} == set(CALLERS)
    assert {one[1] for one in said} == set(QUEUES)
    assert {one[2] for one in said} == set(ORDERS)
    own = {(one.caller, one.queue, one.order, one.errors, one.warns) for one in machine.rules}
    assert own <= {(one.caller, one.queue, one.order, one.errors, one.warns) for one in rules}


# ------------------------------------------------------- faults that only one obligation noticed, or none, once


def with_withdrawal(rule: Rule) -> Machine:
    """The barrier by whose rule a cancelled party breaks it, under the policies that let it."""

    def withdraw(*values: Any, policy: Any) -> Any:
        *after, right = BARRIER.withdraw.function(*values, policy=policy)
        return *after, rule if right is B4b else right

    return with_operation(BARRIER, "withdraw", withdraw)


def refuted(machine: Machine, policy: Any, part: Part) -> set[str]:
    """The claims that are refuted of a machine."""
    with unchecked():
        found = list(prove(machine, (policy,), parts=(part,), written=False))
    return {claim for one in found if one.status == "refuted" for claim in one.claims}


def broken(machine: Machine, policy: Any) -> set[str]:
    """The claims that an exploration of two parties, or of a count of two, breaks."""
    found = explore(machine, policy, 2, tasks=3, highest_count=2, at_most=300)
    return {claim for one in found.violations for claim in one.claims}


@pytest.mark.parametrize("policy", [one for one in BARRIER.policies if one.cancelled == "breaks"], ids=repr)
def test_a_cancelled_party_fails_the_others_with_the_error_of_a_broken_barrier(policy: Any) -> None:
    another = with_withdrawal(Rule("B4b", "withdraw", "leaves", "", queue="failed", errors=(ValueError,)))
    assert {"C9", "C14"} <= broken(another, policy)
    assert {"C9", "C14"} <= refuted(another, policy, "counters")
    assert {"C9", "C14"} <= refuted(with_parts(another, operations=()), policy, "identities")
    either = with_withdrawal(
        Rule("B4b", "withdraw", "leaves", "", queue="failed", errors=(BrokenBarrierError, KeyError))
    )
    assert "C9" in broken(either, policy)


EARLY = Rule("B1", "wait", "returns", "")
PARKS_BY_COUNTING = Rule("L1", "count_down", "parks", "")
PARKS_BY_SETTING = Rule("L6", "set_count", "parks", "")
ABORT_PARKS = Rule("B6", "abort", "parks", "", queue="failed", errors=(BrokenBarrierError,))
RESET_IS_AN_INDEX = Rule("B7", "reset", "returns an index", "", queue="failed", errors=(BrokenBarrierError,))


@pytest.mark.parametrize(
    ("machine", "operation", "rule", "after"),
    [
        (BARRIER, "wait", EARLY, lambda parties, parked, broken: (parked, broken)),
        (BARRIER, "abort", ABORT_PARKS, lambda parties, parked, broken: (1, True)),
        (BARRIER, "reset", RESET_IS_AN_INDEX, lambda parties, parked, broken: (0, False)),
        (LATCH, "count_down", PARKS_BY_COUNTING, lambda count, parked, flag: (count - 1, parked + 1)),
        (LATCH, "set_count", PARKS_BY_SETTING, lambda count, parked, n: (n, parked + 1)),
    ],
    ids=lambda one: repr(one) if isinstance(one, Machine | Rule) else "",
)
def test_a_caller_has_the_fate_of_its_operation(machine: Machine, operation: str, rule: Rule, after: Any) -> None:
    """An early wait() that returns, and a call that is parked although it is no wait(), under every policy."""
    original = next(one for one in machine.operations if one.name == operation).function

    def faulty(*values: Any, policy: Any) -> Any:
        *state, right = original(*values, policy=policy)
        return (*after(*values), rule) if right.id == rule.id else (*state, right)

    planted = with_operation(machine, operation, faulty)
    for policy in machine.policies:
        assert broken(planted, policy), policy
    alone = with_parts(planted, operations=tuple(one for one in planted.operations if one.name == operation))
    assert refuted(alone, machine.policies[-1], "counters")
