"""What is claimed of the Barrier, as functions that are evaluated on ints and on symbolic ints.

What the arguments `step` and `moment` hold stands in `latchproof_spec.claims`, what `now` and a call hold in
`latchproof_spec.calls`; the sentences that every machine shares stand in the first.
"""

from __future__ import annotations

from typing import Any, Final

from latchproof_spec import calls, claims
from latchproof_spec.barrier.rules import BROKEN
from latchproof_spec.calls import Call, CallClaims, Snapshot
from latchproof_spec.claims import C4, C7, C10, C11, C15, C16, Account, Claim, Eventuality, Moment, Property, Step
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, is_whole_number

# fmt: off
C5: Final = Claim("C5", "safety",
    "A generation is given exactly the indices 0..parties-1, each once, in order of arrival; if calls are told only "
    "whether they lead, exactly one does.",
    beyond_counters="which call holds which index")
C6: Final = Claim("C6", "safety",
    "Each task that returns from a barrier's wait() belongs to one generation of exactly parties arrivals, none of "
    "them withdrawn before the trip.",
    beyond_counters="which arrivals make a generation")
C8: Final = Claim("C8", "safety",
    "Once tripped, a generation is out of reach of every later abort, reset and withdrawal.",
    beyond_counters="what becomes of tasks that were released")
C9: Final = Claim("C9", "safety",
    "abort breaks and reset makes whole; each fails exactly the parked, with BrokenBarrierError. Nothing else breaks, "
    "mends or fails them, but a policy may have a cancelled party do as abort does.")
C13: Final = Claim("C13", "liveness",
    "When the parties-th arrival that is not withdrawn takes effect on a whole barrier, all tasks of that generation "
    "return, unless cancelled.",
    beyond_counters="that a released task continues")
C14: Final = Claim("C14", "liveness",
    "Each task that is parked when the barrier is broken or reset continues with BrokenBarrierError, unless cancelled.",
    beyond_counters="that a released task continues")
# fmt: on


def fewer_than_parties_are_parked(parties: int, parked: int, broken: bool) -> bool:
    return parked >= 0 and parked < parties


def no_task_is_parked_when_broken(parties: int, parked: int, broken: bool) -> bool:
    return not broken or parked == 0


def whole_generation_trips(step: Step) -> bool:
    """C6 and C13: the parties-th arrival at a whole barrier releases all with their indices; no other step does."""
    (parties,) = step.constants
    parked, broken = step.before
    completes = step.operation == "wait" and not broken and parked + 1 == parties
    trips = step.rule.queue == "indexed" and step.rule.caller == "returns an index"
    return trips == completes and (trips or step.rule.queue != "indexed") and (not trips or step.after == (0, broken))


def only_early_waits_park(step: Step) -> bool:
    """C6: a wait() at a whole barrier parks unless it completes its generation, and no other call is parked."""
    (parties,) = step.constants
    parked, broken = step.before
    return bool((step.rule.caller == "parks") == (step.operation == "wait" and not broken and parked + 1 != parties))


def arrivals_are_counted(step: Step) -> bool:
    """C6: an arrival that does not complete the generation is one more parked, and nothing else counts."""
    parked, _ = step.before
    new_parked, _ = step.after
    if step.rule.caller == "parks":
        return bool(new_parked == parked + 1)
    if step.rule.queue != "stays":
        return bool(new_parked == 0)
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        return bool(new_parked == parked - 1)
    return bool(new_parked == parked)


def withdrawal_breaks(step: Step) -> bool:
    """Return whether the policy has the step break the barrier: it withdraws a parked task, or one before its arrival.

    Before its arrival the task is told of a broken barrier by its call, so only a whole one breaks.
    """
    if step.operation != "withdraw":
        return False
    if step.arguments["is_parked"]:
        return bool(step.policy.cancelled == "breaks")
    if step.policy.cancelled_early != "breaks":
        return False
    return not step.arguments["has_arrived"] and not step.before[1]


def withdrawal_takes_back_itself(step: Step) -> bool:
    """C7, where a cancelled waiter withdraws; under any policy, withdrawing a released one changes nothing."""
    if step.operation != "withdraw" or withdrawal_breaks(step):
        return True
    parked, broken = step.before
    return (
        step.after == (parked - (1 if step.arguments["is_parked"] else 0), broken)
        and step.rule.queue == "stays"
        and step.rule.caller == "leaves"
    )


def only_abort_breaks_and_only_reset_restores(step: Step) -> bool:
    """C9; where the policy has a cancelled party break the barrier, that does too."""
    _, broken = step.before
    new_parked, new_broken = step.after
    breaks = step.operation == "abort" or withdrawal_breaks(step)
    if breaks or step.operation == "reset":
        fails = step.rule.queue == "failed" and step.rule.errors == BROKEN
        return bool(new_broken == breaks) and fails and new_parked == 0
    return bool(new_broken == broken) and step.rule.queue != "failed"


def refusals_are_exact(step: Step) -> bool:
    """C10: wait is refused when the barrier is broken, and a barrier of no parties; nothing warns."""
    _, broken = step.before
    due: tuple[type[Exception], ...] = ()
    if step.operation == "wait" and broken:
        due = BROKEN
    if step.operation == "create":
        parties = step.arguments["parties"]
        due = (TypeError,) if not is_whole_number(parties) else (ValueError,) if parties < 1 else ()
    return (step.rule.errors if step.rule.refuses else ()) == due and not step.rule.warns


def new_barrier_is_as_asked(step: Step) -> bool:
    """C16: a new barrier has the parties that were asked for, is whole, and no task is parked at it."""
    made = (*step.constants, *step.after)
    return step.operation != "create" or step.rule.refuses or made == (step.arguments["parties"], 0, False)


def properties_read_the_state(constants: tuple[int], state: tuple[int, bool], readings: dict[str, Any]) -> bool:
    """C16: a caller reads the number of parties, how many are parked, and whether the barrier is broken."""
    parked, broken = state
    return bool(
        readings["parties"] == constants[0] and readings["n_waiting"] == parked and readings["broken"] == broken
    )


def breaks_or_resets(step: Step) -> bool:
    """Return whether the step breaks the barrier, or is an abort or a reset, which may find it broken."""
    return step.operation in ("abort", "reset") or bool(step.after[1] and not step.before[1])


def breaking_fails_the_parked(step: Step) -> bool:
    """C14: the parked get the error of a broken barrier; abort and reset return."""
    if not breaks_or_resets(step):
        return True
    is_call = step.operation != "withdraw"
    return step.rule.queue == "failed" and step.rule.errors == BROKEN and (step.rule.caller == "returns") == is_call


def parked_are_the_tasks_parked(constants: tuple[int], state: tuple[int, bool], parked: int, released: int) -> bool:
    """C6: the number in the state is the number of tasks."""
    return state[0] == parked


def no_task_is_stranded(constants: tuple[int], state: tuple[int, bool], parked: int, released: int) -> bool:
    """C11: once every released task has continued, the parked are at a whole barrier, too few to trip it."""
    return released > 0 or parked == 0 or (not state[1] and parked < constants[0])


def whole_generation_owes(step: Step) -> bool:
    """C13: the parties-th arrival at a whole barrier lets its generation continue."""
    (parties,) = step.constants
    parked, broken = step.before
    return step.operation == "wait" and not broken and bool(parked + 1 == parties)


def breaking_owes(step: Step) -> bool:
    """C14: a step that breaks the barrier, or resets it, lets the parked continue."""
    return breaks_or_resets(step)


def indices_are_exact(moment: Moment) -> bool:
    """C5: at a trip the parked in order of arrival, then the caller, get 0..parties-1; no other step gives an index.

    They are told only whether they lead if the policy says so, and only then.
    """
    given = [ending for _, ending in moment.resumed if isinstance(ending, int)]
    if moment.step.rule.queue != "indexed":
        return given == []
    (parties,) = moment.step.constants
    order = moment.step.policy.index_order
    if (moment.step.rule.order == "one leads") != (order == "one leads"):
        return False
    due = {
        "arrival": list(range(parties)),
        "reversed": list(range(parties - 1, -1, -1)),
        "any": [ANY_INDEX] * parties,
        "one leads": [ANY_INDEX] * parties,
    }[order]
    return given == due and tuple(task for task, _ in moment.resumed) == (*moment.queue_before, moment.who)


def generation_is_whole(moment: Moment) -> bool:
    """C6: each task that continues with an index is one of exactly parties, all of which arrived."""
    given = [task for task, ending in moment.resumed if isinstance(ending, int)]
    return given == [] or len(set(given)) == moment.step.constants[0] == len(moment.queue_before) + 1


def exactly_the_parked_fail(moment: Moment) -> bool:
    """C9 and C14: what breaks or resets the barrier fails every parked task with its error; no other step fails one."""
    others = [(task, ending) for task, ending in moment.resumed if task != moment.who]
    if not breaks_or_resets(moment.step):
        return not any(isinstance(ending, type) for _, ending in others)
    return others == [(task, BrokenBarrierError) for task in moment.queue_before if task != moment.who]


def _account(step: Step, ghosts: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    arrived, generations, withdrawn, failed = ghosts
    if step.rule.caller in ("parks", "returns an index"):
        arrived = arrived + 1
    if step.rule.queue == "indexed":
        generations = generations + 1
    if step.operation == "withdraw" and step.arguments["is_parked"]:
        withdrawn = withdrawn + 1
    if step.rule.queue == "failed":
        failed = failed + step.before[0] - (1 if step.operation == "withdraw" and step.arguments["is_parked"] else 0)
    return arrived, generations, withdrawn, failed


EVERY_ARRIVAL_IS_ACCOUNTED_FOR: Final = Account(
    "arrivals = generations x parties + parked + withdrawn + failed",
    (C6, C7),
    ("arrived", "generations", "withdrawn", "failed"),
    start=lambda constants, state: (0, 0, 0, 0),
    update=_account,
    holds=lambda constants, state, ghosts: ghosts[0] == ghosts[1] * constants[0] + state[0] + ghosts[2] + ghosts[3],
)


def tripped_is_out_of_reach(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C8: nothing reaches a tripped generation; a policy may have abort and reset reach the released too."""
    if step.operation in ("abort", "reset") and step.policy.abort_reaches != "the parked":
        return True
    return calls.released_stays_released(step, actor, before, after)


def parked_at_whole_barrier(now: Snapshot, one: Call, other: Call) -> bool:
    """C11: each parked call is at a whole barrier, with fewer parked than parties."""
    _, broken = now.state
    return not one.parked or bool(not broken and now.parked < now.constants[0])


def index_is_one_of_a_generation(now: Snapshot, one: Call, other: Call) -> bool:
    """C5 and C6: an index is one of 0..parties-1, of a generation that tripped, and no two calls have the same."""
    if not one.indexed:
        return True
    (parties,) = now.constants
    return bool(
        one.waits
        and one.index >= 0
        and one.index < parties
        and one.generation >= 0
        and one.generation < now.tripped
        and (
            not other.indexed
            or one.generation != other.generation
            or one.index != other.index
            or one.identity == other.identity
        )
    )


def every_index_is_given(now: Snapshot, generation: Any, index: Any, call: Call) -> bool:
    """C5 and C6: of each generation that tripped, each of the indices 0..parties-1 was given."""
    (parties,) = now.constants
    if not (generation >= 0 and generation < now.tripped and index >= 0 and index < parties):
        return True
    return call.indexed and bool(call.generation == generation and call.index == index)


def wait_returns_an_index(now: Snapshot, one: Call, other: Call) -> bool:
    """C6: no call returns from a barrier's wait() without an index, and so without a generation; no other has one."""
    return (not one.waits or not one.returned) and (not one.indexed or one.waits)


def queue_is_in_order_of_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    """C5: a call that arrived earlier stands before one that arrived later."""
    return not (one.parked and other.parked and one.arrival < other.arrival) or bool(one.position < other.position)


def indices_follow_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    """C5: within a generation the indices follow the order of arrival, or its reverse, if the policy says so."""
    if now.policy.index_order in ("any", "one leads"):
        return True
    if not (one.indexed and other.indexed and one.generation == other.generation):
        return True
    if not one.arrival < other.arrival:
        return True
    return bool(one.index < other.index if now.policy.index_order == "arrival" else one.index > other.index)


def index_is_given_at_the_trip(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C6 and C13: indices are given by the step that completes a generation, to all the parked and the caller.

    So none of them was withdrawn before the trip: who was withdrawn is not parked.
    """
    (parties,) = step.constants
    parked, broken = step.before
    trips = step.operation == "wait" and not broken and parked + 1 == parties
    given = after.indexed and not before.indexed
    return bool(given == (trips and (before.parked or before.acts)))


def breaking_fails_the_parked_calls(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C9 and C14: what breaks or resets the barrier fails every parked call and no other; abort and reset return."""
    if not breaks_or_resets(step):
        return True
    if before.acts:
        return bool(after.left) if step.operation == "withdraw" else bool(after.done and after.returned)
    if before.parked:
        return bool(after.released and after.failed and after.error == BrokenBarrierError)
    return calls.unchanged(before, after)


def fails_only_by_breaking(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C9: a call is made to fail by its own refusal, or by what breaks or resets the barrier, and by nothing else."""
    return before.acts or breaks_or_resets(step) or bool(before.failed == after.failed)


INVARIANTS: Final = (
    Property("fewer than parties are parked", (C6, C11), fewer_than_parties_are_parked),
    Property("no task is parked when broken", (C11,), no_task_is_parked_when_broken),
)

STEP_PROPERTIES: Final = (
    Property("refused changes nothing", (C4,), claims.refused_changes_nothing),
    Property("a whole generation trips", (C6, C13), whole_generation_trips),
    Property("only a wait() that is early parks", (C6,), only_early_waits_park),
    Property("arrivals are counted", (C6,), arrivals_are_counted),
    Property("a withdrawal takes back itself", (C7,), withdrawal_takes_back_itself),
    Property("only abort breaks and only reset restores", (C9,), only_abort_breaks_and_only_reset_restores),
    Property("refusals are exact", (C10,), refusals_are_exact),
    Property("a new barrier is as asked", (C16,), new_barrier_is_as_asked),
    Property("breaking fails the parked", (C14,), breaking_fails_the_parked),
)

HISTORY_PROPERTIES: Final = (
    Property("only the parked and the caller continue", (C7,), claims.only_the_parked_and_the_caller_continue),
    Property("indices are exact", (C5,), indices_are_exact),
    Property("a generation is whole", (C6,), generation_is_whole),
    Property("the released stay released", (C8, C13, C14), claims.released_stay_released),
    Property("exactly the parked fail", (C9, C14), exactly_the_parked_fail),
    Property("a caller parks or continues", (C11,), claims.caller_parks_or_continues),
    Property("a withdrawn task is gone", (C7, C8), claims.withdrawn_is_gone),
    Property("errors are those of the rule", (C4, C15), claims.errors_are_those_of_the_rule),
)

ACCOUNTS: Final = (EVERY_ARRIVAL_IS_ACCOUNTED_FOR,)

READINGS: Final = (Property("the properties are read", (C16,), properties_read_the_state),)

CENSUSES: Final = (
    Property("the parked are the tasks parked", (C6,), parked_are_the_tasks_parked),
    Property("no task is stranded", (C11,), no_task_is_stranded),
)

EVENTUALITIES: Final = (
    Eventuality("a whole generation continues", C13, whole_generation_owes),
    Eventuality("parked at a break or reset continues", C14, breaking_owes),
)

CALLS: Final = CallClaims(
    invariants=(
        Property("a parked call is in wait() and nothing else", (C6,), calls.parked_in_wait),
        Property("a parked call has its own place", (C5, C6), calls.has_its_own_place),
        Property("the queue is in order of arrival", (C5,), queue_is_in_order_of_arrival),
        Property("an index is one of a generation, and of one call alone", (C5, C6), index_is_one_of_a_generation),
        Property("indices follow arrival", (C5,), indices_follow_arrival),
        Property("a wait() returns an index", (C6,), wait_returns_an_index),
        Property("a parked call is at a whole barrier", (C11,), parked_at_whole_barrier),
    ),
    places=(
        Property("every place in the queue is held", (C6,), calls.place_in_queue_is_held),
        Property("every index of a generation is given", (C5, C6), every_index_is_given),
    ),
    steps=(
        Property("a parked call stays so until it is released", (C6,), calls.stays_parked_until_released),
        Property("only those present continue", (C6,), calls.only_those_present_continue),
        Property("an ending is final", (C5, C8), calls.ending_is_final),
        Property("a call that has ended stays ended", (C6,), calls.ended_stays_ended),
        Property("indices are given at the trip", (C6, C13), index_is_given_at_the_trip),
        Property("a refusal changes no other call", (C4, C15), calls.refused_changes_no_other_call),
        Property("a call fails as the rule says", (C15,), calls.errors_are_those_of_the_rule),
        Property("a caller parks or returns", (C11,), calls.caller_parks_or_returns),
        Property("a withdrawal takes back itself alone", (C7,), calls.withdrawal_takes_back_itself),
        Property("a withdrawal leaves the parked as they were", (C7,), calls.withdrawal_leaves_the_parked),
        Property("what has tripped is out of reach", (C8, C13), tripped_is_out_of_reach),
        Property("breaking fails the parked calls", (C9, C14), breaking_fails_the_parked_calls),
        Property("only breaking and its own call make a call fail", (C9,), fails_only_by_breaking),
        Property("a failed call stays failed", (C14,), calls.released_stays_released),
    ),
)
