"""What keeps the proofs from being empty: each claim could come out false.

A claim that no state and no step can break says nothing; nor does a liveness claim that no step ever owes. Each of
these goals is a query that must have a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import z3

from latchproof.prove.goals import Goal
from latchproof.prove.identities import Identities
from latchproof.prove.paths import SymBool, check_sat, symbol, truth
from latchproof.prove.steps import symbols
from latchproof.prove.world import ACTOR, ONE_AFTER, ONE_BEFORE, next_names
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation


def counter_goals(machine: Machine, policies: tuple[Any, ...]) -> Iterator[Goal]:
    """Yield the controls of invariants, accounts, readings and step properties: of any state, rule and result."""
    any_state = symbols(machine)
    constants, before = any_state.constants, any_state.state
    after, _ = next_names(machine)
    for invariant in machine.invariants:
        yield _goal(machine, invariant, [partial(invariant.holds, *constants, *before)])
    for account in machine.accounts:
        ghosts = tuple(symbol(name, int) for name in account.ghosts)
        yield _goal(machine, account, [partial(account.holds, constants, before, ghosts)])
    made, state, _ = machine.create(machine.smallest)
    kinds = {name: type(one.read(*made, *state)) for name, one in machine.observations.items()}
    read = {name: symbol(f"read.{name}", kind) for name, kind in kinds.items()}
    for property_ in machine.readings:
        yield _goal(machine, property_, [partial(property_.holds, constants, before, read)])

    def step(operation: Operation, rule: Any, policy: Any) -> Step:
        arguments = {name: symbol(name, kind) for name, kind in operation.inputs.items()}
        return Step(operation.name, constants, before, arguments, after, rule, policy)

    def creation(rule: Any, policy: Any) -> Step:
        nothing = tuple(kind() for kind in machine.state.values())
        return Step("create", constants, nothing, {machine.parameter: symbol("argument", int)}, after, rule, policy)

    for property_ in machine.step_properties:
        holds = (
            partial(property_.holds, one)
            for policy in policies
            for rule in machine.rules
            for one in (*(step(each, rule, policy) for each in machine.every_operation), creation(rule, policy))
        )
        yield _goal(machine, property_, holds)


def call_goals(machine: Machine, models: Iterable[Identities]) -> Iterator[Goal]:
    """Yield the controls of what is claimed of any two calls, any place, and of what any step might do to a call."""
    models = list(models)
    for number, property_ in enumerate(machine.call_claims.invariants):
        yield _goal(machine, property_, [partial(SymBool, m.invariant_terms[number]) for m in models])
    for number, property_ in enumerate(machine.call_claims.places):
        yield _goal(machine, property_, [partial(SymBool, m.place_terms[number]) for m in models])
    for property_ in machine.call_claims.steps:
        steps = (one.step for model in models for one in model.steps if one.step is not None)
        holds = (partial(property_.holds, step, ACTOR, ONE_BEFORE, ONE_AFTER) for step in steps)
        yield _goal(machine, property_, holds)


def _goal(machine: Machine, property_: Any, holds: Iterable[Callable[[], object]]) -> Goal:
    """Return the goal that the first of these that can be false can be; or falsity, if none can."""
    broken: z3.BoolRef = z3.BoolVal(False)
    for one in holds:
        fails = z3.Not(truth(one))
        if check_sat(fails) == z3.sat:
            broken = fails
            break
    name = f"could come out false: {property_}"
    return Goal(name, property_.ids, machine.name, "any", "any", "any", "controls", (broken,), None)
