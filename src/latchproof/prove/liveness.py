"""What must happen eventually, for any number of calls: Lamport's rule WF1, on the model with identities.

An eventuality says which steps owe it to the parked calls that they continue. It is shown in two parts. A step that
owes it releases them there and then. And a released call does continue, or is cancelled, by rule WF1: every step leaves
a released call released, with the same ending, or is its own (1); its own step of continuing fulfils what is owed (2);
and it can always make that step (3). So a host that is weakly fair to it, which does not pass over forever what can
always be done, lets it continue.

A rule that is misapplied must fail, and that is computed too: without fairness there is a step that leaves everything
as it was, and can be repeated forever; that another call continues is not enough; and a parked call cannot continue.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import z3

from latchproof.prove.goals import Goal
from latchproof.prove.identities import Identities, Transition
from latchproof.prove.paths import all_of, check_sat, term, truth
from latchproof.prove.world import AFTER, BEFORE, DONE, LEFT, ONE, PARKED, RELEASED, WHO
from latchproof_spec.claims import Eventuality
from latchproof_spec.machine import Machine

WF1_STAYS: Final = "WF1 (1): a released call stays released until its own step"
WF1_FULFILS: Final = "WF1 (2): continuing fulfils it"
WF1_CAN: Final = "WF1 (3): a released call can continue"

_BEFORE, _AFTER = BEFORE["one"], AFTER["one"]
_WAS_RELEASED = _BEFORE["phase"] == RELEASED
_SAME_ENDING = z3.And([_BEFORE[name] == _AFTER[name] for name in ("given", "index", "generation")])


def owed_name(eventuality: Eventuality) -> str:
    """Return the name of the goals that a step which owes it releases each call to which it is owed."""
    return f"{eventuality}: a call to which it is owed is released at once"


def liveness_goals(model: Identities, machine: Machine) -> Iterator[Goal]:
    """Yield everything that the eventualities of a machine rest on, under a policy."""
    claims = tuple(eventuality.claim.id for eventuality in machine.eventualities)
    for eventuality in machine.eventualities:
        for one, owed in _owing(model, eventuality):
            released = z3.Or(_AFTER["phase"] == RELEASED, _AFTER["phase"] == DONE)
            yield model.goal(
                "liveness", owed_name(eventuality), (eventuality.claim.id,), z3.Implies(owed, released), one
            )
    for one in model.steps:
        kept = z3.And(_AFTER["phase"] == RELEASED, _SAME_ENDING)
        settled = z3.And(ONE == WHO, z3.Or(z3.And(_AFTER["phase"] == DONE, _SAME_ENDING), _AFTER["phase"] == LEFT))
        said = z3.Implies(_WAS_RELEASED, z3.Or(kept, settled))
        yield model.goal("liveness", WF1_STAYS, claims, said, one)
    own = z3.Implies(z3.And(_WAS_RELEASED, ONE == WHO), z3.And(_AFTER["phase"] == DONE, _SAME_ENDING))
    yield model.goal("liveness", WF1_FULFILS, claims, own, model.continuing)
    able = z3.Implies(model.world.phase(ONE) == RELEASED, _able(model))
    yield model.goal("liveness", WF1_CAN, claims, able, model.continuing)


def liveness_controls(model: Identities, machine: Machine) -> Iterator[Goal]:
    """Yield what must have a model, or the eventualities would be empty and the rule would prove anything.

    A machine without eventualities needs none.
    """
    if not machine.eventualities:
        return
    for eventuality in machine.eventualities:
        owing = list(_owing(model, eventuality))
        yield _first_possible(model, f"{eventuality}: it is owed to some call", (eventuality.claim.id,), owing)
    claims = tuple(eventuality.claim.id for eventuality in machine.eventualities)
    passed_over = z3.And(_WAS_RELEASED, ONE != WHO, _AFTER["phase"] == RELEASED, _SAME_ENDING)
    loops = []
    for one in model.steps:
        if one.step is not None:
            states = zip(model.world.state, one.after.state, strict=True)
            loops.append((one, z3.And(passed_over, *(term(was) == term(now) for was, now in states))))
    yield _first_possible(model, "without fairness a call may be passed over forever", claims, loops)
    another = z3.And(_WAS_RELEASED, ONE != WHO, _AFTER["phase"] == RELEASED)
    yield _first_possible(
        model, "that another call continues does not fulfil it", claims, [(model.continuing, another)]
    )
    unable = z3.And(model.world.phase(ONE) == PARKED, z3.Not(_able(model)))
    yield _first_possible(model, "a parked call cannot continue", claims, [(model.continuing, unable)])


def _owing(model: Identities, eventuality: Eventuality) -> Iterator[tuple[Transition, z3.BoolRef]]:
    """Yield the steps that may owe it, each with the condition that it does, and owes it to `one`.

    It is owed to each call that was parked, but not to a call that the step itself withdraws; and to a caller that
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
    """Return whether `one` could make the step of continuing."""
    return z3.substitute(all_of(model.continuing.condition), (WHO, ONE))


def _first_possible(
    model: Identities, name: str, claims: tuple[str, ...], candidates: list[tuple[Transition, z3.BoolRef]]
) -> Goal:
    """Return the goal that a transition can be made so, in a small world: the first that can; or falsity, if none."""
    for one, condition in candidates:
        if check_sat(*one.small, condition) == z3.sat:
            return model.goal("controls", name, claims, None, one, condition)
    return model.goal("controls", name, claims, None, model.continuing, z3.BoolVal(False))
