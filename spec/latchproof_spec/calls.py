"""What is claimed of each single call: where it is parked, what it is given, and that no other call notices.

The other claims speak of numbers, or of a queue that can be listed. These speak of any one call, or of any two, however
many there are: the prover evaluates them on symbolic calls, tests on real ones. They take three shapes (see
`CallClaims`). What every machine shares stands here, the rest in each machine's `claims`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latchproof_spec.claims import Property, Step


class Call:
    """One call in one state: how far it is, and what it was given. Every value may be symbolic.

    Exactly one of these is true: `fresh` (it is not made yet), `parked`, `released` (it was released and has not run
    since), `done` (it returned or raised) and `left` (its task was cancelled). `waits` says that it is a wait().

    `identity`    which call it is; calls are never made twice.
    `acts`        it is the call that makes the step: its caller, or the call that is withdrawn.
    `position`    its place in the queue, from 0, while it is parked.
    `arrival`     the number of calls that were made before it.
    `returned`, `indexed`, `failed`  what it was given when it was released, for good: a plain return, an index, or an
                  exception of the class `error`. Before that, none of the three.
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


@dataclass(frozen=True)
class Snapshot:
    """A machine between two steps: its policy, constants and state, and how many generations have tripped."""

    policy: Any
    constants: tuple[Any, ...]
    state: tuple[Any, ...]
    parked: Any
    tripped: Any


@dataclass(frozen=True)
class CallClaims:
    """What is claimed of each call of a machine, in three shapes.

    `invariants`  of any two calls, which may be the same, in any state `now`: `holds(now, one, other)`.
    `places`      for any place there is a call: `holds(now, *place, call)` must be true of some
                  call, whatever the place: one number for a place in the queue, two for an index of a generation.
    `steps`       of what any step does to any call: `holds(step, actor, before, after)`, where `actor` is the call that
                  makes the step, as it was before.
    """

    invariants: tuple[Property, ...]
    places: tuple[Property, ...]
    steps: tuple[Property, ...]


def same_ending(before: Call, after: Call) -> bool:
    """Return whether the call has exactly what it had been given."""
    return bool(
        before.returned == after.returned
        and before.indexed == after.indexed
        and before.failed == after.failed
        and before.error == after.error
        and (not before.indexed or (before.index == after.index and before.generation == after.generation))
    )


def unchanged(before: Call, after: Call) -> bool:
    """Return whether the call is as far as it was, with what it had; only its place in the queue may have changed."""
    return bool(
        before.fresh == after.fresh
        and before.parked == after.parked
        and before.released == after.released
        and before.done == after.done
        and before.left == after.left
        and same_ending(before, after)
    )


def gave_nothing(call: Call) -> bool:
    """Return whether the call has not been given anything yet."""
    return not call.returned and not call.indexed and not call.failed


def has_its_own_place(now: Snapshot, one: Call, other: Call) -> bool:
    """Each parked call has a place in the queue, within its length, and shares it with no other call."""
    return not one.parked or bool(
        one.position >= 0
        and one.position < now.parked
        and (not other.parked or one.position != other.position or one.identity == other.identity)
    )


def place_in_queue_is_held(now: Snapshot, place: Any, call: Call) -> bool:
    """Each place in the queue is held by a parked call: as many are parked as the number in the state says."""
    return not (place >= 0 and place < now.parked) or (call.parked and bool(call.position == place))


def parked_in_wait(now: Snapshot, one: Call, other: Call) -> bool:
    """Each parked call is in wait(), and was neither released nor withdrawn."""
    return not one.parked or (one.waits and not one.released and not one.left and gave_nothing(one))


def stays_parked_until_released(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """A call is parked by parking; it stays parked until all the parked continue, or it is withdrawn itself."""
    if before.acts:
        return bool(after.parked == (step.rule.caller == "parks"))
    return bool(after.parked == (before.parked and step.rule.queue == "stays"))


def ending_is_final(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """A call that was given something has just that ever after."""
    return gave_nothing(before) or same_ending(before, after)


def ended_stays_ended(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """A call that has returned, or left, has done so for ever."""
    return bool((not before.done or after.done) and (not before.left or after.left))


def only_those_present_continue(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """What a step gives goes to a parked call, or to its caller: to no call that left, and to none twice."""
    return not gave_nothing(before) or gave_nothing(after) or before.parked or (before.acts and before.fresh)


def refused_changes_no_other_call(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C4: a refused call raises, and every other call is as it was, at its place."""
    if not step.rule.refuses:
        return True
    if before.acts:
        return bool(after.done and after.error == step.rule.errors[0])
    return unchanged(before, after) and bool(not before.parked or before.position == after.position)


def errors_are_those_of_the_rule(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C15: a call fails by its own refusal, or with all the parked, and with the error that the rule gives."""
    if before.failed or not after.failed:
        return True
    fails = step.rule.refuses if before.acts else before.parked and step.rule.queue == "failed"
    return fails and bool(after.error == step.rule.errors[0])


def caller_parks_or_returns(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C11: each caller is parked by its call or returns; else it would be blocked, and uncounted."""
    return not before.acts or step.operation == "withdraw" or after.parked or after.done


def withdrawal_takes_back_itself(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C7: a withdrawn call leaves, with nothing new, and a call that is not parked does not notice."""
    if step.operation != "withdraw":
        return True
    if before.acts:
        return bool(after.left) and same_ending(before, after)
    return before.parked or unchanged(before, after)


def withdrawal_leaves_the_parked(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C7: a parked call stays so, and moves up by one if it stood behind the call that is withdrawn."""
    if step.operation != "withdraw" or before.acts or not before.parked or step.rule.queue != "stays":
        return True
    moved = actor.parked and before.position > actor.position
    return bool(after.parked and after.position == before.position - (1 if moved else 0))


def released_stays_released(step: Step, actor: Call, before: Call, after: Call) -> bool:
    """C8, and the core of C12 to C14: nothing that other calls do reaches a released call."""
    return before.acts or not before.released or (after.released and same_ending(before, after))
