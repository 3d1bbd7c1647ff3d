"""The rules of a latch and a barrier beside the models of them: the same verdict on every class of the zoo.

Both judge every history of one walk, so that whatever the one allows and the other does not shows as a difference in
the smallest failure. The findings of a model have names of their own, so only sizes are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest

from latchproof.check.kinds import MachineKind
from latchproof.check.model_kind import ModelKind
from latchproof.check.model_parts import ModelPolicy
from latchproof.check.specification import Specification
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof.check.values import Compared
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, Programs
from latchproof_spec.models import SHIPPED
from tests.zoo.test_zoo import CORRECT, FAULTS, LONG

BOUNDS = {
    LATCH: (
        Programs((0, 1, 2), at_once=3, calls=3, cancellations=1, numbers=(1,)),
        Programs((0, 1), at_once=2, calls=2, cancellations=2, numbers=(-1, 0, 2)),
    ),
    BARRIER: (
        Programs((1, 2), at_once=3, calls=3, cancellations=1, early=True),
        Programs((3,), at_once=3, calls=3, cancellations=1, waits_only=True),
        Programs((2,), at_once=1, calls=1, cancellations=2),
    ),
}
"""What is tried of a class: three calls, or as many waits."""

FEWER = {LATCH: (1,), BARRIER: (2,)}
"""Constructor arguments for a class that has many schedules, with two calls."""

NOT_FOUND = {
    "LeftTokenLatch", "HandOverLatch", "LiveIndexBarrier",  # which take four calls
    "LappedPollingBarrier", "LappedSleepingBarrier",  # which take three, and have too many schedules for that
    "CommonLatch", "CommonGenerationBarrier",  # which take a second instance
    "LostUpdateLatch",  # which takes a count of 2
}  # fmt: skip
"""Faulty classes that both judge right within these bounds."""


@dataclass(frozen=True)
class Both(MachineKind):
    """A machine whose policies are judged twice: by its rules, and by its model."""

    @cached_property
    def model(self) -> ModelKind:
        return ModelKind(self.name, SHIPPED[self.name].model)

    def specification(self, policy: Any, argument: int, compared: Compared) -> Specification:
        if isinstance(policy, ModelPolicy):
            return self.model.specification(policy, argument, compared)
        return super().specification(policy, argument, compared)


KINDS = {machine: Both(machine) for machine in BOUNDS}


def pairs(machine: Machine) -> list[tuple[Any, ModelPolicy]]:
    """Return each policy that both have, as the rules and as the model have it."""
    models = {one.name: one for one in KINDS[machine].model.policies}
    return [(one, models[one.name]) for one in machine.policies if one.name in models]


@pytest.mark.parametrize("machine", BOUNDS)
def test_the_model_has_every_policy_that_is_judged_unnamed(machine: Machine) -> None:
    assert [rules.name for rules, _ in pairs(machine)] == [one.name for one in machine.usual_policies]


@pytest.mark.parametrize("factory", [*CORRECT, *FAULTS])
def test_both_judge_a_class_alike(factory: Any) -> None:
    machine = adapt(factory).machine
    target = replace(adapt(factory), kind=KINDS[machine])
    bounds = BOUNDS[machine]
    if factory in LONG:
        bounds = (replace(bounds[0], arguments=FEWER[machine], at_once=2, calls=2),)
    found: dict[str, set[Any]] = {}
    for programs in bounds:
        for argument in programs.arguments:
            judged = [
                replace(one, name=f"model of {one.name}") if isinstance(one, ModelPolicy) else one
                for pair in pairs(machine)
                for one in pair
            ]
            walk = Explorer(target, programs, argument, judged).walk()
            assert walk.complete
            for policy, failures in walk.failures.items():
                smallest = min((one.size for one in failures.values()), default=None)
                found.setdefault(policy, set()).add((argument, programs.calls, smallest))
    for rules, _ in pairs(machine):
        assert found[rules.name] == found[f"model of {rules.name}"], rules.name
    if factory in FAULTS and factory.__name__ not in NOT_FOUND:
        assert any(size for _, _, size in found["latchproof"])
