"""The calls of a steady program ask neither the specification nor which loop runs, because both cost time."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch, barrier, hosts, latch, parking
from tests.runtime.drivers import ASYNCIO, TRIO, Host


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


class OtherFuture(asyncio.Future[Any]):
    """A future of a class of its loop."""


class LoopOfOtherFutures(asyncio.SelectorEventLoop):
    """A loop that makes other futures than asyncio does."""

    def create_future(self) -> asyncio.Future[Any]:
        return OtherFuture(loop=self)


@pytest.mark.parametrize("new", [lambda: CountdownLatch(1), lambda: Barrier(3)], ids=["latch", "barrier"])
def test_a_wait_makes_a_plain_future_without_asking_the_loop(new: Any) -> None:
    calls: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    async def main() -> None:
        shared = new()
        first = asyncio.ensure_future(shared.wait())
        await ASYNCIO.pause()
        waiting = shared.wait()
        sys.setprofile(note)
        try:
            future = waiting.send(None)
        finally:
            sys.setprofile(None)
        assert "create_future" not in calls
        assert type(future) is asyncio.Future
        assert future.get_loop() is asyncio.get_running_loop()
        waiting.close()
        first.cancel()

    asyncio.run(main())


def test_a_loop_that_makes_other_futures_makes_those_of_the_waits() -> None:
    async def main() -> None:
        latch = CountdownLatch(1)
        waiting = asyncio.ensure_future(latch.wait())
        await ASYNCIO.pause()
        another = latch.wait()
        assert type(another.send(None)) is OtherFuture
        another.close()
        latch.count_down_nowait()
        await waiting

    with asyncio.Runner(loop_factory=LoopOfOtherFutures) as runner:
        runner.run(main())
