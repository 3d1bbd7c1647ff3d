"""The plugin, as another project's test suite has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from latchproof import Barrier
from latchproof.check.target import TargetError
from latchproof.pytest_plugin import Conforms
from latchproof.testing import check
from tests.check import samples

SUITE = """
import sys
import asyncio
import latchproof

def test_first():
    kit = [name for name in sys.modules if name.startswith(("latchproof.verify", "latchproof_spec.claims", "z3"))]
    assert kit == []

def test_ours(latchproof_conforms):
    assert latchproof_conforms(latchproof.Barrier, tasks=2, calls=2).status == "conforms"

def test_theirs(latchproof_conforms):
    latchproof_conforms("asyncio:Barrier", policy="cpython", tasks=3, calls=4)
"""


def test_a_suite_that_uses_it(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SUITE)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", str(tmp_path)
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 failed, 2 passed" in done.stdout, done.stdout
    assert "C5 is broken: A generation is given exactly the indices" in done.stdout
    assert "latchproof replay '3:w.w.-1." in done.stdout
    assert "Traceback" not in done.stdout


def test_the_verdict_is_returned_or_the_test_fails() -> None:
    conforms = Conforms()
    assert conforms(samples.PlainLatch, tasks=2, calls=2).exit_code in (0,)
    with pytest.raises(pytest.fail.Exception, match="is broken"):
        conforms(samples.ForgetfulLatch, tasks=2, calls=3)


def test_what_a_verdict_leaves_out_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Conforms()(Barrier, policy="latchproof", tasks=2, calls=2)
    printed = capsys.readouterr().out
    assert "not driven: abort_nowait(), reset_nowait(), async with" in printed
    assert "never ran: barrier.py:" in printed


def test_it_is_registered() -> None:
    from importlib.metadata import entry_points

    names = {entry.name: entry.value for entry in entry_points(group="pytest11")}
    assert names.get("latchproof") == "latchproof.pytest_plugin", "was the project installed before it had the plugin?"


def test_workers_need_a_name() -> None:
    with pytest.raises(TargetError, match="workers load their target by its name"):
        check(samples.PlainLatch, workers=2)
    assert check("tests.check.samples:PlainLatch", workers=1, tasks=1, calls=2, cancels=0).reported.failures == {}
