"""Is this history one that the specification allows?

Judging is walking the automaton of the specification (`latchproof.check.automaton`), event by event. An event that
leads nowhere is not allowed, and `latchproof.check.blame` names the claim that it breaks. A wrong reading does not end
the judging: what calls do is judged further.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, TypeAlias

from latchproof.check.automaton import Automata, Automaton, renamed
from latchproof.check.blame import Scene, find, find_misread
from latchproof.check.history import Begin, End, Event, Finding, Hang, HostFault, Observe, Request, Stray
from latchproof.check.specification import GONE, Configuration, Specification

_Past: TypeAlias = "tuple[_Past, Event, tuple[str, ...]] | None"


class Judge:
    """Judges one history, event by event. `step` returns None for an event that is allowed.

    Judges that are given the same `automata` share them, and each event is judged once at each node.

    >>> from latchproof.check.machine_specification import MachineSpecification
    >>> from latchproof_spec.machines import BARRIER
    >>> judge = Judge(MachineSpecification(BARRIER, BARRIER.policies[0], 2))
    >>> events = [Begin(0, "wait"), Begin(1, "wait"), End(1, "returned", 1), End(0, "returned", 1)]
    >>> [finding.claim for event in events if (finding := judge.step(event))]
    ['C5']
    """

    def __init__(self, specification: Specification, *, strict: bool = False, automata: Automata | None = None) -> None:
        self.specification = specification
        self.strict = strict
        self.cancellations = 0
        self.finding: Finding | None = None
        self.set_aside = False
        """Whether it judges no history any more."""
        self.fired: set[str] = set()
        """The IDs of the rules that were applied in any history that was judged."""
        self.ever_misread: set[str] = set()
        """The observations that read wrong in any history that was judged."""
        self._automata: Automata = {} if automata is None else automata
        self._automaton = self._automata.get((specification, strict)) or Automaton(specification, strict=strict)
        self._automata[specification, strict] = self._automaton
        self._weaker: dict[Specification, Judge] = {}
        """A judge by each weaker specification that was asked for."""
        self._calls: tuple[int, ...] = ()
        """Those under way, in the order in which they began."""
        self._past: _Past = None
        """The history so far: what was before the latest event, that event, and what it read wrong."""
        self._node = self._automaton.start
        self._start = self.snapshot()

    def snapshot(self) -> tuple[Any, ...]:
        """Return what `restore` needs to judge another continuation of the history so far."""
        return self._node, self._calls, self._past, self.cancellations, self.finding

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Return to a snapshot."""
        self._node, self._calls, self._past, self.cancellations, self.finding = snapshot

    @property
    def place(self) -> int:
        """The number of the automaton's node, on which all further judging depends; -1 if it judges no more."""
        return -1 if self.is_done else self._node.number

    @property
    def is_done(self) -> bool:
        """Whether it judges no more of this history."""
        return self.set_aside or self.finding is not None

    def allows_as_much(self, place: int, as_there: int) -> bool:
        """Return whether one place allows what another one allows, as long as no observation reads wrong."""
        if place == as_there or -1 in (place, as_there):
            return place == as_there
        nodes = self._automaton.nodes
        return self._automaton.allows_as_much(nodes[place], nodes[as_there])

    @property
    def configurations(self) -> frozenset[Configuration]:
        """Every configuration that the history so far allows."""
        return self._numbered(self._node.configurations)

    @property
    def reachable(self) -> frozenset[Configuration]:
        """Every configuration that calls under way may have brought about by now, unseen."""
        reachable = self._automaton.reachable(self._node)
        self.fired |= self._node.fired
        return self._numbered(reachable)

    def step(self, event: Event) -> Finding | None:
        """Take the next event; return the finding, if no configuration allows it.

        Nothing after a final finding is judged. After another one, judging continues as if the event had been allowed.
        """
        if self.is_done or isinstance(event, HostFault):
            return None
        if isinstance(event, Stray):  # it leaves open how the calls continue
            self._past = self._past, event, ()
            return Finding(self.specification.blame("stray error"), event.error, ("no such error",), (), final=False)
        if isinstance(event, Hang):
            self.finding = Finding(self.specification.blame("endless step"), str(event), ("a step that ends",), ())
            return self.finding
        node, left_out = self._node, self._node.left_out
        if left_out and isinstance(event, Observe):
            event = Observe(tuple([(name, value) for name, value in event.values if name not in left_out]))
        rank = self._calls.index(event.call) if isinstance(event, End | Request) else len(self._calls)
        after, fired, misread = self._automaton.follow(node, event, rank)
        self._past = self._past, event, misread
        self.fired |= fired
        if after is None:
            self.finding = find(self._scene(), event, rank)
            return self.finding
        finding = None
        if isinstance(event, Observe):
            if misread:
                finding = find_misread(self._scene(), event, misread)
                self.ever_misread |= set(misread)
        elif isinstance(event, Begin):
            self._calls = (*self._calls, event.call)
        elif isinstance(event, End):
            self._calls = self._calls[:rank] + self._calls[rank + 1 :]
        elif isinstance(event, Request):
            self.cancellations += 1
        self._node = after
        return finding

    @property
    def misread(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The position of each event in which observations read wrong, with their names."""
        return tuple((position, names) for position, (_, names) in enumerate(self._history()) if names)

    def _history(self) -> list[tuple[Event, tuple[str, ...]]]:
        """Return every event so far, each with what it read wrong."""
        found, past = [], self._past
        while past is not None:
            past, event, misread = past
            found.append((event, misread))
        return found[::-1]

    def _numbered(self, configurations: Iterable[Configuration]) -> frozenset[Configuration]:
        """Return the configurations with the calls' own numbers."""
        names = dict(enumerate(self._calls)) | {GONE: GONE}
        return frozenset(renamed(here, names.__getitem__) for here in configurations)

    def _scene(self) -> Scene:
        node, named = self._node, {operation.name: operation for operation in self.specification.operations}
        return Scene(
            self.specification,
            self._automaton.reachable(node),
            [named[one.operation] for one in node.calls],
            self._calls,
            node.requested,
            self.cancellations > 0,
            node.left_out,
            self._misread_by,
        )

    def _misread_by(self, weaker: Specification) -> Set[str] | None:
        """Return the observations that read wrong under a weaker specification; None if it does not allow the calls."""
        judge = self._weaker.get(weaker)
        if judge is None:
            judge = self._weaker[weaker] = Judge(weaker, strict=self.strict, automata=self._automata)
        judge.restore(judge._start)
        events = [event for event, _ in self._history() if not isinstance(event, Stray)]
        for event in events:
            judge.step(event)
        return None if judge.finding is not None else judge._node.left_out
