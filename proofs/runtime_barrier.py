"""Contracts of the runtime's Barrier, for CrossHair: what can be observed of it is what the specification says.

As in `runtime_latch`. The number of parties is any int; up to three tasks arrive first, so barriers of one, two and
three parties trip and fill again, and larger ones fill.
"""

from __future__ import annotations

from typing import TypeAlias

from proofs import worlds

from latchproof import Barrier
from latchproof_spec.barrier import rules as spec

Cancelled: TypeAlias = tuple[bool, bool, bool]
Created: TypeAlias = tuple[type[Exception] | None, int]


def enter(barrier: worlds.AnyBarrier, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool) -> None:
    """Let up to three tasks arrive; request the cancellation of some, and perhaps deliver it."""
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


def is_in_order(seen: worlds.Seen, parties: int) -> bool:
    """Return whether the tasks that were not cancelled have the indices in order of arrival, each once."""
    return [index for index in seen.endings if index is not worlds.CANCELLED] == list(range(parties))


def has_tripped(seen: worlds.Seen, parties: int, cancelled: Cancelled) -> bool:
    """Return whether each cancelled task has left, all others have their index, and the later call has returned."""
    first = [worlds.CANCELLED if cancelled[i] else i for i in range(parties - 1)]
    return seen.endings == (*first, parties - 1, None)


def is_aborted(seen: worlds.Seen) -> bool:
    """Return whether no task waits, and the task that came after it found the barrier broken."""
    return seen.state == (0, True) and seen.endings[-1] is worlds.BROKEN


def is_reset(seen: worlds.Seen, parties: int) -> bool:
    """Return whether the barrier is whole, and the task that came after it is the first of a generation."""
    return seen.state == (1 % parties, False) and seen.endings[-1] == (0 if parties == 1 else worlds.PARKED)


def specified_create(parties: int) -> Created:
    """Return the result, as specified."""
    _, _, rule = spec.create(parties)
    return (rule.errors[0], 0) if rule.refuses else (None, parties)


def create(parties: int) -> Created:
    """Make a barrier; return the error that it raises, or its parties.

    post: __return__ == specified_create(parties) == ((ValueError, 0) if parties < 1 else (None, parties))
    """
    try:
        return None, Barrier(parties).parties
    except (ValueError, TypeError) as error:
        return type(error), 0


def wait(parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool) -> worlds.Played:
    """Arrive, after others.

    pre: parties >= 1 and 0 <= arrived <= 3
    post: __return__.real == __return__.specified
    """
    return worlds.both(worlds.BARRIERS, play_wait, parties, broken, arrived, cancelled, delivered)


def generation(parties: int, cancelled: Cancelled, delivered: bool) -> worlds.Played:
    """Let all but one arrive, cancel some of them, and let as many more arrive as the generation then needs.

    pre: 1 <= parties <= 3
    post: __return__.real == __return__.specified and is_in_order(__return__.real, parties)
    """
    return worlds.both(worlds.BARRIERS, play_generation, parties, parties, cancelled, delivered)


def tripped(parties: int, cancelled: Cancelled, mended: bool) -> worlds.Played:
    """Complete a generation; before any task could run, cancel some and abort or reset the barrier.

    pre: 1 <= parties <= 3
    post: __return__.real == __return__.specified and has_tripped(__return__.real, parties, cancelled)
    """
    return worlds.both(worlds.BARRIERS, play_tripped, parties, parties, cancelled, mended)


def abort(
    parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool
) -> worlds.Played:
    """Abort, awaited or plain, and arrive after it.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__.real == __return__.specified and is_aborted(__return__.real)
    """
    return worlds.both(worlds.BARRIERS, play_abort, parties, broken, arrived, cancelled, delivered, plain)


def reset(
    parties: int, broken: bool, arrived: int, cancelled: Cancelled, delivered: bool, plain: bool
) -> worlds.Played:
    """Reset, awaited or plain, and arrive after it.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__.real == __return__.specified and is_reset(__return__.real, parties)
    """
    return worlds.both(worlds.BARRIERS, play_reset, parties, broken, arrived, cancelled, delivered, plain)


def abandon(parties: int, arrived: int, abandoned: Cancelled) -> worlds.Played:
    """Close parked coroutines without a cancellation, and let one more task arrive.

    pre: parties >= 1 and 0 <= arrived <= 2
    post: __return__.real == __return__.specified
    """
    return worlds.both(worlds.BARRIERS, play_abandon, parties, arrived, abandoned)
