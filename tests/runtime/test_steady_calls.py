"""The calls of a steady program ask neither the specification nor which loop runs, because both cost time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch, barrier, hosts, latch, parking
from tests.runtime.drivers import TRIO, Host


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note when the specification or the hosts are asked."""
    noted: list[str] = []

    def noting(name: str, function: Any) -> Any:
        def ask(*arguments: Any) -> Any:
            noted.append(name)
            return function(*arguments)

        return ask

    for module in (latch, barrier):
        functions = {name: value for name, value in vars(module.spec).items() if not name.startswith("_")}
        asking = {name: noting(name, functions[name]) for name in ("wait", "count_down") if name in functions}
        monkeypatch.setattr(module, "spec", SimpleNamespace(**{**functions, **asking}))
    monkeypatch.setattr(parking, "current", noting("current", hosts.current))
    return noted


async def test_a_wait_at_a_closed_latch_asks_nothing(host: Host, asked: list[str]) -> None:
    latch = CountdownLatch(1)
    await host.spawn(latch.wait())
    asked.clear()
    tasks = [await host.spawn(latch.wait()) for _ in range(3)]
    assert asked == []
    latch.count_down_nowait()
    await host.settle()
    assert [task.outcome for task in tasks] == [None] * 3


async def test_an_arrival_that_completes_nothing_asks_nothing(host: Host, asked: list[str]) -> None:
    barrier = Barrier(4)
    await host.spawn(barrier.wait())
    asked.clear()
    tasks = [await host.spawn(barrier.wait()) for _ in range(2)]
    assert asked == []
    assert await barrier.wait() == 3
    assert asked == ["wait"]
    await host.settle()
    assert [task.outcome for task in tasks] == [1, 2]


async def test_a_count_down_of_more_than_one_asks_nothing_if_no_task_waits(host: Host, asked: list[str]) -> None:
    latch = CountdownLatch(5)
    await latch.count_down()
    asked.clear()
    for count in (3, 2, 1):
        await latch.count_down()
        assert latch.count == count
    # on trio it passes two checkpoints
    assert asked == (["count_down"] * 3 if host is TRIO else [])


async def test_a_count_down_does_not_look_for_its_loop_again(host: Host, asked: list[str]) -> None:
    latch = CountdownLatch(3)
    task = await host.spawn(latch.wait())
    asked.clear()
    for _ in range(3):
        await latch.count_down()
    assert "current" not in asked
    await host.settle()
    assert task.outcome is None
