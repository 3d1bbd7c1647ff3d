"""An operation that gives something back is passed what the call returned that took it, where its method takes that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof.check.holdings import Holdings
from latchproof.check.replaying import replay
from latchproof.check.target import TargetError, adapt
from latchproof.check.verdict import Verdict
from latchproof.show.repro import reproduction
from latchproof.testing import check, state_machine
from tests.check import pool_samples
from tests.check.pool_samples import LendsTwice, LosesOne, Mistakes, Pool, PoolModel, TakesByName, TakesTwo

FILE = pool_samples.__file__
SMALL: dict[str, Any] = {"argument": 1, "tasks": 2, "calls": 4, "cancels": 1}


def checked(factory: Any, **bounds: Any) -> Verdict:
    return check(factory, model=PoolModel, **(SMALL | bounds))


@pytest.mark.parametrize("size", [1, 2])
def test_a_right_pool_conforms(size: int) -> None:
    verdict = checked(Pool, argument=size)
    assert (verdict.status, verdict.not_driven) == ("conforms", ())
    assert "release() returns" in verdict.reported.fired


@pytest.mark.parametrize(
    ("factory", "bounds", "found"),
    [
        (LendsTwice, {"cancels": 0}, "returned-too-early"),
        (LosesOne, {}, "effect-of-a-cancelled-call"),
        (Mistakes, {"argument": 2, "cancels": 0}, "wrong-value"),
    ],
)
def test_what_is_wrong_is_found(factory: Any, bounds: dict[str, Any], found: str) -> None:
    verdict = checked(factory, **bounds)
    assert found in verdict.reported.failures
    trace = verdict.shortest
    assert trace is not None
    begun = [event for event in trace.events if event["kind"] == "begin"]
    passed = [event["passes"] for event in begun if event["operation"] == "release"]
    taken = [event["call"] for event in begun if event["operation"] == "acquire"]
    assert passed
    assert set(passed) <= set(taken)


def test_the_run_is_shown_repeated_and_written_as_a_test() -> None:
    verdict = check(f"{FILE}:LendsTwice", model=f"{FILE}:PoolModel", **(SMALL | {"cancels": 0}))
    trace = verdict.shortest
    assert trace is not None
    again = replay(
        verdict.target, trace.schedule, argument=1, policies=[verdict.reported.policy], host="asyncio"
    ).so_far
    assert list(again.failures[verdict.reported.policy]) == [trace.claim]
    source = reproduction(trace)
    assert "lambda *given: it.release(*given, ended[1])" in source
    compile(source, "reproduction", "exec")


def test_so_it_is_where_a_class_is_fuzzed() -> None:
    few = settings(max_examples=150, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    run_state_machine_as_test(state_machine(Pool, model=PoolModel, largest=2), settings=settings(few, max_examples=15))
    with pytest.raises(AssertionError, match="breaks"):
        run_state_machine_as_test(state_machine(LendsTwice, model=PoolModel, largest=2), settings=few)


@pytest.mark.parametrize(("factory", "needed"), [(TakesTwo, "connection, reason"), (TakesByName, "connection")])
def test_what_else_a_method_requires_is_refused(factory: Any, needed: str) -> None:
    with pytest.raises(TargetError, match=rf"release\(\) requires {needed}, which the specified operation does not"):
        adapt(factory, model=PoolModel)


def test_only_what_gives_something_back_is_passed_it() -> None:
    class Semaphore(Pool):
        async def acquire(self, reason: int) -> int:  # type: ignore[override]
            return await super().acquire()

    with pytest.raises(TargetError, match=r"acquire\(\) requires reason"):
        adapt(Semaphore, model=PoolModel)


def test_each_is_passed_what_it_gives_back() -> None:
    target = adapt(Pool, model=PoolModel)
    take, give = target.calls(())
    holdings = Holdings(target.operations, target.passing)
    for number, value in enumerate("ab"):
        holdings.returned("task", take, number, value)
    for number, value in enumerate("ab"):
        held = holdings.passed_to("task", give)
        assert held is not None
        assert (held.call, held.value) == (number, value)
        assert holdings.passed_to("other", give) is None
        holdings.returned("task", give, 2 + number)
    unpassed = Holdings(target.operations)
    unpassed.returned("task", take, 0, "a")
    assert unpassed.passed_to("task", give) is None
    assert unpassed.of("task")[0].value is None
