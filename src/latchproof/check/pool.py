"""Does the jobs of a check in processes of their own, so that all cores are used and a target can do no harm.

A target that ends its interpreter, or that nothing can stop, costs the job that it was found in, and no more.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from latchproof.check.jobs import InterruptedWalkError, Job, Outcome, do_job, implemented, portable
from latchproof.check.pieces import Piece, Work
from latchproof.check.run import Walk
from latchproof.check.sandbox.containment import STEP_SECONDS
from latchproof.check.target import Target, TargetError, load

BEAT_SECONDS = 0.2
"""So often does a worker say how far it is."""

SILENCE_SECONDS = 6 * STEP_SECONDS
"""After so long without a word a worker is stopped: its target is stuck where not even an alarm reaches it."""

GRACE_SECONDS = 5.0
"""So long may workers take to hand in what they have, when the check is interrupted."""


def cores() -> int:
    """How many processors there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Worker processes for one target, named so that each can load it.

    Raises TargetError, from `do`, if the target cannot be loaded there.
    """

    def __init__(self, name: str, kind: str | None, workers: int) -> None:
        self._setup = (name, kind)
        self._workers = max(1, workers)
        self._context = multiprocessing.get_context("spawn")
        self._running: list[_Worker] = []

    def do(self, work: Work, on_beat: Callable[[int, Walk], None] | None = None) -> None:
        """Do all of the work. `on_beat` is told how far a job, by its number, is.

        On a KeyboardInterrupt every worker hands in what it has, and that is raised again.
        """
        try:
            while not work.is_over:
                self._give(work)
                self._listen(work, on_beat)
        except KeyboardInterrupt:
            self._hand_in(work)
            raise
        finally:
            self.end()

    def end(self) -> None:
        """End every worker, whatever it is at."""
        for worker in self._running:
            worker.end()

    def _give(self, work: Work) -> None:
        """Give everybody something to do, and start somebody as long as there is more to do than there are hands."""
        for worker in self._running:
            if worker.piece is None and (piece := work.next()) is not None:
                worker.give(piece, work.job(piece))
        while len(self._running) < self._workers and (piece := work.next()) is not None:
            self._running.append(self._start())
            self._running[-1].give(piece, work.job(piece))

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, *self._setup), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _listen(self, work: Work, on_beat: Callable[[int, Walk], None] | None) -> None:
        """Take in what the workers say, for a while."""
        wait([worker.connection for worker in self._running], timeout=BEAT_SECONDS)
        for worker in tuple(self._running):
            piece = worker.piece
            said = worker.listen()
            if said is not None:
                what, told = said
                if what == "failed":
                    raise TargetError(told)
                if piece is None:
                    continue
                walk: Walk = told if what == "beat" else told.walk
                if on_beat is not None:
                    on_beat(piece.job, work.so_far(piece, walk))
                if what == "done":
                    work.take(piece, told)
                    worker.piece = None
            elif (reason := worker.trouble()) is not None:
                if piece is not None:
                    work.take(piece, Outcome(Walk(complete=False), (reason,), done=False))
                worker.end()
                self._running.remove(worker)
            elif piece is not None and not work.needs(piece):
                worker.end()  # another is started in its place
                self._running.remove(worker)

    def _hand_in(self, work: Work) -> None:
        """Let every worker say what it has."""
        for worker in self._running:
            worker.stop()
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and any(worker.piece is not None for worker in self._running):
            try:
                self._listen(work, None)
            except KeyboardInterrupt:
                return


class _Worker:
    """A process, what it is at, and when it was last heard of."""

    def __init__(self, process: Any, connection: Connection[Any, Any]) -> None:
        self.process = process
        self.connection = connection
        self.piece: Piece | None = None
        self._heard = time.monotonic()
        self._hung_up = False

    def give(self, piece: Piece, job: Job) -> None:
        self.piece = piece
        self._heard = time.monotonic()
        try:
            self.connection.send(job)
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
        if self.piece is not None and time.monotonic() - self._heard > SILENCE_SECONDS:
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
    except Exception as error:  # not the target's doing: it must not look like that
        connection.send(("failed", f"a worker failed, with {type(error).__name__}: {error}"))


def _quiet() -> None:
    """Let nothing that the target writes get out, not even past `sys.stdout`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    for stream in (1, 2):
        os.dup2(nowhere, stream)
