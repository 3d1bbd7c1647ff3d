"""A failure that does not happen again is a counterexample that is said to have been seen once."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.history import SEEN_ONCE
from latchproof.check.target import adapt
from latchproof.cli.main import main
from latchproof.show.repro import reproduction
from latchproof.show.words import CannotRenderError
from latchproof_spec.machine import Programs
from tests.check.samples import FifoBarrier, PlainLatch, SetLatch

SHAPE = (Programs((2,), at_once=2, calls=4, cancellations=0),)
_draw = itertools.count(1).__next__  # a count by name would begin again in each run


def seldom() -> bool:
    """Return True once in some calls, whatever is repeated; and draw a random number, as such a class does."""
    random.random()
    return _draw() % 5 == 0


class SometimesWrongIndex(FifoBarrier):
    async def wait(self) -> int:
        return await super().wait() + seldom()


class SometimesOpen(PlainLatch):
    async def wait(self) -> None:
        if not seldom():
            await super().wait()


class SometimesMiscounts(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        return len(self._parked) + (os.urandom(1)[0] < 128)


class Shuffles(FifoBarrier):
    """It is right, and draws random numbers that nothing depends on."""

    async def wait(self) -> int:
        random.shuffle([1, 2, 3])
        return await super().wait()


@pytest.mark.parametrize(
    ("factory", "claim"), [(SometimesWrongIndex, "C5"), (SometimesOpen, "C3"), (SometimesMiscounts, "C16")]
)
def test_what_was_seen_once_is_a_counterexample_and_said_to_be(factory: Callable[[int], Any], claim: str) -> None:
    verdict = check(adapt(factory), policy="latchproof", programs=SHAPE)
    assert verdict.exit_code == 1
    trace = next(one for one in verdict.traces if one.claim == claim)
    assert trace.seen_once
    assert any(note.endswith(SEEN_ONCE) and claim in note for note in verdict.notes)
    assert not any("futures and tasks" in note for note in verdict.notes)
    with pytest.raises(CannotRenderError, match="seen once"):
        reproduction(trace)


def test_a_schedule_that_was_seen_once_is_no_longer_than_the_run() -> None:
    verdict = check(adapt(SometimesWrongIndex), policy="latchproof", programs=SHAPE)
    (trace,) = verdict.traces
    assert trace.schedule.count("run") == trace.steps
    assert [word for word in trace.schedule if word != "run"][-1].startswith(("call", "return", "then", "run"))


def test_a_right_class_that_draws_random_numbers_conforms() -> None:
    verdict = check(adapt(Shuffles), policy="latchproof", programs=SHAPE)
    assert (verdict.exit_code, [note for note in verdict.notes if "seen once" in note]) == (0, [])


class SetLatchThatDraws(SetLatch):
    """It is right, does not do the same again, and draws random numbers: why is not known."""

    async def wait(self) -> None:
        random.random()
        await super().wait()


def test_a_right_class_is_not_blamed_for_not_being_deterministic() -> None:
    shape = (Programs((1,), at_once=3, calls=4, cancellations=0),)
    assert check(adapt(SetLatch), policy="latchproof", programs=shape).exit_code == 0
    verdict = check(adapt(SetLatchThatDraws), policy="latchproof", programs=shape)
    assert verdict.exit_code in (0, 3)
    assert not verdict.traces


def test_it_is_said_wherever_a_run_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / name for name in ("json", "html", "junit", "text", "mermaid")}
    options = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    target = "tests.check.test_seen_once:SometimesWrongIndex"
    bounds = ["--policy", "latchproof", "--tasks", "2", "--calls", "4", "--parties", "2", "--workers", "1"]
    assert main(["check", target, *bounds, *options]) == 1
    out = capsys.readouterr().out
    assert f"  {SEEN_ONCE}\n" in out
    assert "incomplete because: under the same schedule" in out
    assert "inconclusive" not in out
    assert json.loads(files["json"].read_text())["traces"][0]["seen_once"] is True
    for name in ("junit", "text", "mermaid"):
        assert SEEN_ONCE in files[name].read_text().replace("#59;", ";")
