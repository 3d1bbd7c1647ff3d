"""A verdict, or a trace, as the text that a terminal shows."""

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict

WIDTH = 100
"""Default width of the text, in columns."""


def as_text(one: Verdict | Trace, width: int = WIDTH) -> str:
    """Return what `latchproof check` prints about it in a terminal of that width, without its colours."""
    from rich.console import Console

    from latchproof.show.verdict import print_trace, print_verdict

    console = Console(width=width, force_terminal=True, color_system=None, emoji=False)
    with console.capture() as captured:
        if isinstance(one, Trace):
            print_trace(console, one)
        else:
            print_verdict(console, one)
    return captured.get()
