"""A class for threads is refused within seconds; a method that returns something to await is not mistaken for one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import multiprocessing
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from latchproof.check import awaiting
from latchproof.check.awaiting import require_awaitable
from latchproof.check.target import TargetError, adapt
from latchproof.testing import check
from tests.check.samples import FifoBarrier


class ThreadLatch:
    """A right latch for threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._changed = threading.Condition()

    def count_down(self) -> None:
        with self._changed:
            self.count -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.count <= 0)


class Spins(ThreadLatch):
    def wait(self) -> None:
        while self.count > 0:
            time.sleep(0)


class GivesFuture(ThreadLatch):
    """What it returns is for threads, too."""

    def wait(self) -> Any:
        return concurrent.futures.Future()


class ReturnsAtOnce(ThreadLatch):
    def wait(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("factory", [ThreadLatch, threading.Barrier, multiprocessing.Barrier, Spins])
def test_a_class_that_blocks_is_refused(factory: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "LIMIT_SECONDS", 0.2)
    with pytest.raises(
        TargetError, match=r"wait\(\) of .* is not a coroutine function and returned nothing to await, and"
    ):
        adapt(factory)


def test_the_limit_is_some_seconds() -> None:
    assert 1 <= awaiting.LIMIT_SECONDS <= 5


@pytest.mark.parametrize(("factory", "seen"), [(GivesFuture, "<Future at"), (ReturnsAtOnce, "None")])
def test_what_cannot_be_awaited_is_shown(factory: Callable[..., Any], seen: str) -> None:
    with pytest.raises(TargetError, match=f"returned nothing to await, but {seen}"):
        adapt(factory)


def test_a_class_that_blocks_is_refused_outside_of_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "LIMIT_SECONDS", 0.2)
    with (
        concurrent.futures.ThreadPoolExecutor() as pool,
        pytest.raises(TargetError, match="a class for threads cannot be"),
    ):
        pool.submit(adapt, ThreadLatch).result()


def logged(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a method, as decorators do that know nothing of coroutines."""

    @functools.wraps(method)
    def wrapper(*arguments: Any) -> Any:
        return method(*arguments)

    return wrapper


class Decorated(FifoBarrier):
    wait = logged(FifoBarrier.wait)


class StartsTask(FifoBarrier):
    """It needs a running loop, and has made a coroutine before it notices that there is none."""

    def wait(self) -> Any:
        return asyncio.ensure_future(super().wait())


class Awaitable:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __await__(self) -> Any:
        return (yield from self._inner.__await__())


class GivesAwaitable(FifoBarrier):
    def wait(self) -> Any:
        return Awaitable(super().wait())


class Assigned(FifoBarrier):
    """The method is an attribute of the object, and implemented in C."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self.wait = functools.partial(super().wait)  # type: ignore[method-assign]


class CountsDownByCoroutine:
    """Another operation may be a coroutine function."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._open = asyncio.Event()

    async def count_down(self) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self._open.set()

    async def wait(self) -> None:
        if self.count:
            await self._open.wait()


@pytest.mark.parametrize("factory", [Decorated, StartsTask, GivesAwaitable, Assigned, CountsDownByCoroutine])
def test_a_method_that_gives_something_to_await_is_driven(factory: Callable[[int], Any]) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        target = adapt(factory)
    assert seen == []
    assert check(target, calls=2, cancels=0, policy="latchproof").exit_code == 0


def test_what_the_call_raises_is_left_to_the_check() -> None:
    def raises() -> None:
        raise RuntimeError("no running event loop")

    require_awaitable(raises, "wait()")
