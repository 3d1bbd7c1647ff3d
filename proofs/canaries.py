"""Contracts that are false, and that CrossHair must refute: a check that finds nothing here proves nothing elsewhere.

The first two show that every named policy is really tried; the others show that the drivers of the runtime notice a
shell that loses a wake-up, that wakes in the wrong order, or that counts tasks whose cancellation is requested.
"""

from __future__ import annotations

from proofs import runtime_barrier, runtime_latch, worlds

from latchproof.parking import Parking
from latchproof_spec.barrier.policies import BarrierPolicy
from latchproof_spec.latch.policies import LatchPolicy
from latchproof_spec.step import Rule


def latch_policy(policy: LatchPolicy) -> str:
    """Return the policy's name, which the contract falsely says is none of these.

    post: __return__ != "latchproof"
    post: __return__ != "keeps"
    post: __return__ != "aiologic"
    post: __return__ != "rearms"
    """
    return policy.name


def barrier_policy(policy: BarrierPolicy) -> str:
    """Return the policy's name, which the contract falsely says is none of these.

    post: __return__ != "latchproof"
    post: __return__ != "cpython"
    post: __return__ != "java"
    post: __return__ != "aiologic"
    post: __return__ != "lenient"
    post: __return__ != "leader"
    """
    return policy.name


class Lossy(Parking):
    """Wakes all but the task that parked last."""

    def release(self, rule: Rule) -> None:
        if len(self.queue) > 1:
            self.queue.popitem()
        super().release(rule)


class Disorderly(Parking):
    """Wakes in the opposite order."""

    def release(self, rule: Rule) -> None:
        self.queue = dict.fromkeys(reversed(self.queue))
        super().release(rule)


class Forgetful(Parking):
    """Ignores a requested cancellation."""

    def purge(self) -> bool:
        return False


def lost_wake_up(count: int, waiting: int, cancelled: runtime_latch.Cancelled) -> worlds.Seen:
    """Do as `runtime_latch.release`.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__ == runtime_latch.play_release(worlds.SpecifiedLatch(count), waiting, cancelled, 1)
    """
    with worlds.idle_loop():
        return runtime_latch.play_release(worlds.RealLatch(count, Lossy()), waiting, cancelled, 1)


def stranded_party(parties: int, cancelled: runtime_barrier.Cancelled) -> worlds.Seen:
    """Do as `runtime_barrier.generation`.

    pre: 1 <= parties <= 3
    post: __return__ == runtime_barrier.play_generation(worlds.SpecifiedBarrier(parties), parties, cancelled, False)
    """
    with worlds.idle_loop():
        return runtime_barrier.play_generation(worlds.RealBarrier(parties, Lossy()), parties, cancelled, False)


def wrong_order(parties: int, cancelled: runtime_barrier.Cancelled) -> worlds.Seen:
    """Do as `runtime_barrier.generation`.

    pre: 1 <= parties <= 3
    post: __return__ == runtime_barrier.play_generation(worlds.SpecifiedBarrier(parties), parties, cancelled, False)
    """
    with worlds.idle_loop():
        return runtime_barrier.play_generation(worlds.RealBarrier(parties, Disorderly()), parties, cancelled, False)


def cancelled_counted(
    count: int, waiting: int, cancelled: runtime_latch.Cancelled, delivered: bool, n: int
) -> worlds.Seen:
    """Do as `runtime_latch.set_count`.

    pre: count >= 0 and 0 <= waiting <= 2
    post: __return__ == runtime_latch.play_set_count(worlds.SpecifiedLatch(count), waiting, cancelled, delivered, n)
    """
    with worlds.idle_loop():
        return runtime_latch.play_set_count(worlds.RealLatch(count, Forgetful()), waiting, cancelled, delivered, n)


def cancelled_party(parties: int, cancelled: runtime_barrier.Cancelled) -> worlds.Seen:
    """Do as `runtime_barrier.generation`.

    pre: 1 <= parties <= 3
    post: __return__ == runtime_barrier.play_generation(worlds.SpecifiedBarrier(parties), parties, cancelled, False)
    """
    with worlds.idle_loop():
        return runtime_barrier.play_generation(worlds.RealBarrier(parties, Forgetful()), parties, cancelled, False)
