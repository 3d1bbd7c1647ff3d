"""The kit against the zoo: every fault is found, by the claim that it breaks, as small as it can be; nothing else is.

The checks run beside each other, in processes of their own.
"""

from __future__ import annotations

import inspect
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from latchproof.check.bounds import default_programs, programs_within
from latchproof.check.checker import check
from latchproof.check.target import adapt
from tests.zoo import correct, faulty

LONG = {
    faulty.DeadlineLatch,
    faulty.ImpatientBarrier,
    faulty.ImpatientLatch,
    faulty.ImpatientPollingLatch,
    faulty.KeptLockLatch,
    faulty.LappedPollingBarrier,
    faulty.LappedSleepingBarrier,
    faulty.LostUpdateLatch,
    correct.PollingBarrier,
    correct.PollingLatch,
    correct.SleepingBarrier,
    correct.SuspendingBarrier,
    correct.SuspendingLatch,
}
"""Those that suspend at every turn, or poll: with the default bounds some take 20 s. Here they get three calls."""

COMMON = {faulty.CommonGenerationBarrier, faulty.CommonLatch}
"""Faults of what instances have in common: the others are tried without a second instance, correct classes with it."""

CALLS = int(os.environ.get("ZOO_CALLS", "4"))
"""Most calls of a correct class within the first of its bounds, which take longest; `tests.pythons` asks for fewer."""


class Found(NamedTuple):
    """What came of a check, in values that go from one process to another."""

    status: str
    sizes: dict[str, tuple[int, int]]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def run(factory: Any) -> Found:
    """Check it by the policy that our own classes keep; sizes are in calls and cancellations."""
    target = adapt(factory)
    shapes = default_programs(target)
    if factory in LONG:
        shapes = programs_within(target, calls=3)
    if factory in CORRECT:
        shapes = (replace(shapes[0], calls=min(shapes[0].calls, CALLS)), *shapes[1:])
    if factory in FAULTS:
        # no more calls than the fault should take: that it is found in fewer, or not at all, shows all the same
        calls = FAULTS[factory][1]
        shapes = tuple(
            dict.fromkeys(
                replace(shape, calls=min(shape.calls, calls))
                for shape in shapes
                if not shape.beside or factory in COMMON
            )
        )
    verdict = check(target, policy="latchproof", programs=shapes)
    sizes = {claim: failure.size[:2] for claim, failure in verdict.reported.failures.items()}
    return Found(verdict.status, sizes, tuple(map(str, verdict.reasons)), verdict.notes)


FAULTS: dict[type, tuple[str, int, int]] = {
    # the claim that one would expect, and by hand: the fewest calls that show it, and cancellations with so many calls
    faulty.LappedBarrier: ("C13", 3, 0),  # A, B trips, B again
    faulty.LappedPollingBarrier: ("C13", 3, 0),  # A, B trips, B again
    faulty.LappedSleepingBarrier: ("C13", 3, 0),  # A, B trips, B again
    faulty.CountedOutBarrier: ("C6", 3, 0),  # A, B trips, B again
    faulty.WokenBarrier: ("C6", 2, 1),  # A, B, cancel A
    faulty.LiveIndexBarrier: ("C5", 4, 1),  # A, B, cancel A, C gets B's index, D trips
    faulty.TicketBarrier: ("C5", 3, 1),  # A, cancel A, B, C trips
    faulty.StillCountedBarrier: ("C6", 2, 1),  # A, cancel A, B trips alone
    faulty.SharedFlagBarrier: ("C8", 3, 0),  # A, B trips, abort
    faulty.ForgetfulResetBarrier: ("C14", 3, 0),  # A, abort, reset
    faulty.StolenTokenBarrier: ("C6", 3, 0),  # A, B trips, B again
    faulty.LeftTokenBarrier: ("C6", 3, 1),  # A, B trips, cancel A, C
    faulty.SharedFutureBarrier: ("C7", 2, 1),  # A, B, cancel A
    faulty.AloneOnceBarrier: ("C13", 2, 0),  # A trips alone, B
    faulty.LostSecondCancellationBarrier: ("C16", 1, 2),  # A, cancel A, cancel A
    faulty.LastInFirstOutBarrier: ("C5", 3, 0),  # A, B, C trips
    faulty.DepartureBarrier: ("C5", 2, 0),  # A, B trips
    faulty.LongArmBarrier: ("C8", 3, 0),  # A, B trips, abort
    faulty.LongResetBarrier: ("C8", 3, 0),  # A, B trips, reset
    faulty.UnmendedBarrier: ("C16", 2, 0),  # abort, reset
    faulty.StrandingResetBarrier: ("C14", 2, 0),  # A, reset
    faulty.StrandingAbortBarrier: ("C16", 2, 0),  # A, abort
    faulty.UnbrokenBarrier: ("C16", 1, 0),  # abort
    faulty.OnlyInUseBarrier: ("C16", 1, 0),  # abort
    faulty.AdmittingBarrier: ("C10", 2, 0),  # abort, A
    faulty.LateCountBarrier: ("C16", 2, 0),  # A, B trips
    faulty.TwiceWithdrawnBarrier: ("C16", 2, 1),  # A, B, cancel A
    faulty.LostWakeUpBarrier: ("C13", 2, 0),  # A, B trips
    faulty.WakeOneBarrier: ("C13", 3, 0),  # A, B, C trips
    faulty.CutChainBarrier: ("C13", 3, 1),  # A, B, C trips, cancel A
    faulty.DeafBarrier: ("C6", 1, 1),  # A, cancel A
    faulty.ImpatientBarrier: ("C6", 1, 0),  # A
    faulty.OtherErrorBarrier: ("C15", 2, 0),  # abort, A
    faulty.CountingRefusedBarrier: ("C16", 2, 0),  # abort, A
    faulty.LateWithdrawalBarrier: ("C16", 3, 1),  # A, B trips, B again, cancel A
    faulty.BreakingBarrier: ("C16", 1, 1),  # A, cancel A
    faulty.DeadFutureBarrier: ("C15", 2, 1),  # A, cancel A, B
    faulty.DeadFutureLaterBarrier: ("C15", 2, 1),  # A, cancel A, B
    faulty.UndrainedBarrier: ("C16", 3, 1),  # A, B trips, cancel A, C
    faulty.MendedByLeavingBarrier: ("C16", 3, 0),  # A, B trips, abort
    faulty.KeepingResetBarrier: ("C16", 2, 0),  # A, reset
    faulty.SlowAbortBarrier: ("C16", 2, 0),  # A, abort
    faulty.CancellingAbortBarrier: ("C14", 2, 0),  # A, abort
    faulty.NegativeLatch: ("C16", 1, 0),  # count_down
    faulty.RaisingLatch: ("C10", 1, 0),  # count_down
    faulty.SilentLatch: ("C10", 1, 0),  # count_down(True)
    faulty.EarlyErrorLatch: ("C10", 1, 0),  # count_down(True)
    faulty.TypeErrorLatch: ("C10", 1, 0),  # set_count(-1)
    faulty.AnyCountLatch: ("C10", 1, 0),  # set_count(-1)
    faulty.NoZeroLatch: ("C10", 1, 0),  # set_count(0)
    faulty.ChangedByRefusalLatch: ("C16", 2, 0),  # A, set_count(2)
    faulty.StaleGateLatch: ("C3", 2, 0),  # set_count(1), A
    faulty.ShutGateLatch: ("C11", 2, 0),  # set_count(0), A
    faulty.MovingLatch: ("C10", 2, 0),  # A, set_count(2)
    faulty.EarlyNoticeLatch: ("C12", 2, 0),  # A, count_down
    faulty.TrapLatch: ("C12", 3, 0),  # A, count_down, set_count(1)
    faulty.WakeOneLatch: ("C12", 3, 0),  # A, B, count_down
    faulty.StillCountedLatch: ("C10", 2, 1),  # A, cancel A, set_count(0)
    faulty.SharedFutureLatch: ("C7", 2, 1),  # A, B, cancel A
    faulty.CutChainLatch: ("C12", 3, 1),  # A, B, count_down, cancel A
    faulty.IfLatch: ("C3", 2, 0),  # A, count_down
    faulty.LeftTokenLatch: ("C3", 4, 1),  # A, count_down, cancel A, set_count(1), B
    faulty.LostUpdateLatch: ("C16", 2, 0),  # count_down, count_down
    faulty.KeptLockLatch: ("C11", 2, 1),  # count_down, cancel it, count_down
    faulty.LostSecondCancellationLatch: ("C10", 2, 2),  # A, cancel A, cancel A, set_count(0)
    faulty.DeafLatch: ("C3", 1, 1),  # A, cancel A
    faulty.ImpatientLatch: ("C3", 1, 0),  # A
    faulty.ImpatientPollingLatch: ("C3", 1, 0),  # A
    faulty.DeadlineLatch: ("C3", 1, 0),  # A
    faulty.ReleasedInUseLatch: ("C10", 3, 0),  # A, count_down, set_count(0)
    faulty.ClosedIsInUseLatch: ("C10", 1, 0),  # set_count(0)
    faulty.DeadFutureLatch: ("C15", 2, 1),  # A, cancel A, count_down
    faulty.WithdrawnCountLatch: ("C16", 1, 1),  # A, cancel A
    faulty.HandOverLatch: ("C3", 4, 1),  # A, count_down, set_count(1), B, cancel A
    faulty.CommonLatch: ("C3", 2, 0),  # A, count_down on another latch
    faulty.CommonGenerationBarrier: ("C9", 2, 0),  # A at another barrier, abort of that; A is told of it
    faulty.UsedFirstLatch: ("C10", 2, 0),  # A, set_count(-1)
    faulty.SameCountLatch: ("C10", 2, 0),  # A, set_count(1) where it is 1
    faulty.BrokenOnceBarrier: ("C15", 2, 0),  # abort, abort
    faulty.MissingKeyLatch: ("C15", 1, 0),  # count_down
}
CORRECT = (*correct.BARRIERS, *correct.LATCHES)


@pytest.fixture(scope="module")
def checks() -> Iterator[dict[Any, Future[Found]]]:
    """Every check, begun."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        yield {factory: pool.submit(run, factory) for factory in (*CORRECT, *FAULTS)}


def test_the_table_is_complete() -> None:
    classes = {one for _, one in inspect.getmembers(faulty, inspect.isclass) if one.__module__ == faulty.__name__}
    assert set(FAULTS) == classes
    assert len(FAULTS) >= 36
    assert len(CORRECT) >= 12


@pytest.mark.parametrize("factory", CORRECT)
def test_what_is_right_conforms(factory: Any, checks: dict[Any, Future[Found]]) -> None:
    assert checks[factory].result() == Found("conforms", {}, (), ())


@pytest.mark.parametrize("factory", FAULTS)
def test_a_fault_is_found_and_as_small_as_it_can_be(factory: type, checks: dict[Any, Future[Found]]) -> None:
    claim, calls, cancellations = FAULTS[factory]
    found = checks[factory].result()
    assert found.status == "counterexample"
    assert found.sizes[claim] == (calls, cancellations)
    assert min(found.sizes.values()) == (calls, cancellations)  # no other claim is reported by less
