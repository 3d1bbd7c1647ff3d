"""The public names for other people's suites, with and without Hypothesis."""

from __future__ import annotations

import subprocess
import sys

import pytest

from latchproof import Barrier, CountdownLatch, testing
from latchproof.check.target import TargetError
from latchproof.fuzz import state_machine
from tests.runtime.drivers import Host

WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
from latchproof import Barrier, CountdownLatch, testing
assert testing.check("asyncio:Barrier", policy="cpython", tasks=3, calls=4).status == "counterexample"
try:
    testing.state_machine
except ImportError as error:
    print(error)
"""


def test_a_check_needs_no_hypothesis() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_HYPOTHESIS], capture_output=True, text=True, check=True)
    assert done.stdout == 'latchproof.testing.state_machine needs hypothesis: pip install "latchproof[fuzz]"\n'


def test_every_public_name_is_there() -> None:
    assert {getattr(testing, name) is not None for name in testing.__all__} == {True}
    assert testing.state_machine is state_machine.state_machine
    assert set(dir(testing)) >= {"check", "state_machine", "SpecificationMachine"}


async def test_tasks_run_until_as_many_wait(host: Host) -> None:
    async def comes_later(barrier: Barrier) -> None:
        for _ in range(5):
            await host.pause()
        await barrier.wait()

    barrier, latch = Barrier(4), CountdownLatch(1)
    for _ in range(3):
        host.start(comes_later(barrier))
    await testing.wait_until_waiting(barrier, 3)
    assert barrier.n_waiting == 3
    host.start(latch.wait())
    await testing.wait_until_waiting(latch, 1)
    assert (latch.n_waiting, latch.is_open) == (1, False)
    latch.count_down_nowait()
    assert (latch.n_waiting, latch.is_open) == (0, True)
    await testing.wait_until_waiting(latch, 0, turns=0)
    said = r"3 tasks wait at <Barrier parties=4 waiting=3>, not 2, after 9 turns of the event loop"
    with pytest.raises(AssertionError, match=said):
        await testing.wait_until_waiting(barrier, 2, turns=9)
    with pytest.raises(TypeError, match="has no n_waiting"):
        await testing.wait_until_waiting(host, 0)


def test_where_no_loop_runs_nothing_is_waited_for() -> None:
    with pytest.raises(RuntimeError, match="no supported event loop is running"):
        testing.wait_until_waiting(Barrier(2), 1).send(None)


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match=r"'latchproof\.testing' has no attribute 'fuzz_it'"):
        testing.fuzz_it  # noqa: B018


def test_the_constructor_is_given_what_is_asked_for() -> None:
    verdict = testing.check("latchproof:Barrier", policy="latchproof", parties=4, calls=4)
    assert verdict.status == "conforms"
    assert [bound.partition(":")[0] for bound in verdict.bounds[:-1]] == ["parties 4"]
    verdict = testing.check("latchproof:CountdownLatch", policy="latchproof", count=(1, 2), calls=2, cancels=0)
    assert [bound.partition(":")[0] for bound in verdict.bounds[:-1]] == ["count 1, 2"]
    with pytest.raises(TargetError, match="choose the count"):
        testing.check("latchproof:CountdownLatch", parties=2)
