"""Contains a target that does not end, floods the output or starts threads, so that the checker survives."""

import contextlib
import functools
import io
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from latchproof.check.reasons import Reason
from latchproof.check.sandbox.forks import forks, forks_ended
from latchproof.check.sandbox.interrupts import interrupts_told_apart
from latchproof.check.sandbox.watch import StepLimits, Watched, watch

SHOWN = 120
"""Number of characters of a target's output that are kept to be shown."""


class Containment:
    """What is noted of a target while it runs."""

    def __init__(self) -> None:
        self.written = _Sink()
        self.threads: set[str] = set()
        self._forks_before = forks()
        self.interrupts_blocked = False
        """Whether a step that is blocked can be interrupted here: in the main thread, where there are alarms."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of it, in sentences."""
        written = self.written
        if not written.characters:
            return ()
        return (f"the target wrote {written.characters:,} characters, which begin with {written.start!r}",)

    @property
    def doubts(self) -> tuple[Reason, ...]:
        """What keeps a check from concluding anything."""
        reasons = []
        if self.threads:
            text = f"the target starts threads ({', '.join(sorted(self.threads))}), which no schedule controls"
            reasons.append(Reason("threads", "", text))
        if forks() > self._forks_before:
            text = "the target forks its process; each copy was ended at once, and what it would have done is not known"
            reasons.append(Reason("forks", "", text))
        return tuple(reasons)


@contextlib.contextmanager
def contained(watched: Callable[[], Watched], limits: StepLimits) -> Iterator[Containment]:
    """Run a target within this context. `watched` must return the walk whose steps are to keep to the limits.

    What it logs or prints is discarded, if it is written through `sys.stdout` and `sys.stderr`.
    """
    containment = Containment()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            watch(watched, limits) as containment.interrupts_blocked,
            contextlib.redirect_stdout(containment.written),
            contextlib.redirect_stderr(containment.written),
            _threads_noted(containment.threads),
            forks_ended(),
            interrupts_told_apart(),
        ):
            yield containment
    finally:
        logging.disable(disabled)


class _Sink(io.TextIOWrapper):
    """A stream with all methods of a program's own that counts what is written and discards it; it cannot be closed."""

    def __init__(self) -> None:
        self.characters = 0
        self.start = ""
        super().__init__(_Nowhere(self), encoding="utf-8", errors="backslashreplace", write_through=True)

    def write(self, text: str) -> int:
        self.note(text)
        return len(text)

    def note(self, text: str) -> None:
        """Count what is written."""
        self.characters += len(text)
        if len(self.start) < SHOWN:
            self.start = (self.start + text)[:SHOWN]

    def close(self) -> None:
        """Do nothing: the next run finds it open."""


class _Nowhere(io.BufferedIOBase):
    """The binary stream below a sink, for a target that writes bytes."""

    name = "<discarded>"

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._sink.note(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def fileno(self) -> int:
        return _nowhere()

    def close(self) -> None:
        """Do nothing."""


@functools.cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


@contextlib.contextmanager
def _threads_noted(names: set[str]) -> Iterator[None]:
    thread_class: Any = threading.Thread
    start = thread_class.start

    def noted(thread: threading.Thread) -> None:
        names.add(type(thread).__name__ if thread.name.startswith("Thread-") else thread.name)
        start(thread)

    thread_class.start = noted
    try:
        yield
    finally:
        thread_class.start = start
