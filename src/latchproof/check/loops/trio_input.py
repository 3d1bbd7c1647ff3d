"""A run's input and output on trio, without the sockets that trio makes for each run: they take a sixth of a short one.

trio needs them to be woken from another thread while it waits in a system call. Here it never waits in one, so it is
enough to note that its entry queue is to be woken. Trio's own input and output is made when a target first asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio
from trio._core import _run as core


class Input:
    """The input and output of one run of trio, and what wakes its entry queue: both as trio calls them."""

    def __init__(self) -> None:
        self._is_woken = False
        self._waiting: Any = None
        """The task that waits to be woken."""
        self._real: Any = None
        """Trio's own input and output, once that was asked for."""

    @property
    def is_used(self) -> bool:
        """Whether a target has asked for trio's own input and output, which may resume tasks then."""
        return self._real is not None

    # -------------------------------------------------------------------------------------------------- the entry queue

    def wakeup_thread_and_signal_safe(self) -> None:
        """Wake the task that waits for it, in the next pass."""
        self._is_woken = True

    async def wait_woken(self) -> None:
        """Wait to be woken."""
        self._waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._withdraw)

    def _withdraw(self, _: Any) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED

    # ------------------------------------------------------------------------------------------------- input and output

    def get_events(self, timeout: float) -> Sequence[Any]:
        """Return what has happened, or do so after `timeout` seconds."""
        return () if self._real is None else self._real.get_events(timeout)

    def process_events(self, events: Sequence[Any]) -> None:
        """Resume the tasks that wait for what has happened."""
        if self._is_woken and self._waiting is not None:
            self._is_woken, waiting, self._waiting = False, self._waiting, None
            trio.lowlevel.reschedule(waiting)
        if self._real is not None:
            self._real.process_events(events)

    def close(self) -> None:
        """Close what was opened. Trio closes both its input and output and what wakes the entry queue."""
        if self._real is not None:
            self._real.close()

    def __getattr__(self, name: str) -> Any:
        """Return what a target asks for, such as `wait_readable`."""
        if self._real is None:
            trios: Any = core
            self._real = trios.TheIOManager()
        return getattr(self._real, name)
