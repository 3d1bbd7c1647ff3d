"""Hosts' real event loops, a step at a time: before each step they ask what is to happen, and tell when it is made.

A step is what the host's own scheduler does at a time: asyncio runs a handle, trio and Flowno resume a task. Which one
is next is for that scheduler to say; it is not imitated, but held before each step, and its clock is virtual.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from latchproof.check.target import TargetError

STEPPED_HOSTS = ("asyncio", "trio", "flowno")
"""The hosts that can be run a step at a time."""


class Script(Protocol):
    """What a stepper asks, and tells."""

    def begin(self) -> None:
        """The loop runs; nothing has happened yet. Here the target's instance is made."""

    def before(self, *, between_passes: bool = False) -> bool:
        """A step could be made now, or nothing can run. False: no more of them; the run is over.

        `between_passes`: what is to run is decided only after this, from all that is ready then.
        """

    def after(self, *, ran: bool) -> None:
        """A step was made; `ran` is False if it was that of something that had been cancelled."""

    def choose(self, *options: str) -> int:
        """Which of the options the host takes, where it leaves that open."""

    def stray(self, error: str, *, ends: bool = False) -> None:
        """An error reached nobody but the event loop, which has come to its end by it if it `ends`."""


class Stepper(Protocol):
    """A host's event loop under the control of a script."""

    cancelled: type[BaseException]
    """What a cancelled call raises."""

    groups_cancellations: bool
    """Whether a group of nothing but that is a cancellation too, as trio's nurseries raise it."""

    cancellation_lasts: bool
    """Whether a task that was cancelled stays so in all that it does afterwards."""

    now: float
    """What time it is, in seconds."""

    def run(self, script: Script) -> None:
        """Run as the script has it."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        """Make a task; its first step comes when the loop gets to it. The handle is for `cancel` and `state`."""

    def cancel(self, handle: Any) -> None:
        """Request the task's cancellation."""

    @property
    def waiting(self) -> tuple[int, int]:
        """How many steps are ready to be made, and how many timers are set."""

    def can_run(self) -> bool:
        """Whether a step is ready, or a timer will make one so."""

    def has_timer(self) -> bool:
        """Whether a timer is set."""

    def let_time_pass(self) -> None:
        """Until the next timer is due."""

    @property
    def state(self) -> tuple[Any, ...]:
        """All that the loop does next depends on."""

    def parts(self) -> dict[type, Callable[[Any], tuple[object, ...]]]:
        """What objects of the host's own types consist of, as far as it matters for what happens next."""

    def finish(self) -> None:
        """End the loop, whatever is left to run; nothing that happens then is told."""


class _Cancelling(Protocol):
    """What cancels tasks, and how that looks to them."""

    @property
    def cancelled(self) -> type[BaseException]: ...
    @property
    def groups_cancellations(self) -> bool: ...


def is_cancellation(error: BaseException, host: _Cancelling) -> bool:
    """Whether a call that raised the error ended cancelled."""
    if isinstance(error, BaseExceptionGroup) and host.groups_cancellations:
        return error.split(host.cancelled)[1] is None
    return isinstance(error, host.cancelled)


def stepper_class(host: str) -> Callable[[], Stepper]:
    """The stepper of a host by the host's name.

    Raises TargetError if there is no such host, or if it is not installed.
    """
    if host not in STEPPED_HOSTS:
        raise TargetError(
            f"{host!r} is no host that can be run a step at a time; there are {', '.join(STEPPED_HOSTS)}. "
            "latchproof fuzz drives uvloop too, a pass at a time"
        )
    try:
        if host == "asyncio":
            from latchproof.check.loops.asyncio import StepLoop

            return StepLoop
        if host == "trio":
            from latchproof.check.loops.trio import TrioStepper

            return TrioStepper
        from latchproof.check.loops.flowno import FlownoStepper
    except ModuleNotFoundError as error:
        raise TargetError(f"{host} is not installed here: pip install {host}") from error
    return FlownoStepper
