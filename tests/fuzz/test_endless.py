"""A step that does not end, under the fuzzer: it is found, repeated once, and ends Hypothesis's run."""

from __future__ import annotations

import asyncio
import re
import threading
import time
import unittest
import warnings
from functools import partial
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof.check.history import Hang
from latchproof.check.sandbox.watch import UNINTERRUPTED
from latchproof.cli.main import main
from latchproof.fuzz.drivers import AsyncioDriver, make_driver
from latchproof.testing import EndlessStepError, SpecificationMachine, state_machine, trace_of
from tests.check import flowno_samples, samples, trio_samples
from tests.conftest import HAS_UVLOOP

CPU, BLOCK = 0.1, 0.3
"""The limits of a step, in seconds."""

THIS = "tests.fuzz.test_endless"


class Endless(samples.PlainLatch):
    """The count_down() that would reach zero does not end."""

    def count_down(self) -> None:
        if self._count == 1:
            self.stay()
        super().count_down()

    def stay(self) -> None:
        while True:
            pass


class Sleeps(Endless):
    def stay(self) -> None:
        time.sleep(1000)


class Locked(Endless):
    def stay(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()


class Swallows(Endless):
    def stay(self) -> None:
        while True:
            try:
                sum(range(1000))
            except BaseException:
                continue


class InACallback(Endless):
    def stay(self) -> None:
        asyncio.get_running_loop().call_soon(super().stay)


class Made(samples.PlainLatch):
    """Its constructor does not end for 3."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        while count == 3:
            pass


class Read(samples.PlainLatch):
    """Reading it does not end when the count is 1."""

    @property
    def count(self) -> int:
        while self._count == 1:
            pass
        return self._count


class Cancelled(samples.PlainLatch):
    """A wait() that is cancelled does not end."""

    async def wait(self) -> None:
        try:
            await super().wait()
        except asyncio.CancelledError:
            while True:
                pass


class Future(asyncio.Future[None]):
    def cancel(self, msg: Any = None) -> bool:
        while True:
            pass


class Cancels(samples.PlainLatch):
    """The request to cancel a wait() does not end."""

    async def wait(self) -> None:
        if self._count:
            await Future()


class Closed(samples.PlainLatch):
    """A wait() that is cancelled does not end where that closes the loop."""

    closing = False

    async def wait(self) -> None:
        try:
            await super().wait()
        except asyncio.CancelledError:
            while Closed.closing:
                pass
            raise


class Hasty(samples.HastyLatch):
    """It breaks C3, and a wait() that is cancelled does not end."""

    async def wait(self) -> None:
        try:
            await asyncio.sleep(0)
            await super().wait()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            while True:
                pass


class OnTrio(trio_samples.EventLatch):
    async def count_down(self) -> None:
        while True:
            pass


class CancelledOnTrio(trio_samples.EventLatch):
    async def wait(self) -> None:
        try:
            await super().wait()
        except trio.Cancelled:
            while True:
                pass


class OnFlowno(flowno_samples.ConditionLatch):
    async def count_down(self) -> None:
        while True:
            pass


def run(machine: type[SpecificationMachine], examples: int = 100, *, shrinks: bool = True) -> None:
    options = settings(
        max_examples=examples,
        stateful_step_count=20,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=options)


def limited(factory: Any, **options: Any) -> type[SpecificationMachine]:
    return state_machine(factory, policy="latchproof", step_cpu=CPU, step_block=BLOCK, **options)


def found(machine: type[SpecificationMachine]) -> Hang:
    """Return what does not end, after it was found, in no more time than a few such steps take."""
    begun = time.process_time()
    what = r"(call \d: )?(a step|a reading|the constructor) "
    with pytest.raises(EndlessStepError, match=rf"breaks C11 on \w+\n(.|\n)*seen: +{what}"):
        run(machine)
    assert time.process_time() - begun < 5
    assert machine.failure is not None
    hang = machine.failure.history[-1]
    assert isinstance(hang, Hang)
    assert machine.failure.finding.seen == str(hang)
    assert machine.failure.finding.allowed == ("a step that ends",)
    return hang


@pytest.mark.parametrize(
    ("factory", "what", "spent"),
    [
        (Endless, "a step", "0.1 s of CPU time"),
        (Sleeps, "a step", "0.3 s of blocking"),
        (Locked, "a step", "0.3 s of blocking"),
        (Swallows, "a step", "0.1 s of CPU time"),
        (InACallback, "a step", "0.1 s of CPU time"),
        (Made, "the constructor", "0.1 s of CPU time"),
        (Read, "a reading", "0.1 s of CPU time"),
        (Cancelled, "a step", "0.1 s of CPU time"),
        (Cancels, "a step", "0.1 s of CPU time"),
    ],
)
def test_it_is_found(factory: Any, what: str, spent: str) -> None:
    machine = limited(factory)
    hang = found(machine)
    assert (hang.what, hang.spent, hang.at.partition(":")[0]) == (what, spent, "test_endless.py")
    trace = trace_of(machine)
    assert trace is not None
    assert trace.claim == "C11"


@pytest.mark.parametrize(
    ("factory", "host"),
    [
        pytest.param(Endless, "uvloop", marks=HAS_UVLOOP),
        pytest.param(Sleeps, "uvloop", marks=HAS_UVLOOP),
        pytest.param(Cancelled, "uvloop", marks=HAS_UVLOOP),
        (OnTrio, "trio"),
        (CancelledOnTrio, "trio"),
        (OnFlowno, "flowno"),
    ],
)
def test_it_is_found_on_other_hosts_which_then_run_as_ever(factory: Any, host: str) -> None:
    assert found(limited(factory, host=host)).at.startswith("test_endless.py:")
    right = {"trio": trio_samples.EventLatch, "flowno": flowno_samples.ConditionLatch}.get(host, samples.PlainLatch)
    run(limited(right, host=host), 5)


def test_the_run_is_repeated_one_step_at_a_time_and_can_be_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    machine = limited(Endless)
    found(machine)
    trace = trace_of(machine)
    assert trace is not None
    assert machine.failure is not None
    assert trace.schedule == machine.failure.schedule[: len(trace.schedule)]
    limits = ["--step-cpu", str(CPU), "--step-block", str(BLOCK)]
    assert main(["fuzz", f"{THIS}:Endless", "--policy", "latchproof", "--examples", "50", *limits]) == 1
    out = capsys.readouterr().out
    assert "each step takes at most 0.1 s of CPU time and 0.3 s of blocking" in out
    assert "does not end" in out
    assert re.search(r"seen:     call \d: a step did not end within 0\.1 s of CPU time, at test_endless\.py:", out)
    (again,) = [line.split() for line in out.splitlines() if "latchproof replay " in line]
    assert main([*(word.strip("'") for word in again[2:]), *limits]) == 1


def test_a_test_case_fails_with_an_assertion() -> None:
    case = limited(Endless).TestCase
    case.settings = settings(max_examples=50, database=None, deadline=None, derandomize=True)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert (result.testsRun, len(result.failures), result.errors) == (1, 1, [])
    assert "breaks C11" in result.failures[0][1]
    assert vars(case.runTest)["is_hypothesis_test"]


def test_a_step_that_ends_the_next_time_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    Slow.is_slow = True
    machine = limited(Slow)
    Slow.is_slow = True
    run(machine, 30)
    assert machine.failure is None
    (said,) = machine.slow
    assert said.startswith("a step did not end within 0.3 s of blocking, at test_endless.py:")
    assert said.endswith("; under the same schedule it ended another time")


class Slow(samples.PlainLatch):
    """A step of it is slow, but for the first time alone."""

    is_slow = False

    def count_down(self) -> None:
        if Slow.is_slow:
            Slow.is_slow = False
            time.sleep(1000)
        super().count_down()


def test_the_command_says_that_a_step_was_slow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(machine: type[SpecificationMachine], settings: object) -> None:
        machine.slow.append("a step did not end within 1 s of CPU time, at a.py:1; it ended another time")

    monkeypatch.setattr("hypothesis.stateful.run_state_machine_as_test", run)
    assert main(["fuzz", "latchproof:CountdownLatch"]) == 3
    assert "inconclusive: a step did not end within 1 s of CPU time, at a.py:1;" in capsys.readouterr().out


def test_steps_that_end_are_told_apart() -> None:
    """Together the steps of one pass take longer than one may."""

    class Leisurely(samples.PlainLatch):
        async def wait(self) -> None:
            for _ in range(2):
                await asyncio.sleep(0)
                self.pause()
            await super().wait()

        def pause(self) -> None:
            time.sleep(0.15)

    machine = limited(Leisurely)()
    machine.make(1)
    for _ in range(3):
        machine.call("wait", {})
    for _ in range(3):
        machine.run_pass()
    assert (machine.example.stuck, type(machine).slow) == (None, [])
    machine.teardown()


@pytest.mark.parametrize("host", ["asyncio", "trio", "flowno"])
def test_a_driver_counts_the_steps(host: str) -> None:
    driver = make_driver(host)

    async def nothing() -> None:
        """Take a step."""

    before = driver.steps
    for _ in range(3):
        driver.spawn(nothing())
    driver.run_pass()
    assert driver.steps >= before + 3
    driver.close()


def test_what_does_not_end_when_the_loop_is_closed_is_inconclusive(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    close = AsyncioDriver.close

    def closing(driver: AsyncioDriver) -> None:
        monkeypatch.setattr(Closed, "closing", True)
        try:
            close(driver)
        finally:
            monkeypatch.setattr(Closed, "closing", False)

    monkeypatch.setattr(AsyncioDriver, "close", closing)
    limits = ["--step-cpu", str(CPU), "--step-block", str(BLOCK)]
    # the same examples each time: in some a task waits at the end, which random ones do not ensure
    monkeypatch.setattr("hypothesis.settings", partial(settings, derandomize=True, database=None))
    examples = ["--count", "9", "--examples", "20"]
    assert main(["fuzz", f"{THIS}:Closed", "--policy", "latchproof", *examples, *limits]) == 3
    said = "inconclusive: the clean-up of a task did not end within 0.1 s of CPU time, at test_endless.py:"
    assert said in capsys.readouterr().out


def test_a_failure_that_was_found_before_is_reported() -> None:
    machine = limited(Hasty)
    with pytest.raises(EndlessStepError, match="breaks C11"):
        run(machine)


def test_with_a_claim_nothing_else_is_run_either(capsys: pytest.CaptureFixture[str]) -> None:
    machine = limited(Endless, claim="C3")
    with pytest.raises(EndlessStepError, match=r"^a step did not end within .*; nothing is concluded about C3$"):
        run(machine)
    assert machine.broken == {"C11"}
    assert trace_of(machine) is None


def test_outside_of_the_main_thread_what_uses_the_processor_is_found_too() -> None:
    errors: list[BaseException] = []

    def fuzz() -> None:
        machine = limited(Endless)()
        try:
            machine.make(1)
            machine.call("count_down", {})
            machine.run_pass()
        except BaseException as error:
            errors.append(error)
        finally:
            machine.teardown()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        thread = threading.Thread(target=fuzz)
        thread.start()
        thread.join()
    assert [type(one) for one in errors] == [EndlessStepError]
    assert {str(one.message) for one in warned} == {UNINTERRUPTED}


@pytest.mark.parametrize(("option", "text"), [("--step-cpu", "0"), ("--step-block", "none")])
def test_a_limit_is_a_number_of_seconds(option: str, text: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["fuzz", "latchproof:Barrier", option, text])
    assert refused.value.code == 2
