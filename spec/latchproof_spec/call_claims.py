"""What is claimed of each single call: who is parked where, who was let go on with what, and that nobody else notices.

The claims of `latch_claims` and `barrier_claims` speak of numbers, or of a queue that can be listed. These speak of any
one call, or of any two, of however many there are: the prover evaluates them on symbolic calls, tests on real ones.
They take three shapes (see `CallClaims`).
"""

from __future__ import annotations

from latchproof_spec.claims import C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, Property
from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from latchproof_spec.claims import Step


class Call:
    """One call in one state: how far it is, and what it was given. Every value may be symbolic.

    Just one of these is true: `fresh` (it is not made yet), `parked`, `released` (it was let go on and has not run
    since), `done` (it went on) and `left` (its task was cancelled). `waits` says that it is a call of wait().

    `identity`    which call it is; calls are never made twice.
    `acts`        it is the call that makes the step: its caller, or the call that is withdrawn.
    `position`    its place in the queue, from 0, while it is parked.
    `arrival`     the number of calls that were made before it.
    `returned`, `indexed`, `failed`  what it was given when it was let go on, and has for good: a plain return, an
                  index, or an exception of the class `error`. Before that, none of the three.
    `index`, `generation`  of a call that is indexed: the index, and how many generations had tripped before its own.
    """

    __slots__ = (
        "acts", "arrival", "done", "error", "failed", "fresh", "generation", "identity", "index", "indexed", "left",
        "parked", "position", "released", "returned", "waits",
    )  # fmt: skip

    def __init__(self, **values: Any) -> None:
        for name in Call.__slots__:
            setattr(self, name, values.pop(name))
        if values:
            raise TypeError(f"a call has no {', '.join(values)}")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class Snapshot:
    """A machine between two steps: its policy, constants and state, and how many generations have tripped."""

    __slots__ = ("constants", "parked", "policy", "state", "tripped")

    def __init__(self, policy: Any, constants: tuple[Any, ...], state: tuple[Any, ...], parked: Any, tripped: Any):
        self.policy: Final = policy
        self.constants: Final = constants
        self.state: Final = state
        self.parked: Final = parked
        self.tripped: Final = tripped


class CallClaims:
    """What is claimed of each call of a machine, in three shapes.

    `invariants`  of any two calls, which may be the same, in any state `now`: `holds(now, one, other)`.
    `places`      for any place there is a call: `holds(now, *place, call)` must be true of some
                  call, whatever the place: one number for a place in the queue, two for an index of a generation.
    `steps`       of what any step does to any call: `holds(step, actor, before, after)`, where `actor` is the call that
                  makes the step, as it was before.
    """

    __slots__ = ("invariants", "places", "steps")

    def __init__(
        self, invariants: tuple[Property, ...], places: tuple[Property, ...], steps: tuple[Property, ...]
    ) -> None:
        self.invariants: Final = invariants
        self.places: Final = places
        self.steps: Final = steps


def same_ending(before: Call, after: Call) -> bool:
    """Whether the call has what it had been given, no more and no less."""
    return bool(
        before.returned == after.returned
        and before.indexed == after.indexed
        and before.failed == after.failed
        and before.error == after.error
        and (not before.indexed or (before.index == after.index and before.generation == after.generation))
    )


def unchanged(before: Call, after: Call) -> bool:
    """Whether the call is as far as it was, with what it had; only its place in the queue may be another."""
    return bool(
        before.fresh == after.fresh
        and before.parked == after.parked
        and before.released == after.released
        and before.done == after.done
        and before.left == after.left
        and same_ending(before, after)
    )


def gave_nothing(call: Call) -> bool:
    """Whether the call was not given anything yet."""
    return not call.returned and not call.indexed and not call.failed


def has_a_place_of_its_own(now: Snapshot, one: Call, other: Call) -> bool:
    """Whoever is parked has a place in the queue, as long as the queue is, and shares it with nobody."""
    return not one.parked or bool(
        one.position >= 0
        and one.position < now.parked
        and (not other.parked or one.position != other.position or one.identity == other.identity)
    )


def place_in_queue_is_held(now: Snapshot, place: Any, call: Call) -> bool:
    """Every place in the queue has somebody who is parked: as many are parked as the number in the state says."""
    return not (place >= 0 and place < now.parked) or (call.parked and bool(call.position == place))


def parked_in_wait(now: Snapshot, one: Call, other: Call) -> bool:
    """Whoever is parked is so in wait(), and was neither let go on nor withdrawn."""
    return not one.parked or (one.waits and not one.released and not one.left and gave_nothing(one))


def stays_parked_until_let_go(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """A call is parked by parking; and stays so, unless it goes on with all the parked, or it is withdrawn itself."""
    if before.acts:
        return bool(after.parked == (step.rule.caller == "parks"))
    return bool(after.parked == (before.parked and step.rule.queue == "stays"))


def ending_is_for_good(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """Whoever was given something has just that ever after."""
    return gave_nothing(before) or same_ending(before, after)


def gone_is_gone(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """Whoever went on, or left, did so for ever."""
    return bool((not before.done or after.done) and (not before.left or after.left))


def only_who_was_there_goes_on(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """What is given in this step goes to who is parked, or makes the call: nobody who left, nobody a second time."""
    return not gave_nothing(before) or gave_nothing(after) or before.parked or (before.acts and before.fresh)


def refused_changes_nobody(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C4: a refused call raises, and any other is as it was, at its place."""
    if not step.rule.refuses:
        return True
    if before.acts:
        return bool(after.done and after.error == step.rule.errors[0])
    return unchanged(before, after) and bool(not before.parked or before.position == after.position)


def caller_parks_or_goes_on(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C11: whoever calls is parked by it or goes on; else it would be blocked, and nobody would know."""
    return not before.acts or step.operation == "withdraw" or after.parked or after.done


def withdrawal_takes_back_itself(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C7: whoever is withdrawn leaves, with nothing new, and who is not parked does not notice."""
    if step.operation != "withdraw":
        return True
    if before.acts:
        return bool(after.left) and same_ending(before, after)
    return before.parked or unchanged(before, after)


def withdrawal_leaves_the_parked(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C7: who is parked stays so, and moves up by one if it stood behind the call that is withdrawn."""
    if step.operation != "withdraw" or before.acts or not before.parked or step.rule.queue != "stays":
        return True
    moved = actor.parked and before.position > actor.position
    return bool(after.parked and after.position == before.position - (1 if moved else 0))


def released_stays_released(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C8, and the heart of C12 to C14: nothing that others do reaches a call that was let go on."""
    return before.acts or not before.released or (after.released and same_ending(before, after))


def tripped_is_out_of_reach(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C8, of a barrier; a policy may have abort and reset reach those that were let go on, too."""
    if step.operation in ("abort", "reset") and step.policy.abort_reaches != "the parked":
        return True
    return released_stays_released(step, actor, before, after)


def returns_at_zero(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C3: whoever is let return from wait() is so by a step that finds the count at zero, or brings it there."""
    if not after.waits or not after.returned or before.returned:
        return True
    return bool(step.before[0] == 0 or step.after[0] == 0)


def wait_returns_or_nothing(now: Snapshot, one: Call, other: Call) -> bool:
    """C3 and C12: a wait() on a latch is never given anything but its return."""
    return not one.waits or (not one.indexed and not one.failed)


def parked_at_closed_latch(now: Snapshot, one: Call, other: Call) -> bool:
    """C11: whoever is parked is at a latch with a count above zero."""
    return not one.parked or bool(now.state[0] > 0)


def zero_lets_the_parked_return(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C12: a step that leaves the count at zero lets everybody who was parked return, but one who is withdrawn."""
    return not before.parked or before.acts or step.after[0] != 0 or (after.released and after.returned)


def parked_at_whole_barrier(now: Snapshot, one: Call, other: Call) -> bool:
    """C11: whoever is parked is at a whole barrier, with fewer parked than parties."""
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
    """C6: nobody returns from a barrier's wait() without an index, and so without a generation; nobody else has one."""
    return (not one.waits or not one.returned) and (not one.indexed or one.waits)


def queue_is_in_order_of_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    """C5: whoever arrived earlier stands before who arrived later."""
    return not (one.parked and other.parked and one.arrival < other.arrival) or bool(one.position < other.position)


def indices_follow_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    """C5: within a generation the indices go by arrival, or against it, as the policy has it."""
    if now.policy.index_order == "any" or not (one.indexed and other.indexed and one.generation == other.generation):
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


def abort_and_reset_fail_who_is_parked(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C9 and C14: abort and reset fail everybody who is parked, and nobody else; they themselves return."""
    if step.operation not in ("abort", "reset"):
        return True
    if before.acts:
        return bool(after.done and after.returned)
    if before.parked:
        return bool(after.released and after.error == BrokenBarrierError)
    return unchanged(before, after)


def fails_only_by_breaking(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C9: but for abort and reset, nobody else than the caller fails; unless by a cancelled party that may break it."""
    breaks = step.operation == "withdraw" and step.policy.cancelled == "breaks"
    return step.operation in ("abort", "reset") or breaks or before.acts or bool(before.failed == after.failed)


LATCH_CALLS: Final = CallClaims(
    invariants=(
        Property("whoever is parked is in wait() and nothing else", (C2,), parked_in_wait),
        Property("whoever is parked has a place of its own", (C2,), has_a_place_of_its_own),
        Property("a wait() is given its return or nothing", (C3, C12), wait_returns_or_nothing),
        Property("whoever is parked is at a closed latch", (C2, C11), parked_at_closed_latch),
    ),
    places=(Property("every place in the queue is held", (C2,), place_in_queue_is_held),),
    steps=(
        Property("whoever is parked stays so until it is let go", (C2,), stays_parked_until_let_go),
        Property("only who was there goes on", (C2, C3), only_who_was_there_goes_on),
        Property("an ending is for good", (C3,), ending_is_for_good),
        Property("whoever is gone is gone", (C3,), gone_is_gone),
        Property("a wait() returns at zero", (C3,), returns_at_zero),
        Property("a refusal changes nobody else", (C4, C10), refused_changes_nobody),
        Property("whoever calls parks or goes on", (C11,), caller_parks_or_goes_on),
        Property("a withdrawal takes back itself alone", (C7,), withdrawal_takes_back_itself),
        Property("a withdrawal leaves the parked as they were", (C7,), withdrawal_leaves_the_parked),
        Property("the released stay released", (C12,), released_stays_released),
        Property("zero lets the parked return", (C12,), zero_lets_the_parked_return),
    ),
)

BARRIER_CALLS: Final = CallClaims(
    invariants=(
        Property("whoever is parked is in wait() and nothing else", (C6,), parked_in_wait),
        Property("whoever is parked has a place of its own", (C5, C6), has_a_place_of_its_own),
        Property("the queue is in order of arrival", (C5,), queue_is_in_order_of_arrival),
        Property("an index is one of a generation, and nobody else's", (C5, C6), index_is_one_of_a_generation),
        Property("indices follow arrival", (C5,), indices_follow_arrival),
        Property("a wait() returns an index", (C6,), wait_returns_an_index),
        Property("whoever is parked is at a whole barrier", (C11,), parked_at_whole_barrier),
    ),
    places=(
        Property("every place in the queue is held", (C6,), place_in_queue_is_held),
        Property("every index of a generation is given", (C5, C6), every_index_is_given),
    ),
    steps=(
        Property("whoever is parked stays so until it is let go", (C6,), stays_parked_until_let_go),
        Property("only who was there goes on", (C6,), only_who_was_there_goes_on),
        Property("an ending is for good", (C5, C8), ending_is_for_good),
        Property("whoever is gone is gone", (C6,), gone_is_gone),
        Property("indices are given at the trip", (C6, C13), index_is_given_at_the_trip),
        Property("a refusal changes nobody else", (C4, C10), refused_changes_nobody),
        Property("whoever calls parks or goes on", (C11,), caller_parks_or_goes_on),
        Property("a withdrawal takes back itself alone", (C7,), withdrawal_takes_back_itself),
        Property("a withdrawal leaves the parked as they were", (C7,), withdrawal_leaves_the_parked),
        Property("what has tripped is out of reach", (C8, C13), tripped_is_out_of_reach),
        Property("abort and reset fail who is parked", (C9, C14), abort_and_reset_fail_who_is_parked),
        Property("nobody fails but by abort, reset or its own call", (C9,), fails_only_by_breaking),
        Property("whoever failed stays failed", (C14,), released_stays_released),
    ),
)
