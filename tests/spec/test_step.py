"""What a rule does to a queue, in every form that a rule can take."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof_spec.step import (
    ANY_INDEX,
    BrokenBarrierError,
    LatchInUseError,
    Rule,
    ZeroLatchError,
    apply,
    caller_ending,
    endings,
    is_whole_number,
)


def rule(caller: Any, queue: Any = "stays", order: Any = "arrival", errors: Any = ()) -> Rule:
    return Rule("X", "operation", caller, "A sentence.", queue=queue, order=order, errors=errors)


@pytest.mark.parametrize(
    ("queue", "order", "expected"),
    [
        ("stays", "arrival", {0: [], 3: []}),
        ("released", "arrival", {0: [], 1: [None], 3: [None, None, None]}),
        ("first", "arrival", {0: [], 1: [None], 3: [None, None, None]}),
        ("failed", "arrival", {0: [], 1: [KeyError], 3: [KeyError, KeyError, KeyError]}),
        ("indexed", "arrival", {0: [], 1: [0], 3: [0, 1, 2]}),
        ("indexed", "reversed", {0: [], 1: [1], 3: [3, 2, 1]}),
        ("indexed", "any", {0: [], 1: [ANY_INDEX], 3: [ANY_INDEX, ANY_INDEX, ANY_INDEX]}),
    ],
)
def test_endings(queue: str, order: str, expected: dict[int, list[object]]) -> None:
    one = rule("returns", queue, order, (KeyError, ValueError))
    assert {parked: list(endings(one, parked)) for parked in expected} == expected


@pytest.mark.parametrize(
    ("caller", "order", "ending"),
    [
        ("parks", "arrival", None),
        ("returns", "arrival", None),
        ("leaves", "arrival", None),
        ("raises", "arrival", KeyError),
        ("returns an index", "arrival", 3),
        ("returns an index", "reversed", 0),
        ("returns an index", "any", ANY_INDEX),
    ],
)
def test_caller_ending(caller: str, order: str, ending: object) -> None:
    assert caller_ending(rule(caller, order=order, errors=(KeyError, ValueError)), 3) == ending


@pytest.mark.parametrize("first", [1, 2, 3, 4])
@pytest.mark.parametrize("caller", ["returns", "leaves"])
def test_the_first_continue_and_the_others_move_up(caller: str, first: int) -> None:
    one = Rule("X", "operation", caller, "A sentence.", queue="first", first=first)  # type: ignore[arg-type]
    queue, resumed = apply(one, ("A", "B", "C"), "D")
    own = (("D", None),) if caller == "returns" else ()
    assert queue == ("A", "B", "C")[first:]
    assert resumed == (*((task, None) for task in ("A", "B", "C")[:first]), *own)


def test_who_leaves_is_not_one_of_the_first() -> None:
    one = Rule("X", "operation", "leaves", "A sentence.", queue="first", first=2)
    assert apply(one, ("A", "B", "C", "D"), "B") == (("D",), (("A", None), ("C", None)))


@pytest.mark.parametrize("order", ["arrival", "reversed"])
@pytest.mark.parametrize("parked", range(6))
def test_the_indices_of_a_generation_are_each_given_once(order: str, parked: int) -> None:
    one = rule("returns an index", "indexed", order)
    given = [*endings(one, parked), caller_ending(one, parked)]
    assert sorted(given, key=str) == sorted(range(parked + 1), key=str)


def test_a_caller_that_parks_is_last_in_the_queue_and_no_task_continues() -> None:
    assert apply(rule("parks"), ("A", "B"), "C") == (("A", "B", "C"), ())


def test_a_caller_that_returns_goes_on_alone_if_the_parked_stay() -> None:
    assert apply(rule("returns"), ("A", "B"), "C") == (("A", "B"), (("C", None),))


def test_a_caller_that_is_refused_goes_on_with_its_error_and_the_parked_stay() -> None:
    assert apply(rule("raises", errors=(KeyError,)), ("A",), "C") == (("A",), (("C", KeyError),))


def test_a_release_lets_everybody_go_on_in_order_and_the_caller_last() -> None:
    assert apply(rule("returns", "released"), ("A", "B"), "C") == ((), (("A", None), ("B", None), ("C", None)))


def test_a_failure_fails_the_parked_and_not_the_caller() -> None:
    failed = apply(rule("returns", "failed", errors=(KeyError,)), ("A", "B"), "C")
    assert failed == ((), (("A", KeyError), ("B", KeyError), ("C", None)))


@pytest.mark.parametrize(
    ("order", "resumed"),
    [
        ("arrival", (("A", 0), ("B", 1), ("C", 2))),
        ("reversed", (("A", 2), ("B", 1), ("C", 0))),
        ("any", (("A", ANY_INDEX), ("B", ANY_INDEX), ("C", ANY_INDEX))),
    ],
)
def test_a_trip_gives_everybody_an_index(order: str, resumed: object) -> None:
    assert apply(rule("returns an index", "indexed", order), ("A", "B"), "C") == ((), resumed)


def test_who_leaves_is_taken_out_of_the_queue_and_given_nothing() -> None:
    assert apply(rule("leaves"), ("A", "B", "C"), "B") == (("A", "C"), ())


def test_who_leaves_without_being_parked_changes_nothing() -> None:
    assert apply(rule("leaves"), ("A", "B"), "C") == (("A", "B"), ())


def test_who_leaves_and_breaks_it_fails_the_others_only() -> None:
    gone = apply(rule("leaves", "failed", errors=(KeyError,)), ("A", "B", "C"), "B")
    assert gone == ((), (("A", KeyError), ("C", KeyError)))


def test_any_index_is_no_index() -> None:
    assert ANY_INDEX < 0


def test_the_errors_are_runtime_errors_of_their_own() -> None:
    for error in (LatchInUseError, ZeroLatchError, BrokenBarrierError):
        assert error.__bases__ == (RuntimeError,)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0, True), (1, True), (-5, True), (10**40, True),
        (True, False), (False, False), (1.0, False), ("1", False), (None, False), (1j, False), ([1], False),
    ],
)  # fmt: skip
def test_is_whole_number(value: object, verdict: bool) -> None:
    assert is_whole_number(value) is verdict


@pytest.mark.parametrize(
    ("caller", "queue", "refuses", "heeds"),
    [
        ("raises", "stays", True, True),
        ("returns", "stays", False, False),
        ("returns", "released", False, True),
        ("returns", "failed", False, True),
        ("returns", "first", False, True),
        ("returns an index", "indexed", False, True),
        ("parks", "stays", False, False),
        ("leaves", "stays", False, False),
        ("leaves", "failed", False, True),
    ],
)
def test_what_refuses_and_what_heeds_the_parked(caller: str, queue: str, refuses: bool, heeds: bool) -> None:
    one = rule(caller, queue)
    assert (one.refuses, one.heeds_parked) == (refuses, heeds)


def test_a_rule_says_what_it_was_made_with_and_otherwise_nothing() -> None:
    one = Rule("X1", "wait", "returns", "It returns.")
    assert repr(one) == "X1"
    assert (one.id, one.operation, one.caller, one.sentence) == ("X1", "wait", "returns", "It returns.")
    assert (one.queue, one.order, one.errors, one.message, one.warns) == ("stays", "arrival", (), "", False)
    other = Rule("X2", "wait", "returns", "It warns.", message="careful", warns=True)
    assert (other.message, other.warns) == ("careful", True)
