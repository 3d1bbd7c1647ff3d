"""An async generator that is dropped is closed as its host closes it: by a task, later."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check.trio_samples import EventBarrier, EventLatch
from tests.zoo.correct import FutureBarrier, FutureLatch


def checked(factory: Any, host: str = "asyncio", argument: int = 1) -> Verdict:
    programs = Programs((argument,), at_once=2, calls=2, cancellations=1, numbers=(0,))
    return check(adapt(factory), host=host, programs=(programs,), policy="latchproof")


class BusyUntilClosed:
    """It refuses calls until the generator that it left half way is closed."""

    _busy = False

    async def wait(self) -> Any:
        if self._busy:
            raise RuntimeError("busy")
        async for value in self._values():
            return value
        raise AssertionError

    async def _values(self) -> AsyncGenerator[Any]:
        value = await super().wait()  # type: ignore[misc]
        self._busy = True
        try:
            yield value
        finally:
            self._busy = False


class BusyBarrier(BusyUntilClosed, FutureBarrier):
    """On asyncio."""


class BusyLatch(BusyUntilClosed, FutureLatch):
    """On asyncio."""


class BusyTrioBarrier(BusyUntilClosed, EventBarrier):
    """On trio."""


class BusyTrioLatch(BusyUntilClosed, EventLatch):
    """On trio."""


class PatientBarrier(FutureBarrier):
    """It leaves a generator half way, and is right nevertheless."""

    async def wait(self) -> int:
        async for value in self._values():
            return value
        raise AssertionError

    async def _values(self) -> AsyncGenerator[int]:
        try:
            yield await super().wait()
        finally:
            self.left = None


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("factory", "host", "open"),
    [
        (BusyBarrier, "asyncio", 1),
        (BusyLatch, "asyncio", 0),
        (BusyTrioBarrier, "trio", 1),
        (BusyTrioLatch, "trio", 0),
    ],
)
def test_what_happens_before_a_dropped_generator_is_closed_is_found(factory: Any, host: str, open: int) -> None:
    trace = checked(factory, host, argument=open).shortest
    assert trace is not None
    assert trace.seen == "wait() raised RuntimeError: busy"
    assert (trace.count("begin"), trace.cancellations) == (2, 0)


def test_states_with_a_generator_under_way_are_recognized() -> None:
    verdict = checked(PatientBarrier, argument=2)
    assert verdict.status == "conforms"
    assert verdict.notes == ()


def test_the_interpreter_gets_its_hooks_back() -> None:
    def hook(generator: object) -> None:
        """Do nothing."""

    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=hook, finalizer=hook)
    try:
        checked(PatientBarrier)
        assert sys.get_asyncgen_hooks() == (hook, hook)
    finally:
        sys.set_asyncgen_hooks(*before)
