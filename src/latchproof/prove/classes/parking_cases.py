"""The cases of `Parking`: what each of its methods does by itself, whichever class calls it.

None of them is a step of the specification but `release`, which does to the queue what `step.apply` says of a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import Any, Final

from latchproof.hosts import NOWHERE
from latchproof.prove.classes.cases import Case, Difference, Played, cases_of
from latchproof.prove.classes.copies import Copies
from latchproof.prove.classes.seen import (
    always,
    called,
    changes,
    changes_by_reading,
    end_of,
    ends_otherwise,
    is_inconsistent,
    is_refused_by_host,
    makes_no_step,
    released_otherwise,
    sequences_differ,
)
from latchproof.prove.classes.stand_ins import PARKED, SITUATIONS, WITHDRAWN, Setting, World, setting_of
from latchproof.prove.paths import SymBool
from latchproof_spec.machine import Machine

Play = Callable[[World, Callable[..., Any]], Iterator[Difference]]


def is_new(parking: Any) -> bool:
    """Return whether a queue is empty and on no host."""
    made = NOWHERE.makes_wakers(parking.queue)
    return type(parking.queue) is dict and not parking.queue and parking.host is NOWHERE and parking.new_waker == made


def _enters(world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    """Yield what differs if it makes the caller's host that of the queue, and returns it."""
    before = world.snapshot()
    ended = end_of(partial(next, called(method)))
    if is_refused_by_host(world, True):
        yield from makes_no_step(world, before, ended, RuntimeError)
        return
    yield ends_otherwise(ended, world.caller)
    yield from changes(before, world.snapshot())
    yield from is_inconsistent(world.snapshot(), world)
    yield always("the host is not the caller's", world.parking.host is not world.caller)
    looks = "look_around" in world.asked
    yield always("its host does not look around", world.caller is world.own and not looks)


def _enters_plainly(world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    before = world.snapshot()
    ended = end_of(partial(next, called(method)))
    refused = RuntimeError if is_refused_by_host(world, False) else None
    yield from makes_no_step(world, before, ended, refused)
    yield always("the queue has another host", world.parking.host is not world.own)


def _leaves(world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    before = world.snapshot()
    ended = end_of(partial(next, called(partial(method, world.caller))))
    yield from makes_no_step(world, before, ended, RuntimeError if PARKED > 0 else None)
    if ended.how == "returns":
        yield Difference("tasks are left in the queue", world.queue.length.term > 0)


def _purges(world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    before = world.snapshot()
    ended = end_of(partial(next, called(method)))
    yield ends_otherwise(ended, SymBool(WITHDRAWN.term > 0))
    yield from changes(before, world.snapshot())
    yield from is_inconsistent(world.snapshot(), world)
    yield Difference("withdrawn tasks are left in the queue", sequences_differ(world.queue.held, world.setting.parked))


def _counts(world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    before = world.snapshot()
    ended = end_of(partial(next, called(method)))
    yield ends_otherwise(ended, PARKED)
    yield from changes_by_reading(before, world.snapshot())


PLAYS: Final[dict[str, tuple[Play, bool]]] = {
    "enter": (_enters, True),
    "enter_plain": (_enters_plainly, True),
    "_leave_to": (_leaves, False),
    "purge": (_purges, False),
    "__len__": (_counts, False),
}
"""What is asked of each method, and whether it asks where the caller runs. `__init__` and `release` are not in it."""

OF_PARKING: Final = ("__init__", "release", *PLAYS)
"""The methods of `Parking`."""


def of_parking(machine: Machine, copies: Copies, methods: Container[str] | None) -> Iterator[Case]:
    """Yield the cases of each method of `Parking`, or of those that are named, with the rules of a machine."""

    def is_wanted(name: str) -> bool:
        return methods is None or f"Parking.{name}" in methods

    if is_wanted("__init__"):
        yield from cases_of((machine.name, "Parking.__init__", "anywhere"), lambda: Played("new", _makes(copies)))
    for name, (play, asks) in PLAYS.items():
        for situation in SITUATIONS if is_wanted(name) else ():
            if asks or situation.caller == ("plain" if name == "_leave_to" else None):
                setting = setting_of(machine, situation)
                run = partial(_played, copies, setting, name, play)
                yield from cases_of((machine.name, f"Parking.{name}", str(situation)), run, setting.premises)
    for rule in machine.rules:
        if rule.queue != "stays" and is_wanted("release"):
            for situation in SITUATIONS:
                if situation.caller == "own":
                    setting = setting_of(machine, situation, is_purged=True)
                    run = partial(_played, copies, setting, "release", partial(_releases, rule), rule)
                    yield from cases_of((machine.name, "Parking.release", str(situation)), run, setting.premises)


def _makes(copies: Copies) -> list[Difference]:
    parking = object.__new__(copies.parking)
    ended = end_of(partial(next, called(parking.__init__)))
    return [ends_otherwise(ended, None), always("it is not new", ended.how != "returns" or not is_new(parking))]


def _played(copies: Copies, setting: Setting, name: str, play: Play, rule: object = None) -> Played:
    world = copies.standing(setting)
    differences = list(play(world, getattr(world.parking, name)))
    return Played(str(rule or "no step"), differences, world.asked)


def _releases(rule: Any, world: World, method: Callable[..., Any]) -> Iterator[Difference]:
    """Yield how a release differs from what the rule says of the parked."""
    before = world.snapshot()
    ended = end_of(partial(next, called(partial(method, rule))))
    yield ends_otherwise(ended, None)
    yield from released_otherwise(world, rule)
    after = world.snapshot()
    yield from is_inconsistent(after, world)
    yield always("the queue has another host", after.host is not before.host)
