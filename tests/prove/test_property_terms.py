"""A property's term is shared by the policies that it does not tell apart, and by no other."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.prove.steps import StepTerms, paths_of
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import C7, Property, Step
from latchproof_spec.step import Rule

WITHDRAWS, OPEN_ORDER, BREAKS = BARRIER.policies[:3]
STEP = paths_of(BARRIER, BARRIER.withdraw, WITHDRAWS)[0].result


def under(policy: Any, rule: Rule = STEP.rule) -> Step:
    return Step(STEP.operation, STEP.constants, STEP.before, STEP.arguments, STEP.after, rule, policy)


def test_what_looks_at_no_axis_is_worked_out_once() -> None:
    asked: list[Step] = []

    def holds(step: Step) -> bool:
        asked.append(step)
        return bool(step.after[0] == step.before[0])

    step_terms, property_ = StepTerms(), Property("blind", (C7,), holds)
    terms = [step_terms.of(property_, under(policy)) for policy in BARRIER.policies]
    once = len(asked)
    assert all(one.eq(terms[0]) for one in terms)
    StepTerms().of(property_, under(WITHDRAWS))
    assert len(asked) == 2 * once  # another keeper, another time


def test_what_looks_at_an_axis_is_worked_out_for_each_value_of_it() -> None:
    property_ = Property("sees", (C7,), lambda step: step.policy.cancelled == "withdraws")
    step_terms = StepTerms()
    said = [str(step_terms.of(property_, under(policy))) for policy in (WITHDRAWS, OPEN_ORDER, BREAKS, WITHDRAWS)]
    assert said == ["True", "True", "False", "True"]


@pytest.mark.parametrize(
    "holds",
    [
        lambda step: step.policy == WITHDRAWS,
        lambda step: step.policy != WITHDRAWS,
        lambda step: step.policy in (BREAKS, WITHDRAWS),
        lambda step: bool(step.policy),
        lambda step: {step.policy: True}[WITHDRAWS],
        lambda step: str(step.policy) == "latchproof",
    ],
)
def test_a_policy_is_looked_at_by_its_axes_alone(holds: Any) -> None:
    """It stands for every policy with the same axes, and is none of them: a comparison would come out false."""
    with pytest.raises(TypeError):
        StepTerms().of(Property("whole", (C7,), holds), under(WITHDRAWS))


def test_rules_outcomes_and_other_arguments_are_told_apart() -> None:
    step_terms = StepTerms()
    by_rule = Property("rule", (C7,), lambda step: step.rule.id == "B4")
    rules = {rule.id: rule for rule in BARRIER.rules}
    assert [str(step_terms.of(by_rule, under(WITHDRAWS, rules[name]))) for name in ("B4", "B5")] == ["True", "False"]
    others = Property("others", (C7,), lambda step, given: given == "yes")
    assert [str(step_terms.of(others, under(WITHDRAWS), given)) for given in ("yes", "no")] == ["True", "False"]
    wait = BARRIER.operations[0]
    outcome = Property("outcome", (C7,), lambda step: bool(step.after[0] == 0))
    assert len({str(step_terms.of(outcome, path.result)) for path in paths_of(BARRIER, wait, WITHDRAWS)}) > 1
