"""Every workload does what it says, for every contender that is here, on every host: small, and never timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from benchmarks.contenders import Contenders
from benchmarks.environments import candidates, find
from benchmarks.hosts import AsyncioHost, FlownoHost, Host, TrioHost

from benchmarks import contenders, workloads

HOSTS: dict[str, tuple[Callable[[], Host], Callable[[], Contenders]]] = {
    "asyncio": (AsyncioHost, contenders.asyncio_contenders),
    "uvloop": (lambda: AsyncioHost(uvloop.new_event_loop), contenders.asyncio_contenders),
    "trio": (TrioHost, contenders.trio_contenders),
    "flowno": (FlownoHost, contenders.flowno_contenders),
}


@pytest.fixture(params=HOSTS)
def measured(request: pytest.FixtureRequest) -> tuple[Host, Contenders]:
    new_host, new_contenders = HOSTS[request.param]
    return new_host(), new_contenders()


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


def test_a_parked_task_takes_memory_whoever_parks_it(measured: tuple[Host, Contenders]) -> None:
    host, those = measured
    for make in those.waits.values():
        assert workloads.memory(host, make, 20) > 100


def test_who_is_missing_is_named(measured: tuple[Host, Contenders]) -> None:
    _, those = measured
    assert ("aiologic" in those.missing) != ("aiologic.Barrier" in those.barriers)


def test_a_python_that_is_not_there_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PYTHON_3_99", "/nowhere/python")
    assert list(candidates("3.99")) == ["/nowhere/python"]
    assert find("3.99") is None
