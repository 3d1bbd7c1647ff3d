"""Eventualities under weak fairness, on the finite and cyclic graph of a machine and the tasks that use it.

Calls are not bounded: if they were, every run would end, and every eventuality would hold for want of an infinite run.
Tasks have names here, because fairness is fairness to each task. The graph notes what is owed to each task: by a step,
as the machine's eventualities say, until the task has continued or is cancelled.

The host is weakly fair: a released task continues some day, or is cancelled. Callers are not: no task need ever call
anything, and no task need be cancelled; so a run may also stop, and stay where it is. An eventuality fails if it is
owed to a task for ever on a fair run. Such a run ends in a strongly connected component of the states in which it is
owed, one that is fair to every task: the task is not released in some state of it, or continues by some step in it.
All tasks behave the same, so what is true of the first is true of every task.

A run that is fair to every task but the first shows that fairness is needed.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from latchproof.explore.system import HIGHEST_COUNT, Action, State, System, Transition
from latchproof_spec.claims import Eventuality
from latchproof_spec.machine import Machine

AT_MOST: Final = 200_000
"""Default for the number of states at which a graph is given up."""

WATCHED: Final = 0
"""The task whose progress is checked."""

Owed: TypeAlias = tuple[frozenset[str], ...]
"""For each task, the names of the eventualities that it is owed."""

NOTHING: Final[frozenset[str]] = frozenset()


class Node(NamedTuple):
    """A state of the system, and what each task is owed in it."""

    state: State
    owed: Owed


class Edge(NamedTuple):
    """A step of a task to the node of this number; it `continues` if it was released before."""

    label: str
    who: int
    continues: bool
    goal: int


Subgraph: TypeAlias = Mapping[int, list[Edge]]
"""Nodes by their numbers, each with its edges to nodes of the same subgraph."""


@dataclass(frozen=True)
class Lasso:
    """An infinite run: `stem` once, then `cycle` for ever; if that is empty, nothing more happens."""

    stem: tuple[str, ...]
    cycle: tuple[str, ...]


@dataclass(frozen=True)
class Promise:
    """What was found of an eventuality.

    `owing` counts the states in which it is owed to the first task; if there are none, nothing was checked. `broken`
    is a fair run on which it never comes, `without_fairness` one that is fair to every task but that one.
    """

    name: str
    claim: str
    owing: int
    broken: Lasso | None
    without_fairness: Lasso | None

    @property
    def status(self) -> Literal["holds", "fails", "vacuous"]:
        """Whether it holds: it is owed, never fails under fairness, and does fail without."""
        if self.broken is not None:
            return "fails"
        return "vacuous" if self.without_fairness is None else "holds"


@dataclass(frozen=True)
class Liveness:
    """The graph that was made, and what was found of each eventuality. `states` are not up to symmetry."""

    machine: str
    policy: str
    argument: int
    tasks: int
    states: int
    edges: int
    complete: bool
    promises: tuple[Promise, ...]


def check_eventualities(
    machine: Machine,
    policy: Any,
    argument: int,
    *,
    tasks: int,
    highest_count: int = HIGHEST_COUNT,
    at_most: int = AT_MOST,
) -> Liveness:
    """Check every eventuality of a machine that is made with `argument` and used by so many tasks.

    After `at_most` states the graph is not `complete`: what fails in it fails, but nothing can be said to hold. Raises
    ValueError for an argument that the machine refuses.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> found = check_eventualities(LATCH, LATCH.policies[0], 1, tasks=2, highest_count=1)
    >>> found.states, [(one.claim, one.status) for one in found.promises]
    (12, [('C12', 'holds')])
    >>> found.promises[0].without_fairness
    Lasso(stem=('A calls wait()', 'B calls count_down(exception_if_zero=False)'), cycle=('B calls wait()',))
    """
    graph = _Graph(System(machine, policy, argument, tasks=tasks, highest_count=highest_count))
    complete = graph.complete(at_most)
    promises = tuple(_promise(graph, eventuality) for eventuality in machine.eventualities)
    return Liveness(
        machine.name,
        policy.name,
        argument,
        tasks,
        len(graph.nodes),
        sum(map(len, graph.edges.values())),
        complete,
        promises,
    )


class _Graph:
    """Every node that is reached, in order of distance from the first, and the edges from each."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._eventualities = system.machine.eventualities
        self.tasks = range(len(system.initial.tasks))
        self.nodes = [Node(system.initial, (NOTHING,) * len(self.tasks))]
        self.edges: defaultdict[int, list[Edge]] = defaultdict(list)
        self._origins: list[tuple[int, str] | None] = [None]

    def complete(self, at_most: int) -> bool:
        """Find every node; return False if there are more than `at_most`."""
        numbers = {self.nodes[0]: 0}
        labels: dict[tuple[int, Action], str] = {}
        for number, here in enumerate(self.nodes):
            for transition in self._system.transitions(here.state, self.tasks):
                who, action = transition.who, transition.action
                after = Node(transition.after, self._owed_after(here, transition))
                if (who, action) not in labels:
                    labels[who, action] = f"{name_of(who)} {action.verb}"
                label = labels[who, action]
                if after not in numbers:
                    if len(self.nodes) >= at_most:
                        return False
                    numbers[after] = len(self.nodes)
                    self.nodes.append(after)
                    self._origins.append((number, label))
                self.edges[number].append(Edge(label, who, action.operation is None, numbers[after]))
        return True

    def run_to(self, number: int) -> tuple[str, ...]:
        """Return a shortest run to a node."""
        labels = []
        origin = self._origins[number]
        while origin is not None:
            number, label = origin
            labels.append(label)
            origin = self._origins[number]
        return tuple(labels[::-1])

    def _owed_after(self, here: Node, transition: Transition) -> Owed:
        owed = list(here.owed)
        owed[transition.who] = NOTHING
        step = transition.step
        owing = [one.name for one in self._eventualities if one.owes(step)] if step is not None else []
        for task in {*transition.queue, transition.who} if owing else ():
            if transition.after.tasks[task].kind != "idle":
                owed[task] = owed[task].union(owing)
        return tuple(owed)


def name_of(task: int) -> str:
    """Return a name for a task: A, B, ..., Z, A1, B1, ..."""
    return chr(ord("A") + task % 26) + (str(task // 26) if task >= 26 else "")


def _promise(graph: _Graph, eventuality: Eventuality) -> Promise:
    owing = [number for number, node in enumerate(graph.nodes) if eventuality.name in node.owed[WATCHED]]
    # it stays owed by the steps of the others
    of_others = {number: [edge for edge in graph.edges[number] if edge.who != WATCHED] for number in owing}
    components = [_within(of_others, nodes) for nodes in _components(_within(of_others, owing))]
    others = [task for task in graph.tasks if task != WATCHED]
    return Promise(
        eventuality.name,
        eventuality.claim.id,
        len(owing),
        _lasso(graph, components, list(graph.tasks)),
        _lasso(graph, components, others),
    )


def _within(edges: Subgraph, nodes: list[int]) -> Subgraph:
    """Return the subgraph of these nodes."""
    inside = set(nodes)
    return {number: [edge for edge in edges[number] if edge.goal in inside] for number in nodes}


def _components(graph: Subgraph) -> list[list[int]]:
    """Return the strongly connected components, by Kosaraju's algorithm."""
    forwards = {number: [edge.goal for edge in edges] for number, edges in graph.items()}
    backwards: dict[int, list[int]] = {number: [] for number in graph}
    for number, goals in forwards.items():
        for goal in goals:
            backwards[goal].append(number)
    finished = [number for tree in _trees(forwards, graph) for number in tree]
    return _trees(backwards, reversed(finished))


def _trees(edges: dict[int, list[int]], roots: Iterable[int]) -> list[list[int]]:
    """Return the trees of a depth-first search from each root in turn; each lists its nodes as they are finished."""
    seen: set[int] = set()
    trees = []
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        tree = []
        path = [(root, iter(edges[root]))]
        while path:
            number, goals = path[-1]
            goal = next((one for one in goals if one not in seen), None)
            if goal is None:
                tree.append(number)
                path.pop()
            else:
                seen.add(goal)
                path.append((goal, iter(edges[goal])))
        trees.append(tree)
    return trees


def _lasso(graph: _Graph, components: list[Subgraph], fair_to: list[int]) -> Lasso | None:
    """Return the earliest infinite run that ends in a component and is fair to these tasks; None if there is none."""
    for component in sorted(components, key=min):
        if all(_is_fair(graph, component, task) for task in fair_to):
            start = min(component)
            return Lasso(graph.run_to(start), _cycle(graph, component, start, fair_to))
    return None


def _is_fair(graph: _Graph, component: Subgraph, task: int) -> bool:
    """Return whether a run that visits all of a component again and again is fair to a task."""
    return any(
        not _is_released(graph, number, task) or any(_serves(graph, task, edge) for edge in edges)
        for number, edges in component.items()
    )


def _cycle(graph: _Graph, component: Subgraph, start: int, fair_to: list[int]) -> tuple[str, ...]:
    """Return a cycle of a component that is fair to these tasks; empty if a run that stops at its start is."""
    here = start
    cycle: tuple[str, ...] = ()
    for task in fair_to:
        if _is_released(graph, here, task):
            here, labels = _shortest(component, here, partial(_serves, graph, task))
            cycle += labels
    if here != start or not cycle:
        _, labels = _shortest(component, here, lambda edge: edge.goal == start)
        cycle += labels
    return cycle


def _shortest(component: Subgraph, here: int, is_last: Callable[[Edge], bool]) -> tuple[int, tuple[str, ...]]:
    """Return the goal and the labels of a shortest path whose last edge is such a one; stay here if there is none."""
    waiting: deque[tuple[int, tuple[str, ...]]] = deque([(here, ())])
    seen = {here}
    while waiting:
        number, labels = waiting.popleft()
        for edge in component[number]:
            further = (*labels, edge.label)
            if is_last(edge):
                return edge.goal, further
            if edge.goal not in seen:
                seen.add(edge.goal)
                waiting.append((edge.goal, further))
    return here, ()


def _is_released(graph: _Graph, number: int, task: int) -> bool:
    """Return whether the host must let a task continue some day."""
    return graph.nodes[number].state.tasks[task].released


def _serves(graph: _Graph, task: int, edge: Edge) -> bool:
    """Return whether the host has done all that it must for a task by this edge."""
    return (edge.continues and edge.who == task) or not _is_released(graph, edge.goal, task)
