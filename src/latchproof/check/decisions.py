"""What is decided in a run: first what the run that it repeats decided, then what the strategy chooses.

A decision that leaves more than one option is a choice, which is put on the path of the walk
(`latchproof.check.choices`). Which options there are belongs to `latchproof.check.run`.
"""

from collections.abc import Sequence
from typing import Any

from latchproof.check.choices import DEFAULTS, STOP, Action, Choice, Decision, Path, Prefix, State, Turn
from latchproof.check.judge import Judge
from latchproof.check.record import NondeterminismError, Record
from latchproof.check.strategies import Strategy


class Decisions:
    """The decisions of one run, and the words of its schedule."""

    def __init__(self, strategy: Strategy, judges: Sequence[Judge], path: Path, prefix: Prefix, record: Record) -> None:
        self.made = list(prefix.decisions)
        """What is to be repeated, and then what has been decided."""
        self.words = list(prefix.words)
        self.moments: list[int] = []
        """The number of events before each word, of those that were not repeated."""
        self.repeating = bool(prefix.decisions)
        self.turns = [] if self.repeating else list(reversed(path.within))
        """What is yet to be taken on the way to the subtree, the next turn last."""
        self.latest: Choice | None = None
        """The choice by which the latest decision was made."""
        self.before_step: Choice | None = None
        self.passed: dict[State, float] = {}
        """The states met in this run, each with the time. One is met again only where nothing but steps was made."""
        self._state_before: State | None = None
        """The latest state in which one option was left, if nothing was chosen since. All that comes of it comes of the
        next choice that is made within a step."""
        self._repeated = 0
        self._strategy = strategy
        self._judges = judges
        self._path = path
        self._record = record

    def repeat(self, now: float, under_way: dict[int, Any]) -> Action:
        """Return what the prefix holds next; after the last of it, judging begins."""
        action, state, choice = self.made[self._repeated]
        self._repeated += 1
        self.latest = choice
        if state is not None:
            self.passed.setdefault(state, now)
        if action.kind == "cancel" and action.payload not in under_way:
            raise NondeterminismError(
                f"under the same schedule {action.word!r} was possible once, and not another time"
            )
        if self._repeated == len(self.made):
            self.repeating = False
            assert choice is not None
            self._record.judge_from_here(choice.snapshots)
        return action

    @property
    def taken(self) -> list[str]:
        """The words of what has been decided so far, also while that repeats another run."""
        if not self.repeating:
            return self.words
        words = [one.action.word for one in self.made[: self._repeated]]
        return [word for word in words if word and word not in DEFAULTS]

    def repeats(self, *kinds: str) -> bool:
        """Return whether the prefix holds one of these kinds of actions next."""
        return self.made[self._repeated].action.kind in kinds

    def choose(self, options: tuple[Action, ...], state: State | None = None) -> Action:
        """Have the strategy choose one of the options, unless the way to the subtree says which."""
        if len(options) > 1 and self.turns:
            turn = self.turns.pop()
            if turn.option >= len(options):
                raise NondeterminismError("under the same schedule there was more to choose from another time")
        else:
            index = self._strategy.choose([option.word for option in options])
            if index is None:
                return self.note(STOP, state)
            turn = Turn(index, quiet=False)
        choice = None
        self._state_before = state if len(options) == 1 else None
        if len(options) > 1:
            snapshots = tuple([judge.snapshot() for judge in self._judges])
            choice = Choice(options, turn.option, snapshots, len(self.made), len(self.words), state)
            choice.quiet, choice.quiet_if_cancelled = turn.quiet, turn.quiet_if_cancelled
            if not self.turns:  # else its other options are in other subtrees
                self._path.choices.append(choice)
        return self.note(options[turn.option], state, choice)

    def decide_within_a_step(self, options: tuple[Action, ...], now: float, under_way: dict[int, Any]) -> Action | None:
        """Decide what is left open within a step; return None if the run is over.

        An error ends the run. It is not raised here, because it would be lost in the task.
        """
        if self._record.over:
            return None
        try:
            action = self.repeat(now, under_way) if self.repeating else self.choose(options, self._state_before)
        except BaseException as problem:
            self._record.stop(problem)
            return None
        if action is STOP:
            self._record.stop()
            return None
        return action

    def note(self, action: Action, state: State | None = None, choice: Choice | None = None) -> Action:
        """Take an action as decided."""
        if action.word and action.word not in DEFAULTS:
            self.words.append(action.word)
            self.moments.append(len(self._record.history))
        self.made.append(Decision(action, state, choice))
        self.latest = choice
        return action

    def prefix_to(self, choice: Choice) -> Prefix:
        """Return what another run repeats to come to a choice of this one and take the option that it has now."""
        decisions = self.made[: choice.position + 1]
        action = choice.options[choice.taken]
        decisions[-1] = Decision(action, decisions[-1].state, choice)
        words = self.words[: choice.words]
        return Prefix(decisions, words if action.word in DEFAULTS else [*words, action.word], self._record.history)
