"""A trace with the specification beside it: after each event, what the specification allows there.

The judge judges the events again, one by one. So what is shown is computed from the trace alone, and the page says so
if this specification judges the trace differently from the one that found it.
"""

import builtins
from typing import Any

from latchproof.check.history import (
    Begin,
    End,
    Event,
    EventData,
    Hang,
    HostFault,
    Observe,
    Request,
    Rest,
    Stray,
    TimePasses,
    in_place,
)
from latchproof.check.judge import Judge
from latchproof.check.kind_of import kind_named, kind_of_model
from latchproof.check.kinds import Kind
from latchproof.check.specification import COMPARED, Configuration, Specification
from latchproof.check.trace import Trace
from latchproof.check.values import told_lead
from latchproof.show.html.run_rows import rows
from latchproof.show.words import either, judged_by, phases_of, state_in_words
from latchproof_spec import step as spec_step
from latchproof_spec.machines import sentence_of


def annotate(trace: Trace, kind: Kind | None = None) -> dict[str, Any]:
    """Return the trace as plain data, with `steps`: for each event its words, and what the specification allows then.

    `rows` are the same events as the rows of a table (see `run_rows`), and `again` is the command that repeats the run.

    Without a `kind` it is that of the trace; raise TargetError if its model is not there.

    `allowed` is False for an event that no configuration allows; `seen` then says what was seen, and `instead` what is
    allowed there, as `states` and `calls` do. A run continues after an error that belongs to no call, and after a wrong
    reading, without what read wrong. `rules` are those that took effect by the event or after it. `sentence` is that of
    the claim under the trace's policy. `agrees` says whether the judge finds, now, what the trace says was found. A
    fault of the host's own loop is never a difference.

    >>> from latchproof.check.checker import check
    >>> from latchproof.check.target import load
    >>> (trace,) = check(load("asyncio:Barrier"), policy="cpython").traces
    >>> shown = annotate(trace)
    >>> shown["agrees"], [step["allowed"] for step in shown["steps"]].index(False) == len(trace.events) - 1
    (True, True)
    """
    kind = kind or (kind_of_model(trace.model) if trace.model else kind_named(trace.machine))
    specification = kind.specification(kind.policy(trace.policy), trace.argument, trace.compared)
    judge = Judge(specification, strict=trace.strict)
    steps: list[dict[str, Any]] = []
    finding = None
    for event in trace.events:
        before = judge.reachable
        judge.fired = set()
        finding = None if event["kind"] == "suspend" else judge.step(_event(event))
        allowed = finding is None
        steps.append(
            {
                "kind": event["kind"],
                "words": in_place(event),
                "call": event.get("call"),
                "allowed": allowed,
                "seen": "" if finding is None else finding.seen,
                "instead": [] if finding is None else list(finding.allowed),
                **_allowed(specification, judge.reachable if allowed else before),
                "rules": sorted(judge.fired) if allowed else list(trace.rules),
            }
        )
        if judge.finding is not None:
            break
    found = trace.claim if trace.is_of_the_host else finding and finding.claim
    agrees = found == trace.claim and len(steps) == len(trace.events)
    sentence = "" if trace.is_of_the_host else sentence_of(trace.claim, trace.machine, trace.policy)
    words = {
        "made": trace.made,
        "judged_by": judged_by(trace),
        "sentence": sentence,
        "again": trace.again if trace.is_stepwise else "",
        "is_of_a_model": trace.is_of_a_model,
    }
    phases = phases_of(trace.machine)
    shown = rows(trace.events[: len(steps)], [step["allowed"] for step in steps], phases)
    for step in steps:
        step["state"] = either([state_in_words(state, phases) for state in step["states"]])
    return {**trace.to_json(), **words, "steps": steps, "rows": shown, "agrees": agrees}


def _allowed(specification: Specification, configurations: frozenset[Configuration]) -> dict[str, Any]:
    calls: dict[int, set[str]] = {}
    for here in configurations:
        for number, fate in here.fates:
            calls.setdefault(number + 1, set()).add(str(fate))
    states = {tuple(specification.variables(here).items()) for here in configurations}
    return {
        "states": [
            {name: value if type(value) in COMPARED or value is None else repr(value) for name, value in state}
            for state in _in_order(states)
        ],
        "calls": {str(number): sorted(fates) for number, fates in sorted(calls.items())},
    }


def _in_order(states: set[tuple[tuple[str, Any], ...]]) -> list[tuple[tuple[str, Any], ...]]:
    try:
        return sorted(states)
    except TypeError:  # a model's variables may have values of several types
        return sorted(states, key=repr)


def _event(event: EventData) -> Event:
    """Return an event that `trace.make_trace` wrote as the judge takes it."""
    match event:
        case {"kind": "begin", "call": call, "operation": operation, "arguments": arguments}:
            return Begin(
                call - 1, operation, tuple(arguments), event.get("task", 0), cancelled=event.get("cancelled", False)
            )
        case {"kind": "request", "call": call}:
            return Request(call - 1)
        case {"kind": "observe", "values": values}:
            return Observe(tuple(values.items()))
        case {"kind": "rest"}:
            return Rest()
        case {"kind": "stray", "error": error}:
            return Stray(error)
        case {"kind": "host-fault", "name": name, "text": text}:
            return HostFault(name, text)
        case {"kind": "time", "seconds": seconds}:
            return TimePasses(seconds)
        case {"kind": "hang", "what": what, "spent": spent, "at": at}:
            return Hang(what, spent, at, event["call"] - 1 if "call" in event else None)
        case {"how": "raised", "error": error, "message": message}:
            return End(event["call"] - 1, "raised", error=_error(error, message))
    value = event.get("value")
    return End(event["call"] - 1, event["how"], value, leads=event.get("leads", told_lead(value)))


def _error(name: str, message: str) -> BaseException:
    """Return an exception of that name: the specification's, Python's, or else one of a new class of that name."""
    found = getattr(spec_step, name, getattr(builtins, name, None))
    base: type[Exception] = found if isinstance(found, type) and issubclass(found, Exception) else Exception
    if issubclass(base, ExceptionGroup):  # which cannot be made without what was in it, and no rule gives one
        base = Exception
    error: BaseException = type(name, (base,), {"__init__": lambda self, message: None})(message)
    return error
