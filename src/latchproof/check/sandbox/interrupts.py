"""Tells the user's Ctrl-C, and what stops a target, from a KeyboardInterrupt that the target raises itself."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_depth = 0
"""Number of contexts in which interrupts are told apart."""


class UserInterruptError(KeyboardInterrupt):
    """The user has pressed Ctrl-C."""


@contextmanager
def interrupts_told_apart() -> Iterator[None]:
    """Raise another class on Ctrl-C, so that `is_targets_own` can tell; not where others handle the signal."""
    global _depth
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if in_main else signal.SIG_IGN
    if before not in (signal.default_int_handler, signal.SIG_IGN, _raise):
        yield
        return
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _raise)
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, before)


def is_targets_own(error: BaseException) -> bool:
    """Return whether a target raised an error, and not the user or what stops a target.

    >>> is_targets_own(SystemExit()), is_targets_own(KeyboardInterrupt())
    (True, False)
    >>> with interrupts_told_apart():
    ...     is_targets_own(KeyboardInterrupt()), is_targets_own(UserInterruptError())
    (True, False)
    """
    return not isinstance(error, KeyboardInterrupt) or (type(error) is KeyboardInterrupt and _depth > 0)


def _raise(signum: int, frame: object) -> NoReturn:
    raise UserInterruptError
