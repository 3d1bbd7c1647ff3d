"""A step that does not end is noticed, interrupted, and reported where it is; one that does end is left alone."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import time
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
import trio

from latchproof.check.checker import check
from latchproof.check.estimate import estimate
from latchproof.check.history import Hang
from latchproof.check.sandbox.watch import Meter, StepLimits, StuckError, _interrupt_again, watch
from latchproof.check.target import TargetError, adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check import samples

QUICK = StepLimits(cpu=0.1, block=0.3)
TWO = Programs((2,), at_once=2, calls=3, cancellations=0)
"""A barrier of two."""


class Idle:
    """A walk that makes no progress and has nothing recorded."""

    progress = 0
    own_files: frozenset[str] = frozenset()

    def hangs(self, spent: str, at: str, frame: FrameType) -> bool:
        return False


class Pair(samples.FifoBarrier):
    """A barrier; the second call that waits does something first."""

    async def wait(self) -> int:
        if self._parked:
            self.meet()
        return await super().wait()

    def meet(self) -> None:
        """Do what the second call does first."""


class Spins(Pair):
    def meet(self) -> None:
        while True:
            pass


class Sleeps(Pair):
    def meet(self) -> None:
        time.sleep(1000)


class NeverSet(Pair):
    def meet(self) -> None:
        threading.Event().wait()


class Swallows(Pair):
    """It does not let an interrupt out."""

    def meet(self) -> None:
        while True:
            try:  # noqa: SIM105
                time.sleep(0.01)
            except BaseException:
                pass


class SwallowsAndSpins(Pair):
    def meet(self) -> None:
        while True:
            try:
                sum(range(1000))
            except BaseException:
                continue


class InACallback(Pair):
    def meet(self) -> None:
        asyncio.get_running_loop().call_soon(self.spin)

    def spin(self) -> None:
        while True:
            pass


class AfterItsEnd(samples.FifoBarrier):
    """Reading it does not end when two wait."""

    @property
    def n_waiting(self) -> int:
        waiting = sum(not future.done() for future in self._parked)
        while waiting == 1:
            pass
        return waiting


class Made(samples.FifoBarrier):
    """Its constructor does not end for three parties."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        while parties == 3:
            pass


def checked(factory: Any, programs: Programs = TWO, limits: StepLimits = QUICK, **options: Any) -> Verdict:
    return check(adapt(factory), policy="latchproof", programs=(programs,), limits=limits, **options)


def found(verdict: Verdict) -> Hang:
    assert verdict.exit_code == 1, verdict.reasons
    hang = verdict.reported.failures["C11"].history[-1]
    assert isinstance(hang, Hang)
    return hang


@pytest.mark.parametrize(
    ("factory", "spent"),
    [
        (Spins, "0.1 s of CPU time"),
        (Sleeps, "0.3 s of blocking"),
        (NeverSet, "0.3 s of blocking"),
        (Swallows, "0.3 s of blocking"),
        (SwallowsAndSpins, "0.1 s of CPU time"),
    ],
)
def test_a_step_that_does_not_end_is_a_finding(factory: Any, spent: str) -> None:
    verdict = checked(factory)
    hang = found(verdict)
    assert (hang.what, hang.spent, hang.call) == ("a step", spent, 1)
    assert hang.at.startswith("test_watch.py:")
    failure = verdict.reported.failures["C11"]
    assert failure.schedule == ("call wait()", "run", "call wait()", "run")
    assert failure.finding.seen == f"a step did not end within {spent}, at {hang.at}"


def test_what_the_collector_calls_is_not_interrupted() -> None:
    """It would be lost there, and told as an error that nothing could handle."""
    frames = []

    def callback(phase: str, info: object) -> None:
        frames.append(sys._getframe())

    gc.callbacks.append(callback)
    try:
        gc.collect()
        assert [_interrupt_again(one, "call", None) for one in frames] == [None, None]
    finally:
        gc.callbacks.remove(callback)
    assert [_interrupt_again(one, "call", None) for one in frames] == [_interrupt_again] * 2


def test_its_place_is_a_line_of_the_loop() -> None:
    begin = Spins.meet.__code__.co_firstlineno
    assert found(checked(Spins)).at in (f"test_watch.py:{begin + 1}", f"test_watch.py:{begin + 2}")


def test_the_loop_may_be_in_a_callback_a_reading_or_the_constructor() -> None:
    assert found(checked(InACallback))[0::3] == ("a step", None)
    assert found(checked(AfterItsEnd))[0::3] == ("a reading", None)
    assert found(checked(Made, replace(TWO, arguments=(3,))))[0::3] == ("the constructor", None)


class Future(asyncio.Future[int]):
    def cancel(self, msg: Any = None) -> bool:
        while True:
            pass


class Cancels(samples.FifoBarrier):
    """The request to cancel a wait() does not end."""

    async def wait(self) -> int:
        return await Future() if not self._parked else 0


def test_it_may_be_in_a_request_to_cancel() -> None:
    hang = found(checked(Cancels, replace(TWO, at_once=1, calls=1, cancellations=1, waits_only=True)))
    assert (hang.what, hang.spent) == ("a step", "0.1 s of CPU time")


class SpinsOnTrio:
    """A barrier for trio whose second call does not end."""

    def __init__(self, parties: int) -> None:
        self.n_waiting = 0

    async def wait(self) -> None:
        self.n_waiting += 1
        while self.n_waiting > 1:
            pass
        await trio.sleep_forever()

    def abort(self) -> None:
        """Do nothing."""


def test_it_is_found_on_trio_too() -> None:
    hang = found(
        checked(SpinsOnTrio, Programs((3,), at_once=2, calls=2, cancellations=0, waits_only=True), host="trio")
    )
    assert hang.call == 1


def test_nothing_that_comes_after_it_is_run() -> None:
    later = Programs((3,), at_once=3, calls=4, cancellations=1)
    verdict = check(adapt(Spins), policy="latchproof", programs=(TWO, later), limits=QUICK)
    assert verdict.schedules < 30
    assert any("nothing that comes after it in the order of the bounds was run" in note for note in verdict.notes)
    assert "each step takes at most 0.1 s of CPU time and 0.3 s of blocking" in verdict.bounds


def test_it_is_found_at_random_too() -> None:
    hang = found(checked(Spins, scheduler="random", schedules=100))
    assert hang.what == "a step"


def test_work_is_not_estimated_that_does_not_end() -> None:
    with pytest.raises(TargetError, match="cannot be estimated: a step did not end within"):
        estimate(adapt(Spins), [TWO], limits=QUICK)


class Rests(Pair):
    """Its steps take time, and end."""

    def meet(self) -> None:
        time.sleep(0.05)


def test_a_slow_step_is_no_finding() -> None:
    verdict = checked(Rests, limits=StepLimits(cpu=0.1, block=1.0))
    assert (verdict.exit_code, verdict.reasons) == (0, ())


def test_work_that_makes_progress_is_not_interrupted() -> None:
    class Busy(Idle):
        progress = 0

    busy = Busy()
    with watch(lambda: busy, StepLimits(0.05, 0.05)):
        for busy.progress in range(1_000_000):
            pass


def test_only_looks_at_which_something_was_spent_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was suspended for an hour was not blocked, nor is one that waits for a processor."""
    from latchproof.check.sandbox import watch as module

    now = [0.0, 0.0, 0.0]  # the clock, the CPU time, and the time waited for a processor
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module._Clock, "read", lambda self: (now[1], now[2]))
    watching = module._Watch(Idle, StepLimits(cpu=1.0, block=1.0))
    frame: Any = type("Frame", (), {"f_code": type("Code", (), {"co_filename": "sync.py"}), "f_back": None})
    monkeypatch.setattr(module, "place", lambda frame, files: "sync.py:1")
    assert watching.look(frame) is None
    now[0] = 3600.0
    assert watching.look(frame) is None
    for _ in range(1000):
        now[0] += 0.06
        now[2] += 0.06
        assert watching.look(frame) is None
    for _ in range(20):
        now[0] += 0.06
        stuck = watching.look(frame)
    assert str(stuck) == "what the target does did not end within 1 s of blocking, at sync.py:1"


def test_alarms_are_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    with watch(Idle, StepLimits()) as interrupts_blocked:
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0
        assert interrupts_blocked
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


def test_outside_of_the_main_thread_a_thread_looks() -> None:
    verdicts: list[Verdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(checked(Spins)))
    thread.start()
    thread.join()
    assert found(verdicts[0]).call == 1


def test_it_is_an_interrupt() -> None:
    """asyncio lets no other exception out of a task."""
    assert issubclass(StuckError, KeyboardInterrupt)


def test_a_meter_says_which_move_is_known_not_to_end() -> None:
    count = [0]
    meter = Meter(count, {2: ("1 s of CPU time", "sync.py:3")}, 2, 60.0)
    try:
        assert [meter.move(), meter.move(), meter.move()] == [None, ("1 s of CPU time", "sync.py:3"), None]
        assert count == [3]
    finally:
        meter.end()
