"""Notices a step of the event loop that does not end, and interrupts it.

A step does not end when it has used a number of seconds of CPU time, or was blocked for a number of seconds. Time in
which the machine ran other programs counts as neither, as far as the system tells; and blocked time is added up from
short looks, each of which needs a turn on a processor, so a process that was suspended does not count as blocked.

In the main thread an alarm looks, and interrupts what runs there, even what is blocked. Elsewhere, or where there are
no alarms, another thread looks; it cannot interrupt what is blocked. The interrupt may be swallowed by the code that
it hits, so it comes again until the step is left. What holds the interpreter in C code is not reached at all: a process
that does so has to be ended from outside (`latchproof.check.pool`). So that the step can be told then, a `Meter` counts
the moves of the process, and another process that makes the same moves is told which of them does not end.
"""

import ctypes
import dis
import faulthandler
import gc
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence
from contextlib import contextmanager
from itertools import dropwhile, takewhile
from types import FrameType
from typing import Any, NamedTuple, Protocol

LOOKS = 16
"""Number of looks within the shorter limit."""

AGAIN_SECONDS = 0.02
"""Interval at which a step that swallows the interrupt is interrupted again, in seconds."""

CHECK_FOLDER = os.path.dirname(os.path.dirname(__file__)) + os.sep
FUZZ_FOLDER = os.path.join(os.path.dirname(os.path.dirname(CHECK_FOLDER)), "fuzz") + os.sep
OWN_FOLDERS = (CHECK_FOLDER, FUZZ_FOLDER)
CALLED = tuple(os.path.join(CHECK_FOLDER, one) for one in ("loops" + os.sep, "watching.py", "places.py", "lines.py"))
CALLING = (
    *(
        os.path.join(CHECK_FOLDER, one)
        for one in (
            "loops" + os.sep,
            "harness.py",
            "target.py",
            "run.py",
            "instants.py",
            "kinds.py",
            "model_kind.py",
            "importing.py",
            "driven.py",
        )
    ),
    os.path.join(FUZZ_FOLDER, "drivers.py"),
)
"""The folders of the code that runs targets, and how file names begin of what the target calls of it, and of what calls
the target or its event loop."""

UNINTERRUPTED = "outside of the main thread a step that is blocked cannot be interrupted"
"""What a reader should know where `watch` says so."""

INSTALLED = (os.path.dirname(os.__file__), "site-packages", "<")
"""What marks the file names of code that is not the user's own."""


class StuckError(KeyboardInterrupt):
    """What the target runs does not end. It is an interrupt because event loops let nothing else through."""


class StepLimits(NamedTuple):
    """How long a step may take, in seconds of its own CPU time, and in seconds in which it is blocked."""

    cpu: float = 2.0
    block: float = 5.0

    @property
    def look_seconds(self) -> float:
        """The interval between two looks."""
        return min(self) / LOOKS

    @property
    def cpu_spent(self) -> str:
        """What a step that reached the first limit has spent, in words."""
        return f"{self.cpu:g} s of CPU time"

    @property
    def blocked(self) -> str:
        """What a step that reached the second limit has spent, in words."""
        return f"{self.block:g} s of blocking"

    def __str__(self) -> str:
        """Return the limits in words.

        >>> print(StepLimits())
        each step takes at most 2 s of CPU time and 5 s of blocking
        """
        return f"each step takes at most {self.cpu_spent} and {self.blocked}"


USUAL_LIMITS = StepLimits()
"""The default limits."""


class Meter:
    """Counts what a process does with the target, where another process can read it.

    `known` has the counts at which the target is known not to end, each with what was spent, and where. If nothing is
    counted for `dump_seconds`, the stack is written to `dump_to`, a file descriptor.
    """

    def __init__(
        self, count: MutableSequence[int], known: Mapping[int, tuple[str, str]], dump_to: int, dump_seconds: float
    ) -> None:
        self._count = count
        self._known = known
        self._dump_to = dump_to
        self._dump_seconds = dump_seconds

    def move(self) -> tuple[str, str] | None:
        """Count; return what was spent, and where, if what follows is known not to end."""
        self._count[0] += 1
        faulthandler.dump_traceback_later(self._dump_seconds, file=self._dump_to)
        return self._known.get(self._count[0])

    def end(self) -> None:
        """Stop writing stacks."""
        faulthandler.cancel_dump_traceback_later()


class Watched(Protocol):
    """What is watched: a walk of schedules, one step at a time."""

    @property
    def progress(self) -> object:
        """A value that changes with every step, and whenever the target is entered or left."""

    @property
    def own_files(self) -> frozenset[str]:
        """The files with the target's own code."""

    def hangs(self, spent: str, at: str, frame: FrameType) -> bool:
        """Note that what the target does at a place does not end; return False if no step is under way there."""


class _Clock:
    """The CPU time of the thread that makes this, and how long it waited for a processor; both in seconds."""

    def __init__(self) -> None:
        ident = threading.get_ident()
        self._id = time.pthread_getcpuclockid(ident) if hasattr(time, "pthread_getcpuclockid") else None
        self._file = f"/proc/self/task/{threading.get_native_id()}/schedstat"

    def read(self) -> tuple[float, float]:
        """Return the CPU time and the time waited."""
        cpu = time.process_time() if self._id is None else time.clock_gettime(self._id)
        return cpu, self._waited()

    def _waited(self) -> float:
        try:
            file = os.open(self._file, os.O_RDONLY)
        except OSError:  # only Linux tells
            return 0.0
        try:
            return int(os.read(file, 100).split()[1]) / 1e9
        finally:
            os.close(file)


class _Watch:
    """Adds up what the present step has spent, at every look."""

    def __init__(self, watched: Callable[[], Watched], limits: StepLimits) -> None:
        self._watched = watched
        self._limits = limits
        self._clock = _Clock()
        self._noted: object = None
        """The progress at which a step that does not end was noted."""
        self._looking = False
        self._progress: object = None
        """The progress at the last look; None before the first look, because most steps end sooner."""

    def _begin(self, progress: object) -> None:
        """Start again from zero, at this progress."""
        self._progress = progress
        self._cpu = self._blocked = 0.0
        self._last = (time.monotonic(), *self._clock.read())

    def look(self, frame: FrameType | None) -> StuckError | None:
        """Return the interrupt for what runs in a frame, if it has reached a limit."""
        if self._looking:  # an alarm within this method
            return None
        self._looking = True
        try:
            return self._look(frame)
        finally:
            self._looking = False

    def _look(self, frame: FrameType | None) -> StuckError | None:
        watched, limits = self._watched(), self._limits
        progress = watched.progress
        if frame is None or progress != self._progress or is_own(frame):
            self._begin(progress)
            return None
        before, cpu_before, waited_before = self._last
        now, cpu, waited = self._last = (time.monotonic(), *self._clock.read())
        passed = min(now - before, 2 * limits.look_seconds)
        self._cpu += cpu - cpu_before
        self._blocked += max(0.0, passed - (cpu - cpu_before) - (waited - waited_before))
        if self._cpu >= limits.cpu:
            spent = limits.cpu_spent
        elif self._blocked >= limits.block:
            spent = limits.blocked
        else:
            return None
        at = place(frame, watched.own_files)
        if self._noted != progress and watched.hangs(spent, at, frame):
            self._noted = progress
        return StuckError(f"what the target does did not end within {spent}, at {at}")


@contextmanager
def watch(watched: Callable[[], Watched], limits: StepLimits) -> Iterator[bool]:
    """Interrupt what does not end, within this context; yield whether even what is blocked can be interrupted."""
    in_main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    with _by_alarm(_Watch(watched, limits), limits) if in_main else _by_thread(_Watch(watched, limits), limits):
        yield in_main


@contextmanager
def _by_alarm(one: _Watch, limits: StepLimits) -> Iterator[None]:
    def look(signum: int, frame: FrameType | None) -> None:
        if (stuck := one.look(frame)) is not None:
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, limits.look_seconds)
            _interrupt_where_it_is_swallowed(frame)
            raise stuck

    tracer = sys.gettrace()
    before = signal.signal(signal.SIGALRM, look)
    timer = signal.setitimer(signal.ITIMER_REAL, limits.look_seconds, limits.look_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)
        if sys.gettrace() is not tracer:
            sys.settrace(tracer)


def _interrupt_where_it_is_swallowed(frame: FrameType | None) -> None:
    """Raise StuckError again at the next line of the target: if that is in an `except`, it leaves the `try`."""
    frame = _outer(frame)
    while frame is not None and not frame.f_code.co_filename.startswith(OWN_FOLDERS):
        frame.f_trace = _interrupt_again
        frame = frame.f_back
    sys.settrace(_interrupt_again)


def _interrupt_again(here: FrameType, event: str, _: object) -> Any:
    if is_own(here) or (
        event == "call" and here.f_back is not None and here.f_back.f_code.co_filename.startswith(OWN_FOLDERS)
    ):
        sys.settrace(None)
    elif event == "call" and any(getattr(one, "__code__", None) is here.f_code for one in gc.callbacks):
        return None  # what is raised while garbage is collected goes nowhere
    elif event == "line":
        raise StuckError
    return _interrupt_again


@contextmanager
def _by_thread(one: _Watch, limits: StepLimits) -> Iterator[None]:
    target, over = threading.get_ident(), threading.Event()

    def look() -> None:
        while not over.wait(limits.look_seconds):
            if one.look(sys._current_frames().get(target)) is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(StuckError))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def is_own(frame: FrameType) -> bool:
    """Return whether the code that runs targets runs in a frame, and not the target or its event loop."""
    outer = _outer(frame)
    if outer is None or outer.f_code.co_filename.startswith(OWN_FOLDERS):
        return True
    while outer is not None and not outer.f_code.co_filename.startswith(OWN_FOLDERS):
        outer = outer.f_back
    return outer is not None and not outer.f_code.co_filename.startswith(CALLING)


def _outer(frame: FrameType | None) -> FrameType | None:
    """Return the frame, or the one from which the check's own code was called there."""
    while frame is not None and frame.f_code.co_filename.startswith(CALLED):
        frame = frame.f_back
    return frame


def place(frame: FrameType, own_files: frozenset[str]) -> str:
    """Return the file and line of the innermost frame of the target's own, or else of code that is not installed."""
    return place_among(_frames(frame), own_files)


def place_among(frames: Iterable[tuple[str, int]], own_files: frozenset[str]) -> str:
    """Return the same for frames that are given by their file and line, the innermost first.

    >>> place_among([("/lib/queue.py", 7), ("/home/me/sync.py", 12), ("/home/me/main.py", 3)], frozenset())
    'queue.py:7'
    >>> place_among([("/lib/queue.py", 7), ("/home/me/sync.py", 12)], frozenset({"/home/me/sync.py"}))
    'sync.py:12'
    """
    known = list(frames)
    own = [one for one in known if one[0] in own_files]
    users = [one for one in known if not any(mark in one[0] for mark in INSTALLED)]
    file, line = (*own, *users, *known)[0]
    return f"{os.path.basename(file)}:{line}"


def frames_in(dump: str) -> list[tuple[str, int]]:
    """Return the frames of the latest stack that faulthandler wrote, the innermost first, down to the check's own.

    >>> outer = f'  File "{CHECK_FOLDER}run.py", line 7 in play'
    >>> frames_in('Thread 0x1:\\n  File "/home/me/sync.py", line 12 in wait\\n' + outer)
    [('/home/me/sync.py', 12)]
    """
    for stack in reversed(re.split(r"^(?:Current t|T)hread ", dump, flags=re.MULTILINE)):
        frames = [
            (file, int(line)) for file, line in re.findall(r'^  File "(.*)", line (\d+) in ', stack, re.MULTILINE)
        ]
        outside = list(dropwhile(lambda one: one[0].startswith(CALLED), frames))
        inner = list(takewhile(lambda one: not one[0].startswith(OWN_FOLDERS), outside))
        if inner and len(inner) < len(frames):
            return inner
    return []


def _frames(frame: FrameType | None) -> Iterator[tuple[str, int]]:
    frame = _outer(frame)
    while frame is not None and not frame.f_code.co_filename.startswith(OWN_FOLDERS):
        yield frame.f_code.co_filename, _line(frame)
        frame = frame.f_back


def _line(frame: FrameType) -> int:
    """Return the line that comes next: alarms interrupt a loop where it jumps back, which has the line of its head."""
    code = frame.f_code
    for one in dis.get_instructions(code):
        if one.offset == frame.f_lasti and "JUMP_BACKWARD" in one.opname:
            lines = [line for begin, end, line in code.co_lines() if begin <= one.argval < end and line is not None]
            return lines[0] if lines else frame.f_lineno
    return frame.f_lineno
