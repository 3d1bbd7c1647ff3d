"""A class for another host is refused, with the option to add; a faulty one, or one for several hosts, is not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest
import sniffio
import trio

from latchproof.check.loops import STEPPED
from latchproof.check.probe import implemented, require_host
from latchproof.check.target import TargetError, adapt, load
from latchproof.cli.main import main
from latchproof.fuzz.state_machine import state_machine
from latchproof.testing import check


class Base:
    """What these latches share; each waits in another way."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.open: Any = self.make_event()
        if count == 0:
            self.open.set()

    def make_event(self) -> Any:
        return asyncio.Event()

    def count_down(self) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self.open.set()

    async def wait(self) -> None:
        await self.open.wait()


class ByFuture(Base):
    def make_event(self) -> Any:
        return self

    def __init__(self, count: int) -> None:
        self.waiting: list[asyncio.Future[None]] = []
        super().__init__(count)

    def set(self) -> None:
        for one in self.waiting:
            if not one.done():
                one.set_result(None)

    async def wait(self) -> None:
        if self.count:
            future = asyncio.get_running_loop().create_future()
            self.waiting.append(future)
            await future


class Polls(Base):
    async def wait(self) -> None:
        while self.count:  # noqa: ASYNC110 - as users do
            await asyncio.sleep(0)


class MadeInLoop(Base):
    def make_event(self) -> Any:
        asyncio.get_running_loop()
        return asyncio.Event()


class ByTrio(Base):
    def make_event(self) -> Any:
        return trio.Event()


class ByTrioNursery(ByTrio):
    async def wait(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.open.wait)


class ByTrioTimeout(ByTrio):
    async def wait(self) -> None:
        with trio.move_on_after(60):
            await self.open.wait()


class MadeInTrio(ByTrio):
    def make_event(self) -> Any:
        trio.lowlevel.current_trio_token()
        return trio.Event()


class FaultyOnTrio(ByTrio):
    async def wait(self) -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError(self.count)


class OnBoth(Base):
    """As anyio's, its event is made for the host that runs."""

    def make_event(self) -> Any:
        return self

    def set(self) -> None:
        if hasattr(self, "event"):
            self.event.set()

    async def wait(self) -> None:
        if self.count:
            if not hasattr(self, "event"):
                self.event: Any = {"asyncio": asyncio, "trio": trio}[sniffio.current_async_library()].Event()
            await self.event.wait()
        elif sniffio.current_async_library() == "trio":
            await trio.lowlevel.checkpoint()


FOR_ASYNCIO = (Base, ByFuture, Polls, MadeInLoop)
FOR_TRIO = (ByTrio, ByTrioNursery, ByTrioTimeout, MadeInTrio, FaultyOnTrio)


@pytest.mark.parametrize("factory", FOR_ASYNCIO)
def test_a_class_for_asyncio_is_refused_on_trio(factory: Callable[[int], Any]) -> None:
    with pytest.raises(TargetError, match=r"seems to be written for asyncio; use --host asyncio\. On trio "):
        implemented(adapt(factory), "trio")
    require_host(adapt(factory), "asyncio")


@pytest.mark.parametrize("factory", FOR_TRIO)
def test_a_class_for_trio_is_refused_on_asyncio(factory: Callable[[int], Any]) -> None:
    with pytest.raises(TargetError, match=r"seems to be written for trio; add --host trio\. On asyncio "):
        implemented(adapt(factory), "asyncio")
    require_host(adapt(factory), "trio")


@pytest.mark.parametrize("host", ["asyncio", "trio"])
def test_a_class_for_flowno_is_refused_elsewhere(host: str) -> None:
    pytest.importorskip("flowno")
    target = load("flowno.core.event_loop.synchronization:CountdownLatch")
    with pytest.raises(TargetError, match=r"seems to be written for flowno; .* --host flowno"):
        implemented(target, host)
    require_host(target, "flowno")


def test_a_class_for_several_hosts_is_driven_on_each() -> None:
    for host in ("asyncio", "trio"):
        require_host(adapt(OnBoth), host)
    assert check(OnBoth, calls=2, cancels=0, policy="keeps").exit_code == 0


def test_a_class_for_two_hosts_is_refused_on_a_third() -> None:
    pytest.importorskip("flowno")
    with pytest.raises(TargetError, match="seems to be written for asyncio; use --host asyncio"):
        require_host(adapt(OnBoth), "flowno")


@pytest.mark.parametrize("name", ["latchproof:CountdownLatch", "latchproof:Barrier"])
@pytest.mark.parametrize("host", STEPPED)
def test_our_own_classes_are_for_every_host(name: str, host: str) -> None:
    require_host(load(name), host)


class SaysSo(Base):
    """It is faulty, and says what a host says."""

    async def wait(self) -> None:
        raise RuntimeError("no running event loop")


class CallsTrio(Base):
    """It is faulty: one call belongs to another host."""

    async def wait(self) -> None:
        if self.count > 1:
            await trio.lowlevel.checkpoint()
        await self.open.wait()


class YieldsNumber(Base):
    """It is faulty: no host knows what it awaits."""

    def __await__(self) -> Any:
        yield 42

    async def wait(self) -> None:
        await self


@pytest.mark.parametrize("factory", [SaysSo, CallsTrio, YieldsNumber])
@pytest.mark.parametrize("host", ["asyncio", "trio"])
def test_a_faulty_class_is_not_mistaken_for_one_of_another_host(factory: Callable[[int], Any], host: str) -> None:
    require_host(adapt(factory), host)
    if host == "asyncio":
        assert check(factory, calls=1, policy="keeps").exit_code == 1


class HandlesSignals(Base):
    async def wait(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.open.set)
        await self.open.wait()


class Connects(Base):
    async def wait(self) -> None:
        await asyncio.open_connection("127.0.0.1", 9)


class Unwritten(Base):
    async def wait(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("factory", [HandlesSignals, Connects])
def test_what_no_check_drives_is_refused(factory: Callable[[int], Any]) -> None:
    with pytest.raises(TargetError, match="uses input, output or signals of the event loop, which a check does not"):
        implemented(adapt(factory), "asyncio")


def test_a_method_that_is_not_written_yet_is_a_finding() -> None:
    assert check(Unwritten, calls=1, policy="keeps").exit_code == 1


HERE = "tests.check.test_probe"


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", f"{HERE}:ByTrio", "--workers", "1"],
        ["check", f"{HERE}:ByTrio", "--estimate"],
        ["replay", "2:w.", f"{HERE}:ByTrio"],
        ["fuzz", f"{HERE}:ByTrio"],
    ],
)
def test_every_command_says_so(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "add --host trio" in capsys.readouterr().err


def test_so_do_the_functions() -> None:
    with pytest.raises(TargetError, match="add --host trio"):
        check(ByTrio)
    with pytest.raises(TargetError, match="add --host trio"):
        state_machine(ByTrio)
