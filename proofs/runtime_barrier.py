"""Contracts of the runtime's Barrier, for CrossHair: what can be seen of it is what the specification says.

As in `runtime_latch`. The number of parties is any int; up to three tasks arrive first, so barriers of one, two and
three parties trip and fill again, and larger ones fill.
"""

from __future__ import annotations

from typing import TypeAlias

from proofs import worlds

from latchproof import Barrier
from latchproof_spec import barrier as spec

Cancelled: TypeAlias = tuple[bool, bool, bool]
Created: TypeAlias = tuple[type[Exception] | None, int]


def enter(barrier: worlds.AnyBarrier, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool) -> None:
    """Up to three tasks arrive; the cancellation of some is requested, and perhaps delivered."""
    first = 0
    if broken:
        barrier.abort()
        first = 1
    for _ in range(arrived):
        barrier.wait()
    for i in range(arrived):
        if cancelled[i]:
            barrier.cancel(first + i)
    if delivered:
        barrier.run()


def play_wait(
    barrier: worlds.AnyBarrier, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool
) -> worlds.Seen:
    enter(barrier, broken, arrived, cancelled, delivered)
    barrier.wait()
    return barrier.seen()


def play_abort(
    barrier: worlds.AnyBarrier, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool
) -> worlds.Seen:
    enter(barrier, broken, arrived, cancelled, delivered)
    barrier.abort(plain)
    barrier.wait()
    return barrier.seen()


def play_reset(
    barrier: worlds.AnyBarrier, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool
) -> worlds.Seen:
    enter(barrier, broken, arrived, cancelled, delivered)
    barrier.reset(plain)
    barrier.wait()
    return barrier.seen()


def play_generation(barrier: worlds.AnyBarrier, parties: int, cancelled: Cancelled, delivered: bool) -> worlds.Seen:
    enter(barrier, False, parties - 1, cancelled, delivered)
    for gone in (True, *cancelled[: parties - 1]):
        if gone:
            barrier.wait()
    return barrier.seen()


def play_tripped(barrier: worlds.AnyBarrier, parties: int, cancelled: Cancelled, mended: bool) -> worlds.Seen:
    for _ in range(parties):
        barrier.wait()
    for i in range(parties - 1):
        if cancelled[i]:
            barrier.cancel(i)
    if mended:
        barrier.reset()
    else:
        barrier.abort()
    return barrier.seen()


def play_abandon(barrier: worlds.AnyBarrier, arrived: int, abandoned: Cancelled) -> worlds.Seen:
    for _ in range(arrived):
        barrier.wait()
    for i in range(arrived):
        if abandoned[i]:
            barrier.abandon(i)
    barrier.wait()
    return barrier.seen()


def specified_create(parties: int) -> Created:
    """What comes of it, as specified."""
    _, _, rule = spec.create(parties)
    return (rule.errors[0], 0) if rule.refuses else (None, parties)


def create(parties: int) -> Created:
    """Make a barrier: the error that it raises, or its parties.

    post: __return__ == specified_create(parties)
    post: __return__ == ((ValueError, 0) if parties < 1 else (None, parties))
    """
    try:
        return None, Barrier(parties).parties
    except (ValueError, TypeError) as error:
        return type(error), 0


def wait(parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool) -> worlds.Seen:
    """An arrival, after others.

    pre: parties >= 1 and 0 <= arrived <= 3
    post: __return__ == play_wait(worlds.SpecifiedBarrier(parties), broken, arrived, cancelled, delivered)
    """
    with worlds.idle_loop():
        return play_wait(worlds.RealBarrier(parties), broken, arrived, cancelled, delivered)


def generation(parties: int, cancelled: Cancelled, delivered: bool) -> worlds.Seen:
    """All but one arrive, some of them are cancelled, and so many more arrive as the generation wants then.

    pre: 1 <= parties <= 3
    post: __return__ == play_generation(worlds.SpecifiedBarrier(parties), parties, cancelled, delivered)
    post: [index for index in __return__.endings if index is not worlds.CANCELLED] == list(range(parties))
    """
    with worlds.idle_loop():
        return play_generation(worlds.RealBarrier(parties), parties, cancelled, delivered)


def tripped(parties: int, cancelled: Cancelled, mended: bool) -> worlds.Seen:
    """A generation is complete; before anybody could run, some are cancelled and the barrier is aborted or reset.

    pre: 1 <= parties <= 3
    post: __return__ == play_tripped(worlds.SpecifiedBarrier(parties), parties, cancelled, mended)
    post: all(__return__.endings[i] == (worlds.CANCELLED if cancelled[i] else i) for i in range(parties - 1))
    post: __return__.endings[parties - 1 :] == (parties - 1, None)
    """
    with worlds.idle_loop():
        return play_tripped(worlds.RealBarrier(parties), parties, cancelled, mended)


def abort(parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool) -> worlds.Seen:
    """An abort, awaited or plain, and an arrival after it.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__ == play_abort(worlds.SpecifiedBarrier(parties), broken, arrived, cancelled, delivered, plain)
    post: __return__.state == (0, True) and __return__.endings[-1] is worlds.BROKEN
    """
    with worlds.idle_loop():
        return play_abort(worlds.RealBarrier(parties), broken, arrived, cancelled, delivered, plain)


def reset(parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool) -> worlds.Seen:
    """A reset, awaited or plain, and an arrival after it.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__ == play_reset(worlds.SpecifiedBarrier(parties), broken, arrived, cancelled, delivered, plain)
    post: __return__.state == (1 % parties, False) and __return__.endings[-1] == (0 if parties == 1 else worlds.PARKED)
    """
    with worlds.idle_loop():
        return play_reset(worlds.RealBarrier(parties), broken, arrived, cancelled, delivered, plain)


def abandon(parties: int, arrived: int, abandoned: Cancelled) -> worlds.Seen:
    """Coroutines that are parked are closed without a cancellation, and one more arrives.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__ == play_abandon(worlds.SpecifiedBarrier(parties), arrived, abandoned)
    """
    with worlds.idle_loop():
        return play_abandon(worlds.RealBarrier(parties), arrived, abandoned)
