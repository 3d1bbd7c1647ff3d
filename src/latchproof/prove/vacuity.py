"""What keeps the proofs from being empty: each claim could come out false, and a rule that is misapplied fails.

A claim that no state and no step can break says nothing; nor does a liveness claim that no step ever makes due. Each of
these is a query that must have a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import z3

from latchproof.prove.goals import Goal
from latchproof.prove.identities import ACTOR, ONE_AFTER, ONE_BEFORE, Identities
from latchproof.prove.paths import SymBool, symbol, truth
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation


def counter_goals(machine: Machine, policies: tuple[Any, ...]) -> Iterator[Goal]:
    """The invariants, step properties and accounts of a machine, of any state, any rule and any outcome."""
    constants = tuple(symbol(name, int) for name in machine.constants)
    before = tuple(symbol(name, kind) for name, kind in machine.state.items())
    after = tuple(symbol(f"{name}+", kind) for name, kind in machine.state.items())
    for invariant in machine.invariants:
        yield _goal(machine, invariant, [partial(invariant.holds, *constants, *before)])
    for account in machine.accounts:
        ghosts = tuple(symbol(name, int) for name in account.ghosts)
        yield _goal(machine, account, [partial(account.holds, constants, before, ghosts)])

    def step(operation: Operation, rule: Any, policy: Any) -> Step:
        arguments = {name: symbol(name, kind) for name, kind in operation.inputs.items()}
        return Step(operation.name, constants, before, arguments, after, rule, policy)

    for property_ in machine.step_properties:
        holds = (
            partial(property_.holds, step(operation, rule, policy))
            for policy in policies
            for operation in (*machine.operations, machine.withdraw)
            for rule in machine.rules
        )
        yield _goal(machine, property_, holds)


def call_goals(machine: Machine, models: Iterable[Identities]) -> Iterator[Goal]:
    """What is claimed of each call, of any two calls, any place, and anything that a step might do to a call."""
    models = list(models)
    for number, property_ in enumerate(machine.call_claims.invariants):
        yield _goal(machine, property_, [partial(SymBool, m.invariant_terms[number]) for m in models])
    for number, property_ in enumerate(machine.call_claims.places):
        yield _goal(machine, property_, [partial(SymBool, m.place_terms[number]) for m in models])
    for property_ in machine.call_claims.steps:
        steps = (one.step for model in models for one in model.steps if one.step is not None)
        yield _goal(
            machine,
            property_,
            (partial(property_.holds, step, ACTOR, ONE_BEFORE, ONE_AFTER) for step in steps),
        )


def _goal(machine: Machine, property_: Any, holds: Iterable[Callable[[], object]]) -> Goal:
    """That one of these can be false: the first that can; or falsity, if none can."""
    broken: z3.BoolRef = z3.BoolVal(False)
    for one in holds:
        said = truth(one)
        solver = z3.SimpleSolver()
        solver.add(z3.Not(said))
        if solver.check() == z3.sat:
            broken = z3.Not(said)
            break
    ids = tuple(claim.id for claim in property_.claims)
    name = f"could come out false: {property_}"
    return Goal("controls", name, ids, machine.name, "any", "any", "any", (broken,), None)
