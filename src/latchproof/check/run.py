"""One run of a target's real code: a fresh instance on a fresh loop, held before each of its steps.

Between two steps a new call may be made, by a task that the host's scheduler gets to in its turn; a call that has begun
may be cancelled; and in the very step in which a call ends, its task may make another. What the loop would not do is
never tried.

Real code cannot be copied, so a run that shares its start with another repeats that start. There it neither chooses nor
judges, but checks that the target does the same again.

Reductions leave out or cut short the runs that others stand for:

- A step is *quiet* if it makes nothing ready. A new call commutes with a quiet step, so of the two orders one is tried:
  the call comes after the step. If all further steps are quiet, it comes when the loop is at rest.
- A task makes no second call where the call of a new task would do the same (`latchproof.check.calling_again`).
- Where the moment of a cancellation makes no difference, the last one is tried (`latchproof.check.cancelling`).
- A run ends at a state if one that was met before stands for it (`latchproof.check.states`).
- A host may run what is ready in one order or the reverse. Where nothing can be done before, two states that differ in
  that order alone are one.

A state that is met again in one run, with nothing but steps between, is rest.

`Calls` is what is under way (`latchproof.check.harness`), `Record` what is recorded (`latchproof.check.record`),
`Decisions` what is decided (`latchproof.check.decisions`). `Run` joins them as the script of a stepper. Which runs are
made, and in which order, belongs to `latchproof.check.tree`.
"""

from collections.abc import Sequence
from types import FrameType
from weakref import proxy

from latchproof.check.calling_again import CallingAgain
from latchproof.check.cancelling import Cancelling
from latchproof.check.choices import (
    EAGER,
    PASS,
    REST,
    RETURN,
    ROUND,
    RUN,
    STOP,
    TIME,
    Action,
    Choice,
    Path,
    Prefix,
    State,
)
from latchproof.check.decisions import Decisions
from latchproof.check.harness import Again, Calls
from latchproof.check.history import Hang, Rest, Stray, Suspend, TimePasses, named
from latchproof.check.loops.interface import OwnFault
from latchproof.check.record import NondeterminismError, Record
from latchproof.check.run_setup import Setup
from latchproof.check.sandbox.fingerprint import NoFingerprintError
from latchproof.check.sandbox.interrupts import is_targets_own
from latchproof.check.sandbox.watch import StuckError
from latchproof.check.states import SeenStates

STEPS_BEFORE_LOOKING = 6
"""Steps without progress before looking for a repeating state. Where only time can pass, it is looked for at once."""

STEPS_WITHOUT_PROGRESS = 60
"""Steps in which no call begins or ends and no observation changes, after which a run counts as never resting."""


class PrunedError(Exception):
    """The run is cut short, because others stand for it: those from the state `met`, if that is given.

    `as_much_is_left` is False if the bounds leave more calls or cancellations there than here.
    """

    def __init__(self, met: State | None = None, *, as_much_is_left: bool = True) -> None:
        super().__init__(met)
        self.met = met
        self.as_much_is_left = as_much_is_left


class Run:
    """One run, the script of a stepper: it repeats the prefix, and continues from there as the strategy chooses."""

    def __init__(self, setup: Setup, path: Path, prefix: Prefix) -> None:
        self.setup = setup
        self.steps = 0
        self.restless = False
        """Whether the run was ended because it never came to rest."""
        self.time_passed = False
        known = prefix.events if prefix.decisions else None
        me = proxy(self)  # each run would be left to the garbage collector, if it were reached from what it holds

        def moment() -> tuple[Sequence[str], int, int]:
            return me.decisions.taken, me.steps, me._others.made

        self.record = Record(setup.target, setup.judges, setup.argument, moment, known, setup.meter, setup.readings)
        self.decisions = Decisions(setup.strategy, setup.judges, path, prefix, self.record)
        self.history = self.record.history
        self.schedule, self.moments = self.decisions.words, self.decisions.moments
        self._stepper = setup.make_stepper()
        calling_again = CallingAgain(setup, self.decisions, self._stepper)
        programs = setup.programs
        again = Again(self._stepper, calling_again.stays, programs.again) if setup.calls_again else None
        self._calls = Calls(
            self._stepper,
            self.record,
            calling_again.next_call,
            places=setup.places,
            again=again,
            keeps_errors=bool(setup.in_except),
            tells_tasks_apart=setup.tells_tasks_apart,
        )
        unjudged = Record(setup.target, (), setup.argument, moment)
        self._others = Calls(self._stepper, unjudged, lambda calls, number: None, Exception, is_other=True)
        self._cancelling = Cancelling(setup, self._calls, self._stepper)
        self._newborn: int | None = None
        """The task that was made since the last step, if nothing else was done."""
        self._front_is_quiet = False
        """Whether the step that comes next is known to be quiet, and so was given to another run."""
        self._front_is_quiet_if_cancelled = False
        """The same of that step if its call is cancelled directly before."""
        self._cancelled_at: Choice | None = None
        """The choice to cancel a call directly before its step, if the bounds leave no further cancellation."""
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
        """Return whether the host made the error of a problem, of an interrupt, or of a step that is not repeated."""
        record, is_interrupt = self.record, isinstance(error, KeyboardInterrupt)
        if record.hung:
            return not is_interrupt or isinstance(error, StuckError)
        return record.problem is not None or (self.decisions.repeating and not is_interrupt)

    # ------------------------------------------------------------------------------------ what a stepper asks and tells

    def begin(self) -> None:
        target, argument = self.setup.target, self.setup.argument
        target.global_state.restore()
        if self.setup.programs.eager:
            self._note_that_tasks_are_eager()
        self.doing = "the constructor"
        self.record.move(self.doing)
        try:
            self._calls.make_instance(target, argument)
            if self.setup.programs.beside:
                self._others.make_instance(target, argument)
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
        cancelled_at, self._cancelled_at = self._cancelled_at, None
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
                record.stop(PrunedError())
            elif cancelled_at is not None and decisions.made[-1].action is RUN:
                cancelled_at.quiet_if_cancelled = True
            elif decisions.before_step is not None and self._is_quiet_whatever_is_called():
                decisions.before_step.quiet = True
        if record.progress > STEPS_WITHOUT_PROGRESS:
            self.restless = True
            record.stop()

    def _is_quiet_whatever_is_called(self) -> bool:
        """Return whether a step that made nothing ready does so too if a call was made before it.

        In the step in which a call ends, its task may make another; not if that was the last that the bounds leave.
        """
        decisions, calls = self.decisions, self._calls
        if decisions.latest is decisions.before_step:
            return True
        *_, step, decided = decisions.made
        is_last = calls.made + 1 == self.setup.programs.calls
        return is_last and decided.action is RETURN and step.choice is decisions.before_step

    def _note_places(self) -> None:
        if self.setup.places is not None:
            for call, handle in self._calls.under_way.items():
                if at := self.setup.places.resting(call, self._stepper.coroutine_of(handle)):
                    self.record.note(Suspend(call, at))

    def choose(self, *options: str) -> int:
        orders = tuple(Action("order", one, index) for index, one in enumerate(options))
        action = self.decisions.decide_within_a_step(orders, self._stepper.now, self._calls.under_way)
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
        self.record.hang(Hang(self.doing, spent, at, self._calls.running_in(frame)))
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
                self._cancelling.pending = None
            if kind == "run":
                self.steps += 1
                record.progress += 1
                self._front_is_quiet_if_cancelled = False
                self._waiting = self._stepper.waiting
                decisions.before_step = decisions.latest
                if self.setup.places is not None:
                    self.setup.places.begin_step()
                return True
            if kind == "pass":
                self._newborn = None
                return True
            if kind == "stop":
                return False
            if kind == "time":
                self._let_time_pass()
                continue
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
                if decisions.latest is not None:
                    self._front_is_quiet |= decisions.latest.quiet
                    self._front_is_quiet_if_cancelled |= decisions.latest.quiet_if_cancelled
                continue
            self._front_is_quiet = self._front_is_quiet_if_cancelled = False
            if kind == "cancel" and not decisions.repeating and self._cancelling.requested(action.payload, self.steps):
                is_last = calls.requests + 1 == self.setup.programs.cancellations
                self._cancelled_at = decisions.latest if is_last else None
            else:
                self._newborn = None
            if kind == "other":
                self._others.make(action.payload)
            elif kind == "cancel":
                self.doing = "a step"
                calls.cancel(action.payload)
                self.doing = ""
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
        self.time_passed = True
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
                raise PrunedError()
            return decisions.note(STOP)
        state = None
        seen = setup.seen
        may_repeat = options[-1] is TIME or self.record.progress > STEPS_BEFORE_LOOKING
        order_is_open = between_passes and stepper.waiting[0] > 1
        if seen is not None and (may_repeat or (seen.merge and (len(options) > 1 or order_is_open))):
            state = self._state(seen, between_passes, order_counts=len(options) > 1)
        if seen is not None and state is not None:
            if state in decisions.passed:
                same_time = decisions.passed[state] == stepper.now and stepper.has_timer()
                action = TIME if same_time else ROUND
                if action is ROUND and setup.reads_system_clock:
                    self.restless = True  # it may wait for that clock to advance
                    return decisions.note(STOP)
                setup.strategy.insists_on(action.word)
                return decisions.note(action)
            met = seen.stands_for(state, self.steps, decisions.passed)
            if met is not None:
                raise PrunedError(met, as_much_is_left=met.spent == state.spent)
            decisions.passed[state] = stepper.now
        for action in (TIME, ROUND):
            if setup.strategy.insists_on(action.word):
                return decisions.note(action)
        return decisions.choose(options, state)

    def _options(self, can_run: bool, between_passes: bool) -> tuple[Action, ...]:
        """Return what may be done next, the next step first.

        That time passes comes last: it leads to states that what else is done there leads to in fewer steps, and a
        state that is met in fewer steps is explored again.
        """
        if self._cancelling.pending is not None:
            return self._cancelling.before_the_step()
        setup, programs, calls = self.setup, self.setup.programs, self._calls
        options: tuple[Action, ...] = ()
        continues = can_run and not self._front_is_quiet
        only_timer = not self._stepper.waiting[0] and self._stepper.next_timer > self._stepper.now
        if continues and not only_timer:
            options = (PASS if between_passes else RUN,)
        of_next, cancels = self._cancelling.options(self.steps, continues=can_run)
        if not self._front_is_quiet_if_cancelled:
            options += of_next
        may_call = calls.made < programs.calls and calls.at_once < programs.at_once
        if may_call:
            options += setup.calls
            if calls.requests < programs.cancellations and self._stepper.cancels_running:
                options += setup.early
            options += setup.in_except
        options += cancels
        if may_call:
            options += tuple(
                Action("again", f"again {number + 1} {call.payload}", (call.payload, number))
                for number, handle in calls.idle.items()
                for call in setup.later_calls
                if calls.holdings.may_make(handle, call.payload)
                and (programs.again or calls.holdings.gives(handle, call.payload))
            )
        if self._others.made < programs.beside:
            options += setup.others
        if continues and only_timer:
            options += (TIME,)
        return options

    def _state(self, seen: SeenStates, between_passes: bool, *, order_counts: bool = True) -> State | None:
        """Return the state; None if it has no fingerprint.

        It is one with the state in which the next pass takes the other order, unless that order counts, because
        something may be done before the pass.
        """
        if seen.failure is not None:
            return None
        calls, others = self._calls, self._others
        ranks = {call: rank for rank, call in enumerate(sorted({**calls.under_way, **calls.idle}))}
        tasks = [(calls.under_way | calls.idle)[call] for call in ranks]
        harness = (
            calls.at_once, others.at_once, len(calls.numbers), self._newborn is not None,
            self._front_is_quiet, self._front_is_quiet_if_cancelled, self._cancelling.pending is not None,
            self._rested, between_passes,
            tuple(sorted(ranks[call] for call in calls.requested if call in calls.under_way)),
        )  # fmt: skip
        places = tuple([judge.place for judge in self.setup.judges])
        spent = calls.made, others.made, calls.requests
        elsewhere = others.instance, [*others.under_way.values()], self.setup.target.global_state.changed()
        try:
            of = self.setup.fingerprinter.of
            orders = (self._stepper.state,) if order_counts else self._stepper.orders()
            mark = min(of(calls.instance, tasks, one, elsewhere, plain=harness) for one in orders)
        except NoFingerprintError as error:
            seen.failure = str(error)
            return None
        return State(mark, places, spent)
