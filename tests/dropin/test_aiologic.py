"""`latchproof.dropin.aiologic`: where it is like aiologic's event, and each difference that we list."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import aiologic
import pytest

from latchproof import LatchInUseError
from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.dropin import aiologic as ours
from tests.dropin.interfaces import interface

Class: TypeAlias = Callable[..., Any]
Program: TypeAlias = Callable[[Class], Coroutine[Any, Any, object]]

CLASSES: dict[str, Class] = {"theirs": aiologic.CountdownEvent, "ours": ours.CountdownEvent}
EACH = pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
LEFT_OUT = ("wait", "with_")


async def let_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def waits(event: Any) -> bool:
    went_on: bool = await event
    return went_on


def test_it_is_called_as_theirs_is_but_for_what_is_left_out() -> None:
    theirs = interface(aiologic.CountdownEvent, but=LEFT_OUT)
    mine = interface(ours.CountdownEvent)
    del mine["__init__"]  # theirs is made by __new__, and the test below makes both
    assert theirs.pop("__await__") == ([("timeout", None)], False)
    assert mine.pop("__await__") == ([], False)
    assert mine == theirs
    assert [hasattr(ours.CountdownEvent, name) for name in LEFT_OUT] == [False, False]
    assert not {"Barrier", "RBarrier", "Latch"} & set(vars(ours))


@EACH
def test_it_is_made_with_a_value_or_none(cls: Class) -> None:
    assert (cls().value, cls(2).value, cls(initial_value=3).initial_value) == (0, 2, 3)
    with pytest.raises(ValueError, match="must be"):
        cls(-1)


@EACH
def test_a_copy_is_a_new_one_with_the_initial_value(cls: Class) -> None:
    event = cls(2)
    event.down()
    for made in (copy.copy(event), pickle.loads(pickle.dumps(event))):
        assert (type(made), made.value, made.initial_value) == (type(event), 2, 2)
    assert weakref.ref(event)() is event


@EACH
def test_it_looks_as_theirs_does(cls: Class) -> None:
    texts = [re.sub(r"latchproof\.dropin\.|0x\w+", "", repr(cls(*made))) for made in ((), (2,))]
    assert texts == [
        "<aiologic.CountdownEvent() at  [value=0]>",
        "<aiologic.CountdownEvent(2) at  [value=2, waiting=0]>",
    ]


async def released_together(cls: Class) -> object:
    event = cls(2)
    tasks = [asyncio.create_task(waits(event)) for _ in range(2)]
    await let_run()
    seen: list[object] = [event.waiting, bool(event)]
    event.down()
    await let_run()
    seen += [event.value, [task.done() for task in tasks]]
    event.down()
    return [*seen, await asyncio.gather(*tasks, waits(event)), event.waiting, bool(event)]


async def cleared(cls: Class) -> object:
    event = cls(3)
    task = asyncio.create_task(waits(event))
    await let_run()
    event.clear()
    return event.value, await task


async def counted_up_and_down(cls: Class) -> object:
    event = cls()
    seen = [event.value]
    for count in (1, 2, 0, -1):
        event.up(count)
        seen.append(event.value)
    event.up()
    return [*seen, event.value]


async def refused_at_zero(cls: Class) -> object:
    try:
        cls().down()
    except RuntimeError:
        return "refused"
    return "not refused"


async def a_cancelled_task_no_longer_waits(cls: Class) -> object:
    event = cls(1)
    task = asyncio.create_task(waits(event))
    await let_run()
    task.cancel()
    await let_run()
    return event.waiting, event.value


async def up_again_before_the_released_run(cls: Class) -> object:
    event = cls(1)
    task = asyncio.create_task(waits(event))
    await let_run()
    event.down()
    event.up()
    return await task, event.value


SHARED: list[tuple[Program, object]] = [
    (released_together, [2, False, 1, [False, False], [True, True, True], 0, True]),
    (cleared, (0, True)),
    (counted_up_and_down, [0, 1, 3, 3, 3, 4]),
    (refused_at_zero, "refused"),
    (a_cancelled_task_no_longer_waits, (0, 1)),
    (up_again_before_the_released_run, (True, 1)),
]


@EACH
@pytest.mark.parametrize(("program", "due"), SHARED, ids=lambda value: getattr(value, "__name__", ""))
def test_alike(program: Program, due: object, cls: Class) -> None:
    assert asyncio.run(program(cls)) == due


async def up_while_a_task_waits(cls: Class) -> object:
    event = cls(1)
    task = asyncio.create_task(waits(event))
    await let_run()
    try:
        event.up()
        return event.value
    except LatchInUseError:
        return "refused", event.value
    finally:
        task.cancel()
        await let_run()


async def from_another_thread(cls: Class) -> object:
    event = cls(1)
    task = asyncio.create_task(waits(event))
    await let_run()

    async def down() -> str:
        try:
            event.down()
        except RuntimeError:
            return "refused"
        return "done"

    said = await asyncio.to_thread(lambda: asyncio.run(down()))
    task.cancel()
    await let_run()
    return said


DIFFERENCES: list[tuple[Program, object, object]] = [
    (up_while_a_task_waits, 2, ("refused", 1)),
    (from_another_thread, "done", "refused"),
]


@pytest.mark.parametrize(("program", "their", "our"), DIFFERENCES, ids=lambda value: getattr(value, "__name__", ""))
def test_different(program: Program, their: object, our: object) -> None:
    assert [asyncio.run(program(cls)) for cls in CLASSES.values()] == [their, our]


def test_a_value_that_is_no_int_is_refused_by_ours_alone() -> None:
    assert aiologic.CountdownEvent(True).value == 1
    with pytest.raises(TypeError, match="must be an int"):
        ours.CountdownEvent(True)


class Checked:
    """The event under the names that the kit calls."""

    def __init__(self, count: int) -> None:
        self._event = ours.CountdownEvent(count)

    async def wait(self) -> None:
        await self._event

    def count_down(self) -> None:
        self._event.down()

    @property
    def count(self) -> int:
        return self._event.value


def test_it_conforms() -> None:
    target = adapt(Checked, kind="latch")
    verdict = check(target, policy="aiologic", strict=True, programs=programs_within(target, None, 3, None))
    assert verdict.exit_code == 0
