"""Programs are well formed: a task gives back only what it holds itself."""

from __future__ import annotations

import asyncio

import pytest

from latchproof.check.checker import check
from latchproof.check.holdings import Holdings
from latchproof.check.target import Call, Target, adapt
from latchproof_spec.machine import Programs

SMALL = (Programs((1,), at_once=2, calls=4, cancellations=0),)


class TrustsItsUser:
    """A semaphore that fails in its own way when a task releases it that does not hold it."""

    def __init__(self, value: int) -> None:
        self._value = value
        self._holders: list[asyncio.Task[None]] = []
        self._free = asyncio.Event()

    async def acquire(self) -> None:
        while len(self._holders) == self._value:
            self._free.clear()
            await self._free.wait()
        task = asyncio.current_task()
        assert task is not None
        self._holders.append(task)

    def release(self) -> None:
        del self._holders[self._holders.index(asyncio.current_task())]  # type: ignore[arg-type]
        self._free.set()


@pytest.fixture
def target() -> Target:
    return adapt(TrustsItsUser, kind="bounded-semaphore")


def named(target: Target, name: str) -> Call:
    return next(one for one in target.calls(()) if one.operation.name == name)


def test_a_task_gives_back_only_what_it_holds(target: Target) -> None:
    take, give = named(target, "acquire"), named(target, "release")
    holdings = Holdings(target.kind.operations)
    assert holdings.may_make(None, take)
    assert not holdings.may_make(None, give)
    holdings.returned("first", take)
    assert holdings.may_make("first", give)
    assert not holdings.may_make("second", give)
    assert not holdings.may_make(None, give)
    holdings.returned("first", give)
    assert not holdings.may_make("first", give)


def test_a_class_that_trusts_its_user_conforms(target: Target) -> None:
    """In a program that is not well formed the class would raise an error while the permit is taken."""
    verdict = check(target, programs=SMALL)
    assert verdict.exit_code == 0, verdict
    assert verdict.schedules > 10
