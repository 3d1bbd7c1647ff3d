"""What is claimed of the CountdownLatch, as functions that are evaluated on ints and on symbolic ints alike.

The sentences of the claims, and what the arguments `step` and `moment` hold, stand in `claims`.
"""

from __future__ import annotations

from latchproof_spec import claims
from latchproof_spec.claims import C1, C2, C3, C4, C7, C10, C11, C12, Account, Eventuality, Moment, Property, Step
from latchproof_spec.step import LatchInUseError, ZeroLatchError, is_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


def count_is_not_negative(count: int, parked: int) -> bool:
    return count >= 0


def nobody_is_parked_at_zero(count: int, parked: int) -> bool:
    return parked >= 0 and (count > 0 or parked == 0)


SETTERS: Final = {"set_count": "n", "create": "count"}
"""What sets the count, and what its argument is called."""


def count_is_kept(step: Step) -> bool:
    """C1: a count_down takes one off unless there is none to take, set_count sets, nothing else touches the count."""
    count, _ = step.before
    new_count, _ = step.after
    if step.rule.refuses or step.operation not in ("count_down", *SETTERS):
        return bool(new_count == count)
    if step.operation in SETTERS:
        return bool(new_count == step.arguments[SETTERS[step.operation]])
    return bool(new_count == count - 1) if count > 0 else bool(new_count == 0)


def parked_are_counted(step: Step) -> bool:
    """C2: one more for a caller that parks, one fewer for a parked one that leaves, none left by a release."""
    _, parked = step.before
    _, new_parked = step.after
    if step.rule.caller == "parks":
        return bool(new_parked == parked + 1)
    if step.rule.queue == "released":
        return bool(new_parked == 0)
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        return bool(new_parked == parked - 1)
    return bool(new_parked == parked)


def goes_on_at_zero(step: Step) -> bool:
    """C3: a wait returns, and the parked are released, only in a step before or after which the count is zero."""
    count, _ = step.before
    new_count, _ = step.after
    returns = step.operation == "wait" and step.rule.caller == "returns"
    return not (returns or step.rule.queue != "stays") or count == 0 or new_count == 0


def zero_releases(step: Step) -> bool:
    """C12: the step that brings the count to zero releases whoever is parked, with a plain return."""
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
    """C10: which errors are due, and that it is these, or none."""
    count, parked = step.before
    due: tuple[type[Exception], ...] = ()
    if step.operation in SETTERS:
        number = step.arguments[SETTERS[step.operation]]
        if not is_whole_number(number):
            due = (TypeError,)
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
    """C10: a count_down too many that is not refused is warned of, and nothing else is."""
    count, _ = step.before
    due = step.operation == "count_down" and not step.rule.refuses and count == 0
    return step.rule.warns == bool(due)


def blocked_while_closed(count: int, parked: int) -> bool:
    return parked == 0 or count > 0


def parked_are_the_tasks_parked(constants: tuple[()], state: tuple[int, int], parked: int, released: int) -> bool:
    """C2: the number in the state is the number of tasks."""
    return state[1] == parked


def nobody_is_stranded(constants: tuple[()], state: tuple[int, int], parked: int, released: int) -> bool:
    """C11: once everybody who is released has gone on, whoever is parked is at a closed latch."""
    return released > 0 or parked == 0 or state[0] > 0


def zero_owes(step: Step) -> bool:
    """C12: a step that leaves the count at zero lets the parked go on."""
    return bool(step.after[0] == 0)


def endings_are_plain(moment: Moment) -> bool:
    """C3 and C12: whoever goes on, goes on with a plain return, except a caller that is refused."""
    refused = moment.step.rule.refuses
    return all(ending is None or (task == moment.who and refused) for task, ending in moment.gone_on)


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


INVARIANTS: Final = (
    Property("the count is not negative", (C1,), count_is_not_negative),
    Property("nobody is parked at zero", (C2,), nobody_is_parked_at_zero),
    Property("whoever is blocked is at a closed latch", (C11,), blocked_while_closed),
)

STEP_PROPERTIES: Final = (
    Property("the count is kept", (C1,), count_is_kept),
    Property("the parked are counted", (C2,), parked_are_counted),
    Property("goes on at zero", (C3,), goes_on_at_zero),
    Property("refused changes nothing", (C4,), claims.refused_changes_nothing),
    Property("a withdrawal takes back itself", (C7,), withdrawal_takes_back_itself),
    Property("refusals are exact", (C10,), refusals_are_exact),
    Property("warnings are exact", (C10,), warnings_are_exact),
    Property("zero releases", (C12,), zero_releases),
)

HISTORY_PROPERTIES: Final = (
    Property("only the parked and the caller go on", (C2, C7), claims.only_the_parked_and_the_caller_go_on),
    Property("the released stay released", (C12,), claims.released_stay_released),
    Property("endings are plain", (C3, C12), endings_are_plain),
    Property("whoever calls parks or goes on", (C11,), claims.caller_parks_or_goes_on),
    Property("whoever is withdrawn is gone", (C7,), claims.withdrawn_is_gone),
    Property("errors are those of refusals", (C4, C10), claims.errors_are_those_of_refusals),
)

ACCOUNTS: Final = (SET_LESS_COUNTED,)

CENSUSES: Final = (
    Property("the parked are the tasks parked", (C2,), parked_are_the_tasks_parked),
    Property("nobody is stranded", (C11,), nobody_is_stranded),
)

EVENTUALITIES: Final = (Eventuality("parked at zero goes on", C12, zero_owes),)
