"""A trace as a Mermaid sequence diagram: the calls on the left, the primitive on the right."""

from latchproof.check.history import describe
from latchproof.check.trace import Trace
from latchproof.show.words import alternatives


def mermaid(trace: Trace) -> str:
    """Return the diagram."""
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    lines = ["sequenceDiagram", *(f"    participant C{call} as call {call}" for call in calls)]
    lines.append(f"    participant T as {trace.target}({trace.argument})".replace(":", "#58;"))
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
