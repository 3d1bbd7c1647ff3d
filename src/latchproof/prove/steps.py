"""The steps of a machine on symbolic numbers: what its functions do in any state, one path at a time, and what the
properties say of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import z3

from latchproof.prove.paths import Opaque, Path, SymBool, enumerate_paths, symbol, term, truth
from latchproof_spec.claims import Property, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule


@dataclass(frozen=True)
class Symbolic:
    """A machine's constants, state and an operation's inputs as symbols, with the premises that they satisfy."""

    constants: tuple[Any, ...]
    state: tuple[Any, ...]
    arguments: dict[str, Any]
    premises: tuple[z3.BoolRef, ...]


def symbols(machine: Machine, operation: Operation | None = None) -> Symbolic:
    """Return symbols for a state in which the machine's invariants hold, and for any inputs of the operation.

    The premises are the invariants, and what the host's facts imply about the number of parked tasks.
    """
    constants = tuple(symbol(name, int) for name in machine.constants)
    state = tuple(symbol(name, kind) for name, kind in machine.state.items())
    arguments = {name: symbol(name, kind) for name, kind in (operation.inputs if operation else {}).items()}
    premises = [truth(partial(p.holds, *constants, *state)) for p in machine.invariants]
    if operation is not None:
        premises += fact_premises(operation, arguments, state[machine.parked_at])
    return Symbolic(constants, state, arguments, tuple(premises))


def fact_premises(operation: Operation, arguments: dict[str, Any], parked: Any) -> list[z3.BoolRef]:
    """Return what each fact that the host tells implies, where `parked` tasks are parked."""
    return [truth(partial(fact.premise, arguments[fact.name], parked)) for fact in operation.facts]


def take(operation: Operation, policy: Any, given: Symbolic) -> Step:
    """Return the step that the operation makes from the given state, with its own function."""
    *after, rule = operation.function(*given.constants, *given.state, *given.arguments.values(), policy=policy)
    return Step(operation.name, given.constants, given.state, given.arguments, tuple(after), rule, policy)


def paths_of(machine: Machine, operation: Operation, policy: Any) -> list[Path[Step]]:
    """Return every path through an operation's function from a state in which the invariants hold."""
    given = symbols(machine, operation)
    return enumerate_paths(lambda: take(operation, policy, given), [SymBool(one) for one in given.premises])


def rules_of(machine: Machine, policy: Any) -> dict[str, Rule]:
    """Return the rules that the machine's operations can apply under a policy, by ID."""
    found = (path.result.rule for one in machine.every_operation for path in paths_of(machine, one, policy))
    return {rule.id: rule for rule in found}


class _Watched(Opaque):
    """A policy, and which of its axes were read. It is compared with nothing: it would be unequal to the policy."""

    def __init__(self, policy: Any) -> None:
        self._policy = policy
        self.seen: dict[str, Any] = {}

    def __eq__(self, other: object) -> bool:
        raise TypeError("a policy is compared by its axes alone")

    def __getattr__(self, axis: str) -> Any:
        self.seen[axis] = value = getattr(self._policy, axis)
        return value


class StepTerms:
    """Terms for properties of steps, kept with what of the policy they depend on."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], list[tuple[Step, dict[str, Any], z3.BoolRef]]] = {}

    def of(self, property_: Property, step: Step, *others: Any) -> z3.BoolRef:
        """Return what `property_.holds(step, *others)` says. The others must be the same objects every time."""
        numbers = (*step.constants, *step.before, *step.arguments.values(), *step.after)
        ids = tuple(term(one).get_id() for one in numbers)
        key = (id(property_), id(step.rule), step.operation, ids, tuple(map(id, others)))
        kept = self._kept.setdefault(key, [])
        for _, seen, said in kept:
            if all(getattr(step.policy, axis) == value for axis, value in seen.items()):
                return said
        watched = _Watched(step.policy)
        said = truth(partial(property_.holds, replace(step, policy=watched), *others))
        # keep the step too: z3 uses the identity of a term again once the term is gone
        kept.append((step, watched.seen, said))
        return said
