"""A machine together with its tasks, as the exporters write it: one row for each path through an operation's function.

A row's guard, what it does to the state, what is checked of it and to whom it owes an eventuality are terms, got by
running the specification's functions on symbolic numbers. What becomes of the tasks is said by the row's rule, whose
endings are looked up in `step.endings`. Guards are simplified under the invariants, which the exported models check: up
to the first state without them, if there is one, a model does what the specification does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import z3

from latchproof.explore.system import choose
from latchproof.export.markdown import conditions, is_implied
from latchproof.prove.obligations import paths_of, symbols
from latchproof.prove.paths import Path, enumerate_paths, symbol, term, truth
from latchproof_spec.claims import Property, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule, endings

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

TASKS_PARKED, TASKS_RELEASED = "tasks_parked", "tasks_released"
"""The symbols of a census: how many tasks are parked, and how many released."""

AFTER = "after_"
"""What the name of a state's part begins with, where its value after the step is meant."""


class ExportError(Exception):
    """A machine that cannot be exported; the text says why."""


@dataclass(frozen=True)
class Bounds:
    """What bounds a model: how the machine is made, how many tasks use it, which calls they make, and how many."""

    argument: int
    tasks: int
    highest_count: int = 3
    calls: int | None = None
    operations: tuple[str, ...] | None = None


DEFAULT_BOUNDS = {"latch": Bounds(2, 4), "barrier": Bounds(3, 4)}


@dataclass(frozen=True)
class Given:
    """What the tasks that were parked are given, as an expression in their position and in how many were parked.

    `kind`: always the same `ending`, or their "position", or how many were parked "less" their position.
    """

    kind: Literal["ending", "position", "less"]
    ending: Ending = None


@dataclass(frozen=True)
class Check:
    """Something that is checked, as a term: its name, which claims it is about, and the function that it comes from."""

    name: str
    function: str
    claims: tuple[str, ...]
    holds: z3.BoolRef


@dataclass(frozen=True)
class Row:
    """One path: its name, its guard, the state after it, what is owed by it under which condition, what is checked.

    `owes` maps the ID of an eventuality's claim to a condition, and leaves out what is owed under none. `given` is None
    where the parked stay.
    """

    name: str
    operation: Operation
    rule: Rule
    guard: tuple[z3.BoolRef, ...]
    after: dict[str, z3.ExprRef]
    owes: dict[str, z3.BoolRef]
    given: Given | None
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Model:
    """A machine under a policy, with its bounds, as rows and checks.

    `accepted` is what is true of an argument that the machine is made with as with that of the bounds; `constants` and
    `start` are terms in it. All three call it by the machine's parameter.
    """

    machine: Machine
    policy: Any
    bounds: Bounds
    accepted: tuple[z3.BoolRef, ...]
    constants: dict[str, z3.ExprRef]
    start: dict[str, z3.ExprRef]
    calls: tuple[Operation, ...]
    rows: tuple[Row, ...]
    invariants: tuple[Check, ...]

    def rows_of(self, operation: Operation) -> list[Row]:
        """The rows of an operation."""
        return [row for row in self.rows if row.operation is operation]

    @property
    def eventualities(self) -> dict[str, str]:
        """The eventualities that a row may owe: the ID of the claim, and the name."""
        owed = {claim for row in self.rows for claim in row.owes}
        return {one.claim.id: one.name for one in self.machine.eventualities if one.claim.id in owed}


def make_model(machine: Machine, policy: Any, bounds: Bounds) -> Model:
    """Enumerate a machine's paths. Raises ExportError for a machine, or bounds, that no model can be made of."""
    rule = machine.create(bounds.argument)[2]
    if rule.refuses:
        raise ExportError(rule.message.format(bounds.argument))
    try:
        calls = choose(machine, bounds.operations)
    except ValueError as error:
        raise ExportError(str(error)) from error
    made = _creation(machine, bounds.argument)
    constants, state, _ = made.result
    rows = [row for operation in (*calls, machine.withdraw) for row in _rows(machine, policy, operation, bounds.tasks)]
    return Model(
        machine,
        policy,
        bounds,
        tuple(conditions(made, ())),
        {name: term(value) for name, value in zip(machine.constants, constants, strict=True)},
        {name: term(value) for name, value in zip(machine.state, state, strict=True)},
        calls,
        tuple(_named_apart(rows)),
        tuple(_invariants(machine)),
    )


def _creation(machine: Machine, number: int) -> Path[tuple[tuple[Any, ...], tuple[Any, ...], Rule]]:
    """The path that the constructor takes with this number as its argument."""
    argument = symbol(machine.parameter, int)
    for path in enumerate_paths(lambda: machine.create(argument)):
        if is_implied(z3.And(path.conditions), [term(argument) == number]):
            return path
    raise ExportError(f"no path of the constructor is known to be taken with {number}")


def given(rule: Rule, tasks: int) -> Given | None:
    """What a rule gives the parked, as an expression that says the same as `step.endings` for up to so many tasks."""
    due = [
        (parked, place, ending) for parked in range(1, tasks + 1) for place, ending in enumerate(endings(rule, parked))
    ]
    if not due:
        return None
    fits: dict[Literal["ending", "position", "less"], Callable[[int, int], Ending]] = {
        "ending": lambda parked, place: due[0][2],
        "position": lambda parked, place: place,
        "less": lambda parked, place: parked - place,
    }
    # one task parked tells a position from nothing that is always the same; so the constant is tried last
    for kind in ("position", "less", "ending"):
        if all(type(fits[kind](n, p)) is type(ending) and fits[kind](n, p) == ending for n, p, ending in due):
            return Given(kind, due[0][2] if kind == "ending" else None)
    raise ExportError(f"no expression is known for the endings of {rule.id}")


def _rows(machine: Machine, policy: Any, operation: Operation, tasks: int) -> Iterator[Row]:
    premises = symbols(machine, operation).premises
    for path in paths_of(machine, operation, policy):
        step = path.result
        if (operation is machine.withdraw) != (step.rule.caller == "leaves"):
            raise ExportError(f"{step.rule.id}: a caller of {operation.name} that {step.rule.caller} has no model")
        if step.rule.caller == "parks" and step.rule.queue != "stays":
            raise ExportError(f"{step.rule.id}: a caller that parks while the parked go on has no model")
        guard = conditions(path, premises)
        known = [*premises, *path.conditions]
        owes = {
            eventuality.claim.id: _simplified(truth(partial(eventuality.owes, step)), known)
            for eventuality in machine.eventualities
        }
        after = {name: term(value) for name, value in zip(machine.state, step.after, strict=True)}
        yield Row(
            step.rule.id,
            operation,
            step.rule,
            tuple(guard),
            after,
            {claim: condition for claim, condition in owes.items() if not z3.is_false(condition)},
            given(step.rule, tasks),
            tuple(_step_checks(machine, step, known)),
        )


def _named_apart(rows: list[Row]) -> Iterator[Row]:
    """The rows, those of one rule with a number each."""
    names = [row.name for row in rows]
    for index, row in enumerate(rows):
        if names.count(row.name) > 1:
            number = names[: index + 1].count(row.name)
            row = Row(f"{row.name}_{number}", *(getattr(row, name) for name in list(Row.__dataclass_fields__)[1:]))
        yield row


def _step_checks(machine: Machine, step: Step, known: list[z3.BoolRef]) -> Iterator[Check]:
    """The step properties, of the state after it whatever that is; those that are true of any are left out."""
    after = tuple(symbol(AFTER + name, kind) for name, kind in machine.state.items())
    free = Step(step.operation, step.constants, step.before, step.arguments, after, step.rule, step.policy)
    for property_ in machine.step_properties:
        holds = _simplified(truth(partial(property_.holds, free)), known)
        if not z3.is_true(holds):
            yield _check(property_, holds)


def _invariants(machine: Machine) -> Iterator[Check]:
    """The invariants, and the censuses, of which the numbers of tasks are symbols."""
    given_state = symbols(machine)
    for invariant in machine.invariants:
        holds = truth(partial(invariant.holds, *given_state.constants, *given_state.state))
        yield _check(invariant, _simplified(holds, []))
    counted = symbol(TASKS_PARKED, int), symbol(TASKS_RELEASED, int)
    for census in machine.censuses:
        holds = truth(partial(census.holds, given_state.constants, given_state.state, *counted))
        yield _check(census, _simplified(holds, []))


def _check(property_: Property, holds: z3.BoolRef) -> Check:
    claims = tuple(claim.id for claim in property_.claims)
    return Check(property_.name, property_.holds.__name__, claims, holds)


def _simplified(condition: z3.BoolRef, known: list[z3.BoolRef]) -> z3.BoolRef:
    """A condition that says the same as this one wherever what is known holds: its cases, as few and short as may be.

    The parts keep the order in which the specification has them; the solver's own would depend on what it did before.
    """
    cases = [[part for part in case if not z3.is_true(part)] for case in _cases(condition)]
    cases = [case for case in cases if not any(z3.is_false(part) for part in case)]
    if not cases or not all(cases):
        return z3.BoolVal(bool(cases))
    solver = z3.Solver()
    solver.add(*known)

    def is_known(conclusion: z3.BoolRef) -> bool:
        solver.push()
        solver.add(z3.Not(conclusion))
        verdict = solver.check()
        solver.pop()
        return bool(verdict == z3.unsat)

    def whole(remaining: list[list[z3.BoolRef]]) -> z3.BoolRef:
        return _joined(z3.Or, [_joined(z3.And, case) for case in remaining])

    for truth_value in (True, False):
        if is_known(condition == truth_value):
            return z3.BoolVal(truth_value)
    for index in reversed(range(len(cases))):
        fewer = [case for other, case in enumerate(cases) if other != index]
        if fewer and is_known(whole(fewer) == condition):
            cases = fewer
            continue
        for part in list(cases[index]):
            less = [one for one in cases[index] if one is not part]
            weaker = [less if other == index else case for other, case in enumerate(cases)]
            if less and is_known(whole(weaker) == condition):
                cases = weaker
    return whole(cases)


def _cases(condition: z3.BoolRef) -> list[list[z3.BoolRef]]:
    """A condition as a disjunction of conjunctions: its cases, each with its parts."""
    children = condition.children()
    if z3.is_not(condition):
        inner = condition.arg(0)
        if z3.is_and(inner) or z3.is_or(inner):
            negated = [z3.Not(child) for child in inner.children()]
            return _cases(z3.Or(negated) if z3.is_and(inner) else z3.And(negated))
        return _cases(inner.arg(0)) if z3.is_not(inner) else [[condition]]
    if z3.is_or(condition):
        return [case for child in children for case in _cases(child)]
    if z3.is_and(condition):
        return [[part for case in chosen for part in case] for chosen in product(*map(_cases, children))]
    if z3.is_implies(condition):
        return _cases(z3.Or(z3.Not(children[0]), children[1]))
    if z3.is_app_of(condition, z3.Z3_OP_ITE):
        decision, then, otherwise = children
        return _cases(z3.And(decision, then)) + _cases(z3.And(z3.Not(decision), otherwise))
    return [[condition]]


def _joined(join: Callable[[list[z3.BoolRef]], z3.BoolRef], parts: list[z3.BoolRef]) -> z3.BoolRef:
    return parts[0] if len(parts) == 1 else join(parts)
