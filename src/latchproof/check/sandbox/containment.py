"""Contains a target that spins, floods the output or starts threads, and notes it, so that the checker survives."""

import contextlib
import io
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from latchproof.check.reasons import Reason

STEP_SECONDS = 10
"""Time after which one step of the event loop counts as one that does not end, in seconds."""

PATIENCE = 3
"""Extra time for a step that uses little CPU, as a multiple: the machine may just be busy."""

SHOWN = 120
"""Number of characters of a target's output that are kept to be shown."""


class StuckError(KeyboardInterrupt):
    """One step of the event loop does not end. It is an interrupt because event loops let nothing else through."""


class Containment:
    """What is noted of a target while it runs."""

    def __init__(self) -> None:
        self.written = _Sink()
        self.threads: set[str] = set()
        self.watched = False
        """Whether a step that does not end is stopped here: in the main thread, where there are alarms."""

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
        if not self.threads:
            return ()
        text = f"the target starts threads ({', '.join(sorted(self.threads))}), which no schedule controls"
        return (Reason("threads", "", text),)


@contextlib.contextmanager
def contained(progress: Callable[[], object]) -> Iterator[Containment]:
    """Run a target within this context. `progress` must return another value after each of its steps.

    What it logs or prints is discarded, if it is written through `sys.stdout` and `sys.stderr`. In the main thread
    StuckError is raised in a step that does not end, repeatedly if need be.
    """
    containment = Containment()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(containment.written),
            contextlib.redirect_stderr(containment.written),
            _threads_noted(containment.threads),
            _alarm(progress) as containment.watched,
        ):
            yield containment
    finally:
        logging.disable(disabled)


class _Sink(io.TextIOBase):
    """A stream that counts what is written and discards it."""

    def __init__(self) -> None:
        self.characters = 0
        self.start = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.characters += len(text)
        if len(self.start) < SHOWN:
            self.start = (self.start + text)[:SHOWN]
        return len(text)


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


@contextlib.contextmanager
def _alarm(progress: Callable[[], object]) -> Iterator[bool]:
    """Raise StuckError while `progress` does not change; yield whether that is possible here."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield False
        return
    last, since, looks = progress(), time.process_time(), 0

    def look(signum: int, frame: object) -> None:
        nonlocal last, since, looks
        now = progress()
        if now != last:
            last, since, looks = now, time.process_time(), 0
            return
        looks += 1
        if time.process_time() - since > STEP_SECONDS / 2 or looks >= PATIENCE:
            raise StuckError(f"a step of the event loop has not ended after {looks * STEP_SECONDS} s")

    before = signal.signal(signal.SIGALRM, look)
    timer = signal.setitimer(signal.ITIMER_REAL, STEP_SECONDS, STEP_SECONDS)
    try:
        yield True
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)
