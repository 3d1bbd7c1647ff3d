"""A claim that could not come out false is refuted, whatever its shape."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.prove.obligations import CONTROLS, prove
from latchproof_spec.barrier.claims import C5
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.calls import CallClaims
from latchproof_spec.claims import C7, Account, Property
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import with_parts
from tests.prove import unproved


def vacuous(machine: Machine) -> list[tuple[str, tuple[str, ...], str]]:
    found = prove(machine, machine.policies[:1], parts=CONTROLS)
    return [(one.name, one.claims, one.status) for one in unproved(list(found))]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_claim_could_come_out_false(machine: Machine) -> None:
    found = [one for one in prove(machine, parts=CONTROLS) if one.name.startswith("could come out false: ")]
    assert unproved(found) == []
    claims = machine.call_claims
    shapes: tuple[tuple[Any, ...], ...] = (
        machine.invariants, machine.accounts, machine.readings, machine.step_properties,
        claims.invariants, claims.places, claims.steps,
    )  # fmt: skip
    assert [one.name.removeprefix("could come out false: ") for one in found] == [str(p) for s in shapes for p in s]
    assert {claim for one in found for claim in one.claims} >= {c.id for s in shapes for p in s for c in p.claims}


EMPTY = ("could come out false: empty", ("C7",), "refuted")


@pytest.mark.parametrize("shape", ["invariants", "step_properties"])
def test_a_claim_about_counters_that_is_made_vacuous_is_refuted(shape: str) -> None:
    empty = Property("empty", (C7,), lambda *given: True)
    assert vacuous(with_parts(LATCH, **{shape: (*getattr(LATCH, shape), empty)})) == [EMPTY]


def test_an_account_that_is_made_vacuous_is_refuted() -> None:
    (kept,) = LATCH.accounts
    empty = Account("empty", (C7,), kept.ghosts, kept.start, kept.update, lambda constants, state, ghosts: True)
    assert vacuous(with_parts(LATCH, accounts=(empty,))) == [EMPTY]


@pytest.mark.parametrize(
    ("shape", "holds"),
    [
        ("invariants", lambda now, one, other: True),
        ("invariants", lambda now, one, other: not one.parked or not one.done),
        ("places", lambda now, place, call: place < 0 or place >= 0),
        ("steps", lambda step, actor, before, after: step.operation != "no such operation" or after.parked),
    ],
)
def test_a_claim_about_calls_that_is_made_vacuous_is_refuted(shape: str, holds: Any) -> None:
    parts = {part: getattr(BARRIER.call_claims, part) for part in CallClaims.__dataclass_fields__}
    parts[shape] = (*parts[shape], Property("empty", (C7,), holds))
    assert vacuous(with_parts(BARRIER, call_claims=CallClaims(**parts))) == [EMPTY]


def test_a_claim_that_one_policy_can_break_is_not_vacuous() -> None:
    """Indices in any order cannot be in a wrong one; but there are policies with an order."""
    (order,) = [one for one in BARRIER.call_claims.invariants if one.name == "indices follow arrival"]
    assert order.claims == (C5,)
    open_order = tuple(one for one in BARRIER.policies if one.index_order == "any")
    found = unproved(list(prove(BARRIER, open_order[:1], parts=CONTROLS)))
    assert [one.name for one in found] == ["could come out false: indices follow arrival"]
    mixed = (*open_order[:1], *BARRIER.policies[:1])
    assert unproved(list(prove(BARRIER, mixed, parts=CONTROLS))) == []
