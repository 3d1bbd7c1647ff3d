"""One example: calls on an instance, made on a host's own loop, one pass at a time.

What is done next is decided elsewhere, by Hypothesis. Whatever enters the target is watched here: a step that does not
end is recorded and interrupted. After that nothing more is done in the example, but it can be repeated.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, cast

from latchproof.check.harness import Again, Calls
from latchproof.check.history import Hang, Observe, Rest
from latchproof.check.loops.interface import Pausing
from latchproof.check.record import Record, make_judges
from latchproof.check.sandbox.watch import StepLimits, StuckError, watch
from latchproof.check.target import Call, Target, TargetError
from latchproof.fuzz.drivers import make_driver

QUIET_PASSES = 8
"""Passes in which nothing happens, after which nothing can run any more."""

CLOSINGS = 50
"""Most attempts to close a loop of which tasks do not end; each ends one task."""

HASTE = 10
"""What the limits are divided by once a step has not ended."""

CLEANING_UP = "the clean-up of a task"
"""What the target does when the loop is closed."""


def takes(target: Target) -> bool:
    """Return whether tasks take something from a target that they have to give back."""
    return any(one.gives_back for one in target.operations)


class Example:
    """A loop, an instance, the calls under way, and a judge for each policy."""

    def __init__(
        self, target: Target, host: str, policies: Sequence[Any], argument: int, limits: StepLimits, *, strict: bool
    ) -> None:
        self.judges = make_judges(target, policies, argument, strict=strict)
        self.schedule: list[str] = []
        self.stuck: Hang | None = None
        """What did not end, if anything did not."""
        self.interrupts_blocked = True
        """Whether a step that is blocked can be interrupted: in the main thread, where there are alarms."""
        self._target, self._argument, self._limits = target, argument, limits
        self._again = partial(Example, target, host, policies, argument, limits, strict=strict)
        self._driver = make_driver(host)
        self.record = Record(target, self.judges, argument, self._moment)
        self._driver.host_fault = self.record.host_fault
        self.calls = Calls(
            self._driver,
            self.record,
            lambda calls, number: None,
            Exception,
            again=Again(cast(Pausing, self._driver), self._stays, always=False) if takes(target) else None,
            tells_tasks_apart=any(judge.specification.tells_tasks_apart for judge in self.judges),
        )
        self._done: list[Callable[[Example], None]] = []
        """What has been done, in order."""
        self._doing = ""
        """What the target does; "" while it does nothing."""
        self._stuck_at: object = None
        """The progress at which it got stuck."""

    def _moment(self) -> tuple[Sequence[str], int, int]:
        return self.schedule, self.schedule.count("run"), 0

    # -------------------------------------------------------------------------------------------------- what is done

    def make(self) -> None:
        """Make the instance."""
        self._done.append(Example.make)
        with self._entered("the constructor"):
            self.calls.make_instance(self._target, self._argument)

    def call(self, call: Call, *, cancelled: bool) -> None:
        """Make a task that makes a call, and before that is cancelled if that is asked for."""
        self._done.append(lambda example: example.call(call, cancelled=cancelled))
        self.schedule.append(f"{'early' if cancelled else 'call'} {call}")
        self.calls.make(call, cancelled=cancelled)

    def call_again(self, call: Call, number: int) -> None:
        """Have the task whose latest call has that number, and which holds something, make another call."""
        self._done.append(lambda example: example.call_again(call, number))
        self.schedule.append(f"again {number + 1} {call}")
        self.calls.make_again(call, number)

    def able_to(self, call: Call) -> list[int]:
        """Return the latest calls of the tasks that may give back by a call what they hold."""
        return sorted(
            number for number, handle in self.calls.idle.items() if self.calls.holdings.may_make(handle, call)
        )

    def _stays(self, calls: Calls, number: int) -> bool:
        """Return whether a task stays after its call: while it holds something."""
        assert calls.latest is not None
        handle = calls.latest[0]
        pausing = cast(Pausing, self._driver)
        return bool(calls.holdings.of(handle)) and (number not in calls.requested or pausing.recover(handle))

    def cancel(self, number: int) -> None:
        """Request the cancellation of a call that is under way."""
        self._done.append(lambda example: example.cancel(number))
        self.schedule.append(f"cancel {number + 1}")
        with self._entered("a step"):
            self.calls.cancel(number)

    def run_pass(self) -> None:
        """Let every task that is ready run once."""
        self._done.append(Example.run_pass)
        self.schedule += self._driver.next_pass()
        with self._entered("a step"):
            self._driver.run_pass()
            while self._driver.strays:
                self.record.stray(self._driver.strays.pop(0))
            if self.stuck is None:  # the host may have swallowed the interrupt
                self._doing = "a reading"
                self.record.end_step(self.calls.instance)

    def rest(self) -> None:
        """Take note that nothing can run any more."""
        self._done.append(Example.rest)
        self.record.take(Rest())

    @property
    def cancellable(self) -> set[int]:
        """The calls whose cancellation can be requested: those under way of which it was not."""
        return set(self.calls.under_way) - self.calls.requested

    @property
    def events(self) -> int:
        """The number of events, readings among them."""
        return len(self.record.history)

    def has_happened_since(self, events: int) -> bool:
        """Return whether any event after so many is more than a reading."""
        return any(not isinstance(event, Observe) for event in self.record.history[events:])

    # ------------------------------------------------------------------------------------------ how it ends and repeats

    def close(self) -> None:
        """End every task and the loop; what tasks do then is not recorded."""
        self.record.stop()
        for _ in range(CLOSINGS):
            closed = False
            with self._entered(CLEANING_UP):
                self._driver.close()
                closed = True
            if closed:
                return

    def repeated(self) -> "Example":
        """Do the same again, as far as it can be done, with another instance on another loop."""
        again = self._again()
        for act in self._done:
            if again.stuck is None:
                act(again)
        return again

    # ------------------------------------------------------------------------------------------------ how it is watched

    @contextmanager
    def _entered(self, doing: str) -> Iterator[None]:
        """Watch what the target does within this context, and leave it if that does not end."""
        self._doing, limits = doing, self._limits
        if self.stuck is not None:  # nothing is judged any more
            limits = StepLimits(limits.cpu / HASTE, limits.block / HASTE)
        try:
            with watch(lambda: self, limits) as self.interrupts_blocked:
                yield
        except StuckError:
            """It is noted."""
        finally:
            self._doing = ""
        if isinstance(self.record.problem, TargetError):  # of the model, by which nothing can be judged
            raise self.record.problem

    @property
    def progress(self) -> object:
        """A value that changes with every step, and whenever the target is entered or left."""
        now = len(self.record.history), self._driver.steps, self._doing
        return now if self._stuck_at is None else self._stuck_at

    @property
    def own_files(self) -> frozenset[str]:
        """The files with the target's own code."""
        return self._target.own.files

    def hangs(self, spent: str, at: str, frame: FrameType) -> bool:
        """Note that what the target does in a frame does not end; return False if that is not recorded."""
        if self.stuck is not None:
            return False
        self._stuck_at = self.progress
        self.stuck = Hang(self._doing, spent, at, self.calls.running_in(frame))
        if self.record.over:
            return False
        self.record.hang(self.stuck)
        return True
