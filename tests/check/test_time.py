"""Time passes only while nothing else can run, and is seen; a timeout of the class's own is a withdrawal."""

from __future__ import annotations

import asyncio
import datetime
import time
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
import trio

from latchproof.check.checker import check
from latchproof.check.clocks import notes_on_clocks, reads
from latchproof.check.history import Begin, End, Event, Observe, Rest, TimePasses
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.notation import compact, parse
from latchproof.check.own_code import own_code
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof.check.verdict import Verdict
from latchproof.show.html.annotated import annotate
from latchproof.show.lanes import lanes, mermaid
from latchproof.show.repro import reproduction
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.zoo import correct

PAIR = Programs((2,), at_once=2, calls=3, cancellations=1, waits_only=True)


class GivesUp(samples.FifoBarrier):
    """Right: it takes the arrival back when its time has run out."""

    async def wait(self) -> int:
        async with asyncio.timeout(60):
            return await super().wait()


class StaysCounted(samples.FifoBarrier):
    """Faulty: a party that times out stays counted."""

    async def wait(self) -> int:
        call = asyncio.ensure_future(super().wait())
        try:
            done, _ = await asyncio.wait([call], timeout=60)
        except asyncio.CancelledError:
            call.cancel()
            raise
        if not done:
            raise TimeoutError
        return call.result()


class AtOnce(samples.FifoBarrier):
    """Faulty: no time has passed when it says that time has run out."""

    async def wait(self) -> int:
        await asyncio.sleep(0)
        raise TimeoutError


class Polls(samples.FifoBarrier):
    """Right, and it never rests: it looks again after a second."""

    async def wait(self) -> int:
        call = asyncio.ensure_future(super().wait())
        try:
            while not call.done():
                await asyncio.wait([call], timeout=1)
        except asyncio.CancelledError:
            call.cancel()
            raise
        return call.result()


class GivesUpOnTrio:
    """A barrier for trio whose parties give up after a minute; `forgets` is the fault that they stay counted."""

    forgets = False

    def __init__(self, parties: int) -> None:
        self.parties, self.arrived, self.tripped = parties, 0, trio.Event()

    async def wait(self) -> None:
        self.arrived += 1
        tripped = self.tripped
        if self.arrived == self.parties:
            self.arrived, self.tripped = 0, trio.Event()
            tripped.set()
            return
        try:
            with trio.fail_after(60):
                await tripped.wait()
        except BaseException as error:
            if not tripped.is_set() and not (self.forgets and isinstance(error, trio.TooSlowError)):
                self.arrived -= 1
            raise

    def abort(self) -> None:
        raise NotImplementedError


class ForgetsOnTrio(GivesUpOnTrio):
    forgets = True


def checked(factory: Any, programs: Programs = PAIR, policy: str = "latchproof", **options: Any) -> Verdict:
    return check(adapt(factory), policy=policy, programs=(programs,), **options)


@pytest.mark.parametrize(("factory", "host"), [(GivesUp, "asyncio"), (Polls, "asyncio"), (GivesUpOnTrio, "trio")])
def test_a_right_class_with_timers_conforms(factory: Any, host: str) -> None:
    verdict = checked(factory, replace(PAIR, calls=2) if host == "trio" else PAIR, host=host)
    assert (verdict.exit_code, verdict.reasons) == (0, ())


@pytest.mark.parametrize(("factory", "host"), [(StaysCounted, "asyncio"), (ForgetsOnTrio, "trio")])
def test_a_party_that_times_out_and_stays_counted_is_found(factory: Any, host: str) -> None:
    verdict = checked(factory, replace(PAIR, calls=2, cancellations=0), host=host)
    (trace,) = verdict.traces
    assert (verdict.exit_code, trace.claim) == (1, "C6")
    assert [line for line in lanes(trace) if line.endswith("  60 s pass")]
    assert "Note over T: 60 s pass" in mermaid(trace)
    if host == "asyncio":
        assert "+ 60.0  # they pass" in reproduction(replace(trace, target=f"{__name__}:{factory.__name__}"))
    assert {"kind": "time", "seconds": 60.0} in trace.events
    assert "time passes" in trace.schedule
    assert "^" in trace.notation
    assert parse(trace.notation, BARRIER) == (2, trace.schedule)
    assert compact(2, trace.schedule) == trace.notation
    shown = annotate(trace)
    assert shown["agrees"]
    assert "60 s pass" in [step["words"] for step in shown["steps"]]


def test_a_timeout_before_any_time_passed_is_an_error() -> None:
    verdict = checked(AtOnce)
    assert verdict.shortest is not None
    assert (verdict.exit_code, verdict.shortest.claim) == (1, "C15")


def test_nothing_is_done_between_a_timer_and_the_step_that_it_makes_ready() -> None:
    """Where nothing else can run, no task could do it."""

    class InSight(GivesUp):
        @property
        def n_waiting(self) -> int:  # so that each step is seen
            return len(self._parked)

    found: list[Event] = []

    def note(history: tuple[Event, ...]) -> None:
        found.extend(after for before, after in pairwise(history) if isinstance(before, TimePasses))

    target = adapt(InSight)
    Explorer(target, replace(PAIR, calls=1, at_once=1), 2, target.machine.policies[:1]).walk(on_history=note)
    assert {type(one) for one in found} == {Observe}


def judged(
    events: list[Event], policy: str = "latchproof", machine: Any = BARRIER, *, strict: bool = False
) -> list[str]:
    judge = Judge(MachineSpecification(machine, machine.policy(policy), 2), strict=strict)
    return [finding.claim for event in events if (finding := judge.step(event)) is not None]


def wait(call: int) -> Begin:
    return Begin(call, "wait")


def timed_out(call: int, error: type[Exception] = TimeoutError) -> End:
    return End(call, "raised", error=error())


MINUTE = TimePasses(60.0)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("error", [TimeoutError, trio.TooSlowError, type("Late", (TimeoutError,), {})])
def test_a_parked_call_may_time_out_once_time_has_passed(error: type[Exception], strict: bool) -> None:
    assert judged([wait(0), Rest(), MINUTE, timed_out(0, error), Observe((("n_waiting", 0),))], strict=strict) == []
    assert judged([wait(0), Rest(), timed_out(0, error)], strict=strict) == ["C15"]


def test_time_that_passed_before_a_call_is_no_reason() -> None:
    assert judged([wait(0), MINUTE, wait(1), Begin(2, "reset"), timed_out(1)]) == ["C15"]


def test_a_call_that_does_not_wait_does_not_time_out() -> None:
    assert judged([Begin(0, "reset"), MINUTE, timed_out(0)]) == ["C15"]
    assert judged([Begin(0, "count_down", (False,)), MINUTE, timed_out(0)], machine=LATCH) == ["C15"]


def test_under_a_breaking_policy_a_timeout_breaks_the_barrier() -> None:
    broken: list[Event] = [wait(0), Rest(), MINUTE, timed_out(0), Observe((("broken", True),))]
    assert judged(broken, "java") == []
    assert judged(broken) == ["C16"]


def test_a_call_that_is_withdrawn_by_a_timer_must_end() -> None:
    assert judged([wait(0), Rest(), MINUTE, Observe((("n_waiting", 0),)), Rest()]) == ["C11"]


class ReadsClocks:
    def __init__(self, parties: int) -> None:
        self.begun = time.monotonic()

    async def wait(self) -> float:
        return asyncio.get_running_loop().time()

    def name(self) -> str:
        time.sleep(0)
        return self.begun.hex()


def test_a_target_that_reads_a_clock_is_named() -> None:
    line = ReadsClocks.__init__.__code__.co_firstlineno
    system, loop = notes_on_clocks(own_code(ReadsClocks(2)))
    assert system.startswith(f"the target reads a clock of the system at test_time.py:{line + 1}; ")
    assert loop.startswith(f"the target reads the clock of the event loop at test_time.py:{line + 4}; ")
    assert notes_on_clocks(own_code(GivesUp(2))) == []


class Calendar:
    @staticmethod
    def today() -> str:
        return "a day that it holds"


def test_a_date_of_today_is_read_off_a_clock_of_the_system() -> None:
    def dated() -> tuple[object, ...]:
        return datetime.date.today(), date.today(), Calendar.today()

    line = dated.__code__.co_firstlineno
    assert list(reads(dated.__code__)) == [("system", line + 1)] * 2


def test_timers_of_one_time_run_in_one_order_in_a_run_that_is_repeated() -> None:
    """Dropping a cancelled timer may change the order of the others, so each run does it before each step."""
    shape = Programs((3,), at_once=3, calls=6, cancellations=1, waits_only=True)
    verdict = check(adapt(correct.SleepingBarrier), policy="latchproof", programs=(shape,))
    assert {reason.code for reason in verdict.reasons} <= {"not-exercised"}
    assert verdict.schedules > 100
