"""Every transition of a machine and the tasks that use it, to a bound, as plain data: what the page steps through.

The page knows no latch and no barrier. It looks up here what can happen and what comes of it; all of it was computed by
the specification's own functions and `step.apply`, and each transition judged by the machine's properties.

A task is idle, parked at a position, or released with an ending, as in `latchproof.explore.states`; states that differ
by a renaming of tasks are kept once, with the tasks in a fixed order, their *slots*. A move says which slot acts and
where each slot's task is afterwards, so that the page can keep the tasks' names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from latchproof_spec.claims import Moment, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import ANY_INDEX, apply

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

HIGHEST_COUNT = 3
"""The highest number that is an argument of a call."""

Local: TypeAlias = "tuple[str, Ending]"
"""What a task is: ("idle", None), ("parked", position) or ("released", ending)."""

State: TypeAlias = tuple[tuple[Any, ...], tuple[Local, ...]]

IDLE: Local = ("idle", None)


@dataclass(frozen=True)
class Action:
    """What a task may do: call an operation, be cancelled ("cancel") or, released, go on ("go on")."""

    kind: str
    operation: Operation | None
    arguments: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        if self.kind != "call" or self.operation is None:
            return self.kind
        return f"{self.operation.name}({', '.join(f'{name}={value}' for name, value in self.arguments)})"


@dataclass(frozen=True)
class Move:
    """The task in `slot` acts by `rule` (None: it goes on); `slots` says where the task of each slot is afterwards.

    `resumed` are the slots that go on by it, each with its ending. `broken` are the properties that it breaks.
    """

    slot: int
    action: Action
    rule: str | None
    after: State
    resumed: tuple[tuple[int, Ending], ...]
    slots: tuple[int, ...]
    broken: tuple[str, ...]


def tabulate(machine: Machine, policy: Any, argument: int, *, tasks: int) -> dict[str, Any]:
    """All states that so many tasks can bring a machine into that is made with `argument`, and every move between them.

    The states come in the order of their distance from the first. Raises ValueError for an argument that the machine
    refuses.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> graph = tabulate(BARRIER, BARRIER.policies[0], 2, tasks=2)
    >>> graph["states"][1]
    {'state': [1, False], 'tasks': [['idle', None], ['parked', 0]], 'broken': []}
    >>> graph["actions"][0], graph["moves"][0][0]  # slot, action, rule, state after, who goes on, slots after, broken
    ({'kind': 'call', 'label': 'wait()'}, [0, 0, 'B1', 1, [], [1, 0], []])
    """
    constants, state, rule = machine.create(argument)
    if rule.refuses:
        raise ValueError(rule.message.format(argument))
    start: State = (state, (IDLE,) * tasks)
    numbers = {start: 0}
    states = [start]
    actions: dict[Action, int] = {}
    moves: list[list[list[Any]]] = []
    for here in states:  # it grows
        rows = []
        for move in _moves(machine, policy, constants, here):
            if move.after not in numbers:
                numbers[move.after] = len(states)
                states.append(move.after)
            rows.append(
                [
                    move.slot,
                    actions.setdefault(move.action, len(actions)),
                    move.rule,
                    numbers[move.after],
                    [[slot, in_words(ending)] for slot, ending in move.resumed],
                    list(move.slots),
                    list(move.broken),
                ]
            )
        moves.append(rows)
    return {
        "argument": argument,
        "tasks": tasks,
        "states": [
            {
                "state": list(state),
                "tasks": [[kind, in_words(detail) if kind == "released" else detail] for kind, detail in locals_],
                "broken": [one.name for one in machine.invariants if not one.holds(*constants, *state)],
            }
            for state, locals_ in states
        ],
        "actions": [{"kind": action.kind, "label": str(action)} for action in actions],
        "moves": moves,
    }


def in_words(ending: Ending) -> str:
    """What comes of a call that goes on with this ending.

    >>> in_words(None), in_words(2), in_words(ValueError)
    ('returns', 'returns 2', 'raises ValueError')
    """
    if isinstance(ending, type):
        return f"raises {ending.__name__}"
    if ending is None:
        return "returns"
    return "returns any index not given yet" if ending == ANY_INDEX else f"returns {ending}"


def _calls(machine: Machine) -> Iterator[Action]:
    for operation in machine.operations:
        domains = [
            (False, True) if kind is bool else range(-1, HIGHEST_COUNT + 1) for kind in operation.parameters.values()
        ]
        for values in product(*domains):
            yield Action("call", operation, tuple(zip(operation.parameters, values, strict=True)))


def _moves(machine: Machine, policy: Any, constants: tuple[Any, ...], here: State) -> Iterator[Move]:
    state, tasks = here
    for slot, (kind, _) in enumerate(tasks):
        if slot and tasks[slot - 1] == tasks[slot]:
            continue  # the same up to renaming
        if kind == "idle":
            for call in _calls(machine):
                yield _step(machine, policy, constants, here, slot, call)
            continue
        cancel = Action("cancel", machine.withdraw, (("is_parked", kind == "parked"),))
        yield _step(machine, policy, constants, here, slot, cancel)
        if kind == "released":
            locals_, slots = _sorted((*tasks[:slot], IDLE, *tasks[slot + 1 :]))
            yield Move(slot, Action("go on", None), None, (state, locals_), ((slot, tasks[slot][1]),), slots, ())


def _step(machine: Machine, policy: Any, constants: tuple[Any, ...], here: State, slot: int, action: Action) -> Move:
    assert action.operation is not None
    state, tasks = here
    arguments = dict(action.arguments)
    *after, rule = action.operation.function(*constants, *state, *arguments.values(), policy=policy)
    step = Step(action.operation.name, constants, state, arguments, tuple(after), rule, policy)
    parked = {detail: other for other, (kind, detail) in enumerate(tasks) if kind == "parked"}
    queue = tuple(parked[position] for position in range(len(parked)))
    queue_after, resumed = apply(rule, queue, slot)
    locals_ = list(tasks)
    if action.kind == "cancel":
        locals_[slot] = IDLE
    for other, ending in resumed:
        # the caller goes on within its own step; the others are released, and run later
        locals_[other] = IDLE if other == slot else ("released", ending)
    for position, other in enumerate(queue_after):
        locals_[other] = ("parked", position)
    moment = Moment(step, slot, queue, queue_after, resumed, _released(tasks), _released(locals_))
    broken = [one.name for one in machine.step_properties if not one.holds(step)]
    broken += [one.name for one in machine.history_properties if not one.holds(moment)]
    sorted_, slots = _sorted(tuple(locals_))
    return Move(slot, action, rule.id, (step.after, sorted_), resumed, slots, tuple(broken))


def _released(tasks: list[Local] | tuple[Local, ...]) -> dict[Any, Ending]:
    return {slot: ending for slot, (kind, ending) in enumerate(tasks) if kind == "released"}


def _sorted(locals_: tuple[Local, ...]) -> tuple[tuple[Local, ...], tuple[int, ...]]:
    """The locals in a fixed order, and for each slot the one that its task is in then."""
    order = sorted(range(len(locals_)), key=lambda slot: (locals_[slot][0], str(locals_[slot][1])))
    slots = [0] * len(order)
    for new, old in enumerate(order):
        slots[old] = new
    return tuple(locals_[slot] for slot in order), tuple(slots)
