"""Explicit-state model checking: every state of a machine together with the tasks that use it, to a bound.

A task is idle, parked at a position, or released with an ending. An idle task may call any operation; a parked task
may be cancelled; a released task may go on, or be cancelled first. If calls are not bounded, the graph is finite and
cyclic, for a task forgets what it did; if each task makes so many calls and no more, it remembers how many are left.
Breadth first, so that what is reported is reached by a shortest run.

States that differ only by a renaming of tasks are one orbit, of which one is kept: that in which the tasks are sorted
by what each of them is. A state is kept as bytes: the number of the machine's state, and one byte for each task. What
an operation does to those bytes depends on the machine's state, the number parked and the caller alone; it is found by
calling the specification's own functions, once for each of these, and is forgotten with the exploration.

Every transition is judged by every step property and every history property of the machine, every state by its
invariants and censuses. They see no number of calls left, so what differs only by that is judged once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, product
from math import factorial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from latchproof_spec.claims import Claim, Moment, Property, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import apply

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

AT_MOST = 1_000_000
"""After so many orbits an exploration stops short."""


class Local(NamedTuple):
    """What a task is; `parked` with its position, from 0, or `released` with its ending."""

    kind: Literal["finished", "idle", "parked", "released"]
    position: int = 0
    ending: Ending = None


FINISHED, IDLE = Local("finished"), Local("idle")

_PREFIX = 3  # so many bytes for the number of the machine's state
_BYTES = bytes(range(256))


@dataclass(frozen=True)
class Violation:
    """A property that does not hold, and a shortest run to where it does not: one line a step."""

    property: str
    claims: tuple[str, ...]
    run: tuple[str, ...]


@dataclass
class Exploration:
    """What was explored, and what was found.

    `calls` bounds the calls of each task (None: it does not), `operations` are those that were called, `highest_count`
    is the highest number that was an argument. `orbits` are the states up to renaming of tasks, `states` all of them;
    `transitions` are those from one state of each orbit, tasks alike counted once; `depth` is how far off the furthest
    state is; `rests` counts the orbits in which nothing can run any more. `checks` counts, for each claim, how often it
    was judged.
    """

    machine: str
    policy: str
    argument: int
    tasks: int
    highest_count: int
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
    seconds: float = 0.0

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
    highest_count: int = 3,
    at_most: int = AT_MOST,
    apply: Callable[..., Any] = apply,
) -> Exploration:
    """Explore a machine that is made with `argument` (its count or its parties) and used by so many tasks.

    Each task makes at most so many `calls` (without bound, unless given) of the `operations` that are named (all,
    unless given). `highest_count` bounds what set_count sets. After `at_most` orbits it stops, and `complete` is False.
    `apply` says what a rule does to a queue, unless the specification's own is meant.
    Raises ValueError for an argument that the machine refuses, and for more tasks and calls than it has codes for.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> from latchproof_spec.barrier.policies import LATCHPROOF as LATCHPROOF_BARRIER
    >>> found = explore(BARRIER, LATCHPROOF_BARRIER, 2, tasks=3)
    >>> found.complete, found.violations, sorted(found.rules), found.orbits, found.states
    (True, [], ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'], 18, 65)
    """
    begun = time.perf_counter()
    constants, state, rule = machine.create(argument)
    if rule.refuses:
        raise ValueError(rule.message.format(argument))
    called = choose(machine, operations)
    found = Exploration(
        machine.name, policy.name, argument, tasks, highest_count, calls, tuple(one.name for one in called)
    )
    model = _Model(machine, policy, constants, called, tasks, calls, highest_count, apply)
    start = model.start(state)
    reached = {start: start}
    judge = _Judge(model, found, reached)
    level = [start]
    while True:
        level = _next_level(model, judge, found, reached, level, at_most)
        found.depth += bool(level)
        if not level or not found.complete:
            break
    found.orbits = len(reached)
    found.states = sum(map(_size_of_orbit, reached))
    found.violations = list(judge.broken.values())
    found.seconds = time.perf_counter() - begun
    return found


def choose(machine: Machine, operations: Iterable[str] | None) -> tuple[Operation, ...]:
    """The operations of a machine that are named, or all of them. Raises ValueError for a name that there is not."""
    if operations is None:
        return machine.operations
    wanted = tuple(operations)
    known = [one.name for one in machine.operations]
    for name in wanted:
        if name not in known:
            raise ValueError(f"a {machine.name} has no operation {name!r}; it has {', '.join(known)}")
    return tuple(one for one in machine.operations if one.name in wanted)


def about(machine: Machine, claim: str) -> Machine:
    """The machine with nothing to be judged but what is about one claim.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> about(BARRIER, "C5").history_properties
    (indices are exact,)
    """
    parts: dict[str, Any] = {
        shape: tuple(one for one in getattr(machine, shape) if claim in _ids(one.claims))
        for shape in ("invariants", "step_properties", "history_properties", "censuses")
    }
    parts["eventualities"] = tuple(one for one in machine.eventualities if one.claim.id == claim)
    return replace(machine, **parts)


def choices(operation: Operation, highest_count: int) -> Iterator[dict[str, Any]]:
    """Every choice of arguments: both truths, and the numbers from -1 (to be refused) to the highest count."""
    domains = [(False, True) if kind is bool else range(-1, highest_count + 1) for kind in operation.inputs.values()]
    for values in product(*domains):
        yield dict(zip(operation.inputs, values, strict=True))


def make_step(
    operation: Operation, constants: tuple[Any, ...], state: tuple[Any, ...], arguments: dict[str, Any], policy: Any
) -> Step:
    """The step that an operation makes, by the specification's own function."""
    *after, rule = operation.function(*constants, *state, *arguments.values(), policy=policy)
    return Step(operation.name, constants, state, arguments, tuple(after), rule, policy)


def make_moment(
    step: Step, queue: tuple[int, ...], who: int, released: dict[Any, Ending], apply: Callable[..., Any] = apply
) -> Moment:
    """The step with its identities. Its caller goes on within it; whoever else goes on is released, and runs later."""
    queue_after, resumed = apply(step.rule, queue, who)
    still = {task: ending for task, ending in released.items() if task != who}
    still |= {task: ending for task, ending in resumed if task != who}
    return Moment(step, who, queue, queue_after, resumed, released, still)


def called_as(operation: Operation, arguments: dict[str, Any]) -> str:
    """A call, as one would write it."""
    return f"{operation.name}({', '.join(f'{name}={value}' for name, value in arguments.items())})"


def _next_level(
    model: _Model,
    judge: _Judge,
    found: Exploration,
    reached: dict[bytes, bytes],
    level: list[bytes],
    at_most: int,
) -> list[bytes]:
    """Judge the states of a level, and find those that are one step further."""
    further: list[bytes] = []
    moves, strip, judged, not_parked = model.moves, model.strip, judge.judged, model.not_parked
    transitions = 0
    for here in level:
        number, body = here[:_PREFIX], here[_PREFIX:]
        shape = number + body.translate(strip)
        if shape not in judged:
            judge.shape(shape, here)
        parked = len(body.translate(None, not_parked))
        previous = -1
        moved = False
        for position, code in enumerate(body):
            if code == previous:
                continue  # the same up to renaming
            previous = code
            others = body[:position] + body[position + 1 :]
            key = (number, parked, code)
            if key not in moves:
                moves[key] = model.moves_of(key)
            for move in moves[key]:
                transitions += move.number
                moved |= move.runs
                after = move.state + bytes(sorted(others.translate(move.table) + move.task))
                if after not in reached:
                    reached[after] = here
                    further.append(after)
                    if len(reached) >= at_most:
                        found.complete = False
                        found.transitions += transitions
                        return further
        found.rests += not moved
    found.transitions += transitions
    return further


def _size_of_orbit(state: bytes) -> int:
    """So many states differ from this one by a renaming of tasks alone."""
    size = factorial(len(state) - _PREFIX)
    for _, alike in groupby(state[_PREFIX:]):
        size //= factorial(sum(1 for _ in alike))
    return size


class _Move(NamedTuple):
    """What some moves of a task do to the bytes of a state, all of them the same.

    The machine's state becomes `state`, the other tasks are translated by `table`, the task itself becomes `task`;
    `number` of them, of which the first is called `label`. `runs` unless it is a cancellation.
    """

    state: bytes
    table: bytes
    task: bytes
    label: str
    runs: bool
    number: int


class _Model:
    """The bytes of one exploration: what they stand for, and what moves do to them."""

    def __init__(
        self,
        machine: Machine,
        policy: Any,
        constants: tuple[Any, ...],
        operations: tuple[Operation, ...],
        tasks: int,
        calls: int | None,
        highest_count: int,
        apply: Callable[..., Any],
    ) -> None:
        self.apply = apply
        self.machine = machine
        self.policy = policy
        self.constants = constants
        self.tasks = tasks
        self.offers = [(one, arguments) for one in operations for arguments in choices(one, highest_count)]
        self.moves: dict[tuple[bytes, int, int], tuple[_Move, ...]] = {}
        self._bounded = calls is not None
        self._calls = calls or 0
        self._span = self._calls + 1
        self._states: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[Any, ...], bytes] = {}
        self._locals: list[Local] = []
        self._codes: dict[Local, int] = {}
        for local in (FINISHED, IDLE, *(Local("parked", position) for position in range(tasks))):
            self._code(local)
        first = self._codes[Local("parked", 0)] * self._span
        last = (self._codes[Local("parked", tasks - 1)] + 1) * self._span
        self.not_parked = _BYTES[:first] + _BYTES[last:]
        self.strip = bytes(self._stripped(code) for code in range(256))

    def start(self, state: tuple[Any, ...]) -> bytes:
        idle = self._codes[IDLE] * self._span + self._calls
        return self._number(state) + bytes([idle]) * self.tasks

    def state(self, number: bytes) -> tuple[Any, ...]:
        """The machine's state that has this number."""
        return self._states[int.from_bytes(number, "big")]

    def locals(self, shape: bytes) -> list[Local]:
        """What each task is."""
        return [self._locals[code] for code in shape[_PREFIX:]]

    def moves_of(self, key: tuple[bytes, int, int]) -> tuple[_Move, ...]:
        """Every effect that a move of a task may have, given the machine's state, how many are parked, and its code."""
        number, parked, code = key
        local, left = self._locals[code // self._span], code % self._span
        state = self.state(number)
        effects: dict[tuple[bytes, bytes, bytes, bool], tuple[str, int]] = {}
        for label, operation, arguments in self.possible(local, left):
            if operation is None:
                effect = (number, _BYTES, self._byte(IDLE, left), True)
            else:
                queue = tuple(range(parked))
                who = local.position if local.kind == "parked" else parked
                step = self.step(state, operation, arguments)
                queue_after, resumed = self.apply(step.rule, queue, who)
                table = bytearray(_BYTES)
                for task, ending in resumed:
                    if task != who:
                        self._translate(table, Local("parked", task), Local("released", ending=ending))
                caller = IDLE
                for position, task in enumerate(queue_after):
                    if task == who:
                        caller = Local("parked", position)
                    else:
                        self._translate(table, Local("parked", task), Local("parked", position))
                left_after = left - (self._bounded and operation is not self.machine.withdraw)
                runs = operation is not self.machine.withdraw
                effect = (self._number(step.after), bytes(table), self._byte(caller, left_after), runs)
            first, times = effects.get(effect, (label, 0))
            effects[effect] = (first, times + 1)
        return tuple(
            _Move(state, table, task, label, runs, times)
            for (state, table, task, runs), (label, times) in effects.items()
        )

    def possible(self, local: Local, left: int = 1) -> Iterator[tuple[str, Operation | None, dict[str, Any]]]:
        """What a task may do next: a label, and the operation with its arguments; no operation if it just goes on."""
        if local == IDLE:
            if left or not self._bounded:
                for operation, arguments in self.offers:
                    yield f"a task calls {called_as(operation, arguments)}", operation, arguments
        elif local.kind == "parked":
            label = f"the task parked at position {local.position} is cancelled"
            yield label, self.machine.withdraw, {"is_parked": True}
        elif local.kind == "released":
            released = f"a task released{_with(local.ending)}"
            yield f"{released} is cancelled before it has run", self.machine.withdraw, {"is_parked": False}
            yield f"{released} goes on", None, {}

    def step(self, state: tuple[Any, ...], operation: Operation, arguments: dict[str, Any]) -> Step:
        """The step that the specification's own function makes."""
        return make_step(operation, self.constants, state, arguments, self.policy)

    def _number(self, state: tuple[Any, ...]) -> bytes:
        if state not in self._numbers:
            self._numbers[state] = len(self._states).to_bytes(_PREFIX, "big")
            self._states.append(state)
        return self._numbers[state]

    def _code(self, local: Local) -> int:
        if local not in self._codes:
            if (len(self._locals) + 1) * self._span > 256:
                raise ValueError(
                    f"{self.tasks} tasks with {self._calls} calls each are more than can be explored: what a task may "
                    "be does not fit a byte"
                )
            self._codes[local] = len(self._locals)
            self._locals.append(local)
        return self._codes[local]

    def _byte(self, local: Local, left: int) -> bytes:
        return bytes([self._code(local) * self._span + left])

    def _translate(self, table: bytearray, old: Local, new: Local) -> None:
        """Have the table turn every task that is `old` into one that is `new`, with as many calls left."""
        before, after = self._code(old) * self._span, self._code(new) * self._span
        for left in range(self._span):
            table[before + left] = after + left

    def _stripped(self, code: int) -> int:
        """The code of what a task is, whatever calls it has left, but for one that is idle and has none."""
        local, left = divmod(code, self._span)
        finished = self._bounded and local == self._codes[IDLE] and not left
        return self._codes[FINISHED] if finished else local


class _Judge:
    """Judges each shape once: states and their moves, whatever the calls left."""

    def __init__(self, model: _Model, found: Exploration, reached: dict[bytes, bytes]) -> None:
        self.judged: set[bytes] = set()
        self.broken: dict[str, Violation] = {}
        self._model = model
        self._found = found
        self._reached = reached

    def shape(self, shape: bytes, here: bytes) -> None:
        """Judge a shape, and every step from it; `here` is the first state that has it."""
        self.judged.add(shape)
        model, machine = self._model, self._model.machine
        state = model.state(shape[:_PREFIX])
        tasks = model.locals(shape)
        parked = sorted((local.position, task) for task, local in enumerate(tasks) if local.kind == "parked")
        queue = tuple(task for _, task in parked)
        released = {task: local.ending for task, local in enumerate(tasks) if local.kind == "released"}
        for invariant in machine.invariants:
            self._judge(invariant, partial(invariant.holds, *model.constants, *state), here)
        for census in machine.censuses:
            self._judge(census, partial(census.holds, model.constants, state, len(queue), len(released)), here)
        for who, local in enumerate(tasks):
            if who and tasks[who - 1] == local:
                continue
            for label, operation, arguments in model.possible(local):
                if operation is None:
                    continue
                step = model.step(state, operation, arguments)
                moment = make_moment(step, queue, who, released, model.apply)
                self._found.rules.add(step.rule.id)
                for property_ in machine.step_properties:
                    self._judge(property_, partial(property_.holds, step), here, label)
                for property_ in machine.history_properties:
                    self._judge(property_, partial(property_.holds, moment), here, label)

    def _judge(self, property_: Property, holds: Callable[[], bool], here: bytes, label: str = "") -> None:
        for claim in property_.claims:
            self._found.checks[claim.id] = self._found.checks.get(claim.id, 0) + 1
        if property_.name not in self.broken and not holds():
            run = (*self._run(here), *((label,) if label else ()))
            self.broken[property_.name] = Violation(property_.name, _ids(property_.claims), run)

    def _run(self, state: bytes) -> list[str]:
        """A shortest run to a state."""
        labels = []
        while self._reached[state] != state:
            origin = self._reached[state]
            labels.append(self._label(origin, state))
            state = origin
        return labels[::-1]

    def _label(self, here: bytes, after: bytes) -> str:
        model = self._model
        number, body = here[:_PREFIX], here[_PREFIX:]
        parked = len(body.translate(None, model.not_parked))
        return next(
            move.label
            for position, code in enumerate(body)
            for move in model.moves[number, parked, code]
            if after
            == move.state + bytes(sorted((body[:position] + body[position + 1 :]).translate(move.table) + move.task))
        )


def _with(ending: Ending) -> str:
    """What a released task is given, in words."""
    return "" if ending is None else f" with {ending if isinstance(ending, int) else ending.__name__}"


def _ids(claims: tuple[Claim, ...]) -> tuple[str, ...]:
    return tuple(claim.id for claim in claims)
