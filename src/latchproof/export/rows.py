"""A machine together with its tasks, as the exporters write it: one row for each path through an operation's function.

A row's guard, what it does to the state, what is checked of it and which eventualities it owes are terms, made by
running the specification's functions on symbolic numbers. A guard holds the decisions on the path that the invariants
do not imply. What becomes of the tasks is said by the row's rule, whose endings are looked up in `step.endings`. Guards
are simplified under the invariants, which the exported models check: up to the first state without them, if there is
one, a model does what the specification does.

What the host tells of a call is written as what it is read off: whether the call is parked, or released. A fact that
cannot be read off the call is chosen by the model, as an argument is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from types import SimpleNamespace
from typing import Any, Final, Literal

import z3

from latchproof.explore.system import choose
from latchproof.export.terms import Syntax, written
from latchproof.prove.paths import Path, SymBool, check_sat, enumerate_paths, symbol, term, truth
from latchproof.prove.steps import paths_of, symbols
from latchproof_spec.claims import Property, Step
from latchproof_spec.machine import Machine, ModelBounds, Operation
from latchproof_spec.step import Ending, Rule, endings

TASKS_PARKED, TASKS_RELEASED = "tasks_parked", "tasks_released"
"""The symbols of a census: how many tasks are parked, and how many released."""

CALLERS: Final = ("parks", "returns", "returns an index", "raises", "leaves")
QUEUES: Final = ("stays", "released", "first", "indexed", "failed")
ORDERS: Final = ("arrival", "reversed", "any", "one leads")
"""The words of a rule that every exporter has a form for."""

AFTER: Final = "after_"
"""The prefix of a name in the state where the value after the step is meant."""


class ExportError(Exception):
    """A machine cannot be exported; the text says why."""


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


@dataclass(frozen=True)
class Given:
    """What the tasks that were parked are given, as an expression in their position and in how many were parked.

    `kind` says which: always the same `ending`, their "position", or how many were parked "less" their position.
    `first` says how many of the first are given it, where that is not all: the others move up.
    """

    kind: Literal["ending", "position", "less"]
    ending: Ending = None
    first: int | None = None


@dataclass(frozen=True)
class Check:
    """Something that is checked, as a term, with its name, the function that it comes from, and its claims."""

    name: str
    function: str
    claims: tuple[str, ...]
    holds: z3.BoolRef


@dataclass(frozen=True)
class Row:
    """One path: its name, its guard, the state after it, what it owes under which condition, what is checked.

    `owes` maps the ID of an eventuality's claim to a condition, and leaves out what is never owed. `given` is None
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

    `accepted` says which arguments make the machine by the same path as that of the bounds; `constants` and `start` are
    terms in the argument. All three call it by the machine's parameter.
    """

    machine: Machine
    policy: Any
    bounds: ModelBounds
    accepted: tuple[z3.BoolRef, ...]
    constants: dict[str, z3.ExprRef]
    start: dict[str, z3.ExprRef]
    calls: tuple[Operation, ...]
    rows: tuple[Row, ...]
    invariants: tuple[Check, ...]

    def rows_of(self, operation: Operation) -> list[Row]:
        """Return the rows of an operation."""
        return [row for row in self.rows if row.operation is operation]

    @property
    def eventualities(self) -> dict[str, str]:
        """The eventualities that a row may owe: the ID of the claim, and the name."""
        owed = {claim for row in self.rows for claim in row.owes}
        return {one.claim.id: one.name for one in self.machine.eventualities if one.claim.id in owed}


def heading(model: Model) -> list[str]:
    """Return where a model comes from; and, of a machine of the specification, how its file is kept."""
    how = f"by running its functions on symbolic numbers, policy {model.policy.name}."
    found = [f"Rendered from {model.machine.source} {how}"]
    if not model.machine.compiled_from:
        found.append("Do not edit: `make spec` writes it again, and the test suite fails when it is stale.")
    return found


def make_model(machine: Machine, policy: Any, bounds: ModelBounds) -> Model:
    """Enumerate a machine's paths. Raise ExportError for a machine, or bounds, of which no model can be made."""
    rule = machine.create(bounds.argument)[2]
    if rule.refuses:
        raise ExportError(rule.message.format(bounds.argument))
    try:
        calls = choose(machine, bounds.operations)
    except ValueError as error:
        raise ExportError(str(error)) from error
    made = _creation(machine, bounds.argument)
    constants, state, _ = made.result
    rows = list(_rows(machine, policy, (*calls, machine.withdraw), bounds.tasks))
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
    """Return the path that the constructor takes with this number as its argument."""
    argument = symbol(machine.parameter, int)
    for path in enumerate_paths(lambda: machine.create(argument)):
        if is_implied(z3.And(path.conditions), [term(argument) == number]):
            return path
    raise ExportError(f"no path of the constructor is known to be taken with {number}")


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
    return bool(check_sat(*premises, z3.Not(conclusion)) == z3.unsat)


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


def require_known(rule: Rule) -> None:
    """Raise ExportError if the rule says something that the exporters have no words for.

    `step.endings` would still give some ending, so a model would be written, of another machine.
    """
    for said, known in ((rule.caller, CALLERS), (rule.queue, QUEUES), (rule.order, ORDERS)):
        if said not in known:
            raise ExportError(f"{rule.id} says {said!r}, which the exported forms cannot say yet")


def given(rule: Rule, tasks: int) -> Given | None:
    """Return what a rule gives the parked, as an expression that agrees with `step.endings` for up to so many tasks."""
    require_known(rule)
    wanted = [
        (parked, place, ending) for parked in range(1, tasks + 1) for place, ending in enumerate(endings(rule, parked))
    ]
    if not wanted:
        return None
    fits: dict[Literal["ending", "position", "less"], Callable[[int, int], Ending]] = {
        "ending": lambda parked, place: wanted[0][2],
        "position": lambda parked, place: place,
        "less": lambda parked, place: parked - place,
    }
    # a single parked task does not distinguish a position from a constant, so the constant is tried last
    for kind in ("position", "less", "ending"):
        if all(type(fits[kind](n, p)) is type(ending) and fits[kind](n, p) == ending for n, p, ending in wanted):
            first = rule.first if rule.queue == "first" else None
            return Given(kind, wanted[0][2] if kind == "ending" else None, first)
    raise ExportError(f"no expression is known for the endings of {rule.id}")


def chosen_inputs(operation: Operation) -> Operation:
    """Return the operation without the facts that are read off a call: its inputs are those that a model chooses."""
    return replace(operation, facts=tuple(fact for fact in operation.facts if not fact.read))


def facts_read(operation: Operation, syntax: Syntax, parked: str, released: str) -> dict[str, str]:
    """Return how each fact that is read off a call is written, where these say that the call is parked or released."""
    names = {"call_is_parked": parked, "call_is_released": released}
    call = SimpleNamespace(parked=SymBool(z3.Bool("call_is_parked")), released=SymBool(z3.Bool("call_is_released")))
    found = {}
    for fact in operation.facts:
        if fact.read:
            said = truth(partial(fact.read, call))
            text = written(said, syntax, names)
            found[fact.name] = text if z3.is_const(said) else f"({text})"
    return found


def _rows(machine: Machine, policy: Any, operations: tuple[Operation, ...], tasks: int) -> Iterator[Row]:
    for path in guarded_paths(machine, policy, operations):
        step, operation, known = path.step, path.operation, list(path.known)
        if (operation is machine.withdraw) != (step.rule.caller == "leaves"):
            raise ExportError(f"{step.rule.id}: a caller of {operation.name} that {step.rule.caller} has no model")
        if step.rule.caller == "parks" and step.rule.queue != "stays":
            raise ExportError(f"{step.rule.id}: a caller that parks while the parked continue has no model")
        owes = {
            eventuality.claim.id: _simplified(truth(partial(eventuality.owes, step)), known)
            for eventuality in machine.eventualities
        }
        after = {name: term(value) for name, value in zip(machine.state, step.after, strict=True)}
        yield Row(
            step.rule.id,
            operation,
            step.rule,
            path.guard,
            after,
            {claim: condition for claim, condition in owes.items() if not z3.is_false(condition)},
            given(step.rule, tasks),
            tuple(_step_checks(machine, step, known)),
        )


def _named_apart(rows: list[Row]) -> Iterator[Row]:
    """Yield the rows, with a number where several have the same rule."""
    names = [row.name for row in rows]
    for index, row in enumerate(rows):
        if names.count(row.name) > 1:
            number = names[: index + 1].count(row.name)
            row = replace(row, name=f"{row.name}_{number}")
        yield row


def _step_checks(machine: Machine, step: Step, known: list[z3.BoolRef]) -> Iterator[Check]:
    """Yield the step properties of a step to any state at all, without those that every state satisfies."""
    after = tuple(symbol(AFTER + name, kind) for name, kind in machine.state.items())
    free = replace(step, after=after)
    for property_ in machine.step_properties:
        holds = _simplified(truth(partial(property_.holds, free)), known)
        if not z3.is_true(holds):
            yield _check(property_, holds)


def _invariants(machine: Machine) -> Iterator[Check]:
    """Yield the invariants, and the censuses, in which the numbers of tasks are symbols."""
    given_state = symbols(machine)
    for invariant in machine.invariants:
        holds = truth(partial(invariant.holds, *given_state.constants, *given_state.state))
        yield _check(invariant, _simplified(holds, []))
    counted = symbol(TASKS_PARKED, int), symbol(TASKS_RELEASED, int)
    for census in machine.censuses:
        holds = truth(partial(census.holds, given_state.constants, given_state.state, *counted))
        yield _check(census, _simplified(holds, []))


def _check(property_: Property, holds: z3.BoolRef) -> Check:
    return Check(property_.name, property_.holds.__name__, property_.ids, holds)


def _simplified(condition: z3.BoolRef, known: list[z3.BoolRef]) -> z3.BoolRef:
    """Return a condition that is equivalent where what is known holds: its cases, as few and as short as possible.

    The parts keep the order in which the specification has them; the solver's own order depends on earlier queries.
    """
    cases = _cases(condition)

    def whole(remaining: list[list[z3.BoolRef]]) -> z3.BoolRef:  # without any case it is false, one without parts true
        return _joined(z3.Or, [_joined(z3.And, case) for case in remaining])

    for truth_value in (True, False):
        if is_implied(condition == truth_value, known):
            return z3.BoolVal(truth_value)
    for index in reversed(range(len(cases))):
        fewer = [case for other, case in enumerate(cases) if other != index]
        if is_implied(whole(fewer) == condition, known):
            cases = fewer
            continue
        for part in list(cases[index]):
            less = [one for one in cases[index] if one is not part]
            weaker = [less if other == index else case for other, case in enumerate(cases)]
            if is_implied(whole(weaker) == condition, known):
                cases = weaker
    return whole(cases)


def _cases(condition: z3.BoolRef) -> list[list[z3.BoolRef]]:
    """Return a condition as a disjunction of conjunctions: its cases, each with its parts."""
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
