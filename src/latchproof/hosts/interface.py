"""What a host offers, as types. Only type checkers import this module, so it costs a program nothing.

Here: the protocols and type aliases that the runtime classes and the hosts share. Nothing that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from latchproof_spec.step import BrokenBarrierError, Ending


class Waker(Protocol):
    """What a parked task awaits; the await returns the ending that the task is woken with."""

    def __await__(self) -> Any: ...
    def __hash__(self) -> int: ...


Queue: TypeAlias = dict[Any, None]
"""The wakers of the parked tasks, in order of arrival."""


class TrioRecord(Protocol):
    """trio's note to sniffio, different on each thread: its name while it runs there, else None."""

    name: str | None


class Host(Protocol):
    """How a task parks and is woken on one event loop, and nothing else."""

    @property
    def name(self) -> str:
        """The host's name."""

    @property
    def checkpoints(self) -> bool:
        """Whether every awaited call must be a checkpoint."""

    @property
    def broken_barrier_error(self) -> type[BrokenBarrierError]:
        """What a call at a broken barrier raises."""

    @property
    def loop(self) -> object:
        """The event loop, by its identity."""

    @property
    def asyncio_tasks(self) -> Collection[object]:
        """Empty unless an asyncio task is running, on any thread."""

    def current_task(self) -> object:
        """Return None unless a task of this host is running and its calls need not be checkpoints. It must be cheap."""

    @property
    def trio_record(self) -> TrioRecord | None:
        """trio's record of this thread; None if trio was not imported when `look_around` was last called."""

    def is_here(self) -> bool:
        """Return whether this host certainly runs the calling task. It must be cheap; False means "perhaps"."""

    def is_running_here(self) -> bool:
        """Return whether this host's loop certainly runs the caller, a task or a callback; False means "perhaps"."""

    def look_around(self) -> None:
        """Look up what `is_here` reads: another host may have been imported since."""

    def is_closed(self) -> bool:
        """Return whether the loop can never run a task again."""

    def check_reachable(self) -> None:
        """Raise RuntimeError if tasks of this loop cannot be woken from here, where no loop is running."""

    def makes_wakers(self, queue: Queue) -> Callable[[], Any]:
        """Return a function that makes a waker of the running task.

        The task must put the waker at the end of the queue and await it at once.
        """

    def wake_all(self, wakers: tuple[Any, ...], endings: Iterable[Ending]) -> None:
        """Wake every one of these tasks, each with its ending; all of them, even if an interrupt comes meanwhile."""

    def withdrawn(self, queue: Queue) -> Collection[Any]:
        """Return the wakers in the queue whose task's cancellation is requested and not yet delivered."""

    def checkpoint_if_cancelled(self) -> Awaitable[None]:
        """Deliver a pending cancellation; do nothing if there is none."""

    def cancel_shielded_checkpoint(self) -> Awaitable[None]:
        """Let other tasks run, without being cancelled."""
