"""The programs that are tried."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import pytest

from latchproof.check.bounds import (
    GROWN,
    can_release,
    choices,
    default_programs,
    describe_bounds,
    levels,
    not_tried,
    notes_on,
    programs_asked_for,
    programs_within,
)
from latchproof.check.target import Target, TargetError, load
from latchproof_spec.machine import Programs

LATCH = load("latchproof:CountdownLatch")
BARRIER = load("latchproof:Barrier")
PLAIN = load("tests.check.samples:PlainLatch")
"""A latch without set_count()."""


def test_bounds_are_described() -> None:
    shape = Programs((1, 2), at_once=3, calls=4, cancellations=1)
    assert describe_bounds(shape, BARRIER) == "parties 1, 2: 4 calls, 3 at once, 1 cancellation, all operations"
    shape = Programs((0,), at_once=3, calls=4, cancellations=2, waits_only=True)
    assert describe_bounds(shape, LATCH) == "count 0: 4 calls, 3 at once, 2 cancellations, wait only"


def test_the_numbers_that_an_operation_is_called_with_are_described() -> None:
    given = Programs((1,), at_once=1, calls=2, cancellations=0, numbers=(-1, 0, 2))
    start = "count 1: 2 calls, 1 at once, 0 cancellations"
    assert describe_bounds(given, LATCH) == f"{start}, all operations, set_count of -1, 0, 2"
    assert describe_bounds(given, PLAIN) == f"{start}, all operations"
    without = Programs((1,), at_once=1, calls=2, cancellations=0)
    assert describe_bounds(without, LATCH) == f"{start}, all operations but set_count"
    assert "set_count" not in {call.operation.name for call in choices(without, LATCH)}


def test_no_more_calls_are_said_to_be_under_way_than_are_made() -> None:
    programs = Programs((1,), at_once=5, calls=3, cancellations=1)
    assert describe_bounds(programs, BARRIER).startswith("parties 1: 3 calls, 3 at once")


def test_calls_on_a_second_instance_are_said() -> None:
    one, two = (Programs((2,), at_once=1, calls=1, cancellations=0, beside=number) for number in (1, 2))
    assert describe_bounds(one, BARRIER) == (
        "parties 2: 1 call, 1 at once, 0 cancellations, all operations; and 1 call on a second instance"
    )
    assert describe_bounds(two, BARRIER).endswith("; and 2 calls on a second instance")


@pytest.mark.parametrize(
    ("target", "bounds", "beyond"),
    [
        (BARRIER, (5, 3), "parties 4, 5: the calls are too few for such a barrier to trip"),
        (BARRIER, (3, 2), "parties 3: the calls are too few"),
        (BARRIER, (3, 3), ""),
        (PLAIN, (4, 3), "count 4: the calls are too few for such a latch to open"),
        (LATCH, (4, 3), ""),  # set_count(0) opens it
    ],
)
def test_it_is_said_where_bounds_are_too_small_for_an_argument(
    target: Target, bounds: tuple[int, int], beyond: str
) -> None:
    notes = notes_on(programs_within(target, *bounds), target)
    assert len(notes) == bool(beyond)
    assert all(note.startswith(beyond) for note in notes)


def test_it_is_said_where_too_few_calls_are_under_way_at_once() -> None:
    """Three calls are enough for three parties, but not two at a time; a latch opens one call after another."""
    bounds = (Programs((3,), at_once=2, calls=4, cancellations=0),)
    (note,) = notes_on(bounds, BARRIER)
    assert note.startswith("parties 3: ")
    assert notes_on(bounds, PLAIN) == []


@pytest.mark.parametrize("host", ["asyncio", "trio"])
@pytest.mark.parametrize("target", [LATCH, BARRIER, PLAIN])
def test_the_default_bounds_are_large_enough(target: Target, host: str) -> None:
    assert notes_on(default_programs(target, host), target) == []


@pytest.mark.parametrize(
    ("shape", "calls"),
    [
        (Programs((1,), 1, 1, 0), ["wait()", "count_down(False)", "count_down(True)"]),
        (
            Programs((1,), 1, 1, 0, numbers=(-1, 3)),
            ["wait()", "count_down(False)", "count_down(True)", "set_count(-1)", "set_count(3)"],
        ),
        (Programs((1,), 1, 1, 0, waits_only=True, numbers=(1,)), ["wait()"]),
    ],
)
def test_the_calls_that_a_program_may_make(shape: Programs, calls: list[str]) -> None:
    assert [str(call) for call in choices(shape, LATCH)] == calls


def test_levels_are_the_arguments_of_each_bounds_in_turn() -> None:
    one, other = Programs((1, 3), 1, 1, 0), Programs((2,), 2, 2, 0)
    assert list(levels((one, other))) == [(one, 1), (one, 3), (other, 2)]


@pytest.mark.parametrize("target", [LATCH, BARRIER])
def test_the_default_bounds_are_no_less_than_those_that_found_every_known_fault(target: Target) -> None:
    shapes = default_programs(target)
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
        assert tried >= {
            (4, 4, 5, 1, True),
            (5, 5, 6, 1, True),
            (2, 2, 8, 1, True),
            (3, 3, 6, 1, True),
            (2, 3, 3, 2, True),
        }


@pytest.mark.parametrize("host", ["asyncio", "trio", "flowno"])
def test_the_default_bounds_have_a_count_of_four_five_parties_and_a_fourth_generation(host: str) -> None:
    opened = [shape for shape, argument in levels(default_programs(LATCH, host)) if argument == 4]
    assert any(shape.calls >= 5 and shape.at_once >= 2 and not shape.waits_only for shape in opened)
    tripped = [(argument, shape) for shape, argument in levels(default_programs(BARRIER, host))]
    assert any(parties == 5 and shape.calls >= 5 and shape.at_once >= 5 for parties, shape in tripped)
    assert any(parties > 1 and shape.calls >= 4 * parties for parties, shape in tripped)


NO_EAGER = ("eager tasks (which Python 3.11 does not have)",) if sys.version_info < (3, 12) else ()
"""What is said where asyncio has none; else the default bounds have them."""


def test_what_the_bounds_leave_out_is_said() -> None:
    assert not_tried(default_programs(BARRIER), BARRIER) == (
        "parties above 5",
        "more than 8 calls, 5 at once or 2 cancellations",
        *NO_EAGER,
        "what no line of the bounds has together",
    )
    assert not_tried(default_programs(LATCH), LATCH) == (
        "count above 4",
        "more than 5 calls, 3 at once or 2 cancellations",
        "set_count of anything but -1, 0, 1, 2",
        "a call in a task that is cancelled already",
        *NO_EAGER,
        "what no line of the bounds has together",
    )
    assert not_tried((Programs((2, 4), at_once=2, calls=2, cancellations=1),), BARRIER)[0] == "parties other than 2, 4"
    assert not_tried((Programs((0, 1, 2), at_once=3, calls=1, cancellations=0),), LATCH) == (
        "count above 2",
        "more than 1 call, 1 at once or 0 cancellations",
        "a call again in a later step, or after a cancellation",
        *(NO_EAGER or ("eager tasks",)),
        "a call in an except block",
        "calls on a second instance",
    )


def test_what_a_host_makes_impossible_is_not_tried() -> None:
    words = "a call again after a cancellation in the wait for a lock, which Flowno's loop loses"
    once, again = Programs((1,), at_once=1, calls=2, cancellations=1), Programs((1,), 1, 2, 1, again=True)
    assert words in not_tried((again,), BARRIER, "flowno")
    assert words not in not_tried((again,), BARRIER)
    assert words not in not_tried((once,), BARRIER, "flowno")
    assert words not in not_tried((dataclasses.replace(again, cancellations=0),), BARRIER, "flowno")


def test_a_bound_that_is_not_given_is_that_of_the_first_default_ones() -> None:
    assert programs_within(BARRIER) == (Programs((1, 2, 3), 3, 4, 1, early=True, again=True),)
    assert programs_within(BARRIER, 2) == (Programs((1, 2), 2, 4, 1, early=True, again=True),)
    assert programs_within(BARRIER, calls=7) == (Programs((1, 2, 3), 3, 7, 1, early=True, again=True),)
    assert programs_within(BARRIER, cancellations=0) == (Programs((1, 2, 3), 3, 4, 0, early=True, again=True),)
    assert programs_within(LATCH, 2, 5, 3) == (Programs((0, 1, 2), 2, 5, 3, numbers=(-1, 0, 1, 2), again=True),)


def test_on_trio_two_wait_while_a_third_counts_down() -> None:
    """Otherwise a latch that wakes only one task would not be noticed."""
    assert any(shape.at_once >= 3 and not shape.waits_only for shape in default_programs(LATCH, "trio"))


@pytest.mark.parametrize("host", ["asyncio", "trio"])
@pytest.mark.parametrize(("target", "most"), [(LATCH, 3), (BARRIER, 4), (PLAIN, 3)])
def test_an_argument_of_the_default_bounds_is_tried_as_it_is_there(target: Target, most: int, host: str) -> None:
    parameter = target.machine.parameter
    usual = list(levels(default_programs(target, host)))
    for argument in range(target.machine.smallest, most + 1):
        tried = list(levels(programs_asked_for(target, host, asked={parameter: argument})))
        assert {asked for _, asked in tried} == {argument}
        assert {bounds_of(one) for one, at in usual if at == argument} <= {bounds_of(one) for one, _ in tried}


def bounds_of(programs: Programs) -> tuple[object, ...]:
    return programs.at_once, programs.calls, programs.cancellations, programs.waits_only, programs.numbers


@pytest.mark.parametrize("host", ["asyncio", "trio"])
@pytest.mark.parametrize(("target", "arguments"), [(LATCH, (0, 4, 6)), (BARRIER, (1, 4, 5, 7)), (PLAIN, (0, 5))])
def test_what_is_asked_for_is_large_enough(target: Target, arguments: tuple[int, ...], host: str) -> None:
    """All operations are tried, and a waiting call can return without a number that is set."""
    parameter = target.machine.parameter
    programs = programs_asked_for(target, host, asked={parameter: arguments, "another": None})
    assert {argument for _, argument in levels(programs)} == set(arguments)
    for argument in arguments:
        of_it = [one for one in programs if argument in one.arguments]
        assert any(not one.waits_only for one in of_it)
        assert any(can_release(dataclasses.replace(one, numbers=()), target, argument) for one in of_it)
    assert notes_on(programs, target) == []


def test_bounds_do_not_grow_without_limit() -> None:
    programs = programs_asked_for(PLAIN, "asyncio", asked={"count": 1_000_000})
    assert max(one.calls for one in programs) <= GROWN
    (note,) = notes_on(programs, PLAIN)
    assert note == "count 1000000: the calls are too few for such a latch to open; give --calls 1000000, or more"


def test_bounds_that_are_given_hold_for_the_arguments_that_are_asked_for() -> None:
    asked = {"parties": (2, 5)}
    two, five = programs_asked_for(BARRIER, "asyncio", cancellations=0, asked=asked)
    assert (two.arguments, two.at_once, two.calls, two.cancellations) == ((2,), 3, 4, 0)
    assert (five.arguments, five.at_once, five.calls, five.cancellations) == ((5,), 5, 6, 0)
    (few,) = programs_asked_for(BARRIER, "asyncio", calls=3, at_once=3, asked=asked)
    assert (few.arguments, few.at_once, few.calls) == ((2, 5), 3, 3)
    (note,) = notes_on((few,), BARRIER)
    assert note.endswith("give --calls 5 and --tasks 5, or more")


@pytest.mark.parametrize(
    ("target", "asked", "message"),
    [
        (BARRIER, {"count": 3}, "a barrier is made with its parties, not with count; choose the parties"),
        (LATCH, {"parties": [2]}, "a latch is made with its count, not with parties; choose the count"),
        (BARRIER, {"parties": (2, 0)}, "a barrier's parties must be 1 or more, not 0"),
        (LATCH, {"count": -1}, "a latch's count must be 0 or more, not -1"),
        (LATCH, {"count": True}, "a latch's count must be an int, not True"),
        (LATCH, {"count": ()}, "no count to make a latch with; give one or more numbers"),
    ],
)
def test_an_argument_that_the_constructor_does_not_take_is_refused(target: Target, asked: Any, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        programs_asked_for(target, "asyncio", asked=asked)
    assert str(caught.value) == message
