"""The rounds of the benchmarks and their ratios, with invented clocks."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable

import pytest
from benchmarks.ratios import NonsenseError, Ratio, interleaved, over


def test_a_ratio_is_the_median_with_the_quartiles() -> None:
    assert Ratio.of([5.0, 1.0, 2.0, 4.0, 3.0]) == Ratio(3.0, 2.0, 4.0)
    assert Ratio.of([1.5]) == Ratio(1.5, 1.5, 1.5)
    assert str(Ratio.of([1.0, 2.0])) == "1.50 (1.25-1.75)"


def test_one_outlier_moves_neither_the_median_nor_the_spread() -> None:
    assert Ratio.of([1.0, 1.0, 1.0, 1.0, 100.0]) == Ratio(1.0, 1.0, 1.0)


@pytest.mark.parametrize("ratios", [[], [1.0, 0.0], [-1.0], [math.nan, 1.0], [math.inf]])
def test_a_ratio_of_nonsense_is_refused(ratios: list[float]) -> None:
    with pytest.raises(NonsenseError, match=r"no rounds|positive number"):
        Ratio.of(ratios)


def logged(log: list[str], name: str, costs: list[float]) -> Callable[[], float]:
    def run() -> float:
        assert not gc.isenabled()
        log.append(name)
        return costs[log.count(name) - 1]

    return run


def test_rounds_are_interleaved_in_changing_order_and_the_first_is_thrown_away() -> None:
    log: list[str] = []
    costs = {name: [float(100 * i), *(float(i) for _ in range(3))] for i, name in enumerate("abc", 1)}
    found = interleaved({name: logged(log, name, costs[name]) for name in costs}, 3)
    assert "".join(log) == "abc" + "bca" + "cab" + "abc"
    assert found == {"a": [1.0] * 3, "b": [2.0] * 3, "c": [3.0] * 3}
    assert gc.isenabled()


def test_the_collector_is_switched_on_again_when_a_contender_fails() -> None:
    def fail() -> float:
        raise KeyError

    with pytest.raises(KeyError):
        interleaved({"a": fail}, 1)
    assert gc.isenabled()


@pytest.mark.parametrize("cost", [0.0, -1.0, math.nan])
def test_a_cost_that_the_clock_cannot_tell_is_refused(cost: float) -> None:
    with pytest.raises(NonsenseError, match=r"^a cost .*: more must be done in a round"):
        interleaved({"a": lambda: cost}, 1)


def test_to_measure_nothing_is_refused() -> None:
    with pytest.raises(NonsenseError, match="measure nothing"):
        interleaved({}, 3)
    with pytest.raises(NonsenseError, match="measure nothing"):
        interleaved({"a": lambda: 1.0}, 0)


def test_costs_are_divided_by_the_reference_of_the_same_round() -> None:
    """What slows the machine in one round changes no ratio."""
    steady = over({"limit": [1.0, 1.0, 1.0], "ours": [1.5, 1.5, 1.5]}, "limit")
    disturbed = over({"limit": [1.0, 9.0, 1.0], "ours": [1.5, 13.5, 1.5]}, "limit")
    assert steady == disturbed == {"limit": [1.0] * 3, "ours": [1.5] * 3}


def test_a_reference_that_was_not_measured_is_refused() -> None:
    with pytest.raises(NonsenseError, match="'limit' was not measured"):
        over({"ours": [1.0]}, "limit")
