"""A run as lanes: a column for each call, a line for each thing that happened, the last of which is not allowed."""

from __future__ import annotations

from latchproof.verify.history import Begin, End, Event, Observe, Request, Rest, Stray
from latchproof.verify.schedule import Failure


def lanes(failure: Failure, *, width: int = 100) -> list[str]:
    """The lines of the picture, at most `width` characters wide as far as the calls allow."""
    names = {event.call: _call(event) for event in failure.history if isinstance(event, Begin)}
    column = max(14, min(22, (width - 34) // max(1, len(names)) - 2))
    header = "  ".join(f"{f'call {call + 1}':<{column}}" for call in sorted(names))
    lines = [f"step  {header}".rstrip()]
    step = 1
    open_calls: set[int] = set()
    observed: str | None = None
    last = len(failure.history) - 1
    for position, event in enumerate(failure.history):
        call, text = _cell(event, names)
        if isinstance(event, Begin):
            open_calls.add(event.call)
        if isinstance(event, Observe):
            step += 1
        if position != last and isinstance(event, Observe | Rest):
            if isinstance(event, Observe) and text != observed:
                lines[-1] = f"{lines[-1]:<{6 + len(header)}}  {text}".rstrip()
                observed = text
            continue
        if call is None:
            row = text
        else:
            cells = [text if one == call else "|" if one in open_calls else "" for one in sorted(names)]
            row = "  ".join(f"{cell:<{column}}" for cell in cells).rstrip()
        number = "" if isinstance(event, Request | Rest) else str(step)
        lines.append(f"{number:>4}  {row}{'   <- not allowed' if position == last else ''}")
        if isinstance(event, End):
            open_calls.discard(event.call)
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
        return None, ", ".join(f"{name}={value!r}" for name, value in event.values)
    if isinstance(event, Stray):
        return None, f"the event loop is told: {event.error}"
    return None, "nothing can run any more"
