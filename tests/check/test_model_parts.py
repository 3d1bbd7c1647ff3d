"""What a model has is read off the class."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.check.model_parts import (
    arguments_for,
    observations_of,
    operations_in,
    policies_of,
    returns_value,
    says,
    takes_argument,
    tells_tasks_apart,
)
from latchproof_spec import model as api
from latchproof_spec.model import Model, place, released, task, waiters, when


class Pair(Model):
    """Two objects: one puts, the other gets."""

    policies = {"greedy": {"_limit": 1}, "lazy": {"_limit": 2, "fair": True}}
    objects = {"get": (1, "get"), "size": (1, "length"), "close_other": (1, "close")}
    optional = ("close", "close_other", "size")
    gives_back = {"get": "put", "try_get": "put"}
    _limit = 1

    def __init__(self, size: int) -> None:
        self.size = size
        self._hidden = 0

    def put(self) -> None:
        self._hidden += self._limit

    def get(self) -> int:
        self._wait()
        return 1

    def try_get(self) -> int:
        return 2

    def close(self, now: bool = False, code: int = 0) -> None:
        pass

    def close_other(self) -> None:
        pass

    def _wait(self) -> None:
        when(self._hidden)

    @property
    def empty(self) -> bool:
        return not self._hidden


class Bare(Model):
    def go(self) -> None:
        api.task()


def test_operations_are_read_off_with_what_is_said_of_them() -> None:
    found = {one.name: one for one in operations_in(Pair)}
    assert [(one.name, one.object, one.method) for one in found.values() if one.object] == [
        ("close_other", 1, "close"),
        ("get", 1, "get"),
    ]
    assert {one.name for one in found.values() if one.optional} == {"close", "close_other"}
    assert {one.name for one in found.values() if one.waits} == {"get"}
    assert (found["get"].gives_back, found["try_get"].gives_back, found["put"].takes) == (
        "put",
        "put",
        ("get", "try_get"),
    )
    assert found["close"].parameters == {"now": bool, "code": int}


def test_observations_are_public_attributes_and_properties() -> None:
    assert [(one.name, one.optional, one.object, one.method) for one in observations_of(Pair, 3)] == [
        ("size", True, 1, "length"),
        ("empty", False, 0, "empty"),
    ]
    assert observations_of(Bare) == ()


def test_a_constructor_takes_a_number_or_nothing() -> None:
    assert (takes_argument(Pair), arguments_for(Pair, 3)) == (True, (3,))
    assert (takes_argument(Bare), arguments_for(Bare, 3)) == (False, ())


def test_policies_are_classes_with_other_attributes() -> None:
    greedy, lazy = policies_of(Pair)
    assert (greedy.name, lazy.name) == ("greedy", "lazy")
    assert [one.model._limit for one in (greedy, lazy)] == [1, 2]  # type: ignore[attr-defined]
    assert policies_of(Pair) is policies_of(Pair)
    assert [(one.name, one.fair, one.model) for one in policies_of(Bare)] == [("Bare", False, Bare)]
    assert policies_of(Bare, "bare")[0].name == "bare"


def test_a_policy_that_leaves_its_order_open_knows_the_one_that_demands_it() -> None:
    greedy, _ = policies_of(Pair)
    assert greedy.in_order is not None
    assert (greedy.in_order.name, greedy.in_order.fair) == ("greedy, first come first served", True)
    assert (greedy.in_order.model, greedy.in_order.in_order) == (greedy.model, None)


@pytest.mark.parametrize("fair", [True, False])
def test_a_model_that_says_its_order_is_judged_by_it_alone(fair: bool) -> None:
    made = type("Bare", (Bare,), {"fair": fair})
    assert [(one.name, one.fair, one.in_order) for one in policies_of(made)] == [("Bare", fair, None)]


def test_what_a_model_calls_is_seen() -> None:
    assert says(Bare, task)
    assert not says(Pair, task)
    assert says(Pair, when)
    assert not says(Pair, place)

    class Other(Model):
        def _helper(self) -> list[Any]:
            return [place() for _ in (lambda: reached())()]

    assert says(Other, place)
    assert says(Other, released)


def test_an_attribute_of_a_waiter_is_no_function() -> None:
    class Handing(Model):
        def hand_over(self) -> None:
            for waiter in waiters():
                waiter.returns(waiter.place + waiter.task)

    assert not says(Handing, place)
    assert not says(Handing, task)
    assert tells_tasks_apart(Handing)
    assert not tells_tasks_apart(Pair)


reached = released


class Returning(Model):
    def nothing(self) -> None:
        self._done = True

    def nothing_unannotated(self):  # type: ignore[no-untyped-def]
        if self:
            return
        self._done = True

    def nothing_said(self) -> None:
        return self.nothing()

    def constant(self):  # type: ignore[no-untyped-def]
        return True

    def sometimes(self):  # type: ignore[no-untyped-def]
        if self:
            return None
        return self.nothing

    def both(self) -> int | None:
        return None if self else 1


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("nothing", False),
        ("nothing_unannotated", False),
        ("nothing_said", False),
        ("constant", True),
        ("sometimes", True),
        ("both", True),
    ],
)
def test_whether_a_method_returns_values(operation: str, values: bool) -> None:
    assert returns_value(Returning, operation) is values
