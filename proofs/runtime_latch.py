"""Contracts of the runtime's CountdownLatch, for CrossHair: what can be observed of it is what the specification says.

Each driver plays a scenario with the real coroutines, and the same in the world of the specification. Its contract is
that what can be observed is the same, and says what matters of it in plain ints, without asking the specification.
Counts are any ints. There are up to two tasks, of which any are cancelled, before or after a call, and whether or not
the cancellation has been delivered by then.
"""

from __future__ import annotations

from typing import TypeAlias

from proofs import worlds

from latchproof import CountdownLatch
from latchproof_spec.latch import rules as spec

Cancelled: TypeAlias = tuple[bool, bool]
Created: TypeAlias = tuple[type[Exception] | None, int]


def enter(latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled, delivered: bool) -> None:
    """Let up to two tasks wait; request the cancellation of some, and perhaps deliver it."""
    for _ in range(waiting):
        latch.wait()
    cancel(latch, waiting, cancelled)
    if delivered:
        latch.run()


def cancel(latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled) -> None:
    """Request the cancellation of some of the waiting tasks."""
    for who in range(waiting):
        if cancelled[who]:
            latch.cancel(who)


def play_wait(latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled, delivered: bool) -> worlds.Seen:
    enter(latch, waiting, cancelled, delivered)
    latch.wait()
    return latch.seen()


def play_count_down(
    latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled, delivered: bool, strict: bool, plain: bool
) -> worlds.Seen:
    enter(latch, waiting, cancelled, delivered)
    latch.count_down(strict, plain)
    return latch.seen()


def play_set_count(latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled, delivered: bool, n: int) -> worlds.Seen:
    enter(latch, waiting, cancelled, delivered)
    latch.set_count(n)
    return latch.seen()


def play_release(latch: worlds.AnyLatch, waiting: int, cancelled: Cancelled, n: int) -> worlds.Seen:
    for _ in range(waiting):
        latch.wait()
    latch.count_down()
    cancel(latch, waiting, cancelled)
    latch.set_count(n)
    return latch.seen()


def play_abandon(latch: worlds.AnyLatch, waiting: int, abandoned: Cancelled, n: int) -> worlds.Seen:
    for _ in range(waiting):
        latch.wait()
    for who in range(waiting):
        if abandoned[who]:
            latch.abandon(who)
    latch.set_count(n)
    return latch.seen()


def ended(seen: worlds.Seen, count: int, waiting: int, cancelled: Cancelled, opened: bool) -> bool:
    """Return whether every waiting task ended as it should, if the count was `count` when it came.

    A task that found the latch open had returned before it could be cancelled. The others continued if the latch was
    opened, unless they were cancelled.
    """
    for i in range(waiting):
        closed = worlds.CANCELLED if cancelled[i] else None if opened else worlds.PARKED
        if seen.endings[i] != (closed if count > 0 else None):
            return False
    return True


def waits_if_closed(seen: worlds.Seen, count: int, waiting: int) -> bool:
    """Return whether the last task waits, unless the latch is open."""
    return seen.endings[waiting] == (worlds.PARKED if count > 0 else None)


def is_counted_down(seen: worlds.Seen, count: int, waiting: int, cancelled: Cancelled) -> bool:
    """Return whether the count is one less, unless it was zero; the last opens the latch for every waiting task."""
    return seen.state[0] == max(count - 1, 0) and ended(seen, count, waiting, cancelled, count <= 1)


def is_set(seen: worlds.Seen, count: int, waiting: int, n: int) -> bool:
    """Return whether the count is as asked for, or unchanged if the call was refused."""
    return seen.state[0] == (n if seen.endings[waiting] is None else count)


def specified_create(count: int) -> Created:
    """Return the result, as specified."""
    _, _, rule = spec.create(count)
    return (rule.errors[0], 0) if rule.refuses else (None, count)


def create(count: int) -> Created:
    """Make a latch; return the error that it raises, or the count that it has.

    post: __return__ == specified_create(count) == ((ValueError, 0) if count < 0 else (None, count))
    """
    try:
        return None, CountdownLatch(count).count
    except (ValueError, TypeError) as error:
        return type(error), 0


def wait(count: int, waiting: int, cancelled: Cancelled, delivered: bool) -> worlds.Played:
    """Wait, while others wait already.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__.real == __return__.specified and waits_if_closed(__return__.real, count, waiting)
    """
    return worlds.both(worlds.LATCHES, play_wait, count, waiting, cancelled, delivered)


def count_down(
    count: int, waiting: int, cancelled: Cancelled, delivered: bool, strict: bool, plain: bool
) -> worlds.Played:
    """Count down, awaited or plain, while tasks wait.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__.real == __return__.specified and is_counted_down(__return__.real, count, waiting, cancelled)
    """
    return worlds.both(worlds.LATCHES, play_count_down, count, waiting, cancelled, delivered, strict, plain)


def set_count(count: int, waiting: int, cancelled: Cancelled, delivered: bool, n: int) -> worlds.Played:
    """Set the count, which is refused while tasks wait that are not cancelled.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__.real == __return__.specified and is_set(__return__.real, count, waiting, n)
    """
    return worlds.both(worlds.LATCHES, play_set_count, count, waiting, cancelled, delivered, n)


def release(count: int, waiting: int, cancelled: Cancelled, n: int) -> worlds.Played:
    """Open the latch and set it again at once, and cancel some tasks meanwhile, before any task could run.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__.real == __return__.specified and ended(__return__.real, count, waiting, cancelled, count <= 1)
    """
    return worlds.both(worlds.LATCHES, play_release, count, waiting, cancelled, n)


def abandon(count: int, waiting: int, abandoned: Cancelled, n: int) -> worlds.Played:
    """Close coroutines that wait without a cancellation, and set the count.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__.real == __return__.specified
    """
    return worlds.both(worlds.LATCHES, play_abandon, count, waiting, abandoned, n)
