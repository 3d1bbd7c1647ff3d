"""What is seen of a call of our own classes, and how it differs from what the specification has of it.

A difference is a text, and a term that says when there is one. Of what always differs the term is true.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from inspect import isawaitable
from typing import Any, Final, Literal, NamedTuple, cast

import z3

from latchproof.hosts import NOWHERE
from latchproof.prove.classes.cases import Difference
from latchproof.prove.classes.stand_ins import PARKED, UNREACHABLE, WITHDRAWN, Snapshot, World, attributes
from latchproof.prove.classes.symbolic_queue import EMPTY, ME, Waker
from latchproof.prove.paths import SymBool, SymInt, UndecidableError, term
from latchproof.prove.sequences import INDEX, Calls, Ending, Endings, SymCall, calls_of, error_constant, understood
from latchproof_spec import step
from latchproof_spec.messages import refusal
from latchproof_spec.step import BrokenBarrierError, Rule, caller_ending

ALWAYS: Final = z3.BoolVal(True)
NEVER: Final = z3.BoolVal(False)

_understood = cache(understood)  # not at once: `step` may be rejected by the gate of the subset, which then says so


def specified(rule: Rule, parked: Calls) -> tuple[Calls, Calls]:
    """Return the queue after the caller makes a step, and the tasks that continue, as `step.apply` has them."""
    queue, resumed = _understood(step.apply)(rule, parked, SymCall(ME))
    return calls_of(queue), calls_of(resumed)


class Ended(NamedTuple):
    """How far a call has come: `what` is what it returned, raised, or awaits."""

    how: Literal["awaits", "returns", "raises"]
    what: Any

    def differs(self, differs: z3.BoolRef) -> Difference:
        """Return the difference that the call is not to end so."""
        return Difference(f"the caller {self.how} {{}}", differs, (self.what,))


def called(call: Callable[[], Any]) -> Generator[Any, Any, Any]:
    """Make a call, and wait for it if it can be awaited."""
    made = call()
    return (yield from made.__await__()) if isawaitable(made) else made


def abandon(steps: Generator[Any, Any, Any]) -> None:
    """Close a call that may be parked. What it does then is not looked at."""
    with suppress(BaseException):
        steps.close()


def end_of(resume: Callable[[], Any]) -> Ended:
    """Start or resume a call, until it suspends or ends."""
    try:
        return Ended("awaits", resume())
    except StopIteration as stop:
        return Ended("returns", stop.value)
    except (UndecidableError, KeyboardInterrupt):
        raise
    except BaseException as error:
        return Ended("raises", error)


def always(text: str, differs: bool) -> Difference:
    """Return a difference that does not depend on any number."""
    return Difference(text, ALWAYS if differs else NEVER)


def values_differ(one: Any, other: Any) -> z3.BoolRef:
    """Return that two values differ, symbolic or not; what is neither a number nor a truth must be the same object."""
    if one is other:
        return NEVER
    try:
        return term(one) != term(other)
    except (TypeError, z3.Z3Exception):
        return ALWAYS


def sequences_differ(one: Calls, other: Calls) -> z3.BoolRef:
    """Return that two sequences of calls differ: in their length, or in the call at a place, or what it is given."""
    if one is other:
        return NEVER
    k = z3.Int("k")
    apart = [one.at(k) != other.at(k)]
    if one.given is not None and other.given is not None:
        this, that = one.given(k), other.given(k)
        other_index = ALWAYS if this.kind != that.kind else this.index != that.index
        apart += [this.given != that.given, z3.And(this.given == INDEX, other_index)]
    elif one.given is not other.given:
        apart = [ALWAYS]
    return z3.Or(one.length != other.length, z3.And(k >= 0, k < one.length, z3.Or(apart)))


def changes(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Yield what differs between two moments. Withdrawn tasks may have left the queue."""
    yield from moves(before, after)
    yield always("tasks are woken", len(after.woken) != len(before.woken))
    yield always("a warning is logged", len(after.warned) != len(before.warned))


def moves(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Yield how the state and the parked tasks differ between two moments."""
    for one, other in zip(after.state, before.state, strict=True):
        yield Difference("the state is {}, not {}", values_differ(one, other), (one, other))
    yield Difference("other tasks are parked", sequences_differ(after.parked, before.parked))


def changes_by_reading(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Yield what differs between two moments; withdrawn tasks must not have left the queue either."""
    yield from changes(before, after)
    yield always("the queue is purged", after.held is not before.held)
    yield always("the queue has another host", after.host is not before.host)


def ends_otherwise(ended: Ended, expected: Any) -> Difference:
    """Return the difference that a call does not end by returning a value, or by raising an error of that class, so.

    A cancellation must be the very one that is expected.
    """
    if not isinstance(expected, BaseException):
        return ended.differs(values_differ(ended.what, expected) if ended.how == "returns" else ALWAYS)
    same = ended.what is expected or (
        isinstance(expected, Exception) and type(ended.what) is type(expected) and ended.what.args == expected.args
    )
    return ended.differs(NEVER if ended.how == "raises" and same else ALWAYS)


def is_inconsistent(snapshot: Snapshot, world: World) -> Iterator[Difference]:
    """Yield where the queue, its host and what makes its wakers do not belong together."""
    parking, host = world.parking, snapshot.host
    same = parking.queue is world.queue and world.one._parking is parking
    yield always("the queue is another object", not same)
    yield always("the host is neither the queue's nor the caller's", host is not world.own and host is not world.caller)
    if host is not world.own:
        yield Difference("the host changes while tasks are parked", snapshot.held.length > 0)
    known = {id(one): one for one in (world.own, world.caller)}.get(id(host))
    made = known.makes_wakers(world.queue) if known is not None else None
    yield always("wakers are made for another host or queue", snapshot.new_waker != made)


def is_refused_by_host(world: World, is_awaited: bool) -> bool:
    """Decide whether the host refuses a call, before it looks at the state."""
    if world.caller is None and is_awaited:
        return True
    if world.caller is None:
        return bool(SymBool(z3.And(PARKED.term > 0, UNREACHABLE)))
    return world.caller is not world.own and bool(PARKED > 0)


def makes_no_step(world: World, before: Snapshot, ended: Ended, error: type[Exception] | None) -> Iterator[Difference]:
    """Yield what differs if a call changes nothing, and returns None or raises an error of that very class."""
    if error is None:
        yield ends_otherwise(ended, None)
    else:
        yield ended.differs(NEVER if ended.how == "raises" and type(ended.what) is error else ALWAYS)
    yield from changes(before, world.snapshot())
    yield from is_inconsistent(world.snapshot(), world)
    yield always("it passes a checkpoint", bool(world.events))


def is_cancelled_late(world: World, before: Snapshot, ended: Ended) -> Iterator[Difference]:
    """Yield what differs if a call that is cancelled at a checkpoint has not made its step, and never will."""
    yield ends_otherwise(ended, world.cancellation)
    yield from _passes(world, ("checkpoint_if_cancelled",))
    for _, _, moment in world.events:
        yield from changes(before, moment)
        yield from is_inconsistent(moment, world)
    yield from _leaves_alone(world)


def _passes(world: World, expected: tuple[str, ...]) -> Iterator[Difference]:
    passed = [which for which, _, _ in world.events]
    text = f"it passes {', then '.join(passed) or 'no checkpoint'}"
    elsewhere = any(host is not world.caller for _, host, _ in world.events)
    yield always(text, tuple(passed) != expected or elsewhere)


def _leaves_alone(world: World) -> Iterator[Difference]:
    """Yield what a call has changed since others have run."""
    now, left = world.snapshot(), world.left
    if left is None:
        return
    for one in changes(left, now):
        yield one._replace(text=f"after a checkpoint, {one.text}")
    yield always("after a checkpoint, the host is another", now.host is not left.host)


def continues_otherwise(world: World, effect: Snapshot, caller: Calls, expected: Calls) -> Iterator[Difference]:
    """Yield how the tasks that are woken, and then the caller, differ from those that are to continue."""
    seen = EMPTY
    for host, wakers, given in effect.woken:
        if not isinstance(wakers, Calls) or not isinstance(given, Endings):
            yield Difference("{} are woken with {}", ALWAYS, (wakers, given))
            return
        yield Difference("tasks have no ending", given.length != wakers.length)
        yield Difference("a host wakes tasks of another", NEVER if host is world.own else wakers.length > 0)
        seen += Calls(wakers.length, wakers.at, wakers.has, wakers.place, given.at)
    yield Difference("other tasks continue, or otherwise", sequences_differ(seen + caller, expected))
    for moment in world.at_wake:
        for one in moves(moment, effect):
            yield one._replace(text=f"after tasks are woken, {one.text}")


def released_otherwise(world: World, rule: Rule) -> Iterator[Difference]:
    """Yield how the tasks that are woken, and the queue, differ from what `step.apply` says of a rule."""
    after = world.snapshot()
    queue, resumed = specified(rule, world.setting.parked)
    caller = EMPTY
    if rule.caller != "leaves":
        caller = calls_of(((SymCall(ME), caller_ending(rule, cast(int, PARKED))),))
    yield from continues_otherwise(world, after, caller, _on(world.own, resumed))
    yield Difference("other tasks are parked", sequences_differ(after.parked, queue))
    yield Difference("tasks are left in the queue", after.held.length != queue.length)
    yield always("a warning is logged, or a checkpoint passed", bool(after.warned or world.events))


@dataclass(frozen=True)
class Step:
    """A step of the specification that a call should make: its rule, and the state after it, by name.

    `argument` is what the call was given, as the message of an error has it.
    """

    world: World
    rule: Rule
    after: dict[str, Any]
    argument: object
    is_awaited: bool

    def differences(self, before: Snapshot, ended: Ended) -> Iterator[Difference]:
        """Yield all in which the call is not that step."""
        world, rule = self.world, self.rule
        machine, parked = world.setting.machine, world.setting.parked
        queue, resumed = specified(rule, parked)
        effect = world.snapshot() if world.left is None else world.events[-1][2]
        after = {**world.setting.values, **self.after}
        for name, value in zip(attributes(machine), effect.state, strict=True):
            yield Difference(f"{name} is {{}}, not {{}}", values_differ(value, after[name]), (value, after[name]))
        yield Difference("another number is parked", values_differ(SymInt(effect.parked.length), after[machine.parked]))
        yield Difference("other tasks are parked", sequences_differ(effect.parked, queue))
        yield from self._continue(ended, effect, resumed)
        yield from self._caller(ended)
        yield from self._warning(effect)
        yield from is_inconsistent(effect, world)
        yield from self._checkpoints(before)
        yield from _leaves_alone(world)
        if "withdrawn" in world.asked and world.caller is world.own and not rule.heeds_parked:
            # with a withdrawn one in the queue, the first decision may have been by a rule that heeds the parked
            yield Difference("it looks for withdrawn tasks, which the rule does not heed", WITHDRAWN.term == 0)

    def _continue(self, ended: Ended, effect: Snapshot, resumed: Calls) -> Iterator[Difference]:
        """Yield how the tasks that continue differ from those that `apply` lets continue."""
        try:
            caller = EMPTY if ended.how == "awaits" else _caller_entry(ended)
        except TypeError:
            yield ended.differs(ALWAYS)
            return
        host = self.world.caller if self.rule.refuses else self.world.own
        yield from continues_otherwise(self.world, effect, caller, _on(host, resumed))

    def _caller(self, ended: Ended) -> Iterator[Difference]:
        """Yield how the caller parks or raises otherwise; `_continue` has what it returns."""
        rule, world = self.rule, self.world
        yield ended.differs(NEVER if (ended.how == "awaits") == (rule.caller == "parks") else ALWAYS)
        if rule.refuses:
            error = refusal(rule, self.argument)
            if isinstance(error, BrokenBarrierError):
                error = world.caller.error(*error.args)
            yield ends_otherwise(ended, error)
        if ended.how == "awaits":
            waker = ended.what
            is_parked = isinstance(waker, Waker) and world.queue.added == [waker] and waker.host is world.caller
            yield always("it awaits what is not its place in the queue", not is_parked)
            yield always("it parks on another host", world.parking.host is not world.caller)

    def _warning(self, effect: Snapshot) -> Iterator[Difference]:
        expected = [("latchproof", self.world.one, self.rule.message)] if self.rule.warns else []
        logged = [(where, *told) for where, _, *told in effect.warned]
        yield always("another warning is logged", logged != expected)

    def _checkpoints(self, before: Snapshot) -> Iterator[Difference]:
        world = self.world
        passes = self.is_awaited and self.rule.caller != "parks" and world.caller.checkpoints
        yield from _passes(world, ("checkpoint_if_cancelled", "cancel_shielded_checkpoint") if passes else ())
        if passes and world.events:
            for one in changes(before, world.events[0][2]):
                yield one._replace(text=f"before a checkpoint, {one.text}")


def _caller_entry(ended: Ended) -> Calls:
    """Return the caller with its ending, as a sequence; raise TypeError if it is one that no rule can give."""
    return calls_of(((SymCall(ME), type(ended.what) if ended.how == "raises" else ended.what),))


def _on(host: Any, resumed: Calls) -> Calls:
    """Return the tasks that continue, where a broken barrier's error is the host's own."""
    given = resumed.given
    if given is None or host is NOWHERE or host is None:
        return resumed
    of_host = (error_constant(BrokenBarrierError), error_constant(host.error))

    def on_the_host(k: z3.ArithRef) -> Ending:
        one = given(k)
        return replace(one, given=z3.substitute(one.given, of_host))

    return replace(resumed, given=on_the_host)
