"""The hosts, which are the event loops that tasks park on, and which of them runs the caller.

Here: the table of the hosts; how to tell from outside which of them runs the caller; and all that the hosts must know
of each other. A host's library is never imported here: a program that has not imported it does not run it. How a task
parks and is woken belongs in the host's own module, which is imported when that host first runs a caller. What a host
offers is written down in `interface`.
"""

from __future__ import annotations

from sys import _getframe, modules

from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType
    from typing import Any, Final, TypeAlias

    from latchproof.hosts.interface import Host, Queue, TrioRecord, Waker
    from latchproof_spec.step import Ending

    Marks: TypeAlias = Callable[[Any], tuple[object, ...]]
    KnownHost: TypeAlias = tuple[str, str, str, Callable[[], Any], Marks]
    Found: TypeAlias = tuple[Any, str, str, Marks]

FLOWNO = "flowno.core.event_loop.event_loop"


class Nowhere:
    """The host of a queue at which no task has parked yet."""

    __slots__ = ()

    name: Final = "none"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError
    loop: Final = None
    asyncio_tasks: Final = ()
    trio_record: Final = None

    def current_task(self) -> None:
        """Return None: no task runs on this host."""

    def is_here(self) -> bool:
        return False

    def is_running_here(self) -> bool:
        return False

    def look_around(self) -> None:
        """Do nothing: `is_here` is always False."""

    def is_closed(self) -> bool:
        return True

    def check_reachable(self) -> None:
        """Do nothing: no task is parked."""

    def makes_wakers(self, queue: Queue) -> Callable[[], Any]:
        return _no_waker

    def wake_all(self, wakers: tuple[Any, ...], endings: Iterable[Ending]) -> None:
        """Do nothing: no task is parked."""

    def withdrawn(self, queue: Queue) -> tuple[()]:
        return ()

    async def checkpoint_if_cancelled(self) -> None:
        """Do nothing: no task runs on this host."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Do nothing: no task runs on this host."""


def _no_waker() -> Waker:
    raise AssertionError("a task parks, but its host has not been looked for")


NOWHERE: Final = Nowhere()

KI_PROTECTED: Final[list[type]] = []
"""The classes whose methods a KeyboardInterrupt must not break off, on a host that can defer it.

Each class adds itself, so that no host needs to import them.
"""


def running(last: Host | None) -> Host | None:
    """Return the host that runs the caller, or None. `last` is returned if it is still the one."""
    if last is not None and last.is_running_here():
        return last
    found: list[Found] = []
    for name, host_class, library, loop_of_caller, marks in HOSTS:
        loop = loop_of_caller() if library in modules else None
        if loop is not None:
            found.append((loop, name, host_class, marks))
    if not found:
        return None
    loop, name, host_class, _ = found[0] if len(found) == 1 else _innermost(found)
    return last if last is not None and last.loop is loop else _made(name, host_class, loop)


def current(last: Host | None) -> Host:
    """Return the host that runs the caller; raise RuntimeError if no supported event loop is running."""
    host = running(last)
    if host is None:
        raise RuntimeError(
            "no supported event loop is running; await this from an asyncio, trio or Flowno (0.1.19 or later) task, "
            "or call a plain method (count_down_nowait, abort_nowait, reset_nowait, set_count)"
        )
    return host


def _made(name: str, host_class: str, loop: object) -> Host:
    """Return the host for one of its loops. It is imported by name, so this module depends on no host."""
    from importlib import import_module

    host: Host = getattr(import_module(f"latchproof.hosts.{name}"), host_class)(loop)
    return host


def _innermost(found: list[Found]) -> Found:
    """Return the host nearest to the caller, where one loop runs inside a task or a callback of another."""
    marked = {id(mark): entry for entry in found for mark in entry[3](entry[0])}
    frame: FrameType | None = _getframe()
    while frame is not None:
        entry = marked.get(id(frame)) or marked.get(id(frame.f_code))
        if entry is not None:
            return entry
        frame = frame.f_back
    return found[-1]


def _asyncio_loop() -> Any:
    """Return the asyncio loop that runs on this thread, or None."""
    get_running_loop = getattr(modules["asyncio.events"], "_get_running_loop", None)
    return get_running_loop() if get_running_loop is not None else None


def _asyncio_marks(loop: Any) -> tuple[object, ...]:
    """Return the marks of asyncio. uvloop has no frames, but what runs it and its callbacks has."""
    asyncio: Any = modules["asyncio"]
    task = asyncio.current_task(loop)
    frame = getattr(task.get_coro(), "cr_frame", None) if task is not None else None
    runs = asyncio.BaseEventLoop.run_forever, asyncio.Runner.run, asyncio.Handle._run
    return frame, *(function.__code__ for function in runs)


def _trio_token() -> Any:
    """Return the token of the trio run whose task runs on this thread, or None."""
    lowlevel: Any = modules["trio.lowlevel"]
    current_task = getattr(lowlevel, "current_task", None)
    try:
        return lowlevel.current_trio_token() if current_task is not None and current_task() is not None else None
    except RuntimeError:
        return None


def _trio_marks(token: object) -> tuple[object, ...]:
    return (getattr(modules["trio.lowlevel"].current_task().coro, "cr_frame", None),)


def _flowno_loop() -> Any:
    """Return the Flowno loop whose task runs on this thread, or None.

    Flowno's current task is a context variable, inherited by the callbacks and threads that the task starts, so its
    being set is not enough. Flowno remembers one loop for the whole process, and none once any loop has ended; where
    that is not this thread's loop, the stack tells.
    """
    flowno: Any = modules[FLOWNO]
    current_task = getattr(flowno, "current_task", None)  # absent before 0.1.15
    if current_task is None or current_task() is None:
        return None
    loop = flowno.current_event_loop()
    if loop is not None and loop._loop_thread is modules["threading"].current_thread():
        return loop
    frame: FrameType | None = _getframe()
    while frame is not None:
        if frame.f_code is flowno.EventLoop.run_until_complete.__code__:
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


def _flowno_marks(loop: Any) -> tuple[object, ...]:
    return (modules[FLOWNO].EventLoop.run_until_complete.__code__,)


HOSTS: Final[tuple[KnownHost, ...]] = (
    ("asyncio", "AsyncioHost", "asyncio.events", _asyncio_loop, _asyncio_marks),
    ("trio", "TrioHost", "trio.lowlevel", _trio_token, _trio_marks),
    ("flowno", "FlownoHost", FLOWNO, _flowno_loop, _flowno_marks),
)
"""The hosts. For each: its name, which is that of its module in this package; its class, which is made with a loop; the
module of its library that is imported wherever it runs; a function that returns the loop that runs the caller, or None;
and one that returns the frames, or their code, that are on the stack while that loop runs."""


class NestedLoops:
    """Whether another host's loop runs inside the calling task, as in a notebook, found by looks that are cheap.

    That a host's own loop runs is not enough for its `is_here`: a task of it may run a loop of another host. What tells
    of the other hosts is looked up by `look_around`; a library that is imported later counts as running until the next
    `look_around`. trio tells by `trio.lowlevel.in_trio_task` whether it runs here, but that costs a third of a
    suspension where it does not; to read the record in which it writes its name for sniffio costs a tenth of that.
    The look from asyncio is written out in its host, because there a call more would be felt.
    """

    __slots__ = ("_asyncio_loop", "_flowno_task", "trio_record")

    def look_around(self) -> None:
        self._asyncio_loop: Callable[[], object] | None = getattr(
            modules.get("asyncio.events"), "_get_running_loop", None
        )
        self.trio_record: TrioRecord | None = getattr(modules.get("trio._core._run"), "sniffio_library", None)
        # what Flowno's `current_task` reads; to call that would be one call more
        flowno_task = getattr(modules.get(FLOWNO), "_current_task", None)
        self._flowno_task: Callable[[], object] | None = flowno_task.get if flowno_task is not None else None

    def none_inside_trio(self) -> bool:
        return (self._asyncio_loop() is None if self._asyncio_loop is not None else "asyncio" not in modules) and (
            self._flowno_task() is None if self._flowno_task is not None else FLOWNO not in modules
        )

    def none_inside_flowno(self) -> bool:
        return (self._asyncio_loop() is None if self._asyncio_loop is not None else "asyncio" not in modules) and (
            self.trio_record.name is None if self.trio_record is not None else "trio" not in modules
        )
