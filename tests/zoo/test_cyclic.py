"""A class that decides as Java's `CyclicBarrier` does keeps Java's policy alone; what differs from it is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.history import Failure
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from latchproof_spec.machines import MACHINES
from tests.zoo import cyclic

EARLY = (Programs((1, 2), at_once=2, calls=3, cancellations=1, early=True),)
"""The programs in which a policy for early cancellations shows."""

ALONE = (Programs((1,), at_once=1, calls=1, cancellations=1, early=True),)
"""CyclicBarrier(1), and one call."""


def checked(factory: Any, policy: str | None = None, programs: tuple[Programs, ...] = EARLY) -> Verdict:
    return check(adapt(factory), policy=policy, programs=programs)


@pytest.mark.parametrize("factory", [cyclic.CyclicBarrier, cyclic.Sleepy])
def test_javas_barrier_keeps_javas_policy_and_no_other(factory: Any) -> None:
    verdict = checked(factory)
    assert verdict.status == "conforms"
    assert verdict.satisfied == ("java",)


def test_javas_barrier_keeps_it_within_the_default_bounds() -> None:
    verdict = check(adapt(cyclic.CyclicBarrier), policy="java")
    assert (verdict.status, verdict.reasons) == ("conforms", ())
    assert {"B2r", "B4b", "B4e"} <= set(verdict.reported.fired)


@pytest.mark.parametrize("policy", [one.name for one in MACHINES["barrier"].policies])
def test_an_early_interrupt_breaks_a_barrier_of_one_party_under_java_alone(policy: str) -> None:
    verdict = checked(cyclic.CyclicBarrier, policy, ALONE)
    if policy == "java":
        assert verdict.reported.failures == {}
        assert "B4e" in verdict.reported.fired
        return
    failures = dict(verdict.reported.failures)
    if policy == "leader":  # an index does not tell who leads
        assert failures.pop("C5").finding.seen == "wait() returned 0"
    (failure,) = failures.values()
    assert (failure.finding.seen, failure.schedule) == ("broken is True", ("early wait()", "run"))


@pytest.mark.parametrize(
    ("factory", "policy", "seen", "behind"),
    [
        (cyclic.Heedless, "java", {"C6 wait() returned 0", "C16 n_waiting is 1"}, {"C10 wait() returned 0"}),
        (cyclic.Alone, "java", {"C6 wait() returned 0"}, {}),
        (
            cyclic.Lenient,
            "java",
            {"C16 broken is False"},
            {"C10 wait() returned 0", "C14 nothing can run any more, and wait() of call 1 has not ended"},
        ),
        (cyclic.InOrder, "aiologic", {"C16 broken is True"}, {"C7 wait() raised BrokenBarrierError: "}),
    ],
)
def test_an_early_cancellation_that_the_policy_heeds_otherwise_is_found(
    factory: Any, policy: str, seen: set[str], behind: set[str]
) -> None:
    failures = checked(factory, policy).reported.failures.values()
    by_calls: dict[int, list[Failure]] = {1: [], 2: []}
    for failure in failures:
        by_calls[failure.size[0]].append(failure)
    found = {calls: {f"{one.finding.claim} {one.finding.seen}" for one in ones} for calls, ones in by_calls.items()}
    # each is as small as it can be: one call, in a task that is cancelled already; a wrong reading hides no other
    assert found == {1: seen, 2: set(behind)}
    assert {failure.size[1] for failure in failures} == {1}
    assert {failure.schedule[0] for failure in by_calls[1]} == {"early wait()"}


def test_ignoring_an_early_cancellation_is_lawful_under_other_policies() -> None:
    """Under Java's it is found by early cancellations alone; with another order of indices it is aiologic's policy."""
    late = (Programs((1, 2, 3), at_once=3, calls=4, cancellations=1),)
    assert checked(cyclic.Heedless, "java", late).reported.failures == {}
    assert checked(cyclic.HeedlessInOrder).satisfied == ("aiologic",)
    assert checked(cyclic.HeedlessInOrder, "aiologic", late).status == "conforms"


def test_without_an_early_cancellation_java_is_not_told_apart_from_a_heedless_class() -> None:
    none = (Programs((1, 2), at_once=2, calls=3, cancellations=0, early=True),)
    assert checked(cyclic.Heedless, "java", none).reported.failures == {}


# ------------------------------------------------------------------------------------------------------------ timeouts


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_never_comes_before_the_arrival(timeout: float) -> None:
    """The last to arrive trips the barrier, however little time it has; an interrupt breaks it there."""

    async def main() -> None:
        alone = cyclic.CyclicBarrier(1)
        assert await alone.wait(timeout) == 0
        assert not alone.broken
        interrupted = asyncio.create_task(cancelled_early(alone))
        await asyncio.wait([interrupted])
        assert interrupted.cancelled()
        assert alone.broken

    run(main)


def test_a_timeout_of_a_parked_task_breaks() -> None:
    async def main() -> None:
        barrier = cyclic.CyclicBarrier(3)
        other = asyncio.create_task(barrier.wait())
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await barrier.wait(0)
        assert barrier.broken
        with pytest.raises(cyclic.BrokenBarrierError):
            await other

    run(main)


async def cancelled_early(barrier: cyclic.CyclicBarrier) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await barrier.wait()
