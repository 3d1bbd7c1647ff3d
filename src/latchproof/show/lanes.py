"""A run drawn: as lanes, with a column for each call and a line for each event, and as a sequence diagram.

In both the last event is the one that is not allowed, except where a run shows a fault of the host's own loop.
"""

from dataclasses import dataclass

from latchproof.check.history import SEEN_ONCE, EventData, describe, place_of
from latchproof.check.trace import Trace
from latchproof.show.words import alternatives, renamed


@dataclass
class _Row:
    """A line: the event, the number of its step, if it has one, and what is shown on its right."""

    event: EventData
    text: str
    step: str
    where: str = ""
    observed: str = ""
    is_wrong: bool = False
    """Whether what is observed is wrong."""

    @property
    def call(self) -> int | None:
        """The call that has a cell of its own in this line."""
        return self.event.get("call")


ONLY_EAGER = "with eager tasks (asyncio.eager_task_factory, Python 3.12 and later); without them it is not broken"
"""The note on a run whose claim is broken with eager tasks alone."""


def lanes(trace: Trace, *, width: int = 100) -> list[str]:
    """Return the lines, at most `width` characters wide if the calls leave room for that.

    Lines with the same number happen in the same step of the event loop; steps in which nothing is seen have no number.
    On the right stands where the call of the line is suspended then, or has ended, and what is read where that changed.
    """
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    column = max(14, min(22, (width - 34) // max(1, len(calls)) - 2))
    rows = _rows(trace)
    columns = {call: max([column, *(len(row.text) for row in rows if row.call == call)]) for call in calls}
    header = "  ".join(f"{f'call {call}':<{columns[call]}}" for call in calls)
    places = max((len(row.where) + 2 for row in rows if row.where), default=0)
    lines = [f"step  {header}".rstrip()]
    under_way: set[int] = set()
    for row in rows:
        text = row.text
        if row.call is not None:
            under_way.add(row.call)
            cells = [text if call == row.call else "|" if call in under_way else "" for call in calls]
            text = "  ".join(f"{cell:<{columns[call]}}" for call, cell in zip(calls, cells, strict=True)).rstrip()
        line = f"{row.step:>4}  {text}"
        if row.where or row.observed:
            line = f"{line:<{6 + len(header)}}  {row.where:<{places}}{row.observed}".rstrip()
        is_wrong = row is rows[-1] and not trace.is_of_the_host
        lines.append(f"{line}   <- not allowed" if is_wrong else line)
        if row.event["kind"] == "end":
            under_way.discard(row.event["call"])
    return lines


def _rows(trace: Trace) -> list[_Row]:
    """Return the lines to draw.

    A suspension stands beside what the call did in the same step. A suspension alone has a line only if something was
    seen since the call was last suspended in that place, so a call that polls has few lines.
    """
    rows: list[_Row] = []
    step, seen_in_step = 1, False
    observed: str | None = None
    repeated: set[str] = set()
    for position, event in enumerate(trace.events, 1):
        kind, text = event["kind"], describe(event)
        is_last = position == len(trace.events)
        if kind == "observe" and seen_in_step:
            step, seen_in_step = step + 1, False
        if kind == "suspend":
            here = rows[-1] if rows and rows[-1].call == event["call"] else None
            if here is not None and here.step == str(step) and not here.where:
                here.where = text
            elif f"{event['call']} {text}" not in repeated:
                rows.append(_Row(event, "runs", str(step), text))
                seen_in_step = True
            repeated.add(f"{event['call']} {text}")
        elif is_last or kind not in ("observe", "rest"):
            rows.append(_Row(event, text, "" if kind in ("request", "rest", "time") else str(step), place_of(event)))
            seen_in_step |= kind in ("begin", "end")
            repeated.clear()
        elif kind == "observe" and event["values"] and text != observed and (rows or event.get("wrong")):
            if not rows or rows[-1].is_wrong:  # wrong before any call, or read again before anything else was seen
                rows.append(_Row(event, "", ""))
            rows[-1].observed, rows[-1].is_wrong = text, bool(event.get("wrong"))
            observed = text
            repeated.clear()
    return rows


def mermaid(trace: Trace) -> str:
    """Return a Mermaid sequence diagram: the calls on the left, the primitive on the right."""
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    lines = ["sequenceDiagram", *(f"    participant C{call} as call {call}" for call in calls)]
    lines.append(f"    participant T as {trace.made}".replace(":", "#58;"))
    if trace.seen_once:
        lines.append(f"    Note over T: {SEEN_ONCE}".replace(";", "#59;"))
    if trace.renamed:
        lines.append(f"    Note over T: {renamed(trace.renamed)}")
    observed = ""
    last = None if trace.is_of_the_host else len(trace.events) - 1
    for position, event in enumerate(trace.events):
        kind, text = event["kind"], describe(event)
        mark = " - not allowed" if position == last else ""
        if kind == "suspend":
            continue
        if kind == "begin":
            lines.append(f"    C{event['call']}->>T: {text}{mark}")
        elif kind == "end":
            arrow = "-->>" if event["how"] == "returned" else "--x"
            lines.append(f"    T{arrow}C{event['call']}: {text}{mark}")
        elif kind == "request":
            lines.append(f"    Note over C{event['call']}: {text}{mark}")
        elif kind in ("host-fault", "time"):
            lines.append(f"    Note over T: {text}")
        elif position == last or (kind == "observe" and event["values"] and text != observed):
            observed = text
            lines.append(f"    Note over T: {text}{mark}")
    if not trace.is_of_the_host:
        lines.append(f"    Note over T: {trace.claim} is broken, allowed is {alternatives(trace.allowed)}")
    return "\n".join(lines) + "\n"


def explain(trace: Trace) -> list[str]:
    """Return what was seen in the end, and what the specification allows there."""
    rules = f" (rule {', '.join(trace.rules)})" if trace.rules else ""
    wrong = ", ".join(sorted({name for event in trace.events for name in event.get("wrong", ())}))
    others = [choice.removeprefix("other ") for choice in trace.schedule if choice.startswith("other ")]
    return [
        f"seen:     {trace.seen}",
        f"allowed:  {alternatives(trace.allowed)}{rules}",
        *([f"waiting:  {waiting}"] if (waiting := _waiting(trace)) else []),
        *([f"only:     {ONLY_EAGER}"] if trace.is_eager else []),
        *([SEEN_ONCE] if trace.seen_once else []),
        *([f"names:    {renamed(trace.renamed)}"] if trace.renamed else []),
        *([f"also:     {wrong} read wrong before, and was not judged from there on"] if wrong else []),
        *([f"also:     {', '.join(others)} on a second instance, which must not affect this one"] if others else []),
    ]


def _waiting(trace: Trace) -> str:
    """Return where each call stands that has not ended."""
    places: dict[int, str] = {}
    for event in trace.events:
        if event["kind"] == "suspend":
            places[event["call"]] = event["at"]
        elif event["kind"] == "end":
            places.pop(event["call"], None)
    return ", ".join(f"call {call} at {at}" for call, at in sorted(places.items()))
