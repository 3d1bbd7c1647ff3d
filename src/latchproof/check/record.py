"""What is recorded of a run: its events, what the judges find in them, and whether it repeats another run.

A run that shares its start with another is compared with it there, event by event, and judged from where they part.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

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
from latchproof.check.judge import Judge
from latchproof.check.loops.interface import OwnFault
from latchproof.check.sandbox.interrupts import is_targets_own
from latchproof.check.sandbox.watch import Meter, StuckError
from latchproof.check.target import Target, TargetError
from latchproof_spec.model import ModelError

PLAIN = frozenset((bool, int, str, type(None)))
"""Types of values that are compared as they are, also with those of another run."""


class NondeterminismError(Exception):
    """The target did something else under the same schedule: it depends on threads, chance or the wall clock."""


def make_judges(target: Target, policies: Sequence[Any], argument: int, *, strict: bool) -> list[Judge]:
    """Return a judge of the target's histories for each policy."""
    automata = target.kind.automata
    return [Judge(target.specification(one, argument), strict=strict, automata=automata) for one in policies]


class Record:
    """What has been recorded of a run: its events, the failures that the judges found, and how the run ended.

    Events that repeat those of another run, in `known`, are compared with them and not judged again. `moment` returns
    the schedule so far, the number of steps, and the number of calls on the second instance. `readings` has the event
    of each reading that was made of an instance with this argument, if its values are PLAIN: runs that are given the
    same ones share these events.
    """

    def __init__(
        self,
        target: Target,
        judges: Sequence[Judge],
        argument: int,
        moment: Callable[[], tuple[Sequence[str], int, int]],
        known: Sequence[Event] | None = None,
        meter: Meter | None = None,
        readings: dict[tuple[object, ...], Observe] | None = None,
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
        self.passing = target.passing
        self._readings = {} if readings is None else readings
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
                    self.settled = all(judge.is_done for judge in self._judges)
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

    def observe(self, instance: Any) -> bool:
        """Read what can be observed of the instance; return False if there is nothing to tell of it.

        A constant that reads as it was made is not told: it would be told after each step.
        """
        if not self._target.observations:
            return False
        try:
            read = self._target.observe(instance)
        except BaseException as error:
            if not is_targets_own(error):  # also what stops a reading that does not end
                raise
            self.take(Stray(f"an observation raised {named(error)}"))
            return True
        observed: object
        types = [type(value) for _, value in read]
        if PLAIN.issuperset(types):
            observed = key = read, *types
            event = self._readings.get(key)
            if event is None:
                event = self._readings[key] = self._reading(read)
        else:
            event = self._reading(read)
            observed = [(name, *_comparable_value(value)) for name, value in event.values]
        if observed != self._observed:
            self._observed = observed
            self.progress = 0
        if event.values:
            self.take(event)
        return bool(event.values)

    def _reading(self, read: Sequence[tuple[str, object]]) -> Observe:
        """Return the event of a reading, without what reads as it was made."""
        made = self._target.kind.constants(self._argument)
        values = [(name, comparable(value)) for name, value in read]
        told = [
            (name, value)
            for name, value in values
            if name not in made or type(value) is not type(made[name]) or value != made[name]
        ]
        return Observe(tuple(told))

    def end_step(self, instance: Any) -> None:
        """Note that a step has been made."""
        if not self.settled and self.observe(instance):
            return
        self._step_ends.append(len(self.history))

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

    def forget_tracebacks(self) -> None:
        """Forget those of the errors that are recorded: they keep the frames of the run, and so all that it made."""
        for event in self.history:
            if type(event) is End and event.error is not None:
                BaseException.with_traceback(event.error, None)


def is_same(event: Event, other: Event) -> bool:
    """Return whether two events of two runs are the same, as far as values can be compared across runs."""
    if event is other:  # a reading that was made before
        return True
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
