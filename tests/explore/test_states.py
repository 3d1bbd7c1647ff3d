"""Every state and every fault is found, and an exploration that stopped early is not complete."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import pytest

from latchproof.explore.states import Exploration, explore
from latchproof.mutants.generate import generated
from latchproof.prove.steps import rules_of
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Property
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import FAULTS, Fault, faulty, with_parts


def policy_of(machine: Machine, name: str) -> Any:
    return next(one for one in machine.policies if one.name == name)


def size(found: Exploration) -> tuple[int, int, int]:
    return found.orbits, found.transitions, found.depth


@pytest.mark.parametrize(
    ("machine", "policy", "argument", "tasks", "expected"),
    [
        (LATCH, "latchproof", 0, 1, (7, 35, 2)),
        (LATCH, "latchproof", 0, 3, (30, 232, 6)),
        (LATCH, "latchproof", 0, 5, (65, 597, 8)),
        (LATCH, "latchproof", 2, 1, (7, 35, 2)),
        (LATCH, "latchproof", 2, 3, (30, 232, 6)),
        (LATCH, "latchproof", 2, 5, (65, 597, 8)),
        (LATCH, "latchproof", 4, 1, (9, 44, 2)),
        (LATCH, "latchproof", 4, 3, (34, 262, 6)),
        (LATCH, "latchproof", 4, 5, (71, 652, 8)),
        (LATCH, "keeps", 0, 5, (65, 597, 8)),
        (LATCH, "keeps", 2, 5, (65, 597, 7)),
        (LATCH, "keeps", 4, 5, (71, 652, 7)),
        (LATCH, "aiologic", 0, 5, (65, 597, 8)),
        (LATCH, "aiologic", 2, 5, (65, 597, 7)),
        (LATCH, "aiologic", 4, 5, (71, 652, 7)),
        (BARRIER, "latchproof", 1, 1, (2, 8, 1)),
        (BARRIER, "latchproof", 1, 3, (2, 8, 1)),
        (BARRIER, "latchproof", 1, 5, (2, 8, 1)),
        (BARRIER, "latchproof", 2, 1, (3, 9, 1)),
        (BARRIER, "latchproof", 2, 3, (18, 102, 5)),
        (BARRIER, "latchproof", 2, 5, (45, 295, 9)),
        (BARRIER, "latchproof", 3, 1, (3, 9, 1)),
        (BARRIER, "latchproof", 3, 3, (28, 166, 7)),
        (BARRIER, "latchproof", 3, 5, (119, 865, 15)),
        (BARRIER, "latchproof", 5, 1, (3, 9, 1)),
        (BARRIER, "latchproof", 5, 3, (12, 60, 4)),
        (BARRIER, "latchproof", 5, 5, (199, 1659, 13)),
        (BARRIER, "cpython", 1, 5, (2, 8, 1)),
        (BARRIER, "cpython", 2, 5, (45, 295, 9)),
        (BARRIER, "cpython", 3, 5, (55, 363, 10)),
        (BARRIER, "cpython", 5, 5, (64, 425, 13)),
        (BARRIER, "java", 1, 5, (2, 8, 1)),
        (BARRIER, "java", 2, 5, (45, 295, 9)),
        (BARRIER, "java", 3, 5, (119, 865, 15)),
        (BARRIER, "java", 5, 5, (199, 1659, 13)),
        (BARRIER, "aiologic", 1, 5, (2, 8, 1)),
        (BARRIER, "aiologic", 2, 5, (45, 295, 9)),
        (BARRIER, "aiologic", 3, 5, (119, 865, 15)),
        (BARRIER, "aiologic", 5, 5, (199, 1659, 13)),
    ],
)
def test_the_size_of_the_graph(
    machine: Machine, policy: str, argument: int, tasks: int, expected: tuple[int, int, int]
) -> None:
    found = explore(machine, policy_of(machine, policy), argument, tasks=tasks)
    assert size(found) == expected
    assert found.complete
    assert found.violations == []
    assert (found.machine, found.policy, found.argument, found.tasks) == (machine.name, policy, argument, tasks)


def calls_of(machine: Machine, highest: int) -> list[tuple[Any, tuple[Any, ...]]]:
    numbers = range(-1, highest + 1)
    domains = {bool: (False, True), int: tuple(numbers)}
    return [
        (operation.function, arguments)
        for operation in machine.operations
        for arguments in product(*(domains[kind] for kind in operation.parameters.values()))
    ]


class BruteForce:
    """Every state without symmetry: tasks have names, the queue is a tuple of them, each has so many calls left.

    Nothing of it is shared with the explorer but the specification's functions. Without a bound on the calls, a task
    has always one left.
    """

    def __init__(
        self, machine: Machine, policy: Any, argument: int, tasks: int, highest: int, most: int | None = None
    ) -> None:
        self.machine, self.policy, self.tasks = machine, policy, range(tasks)
        self.calls = calls_of(machine, highest)
        self.cost = 0 if most is None else 1
        self.constants, state, _ = machine.create(argument)
        level = {(state, (), frozenset[Any](), (1 if most is None else most,) * tasks)}
        self.states = set(level)
        self.depth = -1
        while level:
            self.depth += 1
            level = {after for here in level for _, after in self.moves(here)} - self.states
            self.states |= level

    def moves(self, here: Any) -> list[tuple[Any, Any]]:
        state, queue, released, left = here
        found: list[tuple[Any, Any]] = []
        waiting = dict(released)
        for task in self.tasks:
            if task in waiting:
                others = released - {(task, waiting[task])}
                found.append((("continues", task), (state, queue, others, left)))
                found.append((("is cancelled", task), self.stepped((state, queue, others, left), task, False)))
            elif task in queue:
                found.append((("is cancelled", task), self.stepped(here, task, True)))
            elif left[task]:
                fewer = (*left[:task], left[task] - self.cost, *left[task + 1 :])
                for number, (function, arguments) in enumerate(self.calls):
                    *after, rule = function(*self.constants, *state, *arguments, policy=self.policy)
                    done = self.concluded(tuple(after), rule, (state, queue, released, fewer), task)
                    found.append(((number, task), done))
                if self.machine is BARRIER:
                    found.append((("is cancelled", task), self.stepped(here, task, False, has_arrived=False)))
        return found

    def stepped(self, here: Any, task: int, is_parked: bool, *, has_arrived: bool = True) -> Any:
        state, queue, released, left = here
        told = (is_parked, has_arrived) if self.machine is BARRIER else (is_parked,)
        *after, rule = self.machine.withdraw.function(*self.constants, *state, *told, policy=self.policy)
        rest = tuple(other for other in queue if other != task)
        return self.concluded(tuple(after), rule, (state, rest, released, left), task)

    def concluded(self, after: Any, rule: Any, here: Any, task: int) -> Any:
        _, queue, released, left = here
        if rule.caller == "parks":
            queue = (*queue, task)
        if rule.queue == "stays":
            return after, queue, released, left
        endings: dict[str, list[Any]] = {
            "released": [None] * len(queue),
            "failed": ["broken"] * len(queue),
        }
        orders: dict[str, list[Any]] = {
            "arrival": list(range(len(queue))),
            "reversed": list(range(len(queue), 0, -1)),
            "any": ["any"] * len(queue),
            "one leads": ["any"] * len(queue),
        }
        endings["indexed"] = orders[rule.order]
        return after, (), released | set(zip(queue, endings[rule.queue], strict=True)), left

    def orbit(self, here: Any) -> Any:
        """The least of all renamings of a state."""
        state, queue, released, left = here
        return min(
            (
                str(state),
                tuple(names[task] for task in queue),
                sorted((names[t], str(e)) for t, e in released),
                sorted((names[t], left[t]) for t in self.tasks),
            )
            for names in permutations(self.tasks)
        )

    @property
    def orbits(self) -> dict[str, Any]:
        return {str(self.orbit(here)): here for here in self.states}

    @property
    def transitions(self) -> int:
        """From one state of each orbit, the moves that differ by more than the name of a task like another."""
        total = 0
        for here in self.orbits.values():
            _, queue, released, left = here
            endings = {task: str(ending) for task, ending in released}
            total += len(
                {
                    (what, queue.index(task) if task in queue else endings.get(task), left[task])
                    for (what, task), _ in self.moves(here)
                }
            )
        return total

    @property
    def rests(self) -> int:
        """The orbits in which nothing can happen but that a parked task is cancelled."""
        return sum(
            not here[2] and all(what == "is cancelled" for (what, _), _ in self.moves(here))
            for here in self.orbits.values()
        )


@pytest.mark.parametrize("tasks", [1, 2, 3])
@pytest.mark.parametrize(
    ("machine", "policy"),
    [(machine, policy) for machine in MACHINES.values() for policy in machine.policies if policy.name != "lenient"],
    ids=repr,
)
def test_a_brute_force_enumeration_without_symmetry_agrees(machine: Machine, policy: Any, tasks: int) -> None:
    for argument in (1, 2, 3):
        raw = BruteForce(machine, policy, argument, tasks, highest=2)
        found = explore(machine, policy, argument, tasks=tasks, highest_count=2)
        assert size(found) == (len(raw.orbits), raw.transitions, raw.depth)
        assert found.states == len(raw.states)


@pytest.mark.parametrize(("tasks", "calls"), [(1, 0), (1, 3), (2, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_brute_force_enumeration_of_bounded_calls_agrees(machine: Machine, tasks: int, calls: int) -> None:
    for argument in (1, 2):
        raw = BruteForce(machine, machine.policies[0], argument, tasks, 1, calls)
        found = explore(machine, machine.policies[0], argument, tasks=tasks, calls=calls, highest_count=1)
        assert size(found) == (len(raw.orbits), raw.transitions, raw.depth)
        assert (found.states, found.rests, found.calls) == (len(raw.states), raw.rests, calls)
        assert found.violations == []


def test_every_state_of_bounded_calls_is_one_of_unbounded_ones() -> None:
    """What is found with a bound on the calls is found without it, and from some bound on the other way round."""
    for fault in FAULTS:
        machine = fault.plant()
        policy = policy_of(machine, fault.policy)
        broken = [
            {
                one.property
                for one in explore(
                    machine, policy, fault.argument, tasks=3, calls=calls, highest_count=2, at_most=2000
                ).violations
            }
            for calls in (1, 3, None)
        ]
        assert broken[0] <= broken[1] <= broken[2]


def test_only_the_operations_that_are_named_are_called() -> None:
    found = explore(BARRIER, BARRIER.policies[0], 2, tasks=3, operations=["wait"])
    assert (found.operations, found.rules) == (("wait",), {"B1", "B2", "B4", "B5", "B5e"})
    with pytest.raises(ValueError, match="a barrier has no operation 'count_down'; it has wait, abort, reset"):
        explore(BARRIER, BARRIER.policies[0], 2, tasks=3, operations=["wait", "count_down"])


def test_calls_that_are_not_left_are_not_judged() -> None:
    """A task that has made its calls makes no more, though it is idle like one that may."""
    never = Property("no second call", (), lambda step: step.rule.id != "L3")
    machine = with_parts(LATCH, step_properties=(never,))
    once = explore(machine, LATCH.policies[0], 1, tasks=1, calls=1, operations=["count_down"])
    twice = explore(machine, LATCH.policies[0], 1, tasks=1, calls=2, operations=["count_down"])
    assert [len(found.violations) for found in (once, twice)] == [0, 1]
    assert (once.rules, once.rests) == ({"L2"}, 1)


def test_more_than_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="40 tasks with 9 calls each cannot be explored"):
        explore(BARRIER, BARRIER.policies[0], 3, tasks=40, calls=9)


@pytest.mark.parametrize(
    ("machine", "argument", "tasks", "calls", "operations", "expected"),
    [
        (BARRIER, 3, 5, 3, ["wait"], (4264, 332824, 27947, 25, 13)),
        (BARRIER, 3, 6, 3, ["wait"], (13188, 4656536, 99115, 30, 13)),
        (BARRIER, 3, 4, 3, None, (3003, 57091, 22044, 14, 14)),
    ],
)
def test_the_size_of_the_graph_of_bounded_calls(
    machine: Machine, argument: int, tasks: int, calls: int, operations: Any, expected: tuple[int, ...]
) -> None:
    found = explore(machine, machine.policies[0], argument, tasks=tasks, calls=calls, operations=operations)
    assert (found.orbits, found.states, found.transitions, found.depth, found.rests) == expected
    assert (found.complete, found.violations) == (True, [])


def test_symmetry_saves_something() -> None:
    raw = BruteForce(BARRIER, BARRIER.policies[0], 3, 3, highest=0)
    assert len(raw.states) > 3 * len(raw.orbits)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_rule_of_every_policy_is_fired(machine: Machine) -> None:
    for policy in machine.policies:
        fired = set[str]()
        for argument in (1, 2):
            fired |= explore(machine, policy, argument, tasks=3, highest_count=2).rules
        assert fired == set(rules_of(machine, policy))


def test_the_rules_fired_are_those_of_the_reachable_steps() -> None:
    alone = explore(BARRIER, policy_of(BARRIER, "latchproof"), 1, tasks=3)
    assert alone.rules == {"B2", "B3", "B5e", "B6", "B7"}
    assert explore(LATCH, policy_of(LATCH, "latchproof"), 5, tasks=1).rules == {
        "L1", "L2", "L3", "L3x", "L4", "L6", "L7", "L8", "L9",
    }  # fmt: skip


def test_every_claim_is_judged() -> None:
    judged = {
        machine.name: explore(machine, machine.policies[0], 2, tasks=2, highest_count=2)
        for machine in MACHINES.values()
    }
    assert set(judged["latch"].checks) == {claim.id for claim in LATCH.claims}
    assert set(judged["barrier"].checks) == {claim.id for claim in BARRIER.claims}


def test_judgements_are_counted() -> None:
    found = explore(BARRIER, policy_of(BARRIER, "latchproof"), 1, tasks=1)
    # whole and broken; from each of them the task may wait, abort and reset, and be cancelled before it arrives
    assert size(found) == (2, 8, 1)
    # C6 is judged by an invariant and a census of each state, by three properties of each step and one of its history,
    # and by those three when the barrier is made
    assert found.checks["C6"] == 2 * 2 + 8 * 4 + 3
    assert found.checks["C5"] == 8
    assert found.checks["C11"] == 2 * 3 + 8


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_with_a_shortest_run(fault: Fault) -> None:
    machine = fault.plant()
    policy = policy_of(machine, fault.policy)
    found = explore(machine, policy, fault.argument, tasks=3, highest_count=2, at_most=3000)
    shortest: dict[str, int] = {}
    for violation in found.violations:
        for claim in violation.claims:
            shortest[claim] = min(len(violation.run), shortest.get(claim, 99))
    assert shortest == fault.explored
    assert len({violation.property for violation in found.violations}) == len(found.violations)


def test_only_faults_beyond_the_bound_are_not_found() -> None:
    assert [fault.new for fault in FAULTS if not fault.explored] == [
        fault.new for fault in FAULTS if "count != 70" in fault.new
    ]


def test_faults_are_made_by_hand_only_where_none_is_generated() -> None:
    generated_ids = {mutant.id for machine in MACHINES.values() for mutant in generated(machine)}
    assert [fault.id for fault in FAULTS if fault.by_hand == (fault.id in generated_ids)] == []


def test_a_run_says_what_was_done() -> None:
    machine = faulty(LATCH, "count_down", "return 0, 0, L2", "return 0, parked, L2")
    found = explore(machine, LATCH.policies[0], 1, tasks=2, highest_count=1)
    runs = {violation.property: violation.run for violation in found.violations}
    assert runs["the parked are counted"] == ("a task calls wait()", "a task calls count_down(exception_if_zero=False)")
    # of a state, it is the run that leads to it
    assert runs["no task is parked at zero"] == runs["the parked are counted"]


@pytest.mark.parametrize(
    ("rule", "run"),
    [
        ("B4", ("a task calls wait()", "the task parked at position 0 is cancelled")),
        (
            "B5",
            ("a task calls wait()", "a task calls wait()", "a task released with 0 is cancelled before it has run"),
        ),
        ("B5e", ("a task is cancelled before it arrives",)),
        ("B3", ("a task calls abort()", "a task calls wait()")),
    ],
)
def test_a_run_leads_to_a_rule(rule: str, run: tuple[str, ...]) -> None:
    never = Property(f"{rule} never applies", (), lambda moment: moment.step.rule.id != rule)
    found = explore(with_parts(BARRIER, history_properties=(never,)), BARRIER.policies[0], 2, tasks=2)
    assert [violation.run for violation in found.violations] == [run]


def test_the_start_is_judged_too() -> None:
    never = Property("never", (), lambda count, parked: False)
    (violation,) = explore(with_parts(LATCH, invariants=(never,)), LATCH.policies[0], 1, tasks=1).violations
    assert (violation.property, violation.run) == ("never", ())


@pytest.mark.parametrize(("at_most", "complete"), [(10, False), (18, False), (19, True)])
def test_beyond_at_most_it_is_not_complete(at_most: int, complete: bool) -> None:
    found = explore(BARRIER, policy_of(BARRIER, "latchproof"), 2, tasks=3, at_most=at_most)
    assert found.complete is complete
    assert found.orbits == min(at_most, 18)


@pytest.mark.parametrize(("machine", "argument"), [(LATCH, -1), (BARRIER, 0)])
def test_a_machine_that_is_refused_is_not_explored(machine: Machine, argument: int) -> None:
    with pytest.raises(ValueError, match=f"not {argument}"):
        explore(machine, machine.policies[0], argument, tasks=1)


def test_released_tasks_keep_their_endings() -> None:
    """A released task differs from one that was released with another ending: otherwise states would be lost."""
    endings = {"arrival": 2, "reversed": 2, "any": 1, "one leads": 1}
    for policy in BARRIER.policies:
        found = explore(BARRIER, policy, 3, tasks=3)
        assert found.orbits == {2: 28, 1: 21}[endings[policy.index_order]]


def test_the_highest_count_bounds_what_is_set() -> None:
    states = [explore(LATCH, LATCH.policies[0], 0, tasks=1, highest_count=highest).orbits for highest in range(4)]
    assert states == sorted(set(states))
