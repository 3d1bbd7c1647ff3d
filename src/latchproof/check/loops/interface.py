"""What the runner of schedules and a host's event loop ask of each other.

The protocols that both sides keep stand here, and the few lines that every host shares. What is particular to one host
stands in its own module.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

CLOSINGS = 4
"""Most attempts to close a coroutine that awaits in its clean-up; the rest is left to the garbage collector."""


@dataclass(frozen=True)
class OwnFault:
    """A fault of a host's own loop, for which no class that runs on it is blamed.

    There is one only as long as a program shows it that waits with the host's primitives alone: a test runs such
    programs. `versions` are those in which it was seen. After a fault that `ends` a run, the behaviour of a class says
    nothing about it, so the rest of the run is not judged.
    """

    name: str
    sentence: str
    versions: str
    ends: bool = False


class Script(Protocol):
    """What a stepper asks for instructions, and reports to."""

    def begin(self) -> None:
        """Make the target's instance: the loop runs, and nothing has happened yet."""

    def before(self, *, between_passes: bool = False) -> bool:
        """Act before the next step, or while nothing can run; return False to end the run.

        With `between_passes` the host decides only afterwards what to run, from all that is ready then.
        """

    def after(self, *, ran: bool) -> None:
        """Act after a step; `ran` is False if it was the step of a cancelled handle, which does nothing."""

    def choose(self, *options: str) -> int:
        """Return the number of the option that the host takes, where it leaves a choice open."""

    def stray(self, error: str, *, ends: bool = False) -> None:
        """Note an error that reached only the event loop; with `ends` the loop did not survive it."""

    def host_fault(self, fault: OwnFault) -> None:
        """Note a fault of the host's own loop, which is not the target's."""


class Host(Protocol):
    """What plays calls: a place to start and cancel tasks, and what a cancellation looks like to them."""

    @property
    def cancelled(self) -> type[BaseException]:
        """What a cancelled call raises."""

    @property
    def groups_cancellations(self) -> bool:
        """Whether a group of nothing but cancellations is one too, as trio's nurseries raise it."""

    @property
    def cancels_running(self) -> bool:
        """Whether a task can be cancelled while it runs, so that it is cancelled already when it makes a call."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        """Start a task, whose first step comes when the loop gets to it; return a handle for `cancel`."""

    def cancel(self, handle: Any) -> None:
        """Request the task's cancellation."""


class Pausing(Protocol):
    """What suspends a task between two of its calls."""

    def scope(self, handle: Any) -> AbstractContextManager[Any]:
        """Return what a call is made within, so that its cancellation ends with it, where it can."""

    def recover(self, handle: Any) -> bool:
        """Take back the requests to cancel a task whose call has ended; return False if it should make no other."""

    async def pause(self, handle: Any) -> None:
        """Suspend the task that runs, until it is resumed."""

    def resume(self, handle: Any) -> None:
        """Make a suspended task ready, behind those that are."""


class Stepper(Host, Pausing, Protocol):
    """A host's event loop, one step at a time, under the control of a script."""

    cancellation_lasts: bool
    """Whether a cancelled task stays cancelled in all that it does afterwards."""

    def run(self, script: Script) -> None:
        """Run as the script says."""

    @property
    def now(self) -> float:
        """The time, in seconds."""

    @property
    def waiting(self) -> tuple[int, int]:
        """The number of steps that are ready, and the number of timers."""

    def can_run(self) -> bool:
        """Return whether a step is ready, or a timer will make one ready."""

    def has_timer(self) -> bool:
        """Return whether a timer is set."""

    @property
    def next_timer(self) -> float:
        """The time of the next timer, in seconds; infinite if none is set."""

    def let_time_pass(self) -> None:
        """Advance the clock to the next timer."""

    @property
    def state(self) -> tuple[Any, ...]:
        """All that the loop's next steps depend on."""

    def orders(self) -> tuple[tuple[Any, ...], ...]:
        """Return the states that are equivalent if the next pass begins now: one for each order that it may take.

        A host that does not run in passes has one.
        """

    def parts(self) -> dict[type, Callable[[Any], tuple[object, ...]]]:
        """Return, for types of the host, how to list the parts of an object that affect what happens next."""

    def steps_before(self, handle: Any) -> int | None:
        """Return how many steps come before the next one of a task that notices a cancellation in that step alone.

        None if the task is not ready, or if a request may do more than to set a flag that this step looks at. Where the
        order of the steps is not decided yet, at least one comes before.
        """

    def held_without(self, handle: Any) -> Iterator[object]:
        """Yield what the loop holds that steps of others may look at: all but the next step of the task."""

    def task_of(self, handle: Any) -> object:
        """Return the task as the target knows it, of which `spawn` returned a handle."""

    def coroutine_of(self, handle: Any) -> object:
        """Return the coroutine that is played by the task of which `spawn` returned a handle."""

    def finish(self) -> None:
        """End the loop, whatever is left to run; nothing that happens then is reported."""


def is_cancellation(error: BaseException, host: Host) -> bool:
    """Return whether a call that raised the error ended cancelled."""
    if isinstance(error, BaseExceptionGroup) and host.groups_cancellations:
        return error.split(host.cancelled)[1] is None
    return isinstance(error, host.cancelled)


def close(coroutine: Any) -> None:
    """Close a suspended coroutine, whatever it does then."""
    if not isinstance(coroutine, Coroutine):
        return
    for _ in range(CLOSINGS):
        try:
            coroutine.close()
        except (Exception, BaseExceptionGroup):  # it awaits in its clean-up, or that fails in a state without a run
            continue
        break
