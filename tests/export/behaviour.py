"""What a machine and its tasks may do, as a model in any language must say it: states, and the steps from each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

import z3

from latchproof.explore.system import Local, State, System, Transition, choices
from latchproof.export.rows import Model, chosen_inputs, make_model
from latchproof_spec.machine import Machine, ModelBounds
from latchproof_spec.machines import MACHINES

POLICIES: Final = [(machine, policy) for machine in MACHINES.values() for policy in machine.policies]
"""The machines, each with each policy that makes a difference."""

CONTINUES: Final = "Continues"

Call: TypeAlias = tuple[str, tuple[Any, ...]]
"""An operation with the arguments, and the facts, that a model chooses; or CONTINUES."""


class Node(NamedTuple):
    """A state of the system, and the claims by which each task is owed that it continues."""

    state: State
    owed: tuple[frozenset[str], ...]


@cache
def model_of(machine: Machine, policy: Any, bounds: ModelBounds | None = None) -> Model:
    """Return the model of a machine under a policy, by default with the bounds of the committed one."""
    return make_model(machine, policy, bounds or machine.bounds.model)


def nodes(model: Model, seed: int = 0) -> Iterator[tuple[Node, dict[int, dict[Call, list[Node]]]]]:
    """Yield every state, up to the names of its tasks, with what tasks can do in it and what that leads to.

    Of the tasks that are doing the same and are owed the same, only one is there.

    The names of the tasks are dealt out again in each state, so that what depends on them is seen.
    """
    bounds = model.bounds
    system = System(
        model.machine,
        model.policy,
        bounds.argument,
        tasks=bounds.tasks,
        calls=bounds.calls,
        operations=bounds.operations,
        highest_count=bounds.highest_count,
    )
    deal = random.Random(seed)
    waiting = [Node(system.initial, (frozenset(),) * bounds.tasks)]
    reached = {_unnamed(waiting[0])}
    for one in waiting:
        names = deal.sample(range(bounds.tasks), bounds.tasks)
        here = Node(
            State(one.state.machine, tuple(one.state.tasks[n] for n in names)), tuple(one.owed[n] for n in names)
        )
        doing = list(zip(here.state.tasks, here.owed, strict=True))
        steps: dict[int, dict[Call, list[Node]]] = {
            task: {} for task, what in enumerate(doing) if what not in doing[:task]
        }
        for transition in system.transitions(here.state, steps):
            after = Node(transition.after, _owed_after(model.machine, here, transition))
            steps[transition.who].setdefault(_call(transition), []).append(after)
            if _unnamed(after) not in reached:
                reached.add(_unnamed(after))
                waiting.append(after)
        yield here, steps


def calls(model: Model) -> Iterator[Call]:
    """Yield every operation, with every choice of its arguments."""
    for operation in (*model.calls, model.machine.withdraw):
        for chosen in choices(chosen_inputs(operation), model.bounds.highest_count):
            yield operation.name, tuple(chosen.values())


def some_nodes(model: Model, number: int, seed: int) -> Iterator[Node]:
    """Yield states that need not be reachable: any values, and tasks that do anything."""
    deal = random.Random(seed)
    locals_ = [Local("idle", calls_left=model.bounds.calls), Local("parked"), Local("released", 0, 0)]
    for _ in range(number):
        machine = tuple(
            deal.choice((False, True)) if kind is bool else deal.randrange(-1, 4)
            for kind in model.machine.state.values()
        )
        tasks = tuple(deal.choice(locals_) for _ in range(model.bounds.tasks))
        yield Node(State(machine, tasks), (frozenset(),) * model.bounds.tasks)


def small_states(machine: Machine) -> list[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """Return every small state that has the invariants, with its constants."""
    kinds = [*((int,) * len(machine.constants)), *machine.state.values()]
    found = product(*(((False, True) if kind is bool else range(3)) for kind in kinds))
    split = len(machine.constants)
    return [
        (values[:split], values[split:])
        for values in found
        if all(invariant.holds(*values) for invariant in machine.invariants)
    ]


def valued(term: z3.ExprRef, values: dict[str, Any]) -> Any:
    """Return a term with numbers for its variables."""
    pairs = [
        (z3.Bool(name), z3.BoolVal(value)) if isinstance(value, bool) else (z3.Int(name), z3.IntVal(value))
        for name, value in values.items()
    ]
    result = z3.simplify(z3.substitute(term, *pairs))
    return result.as_long() if z3.is_int_value(result) else {"True": True, "False": False}[str(result)]


def _call(transition: Transition) -> Call:
    operation = transition.action.operation
    if operation is None:
        return CONTINUES, ()
    inputs = dict(transition.action.inputs)
    return operation.name, tuple(inputs[name] for name in chosen_inputs(operation).inputs)


def _unnamed(node: Node) -> tuple[Any, ...]:
    tasks = zip(node.state.tasks, node.owed, strict=True)
    return node.state.machine, tuple(sorted((str(local), *sorted(owed)) for local, owed in tasks))


def _owed_after(machine: Machine, here: Node, transition: Transition) -> tuple[frozenset[str], ...]:
    """Return what is owed after a step: what it owes, to the parked and to a caller that parks; no longer what was."""
    owed = list(here.owed)
    owed[transition.who] = frozenset()
    step = transition.step
    owing = {one.claim.id for one in machine.eventualities if step is not None and one.owes(step)}
    for task in {*transition.queue, transition.who}:
        if transition.after.tasks[task].kind != "idle":
            owed[task] |= owing
    return tuple(owed)
