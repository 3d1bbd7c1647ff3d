"""The hosts' real loops, a step at a time: what is checked on each of them is judged rightly, and can be repeated."""

from __future__ import annotations

import gc
import importlib
import sys
from dataclasses import replace
from typing import Any

import pytest
import trio

from latchproof import Barrier, CountdownLatch
from latchproof.check.checker import check
from latchproof.check.choices import PASS, Action
from latchproof.check.history import Begin, End, Event
from latchproof.check.loops import STEPPED, stepper_class
from latchproof.check.loops.flowno_tasks import OWN_FAULTS
from latchproof.check.loops.trio import TrioStepper
from latchproof.check.replaying import replay
from latchproof.check.target import TargetError, adapt, load
from latchproof.check.tree import Explorer
from latchproof.check.verdict import Verdict
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs
from tests.check import trio_samples

SMALL = Programs((1, 2), at_once=2, calls=3, cancellations=1, numbers=(0, 2))
TINY = Programs((2,), at_once=2, calls=2, cancellations=1, numbers=(0,))
FLOWNO_LATCH = "flowno.core.event_loop.synchronization:CountdownLatch"


def small(factory: Any, host: str, shape: Programs = SMALL, **options: Any) -> Verdict:
    target = load(factory) if isinstance(factory, str) else adapt(factory)
    return check(target, host=host, programs=(shape,), **options)


@pytest.mark.parametrize("host", STEPPED)
@pytest.mark.parametrize("factory", [CountdownLatch, Barrier])
def test_our_own_conform_on_every_host_in_the_strict_form(factory: Any, host: str) -> None:
    verdict = small(factory, host, TINY if host == "trio" else SMALL, policy="latchproof", strict=True)
    assert verdict.reported.failures == {}
    assert not [reason for reason in verdict.reasons if "chance" not in reason.text]
    assert verdict.host == host
    assert verdict.to_json()["host"] == host


@pytest.mark.parametrize(
    "factory",
    [trio_samples.EventLatch, trio_samples.EventBarrier, trio_samples.PollingLatch, trio_samples.NurseryLatch],
)
def test_right_ones_conform_on_trio(factory: Any) -> None:
    verdict = small(factory, "trio", replace(TINY, calls=3), policy="latchproof")
    assert verdict.reported.failures == {}


@pytest.mark.parametrize(
    ("factory", "claims", "size"),
    [
        (trio_samples.LateLatch, {"C11"}, (2, 0, 1)),
        (trio_samples.StayingBarrier, {"C6"}, (2, 1, 2)),
        (trio_samples.OrderlyLatch, {"C12"}, (2, 1, 1)),
        (trio_samples.ForgetfulAbortLatch, {"C15"}, (1, 1, 1)),
    ],
)
def test_wrong_ones_are_found_on_trio(factory: Any, claims: set[str], size: tuple[int, ...]) -> None:
    verdict = small(factory, "trio", replace(SMALL, calls=2), policy="latchproof")
    assert verdict.exit_code == 1
    assert min(failure.size[:3] for failure in verdict.reported.failures.values()) == size
    assert claims & set(verdict.reported.failures)


def test_flownos_own_latch_lets_through_at_two() -> None:
    verdict = small(FLOWNO_LATCH, "flowno", Programs((0,), at_once=2, calls=3, cancellations=0, numbers=(2,)))
    assert verdict.exit_code == 1
    failure = verdict.reported.failures["C3"]
    assert sorted(event.operation for event in failure.history if isinstance(event, Begin)) == ["set_count", "wait"]


def test_flownos_own_latch_strands_a_task_on_an_open_latch() -> None:
    verdict = small(FLOWNO_LATCH, "flowno", Programs((2,), at_once=2, calls=2, cancellations=0, numbers=(0,)))
    assert verdict.exit_code == 1
    assert any("nothing can run any more" in failure.finding.seen for failure in verdict.reported.failures.values())


def test_trio_runs_a_pass_in_both_orders() -> None:
    orders: set[tuple[str, ...]] = set()
    shape = Programs((2,), at_once=2, calls=2, cancellations=0, waits_only=True)
    explorer = Explorer(adapt(Barrier), shape, 2, BARRIER.policies[:1], host="trio", merge=False)
    words: set[str] = set()

    def note(history: tuple[Event, ...]) -> None:
        assert explorer.last_run is not None
        words.update(explorer.last_run.schedule)
        orders.add(tuple(f"{event.call}" for event in history if isinstance(event, End)))

    assert explorer.walk(on_history=note).complete
    assert words == {"call wait()", "pass", "run", "reversed"}
    assert orders >= {("0", "1"), ("1", "0")}


def test_both_orders_of_a_pass_are_one_only_where_nothing_can_be_done_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    possible: set[tuple[Action, ...]] = set()
    orders_of = TrioStepper.orders

    def orders(stepper: Any) -> Any:
        possible.add(stepper._script._options(can_run=True, between_passes=True))
        return orders_of(stepper)

    monkeypatch.setattr(TrioStepper, "orders", orders)
    shape = Programs((2,), at_once=2, calls=3, cancellations=1, waits_only=True)
    assert not Explorer(adapt(Barrier), shape, 2, BARRIER.policies[:1], host="trio").walk().restless
    assert possible == {(PASS,)}


@pytest.mark.parametrize(
    ("factory", "host"),
    [(trio_samples.OrderlyLatch, "trio"), (trio_samples.StayingBarrier, "trio"), (FLOWNO_LATCH, "flowno")],
)
def test_what_was_found_can_be_replayed(factory: Any, host: str) -> None:
    verdict = small(factory, host, replace(SMALL, calls=2), policy="latchproof")
    assert verdict.reported.failures
    for claim, failure in verdict.reported.failures.items():
        repeated = replay(
            verdict.target, failure.schedule, argument=failure.argument, policies=["latchproof"], host=host
        )
        again = repeated.so_far.failures["latchproof"]
        assert again[claim].finding == failure.finding
        assert again[claim].history[:-1] == failure.history[:-1] or host == "flowno"


def test_time_is_virtual_on_trio() -> None:
    words = ("call wait()", "pass", "run", "pass", "run", "call count_down()")
    run = replay(adapt(trio_samples.PollingLatch), words, argument=1, policies=["latchproof"], host="trio").last_run
    assert run is not None
    assert [event.call for event in run.history if isinstance(event, End)] == [1, 0]


def test_no_trace_of_control_is_left_on_trio() -> None:
    core: Any = importlib.import_module("trio._core._run")
    before = core._r, core.Task.__hash__
    small(trio_samples.EventLatch, "trio", TINY)
    assert (core._r, core.Task.__hash__) == before
    ran = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
            ran.append(1)

    trio.run(main)
    assert ran == [1]


def test_no_trace_of_control_is_left_on_flowno() -> None:
    event_loop: Any = importlib.import_module("flowno.core.event_loop.event_loop")
    primitives: Any = importlib.import_module("flowno.core.event_loop.primitives")
    before = event_loop.sel, event_loop.timer, primitives.timer
    small(FLOWNO_LATCH, "flowno", replace(TINY, calls=1))
    assert (event_loop.sel, event_loop.timer, primitives.timer) == before


class PickyLatch(CountdownLatch):
    """It runs on every host, and cannot be made with the count 0."""

    def __init__(self, count: int) -> None:
        if count == 0:
            raise ValueError("what for?")
        super().__init__(count)


@pytest.mark.parametrize("host", STEPPED)
def test_a_constructor_that_refuses_what_is_due_is_a_finding(host: str) -> None:
    shape = Programs((0, 1), at_once=1, calls=1, cancellations=0)
    verdict = small(PickyLatch, host, shape, policy="latchproof")
    failure = verdict.reported.failures["C15"]
    assert failure.finding.seen == "the constructor raised ValueError: what for?"
    assert failure.size == (0, 0, 0, 0)


def test_there_is_no_such_host() -> None:
    with pytest.raises(TargetError, match="'curio' is not a host that can be run one step at a time; there are"):
        stepper_class("curio")


def test_a_host_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "latchproof.check.loops.trio", None)
    with pytest.raises(TargetError, match="trio is not installed here"):
        stepper_class("trio")


@pytest.mark.parametrize(
    ("factory", "schedule", "said"),
    [
        (
            trio_samples.ForgetfulAbortLatch,
            ("call wait()", "pass", "run", "cancel 1"),
            "an error reached the event loop: TrioInternalError: abort function must return Abort enum",
        ),
        (
            trio_samples.StaleQueueLatch,
            (
                "call wait()",
                "pass",
                "run",
                "cancel 1",
                "pass",
                "run",
                "call count_down()",
                "pass",
                "run",
                "pass",
                "run",
            ),
            "an error reached the event loop: TrioInternalError, for KeyError: <Task ",
        ),
    ],
)
def test_what_trio_does_not_survive_is_found_and_the_next_run_goes_on_as_ever(
    factory: Any, schedule: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        run = replay(adapt(factory), schedule, argument=1, policies=["latchproof"], host="trio").last_run
        assert run is not None
        ((_, failure),) = run.record.failures
        assert failure.finding.claim == "C15"
        assert failure.finding.seen.startswith(said)
    gc.collect()
    assert capsys.readouterr().err == ""
    small(trio_samples.EventLatch, "trio", TINY)


def test_what_comes_after_an_error_in_the_loop_is_found_too() -> None:
    """A count_down that is cancelled keeps Flowno's lock; that the loop resumes the ended task does not hide it."""
    target = adapt(OnlyCountedDown, kind="latch")
    verdict = check(target, host="flowno", policy="flowno", programs=(Programs((1,), 2, 2, 1),))
    assert verdict.reasons == () or all("chance" in reason.text for reason in verdict.reasons)
    assert set(verdict.reported.failures) == {"C11"}
    assert {trace.claim for trace in verdict.host_traces} <= {fault.name for fault in OWN_FAULTS}
    assert verdict.host_traces
    assert "count_down() of call 2 has not ended" in verdict.reported.failures["C11"].finding.seen


class OnlyCountedDown:
    """Flowno's latch, which is counted down and waited for, and no more."""

    def __init__(self, count: int) -> None:
        from flowno.core.event_loop.synchronization import CountdownLatch as FlownoLatch

        self._latch = FlownoLatch(count)

    async def count_down(self) -> None:
        await self._latch.count_down()

    async def wait(self) -> None:
        await self._latch.wait()


@pytest.mark.parametrize("factory", [CountdownLatch, Barrier])
def test_states_of_our_own_classes_are_recognized_on_trio(factory: Any) -> None:
    """They hold trio's record for sniffio, and know Flowno's context variable where Flowno was imported."""
    importlib.import_module("flowno.core.event_loop.event_loop")
    target = adapt(factory)
    walk = Explorer(target, TINY, 2, target.machine.policies[:1], host="trio").walk(at_most=100)
    assert walk.no_fingerprint is None
    assert walk.pruned > 0
