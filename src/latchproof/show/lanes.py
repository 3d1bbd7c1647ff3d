"""A run drawn: as lanes, with a column for each call and a line for each event, and as a sequence diagram.

In both the last event is the one that is not allowed.
"""

from latchproof.check.history import describe
from latchproof.check.trace import Trace
from latchproof.show.words import alternatives, renamed


def lanes(trace: Trace, *, width: int = 100) -> list[str]:
    """Return the lines, at most `width` characters wide if the calls leave room for that.

    Lines with the same number happen in the same step of the event loop; steps in which nothing is seen have no number.
    """
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    column = max(14, min(22, (width - 34) // max(1, len(calls)) - 2))
    texts = {call: [describe(event) for event in trace.events if event.get("call") == call] for call in calls}
    columns = {call: max(column, *map(len, texts[call])) for call in calls}
    header = "  ".join(f"{f'call {call}':<{columns[call]}}" for call in calls)
    lines = [f"step  {header}".rstrip()]
    step = 1
    seen_in_step = False
    under_way: set[int] = set()
    observed: str | None = None
    last = len(trace.events) - 1
    for position, event in enumerate(trace.events):
        kind, text = event["kind"], describe(event)
        if kind == "begin":
            under_way.add(event["call"])
        if kind == "observe" and seen_in_step:
            step += 1
            seen_in_step = False
        if position != last and kind in ("observe", "rest"):
            if kind == "observe" and event["values"] and text != observed and len(lines) > 1:
                lines[-1] = f"{lines[-1]:<{6 + len(header)}}  {text}".rstrip()
                observed = text
            continue
        if "call" in event:
            cells = [text if call == event["call"] else "|" if call in under_way else "" for call in calls]
            row = "  ".join(f"{cell:<{columns[call]}}" for call, cell in zip(calls, cells, strict=True)).rstrip()
        else:
            row = text
        seen_in_step |= kind in ("begin", "end")
        number = "" if kind in ("request", "rest") else str(step)
        lines.append(f"{number:>4}  {row}{'   <- not allowed' if position == last else ''}")
        if kind == "end":
            under_way.discard(event["call"])
    return lines


def mermaid(trace: Trace) -> str:
    """Return a Mermaid sequence diagram: the calls on the left, the primitive on the right."""
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    lines = ["sequenceDiagram", *(f"    participant C{call} as call {call}" for call in calls)]
    lines.append(f"    participant T as {trace.target}({trace.argument})".replace(":", "#58;"))
    if trace.renamed:
        lines.append(f"    Note over T: {renamed(trace.renamed)}")
    observed = ""
    last = len(trace.events) - 1
    for position, event in enumerate(trace.events):
        kind, text = event["kind"], describe(event)
        mark = " - not allowed" if position == last else ""
        if kind == "begin":
            lines.append(f"    C{event['call']}->>T: {text}{mark}")
        elif kind == "end":
            arrow = "-->>" if event["how"] == "returned" else "--x"
            lines.append(f"    T{arrow}C{event['call']}: {text}{mark}")
        elif kind == "request":
            lines.append(f"    Note over C{event['call']}: {text}{mark}")
        elif position == last or (kind == "observe" and event["values"] and text != observed):
            observed = text
            lines.append(f"    Note over T: {text}{mark}")
    lines.append(f"    Note over T: {trace.claim} is broken, allowed is {alternatives(trace.allowed)}")
    return "\n".join(lines) + "\n"


def explain(trace: Trace) -> list[str]:
    """Return what was seen in the end, and what the specification allows there."""
    rules = f" (rule {', '.join(trace.rules)})" if trace.rules else ""
    others = [choice.removeprefix("other ") for choice in trace.schedule if choice.startswith("other ")]
    return [
        f"seen:     {trace.seen}",
        f"allowed:  {alternatives(trace.allowed)}{rules}",
        *([f"names:    {renamed(trace.renamed)}"] if trace.renamed else []),
        *([f"also:     {', '.join(others)} on a second instance, which must not affect this one"] if others else []),
    ]
