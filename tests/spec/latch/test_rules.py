"""The latch's rules, by a table that was written from the prose and not from the functions."""

from __future__ import annotations

from typing import Any, Final

import pytest

from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.policies import POLICIES as LATCH_POLICIES
from latchproof_spec.step import LatchInUseError, ZeroLatchError, apply

POLICIES = {policy.name: policy for policy in LATCH_POLICIES}
ALL = tuple(POLICIES)
REFUSING = ("latchproof",)
KEEPING = ("keeps", "aiologic")
AT_ZERO = ("rearms",)
ANY_TIME = ("latchproof", "keeps", "aiologic")
IGNORING = ("latchproof", "keeps", "rearms")
RAISING = ("aiologic",)

STAY: Final = "stay"
GO: Final = "go"
PARKS: Final = "parks"
RETURNS: Final = "returns"

# policies, operation, (count, parked), arguments -> (count, parked), rule, what becomes of the caller and of the parked
TABLE: list[tuple[tuple[str, ...], str, tuple[int, int], tuple[Any, ...], tuple[int, int], str, object, str]] = [
    (ALL, "count_down", (2, 0), (False,), (1, 0), "L1", RETURNS, STAY),
    (ALL, "count_down", (2, 3), (False,), (1, 3), "L1", RETURNS, STAY),
    (ALL, "count_down", (9, 3), (True,), (8, 3), "L1", RETURNS, STAY),
    (ALL, "count_down", (1, 0), (False,), (0, 0), "L2", RETURNS, GO),
    (ALL, "count_down", (1, 3), (False,), (0, 0), "L2", RETURNS, GO),
    (ALL, "count_down", (1, 1), (True,), (0, 0), "L2", RETURNS, GO),
    (IGNORING, "count_down", (0, 0), (False,), (0, 0), "L3", RETURNS, STAY),
    (IGNORING, "count_down", (0, 0), (True,), (0, 0), "L3x", (ZeroLatchError,), STAY),
    (RAISING, "count_down", (0, 0), (False,), (0, 0), "L3p", (RuntimeError, ValueError), STAY),
    (RAISING, "count_down", (0, 0), (True,), (0, 0), "L3p", (RuntimeError, ValueError), STAY),
    (ANY_TIME, "set_count", (2, 0), (-1,), (2, 0), "L4", (ValueError,), STAY),
    (ALL, "set_count", (0, 0), (-7,), (0, 0), "L4", (ValueError,), STAY),
    (ANY_TIME, "set_count", (2, 2), (-1,), (2, 2), "L4", (ValueError,), STAY),
    (ALL, "set_count", (2, 0), (True,), (2, 0), "L4t", (TypeError,), STAY),
    (ALL, "set_count", (2, 1), (False,), (2, 1), "L4t", (TypeError,), STAY),
    (ALL, "set_count", (2, 0), (1.0,), (2, 0), "L4t", (TypeError,), STAY),
    (ALL, "set_count", (2, 0), ("3",), (2, 0), "L4t", (TypeError,), STAY),
    (ALL, "set_count", (2, 0), (None,), (2, 0), "L4t", (TypeError,), STAY),
    (REFUSING, "set_count", (2, 1), (0,), (2, 1), "L5", (LatchInUseError,), STAY),
    (REFUSING, "set_count", (2, 3), (5,), (2, 3), "L5", (LatchInUseError,), STAY),
    (AT_ZERO, "set_count", (2, 0), (-1,), (2, 0), "L5z", (RuntimeError, ValueError), STAY),
    (AT_ZERO, "set_count", (2, 0), (0,), (2, 0), "L5z", (RuntimeError, ValueError), STAY),
    (AT_ZERO, "set_count", (1, 0), (2,), (1, 0), "L5z", (RuntimeError, ValueError), STAY),
    (AT_ZERO, "set_count", (2, 3), (5,), (2, 3), "L5z", (RuntimeError, ValueError), STAY),
    (KEEPING, "set_count", (2, 3), (5,), (5, 3), "L5k", RETURNS, STAY),
    (KEEPING, "set_count", (2, 1), (1,), (1, 1), "L5k", RETURNS, STAY),
    (KEEPING, "set_count", (2, 3), (0,), (0, 0), "L5r", RETURNS, GO),
    (ANY_TIME, "set_count", (2, 0), (0,), (0, 0), "L6", RETURNS, STAY),
    (ALL, "set_count", (0, 0), (4,), (4, 0), "L6", RETURNS, STAY),
    (ALL, "set_count", (0, 0), (0,), (0, 0), "L6", RETURNS, STAY),
    (ALL, "wait", (0, 0), (), (0, 0), "L7", RETURNS, STAY),
    (ALL, "wait", (1, 0), (), (1, 1), "L8", PARKS, STAY),
    (ALL, "wait", (3, 2), (), (3, 3), "L8", PARKS, STAY),
    (ALL, "withdraw", (1, 1), (True,), (1, 0), "L9", "leaves", STAY),
    (ALL, "withdraw", (4, 3), (True,), (4, 2), "L9", "leaves", STAY),
    (ALL, "withdraw", (4, 3), (False,), (4, 3), "L10", "leaves", STAY),
    (ALL, "withdraw", (0, 0), (False,), (0, 0), "L10", "leaves", STAY),
]


@pytest.mark.parametrize(
    ("policy", "row"),
    [
        pytest.param(policy, row, id=f"{row[5]}-{row[1]}{row[3]}-{row[2]}-{policy}")
        for row in TABLE
        for policy in row[0]
    ],
)
def test_rule(policy: str, row: tuple[Any, ...]) -> None:
    _, operation, before, arguments, after, rule_id, caller, parked = row
    *state, rule = getattr(latch, operation)(*before, *arguments, policy=POLICIES[policy])
    assert (tuple(state), rule.id, rule.operation) == (after, rule_id, operation)
    queue = tuple("ABCDE"[: before[1]])
    who = "A" if operation == "withdraw" and arguments[0] else "W"
    queue_after, resumed = apply(rule, queue, who)
    endings = dict(resumed)
    if isinstance(caller, tuple):
        assert rule.refuses
        assert rule.errors == caller
        assert endings.pop("W") is caller[0]
    elif caller == RETURNS:
        assert not rule.refuses
        assert endings.pop("W") is None
    else:
        assert rule.caller == caller
    if parked == GO:
        assert (queue_after, endings) == ((), dict.fromkeys(queue))
    else:
        assert endings == {}
        assert queue_after == {PARKS: (*queue, who), "leaves": tuple(q for q in queue if q != who)}.get(
            str(caller), queue
        )
    assert len(queue_after) == after[1]


def test_the_table_has_every_rule() -> None:
    assert {row[5] for row in TABLE} == {
        "L1", "L2", "L3", "L3x", "L3p", "L4", "L4t", "L5", "L5z", "L5k", "L5r", "L6", "L7", "L8", "L9", "L10",
    }  # fmt: skip


def test_our_own_policy_and_no_error_are_the_defaults() -> None:
    assert latch.count_down(0, 0) == (0, 0, latch.L3)
    assert latch.count_down(0, 0, True) == (0, 0, latch.L3x)
    assert latch.set_count(1, 1, 0) == (1, 1, latch.L5)
    assert latch.wait(1, 0) == (1, 1, latch.L8)
    assert latch.withdraw(1, 1, True) == (1, 0, latch.L9)


@pytest.mark.parametrize("count", [0, 1, 17])
def test_a_new_latch_has_its_count_and_no_task_is_parked(count: int) -> None:
    assert latch.create(count) == ((), (count, 0), latch.L6)


@pytest.mark.parametrize(
    ("count", "rule", "error"),
    [
        (-1, latch.L4, ValueError),
        (-9, latch.L4, ValueError),
        (True, latch.L4t, TypeError),
        (False, latch.L4t, TypeError),
        (1.5, latch.L4t, TypeError),
        ("1", latch.L4t, TypeError),
        (None, latch.L4t, TypeError),
    ],
)
def test_a_latch_is_not_made_with(count: Any, rule: object, error: type[Exception]) -> None:
    refusal = latch.create(count)[2]
    assert refusal is rule
    assert refusal.refuses
    assert refusal.errors == (error,)


@pytest.mark.parametrize(
    ("state", "reachable"),
    [
        ((0, 0), True), ((1, 0), True), ((1, 1), True), ((3, 7), True),
        ((0, 1), False), ((-1, 0), False), ((1, -1), False), ((-1, 1), False), ((0, -1), False),
    ],
)  # fmt: skip
def test_the_invariant(state: tuple[int, int], reachable: bool) -> None:
    assert latch.invariant(*state) is reachable
