"""The plugin, as another project's test suite has it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof import Barrier
from latchproof.check.target import TargetError
from latchproof.pytest_plugin import Conforms, _claims_of, _in_file
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
    latchproof_conforms("asyncio:Barrier", policy="cpython", tasks=3, calls=4, argument=3)
"""


MINE = """
class Greedy:
    \"\"\"A barrier that lets each task pass.\"\"\"
    def __init__(self, parties): self.parties = parties
    async def wait(self): return 0
"""

SUITE_WITH_OPTIONS = """
import mine
import pytest
from hypothesis import HealthCheck, Phase, settings
from latchproof.testing import state_machine

def test_conforms(latchproof_conforms, latchproof_target):
    latchproof_conforms(latchproof_target, cancels=0)

@pytest.mark.latchproof_slow
def test_slow(latchproof_conforms):
    raise AssertionError

def test_local(latchproof_conforms):
    class Local(mine.Greedy):
        pass
    latchproof_conforms(Local)

def test_host(latchproof_conforms):
    latchproof_conforms(mine.Greedy, host="tokio")

TestMachine = state_machine(mine.Greedy, policy="latchproof").TestCase
TestMachine.settings = settings(
    max_examples=20, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
"""

OPTIONS = """
[tool.latchproof]
policy = "latchproof"
tasks = 2
calls = 9
targets = ["mine:Greedy", "latchproof:Barrier"]
"""


def run_pytest(folder: Path, *arguments: str) -> str:
    command = [
        sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "test_mine.py").write_text(SUITE_WITH_OPTIONS)
    (tmp_path / "pyproject.toml").write_text(OPTIONS)
    return tmp_path


def test_a_suite_that_uses_it(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(SUITE)
    printed = run_pytest(tmp_path)
    assert "1 failed, 2 passed" in printed, printed
    assert "A generation is given exactly the indices" in printed
    assert "latchproof replay '3:" in printed
    assert "Traceback" not in printed


def test_options_of_the_table_and_of_the_command_line(suite: Path) -> None:
    printed = run_pytest(suite, "--strict-markers", "--latchproof-calls", "3", "--latchproof-argument", "2")
    assert "4 failed, 1 passed, 1 skipped" in printed, printed
    assert "marked latchproof_slow; run it with --latchproof-slow" in printed
    assert "3 calls, 2 at once, 0 cancellations" in printed  # of the command line, of the table, and of the test
    replays = set(re.findall(r"latchproof replay '2:w[w.]*' (\S*) --policy latchproof", printed))
    assert replays == {"mine:Greedy", "MODULE:NAME"}
    machine = printed[printed.index("TestMachine") :]
    shown = [machine.find(one) for one in ("mine:Greedy breaks C6 on asyncio", "call 1", "replay '", "state.make(")]
    assert -1 < shown[0] < shown[1] < shown[2] < shown[3], machine
    assert "latchproof: 'tokio' is not a host" in printed
    assert "Traceback" not in printed
    assert "Begin(" not in printed
    assert not re.search(r"^\S+\.py:\d+: ", printed, re.MULTILINE), "a traceback is shown"
    assert len(printed.splitlines()) < 160


def test_a_test_without_targets_is_an_error_and_not_skipped(suite: Path) -> None:
    (suite / "pyproject.toml").unlink()
    printed = run_pytest(suite, "-k", "test_conforms")
    assert "latchproof_target: name a target, by --latchproof-target MODULE:NAME" in printed
    assert "1 error" in printed


def test_each_claim_is_a_test_if_that_is_asked_for(suite: Path) -> None:
    printed = run_pytest(suite, "-vv", "-k", "test_conforms", "--latchproof-claims", "--latchproof-calls", "3")
    for name, claim, outcome in (
        ("mine:Greedy", "C6", "FAILED"),
        ("mine:Greedy", "C5", "SKIPPED"),
        ("latchproof:Barrier", "C5", "PASSED"),
        ("latchproof:Barrier", "C7", "SKIPPED"),
    ):
        assert f"test_mine.py::test_conforms[{name}-{claim}] {outcome}" in printed, printed
    assert "inconclusive: runs that broke C6 ended early, so nothing more is known of C5" in printed
    assert "inconclusive: C7 never had a chance to fail within these bounds" in printed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hosts = 'trio'", "[tool.latchproof] has no option 'hosts'; there are host, policy, "),
        ("calls = true", "[tool.latchproof] calls is True, not a whole number"),
        ("targets = [1]", "[tool.latchproof] targets is [1], not a list of MODULE:NAME"),
        ("= 1", "pyproject.toml: "),
    ],
)
def test_an_option_that_is_wrong_is_named(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.latchproof]\n{line}\n")
    with pytest.raises(pytest.UsageError) as error:
        _in_file(tmp_path)
    assert said in str(error.value)


def test_a_target_that_is_not_there_is_named_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(pytest.Collector.CollectError, match="there is no module 'nowhere'"):
        _claims_of("nowhere:Barrier")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(pytest.fail.Exception) as failure:
        Conforms()(samples.PlainLatch)
    assert str(failure.value) == (
        'latchproof: the fixture latchproof_conforms needs rich: pip install "latchproof[check]"'
    )


def test_the_verdict_is_returned_or_the_test_fails() -> None:
    conforms = Conforms()
    assert conforms(samples.PlainLatch, tasks=2, calls=2).exit_code in (0,)
    with pytest.raises(pytest.fail.Exception, match="is broken"):
        conforms(samples.ForgetfulLatch, tasks=2, calls=3)


def test_what_a_verdict_leaves_out_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Conforms()(Barrier, policy="latchproof", tasks=2, calls=2)
    printed = capsys.readouterr().out
    assert "not driven: abort_nowait(), reset_nowait(), async with" in printed
    assert re.search(r"^(never ran|not seen to run): barrier\.py:", printed, re.MULTILINE)


def test_it_is_registered() -> None:
    from importlib.metadata import entry_points

    names = {entry.name: entry.value for entry in entry_points(group="pytest11")}
    assert names.get("latchproof") == "latchproof.pytest_plugin", "was the project installed before it had the plugin?"


def test_workers_need_a_name() -> None:
    with pytest.raises(TargetError, match="workers load their target by its name"):
        check(samples.PlainLatch, workers=2)
    assert check("tests.check.samples:PlainLatch", workers=1, tasks=1, calls=2, cancels=0).reported.failures == {}
