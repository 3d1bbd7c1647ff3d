"""The barrier's rules, by a table that was written from the prose and not from the functions."""

from __future__ import annotations

from typing import Any, Final

import pytest

from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.policies import POLICIES as BARRIER_POLICIES
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, apply

POLICIES = {policy.name: policy for policy in BARRIER_POLICIES}
ALL = tuple(POLICIES)
ARRIVAL = ("latchproof", "aiologic")
REVERSED = ("java",)
ANY = ("cpython", "lenient")
LED = ("leader",)
WITHDRAWING = ("latchproof", "cpython", "lenient", "leader")
BREAKING = ("java", "aiologic")
BREAKING_EARLY = ("java",)
NOT_EARLY = ("latchproof", "cpython", "aiologic", "lenient", "leader")

STAY: Final = "stay"
FAIL: Final = "fail"
BROKEN: Final = (BrokenBarrierError,)

# policies, operation, parties, (parked, broken), arguments -> (parked, broken), rule,
# what becomes of the caller (its index, if it returns one) and of the parked (their indices, if they return them)
Row = tuple[tuple[str, ...], str, int, tuple[int, bool], tuple[Any, ...], tuple[int, bool], str, Any, Any]
TABLE: list[Row] = [
    (ALL, "wait", 2, (0, False), (), (1, False), "B1", "parks", STAY),
    (ALL, "wait", 5, (3, False), (), (4, False), "B1", "parks", STAY),
    (ARRIVAL, "wait", 1, (0, False), (), (0, False), "B2", 0, []),
    (ARRIVAL, "wait", 2, (1, False), (), (0, False), "B2", 1, [0]),
    (ARRIVAL, "wait", 4, (3, False), (), (0, False), "B2", 3, [0, 1, 2]),
    (REVERSED, "wait", 1, (0, False), (), (0, False), "B2r", 0, []),
    (REVERSED, "wait", 2, (1, False), (), (0, False), "B2r", 0, [1]),
    (REVERSED, "wait", 4, (3, False), (), (0, False), "B2r", 0, [3, 2, 1]),
    (ANY, "wait", 1, (0, False), (), (0, False), "B2a", ANY_INDEX, []),
    (ANY, "wait", 3, (2, False), (), (0, False), "B2a", ANY_INDEX, [ANY_INDEX, ANY_INDEX]),
    (LED, "wait", 1, (0, False), (), (0, False), "B2l", ANY_INDEX, []),
    (LED, "wait", 3, (2, False), (), (0, False), "B2l", ANY_INDEX, [ANY_INDEX, ANY_INDEX]),
    (ALL, "wait", 1, (0, True), (), (0, True), "B3", BROKEN, STAY),
    (ALL, "wait", 3, (0, True), (), (0, True), "B3", BROKEN, STAY),
    (WITHDRAWING, "withdraw", 3, (1, False), (True, True), (0, False), "B4", "leaves", STAY),
    (WITHDRAWING, "withdraw", 4, (3, False), (True, True), (2, False), "B4", "leaves", STAY),
    (BREAKING, "withdraw", 3, (1, False), (True, True), (0, True), "B4b", "leaves", FAIL),
    (BREAKING, "withdraw", 4, (3, False), (True, True), (0, True), "B4b", "leaves", FAIL),
    (BREAKING_EARLY, "withdraw", 1, (0, False), (False, False), (0, True), "B4e", "leaves", FAIL),
    (BREAKING_EARLY, "withdraw", 3, (0, False), (False, False), (0, True), "B4e", "leaves", FAIL),
    (BREAKING_EARLY, "withdraw", 3, (2, False), (False, False), (0, True), "B4e", "leaves", FAIL),
    (NOT_EARLY, "withdraw", 1, (0, False), (False, False), (0, False), "B5e", "leaves", STAY),
    (NOT_EARLY, "withdraw", 3, (2, False), (False, False), (2, False), "B5e", "leaves", STAY),
    (ALL, "withdraw", 3, (0, True), (False, False), (0, True), "B5e", "leaves", STAY),
    (ALL, "withdraw", 3, (2, False), (False, True), (2, False), "B5", "leaves", STAY),
    (ALL, "withdraw", 3, (0, True), (False, True), (0, True), "B5", "leaves", STAY),
    (ALL, "withdraw", 3, (0, False), (False, True), (0, False), "B5", "leaves", STAY),
    (ALL, "abort", 3, (2, False), (), (0, True), "B6", "returns", FAIL),
    (ALL, "abort", 3, (0, False), (), (0, True), "B6", "returns", FAIL),
    (ALL, "abort", 3, (0, True), (), (0, True), "B6", "returns", FAIL),
    (ALL, "reset", 3, (2, False), (), (0, False), "B7", "returns", FAIL),
    (ALL, "reset", 3, (0, False), (), (0, False), "B7", "returns", FAIL),
    (ALL, "reset", 3, (0, True), (), (0, False), "B7", "returns", FAIL),
]


@pytest.mark.parametrize(
    ("policy", "row"),
    [
        pytest.param(policy, row, id=f"{row[6]}-{row[1]}{row[4]}-{row[2]}{row[3]}-{policy}")
        for row in TABLE
        for policy in row[0]
    ],
)
def test_rule(policy: str, row: Row) -> None:
    _, operation, parties, before, arguments, after, rule_id, caller, parked = row
    *state, rule = getattr(barrier, operation)(parties, *before, *arguments, policy=POLICIES[policy])
    assert (tuple(state), rule.id, rule.operation) == (after, rule_id, operation)
    queue = tuple("ABCDE"[: before[0]])
    who = "W" if operation != "withdraw" or not arguments[0] else "B" if len(queue) > 1 else "A"
    queue_after, resumed = apply(rule, queue, who)
    endings = dict(resumed)
    others = [task for task in queue if task != who]
    if caller == "parks":
        assert queue_after == (*queue, "W")
    elif caller == "leaves":
        assert who not in endings
        assert who not in queue_after
    else:
        assert queue_after == (() if parked != STAY else queue)
        ending = endings.pop(who)
        assert ending is (BrokenBarrierError if caller == BROKEN else None if caller == "returns" else caller)
        assert rule.refuses is (caller == BROKEN)
    if parked == STAY:
        assert endings == {}
        assert [task for task in queue_after if task != who] == others
    elif parked == FAIL:
        assert rule.errors == BROKEN
        assert endings == dict.fromkeys(others, BrokenBarrierError)
        assert queue_after == ()
    else:
        assert [endings[task] for task in others] == parked
        assert list(endings) == others
    assert len(queue_after) == after[0]


def test_the_table_has_every_rule_that_is_not_of_the_constructor() -> None:
    assert {row[6] for row in TABLE} == {
        "B1", "B2", "B2r", "B2a", "B2l", "B3", "B4", "B4b", "B4e", "B5", "B5e", "B6", "B7",
    }  # fmt: skip


def test_our_own_policy_is_the_default() -> None:
    assert barrier.wait(1, 0, False) == (0, False, barrier.B2)
    assert barrier.withdraw(2, 1, False, True, True) == (0, False, barrier.B4)
    assert barrier.withdraw(2, 1, False, False, False) == (1, False, barrier.B5e)
    assert barrier.abort(2, 1, False) == (0, True, barrier.B6)
    assert barrier.reset(2, 1, False) == (0, False, barrier.B7)


@pytest.mark.parametrize("parties", [1, 2, 40])
def test_a_new_barrier_is_whole_and_empty(parties: int) -> None:
    assert barrier.create(parties) == ((parties,), (0, False), barrier.B0)
    assert not barrier.B0.refuses


@pytest.mark.parametrize(
    ("parties", "rule", "error"),
    [
        (0, barrier.B0v, ValueError),
        (-1, barrier.B0v, ValueError),
        (True, barrier.B0t, TypeError),
        (False, barrier.B0t, TypeError),
        (2.0, barrier.B0t, TypeError),
        ("2", barrier.B0t, TypeError),
        (None, barrier.B0t, TypeError),
    ],
)
def test_a_barrier_is_not_made_with(parties: Any, rule: object, error: type[Exception]) -> None:
    refusal = barrier.create(parties)[2]
    assert refusal is rule
    assert refusal.refuses
    assert refusal.errors == (error,)


@pytest.mark.parametrize(
    ("state", "reachable"),
    [
        ((1, 0, False), True), ((1, 0, True), True), ((3, 2, False), True), ((3, 0, True), True),
        ((3, 3, False), False), ((3, -1, False), False), ((3, 1, True), False), ((1, 1, False), False),
        ((3, 4, False), False),
    ],
)  # fmt: skip
def test_the_invariant(state: tuple[int, int, bool], reachable: bool) -> None:
    assert barrier.invariant(*state) is reachable
