"""The public names for other people's suites, with and without Hypothesis."""

from __future__ import annotations

import subprocess
import sys

import pytest

from latchproof import testing
from latchproof.check.target import TargetError
from latchproof.fuzz import state_machine

WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
from latchproof import testing
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
