"""Eventualities hold under weak fairness and fail without it; what fails is shown by a fair run."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.explore.fairness import (
    NOTHING,
    Edge,
    Lasso,
    Liveness,
    Node,
    Promise,
    _components,
    _Graph,
    _lasso,
    _within,
    check_eventualities,
    name_of,
)
from latchproof.explore.states import explore
from latchproof.explore.system import IDLE, Local, State, System
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Eventuality
from latchproof_spec.latch.claims import C12
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import FAULTS, Fault, faulty, with_parts

RELEASED = Local("released")


def policy_of(machine: Machine, name: str) -> Any:
    return next(one for one in machine.policies if one.name == name)


def statuses(found: Liveness) -> dict[str, str]:
    return {one.claim: one.status for one in found.promises}


@pytest.mark.parametrize("tasks", [3, 4])
@pytest.mark.parametrize(
    ("machine", "policy"), [(machine, policy) for machine in MACHINES.values() for policy in machine.policies], ids=repr
)
def test_every_eventuality_holds_and_fails_without_fairness(machine: Machine, policy: Any, tasks: int) -> None:
    for argument in (2, 3):
        found = check_eventualities(machine, policy, argument, tasks=tasks, highest_count=2)
        assert found.complete
        assert set(statuses(found).values()) == {"holds"}
        for promise in found.promises:
            assert promise.broken is None
            assert promise.owing > 0
            assert promise.without_fairness is not None
            assert promise.without_fairness.cycle  # the others keep running: it is not that nothing happens any more


@pytest.mark.parametrize(
    ("machine", "argument", "tasks", "states", "edges"),
    [
        (LATCH, 2, 3, 118, 1158),
        (LATCH, 2, 4, 516, 5952),
        (BARRIER, 2, 3, 65, 507),
        (BARRIER, 3, 3, 128, 906),
        (BARRIER, 3, 4, 774, 7128),
    ],
)
def test_the_size_of_the_graph(machine: Machine, argument: int, tasks: int, states: int, edges: int) -> None:
    found = check_eventualities(machine, machine.policies[0], argument, tasks=tasks)
    assert (found.states, found.edges) == (states, edges)
    # under our own policy what is owed is to be seen from the endings, so no state is told apart by it
    assert states == explore(machine, machine.policies[0], argument, tasks=tasks).states


def test_without_fairness_a_released_task_may_never_run() -> None:
    found = check_eventualities(BARRIER, BARRIER.policies[0], 3, tasks=4)
    assert {one.claim: one.without_fairness for one in found.promises} == {
        "C13": Lasso(
            ("A calls wait()", "B calls wait()", "C calls wait()"),
            ("B is cancelled", "C calls wait()", "B calls wait()", "D calls wait()", "C is cancelled"),
        ),
        "C14": Lasso(("A calls wait()", "B calls abort()"), ("B calls wait()",)),
    }


def fails(fault: Fault) -> set[str]:
    found = check_eventualities(
        fault.plant(), policy_of(fault.machine, fault.policy), fault.argument, tasks=3, highest_count=1, at_most=2000
    )
    for promise in found.promises:
        assert (promise.status == "fails") == (promise.broken is not None)
    return {one.claim for one in found.promises if one.status == "fails"}


@pytest.mark.parametrize(
    ("operation", "new", "broken"),
    [
        ("count_down", "return 0, 0, L1", {"C12"}),
        ("set_count", "if parked >= 0", {"C12"}),
        ("set_count", "return n, parked, L5", {"C12"}),
        ("set_count", "return 0, 0, L5k", {"C12"}),
        ("wait", "if count >= 0", {"C12"}),
        ("withdraw", "return count, parked, L9", set()),
        ("wait", "if parked + 1 <= parties", {"C13"}),
        ("reset", "return 0, False, B1", {"C14"}),
        ("abort", "return 0, broken, B6", set()),
    ],
)
def test_a_fault_in_what_releases_fails_under_fairness(operation: str, new: str, broken: set[str]) -> None:
    (fault,) = (one for one in FAULTS if one.operation == operation and one.new == new)
    assert fails(fault) == broken


def test_what_fails_is_shown_by_a_fair_run() -> None:
    machine = faulty(LATCH, "count_down", "return 0, 0, L2", "return 0, 0, L1")
    (promise,) = check_eventualities(machine, LATCH.policies[0], 1, tasks=2, highest_count=1).promises
    assert promise.broken == Lasso(
        ("A calls wait()", "B calls count_down(exception_if_zero=False)"), ("B calls wait()",)
    )
    alone = faulty(LATCH, "wait", "if count > 0:", "if count >= 0:")
    (promise,) = check_eventualities(alone, LATCH.policies[0], 0, tasks=1, highest_count=0).promises
    assert promise.broken == Lasso(("A calls wait()",), ())


def test_what_is_never_owed_is_vacuous() -> None:
    never = Eventuality("never", C12, lambda step: False)
    (promise,) = check_eventualities(with_parts(LATCH, eventualities=(never,)), LATCH.policies[0], 1, tasks=2).promises
    assert promise == Promise("never", "C12", 0, None, None)
    assert promise.status == "vacuous"
    # a barrier of three is never tripped by two
    two = check_eventualities(BARRIER, BARRIER.policies[0], 3, tasks=2)
    assert statuses(two) == {"C13": "vacuous", "C14": "holds"}


def test_what_is_owed_too_often_fails() -> None:
    """A parked task need not continue, at a latch that no task counts down."""
    always = Eventuality("always", C12, lambda step: True)
    (promise,) = check_eventualities(
        with_parts(LATCH, eventualities=(always,)), LATCH.policies[0], 1, tasks=1, highest_count=0
    ).promises
    assert (promise.status, promise.broken) == ("fails", Lasso(("A calls wait()",), ()))


def test_a_graph_that_is_too_large_is_not_complete() -> None:
    found = check_eventualities(BARRIER, BARRIER.policies[0], 2, tasks=3, at_most=20)
    assert (found.states, found.complete) == (20, False)
    assert check_eventualities(BARRIER, BARRIER.policies[0], 2, tasks=3, at_most=65).complete


@pytest.mark.parametrize(("machine", "argument"), [(LATCH, -1), (BARRIER, 0)])
def test_a_machine_that_is_refused_is_not_checked(machine: Machine, argument: int) -> None:
    with pytest.raises(ValueError, match=f"not {argument}"):
        check_eventualities(machine, machine.policies[0], argument, tasks=1)


def test_names() -> None:
    assert [name_of(task) for task in (0, 1, 25, 26, 53)] == ["A", "B", "Z", "A1", "B2"]


def graph(tasks: list[tuple[Local, ...]], edges: list[tuple[int, int, int, bool]]) -> _Graph:
    """A graph made by hand: what the tasks are in each state, and edges (from, to, who, whether it continues)."""
    made = _Graph(System(LATCH, LATCH.policies[0], 0, tasks=len(tasks[0])))
    made.nodes = [Node(State((0, 0), locals_), (NOTHING,) * len(locals_)) for locals_ in tasks]
    made._origins = [None] * len(tasks)
    for number, goal, who, continues in edges:
        made.edges[number].append(Edge(f"{number}{goal}", who, continues, goal))
    return made


def test_components() -> None:
    """Two cycles, one after the other, and a state by itself."""
    made = graph([(IDLE,)] * 6, [(a, b, 0, False) for a, b in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5))])
    everything = {number: made.edges[number] for number in range(6)}
    assert sorted(map(sorted, _components(everything))) == [[0, 1, 2], [3, 4], [5]]
    assert sorted(map(sorted, _components(_within(everything, [1, 2, 3])))) == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("tasks", "edges", "fair_to", "cycle"),
    [
        # the second is released for ever, and never continues: not fair to it, fair to the first
        ([(IDLE, RELEASED)], [(0, 0, 0, False)], [0, 1], None),
        ([(IDLE, RELEASED)], [(0, 0, 0, False)], [0], ("00",)),
        # it continues again and again
        ([(IDLE, RELEASED)], [(0, 0, 1, True)], [0, 1], ("00",)),
        # it is free now and then, which is off the shortest cycle
        ([(IDLE, RELEASED), (IDLE, IDLE)], [(0, 0, 0, False), (0, 1, 0, False), (1, 0, 0, False)], [1], ("01", "10")),
        # it continues, but by a step out of the cycle
        ([(IDLE, RELEASED), (IDLE, IDLE)], [(0, 0, 0, False), (0, 1, 1, True)], [1], ()),
        # another continues in its place
        ([(RELEASED, RELEASED)], [(0, 0, 0, True)], [0, 1], None),
        # each has its turn, in another state
        (
            [(RELEASED, IDLE), (IDLE, RELEASED), (RELEASED, RELEASED)],
            [(2, 0, 0, False), (0, 2, 0, False), (2, 1, 0, False), (1, 2, 0, False)],
            [0, 1],
            ("02", "21", "12", "20"),
        ),
        # nothing happens any more, and no task is released
        ([(IDLE, IDLE)], [], [0, 1], ()),
        ([(IDLE, RELEASED)], [], [0, 1], None),
    ],
)
def test_a_lasso_is_fair_to_each_task_that_is_named(
    tasks: list[tuple[Local, ...]],
    edges: list[tuple[int, int, int, bool]],
    fair_to: list[int],
    cycle: tuple[str, ...] | None,
) -> None:
    made = graph(tasks, edges)
    everything = {number: made.edges[number] for number in range(len(tasks))}
    components = [_within(everything, nodes) for nodes in _components(everything)]
    found = _lasso(made, components, fair_to)
    assert (None if found is None else found.cycle) == cycle
