"""A policy that has failed is judged no further while another has not, and that changes no verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check import jobs
from latchproof.check.checker import check
from latchproof.check.choices import Turn
from latchproof.check.estimate import estimate
from latchproof.check.history import Begin, End, Failure, Finding
from latchproof.check.jobs import Job, JobResult
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.target import adapt, load
from latchproof.check.tree import Explorer, Walk
from latchproof.check.verdict import PolicyVerdict
from latchproof.check.work_queue import Piece, WorkQueue
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.check.model_samples import LastFirstSemaphore
from tests.zoo import correct

SHAPE = Programs((2,), at_once=3, calls=3, cancellations=1)
SMALL = Programs((1, 2), at_once=2, calls=3, cancellations=1, numbers=(-1, 0, 2))


def walk(factory: Any, *, sets_aside: bool, argument: int = 2, shape: Programs = SHAPE) -> Walk:
    target = adapt(factory)
    policies = target.kind.usual_policies
    return Explorer(target, shape, argument, policies, sets_aside=sets_aside).walk()


@pytest.mark.parametrize("factory", [Barrier, correct.SuspendingBarrier])
def test_of_the_policies_that_are_satisfied_everything_is_found_in_fewer_runs(factory: Any) -> None:
    whole, part = walk(factory, sets_aside=False), walk(factory, sets_aside=True)
    broken = {policy for policy, failures in whole.failures.items() if failures}
    assert whole.set_aside == frozenset()
    assert part.set_aside == broken
    assert broken
    assert {policy for policy, failures in part.failures.items() if failures} == broken
    kept = whole.fired.keys() - broken
    assert {policy: part.fired[policy] for policy in kept} == {policy: whole.fired[policy] for policy in kept}
    assert part.schedules < whole.schedules
    target = adapt(factory)
    every = Explorer(target, SHAPE, 2, target.kind.usual_policies, merge=False).walk()
    assert part.schedules < part.covered <= every.covered
    assert not part.cut_short


def test_to_find_out_only_whether_a_policy_is_broken_takes_fewer_runs() -> None:
    """Though with one policy none is set aside."""
    target = adapt(CountdownLatch)
    policies = [target.policy("latchproof")]
    part, whole = (Explorer(target, SMALL, 1, policies, sets_aside=aside).walk() for aside in (True, False))
    assert part.schedules < whole.schedules
    assert part.fired == whole.fired
    assert part.set_aside == whole.set_aside == frozenset()


def test_a_walk_ends_once_every_policy_has_failed_if_one_was_set_aside() -> None:
    shape = Programs((3,), at_once=3, calls=4, cancellations=1, waits_only=True)
    target = load("asyncio:Barrier")
    explorer = Explorer(target, shape, 3, target.kind.usual_policies, sets_aside=True)
    part = explorer.walk(after_failure=1000)
    assert part.has_failed
    assert part.cut_short
    assert part.set_aside
    assert explorer._all_failed == part.schedules


def failures(verdict: PolicyVerdict) -> dict[str, tuple[Any, ...]]:
    return {claim: (one.size, one.schedule) for claim, one in verdict.failures.items()}


@pytest.mark.parametrize("workers", [None, 2])
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("asyncio:Barrier", (Programs((2, 3), at_once=3, calls=4, cancellations=1),)),  # no tree breaks every policy
        ("tests.check.samples:ForgetfulLatch", (SMALL,)),
    ],
)
def test_where_no_policy_is_satisfied_all_is_found_that_every_policy_breaks(
    name: str, shapes: tuple[Programs, ...], workers: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = check(load(name), programs=shapes, workers=workers)
    monkeypatch.setattr(Explorer, "_set_aside_what_failed", lambda explorer: None)
    whole = check(load(name), programs=shapes)
    assert verdict.satisfied == ()
    assert [one.to_json() for one in verdict.policies] == [one.to_json() for one in whole.policies]
    assert [failures(one) for one in verdict.policies] == [failures(one) for one in whole.policies]
    assert (verdict.schedules, verdict.steps, verdict.notes) == (whole.schedules, whole.steps, whole.notes)


def test_a_verdict_says_which_policies_were_judged_no_further() -> None:
    verdict = check(adapt(CountdownLatch), programs=(SMALL,))
    assert verdict.satisfied == ("latchproof",)
    satisfied, *others = verdict.policies
    assert (verdict.standing(satisfied), satisfied.set_aside) == ("satisfied", False)
    assert [verdict.standing(one) for one in others] == ["breaks C10; judged no further"] * 3
    assert [one["set_aside"] for one in verdict.to_json()["policies"]] == [False, True, True, True]


def test_a_failure_that_may_be_chance_sets_no_policy_aside() -> None:
    verdict = check(adapt(samples.ThreadedLatch), programs=(SMALL,))
    assert "uncontrolled" in {reason.code for reason in verdict.reasons}
    assert not any(one.set_aside or one.failures for one in verdict.policies)


def test_an_estimate_for_a_class_that_breaks_every_policy_is_of_the_whole_tree() -> None:
    shape = Programs((3,), at_once=3, calls=4, cancellations=1, waits_only=True)
    (one,) = estimate(load("asyncio:Barrier"), [shape], samples=1)
    assert one.is_counted
    assert one.runs == check(load("asyncio:Barrier"), programs=(shape,)).schedules


@pytest.mark.parametrize(
    "options", [{"claim": "C10"}, {"policy": "keeps"}, {"reduces": False}, {"scheduler": "random", "schedules": 300}]
)
def test_every_policy_is_judged_in_full_where_that_is_asked_for(options: dict[str, Any]) -> None:
    verdict = check(adapt(CountdownLatch), programs=(SMALL,), **options)
    assert not any(one.set_aside for one in verdict.policies)


def test_a_policy_is_not_set_aside_for_the_order_of_calls_alone() -> None:
    target = adapt(LastFirstSemaphore, kind="semaphore")
    (policy,) = target.kind.usual_policies
    in_order = target.kind.in_order(policy)
    assert in_order is not None
    explorer = Explorer(target, Programs((0,), 3, 4, 0), 0, (policy, in_order), sets_aside=True)
    found = explorer.walk()
    assert found.failures[policy.name] == {}
    assert found.failures[in_order.name] != {}
    assert found.set_aside == frozenset()
    assert explorer._may_be_set_aside == {policy.name: {policy.name, in_order.name}}


def test_a_judge_that_is_set_aside_judges_nothing() -> None:
    judge = Judge(MachineSpecification(BARRIER, BARRIER.policies[0], 2))
    wrong = End(0, "returned", 7)
    judge.step(Begin(0, "wait"))
    found = [judge.is_done]
    judge.set_aside = True
    assert judge.place == -1
    assert judge.step(wrong) is None
    found += [judge.is_done]
    judge.set_aside = False
    assert judge.place != -1
    assert judge.step(wrong) is not None
    assert [*found, judge.is_done] == [False, True, True]


JOB = Job(SHAPE, 2, ("cpython", "java"), "asyncio", False, "exhaustive", 1000, 0, sets_aside=True)
FAILURE = Failure(Finding("C5", "", (), ()), 2, (), (), (1, 0, 2, 0))


def came(**broken: bool) -> JobResult:
    """What came of a tree in which policies were broken, and set aside if the value is true."""
    failures = {policy: {"C5": FAILURE} if policy in broken else {} for policy in JOB.policies}
    return JobResult(Walk(1, failures=failures, set_aside=frozenset(one for one in broken if broken[one])))


def test_once_no_policy_is_satisfied_the_trees_where_one_has_failed_are_walked_in_full() -> None:
    queue = WorkQueue([JOB] * 5)
    pieces = [queue.next() for _ in range(4)]
    assert sorted(filter(None, pieces)) == [Piece(number) for number in range(4)]
    queue.take(Piece(0), came(java=True))
    queue.take(Piece(1), came())
    queue.take(Piece(2), came(cpython=False))
    again = {queue.next(), queue.next()}
    assert again == {Piece(0, 1), Piece(2, 1)}  # nothing is found in the second
    in_full = [queue.job(one) for one in again if one is not None]
    assert not any(job.sets_aside or job.until_failure for job in in_full)
    # of the others that is not known yet
    assert queue.needs(Piece(3))
    assert queue.next() == Piece(4)
    assert queue.job(Piece(4)) == replace(JOB, until_failure=True)  # what fails there is found in full later
    queue.take(Piece(3), came())
    queue.take(Piece(4), came(java=True))
    assert queue.next() == Piece(4, 1)
    for number in (0, 2, 4):
        assert not queue.is_over
        queue.take(Piece(number, 1), came(java=False))
    assert queue.is_over
    assert [one.walk.set_aside for one in queue.results(load("asyncio:Barrier"))] == [frozenset()] * 5


@pytest.mark.parametrize(("until_failure", "is_repeated"), [(False, True), (True, False)])
def test_a_job_that_ends_at_a_failure_makes_no_other_run_and_repeats_none(
    until_failure: bool, is_repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated: list[str] = []
    monkeypatch.setattr(jobs, "_repeat_failures", lambda *_: repeated.append("repeated"))
    target = load("asyncio:Barrier")
    job = replace(JOB, policies=tuple(one.name for one in target.kind.usual_policies), until_failure=until_failure)
    result = jobs.do_job(target, job)
    assert any(result.walk.failures.values())
    assert (result.walk.cut_short, bool(repeated)) == (until_failure, is_repeated)
    assert (result.cut_short, result.reasons) == ("", ())
    whole = jobs.do_job(target, replace(job, until_failure=False)).walk.schedules
    assert (result.walk.schedules < whole) == until_failure


def test_a_job_that_ends_at_a_step_that_does_not_end_repeats_its_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tree may not be walked again."""
    repeated: list[str] = []
    monkeypatch.setattr(jobs, "_repeat_failures", lambda *_: repeated.append("repeated"))
    walk = Explorer.walk

    def hanging(explorer: Explorer, **options: Any) -> Walk:
        found = walk(explorer, **options)
        found.hung = True
        return found

    monkeypatch.setattr(Explorer, "walk", hanging)
    target = load("asyncio:Barrier")
    jobs.do_job(target, replace(JOB, until_failure=True))
    assert set(repeated) == {"repeated"}


def test_a_tree_that_came_in_pieces_is_walked_in_full_once_every_policy_has_failed_in_it() -> None:
    queue = WorkQueue([JOB])
    assert queue.next() == Piece(0)
    first = came(java=True)
    first.left = ((Turn(1, quiet=False),), (Turn(2, quiet=False),))
    queue.take(Piece(0), first)
    assert [queue.next(), queue.next()] == [Piece(0, 0, (0,)), Piece(0, 0, (1,))]
    queue.take(Piece(0, 0, (0,)), came(cpython=True))
    assert not queue.needs(Piece(0, 0, (1,)))
    assert (queue.next(), queue.next()) == (Piece(0, 1), None)


def test_where_only_the_satisfied_ones_are_asked_for_nothing_is_walked_again() -> None:
    queue = WorkQueue([replace(JOB, only_whether=True)] * 2)
    queue.take(Piece(0), came(java=True))
    queue.take(Piece(1), came(cpython=True))
    assert queue.is_over


def test_what_was_left_out_after_a_step_that_does_not_end_stays_left_out() -> None:
    queue = WorkQueue([JOB] * 3)
    hung = came(java=True)
    hung.walk.hung = True
    queue.take(Piece(2), came(java=True))
    queue.take(Piece(1), hung)
    queue.take(Piece(0), came(cpython=False))
    assert [queue.next(), queue.next(), queue.next()] == [Piece(0, 1), Piece(1, 1), None]


def test_a_tree_in_which_the_first_failure_is_a_step_that_does_not_end_is_not_walked_again() -> None:
    queue = WorkQueue([JOB])
    hung = came(java=False, cpython=False)
    hung.walk.hung = True
    queue.take(Piece(0), hung)
    assert queue.is_over
