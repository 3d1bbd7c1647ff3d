"""A run as lanes: a column for each call, a line for each thing that happened, the last of which is not allowed."""

from __future__ import annotations

from latchproof.verify.history import Begin, End, Event, Observe, Request, Rest, Stray
from latchproof.verify.schedule import Failure


def lanes(failure: Failure, *, width: int = 100) -> list[str]:
    """The lines of the picture, at most `width` characters wide as far as the calls allow."""
    names = {event.call: _call(event) for event in failure.history if isinstance(event, Begin)}
    calls = sorted(names)
    column = max(12, min(24, (width - 22) // max(1, len(calls)) - 2))
    lines = ["step  " + "  ".join(f"{f'call {call + 1}':<{column}}" for call in calls).rstrip()]
    step = 0
    observed = ""
    last = len(failure.history) - 1
    for position, event in enumerate(failure.history):
        if isinstance(event, Observe):
            step += 1
            seen = ", ".join(f"{name}={value}" for name, value in event.values)
            if position != last and lines and seen != observed and len(lines) > 1:
                lines[-1] = f"{lines[-1]}  [{seen}]"
            observed = seen
            if position != last:
                continue
        call, text = _cell(event, names)
        cells = ["." * (1 if one in _open(failure.history[:position]) else 0) for one in calls]
        if call is not None:
            cells[calls.index(call)] = text
        row = "  ".join(f"{cell:<{column}}" for cell in cells).rstrip() if call is not None else text
        mark = "   <- not allowed" if position == last else ""
        number = "-" if isinstance(event, Request | Rest) else str(step + 1)
        lines.append(f"{number:>4}  {row}{mark}")
    return lines


def explain(failure: Failure) -> list[str]:
    """What was seen in the end, and what the specification allows there."""
    finding = failure.finding
    rules = f" (rule {', '.join(finding.rules)})" if finding.rules else ""
    return [
        f"seen:     {finding.seen}",
        f"allowed:  {' or '.join(finding.allowed) or 'nothing of the kind'}{rules}",
    ]


def _call(event: Begin) -> str:
    return f"{event.operation}({', '.join(map(repr, event.arguments))})"


def _open(history: tuple[Event, ...]) -> set[int]:
    begun = {event.call for event in history if isinstance(event, Begin)}
    return begun - {event.call for event in history if isinstance(event, End)}


def _cell(event: Event, names: dict[int, str]) -> tuple[int | None, str]:
    if isinstance(event, Begin):
        return event.call, names[event.call]
    if isinstance(event, Request):
        return event.call, "is cancelled"
    if isinstance(event, End):
        if event.how == "cancelled":
            return event.call, "ends cancelled"
        if event.how == "raised":
            return event.call, f"raises {type(event.error).__name__}"
        return event.call, "returns" if event.value is None else f"returns {event.value!r}"
    if isinstance(event, Observe):
        return None, ", ".join(f"{name} is {value!r}" for name, value in event.values)
    if isinstance(event, Stray):
        return None, f"the event loop is told: {event.error}"
    return None, "nothing can run any more"
