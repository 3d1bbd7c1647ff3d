"""The choices of a tree of schedules, and the path of choices on which a walk is.

A run is a list of decisions. Where a run could continue in more than one way, the decision is a choice, and each of its
options is a branch of the tree. This module has the data alone: a strategy picks among the options
(`latchproof.check.strategies`), and a run carries them out (`latchproof.check.run`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from latchproof.check.history import EAGER_TASKS, Event

STEPS = ("run", "pass", "time passes")
"""Options by which the loop continues."""

CALLS = ("call", "early", "except")
"""Kinds of actions by which a new task makes a call."""

DEFAULTS = ("return", "in order")
"""Options that are taken unless a schedule says otherwise; a schedule does not list them."""

COMES_ROUND, TIME_PASSES = "comes round", "time passes"
"""Words for a state that repeats for ever, which counts as rest, and for time that passes until the next timer. Time
passes only while nothing else can run, or while what can run repeats one state."""


class Action(NamedTuple):
    """Something that a run does: its kind, its word in a schedule ("" if it has none), and what it is done with."""

    kind: str
    word: str
    payload: Any = None


RUN = Action("run", "run")
PASS = Action("pass", "pass")
RETURN = Action("return", "return")
REST = Action("rest", "")
"""Nothing can run any more."""
ROUND = Action("rest", COMES_ROUND)
"""What can run returns to the same state for ever, which is rest too."""
TIME = Action("time", TIME_PASSES)
"""Nothing can run until the next timer, or what can run returns to the same state until then."""
STOP = Action("stop", "")
EAGER = Action("eager", EAGER_TASKS)
"""The tasks that the target starts are eager. It is noted at the start, not chosen."""
STAY = Action("stay", "stays")
"""The task whose call has ended waits to call again. It is noted, not chosen."""


class State(NamedTuple):
    """A state: its fingerprint, the place of each judge (-1 for one that has a finding), and what was spent so far.

    `spent` counts calls, calls on the second instance, and cancellations. The bounds limit each of them.
    """

    fingerprint: bytes
    places: tuple[int, ...] = ()
    spent: tuple[int, ...] = ()


class Turn(NamedTuple):
    """The option taken at one choice on the way to a subtree, and which of its steps were found to be quiet."""

    option: int
    quiet: bool
    quiet_if_cancelled: bool = False


Subtree: TypeAlias = tuple[Turn, ...]
"""A part of a tree: the turns before it, and last the option from which on it begins."""


@dataclass
class Choice:
    """A choice between several options: the one taken now, and what the judges held before it."""

    options: tuple[Action, ...]
    taken: int
    snapshots: tuple[Any, ...]
    position: int
    """Number of decisions before it."""
    words: int
    """Number of these that are words of the schedule."""
    state: State | None = None
    covered: int = 0
    """Number of schedules that the runs below it stand for, so far."""
    quiet: bool = False
    """The first option is a quiet step: it made nothing ready, so calls made before it commute with it."""
    quiet_if_cancelled: bool = False
    """The same of that step after the request that is the second option: only that step notices it."""

    def advance(self) -> bool:
        """Go to the next option; return False if none is left.

        Calls are left out if only a quiet step can come after them, and no other option is behind them.
        """
        self.taken += 1
        first_call = next((place for place, one in enumerate(self.options) if one.kind in CALLS), len(self.options))
        only_quiet = self.quiet and (first_call == 1 or self.quiet_if_cancelled)
        if only_quiet and self.taken == first_call and self.options[-1].kind not in ("cancel", "again", "other"):
            return False
        return self.taken < len(self.options)


class Decision(NamedTuple):
    """One decision of a run, the state if it was looked at, and the choice if there was one."""

    action: Action
    state: State | None = None
    choice: Choice | None = None


class Prefix(NamedTuple):
    """The start of a run that another run repeats: its decisions, its words, and the events that must occur again."""

    decisions: Sequence[Decision] = ()
    words: Sequence[str] = ()
    events: Sequence[Event] = ()


class Path:
    """The choices from the root of a tree, or of a subtree of it, to the run that a walk is at."""

    def __init__(self, within: Subtree = ()) -> None:
        self.within = within
        self.choices: list[Choice] = []
        self.covered = 0
        """Number of schedules that the finished runs stand for, but for those below the choices."""
        self.below: dict[State, int] = {}
        """Number of schedules that the runs below each state stand for that was left."""

    def cover(self, schedules: int) -> None:
        """Count schedules that the last run stands for, or all below the last choice."""
        if self.choices:
            self.choices[-1].covered += schedules
        else:
            self.covered += schedules

    def advance(self) -> bool:
        """Go to the next option in depth-first order; return False if none is left."""
        while self.choices and not self.choices[-1].advance():
            self._leave()
        return bool(self.choices)

    def clear(self) -> None:
        """Go back to the root."""
        while self.choices:
            self._leave()

    def _leave(self) -> None:
        choice = self.choices.pop()
        if choice.state is not None:
            self.below[choice.state] = choice.covered
        self.cover(choice.covered)

    @property
    def fraction(self) -> float:
        """The share of the tree that lies before the path, from 0 to 1, with all branches taken for equally large."""
        walked, share = 0.0, 1.0
        for choice in self.choices:
            share /= len(choice.options)
            walked += choice.taken * share
        return walked

    @property
    def remaining(self) -> tuple[Subtree, ...]:
        """What is left of the tree from here on, in depth-first order."""
        turns = self.within[:-1]
        left = []
        for choice in self.choices:
            following = replace(choice)
            # at the last choice even the option that it has come to is left
            if choice is self.choices[-1] or following.advance():
                left.append((*turns, Turn(following.taken, choice.quiet, choice.quiet_if_cancelled)))
            turns = (*turns, Turn(choice.taken, choice.quiet, choice.quiet_if_cancelled))
        return tuple(reversed(left))
