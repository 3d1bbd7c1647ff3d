"""Explicit-state model checking: judge every reachable state and step of a machine and the tasks that use it.

The states are those of `system.System`, up to renaming of tasks, in the form that `encoding` gives them. The search is
breadth first, so each violation is reported with a shortest run.

Every transition is judged by every step property and every history property of the machine, every state by its
invariants, readings and censuses; that the machine is made is a step too. They see no number of calls left, so states
that differ only by that are judged once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from latchproof.explore.encoding import Encoding, orbit_size
from latchproof.explore.system import HIGHEST_COUNT, LOST, Action, Local, System, Transition
from latchproof_spec.claims import Property
from latchproof_spec.machine import Machine
from latchproof_spec.step import apply

AT_MOST: Final = 1_000_000
"""Default for the number of orbits at which an exploration stops."""


@dataclass(frozen=True)
class Violation:
    """A property that does not hold, and a shortest run to where it does not: one line a step."""

    property: str
    claims: tuple[str, ...]
    run: tuple[str, ...]


@dataclass
class Exploration:
    """What was explored, and what was found.

    `calls` bounds the calls of each task (None: without bound), `operations` are those that were called.
    `orbits` are the states up to renaming of tasks,
    `states` all of them; `transitions` are those from one state of each orbit, tasks that are doing the same counted
    once; `depth` is the distance of the furthest state; `rests` counts the orbits in which no task can run. `checks`
    counts, for each claim, how often it was judged.
    """

    machine: str
    policy: str
    argument: int
    tasks: int
    calls: int | None = None
    operations: tuple[str, ...] = ()
    orbits: int = 0
    states: int = 0
    transitions: int = 0
    depth: int = 0
    rests: int = 0
    rules: set[str] = field(default_factory=set)
    checks: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    complete: bool = True

    @property
    def judgements(self) -> int:
        """How often a claim was judged."""
        return sum(self.checks.values())


def explore(
    machine: Machine,
    policy: Any,
    argument: int,
    *,
    tasks: int,
    calls: int | None = None,
    operations: Iterable[str] | None = None,
    highest_count: int = HIGHEST_COUNT,
    at_most: int = AT_MOST,
    apply: Callable[..., Any] = apply,
) -> Exploration:
    """Explore a machine that is made with `argument` (its count or its parties) and used by so many tasks.

    The other parameters are those of `System`. The exploration stops at `at_most` orbits, and `complete` is then False.
    Raises ValueError as `System` does, and for more tasks and calls than can be encoded.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> found = explore(BARRIER, BARRIER.policies[0], 2, tasks=3)
    >>> found.complete, found.violations, sorted(found.rules), found.orbits, found.states
    (True, [], ['B1', 'B2', 'B3', 'B4', 'B5', 'B5e', 'B6', 'B7'], 18, 65)
    """
    system = System(
        machine,
        policy,
        argument,
        tasks=tasks,
        calls=calls,
        operations=operations,
        highest_count=highest_count,
        apply=apply,
    )
    called = tuple(one.name for one in system.operations)
    found = Exploration(machine.name, policy.name, argument, tasks, calls, called)
    encoding = Encoding(system)
    reached = {encoding.initial: encoding.initial}
    check = _PropertyCheck(system, encoding, reached)
    check.judge_creation()
    _search(encoding, check, found, reached, at_most)
    found.orbits = len(reached)
    found.states = sum(map(orbit_size, reached))
    found.depth = len(check.run_to(next(reversed(reached))))  # breadth first, the last one found is the furthest
    found.rules, found.checks, found.violations = check.rules, check.checks, list(check.broken.values())
    return found


def about(machine: Machine, claim: str) -> Machine:
    """Return the machine with only the properties that are about one claim.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> about(BARRIER, "C5").history_properties
    (indices are exact,)
    """

    def kept(properties: tuple[Property, ...]) -> tuple[Property, ...]:
        return tuple(one for one in properties if claim in one.ids)

    return replace(
        machine,
        invariants=kept(machine.invariants),
        step_properties=kept(machine.step_properties),
        history_properties=kept(machine.history_properties),
        readings=kept(machine.readings),
        censuses=kept(machine.censuses),
        eventualities=tuple(one for one in machine.eventualities if one.claim.id == claim),
    )


def _search(
    encoding: Encoding, check: _PropertyCheck, found: Exploration, reached: dict[bytes, bytes], at_most: int
) -> None:
    """Find every orbit, breadth first, and judge it; stop at `at_most` orbits."""
    orbits = list(reached)
    for here in orbits:  # it grows
        check.judge(here)
        can_run = False
        for move, after in encoding.successors(here):
            found.transitions += move.number
            can_run = can_run or move.runs
            if after not in reached:
                reached[after] = here
                orbits.append(after)
                if len(orbits) >= at_most:
                    found.complete = False
                    return
        found.rests += not can_run


class _PropertyCheck:
    """Judges each shape once: its state, and the steps from it. `broken` holds each property that does not hold."""

    def __init__(self, system: System, encoding: Encoding, reached: dict[bytes, bytes]) -> None:
        self.broken: dict[Property, Violation] = {}
        self.rules: set[str] = set()
        self._times: Counter[tuple[Property, ...]] = Counter()
        self._system = system
        self._encoding = encoding
        self._reached = reached
        self._judged: set[bytes] = set()

    @property
    def checks(self) -> dict[str, int]:
        """How often each claim was judged."""
        times: Counter[str] = Counter()
        for properties, evaluated in self._times.items():
            for property_ in properties:
                times.update(dict.fromkeys(property_.ids, evaluated))
        return dict(times)

    def judge_creation(self) -> None:
        """Judge the step by which the machine is made."""
        self._evaluate(self._system.machine.step_properties, (self._system.creation,), self._encoding.initial)

    def judge(self, orbit: bytes) -> None:
        """Judge an orbit, unless one of its shape was judged before."""
        shape = self._encoding.shape(orbit)
        if shape in self._judged:
            return
        self._judged.add(shape)
        machine, constants = self._system.machine, self._system.constants
        here = self._encoding.state_of(shape)
        self._evaluate(machine.invariants, (*constants, *here.machine), orbit)
        read = {name: one.read(*constants, *here.machine) for name, one in machine.observations.items()}
        self._evaluate(machine.readings, (constants, here.machine, read), orbit)
        counts = sum(local.parked for local in here.tasks), len(here.released)
        self._evaluate(machine.censuses, (constants, here.machine, *counts), orbit)
        for transition in self._system.transitions(here, here.distinct_tasks):
            if transition.step is not None:
                self.rules.add(transition.step.rule.id)
                self._evaluate(machine.step_properties, (transition.step,), orbit, transition)
                self._evaluate(machine.history_properties, (transition.moment,), orbit, transition)

    def _evaluate(
        self, properties: tuple[Property, ...], values: tuple[Any, ...], orbit: bytes, last: Transition | None = None
    ) -> None:
        self._times[properties] += 1
        for property_ in properties:
            if not property_.holds(*values) and property_ not in self.broken:
                run = self.run_to(orbit)
                if last is not None:
                    run.append(described(last.before.tasks[last.who], last.action))
                self.broken[property_] = Violation(property_.name, property_.ids, tuple(run))

    def run_to(self, orbit: bytes) -> list[str]:
        """Return the lines of a shortest run to an orbit."""
        lines = []
        while (origin := self._reached[orbit]) != orbit:
            moves = self._encoding.successors(origin)
            lines.append(next(described(move.local, move.action) for move, after in moves if after == orbit))
            orbit = origin
        return lines[::-1]


def described(local: Local, action: Action) -> str:
    """Return the line of a run that says what a task does, which is `local` before: tasks have no names here.

    >>> described(Local("released", ending=0), Action("continue"))
    'a task released with 0 continues'
    """
    if local.position == LOST:
        return f"a task that is parked and lost from the queue {action.verb}"
    if local.parked:
        return f"the task parked at position {local.position} {action.verb}"
    if not local.released:
        return f"a task {action.verb}{' before it arrives' if action.kind == 'cancel' else ''}"
    ending = getattr(local.ending, "__name__", local.ending)
    early = " before it has run" if action.kind == "cancel" else ""
    return f"a task released{'' if ending is None else f' with {ending}'} {action.verb}{early}"
