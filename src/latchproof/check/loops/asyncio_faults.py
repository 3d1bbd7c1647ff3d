"""The faults of asyncio's own code, and how they are told from those of a target.

Before Python 3.12 wait_for() runs a coroutine as another task, which it cancels after the timeout, or when it is
cancelled itself; then it waits for the end of that task. If its own task is cancelled while it waits so, it ends, and
the other task is still running: it may need a lock for its clean-up, which the caller now takes to be held.
"""

import asyncio
import sys
from asyncio import tasks
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latchproof.check.loops.interface import OwnFault

LEFT_RUNNING = OwnFault(
    "wait-for-left-running",
    "asyncio's wait_for() ends before the task that it has cancelled, because its own task is cancelled meanwhile",
    "Python 3.11",
    ends=True,
)
"""What was to be cleaned up before wait_for() ends is cleaned up later, or never."""

HAS_FAULT = sys.version_info < (3, 12)
"""Whether this Python has the fault."""

_module: Any = tasks
_original: Any = tasks._cancel_and_wait  # type: ignore[attr-defined]
_report: Callable[[OwnFault], None] | None = None


@contextmanager
def wait_for_watched(report: Callable[[OwnFault], None]) -> Iterator[None]:
    """Report the fault, within this context."""
    global _report
    before = _module._cancel_and_wait, _report
    if HAS_FAULT:
        _module._cancel_and_wait, _report = _cancel_and_wait, report
    try:
        yield
    finally:
        _module._cancel_and_wait, _report = before


async def _cancel_and_wait(fut: Any, loop: Any) -> None:
    # the report is no local name here: a fingerprint would walk all that it reaches
    try:
        await _original(fut, loop)
    except asyncio.CancelledError:
        if not fut.done() and _report is not None:
            _report(LEFT_RUNNING)
        raise
