"""A run as the rows of a table: an event, with where its call waits then and what is read after it.

A reading, a rest and a suspension have a row of their own only if they are not allowed, or say something new that
cannot stand in the row before; the last event always has one. So a row covers the events from its `first` to its
`last`, numbered from 1, and every event is covered.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from latchproof.check.history import EventData, describe
from latchproof.show.words import reading

QUIET = ("observe", "rest", "suspend")
"""The kinds of events that say nothing, or what the row before can say."""


def rows(events: Sequence[EventData], allowed: Sequence[bool], phases: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows. `allowed` says it of each event, `phases` are those of the machine.

    >>> events = [
    ...     {"kind": "begin", "call": 1, "operation": "wait", "arguments": []},
    ...     {"kind": "suspend", "call": 1, "at": "sync.py:3"},
    ...     {"kind": "observe", "values": {"n_waiting": 1}},
    ...     {"kind": "observe", "values": {"n_waiting": 1}},
    ...     {"kind": "rest"},
    ... ]
    >>> [(one["first"], one["last"], one["words"], one["waits"], one["reads"]) for one in rows(events, [True] * 5, ())]
    [(1, 4, 'wait()', 'sync.py:3', '1 waiting'), (5, 5, 'nothing can run any more', '', '')]
    """
    made: list[dict[str, Any]] = []
    reads, places = "", dict[int, str]()
    for number, (event, is_allowed) in enumerate(zip(events, allowed, strict=True), 1):
        kind, call = event["kind"], event.get("call")
        read = reading(event, phases) if kind == "observe" else ""
        is_last = number == len(events)
        if made and is_allowed and not is_last and _fits(made[-1], event, "" if read == reads else read, places):
            made[-1]["last"] = number
        else:
            words = "" if kind == "observe" else "runs" if kind == "suspend" else describe(event)
            if not made and kind in QUIET and not is_last:
                words = "is made"
            made.append(
                {"first": number, "last": number, "call": call, "words": words, "at": "", "waits": "", "reads": ""}
            )
        row = made[-1]
        if kind == "suspend":
            row["waits"] = places[event["call"]] = event["at"]
        elif "at" in event:
            row["at"] = event["at"]
        if read and (read != reads or not row["words"]):
            row["reads"] = reads = read
    return made


def _fits(row: dict[str, Any], event: EventData, new: str, places: Mapping[int, str]) -> bool:
    """Return whether an event says nothing that the row before it has no room for; `new` is what is newly read."""
    if event["kind"] == "suspend":
        is_known = places.get(event["call"]) == event["at"]
        return is_known or (row["call"] == event["call"] and not row["waits"] and not row["reads"])
    return event["kind"] in QUIET and (not new or not row["reads"])
