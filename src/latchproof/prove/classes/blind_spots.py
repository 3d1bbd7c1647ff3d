"""What the refinement theorem would not notice: there must be nothing.

After a call, one part of what is seen of it is changed, and nothing else. Then some case must be refuted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import z3

from latchproof.parking import Parking
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.copies import Copies
from latchproof.prove.classes.method_cases import MethodCases
from latchproof.prove.classes.refinement import shell_of
from latchproof.prove.classes.seen import Ended
from latchproof.prove.classes.stand_ins import Situation, World, attributes
from latchproof.prove.classes.symbolic_queue import EMPTY
from latchproof.prove.paths import unchecked
from latchproof.prove.sequences import NOTHING, Ending, Endings
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

Change: TypeAlias = Callable[[World, Ended], Ended]


def _of_state(world: World, ended: Ended) -> Ended:
    for attribute in attributes(world.setting.machine).values():
        setattr(world.one, attribute, object())
    return ended


def _of_parked(world: World, ended: Ended) -> Ended:
    world.queue.held = world.queue.kept = world.setting.parked_later
    return ended


def _of_woken(world: World, ended: Ended) -> Ended:
    world.woken.clear()
    return ended


def _of_endings(world: World, ended: Ended) -> Ended:
    nothing = Ending(NOTHING, z3.IntVal(0))
    world.woken = [(host, wakers, Endings(given.length, lambda k: nothing)) for host, wakers, given in world.woken]
    return ended


def _of_number(world: World, ended: Ended) -> Ended:
    world.woken = [(host, EMPTY, given) for host, _, given in world.woken]
    return ended


def _of_waking_host(world: World, ended: Ended) -> Ended:
    world.woken = [(object(), wakers, given) for _, wakers, given in world.woken]
    return ended


def _of_warnings(world: World, ended: Ended) -> Ended:
    world.warned.append(("latchproof", "", world.one, ""))
    return ended


def _of_checkpoints(world: World, ended: Ended) -> Ended:
    world.events.append(("checkpoint_if_cancelled", world.caller, world.snapshot()))
    return ended


def _of_host(world: World, ended: Ended) -> Ended:
    world.parking.host = object()
    return ended


def _of_wakers(world: World, ended: Ended) -> Ended:
    world.parking.new_waker = object()
    return ended


CHANGES: Final[dict[str, Change]] = {
    "way in which the caller ends": lambda world, ended: ended._replace(how="awaits"),
    "error of the caller": lambda world, ended: Ended("raises", ArithmeticError()),
    "result of the caller": lambda world, ended: ended._replace(what=object()),
    "state": _of_state,
    "parked tasks": _of_parked,
    "woken tasks": _of_woken,
    "number of woken tasks": _of_number,
    "endings of woken tasks": _of_endings,
    "host that wakes tasks": _of_waking_host,
    "warnings": _of_warnings,
    "checkpoints": _of_checkpoints,
    "host of the queue": _of_host,
    "wakers": _of_wakers,
}
"""The parts of what is seen of a call, and how each is changed."""


_SITUATIONS: Final = (Situation("plain", "own"),)


def blind_spots() -> list[str]:
    """Return the parts of what is seen of a call that can be changed without a case being refuted.

    >>> blind_spots()
    []
    """
    with unchecked():
        copies = {machine: Copies(shell_of(machine), Parking) for machine in MACHINES.values()}
        return [part for part, change in CHANGES.items() if not any(_refuted(change, copies))]


def _refuted(change: Change, copies: dict[Machine, Any]) -> Iterator[bool]:
    for machine, of_machine in reversed(list(copies.items())):  # the quickest first, as any will do
        operations = {one.name: one for one in machine.operations if not one.waits}
        for method, does in reversed(list(machine.methods.items())):
            if does in operations:
                cases: Iterator[Case] = MethodCases(machine, of_machine, _SITUATIONS, change).of_step(
                    method, operations[does]
                )
                yield from (one.status == "refuted" for one in cases)
