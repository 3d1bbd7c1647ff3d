"""Which lines of a target's own code never ran is said of a class that conforms."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from latchproof.check import lines, watching
from latchproof.check.checker import check
from latchproof.check.driven import members
from latchproof.check.lines import LineReport, LineWatch, Part, lines_by_function
from latchproof.check.own_code import OwnCode, own_code
from latchproof.check.target import adapt, load
from latchproof.check.verdict import Verdict
from latchproof.show.html.check import check_page
from latchproof.show.junit import junit
from latchproof.show.terminal import as_text
from latchproof_spec.machine import Programs
from tests.check.samples import ForgetfulLatch, PlainLatch
from tests.show.pages import data_of

FILE = "test_lines.py"
QUIET = (Programs((0, 1), at_once=2, calls=2, cancellations=0),)
BOLD = (Programs((0, 1), at_once=2, calls=2, cancellations=1),)

monitored = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in Python 3.12")


@pytest.fixture(params=["as on this version", "by a tracer"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lines are watched as this version of Python does it, and as the oldest one does."""
    if request.param == "by a tracer":
        monkeypatch.setattr(watching, "MONITORING", None)
        monkeypatch.setattr(lines, "MONITORING", None)
    return str(request.param)


def line_of(function: Callable[..., Any], text: str) -> int:
    """The one line of a function that has this text."""
    source, first = inspect.getsourcelines(function)
    (found,) = (number for number, line in enumerate(source, first) if text in line)
    return found


def verdict_on(factory: Any, programs: tuple[Programs, ...] = BOLD, **options: Any) -> Verdict:
    return check(adapt(factory, kind="latch"), policy="latchproof", programs=programs, **options)


class Careful(PlainLatch):
    """It has a line for calls that are cancelled, and one that runs whenever a call ends."""

    async def wait(self) -> None:
        try:
            await super().wait()
        except asyncio.CancelledError:
            await self._withdraw()
            raise
        finally:
            self._ended()

    async def _withdraw(self) -> None:
        """Nothing is to be done."""

        _noted(
            self,
            "withdrawn",
        )

    def _ended(self) -> None:
        _noted(self, "ended")


def _noted(latch: Careful, what: str) -> None:
    if what == "forgotten":
        latch.count_down()  # never


def test_a_line_that_no_run_reached_is_named_and_one_that_did_is_not(each_way: str) -> None:
    never = Part(FILE, line_of(_noted, "# never"), line_of(_noted, "# never"), 1)
    handler = line_of(Careful.wait, "except asyncio.CancelledError")
    withdraw = line_of(Careful._withdraw, "_noted(")
    quiet = verdict_on(Careful, QUIET).lines
    assert quiet.never_ran == (
        Part(FILE, handler, handler + 2, 3), Part(FILE, withdraw, withdraw + 2, 3), never,
    )  # fmt: skip
    assert verdict_on(Careful, BOLD).lines.never_ran == (never,)


def test_what_runs_only_when_the_tasks_of_a_run_are_closed_does_not_count(each_way: str) -> None:
    class Closed(PlainLatch):
        async def wait(self) -> None:
            try:
                await super().wait()
            except GeneratorExit:
                self.closed = True  # closed
                raise

    handler = line_of(Closed.wait, "except GeneratorExit")
    assert verdict_on(Closed).lines.never_ran == (Part(FILE, handler + 1, handler + 2, 2),)


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def outer(*arguments: Any) -> Any:
        return function(*arguments)

    return outer


class Varied(PlainLatch):
    """It has every kind of line that might be thought never to run."""

    def __init__(self, count: int) -> None: super().__init__(count); self.seen = [*range(0)]  # noqa: E702 # fmt: skip

    @property
    def is_open(self) -> bool: return not self._count  # fmt: skip

    @decorated
    @decorated
    def count_down(
        self,
    ) -> None:
        """Count down.

        With a docstring."""
        one: int
        two: int = 2
        for _ in range(2):
            continue
        else:
            two += 1
        while True:
            if two:
                break
        with contextlib.suppress(KeyError):
            raise KeyError
        table = {
            1: "one",
            2: [
                value
                for value in (1, 2)
                if value
            ],
        }  # fmt: skip

        def nested() -> None:
            nonlocal two
            two = 3

        nested()
        match two:
            case 3 if table and self.is_open in (True, False):
                one = 1
        del one
        super().count_down()

    async def wait(self) -> None:
        async with contextlib.AsyncExitStack():
            async for _ in self._steps():
                await asyncio.sleep(0)
        [_ async for _ in self._steps()]
        await super().wait()

    async def _steps(self) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            pass


def test_every_line_that_has_code_can_run(each_way: str) -> None:
    verdict = verdict_on(Varied, (Programs((1,), at_once=2, calls=2, cancellations=0),))
    assert verdict.lines.never_ran == ()
    assert verdict.lines.total > 30
    assert str(verdict.lines) == f"all {verdict.lines.total} lines of the class's own code ran"


def test_lines_are_those_of_the_class_and_what_stands_beside_it() -> None:
    files = {file for function in lines_by_function(own_code(Careful(1))) for file, _ in function}
    assert files == {FILE, "samples.py"}
    assert {one.co_name for one in own_code(Careful(1)).functions} >= {"wait", "_withdraw", "_noted", "count_down"}


class Elsewhere(asyncio.Event):
    """A latch that takes most from another library."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        if not count:
            self.set()

    def count_down(self) -> None:
        self._count = max(0, self._count - 1)
        if not self._count:
            self.set()


def test_lines_of_another_library_are_not_the_targets_own() -> None:
    verdict = verdict_on(Elsewhere)
    assert verdict.lines.total == 7
    assert verdict.lines.never_ran == ()


class _Proxy:
    """An object that can be asked for nothing here, not even for its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"nothing is bound, so there is no {name}")


def test_an_object_that_cannot_be_read_is_left_alone() -> None:
    proxy = _Proxy()

    class Using(PlainLatch):
        attribute = proxy

        def count_down(self) -> None:
            if self._count > 100:
                print(proxy)  # never
            super().count_down()

    never = line_of(Using.count_down, "# never")
    assert (FILE, never) in frozenset().union(*lines_by_function(own_code(Using(1))))
    assert {one.label for one in members(Using(1))} == {"wait()", "count_down()"}


def test_watching_changes_nothing_of_what_is_explored(each_way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = verdict_on(Careful)
    monkeypatch.setattr("latchproof.check.jobs.LineWatch", lambda own: None)
    unwatched = verdict_on(Careful)
    assert (watched.schedules, watched.steps, watched.pruned) == (
        unwatched.schedules, unwatched.steps, unwatched.pruned,
    )  # fmt: skip
    assert unwatched.lines.watched == 0


@monitored
def test_every_run_is_watched_and_the_identifier_is_given_back() -> None:
    report = verdict_on(Careful).lines
    assert 0 < report.watched == report.runs
    assert [watching.MONITORING.get_tool(one) for one in watching.TOOLS] == [None, None]


@monitored
def test_where_no_identifier_is_free_nothing_is_watched_and_that_is_said() -> None:
    for one in watching.TOOLS:
        watching.MONITORING.use_tool_id(one, "another")
    try:
        verdict = verdict_on(Careful)
    finally:
        for one in watching.TOOLS:
            watching.MONITORING.free_tool_id(one)
    assert verdict.status == "conforms"
    said = "lines of the class's own code were not watched: other tools use every free identifier of sys.monitoring"
    assert said in as_text(verdict, 1000).splitlines()


def test_a_tracer_samples_and_the_verdict_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MONITORING", None)
    monkeypatch.setattr(lines, "MONITORING", None)
    before = sys.gettrace()
    report = verdict_on(Careful).lines
    assert sys.gettrace() is before
    assert 0 < report.watched < report.runs
    assert str(report).endswith(f"(lines were watched in {report.watched} of {report.runs} runs)")


def test_a_tracer_that_is_set_already_stays_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def tracer(*_: object) -> None: ...

    monkeypatch.setattr(watching, "MONITORING", None)
    monkeypatch.setattr(lines, "MONITORING", None)
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        report = verdict_on(Careful).lines
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert report.watched == 0
    assert str(report) == (
        "lines of the class's own code were not watched: a tracer is set already, such as a debugger or coverage"
    )


def test_a_class_without_python_code_has_no_lines() -> None:
    assert "the class has no Python code" in str(lines.report(OwnCode(), LineWatch(OwnCode()).result))


def test_workers_report_the_same_lines() -> None:
    here, there = (
        check(load("tests.check.test_lines:Careful", "latch"), policy="latchproof", programs=QUIET, workers=workers)
        for workers in (None, 1)
    )
    assert here.lines == there.lines
    assert here.lines.never_ran


def test_a_long_list_is_cut_and_says_how_much_is_left() -> None:
    parts = tuple(Part("sync.py", 10 * one, 10 * one + 1, 2) for one in range(1, 11))
    report = LineReport(100, parts, watched=1, runs=1)
    assert str(report).endswith("sync.py:80-81 and 4 more lines")
    assert len(report.to_json()["never_ran"]) == 10


def test_every_rendering_names_them() -> None:
    verdict = verdict_on(Careful)
    part = f"{FILE}:{line_of(_noted, '# never')}"
    never = f"{'never ran' if watching.MONITORING else 'not seen to run'}: {part}"  # all runs are watched, or a sample
    assert any(line.startswith(never) for line in as_text(verdict).splitlines())
    assert json.loads(json.dumps(verdict.to_json()))["lines"]["never_ran"] == [part]
    assert never in junit(verdict)
    assert data_of(check_page(verdict))["verdict"]["lines"]["summary"].startswith(never)


def test_of_a_counterexample_lines_are_not_named() -> None:
    """Its runs ended early, so what never ran says little."""
    programs = (Programs((1,), at_once=3, calls=3, cancellations=0),)
    verdict = check(adapt(ForgetfulLatch), policy="latchproof", programs=programs)
    assert verdict.status == "counterexample"
    assert verdict.to_json()["lines"] is None
    assert " ran: " not in as_text(verdict)
    assert "to run: " not in as_text(verdict)


def test_no_path_of_this_machine_is_shown() -> None:
    verdict = verdict_on(Careful)
    assert str(Path(__file__).parent) not in as_text(verdict) + json.dumps(verdict.to_json())


def _enclosing() -> Any:
    async def _enclosed(barrier: Any) -> int:
        return 0

    async def wait(barrier: Any) -> int:
        return await _enclosed(barrier)

    return wait


class Enclosing:
    """Its method reaches a function that only a closure holds."""

    def __init__(self, parties: int) -> None:
        """Keep nothing."""

    wait = _enclosing()


def test_what_a_closure_holds_is_own_code() -> None:
    assert "_enclosed" in {one.co_name for one in own_code(Enclosing(1)).functions}
