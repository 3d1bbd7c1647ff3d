"""The paths of a machine's operations with their guards: the decisions on a path that the invariants do not imply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import z3

from latchproof.prove.paths import Path
from latchproof.prove.steps import paths_of, symbols
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation


@dataclass(frozen=True)
class GuardedPath:
    """One path through an operation's function: its step, and all that is known where it is taken."""

    operation: Operation
    path: Path[Step]
    premises: tuple[z3.BoolRef, ...]

    @property
    def step(self) -> Step:
        """The step that the path makes."""
        return self.path.result

    @property
    def known(self) -> tuple[z3.BoolRef, ...]:
        """The premises, and the decisions on the path."""
        return (*self.premises, *self.path.conditions)

    @cached_property
    def guard(self) -> tuple[z3.BoolRef, ...]:
        """The decisions that the premises do not imply."""
        return tuple(conditions(self.path, self.premises))


def guarded_paths(machine: Machine, policy: Any, operations: Sequence[Operation]) -> Iterator[GuardedPath]:
    """Yield every path through the functions of the operations."""
    for operation in operations:
        premises = symbols(machine, operation).premises
        yield from (GuardedPath(operation, path, premises) for path in paths_of(machine, operation, policy))


def conditions(path: Path[Any], premises: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
    """Return when a path is taken, given the premises: a single possible value, else the decisions not implied."""
    needed = list(path.conditions)
    for condition in path.conditions:
        others = [one for one in needed if one is not condition]
        if is_implied(condition, [*premises, *others]):
            needed = others
    return _fixed(needed, premises)


def is_implied(conclusion: z3.BoolRef, premises: Sequence[z3.BoolRef]) -> bool:
    """Return whether the premises imply the conclusion, as far as the solver knows."""
    solver = z3.Solver()
    solver.add(*premises, z3.Not(conclusion))
    return bool(solver.check() == z3.unsat)


def _fixed(needed: list[z3.BoolRef], premises: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
    """Return the conditions; those that together leave a variable only one value, as that value."""
    names = {str(v): v for condition in needed for v in _variables(condition) if v.sort() == z3.IntSort()}
    values: list[z3.BoolRef] = []
    rest = list(needed)
    for name, variable in sorted(names.items()):
        about = [one for one in rest if {str(v) for v in _variables(one)} == {name}]
        solver = z3.Solver()
        solver.add(*premises, *about)
        if not about or solver.check() != z3.sat:
            continue
        value = solver.model().eval(variable, model_completion=True)
        if is_implied(variable == value, [*premises, *about]):
            values.append(variable == value)
            rest = [one for one in rest if not any(one is other for other in about)]
    return values + rest


def _variables(expression: z3.ExprRef) -> list[z3.ExprRef]:
    if z3.is_const(expression) and expression.decl().kind() == z3.Z3_OP_UNINTERPRETED:
        return [expression]
    return [variable for child in expression.children() for variable in _variables(child)]
