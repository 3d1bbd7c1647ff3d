"""What is claimed of the CountdownLatch, as functions that are evaluated on ints and on symbolic ints.

What the arguments `step` and `moment` hold stands in `latchproof_spec.claims`, what `now` and a call hold in
`latchproof_spec.calls`; the sentences that every machine shares stand in the first.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from latchproof_spec import calls, claims
from latchproof_spec.calls import Call, CallClaims, Snapshot
from latchproof_spec.claims import C4, C7, C10, C11, C15, C16, Account, Claim, Eventuality, Moment, Property, Step
from latchproof_spec.step import LatchInUseError, ZeroLatchError, is_whole_number

# fmt: off
C1: Final = Claim("C1", "safety",
    "The count is never negative, and is what was last set less the count_downs since, never below zero.",
    unobservable="a wrong count shows in what is read, as C16, or in when tasks continue, as C3 or C12")
C2: Final = Claim("C2", "safety",
    "No task is parked on an open latch, and the number parked is the number of tasks in wait() that are neither "
    "released nor withdrawn.",
    beyond_counters="which tasks they are",
    unobservable="parked tasks cannot be seen from outside; violations show up as C10, C11 or C12")
C3: Final = Claim("C3", "safety",
    "wait() on a latch returns only if the count was zero at some moment between call and return.",
    beyond_counters="that a task that returns was released, or found the count at zero")
C12: Final = Claim("C12", "liveness",
    "A task parked on a latch whose count reaches zero returns, unless it is cancelled, whatever set_count does "
    "afterwards.",
    beyond_counters="that a released task continues")
# fmt: on


def count_is_not_negative(count: int, parked: int) -> bool:
    return count >= 0


def no_task_is_parked_at_zero(count: int, parked: int) -> bool:
    return parked >= 0 and (count > 0 or parked == 0)


SETTERS: Final = MappingProxyType({"set_count": "n", "create": "count"})
"""The operations that set the count, with the names of their arguments."""


def count_is_kept(step: Step) -> bool:
    """C1: a count_down takes one off unless there is none to take, set_count sets, nothing else changes it."""
    count, _ = step.before
    new_count, _ = step.after
    if step.rule.refuses or step.operation not in ("count_down", *SETTERS):
        return bool(new_count == count)
    if step.operation in SETTERS:
        return bool(new_count == step.arguments[SETTERS[step.operation]])
    return bool(new_count == count - 1) if count > 0 else bool(new_count == 0)


def parked_are_counted(step: Step) -> bool:
    """C2: one more for a caller that parks, one fewer for a parked task that leaves, none after a release."""
    _, parked = step.before
    _, new_parked = step.after
    if step.rule.caller == "parks":
        return bool(new_parked == parked + 1)
    if step.rule.queue == "released":
        return bool(new_parked == 0)
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        return bool(new_parked == parked - 1)
    return bool(new_parked == parked)


def only_waits_park(step: Step) -> bool:
    """C2: a call is parked if it is a wait() on a closed latch, and no other call is."""
    return bool((step.rule.caller == "parks") == (step.operation == "wait" and step.before[0] > 0))


def continues_at_zero(step: Step) -> bool:
    """C3: a wait returns, and the parked are released, only in a step before or after which the count is zero."""
    count, _ = step.before
    new_count, _ = step.after
    returns = step.operation == "wait" and step.rule.caller == "returns"
    return not (returns or step.rule.queue != "stays") or count == 0 or new_count == 0


def zero_releases(step: Step) -> bool:
    """C12: the step that brings the count to zero releases every parked task, with a plain return."""
    _, parked = step.before
    new_count, _ = step.after
    return step.rule.queue == "released" or parked == 0 or new_count > 0


def withdrawal_takes_back_itself(step: Step) -> bool:
    """C7."""
    return step.operation != "withdraw" or (
        step.after == (step.before[0], step.before[1] - (1 if step.arguments["is_parked"] else 0))
        and step.rule.queue == "stays"
        and step.rule.caller == "leaves"
    )


def refusals_are_exact(step: Step) -> bool:
    """C10: the rule raises the expected errors, or none."""
    count, parked = step.before
    due: tuple[type[Exception], ...] = ()
    if step.operation in SETTERS:
        number = step.arguments[SETTERS[step.operation]]
        if not is_whole_number(number):
            due = (TypeError,)
        elif step.policy.set_count_in_use == "refuses above zero" and count > 0:
            due = (RuntimeError, ValueError)
        elif number < 0:
            due = (ValueError,)
        elif parked > 0 and step.policy.set_count_in_use == "refuses":
            due = (LatchInUseError,)
    if step.operation == "count_down" and count == 0:
        if step.policy.over_counting == "raises":
            due = (RuntimeError, ValueError)
        elif step.arguments["exception_if_zero"]:
            due = (ZeroLatchError,)
    return (step.rule.errors if step.rule.refuses else ()) == due


def warnings_are_exact(step: Step) -> bool:
    """C10: a count_down too many that is not refused is warned about, and nothing else is."""
    count, _ = step.before
    due = step.operation == "count_down" and not step.rule.refuses and count == 0
    return step.rule.warns == bool(due)


def new_latch_is_as_asked(step: Step) -> bool:
    """C16: a new latch has the count that was asked for, and no task is parked on it."""
    return step.operation != "create" or step.rule.refuses or step.after == (step.arguments["count"], 0)


def properties_read_the_state(constants: tuple[()], state: tuple[int, int], readings: dict[str, Any]) -> bool:
    """C16: a caller reads the count, whether it is zero, and how many are parked."""
    count, parked = state
    return bool(readings["count"] == count and readings["is_open"] == (count == 0) and readings["n_waiting"] == parked)


def blocked_while_closed(count: int, parked: int) -> bool:
    return parked == 0 or count > 0


def parked_are_the_tasks_parked(constants: tuple[()], state: tuple[int, int], parked: int, released: int) -> bool:
    """C2: the number in the state is the number of tasks."""
    return state[1] == parked


def no_task_is_stranded(constants: tuple[()], state: tuple[int, int], parked: int, released: int) -> bool:
    """C11: once every released task has continued, each parked task is at a closed latch."""
    return released > 0 or parked == 0 or state[0] > 0


def zero_owes(step: Step) -> bool:
    """C12: a step that leaves the count at zero lets the parked continue."""
    return bool(step.after[0] == 0)


def endings_are_plain(moment: Moment) -> bool:
    """C3 and C12: each task that continues does so with a plain return, except a caller that is refused."""
    refused = moment.step.rule.refuses
    return all(ending is None or (task == moment.who and refused) for task, ending in moment.resumed)


SET_LESS_COUNTED: Final = Account(
    "the count is what was last set less the count_downs since, never below zero",
    (C1,),
    ("last_set", "count_downs"),
    start=lambda constants, state: (state[0], 0),
    update=lambda step, ghosts: (
        ghosts
        if step.rule.refuses or step.operation not in ("count_down", "set_count")
        else (step.arguments["n"], 0)
        if step.operation == "set_count"
        else (ghosts[0], ghosts[1] + 1)
    ),
    holds=lambda constants, state, ghosts: (
        state[0] == ghosts[0] - ghosts[1] if ghosts[0] > ghosts[1] else state[0] == 0
    ),
)


def returns_at_zero(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C3: a wait() is let return by a step that finds the count at zero, or brings it there."""
    if not after.waits or not after.returned or before.returned:
        return True
    return bool(step.before[0] == 0 or step.after[0] == 0)


def wait_returns_or_nothing(now: Snapshot, one: Call, other: Call) -> bool:
    """C3 and C12: a wait() on a latch is never given anything but its return."""
    return not one.waits or (not one.indexed and not one.failed)


def parked_at_closed_latch(now: Snapshot, one: Call, other: Call) -> bool:
    """C11: each parked call is at a latch with a count above zero."""
    return not one.parked or bool(now.state[0] > 0)


def zero_lets_the_parked_return(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C12: a step that leaves the count at zero lets each parked call return, but one that is withdrawn."""
    return not before.parked or before.acts or step.after[0] != 0 or (after.released and after.returned)


INVARIANTS: Final = (
    Property("the count is not negative", (C1,), count_is_not_negative),
    Property("no task is parked at zero", (C2,), no_task_is_parked_at_zero),
    Property("each blocked task is at a closed latch", (C11,), blocked_while_closed),
)

STEP_PROPERTIES: Final = (
    Property("the count is kept", (C1,), count_is_kept),
    Property("the parked are counted", (C2,), parked_are_counted),
    Property("only a wait() on a closed latch parks", (C2,), only_waits_park),
    Property("continues at zero", (C3,), continues_at_zero),
    Property("refused changes nothing", (C4,), claims.refused_changes_nothing),
    Property("a withdrawal takes back itself", (C7,), withdrawal_takes_back_itself),
    Property("refusals are exact", (C10,), refusals_are_exact),
    Property("warnings are exact", (C10,), warnings_are_exact),
    Property("a new latch is as asked", (C16,), new_latch_is_as_asked),
    Property("zero releases", (C12,), zero_releases),
)

HISTORY_PROPERTIES: Final = (
    Property("only the parked and the caller continue", (C2, C7), claims.only_the_parked_and_the_caller_continue),
    Property("the released stay released", (C12,), claims.released_stay_released),
    Property("endings are plain", (C3, C12), endings_are_plain),
    Property("a caller parks or continues", (C11,), claims.caller_parks_or_continues),
    Property("a withdrawn task is gone", (C7,), claims.withdrawn_is_gone),
    Property("errors are those of the rule", (C4, C15), claims.errors_are_those_of_the_rule),
)

ACCOUNTS: Final = (SET_LESS_COUNTED,)

READINGS: Final = (Property("the properties are read", (C16,), properties_read_the_state),)

CENSUSES: Final = (
    Property("the parked are the tasks parked", (C2,), parked_are_the_tasks_parked),
    Property("no task is stranded", (C11,), no_task_is_stranded),
)

EVENTUALITIES: Final = (Eventuality("parked at zero continues", C12, zero_owes),)

CALLS: Final = CallClaims(
    invariants=(
        Property("a parked call is in wait() and nothing else", (C2,), calls.parked_in_wait),
        Property("a parked call has its own place", (C2,), calls.has_its_own_place),
        Property("a wait() is given its return or nothing", (C3, C12), wait_returns_or_nothing),
        Property("a parked call is at a closed latch", (C2, C11), parked_at_closed_latch),
    ),
    places=(Property("every place in the queue is held", (C2,), calls.place_in_queue_is_held),),
    steps=(
        Property("a parked call stays so until it is released", (C2,), calls.stays_parked_until_released),
        Property("only those present continue", (C2, C3), calls.only_those_present_continue),
        Property("an ending is final", (C3,), calls.ending_is_final),
        Property("a call that has ended stays ended", (C3,), calls.ended_stays_ended),
        Property("a wait() returns at zero", (C3,), returns_at_zero),
        Property("a refusal changes no other call", (C4, C15), calls.refused_changes_no_other_call),
        Property("a call fails as the rule says", (C15,), calls.errors_are_those_of_the_rule),
        Property("a caller parks or returns", (C11,), calls.caller_parks_or_returns),
        Property("a withdrawal takes back itself alone", (C7,), calls.withdrawal_takes_back_itself),
        Property("a withdrawal leaves the parked as they were", (C7,), calls.withdrawal_leaves_the_parked),
        Property("the released stay released", (C12,), calls.released_stays_released),
        Property("zero lets the parked return", (C12,), zero_lets_the_parked_return),
    ),
)
