"""What stands in for the line of calls, for `range` and for a place: on numbers it is what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from latchproof.check.stages import at
from latchproof.compile.stage import CannotCompileError, Gift, Numbers, Place, Stage, length, place, waiters
from latchproof.prove.paths import symbol


class Instance:
    """A model's instance, without attributes."""


def stage(calls: Any = 3, **options: Any) -> Stage:
    return Stage("wait", calls, Instance(), **options)


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_line_is_as_long_as_it_is(calls: int) -> None:
    with at(stage(calls)):
        assert (length(waiters()), bool(waiters())) == (calls, calls > 0)
        assert (length(waiters("wait")), length(waiters("wait", "get"))) == (calls, calls)
        assert (length(waiters("get")), bool(waiters("get"))) == (0, False)
        assert length(waiters()[:2]) == min(calls, 2)
        assert length([1, 2]) == 2


def test_one_stands_for_all() -> None:
    now = stage()
    with at(now):
        for number, waiter in enumerate(iterated(waiters())):
            assert (number, waiter.operation, waiter.arguments) == (0, "wait", ())
            waiter.returns(5)
        assert now.gift == Gift("returned", 5, None)
        assert length(waiters()) == 0
        assert [one for one in now.loops if not one.is_over] == []


def iterated(line: Any) -> Any:
    for one in line:  # noqa: UP028  a `for` statement, as a model has it
        yield one


def test_of_none_there_is_nothing_to_go_over() -> None:
    with at(stage()):
        assert list(iterated(waiters("get"))) == []


def test_the_first_can_be_taken() -> None:
    now = stage()
    with at(now):
        waiters()[0].raises(KeyError)
        assert now.gift == Gift("raised", KeyError, 1)
        with pytest.raises(CannotCompileError, match="after the first of them were ended"):
            waiters()
    with at(stage(0)), pytest.raises(IndexError):
        waiters()[0]


@pytest.mark.parametrize(
    "use",
    [
        lambda: list(waiters()),
        lambda: waiters() == [],
        lambda: waiters()[1],
        lambda: waiters()[1:],
        lambda: waiters()[:-1],
        lambda: waiters()[:0],
        lambda: waiters()[::2],
        lambda: 1 in waiters(),  # type: ignore[operator]
        lambda: waiters()[0].task,
        lambda: waiters()[0].place + 1,
        lambda: waiters()[0].place - 1,
        lambda: 2 - (3 - waiters()[0].place),
        lambda: waiters()[0].place == 0,
        lambda: waiters()[0].place < 1,
        lambda: bool(waiters()[0].place),
        lambda: [1, 2][waiters()[0].place],
        lambda: place() == 0,
        lambda: place() < 1,  # type: ignore[operator]
        lambda: Numbers(1, 3)[0],
        lambda: Numbers(3)[1],
        lambda: Numbers(3)[1:],
        lambda: list(Numbers(symbol("count", int))),
    ],
)
def test_what_would_tell_them_apart_is_refused(use: Callable[[], object]) -> None:
    with at(stage(waited=True)), pytest.raises(CannotCompileError):
        use()


def test_who_counts_may_be_refused() -> None:
    for use in (lambda: length(waiters()), lambda: bool(waiters())):
        with at(stage(counted=False)), pytest.raises(CannotCompileError, match="counts the others"):
            use()


def test_a_place_is_known_only_to_be_there() -> None:
    with at(stage()):
        assert place() is None
    with at(stage(waited=True)):
        assert place() is not None


def test_numbers_are_those_of_a_range() -> None:
    for stop in (-1, 0, 1, 4):
        numbers = Numbers(stop)
        assert list(numbers) == list(range(stop))
        assert list(numbers[::-1]) == list(range(stop)[::-1])
        assert (length(numbers), bool(numbers)) == (len(range(stop)), stop > 0)
        if stop > 0:
            for one, other in ((numbers, range(stop)), (numbers[::-1], range(stop)[::-1])):
                assert (one[0], one[-1]) == (other[0], other[-1])
    assert list(Numbers(2, 5)) == [2, 3, 4]
    assert list(Numbers(5, 0, -2)) == [5, 3, 1]


def test_numbers_at_a_place() -> None:
    forwards, backwards = Numbers(4)[Place(1, 0)], Numbers(4)[::-1][Place(1, 0)]
    assert (forwards.sign, forwards.offset) == (1, 0)
    assert (backwards.sign, backwards.offset) == (-1, 3)
    less = 3 - Place(1, 0)
    assert (less.sign, less.offset) == (-1, 3)
