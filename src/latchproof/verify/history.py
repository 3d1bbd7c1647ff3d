"""Is this history one that the specification allows?

A history is what can be seen of a run: calls begin, end by returning, raising or being cancelled, cancellations are
requested, observations are read, and now and then nothing can run any more. The judge keeps every *configuration* that
the history so far allows: a state of the specification, its queue, and for every call that has begun and not ended
what has become of it. Between two events any call that has not taken effect may do so, by the specification's own
function, and any call whose cancellation was requested may be withdrawn. Each event filters the configurations; when
none is left, no linearization of the history exists.

In the strict form, which our own classes keep, a call takes effect in its first step and a cancellation at its request.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from latchproof_spec.machines import Machine, Operation
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, Rule, apply

if TYPE_CHECKING:
    from latchproof_spec.step import Ending


class Begin(NamedTuple):
    """A call has made its first step, or is about to within this one."""

    call: int
    operation: str
    arguments: tuple[Any, ...] = ()


class End(NamedTuple):
    """A call has ended: by returning `value`, by raising `error`, or by being `cancelled`."""

    call: int
    how: Literal["returned", "raised", "cancelled"]
    value: object = None
    error: BaseException | None = None


class Request(NamedTuple):
    """The cancellation of a call that has begun was requested."""

    call: int


class Observe(NamedTuple):
    """What the observations read, by name, at this instant."""

    values: tuple[tuple[str, object], ...]


class Rest(NamedTuple):
    """Nothing can run: whoever has not returned is blocked."""


class Stray(NamedTuple):
    """An error that is no call's, in a sentence: it reached the event loop's exception handler, for example."""

    error: str


_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")


class SeenError(Exception):
    """Stands for an exception that was seen in another process and could not be sent here."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return self.message


def error_name(error: BaseException) -> str:
    """The name of an exception's class, also of one that could not be sent here."""
    return error.name if isinstance(error, SeenError) else type(error).__name__


def without_addresses(message: str) -> str:
    """What a message says, without the addresses of objects in it: those are others in every run.

    >>> without_addresses("no place for <object object at 0x7f2b4c0d>")
    'no place for <object object at 0x...>'
    """
    return _ADDRESS.sub("0x...", message)


Event: TypeAlias = Begin | End | Request | Observe | Rest | Stray


class Fate(NamedTuple):
    """What has become of a call that has begun.

    `kind`: "new", it has not taken effect; "parked"; "ends", it may end with `ending`; "withdrawn", it can only end
    cancelled. `generation` is that of an index; `may_break`, whether a policy lets an abort reach the call although
    it was released.
    """

    kind: Literal["new", "parked", "ends", "withdrawn"]
    rule: Rule | None = None
    ending: Ending = None
    generation: int = 0
    may_break: bool = False


NEW = Fate("new")
PARKED = Fate("parked")
WITHDRAWN = Fate("withdrawn")


class Configuration(NamedTuple):
    """One way in which the history so far may have come about."""

    state: tuple[Any, ...]
    queue: tuple[int, ...]
    fates: tuple[tuple[int, Fate], ...]
    generation: int
    given: tuple[tuple[int, int], ...]
    """Indices that calls have returned with, as (generation, index), where the order is left open."""

    def fate(self, call: int) -> Fate:
        return next(fate for other, fate in self.fates if other == call)


@dataclass(frozen=True)
class Finding:
    """A history that the specification does not allow: the claim it breaks, what was seen and what was allowed."""

    claim: str
    seen: str
    allowed: tuple[str, ...]
    rules: tuple[str, ...]


class Judge:
    """Judges one history, event by event, under one policy.

    `argument` is what the constructor was given. Where wait() returns no index at all, `indexed` is False, and none is
    expected. `step` returns None as long as the history is allowed.

    >>> from latchproof_spec.machines import BARRIER
    >>> judge = Judge(BARRIER, BARRIER.policies[0], 2)
    >>> events = [Begin(0, "wait"), Begin(1, "wait"), End(1, "returned", 1), End(0, "returned", 1)]
    >>> [finding.claim for event in events if (finding := judge.step(event))]
    ['C5']
    """

    def __init__(
        self, machine: Machine, policy: Any, argument: int, *, strict: bool = False, indexed: bool = True
    ) -> None:
        self.machine = machine
        self._indexed = indexed
        self.policy = policy
        self.strict = strict
        self.constants, state, rule = machine.create(argument)
        if rule.refuses:
            raise ValueError(rule.message.format(argument))
        self._operations = {operation.name: operation for operation in machine.operations}
        self._calls: dict[int, tuple[Operation, tuple[Any, ...]]] = {}
        self._requested: frozenset[int] = frozenset()
        self.cancellations = 0
        self.recent: frozenset[str] = frozenset()
        """What happened since the last observation: operations that began, "refused", "cancelled" and "rest"."""
        self.finding: Finding | None = None
        self._configurations = frozenset([Configuration(state, (), (), 0, ())])
        self.fired: set[str] = set()
        self._memory: dict[tuple[Any, ...], tuple[frozenset[Configuration], bool, set[str]]] = {}
        """What came of an event where it was judged before: many histories go through the same places."""

    def snapshot(self) -> tuple[Any, ...]:
        """What `restore` needs to judge another continuation of the history so far."""
        return (
            self._configurations, self._requested, dict(self._calls), self.cancellations, self.recent, self.finding
        )  # fmt: skip

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to a snapshot."""
        self._configurations, self._requested, calls, self.cancellations, self.recent, self.finding = snapshot
        self._calls = dict(calls)

    def state(self, ranks: dict[int, int]) -> tuple[Any, ...]:
        """All that the judgement of what follows depends on, in plain values; calls go by their ranks."""
        if self.finding is not None:
            return ()
        return (
            tuple(sorted(self.recent)),
            tuple(sorted(ranks[call] for call in self._requested)),
            tuple(sorted(marshal.dumps(_plainly(here, ranks), 2) for here in self._configurations)),
        )

    @property
    def configurations(self) -> frozenset[Configuration]:
        """Every configuration that the history so far allows."""
        return self._configurations

    @property
    def reachable(self) -> frozenset[Configuration]:
        """Every configuration that calls under way may have brought about by now, unseen."""
        return self.configurations if self.strict else frozenset(self._closure())

    def step(self, event: Event) -> Finding | None:
        """Take the next event; the finding, if no configuration allows it. After a finding nothing more is judged."""
        if self.finding is None:
            finding = self._judge(event)
            if not isinstance(event, Stray):  # which is a finding, but leaves open how the calls go on
                self.finding = finding
            return finding
        return None

    def _judge(self, event: Event) -> Finding | None:
        if isinstance(event, Begin):
            self._calls[event.call] = (self._operations[event.operation], event.arguments)
            self.recent |= {event.operation}
            self._configurations, _ = self._remembered(event)
            return None
        if isinstance(event, Request):
            self._requested |= {event.call}
            self.cancellations += 1
            self.recent |= {"cancelled"}
            if self.strict:
                self._configurations = frozenset(self._withdraw(c, event.call) or c for c in self._configurations)
            return None
        if isinstance(event, Stray):
            return Finding("C10", event.error, ("no such error",), ())
        after, was_refused = self._remembered(event)
        if not after:
            return self._finding(set(self.reachable), event)
        self._configurations = after
        if isinstance(event, Observe):
            self.recent = frozenset()
        if isinstance(event, Rest):
            self.recent |= {"rest"}
        if isinstance(event, End):
            if event.how == "cancelled":
                self.recent |= {"cancelled"}
            elif was_refused:
                self.recent |= {"refused"}
            self._requested -= {event.call}
            del self._calls[event.call]
        return None

    def _remembered(self, event: Begin | End | Observe | Rest) -> tuple[frozenset[Configuration], bool]:
        """As `_filtered`, which is asked once about each case."""
        case = (self._configurations, self._requested, tuple(self._calls.items()), event)
        try:
            known = self._memory.get(case)
        except TypeError:  # somebody returns what cannot be hashed
            return self._filtered(event)
        if known is None:
            before, self.fired = self.fired, set()
            known = self._memory[case] = *self._filtered(event), self.fired
            self.fired = before
        after, was_refused, fired = known
        self.fired |= fired
        return after, was_refused

    def _filtered(self, event: Begin | End | Observe | Rest) -> tuple[frozenset[Configuration], bool]:
        """The configurations that the event leaves, and whether the call that it ends may have been refused."""
        if isinstance(event, Begin):
            begun = (_with(configuration, event.call, NEW) for configuration in self._configurations)
            return frozenset(self._effect(c, event.call) for c in begun) if self.strict else frozenset(begun), False
        before = self.reachable
        if isinstance(event, End):
            was_refused = any(_is_refused(here.fate(event.call)) for here in before)
            return frozenset(self._ended(before, event)), was_refused
        if isinstance(event, Observe):
            return frozenset(c for c in before if self._observable(c, event)), False
        return frozenset(c for c in before if self._at_rest(c)), False

    def _closure(self) -> set[Configuration]:
        """Every configuration that effects and withdrawals may lead to from here."""
        seen = set(self._configurations)
        waiting = list(seen)
        while waiting:
            here = waiting.pop()
            for call, fate in here.fates:
                if fate.kind == "new":
                    after: Configuration | None = self._effect(here, call)
                    self._add(after, seen, waiting)
                if call in self._requested:
                    self._add(self._withdraw(here, call), seen, waiting)
        return seen

    @staticmethod
    def _add(configuration: Configuration | None, seen: set[Configuration], waiting: list[Configuration]) -> None:
        if configuration is not None and configuration not in seen:
            seen.add(configuration)
            waiting.append(configuration)

    def _effect(self, here: Configuration, call: int) -> Configuration:
        """The call takes effect, by the specification's function."""
        operation, arguments = self._calls[call]
        *state, rule = operation.function(*self.constants, *here.state, *arguments, policy=self.policy)
        after = self._apply(here, tuple(state), rule, call)
        if operation.waits and call in self._requested and self.strict and after.fate(call) == PARKED:
            return self._withdraw(after, call) or after
        return after

    def _withdraw(self, here: Configuration, call: int) -> Configuration | None:
        """The call's cancellation takes effect; None if it has nothing to take effect on."""
        fate = here.fate(call)
        if fate.kind == "new":
            return _with(here, call, WITHDRAWN)
        if fate.kind == "withdrawn":
            return None
        is_parked = fate.kind == "parked"
        *state, rule = self.machine.withdraw.function(*self.constants, *here.state, is_parked, policy=self.policy)
        if not is_parked:
            self.fired.add(rule.id)
            return None
        return _with(self._apply(here, tuple(state), rule, call), call, WITHDRAWN)

    def _apply(self, here: Configuration, state: tuple[Any, ...], rule: Rule, call: int) -> Configuration:
        self.fired.add(rule.id)
        queue, gone_on = apply(rule, here.queue, call)
        fates = dict(here.fates)
        reaches_released = (
            rule.queue == "failed" and getattr(self.policy, "abort_reaches", "the parked") != "the parked"
        )
        if reaches_released and rule.caller != "leaves":
            for other, fate in here.fates:
                if fate.kind == "ends" and isinstance(fate.ending, int):
                    fates[other] = fate._replace(may_break=True)
        for other, ending in gone_on:
            fates[other] = Fate("ends", rule, ending, here.generation)
        if rule.caller == "parks":
            fates[call] = PARKED
        generation = here.generation + (1 if rule.queue == "indexed" else 0)
        return Configuration(state, queue, tuple(sorted(fates.items(), key=_first)), generation, here.given)

    def _ended(self, before: Iterable[Configuration], event: End) -> Iterator[Configuration]:
        for here in before:
            fate = here.fate(event.call)
            if event.how == "cancelled":
                if event.call in self._requested and fate.kind != "parked":
                    yield _without(here, event.call)
            elif fate.kind == "ends" and self._matches(here, fate, event):
                if fate.ending == ANY_INDEX and event.how == "returned" and isinstance(event.value, int):
                    here = here._replace(given=tuple(sorted((*here.given, (fate.generation, event.value)))))
                yield _without(here, event.call)

    def _matches(self, here: Configuration, fate: Fate, event: End) -> bool:
        if event.how == "raised":
            assert event.error is not None
            if fate.may_break and is_broken_barrier_error(event.error):
                return True
            return isinstance(fate.ending, type) and fate.rule is not None and is_due(fate.rule, event.error)
        if isinstance(fate.ending, int) and not self._indexed:
            return event.value is None
        if fate.ending == ANY_INDEX:
            index = event.value
            parties = self.constants[0]
            return type(index) is int and 0 <= index < parties and (fate.generation, index) not in here.given
        if isinstance(fate.ending, int):
            return type(event.value) is int and event.value == fate.ending
        return fate.ending is None

    def _observable(self, here: Configuration, event: Observe) -> bool:
        for name, value in event.values:
            due: int = self.machine.observations[name](*self.constants, *here.state)
            if type(value) is not type(due) or not isinstance(value, int):
                return False
            most = due
            if name == "n_waiting" and self.policy.n_waiting_counts != "the parked":
                most = due + sum(1 for _, fate in here.fates if fate.kind == "ends" and isinstance(fate.ending, int))
            if not due <= value <= most:
                return False
        return True

    def _at_rest(self, here: Configuration) -> bool:
        return all(fate.kind == "parked" and call not in self._requested for call, fate in here.fates)

    def _finding(self, before: set[Configuration], event: End | Observe | Rest) -> Finding:
        from latchproof.verify.attribution import attribute

        return attribute(self, before, event)

    def is_requested(self, call: int) -> bool:
        """Whether the cancellation of this call was requested."""
        return call in self._requested

    def operation(self, call: int) -> Operation:
        """The operation of a call that has begun and not ended."""
        return self._calls[call][0]


def is_broken_barrier_error(error: BaseException) -> bool:
    """Whether an exception says that a barrier is broken: its class, or a base of it, is so named."""
    return any(base.__name__ == BrokenBarrierError.__name__ for base in type(error).__mro__)


def is_due(rule: Rule, error: BaseException) -> bool:
    """Whether an exception is one that the rule calls for. Other people's classes name theirs as they like."""
    if BrokenBarrierError in rule.errors:
        return is_broken_barrier_error(error)
    families = tuple(RuntimeError if issubclass(due, RuntimeError) else due for due in rule.errors)
    is_named_so = bool({base.__name__ for base in type(error).__mro__} & {due.__name__ for due in rule.errors})
    return (
        (isinstance(error, families) or is_named_so)
        and not is_broken_barrier_error(error)
        and not isinstance(error, RecursionError | NotImplementedError)
    )


def _is_refused(fate: Fate) -> bool:
    return fate.rule is not None and fate.rule.refuses


def _plainly(here: Configuration, ranks: dict[int, int]) -> tuple[Any, ...]:
    """A configuration in plain values, with generations counted from the present one."""
    return (
        here.state,
        tuple(ranks[call] for call in here.queue),
        tuple(
            (
                ranks[call],
                fate.kind,
                fate.rule and fate.rule.id,
                fate.ending.__name__ if isinstance(fate.ending, type) else fate.ending,
                fate.generation - here.generation if fate.ending == ANY_INDEX else 0,
                fate.may_break,
            )
            for call, fate in here.fates
        ),
        tuple((generation - here.generation, index) for generation, index in here.given),
    )


def _with(here: Configuration, call: int, fate: Fate) -> Configuration:
    fates = dict(here.fates)
    fates[call] = fate
    return here._replace(fates=tuple(sorted(fates.items(), key=_first)))


def _without(here: Configuration, call: int) -> Configuration:
    fates = tuple(item for item in here.fates if item[0] != call)
    generations = {fate.generation for _, fate in fates if fate.kind == "ends"}
    given = tuple(pair for pair in here.given if pair[0] in generations)
    return here._replace(fates=fates, given=given)


def _first(item: tuple[int, Fate]) -> int:
    return item[0]
