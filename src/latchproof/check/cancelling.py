"""Which calls may be cancelled now: those for which no later request does the same. A reduction, where pruning is on.

A task that is ready to run notices a cancellation in its next step: the request sets a flag that only this step looks
at. So the request commutes with every step of another task and with every call that is made before, and of all these
orders one is tried: the one in which the request comes last, directly before the step. It has two halves.

- While a step of another task comes first, the call is not cancelled: it can be after that step.
- After such a request nothing is done before the step but to request the same again: it was done before the request.

Nothing is lost. The run with the later request is one that the loop makes, so what it shows is not a false alarm. It
has the same events, but for the place of the request; and the judge lets a call be withdrawn anywhere between the
request and its delivery, so a later request allows less, and what is not allowed with the earlier one is not allowed
with it. It has as many calls, cancellations and steps.

That holds where nothing else looks at the flag, and is relied on only where that is certain:

- The host says that the request does nothing but to set the flag (`Stepper.steps_before`).
- Nothing reaches the task that another step could look at: neither the instance nor what the target has changed outside
  of it, nor what else the loop holds. Nor does the task of another call: a request to cancel that may run code of its
  own. So it stays until the task makes a step, for before that nothing can pass it on. Code that gets hold of a task by
  other means, as by `asyncio.all_tasks()`, is taken not to ask it whether its cancellation was requested.
- The loop continues. Where what can run only comes round again, no step follows that a request could wait for.
- No judge is strict: that one lets a call be withdrawn at the request.
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
        self.is_next: int | None = None
        """The call that was cancelled directly before its step: nothing else is done before that."""
        self._unseen: dict[int, int] = {}
        """The number of steps after which the task of a call makes the next one, if nothing can look at it before."""

    def requested(self, number: int, made: int) -> bool:
        """Note, before it is made, a request to cancel a call; return whether it commutes with what was done before.

        So far the run has `made` this number of steps.
        """
        is_next = self._postpones and self._steps_before(number, made) == 0
        self.is_next = number if is_next else None
        return is_next

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
        """Return all that may be done between a request to cancel the call whose step comes next and that step."""
        assert self.is_next is not None
        more = self._calls.requests < self._setup.programs.cancellations
        return (RUN, _cancel(self.is_next)) if more else (RUN,)

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
