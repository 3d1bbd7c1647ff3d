"""Schedulers: who decides, where a run could go on in more than one way, how it goes on.

A choice is between options in words: "run" the next step, make a "call ...", "cancel" one, and so on. `Exhaustive` has
every option tried in its turn; `Random` and `Pct` try so many schedules at random; `Replay` repeats one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from latchproof.check.target import TargetError

SCHEDULERS = ("exhaustive", "random", "pct")
"""The schedulers that a check may be given."""

DEFAULTS = ("return", "in order")
"""Options that are taken unless a schedule says otherwise; they are not written down."""

COMES_ROUND, TIME_PASSES = "comes round", "time passes"
"""Noted, not chosen: what can run comes back to the same state for ever, which is rest, or until a timer is due."""

PCT_DEPTH = 3
"""So many ordering constraints a fault may need for PCT's bound to say something about it."""


class Scheduler(Protocol):
    """Decides how runs go on."""

    exhaustive: bool
    """Whether every option is to be tried, in the order in which they are given."""

    def begin(self) -> bool:
        """Get ready for the next run; False if there is to be none."""

    def choose(self, options: Sequence[str]) -> int | None:
        """Which option is taken; None ends the run."""

    def insists_on(self, word: str) -> bool:
        """Whether the state is to be taken for one that comes round, though that has not been found out here."""


class Exhaustive:
    """Every option in its turn; who walks the tree keeps the account of it."""

    exhaustive = True

    def begin(self) -> bool:
        return True

    def choose(self, options: Sequence[str]) -> int | None:
        return 0

    def insists_on(self, word: str) -> bool:
        return False


class Random:
    """So many schedules; at each choice a step is as likely as everything else together.

    >>> scheduler = Random(schedules=1, seed=0)
    >>> scheduler.begin(), scheduler.choose(["run", "call wait()"]) in (0, 1), scheduler.begin()
    (True, True, False)
    """

    exhaustive = False

    def __init__(self, schedules: int, seed: int) -> None:
        self._left = schedules
        self._random = random.Random(seed)

    def begin(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def choose(self, options: Sequence[str]) -> int | None:
        if options[0] in ("run", "pass") and (len(options) == 1 or self._random.random() < 0.5):
            return 0
        first = 1 if options[0] in ("run", "pass") and len(options) > 1 else 0
        return self._random.randrange(first, len(options))

    def insists_on(self, word: str) -> bool:
        return False


class Pct:
    """Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).

    The loop, every call and every cancellation has a priority, drawn at random; of the options the one of the highest
    priority is taken; and at `depth` - 1 choices, drawn at random among as many as the longest run so far had, the one
    that is taken falls below all others.
    """

    exhaustive = False

    def __init__(self, schedules: int, seed: int, depth: int = PCT_DEPTH) -> None:
        self._left = schedules
        self._random = random.Random(seed)
        self._depth = depth
        self._longest = 1
        self._choices = 0
        self._priorities: dict[tuple[str, int], float] = {}
        self._taken: Counter[str] = Counter()
        self._changes: dict[int, int] = {}

    def begin(self) -> bool:
        self._left -= 1
        self._longest = max(self._longest, self._choices)
        self._choices = 0
        self._priorities.clear()
        self._taken.clear()
        self._changes = {self._random.randrange(self._longest): change for change in range(1, self._depth)}
        return self._left >= 0

    def choose(self, options: Sequence[str]) -> int | None:
        # the loop is one thread of control; a call that is made again is another
        keys = [(one, 0 if one in ("run", "pass") else self._taken[one]) for one in options]
        for key in keys:
            self._priorities.setdefault(key, self._depth + self._random.random())
        index = max(range(len(keys)), key=lambda position: self._priorities[keys[position]])
        if (change := self._changes.get(self._choices)) is not None:
            self._priorities[keys[index]] = self._depth - change
        self._choices += 1
        self._taken[options[index]] += 1
        return index

    def insists_on(self, word: str) -> bool:
        return False


class Replay:
    """One schedule, choice by choice; when it is at its end, whatever can still run does.

    `choose` raises TargetError if what the schedule asks for cannot be done.
    """

    exhaustive = False

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [word for word in words if word not in DEFAULTS]
        self._position = 0
        self._begun = False

    def begin(self) -> bool:
        fresh, self._begun = not self._begun, True
        return fresh

    def choose(self, options: Sequence[str]) -> int | None:
        if self._position < len(self._words) and self._words[self._position] in options:
            self._position += 1
            return options.index(self._words[self._position - 1])
        if options[0] in DEFAULTS:
            return 0
        if self._position < len(self._words):
            raise TargetError(
                f"choice {self._position + 1} of the schedule is {self._words[self._position]!r}, and what can be done "
                f"there is: {', '.join(options)}. Is it a schedule of this target, on this host?"
            )
        return 0 if options[0] in ("run", "pass") else None

    def insists_on(self, word: str) -> bool:
        """As the run did from which the schedule is, in which the state was recognized, perhaps some steps earlier."""
        said = self._position < len(self._words) and self._words[self._position] == word
        self._position += said
        return said


def make_scheduler(name: str, schedules: int, seed: int) -> Scheduler:
    """The scheduler of that name.

    Raises TargetError if there is none.
    """
    if name == "exhaustive":
        return Exhaustive()
    if name == "random":
        return Random(schedules, seed)
    if name == "pct":
        return Pct(schedules, seed)
    raise TargetError(f"{name!r} is no scheduler; there are {', '.join(SCHEDULERS)}")
