"""Which call a task makes when it calls again is part of the state: two such runs are not taken for one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from latchproof.check.target import adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs

AGAIN = Programs((1,), at_once=3, calls=4, cancellations=1, again=True)


class WakesNoOther:
    """A semaphore of which a waiter that is cancelled when it was woken does not wake the next one."""

    def __init__(self, value: int) -> None:
        self._bound = self._value = value
        self._waiters: list[asyncio.Future[None]] = []

    async def acquire(self) -> None:
        while not self._value:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        self._value -= 1

    def release(self) -> None:
        if self._value == self._bound:
            raise ValueError("released too often")
        self._value += 1
        while self._waiters:
            waiter = self._waiters.pop(0)
            if not waiter.done():
                waiter.set_result(None)
                break


def walk(*, merge: bool) -> Walk:
    target = adapt(WakesNoOther, kind="bounded-semaphore")
    return Explorer(target, AGAIN, 1, target.kind.usual_policies, merge=merge).walk()


def sizes(found: Walk) -> dict[str, Any]:
    return {policy: {one: it.size for one, it in failures.items()} for policy, failures in found.failures.items()}


@pytest.fixture(scope="module")
def merged() -> Walk:
    return walk(merge=True)


def test_a_task_that_gives_back_in_a_later_step_is_not_taken_for_one_that_takes_more(merged: Walk) -> None:
    """The next waiter is woken only by that task, so no other run shows the fault."""
    for failures in merged.failures.values():
        failure = failures["effect-of-a-cancelled-call"]
        assert "again 1 release()" in failure.schedule


def test_merging_loses_nothing(merged: Walk) -> None:
    assert sizes(merged) == sizes(walk(merge=False))
    assert merged.schedules < walk(merge=False).schedules
