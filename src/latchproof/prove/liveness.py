"""What must happen some day, for any number of calls: Lamport's rule WF1, on the model with identities.

An eventuality says which steps owe it to the parked to go on. It is shown in two parts. A step that owes lets them go
there and then. And whoever was let go does go on, or is cancelled, by rule WF1: every step of anybody leaves a released
call released, with the same ending, or is its own (1); its own step of going on settles it (2); and it can always make
that step (3); so a host that is weakly fair to it, which never passes over for ever what can always be done, lets it.

A rule that is misapplied must fail, and that is computed too: without fairness there is a step that leaves everything
as it was, and can be repeated for ever; that somebody else goes on is not enough; and a parked call cannot go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import z3

from latchproof.prove.goals import Goal
from latchproof.prove.identities import (
    AFTER,
    BEFORE,
    DONE,
    LEFT,
    ONE,
    PARKED,
    RELEASED,
    WHO,
    Identities,
    Transition,
)
from latchproof.prove.paths import all_of, term, truth
from latchproof_spec.claims import Eventuality
from latchproof_spec.machine import Machine

_BEFORE, _AFTER = BEFORE["one"], AFTER["one"]
_WAS_RELEASED = _BEFORE["phase"] == RELEASED
_SAME_ENDING = z3.And([_BEFORE[name] == _AFTER[name] for name in ("given", "index", "generation")])


def liveness_goals(model: Identities, machine: Machine) -> Iterator[Goal]:
    """Everything that the eventualities of a machine rest on, under a policy."""
    claims = tuple(eventuality.claim.id for eventuality in machine.eventualities)
    for eventuality in machine.eventualities:
        for one, owed in _owing(model, eventuality):
            let_go = z3.Or(_AFTER["phase"] == RELEASED, _AFTER["phase"] == DONE)
            name = f"{eventuality}: who is owed it is let go at once"
            yield model.goal("liveness", name, (eventuality.claim.id,), z3.Implies(owed, let_go), one)
    for one in model.steps:
        kept = z3.And(_AFTER["phase"] == RELEASED, _SAME_ENDING)
        settled = z3.And(ONE == WHO, z3.Or(z3.And(_AFTER["phase"] == DONE, _SAME_ENDING), _AFTER["phase"] == LEFT))
        said = z3.Implies(_WAS_RELEASED, z3.Or(kept, settled))
        yield model.goal("liveness", "WF1 (1): the released stay so but by their own step", claims, said, one)
    own = z3.Implies(z3.And(_WAS_RELEASED, ONE == WHO), z3.And(_AFTER["phase"] == DONE, _SAME_ENDING))
    yield model.goal("liveness", "WF1 (2): going on settles it", claims, own, model.going_on)
    able = z3.Implies(model.world.phase(ONE) == RELEASED, _able(model))
    yield model.goal("liveness", "WF1 (3): who is released can go on", claims, able, model.going_on)


def liveness_controls(model: Identities, machine: Machine) -> Iterator[Goal]:
    """What must have a model, or the eventualities would be empty and the rule would prove anything."""
    for eventuality in machine.eventualities:
        owing = list(_owing(model, eventuality))
        yield _first_possible(model, f"{eventuality}: it is owed to somebody", (eventuality.claim.id,), owing)
    claims = tuple(eventuality.claim.id for eventuality in machine.eventualities)
    passed_over = z3.And(_WAS_RELEASED, ONE != WHO, _AFTER["phase"] == RELEASED, _SAME_ENDING)
    loops = []
    for one in model.steps:
        if one.step is not None:
            states = zip(one.before.state, one.after.state, strict=True)
            loops.append((one, z3.And(passed_over, *(term(was) == term(now) for was, now in states))))
    yield _first_possible(model, "without fairness one may be passed over for ever", claims, loops)
    somebody = z3.And(_WAS_RELEASED, ONE != WHO, _AFTER["phase"] == RELEASED)
    yield _first_possible(model, "that another goes on does not settle it", claims, [(model.going_on, somebody)])
    unable = z3.And(model.world.phase(ONE) == PARKED, z3.Not(_able(model)))
    yield _first_possible(model, "who is parked cannot go on", claims, [(model.going_on, unable)])


def _owing(model: Identities, eventuality: Eventuality) -> Iterator[tuple[Transition, z3.BoolRef]]:
    """The steps that may owe it, each with the condition that it does, and owes it to `one`.

    It is owed to whoever was parked, but not to the call that is withdrawn by the step itself; and to a caller that
    parks by it.
    """
    for one in model.steps:
        if one.step is None:
            continue
        owes = truth(partial(eventuality.owes, one.step))
        if not z3.is_false(owes):
            parks = z3.BoolVal(one.step.rule.caller == "parks")
            yield one, z3.And(owes, z3.If(ONE == WHO, parks, _BEFORE["phase"] == PARKED))


def _able(model: Identities) -> z3.BoolRef:
    """Whether `one` could make the step of going on."""
    return z3.substitute(all_of(model.going_on.condition), (WHO, ONE))


def _first_possible(
    model: Identities, name: str, claims: tuple[str, ...], candidates: list[tuple[Transition, z3.BoolRef]]
) -> Goal:
    """That one of the transitions can be made so, in a small world: the first; or falsity, if none can."""
    for one, condition in candidates:
        solver = z3.SimpleSolver()
        solver.add(*one.small, condition)
        if solver.check() == z3.sat:
            return model.goal("controls", name, claims, None, one, condition)
    return model.goal("controls", name, claims, None, model.going_on, z3.BoolVal(False))
