"""Every property and account is able to fail: what it refuses, and beside it what it lets pass, both made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Account, Moment, Property, Step
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, Rule

LATCHES = {policy.name: policy for policy in LATCH.policies}
BARRIERS = {policy.name: policy for policy in BARRIER.policies}
KEEPS = LATCHES["keeps"]
RAISES = LATCHES["aiologic"]
BREAKS = BARRIERS["aiologic"]
BREAKS_EARLY = BARRIERS["java"]
BB = BrokenBarrierError

# rules that there are not, for what no rule of ours does
REFUSES_AND_RELEASES = Rule("X1", "set_count", "raises", "", queue="released", errors=(ValueError,))
LEAVES_AND_RELEASES = Rule("X2", "withdraw", "leaves", "", queue="released")
WITHDRAWS_AND_RETURNS = Rule("X3", "withdraw", "returns", "")
TRIPS_AND_PARKS = Rule("X4", "wait", "parks", "", queue="indexed")
TRIPS_AND_KEEPS = Rule("X5", "wait", "returns an index", "")
COUNTS_AND_PARKS = Rule("X16", "count_down", "parks", "")
RETURNS_EARLY = Rule("X17", "wait", "returns", "")
BREAKS_OTHERWISE = Rule("X18", "withdraw", "leaves", "", queue="failed", errors=(ValueError,))
ABORTS_AND_PARKS = Rule("X6", "abort", "parks", "", queue="failed", errors=(BB,))
ABORTS_WITH_ANOTHER = Rule("X7", "abort", "returns", "", queue="failed", errors=(KeyError,))
ABORTS_AND_KEEPS = Rule("X8", "abort", "returns", "")
RESETS_AND_KEEPS = Rule("X9", "reset", "returns", "")
REFUSES_OTHERWISE = Rule("X10", "wait", "raises", "", errors=(KeyError,))
COUNTS_SILENTLY = Rule("X12", "count_down", "returns", "")
PARKS_AND_WARNS = Rule("X13", "wait", "parks", "", warns=True)
ABORTS_AND_WARNS = Rule("X14", "abort", "returns", "", queue="failed", errors=(BB,), warns=True)
RAISES_ONE_ALONE = Rule("X15", "count_down", "raises", "", errors=(RuntimeError,))
ABORT_IS_REFUSED = Rule("X11", "abort", "raises", "", errors=(BB,))


def latched(
    before: tuple[int, int], rule: Rule, after: tuple[int, int], policy: Any = LATCH.policies[0], **arguments: Any
) -> Step:
    return Step(rule.operation, (), before, arguments, after, rule, policy)


def barred(
    parked: int,
    broken: bool,
    rule: Rule,
    after: tuple[int, bool],
    policy: Any = BARRIER.policies[0],
    parties: int = 3,
    **arguments: Any,
) -> Step:
    return Step(rule.operation, (parties,), (parked, broken), arguments, after, rule, policy)


def made(count: Any, rule: Rule, after: tuple[int, int]) -> Step:
    return Step("create", (), (0, 0), {"count": count}, after, rule, LATCH.policies[0])


def built(parties: Any, rule: Rule, constants: tuple[Any, ...] = (3,)) -> Step:
    return Step("create", constants, (0, False), {"parties": parties}, (0, False), rule, BARRIER.policies[0])


def seen(
    step: Step,
    who: str,
    before: str,
    after: str,
    *resumed: tuple[str, Any],
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
) -> Moment:
    return Moment(step, who, tuple(before), tuple(after), resumed, was or {}, now or {})


DOWN = latched((2, 2), latch.L1, (1, 2), exception_if_zero=False)
ZERO = latched((1, 2), latch.L2, (0, 0), exception_if_zero=False)
PARK = latched((1, 1), latch.L8, (1, 2))
LEAVE = latched((1, 2), latch.L9, (1, 1), is_parked=True)
TRIP = barred(2, False, barrier.B2, (0, False))
TRIP_REVERSED = barred(2, False, barrier.B2r, (0, False), BARRIERS["java"])
TRIP_ANY = barred(2, False, barrier.B2a, (0, False), BARRIERS["cpython"])
TRIP_LED = barred(2, False, barrier.B2l, (0, False), BARRIERS["leader"])
LED_UNASKED = barred(2, False, barrier.B2l, (0, False), BARRIERS["cpython"])
ANY_UNASKED = barred(2, False, barrier.B2a, (0, False), BARRIERS["leader"])
ARRIVE = barred(1, False, barrier.B1, (2, False))
ABORT = barred(2, False, barrier.B6, (0, True))
RESET = barred(2, False, barrier.B7, (0, False))
TAKE_BACK = barred(2, False, barrier.B4, (1, False), is_parked=True, has_arrived=True)
BREAK = barred(2, False, barrier.B4b, (0, True), BREAKS, is_parked=True, has_arrived=True)
GONE = barred(0, False, barrier.B5, (0, False), is_parked=False, has_arrived=True)
BREAK_EARLY = barred(2, False, barrier.B4e, (0, True), BREAKS_EARLY, is_parked=False, has_arrived=False)
LEFT_EARLY = barred(2, False, barrier.B5e, (2, False), is_parked=False, has_arrived=False)
REFUSED = barred(0, True, barrier.B3, (0, True))

# for each property: what it lets pass, and what it refuses, as its arguments
LATCH_CASES: dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    "the count is not negative": ([(0, 0), (3, 1)], [(-1, 0), (-1, 4)]),
    "no task is parked at zero": ([(0, 0), (1, 0), (1, 1)], [(0, 1), (1, -1), (0, -1), (-1, 1)]),
    "each blocked task is at a closed latch": ([(0, 0), (1, 1), (1, 0)], [(0, 1), (-1, 2)]),
    "the count is kept": (
        [
            (DOWN,),
            (ZERO,),
            (PARK,),
            (LEAVE,),
            (latched((0, 0), latch.L3, (0, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=True),),
            (latched((1, 0), latch.L6, (5, 0), n=5),),
            (latched((1, 0), latch.L4, (1, 0), n=-1),),
            (made(2, latch.L6, (2, 0)),),
        ],
        [
            (made(2, latch.L6, (1, 0)),),
            (latched((2, 0), latch.L1, (2, 0), exception_if_zero=False),),
            (latched((2, 0), latch.L1, (0, 0), exception_if_zero=False),),
            (latched((1, 0), latch.L2, (1, 0), exception_if_zero=False),),
            (latched((1, 0), latch.L2, (-1, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3, (-1, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3, (1, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3x, (-1, 0), exception_if_zero=True),),
            (latched((1, 0), latch.L6, (1, 0), n=5),),
            (latched((1, 0), latch.L4, (-1, 0), n=-1),),
            (latched((1, 0), latch.L8, (2, 1)),),
            (latched((1, 1), latch.L9, (0, 0), is_parked=True),),
        ],
    ),
    "the parked are counted": (
        [
            (DOWN,),
            (ZERO,),
            (PARK,),
            (LEAVE,),
            (latched((1, 2), latch.L10, (1, 2), is_parked=False),),
            (latched((1, 2), latch.L5r, (0, 0), KEEPS, n=0),),
        ],
        [
            (latched((1, 1), latch.L8, (1, 1)),),
            (latched((1, 1), latch.L8, (1, 3)),),
            (latched((1, 2), latch.L2, (0, 2), exception_if_zero=False),),
            (latched((1, 2), latch.L2, (0, 1), exception_if_zero=False),),
            (latched((1, 2), latch.L9, (1, 2), is_parked=True),),
            (latched((1, 2), latch.L9, (1, 0), is_parked=True),),
            (latched((1, 2), latch.L10, (1, 1), is_parked=False),),
            (latched((2, 2), latch.L1, (1, 1), exception_if_zero=False),),
            (latched((2, 2), latch.L1, (1, 3), exception_if_zero=False),),
            (latched((2, 2), latch.L5k, (1, 0), KEEPS, n=1),),
        ],
    ),
    "only a wait() on a closed latch parks": (
        [(DOWN,), (PARK,), (LEAVE,), (latched((0, 0), latch.L7, (0, 0)),)],
        [
            (latched((2, 0), latch.L7, (2, 0)),),
            (latched((0, 0), latch.L8, (0, 1)),),
            (latched((2, 0), COUNTS_AND_PARKS, (1, 1), exception_if_zero=False),),
        ],
    ),
    "continues at zero": (
        [
            (DOWN,),
            (ZERO,),
            (PARK,),
            (LEAVE,),
            (latched((0, 0), latch.L7, (0, 0)),),
            (latched((1, 2), latch.L5r, (0, 0), KEEPS, n=0),),
            (latched((2, 2), latch.L5k, (1, 2), KEEPS, n=1),),
        ],
        [
            (latched((2, 0), latch.L7, (2, 0)),),
            (latched((2, 1), latch.L2, (1, 0), exception_if_zero=False),),
            (latched((2, 1), latch.L5r, (3, 0), KEEPS, n=3),),
            (latched((2, 1), REFUSES_AND_RELEASES, (2, 0), n=-1),),
        ],
    ),
    "refused changes nothing": (
        [
            (DOWN,),
            (PARK,),
            (latched((1, 1), latch.L5, (1, 1), n=3),),
            (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=True),),
        ],
        [
            (latched((1, 1), latch.L5, (3, 1), n=3),),
            (latched((1, 1), latch.L5, (1, 0), n=3),),
            (latched((1, 1), REFUSES_AND_RELEASES, (1, 1), n=-1),),
        ],
    ),
    "a withdrawal takes back itself": (
        [(DOWN,), (ZERO,), (PARK,), (LEAVE,), (latched((1, 2), latch.L10, (1, 2), is_parked=False),)],
        [
            (latched((1, 2), latch.L9, (1, 2), is_parked=True),),
            (latched((1, 2), latch.L9, (0, 1), is_parked=True),),
            (latched((1, 2), latch.L10, (1, 1), is_parked=False),),
            (latched((1, 2), latch.L10, (0, 2), is_parked=False),),
            (latched((1, 2), LEAVES_AND_RELEASES, (1, 1), is_parked=True),),
            (latched((1, 2), WITHDRAWS_AND_RETURNS, (1, 1), is_parked=True),),
        ],
    ),
    "refusals are exact": (
        [
            (DOWN,),
            (ZERO,),
            (PARK,),
            (LEAVE,),
            (latched((1, 1), latch.L4, (1, 1), n=-1),),
            (latched((1, 1), latch.L5, (1, 1), n=0),),
            (latched((1, 1), latch.L5k, (1, 1), KEEPS, n=1),),
            (latched((1, 0), latch.L6, (0, 0), n=0),),
            (latched((0, 0), latch.L3p, (0, 0), RAISES, exception_if_zero=True),),
            (latched((0, 0), latch.L3p, (0, 0), RAISES, exception_if_zero=False),),
            (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=True),),
            (latched((0, 0), latch.L3, (0, 0), exception_if_zero=False),),
            (latched((1, 1), latch.L4t, (1, 1), n=True),),
            (made(2, latch.L6, (2, 0)),),
            (made(-1, latch.L4, (0, 0)),),
            (made("2", latch.L4t, (0, 0)),),
        ],
        [
            (made(-1, latch.L6, (-1, 0)),),
            (made(0, latch.L4, (0, 0)),),
            (made(True, latch.L6, (1, 0)),),
            (latched((1, 0), latch.L6, (1, 0), n=True),),
            (latched((0, 0), RAISES_ONE_ALONE, (0, 0), RAISES, exception_if_zero=False),),
            (latched((1, 0), latch.L6, (1, 0), n=-1),),
            (latched((1, 0), latch.L5, (1, 0), n=-1),),
            (latched((1, 1), latch.L5, (1, 1), n=-1),),
            (latched((1, 0), latch.L4, (1, 0), n=0),),
            (latched((1, 0), latch.L5, (1, 0), n=1),),
            (latched((1, 1), latch.L5k, (1, 1), n=1),),
            (latched((1, 1), latch.L5, (1, 1), KEEPS, n=1),),
            (latched((0, 0), latch.L3, (0, 0), RAISES, exception_if_zero=False),),
            (latched((0, 0), latch.L3x, (0, 0), RAISES, exception_if_zero=True),),
            (latched((0, 0), latch.L3p, (0, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3, (0, 0), exception_if_zero=True),),
            (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=False),),
            (latched((1, 0), latch.L3x, (1, 0), exception_if_zero=True),),
            (latched((1, 0), REFUSES_OTHERWISE, (1, 0)),),
        ],
    ),
    "warnings are exact": (
        [
            (DOWN,),
            (PARK,),
            (latched((0, 0), latch.L3, (0, 0), exception_if_zero=False),),
            (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=True),),
        ],
        [
            (latched((0, 0), COUNTS_SILENTLY, (0, 0), exception_if_zero=False),),
            (latched((1, 0), latch.L3, (0, 0), exception_if_zero=False),),
            (latched((1, 1), PARKS_AND_WARNS, (1, 2)),),
        ],
    ),
    "zero releases": (
        [(DOWN,), (ZERO,), (PARK,), (LEAVE,), (latched((1, 0), latch.L6, (0, 0), n=0),)],
        [
            (latched((1, 1), latch.L1, (0, 0), exception_if_zero=False),),
            (latched((1, 1), latch.L6, (0, 1), n=0),),
            (latched((1, 1), latch.L5k, (0, 1), KEEPS, n=0),),
        ],
    ),
    "only the parked and the caller continue": (
        [
            (seen(DOWN, "W", "AB", "AB", ("W", None)),),
            (seen(ZERO, "W", "AB", "", ("A", None), ("B", None), ("W", None)),),
            (seen(PARK, "W", "A", "AW"),),
            (seen(LEAVE, "A", "AB", "B"),),
        ],
        [
            (seen(DOWN, "W", "AB", "AB", ("W", None), ("W", None)),),
            (seen(DOWN, "W", "AB", "AB", ("W", None), ("C", None)),),
            (seen(DOWN, "W", "AB", "BA", ("W", None)),),
            (seen(DOWN, "W", "AB", "A", ("W", None)),),
            (seen(DOWN, "W", "AB", "ABC", ("W", None)),),
            (seen(DOWN, "W", "AB", "ABW", ("W", None)),),
            (seen(ZERO, "W", "AB", "B", ("A", None), ("B", None), ("W", None)),),
            (seen(PARK, "W", "A", "A"),),
            (seen(PARK, "W", "A", "WA"),),
            (seen(LEAVE, "A", "AB", "AB"),),
            (seen(LEAVE, "A", "AB", ""),),
        ],
    ),
    "the released stay released": (
        [
            (seen(DOWN, "W", "", "", ("W", None), was={"A": None}, now={"A": None}),),
            (seen(DOWN, "W", "", "", ("W", None), now={"A": None}),),
            (seen(LEAVE, "A", "", "", was={"A": None, "B": None}, now={"B": None}),),
        ],
        [
            (seen(DOWN, "W", "", "", ("W", None), was={"A": None}),),
            (seen(DOWN, "W", "", "", ("W", None), was={"A": None}, now={"A": BB}),),
            (seen(DOWN, "W", "", "", ("W", None), was={"A": None, "B": None}, now={"A": None}),),
            (seen(LEAVE, "A", "", "", was={"A": None, "B": None}),),
        ],
    ),
    "endings are plain": (
        [
            (seen(ZERO, "W", "A", "", ("A", None), ("W", None)),),
            (seen(latched((1, 1), latch.L5, (1, 1), n=0), "W", "A", "A", ("W", ValueError)),),
        ],
        [
            (seen(ZERO, "W", "A", "", ("A", 0), ("W", None)),),
            (seen(ZERO, "W", "A", "", ("A", BB), ("W", None)),),
            (seen(ZERO, "W", "A", "", ("A", None), ("W", 0)),),
        ],
    ),
    "a caller parks or continues": (
        [(seen(PARK, "W", "A", "AW"),), (seen(DOWN, "W", "AB", "AB", ("W", None)),), (seen(LEAVE, "A", "AB", "B"),)],
        [
            (seen(PARK, "W", "A", "A"),),
            (seen(PARK, "W", "A", "AW", ("W", None)),),
            (seen(ZERO, "W", "AB", "", ("A", None), ("B", None)),),
        ],
    ),
    "a withdrawn task is gone": (
        [(seen(LEAVE, "A", "AB", "B"),), (seen(PARK, "W", "A", "AW"),)],
        [(seen(LEAVE, "A", "AB", "AB"),), (seen(LEAVE, "A", "AB", "B", ("A", None)),)],
    ),
    "a new latch is as asked": (
        [(made(2, latch.L6, (2, 0)),), (made(-1, latch.L4, (0, 0)),), (DOWN,)],
        [(made(2, latch.L6, (3, 0)),), (made(2, latch.L6, (2, 1)),), (made(0, latch.L6, (1, 0)),)],
    ),
    "the properties are read": (
        [
            ((), (2, 1), {"count": 2, "is_open": False, "n_waiting": 1}),
            ((), (0, 0), {"count": 0, "is_open": True, "n_waiting": 0}),
        ],
        [
            ((), (2, 1), {"count": 1, "is_open": False, "n_waiting": 1}),
            ((), (2, 1), {"count": 2, "is_open": True, "n_waiting": 1}),
            ((), (2, 1), {"count": 2, "is_open": False, "n_waiting": 0}),
            ((), (0, 0), {"count": 0, "is_open": False, "n_waiting": 0}),
        ],
    ),
    "errors are those of the rule": (
        [
            (seen(DOWN, "W", "AB", "AB", ("W", None)),),
            (seen(latched((1, 1), latch.L5, (1, 1), n=0), "W", "A", "A", ("W", latch.L5.errors[0])),),
        ],
        [
            (seen(DOWN, "W", "AB", "AB", ("W", KeyError)),),
            (seen(latched((1, 1), latch.L5, (1, 1), n=0), "W", "A", "A", ("W", None)),),
            (seen(latched((1, 1), latch.L5, (1, 1), n=0), "W", "A", "A", ("W", ValueError)),),
            (seen(ZERO, "W", "A", "", ("A", BB), ("W", None)),),
        ],
    ),
    "the parked are the tasks parked": ([((), (1, 2), 2, 1)], [((), (1, 2), 1, 1), ((), (1, 0), 1, 0)]),
    "no task is stranded": (
        [((), (1, 1), 1, 0), ((), (0, 0), 0, 0), ((), (0, 1), 1, 1)],
        [((), (0, 1), 1, 0), ((), (0, 0), 2, 0)],
    ),
}

BARRIER_CASES: dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    "fewer than parties are parked": (
        [(3, 0, False), (3, 2, False), (1, 0, True)],
        [(3, 3, False), (3, -1, False), (1, 1, True), (2, 5, False)],
    ),
    "no task is parked when broken": ([(3, 0, True), (3, 2, False)], [(3, 1, True), (3, -1, True)]),
    "refused changes nothing": (
        [(REFUSED,), (ARRIVE,), (ABORT,)],
        [
            (barred(0, True, barrier.B3, (0, False)),),
            (barred(1, True, barrier.B3, (0, True)),),
            (barred(1, True, REFUSES_AND_RELEASES, (1, True)),),
        ],
    ),
    "a whole generation trips": (
        [
            (TRIP,), (TRIP_REVERSED,), (TRIP_ANY,), (ARRIVE,), (ABORT,), (RESET,), (TAKE_BACK,), (BREAK,),
            (BREAK_EARLY,), (LEFT_EARLY,), (REFUSED,),
            (barred(2, False, barrier.B5, (2, False), is_parked=False, has_arrived=True),),
        ],
        [
            (barred(2, False, barrier.B1, (3, False)),),
            (barred(1, False, barrier.B2, (0, False)),),
            (barred(0, True, barrier.B2, (0, True), parties=1),),
            (barred(2, False, TRIPS_AND_PARKS, (0, False)),),
            (barred(1, False, TRIPS_AND_PARKS, (2, False)),),
            (barred(2, False, TRIPS_AND_KEEPS, (0, False)),),
            (barred(2, False, barrier.B2, (1, False)),),
            (barred(2, False, barrier.B2, (0, True)),),
            (barred(2, False, Rule("X", "abort", "returns an index", "", queue="indexed"), (0, False)),),
        ],
    ),
    "only a wait() that is early parks": (
        [(TRIP,), (ARRIVE,), (ABORT,), (RESET,), (TAKE_BACK,), (BREAK,), (REFUSED,)],
        [
            (barred(1, False, RETURNS_EARLY, (1, False)),),
            (barred(2, False, barrier.B1, (3, False)),),
            (barred(0, True, barrier.B1, (1, True)),),
            (barred(1, False, ABORTS_AND_PARKS, (0, True)),),
        ],
    ),
    "arrivals are counted": (
        [
            (TRIP,), (ARRIVE,), (ABORT,), (RESET,), (TAKE_BACK,), (BREAK,), (BREAK_EARLY,), (LEFT_EARLY,), (REFUSED,),
            (barred(2, False, barrier.B5, (2, False), is_parked=False, has_arrived=True),),
        ],
        [
            (barred(1, False, barrier.B1, (1, False)),),
            (barred(1, False, barrier.B1, (0, False)),),
            (barred(2, False, barrier.B2, (1, False)),),
            (barred(2, False, barrier.B6, (2, True)),),
            (barred(2, False, barrier.B4, (2, False), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4, (0, False), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B5, (1, False), is_parked=False, has_arrived=True),),
            (barred(0, True, barrier.B3, (1, True)),),
        ],
    ),
    "a withdrawal takes back itself": (
        [
            (TRIP,), (ARRIVE,), (ABORT,), (TAKE_BACK,), (BREAK,), (BREAK_EARLY,), (LEFT_EARLY,),
            (barred(2, False, barrier.B5, (2, False), is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B5, (2, False), BREAKS, is_parked=False, has_arrived=True),),
        ],
        [
            (barred(2, False, barrier.B4, (2, False), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4, (1, True), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B5, (1, False), is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B5, (1, False), BREAKS, is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B4b, (0, True), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4b, (2, False), is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B4e, (0, True), is_parked=False, has_arrived=False),),
            (barred(2, False, barrier.B4e, (0, True), BREAKS_EARLY, is_parked=False, has_arrived=True),),
            (barred(0, True, barrier.B5e, (0, False), BREAKS_EARLY, is_parked=False, has_arrived=False),),
            (barred(2, False, LEAVES_AND_RELEASES, (1, False), is_parked=True, has_arrived=True),),
            (barred(2, False, WITHDRAWS_AND_RETURNS, (1, False), is_parked=True, has_arrived=True),),
        ],
    ),
    "only abort breaks and only reset restores": (
        [
            (TRIP,), (ARRIVE,), (ABORT,), (RESET,), (TAKE_BACK,), (BREAK,), (BREAK_EARLY,), (LEFT_EARLY,), (REFUSED,),
            (barred(0, True, barrier.B6, (0, True)),),
            (barred(0, True, barrier.B7, (0, False)),),
            (barred(2, False, barrier.B5, (2, False), BREAKS, is_parked=False, has_arrived=True),),
        ],
        [
            (barred(2, False, barrier.B6, (0, False)),),
            (barred(2, False, barrier.B6, (2, True)),),
            (barred(2, False, ABORTS_AND_KEEPS, (0, True)),),
            (barred(0, True, barrier.B7, (0, True)),),
            (barred(2, False, barrier.B7, (1, False)),),
            (barred(2, False, RESETS_AND_KEEPS, (0, False)),),
            (barred(1, False, barrier.B1, (2, True)),),
            (barred(0, True, barrier.B3, (0, False)),),
            (barred(2, False, barrier.B4, (1, True), is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4, (1, False), BREAKS, is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4b, (0, False), BREAKS, is_parked=True, has_arrived=True),),
            (barred(2, False, barrier.B4b, (2, False), is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B4b, (0, True), BREAKS, is_parked=False, has_arrived=True),),
            (barred(2, False, barrier.B4e, (0, True), BREAKS, is_parked=False, has_arrived=False),),
            (barred(2, False, barrier.B5e, (2, False), BREAKS_EARLY, is_parked=False, has_arrived=False),),
            (barred(0, True, barrier.B4e, (0, True), BREAKS_EARLY, is_parked=False, has_arrived=False),),
            (barred(2, False, BREAKS_OTHERWISE, (0, True), BREAKS, is_parked=True, has_arrived=True),),
            (barred(2, False, ABORTS_WITH_ANOTHER, (0, True)),),
        ],
    ),
    "refusals are exact": (
        [
            *((step,) for step in (TRIP, ARRIVE, ABORT, RESET, TAKE_BACK, BREAK, REFUSED)),
            (built(3, barrier.B0),),
            (built(0, barrier.B0v, (0,)),),
            (built(True, barrier.B0t, (True,)),),
        ],
        [
            (barred(0, True, barrier.B1, (1, True)),),
            (barred(0, False, barrier.B3, (0, False)),),
            (barred(0, True, REFUSES_OTHERWISE, (0, True)),),
            (barred(0, True, ABORT_IS_REFUSED, (0, True)),),
            (built(0, barrier.B0, (0,)),),
            (built(1, barrier.B0v, (1,)),),
            (built(True, barrier.B0, (True,)),),
            (built("3", barrier.B0v, ("3",)),),
            (barred(2, False, ABORTS_AND_WARNS, (0, True)),),
        ],
    ),
    "breaking fails the parked": (
        [(TRIP,), (ARRIVE,), (ABORT,), (RESET,), (TAKE_BACK,), (BREAK,)],
        [
            (barred(2, False, ABORTS_AND_KEEPS, (0, True)),),
            (barred(2, False, RESETS_AND_KEEPS, (0, False)),),
            (barred(2, False, ABORTS_AND_PARKS, (0, True)),),
            (barred(2, False, ABORTS_WITH_ANOTHER, (0, True)),),
            (barred(2, False, BREAKS_OTHERWISE, (0, True), BREAKS, is_parked=True, has_arrived=True),),
            (barred(1, False, barrier.B1, (2, True)),),
        ],
    ),
    "only the parked and the caller continue": (
        [
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
            (seen(ARRIVE, "W", "A", "AW"),),
            (seen(BREAK, "A", "AB", "", ("B", BB)),),
        ],
        [
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("C", 2)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("A", 1), ("W", 2)),),
            (seen(BREAK, "A", "AB", ""),),
        ],
    ),
    "indices are exact": (
        [
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
            (seen(TRIP_REVERSED, "W", "AB", "", ("A", 2), ("B", 1), ("W", 0)),),
            (seen(TRIP_ANY, "W", "AB", "", ("A", ANY_INDEX), ("B", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(TRIP_LED, "W", "AB", "", ("A", ANY_INDEX), ("B", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(ARRIVE, "W", "A", "AW"),),
            (seen(ABORT, "W", "AB", "", ("A", BB), ("B", BB), ("W", None)),),
        ],
        [
            (seen(TRIP, "W", "AB", "", ("A", 1), ("B", 0), ("W", 2)),),
            (seen(TRIP, "W", "AB", "", ("B", 0), ("A", 1), ("W", 2)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 1)),),
            (seen(TRIP, "W", "AB", "", ("A", 2), ("B", 1), ("W", 0)),),
            (seen(TRIP, "W", "AB", "", ("A", ANY_INDEX), ("B", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(TRIP_REVERSED, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
            (seen(TRIP_REVERSED, "W", "AB", "", ("A", 3), ("B", 2), ("W", 1)),),
            (seen(TRIP_ANY, "W", "AB", "", ("A", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(LED_UNASKED, "W", "AB", "", ("A", ANY_INDEX), ("B", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(ANY_UNASKED, "W", "AB", "", ("A", ANY_INDEX), ("B", ANY_INDEX), ("W", ANY_INDEX)),),
            (seen(ARRIVE, "W", "A", "AW", ("A", 0)),),
        ],
    ),
    "a generation is whole": (
        [
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
            (seen(ABORT, "W", "AB", "", ("A", BB), ("B", BB), ("W", None)),),
            (seen(ARRIVE, "W", "A", "AW"),),
        ],
        [
            (seen(TRIP, "W", "AB", "", ("A", 0), ("W", 1)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("A", 1), ("W", 2)),),
            (seen(TRIP, "W", "A", "", ("A", 0), ("B", 1), ("W", 2)),),
            (seen(TRIP, "W", "A", "", ("A", 0), ("W", 1)),),
        ],
    ),
    "the released stay released": (
        [
            (seen(ABORT, "W", "", "", ("W", None), was={"A": 0}, now={"A": 0}),),
            (seen(BREAK, "A", "", "", was={"A": 0}),),
        ],
        [
            (seen(ABORT, "W", "", "", ("W", None), was={"A": 0}, now={"A": BB}),),
            (seen(ABORT, "W", "", "", ("W", None), was={"A": 0}),),
            (seen(ARRIVE, "W", "", "", was={"A": 0}, now={"A": 1}),),
        ],
    ),
    "exactly the parked fail": (
        [
            (seen(ABORT, "W", "AB", "", ("A", BB), ("B", BB), ("W", None)),),
            (seen(RESET, "W", "AB", "", ("A", BB), ("B", BB), ("W", None)),),
            (seen(RESET, "W", "", "", ("W", None)),),
            (seen(BREAK, "A", "AB", "", ("B", BB)),),
            (seen(REFUSED, "W", "", "", ("W", BB)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
        ],
        [
            (seen(ABORT, "W", "AB", "", ("A", BB), ("W", None)),),
            (seen(ABORT, "W", "AB", "", ("A", BB), ("B", None), ("W", None)),),
            (seen(RESET, "W", "A", "", ("A", BB), ("B", BB), ("W", None)),),
            (seen(RESET, "W", "A", "A", ("W", None)),),
            (seen(TRIP, "W", "AB", "", ("A", BB), ("B", 1), ("W", 2)),),
            (seen(TAKE_BACK, "A", "AB", "", ("B", BB)),),
            (seen(ARRIVE, "W", "A", "AW", ("A", BB)),),
            (seen(BREAK, "A", "AB", "", ("B", ValueError)),),
            (seen(BREAK, "A", "AB", ""),),
            (seen(barred(2, False, barrier.B6, (0, True), BREAKS), "W", "AB", "", ("A", BB), ("W", None)),),
            (seen(barred(1, False, barrier.B1, (2, False), BREAKS), "W", "A", "AW", ("A", BB)),),
        ],
    ),
    "a caller parks or continues": (
        [(seen(ARRIVE, "W", "A", "AW"),), (seen(ABORT, "W", "AB", "", ("A", BB), ("B", BB), ("W", None)),)],
        [
            (seen(ARRIVE, "W", "A", "A"),),
            (seen(ABORT, "W", "AB", "", ("A", BB), ("B", BB)),),
            (seen(TRIP, "W", "AB", "W", ("A", 0), ("B", 1), ("W", 2)),),
        ],
    ),
    "a withdrawn task is gone": (
        [(seen(TAKE_BACK, "A", "AB", "B"),), (seen(BREAK, "A", "AB", "", ("B", BB)),)],
        [
            (seen(TAKE_BACK, "A", "AB", "AB"),),
            (seen(TAKE_BACK, "A", "AB", "B", ("A", None)),),
            (seen(GONE, "A", "", "", ("A", None), was={"A": 1}),),
        ],
    ),
    "a new barrier is as asked": (
        [(built(3, barrier.B0),), (built(0, barrier.B0v, (0,)),), (ARRIVE,)],
        [(built(2, barrier.B0),), (built(4, barrier.B0),), (built(0, barrier.B0),)],
    ),
    "the properties are read": (
        [((3,), (2, False), {"parties": 3, "n_waiting": 2, "broken": False})],
        [
            ((3,), (2, False), {"parties": 2, "n_waiting": 2, "broken": False}),
            ((3,), (2, False), {"parties": 3, "n_waiting": 3, "broken": False}),
            ((3,), (2, False), {"parties": 3, "n_waiting": 2, "broken": True}),
            ((3,), (0, True), {"parties": 3, "n_waiting": 0, "broken": False}),
        ],
    ),
    "errors are those of the rule": (
        [
            (seen(REFUSED, "W", "", "", ("W", BB)),),
            (seen(ABORT, "W", "A", "", ("A", BB), ("W", None)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", 1), ("W", 2)),),
        ],
        [
            (seen(REFUSED, "W", "", "", ("W", None)),),
            (seen(REFUSED, "W", "", "", ("W", KeyError)),),
            (seen(ABORT, "W", "A", "", ("A", BB), ("W", BB)),),
            (seen(ABORT, "W", "A", "", ("A", KeyError), ("W", None)),),
            (seen(ABORT, "W", "A", "", ("A", None), ("W", None)),),
            (seen(TRIP, "W", "AB", "", ("A", 0), ("B", BB), ("W", 2)),),
        ],
    ),
    "the parked are the tasks parked": (
        [((3,), (2, False), 2, 1)], [((3,), (2, False), 1, 1), ((3,), (0, True), 1, 0)],
    ),
    "no task is stranded": (
        [((3,), (2, False), 2, 0), ((3,), (0, True), 0, 0), ((3,), (0, True), 1, 1)],
        [((3,), (2, False), 3, 0), ((3,), (0, True), 1, 0), ((3,), (0, False), 4, 0)],
    ),
}  # fmt: skip


def properties_of(machine: Machine) -> tuple[Property, ...]:
    return (
        *machine.invariants, *machine.step_properties, *machine.history_properties, *machine.readings,
        *machine.censuses,
    )  # fmt: skip


CASES = [
    pytest.param(property_, *cases[property_.name], id=f"{machine}-{property_}")
    for machine, cases in ((LATCH, LATCH_CASES), (BARRIER, BARRIER_CASES))
    for property_ in properties_of(machine)
]


@pytest.mark.parametrize(
    ("machine", "cases"), [(LATCH, LATCH_CASES), (BARRIER, BARRIER_CASES)], ids=["latch", "barrier"]
)
def test_every_property_has_its_cases(machine: Machine, cases: dict[str, Any]) -> None:
    assert set(cases) == {property_.name for property_ in properties_of(machine)}
    assert all(refused for _, refused in cases.values())


@pytest.mark.parametrize(("property_", "passing", "refused"), CASES)
def test_a_property_lets_pass_what_is_right(property_: Property, passing: list[Any], refused: list[Any]) -> None:
    assert [case for case in passing if property_.holds(*case) is not True] == []


@pytest.mark.parametrize(("property_", "passing", "refused"), CASES)
def test_a_property_refuses_what_is_wrong(property_: Property, passing: list[Any], refused: list[Any]) -> None:
    assert [number for number, case in enumerate(refused) if property_.holds(*case)] == []


@pytest.mark.parametrize(
    ("state", "ghosts", "adds_up"),
    [
        ((3, 0), (3, 0), True),
        ((1, 2), (3, 2), True),
        ((0, 0), (3, 3), True),
        ((0, 0), (3, 5), True),
        ((2, 0), (3, 0), False),
        ((0, 0), (3, 2), False),
        ((1, 0), (3, 3), False),
        ((-1, 0), (3, 4), False),
    ],
)
def test_the_latch_account_adds_up_or_does_not(state: Any, ghosts: Any, adds_up: bool) -> None:
    (account,) = LATCH.accounts
    assert account.holds((), state, ghosts) is adds_up


@pytest.mark.parametrize(
    ("step", "ghosts"),
    [
        (DOWN, (7, 3)),
        (ZERO, (7, 3)),
        (latched((0, 0), latch.L3, (0, 0), exception_if_zero=False), (7, 3)),
        (latched((0, 0), latch.L3x, (0, 0), exception_if_zero=True), (7, 2)),
        (latched((1, 0), latch.L6, (4, 0), n=4), (4, 0)),
        (latched((1, 0), latch.L5, (1, 0), n=4), (7, 2)),
        (PARK, (7, 2)),
        (LEAVE, (7, 2)),
    ],
)
def test_the_latch_account_is_kept(step: Step, ghosts: tuple[int, int]) -> None:
    (account,) = LATCH.accounts
    assert account.ghosts == ("last_set", "count_downs")
    assert account.start((), (5, 0)) == (5, 0)
    assert account.update(step, (7, 2)) == ghosts


@pytest.mark.parametrize(
    ("parked", "ghosts", "adds_up"),
    [
        (0, (0, 0, 0, 0), True),
        (2, (2, 0, 0, 0), True),
        (1, (7, 2, 0, 0), True),
        (1, (12, 2, 3, 2), True),
        (1, (2, 0, 0, 0), False),
        (0, (3, 0, 0, 0), False),
        (0, (3, 1, 1, 0), False),
        (0, (3, 1, 0, 1), False),
        (0, (2, 1, 0, 0), False),
    ],
)
def test_the_barrier_account_adds_up_or_does_not(parked: int, ghosts: Any, adds_up: bool) -> None:
    (account,) = BARRIER.accounts
    assert account.holds((3,), (parked, False), ghosts) is adds_up


@pytest.mark.parametrize(
    ("step", "ghosts"),
    [
        (ARRIVE, (8, 2, 1, 1)),
        (TRIP, (8, 3, 1, 1)),
        (REFUSED, (7, 2, 1, 1)),
        (TAKE_BACK, (7, 2, 2, 1)),
        (barred(2, False, barrier.B5, (2, False), is_parked=False, has_arrived=True), (7, 2, 1, 1)),
        (BREAK, (7, 2, 2, 2)),
        (BREAK_EARLY, (7, 2, 1, 3)),
        (LEFT_EARLY, (7, 2, 1, 1)),
        (ABORT, (7, 2, 1, 3)),
        (RESET, (7, 2, 1, 3)),
    ],
)
def test_the_barrier_account_is_kept(step: Step, ghosts: tuple[int, ...]) -> None:
    (account,) = BARRIER.accounts
    assert account.ghosts == ("arrived", "generations", "withdrawn", "failed")
    assert account.start((3,), (0, False)) == (0, 0, 0, 0)
    assert account.update(step, (7, 2, 1, 1)) == ghosts


def test_every_account_is_covered_here() -> None:
    assert [len(machine.accounts) for machine in (LATCH, BARRIER)] == [1, 1]
    assert all(isinstance(account, Account) for machine in (LATCH, BARRIER) for account in machine.accounts)


@pytest.mark.parametrize(
    ("machine", "name", "owing", "others"),
    [
        (
            LATCH,
            "parked at zero continues",
            [ZERO, latched((1, 2), latch.L5r, (0, 0), KEEPS, n=0), latched((0, 1), latch.L7, (0, 1))],
            [DOWN, PARK, LEAVE, latched((0, 0), latch.L6, (2, 0), n=2)],
        ),
        (
            BARRIER,
            "a whole generation continues",
            [
                TRIP, TRIP_ANY, barred(2, False, barrier.B1, (3, False)),
                barred(0, False, barrier.B2, (0, False), parties=1),
            ],
            [ARRIVE, ABORT, RESET, TAKE_BACK, REFUSED, barred(2, True, barrier.B3, (2, True))],
        ),
        (BARRIER, "parked at a break or reset continues", [ABORT, RESET, BREAK], [TRIP, ARRIVE, TAKE_BACK, REFUSED]),
    ],
)  # fmt: skip
def test_which_steps_owe_an_eventuality(machine: Machine, name: str, owing: list[Step], others: list[Step]) -> None:
    (eventuality,) = (one for one in machine.eventualities if one.name == name)
    assert [eventuality.owes(step) for step in owing] == [True] * len(owing)
    assert [eventuality.owes(step) for step in others] == [False] * len(others)


def test_every_claim_of_liveness_is_an_eventuality() -> None:
    found = {one.claim.id for machine in (LATCH, BARRIER) for one in machine.eventualities}
    assert found == {claim.id for claim in CLAIMS if claim.kind == "liveness"}
