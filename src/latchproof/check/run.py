"""Runs a target's real code under every schedule of a shape's programs, or under some: paths in a tree of choices.

The event loop is the host's own, held before each of its steps (`latchproof.check.loops`). Between two steps a new
call may be made, by a task that the host's scheduler gets to in its turn; a call that has begun may be cancelled; and
in the very step in which a call ends, its task may go on to another. What the loop would not do is never tried.

A run is repeated from the start for every path: real code cannot be copied. What is not repeated is the choosing and
the judging of the part that two runs share; that the target does the same again there is checked. A new call commutes
with a step that makes nothing ready, so of the two orders one is tried: that in which the call comes later, and the
loop perhaps to rest before it. And a state that was met before, in no more steps, is not gone on from again; one that
is met again in the same run, with nothing but steps between, is rest too.

A tree that is large is walked in pieces: after so many schedules a walk stops, and says which subtrees are left.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import CoroutineType
from typing import Any, NamedTuple, TypeAlias

from latchproof.check.bounds import choices
from latchproof.check.history import (
    Begin,
    End,
    Event,
    Finding,
    Observe,
    Request,
    Rest,
    Stray,
    describe,
    error_name,
    event_data,
    without_addresses,
)
from latchproof.check.judge import Judge
from latchproof.check.loops import Stepper, is_cancellation, stepper_class
from latchproof.check.sandbox.fingerprint import Fingerprinter, NoFingerprintError
from latchproof.check.strategies import COMES_ROUND, DEFAULTS, TIME_PASSES, Exhaustive, Scheduler
from latchproof.check.target import Call, Target
from latchproof_spec.machine import Programs

QUIET_STEPS = 6
"""After so many steps without progress it is looked for whether the same states come round again."""

STEPS_WITHOUT_PROGRESS = 60
"""So many steps in which no call begins or ends and no observation changes make a run that never rests."""


class NondeterminismError(Exception):
    """The target did not do the same again under the same schedule: threads, randomness, or the wall clock."""


class _Action(NamedTuple):
    """What is done at a choice."""

    kind: str
    word: str
    payload: Any = None


_RUN = _Action("run", "run")
_PASS = _Action("pass", "pass")
_RETURN = _Action("return", "return")
_REST = _Action("rest", "")
"""Nothing can run any more."""
_ROUND = _Action("rest", COMES_ROUND)
"""What can run comes back to the same state for ever: that is rest too."""
_TIME = _Action("time", TIME_PASSES)
"""The same state comes round, and will until a timer is due."""
_STOP = _Action("stop", "")


class Turn(NamedTuple):
    """What is taken at one choice on the way to a subtree, and whether the first option was found to be quiet there."""

    option: int
    quiet: bool


Subtree: TypeAlias = tuple[Turn, ...]
"""A part of a tree: what is taken at each choice before it, and at its own, the last, from which option on."""


@dataclass
class _Choice:
    """A choice between several options: which is taken now, and how the judges stood before it."""

    options: tuple[_Action, ...]
    taken: int
    snapshots: tuple[Any, ...]
    point: int
    """How many decisions came before."""
    words: int = 0
    """How many of them are words of the schedule."""
    fingerprint: bytes | None = None
    covered: int = 0
    """For how many schedules the runs below it stand, so far."""
    quiet: bool = False
    """The first option is to run a step, and that made nothing ready: calls made before it commute with it."""

    def advance(self) -> bool:
        """Go on to the next option; False if none is left. Calls that only a quiet step can follow are left out."""
        self.taken += 1
        if self.quiet and self.taken == 1 and self.options[-1].kind not in ("cancel", "other"):
            return False
        return self.taken < len(self.options)


class _Decision(NamedTuple):
    """What was done at one point of a run, the state's fingerprint if it was taken, and the choice if there was one."""

    action: _Action
    fingerprint: bytes | None = None
    choice: _Choice | None = None


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
        """The smaller comes first; of two that are as large, the one with fewer choices."""
        return self.size, len(self.schedule)


@dataclass
class Walk:
    """What came of walking one tree: how much was run, the rules fired, and the smallest failure for each claim.

    `fired` and `failures` are by the name of the policy. `pruned` counts the schedules that were broken off because
    they commute with another or come to a state that was met before, `restless` those that never came to rest.
    `no_fingerprint` says what kept states from being recognized. `covered` is for how many schedules the runs stand:
    those that were made, and those below a state that was met before, which are as many as were found there at first;
    those that commute with another are not counted.
    """

    schedules: int = 0
    covered: int = 0
    steps: int = 0
    pruned: int = 0
    events: int = 0
    restless: int = 0
    fraction: float = 0.0
    """About how much of the tree has been walked, from 0 to 1, taking its branches for equally large."""
    complete: bool = True
    cut_short: bool = False
    """Not all was walked, since enough failures were found."""
    no_fingerprint: str | None = None
    fired: dict[str, set[str]] = field(default_factory=dict)
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)

    def __add__(self, other: Walk) -> Walk:
        """What came of two walks of one target: of parts of a tree, or of a tree and of a part of it again."""
        failures = {policy: dict(found) for policy, found in self.failures.items()}
        for policy, found in other.failures.items():
            known = failures.setdefault(policy, {})
            for claim, failure in found.items():
                if claim not in known or failure.rank < known[claim].rank:
                    known[claim] = failure
        return Walk(
            schedules=self.schedules + other.schedules,
            covered=self.covered + other.covered,
            steps=self.steps + other.steps,
            pruned=self.pruned + other.pruned,
            events=self.events + other.events,
            restless=self.restless + other.restless,
            complete=self.complete and other.complete,
            cut_short=self.cut_short or other.cut_short,
            no_fingerprint=self.no_fingerprint or other.no_fingerprint,
            fired={
                policy: self.fired.get(policy, set()) | other.fired.get(policy, set())
                for policy in {**self.fired, **other.fired}
            },
            failures=failures,
        )


class _PrunedError(Exception):
    """This order of two commuting choices is tried the other way round, or this state was met before.

    `covered` is how many schedules there are below it.
    """

    def __init__(self, covered: int) -> None:
        super().__init__(covered)
        self.covered = covered


class _Met:
    """The states that were met, each with the fewest steps to it."""

    def __init__(self, fingerprinter: Fingerprinter, *, merge: bool) -> None:
        self.fingerprinter = fingerprinter
        self.merge = merge
        self.steps: dict[bytes, int] = {}
        self.covered: dict[bytes, int] = {}
        """How many schedules there are below each of them."""
        self.failure: str | None = None

    def was_met(self, fingerprint: bytes, steps: int) -> bool:
        """Whether the state was met in another run, in no more steps; if not, it has been now."""
        if not self.merge:
            return False
        if self.steps.get(fingerprint, steps + 1) <= steps:
            return True
        self.steps[fingerprint] = steps
        return False


class Explorer:
    """Walks the schedules of every program of a shape, for one constructor argument, judging by several policies.

    Every schedule, unless a `scheduler` is given that says otherwise, and `within` the one subtree alone if that is
    given.
    """

    def __init__(
        self,
        target: Target,
        shape: Programs,
        argument: int,
        policies: Sequence[Any],
        *,
        host: str = "asyncio",
        strict: bool = False,
        prune: bool = True,
        merge: bool = True,
        scheduler: Scheduler | None = None,
        make_stepper: Callable[[], Stepper] | None = None,
        within: Subtree = (),
    ) -> None:
        self.target = target
        self.shape = shape
        self.argument = argument
        self.scheduler: Scheduler = scheduler or Exhaustive()
        self.make_stepper = make_stepper or stepper_class(host)
        self.prune = prune and self.scheduler.exhaustive
        self.judges = [Judge(target.specification(policy, argument), strict=strict) for policy in policies]
        calls = choices(shape, target)
        self.calls = tuple(_Action("call", f"call {call}", call) for call in calls)
        self.others = tuple(_Action("other", f"other {call}", call) for call in calls)
        self.thens = (_RETURN, *(_Action("then", f"then {call}", call) for call in calls))
        self.met: _Met | None = _Met(_fingerprinter(calls), merge=self.scheduler.exhaustive) if merge else None
        self.within = within
        self.stack: list[_Choice] = []
        self.left: tuple[Subtree, ...] = ()
        """What of the tree was left when it became too large, in the order in which it would have been walked."""
        self.last_run: Run | None = None
        self._walk = Walk(failures={policy.name: {} for policy in policies})
        self._all_failed: int | None = None
        """After how many schedules there was a failure under every policy."""

    def walk(
        self,
        *,
        at_most: int | None = None,
        split_after: int | None = None,
        after_failure: int | None = None,
        on_run: Callable[[Walk], None] | None = None,
        on_history: Callable[[tuple[Event, ...]], None] | None = None,
    ) -> Walk:
        """Run every schedule, or the first `at_most`, or `after_failure` more once every policy has failed.

        `on_run` is told after each run how far the walk has come.

        After `split_after` schedules it stops, and `left` are the subtrees that remain: together with what was walked
        they are the whole tree. Which they are depends on nothing but the target and the bounds.

        `on_history` is given the history of every run that was not broken off; every state is gone on from then, also
        one that was met before. Raises NondeterminismError if the target does not do the same again under the same
        schedule.
        """
        if on_history is not None:
            self.met = None
        start = [judge.snapshot() for judge in self.judges]
        prefix: list[_Decision] = []
        words: list[str] = []
        known: list[Event] = []
        while self.scheduler.begin():
            if at_most is not None and self._walk.schedules >= at_most:
                self._walk.complete = False
                break
            if (
                after_failure is not None
                and self._all_failed is not None
                and self._walk.schedules >= self._all_failed + after_failure
            ):
                self._walk.cut_short = True
                break
            if not self.stack:
                for judge, snapshot in zip(self.judges, start, strict=True):
                    judge.restore(snapshot)
            self.last_run = run = Run(self, prefix, words, known)
            self._make(run, on_history)
            if run.turns:
                raise NondeterminismError("under the same schedule a run was at its end once, and went on another time")
            if on_run is not None:
                self._walk.fraction = self._fraction()
                on_run(self._walk)
            if not self.scheduler.exhaustive:
                continue
            while self.stack and not self.stack[-1].advance():
                self._leave(self.stack.pop())
            if not self.stack:
                break
            if split_after is not None and self._walk.schedules >= split_after:
                self.left = self._subtrees()
                break
            prefix, words = run.prefix_to(self.stack[-1])
            known = run.history
        return self.so_far

    @property
    def steps_made(self) -> tuple[int, int]:
        """What changes with every step."""
        run = self.last_run
        return self._walk.schedules, 0 if run is None else run.steps + len(run.history)

    @property
    def so_far(self) -> Walk:
        """How far the walk has come."""
        self._walk.fired = {judge.specification.name: set(judge.fired) for judge in self.judges}
        self._walk.no_fingerprint = self.met.failure if self.met is not None else None
        while self.stack:
            self._leave(self.stack.pop())
        return self._walk

    def _fraction(self) -> float:
        walked, share = 0.0, 1.0
        for choice in self.stack:
            share /= len(choice.options)
            walked += choice.taken * share
        return walked

    def _subtrees(self) -> tuple[Subtree, ...]:
        """What is left: at each choice on the way to here the options that were not taken, the last choice first."""
        path = self.within[:-1]
        left = []
        for choice in self.stack:
            following = replace(choice)
            # of the last choice even the option that it has come to is yet to be taken
            if choice is self.stack[-1] or following.advance():
                left.append((*path, Turn(following.taken, choice.quiet)))
            path = (*path, Turn(choice.taken, choice.quiet))
        return tuple(reversed(left))

    def _leave(self, choice: _Choice) -> None:
        """Every option of a choice was tried, or no more will be."""
        if self.met is not None and choice.fingerprint is not None:
            self.met.covered[choice.fingerprint] = choice.covered
        self._stands_for(choice.covered)

    def _stands_for(self, schedules: int) -> None:
        """What was last done below the choice at the top of the stack stands for so many schedules."""
        if self.stack:
            self.stack[-1].covered += schedules
        else:
            self._walk.covered += schedules

    def _make(self, run: Run, on_history: Callable[[tuple[Event, ...]], None] | None) -> None:
        try:
            run.play()
            if on_history is not None:
                on_history(tuple(run.history))
            self._stands_for(1)
        except _PrunedError as pruned:
            self._walk.pruned += 1
            self._stands_for(pruned.covered)
        self._walk.schedules += 1
        self._walk.steps += run.steps
        self._walk.events += len(run.history)
        self._walk.restless += run.restless
        for policy, failure in run.failures:
            known = self._walk.failures[policy].get(failure.finding.claim)
            if known is None or failure.rank < known.rank:
                self._walk.failures[policy][failure.finding.claim] = failure
        if self._all_failed is None and self._walk.failures and all(self._walk.failures.values()):
            self._all_failed = self._walk.schedules


class Run:
    """One run: a fresh instance on a fresh loop, which repeats what is known and goes on from there.

    It is the script of a stepper.
    """

    def __init__(
        self,
        explorer: Explorer,
        prefix: Sequence[_Decision] = (),
        words: Sequence[str] = (),
        known: Sequence[Event] = (),
    ) -> None:
        self._explorer = explorer
        self._known = known
        self._repeating = bool(prefix)
        self.turns = [] if prefix else list(reversed(explorer.within))
        """What is yet to be taken on the way to the subtree, the next one last; later runs repeat the first."""
        self._decisions = list(prefix)
        """What is to be repeated, and then what has been decided."""
        self._repeated = 0
        self._passed: dict[bytes, float] = {}
        """The states met since the last choice that was not to run a step, and what time it was."""
        self._tasks: dict[int, Any] = {}
        """The handle of each call that is under way."""
        self._others: dict[int, Any] = {}
        """The same of calls on the second instance."""
        self._made_on_other = 0
        self._births: set[int] = set()
        self._spawned = 0
        self._newborn: int | None = None
        self._front_is_quiet = False
        self._latest: _Choice | None = None
        """The choice by which the latest decision was made."""
        self._before_step: _Choice | None = None
        self._begun = 0
        self._made = 0
        self._cancelled = 0
        self._requested: set[int] = set()
        self._observed: object = None
        self._progress = 0
        self._rested = False
        self._settled = False
        self._over = False
        self._problem: BaseException | None = None
        self._waiting = (0, 0)
        self._stepper: Stepper
        self.ranks: dict[int, int] = {}
        self.steps = 0
        self.restless = 0
        self.history: list[Event] = []
        self._step_ends: list[int] = []
        """How long the history was after each step, of a target of which nothing can be observed."""
        self.argument = explorer.argument
        self.strict = explorer.judges[0].strict if explorer.judges else False
        self.schedule = list(words)
        self.moments: list[int] = []
        """How many events came before each choice of the schedule."""
        self.failures: list[tuple[str, Failure]] = []

    def play(self) -> None:
        """Run until nothing is left to choose, or the history is not allowed any more.

        Raises what went wrong with the harness, or NondeterminismError.
        """
        self._stepper = stepper = self._explorer.make_stepper()
        if self._explorer.met is not None:
            self._explorer.met.fingerprinter.parts = stepper.parts()
        try:
            stepper.run(self)
        except BaseException as error:
            # else it is what the host made of the problem, or of a step that cannot be repeated
            if self._problem is None and (isinstance(error, KeyboardInterrupt) or not self._repeating):
                raise
        finally:
            self._over = True
            stepper.finish()
        if self._repeating and (self._problem is None or isinstance(self._problem, _PrunedError)):
            raise NondeterminismError("under the same schedule a run went on once, and was at its end another time")
        if self._problem is not None:
            raise self._problem

    def prefix_to(self, choice: _Choice) -> tuple[list[_Decision], list[str]]:
        """What another run repeats to come to a choice of this one, and to take its next option; and that in words."""
        prefix = self._decisions[: choice.point + 1]
        action = choice.options[choice.taken]
        prefix[-1] = _Decision(action, prefix[-1].fingerprint, choice)
        words = self.schedule[: choice.words]
        return prefix, words if action.word in DEFAULTS else [*words, action.word]

    # ------------------------------------------------------------------------------------ what a stepper asks and tells

    def begin(self) -> None:
        explorer = self._explorer
        explorer.target.surroundings.restore()
        try:
            self._instance = explorer.target.make(explorer.argument)
            self._other = explorer.target.make(explorer.argument) if explorer.shape.beside else None
        except Exception as error:
            self._take(Stray(f"the constructor raised {type(error).__name__}: {error}"))
            self._settled = True  # there is nothing to go on with

    def before(self, *, between_passes: bool = False) -> bool:
        if self._over:
            return False
        if self._repeating and self._repeats_a_step():
            return True
        try:
            goes_on = self._act_until_a_step(between_passes)
        except BaseException as problem:  # a host might swallow it
            self._problem = problem
            goes_on = False
        self._over = not goes_on
        return goes_on

    def after(self, *, ran: bool) -> None:
        if self._over:
            return
        newborn, self._newborn = self._newborn, None
        if not self._explorer.target.observations:
            self._step_ends.append(len(self.history))
        elif ran and not self._settled:
            self._observe()
        if self._repeating:  # what follows was found out before
            return
        ready, timers = self._waiting
        if self._explorer.prune and self._stepper.waiting == (ready - 1, timers):
            if newborn is not None and newborn not in self._births:
                self._problem = _PrunedError(0)
                self._over = True
            elif self._latest is not None and self._latest is self._before_step:
                self._latest.quiet = True
        if self._progress > STEPS_WITHOUT_PROGRESS:
            self.restless = 1
            self._over = True

    def choose(self, *options: str) -> int:
        if self._over:
            return 0
        try:
            actions = tuple(_Action("order", option, index) for index, option in enumerate(options))
            action = self._decide(actions, None)
        except BaseException as problem:
            self._problem = problem
            self._over = True
            return 0
        if action is _STOP:
            self._over = True
            return 0
        index: int = action.payload
        return index

    def stray(self, error: str, *, ends: bool = False) -> None:
        self._take(Stray(f"an error reached the event loop: {error}"))
        self._settled |= ends

    # -------------------------------------------------------------------------------------------------- what is decided

    def _act_until_a_step(self, between_passes: bool) -> bool:
        """Do what the choices are, until one is to let the loop go on; False if the run is over."""
        while not self._settled:
            action = self._next(between_passes)
            kind = action.kind
            if kind == "run":
                self.steps += 1
                self._progress += 1
                self._rested = False
                self._waiting = self._stepper.waiting
                self._before_step = self._latest
                return True
            if kind == "pass":
                self._newborn = self._latest = None
                self._front_is_quiet = self._rested = False
                return True
            if kind == "stop":
                return False
            if kind == "rest":
                self._rested = True
                self._passed.clear()
                self._take(Rest())
                self._observe()
            elif kind == "time":
                self._stepper.let_time_pass()
            else:
                self._rested = False
                self._progress = 0
                self._passed.clear()
                if kind == "call":
                    self._spawn(action.payload)
                elif kind == "other":
                    self._spawn_on_other(action.payload)
                elif kind == "cancel":
                    self._cancel(action.payload)
                else:
                    raise NondeterminismError(
                        f"under the same schedule there was {action.word!r} in a step once, and then not"
                    )
        return False

    def _next(self, between_passes: bool) -> _Action:
        """The next thing to be done between two steps."""
        if self._repeating:
            return self._repeat()
        can_run = self._stepper.can_run()
        if not can_run and not self._rested:
            return self._note(_Decision(_REST))
        options = self._options(can_run and not self._rested, between_passes)
        if not options:
            return self._note(_Decision(_STOP))
        fingerprint = None
        met = self._explorer.met
        if met is not None and ((met.merge and len(options) > 1) or self._progress > QUIET_STEPS):
            fingerprint = self._fingerprint(met, between_passes)
            if fingerprint is not None:
                now = self._stepper.now
                if fingerprint in self._passed:
                    same_time = self._passed[fingerprint] == now and self._stepper.has_timer()
                    action = _TIME if same_time else _ROUND
                    self._explorer.scheduler.insists_on(action.word)
                    self._say(action)
                    return self._note(_Decision(action))
                self._passed[fingerprint] = now
                if met.was_met(fingerprint, self.steps):
                    raise _PrunedError(met.covered.get(fingerprint, 0))
        for action in (_TIME, _ROUND):
            if self._explorer.scheduler.insists_on(action.word):
                self._say(action)
                return self._note(_Decision(action))
        return self._decide(options, fingerprint)

    def _repeats_a_step(self) -> bool:
        """Whether all that was done here in the run before was to let the loop make a step, and more is to be repeated.

        That is what most of a run consists of; it is done as `_act_until_a_step` does it.
        """
        action, fingerprint, choice = self._decisions[self._repeated]
        if action is not _RUN or self._repeated + 1 == len(self._decisions):
            return False
        self._repeated += 1
        self._latest = self._before_step = choice
        if fingerprint is not None:
            self._passed.setdefault(fingerprint, self._stepper.now)
        self.steps += 1
        self._progress += 1
        self._rested = False
        return True

    def _note(self, decision: _Decision) -> _Action:
        self._decisions.append(decision)
        self._latest = decision.choice
        return decision.action

    def _repeat(self) -> _Action:
        """What was done here in the run before; at the last point, its next option."""
        action, fingerprint, choice = self._decisions[self._repeated]
        self._repeated += 1
        self._latest = choice
        if fingerprint is not None:
            self._passed.setdefault(fingerprint, self._stepper.now)
        if action.kind == "cancel" and action.payload not in self._tasks:
            raise NondeterminismError(
                f"under the same schedule {action.word!r} could be done once, and not another time"
            )
        if self._repeated == len(self._decisions):
            self._repeating = False
            assert choice is not None
            for judge, snapshot in zip(self._explorer.judges, choice.snapshots, strict=True):
                judge.restore(snapshot)
        return action

    def _say(self, action: _Action) -> None:
        if action.word and action.word not in DEFAULTS:
            self.schedule.append(action.word)
            self.moments.append(len(self.history))

    def _decide(self, options: tuple[_Action, ...], fingerprint: bytes | None) -> _Action:
        """Choose one of the options, by the prefix or by the scheduler."""
        if self._repeating:
            return self._repeat()
        scheduler = self._explorer.scheduler
        choice = None
        if scheduler.exhaustive:
            turn = Turn(0, False)
            if len(options) > 1:
                turn = self.turns.pop() if self.turns else turn
                if turn.option >= len(options):
                    raise NondeterminismError("under the same schedule there was more to choose from another time")
                snapshots = tuple(judge.snapshot() for judge in self._explorer.judges)
                choice = _Choice(
                    options, turn.option, snapshots, len(self._decisions), len(self.schedule), fingerprint,
                    quiet=turn.quiet,
                )  # fmt: skip
                if not self.turns:  # else its other options are in other subtrees
                    self._explorer.stack.append(choice)
            action = options[turn.option]
        else:
            index = scheduler.choose([option.word for option in options])
            action = _STOP if index is None else options[index]
        self._say(action)
        return self._note(_Decision(action, fingerprint, choice))

    def _options(self, can_run: bool, between_passes: bool) -> tuple[_Action, ...]:
        explorer = self._explorer
        options: tuple[_Action, ...] = ()
        if can_run and not self._front_is_quiet:
            options = (_PASS if between_passes else _RUN,)
        under_way = self._made - self._begun + len(self._tasks)
        if self._made < explorer.shape.calls and under_way < explorer.shape.at_once:
            options += explorer.calls
        if self._cancelled < explorer.shape.cancellations:
            options += tuple(_Action("cancel", f"cancel {number + 1}", number) for number in self._tasks)
        if self._made_on_other < explorer.shape.beside:
            options += explorer.others
        return options

    def _fingerprint(self, met: _Met, between_passes: bool) -> bytes | None:
        if met.failure is not None:
            return None
        self.ranks = ranks = {call: rank for rank, call in enumerate(sorted(self._tasks))}
        budgets = (
            self._made, self._made_on_other, self._begun, self._cancelled, self._newborn is not None,
            self._front_is_quiet, self._rested, between_passes,
            tuple(sorted(ranks[call] for call in self._requested if call in ranks)),
        )  # fmt: skip
        judged = tuple(judge.place for judge in self._explorer.judges)
        tasks = [self._tasks[call] for call in ranks]
        others = self._other, [*self._others.values()], self._explorer.target.surroundings.changed()
        try:
            return met.fingerprinter.of(self._instance, tasks, self._stepper.state, others, besides=(budgets, judged))
        except NoFingerprintError as error:
            met.failure = str(error)
            return None

    # --------------------------------------------------------------------------------------------------- what is done

    def _observe(self) -> None:
        target = self._explorer.target
        if not target.observations:
            return
        try:
            values = target.observe(self._instance)
        except Exception as error:
            self._take(Stray(f"an observation raised {type(error).__name__}: {error}"))
            return
        if values != self._observed:
            self._observed = values
            self._progress = 0
        self._take(Observe(values))

    def _spawn(self, call: Call) -> None:
        self._made += 1
        self._newborn = number = self._spawned
        self._spawned += 1
        handle: list[Any] = []
        handle.append(self._stepper.spawn(self._play_task(call, handle, number)))
        self._front_is_quiet |= self._latest is not None and self._latest.quiet

    def _spawn_on_other(self, call: Call) -> None:
        self._newborn = None
        self._front_is_quiet = False
        number = self._made_on_other
        self._made_on_other += 1
        self._others[number] = self._stepper.spawn(self._play_on_other(call, number))

    async def _play_on_other(self, call: Call, number: int) -> None:
        """A task that makes a call on the second instance. How that ends is nobody's concern."""
        try:
            value = getattr(self._other, call.operation.name)(*call.arguments)
            if inspect.isawaitable(value):
                await value
        except BaseException as error:
            if not (isinstance(error, Exception) or is_cancellation(error, self._stepper)):
                raise
        finally:
            del self._others[number]

    def _cancel(self, number: int) -> None:
        self._newborn = None
        self._front_is_quiet = False
        self._cancelled += 1
        self._requested.add(number)
        self._take(Request(number))
        self._stepper.cancel(self._tasks[number])

    async def _play_task(self, call: Call | None, handle: list[Any], birth: int) -> None:
        """A task that makes a call, and in the step in which it returns perhaps another."""
        while call is not None:
            number = self._begun
            self._begun += 1
            self._tasks[number] = handle[0]
            self._births.add(birth)
            self._take(Begin(number, call.operation.name, call.arguments))
            try:
                value = getattr(self._instance, call.operation.name)(*call.arguments)
                if type(value) is CoroutineType or inspect.isawaitable(value):
                    value = await value
                end = End(number, "returned", value)
            except GeneratorExit:
                raise
            except KeyboardInterrupt as interrupt:  # also what stops a step that does not end
                self._problem = interrupt
                self._over = True
                raise
            except BaseException as error:
                is_cancelled = is_cancellation(error, self._stepper)
                end = End(number, "cancelled") if is_cancelled else End(number, "raised", error=error)
            if self._over:
                return
            del self._tasks[number]
            self._take(end)
            lasts = number in self._requested and self._stepper.cancellation_lasts
            if end.how == "cancelled" or lasts or self._settled:
                return
            call = self._next_call()

    def _next_call(self) -> Call | None:
        """Whether the task goes on to another call in the same step; that matters only if others are ready to run."""
        if self._made >= self._explorer.shape.calls or not self._stepper.waiting[0]:
            return None
        try:
            action = self._decide(self._explorer.thens, None)
        except BaseException as problem:  # it would be lost in the task
            self._problem = problem
            self._over = True
            return None
        if action.kind != "then":
            self._over |= action is _STOP
            return None
        self._made += 1
        call: Call = action.payload
        return call

    def _take(self, event: Event) -> None:
        """Note an event, and judge it unless it stands in the part of the history that was judged before."""
        if self._over or self._settled:
            return
        if type(event) is Begin or type(event) is End:
            self._progress = 0
        if type(event) is Stray:
            event = Stray(without_addresses(event.error))
        if self._repeating:
            position, known = len(self.history), self._known
            if position >= len(known) or not is_alike(event, known[position]):
                self._problem = NondeterminismError(
                    f"under the same schedule there was {_brief(self._known, position)} once, and "
                    f"{_brief([event], 0)} another time"
                )
                self._over = True
        self.history.append(event)
        if not self._repeating:
            judges = self._explorer.judges
            for judge in judges:
                if (finding := judge.step(event)) is not None:
                    self.failures.append((judge.specification.name, self._failure(finding)))
            self._settled = all(judge.finding is not None for judge in judges)

    def _failure(self, finding: Finding) -> Failure:
        calls = sum(1 for event in self.history if isinstance(event, Begin))
        requests = sum(1 for event in self.history if isinstance(event, Request))
        size = (calls + self._made_on_other, requests, self._explorer.argument, self.steps)
        history = with_step_ends(self.history, self._step_ends)
        return Failure(finding, self._explorer.argument, tuple(self.schedule), history, size)


def with_step_ends(history: Sequence[Event], ends: Sequence[int]) -> tuple[Event, ...]:
    """The history with an observation of nothing after each step; `ends` are how long it was then.

    >>> with_step_ends([Begin(0, "wait", ()), Rest()], [1])
    (Begin(call=0, operation='wait', arguments=(), task=0), Observe(values=()), Rest())
    """
    parts = [history[begun:end] for begun, end in pairwise([0, *ends])]
    told = [event for part in parts for event in (*part, Observe(()))]
    return (*told, *history[ends[-1] if ends else 0 :])


def is_alike(event: Event, other: Event) -> bool:
    """Whether two events of two runs are the same, as far as values can be compared across runs."""
    if type(event) is Begin:  # the most frequent, and nothing in it needs a closer look
        return event == other and type(other) is Begin
    if isinstance(event, End) and isinstance(other, End):
        same = event.call == other.call and event.how == other.how and _error_name(event) == _error_name(other)
        return same and _comparable(event.value) == _comparable(other.value)
    if isinstance(event, Observe) and isinstance(other, Observe):
        return [(name, _comparable(value)) for name, value in event.values] == [
            (name, _comparable(value)) for name, value in other.values
        ]
    if isinstance(event, Stray) and isinstance(other, Stray):
        return _PASSING.sub("", event.error) == _PASSING.sub("", other.error)
    return type(event) is type(other) and event == other


def _error_name(event: End) -> str | None:
    """The name of what the call raised: a class that is made in each run anew is another one each time."""
    return None if event.error is None else error_name(event.error)


_PASSING = re.compile(r"0x[0-9a-fA-F]+|Task-\d+")
"""What is said of objects that is another thing in each run: their addresses, and the numbers of tasks."""


def _comparable(value: object) -> tuple[object, ...]:
    """A value by which it can be compared across runs: what else is returned is another object each time."""
    return type(value), value if isinstance(value, int | float | str) else None


def _brief(events: Sequence[Event], position: int) -> str:
    if position >= len(events):
        return "nothing more"
    plain = event_data(events[position])
    of_call = f" (call {plain['call']})" if "call" in plain else ""
    return f"{describe(plain)!r}{of_call}"


def _fingerprinter(calls: Sequence[Call]) -> Fingerprinter:
    """One that knows the harness's own frames: of those it matters which call they make, and how far they are."""
    numbers = {call: number for number, call in enumerate(calls)}

    def name(bound: dict[str, Any]) -> tuple[Any, ...]:
        run: Run = bound["self"]
        return numbers[bound["call"]], run.ranks.get(bound.get("number", -1))

    def name_on_other(bound: dict[str, Any]) -> tuple[Any, ...]:
        return numbers[bound["call"]], bound["number"]

    return Fingerprinter(frames={Run._play_task.__code__: name, Run._play_on_other.__code__: name_on_other})
