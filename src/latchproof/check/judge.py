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

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from latchproof_spec.machine import Machine, Operation
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
    cancelled. `may_break`, whether a policy lets an abort reach the call although it was released. `generation` matters
    where any index will do: that of which it is to be one, -1 for the generation that has just tripped, and so on.
    """

    kind: Literal["new", "parked", "ends", "withdrawn"]
    rule: Rule | None = None
    ending: Ending = None
    generation: int = 0
    may_break: bool = False


NEW = Fate("new")
PARKED = Fate("parked")
WITHDRAWN = Fate("withdrawn")

GONE = -1
"""Stands in a queue for a call that is over: by a faulty specification it may stay there."""


class Configuration(NamedTuple):
    """One way in which the history so far may have come about."""

    state: tuple[Any, ...]
    queue: tuple[int, ...]
    fates: tuple[tuple[int, Fate], ...]
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


class _Place:
    """Where a history may have come to: all that the judgement of what follows depends on, and what came of it before.

    Calls go by their rank among those under way, in the order in which they began, so that histories which differ only
    in what is over come to the same place.
    """

    __slots__ = ("calls", "configurations", "edges", "fired", "number", "reachable", "recent", "requested")

    def __init__(
        self,
        number: int,
        configurations: frozenset[Configuration],
        calls: tuple[tuple[str, tuple[Any, ...]], ...],
        requested: frozenset[int],
        recent: frozenset[str],
    ) -> None:
        self.number = number
        self.configurations = configurations
        self.calls = calls
        self.requested = requested
        self.recent = recent
        self.reachable: frozenset[Configuration] | None = None
        """Every configuration that calls under way may have brought about, unseen; None until somebody asks."""
        self.fired: frozenset[str] = frozenset()
        """The rules by which they did."""
        self.edges: dict[Any, tuple[_Place | None, frozenset[str]]] = {}
        """For each event that was judged here: where it leads, if it is allowed, and the rules that were fired."""


class Judge:
    """Judges one history, event by event, under one policy.

    `argument` is what the constructor was given. Where wait() returns no index at all, `indexed` is False, and none is
    expected. `step` returns None as long as the history is allowed.

    Each event is judged once in each place that histories come to: judging is walking a deterministic automaton, whose
    places are sets of configurations, and which is made as far as it is walked.

    >>> from latchproof_spec.barrier.machine import BARRIER
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
        self.cancellations = 0
        self.finding: Finding | None = None
        self.fired: set[str] = set()
        self._firing: set[str] = set()
        """The rules that are fired while an event is judged for the first time."""
        self._places: dict[tuple[Any, ...], _Place] = {}
        self._calls: tuple[int, ...] = ()
        """Those under way, in the order in which they began."""
        self._place = self._at(frozenset([Configuration(state, (), (), ())]), (), frozenset(), frozenset())

    def snapshot(self) -> tuple[Any, ...]:
        """What `restore` needs to judge another continuation of the history so far."""
        return self._place, self._calls, self.cancellations, self.finding

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to a snapshot."""
        self._place, self._calls, self.cancellations, self.finding = snapshot

    @property
    def place(self) -> int:
        """A number for all that the judgement of what follows depends on; calls matter by their order alone."""
        return -1 if self.finding is not None else self._place.number

    @property
    def configurations(self) -> frozenset[Configuration]:
        """Every configuration that the history so far allows."""
        return self._numbered(self._place.configurations)

    @property
    def reachable(self) -> frozenset[Configuration]:
        """Every configuration that calls under way may have brought about by now, unseen."""
        self.fired |= self._place.fired
        return self._numbered(self._reachable(self._place))

    @property
    def recent(self) -> frozenset[str]:
        """What happened since the last observation: operations that began, "refused", "cancelled" and "rest"."""
        return self._place.recent

    def step(self, event: Event) -> Finding | None:
        """Take the next event; the finding, if no configuration allows it. After a finding nothing more is judged."""
        if self.finding is not None:
            return None
        if isinstance(event, Stray):  # a finding, but it leaves open how the calls go on
            return Finding("C10", event.error, ("no such error",), ())
        rank = self._calls.index(event.call) if isinstance(event, End | Request) else len(self._calls)
        case = _case(event, rank)
        edge = self._place.edges.get(case)
        if edge is None:
            edge = self._place.edges[case] = self._edge(self._place, event, rank)
        after, fired = edge
        self.fired |= fired
        if after is None:
            self.finding = self._finding(event)
            return self.finding
        self._place = after
        if isinstance(event, Begin):
            self._calls = (*self._calls, event.call)
        elif isinstance(event, End):
            self._calls = self._calls[:rank] + self._calls[rank + 1 :]
        elif isinstance(event, Request):
            self.cancellations += 1
        return None

    def is_requested(self, call: int) -> bool:
        """Whether the cancellation of this call was requested."""
        return call in self._calls and self._calls.index(call) in self._place.requested

    def operation(self, call: int) -> Operation:
        """The operation of a call that has begun and not ended."""
        if call not in self._calls:
            raise KeyError(call)
        return self._operations[self._place.calls[self._calls.index(call)][0]]

    def _numbered(self, configurations: Iterable[Configuration]) -> frozenset[Configuration]:
        """The configurations with the calls' own numbers."""
        names = dict(enumerate(self._calls)) | {GONE: GONE}
        return frozenset(_renamed(here, names.__getitem__) for here in configurations)

    def _finding(self, event: Event) -> Finding:
        from latchproof.check.blame import attribute

        assert isinstance(event, End | Observe | Rest)
        return attribute(self, self._numbered(self._reachable(self._place)), event)

    # --------------------------------------------------------------------------- judging an event for the first time

    def _at(
        self,
        configurations: frozenset[Configuration],
        calls: tuple[tuple[str, tuple[Any, ...]], ...],
        requested: frozenset[int],
        recent: frozenset[str],
    ) -> _Place:
        key = (configurations, calls, requested, recent)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(len(self._places), *key)
        return place

    def _edge(self, place: _Place, event: Event, rank: int) -> tuple[_Place | None, frozenset[str]]:
        self._firing = set()
        after = self._after(place, event, rank)
        return after, frozenset(self._firing)

    def _after(self, place: _Place, event: Event, rank: int) -> _Place | None:
        """Where the event leads; None if no configuration allows it. `rank` is that of the call that it is about."""
        calls, requested, recent = place.calls, place.requested, place.recent
        if isinstance(event, Begin):
            calls = (*calls, (event.operation, event.arguments))
            begun = (_with(here, rank, NEW) for here in place.configurations)
            after = frozenset(self._effect(here, rank, calls) for here in begun) if self.strict else frozenset(begun)
            return self._at(after, calls, requested, recent | {event.operation})
        if isinstance(event, Request):
            after = place.configurations
            if self.strict:
                after = frozenset(self._withdraw(here, rank) or here for here in after)
            return self._at(after, calls, requested | {rank}, recent | {"cancelled"})
        before = self._reachable(place)
        self._firing |= place.fired
        if isinstance(event, Observe):
            after = frozenset(here for here in before if self._observable(here, event))
            return self._at(after, calls, requested, frozenset()) if after else None
        if isinstance(event, Rest):
            after = frozenset(here for here in before if _at_rest(here, requested))
            return self._at(after, calls, requested, recent | {"rest"}) if after else None
        assert isinstance(event, End)
        after = frozenset(self._ended(before, event, rank, rank in requested))
        if not after:
            return None
        if event.how == "cancelled":
            recent |= {"cancelled"}
        elif any(_is_refused(here.fate(rank)) for here in before):
            recent |= {"refused"}
        names = {call: call - (call > rank) for call in range(len(calls))} | {rank: GONE, GONE: GONE}
        after = frozenset(_renamed(here, names.__getitem__) for here in after)
        requested = frozenset(names[call] for call in requested if call != rank)
        return self._at(after, calls[:rank] + calls[rank + 1 :], requested, recent)

    def _reachable(self, place: _Place) -> frozenset[Configuration]:
        """Every configuration that effects and withdrawals may lead to from there."""
        if self.strict:
            return place.configurations
        if place.reachable is None:
            firing, self._firing = self._firing, set()
            place.reachable = frozenset(self._closure(place))
            place.fired = frozenset(self._firing)
            self._firing = firing
        return place.reachable

    def _closure(self, place: _Place) -> set[Configuration]:
        seen = set(place.configurations)
        waiting = list(seen)
        while waiting:
            here = waiting.pop()
            for call, fate in here.fates:
                if fate.kind == "new":
                    after: Configuration | None = self._effect(here, call, place.calls)
                    self._add(after, seen, waiting)
                if call in place.requested:
                    self._add(self._withdraw(here, call), seen, waiting)
        return seen

    @staticmethod
    def _add(configuration: Configuration | None, seen: set[Configuration], waiting: list[Configuration]) -> None:
        if configuration is not None and configuration not in seen:
            seen.add(configuration)
            waiting.append(configuration)

    def _effect(self, here: Configuration, call: int, calls: Sequence[tuple[str, tuple[Any, ...]]]) -> Configuration:
        """The call takes effect, by the specification's function."""
        name, arguments = calls[call]
        function = self._operations[name].function
        *state, rule = function(*self.constants, *here.state, *arguments, policy=self.policy)
        return self._apply(here, tuple(state), rule, call)

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
            self._firing.add(rule.id)
            return None
        return _with(self._apply(here, tuple(state), rule, call), call, WITHDRAWN)

    def _apply(self, here: Configuration, state: tuple[Any, ...], rule: Rule, call: int) -> Configuration:
        self._firing.add(rule.id)
        queue, resumed = apply(rule, here.queue, call)
        fates = dict(here.fates)
        reaches_released = (
            rule.queue == "failed" and getattr(self.policy, "abort_reaches", "the parked") != "the parked"
        )
        if reaches_released and rule.caller != "leaves":
            for other, fate in here.fates:
                if fate.kind == "ends" and isinstance(fate.ending, int):
                    fates[other] = fate._replace(may_break=True)
        given = here.given
        if rule.queue == "indexed" and any(ending == ANY_INDEX for _, ending in resumed):  # a generation is over
            given = tuple((generation - 1, index) for generation, index in given)
            for other, fate in fates.items():
                if fate.ending == ANY_INDEX:
                    fates[other] = fate._replace(generation=fate.generation - 1)
        for other, ending in resumed:
            if other == GONE:
                continue
            fates[other] = Fate("ends", rule, ending, -1 if ending == ANY_INDEX else 0)
        if rule.caller == "parks":
            fates[call] = PARKED
        return Configuration(state, queue, tuple(sorted(fates.items(), key=_first)), given)

    def _ended(
        self, before: Iterable[Configuration], event: End, call: int, is_requested: bool
    ) -> Iterator[Configuration]:
        for here in before:
            fate = here.fate(call)
            if event.how == "cancelled":
                if is_requested and fate.kind != "parked":
                    yield _without(here, call)
            elif fate.kind == "ends" and self._matches(here, fate, event):
                if fate.ending == ANY_INDEX and event.how == "returned" and isinstance(event.value, int):
                    here = here._replace(given=tuple(sorted((*here.given, (fate.generation, event.value)))))
                yield _without(here, call)

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
            due: int = self.machine.observations[name].read(*self.constants, *here.state)
            if type(value) is not type(due) or not isinstance(value, int):
                return False
            most = due
            if name == "n_waiting" and self.policy.n_waiting_counts != "the parked":
                most = due + sum(1 for _, fate in here.fates if fate.kind == "ends" and isinstance(fate.ending, int))
            if not due <= value <= most:
                return False
        return True


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


def _case(event: Event, rank: int) -> object:
    """All that the judgement of an event in a place depends on."""
    if isinstance(event, End):
        if event.error is not None:
            return rank, event.how, type(event.error)
        # of other values it matters only that they are none of these
        told = event.value if event.value is None or type(event.value) is int else "another value"
        return rank, event.how, told
    if isinstance(event, Begin):
        return event.operation, event.arguments
    if isinstance(event, Observe):
        values = tuple(value if isinstance(value, int) else "another value" for _, value in event.values)
        return values, tuple([type(value) for _, value in event.values])  # for True equals 1
    return rank if isinstance(event, Request) else "rest"


def _at_rest(here: Configuration, requested: frozenset[int]) -> bool:
    return all(fate.kind == "parked" and call not in requested for call, fate in here.fates)


def _renamed(here: Configuration, name: Callable[[int], int]) -> Configuration:
    """The configuration with other numbers for the calls."""
    queue = tuple(name(call) for call in here.queue)
    fates = tuple(sorted(((name(call), fate) for call, fate in here.fates), key=_first))
    return Configuration(here.state, queue, fates, here.given)


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
