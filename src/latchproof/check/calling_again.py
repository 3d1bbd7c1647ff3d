"""Whether a task whose call has ended makes another one, in the same step or later.

A task that holds something stays, to give it back. After a cancellation not every task may make another call. With
pruning, a task makes one only where the call of a new task might do something else: in the same step if something else
is ready to run, and then or later if something is left of the task by which the target could tell it from a new one, or
if a judge asks which task calls.
"""

from contextvars import copy_context

from latchproof.check.choices import STAY
from latchproof.check.decisions import Decisions
from latchproof.check.harness import Calls, NextCall
from latchproof.check.loops.interface import Stepper
from latchproof.check.run_setup import Setup
from latchproof.check.sandbox.fingerprint import has_attributes
from latchproof.check.target import Call

RETURNING = ("return", "then", "then except")
"""The kinds of actions of a task whose call has ended."""


class CallingAgain:
    """Decides for the tasks of a run, each time that a call of theirs has ended."""

    def __init__(self, setup: Setup, decisions: Decisions, stepper: Stepper) -> None:
        self._setup = setup
        self._decisions = decisions
        self._stepper = stepper

    def next_call(self, calls: Calls, number: int) -> NextCall | None:
        """Return the call that a task makes in the step in which its last one ended, if it makes one."""
        if not self._may_call_again(calls, number):
            return None
        if self._setup.prune and not self._next_call_matters(calls, number):
            return None
        in_except = () if calls.latest_error is None else self._setup.then_in_except
        options = tuple(
            one
            for one in (*self._setup.continuations, *in_except)
            if one.kind == "return" or self._is_well_formed(calls, one.payload)
        )
        action = self._decisions.decide_within_a_step(options, self._stepper.now, calls.under_way)
        if action is None or action.kind not in ("then", "then except"):
            return None
        calls.made += 1
        return NextCall(action.payload, in_except=action.kind == "then except")

    def _may_call_again(self, calls: Calls, number: int) -> bool:
        """Return whether the task of a call that has ended may make another: it does not stay cancelled."""
        stepper = self._stepper
        if calls.made >= self._setup.programs.calls:
            return False
        if number not in calls.requested:
            return True
        assert calls.latest is not None
        if self._setup.programs.again or calls.holdings.of(calls.latest[0]):
            return stepper.recover(calls.latest[0])
        return number not in calls.cancelled_early and not stepper.cancellation_lasts

    def stays(self, calls: Calls, number: int) -> bool:
        """Return whether a task stays after its call, to call again later: where that may differ from a new task's."""
        decisions = self._decisions
        assert calls.latest is not None
        if calls.holdings.of(calls.latest[0]):
            return number not in calls.requested or self._stepper.recover(calls.latest[0])
        if not self._setup.programs.again or not self._may_call_again(calls, number):
            return False
        if decisions.repeating:
            stays = decisions.repeats(STAY.kind)
            if stays:
                decisions.repeat(self._stepper.now, calls.under_way)
            return stays
        strategy = self._setup.strategy
        stays = (
            strategy.insists_on(STAY.word) if strategy.repeats else not self._setup.prune or self._is_remembered(calls)
        )
        if stays:
            decisions.note(STAY)
        return stays

    def _next_call_matters(self, calls: Calls, number: int) -> bool:
        """Return whether a task's next call may differ from that of a new task, which is made in another run.

        It may where others are ready to run, after a request to cancel it, in the except block for what its call
        raised, or where something is left of the task.
        """
        decisions = self._decisions
        if decisions.repeating:
            return decisions.repeats(*RETURNING)
        assert calls.latest is not None
        if self._stepper.waiting[0] or number in calls.requested or calls.holdings.of(calls.latest[0]):
            return True
        return bool(calls.latest_error and self._setup.in_except) or self._is_remembered(calls)

    def _is_well_formed(self, calls: Calls, call: Call) -> bool:
        """Return whether the task whose call was the last to end may make this one."""
        assert calls.latest is not None
        return calls.holdings.may_make(calls.latest[0], call)

    def _is_remembered(self, calls: Calls) -> bool:
        """Return whether something is left of the task whose call was the last to end.

        That may be a variable that the call has set in its context, an attribute, or whatever the target remembers. A
        judge that tells tasks apart remembers them, too: what is right for one may be wrong for another.
        """
        if self._setup.tells_tasks_apart:
            return True
        assert calls.latest is not None
        handle, context = calls.latest
        if any(context.get(variable, context) is not value for variable, value in copy_context().items()):
            return True
        task = self._stepper.task_of(handle)
        if has_attributes(task):
            return True
        return self._setup.fingerprinter.reaches(task, calls.instance, self._setup.target.global_state.changed())
