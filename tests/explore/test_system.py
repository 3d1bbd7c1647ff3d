"""The transition system itself, and that the state explorer's encoding of it loses nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from math import factorial
from typing import Any

import pytest

from latchproof.check.history import Begin, End, Event, Observe, Rest
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof.explore.encoding import Encoding
from latchproof.explore.states import explore
from latchproof.explore.system import CONTINUE, IDLE, LOST, Action, Local, State, System, choices, choose
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.rules import B2
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Fact, Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import apply
from tests.explore.faults import FAULTS, Fault

MODELS = [(machine, policy) for machine in MACHINES.values() for policy in machine.policies]


def without_calls_left(state: State) -> State:
    """The state as properties see it: it matters whether an idle task has calls left, and not how many."""
    return State(
        state.machine,
        tuple(
            one if one.kind == "idle" and one.calls_left == 0 else one._replace(calls_left=None) for one in state.tasks
        ),
    )


def size_of_orbit(state: State) -> int:
    size = factorial(len(state.tasks))
    for times in Counter(state.tasks).values():
        size //= factorial(times)
    return size


def by_the_plain_system(system: System) -> dict[str, Any]:
    """What the state explorer should find, from the plain system alone."""
    machine, found = system.machine, Counter[str]()
    rules: set[str] = set()
    checks, broken = Counter[str](), set[str]()
    judged: set[State] = set()

    def judge(properties: Any, *values: Any) -> None:
        for one in properties:
            checks.update(claim.id for claim in one.claims)
            broken.update([one.name] if not one.holds(*values) else [])

    judge(machine.step_properties, system.creation)
    for state, transitions in system.reachable():
        found["orbits"] += 1
        found["states"] += size_of_orbit(state)
        found["transitions"] += len(transitions)
        found["rests"] += all(one.action.kind == "cancel" for one in transitions)
        shape, _ = without_calls_left(state).canonical()
        if shape in judged:
            continue
        judged.add(shape)
        judge(machine.invariants, *system.constants, *shape.machine)
        read = {name: one.read(*system.constants, *shape.machine) for name, one in machine.observations.items()}
        judge(machine.readings, system.constants, shape.machine, read)
        parked = sum(one.kind == "parked" for one in shape.tasks)
        judge(machine.censuses, system.constants, shape.machine, parked, len(shape.released))
        for one in system.transitions(shape, shape.distinct_tasks):
            if one.step is not None:
                rules.add(one.step.rule.id)
                judge(machine.step_properties, one.step)
                judge(machine.history_properties, one.moment)
    return {**{one: found[one] for one in SIZES}, "rules": rules, "checks": dict(checks), "broken": broken}


SIZES = ("orbits", "states", "transitions", "rests")


def by_the_explorer(machine: Machine, policy: Any, argument: int, **bounds: Any) -> dict[str, Any]:
    found = explore(machine, policy, argument, **bounds)
    assert found.complete
    broken = {one.property for one in found.violations}
    return {
        **{one: getattr(found, one) for one in SIZES},
        "rules": found.rules,
        "checks": found.checks,
        "broken": broken,
    }


@pytest.mark.parametrize("bounds", [{"tasks": 3}, {"tasks": 2, "calls": 3}, {"tasks": 3, "calls": 1}], ids=str)
@pytest.mark.parametrize(("machine", "policy"), MODELS, ids=repr)
def test_the_explorer_finds_what_is_in_the_plain_system(machine: Machine, policy: Any, bounds: dict[str, Any]) -> None:
    for argument in (1, 2, 3):
        plain = by_the_plain_system(System(machine, policy, argument, highest_count=2, **bounds))
        assert by_the_explorer(machine, policy, argument, highest_count=2, **bounds) == plain
        assert plain["broken"] == set()


@pytest.mark.parametrize("fault", FAULTS[::3], ids=str)
def test_it_does_so_with_a_fault_too(fault: Fault) -> None:
    machine = fault.plant()
    policy = next(one for one in machine.policies if one.name == fault.policy)
    bounds: dict[str, Any] = {
        "tasks": 2,
        "calls": 2,
        "highest_count": 2,
    }  # with unbounded calls, there may be no end of states
    plain = by_the_plain_system(System(machine, policy, fault.argument, **bounds))
    assert by_the_explorer(machine, policy, fault.argument, **bounds) == plain


def loses_the_first(rule: Any, queue: tuple[Any, ...], who: Any) -> Any:
    """`step.apply` that does not release the first of the parked tasks."""
    queue_after, resumed = apply(rule, queue, who)
    return queue_after, tuple((task, ending) for task, ending in resumed if task == who or task != queue[0])


def parks_twice(rule: Any, queue: tuple[Any, ...], who: Any) -> Any:
    """`step.apply` that has a parking task twice in the queue, in place of the first."""
    queue_after, resumed = apply(rule, queue, who)
    return (queue_after if rule.caller != "parks" else (*queue[1:], who, who)), resumed


@pytest.mark.parametrize("wrong", [loses_the_first, parks_twice])
def test_it_does_so_if_tasks_are_lost_from_the_queue(wrong: Any) -> None:
    for machine in MACHINES.values():
        bounds = {"tasks": 3, "calls": 2, "highest_count": 1, "apply": wrong}
        plain = by_the_plain_system(System(machine, machine.policies[0], 3, **bounds))
        assert by_the_explorer(machine, machine.policies[0], 3, **bounds) == plain
        assert plain["broken"]


@pytest.mark.parametrize("encoded", ["_moves_of", "_strip"])
def test_an_encoding_that_loses_something_is_seen(encoded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison fails if moves are missing, or if a shape stands for too much."""
    if encoded == "_moves_of":
        original = Encoding._moves_of
        monkeypatch.setattr(Encoding, "_moves_of", lambda self, *key: list(original(self, *key))[:-1])
    else:
        monkeypatch.setattr(Encoding, "shape", lambda self, orbit: orbit[:3])
    plain = by_the_plain_system(System(BARRIER, BARRIER.policies[0], 2, tasks=2))
    assert by_the_explorer(BARRIER, BARRIER.policies[0], 2, tasks=2) != plain


def test_a_lost_task_stays_parked_and_is_in_no_queue() -> None:
    system = System(LATCH, LATCH.policies[0], 1, tasks=3, apply=loses_the_first)
    (parks,) = [one for one in system.transitions(system.initial, [0]) if str(one.action) == "wait()"]
    (counts,) = [one for one in system.transitions(parks.after, [1]) if str(one.action).endswith("=False)")]
    assert counts.after.tasks[0] == Local("parked", LOST)
    assert counts.after.queue == ()
    assert [one.action.verb for one in system.transitions(counts.after, [0])] == ["is cancelled"]
    found = explore(LATCH, LATCH.policies[0], 1, tasks=2, apply=loses_the_first)
    assert {one.property for one in found.violations} >= {"no task is stranded", "the parked are the tasks parked"}


def reached(system: System, *actions: tuple[int, str]) -> State:
    """The state after these actions, each of a task and as it is written."""
    here = system.initial
    for who, wanted in actions:
        (here,) = [one.after for one in system.transitions(here, [who]) if str(one.action) == wanted]
    return here


def test_what_a_task_may_do() -> None:
    system = System(BARRIER, BARRIER.policies[0], 2, tasks=2, calls=2)
    parked = reached(system, (0, "wait()"))
    assert parked.tasks == (Local("parked", 0, None, 1), Local("idle", calls_left=2))
    assert [str(one.action) for one in system.transitions(parked, [0])] == ["cancel"]
    tripped = reached(system, (0, "wait()"), (1, "wait()"))
    assert tripped.tasks == (Local("released", 0, 0, 1), Local("idle", calls_left=1))
    assert [one.action.verb for one in system.transitions(tripped, [0])] == ["is cancelled", "continues"]
    done = reached(system, (0, "wait()"), (1, "wait()"), (1, "abort()"), (0, "continue"))
    assert done == State((0, True), (Local("idle", calls_left=1), Local("idle", calls_left=0)))
    assert list(system.transitions(done, [1])) == []


def test_a_transition_has_its_step_and_its_moment() -> None:
    system = System(BARRIER, BARRIER.policies[0], 2, tasks=3)
    parked = reached(system, (2, "wait()"))
    trips = next(system.transitions(parked, [0]))
    assert trips.step is not None
    assert (trips.step.rule, trips.resumed, trips.queue, trips.queue_after) == (B2, ((2, 0), (0, 1)), (2,), ())
    assert (trips.moment.who, trips.moment.released_before, trips.moment.released_after) == (0, {}, {2: 0})
    *_, continues = system.transitions(trips.after, [2])
    assert (continues.step, continues.resumed) == (None, ((2, 0),))
    with pytest.raises(ValueError, match="makes no step"):
        _ = continues.moment


def test_a_renaming_makes_no_other_canonical_state() -> None:
    tasks = (Local("released", 0, 1), IDLE, Local("parked", 1), Local("parked", 0))
    state, places = State((2, False), tasks).canonical()
    other, _ = State((2, False), tasks[::-1]).canonical()
    assert state == other
    assert [state.tasks[place] for place in places] == list(tasks)


def with_fact(fact: Fact) -> Machine:
    """The barrier, whose abort is told a fact and refuses to act unless it is true."""
    (wait, abort, reset) = BARRIER.operations

    def function(*values: Any, policy: Any) -> Any:
        *given, told = values
        return abort.function(*given, policy=policy) if told else reset.function(*given, policy=policy)

    return replace(BARRIER, operations=(wait, replace(abort, function=function, facts=(fact,)), reset))


def test_a_fact_is_read_off_the_task_or_tried_both_ways() -> None:
    def labels(fact: Fact, *actions: tuple[int, str]) -> list[str]:
        system = System(with_fact(fact), BARRIER.policies[0], 3, tasks=2)
        return [str(one.action) for one in system.transitions(reached(system, *actions), [1])]

    read = Fact("is_idle", "", read=lambda local: not local.parked and not local.released)
    assert labels(read) == ["wait()", "abort()", "reset()", "cancel"]
    told = Fact("is_late", "")
    assert labels(told) == ["wait()", "abort(is_late=False)", "abort(is_late=True)", "reset()", "cancel"]
    # one that implies a parked task is only told when there is one
    implies = replace(told, premise=lambda value, parked: not value or parked > 0)
    assert labels(implies) == ["wait()", "abort(is_late=False)", "reset()", "cancel"]
    assert labels(implies, (0, "wait()")) == labels(told)
    cancelled = Action("cancel", replace(BARRIER.withdraw, facts=(told,)), (("is_late", True),))
    assert (str(cancelled), cancelled.verb) == ("cancel(is_late=True)", "is cancelled(is_late=True)")


def test_the_encoding_tries_a_fact_both_ways_too() -> None:
    machine = with_fact(Fact("is_late", "", premise=lambda value, parked: not value or parked > 0))
    plain = by_the_plain_system(System(machine, BARRIER.policies[0], 2, tasks=3))
    assert by_the_explorer(machine, BARRIER.policies[0], 2, tasks=3) == plain
    assert plain["broken"]  # an abort that is a reset


def test_the_withdrawal_is_told_whether_the_task_is_parked() -> None:
    system = System(LATCH, LATCH.policies[0], 1, tasks=1)
    for local, told in ((Local("parked"), True), (Local("released"), False)):
        cancel, *_ = system.actions(local, 1)
        assert cancel.inputs == (("is_parked", told),)


def test_an_idle_task_is_cancelled_before_it_arrives_while_it_has_calls_left() -> None:
    early = [str(one) for one in System(BARRIER, BARRIER.policies[0], 1, tasks=1).actions(IDLE, 0)]
    assert early == ["wait()", "abort()", "reset()", "cancel"]
    cancel = System(BARRIER, BARRIER.policies[0], 1, tasks=1).actions(IDLE, 0)[-1]
    assert cancel.inputs == (("is_parked", False), ("has_arrived", False))
    bounded = System(BARRIER, BARRIER.policies[0], 1, tasks=1, calls=1)
    assert [str(one) for one in bounded.actions(Local("idle", calls_left=1), 0)] == early
    assert bounded.actions(Local("idle", calls_left=0), 0) == []
    # it is a wait() that does not arrive; and at a latch it is not a step
    aborts = System(BARRIER, BARRIER.policies[0], 1, tasks=1, operations=["abort"])
    assert [str(one) for one in aborts.actions(IDLE, 0)] == ["abort()"]
    latch = System(LATCH, LATCH.policies[0], 1, tasks=1, operations=["wait"])
    assert [str(one) for one in latch.actions(IDLE, 0)] == ["wait()"]


def test_choices_and_operations_that_are_named() -> None:
    assert list(choices(LATCH.operations[2], 0)) == [{"n": -1}, {"n": 0}]
    assert list(choices(LATCH.operations[1], 0)) == [{"exception_if_zero": False}, {"exception_if_zero": True}]
    assert list(choices(LATCH.withdraw, 0)) == [{"is_parked": False}, {"is_parked": True}]
    assert choose(LATCH, None) == LATCH.operations
    assert choose(LATCH, ["set_count", "wait"]) == (LATCH.operations[0], LATCH.operations[2])


# ------------------------------------------------------------ the order in which released tasks run is not specified


@pytest.mark.parametrize(
    ("machine", "argument", "release"), [(LATCH, 1, "count_down"), (BARRIER, 4, "wait")], ids=["latch", "barrier"]
)
def test_released_tasks_continue_in_every_order(machine: Machine, argument: int, release: str) -> None:
    system = System(machine, machine.policies[0], argument, tasks=4, highest_count=1)
    here = system.initial
    for task, name in ((0, "wait"), (1, "wait"), (2, "wait"), (3, release)):
        here = next(
            one.after
            for one in system.transitions(here, [task])
            if one.action.operation is not None and one.action.operation.name == name
        )
    assert set(here.released) == {0, 1, 2}
    orders = set()
    waiting: list[tuple[State, tuple[int, ...]]] = [(here, ())]
    while waiting:
        state, order = waiting.pop()
        continuing = [one for one in system.transitions(state, (0, 1, 2)) if one.action == CONTINUE]
        assert {one.who for one in continuing} == set(state.released)
        assert all(one.resumed == ((one.who, here.released[one.who]),) for one in continuing)
        waiting += [(one.after, (*order, one.who)) for one in continuing]
        if not continuing:
            orders.add(order)
    assert orders == set(permutations((0, 1, 2)))


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))), ids=str)
@pytest.mark.parametrize("strict", [False, True])
def test_the_judge_allows_every_order_in_which_released_tasks_return(order: tuple[int, ...], strict: bool) -> None:
    specification = MachineSpecification(BARRIER, BARRIER.policies[0], 4)
    judge = Judge(specification, strict=strict)
    events: list[Event] = []
    for call in (0, 1, 2, 3):
        events += [Begin(call, "wait"), Observe((("n_waiting", (call + 1) % 4),))]
    for event in (*events, End(3, "returned", 3), *(End(call, "returned", call) for call in order), Rest()):
        assert judge.step(event) is None
