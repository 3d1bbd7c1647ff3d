"""What a format is: how a verdict or a trace is written to a file."""

from collections.abc import Callable
from dataclasses import dataclass

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict


class CannotRenderError(Exception):
    """A trace that has no rendering in a format; the text says why."""


@dataclass(frozen=True)
class Format:
    """A format: its `name` for export, the `option` of other commands, and what it is, as it ends a line of help.

    `of_verdict` renders a verdict, and `of_trace` a trace; what it does not render is None. Where a format renders
    traces alone, a check writes its shortest counterexample. Both may raise CannotRenderError.
    """

    name: str
    option: str
    help: str
    of_verdict: Callable[[Verdict], str] | None = None
    of_trace: Callable[[Trace], str] | None = None
