"""Which claim does a history break, that no configuration allows?

The event that no configuration allows is compared with what the configurations say of the call: an index that was given
to another, a return without a release, an error where a release was due, a release that never came.
"""

from __future__ import annotations

from typing import Final

from latchproof.check.judge import (
    Configuration,
    End,
    Fate,
    Finding,
    Judge,
    Observe,
    Rest,
    is_broken_barrier_error,
    without_addresses,
)
from latchproof_spec.step import ANY_INDEX

_CHANGES: Final = {"count_down", "set_count", "abort", "reset"}
"""The operations whose business it is to change what can be observed, as a wait's is not."""


def attribute(judge: Judge, before: frozenset[Configuration], event: End | Observe | Rest) -> Finding:
    """The finding for an event that none of the configurations `before` it allows."""
    if isinstance(event, End):
        return _of_end(judge, before, event)
    if isinstance(event, Observe):
        return _of_observation(judge, before, event)
    return _of_rest(judge, before)


def _of_end(judge: Judge, before: frozenset[Configuration], event: End) -> Finding:
    fates = {here.fate(event.call) for here in before}
    allowed, rules = _allowed(judge, fates)
    operation = judge.operation(event.call)
    if event.how == "returned":
        value = f" {event.value!r}" if event.value is not None else ""
        seen = f"{operation.name}() returned{value}"
        if not operation.waits:
            claim = "C10"
        elif any(isinstance(fate.ending, int) for fate in fates):
            claim = "C5"
        elif any(fate.kind == "ends" for fate in fates):
            claim = "C10" if any(fate.rule is not None and fate.rule.refuses for fate in fates) else "C14"
        else:
            claim = "C3" if judge.machine.name == "latch" else "C6"
        return Finding(claim, seen, allowed, rules)
    if event.how == "cancelled":
        failed = any(isinstance(fate.ending, type) for fate in fates)
        claim = "C14" if failed else "C7" if judge.cancellations else "C11"
        return Finding(claim, f"{operation.name}() ended cancelled, and nobody cancelled it", allowed, rules)
    assert event.error is not None
    seen = f"{operation.name}() raised {type(event.error).__name__}: {without_addresses(str(event.error))}"
    if not is_broken_barrier_error(event.error) or not operation.waits or judge.machine.name == "latch":
        return Finding("C10", seen, allowed, rules)
    if any(isinstance(fate.ending, int) for fate in fates):
        return Finding("C8", seen, allowed, rules)
    return Finding("C7" if judge.cancellations else "C9", seen, allowed, rules)


def _of_observation(judge: Judge, before: frozenset[Configuration], event: Observe) -> Finding:
    for name, value in event.values:
        due = {judge.machine.observations[name].read(*judge.constants, *here.state) for here in before}
        if not any(type(value) is type(one) and value == one for one in due):
            allowed = tuple(f"{name} = {one!r}" for one in sorted(due))
            at_rest = "nothing can run any more, and " if "rest" in judge.recent else ""
            return Finding(_of_what_happened(judge, before, name), f"{at_rest}{name} is {value!r}", allowed, ())
    seen = ", ".join(f"{name} is {value!r}" for name, value in event.values)
    return Finding(_of_what_happened(judge, before, event.values[0][0]), seen, ("not both of these at once",), ())


def _of_what_happened(judge: Judge, before: frozenset[Configuration], name: str) -> str:
    """The claim that an observation breaks: that about what happened since the last one, which was right."""
    if "rest" in judge.recent and any(here.fates for here in before):  # else nobody is there to be stranded
        return "C11"
    if "refused" in judge.recent:
        return "C4"
    if "cancelled" in judge.recent and not judge.recent & _CHANGES:  # else it may be what that call did
        return "C7"
    if judge.recent & {"abort", "reset"}:
        return "C9"
    return {"count": "C1", "n_waiting": "C6", "broken": "C9"}[name]


def _of_rest(judge: Judge, before: frozenset[Configuration]) -> Finding:
    settled = {here for here in before if all(fate.kind != "new" for _, fate in here.fates)}
    for call in sorted({call for here in settled for call, _ in here.fates}):
        fates = {here.fate(call) for here in settled}
        allowed, rules = _allowed(judge, fates)
        operation = judge.operation(call)
        seen = f"nothing can run any more, and {operation.name}() of call {call + 1} has not ended"
        if judge.is_requested(call):
            return Finding("C11", f"{seen} although it was cancelled", allowed, rules)
        if not operation.waits:
            return Finding("C11", seen, allowed, rules)
        if all(fate.kind == "ends" for fate in fates):
            indexed = any(isinstance(fate.ending, int) for fate in fates)
            failed = any(isinstance(fate.ending, type) for fate in fates)
            refused = any(fate.rule is not None and fate.rule.refuses for fate in fates)
            parked = all(fate.rule is not None and fate.rule.operation != operation.name for fate in fates)
            claim = "C10" if refused else "C13" if indexed else "C14" if failed else "C12" if parked else "C11"
            return Finding(claim, seen, allowed, rules)
    return Finding("C11", "nothing can run any more, and somebody is blocked who should not be", ("a release",), ())


def _allowed(judge: Judge, fates: set[Fate]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the specification allows of a call, in words, and the rules by which it does."""
    words = {allowed_of(judge, fate) for fate in fates if fate.kind != "new"}
    rules = sorted({fate.rule.id for fate in fates if fate.rule is not None})
    return tuple(sorted(words)), tuple(rules)


def allowed_of(judge: Judge, fate: Fate) -> str:
    """What a call with this fate may do, in words."""
    if fate.kind == "new":
        return "to take effect"
    if fate.kind == "parked":
        return "to stay parked"
    if fate.kind == "withdrawn":
        return "to end cancelled"
    if isinstance(fate.ending, type):
        return f"to raise {fate.ending.__name__}"
    if fate.ending == ANY_INDEX:
        return f"to return one of 0..{judge.constants[0] - 1} that its generation has not given yet"
    return "to return" if fate.ending is None else f"to return {fate.ending}"
