"""What keeps explorations from being empty: each property that they judge must refuse something.

What the prover judges is shown to be able to fail by the solver (`controls`). Properties of histories and censuses no
solver sees. So the moments of a small exploration are corrupted, one thing in each: somebody goes on with something
else, twice, or not at all; somebody is parked who should not be, or at another place; somebody who was released is
not any more. A property that lets all of that pass says nothing. And an eventuality must fail, under weak fairness, of
a machine that lets nobody go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from latchproof.explore.fairness import check_eventualities
from latchproof.explore.states import explore
from latchproof_spec.claims import Eventuality, Moment, Property
from latchproof_spec.machine import Machine
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, Rule

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

ENDINGS: tuple[Ending, ...] = (None, 0, 1, ANY_INDEX, BrokenBarrierError, KeyError)
STRANGER = "a stranger"


def empty_properties(machine: Machine) -> list[Property]:
    """The history properties and censuses that refuse nothing: there must be none.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> empty_properties(LATCH)
    []
    """
    moments = moments_of(machine)
    remaining = list(machine.history_properties)
    for moment in moments:
        for wrong in corruptions(moment):
            remaining = [one for one in remaining if one.holds(wrong)]
    states = {(moment.step.constants, moment.step.after) for moment in moments}
    counts = list(product(states, range(4), range(4)))
    censuses = [
        one
        for one in machine.censuses
        if all(one.holds(constants, state, parked, released) for (constants, state), parked, released in counts)
    ]
    return [*remaining, *censuses]


def unnoticed(machine: Machine) -> list[Eventuality]:
    """The eventualities that a machine does not break which lets nobody go on: there must be none.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> unnoticed(LATCH)
    []
    """
    operations = tuple(replace(one, function=partial(_keeps_the_parked, one.function)) for one in machine.operations)
    found = check_eventualities(
        replace(machine, operations=operations), machine.policies[0], 2, tasks=2, highest_count=1
    )
    broken = {promise.name for promise in found.promises if promise.status == "fails"}
    return [one for one in machine.eventualities if one.name not in broken]


def _keeps_the_parked(function: Callable[..., Any], *arguments: Any, policy: Any) -> Any:
    """What the function does, but those who were parked stay so."""
    *state, rule = function(*arguments, policy=policy)
    return *state, Rule(rule.id, rule.operation, rule.caller, "", order=rule.order, errors=rule.errors)


def moments_of(machine: Machine) -> list[Moment]:
    """Every moment of a small exploration, under our own policy."""
    moments: list[Moment] = []

    def keeps(moment: Moment) -> bool:
        moments.append(moment)
        return True

    watched = replace(machine, history_properties=(Property("kept", (), keeps),))
    explore(watched, machine.policies[0], 2, tasks=3, highest_count=2)
    return moments


def corruptions(moment: Moment) -> Iterator[Moment]:
    """The moment with one thing in it wrong."""

    def but(**changes: Any) -> Moment:
        return replace(moment, **changes)

    resumed, queue = moment.resumed, moment.queue_after
    for place, (task, ending) in enumerate(resumed):
        before, after = resumed[:place], resumed[place + 1 :]
        yield but(resumed=(*before, *after))
        yield but(resumed=(*resumed, resumed[place]))
        yield from (but(resumed=(*before, (task, one), *after)) for one in ENDINGS if one != ending)
    for task in (moment.who, STRANGER):
        yield from (but(resumed=(*resumed, (task, ending))) for ending in ENDINGS)
        yield but(queue_after=(*queue, task))
    for place in range(len(queue)):
        yield but(queue_after=(*queue[:place], *queue[place + 1 :]))
    for task, ending in moment.released_after.items():
        others = {one: what for one, what in moment.released_after.items() if one != task}
        yield but(released_after=others)
        yield from (but(released_after=others | {task: one}) for one in ENDINGS if one != ending)
