"""What is claimed of the Barrier, as functions that are evaluated on ints and on symbolic ints alike.

The sentences of the claims, and what the arguments `step` and `moment` hold, stand in `claims`.
"""

from __future__ import annotations

from latchproof_spec import claims
from latchproof_spec.barrier import BROKEN
from latchproof_spec.claims import (
    C4,
    C5,
    C6,
    C7,
    C8,
    C9,
    C10,
    C11,
    C13,
    C14,
    Account,
    Eventuality,
    Moment,
    Property,
    Step,
)
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, is_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


def fewer_than_parties_are_parked(parties: int, parked: int, broken: bool) -> bool:
    return parked >= 0 and parked < parties


def nobody_is_parked_when_broken(parties: int, parked: int, broken: bool) -> bool:
    return not broken or parked == 0


def whole_generation_trips(step: Step) -> bool:
    """C6 and C13: the parties-th arrival at a whole barrier lets all go on with their indices; no other step does."""
    (parties,) = step.constants
    parked, broken = step.before
    completes = step.operation == "wait" and not broken and parked + 1 == parties
    trips = step.rule.queue == "indexed" and step.rule.caller == "returns an index"
    return trips == completes and (trips or step.rule.queue != "indexed") and (not trips or step.after == (0, broken))


def arrivals_are_counted(step: Step) -> bool:
    """C6: an arrival that does not complete the generation is one more parked, and nobody else counts."""
    parked, _ = step.before
    new_parked, _ = step.after
    if step.rule.caller == "parks":
        return bool(new_parked == parked + 1)
    if step.rule.queue != "stays":
        return bool(new_parked == 0)
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        return bool(new_parked == parked - 1)
    return bool(new_parked == parked)


def withdrawal_takes_back_itself(step: Step) -> bool:
    """C7, where a cancelled waiter withdraws; and under any policy, to withdraw a released one is nothing."""
    if step.operation != "withdraw" or (step.policy.cancelled == "breaks" and step.arguments["is_parked"]):
        return True
    parked, broken = step.before
    return (
        step.after == (parked - (1 if step.arguments["is_parked"] else 0), broken)
        and step.rule.queue == "stays"
        and step.rule.caller == "leaves"
    )


def only_abort_breaks_and_reset_mends(step: Step) -> bool:
    """C9; where the policy has a cancelled party break the barrier, that does too."""
    _, broken = step.before
    new_parked, new_broken = step.after
    breaks = step.operation == "abort" or (
        step.operation == "withdraw" and step.arguments["is_parked"] and step.policy.cancelled == "breaks"
    )
    if breaks or step.operation == "reset":
        return bool(new_broken == breaks) and step.rule.queue == "failed" and new_parked == 0
    return bool(new_broken == broken) and step.rule.queue != "failed"


def refusals_are_exact(step: Step) -> bool:
    """C10: wait is refused when the barrier is broken, a barrier of no parties is not made; what is made is as asked.

    What a barrier has to say, it says by an error: nothing warns.
    """
    _, broken = step.before
    due: tuple[type[Exception], ...] = ()
    if step.operation == "wait" and broken:
        due = BROKEN
    if step.operation == "create":
        parties = step.arguments["parties"]
        due = (TypeError,) if not is_whole_number(parties) else (ValueError,) if parties < 1 else ()
        if due == () and step.constants != (parties,):
            return False
    return (step.rule.errors if step.rule.refuses else ()) == due and not step.rule.warns


def abort_and_reset_fail_the_parked(step: Step) -> bool:
    """C14."""
    return step.operation not in ("abort", "reset") or (
        step.rule.queue == "failed" and step.rule.caller == "returns" and step.rule.errors == BROKEN
    )


def parked_are_the_tasks_parked(constants: tuple[int], state: tuple[int, bool], parked: int, released: int) -> bool:
    """C6: the number in the state is the number of tasks."""
    return state[0] == parked


def nobody_is_stranded(constants: tuple[int], state: tuple[int, bool], parked: int, released: int) -> bool:
    """C11: once everybody who is released has gone on, whoever is parked is at a whole barrier, too few to trip it."""
    return released > 0 or parked == 0 or (not state[1] and parked < constants[0])


def whole_generation_owes(step: Step) -> bool:
    """C13: the parties-th arrival at a whole barrier lets its generation go on."""
    (parties,) = step.constants
    parked, broken = step.before
    return step.operation == "wait" and not broken and bool(parked + 1 == parties)


def abort_and_reset_owe(step: Step) -> bool:
    """C14: abort and reset let the parked go on."""
    return step.operation in ("abort", "reset")


def indices_are_exact(moment: Moment) -> bool:
    """C5: at a trip the parked in order of arrival, then the caller, get 0..parties-1; nobody gets an index else."""
    given = [ending for _, ending in moment.gone_on if isinstance(ending, int)]
    if moment.step.rule.queue != "indexed":
        return given == []
    (parties,) = moment.step.constants
    order = moment.step.policy.index_order
    due = {
        "arrival": list(range(parties)),
        "reversed": list(range(parties - 1, -1, -1)),
        "any": [ANY_INDEX] * parties,
    }[order]
    return given == due and tuple(task for task, _ in moment.gone_on) == (*moment.queue_before, moment.who)


def generation_is_whole(moment: Moment) -> bool:
    """C6: whoever goes on with an index does so as one of exactly parties, all of them arrived."""
    given = [task for task, ending in moment.gone_on if isinstance(ending, int)]
    return given == [] or len(set(given)) == moment.step.constants[0] == len(moment.queue_before) + 1


def exactly_the_parked_fail(moment: Moment) -> bool:
    """C9 and C14: abort and reset fail everyone who is parked and nobody else."""
    failed = [task for task, ending in moment.gone_on if ending is BrokenBarrierError and task != moment.who]
    if moment.step.operation in ("abort", "reset"):
        return tuple(failed) == moment.queue_before
    return failed == [] or (moment.step.operation == "withdraw" and moment.step.policy.cancelled == "breaks")


def _account(step: Step, ghosts: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    arrived, generations, withdrawn, failed = ghosts
    if step.rule.caller in ("parks", "returns an index"):
        arrived = arrived + 1
    if step.rule.queue == "indexed":
        generations = generations + 1
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        withdrawn = withdrawn + 1
    if step.rule.queue == "failed":
        failed = failed + step.before[0] - (1 if step.operation == "withdraw" else 0)
    return arrived, generations, withdrawn, failed


EVERY_ARRIVAL_IS_ACCOUNTED_FOR: Final = Account(
    "arrivals = generations x parties + parked + withdrawn + failed",
    (C6, C7),
    ("arrived", "generations", "withdrawn", "failed"),
    start=lambda constants, state: (0, 0, 0, 0),
    update=_account,
    holds=lambda constants, state, ghosts: ghosts[0] == ghosts[1] * constants[0] + state[0] + ghosts[2] + ghosts[3],
)


INVARIANTS: Final = (
    Property("fewer than parties are parked", (C6, C11), fewer_than_parties_are_parked),
    Property("nobody is parked when broken", (C11,), nobody_is_parked_when_broken),
)

STEP_PROPERTIES: Final = (
    Property("refused changes nothing", (C4,), claims.refused_changes_nothing),
    Property("a whole generation trips", (C6, C13), whole_generation_trips),
    Property("arrivals are counted", (C6,), arrivals_are_counted),
    Property("a withdrawal takes back itself", (C7,), withdrawal_takes_back_itself),
    Property("only abort breaks and reset mends", (C9,), only_abort_breaks_and_reset_mends),
    Property("refusals are exact", (C10,), refusals_are_exact),
    Property("abort and reset fail the parked", (C14,), abort_and_reset_fail_the_parked),
)

HISTORY_PROPERTIES: Final = (
    Property("only the parked and the caller go on", (C7,), claims.only_the_parked_and_the_caller_go_on),
    Property("indices are exact", (C5,), indices_are_exact),
    Property("a generation is whole", (C6,), generation_is_whole),
    Property("the released stay released", (C8, C13, C14), claims.released_stay_released),
    Property("exactly the parked fail", (C9, C14), exactly_the_parked_fail),
    Property("whoever calls parks or goes on", (C11,), claims.caller_parks_or_goes_on),
    Property("whoever is withdrawn is gone", (C7, C8), claims.withdrawn_is_gone),
    Property("errors are those of refusals", (C4, C10), claims.errors_are_those_of_refusals),
)

ACCOUNTS: Final = (EVERY_ARRIVAL_IS_ACCOUNTED_FOR,)

CENSUSES: Final = (
    Property("the parked are the tasks parked", (C6,), parked_are_the_tasks_parked),
    Property("nobody is stranded", (C11,), nobody_is_stranded),
)

EVENTUALITIES: Final = (
    Eventuality("a whole generation goes on", C13, whole_generation_owes),
    Eventuality("parked at abort or reset goes on", C14, abort_and_reset_owe),
)
