"""Hosts for which an axiom does not hold, each noticed by the test of the axiom. The list of axioms is complete."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final
from unittest import mock

import pytest
import trio
from flowno.core.event_loop.commands import EventWaitCommand
from flowno.core.event_loop.tasks import TaskCancelled

import latchproof.prove
from latchproof import hosts
from latchproof.hosts.asyncio import AsyncioHost as OnAsyncio
from latchproof.hosts.flowno import FlownoHost as OnFlowno
from latchproof.hosts.flowno import FlownoWaker
from latchproof.hosts.trio import TrioHost as OnTrio
from latchproof.hosts.trio import TrioWaker
from latchproof.parking import Parking
from tests.runtime import test_host_axioms as axioms
from tests.runtime import test_library_axioms as library
from tests.runtime.drivers import ASYNCIO, FLOWNO, TRIO, FlownoLoop, Host
from tests.runtime.waking import AXIOMS, EventWait

TRUST: Final = Path(__file__).resolve().parents[2] / "docs" / "trust.md"


def axioms_in(page: str) -> dict[str, str]:
    """Return the axioms of docs/trust.md, each with the hosts of which it is assumed."""
    section = page.partition("\n## Axioms of the hosts\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    assert rows[0] == ["axiom", "what is assumed", "of"]
    assert all(said.endswith(".") for _, said, _ in rows[2:])
    names = [name.strip("`") for name, _, _ in rows[2:]]
    assert len(set(names)) == len(names)
    return dict(zip(names, (of for _, _, of in rows[2:]), strict=True))


def test_the_axioms_are_those_of_the_page() -> None:
    """Each is tested, of the hosts of which it is assumed, and no other is."""
    assert axioms_in(TRUST.read_text(encoding="utf-8")) == AXIOMS


def named_by_the_proofs() -> set[str]:
    """Return the axioms that modules of `latchproof.prove` name, in the values of a constant `ASSUMED`."""
    modules = [import_module(f"latchproof.prove.{one.name}") for one in iter_modules(latchproof.prove.__path__)]
    return {axiom for module in modules for axioms in getattr(module, "ASSUMED", {}).values() for axiom in axioms}


def test_the_axioms_that_the_proofs_assume_are_on_the_page() -> None:
    assert named_by_the_proofs() <= AXIOMS.keys()


# Hosts for which an axiom does not hold: its test fails


def _gives(value: object) -> Callable[..., Any]:
    """Return a function that returns always the same."""
    return lambda *arguments, **options: value


def _wakes(host: Any, change: Callable[[Any, list[Any]], tuple[Any, Any]]) -> Any:
    """Return a `wake_all` that wakes other tasks, or with other endings."""
    original = host.wake_all
    return lambda self, wakers, endings: original(self, *change(wakers, [*endings]))


def _shares(host: Any) -> Any:
    """Return a `makes_wakers` by which the tasks of a queue take turns with two wakers."""
    original = host.makes_wakers

    def makes_wakers(self: Any, queue: Any) -> Any:
        new_waker, made = original(self, queue), list[Any]()

        def shared() -> Any:
            made.append(new_waker() if len(made) < 2 else made[-2])
            return made[-1]

        return shared

    return makes_wakers


def _makes_done_futures(self: Any, queue: Any) -> Any:
    def done() -> Any:
        future = self.loop.create_future()
        future.set_result(None)
        return future

    return done


def _wakes_twice(self: Any, wakers: Any, endings: Any) -> None:
    for waker, ending in zip(wakers, endings, strict=True):
        waker.ending = ending
        self.loop.tasks.extend([(waker.task, waker, None)] * 2)


def _runs_the_woken(self: Any, wakers: Any, endings: Any) -> None:
    for waker, ending in zip(wakers, endings, strict=True):
        waker.ending = ending
        with contextlib.suppress(StopIteration):
            waker.task.send(waker)


def _stops_when_interrupted(self: Any, wakers: Any, endings: Any) -> None:
    for waker, ending in zip(wakers, endings, strict=True):
        waker.set_result(ending)


def _sees_itself_alone(self: Any) -> bool:
    """Say whether this loop of asyncio runs here, even if another host's runs inside it."""
    return asyncio._get_running_loop() is self.loop


def _waits_on(self: Any) -> Any:
    """Await a waker of Flowno, and wait again when the task is cancelled or closed."""
    with contextlib.suppress(TaskCancelled, GeneratorExit):
        yield EventWaitCommand(event=self)
    return self.ending


async def _is_no_checkpoint() -> None:
    """Do nothing."""


class CancelledLater(asyncio.Future[Any]):
    """A future that is cancelled when the loop comes to it."""

    def cancel(self, msg: Any = None) -> bool:
        self.get_loop().call_soon(super().cancel)
        return True


class Forgiving(asyncio.Future[Any]):
    """A future that takes a second result in silence."""

    def set_result(self, result: Any) -> None:
        if not self.done():
            super().set_result(result)


def _aborted_twice(wait: Any) -> Any:
    return lambda abort: wait(lambda raise_cancel: (abort(raise_cancel), abort(raise_cancel))[1])


def _unwrapped_before(reschedule: Any) -> Any:
    return lambda task, given: (given.unwrap(), reschedule(task, given))


def _cancels_first(self: Any, task: Any) -> None:
    self.tasks.appendleft((task, None, TaskCancelled(task)))


def _cancels_later(self: Any, task: Any) -> None:
    async def cancel() -> None:
        self.tasks.append((task, None, TaskCancelled(task)))

    self.create_task(cancel())


def _resumes_who_waits(self: Any, packet: Any, command: Any) -> bool:
    if isinstance(command, EventWaitCommand):
        self.tasks.append((packet[0], None, None))
        return True
    handled: bool = super(FlownoLoop, self)._handle_command(packet, command)
    return handled


def _releases_unprotected(self: Any, rule: object) -> None:
    """Wake no task, by a function that trio lets an interrupt break off."""
    self.host.wake_all((), ())


ON: Final[dict[Host, Any]] = {ASYNCIO: OnAsyncio, TRIO: OnTrio, FLOWNO: OnFlowno}
LOOP: Final = asyncio.BaseEventLoop
LOW: Final = trio.lowlevel

BROKEN: Final[dict[Callable[..., Any], list[tuple[Host, Any, str, Any]]]] = {
    axioms.test_a_step_is_not_interrupted: [(one, axioms, "without_suspending", one.pause) for one in ON],
    axioms.test_a_parked_task_does_not_continue: [
        (ASYNCIO, OnAsyncio, "makes_wakers", _makes_done_futures),
        (FLOWNO, FlownoWaker, "__await__", EventWait.__await__),
    ],
    axioms.test_a_woken_task_continues_once_with_its_ending: [
        *((one, here, "wake_all", _wakes(here, lambda all_, given: (all_[:1], given[:1]))) for one, here in ON.items()),
        *((one, here, "wake_all", _wakes(here, lambda all_, given: (all_, given[::-1]))) for one, here in ON.items()),
        (FLOWNO, OnFlowno, "wake_all", _wakes_twice),
    ],
    axioms.test_each_waker_wakes_the_task_that_made_it: [
        (one, here, "makes_wakers", _shares(here)) for one, here in ON.items()
    ],
    axioms.test_wakers_are_told_apart: [
        (TRIO, TrioWaker, "__eq__", _gives(True)),
        (FLOWNO, FlownoWaker, "__eq__", _gives(True)),
    ],
    axioms.test_every_woken_task_continues: [
        (one, here, "wake_all", _wakes(here, lambda all_, given: (all_[1:], given[1:]))) for one, here in ON.items()
    ],
    axioms.test_waking_runs_no_task: [(FLOWNO, OnFlowno, "wake_all", _runs_the_woken)],
    axioms.test_an_interrupted_wake_up_is_completed: [
        (ASYNCIO, OnAsyncio, "wake_all", _stops_when_interrupted),
        (FLOWNO, OnFlowno, "_tell", _gives(None)),
    ],
    axioms.test_no_interrupt_comes_inside_an_operation: [(TRIO, Parking, "release", _releases_unprotected)],
    axioms.test_a_cancellation_shows_from_its_request_on: [
        (ASYNCIO, OnAsyncio, "withdrawn", _gives([])),
        (ASYNCIO, OnAsyncio, "withdrawn", lambda self, queue: list(queue)),
        (TRIO, TrioWaker, "_abort", _gives(LOW.Abort.SUCCEEDED)),
        (FLOWNO, OnFlowno, "withdrawn", _gives([])),
        (FLOWNO, OnFlowno, "withdrawn", lambda self, queue: list(queue)),
    ],
    axioms.test_a_parked_call_ends_early_only_at_its_await: [(FLOWNO, FlownoWaker, "__await__", _waits_on)],
    axioms.test_a_pending_cancellation_is_raised_where_the_task_parks: [
        (one, ON[one], "withdrawn", _gives([])) for one in (ASYNCIO, FLOWNO)
    ],
    axioms.test_a_cancellation_after_the_wake_up_touches_no_other_task: [
        (one, here, "wake_all", _wakes(here, lambda all_, given: (all_, [*given[:-1], given[0]])))
        for one, here in ON.items()
    ],
    axioms.test_a_checkpoint_is_cancelled_before_the_effect: [
        (TRIO, OnTrio, "checkpoint_if_cancelled", staticmethod(other)) for other in (_is_no_checkpoint, LOW.checkpoint)
    ],
    axioms.test_a_shielded_checkpoint_is_not_cancelled: [
        (TRIO, OnTrio, "cancel_shielded_checkpoint", staticmethod(other))
        for other in (_is_no_checkpoint, LOW.checkpoint)
    ],
    axioms.test_the_loop_of_the_caller_is_found: [
        (ASYNCIO, hosts, "_innermost", lambda found: found[0]),
        (TRIO, hosts, "_innermost", lambda found: found[-1]),
        (FLOWNO, hosts, "_innermost", lambda found: found[-1]),
    ],
    axioms.test_a_host_that_says_it_is_here_is_here: [
        *((ASYNCIO, OnAsyncio, asked, _sees_itself_alone) for asked in ("is_here", "is_running_here")),
        *((one, hosts.NestedLoops, f"none_inside_{one.name}", _gives(True)) for one in (TRIO, FLOWNO)),
    ],
    axioms.test_a_quick_look_is_not_mistaken: [
        *((one, here, "current_task", _gives(here)) for one, here in ON.items()),
        (ASYNCIO, OnAsyncio, "asyncio_tasks", ["a task"]),
    ],
    axioms.test_a_closed_loop_runs_no_task: [
        (one, ON[one], "is_closed", _gives(said)) for one in (ASYNCIO, TRIO) for said in (True, False)
    ],
    axioms.test_a_loop_that_is_not_running_is_woken_when_it_runs_again: [
        (one, ON[one], "wake_all", _gives(None)) for one in (ASYNCIO, FLOWNO)
    ],
    axioms.test_tasks_of_trio_are_woken_from_its_own_thread_alone: [(TRIO, OnTrio, "check_reachable", _gives(None))],
    axioms.test_the_error_of_a_host_is_the_one_that_is_specified: [
        (one, here, "broken_barrier_error", OSError) for one, here in ON.items()
    ],
    library.test_cancelling_a_task_cancels_the_future_that_it_awaits: [
        (ASYNCIO, LOOP, "create_future", lambda loop: CancelledLater(loop=loop))
    ],
    library.test_a_future_has_one_result: [(ASYNCIO, LOOP, "create_future", lambda loop: Forgiving(loop=loop))],
    library.test_a_parked_task_is_aborted_once_when_its_cancellation_is_requested: [
        (TRIO, LOW, "wait_task_rescheduled", _aborted_twice(LOW.wait_task_rescheduled))
    ],
    library.test_a_rescheduled_task_resumes_by_its_outcome_once: [
        (TRIO, LOW, "reschedule", _unwrapped_before(LOW.reschedule))
    ],
    library.test_the_queue_of_ready_tasks_is_first_in_first_out: [(FLOWNO, FlownoLoop, "cancel", _cancels_first)],
    library.test_a_cancellation_stays_in_the_queue_until_it_is_delivered: [
        (FLOWNO, FlownoLoop, "cancel", _cancels_later)
    ],
    library.test_an_event_that_is_not_set_keeps_its_task: [(FLOWNO, FlownoLoop, "_handle_command", _resumes_who_waits)],
}
"""The tests of the axioms, each with faults: on this host, this attribute is replaced."""

FAULTS: Final = [
    pytest.param(test, fault, id=f"{test.__name__.removeprefix('test_')}-{fault[0].name}-{fault[2]}")
    for test, faults in BROKEN.items()
    for fault in faults
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(("test", "fault"), FAULTS)
def test_a_host_for_which_an_axiom_does_not_hold_is_noticed(
    test: Callable[..., Any], fault: tuple[Host, Any, str, Any]
) -> None:
    host, target, attribute, replacement = fault
    failures = (AssertionError, pytest.fail.Exception, KeyboardInterrupt)
    with mock.patch.object(target, attribute, replacement, create=True), pytest.raises(failures):
        run(test, host)


def run(test: Callable[..., Any], host: Host) -> None:
    """Run a test on a host, as pytest does."""
    if asyncio.iscoroutinefunction(test):
        host.run(lambda: test(host))
    else:
        test(host)


def test_each_axiom_is_tried_where_it_does_not_hold() -> None:
    assert AXIOMS.keys() == {test.__name__.removeprefix("test_") for test, faults in BROKEN.items() if faults}
