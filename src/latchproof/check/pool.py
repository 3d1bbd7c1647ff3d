"""Does the jobs of a check in worker processes, so that all cores are used and a target can do no harm.

A target that ends its interpreter costs only the job in which that happens. A worker that nothing in its process can
interrupt is ended. A second worker does the same job and counts its moves. If it has to be ended too, its count tells
which move does not end, and the stack that it leaves tells where. A third worker stops before that move, and reports it
as a finding.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import replace
from functools import cache, partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from latchproof.check.importing import plain_path
from latchproof.check.jobs import InterruptedWalkError, Job, JobResult, do_job, portable
from latchproof.check.probe import implemented
from latchproof.check.reasons import Reason
from latchproof.check.sandbox.forks import forks_ended
from latchproof.check.sandbox.watch import USUAL_LIMITS, Meter, StepLimits, frames_in, place_among
from latchproof.check.target import Recipe, TargetError
from latchproof.check.tree import Walk
from latchproof.check.work_queue import Piece, WorkQueue

LONGEST_STACK = 100_000
"""Maximum number of bytes that are read of a stack."""

BEAT_SECONDS = 0.2
"""Interval at which a worker reports its progress, in seconds."""

SILENCE = 2
"""Time without a report after which a worker is stopped, as a multiple of what a step may take: by then its own alarm
has failed to reach the target."""

STOPS = 8
"""Number of workers that are stopped for one piece before nothing is concluded from it."""

PARENT_DEATH_SIGNAL = 1
"""The number by which prctl() is asked for a signal when the parent ends."""

GRACE_SECONDS = 5.0
"""Time for workers to hand in what they have when the check is interrupted, in seconds."""


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Worker processes for one target, which each of them loads by its recipe.

    Raises TargetError, from `do`, if the target cannot be loaded there.
    """

    def __init__(self, recipe: Recipe, workers: int, own_files: frozenset[str] = frozenset()) -> None:
        self._recipe = recipe
        self._own_files = own_files
        self._stuck: dict[Piece, dict[int, tuple[str, str]]] = {}
        """For each piece of which a worker was ended, the counts at which a move does not end, with time and place."""
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
            self._start(piece, work.job(piece))

    def _start(self, piece: Piece, job: Job) -> None:
        self._running.append(_Worker(self._recipe))
        self._running[-1].give(piece, job)

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
                if piece is None or what == "ready":
                    continue
                work.report(piece, told if what == "beat" else told.walk)
                if what == "done":
                    work.take(piece, told)
                    worker.piece = None
            elif (reason := worker.trouble()) is not None:
                learned = piece is not None and reason.code == "not-responding" and self._learns(piece, worker)
                worker.end()
                self._running.remove(worker)
                if piece is not None and not learned:
                    work.take(piece, JobResult(Walk(complete=False), (reason,), done=False))
                elif piece is not None and work.needs(piece):
                    self._start(piece, replace(work.job(piece), hangs=dict(self._stuck[piece])))
            elif piece is not None and not work.needs(piece):
                worker.end()  # another is started in its place
                self._running.remove(worker)

    def _learns(self, piece: Piece, ended: _Worker) -> bool:
        """Note what the worker that is ended shows; return whether another one that counts can find out more."""
        known = self._stuck.setdefault(piece, {})
        if not ended.is_counting:
            return True
        frames = frames_in(ended.stack)
        if not frames or len(known) == STOPS:
            return False
        known[ended.count[0]] = ended.spent, place_among(frames, self._own_files)
        return True

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
    """A process that has loaded the target, the piece that it does, and what it has spent since it last reported."""

    def __init__(self, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._stack, stack = context.Pipe(duplex=False)
        self.count: Any = context.RawArray("q", 1)
        """The number of moves that the worker has counted."""
        self.process = context.Process(target=_work, args=(theirs, stack, self.count, recipe), daemon=True)
        with plain_path():
            self.process.start()
        theirs.close()
        stack.close()
        self.piece: Piece | None = None
        self.is_counting = False
        self.spent = ""
        """What the worker has spent, once that is too much."""
        self._is_ready = False
        self._limits = USUAL_LIMITS
        self._silence = Silence(self.process.pid)
        self._hung_up = False

    def give(self, piece: Piece, job: Job) -> None:
        self.piece = piece
        self.is_counting = job.hangs is not None
        self._limits = job.limits
        self._silence.end()
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
            self._silence.end()
            self._is_ready = True
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
        if self.piece is None or not self._is_ready:
            return None
        self.spent = self._silence.spent(self.count[0], self._limits)
        if not self.spent:
            return None
        return Reason("not-responding", "", f"the target did not respond within {self.spent} and was stopped")

    @property
    def stack(self) -> str:
        """What faulthandler has written."""
        return os.read(self._stack.fileno(), LONGEST_STACK).decode(errors="replace") if self._stack.poll() else ""

    def end(self) -> None:
        self.connection.close()
        self._stack.close()
        self.process.kill()
        self.process.join()


class Silence:
    """What a process has spent since it last reported or counted: CPU time, and time in which it slept.

    A process that is ready to run and gets no processor spends neither, where the system tells (Linux).
    """

    def __init__(self, pid: int | None) -> None:
        self._file = f"/proc/{pid}/stat"
        self._count = 0
        self.end()

    def end(self) -> None:
        """Note that the process has reported or counted."""
        self._looked = time.monotonic()
        self._cpu, _ = self._read()
        self._slept = 0.0

    def spent(self, count: int, limits: StepLimits) -> str:
        """Return the limit that the process has spent, if it has spent SILENCE times as much; else ""."""
        now, (cpu, sleeps) = time.monotonic(), self._read()
        if count != self._count:
            self._count = count
            self.end()
            return ""
        self._slept += min(now - self._looked, 2 * BEAT_SECONDS) if sleeps else 0.0
        self._looked = now
        if cpu - self._cpu > SILENCE * limits.cpu:
            return limits.cpu_spent
        if self._slept > SILENCE * limits.block:
            return limits.blocked
        return ""

    def _read(self) -> tuple[float, bool]:
        """Return the CPU time in seconds, and whether the process sleeps; if that is not known, it counts as asleep."""
        try:
            fields = Path(self._file).read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return 0.0, True
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), fields[0] != "R"


def _work(connection: Connection[Any, Any], stack: Connection[Any, Any], count: Any, recipe: Recipe) -> None:
    """Load the target, then do one job after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets the interrupt, and passes it on
    _end_with_parent()
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
        with forks_ended():
            target = recipe.load()
            connection.send(("ready", None))
            implemented_on = cache(partial(implemented, target))
            while (job := connection.recv()) is not None:
                if job.hangs is None:
                    result = do_job(implemented_on(job.host, job.limits), job, beat)
                else:
                    meter = Meter(count, job.hangs, stack.fileno(), SILENCE * min(job.limits) / 2)
                    result = do_job(implemented(target, job.host, job.limits, meter), job, beat, meter)
                    meter.end()
                connection.send(("done", portable(result)))
    except TargetError as error:
        connection.send(("failed", str(error)))
    except (EOFError, OSError):
        """The parent has ended."""
    except Exception as error:  # the target did not cause it, and must not look as if it had
        connection.send(("failed", f"a worker failed, with {type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    """Have this process killed when its parent ends, even if no signal reaches a step; only Linux can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        parent = multiprocessing.parent_process()
        if parent is not None and os.getppid() != parent.pid:  # it has ended already
            os.kill(os.getpid(), signal.SIGKILL)


def _quiet() -> None:
    """Discard all that the target writes, even past `sys.stdout`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    for stream in (1, 2):
        os.dup2(nowhere, stream)
