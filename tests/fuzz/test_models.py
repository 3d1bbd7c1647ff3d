"""Hypothesis state machines of classes that are held against a model: also there programs are well formed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof.testing import state_machine, trace_of
from tests.check.model_samples import (
    Channel,
    EarlySemaphore,
    ForgetfulBoundedSemaphore,
    ForgetfulLock,
    MistakenQueue,
    Permits,
    make_channel,
)

FEW = settings(max_examples=15, derandomize=True, database=None, deadline=None)
UNSHRUNK = settings(FEW, max_examples=150, phases=[Phase.generate])

LOST = {"stranded", "effect-of-a-cancelled-call"}
"""What is found where release() wakes no call; the second if a cancellation came first."""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("trio:Lock", {"host": "trio"}),
        ("asyncio:Lock", {}),
        ("asyncio:BoundedSemaphore", {}),
        ("asyncio:Queue", {"largest": 2}),
        ("asyncio:Condition", {}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_of_a_class_that_conforms_nothing_is_found(name: str, options: dict[str, Any]) -> None:
    module, _, attribute = name.partition(":")
    machine = state_machine(getattr(pytest.importorskip(module), attribute), **options)
    run_state_machine_as_test(machine, settings=FEW)
    assert {rule for rule in machine.fired if rule.endswith(" waits")}
    if name in ("trio:Lock", "asyncio:BoundedSemaphore"):
        assert "release() returns" in machine.fired
        assert not any(rule.startswith("release() raises") for rule in machine.fired)


@pytest.mark.parametrize(
    ("target", "options", "claims"),
    [
        (EarlySemaphore, {"model": Permits, "argument": 0}, {"returned-too-early"}),
        (ForgetfulLock, {"kind": "lock"}, {"stranded"}),
        (
            ForgetfulBoundedSemaphore,
            {"kind": "bounded-semaphore", "argument": 1},
            {"stranded", "effect-of-a-cancelled-call"},
        ),
        (MistakenQueue, {"kind": "queue", "argument": 1, "largest": 2}, {"wrong-value"}),
        (make_channel, {"model": Channel, "largest": 2}, {"wrong-value"}),
    ],
)
def test_what_is_found_is_a_trace_that_is_repeated_step_by_step(
    target: Any, options: dict[str, Any], claims: set[str]
) -> None:
    machine = state_machine(target, **options)
    with pytest.raises(AssertionError, match="breaks"):
        run_state_machine_as_test(machine, settings=UNSHRUNK)
    trace = trace_of(machine)
    assert trace is not None
    assert trace.claim in claims
    assert trace.is_stepwise
    if target is ForgetfulBoundedSemaphore:
        assert any(word.startswith("again ") and word.endswith(" release()") for word in trace.schedule)


def test_tasks_of_flowno_give_back_what_they_hold() -> None:
    pytest.importorskip("flowno")
    from tests.check.flowno_samples import PollingLock, SharedLock

    machine = state_machine(PollingLock, kind="owned-lock", host="flowno")
    run_state_machine_as_test(machine, settings=FEW)
    assert {"acquire() waits", "release() returns"} <= machine.fired
    faulty = state_machine(SharedLock, kind="owned-lock", host="flowno")
    with pytest.raises(AssertionError, match="breaks"):
        run_state_machine_as_test(faulty, settings=UNSHRUNK)
    trace = trace_of(faulty)
    assert trace is not None
    assert trace.is_stepwise
