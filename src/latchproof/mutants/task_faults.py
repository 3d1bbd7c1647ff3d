"""Faults that released software has had, about tasks that were released and have not run yet.

`step.apply` knows nothing of these tasks. A fault here stands in its place: it is given the rule, the queue and who
made the step, as `apply` is, and the tasks that are released and have not run, each with its ending. One fault is
missing, an action that calls back into the object, for the specification has no actions.

>>> from latchproof_spec.barrier.rules import B6
>>> as_specified(B6, ("A",), "B", {"C": 0})
((), (('A', <class 'latchproof.BrokenBarrierError'>), ('B', None)))
>>> shares_a_flag(B6, ("A",), "B", {"C": 0})[1][2]
('C', <class 'latchproof.BrokenBarrierError'>)
"""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from latchproof_spec import step
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule

Queue: TypeAlias = tuple[Any, ...]
Resumed: TypeAlias = "tuple[tuple[Any, step.Ending | Literal['cancelled']], ...]"
Released: TypeAlias = "dict[Any, step.Ending]"
TaskFault: TypeAlias = Callable[[Rule, Queue, Any, Released], "tuple[Queue, Resumed]"]

CANCELLED: Final[Literal["cancelled"]] = "cancelled"
"""The ending of a call that ends as if it had been cancelled. It is not a `step.Ending`: no rule gives it."""

SETS: Final = "set_count"
"""The operation that may close a gate again."""


def as_specified(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Do as the original does: `step.apply`, which leaves the released tasks alone."""
    return step.apply(rule, queue, who)


def wakes_one(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Wake only the first of the parked tasks, as notify() does in place of notify_all(); the others stay."""
    after, resumed = step.apply(rule, queue, who)
    left = queue[1:] if rule.queue != "stays" and rule.caller != "leaves" else ()
    return (*after, *left), tuple(one for one in resumed if one[0] not in left)


def cuts_the_chain(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Have each woken task wake the next, but not if it is cancelled: those behind it stay parked."""
    if rule.caller == "leaves" and who in released:
        order = list(released)
        return (*queue, *order[order.index(who) + 1 :]), ()
    return step.apply(rule, queue, who)


def lets_tokens_be_stolen(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Leave a token for each waiter at a release, and let the first task that comes take one, even a later arrival."""
    if rule.caller == "parks" and released:
        robbed = next(iter(released))
        return (*queue, robbed), ((who, released[robbed]),)
    return step.apply(rule, queue, who)


def laps(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Know no generations: a task that arrives before the released ones have run closes the gate to them again."""
    if rule.caller == "parks":
        return (*released, *queue, who), ()
    return step.apply(rule, queue, who)


def traps(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Have a woken task look at the count again: a set_count before it runs, of any number, parks it again."""
    after, resumed = step.apply(rule, queue, who)
    trapped = tuple(released) if rule.operation == SETS and not rule.refuses else ()
    return (*after, *trapped), resumed


def shares_a_flag(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Keep the break flag in the barrier, not in the generation: tasks that were released and have not run fail too."""
    after, resumed = step.apply(rule, queue, who)
    failed = tuple((task, rule.errors[0]) for task in released if task != who) if rule.queue == "failed" else ()
    return after, (*resumed, *failed)


def takes_a_live_index(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Give each task as its index how many were parked when it arrived, even if one of those is cancelled since."""
    who.ticket = len(queue)
    after, resumed = step.apply(rule, queue, who)
    return after, tuple((task, task.ticket if isinstance(ending, int) else ending) for task, ending in resumed)


def lets_the_last_go_first(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Keep the parked tasks on a stack."""
    after, resumed = step.apply(rule, queue[::-1], who)
    return (after[::-1] if rule.caller != "parks" else (*queue, who)), resumed


def errs_otherwise(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Give each task that fails another error than its rule says."""
    after, resumed = step.apply(rule, queue, who)
    return after, tuple((task, KeyError if isinstance(ending, type) else ending) for task, ending in resumed)


def cancels_all(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Have all wait for one future, which the cancellation of one waiter cancels: the others end cancelled too."""
    after, resumed = step.apply(rule, queue, who)
    if rule.caller != "leaves" or who not in queue:
        return after, resumed
    return (), tuple((task, CANCELLED) for task in after)


def wakes_twice(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Wake each released task twice; the second time is an error, which only the event loop sees."""
    after, resumed = step.apply(rule, queue, who)
    return after, (*resumed, *(one for one in resumed if one[0] != who))


def fails_at_arrivals(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Have each arrival fail the tasks that are parked, as if the barrier had been broken."""
    if rule.caller == "parks":
        return (who,), tuple((task, step.BrokenBarrierError) for task in queue)
    return step.apply(rule, queue, who)


def wakes_at_arrivals(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
    """Have each arrival wake the tasks that are parked, which do not look whether they may continue."""
    if rule.caller == "parks":
        return (who,), tuple((task, None) for task in queue)
    return step.apply(rule, queue, who)


def _any(machine: Machine) -> bool:
    return True


TASK_FAULTS: Final[dict[str, tuple[TaskFault, Callable[[Machine], bool]]]] = {
    "a shared break flag": (shares_a_flag, lambda machine: any(rule.queue == "failed" for rule in machine.rules)),
    "wakes one": (wakes_one, _any),
    "a chain of wake-ups": (cuts_the_chain, _any),
    "stolen tokens": (lets_tokens_be_stolen, _any),
    "lapped": (laps, _any),
    "another error": (errs_otherwise, _any),
    "cancelled together": (cancels_all, _any),
    "woken twice": (wakes_twice, _any),
    "a gate that closes again": (traps, lambda machine: any(one.name == SETS for one in machine.operations)),
    "a spurious wake-up": (wakes_at_arrivals, _any),
    "a failure unasked": (fails_at_arrivals, lambda machine: any(rule.queue == "failed" for rule in machine.rules)),
    "a live index": (takes_a_live_index, lambda machine: machine.gives_index),
    "last in, first out": (lets_the_last_go_first, lambda machine: machine.gives_index),
}
"""By name: what stands in place of `step.apply`, and whether a machine can have the fault.

A quick ledger fuzzes these in order until each claim is broken: random runs of "stolen tokens" do not break C8.
"""
