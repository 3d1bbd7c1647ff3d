"""One run of a target's real code: a fresh instance on a fresh loop, held before each of its steps.

Between two steps a new call may be made, by a task that the host's scheduler gets to in its turn; a call that has begun
may be cancelled; and in the very step in which a call ends, its task may make another. What the loop would not do is
never tried.

Real code cannot be copied, so a run that shares its start with another repeats that start. It does not choose and judge
there again, but checks that the target does the same again. Two reductions cut runs short. A new call commutes with a
step that makes nothing ready, so of the two orders one is tried: the one in which the call comes later, after the loop
has come to rest if it does. For the same reason a task makes no second call where that would be as one of a new task:
where no other is ready, and the target does not remember the task. And no run continues from a state that another has
met in no more steps. A state that is met again in the same run, with nothing but steps between, is rest.

`Calls` is what is under way, `Record` what is recorded (`latchproof.check.harness`), `Decisions` what is decided:
first what another run decided, as far as both are the same, then what the strategy chooses. `Run` joins them as the
script of a stepper. Which runs are made, and in which order, belongs to `latchproof.check.tree`.
"""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from types import FrameType
from typing import Any

from latchproof.check.choices import (
    DEFAULTS,
    EAGER,
    PASS,
    REST,
    ROUND,
    RUN,
    STAY,
    STOP,
    TIME,
    Action,
    Choice,
    Decision,
    Path,
    Prefix,
    Turn,
)
from latchproof.check.harness import Again, Calls, NextCall, NondeterminismError, Record
from latchproof.check.history import Hang, Rest, Stray, Suspend, TimePasses, named
from latchproof.check.judge import Judge
from latchproof.check.loops.interface import OwnFault, Stepper
from latchproof.check.places import Places
from latchproof.check.sandbox.fingerprint import Fingerprinter, NoFingerprintError, has_attributes
from latchproof.check.sandbox.interrupts import is_targets_own
from latchproof.check.sandbox.watch import Meter, StuckError
from latchproof.check.states import SeenStates
from latchproof.check.strategies import Strategy
from latchproof.check.target import Target
from latchproof_spec.machine import Programs

QUIET_STEPS = 6
"""Steps without progress before looking for a repeating state."""

RETURNING = ("return", "then", "then except")
"""The kinds of actions of a task whose call has ended."""

STEPS_WITHOUT_PROGRESS = 60
"""Steps in which no call begins or ends and no observation changes, after which a run counts as never resting."""


class PrunedError(Exception):
    """The run is cut short: another run stands for it. `covered` is the number of schedules known to be below it."""

    def __init__(self, covered: int) -> None:
        super().__init__(covered)
        self.covered = covered


@dataclass(frozen=True)
class Setup:
    """What all runs of a walk have in common.

    `prune` leaves out what commutes with something else. Without `seen` no state is recognized.
    """

    target: Target
    programs: Programs
    argument: int
    judges: Sequence[Judge]
    strategy: Strategy
    make_stepper: Callable[[], Stepper]
    prune: bool
    fingerprinter: Fingerprinter
    seen: SeenStates | None
    calls: tuple[Action, ...]
    early: tuple[Action, ...]
    """The calls that a task may make that is cancelled already."""
    in_except: tuple[Action, ...]
    """The calls that a new task may make while it handles an exception."""
    then_in_except: tuple[Action, ...]
    """Those that a task may make in the except block for what its last call raised."""
    others: tuple[Action, ...]
    continuations: tuple[Action, ...]
    """What a task may do in the step in which its call ends."""
    places: Places | None = None
    """Where each call stands, if the run is made to be shown."""
    meter: Meter | None = None


class Decisions:
    """What is decided in a run: first what the prefix holds, again; then what the strategy chooses."""

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
        self.passed: dict[bytes, float] = {}
        """The states met since the last choice that was not a step, each with the time."""
        self._repeated = 0
        self._strategy = strategy
        self._judges = judges
        self._path = path
        self._record = record

    def repeat(self, now: float, under_way: dict[int, Any]) -> Action:
        """Return what the prefix holds next; after the last of it, judging begins."""
        action, fingerprint, choice = self.made[self._repeated]
        self._repeated += 1
        self.latest = choice
        if fingerprint is not None:
            self.passed.setdefault(fingerprint, now)
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

    def choose(self, options: tuple[Action, ...], fingerprint: bytes | None = None) -> Action:
        """Have the strategy choose one of the options, unless the way to the subtree says which."""
        if len(options) > 1 and self.turns:
            turn = self.turns.pop()
            if turn.option >= len(options):
                raise NondeterminismError("under the same schedule there was more to choose from another time")
        else:
            index = self._strategy.choose([option.word for option in options])
            if index is None:
                return self.note(STOP, fingerprint)
            turn = Turn(index, quiet=False)
        choice = None
        if len(options) > 1:
            snapshots = tuple([judge.snapshot() for judge in self._judges])
            choice = Choice(
                options, turn.option, snapshots, len(self.made), len(self.words), fingerprint, quiet=turn.quiet
            )
            if not self.turns:  # else its other options are in other subtrees
                self._path.choices.append(choice)
        return self.note(options[turn.option], fingerprint, choice)

    def note(self, action: Action, fingerprint: bytes | None = None, choice: Choice | None = None) -> Action:
        """Take an action as decided."""
        if action.word and action.word not in DEFAULTS:
            self.words.append(action.word)
            self.moments.append(len(self._record.history))
        self.made.append(Decision(action, fingerprint, choice))
        self.latest = choice
        return action

    def prefix_to(self, choice: Choice) -> Prefix:
        """Return what another run repeats to come to a choice of this one and take the option that it has now."""
        decisions = self.made[: choice.position + 1]
        action = choice.options[choice.taken]
        decisions[-1] = Decision(action, decisions[-1].fingerprint, choice)
        words = self.words[: choice.words]
        return Prefix(decisions, words if action.word in DEFAULTS else [*words, action.word], self._record.history)


class Run:
    """One run, the script of a stepper: it repeats the prefix, and continues from there as the strategy chooses."""

    def __init__(self, setup: Setup, path: Path, prefix: Prefix) -> None:
        self.setup = setup
        self.steps = 0
        self.restless = False
        """Whether the run was ended because it never came to rest."""
        known = prefix.events if prefix.decisions else None
        self.record = Record(setup.target, setup.judges, setup.argument, self._moment, known, setup.meter)
        self.decisions = Decisions(setup.strategy, setup.judges, path, prefix, self.record)
        self.history = self.record.history
        self.schedule, self.moments = self.decisions.words, self.decisions.moments
        self._path = path
        self._stepper = setup.make_stepper()
        again = Again(self._stepper, self._stays) if setup.programs.again else None
        self._calls = Calls(
            self._stepper,
            self.record,
            self._next_call,
            places=setup.places,
            again=again,
            keeps_errors=bool(setup.in_except),
        )
        unjudged = Record(setup.target, (), setup.argument, self._moment)
        self._others = Calls(self._stepper, unjudged, lambda number: None, Exception, is_other=True)
        self._newborn: int | None = None
        """The task that was made since the last step, if nothing else was done."""
        self._front_is_quiet = False
        """Whether the step that comes next is known to be quiet, and so was given to another run."""
        self._waiting = (0, 0)
        self._rested = False
        self._timer_is_next = False
        """Whether the next step is what a timer has made ready, after nothing else was."""
        self.doing = ""
        """What the target does: "a step", "the constructor", "a reading"; "" while it does nothing."""

    def play(self) -> None:
        """Run until nothing is left to choose, or the history is not allowed any more.

        Raises what went wrong with the harness, PrunedError, or NondeterminismError.
        """
        record, stepper = self.record, self._stepper
        self.setup.fingerprinter.parts = stepper.parts()
        try:
            stepper.run(self)
        except BaseException as error:
            if not self._is_explained(error):
                raise
        finally:
            record.stop()
            record.move("a step")  # what tasks do when they are closed belongs to no step
            stepper.finish()
        if self.decisions.repeating and (record.problem is None or isinstance(record.problem, PrunedError)):
            raise NondeterminismError("under the same schedule a run continued once, and ended another time")
        if record.problem is not None:
            raise record.problem

    def _is_explained(self, error: BaseException) -> bool:
        """Return whether it is what the host made of a problem, of an interrupt, or of a step that is not repeated."""
        record, is_interrupt = self.record, isinstance(error, KeyboardInterrupt)
        if record.hung:
            return not is_interrupt or isinstance(error, StuckError)
        return record.problem is not None or (self.decisions.repeating and not is_interrupt)

    def _moment(self) -> tuple[Sequence[str], int, int]:
        return self.decisions.taken, self.steps, self._others.made

    # ------------------------------------------------------------------------------------ what a stepper asks and tells

    def begin(self) -> None:
        target, argument = self.setup.target, self.setup.argument
        target.global_state.restore()
        if self.setup.programs.eager:
            self._note_that_tasks_are_eager()
        self.doing = "the constructor"
        self.record.move(self.doing)
        try:
            self._calls.instance = target.make(argument)
            self._others.instance = target.make(argument) if self.setup.programs.beside else None
        except BaseException as error:
            if not is_targets_own(error):  # also what stops a constructor that does not end
                raise
            self.record.take(Stray(f"the constructor raised {named(error)}"))
            self.record.settled = True  # there is nothing to continue with
        self.doing = ""

    def _note_that_tasks_are_eager(self) -> None:
        if self.decisions.repeating:
            self.decisions.repeat(self._stepper.now, self._calls.under_way)
        else:
            self.setup.strategy.insists_on(EAGER.word)
            self.decisions.note(EAGER)

    def before(self, *, between_passes: bool = False) -> bool:
        record = self.record
        self.doing = ""
        if record.over:
            return False
        try:
            continues = self._act_until_a_step(between_passes)
            if continues:
                record.move("a step")
        except BaseException as problem:  # a host might swallow it
            record.stop(problem)
            return False
        if continues:
            self.doing = "a step"
        else:
            record.stop()
        return continues

    def after(self, *, ran: bool) -> None:
        record, decisions = self.record, self.decisions
        self.doing = ""
        if record.over:
            return
        newborn, self._newborn = self._newborn, None
        self._note_places()
        if ran or not self.setup.target.observations:
            self.doing = "a reading"
            record.end_step(self._calls.instance)
            self.doing = ""
        if decisions.repeating:  # what follows was found out before
            return
        ready, timers = self._waiting
        if self.setup.prune and self._stepper.waiting == (ready - 1, timers):
            if newborn is not None and newborn not in self._calls.started:
                record.stop(PrunedError(0))
            elif decisions.latest is not None and decisions.latest is decisions.before_step:
                decisions.latest.quiet = True
        if record.progress > STEPS_WITHOUT_PROGRESS:
            self.restless = True
            record.stop()

    def _note_places(self) -> None:
        if self.setup.places is not None:
            for call, handle in self._calls.under_way.items():
                if at := self.setup.places.resting(call, self._stepper.coroutine_of(handle)):
                    self.record.note(Suspend(call, at))

    def choose(self, *options: str) -> int:
        action = self._decide_in_a_step(tuple(Action("order", one, index) for index, one in enumerate(options)))
        return 0 if action is None else action.payload

    def stray(self, error: str, *, ends: bool = False) -> None:
        self.record.stray(error)
        self.record.settled |= ends

    def host_fault(self, fault: OwnFault) -> None:
        self.record.host_fault(fault)

    def hangs(self, spent: str, at: str, frame: FrameType | None) -> bool:
        """Record that what the target does in a frame does not end; return False if that is not recorded."""
        if not self.doing or self.record.over:
            return False
        while frame is not None and frame.f_code is not Calls.play.__code__:
            frame = frame.f_back
        call = None
        if frame is not None and frame.f_locals["self"] is self._calls:
            call = frame.f_locals["number"]
        self.record.hang(Hang(self.doing, spent, at, call))
        return True

    # ------------------------------------------------------------------------------------------------ what is done next

    def _act_until_a_step(self, between_passes: bool) -> bool:
        """Do what is decided until that is to let the loop continue; return False if the run is over."""
        record, decisions, calls = self.record, self.decisions, self._calls
        while not record.settled:
            action = self._next(between_passes)
            kind = action.kind
            if kind in ("run", "pass"):
                self._timer_is_next = False
            if kind == "run":
                self.steps += 1
                record.progress += 1
                self._rested = False
                self._waiting = self._stepper.waiting
                decisions.before_step = decisions.latest
                if self.setup.places is not None:
                    self.setup.places.begin_step()
                return True
            if kind == "pass":
                self._newborn = decisions.latest = None
                self._front_is_quiet = self._rested = False
                return True
            if kind == "stop":
                return False
            if kind == "time":
                self._let_time_pass()
                continue
            decisions.passed.clear()
            if kind == "rest":
                self._rested = True
                record.take(Rest())
                self.doing = "a reading"
                record.observe(calls.instance)
                self.doing = ""
                continue
            self._rested = False
            record.progress = 0
            if kind in ("call", "early", "except"):
                self._newborn = calls.make(action.payload, cancelled=kind == "early", in_except=kind == "except")
                self._front_is_quiet |= decisions.latest is not None and decisions.latest.quiet
                continue
            self._newborn = None
            self._front_is_quiet = False
            if kind == "other":
                self._others.make(action.payload)
            elif kind == "cancel":
                calls.cancel(action.payload)
            elif kind == "again":
                calls.make_again(*action.payload)
            else:
                raise NondeterminismError(
                    f"under the same schedule {action.word!r} was possible in a step, and then not"
                )
        return False

    def _let_time_pass(self) -> None:
        """Let time pass to the next timer. Where nothing else is ready, what it makes ready is what comes next."""
        stepper = self._stepper
        self._timer_is_next = not stepper.waiting[0]
        before = stepper.now
        stepper.let_time_pass()
        self.record.take(TimePasses(stepper.now - before))

    def _next(self, between_passes: bool) -> Action:
        """Return the next thing to do between two steps."""
        decisions, stepper, setup = self.decisions, self._stepper, self.setup
        if decisions.repeating:
            return decisions.repeat(stepper.now, self._calls.under_way)
        if self._timer_is_next:
            action = PASS if between_passes else RUN
            setup.strategy.insists_on(action.word)
            return decisions.note(action)
        can_run = stepper.can_run()
        if not can_run and not self._rested:
            return decisions.note(REST)
        options = self._options(can_run and not self._rested, between_passes)
        if not options:
            if can_run and self._front_is_quiet:  # no call is left with which a task might call again
                raise PrunedError(0)
            return decisions.note(STOP)
        fingerprint = None
        seen = setup.seen
        if seen is not None and ((seen.merge and len(options) > 1) or self.record.progress > QUIET_STEPS):
            fingerprint = self._fingerprint(seen, between_passes)
        if seen is not None and fingerprint is not None:
            if fingerprint in decisions.passed:
                same_time = decisions.passed[fingerprint] == stepper.now and stepper.has_timer()
                action = TIME if same_time else ROUND
                setup.strategy.insists_on(action.word)
                return decisions.note(action)
            decisions.passed[fingerprint] = stepper.now
            if seen.has(fingerprint, self.steps):
                raise PrunedError(self._path.covered_below.get(fingerprint, 0))
        for action in (TIME, ROUND):
            if setup.strategy.insists_on(action.word):
                return decisions.note(action)
        return decisions.choose(options, fingerprint)

    def _options(self, can_run: bool, between_passes: bool) -> tuple[Action, ...]:
        setup, programs, calls = self.setup, self.setup.programs, self._calls
        options: tuple[Action, ...] = ()
        if can_run and not self._front_is_quiet:
            only_timer = not self._stepper.waiting[0] and self._stepper.next_timer > self._stepper.now
            options = (TIME if only_timer else PASS if between_passes else RUN,)
        may_call = calls.made < programs.calls and calls.at_once < programs.at_once
        if may_call:
            options += setup.calls
            if calls.requests < programs.cancellations and self._stepper.cancels_running:
                options += setup.early
            options += setup.in_except
        if calls.requests < programs.cancellations:
            options += tuple(Action("cancel", f"cancel {number + 1}", number) for number in calls.under_way)
        if may_call:
            options += tuple(
                Action("again", f"again {number + 1} {call.payload}", (call.payload, number))
                for number in calls.idle
                for call in setup.calls
            )
        if self._others.made < programs.beside:
            options += setup.others
        return options

    def _next_call(self, number: int) -> NextCall | None:
        """Return the call that a task makes in the step in which its last one ended, if it makes one."""
        calls = self._calls
        if not self._may_call_again(number):
            return None
        if self.setup.prune and not self._next_call_matters(number):
            return None
        in_except = () if calls.latest_error is None else self.setup.then_in_except
        action = self._decide_in_a_step((*self.setup.continuations, *in_except))
        if action is None or action.kind not in ("then", "then except"):
            return None
        calls.made += 1
        return NextCall(action.payload, in_except=action.kind == "then except")

    def _may_call_again(self, number: int) -> bool:
        """Return whether the task of a call that has ended may make another: it does not stay cancelled."""
        calls, stepper = self._calls, self._stepper
        if calls.made >= self.setup.programs.calls:
            return False
        if number not in calls.requested:
            return True
        if self.setup.programs.again:
            assert calls.latest is not None
            return stepper.recover(calls.latest[0])
        return number not in calls.cancelled_early and not stepper.cancellation_lasts

    def _stays(self, number: int) -> bool:
        """Return whether a task stays after its call, to call again later: where that may differ from a new task's."""
        decisions = self.decisions
        if not self._may_call_again(number):
            return False
        if decisions.repeating:
            stays = decisions.repeats(STAY.kind)
            if stays:
                decisions.repeat(self._stepper.now, self._calls.under_way)
            return stays
        strategy = self.setup.strategy
        stays = strategy.insists_on(STAY.word) if strategy.repeats else not self.setup.prune or self._is_remembered()
        if stays:
            decisions.note(STAY)
        return stays

    def _next_call_matters(self, number: int) -> bool:
        """Return whether a task's next call may differ from that of a new task, which is made in another run.

        It may where others are ready to run, after a request to cancel it, in the except block for what its call
        raised, or where something is left of the task.
        """
        decisions = self.decisions
        if decisions.repeating:
            return decisions.repeats(*RETURNING)
        calls = self._calls
        if self._stepper.waiting[0] or number in calls.requested:
            return True
        return bool(calls.latest_error and self.setup.in_except) or self._is_remembered()

    def _is_remembered(self) -> bool:
        """Return whether something is left of the task whose call was the last to end.

        That may be a variable that the call has set in its context, an attribute, or whatever the target remembers.
        """
        calls = self._calls
        assert calls.latest is not None
        handle, context = calls.latest
        if any(context.get(variable, context) is not value for variable, value in copy_context().items()):
            return True
        task = self._stepper.task_of(handle)
        if has_attributes(task):
            return True
        return self.setup.fingerprinter.reaches(task, calls.instance, self.setup.target.global_state.changed())

    def _decide_in_a_step(self, options: tuple[Action, ...]) -> Action | None:
        """Decide what is left open within a step; return None if the run is over. Errors would be lost in the task."""
        decisions = self.decisions
        if self.record.over:
            return None
        try:
            if decisions.repeating:
                action = decisions.repeat(self._stepper.now, self._calls.under_way)
            else:
                action = decisions.choose(options)
        except BaseException as problem:
            self.record.stop(problem)
            return None
        if action is STOP:
            self.record.stop()
            return None
        return action

    def _fingerprint(self, seen: SeenStates, between_passes: bool) -> bytes | None:
        if seen.failure is not None:
            return None
        calls, others = self._calls, self._others
        calls.ranks = ranks = {call: rank for rank, call in enumerate(sorted({**calls.under_way, **calls.idle}))}
        others.ranks = {call: call for call in others.under_way}
        budgets = (
            calls.made, others.made, calls.begun, calls.requests, self._newborn is not None,
            self._front_is_quiet, self._rested, between_passes,
            tuple(sorted(ranks[call] for call in calls.requested if call in calls.under_way)),
            tuple(sorted(ranks[call] for call in calls.idle)),
        )  # fmt: skip
        judged = tuple(judge.place for judge in self.setup.judges)
        tasks = [(calls.under_way | calls.idle)[call] for call in ranks]
        elsewhere = others.instance, [*others.under_way.values()], self.setup.target.global_state.changed()
        try:
            of = self.setup.fingerprinter.of
            return of(calls.instance, tasks, self._stepper.state, elsewhere, plain=(budgets, judged))
        except NoFingerprintError as error:
            seen.failure = str(error)
            return None
