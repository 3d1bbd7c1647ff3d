"""On trio a run needs no sockets, and what needs trio's own input and output still gets it."""

from __future__ import annotations

import importlib
import socket
from typing import Any

import pytest
import trio
import trio.testing

from latchproof.check.checker import check
from latchproof.check.loops.trio_input import Input
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check import trio_samples

SHAPE = Programs((1,), at_once=2, calls=2, cancellations=0, numbers=(0,))


class OpensInTheNextPass(trio_samples.EventLatch):
    """A right latch that is counted down by trio's entry queue."""

    async def count_down(self) -> None:
        done = trio.Event()
        trio.lowlevel.current_trio_token().run_sync_soon(self._count_down, done)
        await done.wait()

    def _count_down(self, done: trio.Event) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            self._open.set()
        done.set()


class ReadsASocket(trio_samples.EventLatch):
    """A right latch that sends itself a byte. What waits for input alone counts as blocked, so another task polls."""

    async def count_down(self) -> None:
        here, there = socket.socketpair()
        with here, there:
            there.send(b"1")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._poll)
                await trio.lowlevel.wait_readable(here)
                nursery.cancel_scope.cancel()
        await super().count_down()

    async def _poll(self) -> None:
        while True:
            await trio.lowlevel.checkpoint()


def checked(factory: Any) -> Verdict:
    return check(adapt(factory, kind="latch"), policy="latchproof", host="trio", programs=(SHAPE,))


def test_a_run_makes_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was made")

    core: Any = importlib.import_module("trio._core._run")
    before = core.TheIOManager, core.Runner
    with monkeypatch.context() as patched:
        patched.setattr(socket, "socketpair", refuse)
        patched.setattr(socket, "socket", refuse)
        assert checked(trio_samples.EventLatch).status == "conforms"
    assert (core.TheIOManager, core.Runner) == before


@pytest.mark.parametrize("factory", [OpensInTheNextPass, ReadsASocket])
def test_what_is_woken_from_outside_goes_on(factory: Any) -> None:
    verdict = checked(factory)
    assert verdict.status == "conforms", verdict.reported.failures
    assert verdict.reported.exercised


def test_trios_own_input_and_output_is_closed_with_the_run() -> None:
    class Real:
        closed = False

        def close(self) -> None:
            self.closed = True

    given: Any = Input()
    given.close()
    assert given.get_events(0) == ()
    given._real = Real()
    given.close()
    assert given._real.closed


def test_a_waiting_task_is_woken_once() -> None:
    given = Input()
    woken: list[str] = []

    async def wait() -> None:
        await given.wait_woken()
        woken.append("woken")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            given.wakeup_thread_and_signal_safe()
            given.process_events(())  # no task waits yet
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            given.process_events(())
            given.wakeup_thread_and_signal_safe()
            given.process_events(())  # it has been woken already
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            given.wakeup_thread_and_signal_safe()
            given.process_events(())  # it is cancelled, so it waits no more

    trio.run(main)
    assert woken == ["woken"]
