"""What came of a walk is counted, the smallest failures are kept, and a walk in pieces is the whole walk."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.choices import RETURN, Subtree
from latchproof.check.history import Event, Failure, Finding
from latchproof.check.loops.asyncio import NumberedStepLoop, StepLoop
from latchproof.check.run import Run
from latchproof.check.strategies import Random
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer, Walk, keep_smallest
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.zoo import correct, faulty

SHAPE = Programs((2,), at_once=2, calls=2, cancellations=1, numbers=(0,))


def explorer(factory: Any, shape: Programs = SHAPE, argument: int = 2, **options: Any) -> Explorer:
    target = adapt(factory)
    return Explorer(target, shape, argument, target.machine.policies[:2], **options)


def failure(claim: str, size: int) -> Failure:
    return Failure(Finding(claim, "seen", ("allowed",), ()), 2, (), (), (size, 0, 2, 2))


def test_the_smallest_failure_of_each_claim_is_kept() -> None:
    kept: dict[str, Failure] = {}
    first, same, smaller, larger, other = (
        failure(claim, size) for claim, size in (("C1", 3), ("C1", 3), ("C1", 2), ("C1", 4), ("C2", 5))
    )
    keep_smallest(kept, first)
    keep_smallest(kept, same)
    keep_smallest(kept, larger)
    assert kept["C1"] == replace(first, others=(same,))
    keep_smallest(kept, smaller)
    keep_smallest(kept, other)
    assert list(kept) == ["C1", "C2"]
    assert kept["C1"] is smaller


CUT = Walk(cut_short=True)


def test_two_walks_are_added() -> None:
    one = Walk(1, 2, 3, 4, 5, 6, no_fingerprint="an object", fired={"a": {"R1"}, "b": {"R2"}})
    other = Walk(10, 20, 30, 40, 50, 60, fired={"a": {"R3"}, "c": {"R4"}})
    one.failures = {"a": {"C1": failure("C1", 2), "C2": failure("C2", 5)}}
    other.failures = {"a": {"C1": failure("C1", 3), "C2": failure("C2", 4)}, "c": {"C3": failure("C3", 1)}}
    before = {policy: dict(found) for policy, found in one.failures.items()}
    for both in (one + other, other + one):
        counts = [getattr(both, part.name) for part in fields(Walk)[:6]]
        assert counts == [11, 22, 33, 44, 55, 66]
        assert both.no_fingerprint == "an object"
        assert both.complete
        assert both.fired == {"a": {"R1", "R3"}, "b": {"R2"}, "c": {"R4"}}
        found = [(policy, *one) for policy in both.failures for one in both.failures[policy].items()]
        sizes = sorted((policy, claim, kept.size[0]) for policy, claim, kept in found)
        assert sizes == [("a", "C1", 2), ("a", "C2", 4), ("c", "C3", 1)]
    assert one.failures == before
    assert not (one + other).cut_short
    assert all((first + second).cut_short for first, second in ((CUT, one), (one, CUT), (CUT, CUT)))
    assert not (one + Walk(complete=False)).complete
    assert not (Walk(complete=False) + one).complete


def test_nothing_has_come_of_a_walk_that_has_not_begun() -> None:
    walk = Walk()
    assert [getattr(walk, part.name) for part in fields(Walk)[:7]] == [0, 0, 0, 0, 0, 0, 0.0]
    assert (walk.complete, walk.cut_short, walk.no_fingerprint) == (True, False, None)


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("factory", [CountdownLatch, faulty.EarlyNoticeLatch, samples.PollingLatch])
def test_what_each_run_did_is_counted(factory: Any, merge: bool) -> None:
    made: list[Run] = []
    fractions: list[float] = []
    made_steps: set[tuple[int, int, str]] = set()
    shape = Programs((2,), at_once=1, calls=1, cancellations=1) if factory is samples.PollingLatch else SHAPE
    explores = explorer(factory, shape, merge=merge)
    assert explores.progress == (0, 0, "")

    def note(so_far: Walk) -> None:
        assert explores.last_run is not None
        assert so_far.schedules == len(made) + 1
        made.append(explores.last_run)
        fractions.append(so_far.fraction)
        made_steps.add(explores.progress)

    walk = explores.walk(on_run=note)
    assert walk.schedules == len(made) > 1
    assert walk.steps == sum(run.steps for run in made)
    assert walk.events == sum(len(run.history) for run in made)
    assert walk.restless == sum(run.restless for run in made)
    assert (walk.restless > 0) is (factory is samples.PollingLatch and not merge)
    assert made_steps == {(number, run.steps + len(run.history), run.doing) for number, run in enumerate(made, 1)}
    assert fractions == sorted(fractions)
    assert 0 == fractions[0] < fractions[-1] < 1
    assert set(walk.fired) == {policy.name for policy in adapt(factory).machine.policies[:2]}
    assert all(walk.fired.values())


@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("factory", [correct.BareLatch, Barrier])
def test_the_runs_stand_for_those_that_merging_spares(factory: Any, prune: bool) -> None:
    shape = Programs((2,), at_once=2, calls=3, cancellations=1, numbers=(0,))
    merged, whole = (explorer(factory, shape, prune=prune, merge=merge).walk() for merge in (True, False))
    assert 0 < merged.pruned < merged.schedules < whole.schedules
    if not prune:
        assert (whole.pruned, whole.covered) == (0, whole.schedules)
    assert whole.covered == whole.schedules - whole.pruned
    # of the schedules below a state for which one with more calls left stands, only one is counted
    assert 0.5 * whole.covered < merged.covered <= whole.covered
    assert merged.covered > merged.schedules


def test_a_run_that_comes_round_is_whole() -> None:
    walk = explorer(samples.PollingLatch, Programs((1,), 1, 1, 0, waits_only=True), 1).walk()
    assert (walk.schedules, walk.pruned, walk.covered, walk.restless) == (1, 0, 1, 0)


def test_a_history_is_told_of_every_run_that_was_not_cut_short() -> None:
    told: list[tuple[Event, ...]] = []
    shape = Programs((2,), at_once=3, calls=3, cancellations=1, numbers=(0,), again=True)
    explores = explorer(Barrier, shape)
    walk = explores.walk(on_history=told.append)
    assert len(told) == walk.schedules - walk.pruned == walk.covered > 1
    assert walk.pruned > 0
    assert explores.setup.seen is None
    merged = explorer(Barrier, shape).walk()
    assert len(told) > merged.schedules - merged.pruned


def test_a_walk_is_as_it_is_asked_to_be() -> None:
    usual = explorer(CountdownLatch).setup
    assert usual.prune
    assert usual.seen is not None
    assert usual.seen.merge
    assert usual.make_stepper is StepLoop
    assert not any(judge.strict for judge in usual.judges)
    assert not explorer(CountdownLatch, prune=False).setup.prune
    assert explorer(CountdownLatch, merge=False).setup.seen is None
    assert explorer(CountdownLatch, ordered=True).setup.make_stepper is NumberedStepLoop
    assert all(judge.strict for judge in explorer(CountdownLatch, strict=True).setup.judges)
    assert usual.continuations[0] is RETURN
    for kind, actions in {"call": usual.calls, "other": usual.others, "then": usual.continuations[1:]}.items():
        assert [(one.kind, one.word) for one in actions] == [(kind, f"{kind} {one.payload}") for one in actions]
        assert {str(one.payload) for one in actions} >= {"wait()", "count_down(False)", "set_count(0)"}


def test_a_sample_leaves_nothing_out() -> None:
    sampling = explorer(CountdownLatch, strategy=Random(20, seed=1))
    assert not sampling.setup.prune
    assert sampling.setup.seen is not None
    assert not sampling.setup.seen.merge
    walk = sampling.walk()
    assert (walk.schedules, walk.pruned, walk.covered) == (20, 0, 20)


def walked_in_pieces(factory: Any, within: Subtree, split_after: int, **options: Any) -> tuple[Walk, int]:
    explores = explorer(factory, within=within, **options)
    walk, pieces = explores.walk(split_after=split_after), 1
    assert walk.schedules == split_after or not explores.left
    for left in explores.left:
        part, more = walked_in_pieces(factory, left, split_after * 4, **options)
        walk, pieces = walk + part, pieces + more
    return walk, pieces


@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("factory", [CountdownLatch, faulty.EarlyNoticeLatch])
def test_a_walk_in_pieces_is_the_whole_walk(factory: Any, prune: bool) -> None:
    whole = explorer(factory, prune=prune, merge=False).walk()
    for split_after in (1, 5):
        walk, pieces = walked_in_pieces(factory, (), split_after, prune=prune, merge=False)
        assert pieces >= 3
        assert (walk.schedules, walk.covered, walk.pruned) == (whole.schedules, whole.covered, whole.pruned)
        assert (walk.steps, walk.events, walk.fired) == (whole.steps, whole.events, whole.fired)
        assert {policy: found.keys() for policy, found in walk.failures.items()} == {
            policy: found.keys() for policy, found in whole.failures.items()
        }


def test_a_piece_of_a_walk_knows_which_steps_are_quiet_after_a_request() -> None:
    shape = Programs((0,), at_once=2, calls=2, cancellations=1, waits_only=True)
    whole = explorer(correct.SuspendingLatch, shape, 0, merge=False).walk()
    walk, _ = walked_in_pieces(correct.SuspendingLatch, (), 5, shape=shape, argument=0, merge=False)
    assert (walk.schedules, walk.covered) == (whole.schedules, whole.covered)


def test_a_walk_that_is_not_split_leaves_nothing() -> None:
    explores = explorer(CountdownLatch)
    walk = explores.walk(split_after=10_000)
    assert explores.left == ()
    assert (walk.complete, walk.cut_short) == (True, False)
    assert explores.so_far is walk
    assert explores.so_far.schedules == walk.schedules


def test_what_a_walk_leaves_another_does_not_find() -> None:
    """Though the target is loaded again, as it then is."""
    found = [explorer(faulty.CommonGenerationBarrier).walk().failures for _ in range(2)]
    assert {policy: [*one] for policy, one in found[0].items()} == {policy: [*one] for policy, one in found[1].items()}
    assert faulty.CommonGenerationBarrier._ends == {}

    def interrupt(so_far: Walk) -> None:
        if so_far.schedules == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explorer(faulty.CommonGenerationBarrier).walk(on_run=interrupt)
    assert faulty.CommonGenerationBarrier._ends == {}


def test_a_walk_without_policies_never_has_enough_failures() -> None:
    target = adapt(faulty.EarlyNoticeLatch)
    walk = Explorer(target, SHAPE, 2, ()).walk(after_failure=0)
    assert not walk.cut_short
