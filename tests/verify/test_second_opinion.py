"""The second opinion: where it agrees with the attribution, where it has nothing to say, and where the two differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from latchproof.verify.history import Begin, End, Event, Judge
from latchproof.verify.mutant_judge import judge_by_numbers
from latchproof.verify.second_opinion import NOT_LINEARIZABLE, Opinion, second_opinion
from latchproof_spec.machines import BARRIER, LATCH, Machine
from tests.verify.test_history import BARRIER_CASES, LATCH_CASES, Case

DIFFERENT = {
    # the fault that was meant is one edit too, but another of one edit comes first and allows the history as well
    "a broken barrier lets in": ("C10", "C9"),
    "a broken barrier lets pass": ("C10", "C9"),
    "a failed one returns": ("C14", "C13 C5 C6"),
    "a cancelled waiter breaks it": ("C7", "C11 C9"),
    "a cancelled waiter stays counted": ("C7", "C13 C5 C6"),
    "the others of a cancelled waiter fail": ("C7", "C10 C4 C5 C6"),
    "strict: a withdrawal is at once": ("C7", "C13 C5 C6"),
    "set in use": ("C10", "C3"),
    "set to zero in use": ("C10", "C3"),
    "set to zero in use releases": ("C10", "C3"),
    "who is kept goes on at zero": ("C10", "C3"),
    "who is kept does not go on before": ("C10", "C3"),
    "a withdrawal counts down": ("C7", "C1 C11 C12 C2"),
    # here the opinion is the better one: a wait that is refused at a whole barrier
    "refused though whole": ("C9", "C10 C13 C6"),
    # what reaches the released is no fault of the operations, and is taken for one
    "abort reaches the released": ("C8", "C11 C13 C5 C6"),
    "a released one fails without an abort": ("C8", "C13 C14 C5 C6 C9"),
    "an abort before the trip does not reach the released": ("C8", "C13 C14 C5 C6 C9"),
}
"""What the attribution says of a history under our own policy, and what the second opinion says."""


def finding(machine: Machine, case: Case) -> tuple[str, list[Event]]:
    """The claim that the attribution names, and the history up to the event that breaks it; "" if it is allowed."""
    judge = Judge(machine, machine.policies[0], case.argument, strict=case.strict)
    for number, event in enumerate(case.events):
        if (found := judge.step(event)) is not None:
            return found.claim, case.events[: number + 1]
    return "", case.events


def test_where_the_two_differ() -> None:
    differ: dict[str, tuple[str, str]] = {}
    counts: Counter[str] = Counter()
    for machine, cases in ((BARRIER, BARRIER_CASES), (LATCH, LATCH_CASES)):
        for case in cases:
            claim, events = finding(machine, case)
            opinion = second_opinion(machine, machine.policies[0], case.argument, events, strict=case.strict)
            if not claim:
                assert not opinion.mutants
                continue
            word = "agree" if claim in opinion.claims else "differ" if opinion.mutants else "silent"
            counts[word] += 1
            if word == "differ":
                differ[case.name] = claim, " ".join(sorted(opinion.claims))
    assert differ == DIFFERENT
    assert counts["agree"] > 3 * counts["differ"]  # and yet it is silent about every fourth history
    assert counts["silent"] > counts["differ"]


@pytest.mark.parametrize(
    ("events", "claims"),
    [
        ([Begin(0, "wait"), End(0, "returned")], "C3"),
        ([Begin(0, "set_count", (-1,)), End(0, "returned")], "C1 C3 C10"),
        ([Begin(0, "set_count", (-1,)), End(0, "raised", error=ValueError("it is said"))], ""),
    ],
)
def test_the_smallest_mutant_that_allows_a_history(events: list[Event], claims: str) -> None:
    opinion = second_opinion(LATCH, LATCH.policies[0], 2, events)
    assert opinion.claims == set(claims.split())
    assert {one.edits for one in opinion.mutants} <= {1}
    for mutant in opinion.mutants:
        judge = Judge(mutant.machine, LATCH.policies[0], 2)
        assert [judge.step(event) for event in events] == [None] * len(events)
        assert judge_by_numbers(mutant, LATCH.policies[0])


def test_what_no_mutant_allows_is_not_linearizable() -> None:
    events: list[Any] = [Begin(0, "wait"), End(0, "cancelled")]  # and nobody has asked for it
    opinion = second_opinion(LATCH, LATCH.policies[0], 2, events)
    assert opinion == Opinion((), frozenset())
    assert str(opinion) == NOT_LINEARIZABLE
