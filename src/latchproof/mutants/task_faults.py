"""Shapes that have gone wrong in released software, about tasks that have been released and have not run yet.

Of these `step.apply` knows nothing. What is here stands in its place: it is given the rule, the queue and who made the
step, as `apply` is, and besides who has been released and has not run yet, with what. One shape is not here, an action
that calls back in, for the specification has no actions.

>>> from latchproof_spec.barrier.rules import B6
>>> as_specified(B6, ("A",), "B", {"C": 0})
((), (('A', <class 'latchproof_spec.step.BrokenBarrierError'>), ('B', None)))
>>> shares_a_flag(B6, ("A",), "B", {"C": 0})[1][2]
('C', <class 'latchproof_spec.step.BrokenBarrierError'>)
"""

from __future__ import annotations

from latchproof_spec import step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Literal, TypeAlias

    from latchproof_spec.step import Ending, Rule

    Queue: TypeAlias = tuple[Any, ...]
    GoneOn: TypeAlias = tuple[tuple[Any, Ending | Literal["cancelled"]], ...]
    Outcome: TypeAlias = Callable[[Rule, Queue, Any, dict[Any, Ending]], tuple[Queue, GoneOn]]


CANCELLED: Final[Literal["cancelled"]] = "cancelled"
"""The ending of a call that ends as if somebody had cancelled it. It is no `step.Ending`: no rule gives it."""


def as_specified(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """The outcome of the original: `step.apply`, to which whoever has been released is out of reach."""
    return step.apply(rule, queue, who)


def wakes_one(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """Of the parked only the first is woken, as by notify() where notify_all() is due; the others stay."""
    after, resumed = step.apply(rule, queue, who)
    left = queue[1:] if rule.queue != "stays" and rule.caller != "leaves" else ()
    return (*after, *left), tuple(one for one in resumed if one[0] not in left)


def cuts_the_chain(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """Each woken task wakes the next, and one that is cancelled does not: those behind it stay parked."""
    if rule.caller == "leaves" and who in released:
        order = list(released)
        return (*queue, *order[order.index(who) + 1 :]), ()
    return step.apply(rule, queue, who)


def lets_tokens_be_stolen(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """A release leaves a token for each waiter, and whoever comes first takes it: one who arrives later goes on."""
    if rule.caller == "parks" and released:
        robbed = next(iter(released))
        return (*queue, robbed), ((who, released[robbed]),)
    return step.apply(rule, queue, who)


def laps(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """No generation: a task that arrives before the released have run closes the gate to them again."""
    if rule.caller == "parks":
        return (*released, *queue, who), ()
    return step.apply(rule, queue, who)


def traps(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """A woken task looks at the count again: whatever set_count does before it runs parks it anew."""
    after, resumed = step.apply(rule, queue, who)
    anew = tuple(released) if rule.operation == "set_count" and not rule.refuses else ()
    return (*after, *anew), resumed


def shares_a_flag(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """The break flag belongs to the barrier and not to the generation: what has tripped and not run yet fails too."""
    after, resumed = step.apply(rule, queue, who)
    failed = tuple((task, rule.errors[0]) for task in released if task != who) if rule.queue == "failed" else ()
    return after, (*resumed, *failed)


def takes_a_live_index(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """An index is how many were parked at the arrival, and is kept when one of those is cancelled."""
    who.ticket = len(queue)
    after, resumed = step.apply(rule, queue, who)
    return after, tuple((task, task.ticket if isinstance(ending, int) else ending) for task, ending in resumed)


def lets_the_last_go_first(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """The parked are kept as a stack."""
    after, resumed = step.apply(rule, queue[::-1], who)
    return (after[::-1] if rule.caller != "parks" else (*queue, who)), resumed


def errs_otherwise(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """Whoever is to get an error gets another than the rule says."""
    after, resumed = step.apply(rule, queue, who)
    return after, tuple((task, KeyError if isinstance(ending, type) else ending) for task, ending in resumed)


def cancels_all(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """All wait for one future, and cancelling one waiter cancels it: the others end cancelled, unasked."""
    after, resumed = step.apply(rule, queue, who)
    if rule.caller != "leaves" or who not in queue:
        return after, resumed
    return (), tuple((task, CANCELLED) for task in after)


def wakes_twice(rule: Rule, queue: Queue, who: Any, released: dict[Any, Ending]) -> tuple[Queue, GoneOn]:
    """Whoever is let go on is woken twice; the second time is an error, which reaches the event loop alone."""
    after, resumed = step.apply(rule, queue, who)
    return after, (*resumed, *(one for one in resumed if one[0] != who))


_EVERY: Final = ("latch", "barrier")
SHAPES: Final[dict[str, tuple[tuple[str, ...], Outcome]]] = {
    "wakes one": (_EVERY, wakes_one),
    "a chain of wake-ups": (_EVERY, cuts_the_chain),
    "stolen tokens": (_EVERY, lets_tokens_be_stolen),
    "lapped": (_EVERY, laps),
    "another error": (_EVERY, errs_otherwise),
    "cancelled together": (_EVERY, cancels_all),
    "woken twice": (_EVERY, wakes_twice),
    "a gate that closes again": (("latch",), traps),
    "a shared break flag": (("barrier",), shares_a_flag),
    "a live index": (("barrier",), takes_a_live_index),
    "last in, first out": (("barrier",), lets_the_last_go_first),
}
"""By name: the machines that have the shape, and what stands in place of `step.apply`."""
