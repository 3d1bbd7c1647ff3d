"""What the host tells of a call is read off the call, or may be either; no fact is known by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from latchproof.export.promela import promela
from latchproof.export.rows import make_model
from latchproof.export.tla import configuration, module
from latchproof.prove.obligations import PARTS, prove
from latchproof_spec.claims import C4, C10
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.claims import C1
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Fact, Machine
from tests.export.tla_reader import faults_in
from tests.prove import unproved

RELEASED = Fact(
    "was_released",
    "Whether the task was already released; else it is parked.",
    read=lambda call: call.released,
    premise=lambda was_released, parked: was_released or parked > 0,
)
ANY = Fact("is_late", "Whether the task comes late.")


def withdraw(count: Any, parked: Any, was_released: Any, policy: Any) -> Any:
    return latch.withdraw(count, parked, not was_released, policy)


def renamed(fact: Fact = RELEASED) -> Machine:
    """The latch, whose withdrawal is told the opposite, by another name."""
    kept = tuple(
        one for one in LATCH.step_properties if one.claims in ((C1,), (C4,), (C10,))
    )  # the others ask is_parked
    return replace(LATCH, withdraw=replace(LATCH.withdraw, function=withdraw, facts=(fact,)), step_properties=kept)


def told(late: Any) -> Machine:
    """The latch, whose count_down is told something that cannot be read off the call."""

    def count_down(count: Any, parked: Any, exception_if_zero: Any, is_late: Any, policy: Any) -> Any:
        return (late if is_late else latch.count_down)(count, parked, exception_if_zero, policy)

    one, two, three = LATCH.operations
    return replace(LATCH, operations=(one, replace(two, function=count_down, facts=(ANY,)), three))


def names_refuted(machine: Machine) -> set[str]:
    return {one.name for one in unproved(list(prove(machine, machine.policies[:1], parts=PARTS)))}


def test_a_fact_of_another_name_is_read_off_the_call() -> None:
    assert names_refuted(renamed()) == set()


@pytest.mark.parametrize(
    ("fact", "name"),
    [
        (
            replace(RELEASED, premise=lambda was_released, parked: not was_released or parked > 0),
            "refines: what was_released says of the number parked is true",
        ),
        (replace(RELEASED, read=lambda call: call.parked), "refines: the queue is as long as the function says"),
    ],
)
def test_a_fact_that_is_read_wrong_or_promises_too_much_is_refuted(fact: Fact, name: str) -> None:
    assert name in names_refuted(renamed(fact))


def test_a_fact_that_cannot_be_read_is_tried_both_ways() -> None:
    assert names_refuted(told(latch.count_down)) == set()

    def counts_by_two(count: Any, parked: Any, exception_if_zero: Any, policy: Any) -> Any:
        return (
            (count - 2, parked, latch.L1) if count > 2 else latch.count_down(count, parked, exception_if_zero, policy)
        )

    assert "the count is kept" in names_refuted(told(counts_by_two))


def test_an_exported_fact_is_written_as_what_it_is_read_off() -> None:
    model = make_model(renamed(), LATCH.policies[0], LATCH.bounds.model)
    released = '(task[t].is = "released")'
    assert f"L10(t, {released}) \\/ L9(t, {released})" in module(model)
    assert ":: d_step { is[t] != IDLE && (!(is[t] == RELEASED)) -> L9(t) }" in promela(model)
    assert faults_in(module(model), configuration(model)) == []


def test_an_exported_fact_that_cannot_be_read_is_chosen() -> None:
    model = make_model(told(latch.count_down), LATCH.policies[0], LATCH.bounds.model)
    chosen = "\\E exception_if_zero \\in BOOLEAN : \\E is_late \\in BOOLEAN : count_down(t, exception_if_zero, is_late)"
    assert chosen in module(model)
    assert "(count > 1) -> L1_1(t, false, true) }" in promela(model)
    assert faults_in(module(model), configuration(model)) == []
