"""A model is an ordinary class: what may come of its methods at one instant, and which models are refused."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest

from latchproof.check.instants import Outcome, may_wait, operations_of, outcomes, readings, start
from latchproof_spec.machines import MACHINES
from latchproof_spec.model import Cancelled, Given, Model, ModelError, Waiting, any_of, choose, waiters, when


class FullError(Exception):
    """A queue has no room."""


class Shelf(Model):
    """A shelf with places for things that are given to those that wait, the first of them first."""

    def __init__(self, places: int) -> None:
        if places < 1:
            raise ValueError("a shelf has a place")
        self.free = places
        self._lost = 0

    def take(self) -> str:
        try:
            self._when_filled()
        except Cancelled:
            self._lost += choose(0, 1)
            raise
        return "something"

    def _when_filled(self) -> None:
        when(self.free == 0)

    def put(self, gift: bool) -> None:
        if self.free == 0:
            raise FullError
        self.free -= 1
        for waiter in waiters("take")[:1]:
            if gift:
                waiter.returns(waiter.place)
            else:
                waiter.raises(FullError)

    @property
    def asked(self) -> int:
        return len(waiters("take"))

    @property
    def about(self) -> any_of:
        return any_of(self.free, self.free + 1)


LINE = [Waiting(4, "take"), Waiting(2, "look"), Waiting(3, "take")]
(EMPTY,) = start(Shelf, 2)
FILLED = (("_lost", 0), ("free", 0))


def test_a_call_takes_effect_and_ends_others() -> None:
    after = (("_lost", 0), ("free", 1))
    assert outcomes(Shelf, EMPTY, "put", [True], LINE) == [Outcome("ends", after, Given(), ((4, Given(0)),))]
    assert outcomes(Shelf, EMPTY, "put", [False], LINE) == [
        Outcome("ends", after, Given(), ((4, Given(error=FullError)),))
    ]


def test_a_call_waits_until_its_condition_is_true() -> None:
    assert outcomes(Shelf, EMPTY, "take") == [Outcome("waits", EMPTY)]
    assert outcomes(Shelf, FILLED, "take") == [Outcome("ends", FILLED, Given("something"), passed=True)]


def test_what_a_raise_statement_raises_is_the_outcome() -> None:
    assert outcomes(Shelf, FILLED, "put", [True]) == [Outcome("ends", FILLED, Given(error=FullError))]


def test_a_cancelled_call_leaves_and_may_act() -> None:
    found = outcomes(Shelf, EMPTY, "take", line=LINE, cancelled=True)
    assert [(one.kind, dict(one.state)["_lost"]) for one in found] == [("leaves", 0), ("leaves", 1)]


def test_what_may_be_read_depends_on_who_waits() -> None:
    assert readings(Shelf, EMPTY, "asked", LINE) == (2,)
    assert readings(Shelf, EMPTY, "free") == (2,)
    assert readings(Shelf, EMPTY, "about") == (2, 3)


def test_operations_are_the_public_methods() -> None:
    assert sorted(operations_of(Shelf)) == ["put", "take"]
    assert [may_wait(Shelf, one) for one in ("put", "take")] == [False, True]

    class Heir(Shelf):
        def take(self) -> str:
            return super().take()

        def put(self, gift: bool) -> None:
            return super().put(gift)

    assert [may_wait(Heir, one) for one in ("put", "take")] == [False, True]


def test_each_way_to_choose_is_an_outcome_once() -> None:
    class Dice(Model):
        def __init__(self) -> None:
            self.shown = choose(1, 2)

        def throw(self, times: int) -> int:
            self.shown = choose(1, 2, 2) + (choose(0, 10) if times > 1 else 0)
            return self.shown

    assert sorted(start(Dice)) == [(("shown", 1),), (("shown", 2),)]
    (one, *_) = start(Dice)
    assert sorted(outcome.ending.value for outcome in outcomes(Dice, one, "throw", [2])) == [1, 2, 11, 12]  # type: ignore[type-var]


def test_the_errors_of_a_constructor_are_its_callers() -> None:
    with pytest.raises(ValueError, match="a shelf has a place"):
        start(Shelf, 0)


class Wrong(Model):
    """Each method has another fault."""

    def __init__(self, state: Any = 0) -> None:
        self.state = state

    def misspelt(self) -> None:
        self.stat += 1  # type: ignore[attr-defined]

    def doubtful(self) -> None:
        assert self.state

    def hasty(self) -> None:
        self.state += 1
        when(False)

    def generous(self) -> None:
        for waiter in waiters():
            waiter.returns()
        when(False)

    def stubborn(self) -> None:
        with suppress(Cancelled):
            when(False)

    async def later(self) -> None:
        pass

    def listing(self) -> None:
        self.state = []


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            "misspelt",
            r"Wrong.misspelt\(\) failed at .*test_instants.py:\d+ with AttributeError: .* no attribute 'stat'",
        ),
        ("doubtful", r"Wrong.doubtful\(\) failed at .*test_instants.py:\d+ with AssertionError"),
        ("hasty", r"Wrong.hasty\(\) changed something before its `when`: check first"),
        ("generous", r"Wrong.generous\(\) changed something before its `when`"),
        ("later", r"later\(\) has to be a plain method"),
        ("listing", r"Wrong.state is a list, which is not hashable: use a tuple"),
    ],
)
def test_a_model_that_specifies_nothing_is_refused(operation: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        outcomes(Wrong, start(Wrong)[0], operation, line=[Waiting(1, "hasty")])


def test_more_that_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Wrong.state is a dict, which is not hashable"):
        start(Wrong, {})
    with pytest.raises(ModelError, match=re.escape("Wrong.stubborn() has to raise Cancelled again")):
        outcomes(Wrong, start(Wrong)[0], "stubborn", cancelled=True)
    with pytest.raises(ModelError, match="are for methods of a model"):
        when(True)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_variant_has_what_its_machine_has(machine: Any) -> None:
    names = {one.name for one in machine.policies} | set(machine.aliases)
    for variant in machine.variants:
        assert variant.name not in names
        (state, *_) = start(variant.model, 2)
        for operation in machine.operations:
            if operation.name in operations_of(variant.model):
                assert may_wait(variant.model, operation.name) == operation.waits
            else:
                assert operation.optional
        for observation in machine.observations:
            assert all(isinstance(value, int) for value in readings(variant.model, state, observation))
        assert set(variant.exercise) <= set(machine.claims)
        assert set(variant.sentences) <= set(variant.exercise)
        assert {*machine.blame.values(), *variant.blame.values()} >= set(variant.exercise)
