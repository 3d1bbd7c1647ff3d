"""What is said of how a check grows: from where more workers pay, and what was not measured."""

from __future__ import annotations

from benchmarks.growth import CLUSTER, ONE, TWO, WAYS, Point, Results, pays, table


def point(alone: float, two: float, cluster: float) -> Point:
    return Point("calls", 3, 9, 5, {ONE: [alone, 9.0], TWO: [9.0, two], CLUSTER: [cluster]})


POINTS = [point(1, 2, 4), point(2, 1.5, 5), point(3, 3.5, 5), point(8, 5, 7)]


def test_another_way_pays_from_where_it_is_always_faster() -> None:
    assert pays(POINTS, TWO) == "two workers: faster from 8.0 s on one worker (not yet at 3.0 s): 8.0 s become 5.0 s"
    assert pays(POINTS[:1], TWO) == "two workers: not faster at 1.0 s on one worker, the longest"


def test_the_start_of_the_cluster_counts() -> None:
    assert pays(POINTS, CLUSTER) == (
        "cluster of two: faster from 8.0 s on one worker (not yet at 3.0 s): 8.0 s become 7.0 s"
    )
    assert pays(POINTS, CLUSTER, start=2.0) == (
        "cluster of two with its start: not faster at 8.0 s on one worker, the longest"
    )


def test_what_was_not_measured_is_said() -> None:
    whole = {way: [1.0] for way in WAYS}
    points = [
        Point("calls", 3, 9, 5, whole, whole),
        Point("calls", 4, None, 70, whole),
        Point("calls", 5, 99, 9, whole),
    ]
    lines = list(table(Results(points, [2.0], "3.11.7", 2, 60, [1.0])))
    assert sum("without reductions: not measured" in line for line in lines) == 2
    assert sum("more than 60 schedules" in line for line in lines) == 2
    assert "not counted" in "".join(lines)
    assert "cluster starts in 2.0" in lines[0]
