"""Eventualities under weak fairness, on the finite and cyclic graph of a machine and the tasks that use it.

Calls are not bounded: if they were, every run would end, and every eventuality would hold of it for want of anything
that goes on for ever. A task forgets the generation that released it, so the graph is finite all the same. Tasks have
names here, for fairness is fairness to each of them. To each it is noted what it is owed: by a step, as the machine's
eventualities say, until it has gone on or is cancelled.

The host is weakly fair: a task that is released goes on some day, or is cancelled. Callers are not: nobody need call
anything, ever, and nobody need be cancelled; so a run may also stop, and stay where it is. An eventuality fails if a
task is owed it for ever on a fair run. Such a run ends in a strongly connected component of the states in which it is
owed, one that is fair to every task: the task is not released in some state of it, or goes on by some step in it. Since
tasks are alike, what is true of the first is true of all.

That fairness is needed is shown beside it, by a run that is fair to every task but the first.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from latchproof.explore.states import IDLE, Local, called_as, choices, make_step
from latchproof_spec.claims import Eventuality, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import apply

AT_MOST = 200_000
"""After so many states a graph is given up."""

WATCHED = 0
"""The task of which it is asked whether it goes on."""

Owed: TypeAlias = tuple[frozenset[str], ...]
"""For each task, the names of the eventualities that it is owed."""


class State(NamedTuple):
    """The machine's state, what each task is, and what each is owed."""

    machine: tuple[Any, ...]
    tasks: tuple[Local, ...]
    owed: Owed


class Edge(NamedTuple):
    """A step of a task to the state of this number; `goes_on` if a released task goes on by it."""

    label: str
    who: int
    goes_on: bool
    goal: int


@dataclass(frozen=True)
class Lasso:
    """A run that goes on for ever: `stem` once, then `cycle` again and again; if that is empty, nothing any more."""

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
        """It holds if it is owed, never fails under fairness, and does fail without."""
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
    highest_count: int
    states: int
    edges: int
    complete: bool
    promises: tuple[Promise, ...]
    seconds: float


def check_eventualities(
    machine: Machine, policy: Any, argument: int, *, tasks: int, highest_count: int = 3, at_most: int = AT_MOST
) -> Liveness:
    """Check every eventuality of a machine that is made with `argument` and used by so many tasks.

    After `at_most` states the graph is not `complete`: what fails in it fails, but nothing can be said to hold. Raises
    ValueError for an argument that the machine refuses.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> from latchproof_spec.latch.policies import LATCHPROOF as LATCHPROOF_LATCH
    >>> found = check_eventualities(LATCH, LATCHPROOF_LATCH, 1, tasks=2, highest_count=1)
    >>> found.states, [(one.claim, one.status) for one in found.promises]
    (12, [('C12', 'holds')])
    >>> found.promises[0].without_fairness
    Lasso(stem=('A calls wait()', 'B calls count_down(exception_if_zero=False)'), cycle=('B calls wait()',))
    """
    begun = time.perf_counter()
    graph = _Graph(machine, policy, argument, tasks, highest_count)
    complete = graph.complete(at_most)
    promises = tuple(_promise(graph, eventuality) for eventuality in machine.eventualities)
    return Liveness(
        machine.name,
        policy.name,
        argument,
        tasks,
        highest_count,
        len(graph.states),
        sum(map(len, graph.edges)),
        complete,
        promises,
        time.perf_counter() - begun,
    )


class _Graph:
    """Every state that is reached, in order of distance from the first, and the edges from each."""

    def __init__(self, machine: Machine, policy: Any, argument: int, tasks: int, highest_count: int) -> None:
        self._machine = machine
        self._policy = policy
        self._constants, state, rule = machine.create(argument)
        if rule.refuses:
            raise ValueError(rule.message.format(argument))
        self._offers = [(one, arguments) for one in machine.operations for arguments in choices(one, highest_count)]
        self._steps: dict[tuple[Any, ...], tuple[Step, frozenset[str]]] = {}
        self.tasks = range(tasks)
        self.states = [State(state, (IDLE,) * tasks, (frozenset(),) * tasks)]
        self.edges: list[list[Edge]] = []
        self._origins: list[tuple[int, str] | None] = [None]

    def complete(self, at_most: int) -> bool:
        """Find every state, if there are not too many of them."""
        numbers = {self.states[0]: 0}
        for number, here in enumerate(self.states):
            edges: list[Edge] = []
            self.edges.append(edges)
            for label, who, goes_on, after in self._moves(here):
                if after not in numbers:
                    if len(self.states) >= at_most:
                        self.edges += [[] for _ in range(len(self.states) - len(self.edges))]
                        return False
                    numbers[after] = len(self.states)
                    self.states.append(after)
                    self._origins.append((number, label))
                edges.append(Edge(label, who, goes_on, numbers[after]))
        return True

    def run_to(self, number: int) -> tuple[str, ...]:
        """A shortest run to a state."""
        labels = []
        origin = self._origins[number]
        while origin is not None:
            number, label = origin
            labels.append(label)
            origin = self._origins[number]
        return tuple(labels[::-1])

    def _moves(self, here: State) -> Iterator[tuple[str, int, bool, State]]:
        for who in self.tasks:
            local, name = here.tasks[who], name_of(who)
            if local.kind == "idle":
                for number, (operation, arguments) in enumerate(self._offers):
                    after = self._after(here, who, operation, arguments, number)
                    yield f"{name} calls {called_as(operation, arguments)}", who, False, after
            else:
                is_parked = local.kind == "parked"
                after = self._after(here, who, self._machine.withdraw, {"is_parked": is_parked}, -1 - is_parked)
                yield f"{name} is cancelled", who, False, after
                if not is_parked:
                    tasks = (*here.tasks[:who], IDLE, *here.tasks[who + 1 :])
                    owed = (*here.owed[:who], frozenset[str](), *here.owed[who + 1 :])
                    yield f"{name} goes on", who, True, State(here.machine, tasks, owed)

    def _after(self, here: State, who: int, operation: Operation, arguments: dict[str, Any], number: int) -> State:
        step, owing = self._step(here.machine, operation, arguments, number)
        parked = sorted((local.position, task) for task, local in enumerate(here.tasks) if local.kind == "parked")
        queue = tuple(task for _, task in parked)
        queue_after, resumed = apply(step.rule, queue, who)
        tasks, owed = list(here.tasks), list(here.owed)
        tasks[who], owed[who] = IDLE, frozenset()
        for task, ending in resumed:
            if task != who:
                tasks[task] = Local("released", ending=ending)
        for position, task in enumerate(queue_after):
            tasks[task] = Local("parked", position)
        if owing:
            for task in {*queue, who}:
                if tasks[task] != IDLE:
                    owed[task] |= owing
        return State(step.after, tuple(tasks), tuple(owed))

    def _step(
        self, state: tuple[Any, ...], operation: Operation, arguments: dict[str, Any], number: int
    ) -> tuple[Step, frozenset[str]]:
        """The step, and what it owes: found once for each state of the machine and each offer of that number."""
        key = (number, state)
        if key not in self._steps:
            step = make_step(operation, self._constants, state, arguments, self._policy)
            owing = frozenset(one.name for one in self._machine.eventualities if one.owes(step))
            self._steps[key] = step, owing
        return self._steps[key]


def name_of(task: int) -> str:
    """A name for a task: A, B, ..., Z, A1, B1, ..."""
    return chr(ord("A") + task % 26) + (str(task // 26) if task >= 26 else "")


def _promise(graph: _Graph, eventuality: Eventuality) -> Promise:
    owing = [number for number, state in enumerate(graph.states) if eventuality.name in state.owed[WATCHED]]
    inside = set(owing)

    def onward(number: int) -> list[Edge]:
        """The steps by which it stays owed: those of the others."""
        return [edge for edge in graph.edges[number] if edge.goal in inside and edge.who != WATCHED]

    components = _components(owing, onward)
    others = [task for task in graph.tasks if task != WATCHED]
    return Promise(
        eventuality.name,
        eventuality.claim.id,
        len(owing),
        _lasso(graph, components, onward, list(graph.tasks)),
        _lasso(graph, components, onward, others),
    )


def _components(nodes: list[int], onward: Callable[[int], list[Edge]]) -> list[list[int]]:
    """The strongly connected components, by Tarjan's algorithm."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    for root in nodes:
        if root in order:
            continue
        work: list[tuple[int, Iterator[Edge]]] = []

        def enter(node: int, work: list[tuple[int, Iterator[Edge]]] = work) -> None:
            order[node] = low[node] = len(order)
            stack.append(node)
            on_stack.add(node)
            work.append((node, iter(onward(node))))

        enter(root)
        while work:
            node, edges = work[-1]
            edge = next(edges, None)
            if edge is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    component = stack[stack.index(node) :]
                    del stack[-len(component) :]
                    on_stack.difference_update(component)
                    found.append(component)
            elif edge.goal not in order:
                enter(edge.goal)
            elif edge.goal in on_stack:
                low[node] = min(low[node], order[edge.goal])
    return found


def _lasso(
    graph: _Graph, components: list[list[int]], onward: Callable[[int], list[Edge]], fair_to: list[int]
) -> Lasso | None:
    """A run into a component that is fair to these tasks, and for ever round in it; the soonest there is."""
    soonest = sorted(components, key=min)
    fair = next((one for one in soonest if all(_is_fair(graph, one, onward, task) for task in fair_to)), None)
    if fair is None:
        return None
    inside = set(fair)
    start = here = min(fair)
    cycle: list[str] = []

    def walk(task: int | None) -> None:
        """Append a shortest way from here that is fair to a task; to none of them, one back to the start."""
        nonlocal here
        waiting: deque[tuple[int, tuple[str, ...]]] = deque([(here, ())])
        seen = {here}
        while waiting:
            number, labels = waiting.popleft()
            for edge in onward(number):
                if edge.goal not in inside:
                    continue
                further = (*labels, edge.label)
                is_there = (
                    edge.goal == start if task is None else _is_free(graph, edge.goal, task) or _goes_on(edge, task)
                )
                if is_there:
                    here = edge.goal
                    cycle.extend(further)
                    return
                if edge.goal not in seen:
                    seen.add(edge.goal)
                    waiting.append((edge.goal, further))

    for task in fair_to:
        if not _is_free(graph, here, task):
            walk(task)
    if here != start or not cycle:
        walk(None)
    return Lasso(graph.run_to(start), tuple(cycle))


def _is_free(graph: _Graph, number: int, task: int) -> bool:
    """Whether the host owes the task nothing in this state, for it is not released."""
    return graph.states[number].tasks[task].kind != "released"


def _goes_on(edge: Edge, task: int) -> bool:
    return edge.goes_on and edge.who == task


def _is_fair(graph: _Graph, component: list[int], onward: Callable[[int], list[Edge]], task: int) -> bool:
    inside = set(component)
    return any(_is_free(graph, number, task) for number in component) or any(
        _goes_on(edge, task) for number in component for edge in onward(number) if edge.goal in inside
    )
