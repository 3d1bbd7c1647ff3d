"""Rules that let the first of the parked continue are proved, replayed, explored and judged; faults are refuted."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.specification import NEW, PARKED, Configuration, Invocation
from latchproof.explore.states import explore
from latchproof.prove.obligations import WHOLE, prove, prove_whole
from latchproof.prove.replay import differences
from latchproof_spec.machine import Machine
from tests.semaphore import SEMAPHORE, with_rule

POLICY = SEMAPHORE.policies[0]


def test_both_solvers_prove_everything() -> None:
    found = prove_whole([SEMAPHORE])
    assert {one.status for one in found} == {"proved"}
    assert {one.part for one in found} == set(WHOLE)
    assert {"S4", "S5", "S7"} <= {one.rule for one in found}


def test_the_model_with_identities_makes_the_steps_of_the_functions() -> None:
    assert differences(SEMAPHORE) == []


def test_every_state_is_explored_and_every_rule_applies() -> None:
    found = explore(SEMAPHORE, POLICY, 1, tasks=3, calls=2)
    assert found.complete
    assert found.violations == []
    assert found.rules == {"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"}
    # Spin and TLC find as many states of the exported models
    assert explore(SEMAPHORE, POLICY, 1, tasks=3, calls=2).states == 665


@pytest.mark.parametrize("fields", [{"first": 2}, {"queue": "released"}, {"queue": "stays"}])
def test_a_rule_that_lets_others_continue_is_refuted(fields: dict[str, Any]) -> None:
    faulty: Machine = with_rule(**fields)
    wrong = [one for one in prove(faulty, parts=("identities",), written=False) if one.status == "refuted"]
    assert [one.rule for one in wrong] == ["S4"] * len(wrong) != []
    assert explore(faulty, POLICY, 0, tasks=4, calls=2).violations


def test_the_judge_lets_the_first_continue() -> None:
    judge = MachineSpecification(SEMAPHORE, POLICY, 0)
    names = ("acquire", "acquire", "acquire", "release", "release_two")
    calls = [Invocation(name, (), task, False, ()) for task, name in enumerate(names)]
    here = Configuration((0, 3), (0, 1, 2), ((0, PARKED), (1, PARKED), (2, PARKED), (3, NEW), (4, NEW)))
    for call, left in ((3, (1, 2)), (4, (2,))):
        ((after, _),) = judge.effects(here, call, calls)
        assert (after.queue, after.state) == (left, (0, len(left)))
        ends = [one for one in (0, 1, 2) if after.fate(one).kind == "ends"]
        assert ends == [one for one in (0, 1, 2) if one not in left]
