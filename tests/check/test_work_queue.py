"""The pieces of a tree are the whole tree, in whatever order they are done; a piece that is cancelled cannot count."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from latchproof.check import checker as module
from latchproof.check.bounds import describe_bounds
from latchproof.check.checker import check
from latchproof.check.choices import Subtree, Turn
from latchproof.check.history import Failure, Finding
from latchproof.check.jobs import Job, JobResult, do_job
from latchproof.check.reasons import Reason
from latchproof.check.target import Target, adapt, load
from latchproof.check.tree import Explorer, Walk
from latchproof.check.work_queue import Piece, WorkQueue
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.check.trio_samples import EventBarrier

SHAPE = Programs((3,), at_once=3, calls=4, cancellations=1, waits_only=True)
BARRIER = load("asyncio:Barrier")
LEFT: Subtree = (Turn(1, False),)
STUCK = Reason("stuck", "parties 3", "a step has not ended")
JOB = Job(SHAPE, 3, ("cpython", "java"), "asyncio", False, "exhaustive", 1000, 0)


def done(job: Job, seed: int, target: Target = BARRIER) -> tuple[JobResult, int]:
    """What comes of a job whose pieces are done in some order, and how many pieces were done."""
    queue, order, number = WorkQueue([job]), random.Random(seed), 0
    waiting: list[Piece] = []
    while not queue.is_over:
        while (piece := queue.next()) is not None:
            waiting.append(piece)
        piece = waiting.pop(order.randrange(len(waiting)))
        if queue.needs(piece):
            queue.take(piece, do_job(target, queue.job(piece)))
            number += 1
    (result,) = queue.results(target)
    return result, number


def histories(split_after: int | None) -> list[str]:
    """The history of every schedule, with nothing merged, walked in pieces."""
    found: list[str] = []
    waiting: list[Subtree] = [()]
    while waiting:
        shape = Programs((2,), at_once=3, calls=3, cancellations=1)
        explorer = Explorer(BARRIER, shape, 2, BARRIER.machine.policies[:1], within=waiting.pop())
        explorer.walk(split_after=split_after, on_history=lambda history: found.append(str(history)))
        waiting += explorer.left
    return found


def test_the_pieces_are_the_whole_tree_and_nothing_twice() -> None:
    whole = histories(None)
    assert len(whole) > 100
    for size in (1, 7, 40):
        assert sorted(histories(size)) == sorted(whole)


def sizes(result: JobResult) -> dict[str, dict[str, tuple[int, int, int, int]]]:
    return {name: {claim: one.size for claim, one in found.items()} for name, found in result.walk.failures.items()}


@pytest.mark.parametrize("size", [3, 10])
def test_the_order_makes_no_difference(size: int) -> None:
    """Ours satisfies one of these policies, and breaks the other."""
    ours = load("latchproof:Barrier")
    job = replace(JOB, policies=("latchproof", "java"), piece=size)
    first, pieces = done(job, 0, ours)
    assert pieces > 1
    assert all(done(job, seed, ours) == (first, pieces) for seed in (1, 2))
    whole, one = done(replace(job, piece=None), 0, ours)
    assert one == 1
    assert sizes(first) == sizes(whole)
    assert sizes(whole)["java"]
    assert first.walk.covered == whole.walk.covered
    assert first.walk.schedules >= whole.walk.schedules


@pytest.mark.parametrize("size", [3, 10])
def test_the_order_makes_no_difference_where_the_rest_is_called_off(size: int) -> None:
    job = replace(JOB, policies=("cpython",), piece=size)
    first, _ = done(job, 0)
    assert all(done(job, seed)[0] == first for seed in (1, 2, 3))
    assert "once it had failed" in first.cut_short
    whole, _ = done(replace(job, piece=None), 0)
    assert sizes(first) == sizes(whole) != {"cpython": {}}


def test_trees_on_trio_can_be_split_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the order in which ready tasks run is a choice as well."""
    shape, target = Programs((2,), 2, 2, 1, waits_only=True), adapt(EventBarrier)
    whole = check(target, host="trio", programs=(shape,))
    monkeypatch.setattr(module, "PIECE", 3)
    pieces = check(target, host="trio", programs=(shape,))
    assert (pieces.status, pieces.satisfied, pieces.covered) == (whole.status, whole.satisfied, whole.covered)
    assert pieces.schedules > whole.schedules > 10


def test_what_is_beyond_the_number_of_schedules_does_not_count() -> None:
    job = replace(JOB, piece=5, schedules=12)
    first, _ = done(job, 0)
    assert not first.walk.complete
    assert 12 <= first.walk.schedules < 12 + 5
    text = f"stopped after {first.walk.schedules} schedules of {describe_bounds(SHAPE, BARRIER)}"
    assert first.reasons == (Reason("stopped-early", "parties 3", text),)
    assert [done(job, seed)[0] for seed in range(1, 4)] == [first] * 3


def failing(*claims: str, rank: int) -> Walk:
    found = {claim: Failure(Finding(claim, "", (), ()), 3, (), (), (rank, 0, 3, 0)) for claim in claims}
    return Walk(schedules=1, failures={"cpython": found})


def test_once_every_policy_has_failed_only_what_is_smaller_is_walked() -> None:
    queue = WorkQueue([replace(JOB, policies=("cpython",))])
    queue.take(Piece(0), JobResult(Walk(schedules=1, failures={"cpython": {}}), left=(LEFT, LEFT)))
    queue.take(Piece(0, 0, (0,)), JobResult(failing("C5", rank=3)))
    assert not queue.needs(Piece(0, 0, (1,)))
    queue.take(Piece(0, 0, (1,)), JobResult(failing("C6", rank=2)))  # too late to count
    last = queue.next()
    assert last is not None
    assert queue.job(last).smaller_than == (3, 0)
    queue.take(last, JobResult(failing("C5", rank=2)))
    assert queue.is_over
    (result,) = queue.results(BARRIER)
    assert {claim: one.size[0] for claim, one in result.walk.failures["cpython"].items()} == {"C5": 2}
    assert result.walk.schedules == 3


def test_while_a_policy_is_satisfied_nothing_is_called_off() -> None:
    queue = WorkQueue([JOB])
    queue.take(Piece(0), JobResult(failing("C5", rank=3), left=(LEFT,)))
    assert queue.needs(Piece(0, 0, (0,)))


def test_a_piece_that_is_not_deterministic_has_its_whole_tree_done_anew() -> None:
    queue = WorkQueue([JOB])
    queue.take(Piece(0), JobResult(Walk(schedules=1), left=(LEFT, LEFT)))
    queue.take(
        Piece(0, 0, (0,)),
        JobResult(Walk(), (Reason("nondeterministic", "", "odd"),), is_deterministic=False, broken_off=True),
    )
    assert not queue.needs(Piece(0, 0, (1,)))
    assert queue.next() == Piece(0, 1)
    assert queue.job(Piece(0, 1)).ordered
    queue.take(Piece(0, 1), JobResult(Walk(schedules=5), ordered=True))
    (result,) = queue.results(BARRIER)
    assert (result.walk.schedules, result.reasons, result.is_deterministic) == (5, (), True)


@pytest.mark.parametrize("position", [0, 1])
def test_what_is_said_of_any_piece_is_said_of_the_whole(position: int) -> None:
    """In particular, that its failures may be chance, and that some of its runs never rested."""
    said = JobResult(
        Walk(schedules=2, restless=1, complete=False, no_fingerprint="an object", fired={"java": {"B1"}}),
        (STUCK,),
        ("a note",),
        absent=("reset",),
        is_deterministic=False,
        is_controlled=False,
        ordered=True,  # there is no second chance any more
    )
    silent = JobResult(Walk(schedules=1, fired={"java": {"B3"}}), ordered=True)
    first, last = (said, silent) if position == 0 else (silent, said)
    queue = WorkQueue([replace(JOB, ordered=True)])
    queue.take(Piece(0), replace(first, left=(LEFT,)))
    queue.take(Piece(0, 0, (0,)), last)
    assert queue.is_over
    (whole,) = queue.results(BARRIER)
    walk = whole.walk
    assert (walk.schedules, walk.restless, walk.complete, walk.no_fingerprint) == (3, 1, False, "an object")
    assert walk.fired["java"] == {"B1", "B3"}
    assert (whole.notes, whole.absent) == (("a note",), ("reset",))
    assert (whole.is_deterministic, whole.is_controlled) == (False, False)
    assert [reason.code for reason in whole.reasons] == ["stuck", "stopped-early", "never-rested"]


def test_a_set_of_futures_is_gone_over_in_one_order_in_pieces_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Programs((1,), at_once=3, calls=4, cancellations=0)
    monkeypatch.setattr(module, "PIECE", 3)
    verdict = check(adapt(samples.SetLatch), policy="latchproof", programs=(shape,))
    assert verdict.reported.failures == {}
    assert not any("under the same schedule" in reason.text for reason in verdict.reasons)
    assert verdict.schedules > 10


def test_a_piece_after_a_step_that_does_not_end_does_not_count() -> None:
    queue = WorkQueue([JOB])
    queue.take(Piece(0), JobResult(Walk(schedules=1), left=(LEFT, LEFT)))
    queue.take(Piece(0, 0, (1,)), JobResult(Walk(schedules=100)))
    queue.take(Piece(0, 0, (0,)), JobResult(Walk(schedules=3), (STUCK,), broken_off=True))
    assert queue.is_over
    (result,) = queue.results(BARRIER)
    assert (result.walk.schedules, result.reasons) == (4, (STUCK,))


def test_what_was_done_before_an_interrupt_is_kept() -> None:
    queue = WorkQueue([JOB, JOB])
    queue.take(Piece(0), JobResult(failing("C5", rank=3), left=(LEFT, LEFT)))
    queue.take(Piece(0, 0, (1,)), JobResult(failing("C5", rank=2)))
    first, second = queue.results(BARRIER)
    assert first.walk.failures["cpython"]["C5"].size[0] == 2
    assert (first.done, second.done, second.walk.schedules) == (False, False, 0)
