"""Which lines of a target's own code read a clock.

Timers expire while nothing else can run, and a check does not wait for them. The clocks of the event loops are advanced
with them; those of the operating system are not. Which of them a line reads is told by names alone.
"""

import dis
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePath
from types import CodeType

from latchproof.check.own_code import OwnCode

SYSTEM = {
    "time": ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    "datetime": ("now", "utcnow", "today"),
    "date": ("today",),
}
"""The functions that read a clock of the operating system, by the name of their module or class."""

UNAMBIGUOUS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time_ns", "utcnow"}
"""Those of these functions that are recognized without that name."""

LOOPS = {"time", "current_time"}
"""The functions that read the clock of an event loop."""

LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_FAST")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


def notes_on_clocks(own: OwnCode) -> list[str]:
    """Return a sentence about each kind of clock that the target reads, with the lines."""
    found: dict[str, list[str]] = {"system": [], "loop": []}
    for code in own.codes:
        for kind, line in reads(code):
            found[kind].append(f"{PurePath(code.co_filename).name}:{line}")
    sentences = {
        "system": "the target reads a clock of the system at {}; that clock is not controlled and does not advance "
        "when timers expire, so what depends on it was not tried",
        "loop": "the target reads the clock of the event loop at {}; the check decides when time passes: only while "
        "nothing else can run, to the next timer",
    }
    return [sentences[kind].format(", ".join(dict.fromkeys(places))) for kind, places in found.items() if places]


@lru_cache
def reads_system_clock(own: OwnCode) -> bool:
    """Return whether the target reads a clock that does not advance with the timers: it may wait for that one."""
    return any(kind == "system" for code in own.codes for kind, _ in reads(code))


def reads(code: CodeType) -> Iterator[tuple[str, int]]:
    """Yield each line of a code object that reads a clock, with the kind of clock.

    >>> import time
    >>> def age(self, loop):
    ...     return time.monotonic() - self.begun, loop.time()
    >>> [kind for kind, _ in reads(age.__code__)]
    ['system', 'loop']
    """
    before, line = "", code.co_firstlineno
    for one in dis.get_instructions(code):
        if one.positions is not None and one.positions.lineno is not None:
            line = one.positions.lineno
        name = str(one.argval)
        if one.opname in ATTRIBUTES:
            if name in UNAMBIGUOUS or name in SYSTEM.get(before, ()):
                yield "system", line
            elif name in LOOPS and before != "time":
                yield "loop", line
            before = name
        elif one.opname in LOADS:
            if one.opname == "LOAD_GLOBAL" and name in UNAMBIGUOUS:
                yield "system", line
            before = name
