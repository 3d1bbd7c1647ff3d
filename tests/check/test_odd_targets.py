"""Whatever a target raises, returns or reads, exit code 1 means a counterexample, and what is said of it is true."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.history import End, SeenError
from latchproof.check.jobs import _portable
from latchproof.check.target import TargetError, adapt, load
from tests.check.samples import FifoBarrier


class Skipped(BaseException):
    """Not an Exception, as what test frameworks raise to skip a test."""


class MuteError(Exception):
    """It cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Unprintable:
    """It equals everything and prints nothing."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class ConstructorRaises(FifoBarrier):
    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        if parties == 1:
            raise Skipped("not one")


class ReadingRaises(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        if len(self._parked) == 1:
            raise Skipped("not now")
        return len(self._parked)


class ReadsTrue(FifoBarrier):
    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self.parties = True if parties == 1 else parties


class ErrorWithoutText(FifoBarrier):
    async def wait(self) -> int:
        if self._parked:
            raise MuteError
        return await super().wait()


class ReturnsTheUnprintable(FifoBarrier):
    async def wait(self) -> Any:
        await super().wait()
        return Unprintable()


class HugeReading(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        return 10**5000


@pytest.mark.parametrize(
    ("factory", "claim", "seen"),
    [
        (ConstructorRaises, "C15", "the constructor raised Skipped: not one"),
        (ReadingRaises, "C15", "an observation raised Skipped: not now"),
        (ErrorWithoutText, "C15", "wait() raised MuteError: (its text cannot be read: ValueError)"),
        (ReturnsTheUnprintable, "C5", "wait() returned (Unprintable: cannot be printed: RuntimeError)"),
        (ReadsTrue, "C16", "parties is True"),
        (HugeReading, "C16", "n_waiting is (int: cannot be printed: ValueError)"),
    ],
)
def test_what_cannot_be_printed_is_found_all_the_same(factory: Callable[[int], Any], claim: str, seen: str) -> None:
    verdict = check(adapt(factory), policy="latchproof")
    assert verdict.exit_code == 1
    assert seen in {trace.seen for trace in verdict.traces if trace.claim == claim}
    assert seen.partition("(")[2].rstrip(")") in json.dumps(verdict.to_json())


def test_what_cannot_be_printed_can_be_sent() -> None:
    returned, raised = _portable(End(0, "returned", Unprintable())), _portable(End(0, "raised", error=MuteError()))
    assert isinstance(returned, End)
    assert isinstance(raised, End)
    assert isinstance(returned.value, str)  # it would equal the text
    assert returned.value == "(Unprintable: cannot be printed: RuntimeError)"
    assert isinstance(raised.error, SeenError)
    assert str(raised.error) == "(its text cannot be read: ValueError)"


class Interrupted(FifoBarrier):
    def __init__(self, parties: int) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_is_the_users() -> None:
    with pytest.raises(KeyboardInterrupt):
        adapt(Interrupted)


def test_a_module_that_skips_itself_cannot_be_run(tmp_path: Any) -> None:
    file = tmp_path / "skips_itself.py"
    file.write_text("class Skipped(BaseException): pass\nraise Skipped('nothing to do here')\n")
    with pytest.raises(TargetError, match="cannot be run: Skipped: nothing to do here"):
        load(f"{file}:Subject")


async def made_in_a_task(parties: int) -> FifoBarrier:
    return FifoBarrier(parties)


def test_a_factory_that_has_to_be_awaited() -> None:
    with pytest.raises(TargetError, match=r"has to be awaited.* a plain function that returns the object"):
        adapt(made_in_a_task)


class OnlyEntered:
    def __init__(self, parties: int) -> None:
        self._barrier = FifoBarrier(parties)

    async def __aenter__(self) -> int:
        return await self._barrier.wait()

    async def __aexit__(self, *error: object) -> None:
        """Do nothing."""


def test_a_class_that_can_only_be_entered() -> None:
    with pytest.raises(
        TargetError,
        match=r"neither .* write a small class around it that has these; if it is `async with` that waits, the wait",
    ):
        adapt(OnlyEntered)


class MadeWithNothing:
    def __init__(self) -> None:
        """Make it."""

    async def wait(self) -> None:
        """Wait."""


def test_a_constructor_that_takes_nothing() -> None:
    with pytest.raises(TargetError, match=r"is made with nothing.*If it is one of these, name a factory function"):
        adapt(MadeWithNothing)  # type: ignore[arg-type]
