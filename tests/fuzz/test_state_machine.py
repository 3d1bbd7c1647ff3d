"""The Hypothesis machines: derived from the specification, they pass our own classes and find faults in others."""

from __future__ import annotations

import logging
import re
import signal
import sys
import unittest
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof import Barrier, CountdownLatch
from latchproof.check.history import Stray
from latchproof.check.loops import FUZZED_HOSTS, STEPPED
from latchproof.check.target import TargetError, load
from latchproof.fuzz.drivers import DRIVEN, make_driver
from latchproof.fuzz.state_machine import NOT_EARLY
from latchproof.prove.steps import rules_of
from latchproof.show.terminal import as_text
from latchproof.testing import AT_ONCE, CounterexampleError, SpecificationMachine, check, state_machine
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.check import flowno_samples, samples, trio_samples
from tests.conftest import HAS_UVLOOP
from tests.zoo import cyclic

ON_EVERY_HOST = pytest.mark.parametrize(
    "host", [pytest.param(host, marks=HAS_UVLOOP) if host == "uvloop" else host for host in DRIVEN]
)


def test_the_hosts_that_help_names_are_those_that_can_be_driven() -> None:
    assert sorted((*STEPPED, *FUZZED_HOSTS)) == sorted(DRIVEN)


def run(machine: type[SpecificationMachine], examples: int, *, steps: int = 30) -> None:
    options = settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=options)


def strategies(machine: type[SpecificationMachine]) -> dict[str, dict[str, str]]:
    found = {rule.function.__name__: rule.arguments for rule in machine.setup_state().rules}
    return {
        name: {argument: repr(strategy) for argument, strategy in arguments.items()}
        for name, arguments in found.items()
        if name.startswith("call_")
    }


def made_with(machine: type[SpecificationMachine]) -> list[str]:
    return [repr(strategy) for rule in machine.setup_state().initializers for strategy in rule.arguments.values()]


def test_a_machine_has_a_rule_for_every_operation_and_the_right_strategies() -> None:
    latch = state_machine(CountdownLatch)
    assert strategies(latch) == {
        "call_wait": {},
        "call_count_down": {"exception_if_zero": "booleans()"},
        "call_set_count": {"n": "integers(min_value=-1, max_value=4)"},
    }
    assert made_with(latch) == ["integers(min_value=0, max_value=4)"]
    barrier = state_machine(Barrier, largest=7)
    early = {"cancelled": f"sampled_from({[False] * NOT_EARLY + [True]})"}
    assert strategies(barrier) == {"call_wait": early, "call_abort": {}, "call_reset": {}}
    assert made_with(barrier) == ["integers(min_value=1, max_value=7)"]
    others = {rule.function.__name__ for rule in barrier.setup_state().rules} - set(strategies(barrier))
    assert others == {"run_pass", "cancel", "rest"}


def test_what_is_absent_has_no_rule() -> None:
    assert strategies(state_machine(samples.PlainLatch)) == {"call_wait": {}, "call_count_down": {}}
    early = {"cancelled": f"sampled_from({[False] * NOT_EARLY + [True]})"}
    assert strategies(state_machine(samples.FifoBarrier)) == {"call_wait": early}
    assert strategies(state_machine(Barrier, host="flowno")) == {"call_wait": {}, "call_abort": {}, "call_reset": {}}


def test_a_machine_is_called_after_what_it_drives() -> None:
    assert state_machine(load("asyncio:Barrier"), host="asyncio").__name__ == "BarrierOnAsyncio"
    machine = state_machine(samples.FifoBarrier, kind="barrier", strict=True)
    assert machine.__name__ == "FifoBarrierOnAsyncio"
    assert (machine.target.machine, machine.host, machine.strict) == (BARRIER, "asyncio", True)


def test_it_is_judged_by_every_policy_or_by_the_one_that_is_asked_for() -> None:
    usual = [policy.name for policy in state_machine(CountdownLatch).policies]
    assert usual == ["latchproof", "keeps", "aiologic", "rearms"]
    assert [policy.name for policy in state_machine(Barrier).policies] == [one.name for one in BARRIER.usual_policies]
    assert [policy.name for policy in state_machine(Barrier, policy="leader").policies] == ["leader"]
    assert [policy.name for policy in state_machine(CountdownLatch, policy="cpython").policies] == ["keeps"]


@pytest.mark.parametrize("make", [CountdownLatch, Barrier])
@ON_EVERY_HOST
def test_our_own_classes_pass_in_the_strict_form(make: Any, host: str) -> None:
    machine = state_machine(make, host=host, policy="latchproof", strict=True)
    run(machine, 60)
    kind = LATCH if make is CountdownLatch else BARRIER
    due = set(rules_of(kind, kind.policies[0]))
    assert machine.fired <= due
    assert due - machine.fired <= {"L9", "L10", "B4", "B5", "B5e"}  # a cancellation at the right moment is rare
    assert machine.examples >= 40
    assert machine.calls > 100


class AllAreFiredError(Exception):
    """No more examples are needed."""


@pytest.mark.parametrize("kind", [LATCH, BARRIER], ids=str)
def test_every_rule_is_fired_in_the_end(kind: Machine) -> None:
    machine: Any = state_machine(CountdownLatch if kind is LATCH else Barrier, policy="latchproof", strict=True)

    class UntilAllAreFired(machine):  # type: ignore[misc]
        def teardown(self) -> None:
            super().teardown()
            assert machine.fired <= set(rules_of(kind, kind.policies[0]))
            if machine.fired == set(rules_of(kind, kind.policies[0])):
                raise AllAreFiredError

    with pytest.raises(AllAreFiredError):
        run(UntilAllAreFired, 1000, steps=50)


def test_counters_are_each_machine_s_own() -> None:
    one, other = state_machine(CountdownLatch), state_machine(CountdownLatch)
    run(one, 3)
    assert (one.examples >= 3, bool(one.fired)) == (True, True)
    assert (other.examples, other.calls, other.fired) == (0, 0, set())


@pytest.mark.parametrize(
    ("make", "policy", "claims"),
    [
        (samples.GreedyBarrier, "latchproof", {"C6"}),
        (samples.CountdownBarrier, "latchproof", {"C5"}),
        (samples.ForgetfulLatch, "latchproof", {"C11", "C12"}),
        (samples.HastyLatch, "latchproof", {"C3"}),
        (samples.CountingLatch, "latchproof", {"C16"}),
        (samples.StuckLatch, "latchproof", {"C11"}),
        (cyclic.Heedless, "java", {"C6"}),  # cancellations before a call are tried too
        (cyclic.Lenient, "java", {"C16"}),
    ],
)
def test_a_fault_is_found(make: Any, policy: str, claims: set[str]) -> None:
    with pytest.raises(AssertionError) as failure:
        run(state_machine(make, policy=policy), 150)
    assert isinstance(failure.value, CounterexampleError)
    first, text = str(failure.value).split("\n", 1)
    trace = failure.value.trace
    assert trace.claim in claims
    assert first == f"{make.__module__}:{make.__name__} breaks {trace.claim} on asyncio"
    assert as_text(trace).strip() == text.strip()


@pytest.mark.parametrize("host", ["asyncio", "uvloop"])
def test_an_error_that_reaches_the_loop_alone_is_found(host: str) -> None:
    with pytest.raises(AssertionError, match=rf"ShoutingLatch breaks C15 on {host}") as failure:
        run(state_machine(samples.ShoutingLatch, policy="latchproof", host=host), 60)
    assert re.search(r"seen: +an error reached the event loop: ", str(failure.value))


def test_an_observation_that_raises_is_found() -> None:
    with pytest.raises(AssertionError, match="DazzledLatch breaks C15") as failure:
        run(state_machine(samples.DazzledLatch, policy="latchproof"), 60)
    assert re.search(r"seen: +an observation raised ", str(failure.value))


def test_the_fault_of_asyncio_s_barrier_is_found() -> None:
    """One index is given twice where a task is cancelled: that breaks C5 under every policy that withdraws."""
    with pytest.raises(AssertionError, match="asyncio:Barrier breaks C5 on asyncio"):
        run(state_machine(load("asyncio:Barrier"), policy="cpython"), 4000)  # found after 600 by most seeds


def test_without_a_policy_any_one_of_them_will_do() -> None:
    run(state_machine(samples.CountdownBarrier), 60)
    run(state_machine(samples.FifoBarrier), 60)
    with pytest.raises(AssertionError, match="breaks C6"):
        run(state_machine(samples.GreedyBarrier), 60)


def test_right_classes_pass_in_the_lenient_form() -> None:
    run(state_machine(samples.PlainLatch, policy="latchproof"), 60)
    run(state_machine(samples.UntidyLatch, policy="latchproof"), 60)


def test_what_shows_only_at_rest_is_found_at_the_end_of_an_example() -> None:
    machine = state_machine(samples.DeafLatch, policy="latchproof")()
    machine.make(1)
    machine.call("wait", {})
    machine.run_pass()
    machine.call("count_down", {})
    machine.run_pass()
    with pytest.raises(AssertionError, match="nothing can run any more"):
        machine.teardown()


def test_every_call_under_way_can_be_cancelled_once() -> None:
    machine = state_machine(Barrier, policy="latchproof")()
    assert machine._cancellable == set()
    machine.make(4)
    for _ in range(3):
        machine.call("wait", {})
    assert machine._cancellable == set()  # none has begun
    machine.run_pass()
    assert machine._cancellable == {0, 1, 2}
    machine.example.cancel(1)
    assert machine._cancellable == {0, 2}
    machine.teardown()


def test_an_example_in_which_nothing_was_made_ends_in_peace() -> None:
    state_machine(samples.DeafLatch)().teardown()
    machine = state_machine(samples.DeafLatch)()
    machine.make(1)
    machine.teardown()


def test_what_a_check_blames_is_blamed() -> None:
    """No policy allows the run of asyncio.Barrier that `latchproof check` finds, and most of them blame C5."""
    machine = state_machine(load("asyncio:Barrier"), parties=3)()
    machine.make(3)
    for _ in range(2):
        machine.call("wait", {})
        machine.run_pass()
    machine.example.cancel(0)
    machine.run_pass()
    for _ in range(2):
        machine.call("wait", {})
        machine.run_pass()
    with pytest.raises(CounterexampleError) as failure:
        machine.rest()
    machine.teardown()
    blamed = failure.value.trace
    checked = check("asyncio:Barrier", tasks=3, calls=4, cancels=1, parties=3, policy=blamed.policy)
    assert (blamed.claim, blamed.seen) in [(trace.claim, trace.seen) for trace in checked.traces]
    assert blamed.claim == "C5"


def test_after_a_finding_an_example_ends_without_another() -> None:
    machine = state_machine(samples.HastyLatch, policy="latchproof")()
    machine.make(1)
    machine.call("wait", {})
    machine.run_pass()
    with pytest.raises(AssertionError, match="breaks C3"):
        machine.run_pass()
    machine.teardown()


def test_it_can_be_put_into_a_test_module() -> None:
    case = state_machine(samples.GreedyBarrier).TestCase
    case.settings = settings(max_examples=60, database=None, deadline=None, derandomize=True, phases=[Phase.generate])
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert (result.testsRun, len(result.failures)) == (1, 1)
    assert "breaks C6" in result.failures[0][1]


def test_logging_is_as_it_was() -> None:
    run(state_machine(CountdownLatch), 5)
    assert logging.root.manager.disable == logging.NOTSET


@pytest.mark.parametrize("target", [CountdownLatch, Barrier])
def test_an_unknown_policy_is_refused(target: Any) -> None:
    with pytest.raises(TargetError, match=r"there is no policy 'ruby' for a (latch|barrier); there are latchproof, "):
        state_machine(target, policy="ruby")


def test_an_unknown_host_is_refused() -> None:
    message = "'curio' is not a host that can be driven; there are asyncio, uvloop, trio, flowno"
    with pytest.raises(TargetError, match=message):
        state_machine(Barrier, host="curio")


@pytest.mark.parametrize(
    ("host", "module"), [("trio", "trio"), ("uvloop", "uvloop"), ("flowno", "flowno.core.event_loop")]
)
def test_a_host_that_is_not_installed_is_said(host: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "latchproof.fuzz.flowno_driver", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TargetError, match=f"{host} is not installed here: pip install {host}"):
        state_machine(Barrier, host=host)


@pytest.mark.parametrize(
    "factory", [flowno_samples.ConditionLatch, flowno_samples.LockedLatch, flowno_samples.SpawningWaitLatch]
)
def test_no_class_is_blamed_for_a_fault_of_the_hosts_own_loop(factory: Any) -> None:
    run(state_machine(factory, policy="latchproof", host="flowno"), 60)


def test_what_resembles_one_is_found() -> None:
    with pytest.raises(AssertionError, match="ForgetfulLatch breaks C11 on flowno"):
        run(state_machine(flowno_samples.ForgetfulLatch, policy="latchproof", host="flowno"), 300)
    with pytest.raises(AssertionError, match="ReleasingLatch breaks C15 on flowno"):
        run(state_machine(flowno_samples.ReleasingLatch, policy="latchproof", host="flowno"), 60)


def test_what_cannot_be_driven_is_refused() -> None:
    with pytest.raises(TargetError, match="neither a latch"):
        state_machine(samples.Stranger)
    assert state_machine(samples.Waiter, kind="barrier").target.machine is MACHINES["barrier"]


def test_no_more_calls_are_made_than_may_be_under_way() -> None:
    most = 0

    class Counting(samples.PlainLatch):
        there = 0

        async def wait(self) -> None:
            nonlocal most
            type(self).there += 1
            most = max(most, self.there)
            try:
                await super().wait()
            finally:
                type(self).there -= 1

    run(state_machine(Counting), 60)
    assert most == AT_ONCE


# ------------------------------------------------------------------------------------------------ the drivers


class Recorder:
    """Tasks that note their steps."""

    def __init__(self, cancelled: type[BaseException]) -> None:
        self.cancelled = cancelled
        self.steps: list[str] = []

    async def once(self, name: str) -> None:
        self.steps.append(name)

    async def parks(self, barrier: Barrier) -> None:
        self.steps.append("parks")
        try:
            await barrier.wait()
        except self.cancelled:
            self.steps.append("cancelled")
            raise
        self.steps.append("goes on")


@pytest.mark.parametrize(
    "factory", [trio_samples.ForgetfulAbortLatch, trio_samples.StaleQueueLatch, trio_samples.FatalLatch]
)
def test_what_trio_does_not_survive_is_found_by_fuzzing_and_the_next_run_goes_on_as_ever(factory: Any) -> None:
    machine = state_machine(factory, host="trio", policy="latchproof")
    with pytest.raises(AssertionError, match="breaks C15 on trio"):
        run(machine, 100)
    assert machine.failure is not None
    assert machine.failure.history[-1] == Stray(machine.failure.finding.seen)
    run(state_machine(trio_samples.EventLatch, host="trio", policy="latchproof"), 5)


@ON_EVERY_HOST
def test_a_task_runs_in_the_next_pass(host: str) -> None:
    driver = make_driver(host)
    recorder = Recorder(driver.cancelled)
    for name in "ab":
        driver.spawn(recorder.once(name))
    assert recorder.steps == []
    driver.run_pass()
    assert sorted(recorder.steps) == ["a", "b"]
    driver.run_pass()
    assert sorted(recorder.steps) == ["a", "b"]
    driver.close()


@ON_EVERY_HOST
def test_a_parked_task_waits_and_is_cancelled(host: str) -> None:
    driver = make_driver(host)
    recorder = Recorder(driver.cancelled)
    barrier = Barrier(2)
    handle = driver.spawn(recorder.parks(barrier))
    for _ in range(3):
        driver.run_pass()
    assert recorder.steps == ["parks"]
    driver.cancel(handle)
    assert recorder.steps == ["parks"]
    assert barrier.n_waiting == 0
    driver.run_pass()
    driver.run_pass()
    assert recorder.steps == ["parks", "cancelled"]
    driver.close()


@ON_EVERY_HOST
def test_to_close_ends_every_task(host: str) -> None:
    driver = make_driver(host)
    recorder = Recorder(driver.cancelled)
    driver.spawn(recorder.parks(Barrier(2)))
    driver.run_pass()
    driver.close()
    assert recorder.steps == ["parks", "cancelled"]


@ON_EVERY_HOST
def test_a_driver_that_ran_nothing_is_closed(host: str) -> None:
    make_driver(host).close()


@ON_EVERY_HOST
def test_signals_are_handled_as_before(host: str) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    driver = make_driver(host)
    recorder = Recorder(driver.cancelled)
    driver.spawn(recorder.once("a"))
    driver.run_pass()
    driver.close()
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_trio_shuffles_the_same_way_each_time_and_then_as_it_did() -> None:
    trio_run: Any = import_module("trio._core._run")
    before = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    orders = []
    for _ in range(2):
        driver = make_driver("trio")
        recorder = Recorder(driver.cancelled)
        for name in "abcdefgh":
            driver.spawn(recorder.once(name))
        driver.run_pass()
        driver.close()
        orders.append(recorder.steps)
    assert orders[0] == orders[1]
    assert before == trio_run._ALLOW_DETERMINISTIC_SCHEDULING


def test_a_machine_may_be_about_one_claim() -> None:
    with pytest.raises(AssertionError, match="HastyLatch breaks C3"):
        run(state_machine(samples.HastyLatch, policy="latchproof", claim="C3"), 50)
    other = state_machine(samples.HastyLatch, policy="latchproof", claim="C11")
    run(other, 50)
    assert other.broken == {"C3"}
    with pytest.raises(TargetError, match="there is no claim 'C5' about a latch"):
        state_machine(samples.HastyLatch, claim="C5")


def test_the_constructor_is_given_what_is_asked_for() -> None:
    made: list[int] = []

    def make(parties: int) -> Barrier:
        made.append(parties)
        return Barrier(parties)

    machine = state_machine(make, kind="barrier", policy="latchproof", strict=True, parties=[6, 7])
    made.clear()
    run(machine, 30)
    assert set(made) == {6, 7}
    assert machine.at_once == 7
    with pytest.raises(TargetError, match="a barrier's parties must be 1 or more, not 0"):
        state_machine(Barrier, parties=0)
    with pytest.raises(TargetError, match="a latch is made with its count, not with parties"):
        state_machine(samples.PlainLatch, parties=2)
