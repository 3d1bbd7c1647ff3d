"""What a target does to its checker is contained, and said."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.sandbox import containment
from latchproof.check.sandbox.containment import StuckError, contained
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check import samples

SMALL = Programs((0, 1), at_once=2, calls=2, cancellations=0)


def small(factory: Any) -> Verdict:
    return check(adapt(factory), policy="latchproof", programs=(SMALL,))


def test_a_step_that_does_not_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containment, "STEP_SECONDS", 0.2)
    verdict = small(samples.SpinningLatch)
    assert verdict.exit_code == 3
    assert any("a step of the event loop has not ended after" in reason.text for reason in verdict.reasons)
    assert any("the schedule was 1:w." in reason.text for reason in verdict.reasons)


def test_work_that_goes_on_is_not_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containment, "STEP_SECONDS", 0.05)
    steps = iter(range(10**9))
    with contained(lambda: next(steps)) as held:
        for _ in range(300_000):
            next(steps)
    assert held.watched


def test_alarms_are_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    with contained(lambda: 0):
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before


def test_outside_of_the_main_thread_it_is_said_that_nothing_is_watched() -> None:
    verdicts: list[Verdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(small(samples.PlainLatch)))
    thread.start()
    thread.join()
    assert "outside of the main thread a step that does not end is not stopped" in verdicts[0].notes
    assert verdicts[0].reported.failures == {}


def test_what_is_written_is_kept_back_and_noted(capfd: pytest.CaptureFixture[str]) -> None:
    verdict = small(samples.ChattyLatch)
    assert capfd.readouterr() == ("", "")
    assert any("characters, which begin with 'waiting waiting " in note for note in verdict.notes)


def test_threads_are_noticed() -> None:
    verdict = small(samples.ThreadedLatch)
    assert verdict.exit_code == 3
    assert "the target starts threads (counter), which no schedule controls" in map(str, verdict.reasons)
    assert threading.Thread.start.__name__ == "start"


def test_the_end_of_the_interpreter_is_a_finding_where_it_is_asked_for_in_a_callback() -> None:
    verdict = small(samples.SystemExitLatch)
    assert verdict.reported.failures["C15"].finding.seen == "an error reached the event loop: SystemExit: enough"


def test_logging_is_put_back() -> None:
    with contained(lambda: 0):
        assert logging.root.manager.disable == logging.CRITICAL
    assert logging.root.manager.disable == 0


def test_it_is_an_interrupt() -> None:
    """asyncio lets no other exception out of a task."""
    assert issubclass(StuckError, KeyboardInterrupt)
