"""A run drawn: as lanes, with a column for each call and a line for each event, and as a sequence diagram.

In both the last event is the one that is not allowed, except where a run shows a fault of the host's own loop. What is
said of the run in words stands here, too, so that every rendering says the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from latchproof.check.history import SEEN_ONCE, EventData, describe, place_of
from latchproof.check.trace import Trace
from latchproof.show.layout import LANE, UNFOLDED, fold, fold_command, table
from latchproof.show.words import alternatives, count_of, judged_by, phases_of, reading, renamed
from latchproof_spec.machines import sentence_of

ONLY_EAGER = "with eager tasks (asyncio.eager_task_factory, Python 3.12 and later); without them it is not broken"
"""The note on a run whose claim is broken with eager tasks alone."""

NOT_ALLOWED = "<- not allowed"
"""What marks the last line."""

_LABEL = 10
"""Width of the labels beside what is said of a run, in columns."""


@dataclass
class _Row:
    """A line: the event, the number of its step, if it has one, what its call does, and what is shown on its right."""

    event: EventData
    step: str
    text: str = ""
    place: str = ""
    state: str = ""
    is_wrong: bool = False
    """Whether what is read is wrong."""

    @property
    def call(self) -> int | None:
        """The call that has a cell in this line."""
        return self.event.get("call")


def lanes(trace: Trace, *, width: int = 100) -> list[str]:
    """Return the lines, at most `width` characters wide.

    Lines with the same number happen in the same step of the event loop; steps in which nothing is seen have no number.
    On the right stands where the call of the line is suspended then, or has ended, if there is room for that, and what
    is read where that changed. Where there is no room for a column for each call, the calls share one.
    """
    return _draw(trace, width)[0]


def _draw(trace: Trace, width: int) -> tuple[list[str], bool]:
    """Return the lines, and whether they have the places of the calls."""
    rows = _rows(trace)
    if not trace.is_of_the_host:
        rows[-1].state = f"{rows[-1].state}\n{NOT_ALLOWED}".lstrip()
    calls = sorted(event["call"] for event in trace.events if event["kind"] == "begin")
    unfolded = _aligned(_grid(rows, calls, places=True), UNFOLDED)
    if max(map(len, unfolded)) <= width:
        return unfolded, any(row.place for row in rows)
    plain = _grid(rows, calls, places=False)
    fitting = list(filter(None, (_aligned(plain, width, gap) for gap in (2, 1))))
    if fitting:
        return min(fitting, key=len), False
    shared = [["step", "call", "what happens", "state"]]
    shared += [[_step(row.step), str(row.call or ""), row.text, row.state] for row in rows]
    return _aligned(shared, width) or _aligned(shared, UNFOLDED), False


def _grid(rows: Iterable[_Row], calls: list[int], *, places: bool) -> list[list[str]]:
    """Return the cells of all lines, with a column for each call."""
    grid = [["step", *(f"call {call}" for call in calls), "place", "state"]]
    under_way: set[int] = set()
    for row in rows:
        under_way |= {row.call} if row.call in calls else set()
        cells = [row.text if call == row.call else LANE if call in under_way else "" for call in calls]
        grid.append([_step(row.step), *cells, row.place, row.state])
        if row.event["kind"] == "end":
            under_way.discard(row.event["call"])
    return grid if places else [[*line[:-2], line[-1]] for line in grid]


def _step(step: str) -> str:
    return f"{step:>4}"


def _aligned(grid: list[list[str]], width: int, gap: int = 2) -> list[str]:
    """Return the lines of a grid without its empty columns; none if it is wider than `width`."""
    columns = [column for column in zip(*grid, strict=True) if any(column[1:])]
    rows = table(list(zip(*columns, strict=True)), width - gap * (len(columns) - 1))
    return [(" " * gap).join(line).rstrip() for row in rows or () for line in row]


def _rows(trace: Trace) -> list[_Row]:
    """Return the lines to draw.

    A suspension stands beside what the call did in the same step. A suspension alone has a line only if something was
    seen since the call was last suspended in that place, so a call that polls has few lines. What no call does stands
    where the state does.
    """
    rows: list[_Row] = []
    phases = phases_of(trace.machine)
    step, seen_in_step = 1, False
    observed: str | None = None
    repeated: set[str] = set()
    for position, event in enumerate(trace.events, 1):
        kind, is_last = event["kind"], position == len(trace.events)
        text = reading(event, phases) if kind == "observe" and event["values"] else describe(event)
        if kind == "observe" and seen_in_step:
            step, seen_in_step = step + 1, False
        if kind == "suspend":
            here = rows[-1] if rows and rows[-1].call == event["call"] else None
            if here is not None and here.step == str(step) and not here.place:
                here.place = text
            elif f"{event['call']} {text}" not in repeated:
                rows.append(_Row(event, str(step), "runs", place=text))
                seen_in_step = True
            repeated.add(f"{event['call']} {text}")
        elif is_last or kind not in ("observe", "rest"):
            row = _Row(event, "" if kind in ("request", "rest", "time") else str(step), place=place_of(event))
            row.text, row.state = (text, "") if "call" in event else ("", text)
            rows.append(row)
            seen_in_step |= kind in ("begin", "end")
            repeated.clear()
        elif kind == "observe" and event["values"] and text != observed and (rows or event.get("wrong")):
            if not rows or rows[-1].is_wrong:  # wrong before any call, or read again before anything else was seen
                rows.append(_Row(event, ""))
            rows[-1].state, rows[-1].is_wrong = text, bool(event.get("wrong"))
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


def counterexample(trace: Trace, *, width: int = 80, folded: bool = True) -> list[tuple[str, str]]:
    """Return the lines that show a run that breaks a claim, each with its style: what was found, then the run.

    The lanes are fitted to the width; the rest is, too, if it is `folded`.
    """
    drawn, has_places = _draw(trace, width - 2)
    said = [(headline(trace), "bold red"), ("", ""), *((f"  {line}", "") for line in found(trace)), ("", "")]
    said += [*((f"  {line}".rstrip(), "") for line in drawn), ("", "")]
    said += [(f"  {line}", "") for line in explain(trace, places=not has_places)]
    said += [(f"  schedule: {'; '.join(trace.schedule)}", "dim")]
    lines = [(part, style) for line, style in said for part in _folded(line, width if folded else UNFOLDED)]
    if trace.is_stepwise:
        again = fold_command(f"  again:    {trace.again}", width if folded else UNFOLDED, 4 + _LABEL)
        lines += [(part, "dim") for part in again]
    return [*lines, ("", "")]


def _folded(line: str, width: int) -> list[str]:
    """Return a line, which may have a label, in lines that fit; the lanes do already."""
    return fold(line, width, 2 + _LABEL if line.startswith("  ") else 4)


def headline(trace: Trace) -> str:
    """Return what a run breaks, in one sentence."""
    if trace.is_of_a_model:  # a finding is named for what was seen, which says more than what the name means
        return f"{trace.claim}: {trace.seen}"
    return f"{trace.claim} is broken: {sentence_of(trace.claim, trace.machine, trace.policy)}"


def found(trace: Trace) -> list[str]:
    """Return what was seen, if the headline does not say it, and of which object, in which run."""
    if trace.is_of_a_model:
        what = f"rule:     {sentence_of(trace.claim, trace.machine, trace.policy)}"
    else:
        of = trace.events[-1].get("call")
        what = f"seen:     {f'call {of}: ' if of else ''}{trace.seen}"
    only = ", only with eager tasks" if trace.is_eager else ""
    strict = ", strict form" if trace.strict else ""
    size = ", ".join(
        (
            count_of(trace.count("begin"), "call"),
            count_of(trace.cancellations, "cancellation"),
            f"{count_of(trace.steps, 'step')} of the event loop",
        )
    )
    return [what, f"run:      {trace.made} on {trace.host}{only}, {judged_by(trace)}{strict}: {size}"]


def explain(trace: Trace, *, places: bool = False) -> list[str]:
    """Return what is to be said under the lanes: what the specification allows there, and where calls stand.

    With `places`, say first where in the source each call was.
    """
    rules = f" (rule {', '.join(trace.rules)})" if trace.rules else ""
    wrong = ", ".join(sorted({name for event in trace.events for name in event.get("wrong", ())}))
    others = [choice.removeprefix("other ") for choice in trace.schedule if choice.startswith("other ")]
    return [
        *(_places(trace) if places else []),
        f"allowed:  {alternatives(trace.allowed)}{rules}",
        *([f"waiting:  {waiting}"] if (waiting := _waiting(trace)) else []),
        *([f"only:     {ONLY_EAGER}"] if trace.is_eager else []),
        *([SEEN_ONCE] if trace.seen_once else []),
        *([f"names:    {renamed(trace.renamed)}"] if trace.renamed else []),
        *([f"also:     {wrong} read wrong before, and was not judged from there on"] if wrong else []),
        *([f"also:     {', '.join(others)} on a second instance, which must not affect this one"] if others else []),
    ]


_VERBS = {
    "returned": ("returns", "return"),
    "raised": ("raises", "raise"),
    "cancelled": ("ends cancelled", "end cancelled"),
}
"""What a call does where it ends, and what several calls do."""


def _places(trace: Trace) -> list[str]:
    """Return a line for each place in the source, with what calls do there."""
    places: dict[str, dict[tuple[str, str], list[str]]] = {}
    for event in trace.events:
        if event.get("at") and event["kind"] in ("suspend", "end"):
            verbs = _VERBS[event["how"]] if event["kind"] == "end" else ("waits", "wait")
            calls = places.setdefault(event["at"], {}).setdefault(verbs, [])
            calls += [] if str(event["call"]) in calls else [str(event["call"])]
    longest = max(map(len, places), default=0)
    return [
        f"{'' if number else 'source:':<{_LABEL}}{place:<{longest}}  "
        + "; ".join(
            f"call {calls[0]} {verb}" if len(calls) == 1 else f"calls {', '.join(calls)} {plural}"
            for (verb, plural), calls in of.items()
        )
        for number, (place, of) in enumerate(places.items())
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
