"""A plugin for CrossHair: an argument that is a policy is each of the named policies, and a contract is checked once.

By itself CrossHair makes up policies with arbitrary strings on their axes, which no primitive has, and never finishes.
With this plugin it checks the functions of the specification as they are, with the contracts in their docstrings, under
every policy: "Confirmed over all paths" covers all of them.

CrossHair also checks a contract wherever a function that has one is called. That takes six sevenths of the time of the
runtime's drivers and shows nothing more: the functions of the specification are confirmed where they stand, for all
arguments that meet their `pre:`, which is that the state meets the invariant, as it does after each of them. So only
the contract of the function that CrossHair examines is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crosshair import register_type
from crosshair.enforce import EnforcedConditions

from latchproof_spec.barrier.policies import POLICIES as BARRIER_POLICIES
from latchproof_spec.barrier.policies import BarrierPolicy
from latchproof_spec.latch.policies import POLICIES as LATCH_POLICIES
from latchproof_spec.latch.policies import LatchPolicy


def one_of(values: tuple[object, ...]) -> Callable[[Any], object]:
    """Return how CrossHair makes one of the values: each is a separate path, as for an enumeration."""

    def create(factory: Any) -> object:
        for value in values[:-1]:
            if factory.space.smt_fork(desc=f"{factory.varname}_{value}"):
                return value
        return values[-1]

    return create


def enforces_no_call_in(self: EnforcedConditions, codeobj: object) -> bool:
    """Return that calls in this code are not to be checked, whatever code it is."""
    return False


register_type(LatchPolicy, one_of(LATCH_POLICIES))
register_type(BarrierPolicy, one_of(BARRIER_POLICIES))
EnforcedConditions.wants_codeobj = enforces_no_call_in  # type: ignore[method-assign]
