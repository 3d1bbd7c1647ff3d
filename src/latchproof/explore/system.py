"""The transition system of a machine and the tasks that use it: its states, and what each task may do in them.

A state is the state of the machine and what each task is doing: it is idle, parked at a position of the queue, or
released with an ending. An idle task may call any operation, unless it has no calls left, or be cancelled before its
call arrives; a parked task may be cancelled; a released task may continue, or be cancelled first. What comes of it is
computed by the specification's own functions and by `step.apply`.

Tasks have no names and no history: a state has all that decides what may follow. Without a bound on calls the system is
therefore finite and cyclic.

Only states and transitions belong here. Searching, judging and printing belong to the modules that use this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product
from typing import Any, Final, Literal, NamedTuple

from latchproof_spec.claims import Moment, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Ending, apply

HIGHEST_COUNT: Final = 3
"""Default for the highest number that is an argument of a call."""


class Local(NamedTuple):
    """What one task is doing: `parked` at a position, from 0, or `released` with an ending; else it is idle.

    A task that a faulty `step.apply` loses stays parked, at the position LOST, and is no longer in the queue.
    `calls_left` is the number of calls that it may still make; None if calls are not bounded.
    """

    kind: Literal["idle", "parked", "released"]
    position: int = 0
    ending: Ending = None
    calls_left: int | None = None

    @property
    def parked(self) -> bool:
        """Whether the task is parked."""
        return self.kind == "parked"

    @property
    def released(self) -> bool:
        """Whether the task is released and has not continued."""
        return self.kind == "released"


IDLE: Final = Local("idle")

LOST: Final = -1
"""The position of a task that is parked and not in the queue."""


class State(NamedTuple):
    """The state of the machine, and what each task is doing."""

    machine: tuple[Any, ...]
    tasks: tuple[Local, ...]

    @property
    def queue(self) -> tuple[int, ...]:
        """The parked tasks in the order of their positions, without lost ones."""
        parked = [(one.position, task) for task, one in enumerate(self.tasks) if one.kind == "parked"]
        return tuple(task for position, task in sorted(parked) if position != LOST)

    @property
    def released(self) -> dict[Any, Ending]:
        """The released tasks, each with its ending."""
        return {task: one.ending for task, one in enumerate(self.tasks) if one.kind == "released"}

    @property
    def distinct_tasks(self) -> list[int]:
        """One task of each set of tasks that are doing the same."""
        return [task for task, local in enumerate(self.tasks) if local not in self.tasks[:task]]

    def canonical(self) -> tuple[State, list[int]]:
        """Return the state with its tasks in a fixed order, and the place there of each task.

        States that differ only by a renaming of tasks have the same canonical state.
        """
        order = sorted(range(len(self.tasks)), key=lambda task: _order(self.tasks[task]))
        return State(self.machine, tuple(self.tasks[task] for task in order)), list(map(order.index, range(len(order))))


class Action(NamedTuple):
    """What a task may do: call an operation, be cancelled, or continue, which is no operation.

    `inputs` are the operation's arguments and what the host tells it, by name.
    """

    kind: Literal["call", "cancel", "continue"]
    operation: Operation | None = None
    inputs: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        """Return the call as one would write it, "cancel" or "continue"."""
        if self.operation is None:
            return self.kind
        read = [fact.name for fact in self.operation.facts if fact.read]
        inputs = ", ".join(f"{name}={value}" for name, value in self.inputs if name not in read)
        if self.kind == "call":
            return f"{self.operation.name}({inputs})"
        return f"cancel({inputs})" if inputs else "cancel"

    @property
    def verb(self) -> str:
        """The action as the verb of a sentence whose subject is the task."""
        if self.kind == "call":
            return f"calls {self}"
        return "continues" if self.operation is None else f"is cancelled{str(self).removeprefix('cancel')}"


CONTINUE: Final = Action("continue")


class Transition(NamedTuple):
    """An action of the task `who`, and what comes of it.

    `step` is the step of the machine; None if the task just continues. `resumed` are the tasks that it lets continue,
    each with its ending. `queue` and `queue_after` are the parked tasks before and after, as `step.apply` has them.
    """

    who: int
    action: Action
    before: State
    after: State
    resumed: tuple[tuple[int, Ending], ...]
    step: Step | None = None
    queue: tuple[int, ...] = ()
    queue_after: tuple[int, ...] = ()

    @property
    def moment(self) -> Moment:
        """The step with its identities. Raises ValueError if there is no step."""
        if self.step is None:
            raise ValueError("a task that continues makes no step")
        released = self.before.released, self.after.released
        return Moment(self.step, self.who, self.queue, self.queue_after, self.resumed, *released)


class System:
    """A machine that is made with `argument` and used by `tasks` tasks.

    Each task makes at most `calls` calls, without bound if that is None, of the `operations` that are named, all if
    that is None. Numbers that are arguments are -1 to `highest_count`. `apply` stands in for `step.apply`, for faulty
    ones.

    The constructor raises ValueError for an argument that the machine refuses and for an unknown operation.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> barrier = System(BARRIER, BARRIER.policies[0], 2, tasks=2)
    >>> [str(one.action) for one in barrier.transitions(barrier.initial, [0])]
    ['wait()', 'abort()', 'reset()', 'cancel']
    >>> parks, *_ = barrier.transitions(barrier.initial, [0])
    >>> parks.step.rule, parks.after.machine, parks.after.queue
    (B1, (1, False), (0,))
    """

    def __init__(
        self,
        machine: Machine,
        policy: Any,
        argument: int,
        *,
        tasks: int,
        calls: int | None = None,
        operations: Iterable[str] | None = None,
        highest_count: int = HIGHEST_COUNT,
        apply: Callable[..., Any] = apply,
    ) -> None:
        self.constants, state, rule = machine.create(argument)
        if rule.refuses:
            raise ValueError(rule.message.format(argument))
        nothing = tuple(kind() for kind in machine.state.values())
        self.creation: Final = Step(
            "create", self.constants, nothing, {machine.parameter: argument}, state, rule, policy
        )
        self.machine: Final = machine
        self.policy: Final = policy
        self.operations: Final = choose(machine, operations)
        self.calls: Final = calls
        self.initial: Final = State(state, (Local("idle", calls_left=calls),) * tasks)
        self._highest_count = highest_count
        self._withdraws_early: Final = machine.withdraws_early and any(one.waits for one in self.operations)
        self._apply = apply
        # most states ask what others asked
        self.actions: Final = cache(self._actions)
        self._step: Final = cache(self._make_step)

    def transitions(self, here: State, tasks: Iterable[int]) -> Iterator[Transition]:
        """Yield every transition of these tasks from a state."""
        queue = here.queue
        for who in tasks:
            for action in self.actions(here.tasks[who], len(queue)):
                yield self._take(here, queue, who, action)

    def reachable(self) -> Iterator[tuple[State, list[Transition]]]:
        """Yield every reachable state, canonical and breadth first, with the transitions of its distinct tasks."""
        start, _ = self.initial.canonical()
        reached = {start}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            transitions = list(self.transitions(here, here.distinct_tasks))
            for transition in transitions:
                after, _ = transition.after.canonical()
                if after not in reached:
                    reached.add(after)
                    waiting.append(after)
            yield here, transitions

    def _take(self, here: State, queue: tuple[int, ...], who: int, action: Action) -> Transition:
        """Return what comes of an action of the task `who`, where the parked tasks are `queue`."""
        if action.operation is None:
            tasks = self._idle_again(here, who, action)
            return Transition(who, action, here, State(here.machine, tuple(tasks)), ((who, here.tasks[who].ending),))
        return self.made(here, queue, who, action, self._step(here.machine, action))

    def made(self, here: State, queue: tuple[int, ...], who: int, action: Action, step: Step) -> Transition:
        """Return what comes of a step of the machine that an action of the task `who` makes."""
        tasks = self._idle_again(here, who, action)
        queue_after, resumed = self._apply(step.rule, queue, who)
        for task, ending in resumed:
            if task != who:  # the caller continues within its own step; the others are released, and run later
                tasks[task] = Local("released", 0, ending, tasks[task].calls_left)
        for task in queue:
            if tasks[task].kind == "parked" and task not in queue_after:
                tasks[task] = Local("parked", LOST, None, tasks[task].calls_left)
        for position, task in enumerate(dict.fromkeys(queue_after)):
            if tasks[task][:2] != ("parked", position):
                tasks[task] = Local("parked", position, None, tasks[task].calls_left)
        return Transition(who, action, here, State(step.after, tuple(tasks)), resumed, step, queue, queue_after)

    def _idle_again(self, here: State, who: int, action: Action) -> list[Local]:
        """Return what each task is doing, the task `who` as idle as a call that is over leaves it."""
        tasks = list(here.tasks)
        left = tasks[who].calls_left
        tasks[who] = IDLE if left is None else Local("idle", calls_left=left - (action.kind == "call"))
        return tasks

    def _make_step(self, state: tuple[Any, ...], action: Action) -> Step:
        """Return the step of the machine that an action makes, by the specification's own function."""
        operation, inputs = action.operation, dict(action.inputs)
        assert operation is not None, "a task that continues makes no step"
        *after, rule = operation.function(*self.constants, *state, *inputs.values(), policy=self.policy)
        return Step(operation.name, self.constants, state, inputs, tuple(after), rule, self.policy)

    def _actions(self, local: Local, parked: int) -> list[Action]:
        """Return every action of a task that is `local`, while `parked` tasks are parked."""
        cancellations = list(self._with_inputs("cancel", self.machine.withdraw, local, parked))
        if local.kind != "idle":
            return [*cancellations, CONTINUE] if local.released else cancellations
        if local.calls_left == 0:
            return []
        calls = [one for each in self.operations for one in self._with_inputs("call", each, local, parked)]
        return calls + cancellations if self._withdraws_early else calls

    def _with_inputs(
        self, kind: Literal["call", "cancel"], operation: Operation, local: Local, parked: int
    ) -> Iterator[Action]:
        """Yield the action with each choice of its inputs that the host may make for a task that is `local`."""
        for inputs in choices(operation, self._highest_count):
            if all(
                inputs[fact.name] == fact.read(local) if fact.read else fact.premise(inputs[fact.name], parked)
                for fact in operation.facts
            ):
                yield Action(kind, operation, tuple(inputs.items()))


def choose(machine: Machine, operations: Iterable[str] | None) -> tuple[Operation, ...]:
    """Return the operations of a machine that are named, all if that is None; raise ValueError for an unknown name."""
    if operations is None:
        return machine.operations
    wanted = tuple(operations)
    known = [one.name for one in machine.operations]
    for name in wanted:
        if name not in known:
            raise ValueError(f"a {machine.name} has no operation {name!r}; it has {', '.join(known)}")
    return tuple(one for one in machine.operations if one.name in wanted)


def choices(operation: Operation, highest_count: int) -> Iterator[dict[str, Any]]:
    """Yield every choice of inputs: both bools, and the numbers from -1, which is refused, to the highest count."""
    domains = [(False, True) if kind is bool else range(-1, highest_count + 1) for kind in operation.inputs.values()]
    for values in product(*domains):
        yield dict(zip(operation.inputs, values, strict=True))


def _order(local: Local) -> tuple[Any, ...]:
    return local.kind, local.position, str(local.ending), local.calls_left or 0
