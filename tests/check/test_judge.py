"""The judge: histories written by hand, with the policies under which they are not allowed, and what they break."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from latchproof.check.automaton import Automata
from latchproof.check.history import Begin, End, Event, Finding, Observe, Request, Rest, Stray, TimePasses
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification, is_broken_barrier_error, is_expected, told
from latchproof.check.specification import GONE, NEW, PARKED, Configuration, Ending, Fate, Invocation
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import IS_PARKED, Fact, Machine, Operation
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, Rule, ZeroLatchError

REST = Rest()
LATCHES = [policy.name for policy in LATCH.policies]
BARRIERS = [policy.name for policy in BARRIER.usual_policies]


class SomebodysBrokenError(asyncio.BrokenBarrierError):
    """An error of another class, with a base that is named as it should be."""


def wait(call: int) -> Begin:
    return Begin(call, "wait")


def early(call: int, operation: str = "wait") -> Begin:
    return Begin(call, operation, cancelled=True)


def down(call: int, exception_if_zero: bool = False) -> Begin:
    return Begin(call, "count_down", (exception_if_zero,))


def sets(call: int, n: int) -> Begin:
    return Begin(call, "set_count", (n,))


def abort(call: int) -> Begin:
    return Begin(call, "abort")


def reset(call: int) -> Begin:
    return Begin(call, "reset")


def ret(call: int, value: object = None) -> End:
    return End(call, "returned", value)


def err(call: int, error: type[BaseException] = BrokenBarrierError) -> End:
    return End(call, "raised", error=error("it is said"))


def gone(call: int) -> End:
    return End(call, "cancelled")


def cancel(call: int) -> Request:
    return Request(call)


def see(**values: object) -> Observe:
    return Observe(tuple(values.items()))


def parked(number: int) -> Observe:
    return see(n_waiting=number)


def judge_of(
    machine: Machine, argument: int, policy: Any = None, *, strict: bool = False, indexed: bool = True
) -> Judge:
    """A judge under a policy, or under that of our own classes."""
    policy = machine.policies[0] if policy is None else policy
    return Judge(
        MachineSpecification(machine, policy, argument, compared="indices" if indexed else "no value"), strict=strict
    )


def test_judges_share_what_they_found_out_only_with_those_that_judge_so() -> None:
    specification = MachineSpecification(BARRIER, BARRIER.policies[0], 2)
    automata: Automata = {}
    findings = {}
    for strict in (False, True, False):
        judge = Judge(specification, strict=strict, automata=automata)
        findings[strict] = [judge.step(event) is None for event in (wait(0), cancel(0), parked(1))]
    assert findings == {False: [True, True, True], True: [True, True, False]}
    assert len(automata) == len(findings)


def judged(machine: Machine, argument: int, events: list[Event], *, strict: bool = False) -> dict[str, str]:
    """By policy: each claim that is broken, and the position of the event that breaks it."""
    found = {}
    for policy in machine.usual_policies:
        judge = judge_of(machine, argument, policy, strict=strict)
        broken = [
            f"{finding.claim}@{position}"
            for position, event in enumerate(events)
            if (finding := judge.step(event)) is not None
        ]
        if broken:
            found[judge.specification.name] = " ".join(broken)
    return found


def under(names: list[str], claim: str) -> dict[str, str]:
    return dict.fromkeys(names, claim)


class Case(NamedTuple):
    name: str
    argument: int
    events: list[Event]
    broken: dict[str, str]
    strict: bool = False


ARRIVAL = ["latchproof", "aiologic"]
OPEN = ["cpython", "lenient"]
WITHDRAWS = ["latchproof", "cpython", "lenient"]
NOT_EARLY = ["latchproof", "cpython", "aiologic", "lenient"]
BREAKS = ["java", "aiologic"]

TRIPPED: list[Event] = [wait(0), parked(1), wait(1)]
CROWD: list[Event] = [wait(0), parked(1), wait(1), parked(2), wait(2), parked(3)]

BARRIER_CASES = [
    Case("indices by arrival", 2, [*TRIPPED, ret(1, 1), ret(0, 0)], {"java": "C5@3"}),
    Case("indices reversed", 2, [*TRIPPED, ret(1, 0), ret(0, 1)], under(ARRIVAL, "C5@3")),
    Case(
        "the last first, reversed", 3,
        [wait(0), parked(1), wait(1), parked(2), wait(2), ret(2, 0), ret(1, 1), ret(0, 2)], under(ARRIVAL, "C5@5"),
    ),
    Case(
        "any other order", 3, [wait(0), parked(1), wait(1), parked(2), wait(2), ret(2, 1), ret(1, 2), ret(0, 0)],
        under([*ARRIVAL, "java"], "C5@5"),
    ),
    Case(
        "an index twice", 2, [*TRIPPED, ret(1, 0), ret(0, 0)],
        under(ARRIVAL, "C5@3") | under([*OPEN, "java"], "C5@4"),
    ),
    Case("an index while another call begins", 2, [*TRIPPED, wait(2), ret(1, 1), ret(0, 0)], {"java": "C5@4"}),
    Case("an index beyond", 2, [*TRIPPED, ret(1, 2)], under(BARRIERS, "C5@3")),
    Case("an index below", 2, [*TRIPPED, ret(1, -1)], under(BARRIERS, "C5@3")),
    Case("no index", 2, [*TRIPPED, ret(1)], under(BARRIERS, "C5@3")),
    Case("a bool for an index", 2, [*TRIPPED, ret(1, True)], under(BARRIERS, "C5@3")),
    Case("a bool for the index 0", 1, [wait(0), ret(0, False)], under(BARRIERS, "C5@1")),
    Case("a list for an index", 1, [wait(0), ret(0, [0])], under(BARRIERS, "C5@1")),
    Case("a float for an index", 1, [wait(0), ret(0, 0.0)], under(BARRIERS, "C5@1")),
    Case("which came first is open", 2, [wait(0), wait(1), ret(1, 0), ret(0, 1)], {}),
    Case("one party is a generation", 1, [wait(0), ret(0, 0), wait(1), ret(1, 0)], {}),
    Case(
        "generations overlap", 2,
        [*TRIPPED, parked(0), wait(2), parked(1), wait(3), parked(0), ret(3, 1), ret(2, 0), ret(1, 1), ret(0, 0)],
        {"java": "C5@8"},
    ),
    Case(
        "an index of another generation is not given twice in its own", 2,
        [*TRIPPED, ret(1, 1), wait(2), parked(1), wait(3), ret(3, 1), ret(2, 0), ret(0, 1)],
        {"java": "C5@3", "latchproof": "C5@9", "aiologic": "C5@9", "cpython": "C5@9", "lenient": "C5@9"},
    ),
    Case("a return without a generation", 2, [wait(0), ret(0, 0)], under(BARRIERS, "C6@1")),
    Case("a return with too few", 3, [wait(0), wait(1), ret(0, 0)], under(BARRIERS, "C6@2")),
    Case("a broken barrier refuses", 2, [abort(0), ret(0), wait(1), err(1)], {}),
    Case("by asyncio's error", 2, [abort(0), ret(0), wait(1), err(1, asyncio.BrokenBarrierError)], {}),
    Case("by an error of one's own", 2, [abort(0), ret(0), wait(1), err(1, SomebodysBrokenError)], {}),
    Case("a broken barrier lets in", 2, [abort(0), ret(0), wait(1), REST], under(BARRIERS, "C10@3")),
    Case("a broken barrier lets pass", 1, [abort(0), ret(0), wait(1), ret(1, 0)], under(BARRIERS, "C10@3")),
    Case("refused by another error", 2, [abort(0), ret(0), wait(1), err(1, RuntimeError)], under(BARRIERS, "C15@3")),
    Case("refused though whole", 2, [wait(0), err(0)], under(BARRIERS, "C9@1")),
    Case("an abort while it begins", 2, [abort(0), wait(1), err(1), ret(0)], {}),
    Case("an abort that had no effect yet", 2, [abort(0), wait(1), parked(1), ret(0), err(1)], {}),
    Case("abort fails the parked", 2, [wait(0), parked(1), abort(1), ret(1), err(0)], {}),
    Case("reset fails the parked", 2, [wait(0), parked(1), reset(1), ret(1), err(0), see(broken=False)], {}),
    Case("a failed one returns", 2, [wait(0), parked(1), abort(1), ret(1), ret(0, 0)], under(BARRIERS, "C14@4")),
    Case("what abort returns is not compared", 2, [abort(0), ret(0, 17)], {}),
    Case(
        "an index that abort returns is given to no call", 2,
        [abort(0), see(broken=True), reset(1), ret(1), wait(2), parked(1), wait(3), ret(3, 1), ret(0, 0), ret(2, 0)],
        {"java": "C5@7"},
    ),
    Case("abort raises", 2, [abort(0), err(0, RuntimeError)], under(BARRIERS, "C15@1")),
    Case("reset raises", 2, [reset(0), err(0)], under(BARRIERS, "C15@1")),
    Case("abort breaks", 2, [abort(0), ret(0), see(broken=True)], {}),
    Case("abort does not break", 2, [abort(0), ret(0), see(broken=False)], under(BARRIERS, "C16@2")),
    Case("reset mends", 2, [abort(0), ret(0), reset(1), ret(1), see(broken=False), wait(2), parked(1), REST], {}),
    Case(
        "reset does not mend", 2, [abort(0), ret(0), reset(1), ret(1), see(broken=True)], under(BARRIERS, "C16@4")
    ),
    Case("it breaks by itself", 2, [wait(0), see(broken=True)], under(BARRIERS, "C16@1")),
    Case(
        "abort leaves the released alone", 2, [*TRIPPED, ret(1, 1), abort(2), ret(2), ret(0, 0)], {"java": "C5@3"}
    ),
    Case(
        "abort reaches the released", 2, [*TRIPPED, ret(1, 1), abort(2), ret(2), err(0)],
        {"java": "C5@3"} | under(ARRIVAL, "C8@6"),
    ),
    Case(
        "reset reaches the released", 2, [*TRIPPED, ret(1, 0), reset(2), ret(2), err(0)],
        {"java": "C8@6"} | under(ARRIVAL, "C5@3"),
    ),
    Case(
        "a released one fails without an abort", 2, [*TRIPPED, ret(1, 1), err(0)],
        {"java": "C5@3"} | under([*ARRIVAL, *OPEN], "C9@4"),
    ),
    Case(
        "an abort before the trip does not reach the released", 2,
        [abort(0), ret(0), reset(1), ret(1), wait(2), parked(1), wait(3), ret(3, 1), err(2)],
        {"java": "C5@7"} | under([*ARRIVAL, *OPEN], "C9@8"),
    ),
    Case(
        "an abort reaches only calls that wait", 2,
        [abort(0), see(broken=True), reset(1), ret(1), see(broken=False), err(0)], under(BARRIERS, "C15@5"),
    ),
    Case(
        "the released fail by another error", 2, [*TRIPPED, ret(1, 1), abort(2), ret(2), err(0, ValueError)],
        {"java": "C5@3"} | under([*ARRIVAL, *OPEN], "C15@6"),
    ),
    Case(
        "a cancelled waiter withdraws", 2, [wait(0), parked(1), cancel(0), gone(0), see(n_waiting=0, broken=False)],
        under(BREAKS, "C16@4"),
    ),
    Case(
        "a cancelled waiter breaks it", 2, [wait(0), parked(1), cancel(0), gone(0), see(n_waiting=0, broken=True)],
        under(WITHDRAWS, "C16@4"),
    ),
    Case(
        "a cancelled waiter stays counted", 2, [wait(0), parked(1), cancel(0), gone(0), parked(1)],
        under(BARRIERS, "C16@4"),
    ),
    Case(
        "the others of a cancelled waiter fail", 3,
        [wait(0), parked(1), wait(1), parked(2), cancel(0), gone(0), err(1)], under(WITHDRAWS, "C7@6"),
    ),
    Case(
        "one of three is cancelled, and the others never know", 4,
        [*CROWD, cancel(1), gone(1), see(n_waiting=2, broken=False), wait(3), parked(3), REST],
        under(BREAKS, "C16@8 C14@11"),
    ),
    Case(
        "one of three is cancelled, and the others fail", 4,
        [*CROWD, cancel(1), gone(1), err(0), err(2), see(n_waiting=0, broken=True)], under(WITHDRAWS, "*@8"),
    ),
    Case(
        "one of three is cancelled, and another fails", 4, [*CROWD, cancel(1), gone(1), err(0), REST],
        under(WITHDRAWS, "C7@8") | under(BREAKS, "C14@9"),
    ),
    Case(
        "later arrivals move up", 3,
        [
            wait(0), parked(1), wait(1), parked(2), cancel(0), gone(0), parked(1), wait(2), parked(2), wait(3),
            ret(3, 2), ret(1, 0), ret(2, 1),
        ],
        under(BREAKS, "C16@6 C10@10"),
    ),
    Case(
        "later arrivals do not move up", 3,
        [
            wait(0), parked(1), wait(1), parked(2), cancel(0), gone(0), parked(1), wait(2), parked(2), wait(3),
            ret(3, 2), ret(1, 1), ret(2, 1),
        ],
        under(BREAKS, "C16@6 C10@10") | under(["latchproof"], "C5@11") | under(OPEN, "C5@12"),
    ),
    Case("a withdrawal may wait for its delivery", 2, [wait(0), parked(1), cancel(0), parked(1), parked(0)], {}),
    Case(
        "a withdrawal is not taken back", 2, [wait(0), parked(1), cancel(0), parked(0), parked(1)],
        under(BARRIERS, "C16@4"),
    ),
    Case(
        "a released one that is cancelled changes nothing", 2,
        [*TRIPPED, ret(1, 1), cancel(0), gone(0), see(n_waiting=0, broken=False), wait(2), parked(1)], {"java": "C5@3"},
    ),
    Case(
        "a released one that is cancelled may return", 2, [*TRIPPED, ret(1, 1), cancel(0), ret(0, 0)],
        {"java": "C5@3"},
    ),
    Case("a cancelled one returns without a release", 2, [wait(0), cancel(0), ret(0, 0)], under(BARRIERS, "C6@2")),
    Case("a cancelled abort had its effect", 2, [abort(0), cancel(0), gone(0), see(broken=True)], {}),
    Case("a cancelled abort had none", 2, [abort(0), cancel(0), gone(0), see(broken=False)], {}),
    Case(
        "a cancelled abort has it not twice", 2,
        [abort(0), cancel(0), gone(0), see(broken=False), see(broken=True)], under(BARRIERS, "C16@4"),
    ),
    Case("a cancelled wait had none", 2, [wait(0), cancel(0), parked(0), gone(0), parked(0)], {}),
    Case(
        "a request outlasts the end of an earlier call", 3,
        [abort(0), wait(1), cancel(1), ret(0), gone(1), see(broken=True)], {},
    ),
    Case("cancelled without a request", 2, [wait(0), gone(0)], under(BARRIERS, "C11@1")),
    Case(
        "the request was of another", 2, [wait(0), wait(1), cancel(1), gone(0)],
        under(WITHDRAWS, "C7@3") | under(BREAKS, "C14@3"),
    ),
    Case("an index beyond, or a refusal", 2, [wait(0), abort(1), wait(2), ret(0, 5)], under(BARRIERS, "C5@3")),
    Case("at rest with too few", 3, [wait(0), wait(1), REST], {}),
    Case("at rest when nothing was called", 3, [REST], {}),
    Case("a wrong reading at rest when no call is under way", 3, [REST, parked(1)], under(BARRIERS, "C16@1")),
    Case("a tripped generation at rest", 2, [*TRIPPED, parked(0), REST], under(BARRIERS, "C13@4")),
    Case(
        "one of a tripped generation at rest", 2, [*TRIPPED, ret(1, 1), REST],
        {"java": "C5@3"} | under([*ARRIVAL, *OPEN], "C13@4"),
    ),
    Case("the failed at rest", 2, [wait(0), parked(1), abort(1), ret(1), REST], under(BARRIERS, "C14@4")),
    Case("an abort at rest", 2, [abort(0), REST], under(BARRIERS, "C11@1")),
    Case("a cancelled one at rest", 2, [wait(0), parked(1), cancel(0), REST], under(BARRIERS, "C11@3")),
    Case("both at rest", 2, [wait(0), wait(1), REST], under(BARRIERS, "C13@2")),
    Case(
        "n_waiting counts the released", 2, [*TRIPPED, ret(1, 1), parked(1)],
        {"java": "C5@3"} | under(["latchproof", "aiologic", "cpython"], "C16@4"),
    ),
    Case(
        "n_waiting counts the released, reversed", 2, [*TRIPPED, ret(1, 0), parked(1)],
        under(ARRIVAL, "C5@3") | under(["java", "cpython"], "C16@4"),
    ),
    Case(
        "n_waiting counts those who failed, too", 2,
        [wait(0), parked(1), abort(1), ret(1), parked(1), err(0), parked(0)],
        under(["latchproof", "cpython", "java", "aiologic"], "C16@4"),
    ),
    Case(
        "n_waiting counts no caller of abort", 2, [abort(0), see(n_waiting=1, broken=True)], under(BARRIERS, "C16@1"),
    ),
    Case(
        "n_waiting counts no refused call", 2, [abort(0), ret(0), wait(1), parked(1)], under(BARRIERS, "C16@3"),
    ),
    Case(
        "n_waiting counts too many", 2, [*TRIPPED, ret(1, 1), parked(2)],
        {"java": "C5@3"} | under(["latchproof", "aiologic", "cpython", "lenient"], "C16@4"),
    ),
    Case(
        "n_waiting counts both of two released", 3,
        [wait(0), parked(1), wait(1), parked(2), wait(2), ret(2, 2), parked(2)],
        {"java": "C5@5"} | under(["latchproof", "aiologic", "cpython"], "C16@6"),
    ),
    Case("n_waiting counts one who is not there", 2, [parked(1)], under(BARRIERS, "C16@0")),
    Case("n_waiting counts too few", 3, [wait(0), parked(1), parked(0)], under(BARRIERS, "C16@2")),
    Case("n_waiting is negative", 3, [parked(-1)], under(BARRIERS, "C16@0")),
    Case("n_waiting is a bool", 2, [parked(False)], under(BARRIERS, "C16@0")),
    Case("broken is a number", 2, [see(broken=0)], under(BARRIERS, "C16@0")),
    Case("n_waiting is a list", 2, [see(n_waiting=[0])], under(BARRIERS, "C16@0")),
    Case("n_waiting is no number", 2, [see(n_waiting="0")], under(BARRIERS, "C16@0")),
    Case(
        "not both at once", 2, [wait(0), parked(1), abort(1), see(n_waiting=1, broken=True)],
        under(["latchproof", "cpython", "java", "aiologic"], "C16@3"),
    ),
    Case(
        "a wrong reading hides nothing", 2, [wait(0), parked(5), wait(1), ret(1, 1), REST],
        under(BARRIERS, "C16@1 C13@4"),
    ),
    Case("it is left out from there on", 2, [parked(5), parked(7), wait(0), parked(9), REST], under(BARRIERS, "C16@0")),
    Case(
        "other readings are judged further", 2,
        [see(n_waiting=5, broken=False), see(n_waiting=6, broken=False), see(n_waiting=0, broken=True)],
        under(BARRIERS, "C16@0 C16@2"),
    ),
    Case(
        "where no reading alone is wrong, all are left out", 2,
        [wait(0), parked(1), abort(1), see(n_waiting=1, broken=True), see(n_waiting=9, broken=False)],
        under(["latchproof", "cpython", "java", "aiologic"], "C16@3") | {"lenient": "C16@4"},
    ),
    Case(
        "abort mends, which a reading shows first", 1,
        [abort(0), ret(0), see(broken=True), abort(1), ret(1), see(broken=False), wait(2), ret(2, 0)],
        under(BARRIERS, "C16@5 C9@7"),
    ),
    Case(
        "abort mends, and a call parks", 2,
        [abort(0), ret(0), see(broken=True), abort(1), ret(1), see(broken=False), wait(2), REST],
        under(BARRIERS, "C16@5 C9@7"),
    ),
    Case(
        "abort breaks, and a call passes all the same", 1, [abort(0), see(broken=True), wait(1), ret(1, 0)],
        under(BARRIERS, "C10@3"),
    ),
    Case(
        "another wrong reading is no reason", 1,
        [abort(0), see(broken=True, n_waiting=4), wait(1), ret(1, 0)], under(BARRIERS, "C16@1 C10@3"),
    ),
    Case(
        "reset does not mend, and a call is refused", 1, [abort(0), ret(0), reset(1), ret(1), wait(2), err(2)],
        under(BARRIERS, "C9@5"),
    ),
    Case(
        "a cancellation before is no reason", 2,
        [wait(0), cancel(0), gone(0), abort(1), ret(1), reset(2), ret(2), wait(3), err(3)], under(BARRIERS, "C9@8"),
    ),
    Case(
        "a cancellation is one, if the others fail by it", 2, [reset(0), ret(0), see(broken=False), wait(1), cancel(1),
        gone(1), wait(2), err(2)], under(WITHDRAWS, "C7@7"),
    ),
    Case("an error that reaches the loop", 2, [Stray("ValueError: oh")], under(BARRIERS, "C15@0")),
    Case(
        "strict: effects are in the order of the calls", 2, [wait(0), wait(1), ret(1, 1), ret(0, 0)],
        {"java": "C5@2"}, strict=True,
    ),
    Case(
        "strict: and in no other", 2, [wait(0), wait(1), ret(1, 0)], under(ARRIVAL, "C5@2"), strict=True
    ),
    Case("strict: an effect is at once", 2, [abort(0), see(broken=False)], under(BARRIERS, "C16@1"), strict=True),
    Case(
        "strict: a withdrawal is at once", 2, [wait(0), cancel(0), parked(1)], under(BARRIERS, "C16@2"), strict=True
    ),
    Case(
        "strict: and of no other call", 3, [wait(0), wait(1), cancel(0), see(n_waiting=1, broken=False), gone(0)],
        under(BREAKS, "C16@3"), strict=True,
    ),
    Case(
        "strict: the withdrawn cannot return", 2, [wait(0), cancel(0), wait(1), ret(0, 0)], under(BARRIERS, "C6@3"),
        strict=True,
    ),
    Case(
        "strict: the released may return or end cancelled", 2,
        [wait(0), wait(1), cancel(0), cancel(1), gone(1), ret(0, 0)], {"java": "C5@5"}, strict=True,
    ),
    Case(
        "a task that is cancelled before it calls wait() breaks the barrier", 2,
        [early(0), gone(0), see(n_waiting=0, broken=True)], under(WITHDRAWS, "*@2"),
    ),
    Case("or makes no call", 2, [early(0), gone(0), see(n_waiting=0, broken=False)], {"java": "*@2"}),
    Case("it breaks a barrier of one party too", 1, [early(0), gone(0), wait(1), err(1)], under(NOT_EARLY, "*@3")),
    Case("it arrives all the same and trips", 1, [early(0), ret(0, 0)], {"java": "C6@1"}),
    Case(
        "it arrives all the same, and is withdrawn", 2, [early(0), parked(1), gone(0), parked(0)], {"java": "*@1"},
    ),
    Case("it fails the parked", 2, [wait(0), parked(1), early(1), err(0), gone(1)], under(NOT_EARLY, "*@3")),
    Case(
        "it arrives and fails the parked", 3, [wait(0), parked(1), early(1), parked(2), gone(1), err(0)],
        {"java": "*@3"} | under(WITHDRAWS, "*@5"),
    ),
    Case("it is refused by a broken barrier", 2, [abort(0), ret(0), early(1), err(1)], {}),
    Case("or leaves that as it is", 2, [abort(0), ret(0), early(1), gone(1), see(broken=True)], {}),
    Case("it does not end", 2, [early(0), REST], under(BARRIERS, "C11@1")),
    Case("another call is not concerned", 2, [early(0, "abort"), gone(0), see(broken=False)], {}),
    Case(
        "a request that comes later lets it arrive first, or breaks", 1, [wait(0), cancel(0), ret(0, 0)], {},
    ),
    Case(
        "a request that comes later breaks before the arrival", 1,
        [wait(0), cancel(0), gone(0), see(broken=True)], under(NOT_EARLY, "*@3"),
    ),
    Case(
        "strict: a cancelled task may arrive, and is withdrawn with that", 2,
        [early(0), parked(0), gone(0), parked(0), see(broken=False)], {"java": "*@4"}, strict=True,
    ),
    Case("strict: or arrives and trips", 1, [early(0), ret(0, 0)], {"java": "C6@1"}, strict=True),
    Case("strict: or makes no call", 1, [early(0), gone(0), wait(1), ret(1, 0)], {"java": "*@3"}, strict=True),
    Case("strict: at rest", 2, [wait(0), REST, wait(1), REST], under(BARRIERS, "C13@3"), strict=True),
]  # fmt: skip

REFUSES = ["latchproof", "rearms"]
KEEPS = ["keeps", "aiologic"]
REARMS = ["rearms"]
ANY_TIME = ["latchproof", "keeps", "aiologic"]
IGNORES = ["latchproof", "keeps", "rearms"]
RAISES = ["aiologic"]

LATCH_CASES = [
    Case("counted down", 2, [down(0), ret(0), see(count=1)], {}),
    Case("not counted down", 2, [down(0), ret(0), see(count=2)], under(LATCHES, "C16@2")),
    Case("counted down twice", 2, [down(0), ret(0), see(count=0)], under(LATCHES, "C16@2")),
    Case("below zero", 0, [down(0), see(count=-1)], under(LATCHES, "C16@1")),
    Case("two at once, one of them counted", 2, [down(0), down(1), see(count=1), see(count=0), ret(1), ret(0)], {}),
    Case("two at once, and back", 2, [down(0), down(1), see(count=0), see(count=1)], under(LATCHES, "C16@3")),
    Case("an open latch lets pass", 0, [wait(0), ret(0)], {}),
    Case("what wait returns is not compared", 0, [wait(0), ret(0, True)], {}),
    Case("what count_down returns is not compared", 1, [down(0), ret(0, 0)], {}),
    Case("nor is a list", 1, [down(0), ret(0, [0])], {}),
    Case("a closed latch lets pass", 1, [wait(0), ret(0)], under(LATCHES, "C3@1")),
    Case("the release", 1, [wait(0), down(1), ret(1), ret(0)], {}),
    Case("a release before its count_down returns", 1, [wait(0), down(1), ret(0), ret(1)], {}),
    Case("too early", 2, [wait(0), down(1), ret(1), ret(0)], under(LATCHES, "C3@3")),
    Case("a lost wake-up", 1, [wait(0), down(1), ret(1), REST], under(LATCHES, "*@3")),
    Case("a lost wake-up, strict", 1, [wait(0), down(1), ret(1), REST], under(LATCHES, "C12@3"), strict=True),
    Case("at a closed latch at rest", 1, [wait(0), wait(1), REST], {}),
    Case("at an open latch at rest", 0, [wait(0), REST], under(LATCHES, "C11@1")),
    Case("at an open latch at rest, strict", 0, [wait(0), REST], under(LATCHES, "C11@1"), strict=True),
    Case("a count_down at rest", 1, [down(0), REST], under(LATCHES, "C11@1")),
    Case("a count_down that must be refused, at rest", 0, [down(0, True), REST], under(LATCHES, "C11@1")),
    Case("wait raises", 0, [wait(0), err(0, RuntimeError)], under(LATCHES, "C15@1")),
    Case("wait raises the error of a barrier", 0, [wait(0), err(0)], under(LATCHES, "C15@1")),
    Case("set", 2, [sets(0, 5), ret(0), see(count=5)], under(REARMS, "C10@1")),
    Case("not set", 2, [sets(0, 5), ret(0), see(count=2)], under(ANY_TIME, "C16@2") | under(REARMS, "C10@1")),
    Case("set at zero", 0, [sets(0, 5), ret(0), see(count=5)], {}),
    Case("refused at zero", 0, [sets(0, 5), err(0, RuntimeError)], under(LATCHES, "C10@1")),
    Case("set below zero is refused in any way", 2, [sets(0, -1), err(0, RuntimeError)], under(ANY_TIME, "C10@1")),
    Case("set to zero lets pass", 2, [sets(0, 0), ret(0), wait(1), ret(1)], under(REARMS, "C10@1")),
    Case("set to less than zero is refused", 2, [sets(0, -1), err(0, ValueError), see(count=2)], {}),
    Case("by another error", 2, [sets(0, -1), err(0, TypeError)], under(LATCHES, "C10@1")),
    Case("set to less than zero", 2, [sets(0, -1), ret(0)], under(LATCHES, "C10@1")),
    Case("refused and set", 2, [sets(0, -1), err(0, ValueError), see(count=-1)], under(LATCHES, "C16@2")),
    Case("set in use is refused", 2, [wait(0), sets(1, 3), err(1, LatchInUseError)], under(KEEPS, "C10@2")),
    Case("or by any RuntimeError", 2, [wait(0), sets(1, 0), err(1, RuntimeError)], under(KEEPS, "C10@2")),
    Case("but by no ValueError", 2, [wait(0), sets(1, 3), err(1, ValueError)], under(ANY_TIME, "C10@2")),
    Case("nor by a RecursionError", 2, [wait(0), sets(1, 3), err(1, RecursionError)], under(LATCHES, "C15@2")),
    Case("nor by NotImplementedError", 2, [wait(0), sets(1, 3), err(1, NotImplementedError)], under(LATCHES, "C15@2")),
    Case("nor by the error of a barrier", 2, [wait(0), sets(1, 3), err(1)], under(LATCHES, "C15@2")),
    Case("refused though no call is parked", 2, [sets(0, 3), err(0, RuntimeError)], under(ANY_TIME, "C10@1")),
    Case("set in use", 2, [wait(0), sets(1, 3), ret(1)], under(REFUSES, "C10@2"), strict=True),
    Case("set in use, if the wait had no effect yet", 2, [wait(0), sets(1, 3), ret(1), see(count=3)],
        under(REARMS, "C10@2")),
    Case(
        "set to zero in use", 2, [wait(0), sets(1, 0), ret(1), ret(0), see(count=0)], under(REFUSES, "C10@2"),
        strict=True,
    ),
    Case(
        "set to zero in use releases", 2, [wait(0), sets(1, 0), ret(1), REST],
        under(REFUSES, "C10@2") | under(KEEPS, "C12@3"), strict=True,
    ),
    Case(
        "a kept call returns at zero", 2, [wait(0), sets(1, 1), ret(1), down(2), ret(2), ret(0)],
        under(REFUSES, "C10@2"), strict=True,
    ),
    Case(
        "a kept call does not return before", 2, [wait(0), sets(1, 1), ret(1), ret(0)],
        under(REFUSES, "C10@2") | under(KEEPS, "C3@3"), strict=True,
    ),
    Case(
        "the released are not in use", 1, [wait(0), down(1), sets(2, 2), ret(2), ret(0), ret(1), see(count=2)], {},
        strict=True,
    ),
    Case("over-counting is ignored", 0, [down(0), ret(0), see(count=0)], under(RAISES, "C10@1")),
    Case("over-counting raises", 0, [down(0), err(0, RuntimeError)], under(IGNORES, "C10@1")),
    Case("over-counting raises a ValueError", 0, [down(0), err(0, ValueError)], under(IGNORES, "C10@1")),
    Case("over-counting raises another", 0, [down(0), err(0, KeyError)], under(LATCHES, "C15@1")),
    Case("over-counting raises as asked", 0, [down(0, True), err(0, ZeroLatchError), see(count=0)], {}),
    Case("or any RuntimeError", 0, [down(0, True), err(0, RuntimeError)], {}),
    Case("or a ValueError", 0, [down(0, True), err(0, ValueError)], under(IGNORES, "C10@1")),
    Case("over-counting does not raise as asked", 0, [down(0, True), ret(0)], under(LATCHES, "C10@1")),
    Case("raises though it is not zero", 1, [down(0, True), err(0, ZeroLatchError)], under(LATCHES, "C10@1")),
    Case("withdrawn", 1, [wait(0), cancel(0), gone(0), down(1), ret(1), see(count=0)], {}),
    Case("withdrawn, and set", 1, [wait(0), cancel(0), gone(0), sets(1, 3), ret(1)],
        under(REARMS, "C10@4"), strict=True),
    Case("a withdrawal counts down", 2, [wait(0), cancel(0), gone(0), see(count=1)], under(LATCHES, "C16@3")),
    Case(
        "counted below zero beside a withdrawal", 0,
        [wait(0), see(count=0), cancel(0), down(1), see(count=-1)], under(LATCHES, "C16@4"),
    ),
    Case("cancelled, but released", 1, [wait(0), down(1), cancel(0), ret(0), ret(1)], {}),
    Case("cancelled, and not released", 1, [wait(0), cancel(0), ret(0)], under(LATCHES, "C3@2")),
    Case("cancelled without a request", 1, [wait(0), gone(0)], under(LATCHES, "C11@1")),
    Case("a cancelled one at rest", 1, [wait(0), cancel(0), REST], under(LATCHES, "C11@2")),
    Case(
        "the release of a call that ends cancelled came before another was cancelled", 1,
        [wait(0), wait(1), down(2), ret(2), cancel(0), gone(1)], under(LATCHES, "C11@5"), strict=True,
    ),
    Case("cancelled with another", 1, [wait(0), wait(1), cancel(0), gone(1)], under(LATCHES, "C7@3")),
    Case("a wrong count hides no lost wake-up", 1, [wait(0), down(1), see(count=5), ret(1), REST],
        under(LATCHES, "C16@2 *@4")),
    Case("two requests", 1, [wait(0), cancel(0), cancel(0), gone(0), see(count=1)], {}),
    Case("strict: two requests", 1, [wait(0), cancel(0), cancel(0), gone(0), see(count=1)], {}, strict=True),
    Case("an error that reaches the loop", 1, [wait(0), Stray("InvalidStateError: x")], under(LATCHES, "C15@1")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "case"),
    [
        *(pytest.param(BARRIER, case, id=f"barrier-{case.name}") for case in BARRIER_CASES),
        *(pytest.param(LATCH, case, id=f"latch-{case.name}") for case in LATCH_CASES),
    ],
)
def test_history(machine: Machine, case: Case) -> None:
    found = judged(machine, case.argument, case.events, strict=case.strict)
    # a * stands for any claim: which one it is that such a history breaks is a matter of taste
    assert set(found) == set(case.broken)
    for policy, broken in case.broken.items():
        wanted, named = ([one.split("@") for one in text.split()] for text in (broken, found[policy]))
        assert [position for _, position in named] == [position for _, position in wanted]
        assert all(claim in ("*", other) for (claim, _), (other, _) in zip(wanted, named, strict=True))
        assert {claim for claim, _ in named} <= {one.id for one in machine.claims}


def test_any_negative_number_may_stand_for_a_call_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(BARRIER, case) for case in BARRIER_CASES] + [(LATCH, case) for case in LATCH_CASES]
    found = [judged(machine, case.argument, case.events, strict=case.strict) for machine, case in cases]
    for module in ("judge", "machine_specification"):
        monkeypatch.setattr(f"latchproof.check.{module}.GONE", -2)
    assert found == [judged(machine, case.argument, case.events, strict=case.strict) for machine, case in cases]


def first_finding(machine: Machine, argument: int, events: list[Event], **options: Any) -> Finding:
    judge = judge_of(machine, argument, **options)
    return next(finding for event in events if (finding := judge.step(event)) is not None)


@pytest.mark.parametrize(
    ("machine", "argument", "events", "seen", "allowed", "rules"),
    [
        (BARRIER, 2, [*TRIPPED, ret(1, 0)], "wait() returned 0", ("to return 1",), ("B2",)),
        (BARRIER, 2, [*TRIPPED, ret(1)], "wait() returned", ("to return 1",), ("B2",)),
        (BARRIER, 2, [wait(0), ret(0, 0)], "wait() returned 0", ("to stay parked",), ()),
        (
            BARRIER, 2, [wait(0), parked(1), abort(1), ret(1), ret(0, 1)], "wait() returned 1",
            ("to raise BrokenBarrierError",), ("B6",),
        ),
        (BARRIER, 2, [abort(0), err(0, KeyError)], "abort() raised KeyError: 'it is said'", ("to return",), ("B6",)),
        (
            BARRIER, 2, [wait(0), parked(1), cancel(0), ret(0, 0)], "wait() returned 0",
            ("to end cancelled", "to stay parked"), (),
        ),
        (
            LATCH, 1, [wait(0), gone(0)], "wait() ended cancelled without a request to cancel it",
            ("to stay parked",), (),
        ),
        (LATCH, 2, [down(0), ret(0), see(count=5)], "count is 5", ("count = 1",), ()),
        (LATCH, 2, [down(0), see(count=5)], "count is 5", ("count = 1", "count = 2"), ()),
        (
            BARRIER, 2, [wait(0), parked(1), abort(1), see(n_waiting=1, broken=True)],
            "n_waiting is 1, broken is True", ("not both of these at once",), (),
        ),
        (
            BARRIER, 2, [*TRIPPED, parked(0), REST], "nothing can run any more, and wait() of call 1 has not ended",
            ("to return 0",), ("B2",),
        ),
        (
            BARRIER, 2, [wait(0), parked(1), cancel(0), REST],
            "nothing can run any more, and wait() of call 1 has not ended although it was cancelled",
            ("to end cancelled", "to stay parked"), (),
        ),
        (
            BARRIER, 2, [abort(0), REST], "nothing can run any more, and abort() of call 1 has not ended",
            ("to return",), ("B6",),
        ),
        (
            BARRIER, 2, [abort(0), cancel(0), REST],
            "nothing can run any more, and abort() of call 1 has not ended although it was cancelled",
            ("to end cancelled", "to return"), ("B6",),
        ),
        (
            BARRIER, 2, [see(n_waiting=False, broken=False)], "n_waiting is False, of type bool and not int",
            ("n_waiting = 0",), (),
        ),
        (
            BARRIER, 2, [wait(0), abort(1), reset(2), wait(3), ret(0, 7)], "wait() returned 7",
            ("to raise BrokenBarrierError", "to return 0", "to return 1", "to stay parked"), ("B2", "B3", "B6", "B7"),
        ),
        (BARRIER, 2, [Stray("the loop was told of it")], "the loop was told of it", ("no such error",), ()),
    ],
)  # fmt: skip
def test_a_finding_says_what_was_seen_and_what_is_allowed(
    machine: Machine, argument: int, events: list[Event], seen: str, allowed: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    finding = first_finding(machine, argument, events)
    assert (finding.seen, finding.allowed, finding.rules) == (seen, allowed, rules)


def test_a_finding_says_that_any_index_is_allowed_that_was_not_given() -> None:
    finding = first_finding(BARRIER, 2, [*TRIPPED, ret(1, 0), ret(0, 0)], policy=BARRIER.policies[1])
    assert finding.allowed == ("to return one of 0..1 that its generation has not given yet",)
    assert finding.rules == ("B2a",)


def test_after_a_finding_nothing_more_is_judged() -> None:
    judge = judge_of(BARRIER, 2)
    assert judge.step(wait(0)) is None
    finding = judge.step(ret(0, 0))
    assert finding is not None
    assert judge.finding is finding
    assert judge.step(Stray("another")) is None
    assert judge.finding is finding


def test_all_histories_that_have_a_finding_are_at_one_place() -> None:
    """Nothing follows from them; no other history is there, nor one after which judging continues."""
    judge = judge_of(BARRIER, 2)
    snapshot = judge.snapshot()
    histories: list[list[Event]] = [[wait(0)], [wait(0), ret(0, 0)], [abort(0), REST], [wait(0), parked(1), gone(0)]]
    histories.append([parked(1)])
    places = []
    for history in histories:
        judge.restore(snapshot)
        before = [judge.place]
        for event in history:
            judge.step(event)
            before.append(judge.place)
        assert len(set(before)) == len(before)
        places.append(judge.place)
    assert places[0] != places[1] == places[2] == places[3] != places[4]


def test_a_snapshot_is_gone_back_to() -> None:
    judge = judge_of(BARRIER, 2)
    before_it: list[Event] = [wait(0), parked(1), cancel(0)]
    after_it: list[Event] = [parked(0), gone(0), wait(1), wait(2), ret(2, 7)]
    for event in before_it:
        judge.step(event)
    snapshot = judge.snapshot()
    before = judge.configurations
    assert [judge.step(event) is None for event in after_it] == [True, True, True, True, False]
    assert judge.configurations != before
    assert judge.cancellations == 1
    for _ in range(2):  # a snapshot serves for many continuations
        judge.restore(snapshot)
        assert judge.finding is None
        assert judge.configurations == before
        assert judge.cancellations == 1
        assert [judge.step(event) for event in (wait(1), parked(1), cancel(0), gone(0))] == [None] * 4
        assert judge.cancellations == 2


class Asked(MachineSpecification):
    """Counts what it is asked about the effects of calls, and about events."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.effects_of: Counter[tuple[Configuration, int]] = Counter()
        self.events = 0

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        self.effects_of[here, call] += 1
        return super().effects(here, call, calls)

    def readings(self, here: Configuration, name: str) -> Collection[int]:
        self.events += 1
        return super().readings(here, name)

    def matches(self, ending: Ending, event: End) -> bool:
        self.events += 1
        return super().matches(ending, event)


def test_nothing_is_asked_twice() -> None:
    """A walk judges the start that its histories share once, and an effect once wherever its configuration is met."""
    specification = Asked(BARRIER, BARRIER.policies[0], 3)
    judge = Judge(specification)
    snapshot = judge.snapshot()
    events: list[Event] = [wait(0), wait(1), parked(1), parked(2), wait(2), parked(0), ret(2, 2), ret(0, 0), ret(1, 1)]
    asked = []
    for _ in range(2):
        judge.restore(snapshot)
        assert [judge.step(event) for event in events] == [None] * len(events)
        asked.append((specification.effects_of.total(), specification.events))
    assert asked[0] == asked[1]
    judge.restore(snapshot)
    for event in (wait(0), wait(1), parked(0), parked(1)):  # the first reading leaves what was known before it
        assert judge.step(event) is None
    assert specification.effects_of.most_common(1)[0][1] == 1


def test_what_a_host_may_tell_an_operation_is_left_open() -> None:
    """The call of an operation has two effects, if a fact about it cannot be read off the call."""

    def try_abort(parties: int, parked: int, broken: bool, aborts: bool, policy: Any) -> tuple[Any, ...]:
        return barrier.abort(parties, parked, broken) if aborts else (parked, broken, Rule("T", "try", "returns", ""))

    fact = Fact("aborts", "Whether it succeeds.")
    machine = replace(BARRIER, operations=(*BARRIER.operations, Operation("try", try_abort, facts=(fact,))))
    for broken in (True, False):
        judge = judge_of(machine, 2)
        for event in (Begin(0, "try"), ret(0), see(broken=broken)):
            assert judge.step(event) is None
        assert judge.step(see(broken=not broken)) is not None


def test_facts_are_read_off_a_call_where_they_can_be() -> None:
    parked = Fact("parked", "Whether it is parked.", read=lambda call: call.parked)
    released = Fact("released", "Whether it was released.", read=lambda call: call.released)
    either = Fact("either", "Not to be read off.")
    operation = Operation("try", lambda: (), facts=(parked, released, either))
    fates = (NEW, PARKED, Fate("ends", Ending()))
    assert [list(told(operation, fate)) for fate in fates] == [
        [(*facts, False), (*facts, True)] for facts in ((False, False), (True, False), (False, True))
    ]


def test_a_machine_that_leaves_a_call_in_the_queue_that_has_ended_is_followed() -> None:
    """Mutants of the specification do. That call is given nothing any more, and is not blocked at rest."""

    def forget(parties: int, parked: int, broken: bool, is_parked: bool, policy: Any) -> tuple[Any, ...]:
        return parked - is_parked, broken, Rule("F", "withdraw", "returns", "It stays in the queue.")

    machine = replace(BARRIER, withdraw=Operation("withdraw", forget, facts=(IS_PARKED,)))
    judge = judge_of(machine, 3)

    def follow(*events: Event) -> frozenset[Configuration]:
        assert [judge.step(event) for event in events] == [None] * len(events)
        return judge.configurations

    assert follow(wait(0), parked(1), cancel(0), gone(0), parked(0)) == {Configuration((0, False), (GONE,))}
    found = follow(wait(1), parked(1), wait(2), parked(2), cancel(1), gone(1), parked(1))
    assert {one.queue for one in found} == {(GONE, GONE, 2)}
    assert follow(abort(3), ret(3), err(2), REST) == {Configuration((0, True))}


@pytest.mark.parametrize("errors", [(ValueError, KeyError), (KeyError, ValueError)])
def test_errors_are_told_apart_where_two_histories_share_their_start(errors: tuple[type[BaseException], ...]) -> None:
    """What was found of one error at a node must not be said of another one there."""
    judge = judge_of(LATCH, 2)
    judge.step(sets(0, -1))
    snapshot = judge.snapshot()
    allowed = []
    for error in errors:
        judge.restore(snapshot)
        if judge.step(err(0, error)) is None:
            allowed.append(error)
    assert allowed == [ValueError]


@pytest.mark.parametrize("values", [(None, [0], 0), ([0], 0, None), (0, None, [0])])
def test_values_are_told_apart_where_two_histories_share_their_start(values: tuple[object, ...]) -> None:
    judge = judge_of(BARRIER, 1, indexed=False)
    judge.step(wait(0))
    snapshot = judge.snapshot()
    allowed = []
    for value in values:
        judge.restore(snapshot)
        if judge.step(ret(0, value)) is None:
            allowed.append(value)
    assert allowed == [value for value in values if type(value) is not int]


@pytest.mark.parametrize("turn", [1, -1])
def test_events_are_told_apart_where_histories_share_their_start(turn: int) -> None:
    """What was found of one event at a node is said of no other."""
    start: list[Event] = [wait(0), parked(1), wait(1), abort(2)]
    events: list[Event] = [
        wait(3), abort(3), *map(cancel, range(3)), *map(gone, range(3)), REST, see(broken=False), see(n_waiting=0),
        see(broken=True), see(n_waiting=1), see(n_waiting=False), *map(err, range(3)), err(0, ValueError),
        *(ret(call, value) for call in range(3) for value in (None, 0, 1)),
    ]  # fmt: skip
    shared = judge_of(BARRIER, 2)
    for event in start:
        shared.step(event)
    snapshot = shared.snapshot()
    for event in events[::turn]:
        fresh = judge_of(BARRIER, 2)
        for earlier in start:
            fresh.step(earlier)
        shared.restore(snapshot)
        assert shared.step(event) == fresh.step(event)
        assert shared.configurations == fresh.configurations


@pytest.mark.parametrize("numbers", [(1, True), (True, 1)])
def test_arguments_are_told_apart_where_two_histories_share_their_start(numbers: tuple[int, ...]) -> None:
    judge = judge_of(LATCH, 2)
    snapshot = judge.snapshot()
    found = []
    for number in (*numbers, 2):
        judge.restore(snapshot)
        judge.step(sets(0, number))
        found.append((number, type(number), judge.step(ret(0)) is None, judge.step(see(count=number)) is None))
    assert set(found) == {(1, int, True, True), (True, bool, False, True), (2, int, True, True)}


def test_only_an_index_is_none_where_none_is_returned() -> None:
    judge = judge_of(BARRIER, 2, indexed=False)
    assert [judge.step(event) for event in (abort(0), ret(0, 17))] == [None, None]


def test_in_which_order_indices_were_given_is_forgotten() -> None:
    judge = judge_of(BARRIER, 3, BARRIER.policies[1])
    for event in (wait(0), parked(1), wait(1), parked(2), wait(2)):
        judge.step(event)
    snapshot = judge.snapshot()
    places = set()
    for indices in ((0, 1), (1, 0)):
        judge.restore(snapshot)
        assert [judge.step(ret(call, index)) for call, index in enumerate(indices)] == [None, None]
        places.add(judge.place)
    assert len(places) == 1


def test_the_configurations_are_all_that_the_history_allows() -> None:
    judge = judge_of(BARRIER, 3)
    (start,) = judge.configurations
    assert start == Configuration((0, False))
    judge.step(wait(0))
    judge.step(wait(1))
    judge.step(parked(1))  # one of them has arrived, the other has not
    assert {configuration.queue for configuration in judge.configurations} == {(0,), (1,)}
    judge.step(parked(2))
    assert {configuration.queue for configuration in judge.configurations} == {(0, 1), (1, 0)}
    assert all(one.fate(call) == PARKED for one in judge.configurations for call in (0, 1))


def test_the_strict_form_has_one_configuration() -> None:
    judge = judge_of(BARRIER, 3, strict=True)
    for event in (wait(0), wait(1), cancel(1), wait(2)):
        judge.step(event)
        assert len(judge.configurations) == 1
    assert {one.queue for one in judge.configurations} == {(0, 2)}


def test_indices_are_forgotten_with_their_generation() -> None:
    """Otherwise a long history would cost more and more."""
    judge = judge_of(BARRIER, 2, BARRIER.policies[1])
    for event in (*TRIPPED, ret(1, 1)):
        judge.step(event)
    endings = [one.fate(0).ending for one in judge.configurations]
    assert {None if ending is None else ending.taken for ending in endings} == {frozenset({1})}
    judge.step(ret(0, 0))
    assert judge.configurations == {Configuration((0, False))}


def test_the_latest_generation_stays_so_until_another_trips() -> None:
    judge = judge_of(BARRIER, 2, BARRIER.policies[1])
    generations = []
    for event in (*TRIPPED, ret(1, 1), abort(2), ret(2), reset(3), ret(3), wait(4), parked(1), wait(5), ret(5, 1)):
        assert judge.step(event) is None
        endings = [one.fate(0).ending for one in judge.configurations]
        generations.append({None if ending is None else ending.generation for ending in endings})
    assert generations[3:8] == [{-1}] * 5
    assert generations[-1] == {-2}


def test_no_index_is_noted_where_none_is_returned() -> None:
    judge = judge_of(BARRIER, 3, BARRIER.policies[1], indexed=False)
    for event in (wait(0), parked(1), wait(1), parked(2), wait(2), ret(2)):
        assert judge.step(event) is None
    endings = [one.fate(0).ending for one in judge.configurations]
    assert {None if ending is None else ending.taken for ending in endings} == {frozenset()}


@pytest.mark.parametrize(
    ("strict", "machine", "argument", "events", "fired"),
    [
        (True, BARRIER, 2, [wait(0)], {"B1"}),
        (True, BARRIER, 2, [wait(0), wait(1)], {"B1", "B2"}),
        (True, BARRIER, 2, [wait(0), wait(1), cancel(0)], {"B1", "B2", "B5"}),
        (True, BARRIER, 2, [wait(0), cancel(0)], {"B1", "B4"}),
        (True, BARRIER, 2, [abort(0), reset(1), abort(2), wait(3)], {"B6", "B7", "B3"}),
        (True, LATCH, 1, [wait(0), down(1), wait(2), cancel(0)], {"L8", "L2", "L7", "L10"}),
        (True, LATCH, 1, [wait(0), sets(1, 2), sets(2, -1), cancel(0), sets(3, 2)], {"L8", "L5", "L4", "L9", "L6"}),
        (False, BARRIER, 2, [wait(0)], set()),
        (False, BARRIER, 2, [wait(0), parked(1)], {"B1"}),
        (False, BARRIER, 2, [wait(0), cancel(0), parked(0)], {"B1", "B4", "B5e"}),
    ],
)
def test_the_rules_fired_are_noted(
    strict: bool, machine: Machine, argument: int, events: list[Event], fired: set[str]
) -> None:
    judge = judge_of(machine, argument, strict=strict)
    for event in events:
        assert judge.step(event) is None
    assert judge.fired == fired


def test_what_may_have_happened_unseen_is_noted_with_its_rules() -> None:
    judge = judge_of(BARRIER, 2)
    assert judge.step(wait(0)) is None
    assert {one.fate(0) for one in judge.reachable} == {NEW, PARKED}
    assert judge.fired == {"B1"}


@pytest.mark.parametrize(("machine", "argument"), [(LATCH, -1), (BARRIER, 0)])
def test_a_machine_that_is_refused_is_not_judged(machine: Machine, argument: int) -> None:
    with pytest.raises(ValueError, match=f"not {argument}"):
        judge_of(machine, argument)


class MyBrokenBarrierError(Exception):
    """Not named as it should be."""


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (BrokenBarrierError, True),
        (asyncio.BrokenBarrierError, True),
        (SomebodysBrokenError, True),
        (type("BrokenBarrierError", (Exception,), {}), True),
        (MyBrokenBarrierError, False),
        (RuntimeError, False),
        (asyncio.CancelledError, False),
    ],
)
def test_is_broken_barrier_error(error: type[BaseException], verdict: bool) -> None:
    assert is_broken_barrier_error(error()) is verdict


@pytest.mark.parametrize(
    ("machine", "error", "verdict"),
    [
        (BARRIER, BrokenBarrierError, True),
        (BARRIER, SomebodysBrokenError, True),
        (BARRIER, RuntimeError, False),
        (BARRIER, ValueError, False),
        (LATCH, BrokenBarrierError, False),
        (LATCH, RuntimeError, False),
    ],
)
def test_with_which_errors_another_call_may_have_a_waiting_one_fail(
    machine: Machine, error: type[BaseException], verdict: bool
) -> None:
    assert MachineSpecification(machine, machine.policies[0], 1).may_fail_with(error()) is verdict


@pytest.mark.parametrize(
    ("rule", "expected", "others"),
    [
        (barrier.B3, [BrokenBarrierError, SomebodysBrokenError], [RuntimeError, ValueError]),
        (barrier.B6, [asyncio.BrokenBarrierError], [RuntimeError]),
        (latch.L4, [ValueError, UnicodeError], [TypeError, RuntimeError, BrokenBarrierError]),
        (latch.L4t, [TypeError], [ValueError, RuntimeError]),
        (
            latch.L5, [LatchInUseError, RuntimeError],
            [ValueError, BrokenBarrierError, RecursionError, NotImplementedError, KeyError],
        ),
        (
            latch.L3x, [ZeroLatchError, RuntimeError, LatchInUseError, type("ZeroLatchError", (Exception,), {})],
            [ValueError, BrokenBarrierError, RecursionError, NotImplementedError],
        ),
        (
            latch.L3p, [RuntimeError, ValueError, ZeroLatchError],
            [TypeError, BrokenBarrierError, RecursionError, NotImplementedError],
        ),
    ],
)  # fmt: skip
def test_which_errors_are_expected(rule: Any, expected: list[type[Exception]], others: list[type[Exception]]) -> None:
    assert [error for error in expected if is_expected(rule.errors, error()) is not True] == []
    assert [error for error in others if is_expected(rule.errors, error()) is not False] == []


def test_every_policy_is_told_from_those_that_differ_from_it() -> None:
    """For any two policies that are not the same there is a history here that only one of them allows."""
    cases = {"latch": LATCH_CASES, "barrier": BARRIER_CASES}
    for machine in MACHINES.values():
        seen = {
            policy.name: [policy.name in case.broken for case in cases[machine.name]] for policy in machine.policies
        }
        same = {frozenset({a, b}) for a in seen for b in seen if a < b and seen[a] == seen[b]}
        assert same == set()


def places(policy: str, parties: int, *histories: list[Event]) -> tuple[Judge, list[int]]:
    """The places to which one judge comes by histories."""
    judge = Judge(MachineSpecification(BARRIER, BARRIER.policy(policy), parties))
    start, found = judge.snapshot(), []
    for history in histories:
        judge.restore(start)
        for event in history:
            judge.step(event)
        found.append(judge.place)
    return judge, found


def test_more_is_allowed_where_calls_overlapped() -> None:
    """Two calls wait in either order if they overlapped, and in one if the first had to park before."""
    first, second = Begin(0, "wait"), Begin(1, "wait")
    parked: list[Event] = [first, Observe((("n_waiting", 1),)), second, Observe((("n_waiting", 2),))]
    either: list[Event] = [first, second, Observe((("n_waiting", 2),))]
    other: list[Event] = [first, second, Request(0), Observe((("n_waiting", 2),))]
    judge, (one, both, requested) = places("latchproof", 3, parked, either, other)
    assert judge.allows_as_much(both, one)
    assert not judge.allows_as_much(one, both)
    assert judge.allows_as_much(one, one)
    assert not judge.allows_as_much(requested, both)
    assert not judge.allows_as_much(-1, one)
    assert not judge.allows_as_much(one, -1)


def test_what_calls_may_have_done_unseen_is_allowed_too() -> None:
    """Nothing was read after the first call, so it may have parked before the second began."""
    judge, (seen, unseen) = places(
        "latchproof", 3, [Begin(0, "wait"), Observe((("n_waiting", 1),))], [Begin(0, "wait")]
    )
    assert judge.allows_as_much(unseen, seen)
    assert not judge.allows_as_much(seen, unseen)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([wait(0)], [reset(0)]),
        ([wait(0)], [wait(0), TimePasses(1.0)]),  # only there it may time out
        ([wait(0)], [wait(0), Observe((("n_waiting", 7),))]),  # what read wrong is not looked at again
    ],
)
def test_as_much_is_allowed_only_where_the_rest_is_the_same(here: list[Event], there: list[Event]) -> None:
    judge, (one, other) = places("latchproof", 3, here, there)
    assert one != other
    assert not judge.allows_as_much(one, other)


def test_a_call_that_is_cancelled_before_it_begins_leads_elsewhere() -> None:
    _, (one, other) = places("latchproof", 3, [wait(0)], [early(0)])
    assert one != other


def test_several_calls_may_time_out_at_once_in_the_strict_form() -> None:
    judge = Judge(MachineSpecification(LATCH, LATCH.policy("latchproof"), 1), strict=True)
    ends = [End(call, "raised", error=TimeoutError()) for call in (0, 1)]
    history: list[Event] = [wait(0), wait(1), Rest(), TimePasses(1.0), *ends]
    assert [judge.step(event) for event in history] == [None] * len(history)
