"""Whether calls continue first come, first served: reported where a model leaves it open, demanded where it says so."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.check.kind_of import KINDS
from latchproof.check.verdict import Verdict
from latchproof.show.words import order_in_words
from latchproof.testing import check
from tests.check.model_samples import Event, ForgetfulSemaphore, LastFirstSemaphore, OrderedPermits, Permits, Semaphore

SMALL: dict[str, Any] = {"argument": 0, "tasks": 3, "calls": 3, "cancels": 0}


def orders(verdict: Verdict) -> dict[str, bool | None]:
    return {one.policy: one.is_kept for one in verdict.orders}


def test_calls_in_order_of_arrival_are_reported() -> None:
    verdict = check(Semaphore, kind="semaphore", **SMALL)
    assert (verdict.status, orders(verdict)) == ("conforms", {"semaphore": True})
    assert [one.policy for one in verdict.policies] == ["semaphore"]


def test_a_call_that_overtakes_another_is_no_fault_and_is_shown() -> None:
    verdict = check(LastFirstSemaphore, kind="semaphore", **(SMALL | {"calls": 4}))
    assert (verdict.status, orders(verdict)) == ("conforms", {"semaphore": False})
    (trace,) = (verdict.against(one) for one in verdict.orders)
    assert trace is not None
    assert (trace.policy, trace.claim) == ("first come first served", "returned-too-early")
    assert "an earlier call of acquire() waits" in trace.seen
    (data,) = verdict.to_json()["orders"]
    assert (data["policy"], data["first_come_first_served"]) == ("semaphore", False)
    assert data["against"]["schedule"] == trace.schedule


def test_an_order_is_not_known_unless_every_schedule_was_run() -> None:
    verdict = check(Semaphore, kind="semaphore", **(SMALL | {"scheduler": "random", "schedules": 20}))
    assert orders(verdict) == {"semaphore": None}
    assert verdict.orders[0].exercised


@pytest.mark.parametrize(
    ("target", "kind", "bounds"),
    [
        (Semaphore, "semaphore", {"tasks": 1, "argument": 2}),
        (Semaphore, "semaphore", {"calls": 2}),  # two calls that wait, and none that lets one continue
        (Event, "event", {"argument": None}),  # set() lets all continue
    ],
)
def test_an_order_is_not_exercised_unless_a_call_could_overtake_another(target: Any, kind: str, bounds: Any) -> None:
    verdict = check(target, kind=kind, **(SMALL | bounds))
    (order,) = verdict.orders
    assert (verdict.status, order.is_kept, order.exercised) == ("conforms", None, False)
    assert verdict.to_json()["orders"][0]["exercised"] is False
    assert "not exercised; no run had a call that could overtake another" in order_in_words(order)


def test_an_order_is_reported_for_each_policy_that_is_satisfied() -> None:
    verdict = check("asyncio:Queue", **(SMALL | {"argument": 1}))
    assert orders(verdict) == {"fifo": False, "lifo": False, "smallest-first": False}
    assert orders(check("asyncio:Queue", policy="lifo", **(SMALL | {"argument": 1}))) == {"lifo": False}


def test_no_order_is_reported_of_a_class_that_is_faulty_or_with_one_claim() -> None:
    assert orders(check(ForgetfulSemaphore, kind="semaphore", **SMALL)) == {}
    assert orders(check(Semaphore, kind="semaphore", claim="stranded", **SMALL)) == {}


def test_an_order_can_be_demanded() -> None:
    calls = SMALL | {"calls": 4}
    assert check(LastFirstSemaphore, model=Permits, **calls).status == "conforms"
    demanded = check(LastFirstSemaphore, model=OrderedPermits, **calls)
    assert (list(demanded.reported.failures), demanded.orders) == (["returned-too-early"], ())
    by_policy = check(LastFirstSemaphore, kind="semaphore", policy="first come first served", **calls)
    assert list(by_policy.reported.failures) == ["returned-too-early"]


def test_a_policy_is_named_once() -> None:
    for kind in KINDS.values():
        names = [one.name for one in kind.usual_policies]
        assert len(set(names)) == len(names)
        assert not any("order" in name for name in names)
