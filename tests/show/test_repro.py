"""Standalone reproductions: on each host they fail by their assertion where the fault is, and pass where it is not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.trace import read_file
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show import dialects, repro
from latchproof.show.repro import reproduction, shortest_reproduction
from latchproof.show.words import CannotRenderError
from latchproof.testing import check
from tests.without_plugins import run_alone

SAMPLES = Path(__file__).parents[1] / "check"


def run(source: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a test in another folder than it was made in, with the samples beside it, as it asks."""
    path = tmp_path / "test_found.py"
    path.write_text(source)
    for name in ("samples.py", "trio_samples.py"):
        (tmp_path / name).write_text((SAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    return run_alone(path)


CASES: list[Any] = [
    (f"{SAMPLES / 'samples.py'}:GreedyBarrier", "asyncio", "FifoBarrier"),
    (f"{SAMPLES / 'trio_samples.py'}:StayingBarrier", "trio", "EventBarrier"),
    ("flowno.core.event_loop.synchronization:CountdownLatch", "flowno", None),
]


@pytest.mark.parametrize(("target", "host", "right"), CASES)
def test_it_fails_where_the_fault_is_and_nowhere_else(
    target: str, host: str, right: str | None, tmp_path: Path
) -> None:
    source, _ = shortest_reproduction(check(target, host=host, policy="cpython", tasks=2, calls=2, cancels=1))
    assert "latchproof" not in source.replace("Found by latchproof", "")
    assert str(SAMPLES) not in source
    module, _, name = target.rpartition(":")
    assert ("Put trio_samples.py beside" in source, f"It imports {module}, which must" in source) in (
        {"trio": (True, False), "flowno": (False, True)}.get(host, (False, False)),
    )
    failing = run(source, tmp_path)
    assert failing.returncode == 1
    assert "AssertionError" in failing.stdout
    if right is None:
        right, module = "CountdownLatch", "latchproof"
        source = source.replace("flowno.core.event_loop.synchronization", module)
    passing = run(source.replace(name, right), tmp_path)
    assert passing.returncode == 0, passing.stdout


def test_steps_are_made_one_by_one_where_whole_turns_do_not_show_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    verdict = check("asyncio:Barrier", policy="cpython", tasks=3, calls=4, cancels=1)
    monkeypatch.setitem(dialects.DIALECTS, "asyncio", (dialects.ASYNCIO_BY_STEPS,))
    source = reproduction(verdict.traces[0])
    assert "loop._ready.popleft()" in source
    assert run(source, tmp_path).returncode == 1


def test_tasks_are_made_in_the_order_of_the_schedule(tmp_path: Path) -> None:
    """On trio a pass may be reversed: then they begin in the other order."""
    options = ["--host", "trio", "--policy", "keeps", "--tasks", "2", "--calls", "2", "--count", "0"]
    written = tmp_path / "test_it.py"
    assert main(["check", f"{SAMPLES / 'trio_samples.py'}:EqualsZeroLatch", *options, "--repro", str(written)]) == 1
    source = written.read_text(encoding="utf-8")
    assert run(source, tmp_path).returncode == 1
    assert run(source.replace("EqualsZeroLatch", "EventLatch"), tmp_path).returncode == 0


@pytest.fixture(scope="module")
def broken_twice() -> Verdict:
    verdict = check("asyncio:Barrier", policy="latchproof", tasks=3, calls=4, cancels=1)
    assert len(verdict.reported.failures) > 1
    return verdict


@pytest.mark.parametrize("failing", [1, 2])
def test_another_run_is_taken_where_the_shortest_cannot_be_made(
    failing: int, broken_twice: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortest, *others = broken_twice.alternatives
    assert [one.steps for one in broken_twice.traces] == sorted(one.steps for one in broken_twice.traces)
    if failing == 2:  # no run of that length can be made
        others = [one for one in others if one.claim != shortest.claim]
    refused = {one.notation for one in broken_twice.alternatives} - {others[0].notation}
    render = repro.reproduction

    def reproduction(trace: Any, note: str = "") -> str:
        if trace.notation in refused:
            raise CannotRenderError("it passes")
        return render(trace, note)

    monkeypatch.setattr(repro, "reproduction", reproduction)
    source, note = shortest_reproduction(broken_twice)
    which = (
        "another run of that length" if others[0].claim == shortest.claim else f"a run that breaks {others[0].claim}"
    )
    assert note == (
        f"no test can be made of the shortest run, which breaks {shortest.claim} (it passes); this is {which}"
    )
    assert f"\nN{note[1:]}.\n" in source
    assert others[0].seen in source


def test_a_file_of_a_package_is_imported_from_it(tmp_path: Path) -> None:
    package = tmp_path / "made" / "sync"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("class Base:\n def __init__(self, count): self._n = count\n")
    (package / "latch.py").write_text(
        "from .base import Base\nclass Deaf(Base):\n def count_down(self): pass\n async def wait(self): return 1 / 0\n"
    )
    verdict = check(f"{package / 'latch.py'}:Deaf", tasks=1, calls=1, cancels=0, count=0)
    source, _ = shortest_reproduction(verdict)
    assert "from sync.latch import Deaf" in source
    assert "Put sync beside this file." in source
    assert str(tmp_path) not in source


def test_what_cannot_be_reproduced_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = check("asyncio:Barrier", policy="cpython", tasks=3, calls=4, cancels=1)
    monkeypatch.setattr(repro, "_run", lambda source, beside: "it passes")
    with pytest.raises(CannotRenderError, match="the run does not show the fault: it passes"):
        reproduction(verdict.traces[0])


def test_a_host_for_which_no_test_can_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other files are written all the same."""
    monkeypatch.delitem(dialects.DIALECTS, "flowno")
    written, refused = tmp_path / "trace.json", tmp_path / "test_it.py"
    target = "flowno.core.event_loop.synchronization:CountdownLatch"
    options = ["--host", "flowno", "--policy", "cpython", "--tasks", "2", "--calls", "2"]
    assert main(["check", target, *options, "--json", str(written), "--repro", str(refused)]) == 1
    assert written.exists()
    assert not refused.exists()
    with pytest.raises(CannotRenderError, match="tests are written for asyncio, uvloop, trio, not for flowno"):
        reproduction(read_file(written))


def test_what_is_observed_by_a_method_in_a_file_that_import_cannot_name(tmp_path: Path) -> None:
    body = "class {0}:\n def __init__(self, count): self._n = count\n def count(self): return {1}\n"
    body += " def count_down(self): self._n -= 1\n async def wait(self): pass\n"
    path = tmp_path / "my-latch.py"
    path.write_text(body.format("Negative", "self._n") + body.format("Right", "max(self._n, 0)"), encoding="utf-8")
    verdict = check(f"{path}:Negative", policy="latchproof", tasks=1, calls=1, cancels=0)
    (trace,) = [one for one in verdict.traces if one.claim == "C16"]
    source = reproduction(trace)
    assert run(source, tmp_path).returncode == 1
    assert run(source.replace("Negative", "Right"), tmp_path).returncode == 0


def test_a_second_instance_is_in_it(tmp_path: Path) -> None:
    from latchproof.check.checker import check as check_programs
    from latchproof.check.target import load
    from latchproof_spec.machine import Programs

    shape = Programs((1,), at_once=2, calls=2, cancellations=0, beside=1)
    target = load(f"{SAMPLES / 'samples.py'}:CommonLatch")
    source = reproduction(check_programs(target, policy="latchproof", programs=(shape,)).traces[0])
    assert run(source, tmp_path).returncode == 1
    assert run(source.replace("CommonLatch", "PlainLatch"), tmp_path).returncode == 0
