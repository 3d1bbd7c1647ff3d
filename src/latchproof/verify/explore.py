"""Explicit-state model checking: every state of a machine together with the tasks that use it, to a bound.

A task is idle, parked at a position, or released with an ending. An idle task may call any operation; a parked task
may be cancelled; a released task may go on, or be cancelled first. Calls are not bounded: the graph is finite and
cyclic, for a task forgets what it did. States that differ only by a renaming of tasks are one state (an orbit). Every
transition is judged by every step property and every history property of the machine, every state by its invariants;
breadth first, so that what is reported is reached by a shortest run.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from latchproof_spec.claims import Claim, Moment, Property, Step
from latchproof_spec.machines import Machine, Operation
from latchproof_spec.step import BrokenBarrierError, apply

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

IDLE = (0, 0)
_PLAIN, _BROKEN = -2, -3

Local: TypeAlias = tuple[int, int]
"""(0, 0) idle, (1, position) parked, (2, ending) released; an ending is an index, or -1 any, -2 plain, -3 broken."""

State: TypeAlias = tuple[tuple[Any, ...], tuple[Local, ...]]


@dataclass(frozen=True)
class Violation:
    """A property that does not hold, and a shortest run to where it does not: one line a step."""

    property: str
    claims: tuple[str, ...]
    run: tuple[str, ...]


@dataclass
class Exploration:
    """What was explored and what was found. `checks` counts, for each claim, how often it was judged."""

    machine: str
    policy: str
    argument: int
    tasks: int
    highest_count: int
    states: int = 0
    transitions: int = 0
    depth: int = 0
    rules: set[str] = field(default_factory=set)
    checks: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    complete: bool = True
    seconds: float = 0.0


def explore(
    machine: Machine,
    policy: Any,
    argument: int,
    *,
    tasks: int,
    highest_count: int = 3,
    at_most: int = 1_000_000,
) -> Exploration:
    """Explore a machine that is made with `argument` (its count or its parties) and used by so many tasks.

    `highest_count` bounds what set_count sets. After `at_most` states it stops, and `complete` is False.

    >>> from latchproof_spec.machines import BARRIER
    >>> from latchproof_spec.policy import LATCHPROOF_BARRIER
    >>> found = explore(BARRIER, LATCHPROOF_BARRIER, 2, tasks=3)
    >>> found.complete, found.violations, sorted(found.rules)
    (True, [], ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'])
    """
    begun = time.perf_counter()
    found = Exploration(machine.name, policy.name, argument, tasks, highest_count)
    constants, state, rule = machine.create(argument)
    if rule.refuses:
        raise ValueError(rule.message.format(argument))
    start: State = (state, (IDLE,) * tasks)
    reached: dict[State, tuple[State, str] | None] = {start: None}
    depth = {start: 0}
    waiting = deque([start])
    broken: dict[str, Violation] = {}

    def judge(property_: Property, holds: Callable[[], bool], last: State, label: str) -> None:
        for claim in property_.claims:
            found.checks[claim.id] = found.checks.get(claim.id, 0) + 1
        if property_.name not in broken and not holds():
            run = (*_run(reached, last), *((label,) if label else ()))
            broken[property_.name] = Violation(property_.name, _ids(property_.claims), run)

    for invariant in machine.invariants:
        judge(invariant, partial(invariant.holds, *constants, *state), start, "")
    while waiting:
        here = waiting.popleft()
        for label, moment, after in _moves(machine, policy, constants, here, highest_count):
            found.transitions += 1
            if moment is not None:
                found.rules.add(moment.step.rule.id)
                for property_ in machine.step_properties:
                    judge(property_, partial(property_.holds, moment.step), here, label)
                for property_ in machine.history_properties:
                    judge(property_, partial(property_.holds, moment), here, label)
            if after in reached:
                continue
            reached[after] = (here, label)
            depth[after] = depth[here] + 1
            for invariant in machine.invariants:
                judge(invariant, partial(invariant.holds, *constants, *after[0]), after, "")
            if len(reached) >= at_most:
                found.complete = False
                waiting.clear()
                break
            waiting.append(after)
    found.states = len(reached)
    found.depth = max(depth.values())
    found.violations = list(broken.values())
    found.seconds = time.perf_counter() - begun
    return found


def _ids(claims: tuple[Claim, ...]) -> tuple[str, ...]:
    return tuple(claim.id for claim in claims)


def _run(reached: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    labels = []
    origin = reached[state]
    while origin is not None:
        state, label = origin
        labels.append(label)
        origin = reached[state]
    return labels[::-1]


def _encode(ending: Ending) -> int:
    return ending if isinstance(ending, int) else _PLAIN if ending is None else _BROKEN


def _decode(code: int) -> Ending:
    return code if code >= -1 else None if code == _PLAIN else BrokenBarrierError


def _arguments(operation: Operation, highest_count: int) -> Iterator[dict[str, Any]]:
    """Every choice of arguments: both truths, and the numbers from -1 (to be refused) to the highest count."""
    domains = [
        (False, True) if kind is bool else range(-1, highest_count + 1) for kind in operation.parameters.values()
    ]
    for values in product(*domains):
        yield dict(zip(operation.parameters, values, strict=True))


def _moves(
    machine: Machine, policy: Any, constants: tuple[Any, ...], here: State, highest_count: int
) -> Iterator[tuple[str, Moment | None, State]]:
    """What can happen next: a label, the step with its identities (none when a released task goes on), the state."""
    state, tasks = here
    for who in range(len(tasks)):
        local = tasks[who]
        if who and tasks[who - 1] == local:
            continue  # the same up to renaming
        kind, detail = local
        if kind == 0:
            for operation in machine.operations:
                for arguments in _arguments(operation, highest_count):
                    given = ", ".join(f"{name}={value}" for name, value in arguments.items())
                    label = f"a task calls {operation.name}({given})"
                    yield label, *_step(machine, policy, constants, here, who, operation, arguments)
        elif kind == 1:
            label = f"the task parked at position {detail} is cancelled"
            yield label, *_step(machine, policy, constants, here, who, machine.withdraw, {"is_parked": True})
        else:
            label = f"a task released with {_decode(detail)} is cancelled before it has run"
            yield label, *_step(machine, policy, constants, here, who, machine.withdraw, {"is_parked": False})
            gone = tuple(sorted((*tasks[:who], IDLE, *tasks[who + 1 :])))
            yield f"a task released with {_decode(detail)} goes on", None, (state, gone)


def _step(
    machine: Machine,
    policy: Any,
    constants: tuple[Any, ...],
    here: State,
    who: int,
    operation: Operation,
    arguments: dict[str, Any],
) -> tuple[Moment, State]:
    state, tasks = here
    *new_state, rule = operation.function(*constants, *state, *arguments.values(), policy=policy)
    step = Step(operation.name, constants, state, arguments, tuple(new_state), rule, policy)
    parked = sorted((local[1], task) for task, local in enumerate(tasks) if local[0] == 1)
    queue = tuple(task for _, task in parked)
    queue_after, gone_on = apply(rule, queue, who)
    locals_after = list(tasks)
    if operation is machine.withdraw:
        locals_after[who] = IDLE
    for task, ending in gone_on:
        # the caller goes on within its own step; the others are released, and run later
        locals_after[task] = IDLE if task == who else (2, _encode(ending))
    for position, task in enumerate(queue_after):
        locals_after[task] = (1, position)
    moment = Moment(
        step,
        who,
        queue,
        queue_after,
        gone_on,
        {task: _decode(local[1]) for task, local in enumerate(tasks) if local[0] == 2},
        {task: _decode(local[1]) for task, local in enumerate(locals_after) if local[0] == 2},
    )
    return moment, (step.after, tuple(sorted(locals_after)))
