"""Calls are made while an exception is handled: one of the caller, or what its own last call raised."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.bounds import default_programs
from latchproof.check.checker import check
from latchproof.check.target import adapt, load
from latchproof.check.verdict import Verdict
from latchproof.show.lanes import lanes
from latchproof.show.repro import reproduction
from latchproof_spec.machine import Programs
from tests.check import trio_samples
from tests.zoo.correct import FutureBarrier, FutureLatch
from tests.zoo.test_reductions import assert_the_same_is_found

PROGRAMS = Programs((1,), at_once=2, calls=2, cancellations=1, again=True, in_except=True, numbers=(0,))
PARTIES = Programs((2,), at_once=2, calls=3, cancellations=1, again=True, in_except=True)


class AskingBarrier(FutureBarrier):
    """It takes what its caller handles for its own."""

    async def wait(self) -> int:
        return 0 if sys.exc_info()[0] is not None else await super().wait()


class TidyingBarrier(FutureBarrier):
    """In its clean-up it takes a cancellation that its caller handles for one of the wait."""

    async def wait(self) -> int:
        try:
            return await super().wait()
        finally:
            if isinstance(sys.exc_info()[1], asyncio.CancelledError):
                self.parties += 1


class AskingLatch(FutureLatch):
    """It does not count down in an except block."""

    async def count_down(self) -> None:
        if sys.exc_info()[0] is None:
            await super().count_down()


class AskingTrioBarrier(trio_samples.EventBarrier):
    """On trio."""

    async def wait(self) -> int:
        return 0 if sys.exc_info()[0] is not None else await super().wait()


def checked(factory: Any, programs: Programs, host: str = "asyncio") -> Verdict:
    target = load(factory) if isinstance(factory, str) else adapt(factory)
    return check(target, host=host, programs=(programs,), policy="latchproof")


@pytest.mark.parametrize(
    ("factory", "host", "programs"),
    [
        (AskingBarrier, "asyncio", PARTIES),
        (AskingLatch, "asyncio", PROGRAMS),
        (AskingTrioBarrier, "trio", Programs((2,), at_once=1, calls=1, cancellations=0, in_except=True)),
    ],
)
def test_a_class_that_looks_at_what_its_caller_handles_is_found(factory: Any, host: str, programs: Programs) -> None:
    trace = checked(factory, programs, host).shortest
    assert trace is not None
    assert any(event.get("handling") == "HandledError" for event in trace.events)
    assert any("in an except block" in line for line in lanes(trace))
    assert checked(factory, Programs(programs.arguments, 2, 2, 1, numbers=(0,)), host).status != "counterexample"


def test_a_call_in_the_except_block_for_the_tasks_own_cancellation_is_made() -> None:
    trace = checked(TidyingBarrier, PARTIES).shortest
    assert trace is not None
    assert checked(FutureBarrier, PARTIES).status == "conforms"
    verdict = checked("tests/check/test_in_except.py:AskingBarrier", PARTIES)
    assert verdict.shortest is not None
    assert "in_except" in reproduction(verdict.shortest)


@pytest.mark.parametrize("host", ["asyncio", "trio", "flowno"])
@pytest.mark.parametrize("factory", [Barrier, CountdownLatch])
def test_our_own_conform(factory: Any, host: str) -> None:
    assert checked(factory, PROGRAMS, host).reported.failures == {}
    assert any(one.in_except for one in default_programs(adapt(factory), host))


@pytest.mark.parametrize("factory", [Barrier, AskingBarrier, TidyingBarrier])
def test_the_reductions_lose_nothing_in_except_blocks(factory: Any) -> None:
    shape = Programs((2,), at_once=2, calls=2, cancellations=1, waits_only=True, again=True, in_except=True)
    assert_the_same_is_found(factory, shape, 2)
