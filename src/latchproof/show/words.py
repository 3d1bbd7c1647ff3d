"""What several renderings share: phrases, and the error where a format has no rendering of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from latchproof.check.bounds import count_of as count_of
from latchproof.check.verdict import shared
from latchproof_spec.machines import MACHINES

if TYPE_CHECKING:
    from latchproof.check.kinds import Kind
    from latchproof.check.trace import Trace
    from latchproof.check.verdict import Order, Verdict

MOST = 12
"""Maximum number of names in a list."""


class CannotRenderError(Exception):
    """A trace that has no rendering in a format; the text says why."""


def renamed(names: Mapping[str, str]) -> str:
    """Return which names of a class are shown as which names of the specification.

    >>> renamed({"done": "count_down"})
    'done is shown as count_down'
    """
    return ", ".join(f"{own} is shown as {specified}" for own, specified in names.items())


def alternatives(allowed: Iterable[str]) -> str:
    """Return what the specification allows, in one phrase.

    >>> alternatives(["to return 0", "to stay parked"]), alternatives([])
    ('to return 0 or to stay parked', 'no such event')
    """
    return " or ".join(allowed) or "no such event"


def judged_by(trace: Trace) -> str:
    """Return what a trace was judged by, as it ends a list of words."""
    if not trace.is_of_a_model:
        return f"policy {trace.policy}"
    return f"model {trace.machine}" + ("" if trace.policy == trace.machine else f", policy {trace.policy}")


def policies_of(kind: Kind, policies: Sequence[str]) -> str:
    """Return what a verdict is about: policies of a kind, or the model that it is.

    >>> from latchproof.check.kind_of import KINDS
    >>> policies_of(KINDS["lock"], ["lock"]), policies_of(KINDS["barrier"], ["cpython", "java"])
    ('the model lock', 'the policies cpython, java')
    """
    names = [name for name in policies if not kind.is_a_model or name != kind.name]
    which = f"the {'policy' if len(names) == 1 else 'policies'} {', '.join(names)}" if names else ""
    model = f"the model {kind.name}" if kind.is_a_model else ""
    return " under ".join(filter(None, (model, which)))


def order_in_words(order: Order) -> str:
    """Return whether calls continue first come, first served."""
    kept = {True: "yes, within these bounds", False: "no", None: "not known"}[order.is_kept]
    if not order.exercised:
        kept = "not exercised; no run had a call that could overtake another"
    return f"first come, first served: {kept}"


def listed(names: Sequence[str]) -> str:
    """Return names in a line, and how many more there are.

    >>> listed(["wait()", "close()"]), listed("abcdefghijklmn")
    ('wait(), close()', 'a, b, c, d, e, f, g, h, i, j, k, l and 2 more')
    """
    more = len(names) - MOST
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST])} and {more} more"


def state_in_words(values: Mapping[str, object], phases: Collection[str] = (), parked: str = "parked") -> list[str]:
    """Return the variables of a state, or what is read of it, each in words.

    `phases` are two names of which one is that of a bool; `parked` is the variable that counts the waiting calls.

    >>> state_in_words({"parked": 2, "broken": False}, ("whole", "broken"))
    ['2 waiting', 'whole']
    >>> state_in_words({"n_waiting": 1, "count": 3, "is_locked": False, "owner": None})
    ['1 waiting', 'count 3', 'not locked', 'owner None']
    """
    return [_in_words("n_waiting" if name == parked else name, value, phases) for name, value in values.items()]


def phases_of(machine: str) -> tuple[str, ...]:
    """Return the names of a machine's phases; none of a model."""
    return tuple(MACHINES[machine].phases) if machine in MACHINES else ()


def reading(event: Mapping[str, Any], phases: Collection[str]) -> str:
    """Return what is read in an event, in words; "" if the target has nothing to read.

    >>> reading({"values": {"n_waiting": 2, "broken": False}, "wrong": ["n_waiting"]}, ("whole", "broken"))
    '2 waiting (wrong), whole'
    """
    wrong = event.get("wrong", ())
    said = zip(event["values"], state_in_words(event["values"], phases), strict=True)
    return ", ".join(words + " (wrong)" * (name in wrong) for name, words in said)


def _in_words(name: str, value: object, phases: Collection[str]) -> str:
    if isinstance(value, bool):
        name = name.removeprefix("is_")
        opposite = next((one for one in phases if one != name), "") if name in phases else ""
        return name if value else opposite or f"not {name}"
    return f"{value} {name[2:]}" if name.startswith("n_") else f"{name} {value}"


def either(states: Sequence[Sequence[str]]) -> str:
    """Return states that are possible, each given part by part, in one phrase.

    >>> either([["1 waiting", "whole"], ["2 waiting", "whole"]]), either([["count 0", "open"], ["count 1", "closed"]])
    ('1 or 2 waiting, whole', 'count 0, open; or count 1, closed')
    """
    parts = list(states[0]) if states else []
    differing = [place for place in range(len(parts)) if len({tuple(one[place : place + 1]) for one in states}) > 1]
    if len({len(one) for one in states}) == 1 and len(differing) == 1:
        (place,) = differing
        parts[place] = _merged([one[place].split(" ") for one in states])
        return ", ".join(parts)
    return "; or ".join(", ".join(one) for one in states)


def _merged(phrases: Sequence[Sequence[str]]) -> str:
    """Return alternatives with the words at either end that all share written once."""
    shortest = min(map(len, phrases))
    start = len(list(takewhile(lambda words: len(set(words)) == 1, zip(*phrases, strict=False))))
    backwards = zip(*(one[::-1] for one in phrases), strict=False)
    end = min(len(list(takewhile(lambda words: len(set(words)) == 1, backwards))), shortest - start)
    inner = " or ".join(" ".join(one[start : len(one) - end]) for one in phrases)
    return " ".join([*phrases[0][:start], inner, *phrases[0][len(phrases[0]) - end :]])


def meaning(verdict: Verdict) -> str:
    """Return in one sentence what was found."""
    name, kind = verdict.target.name, verdict.target.kind
    if verdict.status == "counterexample":
        broken = ", ".join(verdict.reported.failures)
        others = ""
        if len(verdict.policies) > 1:
            common = [claim for claim in verdict.reported.failures if claim in shared(verdict.policies)]
            number = sum(set(common) <= set(one.failures) for one in verdict.policies)
            others = f" (no policy is satisfied; {number} of {len(verdict.policies)} break {', '.join(common)})"
        under = policies_of(kind, [verdict.reported.policy])
        if kind.is_a_model:
            return f"{name} does not conform to {under}: {broken}{others}"
        return f"{name} breaks {broken} under {under}{others}"
    if verdict.status == "inconclusive":
        return f"inconclusive: no counterexample was found against {name}, but see above why that is not enough"
    policies = policies_of(kind, verdict.satisfied)
    if verdict.scheduler != "exhaustive":
        return f"no counterexample was found against {name} in these schedules, under {policies}"
    to = policies if verdict.claim is None else f"{verdict.claim} under {policies}"
    return f"{name} conforms to {to}, within these bounds; nothing is said beyond them"
