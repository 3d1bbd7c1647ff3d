"""A virtual time is a float whose clock knows whether anything depends on what time it is."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from decimal import Decimal

import pytest

from latchproof.check.loops.virtual_time import VirtualClock, VirtualTime

TENTH = 0.1

INVARIANT: dict[str, Callable[[float], object]] = {
    "moved": lambda time: time + TENTH - TENTH,
    "moved from the left": lambda time: TENTH + time,
    "as far apart": lambda time: (time + TENTH) - time,
    "compared": lambda time: time < time + TENTH and time == time and time != time + 1 and time >= time,
    "compared with never": lambda time: time < math.inf and -math.inf < time and time != math.nan,
    "moved to never": lambda time: (time + math.inf, math.inf - time),
    "compared with nothing": lambda time: time is not None and time != None,  # noqa: E711
    "tested": lambda time: bool(time),
    "the later one": lambda time: max(time, time + 1) - time,
}
"""What can be done with a time without learning what time it is."""

REVEALING: dict[str, Callable[[float], object]] = {
    "as a number": float,
    "as an int": int,
    "as text": str,
    "as its repr": repr,
    "formatted": lambda time: f"{time:.3f}",
    "compared with a number": lambda time: time > 5.0,
    "compared with a number from the left": lambda time: 5 > time,  # noqa: SIM300
    "equal to a number": lambda time: time == 5.0,
    "compared with a Decimal": lambda time: time > Decimal(5),
    "subtracted from a number": lambda time: 5.0 - time,
    "the sum of two": lambda time: time + time,
    "multiplied": lambda time: time * 2,
    "multiplied from the left": lambda time: 2 * time,
    "divided": lambda time: time / 2,
    "its remainder": lambda time: time % 10,
    "rounded": round,
    "rounded up": math.ceil,
    "negated": lambda time: -time,
    "hashed": lambda time: {time: 1},
    "copied": copy.copy,
    "as a fraction": lambda time: time.as_integer_ratio(),
}
"""What tells what time it is."""


@pytest.mark.parametrize("use", INVARIANT.values(), ids=INVARIANT)
def test_what_says_how_far_apart_times_are_does_not_tell_the_time(use: Callable[[float], object]) -> None:
    clock = VirtualClock()
    first = use(clock.now)
    for _ in range(3):
        clock.advance(clock.now + TENTH)
    again = use(clock.now)
    assert not clock.is_known
    if isinstance(first, VirtualTime):
        assert clock.distance(again) == VirtualClock().distance(first)  # type: ignore[arg-type]
    else:
        assert again == first


@pytest.mark.parametrize("use", REVEALING.values(), ids=REVEALING)
def test_what_else_is_done_with_a_time_is_noticed(use: Callable[[float], object]) -> None:
    clock = VirtualClock()
    clock.advance(clock.now + 7)
    used = use(clock.now)
    assert clock.is_known
    assert type(used) is not VirtualTime
    assert used == use(7.0)


def test_a_time_that_is_known_is_a_part_of_the_state() -> None:
    clock = VirtualClock()
    assert [clock.state, int(clock.now), clock.state] == [None, 0, 0.0]
    clock.advance(clock.now + 60)
    assert clock.state == 60.0


def test_a_clock_does_not_go_back_and_never_comes_to_the_end_of_time() -> None:
    clock = VirtualClock()
    past = clock.now
    clock.advance(clock.now + 60)
    for time in (past, math.inf):
        clock.advance(time)
        assert clock.now - past == 60.0


def test_times_are_exact() -> None:
    clock = VirtualClock()
    for _ in range(10):
        before = clock.now
        clock.advance(clock.now + TENTH)
        assert clock.now - before == TENTH
        assert clock.distance(before + TENTH) == (0, 1)
