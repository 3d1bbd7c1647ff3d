"""The standard streams, which may be closed, full, or unable to encode a character: no command fails because of that.

A command that has a verdict returns it all the same. Python would end with exit code 1, or 120, or write into a file
that was opened in place of a closed stream.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn


class Forgiving:
    """A stream that discards what cannot be written. BrokenPipeError is raised, since it means that the reader is gone.

    >>> with open("/dev/full", "w") as full:
    ...     stream = Forgiving(full)
    ...     print("hello", file=stream, flush=True)
    >>> stream.failed
    True
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failed = False

    def write(self, text: str) -> int:
        """Write a text, if that is possible."""
        try:
            self._stream.write(text)
        except BrokenPipeError:
            raise
        except (OSError, ValueError):  # the latter if it is closed
            self._discard()
        return len(text)

    def flush(self) -> None:
        """Flush what was written, if that is possible."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except (OSError, ValueError):
            self._discard()

    def _discard(self) -> None:
        """Discard what is buffered, and all that is written from now on."""
        self.failed = True
        with contextlib.suppress(OSError, ValueError):
            discard(self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare() -> None:
    """Open the streams that are closed, and let no character and no full device end the command."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            discard(number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name) or os.fdopen(number, "w", encoding="utf-8", closefd=False)
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, Forgiving(stream))


def discard(number: int) -> None:
    """Let a file descriptor discard what is written to it, in this process and in those that it starts."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    else:
        os.set_inheritable(number, True)


def tell(line: str) -> None:
    """Print a line on standard error, if there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(line, file=sys.stderr, flush=True)


def leave(code: int, end: Callable[[int], NoReturn]) -> NoReturn:
    """End the process with this exit code: by `end` if the target has left threads, for which Python would wait."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    if any(one is not threading.current_thread() and not one.daemon for one in threading.enumerate()):
        end(code)
    raise SystemExit(code)
