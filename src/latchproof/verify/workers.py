"""Does the jobs of a check in processes of their own, so that all cores are used and a target can do no harm.

A target that ends its interpreter, or that nothing can stop, costs the job that it was found in, and no more.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from latchproof.verify.containment import STEP_SECONDS
from latchproof.verify.jobs import InterruptedWalkError, Job, Outcome, do_job, implemented, portable
from latchproof.verify.schedule import Walk
from latchproof.verify.target import Target, TargetError, load

BEAT_SECONDS = 0.2
"""So often does a worker say how far it is."""

SILENCE_SECONDS = 6 * STEP_SECONDS
"""After so long without a word a worker is stopped: its target is stuck where not even an alarm reaches it."""

GRACE_SECONDS = 5.0
"""So long may workers take to hand in what they have, when the check is interrupted."""


class InterruptedCheckError(Exception):
    """The check was interrupted; `outcomes` are those of the jobs as far as they were done."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__("interrupted")
        self.outcomes = outcomes


class Pool:
    """Worker processes for one target, named so that each can load it.

    Raises TargetError, from `do`, if the target cannot be loaded there.
    """

    def __init__(self, name: str, kind: str | None, workers: int) -> None:
        self._setup = (name, kind)
        self._workers = max(1, workers)
        self._context = multiprocessing.get_context("spawn")
        self._running: list[_Worker] = []

    def do(self, jobs: Sequence[Job], on_beat: Callable[[int, Walk], None] | None = None) -> list[Outcome]:
        """The outcomes, in the order of the jobs. `on_beat` is told how far a job, by its number, is.

        Raises InterruptedCheckError on a KeyboardInterrupt.
        """
        outcomes: list[Outcome | None] = [None] * len(jobs)
        # what takes longest comes first, lest one worker be left with it in the end
        waiting = deque(sorted(range(len(jobs)), key=lambda number: -jobs[number].shape.weight(jobs[number].argument)))
        try:
            self._running = [self._start() for _ in range(min(self._workers, len(jobs)))]
            while None in outcomes:
                for worker in self._running:
                    if worker.job is None and waiting:
                        worker.give(waiting.popleft(), jobs)
                self._listen(outcomes, on_beat)
        except KeyboardInterrupt:
            self._hand_in(outcomes)
            raise InterruptedCheckError(
                [one or Outcome(Walk(complete=False), done=False) for one in outcomes]
            ) from None
        finally:
            for worker in self._running:
                worker.end()
        return [outcome for outcome in outcomes if outcome is not None]

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, *self._setup), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _listen(self, outcomes: list[Outcome | None], on_beat: Callable[[int, Walk], None] | None) -> None:
        """Take in what the workers say, for a while."""
        wait([worker.connection for worker in self._running], timeout=BEAT_SECONDS)
        for position, worker in enumerate(self._running):
            said = worker.listen()
            if said is not None:
                what, told = said
                number = worker.job
                if what == "failed":
                    raise TargetError(told)
                if what == "beat" and number is not None and on_beat is not None:
                    on_beat(number, told)
                if what == "done" and number is not None:
                    outcomes[number], worker.job = told, None
                    if on_beat is not None:
                        on_beat(number, replace(told.walk, fraction=1.0))
            elif (reason := worker.trouble()) is not None:
                if worker.job is not None:
                    outcomes[worker.job] = Outcome(Walk(complete=False), (reason,), done=False)
                worker.end()
                if any(one is None for one in outcomes):
                    self._running[position] = self._start()

    def _hand_in(self, outcomes: list[Outcome | None]) -> None:
        """Let every worker say what it has."""
        for worker in self._running:
            worker.stop()
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and any(worker.job is not None for worker in self._running):
            try:
                self._listen(outcomes, None)
            except KeyboardInterrupt:
                return


class _Worker:
    """A process, what it is at, and when it was last heard of."""

    def __init__(self, process: Any, connection: Connection[Any, Any]) -> None:
        self.process = process
        self.connection = connection
        self.job: int | None = None
        self._heard = time.monotonic()
        self._hung_up = False

    def give(self, number: int, jobs: Sequence[Job]) -> None:
        self.job = number
        self._heard = time.monotonic()
        try:
            self.connection.send(jobs[number])
        except OSError:
            """It has ended, as will be noticed."""

    def listen(self) -> tuple[str, Any] | None:
        """What it says next, if it says anything."""
        try:
            if not self.connection.poll():
                return None
            self._heard = time.monotonic()
            said: tuple[str, Any] = self.connection.recv()
        except (EOFError, OSError):
            self._hung_up = True
            return None
        return said

    def trouble(self) -> str | None:
        """Why nothing more is to be expected of it, if so."""
        if self._hung_up:
            self.process.join()
            return f"the target ended its interpreter, with exit code {self.process.exitcode}"
        if self.job is not None and time.monotonic() - self._heard > SILENCE_SECONDS:
            return f"the target was stopped after {SILENCE_SECONDS} s in which it let nothing be heard of it"
        return None

    def stop(self) -> None:
        """Have it hand in what it has."""
        try:
            self.connection.send(None)
        except OSError:
            """It has ended, as will be noticed."""

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def _work(connection: Connection[Any, Any], name: str, kind: str | None) -> None:
    """What a worker does: load the target, then one job after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent to hear of, which says so here
    _quiet()
    targets: dict[str, Target] = {}
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
        loaded = load(name, kind)
        while (job := connection.recv()) is not None:
            if job.host not in targets:
                targets[job.host] = implemented(loaded, job.host)
            connection.send(("done", portable(do_job(targets[job.host], job, beat))))
    except TargetError as error:
        connection.send(("failed", str(error)))
    except (EOFError, OSError):
        """Nobody listens any more."""


def _quiet() -> None:
    """Let nothing that the target writes get out, not even past `sys.stdout`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    for stream in (1, 2):
        os.dup2(nowhere, stream)
