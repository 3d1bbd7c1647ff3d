"""A wrong reading is a finding by itself: what calls do is judged further, and their claims are not blamed for it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.terminal import as_text
from latchproof.testing import check as check_by_name
from latchproof.testing import state_machine
from latchproof_spec.machine import Programs

BOUNDS = {
    "barrier": (Programs((1, 2), at_once=2, calls=3, cancellations=1),),
    "latch": (Programs((1,), at_once=3, calls=3, cancellations=1, numbers=(0, 1)),),
}


def checked(factory: Any, policy: str | None = None) -> Verdict:
    target = adapt(factory)
    return check(target, policy=policy, programs=BOUNDS[target.machine.name])


class BrokenBarrierError(RuntimeError):
    pass


class NextIndex:
    """Each waiter gets what has arrived of the next generation, and reset() does not mend."""

    def __init__(self, parties: int) -> None:
        self._parties, self._arrived, self._opened, self.broken = parties, 0, asyncio.Event(), False

    @property
    def n_waiting(self) -> int:
        return 7

    async def wait(self) -> int:
        if self.broken:
            raise BrokenBarrierError
        opened = self._opened
        self._arrived += 1
        if self._arrived == self._parties:
            self._arrived, self._opened = 0, asyncio.Event()
            opened.set()
        try:
            await opened.wait()
        except asyncio.CancelledError:
            if opened is self._opened:
                self._arrived -= 1
            raise
        if self.broken:
            raise BrokenBarrierError
        return self._arrived

    def abort(self) -> None:
        self.broken, self._arrived = True, 0
        self._opened.set()

    def reset(self) -> None:
        pass


class CountsInside(Barrier):
    """Right, but n_waiting counts every task that is inside of wait()."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self.inside = 0

    @property
    def n_waiting(self) -> int:
        return self.inside

    async def wait(self) -> int:
        self.inside += 1
        try:
            return await super().wait()
        finally:
            self.inside -= 1


class AbortToggles(Barrier):
    """A second abort() mends the barrier."""

    async def abort(self) -> None:
        if self.broken:
            self.reset_nowait()
        else:
            self.abort_nowait()


class Deaf:
    """A latch whose count is always what it was made with, and that releases only the first waiter."""

    def __init__(self, count: int) -> None:
        self.count = self._left = count
        self._waiters: deque[asyncio.Future[None]] = deque()

    def count_down(self) -> None:
        self._left = max(self._left - 1, 0)
        while self._left == 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def wait(self) -> None:
        if self._left:
            self._waiters.append(asyncio.get_running_loop().create_future())
            await self._waiters[-1]


class Left(CountdownLatch):
    """A latch whose count has another name."""

    @property
    def left(self) -> int:
        return super().count

    @property
    def count(self) -> int:
        raise AttributeError("it is `left`")


def test_a_claim_behind_a_wrong_reading_is_found() -> None:
    verdict = checked(NextIndex, "cpython")
    assert set(verdict.reported.failures) == {"C5", "C6", "C9", "C14", "C16"}
    assert set(verdict.reported.misread) == {"n_waiting", "broken"}
    # reset() does not mend: that a cancellation came before in some of these runs is no reason to blame C7
    assert verdict.reported.failures["C9"].size[:2] == (3, 0)
    assert "misread   n_waiting, broken: read wrong" in as_text(verdict)
    (trace,) = [one for one in verdict.traces if one.claim == "C5"]
    text = as_text(trace)
    assert "7 waiting (wrong), whole" in text
    assert "also:     n_waiting read wrong before, and was not judged from there on" in text


def test_a_latch_that_strands_a_task_behind_a_wrong_count_is_found() -> None:
    verdict = checked(Deaf)
    assert {"C12", "C16"} <= set(verdict.reported.failures)
    assert verdict.reported.failures["C12"].finding.seen.startswith("nothing can run any more")


def test_a_wrong_reading_alone_breaks_no_other_claim() -> None:
    verdict = checked(CountsInside, "latchproof")
    assert list(verdict.reported.failures) == ["C16"]
    assert verdict.reported.failures["C16"].size[:3] == (2, 0, 2)


def test_a_call_that_is_not_refused_breaks_the_claim_that_its_reading_shows_broken() -> None:
    verdict = checked(AbortToggles, "latchproof")
    assert {claim: failure.size[0] for claim, failure in verdict.reported.failures.items()} == {"C9": 3, "C16": 2}


def test_an_ignored_reading_is_not_read_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, bounds = f"{__file__}:CountsInside", ["--policy", "latchproof", "--tasks", "2", "--calls", "2"]
    written = tmp_path / "verdict.json"
    command = ["check", target, *bounds, "--ignore", "n_waiting", "--workers", "1", "--json", str(written)]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "ignored   n_waiting: not read (--ignore), so nothing is judged by it" in out
    assert "not driven" not in "".join(line for line in out.splitlines() if "n_waiting" in line)
    assert json.loads(written.read_text(encoding="utf-8"))["ignored"] == ["n_waiting"]
    assert main(["check", target, *bounds, "--ignore", "broken"]) == 1
    capsys.readouterr()
    schedule = "2:w.w."
    assert main(["replay", schedule, target, "--ignore", "n_waiting", "--ignore", "broken"]) == 0
    assert main(["replay", schedule, target]) == 1
    assert main(["check", target, "--ignore", "length"]) == 2
    assert "has no reading 'length' to ignore; its readings are: parties, n_waiting, broken" in capsys.readouterr().err


def test_ignored_readings_of_a_function_and_a_state_machine() -> None:
    verdict = check_by_name(CountsInside, ignore=["n_waiting"], policy="latchproof", tasks=2, calls=2)
    assert (verdict.exit_code, verdict.target.ignored) == (0, ("n_waiting",))
    machine = state_machine(CountsInside, ignore=["n_waiting", "broken"], policy="latchproof")
    assert machine.target.observations == ("parties",)
    renamed = adapt(Left, rename={"left": "count"})
    assert renamed.ignoring(["left"]).ignored == renamed.ignoring(["count"]).ignored == ("count",)
