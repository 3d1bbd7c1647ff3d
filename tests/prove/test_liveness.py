"""Liveness for all sizes: the rule is applied to every step, fails without fairness, and each claim is owed at all."""

from __future__ import annotations

from typing import Any

import pytest
import z3

from latchproof.prove import liveness
from latchproof.prove.goals import Obligation
from latchproof.prove.identities import Identities
from latchproof.prove.liveness import liveness_controls, liveness_goals
from latchproof.prove.obligations import CONTROLS, prove
from latchproof.prove.steps import paths_of
from latchproof.prove.world import BEFORE, LEFT, ONE, WHO
from latchproof_spec.barrier.claims import C13, C14
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Eventuality
from latchproof_spec.latch.claims import C12
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import FAULTS, Fault, with_parts
from tests.prove import unproved
from tests.prove.test_identities import IN_APPLY, model_of

LOST = [fault for fault in FAULTS if fault.new in ("return 0, 0, L1", "if parked >= 0", "return 0, False, B1")]
OURS = "latchproof"


def proved(machine: Machine, **options: Any) -> list[Obligation]:
    policies = tuple(one for one in machine.policies if one.name == OURS)
    return list(prove(machine, policies, parts=("liveness",), **options))


@pytest.mark.parametrize(("machine", "claims"), [(LATCH, {C12}), (BARRIER, {C13, C14})])
def test_the_rule_is_applied_to_every_step(machine: Machine, claims: set[Any]) -> None:
    found = proved(machine)
    assert unproved(found) == []
    ids = {claim.id for claim in claims}
    steps = 1 + sum(len(paths_of(machine, operation, machine.policies[0])) for operation in machine.every_operation)
    first = [one for one in found if one.name.startswith("WF1 (1)")]
    assert len(first) == steps
    assert {one.operation for one in first} == {o.name for o in machine.every_operation} | {"continue"}
    for part in ("WF1 (1)", "WF1 (2)", "WF1 (3)"):
        assert {claim for one in found if one.name.startswith(part) for claim in one.claims} == ids
    let_go = [one for one in found if one.name.endswith("a call to which it is owed is released at once")]
    assert {one.claims for one in let_go} == {(claim,) for claim in ids}


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.new)
def test_a_step_that_owes_and_releases_no_call_is_refuted(fault: Fault) -> None:
    found = unproved(proved(fault.plant()))
    assert found
    assert all(one.name.endswith("a call to which it is owed is released at once") for one in found)
    assert {one.status for one in found} == {"refuted"}


def test_a_release_that_does_not_last_is_refuted() -> None:
    """A call that leaves is given something again, so what it was released with is lost."""
    (fault,) = [one for one in IN_APPLY if one.new == ', "raises", "leaves")']
    found = unproved(proved(LATCH, apply=fault.plant()))
    assert ("WF1 (1): a released call stays released until its own step", "L10") in {
        (one.name, one.rule) for one in found
    }
    assert {one.claims for one in found} == {("C12",)}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_controls_have_models(machine: Machine) -> None:
    """Without fairness, by another's step, or of one that is parked, the rule has a counterexample that is computed."""
    found = [one for one in prove(machine, machine.policies[:1], parts=CONTROLS) if one.policy == OURS]
    names = {one.name for one in found}
    assert names == {
        "without fairness a call may be passed over forever",
        "that another call continues does not fulfil it",
        "a parked call cannot continue",
        *(f"{eventuality}: it is owed to some call" for eventuality in machine.eventualities),
    }
    for one in found:
        assert (one.status, one.verdicts) == ("proved", (("z3", "sat"),))


def test_a_control_that_has_no_model_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """If everything counted as continuing, no call could be passed over, and the rule would prove anything."""
    monkeypatch.setattr(liveness, "_WAS_RELEASED", BEFORE["one"]["phase"] == LEFT)
    found = [one for one in prove(LATCH, LATCH.policies[:1], parts=CONTROLS) if one.policy == OURS]
    assert {one.name for one in found if one.status == "refuted"} == {
        "without fairness a call may be passed over forever", "that another call continues does not fulfil it",
    }  # fmt: skip


def test_an_eventuality_that_nothing_owes_is_refuted() -> None:
    vacuous = Eventuality("nothing is owed", C12, lambda step: False)
    found = unproved(list(prove(with_parts(LATCH, eventualities=(vacuous,)), LATCH.policies[:1], parts=CONTROLS)))
    assert [(one.name, one.claims) for one in found] == [("nothing is owed: it is owed to some call", ("C12",))]


def test_an_eventuality_that_is_false_is_refuted() -> None:
    greedy = Eventuality("every count_down lets go", C12, lambda step: step.operation == "count_down")
    found = unproved(proved(with_parts(LATCH, eventualities=(greedy,))))
    assert {(one.name, one.rule) for one in found} == {
        ("every count_down lets go: a call to which it is owed is released at once", "L1")
    }


def test_a_rule_without_its_own_step_proves_nothing() -> None:
    """The second condition is of the call's own step: of another's it is refuted."""
    model = model_of(LATCH)
    (second,) = [one for one in liveness_goals(model, LATCH) if one.name.startswith("WF1 (2)")]
    (control,) = [one for one in liveness_controls(model, LATCH) if one.name.startswith("that another call continues")]
    assert second.operation == control.operation == "continue"
    assert second.conclusion is not None
    assert control.conclusion is None


def test_who_is_withdrawn_by_the_step_itself_is_owed_nothing() -> None:
    model: Identities = model_of(BARRIER, 2)  # a cancelled waiter breaks the barrier, and the others fail
    always = Eventuality("always", C14, lambda step: True)
    owing = {one.rule: owed for one, owed in liveness._owing(model, always)}
    for rule, possible in (("B4b", z3.unsat), ("B1", z3.sat), ("B2r", z3.unsat)):
        solver = z3.Solver()
        solver.add(owing[rule], ONE == WHO)
        assert solver.check() == possible  # of a step's own call: owed if it parks, and never if it is withdrawn
