"""The named policies."""

from __future__ import annotations

import pytest

from latchproof_spec.barrier.policies import LATCHPROOF as LATCHPROOF_BARRIER
from latchproof_spec.latch.policies import LATCHPROOF as LATCHPROOF_LATCH
from latchproof_spec.machine import Machine, distinct_policies
from latchproof_spec.machines import MACHINES

BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)


def test_our_own_policy_is_the_first() -> None:
    assert [machine.policies[0] for machine in MACHINES.values()] == [LATCHPROOF_LATCH, LATCHPROOF_BARRIER]


@BOTH
def test_policies_have_different_names_and_are_called_by_them(machine: Machine) -> None:
    names = [policy.name for policy in machine.policies]
    assert len(set(names)) == len(names)
    assert list(map(repr, machine.policies)) == names


@BOTH
def test_every_axis_distinguishes_some_policies(machine: Machine) -> None:
    for axis in type(machine.policies[0]).__slots__:
        assert len({getattr(policy, axis) for policy in machine.policies}) > 1, axis


@BOTH
def test_no_other_policy_is_our_own_under_another_name(machine: Machine) -> None:
    assert next(iter(distinct_policies(machine.policies).values())) == (machine.policies[0].name,)
