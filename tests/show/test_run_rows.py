"""A run as the rows of a table: which events have one."""

from __future__ import annotations

from typing import Any

from latchproof.show.html.run_rows import rows

MADE: dict[str, Any] = {"kind": "observe", "values": {"n_waiting": 0}}
WAIT: dict[str, Any] = {"kind": "begin", "call": 1, "operation": "wait", "arguments": []}
REST: dict[str, Any] = {"kind": "rest"}


def suspended(call: int, at: str) -> dict[str, Any]:
    return {"kind": "suspend", "call": call, "at": at}


def read(number: int, **more: Any) -> dict[str, Any]:
    return {"kind": "observe", "values": {"n_waiting": number}, **more}


def told(events: list[dict[str, Any]], *, wrong: tuple[int, ...] = ()) -> list[tuple[str, str, str]]:
    """Return what the rows say; those events are not allowed whose places are in `wrong`."""
    made = rows(events, [place not in wrong for place in range(len(events))], ())
    assert [one for row in made for one in range(row["first"], row["last"] + 1)] == list(range(1, len(events) + 1))
    return [(row["words"], row["waits"], row["reads"]) for row in made]


def test_what_says_nothing_new_has_no_row() -> None:
    events = [REST, MADE, WAIT, suspended(1, "a.py:1"), read(1), REST, read(1), REST, {"kind": "request", "call": 1}]
    assert told(events) == [("is made", "", "0 waiting"), ("wait()", "a.py:1", "1 waiting"), ("is cancelled", "", "")]


def test_a_second_reading_that_differs_has_a_row() -> None:
    assert told([WAIT, read(1), read(0), read(0), REST]) == [
        ("wait()", "", "1 waiting"), ("", "", "0 waiting"), ("nothing can run any more", "", ""),
    ]  # fmt: skip


def test_a_reading_that_is_not_allowed_has_a_row_though_it_did_not_change() -> None:
    events = [MADE, WAIT, read(0, wrong=["n_waiting"]), REST, REST]
    assert told(events, wrong=(2,)) == [
        ("is made", "", "0 waiting"),
        ("wait()", "", ""),
        ("", "", "0 waiting (wrong)"),
        ("nothing can run any more", "", ""),
    ]


def test_a_call_that_waits_in_another_place_has_a_row() -> None:
    events = [WAIT, suspended(1, "a.py:1"), read(1), suspended(1, "a.py:1"), suspended(1, "a.py:9"), REST]
    assert told(events) == [
        ("wait()", "a.py:1", "1 waiting"), ("runs", "a.py:9", ""), ("nothing can run any more", "", ""),
    ]  # fmt: skip


def test_the_last_event_has_a_row() -> None:
    assert told([WAIT, REST])[-1] == ("nothing can run any more", "", "")
