"""Shows how far a check is."""

import sys
import threading
import time
from collections.abc import Sequence
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.tree import Walk
from latchproof.show.printing import Console, count_of

TELL_SECONDS = 30.0
"""Interval between two lines of progress where there is no terminal, in seconds."""


class Bar:
    """How far each part of a check is: a bar with an estimate in a terminal, else a line on stderr now and then."""

    def __init__(self, console: Console, weights: Sequence[int], limits: StepLimits) -> None:
        self._weights = weights
        self._limits = limits
        self._parts = [0.0] * len(self._weights)
        self._schedules = [0] * len(self._weights)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=sum(self._weights))
        self._over = threading.Event()
        self._teller = None if console.is_terminal else threading.Thread(target=self._tell, daemon=True)

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

    def _tell(self) -> None:
        begun, before = time.monotonic(), 0
        while not self._over.wait(TELL_SECONDS):
            now, seconds = sum(self._schedules), time.monotonic() - begun
            stuck = f"; {self._limits}, or is stopped" if now == before else ""
            print(f"latchproof: {count_of(now, 'schedule')} after {seconds:.0f} s{stuck}", file=sys.stderr, flush=True)
            before = now

    def __call__(self, number: int, walk: Walk) -> None:
        """Take note of how far a part is, by its number."""
        self._parts[number] = max(self._parts[number], walk.fraction)
        self._schedules[number] = max(self._schedules[number], walk.schedules)  # pieces report by turns
        done = sum(weight * part for weight, part in zip(self._weights, self._parts, strict=True))
        self._progress.update(self._task, completed=done, description=count_of(sum(self._schedules), "schedule"))
