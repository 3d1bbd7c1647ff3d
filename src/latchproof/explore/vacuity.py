"""Vacuity checks of the explorations: each property that they judge must be able to fail.

The solver shows this for what the prover judges (`prove.vacuity`), but it sees no history property and no census. So
the moments of a small exploration are corrupted, in one respect each: a task continues with another ending, twice, or
not at all; a task is parked that should not be, or at another position; a released task is no longer released. And
each observation is read one too high. A property that holds of all of these is vacuous. An eventuality is vacuous if
it holds, under weak fairness, of a machine that releases no task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, Final

from latchproof.explore.fairness import check_eventualities
from latchproof.explore.system import System
from latchproof_spec.claims import Eventuality, Moment, Property
from latchproof_spec.machine import Machine
from latchproof_spec.step import ANY_INDEX, Ending, Rule

STRANGER: Final = "a stranger"
"""A task that is not there."""


def vacuous_properties(machine: Machine) -> list[Property]:
    """Return the history properties, readings and censuses that cannot fail: there must be none.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> vacuous_properties(LATCH)
    []
    """
    moments = reachable_moments(machine)
    remaining = list(machine.history_properties)
    for moment in moments:
        for wrong in corrupted_moments(machine, moment):
            remaining = [one for one in remaining if one.holds(wrong)]
    states = {(moment.step.constants, moment.step.after) for moment in moments}
    counts = list(product(states, range(4), range(4)))
    censuses = [
        one
        for one in machine.censuses
        if all(one.holds(constants, state, parked, released) for (constants, state), parked, released in counts)
    ]
    read = [(*where, wrong) for where in states for wrong in _misread(machine, *where)]
    readings = [one for one in machine.readings if all(one.holds(*values) for values in read)]
    return [*remaining, *readings, *censuses]


def vacuous_eventualities(machine: Machine) -> list[Eventuality]:
    """Return the eventualities that hold even of a machine that releases no task: there must be none.

    >>> from latchproof_spec.latch.machine import LATCH
    >>> vacuous_eventualities(LATCH)
    []
    """
    operations = tuple(replace(one, function=partial(_releasing_none, one.function)) for one in machine.operations)
    found = check_eventualities(
        replace(machine, operations=operations), machine.policies[0], 2, tasks=2, highest_count=1
    )
    broken = {promise.name for promise in found.promises if promise.status == "fails"}
    return [one for one in machine.eventualities if one.name not in broken]


def reachable_moments(machine: Machine) -> list[Moment]:
    """Return every moment of a small exploration, under our own policy."""
    system = System(machine, machine.policies[0], 2, tasks=3, highest_count=2)
    return [one.moment for _, transitions in system.reachable() for one in transitions if one.step is not None]


def corrupted_moments(machine: Machine, moment: Moment) -> Iterator[Moment]:
    """Yield the moment with one thing in it wrong."""
    errors = dict.fromkeys(rule.errors[0] for rule in machine.rules if rule.queue == "failed")
    endings: tuple[Ending, ...] = (None, 0, 1, ANY_INDEX, *errors, KeyError)
    but = partial(replace, moment)
    resumed, queue = moment.resumed, moment.queue_after
    for place, (task, ending) in enumerate(resumed):
        before, after = resumed[:place], resumed[place + 1 :]
        yield but(resumed=(*before, *after))
        yield but(resumed=(*resumed, resumed[place]))
        yield from (but(resumed=(*before, (task, one), *after)) for one in endings if one != ending)
    for task in (moment.who, STRANGER):
        yield from (but(resumed=(*resumed, (task, ending))) for ending in endings)
        yield but(queue_after=(*queue, task))
    for place in range(len(queue)):
        yield but(queue_after=(*queue[:place], *queue[place + 1 :]))
    for task, ending in moment.released_after.items():
        others = {one: what for one, what in moment.released_after.items() if one != task}
        yield but(released_after=others)
        yield from (but(released_after=others | {task: one}) for one in endings if one != ending)


def _misread(machine: Machine, constants: tuple[Any, ...], state: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Yield what is read in a state, with one observation one too high."""
    read = {name: one.read(*constants, *state) for name, one in machine.observations.items()}
    yield from ({**read, name: read[name] + 1} for name in read)


def _releasing_none(function: Callable[..., Any], *values: Any, policy: Any) -> Any:
    """Return what the function returns, with a rule by which the parked tasks stay parked."""
    *state, rule = function(*values, policy=policy)
    return *state, Rule(rule.id, rule.operation, rule.caller, "", order=rule.order, errors=rule.errors)
