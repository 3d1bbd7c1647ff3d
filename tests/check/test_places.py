"""Each step of a counterexample names the line at which a task is suspended, or at which its call ended."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest
import trio

from latchproof.check import watching
from latchproof.check.checker import check
from latchproof.check.history import End, Suspend
from latchproof.check.replaying import replay
from latchproof.check.target import adapt
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.html.check import check_page
from latchproof.show.junit import junit
from latchproof.show.lanes import explain, lanes
from latchproof.show.terminal import as_text
from latchproof_spec.machine import Programs
from tests.check import samples
from tests.show.pages import data_of

FILE = "test_places.py"
FLOWNO = ("flowno",) if sys.version_info[:2] < (3, 14) else ()


def line_of(function: Callable[..., Any], text: str) -> str:
    """The place of the one line of a function that has this text."""
    lines, first = inspect.getsourcelines(function)
    (found,) = (number for number, line in enumerate(lines, first) if text in line)
    return f"{FILE}:{found}"


class Latch:
    """It opens at once where it should not; how it waits is left to subclasses."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._event: Any = None

    async def wait(self) -> None:
        raise NotImplementedError

    def count_down(self) -> None:
        self._count -= 1  # counted


class Nested(Latch):
    """Its wait() is suspended in a helper."""

    async def wait(self) -> None:
        if self._count:
            await self._inner()

    async def _inner(self) -> None:
        event = asyncio.Event()
        await event.wait()  # inner


class Streaming(Latch):
    """Its wait() is suspended in an asynchronous generator."""

    async def _changes(self) -> AsyncIterator[int]:
        while True:
            yield self._count
            await asyncio.Event().wait()  # in the generator

    async def wait(self) -> None:
        async for count in self._changes():
            if not count:
                return


class Generating(Latch):
    """What its wait() returns is a generator-based awaitable."""

    class _Awaitable:
        def __await__(self) -> Generator[Any, None, None]:
            yield from asyncio.get_running_loop().create_future()  # in __await__

    async def wait(self) -> None:
        if self._count:
            await self._Awaitable()


class Borrowing(Latch):
    """Its wait() is no coroutine function, so none of its own lines is on the way to where it is suspended."""

    def wait(self) -> Any:
        return asyncio.Event().wait()


class Inherits(Nested):
    """The line is that of a base class in the same file."""


class OnTrio(Latch):
    """It waits on trio."""

    async def wait(self) -> None:
        if self._count:
            await trio.Event().wait()  # on trio


class OnFlowno(Latch):
    """It waits on Flowno."""

    async def wait(self) -> None:
        if self._count:
            from flowno.core.event_loop.synchronization import Event

            await Event().wait()  # on Flowno


def verdict_on(factory: Any, host: str = "asyncio") -> Verdict:
    programs = (Programs((1,), at_once=2, calls=2, cancellations=0),)
    return check(adapt(factory, kind="latch"), policy="latchproof", programs=programs, host=host)


def stranded(factory: Any, host: str = "asyncio") -> Any:
    """The trace of a task that is stranded when the count is zero."""
    return next(trace for trace in verdict_on(factory, host).traces if trace.claim == "C12")


@pytest.mark.parametrize(
    ("factory", "host", "expected"),
    [
        (Nested, "asyncio", line_of(Nested._inner, "# inner")),
        (Inherits, "asyncio", line_of(Nested._inner, "# inner")),
        (Streaming, "asyncio", line_of(Streaming._changes, "# in the generator")),
        (Generating, "asyncio", line_of(Generating._Awaitable.__await__, "# in __await__")),
        (OnTrio, "trio", line_of(OnTrio.wait, "# on trio")),
        *((OnFlowno, host, line_of(OnFlowno.wait, "# on Flowno")) for host in FLOWNO),
    ],
)
def test_a_suspended_call_is_at_the_innermost_line_of_the_targets_file(factory: Any, host: str, expected: str) -> None:
    trace = stranded(factory, host)
    suspensions = [event for event in trace.events if event["kind"] == "suspend"]
    assert suspensions == [{"kind": "suspend", "call": 1, "at": expected}]
    (end,) = (event for event in trace.events if event["kind"] == "end")
    assert end["at"] == line_of(Latch.count_down, "# counted")
    assert f"waiting:  call 1 at {expected}" in explain(trace)


def test_a_call_that_awaits_no_line_of_the_target_is_where_it_first_awaits() -> None:
    (event,) = (event for event in stranded(Borrowing).events if event["kind"] == "suspend")
    assert event["at"].startswith("locks.py:")


def test_a_call_that_raises_is_where_it_was_raised_within_the_target() -> None:
    class Raising(Nested):
        def count_down(self) -> None:
            self._refuse()

        def _refuse(self) -> None:
            int("no number")

    trace = verdict_on(Raising).shortest
    assert trace is not None
    end = trace.events[-1] if trace.events[-1]["kind"] == "end" else trace.events[-2]
    assert (end["how"], end["at"]) == ("raised", line_of(Raising._refuse, "int("))


def test_a_cancelled_call_is_where_it_was_cancelled_and_one_that_returns_later_where_it_returns() -> None:
    words = ("call wait()", "run", "call wait()", "run", "cancel 1", "run", "call count_down()", "run", "run")
    run = replay(adapt(samples.PlainLatch), words, argument=1, policies=["latchproof"], host="asyncio").last_run
    assert run is not None
    suspended, *_ = (event.at for event in run.history if isinstance(event, Suspend))
    ends = {event.call: (event.how, event.at) for event in run.history if isinstance(event, End)}
    assert ends[0] == ("cancelled", suspended)
    assert ends[1] == ("returned", suspended)  # nothing follows the line where it waits
    assert ends[2][1] != suspended
    assert ends[2][1].startswith("samples.py:")


class Restless(Latch):
    """It is woken by every call, and waits again at the same line."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._woken = asyncio.Event()

    async def wait(self) -> None:
        while self._count:
            await self._woken.wait()  # again and again
            self._woken.clear()

    def count_down(self) -> None:
        self._count -= 1
        self._woken.set()


def test_a_task_that_is_woken_and_waits_again_at_the_same_line_is_seen() -> None:
    words = ("call wait()", "run", "call count_down()", "run", "run")
    run = replay(adapt(Restless), words, argument=2, policies=["latchproof"], host="asyncio").last_run
    assert run is not None
    again = line_of(Restless.wait, "# again and again")
    assert [event for event in run.history if isinstance(event, Suspend)] == [Suspend(0, again)] * 2


def test_a_task_that_polls_has_few_lines() -> None:
    class Polls(Latch):
        async def wait(self) -> None:
            while True:  # noqa: ASYNC110 # it is to poll
                await asyncio.sleep(0)  # polls

    trace = next(one for one in verdict_on(Polls).traces if one.count("suspend") > 3)
    place = f"waits at {line_of(Polls.wait, '# polls')}"
    assert 0 < sum(place in line for line in lanes(trace)) <= trace.count("begin") + 1


def test_exploring_is_not_watched_and_finds_no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only runs that are repeated for a trace are."""
    started = []
    monkeypatch.setattr("latchproof.check.replaying.Places", lambda own: started.append(own))
    programs = (Programs((1,), at_once=1, calls=1, cancellations=0),)
    assert check(adapt(samples.PlainLatch), policy="latchproof", programs=programs).status == "conforms"
    assert started == []


def test_where_a_tracer_is_set_it_stays_and_only_places_of_returns_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def tracer(*_: object) -> None: ...

    monkeypatch.setattr(watching, "MONITORING", None)
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        trace = stranded(Nested)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert [("at" in event) for event in trace.events if event["kind"] in ("suspend", "end")] == [True, False]


def test_every_rendering_names_them(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = verdict_on(Nested)
    trace = stranded(Nested)
    place, end = line_of(Nested._inner, "# inner"), line_of(Latch.count_down, "# counted")
    drawn = [line.split() for line in lanes(trace)]
    assert [drawn[1], drawn[3]] == [["1", "wait()", "waits", "at", place], ["2", "|", "returns", "at", end]]
    for text in (as_text(verdict), junit(verdict)):
        assert f"waits at {place}" in text
    words = [step["words"] for one in data_of(check_page(verdict))["traces"] for step in one["steps"]]
    assert {f"waits at {place}", f"returns at {end}"} <= set(words)
    assert all(one["agrees"] for one in data_of(check_page(verdict))["traces"])
    kept = tmp_path / "run.json"
    kept.write_text(json.dumps(trace.to_json()), encoding="utf-8")
    assert main(["replay", str(kept), "tests.check.test_places:Nested", "--kind", "latch"]) == 1
    assert f"call 1 waits at {place}" in capsys.readouterr().out
