"""What is claimed of a compiled model: its own invariant, that nothing is lost, order, and that no call is stranded.

What a model does at one instant is what it says, so nothing is claimed of that. These are what follows from it, however
many calls there are: as properties of the shapes that `latchproof_spec.claims` and `latchproof_spec.calls` describe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from latchproof_spec import calls, claims
from latchproof_spec.calls import Call, CallClaims, Snapshot
from latchproof_spec.claims import Claim, Eventuality, Moment, Property, Step
from latchproof_spec.step import Rule

# fmt: off
INVARIANT: Final = Claim("M1", "safety", "The model's own invariant() is true in every state.")
NOTHING_LOST: Final = Claim("M2", "safety",
    "Each call waits in the line, was let continue, has ended or was cancelled; what it was given stays so.")
ORDER: Final = Claim("M3", "safety", "Calls that wait continue in order of arrival.")
STRANDED: Final = Claim("M4", "safety", "No call waits that could continue.")
CONTINUES: Final = Claim("M5", "liveness", "Each call that a step lets continue with all the others does continue.")
# fmt: on

RELEASES: Final = ("released", "indexed", "failed")
"""What becomes of the calls that wait where all of them continue."""


def calls_that_wait_are_counted(constants: Any, state: tuple[Any, ...], parked: int, released: int) -> bool:
    return bool(state[-1] == parked)


def line_is_in_order_of_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    """M3: a call that arrived earlier stands before one that arrived later."""
    return not (one.parked and other.parked and one.arrival < other.arrival) or bool(one.position < other.position)


def index_is_of_one_call(now: Snapshot, one: Call, other: Call) -> bool:
    """M2: no two calls that are let continue together are given the same index."""
    if not one.indexed:
        return True
    return bool(
        one.index >= 0
        and one.generation >= 0
        and one.generation < now.tripped
        and (
            not other.indexed
            or one.generation != other.generation
            or one.index != other.index
            or one.identity == other.identity
        )
    )


def _together(one: Call, other: Call) -> Any:
    return one.indexed and other.indexed and one.generation == other.generation and one.arrival < other.arrival


def indices_rise(now: Snapshot, one: Call, other: Call) -> bool:
    """M3: of calls that are let continue together, a later one has the higher index."""
    return not _together(one, other) or bool(one.index < other.index)


def indices_fall(now: Snapshot, one: Call, other: Call) -> bool:
    """M3: of calls that are let continue together, a later one has the lower index."""
    return not _together(one, other) or bool(one.index > other.index)


def line_is_as_long_as_the_rule_says(step: Step) -> bool:
    """M2: as many calls wait after a step as before, but for those that it parks, withdraws or lets continue."""
    withdrawn = step.operation == "withdraw" and step.arguments["is_parked"]
    waiting = step.before[-1] - (1 if withdrawn else 0)
    if step.rule.queue == "first":
        return bool(step.after[-1] == (waiting - step.rule.first if waiting > step.rule.first else 0))
    if step.rule.queue != "stays":
        return bool(step.after[-1] == 0)
    return bool(step.after[-1] == (waiting + 1 if step.rule.caller == "parks" else waiting))


def first_come_first_served(moment: Moment) -> bool:
    """Of the parked, those that continue stood before those that stay."""
    waited = tuple(task for task in moment.queue_before if task != moment.who)
    continue_ = tuple(task for task, _ in moment.resumed if task != moment.who)
    return waited[: len(continue_)] == continue_


def stays_parked_until_reached(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """A call is parked by parking, and stays so until a rule reaches its place: all the parked, or the first of them.

    Those that are not reached move up, and so do those behind a call that is withdrawn.
    """
    if before.acts or not before.parked:
        return bool(after.parked == (before.acts and step.rule.caller == "parks"))
    withdrawn = step.operation == "withdraw" and actor.parked and before.position > actor.position
    place = before.position - (1 if withdrawn else 0)
    stays = step.rule.queue == "stays" or (step.rule.queue == "first" and place >= step.rule.first)
    moves = step.rule.first if step.rule.queue == "first" else 0
    return bool(after.parked == stays) and bool(not after.parked or after.position == place - moves)


def releases_all(step: Step) -> bool:
    return step.rule.queue in RELEASES


STEPS: Final = (Property("the line is as long as the rule says", (NOTHING_LOST,), line_is_as_long_as_the_rule_says),)

HISTORY: Final = (
    Property(
        "only the waiting and the caller continue", (NOTHING_LOST,), claims.only_the_parked_and_the_caller_continue
    ),
    Property("what continues stays so", (NOTHING_LOST,), claims.released_stay_released),
    Property("a call waits or continues", (NOTHING_LOST,), claims.caller_parks_or_continues),
    Property("a cancelled call is gone", (NOTHING_LOST,), claims.withdrawn_is_gone),
    Property("first come, first served", (ORDER,), first_come_first_served),
)

CENSUSES: Final = (Property("the calls that wait are counted", (NOTHING_LOST,), calls_that_wait_are_counted),)


def call_claims(rules: Sequence[Rule]) -> CallClaims:
    """Return what is claimed of each call of a model with these rules."""
    orders = {one.order for one in rules if one.queue == "indexed"}
    indices = [Property("an index is of one call", (NOTHING_LOST,), index_is_of_one_call)] if orders else []
    if orders == {"arrival"}:
        indices.append(Property("indices are in order of arrival", (ORDER,), indices_rise))
    if orders == {"reversed"}:
        indices.append(Property("indices are in reversed order of arrival", (ORDER,), indices_fall))
    return CallClaims(
        invariants=(
            Property("a waiting call has been given nothing", (NOTHING_LOST,), calls.parked_in_wait),
            Property("a waiting call has its own place in the line", (NOTHING_LOST,), calls.has_its_own_place),
            Property("the line is in order of arrival", (ORDER,), line_is_in_order_of_arrival),
            *indices,
        ),
        places=(Property("each place in the line is held", (NOTHING_LOST,), calls.place_in_queue_is_held),),
        steps=(
            Property("a waiting call stays so until it is its turn", (ORDER,), stays_parked_until_reached),
            Property("only those present continue", (NOTHING_LOST,), calls.only_those_present_continue),
            Property("an ending is final", (NOTHING_LOST,), calls.ending_is_final),
            Property("a call that has ended stays ended", (NOTHING_LOST,), calls.ended_stays_ended),
            Property("a call waits or returns", (NOTHING_LOST,), calls.caller_parks_or_returns),
            Property("a call that was let continue stays so", (NOTHING_LOST,), calls.released_stays_released),
        ),
    )


def eventualities(rules: Sequence[Rule]) -> tuple[Eventuality, ...]:
    """Return what must happen some day: nothing, if no rule lets all that wait continue."""
    is_owed = any(one.queue in RELEASES for one in rules)
    return (Eventuality("all that wait continue", CONTINUES, releases_all),) if is_owed else ()
