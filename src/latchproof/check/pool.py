"""Does the jobs of a check in worker processes, so that all cores are used and a target can do no harm.

A target that ends its interpreter, or that nothing can stop, costs only the job in which that happens.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from functools import cache, partial
from multiprocessing.connection import Connection, wait
from typing import Any

from latchproof.check.importing import plain_path
from latchproof.check.jobs import InterruptedWalkError, Job, JobResult, do_job, portable
from latchproof.check.probe import implemented
from latchproof.check.reasons import Reason
from latchproof.check.sandbox.containment import STEP_SECONDS
from latchproof.check.target import Recipe, TargetError
from latchproof.check.tree import Walk
from latchproof.check.work_queue import Piece, WorkQueue

BEAT_SECONDS = 0.2
"""Interval at which a worker reports its progress, in seconds."""

SILENCE_SECONDS = 6 * STEP_SECONDS
"""Time without a report after which a worker is stopped, in seconds: not even an alarm reaches its target."""

GRACE_SECONDS = 5.0
"""Time for workers to hand in what they have when the check is interrupted, in seconds."""


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Worker processes for one target, which each of them loads by its recipe.

    Raises TargetError, from `do`, if the target cannot be loaded there.
    """

    def __init__(self, recipe: Recipe, workers: int) -> None:
        self._recipe = recipe
        self._workers = max(1, workers)
        self._running: list[_Worker] = []

    def do(self, work: WorkQueue) -> None:
        """Do all of the work.

        On a KeyboardInterrupt every worker hands in what it has, and the interrupt is raised again.
        """
        try:
            while not work.is_over:
                self._give(work)
                self._listen(work)
        except KeyboardInterrupt:
            self._hand_in(work)
            raise
        finally:
            self.end()

    def end(self) -> None:
        """End every worker, whatever it is doing."""
        for worker in self._running:
            worker.end()

    def _give(self, work: WorkQueue) -> None:
        """Give every idle worker a piece, and start workers as long as there are more pieces than workers."""
        for worker in self._running:
            if worker.piece is None and (piece := work.next()) is not None:
                worker.give(piece, work.job(piece))
        while len(self._running) < self._workers and (piece := work.next()) is not None:
            self._running.append(_Worker(self._recipe))
            self._running[-1].give(piece, work.job(piece))

    def _listen(self, work: WorkQueue) -> None:
        """Take in what the workers report, for a while."""
        wait([worker.connection for worker in self._running], timeout=BEAT_SECONDS)
        for worker in tuple(self._running):
            piece = worker.piece
            report = worker.listen()
            if report is not None:
                what, told = report
                if what == "failed":
                    raise TargetError(told)
                if piece is None:
                    continue
                work.report(piece, told if what == "beat" else told.walk)
                if what == "done":
                    work.take(piece, told)
                    worker.piece = None
            elif (reason := worker.trouble()) is not None:
                if piece is not None:
                    work.take(piece, JobResult(Walk(complete=False), (reason,), done=False))
                worker.end()
                self._running.remove(worker)
            elif piece is not None and not work.needs(piece):
                worker.end()  # another is started in its place
                self._running.remove(worker)

    def _hand_in(self, work: WorkQueue) -> None:
        """Have every worker hand in what it has."""
        for worker in self._running:
            worker.send(None)
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and any(worker.piece is not None for worker in self._running):
            try:
                self._listen(work)
            except KeyboardInterrupt:
                return


class _Worker:
    """A process that has loaded the target, the piece that it does, and when it last reported."""

    def __init__(self, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, recipe), daemon=True)
        with plain_path():
            self.process.start()
        theirs.close()
        self.piece: Piece | None = None
        self._heard = time.monotonic()
        self._hung_up = False

    def give(self, piece: Piece, job: Job) -> None:
        self.piece = piece
        self._heard = time.monotonic()
        self.send(job)

    def send(self, job: Job | None) -> None:
        """Send it a job, or None: it is to hand in what it has."""
        try:
            self.connection.send(job)
        except OSError:
            """It has ended, which is noticed next."""

    def listen(self) -> tuple[str, Any] | None:
        """Return its next report, or None if there is none."""
        try:
            if not self.connection.poll():
                return None
            self._heard = time.monotonic()
            report: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            self._hung_up = True
            return None
        return report

    def trouble(self) -> Reason | None:
        """Return why nothing more is expected of it, or None."""
        if self._hung_up:
            self.process.join()
            text = f"the target ended its interpreter, with exit code {self.process.exitcode}"
            return Reason("interpreter-ended", "", text)
        if self.piece is not None and time.monotonic() - self._heard > SILENCE_SECONDS:
            return Reason("not-responding", "", f"the target did not respond for {SILENCE_SECONDS} s and was stopped")
        return None

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def _work(connection: Connection[Any, Any], recipe: Recipe) -> None:
    """Load the target, then do one job after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets the interrupt, and passes it on
    _quiet()
    last_beat = 0.0

    def beat(walk: Walk) -> None:
        nonlocal last_beat
        now = time.monotonic()
        if now - last_beat < BEAT_SECONDS:
            return
        last_beat = now
        connection.send(("beat", Walk(walk.schedules, fraction=walk.fraction)))
        if connection.poll():
            raise InterruptedWalkError

    try:
        implemented_on = cache(partial(implemented, recipe.load()))
        while (job := connection.recv()) is not None:
            connection.send(("done", portable(do_job(implemented_on(job.host), job, beat))))
    except TargetError as error:
        connection.send(("failed", str(error)))
    except (EOFError, OSError):
        """The parent has ended."""
    except Exception as error:  # the target did not cause it, and must not look as if it had
        connection.send(("failed", f"a worker failed, with {type(error).__name__}: {error}"))


def _quiet() -> None:
    """Discard all that the target writes, even past `sys.stdout`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    for stream in (1, 2):
        os.dup2(nowhere, stream)
