"""Where a mutant does something else than the original, under one policy; else it is proved that it never does.

The solver decides it for every number, in every state in which the invariants hold; arguments that are not ints are
tried. What another `step.apply` makes of a rule is tried on short queues, and then proved for queues of any length.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, Final, NamedTuple

import z3

from latchproof.explore.system import choices
from latchproof.prove.paths import SymBool, UndecidableError, bool_term, enumerate_paths, int_term, symbol, truth
from latchproof.prove.sequences import CALL, Calls, SymCall, calls_of, understood
from latchproof.prove.steps import Symbolic, paths_of, symbols, take
from latchproof_spec import step as steps
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule

NUMBERS: Final = range(-2, 4)
NOT_INTS: Final = (True, 1.5)
"""Arguments with which the constructor, and each operation that takes a number, is called."""

LONGEST: Final = 3
"""Parked tasks in the longest queue that is tried before the solver is asked."""

_WHO: Final = z3.Const("who", CALL)
"""The task that makes a step."""


class BreaksDownError(Exception):
    """The mutant raises an error where the original makes a step."""


class Caller(NamedTuple):
    """What a host can tell of the task that makes a step: whether it is parked, and whether it was released."""

    parked: Any
    released: Any


def changed_operations(original: Machine, mutant: Machine) -> tuple[str, ...]:
    """Return the operations, and "create", whose functions or rules differ from the original's, if only in form."""
    rules = {rule.id for rule, other in zip(original.rules, mutant.rules, strict=True) if fields(rule) != fields(other)}
    ours, theirs = functions_of(original), functions_of(mutant)
    codes = {function.__name__ for name, function in ours.items() if function.__code__ is not theirs[name].__code__}
    changed = []
    for name, function in theirs.items():
        mentioned = set(function.__code__.co_names)
        for callee in theirs.values():
            if callee.__name__ in mentioned:
                mentioned |= set(callee.__code__.co_names)
        if function.__name__ in codes or mentioned & (rules | codes):
            changed.append(name)
    return tuple(changed)


def functions_of(machine: Machine) -> dict[str, Any]:
    """Return the function of each operation, by the operation's name, and the constructor as "create"."""
    return {one.name: one.function for one in machine.every_operation} | {"create": machine.create}


def fields(rule: Rule) -> tuple[object, ...]:
    """Return the fields of a rule that have an effect: not those for a reader."""
    order = rule.order if rule.queue == "indexed" or rule.caller == "returns an index" else ""
    return rule.caller, rule.queue, rule.first if rule.queue == "first" else 0, order, rule.errors, rule.warns


def difference(original: Machine, mutant: Machine, changed: Sequence[str], policy: Any) -> str:
    """Return a step that the mutant makes otherwise, in words; "" if it is proved to make none so.

    Raises UndecidableError if the solver cannot tell.
    """
    for operation, other in zip(original.every_operation, mutant.every_operation, strict=True):
        if operation.name not in changed:
            continue
        given = symbols(original, operation)
        is_parked, known = _caller(original, operation, given.arguments)
        same = partial(_made_the_same_step, operation, other, original.parked_at, policy, given, is_parked)
        if model := _model(same, (*given.premises, *known)):
            return f"{operation.name}: {model}"
    if "create" in changed and (model := _model(partial(_made_the_same, original, mutant, symbol("argument", int)))):
        return f"create: {model}"
    for ours, theirs in zip(calls_without_tasks(original, policy), calls_without_tasks(mutant, policy), strict=True):
        is_same = _same_effect(ours.rule, theirs.rule, 0)
        if not is_same or (ours.constants, ours.after) != (theirs.constants, theirs.after):
            return f"{ours.operation}: {ours.arguments}"
    return ""


def difference_of_apply(machine: Machine, apply: Callable[..., Any], policy: Any) -> str:
    """Return a rule and a queue that another `step.apply` treats otherwise; "" if it is proved to treat all the same.

    Raises BreaksDownError if it raises an error, UndecidableError if the solver cannot tell.
    """
    for rule, short, who in _short_queues(machine, policy):
        try:
            found = apply(rule, short, who)
        except Exception as error:
            raise BreaksDownError(f"{rule.id}, {len(short)} parked: {type(error).__name__}: {error}") from error
        if found != steps.apply(rule, short, who):
            return f"{rule.id}, {len(short)} parked"
    ours, theirs = understood(steps.apply), understood(apply)
    for operation in machine.every_operation:
        given = symbols(machine, operation)
        is_parked, known = _caller(machine, operation, given.arguments)
        for path in paths_of(machine, operation, policy):
            rule = path.result.rule
            queue, about = _any_queue(given.state[machine.parked_at], is_parked)
            premises = [SymBool(one) for one in (*given.premises, *path.conditions, *known, *about)]
            both = partial(_both, ours, theirs, rule, queue, SymCall(_WHO))
            for outcome in enumerate_paths(both, premises):
                solver = z3.Solver()
                solver.add(*map(bool_term, premises), *outcome.conditions, z3.Or(*_differing(*outcome.result)))
                if (verdict := solver.check()) != z3.unsat:
                    raise UndecidableError(f"{rule.id}: of longer queues the solver says {verdict}")
    return ""


def calls_without_tasks(machine: Machine, policy: Any) -> Iterator[Step]:
    """Yield the steps that tasks do not make: of the constructor, and with arguments that are not ints."""
    nothing = tuple(kind() for kind in machine.state.values())
    for argument in (*NUMBERS, *NOT_INTS):
        constants, state, rule = machine.create(argument)
        after = nothing if rule.refuses else state  # the state that comes with a refusal must not be used
        constants = (1,) * len(constants) if rule.refuses else constants
        yield Step("create", constants, nothing, {machine.parameter: argument}, after, rule, policy)
    for operation in (one for one in machine.operations if int in one.parameters.values()):
        for (constants, before), number in product(_small_states(machine), NOT_INTS):
            arguments = {name: number if kind is int else False for name, kind in operation.parameters.items()}
            *now, rule = operation.function(*constants, *before, *arguments.values(), policy=policy)
            yield Step(operation.name, constants, before, arguments, tuple(now), rule, policy)


def _small_states(machine: Machine) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Yield the constants and the state wherever the numbers are small and the invariants hold."""
    domains = [(False, True) if kind is bool else range(LONGEST + 1) for kind in machine.state.values()]
    made = (machine.create(argument) for argument in range(LONGEST + 2))
    for constants in dict.fromkeys(constants for constants, _, rule in made if not rule.refuses):
        for state in product(*domains):
            if all(one.holds(*constants, *state) for one in machine.invariants):
                yield constants, state


def _short_queues(machine: Machine, policy: Any) -> Iterator[tuple[Rule, tuple[int, ...], int]]:
    """Yield the rules that apply in small states, each with the queue and who made the step, each of these once."""
    seen: set[tuple[str, int, bool]] = set()
    for (constants, state), operation in product(_small_states(machine), machine.every_operation):
        parked = state[machine.parked_at]
        for caller in _callers(machine, operation):
            if caller.parked and not parked:
                continue
            for inputs in choices(operation, LONGEST):
                if any(one.read is not None and one.read(caller) != inputs[one.name] for one in operation.facts):
                    continue
                rule = operation.function(*constants, *state, *inputs.values(), policy=policy)[-1]
                if (rule.id, parked, caller.parked) not in seen:
                    seen.add((rule.id, parked, caller.parked))
                    for who in range(parked) if caller.parked else (parked,):
                        yield rule, tuple(range(parked)), who


def _callers(machine: Machine, operation: Operation) -> list[Caller]:
    """Return what can be told of a task that makes a step of the operation."""
    new = [Caller(parked=False, released=False)]
    if operation is not machine.withdraw:
        return new
    made = [Caller(parked=True, released=False), Caller(parked=False, released=True)]
    return made + new if machine.withdraws_early else made


def _caller(machine: Machine, operation: Operation, inputs: dict[str, Any]) -> tuple[Any, list[z3.BoolRef]]:
    """Return whether the task that makes a step is parked, and how that is related to what the host tells."""
    if operation is not machine.withdraw:
        return False, []
    caller = Caller(symbol("the caller is parked", bool), symbol("the caller is released", bool))
    parked, released = bool_term(caller.parked), bool_term(caller.released)
    possible = [z3.And(parked == one.parked, released == one.released) for one in _callers(machine, operation)]
    told = {one.name: one.read for one in operation.facts if one.read is not None}
    read = [bool_term(inputs[name]) == truth(partial(read, caller)) for name, read in told.items()]
    return caller.parked, [z3.Or(possible), *read]


def _any_queue(parked: Any, is_parked: Any) -> tuple[Calls, list[z3.BoolRef]]:
    """Return a queue as long as the state says, and what is known of it: whether the caller is in it."""
    owner, place = z3.Function("owner", z3.IntSort(), CALL), z3.Function("place", CALL, z3.IntSort())
    has = z3.Function("has", CALL, z3.BoolSort())
    length, inside = int_term(parked), bool_term(is_parked)
    within = z3.And(place(_WHO) >= 0, place(_WHO) < length, owner(place(_WHO)) == _WHO)
    return Calls(length, owner, has, place), [length >= 0, has(_WHO) == inside, z3.Implies(inside, within)]


def _both(ours: Callable[..., Any], theirs: Callable[..., Any], *step: Any) -> tuple[Any, Any]:
    return ours(*step), theirs(*step)


def _differing(one: tuple[Any, Any], other: tuple[Any, Any]) -> Iterator[z3.BoolRef]:
    """Yield in what two outcomes may differ, at some place `k` of the queue and of the tasks that continue."""
    k = z3.Int("k")
    for of_one, of_other in zip(map(calls_of, one), map(calls_of, other), strict=True):
        within = z3.And(k >= 0, k < of_one.length)
        yield of_one.length != of_other.length
        yield z3.And(within, of_one.at(k) != of_other.at(k))
        if of_one.given is not None and of_other.given is not None:
            ours, theirs = of_one.given(k), of_other.given(k)
            other_kind = z3.BoolVal(ours.kind != theirs.kind)
            yield z3.And(within, z3.Or(ours.given != theirs.given, ours.index != theirs.index, other_kind))


def _made_the_same_step(
    ours: Operation, theirs: Operation, parked_at: int, policy: Any, given: Symbolic, is_parked: Any
) -> Any:
    """Return whether two operations make the same step; the state has the number of parked calls at `parked_at`."""
    one, two = take(ours, policy, given), take(theirs, policy, given)
    others = one.before[parked_at] - (1 if is_parked else 0)
    return one.after == two.after and _same_effect(one.rule, two.rule, others)


def _made_the_same(original: Machine, mutant: Machine, argument: Any) -> bool:
    """Return whether a constructor does the same. The state that comes with a refusal must not be used."""
    *made, rule = original.create(argument)
    *other, other_rule = mutant.create(argument)
    return _same_effect(rule, other_rule, 0) and (rule.refuses or made == other)


def _same_effect(rule: Rule, other: Rule, parked: Any) -> bool:
    """Return whether two rules do the same to the caller and to this number of other parked tasks."""
    caller, queue, *rest = fields(rule)
    other_caller, other_queue, *other_rest = fields(other)
    if (caller, rest) != (other_caller, other_rest):
        return False
    return queue == other_queue or caller == "parks" or bool(parked == 0)  # who parks leaves the queue as it is


def _model(same: Callable[[], bool], premises: Sequence[z3.BoolRef] = ()) -> str:
    """Return numbers for which it is not the same; "" if there are none."""
    for path in enumerate_paths(same, [SymBool(premise) for premise in premises]):
        solver = z3.Solver()
        solver.add(*premises, *path.conditions, z3.Not(bool_term(path.result)))
        verdict = solver.check()
        if verdict == z3.unknown:
            raise UndecidableError(f"the solver cannot tell whether it is the same: {solver.reason_unknown()}")
        if verdict == z3.sat:
            model = solver.model()
            return ", ".join(f"{name} = {model[name]}" for name in model) or "always"
    return ""
