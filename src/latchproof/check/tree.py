"""Walks a tree of schedules: makes the runs that a strategy asks for, and gathers what came of them.

Every run begins at the start, because real code cannot be copied. A large tree is walked in parts: after a number of
schedules a walk stops, and says which subtrees are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

from latchproof.check.bounds import choices
from latchproof.check.choices import RETURN, Action, Path, Prefix, Subtree
from latchproof.check.clocks import reads_system_clock
from latchproof.check.history import Event, Failure
from latchproof.check.holdings import Holdings
from latchproof.check.lines import LinesRan, LineWatch
from latchproof.check.loops import stepper_class
from latchproof.check.places import Places
from latchproof.check.record import NondeterminismError, make_judges
from latchproof.check.run import PrunedError, Run
from latchproof.check.run_setup import Setup
from latchproof.check.sandbox.watch import Meter
from latchproof.check.states import SeenStates, fingerprinter_of
from latchproof.check.strategies import Exhaustive, Strategy
from latchproof.check.target import Target
from latchproof_spec.machine import Programs

OTHERS = 4
"""Number of runs that are kept as alternatives to the smallest failure of a claim."""


@dataclass
class Walk:
    """What came of walking one tree: how much was run, the rules fired, and the smallest failure for each claim.

    `fired`, `misread` (the observations that read wrong) and `failures` are by the name of the policy. `pruned` counts
    the schedules that were cut short because they commute with another or come to a state that was met before,
    `restless` those that never came to rest. `no_fingerprint` says what kept states from being recognized. The runs
    stand for at least `covered` schedules: those that were made, and those below a state that was met before. These are
    as many as were found there at first; where the bounds left more calls or cancellations there, only one is counted.
    Schedules that commute with another are not counted.
    """

    schedules: int = 0
    covered: int = 0
    steps: int = 0
    pruned: int = 0
    events: int = 0
    restless: int = 0
    fraction: float = 0.0
    """The share of the tree that has been walked, from 0 to 1, with all branches taken for equally large."""
    complete: bool = True
    cut_short: bool = False
    """Whether the walk stopped because enough failures were found."""
    hung: bool = False
    """Whether the walk stopped because something did not end: others would take their time too."""
    no_fingerprint: str | None = None
    set_aside: frozenset[str] = frozenset()
    """The names of the policies that were judged no further in some tree, because they had failed in it."""
    time_passed: bool = False
    """Whether the clock advanced to a timer in any run."""
    fired: dict[str, set[str]] = field(default_factory=dict)
    misread: dict[str, set[str]] = field(default_factory=dict)
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)
    lines: LinesRan = field(default_factory=LinesRan)
    """Which lines of the target's own code ran."""
    host_faults: dict[str, Failure] = field(default_factory=dict)
    """The smallest run that shows each fault of the host's own loop, by the fault's name."""

    @property
    def has_failed(self) -> bool:
        """Whether there is a failure under every policy that ended the judging: a wrong reading does not."""
        return bool(self.failures) and all(
            any(one.finding.final for one in found.values()) for found in self.failures.values()
        )

    def __add__(self, other: Walk) -> Walk:
        """Return what came of both walks of one target: of parts of a tree, or of a tree and of a part of it again."""
        failures = {policy: dict(found) for policy, found in self.failures.items()}
        for policy, found in other.failures.items():
            for failure in found.values():
                keep_smallest(failures.setdefault(policy, {}), failure)
        host_faults = dict(self.host_faults)
        for fault in other.host_faults.values():
            keep_smallest(host_faults, fault)
        return Walk(
            schedules=self.schedules + other.schedules,
            covered=self.covered + other.covered,
            steps=self.steps + other.steps,
            pruned=self.pruned + other.pruned,
            events=self.events + other.events,
            restless=self.restless + other.restless,
            complete=self.complete and other.complete,
            cut_short=self.cut_short or other.cut_short,
            hung=self.hung or other.hung,
            no_fingerprint=self.no_fingerprint or other.no_fingerprint,
            set_aside=self.set_aside | other.set_aside,
            time_passed=self.time_passed or other.time_passed,
            fired=_joined(self.fired, other.fired),
            misread=_joined(self.misread, other.misread),
            failures=failures,
            host_faults=host_faults,
            lines=self.lines + other.lines,
        )


def _joined(one: dict[str, set[str]], other: dict[str, set[str]]) -> dict[str, set[str]]:
    return {policy: one.get(policy, set()) | other.get(policy, set()) for policy in {**one, **other}}


def keep_smallest(failures: dict[str, Failure], failure: Failure) -> None:
    """Add a failure to the smallest ones by claim; of those of one size, keep the first and some others."""
    claim = failure.finding.claim
    known = failures.get(claim)
    if known is None or failure.size < known.size:
        failures[claim] = failure
    elif failure.size == known.size:
        first, second = (failure, known) if failure.rank < known.rank else (known, failure)
        others = (*first.others, replace(second, others=()), *second.others)
        failures[claim] = replace(first, others=others[:OTHERS])


class Explorer:
    """Walks the schedules of every program within bounds, for one constructor argument, and judges by several policies.

    Without a `strategy` every schedule is walked. `within` restricts the walk to one subtree. `prune` allows
    to leave out runs that commute with others, and `merge` to end a run at a state that was met before, where the
    strategy does. With `ordered`, sets of futures and tasks are iterated in order of their creation. With `places` the
    history says where each call stands; `lines` watches each run.

    With `sets_aside` a walk finds out only whether each policy is broken. A policy that has failed is judged no further
    as long as another has not. Then fewer states differ, and one stands for more of them, but not every claim that such
    a policy breaks is found, nor its smallest failure.
    """

    def __init__(
        self,
        target: Target,
        programs: Programs,
        argument: int,
        policies: Sequence[Any],
        *,
        host: str = "asyncio",
        strict: bool = False,
        prune: bool = True,
        merge: bool = True,
        sets_aside: bool = False,
        strategy: Strategy | None = None,
        ordered: bool = False,
        within: Subtree = (),
        places: Places | None = None,
        lines: LineWatch | None = None,
        meter: Meter | None = None,
    ) -> None:
        target = target.under(policies)
        strategy = strategy or Exhaustive()
        calls = choices(programs, target)
        holdings = Holdings(target.operations, target.passing)
        first = tuple(call for call in calls if holdings.may_make(None, call))
        judges = make_judges(target, policies, argument, strict=strict)
        self.setup = Setup(
            target,
            programs,
            argument,
            judges=judges,
            strategy=strategy,
            make_stepper=stepper_class(host, ordered=ordered, eager=programs.eager),
            prune=prune and strategy.prunes,
            fingerprinter=fingerprinter_of(calls),
            seen=SeenStates(merge=strategy.prunes, judges=judges, only_whether=sets_aside) if merge else None,
            calls=tuple(Action("call", f"call {call}", call) for call in first),
            later_calls=tuple(Action("call", f"call {call}", call) for call in calls),
            early=tuple(
                Action("early", f"early {call}", call) for call in first if programs.early and call.operation.waits
            ),
            in_except=tuple(Action("except", f"except {call}", call) for call in first if programs.in_except),
            then_in_except=tuple(
                Action("then except", f"then except {call}", call) for call in calls if programs.in_except
            ),
            others=tuple(Action("other", f"other {call}", call) for call in first),
            continuations=(RETURN, *(Action("then", f"then {call}", call) for call in calls)),
            places=places,
            meter=meter,
            reads_system_clock=reads_system_clock(target.own),
            calls_again=programs.again or bool(holdings),
            tells_tasks_apart=any(judge.specification.tells_tasks_apart for judge in judges),
        )
        self.left: tuple[Subtree, ...] = ()
        """What of the tree was left when it became too large, in the order in which it would have been walked."""
        self.last_run: Run | None = None
        self._lines = lines
        self._path = Path(within)
        self._walk = Walk(failures={policy.name: {} for policy in policies})
        self._sets_aside = sets_aside
        in_order = {policy.name: target.kind.in_order(policy) for policy in policies} if sets_aside else {}
        orders = {policy.name for policy in in_order.values() if policy is not None}
        self._may_be_set_aside = {
            name: {name} if order is None else {name, order.name}
            for name, order in in_order.items()
            if name not in orders
        }
        """The policies that may be set aside, each with all that are then: also what demands an order in addition."""
        self._all_failed: int | None = None
        """Number of schedules after which there was a failure under every policy."""

    def walk(
        self,
        *,
        at_most: int | None = None,
        split_after: int | None = None,
        after_failure: int | None = None,
        until_failure: bool = False,
        on_run: Callable[[Walk], None] | None = None,
        on_history: Callable[[tuple[Event, ...]], None] | None = None,
    ) -> Walk:
        """Run every schedule, or the first `at_most`, or `after_failure` more once every policy has failed.

        The walk also stops after a run in which a step did not end. If `after_failure` is given, one that sets policies
        aside stops as soon as every policy has failed: a walk in full finds all that they break. With `until_failure`
        any walk stops as soon as one has failed.

        `on_run` is told after each run how far the walk has come.

        After `split_after` schedules the walk stops, and `left` are the subtrees that remain: together with what was
        walked they are the whole tree. They depend on nothing but the target and the bounds.

        `on_history` is given the history of every run that was not cut short; runs then continue from every state, met
        before or not. Raises NondeterminismError if the target does something else under the same schedule.
        """
        if on_history is not None:
            self.setup = replace(self.setup, seen=None)
        start = [judge.snapshot() for judge in self.setup.judges]
        try:
            with self._lines or nullcontext():
                while self.setup.strategy.begin(self._path):
                    if self._stops(at_most, split_after, after_failure, until_failure=until_failure):
                        break
                    self._make(start, on_history)
                    if on_run is not None:
                        self._walk.fraction = self.setup.strategy.fraction(self._path)
                        on_run(self._walk)
        finally:
            self.setup.target.global_state.restore()  # else it is the beginning for a target that is loaded again
        return self.so_far

    def _stops(
        self, at_most: int | None, split_after: int | None, after_failure: int | None, *, until_failure: bool
    ) -> bool:
        walk, failed = self._walk, self._all_failed
        if walk.hung:
            return True
        if until_failure and any(walk.failures.values()):
            walk.cut_short = True
            return True
        if split_after is not None and walk.schedules >= split_after:
            self.left = self._path.remaining
            return True
        if at_most is not None and walk.schedules >= at_most:
            walk.complete = False
            return True
        if after_failure is not None and failed is not None:
            walk.cut_short = self._sets_aside or walk.schedules >= failed + after_failure
            return walk.cut_short
        return False

    @property
    def progress(self) -> tuple[int, int, str]:
        """A value that changes with every step, and whenever the target is entered or left."""
        run = self.last_run
        return self._walk.schedules, *((0, "") if run is None else (run.steps + len(run.history), run.doing))

    @property
    def own_files(self) -> frozenset[str]:
        """The files with the target's own code."""
        return self.setup.target.own.files

    def hangs(self, spent: str, at: str, frame: FrameType | None) -> bool:
        """Note that what the target does in a frame does not end; return False if that is not recorded."""
        return self.last_run is not None and self.last_run.hangs(spent, at, frame)

    @property
    def so_far(self) -> Walk:
        """How far the walk has come."""
        walk, seen = self._walk, self.setup.seen
        walk.lines = LinesRan() if self._lines is None else self._lines.result
        walk.fired = {judge.specification.name: set(judge.fired) for judge in self.setup.judges}
        walk.misread = {judge.specification.name: set(judge.ever_misread) for judge in self.setup.judges}
        walk.no_fingerprint = None if seen is None else seen.failure
        self._path.clear()
        walk.covered = self._path.covered
        return walk

    def _make(self, start: Sequence[Any], on_history: Callable[[tuple[Event, ...]], None] | None) -> None:
        """Make the next run. At its start the judges hold what is in `start`."""
        setup, path, walk = self.setup, self._path, self._walk
        prefix = Prefix()
        if path.choices:
            assert self.last_run is not None
            prefix = self.last_run.decisions.prefix_to(path.choices[-1])
        else:
            for judge, snapshot in zip(setup.judges, start, strict=True):
                judge.restore(snapshot)
        self.last_run = run = Run(setup, path, prefix)
        try:
            with nullcontext() if self._lines is None else self._lines.watching(run.record):
                run.play()
            if on_history is not None:
                on_history(tuple(run.history))
            path.cover(1)
        except PrunedError as pruned:
            walk.pruned += 1
            if pruned.met is not None:
                # where more calls were left, some of the schedules counted there cannot be made here
                path.cover(path.below.get(pruned.met, 1) if pruned.as_much_is_left else 1)
            pruned.with_traceback(None)  # the run has kept it, and its frames keep the run
        finally:  # also what a run shows that differs from the one that it should repeat
            for policy, failure in run.record.failures:
                keep_smallest(walk.failures[policy], failure)
            if on_history is None:
                run.record.forget_tracebacks()
        walk.schedules += 1
        walk.steps += run.steps
        walk.events += len(run.history)
        walk.restless += run.restless
        walk.time_passed |= run.time_passed
        walk.hung |= run.record.hung
        for fault in run.record.host_faults:
            keep_smallest(walk.host_faults, fault)
        if self._all_failed is None and walk.has_failed:
            self._all_failed = walk.schedules
        elif run.record.failures and not walk.has_failed:
            self._set_aside_what_failed()
        if run.decisions.turns:
            raise NondeterminismError("under the same schedule a run ended once, and continued another time")

    def _set_aside_what_failed(self) -> None:
        """Judge no further by the policies that have failed, as another has not."""
        walk = self._walk
        for policy, names in self._may_be_set_aside.items():
            if any(one.finding.final for one in walk.failures[policy].values()):
                walk.set_aside |= names
        for judge in self.setup.judges:
            judge.set_aside = judge.specification.name in walk.set_aside
