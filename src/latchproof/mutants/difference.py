"""Where a mutant does something else than the original, under one policy; that it does nothing else is proved.

For every number, in every state in which the invariants hold, by the solver; and, by trying, for the arguments that are
no whole numbers. What `step.apply` makes of a rule is tried on short queues and then proved for queues of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import z3

from latchproof.explore.system import choices
from latchproof.prove.paths import SymBool, UndecidableError, bool_term, enumerate_paths, int_term, symbol
from latchproof.prove.sequences import CALL, Calls, Ending, SymCall, calls_of, understood
from latchproof.prove.steps import Symbolic, paths_of, symbols, take
from latchproof_spec import step as steps
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation

if TYPE_CHECKING:
    from latchproof_spec.step import Rule

NUMBERS = range(-2, 4)
NO_NUMBERS = (True, 1.5)
LONGEST = 3
"""Queues up to this length are tried before the solver is asked."""


class BreaksDownError(Exception):
    """The mutant raises an error where the original makes a step."""


def changed_operations(original: Machine, mutant: Machine) -> tuple[str, ...]:
    """The operations, and "create", whose functions or rules are not the original's. What they do may be the same."""
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


def fields(rule: Rule) -> tuple[object, ...]:
    """All of a rule that has an effect: not the words."""
    order = rule.order if rule.queue == "indexed" or rule.caller == "returns an index" else ""
    return rule.caller, rule.queue, order, rule.errors, rule.warns


def difference(original: Machine, mutant: Machine, changed: Sequence[str], policy: Any) -> str:
    """A step that the mutant makes otherwise, in words; "" if it is proved that there is none.

    For every number, in every state in which the invariants hold; and for arguments that are no whole numbers.
    Raises UndecidableError if the solver cannot tell.
    """
    for operation in (*original.operations, original.withdraw):
        if operation.name not in changed:
            continue
        other = next(one for one in (*mutant.operations, mutant.withdraw) if one.name == operation.name)
        given = symbols(original, operation)

        def same(operation: Operation = operation, other: Operation = other, given: Symbolic = given) -> bool:
            one, two = take(original, operation, policy, given), take(mutant, other, policy, given)
            others = one.before[list(original.state).index("parked")]
            if operation is original.withdraw and given.arguments["is_parked"]:
                others = others - 1
            return one.after == two.after and _same_effect(one.rule, two.rule, others)

        if model := _model(same, given.premises):
            return f"{operation.name}: {model}"
    if "create" in changed and (model := _model(partial(_made_alike, original, mutant, symbol("argument", int)))):
        return f"create: {model}"
    for ours, theirs in zip(calls_without_tasks(original, policy), calls_without_tasks(mutant, policy), strict=True):
        alike = _same_effect(ours.rule, theirs.rule, 0)
        if not alike or (ours.constants, ours.after) != (theirs.constants, theirs.after):
            return f"{ours.operation}: {ours.arguments}"
    return ""


def difference_of_apply(machine: Machine, apply: Callable[..., Any], policy: Any) -> str:
    """A rule and a queue of which another `step.apply` makes something else; "" if it is proved that there is none.

    Raises BreaksDownError if it raises an error, UndecidableError if the solver cannot tell.
    """
    for rule, short, caller in _short_queues(machine, policy):
        try:
            found = apply(rule, short, caller)
        except Exception as error:
            raise BreaksDownError(f"{rule.id}, {len(short)} parked: {type(error).__name__}: {error}") from error
        if found != steps.apply(rule, short, caller):
            return f"{rule.id}, {len(short)} parked"
    ours, theirs = understood(steps.apply), understood(apply)
    for operation in (*machine.operations, machine.withdraw):
        premises = symbols(machine, operation).premises
        for path in paths_of(machine, operation, policy):
            rule = path.result.rule
            queue, known = _any_queue(machine, path.result)
            given = [SymBool(one) for one in (*premises, *path.conditions, *known)]
            who = SymCall(_WHO)
            for both in enumerate_paths(partial(_both, ours, theirs, rule, queue, who), given):
                solver = z3.Solver()
                solver.add(*(bool_term(one) for one in given), *both.conditions, z3.Or(*_differing(*both.result)))
                if (verdict := solver.check()) != z3.unsat:
                    raise UndecidableError(f"{rule.id}: of longer queues the solver says {verdict}")
    return ""


_WHO = z3.Const("who", CALL)


def _short_queues(machine: Machine, policy: Any) -> Iterator[tuple[Rule, tuple[int, ...], int]]:
    """The rules that apply in small states, each with the queue and who made the step; twice the same are one."""
    seen: set[tuple[str, int, bool]] = set()
    domains = [(False, True) if kind is bool else range(LONGEST + 1) for kind in machine.state.values()]
    for argument in range(LONGEST + 2):
        constants, _, made = machine.create(argument)
        states = () if made.refuses else product(*domains)
        for state in states:
            if not all(one.holds(*constants, *state) for one in machine.invariants):
                continue
            parked = dict(zip(machine.state, state, strict=True))["parked"]
            for operation in (*machine.operations, machine.withdraw):
                for arguments in choices(operation, LONGEST):
                    is_parked = arguments.get("is_parked", False)
                    if is_parked and not parked:
                        continue
                    rule = operation.function(*constants, *state, *arguments.values(), policy=policy)[-1]
                    if (rule.id, parked, is_parked) not in seen:
                        seen.add((rule.id, parked, is_parked))
                        for who in range(parked) if is_parked else (parked,):
                            yield rule, tuple(range(parked)), who


def _any_queue(machine: Machine, step: Step) -> tuple[Calls, list[z3.BoolRef]]:
    """A queue as long as the state says, and what is known of it: whether who made the step is in it."""
    owner, place = z3.Function("owner", z3.IntSort(), CALL), z3.Function("place", CALL, z3.IntSort())
    has = z3.Function("has", CALL, z3.BoolSort())
    length = int_term(dict(zip(machine.state, step.before, strict=True))["parked"])
    within = z3.And(place(_WHO) >= 0, place(_WHO) < length, owner(place(_WHO)) == _WHO)
    is_parked = bool_term(step.arguments["is_parked"]) if "is_parked" in step.arguments else z3.BoolVal(False)
    return Calls(length, owner, has, place), [length >= 0, has(_WHO) == is_parked, z3.Implies(is_parked, within)]


def _both(ours: Callable[..., Any], theirs: Callable[..., Any], *step: Any) -> tuple[Any, Any]:
    return ours(*step), theirs(*step)


def _differing(one: tuple[Any, Any], other: tuple[Any, Any]) -> Iterator[z3.BoolRef]:
    """In what two outcomes may differ, at some place `k` of the queue and of those who go on."""
    k = z3.Int("k")
    for of_one, of_other in zip(map(calls_of, one), map(calls_of, other), strict=True):
        within = z3.And(k >= 0, k < of_one.length)
        yield of_one.length != of_other.length
        yield z3.And(within, of_one.at(k) != of_other.at(k))
        if of_one.given is not None and of_other.given is not None:
            ending, other_ending = of_one.given(k), of_other.given(k)
            yield z3.And(within, z3.Or(*_endings_differ(ending, other_ending)))


def _endings_differ(one: Ending, other: Ending) -> list[z3.BoolRef]:
    return [one.given != other.given, one.index != other.index, z3.BoolVal(one.kind != other.kind)]


def _made_alike(original: Machine, mutant: Machine, argument: Any) -> bool:
    """Whether a constructor does the same. What it says of the state where it refuses is not to be used."""
    constants, state, rule = original.create(argument)
    other_constants, other_state, other_rule = mutant.create(argument)
    if not _same_effect(rule, other_rule, 0):
        return False
    return rule.refuses or (constants == other_constants and state == other_state)


def _same_effect(rule: Rule, other: Rule, parked: Any) -> bool:
    """Whether two rules do the same to the caller and to so many parked besides."""
    caller, queue, *rest = fields(rule)
    other_caller, other_queue, *other_rest = fields(other)
    if (caller, rest) != (other_caller, other_rest):
        return False
    return queue == other_queue or caller == "parks" or bool(parked == 0)  # who parks leaves the queue as it is


def _model(same: Callable[[], bool], premises: tuple[z3.BoolRef, ...] = ()) -> str:
    """Numbers for which it is not the same; "" if there are none."""
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


def calls_without_tasks(machine: Machine, policy: Any) -> Iterator[Step]:
    """The steps of which no task makes any: of the constructor, and by arguments that are no numbers."""
    nothing = tuple(kind() for kind in machine.state.values())
    for argument in (*NUMBERS, *NO_NUMBERS):
        constants, state, rule = machine.create(argument)
        after = nothing if rule.refuses else state  # what comes with a refusal is not to be used
        constants = (1,) * len(constants) if rule.refuses else constants
        yield Step("create", constants, nothing, {machine.parameter: argument}, after, rule, policy)
    for operation in machine.operations:
        if int not in operation.parameters.values():
            continue
        for before in product(range(3), repeat=len(machine.state)):
            if all(one.holds(*before) for one in machine.invariants):
                for number in NO_NUMBERS:
                    *now, rule = operation.function(*before, number, policy=policy)
                    arguments = dict.fromkeys(operation.parameters, number)
                    yield Step(operation.name, (), before, arguments, tuple(now), rule, policy)


def functions_of(machine: Machine) -> dict[str, Any]:
    operations = (*machine.operations, machine.withdraw)
    return {one.name: one.function for one in operations} | {"create": machine.create}
