"""Shows how far a command is: at once in a terminal, and by a line on stderr now and then where there is none."""

import sys
import threading
import time
from collections.abc import Sequence
from typing import Self

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining

from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.tree import Walk
from latchproof.show.printing import Console
from latchproof.show.words import count_of

TELL_SECONDS = 30.0
"""Interval between two lines of progress where there is no terminal, in seconds."""


class _Shown:
    """A line at the bottom of a terminal while the context lasts; without a terminal, what `_tell` says on stderr."""

    def __init__(self, console: Console, columns: Sequence[ProgressColumn], what: str, total: int | None) -> None:
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(what, total=total)
        self._over = threading.Event()
        self._teller = None if console.is_terminal else threading.Thread(target=self._tell_on, daemon=True)

    def __enter__(self) -> Self:
        self._progress.start()
        if self._teller is not None:
            self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        self._over.set()
        if self._teller is not None:
            self._teller.join()

    def _tell_on(self) -> None:
        begun = time.monotonic()
        while not self._over.wait(TELL_SECONDS):
            print(f"latchproof: {self._tell(time.monotonic() - begun)}", file=sys.stderr, flush=True)

    def _tell(self, seconds: float) -> str:
        raise NotImplementedError


class Stages(_Shown):
    """What a long command is doing: it is called with the name of each stage."""

    def __init__(self, console: Console, stage: str) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}; elapsed"), Elapsed())
        super().__init__(console, columns, stage, None)
        self._stage = stage

    def __call__(self, stage: str) -> None:
        """Take note of the stage that begins."""
        self._stage = stage
        self._progress.update(self._task, description=stage)

    def _tell(self, seconds: float) -> str:
        return f"{self._stage}; {seconds:.0f} s elapsed"


class Bar(_Shown):
    """How far each part of a check is, with an estimate of the time that is left."""

    def __init__(self, console: Console, weights: Sequence[int], limits: StepLimits) -> None:
        bar = BarColumn(bar_width=max(4, min(40, console.width - 56)))
        columns = (TextColumn("{task.description}"), bar, TextColumn("elapsed"), Elapsed(), TextColumn("left"))
        super().__init__(console, (*columns, Remaining()), "starting", sum(weights))
        self._weights = weights
        self._limits = limits
        self._parts = [0.0] * len(self._weights)
        self._schedules = [0] * len(self._weights)
        self._told = 0

    def _tell(self, seconds: float) -> str:
        before, self._told = self._told, sum(self._schedules)
        stuck = f"; {self._limits}, or is stopped" if self._told == before else ""
        return f"{count_of(self._told, 'schedule')} after {seconds:.0f} s{stuck}"

    def __call__(self, number: int, walk: Walk) -> None:
        """Take note of how far a part is, by its number."""
        self._parts[number] = max(self._parts[number], walk.fraction)
        self._schedules[number] = max(self._schedules[number], walk.schedules)  # pieces report by turns
        done = sum(weight * part for weight, part in zip(self._weights, self._parts, strict=True))
        self._progress.update(self._task, completed=done, description=count_of(sum(self._schedules), "schedule"))
