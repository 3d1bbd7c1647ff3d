"""Whatever a target raises, returns or reads, exit code 1 means a counterexample, and what is said of it is true."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from latchproof.check.checker import check
from latchproof.check.history import End, SeenError
from latchproof.check.jobs import Job, _portable, do_job, portable
from latchproof.check.target import TargetError, adapt, load
from latchproof.show.junit import junit
from latchproof_spec.machine import Programs
from tests.check import proxy_samples
from tests.check.samples import FifoBarrier

SMALL = (Programs((2,), at_once=2, calls=2, cancellations=1),)


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
        index = await super().wait()
        return Unprintable() if index else index


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
        (ReadsTrue, "C16", "parties is True, of type bool and not int"),
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


class ReadsItsWaiters(FifoBarrier):
    """Its number of waiters is the list of them, which cannot be sent to another process."""

    @property
    def n_waiting(self) -> Any:
        return list(self._parked)


class ReadsItself(FifoBarrier):
    n_waiting = property(lambda self: self)


class ReadsACall(FifoBarrier):
    """Its reading has to be awaited once a task waits."""

    @property
    def n_waiting(self) -> Any:
        async def counted() -> int:
            return len(self._parked)

        return counted() if self._parked else 0


class ReadsALock(FifoBarrier):
    n_waiting = threading.Lock()


class ReadsARing(FifoBarrier):
    """Its reading is a list in itself, and comparing two of these never ends."""

    @property
    def n_waiting(self) -> Any:
        ring: list[object] = []
        ring.append(ring)
        return ring


@pytest.mark.filterwarnings("ignore:coroutine .*counted:RuntimeWarning")
@pytest.mark.parametrize("factory", [ReadsItsWaiters, ReadsItself, ReadsACall, ReadsALock, ReadsARing])
def test_a_reading_of_any_kind_can_be_sent(factory: Callable[[int], Any]) -> None:
    target, job = adapt(factory), Job(SMALL[0], 2, ("latchproof",), "asyncio", False, "exhaustive", 500, 0)
    here = do_job(target, job)
    (sent,) = pickle.loads(pickle.dumps(portable(here))).walk.failures["latchproof"].values()
    assert (sent.finding.claim, sent.seen_once) == ("C16", False)
    assert sent.finding.seen.startswith("n_waiting is ")


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
        adapt(MadeWithNothing)


class RaisesInterrupt(FifoBarrier):
    async def wait(self) -> int:
        raise KeyboardInterrupt


class ReadsInterrupt(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        raise KeyboardInterrupt if self._parked else Skipped


class RaisesGeneratorExit(FifoBarrier):
    async def wait(self) -> int:
        raise GeneratorExit


class ExitsError(Exception):
    def __str__(self) -> str:
        raise SystemExit


class InterruptsError(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class ErrorThatInterrupts(FifoBarrier):
    async def wait(self) -> int:
        raise InterruptsError


class ErrorThatExits(FifoBarrier):
    async def wait(self) -> int:
        raise ExitsError


class OddText(FifoBarrier):
    async def wait(self) -> int:
        raise ValueError("\x00\x1b[31m\ud800" + "x" * 2_000_000)


class Incomparable(int):
    """It cannot be compared, as not even with itself."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        raise SystemExit


class ReturnsIncomparable(FifoBarrier):
    async def wait(self) -> int:
        return Incomparable(await super().wait())


class ReadsIncomparable(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        return Incomparable(len(self._parked))


class ReadsNan(FifoBarrier):
    @property
    def n_waiting(self) -> Any:
        return float("nan")


def test_values_that_cannot_be_compared_are_no_indices() -> None:
    verdict = check(adapt(ReturnsIncomparable), policy="latchproof", programs=SMALL)
    assert verdict.exit_code == 0
    assert (
        "wait() returns Incomparable objects: they are not judged as indices, and who leads is not checked"
        in verdict.notes
    )


@pytest.mark.parametrize(
    ("factory", "claim", "seen"),
    [
        (RaisesInterrupt, "C15", "wait() raised KeyboardInterrupt: "),
        (RaisesGeneratorExit, "C15", "wait() raised GeneratorExit: "),
        (ErrorThatExits, "C15", "wait() raised ExitsError: (its text cannot be read: SystemExit)"),
        (ErrorThatInterrupts, "C15", "wait() raised InterruptsError: (its text cannot be read: KeyboardInterrupt)"),
        (ReadsIncomparable, "C16", "n_waiting is (Incomparable: cannot be printed: SystemExit)"),
        (ReadsNan, "C16", "n_waiting is nan"),
    ],
)
def test_what_no_class_should_do_is_a_finding(factory: Callable[[int], Any], claim: str, seen: str) -> None:
    verdict = check(adapt(factory), policy="latchproof", programs=SMALL)
    assert verdict.exit_code == 1
    assert seen in {trace.seen for trace in verdict.traces if trace.claim == claim}
    assert not any(trace.seen_once for trace in verdict.traces)


class ReadsALongText(FifoBarrier):
    n_waiting = "y" * 2_000_000

    async def wait(self) -> Any:
        return str(await super().wait()) * 2_000_000


def test_a_text_that_is_read_or_returned_is_cut() -> None:
    verdict = check(adapt(ReadsALongText), policy="latchproof", programs=SMALL)
    (trace,) = verdict.traces
    assert trace.seen.endswith("y... (2,000,002 characters)")
    assert len(json.dumps(verdict.to_json())) < 20_000


def test_a_byte_in_a_message_is_not_an_address() -> None:
    class Decodes(FifoBarrier):
        async def wait(self) -> int:
            raise ValueError(f"can't decode byte 0xff, of {object()}")

    (trace,) = check(adapt(Decodes), policy="latchproof", programs=SMALL).traces
    assert trace.seen == "wait() raised ValueError: can't decode byte 0xff, of <object object at 0x...>"


def test_a_text_is_cut_and_has_no_control_characters() -> None:
    verdict = check(adapt(OddText), policy="latchproof", programs=SMALL)
    (trace,) = verdict.traces
    assert trace.seen.startswith(r"wait() raised ValueError: \x00\x1b[31m\ud800xxx")
    assert trace.seen.endswith("x... (2,000,007 characters)")
    assert ElementTree.fromstring(junit(verdict)).tag == "testsuite"


class Streams(FifoBarrier):
    """It is right, and uses all of its standard streams."""

    async def wait(self) -> int:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        sys.stdout.buffer.write(b"said")
        os.write(sys.stderr.fileno(), b"said past it")
        print(sys.stdout.encoding, sys.stdout.isatty())
        sys.stdout.close()
        print("closed")
        return await super().wait()


class Unfriendly(type):
    """A metaclass that raises another error than AttributeError for what it lacks."""

    def __getattr__(cls, name: str) -> Any:
        raise KeyError(name)


class WithoutModule(FifoBarrier):
    """It is right."""

    __module__ = None  # type: ignore[assignment]


class Slotted:
    """It is right."""

    __slots__ = ("_barrier",)

    def __init__(self, parties: int) -> None:
        self._barrier = FifoBarrier(parties)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._barrier, name)


@pytest.mark.parametrize("factory", [Streams, WithoutModule, Slotted])
def test_a_right_class_may_be_odd(factory: Callable[[int], Any]) -> None:
    verdict = check(adapt(factory, kind="barrier"), policy="latchproof", programs=SMALL)
    assert (verdict.traces, [reason for reason in verdict.reasons if reason.code != "not-exercised"]) == ((), [])


def test_ctrl_c_during_a_check_is_the_users() -> None:
    class Pressed(FifoBarrier):
        async def wait(self) -> int:
            signal.raise_signal(signal.SIGINT)
            return await super().wait()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    try:
        verdict = check(adapt(Pressed), policy="latchproof", programs=SMALL)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert (verdict.status, verdict.reasons[0].code) == ("inconclusive", "broken-off")


def test_a_right_class_may_have_an_odd_metaclass() -> None:
    class MadeByUnfriendly(FifoBarrier, metaclass=Unfriendly):  # in here: pytest would look into it
        """It is right."""

    verdict = check(adapt(MadeByUnfriendly), policy="latchproof", programs=SMALL)
    assert verdict.traces == ()


@pytest.mark.parametrize("name", ["BesideProxy", "HoldsProxies"])
def test_a_proxy_is_not_asked_for_anything(name: str) -> None:
    verdict = check(load(f"tests.check.proxy_samples:{name}"), policy="latchproof", programs=SMALL)
    assert (verdict.traces, [reason for reason in verdict.reasons if reason.code != "not-exercised"]) == ((), [])


def test_an_error_has_the_name_that_its_metaclass_hides() -> None:
    verdict = check(adapt(proxy_samples.Nameless), policy="latchproof", programs=SMALL)
    assert [(trace.claim, trace.seen) for trace in verdict.traces] == [("C15", "wait() raised NamelessError: no name")]
