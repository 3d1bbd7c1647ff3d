"""Prints how much work a check would be."""

from collections.abc import Sequence
from dataclasses import replace

from latchproof.check.bounds import describe_bounds
from latchproof.check.estimate import Estimate
from latchproof.check.target import Target
from latchproof.show.printing import Console, print_table, say
from latchproof.show.words import count_of


def print_estimates(console: Console, estimates: Sequence[Estimate], target: Target) -> None:
    """Print a row for each bound with each constructor argument, and how the numbers are known."""
    rows = []
    for one in estimates:
        bound = describe_bounds(replace(one.programs, arguments=(one.argument,)), target)
        known = "counted" if one.is_counted else f"extrapolated from {count_of(one.counted_calls, 'call')}"
        every = f"{_about(one.schedules)} +- {_about(one.error)}"
        rows.append((bound, every, f"{_about(one.runs)} ({known})", f"{one.seconds:,.1f} s"))
    print_table(console, ("bound", "schedules", "runs", "takes"), rows)
    runs, seconds = sum(one.runs for one in estimates), sum(one.seconds for one in estimates)
    say(console)
    say(console, f"in total about {_about(runs)} runs, {seconds:,.1f} s on one core of this machine")
    say(
        console,
        f"schedules: estimated size of the whole tree, by Knuth's method from {estimates[0].samples} random descents; "
        "+- is the standard error",
    )
    say(
        console,
        "runs: what remains after pruning at states and orders already explored; where it is extrapolated, only its "
        "order of magnitude can be relied on",
    )
    say(console, "nothing was checked, and nothing is concluded", style="yellow")


def _about(number: float) -> str:
    return f"{number:,.0f}" if number < 10_000_000 else f"{number:.1e}"
