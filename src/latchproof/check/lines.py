"""Which lines of a target's own code ran while its schedules were explored, and which never did.

A verdict that conforms says nothing about a line that never ran. Where `sys.monitoring` tells the lines, all runs are
watched, and each line costs something only once. Where a tracer has to, each run that is watched takes several times
as long, so only a sample is watched, spread over the walk. What the target does after a run, when its tasks are closed,
does not count.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

from latchproof.check.own_code import OwnCode, nested
from latchproof.check.record import Record
from latchproof.check.watching import MONITORING, Watch

EVERY = 128
"""Interval between the traced runs of a job, in runs, where a tracer tells the lines. Of the first runs, those whose
numbers are powers of four are traced, because many jobs are small."""

MOST = 8
"""Maximum number of parts of the code that are named in what is printed."""

Line: TypeAlias = tuple[str, int]
"""A file, as seen from the folder of the target's file, and the number of a line."""


@dataclass(frozen=True)
class LinesRan:
    """The lines that ran in the runs that were watched, and of how many runs these were. They can be added.

    `obstacle` says why none was watched, or is empty.
    """

    ran: frozenset[Line] = frozenset()
    watched: int = 0
    runs: int = 0
    obstacle: str = ""

    def __add__(self, other: LinesRan) -> LinesRan:
        """Return what ran in the runs of both."""
        watched, runs = self.watched + other.watched, self.runs + other.runs
        return LinesRan(self.ran | other.ran, watched, runs, self.obstacle or other.obstacle)


class Part(NamedTuple):
    """Lines of a function between which none ran, of which some have no code."""

    file: str
    first: int
    last: int
    lines: int
    """Number of lines with code."""

    def __str__(self) -> str:
        return f"{self.file}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


@dataclass(frozen=True)
class LineReport:
    """What is known of the lines of the target's own code, of which there are `total`.

    `never_ran` has those that did not run in the `watched` of all `runs`. `obstacle` says why nothing is known, or is
    empty.
    """

    total: int = 0
    never_ran: tuple[Part, ...] = ()
    watched: int = 0
    runs: int = 0
    obstacle: str = ""

    def __str__(self) -> str:
        """Return what is printed.

        >>> print(LineReport(23, (Part("sync.py", 38, 41, 3),), watched=900, runs=900))
        never ran: sync.py:38-41
        >>> print(LineReport(23, (Part("sync.py", 38, 41, 3),), watched=32, runs=900))
        not seen to run: sync.py:38-41 (lines were watched in 32 of 900 runs)
        >>> print(LineReport(23, (), watched=32, runs=900))
        all 23 lines of the class's own code ran
        """
        if not self.watched:
            return f"lines of the class's own code were not watched: {self.obstacle}"
        if not self.never_ran:
            return f"all {self.total} lines of the class's own code ran"
        more = sum(part.lines for part in self.never_ran[MOST:])
        others = f" and {more} more line{'' if more == 1 else 's'}" if more else ""
        named = f"{', '.join(map(str, self.never_ran[:MOST]))}{others}"
        if self.watched < self.runs:
            return f"not seen to run: {named} (lines were watched in {self.watched:,} of {self.runs:,} runs)"
        return f"never ran: {named}"

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "summary": str(self),
            "total": self.total,
            "never_ran": list(map(str, self.never_ran)),
            "runs_watched": self.watched,
            "runs": self.runs,
            "not_watched_because": self.obstacle,
        }


@dataclass
class LineWatch:
    """Watches the runs of a job for the lines of a target's own code. It is used as a context, around all of them."""

    own: OwnCode
    _ran: set[Line] = field(default_factory=set)
    _watched: int = 0
    _runs: int = 0
    _record: Record | None = None
    """The record of the run that is watched."""

    def __post_init__(self) -> None:
        self._files = {name: _file_of(name, self.own) for name in self.own.files}
        self._wanted = set[Line]().union(*lines_by_function(self.own))
        self._watch = Watch(self.own.codes, on_line=self._on_line)
        self._obstacle = self._watch.obstacle() if self.own.codes else "the class has no Python code"

    def __enter__(self) -> LineWatch:
        if MONITORING is not None and not self._obstacle:
            self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop()

    @contextmanager
    def watching(self, record: Record) -> Iterator[None]:
        """Watch one run, if it is one of those that are."""
        number, self._runs = self._runs, self._runs + 1
        if self._obstacle or (MONITORING is None and not self._is_sampled(number)):
            yield
            return
        self._record = record
        self._watched += MONITORING is not None or self._watch.start()
        try:
            yield
        finally:
            self._record = None
            if MONITORING is None:
                self._watch.stop()

    def _is_sampled(self, number: int) -> bool:
        is_power_of_four = number & (number - 1) == 0 and number.bit_length() % 2 == 1
        return (is_power_of_four or number % EVERY == 0) and len(self._ran) < len(self._wanted)

    def _on_line(self, code: CodeType, line: int) -> bool:
        if self._record is None or self._record.over:
            return True
        if (ran := (self._files[code.co_filename], line)) in self._wanted:
            self._ran.add(ran)
        return False

    @property
    def result(self) -> LinesRan:
        """What ran so far."""
        return LinesRan(frozenset(self._ran), self._watched, self._runs, self._obstacle)


def report(own: OwnCode, known: LinesRan) -> LineReport:
    """Return what is known of the lines of the own code, from all runs that were watched."""
    functions = lines_by_function(own)
    total = set[Line]().union(*functions)
    if not known.watched:
        return LineReport(len(total), runs=known.runs, obstacle=known.obstacle or "no run was watched")
    parts = dict.fromkeys(part for lines in functions for part in _parts(lines, known.ran))
    return LineReport(len(total), tuple(parts), known.watched, known.runs)


def lines_by_function(own: OwnCode) -> list[frozenset[Line]]:
    """Return the lines of each function that can run: those that have code, without that of its `def`."""
    files = {name: _file_of(name, own) for name in own.files}
    return [
        frozenset((files[function.co_filename], line) for code in nested(function) for line in _lines_of(code))
        for function in own.functions
    ]


def _lines_of(code: CodeType) -> set[int]:
    found = {line for *_, line in code.co_lines() if line}
    return found - {code.co_firstlineno} or found  # a function may be one line


def _file_of(name: str, own: OwnCode) -> str:
    return os.path.relpath(name, own.folder or os.curdir)


def _parts(lines: frozenset[Line], ran: frozenset[Line]) -> Iterator[Part]:
    """Yield each part of a function in which no line ran."""
    for did_run, group in groupby(sorted(lines), key=lambda line: line in ran):
        if not did_run:
            part = list(group)
            yield Part(part[0][0], part[0][1], part[-1][1], len(part))
