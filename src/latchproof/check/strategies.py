"""Strategies: how a run continues where it could continue in more than one way, and whether another run follows.

A strategy sees the options of a choice as words: "run" the next step, make a "call ...", "cancel" one, and so on. It
knows nothing of the target, and the runner knows nothing of strategies but their interface, so exhaustive search is a
strategy like any other. A strategy that `--scheduler` offers has a line in `STRATEGIES`.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from latchproof.check.choices import DEFAULTS, STEPS, TIME_PASSES, Path
from latchproof.check.target import TargetError

PCT_DEPTH = 3
"""Number of ordering constraints up to which PCT's bound holds for a fault."""


class Strategy(Protocol):
    """Chooses how runs continue: `begin` comes before each run, `choose` at each choice in it."""

    repeats: bool = False
    """Whether it repeats one schedule, which also has what is noted and not chosen."""

    prunes: bool = False
    """Whether a run may be cut short where another stands for it. In a sample every run counts for itself."""

    def begin(self, path: Path) -> bool:
        """Prepare the next run and return True, or return False if none follows.

        The next run repeats what is left on the path, with the option that the last choice has come to.
        """

    def choose(self, options: Sequence[str]) -> int | None:
        """Return the number of the option to take; None ends the run."""

    def insists_on(self, word: str) -> bool:
        """Return whether the state is to be taken for one that repeats, though this run has not found that out."""
        return False

    def fraction(self, path: Path) -> float:
        """Return the share of all runs that has been made, as far as that is known."""
        return 0.0


class Exhaustive(Strategy):
    """Takes every option in its turn, depth first."""

    prunes = True

    def __init__(self) -> None:
        self._begun = False

    def begin(self, path: Path) -> bool:
        if self._begun:
            return path.advance()
        self._begun = True
        return True

    def choose(self, options: Sequence[str]) -> int | None:
        return 0

    def fraction(self, path: Path) -> float:
        return path.fraction


class Sample(Strategy):
    """Makes a number of runs, each from the start."""

    def __init__(self, schedules: int, seed: int) -> None:
        self._left = schedules
        self._random = random.Random(seed)

    def begin(self, path: Path) -> bool:
        path.clear()
        self._left -= 1
        return self._left >= 0


class Random(Sample):
    """Chooses at random; at each choice a step is as likely as all other options together.

    >>> strategy = Random(schedules=1, seed=0)
    >>> strategy.begin(Path()), strategy.choose(["run", "call wait()"]) in (0, 1), strategy.begin(Path())
    (True, True, False)
    """

    def choose(self, options: Sequence[str]) -> int | None:
        others = [index for index, option in enumerate(options) if option not in STEPS]
        if len(others) < len(options) and (not others or self._random.random() < 0.5):
            return _step_of(options)
        return self._random.choice(others)


class Pct(Sample):
    """Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).

    The loop, every call and every cancellation has a priority, drawn at random, and the option of the highest priority
    is taken. At `depth` - 1 choices, drawn at random among as many as the longest run so far had, the option that is
    taken falls below all others.
    """

    def __init__(self, schedules: int, seed: int, depth: int = PCT_DEPTH) -> None:
        super().__init__(schedules, seed)
        self._depth = depth
        self._longest = 1
        self._choices = 0
        self._priorities: dict[tuple[str, int], float] = {}
        self._taken: Counter[str] = Counter()
        self._changes: dict[int, int] = {}

    def begin(self, path: Path) -> bool:
        self._longest = max(self._longest, self._choices)
        self._choices = 0
        self._priorities.clear()
        self._taken.clear()
        self._changes = {self._random.randrange(self._longest): change for change in range(1, self._depth)}
        return super().begin(path)

    def choose(self, options: Sequence[str]) -> int | None:
        # the loop is one thread of control; a call that is made again is another
        keys = [(one, 0 if one in STEPS else self._taken[one]) for one in options]
        for key in keys:
            self._priorities.setdefault(key, self._depth + self._random.random())
        index = max(range(len(keys)), key=lambda position: self._priorities[keys[position]])
        if (change := self._changes.get(self._choices)) is not None:
            self._priorities[keys[index]] = self._depth - change
        self._choices += 1
        self._taken[options[index]] += 1
        return index


class Replay(Sample):
    """Repeats one schedule, choice by choice; at its end, what can still run does.

    `choose` raises TargetError if what the schedule asks for cannot be done.
    """

    repeats = True

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(schedules=1, seed=0)
        self._words = [word for word in words if word not in DEFAULTS]
        self._position = 0

    def choose(self, options: Sequence[str]) -> int | None:
        if self._position < len(self._words) and self._words[self._position] in options:
            self._position += 1
            return options.index(self._words[self._position - 1])
        if options[0] in DEFAULTS:
            return 0
        if options[-1] == TIME_PASSES:  # a schedule need not say so
            return len(options) - 1
        if self._position < len(self._words):
            raise TargetError(
                f"choice {self._position + 1} of the schedule is {self._words[self._position]!r}, but the options "
                f"there are: {', '.join(options)}. Is it a schedule of this target, on this host?"
            )
        return _step_of(options)

    def insists_on(self, word: str) -> bool:
        """Return whether the schedule says so: the run that it is from may have met the state some steps earlier."""
        said = self._position < len(self._words) and self._words[self._position] == word
        self._position += said
        return said


def _step_of(options: Sequence[str]) -> int | None:
    """Return the number of the option by which the loop continues, if there is one."""
    return next((index for index, option in enumerate(options) if option in STEPS), None)


STRATEGIES: dict[str, Callable[[int, int], Strategy]] = {
    "exhaustive": lambda schedules, seed: Exhaustive(),
    "random": Random,
    "pct": Pct,
}
"""The strategies that a check may be given, each made from a number of schedules and a seed."""


def make_strategy(name: str, schedules: int, seed: int) -> Strategy:
    """Return the strategy of that name; raise TargetError if there is none."""
    if name not in STRATEGIES:
        raise TargetError(f"{name!r} is not a scheduler; there are {', '.join(STRATEGIES)}")
    return STRATEGIES[name](schedules, seed)
