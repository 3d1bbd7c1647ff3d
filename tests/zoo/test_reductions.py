"""What the explorer leaves out is nothing that it would find."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.history import End, Event, Observe, Rest
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from tests.zoo import correct, faulty
from tests.zoo.test_zoo import CORRECT, FAULTS

POLLING = {
    correct.PollingBarrier,
    correct.PollingLatch,
    correct.SleepingBarrier,
    faulty.DeadlineLatch,
    faulty.ImpatientPollingLatch,
    faulty.LappedPollingBarrier,
    faulty.LappedSleepingBarrier,
}
"""Without fingerprints nothing is known of these, since they never rest."""

SUSPENDING = {correct.SuspendingBarrier, correct.SuspendingLatch, faulty.KeptLockLatch, faulty.LostUpdateLatch}


def walk(factory: Any, shape: Programs, argument: int, *, merge: bool) -> Walk:
    target = adapt(factory)
    return Explorer(target, shape, argument, target.machine.policies, merge=merge).walk()


def sizes(found: Walk) -> dict[str, dict[str, tuple[int, ...]]]:
    """By policy and claim, calls, cancellations, argument and steps of the smallest failure."""
    return {
        policy: {claim: failure.size for claim, failure in failures.items()}
        for policy, failures in found.failures.items()
    }


@pytest.mark.parametrize("factory", [one for one in (*CORRECT, *FAULTS) if one not in POLLING])
def test_not_to_go_on_from_a_state_twice_loses_nothing(factory: Any) -> None:
    (shape,) = programs_within(adapt(factory), at_once=2, calls=2 if factory in SUSPENDING else 3)
    for argument in shape.arguments:
        merged, whole = (walk(factory, shape, argument, merge=merge) for merge in (True, False))
        assert merged.no_fingerprint is None
        assert merged.schedules <= whole.schedules
        assert merged.fired == whole.fired
        assert sizes(merged) == sizes(whole)


def test_not_to_go_on_from_a_state_twice_spares_much() -> None:
    shape = Programs((1,), at_once=3, calls=4, cancellations=1, numbers=(0, 1))
    merged, whole = (walk(correct.FutureLatch, shape, 1, merge=merge) for merge in (True, False))
    assert merged.schedules * 2 < whole.schedules


def histories(factory: Any, argument: int, *, prune: bool) -> set[tuple[Any, ...]]:
    """Every history, without what is observed; and without rest, to which pruning prefers to let the loop come."""
    target = adapt(factory)
    shape = Programs((argument,), at_once=3, calls=3, cancellations=1, numbers=(0, 2))
    found: set[tuple[Any, ...]] = set()

    def note(history: tuple[Event, ...]) -> None:
        found.add(tuple(plain(event) for event in history if not isinstance(event, Observe | Rest)))

    Explorer(target, shape, argument, target.machine.policies[:1], prune=prune).walk(on_history=note)
    return found


def plain(event: Event) -> Any:
    """Errors are equal if they are of one type and say the same."""
    return (event.call, event.how, repr(event.error)) if isinstance(event, End) and event.error is not None else event


@pytest.mark.parametrize(
    ("factory", "argument"),
    [
        (correct.FutureBarrier, 2),
        (correct.ConditionBarrier, 2),
        (correct.CallSoonBarrier, 3),
        (correct.FutureLatch, 1),
        (faulty.LateCountBarrier, 2),
        (faulty.SlowAbortBarrier, 2),
        (correct.PlainLatch, 1),
        (correct.BareLatch, 2),
        (faulty.EarlyNoticeLatch, 1),
    ],
)
def test_of_two_orders_that_commute_one_is_enough(factory: Any, argument: int) -> None:
    pruned, whole = (histories(factory, argument, prune=prune) for prune in (True, False))
    assert len(whole) > 40
    assert pruned <= whole
    # a history that is not allowed ends there; where that is at rest, it may end sooner for those that come to rest
    assert all(any(history[:length] in pruned for length in range(len(history) + 1)) for history in whole)
    assert pruned == whole or factory in FAULTS


class SpoilingLatch(correct.PlainLatch):
    """A latch that is counted down from more than 1 has every latch stay as it is from then on."""

    spoiled: ClassVar[bool] = False

    def set_count(self, n: int) -> None:
        self.count = n

    def count_down(self) -> None:
        if not SpoilingLatch.spoiled:
            SpoilingLatch.spoiled = self.count > 1
            super().count_down()


def test_states_that_differ_only_in_a_second_instance_are_told_apart() -> None:
    """It was counted down in one, and set in the other: only from the other does it come to spoil the first."""
    shape = Programs((1,), at_once=1, calls=1, cancellations=0, numbers=(3,), beside=2)
    merged, whole = (walk(SpoilingLatch, shape, 1, merge=merge) for merge in (True, False))
    assert any(whole.failures.values())
    assert sizes(merged) == sizes(whole)


class LockedLatch(correct.BareLatch):
    """Whether its lock is held cannot be seen from Python."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._lock = threading.RLock()

    async def wait(self) -> None:
        with self._lock:
            pass
        await super().wait()


def test_what_has_no_fingerprint_is_checked_all_the_same_and_it_is_said() -> None:
    target = adapt(LockedLatch)
    verdict = check(target, policy="latchproof", programs=programs_within(target, calls=2))
    assert verdict.status == "conforms"
    assert sum("_thread.RLock has no fingerprint" in note for note in verdict.notes) == 1
