"""A fault of asyncio's wait_for() before Python 3.12: no class is blamed for it, and classes are for their own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.loops.asyncio_faults import HAS_FAULT, LEFT_RUNNING
from latchproof.check.replaying import replay
from latchproof.check.target import adapt
from latchproof_spec.machine import Programs

SMALL = (Programs((2,), at_once=2, calls=2, cancellations=1, waits_only=True),)


async def _leaves_a_task_running() -> bool:
    """Cancel wait_for() when its time is over and what it waits for cleans up; return whether that has not ended."""
    may_end, ended = asyncio.Event(), False

    async def cleans_up() -> None:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            try:
                await may_end.wait()
            finally:
                ended = True

    task = asyncio.ensure_future(asyncio.wait_for(cleans_up(), 0.001))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.sleep(0.01)
    shown = task.done() and not ended
    may_end.set()
    await asyncio.wait([task])
    return shown


def test_wait_for_alone_shows_it() -> None:
    """Where this fails, that Python has been mended, and HAS_FAULT is to be changed."""
    assert HAS_FAULT is (sys.version_info < (3, 12))
    assert asyncio.run(_leaves_a_task_running()) is HAS_FAULT


class ByCondition:
    """A right barrier: a call that times out takes back its arrival."""

    def __init__(self, parties: int) -> None:
        self._parties, self._arrived, self._generation = parties, 0, 0
        self._condition = asyncio.Condition()

    async def _tripped(self, generation: int) -> None:
        await self._condition.wait_for(lambda: self._generation != generation)

    async def wait(self) -> None:
        async with self._condition:
            generation = self._generation
            self._arrived += 1
            if self._arrived == self._parties:
                self._arrived, self._generation = 0, generation + 1
                self._condition.notify_all()
                return
            try:
                await asyncio.wait_for(self._tripped(generation), 60)
            finally:
                self._leave(generation)

    def _leave(self, generation: int) -> None:
        if generation == self._generation:
            self._arrived -= 1


class StaysCounted(ByCondition):
    """A call that times out stays counted."""

    def _leave(self, generation: int) -> None:
        """Leave nothing."""


SHOWS = (
    "call wait()",
    "run",
    "run",
    "time passes",
    "run",
    "call wait()",
    "run",
    "run",
    "run",
    "cancel 1",
    "run",
    "run",
)


def shown_by(factory: Any) -> Any:
    explorer = replay(adapt(factory, kind="barrier"), SHOWS, argument=3, policies=["latchproof"], host="asyncio")
    assert explorer.last_run is not None
    return explorer.last_run.record


@pytest.mark.skipif(not HAS_FAULT, reason="asyncio has been mended in Python 3.12")
def test_no_claim_is_blamed_for_it() -> None:
    record = shown_by(ByCondition)
    assert record.failures == []
    (fault,) = record.host_faults
    assert (fault.finding.claim, fault.finding.seen) == (
        LEFT_RUNNING.name,
        f"{LEFT_RUNNING.sentence} (seen in {LEFT_RUNNING.versions})",
    )


def test_a_timeout_alone_is_judged() -> None:
    verdict = check(adapt(ByCondition, kind="barrier"), policy="latchproof", programs=SMALL)
    assert (verdict.traces, verdict.host_faults) == ((), ())
    assert any("different deadlines" in one for one in verdict.not_tried)
    verdict = check(adapt(StaysCounted, kind="barrier"), policy="latchproof", programs=SMALL)
    assert verdict.exit_code == 1


def test_the_fault_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/howto/read-a-counterexample.md").read_text(encoding="utf-8")
    assert f"| `{LEFT_RUNNING.name}` | {LEFT_RUNNING.sentence} ({LEFT_RUNNING.versions}). |" in page
