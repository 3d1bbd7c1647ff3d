"""A check in processes of its own comes to the same as one in this process, whatever the target does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from latchproof.check import checker as check_module
from latchproof.check.checker import check
from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.target import Target, TargetError, load
from latchproof.check.verdict import Verdict
from latchproof_spec.machine import Programs

LATCH = Programs((0, 1), at_once=2, calls=3, cancellations=1, numbers=(0,))
BARRIER = Programs((2, 3), at_once=3, calls=4, cancellations=1, waits_only=True)


def plain(verdict: Verdict) -> dict[str, object]:
    return {name: value for name, value in verdict.to_json().items() if name != "seconds"}


@pytest.mark.parametrize(
    ("name", "shape"), [("asyncio:Barrier", BARRIER), ("tests.check.samples:ForgetfulLatch", LATCH)]
)
def test_the_number_of_workers_makes_no_difference(name: str, shape: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_module, "PIECE", 20)
    target = load(name)
    policy = None if shape is LATCH else "cpython"  # where every policy is broken, the variants are tried, too
    here = plain(check(target, policy=policy, programs=(shape,)))
    assert here["status"] == "counterexample"
    for workers in (1, 3):
        assert plain(check(target, policy=policy, programs=(shape,), workers=workers)) == here


@pytest.mark.parametrize("scheduler", ["random", "pct"])
def test_what_is_chosen_at_random_comes_in_pieces_and_is_the_same_whoever_does_them(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "SAMPLED", 20)
    target = load("asyncio:Barrier")
    begun: set[int] = set()
    here = check(
        target, policy="cpython", programs=(BARRIER,), scheduler=scheduler, schedules=90,
        progress=lambda number, walk: begun.add(number),
    )  # fmt: skip
    assert here.schedules == 90
    assert begun == set(range(6))  # of two constructor arguments, three pieces each
    there = check(target, policy="cpython", programs=(BARRIER,), scheduler=scheduler, schedules=90, workers=2)
    assert plain(there) == plain(here)


def test_an_interpreter_that_is_ended_costs_its_job_alone() -> None:
    verdict = check(load("tests.check.samples:LeavingLatch"), policy="latchproof", programs=(LATCH,), workers=2)
    assert verdict.exit_code == 3
    assert "the target ended its interpreter, with exit code 7" in map(str, verdict.reasons)


def test_errors_that_cannot_be_sent_are_named(tmp_path: Path) -> None:
    source = tmp_path / "odd.py"
    source.write_text(
        "class Latch:\n"
        "    def __init__(self, count): self.count = count\n"
        "    def count_down(self):\n"
        "        class LocalError(Exception):\n"
        "            def __init__(self, one, two): super().__init__(f'{one} {two}')\n"
        "        raise LocalError('no', 'way')\n"
        "    async def wait(self): return object()\n"
    )
    name = f"{source}:Latch"
    verdict = check(load(name), policy="latchproof", programs=(LATCH,), workers=1)
    trace = next(trace for trace in verdict.traces if trace.claim == "C15")
    assert (trace.events[-1]["error"], trace.events[-1]["message"]) == ("LocalError", "no way")


def test_a_target_that_cannot_be_loaded_there_is_said() -> None:
    target: Target = replace(load("asyncio:Barrier"), name="no_such_module:Barrier")
    with pytest.raises(TargetError, match="there is no module 'no_such_module'"):
        check(target, programs=(BARRIER,), workers=1)


def test_an_interrupt_ends_it_with_what_was_done() -> None:
    """Ctrl-C in a terminal, as its user has it."""
    command = [
        sys.executable,
        "-m",
        "latchproof",
        "check",
        "latchproof:CountdownLatch",
        "--calls",
        "9",
        "--cancels",
        "2",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it is ignored where a shell runs this behind
    )  # fmt: skip
    timer = threading.Timer(120, process.kill)
    timer.start()
    assert process.stdout is not None
    assert "judged by every named policy" in process.stdout.readline()
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    timer.cancel()
    assert process.returncode == 3, err
    assert "interrupted; what was not done is not known" in out
    assert "inconclusive: no counterexample was found against latchproof:CountdownLatch" in out
    assert "Traceback" not in err


QUICK = StepLimits(cpu=0.3, block=0.6)


@pytest.mark.parametrize(
    ("waits", "line", "spent"),
    [
        ("while True: time.sleep(1)", 7, "0.6 s of blocking"),  # and it blocks the alarms
        ("all(itertools.repeat(1))", 7, "0.3 s of CPU time"),  # it keeps the interpreter in C code
    ],
)
def test_what_no_alarm_reaches_is_ended_from_outside(waits: str, line: int, spent: str, tmp_path: Path) -> None:
    source = tmp_path / "deaf.py"
    source.write_text(
        "import itertools, signal, time\n"
        "class Latch:\n"
        "    def __init__(self, count): self.count = count\n"
        "    def count_down(self): self.count = max(0, self.count - 1)\n"
        "    async def wait(self):\n"
        "        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
        f"        {waits}\n"
    )
    shape = Programs((1,), at_once=1, calls=1, cancellations=0)
    verdict = check(load(f"{source}:Latch"), policy="latchproof", programs=(shape,), workers=1, limits=QUICK)
    assert verdict.exit_code == 1
    assert verdict.reported.failures["C11"].finding.seen == f"a step did not end within {spent}, at deaf.py:{line}"
    assert verdict.reported.failures["C11"].schedule == ("call wait()", "run")


DEAF = """
import os, pathlib, signal

class Latch:
    count = 1

    def __init__(self, count): pass

    def count_down(self): pass

    async def wait(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
        pathlib.Path(__file__).with_suffix(".part").write_text(str(os.getpid()))
        pathlib.Path(__file__).with_suffix(".part").rename(pathlib.Path(__file__).with_suffix(".pid"))
        while True: pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_worker_ends_with_the_command_whatever_it_does(tmp_path: Path) -> None:
    source, pid = tmp_path / "deaf.py", tmp_path / "deaf.pid"
    source.write_text(DEAF)
    command = [sys.executable, "-m", "latchproof", "check", f"{source}:Latch", "--workers", "1", "--step-cpu", "60"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    until = time.monotonic() + 60
    while not pid.exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    stat, until = Path(f"/proc/{pid.read_text()}/stat"), time.monotonic() + 10
    while _runs(stat) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(stat)


def _runs(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
