"""Every workload does what it says, for every contender that is installed, on every host: small, and never timed."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.contenders import HOSTS, Contenders
from benchmarks.environments import candidates, find
from benchmarks.hosts import Host
from benchmarks.worker import remembering

from benchmarks import workloads


@pytest.fixture(params=HOSTS)
def measured(request: pytest.FixtureRequest) -> tuple[Host, Contenders]:
    return HOSTS[request.param]()


def test_every_barrier_trips_again_and_again(measured: tuple[Host, Contenders]) -> None:
    host, those = measured
    assert set(those.barriers) >= {"limit", "latchproof"}
    for make in those.barriers.values():
        arrivals: list[int] = []

        def counted(n: int, make: Any = make, arrivals: list[int] = arrivals) -> Any:
            party = make(n)

            async def counting(rounds: int) -> None:
                await party(rounds)
                arrivals.append(rounds)

            return counting

        assert workloads.barrier(host, counted, 3, 4) > 0
        assert sorted(arrivals) == [1, 4, 5, 5]


def test_every_latch_lets_everybody_go_each_time(measured: tuple[Host, Contenders]) -> None:
    host, those = measured
    assert set(those.latches) >= {"limit", "latchproof"}
    for make in those.latches.values():
        assert workloads.latch(host, make, 3, 4) > 0


def test_every_counter_counts(measured: tuple[Host, Contenders]) -> None:
    host, those = measured
    assert set(those.counters) >= {"int", "latchproof"}
    for make in those.counters.values():
        assert workloads.count_down(host, make, 50) > 0


@pytest.mark.parametrize("last", [False, True])
def test_every_wait_can_be_cancelled(measured: tuple[Host, Contenders], last: bool) -> None:
    host, those = measured
    assert set(those.waits) >= {"limit", "latchproof latch", "latchproof barrier"}
    for make in those.waits.values():
        assert workloads.cancel(host, make, 5, last) > 0


@pytest.mark.parametrize("host", HOSTS)
def test_a_parked_task_takes_memory_whoever_parks_it(host: str) -> None:
    table = remembering(host, ("limit", "latchproof latch", "latchproof barrier"), 20)
    assert 0.9 < table["ratios"]["latchproof latch"][0] < 5
    assert 0.9 < table["ratios"]["latchproof barrier"][0] < 5


def test_who_is_missing_is_named(measured: tuple[Host, Contenders]) -> None:
    _, those = measured
    assert ("aiologic" in those.missing) != ("aiologic.Barrier" in those.barriers)


def test_a_python_that_is_not_there_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PYTHON_3_99", "/nowhere/python")
    assert list(candidates("3.99")) == ["/nowhere/python"]
    assert find("3.99") is None
