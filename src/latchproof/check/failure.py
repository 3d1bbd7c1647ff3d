"""A run that ends in a finding, as data: what the engine hands to traces and verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from latchproof.check.history import Event, Finding, Observe


@dataclass(frozen=True)
class Failure:
    """A run that ends in a finding: how it was made, what happened, and what was found.

    `schedule` is the list of choices, in words; `history` every event, the last of which is not allowed. `size` counts
    calls, cancellations, the constructor's argument and steps.
    """

    finding: Finding
    argument: int
    schedule: tuple[str, ...]
    history: tuple[Event, ...]
    size: tuple[int, int, int, int]

    @property
    def rank(self) -> tuple[tuple[int, int, int, int], int]:
        """A key by which smaller failures come first; of two of one size, the one with fewer choices."""
        return self.size, len(self.schedule)


def with_step_ends(history: Sequence[Event], ends: Sequence[int]) -> tuple[Event, ...]:
    """Return the history with an empty observation after each step; `ends` are its lengths after the steps.

    >>> from latchproof.check.history import Begin, Rest
    >>> with_step_ends([Begin(0, "wait", ()), Rest()], [1])
    (Begin(call=0, operation='wait', arguments=(), task=0), Observe(values=()), Rest())
    """
    parts = [history[begun:end] for begun, end in pairwise([0, *ends])]
    told = [event for part in parts for event in (*part, Observe(()))]
    return (*told, *history[ends[-1] if ends else 0 :])
