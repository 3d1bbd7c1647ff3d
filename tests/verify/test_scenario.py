"""The programs that are tried."""

from __future__ import annotations

import pytest

from latchproof.verify.scenario import Shape, default_shapes, levels, one_shape
from latchproof.verify.target import Target, load

LATCH = load("latchproof:CountdownLatch")
BARRIER = load("latchproof:Barrier")


def test_a_shape_says_its_bounds() -> None:
    shape = Shape((1, 2), at_once=3, calls=4, cancellations=1)
    assert shape.describe(BARRIER) == "parties 1, 2: 4 calls, 3 at once, 1 cancellation, all operations"
    shape = Shape((0,), at_once=3, calls=4, cancellations=2, waits_only=True)
    assert shape.describe(LATCH) == "count 0: 4 calls, 3 at once, 2 cancellations, wait only"


@pytest.mark.parametrize(
    ("shape", "calls"),
    [
        (Shape((1,), 1, 1, 0), ["wait()", "count_down(False)", "count_down(True)"]),
        (
            Shape((1,), 1, 1, 0, numbers=(-1, 3)),
            ["wait()", "count_down(False)", "count_down(True)", "set_count(-1)", "set_count(3)"],
        ),
        (Shape((1,), 1, 1, 0, waits_only=True, numbers=(1,)), ["wait()"]),
    ],
)
def test_the_calls_of_a_shape(shape: Shape, calls: list[str]) -> None:
    assert [str(call) for call in shape.choices(LATCH)] == calls


def test_levels_go_through_the_arguments_of_each_shape_in_turn() -> None:
    one, other = Shape((1, 3), 1, 1, 0), Shape((2,), 2, 2, 0)
    assert list(levels((one, other))) == [(one, 1), (one, 3), (other, 2)]


@pytest.mark.parametrize("target", [LATCH, BARRIER])
def test_the_default_bounds_are_no_less_than_those_that_found_every_known_fault(target: Target) -> None:
    shapes = default_shapes(target)
    tried = {
        (argument, shape.at_once, shape.calls, shape.cancellations, shape.waits_only)
        for shape, argument in levels(shapes)
    }
    if target is LATCH:
        assert tried >= {(count, 3, 4, 1, False) for count in range(4)}
        assert shapes[0].numbers == (-1, 0, 1, 2)
        assert any(cancellations == 2 for _, _, _, cancellations, _ in tried)
    else:
        assert tried >= {(parties, 3, 4, 1, False) for parties in (1, 2, 3)}
        assert tried >= {(4, 4, 5, 1, True), (2, 2, 7, 1, True), (3, 3, 6, 1, True), (2, 3, 3, 2, True)}


def test_one_shape_takes_what_it_is_not_given_from_the_first_of_the_default_ones() -> None:
    assert one_shape(BARRIER) == (Shape((1, 2, 3), 3, 4, 1),)
    assert one_shape(BARRIER, 2) == (Shape((1, 2), 2, 4, 1),)
    assert one_shape(BARRIER, calls=7) == (Shape((1, 2, 3), 3, 7, 1),)
    assert one_shape(BARRIER, cancellations=0) == (Shape((1, 2, 3), 3, 4, 0),)
    assert one_shape(LATCH, 2, 5, 3) == (Shape((0, 1, 2), 2, 5, 3, numbers=(-1, 0, 1, 2)),)


def test_on_trio_two_wait_while_a_third_counts_down() -> None:
    """Else nobody would notice a latch that wakes but one."""
    assert any(shape.at_once >= 3 and not shape.waits_only for shape in default_shapes(LATCH, "trio"))
