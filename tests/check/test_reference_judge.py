"""The judge and the reference judge say the same of every history: whether it is allowed, or which event is not.

Both judge histories that are generated from events right and wrong, under every policy and in both forms, and those of
the zoo. Only verdicts are compared: which claim a finding breaks is held in `test_judge`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import pytest

from latchproof.check.bounds import programs_within
from latchproof.check.history import Begin, End, Event, Observe, Request, Rest, Stray, TimePasses
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.specification import PARKED, WITHDRAWN, Configuration, Ending, Invocation
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, ZeroLatchError
from tests.check.reference_judge import ReferenceJudge, Worlds, without
from tests.check.test_judge import SomebodysBrokenError
from tests.zoo.reductions import POLLING
from tests.zoo.test_zoo import CORRECT, FAULTS

ERRORS: tuple[type[BaseException], ...] = (
    BrokenBarrierError, SomebodysBrokenError, RuntimeError, ValueError, TypeError, LatchInUseError, ZeroLatchError,
    RecursionError, NotImplementedError, KeyError, TimeoutError, type("ZeroLatchError", (Exception,), {}),
)  # fmt: skip
POLICIES = [
    pytest.param(machine, policy, id=f"{machine.name}-{policy.name}")
    for machine in MACHINES.values()
    for policy in machine.policies
]


class Moment(NamedTuple):
    """Where both judges are after a history, and which calls are under way."""

    judge: tuple[Any, ...]
    worlds: Worlds
    calls: tuple[int, ...]
    history: tuple[Event, ...]
    left_out: frozenset[str] = frozenset()
    """The properties that have read wrong."""

    @property
    def is_crowded(self) -> bool:
        """Whether more than two calls are parked, for certain."""
        return min(len(world.queue) for world in self.worlds) > 2


class BothJudges:
    """The two judges of a machine under a policy. `seen` counts events: their kind, and whether they are allowed."""

    def __init__(
        self,
        machine: Machine,
        policy: Any,
        argument: int,
        *,
        strict: bool,
        indexed: bool,
        specification: type[MachineSpecification] = MachineSpecification,
    ) -> None:
        self.machine = machine
        self.judge = Judge(
            specification(machine, policy, argument, compared="indices" if indexed else "no value"), strict=strict
        )
        self.reference = ReferenceJudge(machine, policy, argument, strict=strict, indexed=indexed)
        self.about = f"{machine} of {argument} under {policy}, {strict=}, {indexed=}"
        self.seen: Counter[tuple[str, bool]] = Counter()
        self.start = Moment(self.judge.snapshot(), self.reference.start, (), ())

    def take(self, before: Moment, event: Event) -> Moment | None:
        """The moment after an event, or None if judging ends there. Both judges must say the same of the event."""
        self.judge.restore(before.judge)
        finding = self.judge.step(event)
        misread, judged = frozenset[str](), event
        if isinstance(event, Observe):
            misread = self.reference.misread(before.worlds, event, before.left_out)
            judged = without(event, before.left_out | misread)
        worlds = self.reference.after(before.worlds, judged)
        history = (*before.history, event)
        is_allowed = bool(worlds) and not misread
        said = (finding is None, self.judge.finding is None, frozenset(() if finding is None else finding.misread))
        about = f"{self.about}: the reference judge says {is_allowed} of {history}"
        assert said == (is_allowed, bool(worlds), misread), about
        self.seen[kind(event), is_allowed] += 1
        if before.left_out:
            self.seen[f"{kind(event)} after a wrong reading", is_allowed] += 1
        if before.is_crowded:
            self.seen[f"{kind(event)} while more than two are parked", is_allowed] += 1
        if not worlds:
            return None
        calls = tuple(call for call in before.calls if not isinstance(event, End) or call != event.call)
        calls = (*calls, event.call) if isinstance(event, Begin) else calls
        return Moment(self.judge.snapshot(), worlds, calls, history, before.left_out | misread)


def kind(event: Event) -> str:
    return event.how if isinstance(event, End) else type(event).__name__.lower()


# -------------------------------------------------------------------------------------------------- generated histories

AT_ONCE = 6
"""Calls that may be under way at once."""

LENGTH = 14
"""Events of a walk."""

MOST_WORLDS = 15
"""Most worlds after an event that a walk takes; one that leaves more is judged, too, and not taken."""

REST = Rest()
PAIR: tuple[Event, ...] = (Begin(0, "wait"), REST, Begin(1, "wait"))
CROWD: tuple[Event, ...] = (*PAIR, REST, Begin(2, "wait"), REST)
"""Three calls are parked, for certain and in this order."""

THRONG: tuple[Event, ...] = (*CROWD, Begin(3, "wait"), REST, Begin(4, "wait"), REST)

REFUSED: tuple[Event, ...] = tuple(Begin(call, "set_count", (-1,)) for call in range(2))
"""Calls that every policy refuses."""

WALKS: dict[str, list[tuple[int, tuple[Event, ...]]]] = {
    "latch": [
        (2, CROWD),
        (1, (*CROWD, Request(1), End(1, "cancelled"))),
        (3, THRONG),
        (0, ()),
        (1, ()),
        (2, (*PAIR, Observe((("count", -7),)))),
        (1, REFUSED),
    ],
    "barrier": [
        (4, CROWD),
        (4, (*CROWD, Request(1), End(1, "cancelled"))),
        (7, THRONG),
        (1, ()),
        (2, (*PAIR, Observe((("n_waiting", -7),)))),
        (3, PAIR),
    ],
}
"""The constructor's argument of each walk, and the events that it begins with. The last wait() returns no index."""

WEIGHTS = {
    "misread": 1,
    "timepasses": 1,
    "wait": 6,
    "observe": 5,
    "begin": 2,
    "request": 2,
    "rest": 2,
    "returned": 3,
    "raised": 3,
    "cancelled": 3,
}
"""How often each kind of event is taken where others may be, too: many tasks are to be parked, and known to be."""


def beginnings(machine: Machine, call: int) -> Iterator[Event]:
    for operation in machine.operations:
        domains = ((False, True) if one is bool else (-1, 0, 1, 2, True) for one in operation.parameters.values())
        yield from (Begin(call, operation.name, arguments) for arguments in product(*domains))
        if operation.waits:
            yield Begin(call, operation.name, cancelled=True)


def endings(machine: Machine, call: int, most: int, chance: random.Random) -> Iterator[Event]:
    """Right ones and wrong ones: indices too high or too low, values that are not an index, errors of three classes."""
    values = (None, True, False, 0.0, *range(-1, most + 2)) if machine.gives_index else (None, 0)
    yield from (End(call, "returned", value, leads=value if type(value) is bool else None) for value in values)
    yield from (End(call, "raised", error=error("it is said")) for error in chance.sample(ERRORS, 3))
    yield End(call, "cancelled")


def readings(machine: Machine, most: int, chance: random.Random) -> Iterator[Event]:
    """Of all observations at once, and of each: off by one, and of other types."""
    names = tuple(name for name in machine.observations if name not in machine.constants)
    flags = {"is_open", *(name for name, kind in machine.state.items() if kind is bool)}
    domains = [(False, True) if name in flags else range(-1, most + 2) for name in names]
    yield from (Observe(tuple(zip(names, values, strict=True))) for values in product(*domains))
    for name in machine.observations:
        yield from (Observe(((name, value),)) for value in chance.sample((0, 1, False, True, 0.0, "0"), 2))


def events_at(machine: Machine, moment: Moment, most: int, chance: random.Random) -> Iterator[Event]:
    """Events that may come next, and others."""
    if len(moment.calls) < AT_ONCE:
        yield from beginnings(machine, min(set(range(AT_ONCE)) - set(moment.calls)))
    for call in moment.calls:
        yield Request(call)
        yield from endings(machine, call, most, chance)
    yield from readings(machine, most, chance)
    yield REST
    yield TimePasses(60.0)


def walk(both: BothJudges, moment: Moment, most: int, chance: random.Random) -> None:
    """Compare the judges on the events that may come next, then take one that is allowed, and so on."""
    for _ in range(LENGTH):
        nexts: dict[str, list[Moment]] = {}
        for event in events_at(both.machine, moment, most, chance):
            after = both.take(moment, event)
            if after is not None and len(after.worlds) <= MOST_WORLDS:
                is_wait = isinstance(event, Begin) and event.operation == "wait" and not event.cancelled
                is_misread = after.left_out != moment.left_out
                name = "misread" if is_misread else "wait" if is_wait else kind(event)
                nexts.setdefault(name, []).append(after)
        if not nexts:
            return
        (taken,) = chance.choices(list(nexts), [WEIGHTS[one] for one in nexts])
        moment = chance.choice(nexts[taken])


def rules_of(machine: Machine, policy: Any) -> set[str]:
    """The rules of calls and of withdrawals under a policy, in every state that three steps lead to."""
    found: set[str] = set()
    for argument in range(machine.smallest, 4):
        constants, start, _ = machine.create(argument)
        states = {start}
        for _ in range(4):
            results = [
                operation.function(*constants, *state, *inputs, policy=policy)
                for state in states
                for operation in machine.operations
                for inputs in product(*((False, True, -1, 0, 1) for _ in operation.parameters))
            ] + [
                machine.withdraw.function(*constants, *state, *told, policy=policy)
                for state in states
                for told in product((False, True), repeat=len(machine.withdraw.facts))
                if all(
                    fact.premise(value, state[machine.parked_at])
                    for fact, value in zip(machine.withdraw.facts, told, strict=True)
                )
            ]
            found |= {result[-1].id for result in results}
            states = {tuple(state) for *state, _ in results}
    return found


def walks(
    machine: Machine, policy: Any, specification: type[MachineSpecification] = MachineSpecification
) -> Iterator[BothJudges]:
    """Compare the judges on every walk, in both forms."""
    settings = WALKS[machine.name]
    for number, strict in product(range(len(settings)), (True, False)):
        argument, opening = settings[number]
        indexed = number + 1 < len(settings)
        both = BothJudges(machine, policy, argument, strict=strict, indexed=indexed, specification=specification)
        moment = both.start
        for event in opening:
            after = both.take(moment, event)
            assert after is not None
            moment = after
        walk(both, moment, max(argument, 2), random.Random(f"{number} {policy} {strict}"))
        yield both


@pytest.mark.parametrize(("machine", "policy"), POLICIES)
def test_generated_histories_are_judged_as_the_reference_judge_does(machine: Machine, policy: Any) -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    fired: set[str] = set()
    for both in walks(machine, policy):
        seen += both.seen
        fired |= both.judge.fired
    wanted = {(one, True): 100 for one in ("begin", "request")}
    for one in ("returned", "raised", "cancelled", "observe", "rest"):
        wanted |= {(one, True): 5, (one, False): 50}
    for one in ("begin", "request", "observe"):
        wanted[f"{one} while more than two are parked", True] = 5
    for one in ("returned", "raised", "cancelled", "observe"):
        wanted[f"{one} while more than two are parked", False] = 10
    wanted |= {(f"{one} after a wrong reading", True): 5 for one in ("begin", "returned", "cancelled", "observe")}
    wanted |= {(f"{one} after a wrong reading", False): 5 for one in ("returned", "raised", "cancelled", "rest")}
    assert fired == rules_of(machine, policy)
    assert {one: number for one, number in wanted.items() if seen[one] < number} == {}, seen


class SilentWithdrawals(MachineSpecification):
    """With more than two parked, a cancellation need not break the barrier."""

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        yield from super().withdrawals(here, call, calls)
        if here.fate(call) == PARKED and len(here.queue) > 2:
            parked, *rest = here.state
            queue = tuple(other for other in here.queue if other != call)
            yield Configuration((parked - 1, *rest), queue, here.fates).with_fate(call, WITHDRAWN), "B4"


class OneTooMany(MachineSpecification):
    """A reading of a number may be one too high."""

    def readings(self, here: Configuration, name: str) -> Collection[Any]:
        values = super().readings(here, name)
        return [*values, *(value + 1 for value in values if value is not True and value is not False)]


class NextIndices(MachineSpecification):
    """The index before its own is right, too."""

    def matches(self, ending: Ending, event: End) -> bool:
        if ending.returns and type(event.value) is int:
            return super().matches(ending, event) or super().matches(ending, event._replace(value=event.value + 1))
        return super().matches(ending, event)


class AnyRuntimeError(MachineSpecification):
    """Any RuntimeError says that a barrier is broken."""

    def matches(self, ending: Ending, event: End) -> bool:
        return super().matches(ending, event) or (ending.fails and isinstance(event.error, RuntimeError))


@pytest.mark.parametrize(
    ("machine", "policy", "faulty"),
    [
        (BARRIER, "java", SilentWithdrawals),
        (BARRIER, "aiologic", SilentWithdrawals),
        *((BARRIER, policy, OneTooMany) for policy in ("latchproof", "cpython", "java", "lenient")),
        (LATCH, "aiologic", OneTooMany),
        (BARRIER, "latchproof", NextIndices),
        (BARRIER, "java", NextIndices),
        (BARRIER, "cpython", AnyRuntimeError),
        (LATCH, "latchproof", AnyRuntimeError),
    ],
)
def test_a_fault_of_the_judge_is_noticed(machine: Machine, policy: str, faulty: type[MachineSpecification]) -> None:
    named = {one.name: one for one in machine.policies}
    with pytest.raises(AssertionError, match="the reference judge says False"):
        list(walks(machine, named[policy], faulty))


# ------------------------------------------------------------------------------------------------- histories of the zoo


Tree = dict[str, tuple[Event, "Tree"]]
"""Histories that share their starts: each event that may come next, and what follows it."""


def histories_of_the_zoo() -> dict[tuple[Machine, int, bool], Tree]:
    """Every history of at most two calls, by the machine, its argument, and whether wait() returns an index."""
    found: dict[tuple[Machine, int, bool], Tree] = {}
    factories: tuple[Any, ...] = (*CORRECT, *FAULTS)
    for factory in factories:
        if factory in POLLING:  # their runs have no end
            continue
        target = adapt(factory)
        (shape,) = programs_within(target, at_once=2, calls=2)
        for argument in shape.arguments:
            tree = found.setdefault((target.machine, argument, True), {})

            def add(history: tuple[Event, ...], tree: Tree = tree) -> None:
                for event in history:
                    if not isinstance(event, Stray):  # the reference judge leaves those to the judge
                        _, tree = tree.setdefault(repr(event), (event, {}))

            policies = target.machine.policies
            Explorer(target, shape, argument, policies).walk(on_history=add)
    return found


def compare(both: BothJudges, moment: Moment, tree: Tree) -> Iterator[bool]:
    """Compare the judges on histories; for each, yield whether it is allowed."""
    if not tree:
        yield True
    for event, rest in tree.values():
        after = both.take(moment, event)
        if after is None or after.left_out != moment.left_out:
            yield False
        if after is not None:
            yield from compare(both, after, rest)


def test_histories_of_the_zoo_are_judged_as_the_reference_judge_does() -> None:
    compared: Counter[tuple[Machine, str, bool]] = Counter()
    for (machine, argument, indexed), tree in histories_of_the_zoo().items():
        for policy, strict in product(machine.policies, (True, False)):
            both = BothJudges(machine, policy, argument, strict=strict, indexed=indexed)
            compared.update((machine, policy.name, verdict) for verdict in compare(both, both.start, tree))
    everywhere = {(one, policy.name) for one in MACHINES.values() for policy in one.policies}
    few = {(*one, verdict) for one in everywhere for verdict in (True, False) if compared[(*one, verdict)] < 150}
    assert few == set(), compared
