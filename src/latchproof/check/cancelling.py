"""Which calls may be cancelled now. With pruning, a partial-order reduction: a cancellation is requested late.

A task that is ready to run notices a cancellation in its next step: the request sets a flag that only this step looks
at. So the request commutes with every step of another task and with every call that is made before. Of all these orders
one is tried: the request comes last, directly before the step. Two rules leave out the others:

- While a step of another task comes first, the call is not cancelled: it can be cancelled after that step.
- After a request directly before the step, nothing is done before the step, except to request the same again. What else
  could be done was done before the request.

No failure is lost. The run with the later request is one that the loop makes, so it raises no false alarm. It has the
same events, and differs only in the place of the request. The judge lets a call be withdrawn anywhere between the
request and its delivery, so it allows less with a later request: what it does not allow with the earlier one it does
not allow with the later one. Nor does the run have more calls, cancellations or steps.

The argument holds only if nothing else looks at the flag, so the reduction is used only where that is certain:

- The host says that the request only sets the flag (`Stepper.steps_before`).
- Nothing that another step could look at reaches the task: not the instance, nor what the target has changed outside of
  it, nor what else the loop holds. The task of another call does not reach it either, because a request to cancel that
  one may run code of its own. Where this is so, it stays so until the task makes a step, because only a step of the
  task could pass it on. Code that gets hold of a task by other means, such as `asyncio.all_tasks()`, is assumed not to
  ask whether its cancellation was requested.
- The loop makes another step that changes something. Where what can run only comes back to the same state, there is no
  step that the request could come after.
- No judge is strict: a strict judge lets a call be withdrawn at the request.
"""

from __future__ import annotations

from typing import Any

from latchproof.check.choices import RUN, Action
from latchproof.check.harness import Calls
from latchproof.check.loops.interface import Stepper
from latchproof.check.run_setup import Setup


class Cancelling:
    """The requests to cancel calls that one run may make."""

    def __init__(self, setup: Setup, calls: Calls, stepper: Stepper) -> None:
        self._setup = setup
        self._calls = calls
        self._stepper = stepper
        self._postpones = setup.prune and not any(judge.strict for judge in setup.judges)
        self.pending: int | None = None
        """The call whose cancellation was requested directly before its step: nothing else is done before that step."""
        self._unseen: dict[int, int] = {}
        """By call, the step of the run that its task makes next, before which nothing else can look at the task."""

    def requested(self, number: int, made: int) -> bool:
        """Note, before it is made, a request to cancel a call; return whether it commutes with what was done before.

        So far the run has `made` this number of steps.
        """
        commutes = self._postpones and self._steps_before(number, made) == 0
        self.pending = number if commutes else None
        return commutes

    def options(self, made: int, *, continues: bool) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
        """Return the requests that may be made now: those that only the next step notices, and the others.

        So far the run has `made` this number of steps. `continues` says that more follow, whatever else is done now.
        """
        if self._calls.requests >= self._setup.programs.cancellations:
            return (), ()
        found: dict[bool, list[Action]] = {True: [], False: []}
        for number in self._calls.under_way:
            steps = self._steps_before(number, made) if self._postpones else None
            if not (steps and continues):
                found[steps == 0].append(_cancel(number))
        return tuple(found[True]), tuple(found[False])

    def before_the_step(self) -> tuple[Action, ...]:
        """Return all that may be done between the pending request and the step that comes next."""
        assert self.pending is not None
        more = self._calls.requests < self._setup.programs.cancellations
        return (RUN, _cancel(self.pending)) if more else (RUN,)

    def _steps_before(self, number: int, made: int) -> int | None:
        """Return how many steps come before that of a call's task, if nothing but that step may look at the task."""
        handle = self._calls.under_way[number]
        steps = self._stepper.steps_before(handle)
        if steps is None or (made > self._unseen.get(number, -1) and self._is_seen(handle)):
            return None
        self._unseen[number] = made + steps
        return steps

    def _is_seen(self, handle: Any) -> bool:
        """Return whether anything but its own next step may look at a task."""
        calls, setup, stepper = self._calls, self._setup, self._stepper
        others = [one for one in calls.under_way.values() if one is not handle]
        held = list(stepper.held_without(handle))
        changed = setup.target.global_state.changed()
        return setup.fingerprinter.reaches(stepper.task_of(handle), calls.instance, others, held, changed)


def _cancel(number: int) -> Action:
    return Action("cancel", f"cancel {number + 1}", number)
