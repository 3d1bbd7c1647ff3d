"""What the explorer leaves out is nothing that it would find."""

from __future__ import annotations

import asyncio
import os
import threading
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from latchproof import Barrier
from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.history import Begin, End, Event, Observe, Request, Rest
from latchproof.check.target import adapt, load
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from tests.check import trio_samples
from tests.zoo import correct, faulty
from tests.zoo.generated import generated
from tests.zoo.reductions import POLLING, SMALL, differences, sizes
from tests.zoo.test_zoo import CORRECT, FAULTS

SUSPENDING = {correct.SuspendingBarrier, correct.SuspendingLatch, faulty.KeptLockLatch, faulty.LostUpdateLatch}


def walk(factory: Any, shape: Programs, argument: int, **options: Any) -> Walk:
    target = adapt(factory)
    return Explorer(target, shape, argument, target.machine.policies, **options).walk()


@pytest.mark.parametrize("factory", [one for one in (*CORRECT, *FAULTS) if one not in POLLING])
def test_not_to_go_on_from_a_state_twice_loses_nothing(factory: Any) -> None:
    """With one constructor argument, with which each fault is found; `test_zoo` has others."""
    target = adapt(factory)
    (shape,) = programs_within(target, at_once=2, calls=2 if factory in SUSPENDING else 3)
    argument = target.machine.smallest + 1
    merged, whole = (walk(factory, shape, argument, merge=merge) for merge in (True, False))
    assert merged.no_fingerprint is None
    assert merged.schedules <= whole.schedules
    assert merged.fired == whole.fired
    assert sizes(merged) == sizes(whole)


def assert_the_same_is_found(factory: Any, shape: Programs, argument: int, *, host: str = "asyncio") -> None:
    """Compare what is found with each reduction alone, and with both, with what is found without them."""
    both, pruned, merged, whole = (
        walk(factory, shape, argument, prune=prune, merge=merge, host=host)
        for prune, merge in ((True, True), (True, False), (False, True), (False, False))
    )
    assert both.no_fingerprint is None
    assert merged.no_fingerprint is None
    assert whole.complete
    assert whole.pruned == 0
    assert both.restless == pruned.restless == merged.restless == whole.restless == 0
    assert sizes(merged) == sizes(whole)
    assert merged.fired == whole.fired
    assert sizes(both) == sizes(pruned)
    # a call that another task makes takes a step more
    assert sizes(pruned, 3) == sizes(whole, 3)
    assert both.schedules <= min(pruned.schedules, merged.schedules) <= whole.schedules


@pytest.mark.parametrize("factory", [one for one in (*CORRECT, *FAULTS) if one not in POLLING])
def test_pruning_and_both_reductions_find_what_is_found_without(factory: Any) -> None:
    argument = adapt(factory).machine.smallest + 1
    both, pruned, whole = (
        walk(factory, SMALL, argument, prune=prune, merge=merge)
        for prune, merge in ((True, True), (True, False), (False, False))
    )
    assert both.no_fingerprint is None
    assert sizes(both) == sizes(pruned)
    assert sizes(pruned, 3) == sizes(whole, 3)
    assert both.schedules <= pruned.schedules <= whole.schedules
    aside = walk(factory, SMALL, argument, sets_aside=True)
    assert broken(aside) == broken(both)
    assert aside.schedules <= both.schedules


def broken(found: Walk) -> set[str]:
    """The policies under which anything was found."""
    return {policy for policy, failures in found.failures.items() if failures}


BESIDE = Programs((2,), at_once=1, calls=2, cancellations=1, numbers=(0,), beside=1)
NO_CANCELLATION = Programs((2,), at_once=2, calls=2, cancellations=0, numbers=(0,))
FLOWNO_LATCH = load("flowno.core.event_loop.synchronization:CountdownLatch").make


@pytest.mark.parametrize(
    ("factory", "shape", "host"),
    [
        (faulty.CommonLatch, BESIDE, "asyncio"),
        (correct.FutureBarrier, BESIDE, "asyncio"),
        (asyncio.Barrier, SMALL, "asyncio"),
        (correct.CallSoonBarrier, SMALL, "asyncio"),
        (faulty.UnmendedBarrier, SMALL, "asyncio"),
        (faulty.MovingLatch, SMALL, "asyncio"),
        (trio_samples.EventLatch, NO_CANCELLATION, "trio"),
        (trio_samples.LateLatch, NO_CANCELLATION, "trio"),
        (trio_samples.StayingBarrier, Programs((2,), 2, 2, 1, waits_only=True), "trio"),
        (FLOWNO_LATCH, NO_CANCELLATION, "flowno"),
        (Barrier, SMALL, "flowno"),
    ],
)
def test_so_they_do_beside_a_second_instance_and_on_every_host(factory: Any, shape: Programs, host: str) -> None:

    assert_the_same_is_found(factory, shape, 2, host=host)


LATCHES = int(os.environ.get("GENERATED_LATCHES", "16"))
"""Number of latches that are generated."""


@pytest.mark.parametrize("seed", range(LATCHES))
def test_so_they_do_for_latches_that_are_generated(seed: int) -> None:
    """Pruning may name another claim of the same run, but finds none that is larger, and none that is not there."""
    shape = Programs((1,), at_once=2, calls=2 if seed % 4 else 3, cancellations=1, beside=seed % 8 == 1)
    both, pruned, merged, whole = (
        walk(generated(seed), shape, 1, prune=prune, merge=merge)
        for prune, merge in ((True, True), (True, False), (False, True), (False, False))
    )
    assert whole.complete
    assert both.restless == pruned.restless == merged.restless == whole.restless == 0
    assert both.no_fingerprint is None
    assert sizes(merged) == sizes(whole)
    assert sizes(both) == sizes(pruned)
    for policy, found in sizes(whole, 3).items():
        kept = sizes(pruned, 3)[policy]
        assert (min(kept.values()) if kept else None) == (min(found.values()) if found else None)
        assert all(found[claim] <= size for claim, size in kept.items())


def test_the_latches_that_are_generated_differ_in_what_is_found() -> None:
    """Else little would be compared."""
    shape = Programs((1,), at_once=2, calls=2, cancellations=1)
    found = {frozenset(sizes(walk(generated(seed), shape, 1))["latchproof"].items()) for seed in range(16)}
    assert len(found) > 5


class MarkedLatch(correct.FutureLatch):
    """The second call of a task parks for ever: it marks the task, and does not unmark it."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.tasks: list[object] = []

    async def wait(self) -> None:
        mark = self.mark()
        if mark in self.tasks:
            await asyncio.get_running_loop().create_future()
        self.tasks.append(mark)
        await super().wait()

    def mark(self) -> object:
        return asyncio.current_task()


class NumberedMarkLatch(MarkedLatch):
    """It has only the address of the task."""

    def mark(self) -> object:
        return id(asyncio.current_task())


CALLED = ContextVar[bool]("CALLED", default=False)


class VariableLatch(correct.FutureLatch):
    """The mark is in the task's context."""

    async def wait(self) -> None:
        if CALLED.get():
            await asyncio.get_running_loop().create_future()
        CALLED.set(True)
        await super().wait()


class CancelledBeforeLatch(correct.FutureLatch):
    """A task that was asked to stop, and was not stopped by it, is not let through again."""

    async def wait(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        if task.cancelling():
            await asyncio.get_running_loop().create_future()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            """It is let through all the same."""


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("factory", [MarkedLatch, NumberedMarkLatch, VariableLatch, CancelledBeforeLatch])
def test_the_next_call_of_a_task_that_is_remembered_is_that_of_no_other(factory: Any, at_once: int) -> None:
    shape = Programs((0,), at_once=at_once, calls=2, cancellations=1, waits_only=True)
    assert_the_same_is_found(factory, shape, 0)
    assert walk(factory, shape, 0).failures["latchproof"]["C11"].size[0] == 2


def test_the_next_call_of_a_task_that_is_forgotten_is_that_of_another() -> None:
    shape = Programs((0,), at_once=2, calls=3, cancellations=0, waits_only=True)
    schedules = [walk(correct.FutureLatch, shape, 0, prune=prune, merge=False).schedules for prune in (True, False)]
    assert schedules[0] == 1 < schedules[1]


@pytest.mark.parametrize(
    ("policies", "again", "times"), [(1, False, 2.5), (4, False, 2.2), (1, True, 2.0), (4, True, 1.7)]
)
def test_not_to_go_on_from_a_state_twice_spares_much(policies: int, again: bool, times: float) -> None:
    """Less where more policies judge: a state in which some have failed is another one."""
    shape = Programs((1,), at_once=2, calls=4, cancellations=1, numbers=(0,), again=again)
    target = adapt(correct.FutureLatch)
    judging = target.machine.policies[:policies]
    merged, whole = (Explorer(target, shape, 1, judging, merge=merge).walk() for merge in (True, False))
    assert merged.schedules * times < whole.schedules


def histories(
    factory: Any, argument: int, *, prune: bool, again: bool = False, shape: Programs | None = None
) -> set[tuple[Any, ...]]:
    """Every history, without what is observed; and without rest, to which pruning prefers to let the loop come."""
    target = adapt(factory)
    shape = shape or Programs((argument,), at_once=3, calls=3, cancellations=1, numbers=(0, 2), again=again)
    found: set[tuple[Any, ...]] = set()

    def note(history: tuple[Event, ...]) -> None:
        found.add(tuple(plain(event) for event in history if not isinstance(event, Observe | Rest)))

    Explorer(target, shape, argument, target.machine.policies[:1], prune=prune).walk(on_history=note)
    return found


def plain(event: Event) -> Any:
    """Errors are equal if they are of one type and say the same."""
    return (event.call, event.how, repr(event.error)) if isinstance(event, End) and event.error is not None else event


def by_any_task(found: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Return histories without which task makes a call: where that does not matter, pruning leaves it to a new one."""
    return {tuple(event._replace(again=None) if isinstance(event, Begin) else event for event in one) for one in found}


def requested_late(found: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Return histories with each request as late as may be: pruning makes it so, where that makes no difference.

    Each stands directly before the next event of its call.
    """
    late = set()
    for history in found:
        events: list[Any] = []
        waiting: list[Request] = []
        for event in history:
            if isinstance(event, Request):
                waiting.append(event)
                continue
            events += [one for one in waiting if one.call == getattr(event, "call", None)] + [event]
            waiting = [one for one in waiting if one.call != getattr(event, "call", None)]
        late.add((*events, *sorted(waiting)))
    return late


@pytest.mark.parametrize(
    ("factory", "argument", "again"),
    [
        (correct.FutureBarrier, 2, False),
        (correct.ConditionBarrier, 2, False),
        (correct.CallSoonBarrier, 3, False),
        (correct.FutureLatch, 1, False),
        (faulty.LateCountBarrier, 2, False),
        (faulty.SlowAbortBarrier, 2, False),
        (correct.PlainLatch, 1, False),
        (correct.BareLatch, 2, False),
        (faulty.EarlyNoticeLatch, 1, False),
        (correct.FutureBarrier, 2, True),
        (correct.FutureLatch, 1, True),
        (MarkedLatch, 1, True),
        (faulty.EarlyNoticeLatch, 1, True),
    ],
)
def test_of_two_orders_that_commute_one_is_enough(factory: Any, argument: int, again: bool) -> None:
    pruned, whole = (histories(factory, argument, prune=prune, again=again) for prune in (True, False))
    assert pruned <= whole
    assert len(by_any_task(whole)) > 40
    pruned, whole = requested_late(by_any_task(pruned)), requested_late(by_any_task(whole))
    # a history that is not allowed ends there; where that is at rest, it may end sooner for those that come to rest
    assert all(any(history[:length] in pruned for length in range(len(history) + 1)) for history in whole)
    assert pruned == whole or factory in FAULTS


class SleepyLatch:
    """A latch that is open, and yields to the loop in each call; once more if its task was cancelled twice."""

    def __init__(self, count: int) -> None:
        """Do nothing."""

    async def wait(self) -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling() > 1:
                await asyncio.sleep(0)
            raise

    async def count_down(self) -> None:
        """Do nothing."""


def test_so_it_is_where_a_call_may_be_cancelled_twice() -> None:
    """Its step may be quiet after one request, and not after two."""
    shape = Programs((0,), at_once=2, calls=2, cancellations=2, waits_only=True)
    pruned, whole = (histories(SleepyLatch, 0, prune=prune, shape=shape) for prune in (True, False))
    assert len(whole) > 20
    assert requested_late(by_any_task(pruned)) == requested_late(by_any_task(whole))


def napping(naps: int, *, remembers: bool) -> type:
    """Return a latch that is open, whose calls yield to the loop so often; it may keep the tasks of all calls."""

    class Napping:
        def __init__(self, count: int) -> None:
            self.tasks: list[object] = []

        async def wait(self) -> None:
            if remembers:
                self.tasks.append(asyncio.current_task())
            for _ in range(naps):
                await asyncio.sleep(0)

        async def count_down(self) -> None:
            """Do nothing."""

    return Napping


NAPS = Programs((0,), at_once=3, calls=3, cancellations=1, waits_only=True)


@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize(
    ("naps", "shape"),
    [
        (1, replace(NAPS, calls=4, cancellations=0)),
        (1, replace(NAPS, cancellations=2)),
        (1, replace(NAPS, again=True)),
        (1, replace(NAPS, early=True)),
        (2, replace(NAPS, at_once=2)),
    ],
)
def test_so_it_is_where_calls_yield_to_the_loop(naps: int, shape: Programs, remembers: bool) -> None:
    """Which task makes a call is a difference only where tasks are remembered."""
    factory = napping(naps, remembers=remembers)
    pruned, whole = (histories(factory, 0, prune=prune, shape=shape) for prune in (True, False))
    assert len(pruned) <= len(whole) > 10
    if not remembers:
        pruned, whole = by_any_task(pruned), by_any_task(whole)
    assert requested_late(pruned) == requested_late(whole)


class FlagLatch(correct.FutureLatch):
    """Fails to count down where the cancellation of a task that waits was requested and has not come yet."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.waiting: list[asyncio.Task[Any]] = []

    async def wait(self) -> None:
        self.waiting.append(self.task())
        for _ in range(2):
            await asyncio.sleep(0)
        await self.join()

    async def join(self) -> None:
        await super().wait()

    def task(self) -> asyncio.Task[Any]:
        task = asyncio.current_task()
        assert task is not None
        return task

    async def count_down(self) -> None:
        self.refuse(self.waiting)
        await super().count_down()

    def refuse(self, waiting: Any) -> None:
        if any(task.cancelling() and not task.done() for task in waiting):
            raise KeyError("a task that waits was cancelled")


class LateLatch(FlagLatch):
    """Its tasks are known from their second step on."""

    async def wait(self) -> None:
        await asyncio.sleep(0)
        self.waiting.append(self.task())
        await asyncio.sleep(0)
        await self.join()


class FrameLatch(FlagLatch):
    """Only the frame of the next call knows of the task."""

    async def wait(self) -> None:
        known, self.waiting = self.waiting, [self.task()]
        for _ in range(3):
            await asyncio.sleep(0)
            self.refuse(known)
        await self.join()

    async def count_down(self) -> None:
        await super(FlagLatch, self).count_down()


class ScheduledLatch(FlagLatch):
    """The loop knows of the task: a callback is to look at it."""

    async def wait(self) -> None:
        asyncio.get_running_loop().call_soon(self.refuse, [self.task()])
        await asyncio.sleep(0)
        await self.join()


class CommonFlagLatch(FlagLatch):
    """The class knows of the tasks, and the instance does not."""

    common: ClassVar[list[asyncio.Task[Any]]] = []

    def __init__(self, count: int) -> None:
        super().__init__(count)
        del self.waiting

    def __getattr__(self, name: str) -> Any:
        if name == "waiting":
            return self.common
        raise AttributeError(name)


class SuspendedLatch(correct.FutureLatch):
    """Counts too far back if its wait() is cancelled while it is about to continue."""

    async def wait(self) -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.count += 2
            raise
        await super().wait()


@pytest.mark.parametrize(
    ("factory", "count"),
    [(FlagLatch, 0), (LateLatch, 0), (FrameLatch, 0), (ScheduledLatch, 0), (CommonFlagLatch, 0), (SuspendedLatch, 1)],
)
def test_a_request_that_others_notice_is_not_put_off(factory: Any, count: int) -> None:
    """While the latch is open no call parks: the flag is seen of a task that is ready."""
    shape = Programs((count,), at_once=2, calls=2, cancellations=1)
    assert_the_same_is_found(factory, shape, count)
    assert walk(factory, shape, count).failures["latchproof"]


class AskingFuture(asyncio.Future[None]):
    """Counts too far back if it is cancelled and a task is about to be, that has made a step since it was made."""

    def __init__(self, latch: AskingLatch, task: asyncio.Task[Any]) -> None:
        super().__init__()
        self.latch, self.task, self.left = latch, task, latch.left

    def cancel(self, msg: Any = None) -> bool:
        if self.task.cancelling() and 0 < self.latch.left < self.left:
            self.latch.count += 2
        return super().cancel(msg)


class AskingLatch(FlagLatch):
    """Only a task that is parked knows of one that is not, and its cancellation looks at that one."""

    left = 0

    async def wait(self) -> None:
        if self.waiting:
            await AskingFuture(self, self.waiting.pop())
        self.waiting.append(self.task())
        try:
            for self.left in (3, 2, 1, 0):
                await asyncio.sleep(0)
            await self.join()
        finally:
            self.left = 0


def test_a_request_that_the_cancellation_of_another_call_notices_is_not_put_off() -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=2, waits_only=True)
    pruned, merged = (walk(AskingLatch, shape, 1, prune=prune) for prune in (True, False))
    assert sizes(pruned) == sizes(merged)
    assert pruned.failures["latchproof"]


def test_a_request_is_not_put_off_where_it_has_to_take_effect_at_once() -> None:
    """In the strict form a call is withdrawn at the request: that it polls on is found only if another step follows."""
    target, shape = adapt(correct.PollingBarrier), Programs((2,), 2, 2, 1, waits_only=True)
    policies = target.machine.policies[:1]
    pruned, merged = (
        Explorer(target, shape, 2, policies, strict=True, prune=prune).walk().failures["latchproof"]
        for prune in (True, False)
    )
    assert pruned
    assert {claim: one.size[:3] for claim, one in pruned.items()} == {
        claim: one.size[:3] for claim, one in merged.items()
    }


class SparesTheLatest:
    """A barrier whose parties poll. It is broken only where the one that came first is cancelled."""

    def __init__(self, parties: int) -> None:
        self._parties, self._broken = parties, False
        self._waiting: list[object] = []

    async def wait(self) -> None:
        if self._broken:
            raise asyncio.BrokenBarrierError
        waiting, me = self._waiting, object()
        waiting.append(me)
        try:
            while len(waiting) < self._parties and not self._broken:  # noqa: ASYNC110 - it is to poll
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._broken = waiting[0] is me
            raise
        if self._broken:
            raise asyncio.BrokenBarrierError


def test_a_request_is_not_put_off_where_what_can_run_comes_round() -> None:
    """Only at rest both calls have to have arrived, so that a cancellation of either must break the barrier."""
    target, shape = adapt(SparesTheLatest, kind="barrier"), Programs((3,), 2, 2, 1, waits_only=True)
    policy = target.policy("java")
    pruned, merged = (Explorer(target, shape, 3, [policy], prune=prune).walk() for prune in (True, False))
    assert sizes(pruned) == sizes(merged)
    assert pruned.failures["java"]["C14"].schedule[-1] == "comes round"


def test_to_put_off_requests_spares_much() -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=1, numbers=(0,))
    pruned, whole = (walk(correct.SuspendingLatch, shape, 1, prune=prune, merge=False) for prune in (True, False))
    assert pruned.schedules * 2 < whole.schedules


def test_of_each_two_orders_that_commute_with_a_quiet_step_one_is_tried() -> None:
    """A call or a request that is left out before such a step spares some of these runs, and so does each reduction."""
    shape = Programs((0,), at_once=3, calls=3, cancellations=1, waits_only=True)
    pruned, whole = (walk(correct.SuspendingLatch, shape, 0, prune=prune, merge=False) for prune in (True, False))
    assert (pruned.schedules, whole.schedules) == (85, 330)


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


def test_a_failure_that_is_lost_or_invented_is_noticed() -> None:
    """The long comparison of `make reductions` fails where the reductions are at fault."""
    found = walk(faulty.WakeOneLatch, replace(SMALL, calls=3), 1)
    nothing = Walk(failures={policy: {} for policy in found.failures})
    assert differences(found, found) == ([], [])
    for reduced, whole in ((nothing, found), (found, nothing)):
        wrong, otherwise = differences(reduced, whole)
        assert len(wrong) == sum(map(bool, found.failures.values())) > 1
        assert otherwise == []
