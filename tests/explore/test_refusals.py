"""Each small change of a function that makes a claim precise is noticed: the manifest names what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from latchproof.contracts import MANIFEST, find_root
from latchproof.explore import refusals
from latchproof.explore.refusals import Pool, differing_refusals, pools, read_refusals, written
from latchproof.verify import explored
from latchproof_spec import calls
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machines import MACHINES
from tests.explore.faults import with_parts
from tests.explore.weakenings import Weakening, functions, planted, reached, weakenings

EQUIVALENT = {
    "same_ending: before.indexed -> after.indexed": "both are equal, as a line before says",
    "refused_changes_no_other_call: before.parked -> after.parked": "both are equal in a call that is unchanged",
    "count_is_kept: 0 -> 1": "of a count of 1, which falls to 0, both branches say the same",
}
"""Changes that change nothing, each with the reason."""


@cache
def judged() -> list[tuple[Pool, set[Any], bytes]]:
    """Every pool, the functions that evaluate it, and which of its cases are refused."""
    return [(pool, reached(pool.holds), pool.verdicts) for machine in MACHINES.values() for pool in pools(machine)]


def is_noticed(weakening: Weakening) -> bool:
    """Whether some property refuses other cases while the change is there; a change that raises is noticed too."""
    with planted(weakening):
        try:
            return any(
                bool(pool.holds(*case)) == was_refused
                for pool, used, verdicts in judged()
                if weakening.function in used
                for case, was_refused in zip(pool.cases, verdicts, strict=True)
            )
        except Exception:
            return True


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_each_property_refuses_the_cases_of_the_manifest(machine: Any) -> None:
    expected = read_refusals(find_root() / MANIFEST)[machine.name]
    made = {pool.name: pool for pool in pools(machine)}
    found = [(pool.name, written(verdicts)) for pool, _, verdicts in judged() if made.get(pool.name, pool).claims]
    assert {name: refused for name, refused in found if expected.get(name) == refused} == expected
    assert list(expected) == list(made)
    assert {claim for pool in made.values() for claim in pool.claims} == {claim.id for claim in machine.claims}


def test_every_property_refuses_some_cases_and_lets_others_pass() -> None:
    assert [pool.name for pool, _, verdicts in judged() if len(set(verdicts)) != 2] == []


def test_every_function_of_the_claims_is_used() -> None:
    used = set[Any]().union(*(functions for _, functions, _ in judged()))
    assert [one.__name__ for one in functions() if one not in used] == []


def test_every_small_change_of_a_claim_is_noticed() -> None:
    judged()
    tried = list(weakenings())
    assert len(tried) > 900
    assert [str(one) for one in tried if not is_noticed(one)] == list(EQUIVALENT)


def weakened(function: Callable[..., Any], change: str) -> Weakening:
    (found,) = (one for one in weakenings() if one.function is function and one.change == change)
    return found


def test_an_ending_that_forgets_the_generation_fails_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explored, "read_expectations", lambda manifest: [])
    with planted(weakened(calls.same_ending, "before.generation == after.generation -> True")):
        wrong = explored.unexpected(quick=True)
    assert {"C5", "C8", "C13", "C14"} <= set(wrong)
    assert "an ending is final: it refuses " in wrong["C5"]


def test_what_the_manifest_names_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = next(pools(LATCH))
    expected = {one.name: written(one.verdicts) for one in pools(LATCH)}
    monkeypatch.setattr(refusals, "pools", lambda machine: iter([pool]))
    assert {told.split(" ", 4)[-1] for _, told in differing_refusals(LATCH, expected)} == {
        repr(name) for name in expected if name != pool.name
    }
    ((claims, told),) = differing_refusals(LATCH, {pool.name: "1 of 2, 00000000"})
    assert (claims, told) == (pool.claims, f"latch, {pool.name}: it refuses {expected[pool.name]}, the manifest has "
                              "1 of 2, 00000000")  # fmt: skip
    ((_, told),) = differing_refusals(LATCH, {})
    assert told.endswith("the manifest has nothing")


def test_a_property_that_is_left_out_is_missed() -> None:
    expected = read_refusals(find_root() / MANIFEST)["barrier"]
    fewer = with_parts(BARRIER, history_properties=BARRIER.history_properties[1:])
    ((claims, told),) = differing_refusals(fewer, expected)
    assert told == "barrier has no property 'history property: only the parked and the caller continue'"
    assert set(claims) == {claim.id for claim in BARRIER.claims}
