"""What the tests of the axioms share: the list of them, and tasks that park and are woken by the hosts alone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, TypeVar

import pytest
import trio
from flowno.core.event_loop.commands import EventWaitCommand
from flowno.core.event_loop.selectors import sel as flowno_selector

from latchproof import hosts
from tests.conftest import HOSTS
from tests.runtime.drivers import ASYNCIO, FLOWNO, TRIO, AsyncioHost, FlownoLoop, Host, close_flowno

Test = TypeVar("Test", bound=Callable[..., Any])

EVERY_HOST: Final = "every host"
LIBRARIES: Final = {"asyncio": "asyncio", "uvloop": "uvloop", "trio": "trio", "flowno": "Flowno"}

AXIOMS: Final[dict[str, str]] = {}
"""The axioms that are tested, each with the hosts of which it is assumed, as docs/trust.md writes them."""


def assumed_of(*libraries: str) -> Callable[[Test], Test]:
    """Return a decorator that runs the test of an axiom on the hosts with these libraries, on all if none is named."""
    chosen = [one for one in HOSTS if not libraries or LIBRARIES[str(one.id).partition("-")[0]] in libraries]

    def marked(test: Test) -> Test:
        AXIOMS[test.__name__.removeprefix("test_")] = ", ".join(libraries) or EVERY_HOST
        marked_test: Test = pytest.mark.parametrize("host", chosen, indirect=True)(test)
        return marked_test

    return marked


async def forever(host: Host) -> None:
    """Wait for something that never happens."""
    if isinstance(host, AsyncioHost):
        await asyncio.get_running_loop().create_future()
    elif host is TRIO:
        await trio.sleep_forever()
    else:
        await EventWait()


class EventWait:
    """What waits for an event of Flowno that is never set, and returns what the task is resumed with."""

    def __await__(self) -> Generator[EventWaitCommand, object, object]:
        return (yield EventWaitCommand(event=Event()))


class Event:
    """What Flowno's loop takes for an event that is not set."""

    _set = False


def soon(host: Host, call: Callable[[], object]) -> None:
    """Have the loop make a call as soon as it can."""

    async def calling() -> None:
        call()

    if isinstance(host, AsyncioHost):
        asyncio.get_running_loop().call_soon(call)
    elif host is TRIO:
        trio.lowlevel.current_trio_token().run_sync_soon(call)
    else:
        FLOWNO.loop.create_task(calling())


class Queue:
    """Tasks that park and are woken as at a latch or a barrier, by the host that runs the caller."""

    def __init__(self) -> None:
        self.host = hosts.current(None)
        self.wakers: dict[Any, None] = {}
        self.new_waker = self.host.makes_wakers(self.wakers)

    async def park(self) -> object:
        """Park at the end of the queue; return what the task is woken with."""
        waker = self.new_waker()
        self.wakers[waker] = None
        try:
            ending: object = await waker
        except BaseException:
            self.wakers.pop(waker, None)
            raise
        return ending

    def parked(self) -> list[Any]:
        """Return the wakers of the tasks whose cancellation is not requested."""
        withdrawn = list(self.host.withdrawn(self.wakers))
        return [waker for waker in self.wakers if waker not in withdrawn]

    def wake(self, *endings: Any) -> None:
        """Wake all tasks, each with its ending."""
        wakers = tuple(self.wakers)
        self.wakers.clear()
        self.host.wake_all(wakers, endings)


def loop_of(host: Host) -> object:
    """Return the loop that runs the caller, as its own library says."""
    if isinstance(host, AsyncioHost):
        return asyncio.get_running_loop()
    return trio.lowlevel.current_trio_token() if host is TRIO else FLOWNO.loop


def inside_of(host: Host) -> Host:
    """Return a host whose loop can run inside a task of this one."""
    return ASYNCIO if host in (TRIO, FLOWNO) else TRIO if "uvloop" not in host.name else FLOWNO


class runs_again:  # noqa: N801 (it is used as a function)
    """A loop that is run several times, and closed at the end."""

    def __init__(self, host: Host) -> None:
        self.loop: Any = host.new_loop() if isinstance(host, AsyncioHost) else FlownoLoop()

    def __enter__(self) -> Callable[[Coroutine[Any, Any, None]], None]:
        return self.run

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        if not isinstance(self.loop, FlownoLoop):
            self.loop.run_until_complete(main)
            return
        FLOWNO.loop = self.loop
        on_interrupt = signal.getsignal(signal.SIGINT)
        self.loop.run_until_complete(main, join=True, wait_for_spawned_tasks=False)
        signal.signal(signal.SIGINT, on_interrupt)
        flowno_selector.unregister(self.loop._wakeup_reader)

    def __exit__(self, *_: object) -> None:
        if isinstance(self.loop, FlownoLoop):
            flowno_selector.register(self.loop._wakeup_reader, 1)
            close_flowno(self.loop)
        else:
            self.loop.close()
