"""An estimate is right about trees that were counted, says how far it may be off, and concludes nothing."""

from __future__ import annotations

import pytest

from latchproof.check import checker as check_module
from latchproof.check import estimate as module
from latchproof.check.checker import check
from latchproof.check.choices import Path
from latchproof.check.estimate import Descents, estimate, mean_and_error
from latchproof.check.target import Target, TargetError, adapt, load
from latchproof.check.tree import Explorer
from latchproof.cli.main import main
from latchproof_spec.machine import Programs
from tests.check import samples

BARRIER = load("asyncio:Barrier")
LATCH = load("latchproof:CountdownLatch")
LATCH_SHAPE = Programs((1,), at_once=2, calls=3, cancellations=1, numbers=(0,))


@pytest.mark.parametrize(
    ("target", "shape"),
    [
        pytest.param(BARRIER, Programs((2,), at_once=3, calls=3, cancellations=1), id="barrier"),
        pytest.param(BARRIER, Programs((3,), at_once=3, calls=4, cancellations=1, waits_only=True), id="with-failures"),
        pytest.param(LATCH, LATCH_SHAPE, id="latch"),
    ],
)
def test_it_comes_near_to_a_tree_that_is_counted(target: Target, shape: Programs) -> None:
    (argument,) = shape.arguments
    policies = target.machine.policies[:1]
    tree = Explorer(target, shape, argument, policies, prune=False, merge=False).walk().schedules
    (one,) = estimate(target, [shape], policy=policies[0].name, samples=1500)
    assert one.error < 0.15 * tree
    assert abs(one.schedules - tree) < 3 * one.error


def size(tree: int) -> int:
    """The leaves of a lopsided tree: a node of n has a leaf for its first branch, and trees of n - 1 and n - 2."""
    return 1 if tree < 1 else 1 + size(tree - 1) + size(tree - 2)


def test_the_mean_is_the_number_of_leaves() -> None:
    strategy = Descents(20_000, seed=1)
    while strategy.begin(Path()):
        node = 8
        while node > 0:
            branch = strategy.choose(["leaf", "less by one", "less by two"])
            node = (0, node - 1, node - 2)[branch]
    mean, error = mean_and_error(strategy.leaves)
    assert abs(mean - size(8)) < 3 * error
    assert error < 0.05 * size(8)


def test_one_descent_says_nothing_of_the_error() -> None:
    assert mean_and_error([5]) == (5, float("inf"))


def test_the_same_seed_gives_the_same_estimate() -> None:
    def schedules(seed: int) -> float:
        return estimate(LATCH, [LATCH_SHAPE], samples=20, seed=seed)[0].schedules

    assert schedules(1) == schedules(1) != schedules(2)


def test_what_is_small_is_counted_as_a_check_counts_it() -> None:
    shape = Programs((2, 3), at_once=2, calls=3, cancellations=1)
    found = estimate(BARRIER, [shape], policy="cpython", samples=10)
    assert [one.argument for one in found] == [2, 3]
    assert all(one.is_counted for one in found)
    assert sum(one.runs for one in found) == check(BARRIER, policy="cpython", programs=(shape,)).schedules


def test_what_is_large_is_extrapolated_to_the_order_of_magnitude(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Programs((2,), at_once=3, calls=4, cancellations=2)
    (one,) = estimate(BARRIER, [shape], policy="cpython", samples=10)
    assert (one.is_counted, one.counted_calls) == (False, 3)
    counted = check(BARRIER, policy="cpython", programs=(shape,)).schedules
    assert counted > module.WALKED
    assert counted / 3 < one.runs < counted * 3
    assert one.seconds > 0
    monkeypatch.setattr(module, "WALKED_AT_FIRST", 1)
    (nothing_known,) = estimate(BARRIER, [shape], policy="cpython", samples=10)
    assert nothing_known.counted_calls == 0


@pytest.mark.parametrize(
    ("name", "shape", "host", "counted_calls"),
    [
        ("latchproof:Barrier", Programs((2,), 2, 2, 0, beside=2), "asyncio", 2),  # 190 schedules, then 1,456
        ("latchproof:CountdownLatch", Programs((1,), 2, 3, 1, numbers=(0,), again=True, in_except=True), "asyncio", 2),
        ("latchproof:Barrier", Programs((2,), 3, 3, 0), "trio", 2),
        ("tests.zoo.correct:SuspendingBarrier", Programs((4,), 4, 5, 2, waits_only=True), "asyncio", 3),
        ("tests.zoo.correct:SuspendingLatch", Programs((4,), 2, 5, 1, again=True), "asyncio", 2),
    ],
)
def test_it_is_right_within_a_factor_of_3(name: str, shape: Programs, host: str, counted_calls: int) -> None:
    target = load(name)
    (one,) = estimate(target, [shape], host=host, samples=1)
    counted = check(target, host=host, programs=(shape,)).schedules
    assert one.counted_calls == counted_calls
    assert counted / 3 < one.runs < counted * 3


def test_the_growth_is_taken_from_bounds_with_a_call_fewer_on_the_second_instance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where only the tree of one call is counted, its size says nothing of how the number grows."""
    monkeypatch.setattr(module, "WALKED_AT_FIRST", 300)
    target, shape = load("latchproof:Barrier"), Programs((2,), 2, 2, 0, beside=2)
    (one,) = estimate(target, [shape], samples=1)
    counted = check(target, programs=(shape,)).schedules
    assert one.counted_calls == 1
    assert counted / 1.5 < one.runs < counted * 1.5


def test_the_command_says_it_and_checks_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "check", None)  # to call it would be an error
    monkeypatch.setattr(module, "SAMPLES", 3)
    assert main(["check", "asyncio:Barrier", "--tasks", "2", "--calls", "2", "--estimate"]) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "latchproof check asyncio:Barrier: a barrier, on asyncio: an estimate of the work"
    row = next(line for line in said if line.startswith("parties 2: 2 calls, 2 at once, 1 cancellation"))
    assert "+-" in row
    assert "(counted)" in row
    assert not any("parties 3" in line for line in said)
    assert any("from 3 random descents" in line for line in said)
    assert said[-1] == "nothing was checked, and nothing is concluded"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheduler", "random"], "--estimate counts every schedule"),
        (["--policy", "none"], "there is no policy 'none' for a barrier"),
        (["--host", "none"], "none"),
    ],
)
def test_what_cannot_be_estimated_is_said(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--estimate", *options]) == 2
    assert message in capsys.readouterr().err


def test_a_target_that_does_something_else_each_time_is_said() -> None:
    shape = Programs((1,), at_once=2, calls=3, cancellations=1)
    with pytest.raises(TargetError, match="the work cannot be estimated: under the same schedule"):
        estimate(adapt(samples.MoodyLatch), [shape], samples=2)
