"""Ends each copy of the process that a target forks: it would continue the check beside the original.

A copy that reaches the same place forks again, so one class could fill the machine.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_end = os._exit
_depth = 0
"""Number of contexts in which copies are ended."""
_forks = 0


@contextmanager
def forks_ended() -> Iterator[None]:
    """End copies of the process that are forked within this context, as soon as they begin."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1


def forks() -> int:
    """Return how many times the process was copied in such contexts."""
    return _forks


def _count() -> None:
    global _forks
    _forks += _depth > 0


def _end_copy() -> None:
    if _depth:
        _end(0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_count, after_in_child=_end_copy)
