"""A check on a Dask cluster, in pieces, has the same result as one in this process, even if workers are lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from distributed import Client

from latchproof.check import checker as check_module
from latchproof.check import cluster as module
from latchproof.check.checker import check
from latchproof.check.cluster import Cluster
from latchproof.check.target import Recipe, TargetError, load
from latchproof.check.verdict import Verdict
from latchproof.check.work_queue import WorkQueue
from latchproof.cli.main import main
from latchproof_spec.machine import Programs

SHAPE = Programs((3,), at_once=3, calls=4, cancellations=2, waits_only=True)
ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0
"""So long may a process take to do what is waited for; never reached unless something is wrong."""


def plain(verdict: Verdict) -> dict[str, object]:
    return {name: value for name, value in verdict.to_json().items() if name != "seconds"}


class DaskCluster:
    """A scheduler and its workers, each a process of its own on the loopback address, as one starts them by hand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        _until(file.exists)
        _until(lambda: file.read_text(encoding="utf-8").endswith("}"))
        self.address: str = json.loads(file.read_text(encoding="utf-8"))["address"]

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--memory-limit", "0",
            "--local-directory", str(self._folder), *options,
        )  # fmt: skip

    def _start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "spec"), str(ROOT)])
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command}", "--no-dashboard", *options],
            env={**os.environ, "PYTHONPATH": paths}, cwd=self._folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._processes.append(process)
        return process

    def stop(self) -> list[psutil.Process]:
        """End all of them; what then is left of what they have started."""
        started = [below for process in self._processes for below in _below(process.pid)]
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        _, left = psutil.wait_procs(started, timeout=DEADLINE)
        for one in left:
            one.kill()
        return list(left)


def _below(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _until(happened: object) -> None:
    assert callable(happened)
    until = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster with one worker that stays, which a nanny watches over, as is usual."""
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    cluster.add_worker("--nanny")
    yield cluster
    assert cluster.stop() == []


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_module, "PIECE", 20)


@pytest.mark.usefixtures("small_pieces")
def test_a_worker_that_is_killed_in_mid_run_makes_no_difference(dask: DaskCluster) -> None:
    here = plain(check(load("asyncio:Barrier"), policy="cpython", programs=(SHAPE,)))
    doomed = dask.add_worker("--no-nanny")
    with Client(dask.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=DEADLINE)
    orphans: list[psutil.Process] = []

    def kill_at_work() -> None:
        _until(lambda: _below(doomed.pid))  # it is doing a piece
        orphans.extend(_below(doomed.pid))
        doomed.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_at_work)
    killer.start()
    there = plain(check(load("asyncio:Barrier"), policy="cpython", programs=(SHAPE,), cluster=dask.address))
    killer.join(DEADLINE)
    assert doomed.wait(DEADLINE) == -signal.SIGKILL
    assert orphans, "it was killed before it was given anything"
    assert there["reasons"] == []
    assert there == here
    assert there["status"] == "counterexample"
    _, left = psutil.wait_procs(orphans, timeout=DEADLINE)
    assert left == []


def test_the_command_says_the_same_there(dask: DaskCluster, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["check", "asyncio:Barrier", "--policy", "cpython", "--tasks", "2", "--calls", "2"]
    said = []
    for where in (["--workers", "1"], ["--cluster", dask.address]):
        assert main([*command, *where]) == 0
        lines = capsys.readouterr().out.splitlines()
        said.append([line.rpartition(",")[0] if line.startswith("ran ") else line for line in lines])
    assert said[0] == said[1]
    assert any(line.startswith("bounds    parties 1, 2: 2 calls") for line in said[0])


def test_a_target_that_is_not_there_is_said(dask: DaskCluster) -> None:
    target = replace(load("asyncio:Barrier"), name="no_such_module:Barrier")
    with pytest.raises(TargetError, match="on a worker of the cluster: there is no module 'no_such_module'"):
        check(target, programs=(SHAPE,), cluster=dask.address)


def test_a_target_that_ends_its_interpreter_costs_its_job_and_no_worker(dask: DaskCluster) -> None:
    target, shape = load("tests.check.samples:LeavingLatch"), Programs((0,), 2, 3, 0, numbers=(0,))
    verdict = check(target, policy="latchproof", programs=(shape,), cluster=dask.address)
    assert verdict.exit_code == 3
    assert "the target ended its interpreter, with exit code 7" in map(str, verdict.reasons)
    assert plain(verdict) == plain(check(target, policy="latchproof", programs=(shape,), workers=1))


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # no process listens there
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        assert main(["check", "asyncio:Barrier", "--cluster", address]) == 2
    assert f"the scheduler at {address} cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["nonsense://x", "127.0.0.1", ""])
def test_an_address_that_is_none_is_said(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--cluster", address]) == 2
    assert f"the scheduler at {address} cannot be reached" in capsys.readouterr().err


def test_a_cluster_without_workers_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 2)
    lonely = DaskCluster(tmp_path)
    try:
        with pytest.raises(TargetError, match="has no worker: start some with dask worker"):
            Cluster(lonely.address, Recipe("asyncio:Barrier", "barrier")).do(WorkQueue([]))
    finally:
        assert lonely.stop() == []


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(TargetError, match=r'pip install "latchproof\[cluster\]"'):
        Cluster("tcp://127.0.0.1:1", Recipe("asyncio:Barrier", "barrier")).do(WorkQueue([]))
