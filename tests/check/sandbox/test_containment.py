"""What a target does to its checker is contained, and said."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.check.sandbox.test_watch import Idle

SMALL = Programs((0, 1), at_once=2, calls=2, cancellations=0)


def small(factory: Any) -> Verdict:
    return check(adapt(factory), policy="latchproof", programs=(SMALL,))


def test_outside_of_the_main_thread_it_is_said_what_cannot_be_interrupted() -> None:
    verdicts: list[Verdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(small(samples.PlainLatch)))
    thread.start()
    thread.join()
    assert "outside of the main thread a step that is blocked cannot be interrupted" in verdicts[0].notes
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
    with contained(Idle, StepLimits()):
        assert logging.root.manager.disable == logging.CRITICAL
    assert logging.root.manager.disable == 0


class Forking(samples.PlainLatch):
    """It is right, and copies its process where a task waits."""

    async def wait(self) -> None:
        if self._count:
            copy = os.fork()
            if copy:
                os.waitpid(copy, 0)  # noqa: ASYNC222 - the copy ends at once
        await super().wait()


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="only Unix has fork()")
def test_no_copy_of_the_process_continues_the_check() -> None:
    before = os.getpid()
    verdict = small(Forking)
    assert os.getpid() == before, "this is a copy"
    assert (verdict.status, verdict.traces) == ("inconclusive", ())
    assert "forks" in [reason.code for reason in verdict.reasons]


def test_outside_of_a_check_a_copy_is_left_alone() -> None:
    copy = os.fork()
    if not copy:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 7
