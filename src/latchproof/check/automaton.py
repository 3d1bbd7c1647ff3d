"""A specification as a deterministic automaton, made by the subset construction as far as it is walked.

A node is a set of *configurations*. Each is a state of the specification, and what has become of each call that has
begun and not ended. Between two events any call that has not taken effect may do so, and any call whose cancellation
was requested may be withdrawn; the specification says where that leads. Each event filters the configurations. When
none is left, no linearization of the history exists.

Readings are judged apart from calls: one that no configuration gives filters nothing, and the observation that reads so
is left out from there on.

A call that waits while time passes may be withdrawn by a timer of the class's own: it then ends with a TimeoutError.

In the strict form, which our own classes keep, a call takes effect in its first step and a cancellation at its request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from latchproof.check.history import Begin, End, Event, Observe, Request, TimePasses, error_name
from latchproof.check.sandbox.classes import bases_of, name_of
from latchproof.check.specification import (
    COMPARED,
    GONE,
    NEW,
    PARKED,
    WITHDRAWN,
    Configuration,
    Fate,
    Invocation,
    Specification,
    in_order,
    reads_so,
)

TIMEOUTS = ("TimeoutError", "TooSlowError")
"""The names of the classes of errors that say that time has run out; trio has the second."""


@dataclass
class Node:
    """All that the judgement of what follows depends on, and what was found out about what follows.

    Calls go by their rank among those under way, in the order in which they began, so histories that differ only in
    calls that are over come to the same node.
    """

    number: int
    configurations: frozenset[Configuration]
    calls: tuple[Invocation, ...]
    requested: frozenset[int]
    left_out: frozenset[str]
    """The observations that have read wrong."""
    timed: frozenset[int] = frozenset()
    """The calls that wait and may have timed out: they were under way when time passed."""
    reachable: Set[Configuration] | None = None
    """Every configuration that calls under way may have brought about unseen; None until it is needed."""
    fired: Set[str] = frozenset()
    """The rules by which they did."""
    edges: dict[Any, Edge] = field(default_factory=dict)
    """For each event that was judged here: where it leads, if it is allowed, the rules that were fired, and what read
    wrong."""


Edge: TypeAlias = tuple[Node | None, Set[str], tuple[str, ...]]
Specifications: TypeAlias = dict[tuple[Any, int, str], Specification]
"""The specifications that were made, by the policy, the constructor argument, and what is compared of values."""
Automata: TypeAlias = "dict[tuple[Specification, bool], Automaton]"
"""The automata that were made, by the specification and whether it is taken in the strict form."""


class Automaton:
    """The automaton of a specification: `start` is where every history begins, and `follow` where an event leads.

    >>> from latchproof.check.machine_specification import MachineSpecification
    >>> from latchproof_spec.machines import LATCH
    >>> automaton = Automaton(MachineSpecification(LATCH, LATCH.policies[0], 1))
    >>> began, *_ = automaton.follow(automaton.start, Begin(0, "wait"), 0)
    >>> automaton.follow(began, End(0, "returned"), 0)
    (None, {'L8'}, ())
    """

    def __init__(self, specification: Specification, *, strict: bool = False) -> None:
        self.specification = specification
        self.strict = strict
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self.nodes: list[Node] = []
        """The same nodes, in order of their numbers."""
        self._known: dict[tuple[Any, ...], list[tuple[Configuration, str]]] = {}
        """What `_successors` returned."""
        self._waiting = {one.name for one in specification.operations if one.waits}
        """The names of the operations whose calls may block."""
        self.start = self.at(frozenset(specification.start()), (), frozenset(), frozenset())

    def follow(self, node: Node, event: Event, rank: int) -> Edge:
        """Return where an event leads, the rules fired, and what read wrong.

        `rank` is that of the event's call among those under way; of another event it is their number.
        """
        case = _case(event, rank)
        edge = node.edges.get(case)
        if edge is None:
            edge = node.edges[case] = self._edge(node, event, rank)
        return edge

    def allows_as_much(self, here: Node, there: Node) -> bool:
        """Return whether what follows is allowed at one node if it is allowed at another, as long as nothing misreads.

        It is if every configuration there may come about here, unseen: then each event leaves no fewer of them here.
        """
        about = (here.calls, here.requested, here.left_out, here.timed)
        if about != (there.calls, there.requested, there.left_out, there.timed):
            return False
        return there.configurations <= self.reachable(here)

    def at(
        self,
        configurations: frozenset[Configuration],
        calls: tuple[Invocation, ...],
        requested: frozenset[int],
        left_out: frozenset[str],
        timed: frozenset[int] = frozenset(),
    ) -> Node:
        """Return the node with these parts, which is made when it is first asked for."""
        key = (configurations, calls, requested, left_out, timed)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(len(self._nodes), *key)
            self.nodes.append(node)
        return node

    def _edge(self, node: Node, event: Event, rank: int) -> Edge:
        """Return what `follow` does, for an event that is judged at this node for the first time."""
        calls, requested, left_out, timed = node.calls, node.requested, node.left_out, node.timed
        if isinstance(event, TimePasses):
            timed |= {call for call, one in enumerate(calls) if one.operation in self._waiting}
            here = self._withdrawn(node.configurations, calls, timed) if self.strict else node.configurations
            return self.at(here, calls, requested, left_out, timed), set(), ()
        if isinstance(event, Begin | Request):
            steps = [(here, "") for here in node.configurations]
            if isinstance(event, Begin):
                task = event.task if self.specification.tells_tasks_apart else 0
                types = tuple(map(type, event.arguments))
                calls = (*calls, Invocation(event.operation, event.arguments, task, event.cancelled, types))
                if event.cancelled:
                    requested |= {rank}
                steps = [(here.with_fate(rank, NEW), "") for here, _ in steps]
                if self.strict:
                    steps = [step for here, _ in steps for step in self._effects(here, rank, calls)]
            else:
                requested |= {rank}
                if self.strict:
                    steps = [step for here, _ in steps for step in self._withdrawals(here, rank, calls) or [(here, "")]]
            node = self.at(frozenset(here for here, _ in steps), calls, requested, left_out, timed)
            return node, {rule for _, rule in steps} - {""}, ()
        before = self.reachable(node)
        misread: tuple[str, ...] = ()
        if isinstance(event, Observe):
            misread = self._misread(before, event)
            left_out |= set(misread)
            allowed = frozenset(here for here in before if self._may_read(here, event, left_out))
        elif isinstance(event, End):
            others = [call for call in range(len(calls)) if call != rank]
            names = {call: place for place, call in enumerate(others)} | {rank: GONE, GONE: GONE}
            after = self._ended(before, event, rank, is_withdrawal=rank in (timed if is_timeout(event) else requested))
            allowed = frozenset(renamed(here, names.__getitem__) for here in after)
            requested = frozenset(names[call] for call in requested if call != rank)
            timed = frozenset(names[call] for call in timed if call != rank)
            calls = calls[:rank] + calls[rank + 1 :]
        else:
            allowed = frozenset(here for here in before if self._may_rest(here, requested))
        return self.at(allowed, calls, requested, left_out, timed) if allowed else None, node.fired, misread

    def reachable(self, node: Node) -> Set[Configuration]:
        """Return every configuration that effects and withdrawals may lead to from there."""
        if self.strict:
            return node.configurations
        if node.reachable is None:
            seen, waiting, fired = set(node.configurations), list(node.configurations), set[str]()
            while waiting:
                for after, rule in self._successors(waiting.pop(), node.calls, node.requested | node.timed):
                    fired.add(rule)
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
            node.reachable, node.fired = seen, fired - {""}
        return node.reachable

    def _successors(
        self, here: Configuration, calls: tuple[Invocation, ...], requested: frozenset[int]
    ) -> list[tuple[Configuration, str]]:
        """Return where one effect or withdrawal may lead, and by which rule.

        The result is kept, because nodes share configurations.
        """
        found = self._known.get((here, calls, requested))
        if found is None:
            found = self._known[here, calls, requested] = []
            for call, fate in here.fates:
                if fate.kind in ("new", "parked"):
                    found += self.specification.effects(here, call, calls)
                if call in requested:
                    found += self._withdrawals(here, call, calls)
        return found

    def _withdrawals(
        self, here: Configuration, call: int, calls: tuple[Invocation, ...]
    ) -> list[tuple[Configuration, str]]:
        """Return where a call's cancellation may lead; nowhere if it was withdrawn before."""
        if here.fate(call) == WITHDRAWN:
            return []
        return list(self.specification.withdrawals(here, call, calls))

    def _withdrawn(
        self, configurations: frozenset[Configuration], calls: tuple[Invocation, ...], timed: frozenset[int]
    ) -> frozenset[Configuration]:
        """Return the configurations, and all in which some of the calls that may have timed out are withdrawn."""
        for call in timed:
            configurations |= {after for here in configurations for after, _ in self._withdrawals(here, call, calls)}
        return configurations

    def _effects(
        self, here: Configuration, call: int, calls: tuple[Invocation, ...]
    ) -> Iterator[tuple[Configuration, str]]:
        """Yield where a new call may lead in the strict form: a cancelled one is withdrawn, before or after it."""
        if calls[call].cancelled:
            yield from self._withdrawals(here, call, calls)
        for after, rule in self.specification.effects(here, call, calls):
            if calls[call].cancelled and after.fate(call) == PARKED:
                yield from self._withdrawals(after, call, calls)
            else:
                yield after, rule

    def _ended(
        self, before: Iterable[Configuration], event: End, call: int, *, is_withdrawal: bool
    ) -> Iterator[Configuration]:
        for here in before:
            fate = here.fate(call)
            if event.how == "cancelled" or (is_withdrawal and is_timeout(event)):
                is_bound = fate.ending is not None and fate.ending.binding
                if is_withdrawal and fate.kind not in ("new", "parked") and not is_bound:
                    yield _without(here, call)
            elif fate.ending is not None and self.specification.matches(fate.ending, event):
                after = _without(here, call)
                given = self.specification.given(fate.ending, event) if fate.ending.generation else None
                yield after if given is None else _taken(after, fate.ending.generation, given)

    def _misread(self, before: Set[Configuration], event: Observe) -> tuple[str, ...]:
        """Return the observations that read as no configuration has them; all of them, if each may, and not at once."""
        if any(self._may_read(here, event) for here in before):
            return ()
        names = [name for name, _ in event.values]
        alone = [Observe((one,)) for one in event.values]
        wrong = [
            name
            for name, one in zip(names, alone, strict=True)
            if not any(self._may_read(here, one) for here in before)
        ]
        if wrong and any(self._may_read(here, event, wrong) for here in before):
            return tuple(wrong)
        return tuple(names)

    def _may_read(self, here: Configuration, event: Observe, left_out: Collection[str] = ()) -> bool:
        return all(
            reads_so(value, self.specification.readings(here, name))
            for name, value in event.values
            if name not in left_out
        )

    def _may_rest(self, here: Configuration, requested: frozenset[int]) -> bool:
        return all(
            fate.kind == "parked"
            and self.specification.may_stay(here, call)
            and (call not in requested or self.specification.may_stay_cancelled(here, call))
            for call, fate in here.fates
        )


def is_timeout(event: End) -> bool:
    """Return whether a call ended with the error of a timeout.

    >>> is_timeout(End(0, "raised", error=TimeoutError())), is_timeout(End(0, "cancelled"))
    (True, False)
    """
    if event.error is None:
        return False
    names = {error_name(event.error), *map(name_of, bases_of(type(event.error)))}
    return not names.isdisjoint(TIMEOUTS)


def _case(event: Event, rank: int) -> object:
    """Return all that the judgement of an event at a node depends on."""
    if isinstance(event, End):
        if event.error is not None:
            return rank, event.how, type(event.error)
        return rank, event.how, event.leads, *_compared(event.value)
    if isinstance(event, Begin):
        return event.operation, event.arguments, event.task, event.cancelled, *map(type, event.arguments)
    if isinstance(event, Observe):
        return tuple([(name, *_compared(value)) for name, value in event.values])
    if isinstance(event, TimePasses):
        return "time"
    return rank  # a request has that of its call, and rest the number of calls under way, so they differ


def _compared(value: object) -> tuple[object, ...]:
    """Return a value as a part of a case, with its type, for True equals 1. Values of other types are never allowed."""
    return (type(value), value) if value is None or isinstance(value, COMPARED) else ("another value",)


def renamed(here: Configuration, name: Callable[[int], int]) -> Configuration:
    """Return the configuration with other numbers for the calls."""
    queue = tuple(name(call) for call in here.queue)
    return Configuration(here.state, queue, in_order({name(call): fate for call, fate in here.fates}))


def _without(here: Configuration, call: int) -> Configuration:
    return here._replace(fates=tuple(item for item in here.fates if item[0] != call))


def _taken(here: Configuration, generation: int, value: object) -> Configuration:
    """Return the configuration in which no other call of the generation can return the value."""
    fates = []
    for call, fate in here.fates:
        ending = fate.ending
        if ending is not None and ending.generation == generation:
            fate = Fate("ends", ending._replace(taken=ending.taken | {value}))
        fates.append((call, fate))
    return here._replace(fates=tuple(fates))
