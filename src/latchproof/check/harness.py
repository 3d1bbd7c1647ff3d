"""Plays calls on a target, observes it, and judges what happens: what every runner of real code shares.

`Calls` is what is under way, `Record` what has been recorded. The runner of schedules (`latchproof.check.run`) lets a
strategy decide what is called when, the state machine of `latchproof.fuzz` lets Hypothesis decide. Neither decision
belongs here.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import Context, copy_context
from itertools import count
from types import CoroutineType, FrameType
from typing import Any, NamedTuple

from latchproof.check.history import (
    ADDRESS,
    Begin,
    End,
    Event,
    Failure,
    Finding,
    Hang,
    HostFault,
    Observe,
    Request,
    Stray,
    Suspend,
    comparable,
    describe,
    error_name,
    event_data,
    named,
    with_step_ends,
    without_addresses,
)
from latchproof.check.holdings import Holdings
from latchproof.check.judge import Judge
from latchproof.check.loops.interface import Host, OwnFault, Pausing, is_cancellation
from latchproof.check.places import Places
from latchproof.check.sandbox.interrupts import is_targets_own
from latchproof.check.sandbox.watch import Meter, StuckError
from latchproof.check.target import Call, Target, TargetError
from latchproof.check.values import told_lead
from latchproof_spec.model import ModelError


class NondeterminismError(Exception):
    """The target did something else under the same schedule: it depends on threads, chance or the wall clock."""


def make_judges(target: Target, policies: Sequence[Any], argument: int, *, strict: bool) -> list[Judge]:
    """Return a judge of the target's histories for each policy."""
    return [Judge(target.specification(one, argument), strict=strict) for one in policies]


class Record:
    """What has been recorded of a run: its events, the failures that the judges found, and how the run ended.

    Events that repeat those of another run, in `known`, are compared with them and not judged again. `moment` returns
    the schedule so far, the number of steps, and the number of calls on the second instance.
    """

    def __init__(
        self,
        target: Target,
        judges: Sequence[Judge],
        argument: int,
        moment: Callable[[], tuple[Sequence[str], int, int]],
        known: Sequence[Event] | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.history: list[Event] = []
        self.failures: list[tuple[str, Failure]] = []
        """Each with the name of the policy that does not allow the run."""
        self.host_faults: list[Failure] = []
        """The faults of the host that came to light: no judge counts them."""
        self.progress = 0
        """Number of steps since a call began or ended, or an observation changed."""
        self.settled = False
        """Whether nothing that happens can change what was found: every judge has a finding."""
        self.over = False
        self.problem: BaseException | None = None
        """What ended the run, if that was not the target."""
        self.hung = False
        """Whether a step, the constructor or a reading did not end."""
        self._target = target
        self._judges = judges
        self._argument = argument
        self._moment = moment
        self._known = known
        self._meter = meter
        self.operations = target.operations
        self._constants = target.kind.constants(argument)
        self._observed: object = None
        self._step_ends: list[int] = []
        """The length of the history after each step, for a target that has nothing to observe."""

    def take(self, event: Event) -> None:
        """Record an event, and judge it unless it repeats a known one."""
        if self.over or self.settled:
            return
        if type(event) is Begin or type(event) is End:
            self.progress = 0
        elif type(event) is Stray:
            event = Stray(without_addresses(event.error))
        if self._known is not None:
            self._compare(event, self._known)
            self.history.append(event)
        else:
            self.history.append(event)
            for judge in self._judges:
                try:
                    finding = judge.step(event)
                except ModelError as error:  # raised in the middle of a step it would be lost
                    self.stop(TargetError(f"the model is at fault, so nothing can be judged by it: {error}"))
                    return
                if finding is not None:
                    self.failures.append((judge.specification.name, self._failure(finding, judge)))
                    self.settled = all(judge.finding is not None for judge in self._judges)
        if self._meter is not None:
            self.move("a step", event.call if type(event) is Begin else None)

    def move(self, what: str, call: int | None = None) -> None:
        """Count that something is done with the target; raise StuckError if what follows is known not to end."""
        stuck = None if self._meter is None else self._meter.move()
        if stuck is not None:
            spent, at = stuck
            self.hang(Hang(what, spent, at, call))
            raise StuckError(f"what the target does did not end within {spent}, at {at}")

    def note(self, event: Event) -> None:
        """Record an event that only a reader needs; it is not judged."""
        if not self.over and not self.settled:
            self.history.append(event)

    def _compare(self, event: Event, known: Sequence[Event]) -> None:
        position = len(self.history)
        if position >= len(known) or not is_same(event, known[position]):
            once = _brief(known[position]) if position < len(known) else "nothing more"
            self._judge_apart(event)
            self.stop(
                NondeterminismError(f"under the same schedule there was {once} once, and {_brief(event)} another time")
            )

    def _judge_apart(self, event: Event) -> None:
        """Judge a run that differs from the known one in this event, which no judge has seen."""
        judged = [one for one in self.history if type(one) not in (Suspend, HostFault)]
        if type(event) in (Suspend, HostFault):
            return
        for judge in self._judges:
            fresh = Judge(judge.specification, strict=judge.strict)
            if all(fresh.step(one) is None for one in judged) and (finding := fresh.step(event)) is not None:
                self.history.append(event)
                self.failures.append((judge.specification.name, self._failure(finding, fresh)))
                self.history.pop()

    def _failure(self, finding: Finding, judge: Judge | None) -> Failure:
        schedule, steps, others = self._moment()
        calls = sum(type(event) is Begin for event in self.history)
        requests = sum(type(event) is Request or (type(event) is Begin and event.cancelled) for event in self.history)
        size = (calls + others, requests, self._argument, steps)
        history = with_step_ends(self.history, self._step_ends)
        judged = [position for position, event in enumerate(self.history) if type(event) not in (Suspend, HostFault)]
        wrong = () if judge is None else judge.misread
        misread = tuple((judged[number], names) for number, names in wrong if number + 1 < len(judged))
        return Failure(finding, self._argument, tuple(schedule), history, size, misread)

    def judge_from_here(self, snapshots: Sequence[Any]) -> None:
        """Begin to judge: what was to be repeated has been. The snapshots are what the judges held at this point."""
        self._known = None
        for judge, snapshot in zip(self._judges, snapshots, strict=True):
            judge.restore(snapshot)

    def observe(self, instance: Any) -> None:
        """Read what can be observed of the instance."""
        if not self._target.observations:
            return
        try:
            values = tuple([(name, comparable(value)) for name, value in self._target.observe(instance)])
        except BaseException as error:
            if not is_targets_own(error):  # also what stops a reading that does not end
                raise
            self.take(Stray(f"an observation raised {named(error)}"))
            return
        # a constant that reads as it was made is left out: it would be told after each step
        values = tuple((name, value) for name, value in values if not self._is_as_made(name, value))
        event = Observe(values)
        if (observed := _comparable(event)) != self._observed:
            self._observed = observed
            self.progress = 0
        self.take(event)

    def _is_as_made(self, name: str, value: object) -> bool:
        made = self._constants.get(name)
        return name in self._constants and type(value) is type(made) and value == made

    def end_step(self, instance: Any) -> None:
        """Note that a step has been made."""
        if not self._target.observations:
            self._step_ends.append(len(self.history))
        elif not self.settled:
            self.observe(instance)

    def stray(self, error: str) -> None:
        """Record an error that reached only the event loop."""
        self.take(Stray(f"an error reached the event loop: {error}"))

    def host_fault(self, fault: OwnFault) -> None:
        """Record a fault of the host's own loop. What follows one that `ends` a run is not judged."""
        if self.over or self.settled:
            return
        is_known = self._known is not None
        self.take(HostFault(fault.name, fault.sentence))
        if not is_known:
            seen = f"{fault.sentence} (seen in {fault.versions})"
            self.host_faults.append(self._failure(Finding(fault.name, seen, ("no such event",), ()), None))
        self.settled = fault.ends

    def hang(self, event: Hang) -> None:
        """Record that something does not end, which ends the run: what interrupts it is no problem."""
        self._meter = None
        self.take(event)
        self.hung = self.over = True

    def stop(self, problem: BaseException | None = None) -> None:
        """End the run: nothing more is recorded."""
        self.over = True
        if problem is not None and not self.hung:
            self.problem = problem


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
    what its call raised. With `tells_tasks_apart` each call says by a number which task makes it: the smallest that no
    other task has.
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
        self.ranks: dict[int, int] = {}
        """What tells the calls under way apart in a fingerprint, set when one is taken."""
        self.latest: tuple[Any, Context] | None = None
        """The task whose call was the last to end, and its context as it was when the task began."""
        self.latest_error: BaseException | None = None
        """What that call raised, if its task may make another in an except block."""
        self.idle: dict[int, Any] = {}
        """The handle of each task that may call again, by the number of its latest call."""
        self.holdings = Holdings(record.operations)
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
                begin = Begin(number, call.operation.name, call.arguments, who, cancelled, latest, handling)
                record.take(begin)
                if cancelled:
                    self.requested.add(number)
                    self.cancelled_early.add(number)
                    self._host.cancel(handle[0])
                error: BaseException | None = None
                try:
                    if handled is None:
                        value = getattr(self.instance, call.method)(*call.arguments)
                    else:
                        value = self.handling(handled, call)
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
                self.holdings.returned(handle[0], call)
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

    async def handling(self, handled: BaseException, call: Call) -> Any:
        """Make a call while an exception is handled; return what it returns."""
        try:
            raise handled
        except type(handled):
            value = getattr(self.instance, call.method)(*call.arguments)
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
        """Return the number of a task, which it keeps until it ends, and as long as it holds something."""
        if handle not in self.numbers:
            alive = [*self.under_way.values(), *self.idle.values(), *self.later]
            self.numbers = {
                one: number
                for one, number in self.numbers.items()
                if any(one is other for other in alive) or self.holdings.of(one)
            }
            taken = set(self.numbers.values())
            self.numbers[handle] = next(number for number in count() if number not in taken)
        return self.numbers[handle]

    def _at(self, error: BaseException | None = None) -> str:
        return "" if self._places is None else self._places.ended(error)


def is_same(event: Event, other: Event) -> bool:
    """Return whether two events of two runs are the same, as far as values can be compared across runs."""
    if type(event) is not type(other):
        return False
    if type(event) is Begin:  # the most frequent kind, which needs no closer look
        return event == other
    return _comparable(event) == _comparable(other)


def _comparable(event: Event) -> object:
    """Return what can be compared of an event across runs.

    An object is another one in each run, and so is a class that the run defines: of an error its name counts.
    """
    if isinstance(event, End):
        error = None if event.error is None else error_name(event.error)
        return event.call, event.how, error, _comparable_value(event.value), event.leads
    if isinstance(event, Observe):
        return [(name, _comparable_value(value)) for name, value in event.values]
    if isinstance(event, Hang):  # a loop is interrupted at any of its lines
        return event.what, event.call
    return _PASSING.sub("", event.error) if isinstance(event, Stray) else event


def _comparable_value(value: object) -> tuple[object, ...]:
    if isinstance(value, float):
        return float, repr(value)  # not a number is unequal to itself
    return type(value), value if isinstance(value, int | str) else None


_PASSING = re.compile(rf"{ADDRESS}|Task-\d+")
"""What a message says of objects that differs in each run: their addresses, and the numbers of tasks."""


def _brief(event: Event) -> str:
    plain = event_data(event)
    of_call = f" (call {plain['call']})" if "call" in plain else ""
    return f"{describe(plain)!r}{of_call}"
