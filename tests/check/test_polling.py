"""A class that polls with a timer comes back to the same state, so a check of it ends; a faulty one is found."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.suspending import PollingLatch

from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs
from tests.check import polling_samples as samples

PAIR = Programs((1,), at_once=2, calls=3, cancellations=0)

CANCELLED = Programs((1,), at_once=2, calls=2, cancellations=1)

RIGHT = (
    samples.OnTrio,
    samples.ByDeadlineOnTrio,
    samples.SleepsOnTrio,
    samples.OnAsyncio,
    samples.WaitsForOnAsyncio,
    samples.ByDeadlineOnAsyncio,
)


def checked(factory: Any, programs: Programs = PAIR) -> Verdict:
    host = "trio" if factory.__name__.endswith("OnTrio") else "asyncio"
    return check(adapt(factory), policy="latchproof", programs=(programs,), host=host)


def test_a_class_that_waits_for_the_systems_clock_is_not_said_to_strand_a_call() -> None:
    """No check advances that clock, so that a state repeats says nothing."""
    verdict = checked(samples.ByTheSystemsClock)
    assert verdict.reported.failures == {}
    assert [reason.code for reason in verdict.reasons if reason.code != "not-exercised"] == ["never-rested"]


@pytest.mark.parametrize("factory", RIGHT)
def test_a_right_latch_that_polls_conforms(factory: Any) -> None:
    verdict = checked(factory)
    assert (verdict.exit_code, verdict.reasons) == (0, ())
    assert verdict.schedules < 150


@pytest.mark.parametrize("factory", [samples.OnTrio, samples.OnAsyncio])
def test_a_right_latch_whose_polling_calls_are_cancelled_conforms(factory: Any) -> None:
    verdict = checked(factory, CANCELLED)
    assert (verdict.exit_code, verdict.reasons) == (0, ())


@pytest.mark.parametrize("factory", [samples.LooksOnceOnTrio, samples.LooksOnceOnAsyncio])
def test_a_latch_that_stops_polling_is_found(factory: Any) -> None:
    trace = checked(factory).shortest
    assert trace is not None
    assert (trace.claim, trace.seen, trace.schedule.count("time passes")) == ("C3", "wait() returned", 2)


@pytest.mark.parametrize("factory", [samples.LosesASetOnTrio, samples.LosesASetOnAsyncio])
def test_a_latch_that_polls_for_ever_is_found_to_strand_a_task(factory: Any) -> None:
    trace = checked(factory).shortest
    assert trace is not None
    assert (trace.claim, trace.schedule[-1]) == ("C11", "comes round")


def test_a_state_is_looked_at_where_trio_may_choose_an_order_even_if_no_call_is_left() -> None:
    """Each pass of three tasks that poll has several orders, and all of them lead to the same few states."""
    programs = Programs((1,), at_once=3, calls=3, cancellations=0)
    verdict = check(adapt(PollingLatch, kind="latch"), policy="latchproof", programs=(programs,), host="trio")
    assert (verdict.exit_code, verdict.reasons) == (0, ())
    assert verdict.schedules < 400
