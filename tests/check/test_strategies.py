"""Strategies: what they choose, and what a walk by them finds."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from latchproof import Barrier
from latchproof.check.bounds import default_programs, levels
from latchproof.check.checker import check
from latchproof.check.choices import Path, Subtree, Turn
from latchproof.check.history import Event
from latchproof.check.strategies import Pct, Random, Replay, Sample, Strategy, make_strategy
from latchproof.check.target import TargetError, adapt
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs

OPTIONS = ["run", "call wait()", "call abort()", "cancel 1"]
FIVE = Programs((3,), at_once=4, calls=5, cancellations=1, waits_only=True)


def test_random_steps_half_of_the_time() -> None:
    strategy = Random(1, 0)
    counts = Counter(strategy.choose(OPTIONS) for _ in range(3000))
    assert abs(counts[0] - 1500) < 200
    assert all(abs(counts[index] - 500) < 150 for index in (1, 2, 3))
    assert strategy.choose(["run"]) == 0
    assert {strategy.choose(["in order", "reversed"]) for _ in range(50)} == {0, 1}


@pytest.mark.parametrize("kind", [Random, Pct])
def test_the_seed_decides(kind: Any) -> None:
    def chosen(seed: int) -> list[int | None]:
        strategy: Strategy = kind(3, seed)
        taken = []
        while strategy.begin(Path()):
            taken += [strategy.choose(OPTIONS) for _ in range(20)]
        return taken

    assert chosen(1) == chosen(1)
    assert chosen(1) != chosen(2)
    assert len(chosen(1)) == 60


def test_pct_follows_priorities_and_changes_them_so_often() -> None:
    """What is taken stays the same until a change of priority: the loop is one thread, a call another each time."""
    changes = 0
    strategy = Pct(200, 0, depth=2)
    while strategy.begin(Path()):
        taken = [strategy.choose(["run", "pass"]) for _ in range(30)]
        switches = sum(one != other for one, other in itertools.pairwise(taken))
        assert switches <= 1
        changes += switches
    assert changes > 0


def test_pct_draws_new_priorities_for_each_run() -> None:
    strategy = Pct(300, 0, depth=1)
    first: Counter[int | None] = Counter()
    while strategy.begin(Path()):
        first[strategy.choose(["run", "call wait()", "cancel 1"])] += 1
    assert all(abs(first[option] - 100) < 40 for option in range(3))


def test_replay_wants_what_can_be_done() -> None:
    strategy = Replay(["call wait()", "run", "in order", "cancel 1"])
    assert strategy.begin(Path())
    assert strategy.choose(["run", "call wait()"]) == 1
    assert strategy.choose(["in order", "reversed"]) == 0
    assert strategy.choose(["run"]) == 0
    with pytest.raises(TargetError, match="choice 3 of the schedule is 'cancel 1', but the options there are: run"):
        strategy.choose(["run", "call wait()"])
    assert not strategy.begin(Path())


def test_replay_goes_on_to_rest_and_makes_no_other_call() -> None:
    strategy = Replay([])
    assert strategy.choose(["run", "call wait()"]) == 0
    assert strategy.choose(["call wait()"]) is None
    assert strategy.choose(["return", "then wait()"]) == 0


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(TargetError, match="'fair' is not a scheduler; there are exhaustive, random, pct"):
        make_strategy("fair", 1, 0)


@pytest.mark.parametrize("scheduler", ["random", "pct"])
def test_what_is_sampled_is_found_and_can_be_sampled_again(scheduler: str) -> None:
    target = adapt(asyncio.Barrier)
    options: Any = {"policy": "cpython", "programs": (FIVE,), "scheduler": scheduler, "schedules": 1500, "seed": 3}
    verdict = check(target, **options)
    assert list(verdict.reported.failures) == ["C5"]
    assert (verdict.schedules, verdict.pruned) == (1500, 0)
    assert verdict.scheduler == f"{scheduler}, seed 3"
    assert check(target, **options).reported.failures.keys() == verdict.reported.failures.keys()


@pytest.mark.parametrize("scheduler", ["random", "pct"])
def test_a_right_class_passes_what_is_sampled(scheduler: str) -> None:
    target = adapt(Barrier)
    verdict = check(target, policy="latchproof", scheduler=scheduler, schedules=800)
    assert verdict.exit_code == 0
    places = list(levels(default_programs(target, "asyncio")))
    assert 800 <= verdict.schedules < 800 + len(places)


class Patient(Sample):
    """Lets the loop run as long as it can, and then takes the last option."""

    def choose(self, options: Sequence[str]) -> int | None:
        return 0 if options[0] in ("run", "pass") else len(options) - 1


def test_a_strategy_from_outside_is_all_that_a_walk_needs() -> None:
    target = adapt(Barrier)
    policies = target.machine.policies[:1]
    explorer = Explorer(target, FIVE, 3, policies, strategy=Patient(2, 0))
    found: list[tuple[Event, ...]] = []
    walk = explorer.walk(on_history=found.append)
    assert (walk.schedules, walk.covered, walk.pruned, walk.fraction) == (2, 2, 0, 0.0)
    assert found[0] == found[1]
    every: list[tuple[Event, ...]] = []
    Explorer(target, FIVE, 3, policies, prune=False).walk(on_history=every.append, at_most=5_000)
    assert str(found[0]) in map(str, every)


@pytest.mark.parametrize(
    ("within", "first"),
    [
        ((), ("call wait()", "run", "cancel 1")),
        ((Turn(1, quiet=False), Turn(0, quiet=False)), ("call wait()", "call wait()", "run")),
    ],
)
def test_a_walk_within_a_subtree_takes_its_turns_whatever_the_strategy(within: Subtree, first: tuple[str, ...]) -> None:
    target = adapt(Barrier)
    explorer = Explorer(target, FIVE, 3, target.machine.policies[:1], strategy=Patient(1, 0), within=within)
    explorer.walk()
    assert explorer.last_run is not None
    assert tuple(explorer.last_run.schedule[:3]) == first
