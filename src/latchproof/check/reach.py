"""Which rules of a specification can a program apply at all? A claim that none of them exercises is not looked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from latchproof.check.specification import NEW, PARKED, WITHDRAWN, Configuration, Invocation, Specification

REACH = 4
"""Steps of that search: enough to trip with three parties, or to open a latch of three, and for one call more."""


def applicable_rules(specification: Specification, calls: Sequence[Invocation], *, cancels: bool = True) -> set[str]:
    """Return the rules of a specification that calls can apply at all: without abort(), nothing breaks a barrier.

    With `cancels` they may be withdrawn too. Where no call ever parks, each may end before it can be cancelled.
    """
    new: set[tuple[Configuration, tuple[Invocation, ...]]] = {(here, ()) for here in specification.start()}
    reached = new
    fired, withdrawn = set[str](), set[str]()
    for _ in range(REACH):
        found = set()
        for here, parked in new:
            for made in ((*parked, call) for call in calls):
                steps = list(_every(specification.effects, here.with_fate(len(parked), NEW), made))
                fired |= {rule for _, rule in steps}
                if cancels:
                    steps += _every(specification.withdrawals, here.with_fate(len(parked), NEW), made)
                    ends = {after for after, _ in steps}
                    late = [step for after in ends for step in _every(specification.withdrawals, after, made)]
                    withdrawn |= {rule for _, rule in (*steps, *late)}
                found |= {_parked_alone(after, made) for after, _ in steps}
        new = found - reached
        reached = reached | new
    return (fired | withdrawn if any(parked for _, parked in reached) else fired) - {""}


def _every(
    act: Callable[[Configuration, int, Sequence[Invocation]], Iterable[tuple[Configuration, str]]],
    here: Configuration,
    calls: Sequence[Invocation],
) -> Iterator[tuple[Configuration, str]]:
    """Yield what comes of every call that is under way."""
    for call, fate in here.fates:
        if fate != WITHDRAWN:
            yield from act(here, call, calls)


def _parked_alone(here: Configuration, calls: tuple[Invocation, ...]) -> tuple[Configuration, tuple[Invocation, ...]]:
    """Return the configuration without calls that are not parked."""
    parked = [call for call, fate in here.fates if fate == PARKED]
    names = {call: number for number, call in enumerate(parked)}
    queue = tuple(names[call] for call in here.queue)
    fates = tuple((number, PARKED) for number in names.values())
    return Configuration(here.state, queue, fates), tuple(calls[call] for call in parked)
