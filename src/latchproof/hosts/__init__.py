"""Which event loop is running the caller, found without importing anything that the program has not imported itself."""

from __future__ import annotations

import sys

from latchproof_spec.step import BrokenBarrierError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable
    from types import FrameType
    from typing import Any, Final, Protocol, TypeAlias

    from latchproof_spec.step import Ending

    class Waker(Protocol):
        """What a parked task awaits; the await returns the ending that the task is woken with."""

        def __await__(self) -> Any: ...
        def __hash__(self) -> int: ...

    class TrioRecord(Protocol):
        """What trio writes down about each thread, and reads differently on each: its name, while it runs there."""

        name: str | None

    Queue: TypeAlias = dict[Any, None]
    Found: TypeAlias = tuple[Any, Callable[[Any], "Host"], Callable[[Any], tuple[object, ...]]]

    class Host(Protocol):
        """How a task parks and is woken on one event loop, and nothing else."""

        @property
        def name(self) -> str:
            """The host's name."""

        @property
        def checkpoints(self) -> bool:
            """Whether every awaited call is to be a checkpoint."""

        @property
        def broken_barrier_error(self) -> type[BrokenBarrierError]:
            """What a call at a broken barrier raises."""

        @property
        def loop(self) -> object:
            """The event loop, by its identity."""

        @property
        def asyncio_tasks(self) -> Collection[object]:
            """Empty unless a task of asyncio runs just now, on whatever thread."""

        def current_task(self) -> object:
            """None, unless a task of this host runs just now and calls need be no checkpoints; found at a glance."""

        @property
        def trio_record(self) -> TrioRecord | None:
            """Trio's record of this thread; None where trio was not imported when it was last looked for."""

        def is_here(self) -> bool:
            """Whether this host certainly runs the calling task; found cheaply, and if False it may all the same."""

        def look_around(self) -> None:
            """Look for what `is_here` goes by, which may have been imported meanwhile."""

        def is_closed(self) -> bool:
            """Whether the loop can never run a task again."""

        def check_reachable(self) -> None:
            """Raise RuntimeError if tasks of this loop cannot be woken from here, where no loop is running."""

        def makes_wakers(self, queue: Queue) -> Callable[[], Any]:
            """What makes a waker of the running task, which must put it at the queue's end and await it at once."""

        def wake_all(self, wakers: tuple[Any, ...], endings: Iterable[Ending]) -> None:
            """Let every one of these go on, each with its ending; all of them, even if an interrupt comes meanwhile."""

        def withdrawn(self, queue: Queue) -> Iterable[Any]:
            """The wakers in the queue whose task's cancellation is requested and has not been delivered yet."""

        def checkpoint_if_cancelled(self) -> Awaitable[None]:
            """Deliver a cancellation that is pending; else do nothing."""

        def cancel_shielded_checkpoint(self) -> Awaitable[None]:
            """Let other tasks run, without being cancelled."""


_FLOWNO = "flowno.core.event_loop.event_loop"


class Nowhere:
    """The host of a queue that nobody has come to yet."""

    __slots__ = ()

    name: Final = "none"
    checkpoints: Final = False
    broken_barrier_error: Final = BrokenBarrierError
    loop: Final = None
    asyncio_tasks: Final = ()
    trio_record: Final = None

    def current_task(self) -> None:
        """None of this host runs."""

    def is_here(self) -> bool:
        return False

    def look_around(self) -> None:
        """There is nothing to see."""

    def is_closed(self) -> bool:
        return True

    def check_reachable(self) -> None:
        """Nobody waits to be reached."""

    def makes_wakers(self, queue: Queue) -> Callable[[], Any]:
        return _no_waker

    def wake_all(self, wakers: tuple[Any, ...], endings: Iterable[Ending]) -> None:
        """Nobody waits to be woken."""

    def withdrawn(self, queue: Queue) -> tuple[()]:
        return ()

    async def checkpoint_if_cancelled(self) -> None:
        """Nothing runs here."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Nothing runs here."""


def _no_waker() -> Waker:
    raise AssertionError("a task is to park whose host has not been looked for")


NOWHERE: Final = Nowhere()


def running(last: Host | None) -> Host | None:
    """The host that runs the caller, or None. `last` is returned anew if it is still the one."""
    modules = sys.modules
    if "trio" in modules or _FLOWNO in modules:
        return _running_of_several(last)
    if "asyncio.events" not in modules:
        return None
    loop = modules["asyncio.events"]._get_running_loop()
    if loop is None or (last is not None and last.loop is loop):
        return last if loop is not None else None
    return _asyncio_host(loop)


def is_asyncio_running() -> bool:
    """Whether a loop of asyncio runs on this thread, whatever else does.

    >>> is_asyncio_running()
    False
    """
    get_running_loop = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", None)
    return get_running_loop is not None and get_running_loop() is not None


def is_trio_running() -> bool:
    """Whether a task of trio runs on this thread, whatever else does.

    >>> is_trio_running()
    False
    """
    current_task = getattr(sys.modules.get("trio.lowlevel"), "current_task", None)
    try:
        return current_task is not None and current_task() is not None
    except RuntimeError:
        return False


def is_flowno_running() -> bool:
    """Whether a task of Flowno may run on this thread, whatever else does.

    >>> is_flowno_running()
    False
    """
    current_task = getattr(sys.modules.get(_FLOWNO), "current_task", None)
    return current_task is not None and current_task() is not None


def current(last: Host | None) -> Host:
    """The host that runs the caller.

    Raises RuntimeError where no known event loop is running.
    """
    host = running(last)
    if host is None:
        raise RuntimeError(
            "no event loop that latchproof knows is running here; await this from a task of asyncio, trio or Flowno "
            "(>= 0.1.19), or call the plain methods (count_down_nowait, abort_nowait, reset_nowait, set_count)"
        )
    return host


def _asyncio_host(loop: Any) -> Host:
    from latchproof.hosts.asyncio import AsyncioHost

    return AsyncioHost(loop)


def _trio_host(token: Any) -> Host:
    from latchproof.hosts.trio import TrioHost

    return TrioHost(token)


def _flowno_host(loop: Any) -> Host:
    from latchproof.hosts.flowno import FlownoHost

    return FlownoHost(loop)


def _running_of_several(last: Host | None) -> Host | None:
    """As `running`, in a program that has imported more than asyncio, or whose other thread is importing it now."""
    found: list[Found] = []
    modules = sys.modules
    get_running_loop = getattr(modules.get("asyncio.events"), "_get_running_loop", None)
    loop = get_running_loop() if get_running_loop is not None else None
    if loop is not None:
        found.append((loop, _asyncio_host, _asyncio_marks))
    if is_trio_running():
        found.append((modules["trio.lowlevel"].current_trio_token(), _trio_host, _trio_marks))
    flowno: Any = modules.get(_FLOWNO)
    current_task = getattr(flowno, "current_task", None)  # absent before 0.1.15
    # a context variable, inherited by the callbacks and threads that the task starts: is it running here and now?
    if current_task is not None and current_task() is not None and (loop := _flowno_loop(flowno)) is not None:
        found.append((loop, _flowno_host, _flowno_marks))
    if not found:
        return None
    loop, make_host, _ = found[0] if len(found) == 1 else _innermost(found)
    return last if last is not None and last.loop is loop else make_host(loop)


def _flowno_loop(flowno: Any) -> Any:
    """The loop of Flowno that runs on this thread, or None.

    Flowno keeps one in mind for the whole process, and none once any of them has ended. Then the stack tells.
    """
    loop = flowno.current_event_loop()
    if loop is not None and loop._loop_thread is sys.modules["threading"].current_thread():
        return loop
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is flowno.EventLoop.run_until_complete.__code__:
            return frame.f_locals["self"]
        frame = frame.f_back
    return None


def _innermost(found: list[Found]) -> Found:
    """The one nearest to the caller, where one loop runs inside a task or a callback of another, as in a notebook."""
    marked = {id(mark): entry for entry in found for mark in entry[2](entry[0])}
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        entry = marked.get(id(frame)) or marked.get(id(frame.f_code))
        if entry is not None:
            return entry
        frame = frame.f_back
    return found[-1]


def _asyncio_marks(loop: Any) -> tuple[object, ...]:
    """The frames, or their code, that show on the stack that this loop runs. uvloop itself has no frames."""
    asyncio: Any = sys.modules["asyncio"]
    task = asyncio.current_task(loop)
    frame = getattr(task.get_coro(), "cr_frame", None) if task is not None else None
    runs = asyncio.BaseEventLoop.run_forever, asyncio.Runner.run, asyncio.Handle._run
    return frame, *(function.__code__ for function in runs)


def _trio_marks(token: object) -> tuple[object, ...]:
    return (getattr(sys.modules["trio.lowlevel"].current_task().coro, "cr_frame", None),)


def _flowno_marks(loop: Any) -> tuple[object, ...]:
    return (sys.modules[_FLOWNO].EventLoop.run_until_complete.__code__,)
