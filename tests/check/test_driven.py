"""What a target offers and no program used is named in the verdict, wherever a verdict is shown."""

from __future__ import annotations

import asyncio
import functools
import json
import typing
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.driven import members
from latchproof.check.target import adapt, load
from latchproof.check.verdict import Verdict
from latchproof.show.html.check import check_page
from latchproof.show.junit import junit
from latchproof.show.terminal import as_text
from latchproof_spec.machine import Programs
from tests.check.samples import PlainLatch
from tests.show.pages import data_of

SMALL = (Programs((1,), at_once=2, calls=2, cancellations=0),)


class Wide(PlainLatch):
    """It takes off more than one, may be asked without waiting, and has a property that nothing reads."""

    def __init__(self, count: int, name: str = "", *, loop: object = None, _private: int = 0) -> None:
        super().__init__(count)

    def count_down(self, n: int = 1) -> None:
        for _ in range(n):
            super().count_down()

    countdown = count_down

    def try_wait(self) -> bool:
        return not self._count

    async def arrive_and_wait(self, n: int = 1) -> None:
        self.count_down(n)
        await self.wait()

    @property
    def is_open(self) -> bool:
        return not self._count

    def _hidden(self) -> None: ...

    class Error(Exception):
        """No method."""


class Inheriting(Wide):
    """All that it offers is inherited."""


class Narrow(Wide):
    """It takes away what it inherits."""

    try_wait = None  # type: ignore[assignment]


class Managed(PlainLatch):
    """It can be used by statements."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None: ...

    def __call__(self) -> None: ...

    @classmethod
    def open(cls) -> Managed:
        return cls(0)

    @staticmethod
    def largest() -> int:
        return 1

    @functools.cached_property
    def label(self) -> str:
        return ""


class Delegating:
    """It has the methods of another object, which no class of it defines."""

    def __init__(self, count: int) -> None:
        self._latch = Wide(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._latch, name)


class Shelved(PlainLatch, typing.Generic[typing.TypeVar("T")]):  # type: ignore[misc]
    """It has what typing adds to classes."""


class Listing(PlainLatch, deque[int]):
    """It inherits from a class whose methods are written in C."""

    def __init__(self, count: int) -> None:
        deque.__init__(self)
        PlainLatch.__init__(self, count)


def made(count: int, *, traced: bool = False) -> Wide:
    return Wide(count, "made", loop=traced)


def assembled(count: int) -> SimpleNamespace:
    latch = Wide(count)
    return SimpleNamespace(wait=latch.wait, count_down=latch.count_down, try_wait=latch.try_wait, limit=count)


def verdict_on(factory: Callable[[int], Any], **options: Any) -> Verdict:
    return check(adapt(factory, kind="latch"), policy="latchproof", programs=SMALL, **options)


WIDE = ("count_down(n=)", "try_wait()", "arrive_and_wait()")


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (Wide, ("Wide(name=)", "Wide(loop=)", *WIDE)),
        (Inheriting, ("Inheriting(name=)", "Inheriting(loop=)", *WIDE)),
        (Narrow, ("Narrow(name=)", "Narrow(loop=)", *(one for one in WIDE if one != "try_wait()"))),
        (made, ("made(traced=)", *WIDE)),
        (functools.partial(Wide, loop=None), ("the constructor(name=)", *WIDE)),
        (assembled, ("count_down(n=)", "try_wait()")),
        (Managed, ("async with", "calling it", "open()", "largest()", "label")),
        (Delegating, ("count_down(n=)",)),
        (PlainLatch, ()),
        (Shelved, ()),
    ],
)
def test_what_no_program_used_is_named(factory: Any, expected: tuple[str, ...]) -> None:
    verdict = verdict_on(factory)
    assert verdict.status == "conforms"
    assert verdict.not_driven == expected


def test_inherited_methods_written_in_c_are_named_without_parameters_that_are_not_told() -> None:
    named = verdict_on(Listing).not_driven
    assert {"append()", "rotate()", "maxlen"} < set(named)
    assert not any("(" in one.removesuffix("()") for one in named)


def test_what_programs_of_these_bounds_leave_out_is_named_too() -> None:
    waits_only = (Programs((1,), at_once=2, calls=2, cancellations=0, waits_only=True),)
    verdict = check(adapt(PlainLatch, kind="latch"), policy="latchproof", programs=waits_only)
    assert verdict.not_driven == ("count_down()",)


def test_what_is_absent_is_not_named_again() -> None:
    class Stubbed(PlainLatch):
        def set_count(self, n: int) -> None:
            raise NotImplementedError

    verdict = verdict_on(Stubbed)
    assert "set_count" in verdict.target.absent
    assert verdict.not_driven == ()


def test_the_parameters_of_a_barriers_methods_are_named() -> None:
    class Timed(asyncio.Barrier):
        async def wait(self, seconds: float | None = None) -> int:
            return await super().wait()

    programs = (Programs((1,), at_once=1, calls=1, cancellations=0),)
    verdict = check(adapt(Timed), policy="cpython", programs=programs)
    assert verdict.not_driven == ("wait(seconds=)", "async with")


def test_our_own_classes_offer_nothing_unforeseen() -> None:
    """What is not driven of them are the plain calls, and `async with`."""
    assert {one.label for one in load("latchproof:CountdownLatch").offered if one.name} == {
        "wait()", "count_down()", "set_count()", "count", "is_open", "n_waiting", "count_down_nowait()",
        "countdown_nowait()",
    }  # fmt: skip


def test_an_attribute_that_cannot_be_read_is_still_named() -> None:
    class Guarded:
        def __getattribute__(self, name: str) -> Any:
            if name == "guarded":
                raise OSError
            return super().__getattribute__(name)

        def guarded(self, n: int = 1) -> None: ...

    assert [(one.label, one.parameters) for one in members(Guarded())] == [("guarded()", ())]


def test_every_rendering_names_it(tmp_path: Path) -> None:
    verdict = verdict_on(Wide)
    line = "not driven: Wide(name=), Wide(loop=), count_down(n=), try_wait(), arrive_and_wait()"
    assert line in as_text(verdict).splitlines()
    assert json.loads(json.dumps(verdict.to_json()))["not_driven"] == list(verdict.not_driven)
    assert '<property name="not driven" value="Wide(name=), Wide(loop=), count_down(n=)' in junit(verdict)
    assert data_of(check_page(verdict))["verdict"]["not_driven"] == list(verdict.not_driven)


def test_a_long_list_says_how_long_it_is() -> None:
    text = next(line for line in as_text(verdict_on(Listing), 1000).splitlines() if line.startswith("not driven: "))
    assert text.endswith(" more")
