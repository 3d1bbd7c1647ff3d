"""Plays calls on a target: what every runner of real code shares.

What happens is recorded elsewhere (`latchproof.check.record`). The runner of schedules (`latchproof.check.run`) lets a
strategy decide what is called when, the state machine of `latchproof.fuzz` lets Hypothesis decide. Neither decision
belongs here.
"""

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context, copy_context
from types import CoroutineType, FrameType
from typing import Any, NamedTuple

from latchproof.check.history import (
    Begin,
    End,
    Request,
    comparable,
)
from latchproof.check.holdings import Holdings
from latchproof.check.loops.interface import Host, Pausing, is_cancellation
from latchproof.check.places import Places
from latchproof.check.record import Record
from latchproof.check.sandbox.interrupts import is_targets_own
from latchproof.check.target import Call, Target
from latchproof.check.values import told_lead


class HandledError(Exception):
    """What a task handles that makes its first call in an except block."""


class NextCall(NamedTuple):
    """The call that a task makes after another, perhaps in the except block for what that one raised."""

    call: Call
    in_except: bool = False


class Again(NamedTuple):
    """How a task calls again: what suspends and resumes it, and whether it stays after the call of that number.

    Without `always` only a task that holds something calls again, after a cancellation or in a later step.
    """

    stepper: Pausing
    stays: Callable[["Calls", int], bool]
    always: bool = True


class Calls:
    """The calls of a run on one instance: how many were made, which are under way, which were asked to stop.

    A call that was made is a task that has not made its first step; from then on it has a number and is under way.
    `next_call` is asked in the step in which a call ends, with the call's number, whether its task makes another one.
    A call that raises something else than `errors` has not ended: that reaches the event loop. `is_other` marks the
    calls on a second instance, which must not affect the first. `places` tell where each call ends. With `again` a task
    may call again after its call was cancelled, and in a later step; with `keeps_errors` also in the except block for
    what its call raised. With `tells_tasks_apart` each call says by a number which task makes it; tasks are numbered in
    the order of their first calls.
    """

    def __init__(
        self,
        host: Host,
        record: Record,
        next_call: Callable[["Calls", int], NextCall | None],
        errors: type[BaseException] = BaseException,
        *,
        is_other: bool = False,
        places: Places | None = None,
        again: Again | None = None,
        keeps_errors: bool = False,
        tells_tasks_apart: bool = False,
    ) -> None:
        self.instance: Any = None
        self.is_other = is_other
        self.made = 0
        self.begun = 0
        self.under_way: dict[int, Any] = {}
        """The handle of each call that is under way, by the call's number."""
        self.requests = 0
        self.requested: set[int] = set()
        """The numbers of the calls whose cancellation was requested, some more than once."""
        self.cancelled_early: set[int] = set()
        """Those that began when their task was cancelled already."""
        self.tasks = 0
        self.started: set[int] = set()
        """The numbers of the tasks that have made their first step."""
        self.latest: tuple[Any, Context] | None = None
        """The task whose call was the last to end, and its context as it was when the task began."""
        self.latest_error: BaseException | None = None
        """What that call raised, if its task may make another in an except block."""
        self.idle: dict[int, Any] = {}
        """The handle of each task that may call again, by the number of its latest call."""
        self.holdings = Holdings(record.operations, record.passing)
        self.numbers: dict[Any, int] = {}
        """The number of each task, by its handle, where tasks are told apart."""
        self._tells_tasks_apart = tells_tasks_apart
        self._host = host
        self._record = record
        self._next_call = next_call
        self._errors = errors
        self._places = places
        self._again = again
        self._keeps_errors = keeps_errors
        self.later: dict[Any, Call] = {}
        """The call that an idle task makes when it is resumed, by its handle."""

    @property
    def at_once(self) -> int:
        """The number of calls that are under way or will be."""
        return self.made - self.begun + len(self.under_way)

    def make_instance(self, target: Target, argument: int) -> None:
        """Make the instance on which calls are made."""
        self.instance = target.make(argument)

    def make(self, call: Call, *, cancelled: bool = False, in_except: bool = False) -> int:
        """Start a task that makes a call; return the task's number.

        Before that it cancels itself, or it makes the call while it handles an exception, if that is asked for.
        """
        self.made += 1
        self.requests += cancelled
        number = self.tasks
        self.tasks += 1
        handle: list[Any] = []
        handled = HandledError("handled where the call is made") if in_except else None
        handle.append(self._host.spawn(self.play(call, handle, number, cancelled, handled)))
        return number

    def make_again(self, call: Call, number: int) -> None:
        """Have the idle task whose latest call has that number make a call, when the loop gets to it."""
        assert self._again is not None
        self.made += 1
        handle = self.idle.pop(number)
        self.later[handle] = call
        self._again.stepper.resume(handle)

    def cancel(self, number: int) -> None:
        """Request the cancellation of a call that is under way."""
        self.requests += 1
        self.requested.add(number)
        self._record.take(Request(number))
        self._host.cancel(self.under_way[number])

    async def play(
        self, call: Call | None, handle: list[Any], task: int, cancelled: bool, handled: BaseException | None
    ) -> None:
        """Make a call as a task, which may be cancelled before; then perhaps another in the same step, or later."""
        record, context, latest, again = self._record, copy_context(), None, self._again
        while call is not None:
            number = self.begun
            self.begun += 1
            self.under_way[number] = handle[0]
            self.started.add(task)
            with nullcontext() if again is None else again.stepper.scope(handle[0]):
                handling = "" if handled is None else type(handled).__name__
                who = self._number_of(handle[0]) if self._tells_tasks_apart else 0
                held = self.holdings.passed_to(handle[0], call)
                arguments = call.arguments if held is None else (*call.arguments, held.value)
                passes = None if held is None else held.call
                begin = Begin(number, call.operation.name, call.arguments, who, cancelled, latest, handling, passes)
                record.take(begin)
                if cancelled:
                    self.requested.add(number)
                    self.cancelled_early.add(number)
                    self._host.cancel(handle[0])
                error: BaseException | None = None
                try:
                    if handled is None:
                        value = getattr(self.instance, call.method)(*arguments)
                    else:
                        value = self.handling(handled, call, arguments)
                    if type(value) is CoroutineType or inspect.isawaitable(value):
                        value = await value
                    end = End(number, "returned", comparable(value), at=self._at(), leads=told_lead(value))
                except BaseException as raised:
                    if isinstance(raised, GeneratorExit) and record.over:  # the task is closed
                        raise
                    if isinstance(raised, KeyboardInterrupt) and not is_targets_own(raised):
                        record.stop(raised)  # also what stops a step that does not end
                        raise
                    error = raised if self._keeps_errors else None  # which would keep alive what the call has dropped
                    _forget_this_frame(raised)
                    if is_cancellation(raised, self._host):
                        end = End(number, "cancelled", at=self._at(raised))
                    elif isinstance(raised, self._errors):
                        end = End(number, "raised", error=raised, at=self._at(raised))
                    else:
                        raise
            if record.over:
                return
            del self.under_way[number]
            record.take(end)
            if end.how == "returned" and self.holdings:
                self.holdings.returned(handle[0], call, number, value)
            held, arguments, value = None, (), None  # what the target has dropped is not kept alive
            if record.settled or (end.how == "cancelled" and not self._may_continue(handle[0])):
                return
            latest = number
            self.latest, self.latest_error = (handle[0], context), error
            following = self._next_call(self, number)
            call, cancelled = None if following is None else following.call, False
            handled = error if following is not None and following.in_except else None
            error = self.latest_error = None
            if call is None and again is not None and not record.over and again.stays(self, number):
                self.idle[number] = handle[0]
                await again.stepper.pause(handle[0])
                call = self.later.pop(handle[0])

    async def handling(self, handled: BaseException, call: Call, arguments: tuple[Any, ...]) -> Any:
        """Make a call while an exception is handled; return what it returns."""
        try:
            raise handled
        except type(handled):
            value = getattr(self.instance, call.method)(*arguments)
            return await value if inspect.isawaitable(value) else value

    def running_in(self, frame: FrameType | None) -> int | None:
        """Return the number of the call whose step runs in a frame; None if it is none of these."""
        while frame is not None and frame.f_code is not Calls.play.__code__:
            frame = frame.f_back
        if frame is None or frame.f_locals["self"] is not self:
            return None
        number: int = frame.f_locals["number"]
        return number

    def _may_continue(self, handle: Any) -> bool:
        """Return whether a task may call again after its call was cancelled."""
        return self._again is not None and (self._again.always or bool(self.holdings.of(handle)))

    def _number_of(self, handle: Any) -> int:
        """Return the number of a task. No other task gets it: one that has ended may still own what it took."""
        return self.numbers.setdefault(handle, len(self.numbers))

    def _at(self, error: BaseException | None = None) -> str:
        return "" if self._places is None else self._places.ended(error)


def _forget_this_frame(error: BaseException) -> None:
    """Let the traceback of an error that is handled begin with the frame below: this one would keep the whole run."""
    traceback = error.__traceback__
    BaseException.with_traceback(error, None if traceback is None else traceback.tb_next)
