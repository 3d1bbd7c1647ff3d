"""The shipped models at their default bounds: a right class of each kind conforms, and each of five faults is found."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.check.bounds import levels
from latchproof.check.kind_of import SHIPPED_KINDS
from latchproof.check.target import Target, adapt
from latchproof.check.tree import Explorer
from tests.zoo import primitives as zoo

KINDS: dict[str, tuple[Any, ...]] = {
    "semaphore": (
        zoo.Semaphore,
        zoo.KeepsPermit,
        zoo.HandsToCancelled,
        zoo.WakesNobody,
        zoo.TakesLate,
        zoo.OneTooMany,
    ),
    "bounded-semaphore": (
        zoo.BoundedSemaphore,
        zoo.BoundedKeepsPermit,
        zoo.BoundedHandsToCancelled,
        zoo.BoundedWakesNobody,
        zoo.BoundedOneTooMany,
        zoo.BoundedByHalf,
    ),
    "lock": (
        zoo.Lock,
        zoo.KeepsLock,
        zoo.SilentLock,
        zoo.LooksOnceLock,
        zoo.ForgetsWaitersLock,
        zoo.NeverHeldLock,
    ),
    "owned-lock": (
        zoo.OwnedLock,
        zoo.OwnedKeepsLock,
        zoo.ReentrantLock,
        zoo.NeverGivenLock,
        zoo.SharedLock,
        zoo.DisownedLock,
    ),
    "event": (zoo.Event, zoo.LooksAgain, zoo.WakesOne, zoo.NeverCleared, zoo.WakesOnClear, zoo.FirstSetOnly),
    "condition": (
        zoo.Condition,
        zoo.LosesNotification,
        zoo.NotifiesAll,
        zoo.NotifiesNone,
        zoo.NotifiesOne,
        zoo.Remembers,
    ),
    "queue": (zoo.Queue, zoo.Overfull, zoo.LosesWakeUp, zoo.KeepsPutters, zoo.LosesItem, zoo.GivesTwice),
    "capacity-limiter": (
        zoo.CapacityLimiter,
        zoo.KeepsToken,
        zoo.OverLends,
        zoo.LendsTwice,
        zoo.KeepsLine,
        zoo.OneTokenMore,
    ),
    "memory-channel": (
        zoo.memory_channel,
        zoo.unbounded_channel,
        zoo.channel_to_cancelled,
        zoo.dropping_channel,
        zoo.newest_first_channel,
        zoo.channel_that_keeps_senders,
    ),
}
"""For each kind a right one, and then the faulty ones."""


def broken(target: Target) -> set[str]:
    """Return the policies that the target breaks, as far as is known once it has broken all."""
    policies = target.kind.usual_policies
    found: set[str] = set()
    for programs, argument in levels(target.kind.programs("asyncio")):
        walk = Explorer(target, programs, argument, policies).walk(after_failure=0)
        assert walk.complete
        found |= {policy for policy, failures in walk.failures.items() if failures}
        if len(found) == len(policies):
            break
    return found


def test_there_are_five_faults_of_each_kind() -> None:
    assert set(KINDS) == set(SHIPPED_KINDS)
    assert {len(set(factories)) for factories in KINDS.values()} == {6}


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_one_conforms(kind: str) -> None:
    target = adapt(KINDS[kind][0], kind=kind)
    assert broken(target) < {one.name for one in target.kind.usual_policies}


@pytest.mark.parametrize(
    ("kind", "factory"), [(kind, factory) for kind, factories in KINDS.items() for factory in factories[1:]]
)
def test_a_fault_is_found(kind: str, factory: Any) -> None:
    target = adapt(factory, kind=kind)
    assert broken(target) == {one.name for one in target.kind.usual_policies}
