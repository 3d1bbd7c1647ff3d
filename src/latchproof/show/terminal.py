"""A verdict, or a trace, as the text that a terminal shows."""

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict

WIDTH = 120
"""Width of the text, in columns."""


def as_text(one: Verdict | Trace) -> str:
    """Return what `latchproof check` prints about it."""
    from rich.console import Console

    from latchproof.show.verdict import print_trace, print_verdict

    console = Console(width=WIDTH, color_system=None, emoji=False)
    with console.capture() as captured:
        if isinstance(one, Trace):
            print_trace(console, one)
        else:
            print_verdict(console, one)
    return captured.get()
