"""Programs are well formed, and a model is told which task calls, also of one that has ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from latchproof.check.checker import check
from latchproof.check.holdings import Holdings
from latchproof.check.target import Call, Target, adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from latchproof_spec.model import Model, task, when

SMALL = (Programs((1,), at_once=2, calls=4, cancellations=0),)


class TrustsItsUser:
    """A semaphore that fails in its own way when a task releases it that does not hold it."""

    def __init__(self, value: int) -> None:
        self._value = value
        self._holders: list[asyncio.Task[None]] = []
        self._free = asyncio.Event()

    async def acquire(self) -> None:
        while len(self._holders) == self._value:
            self._free.clear()
            await self._free.wait()
        task = asyncio.current_task()
        assert task is not None
        self._holders.append(task)

    def release(self) -> None:
        del self._holders[self._holders.index(asyncio.current_task())]  # type: ignore[arg-type]
        self._free.set()


@pytest.fixture
def target() -> Target:
    return adapt(TrustsItsUser, kind="bounded-semaphore")


def named(target: Target, name: str) -> Call:
    return next(one for one in target.calls(()) if one.operation.name == name)


def test_a_task_gives_back_only_what_it_holds(target: Target) -> None:
    take, give = named(target, "acquire"), named(target, "release")
    holdings = Holdings(target.kind.operations)
    assert holdings.may_make(None, take)
    assert not holdings.may_make(None, give)
    holdings.returned("first", take)
    assert holdings.may_make("first", give)
    assert not holdings.may_make("second", give)
    assert not holdings.may_make(None, give)
    holdings.returned("first", give)
    assert not holdings.may_make("first", give)


def test_a_task_that_holds_something_only_gives_it_back_later(target: Target) -> None:
    """Unless the bounds let a task call again."""
    (programs,) = SMALL
    for again in (False, True):
        words: set[str] = set()
        bounds = replace(programs, calls=3, again=again)
        explorer = Explorer(target, bounds, 1, target.kind.usual_policies, prune=False)

        def note(walk: Walk, explorer: Explorer = explorer, words: set[str] = words) -> None:
            assert explorer.last_run is not None
            words.update(word.split()[-1] for word in explorer.last_run.schedule if word.startswith("again"))

        explorer.walk(on_run=note)
        assert words == ({"acquire()", "release()"} if again else {"release()"})


def test_a_task_does_not_give_back_what_it_was_cancelled_before_it_took(target: Target) -> None:
    verdict = check(target, programs=(Programs((1,), at_once=2, calls=3, cancellations=1),))
    assert verdict.reported.failures == {}
    assert "acquire() is withdrawn" in verdict.reported.fired


def test_a_class_that_trusts_its_user_conforms(target: Target) -> None:
    """In a program that is not well formed the class would raise an error while the permit is taken."""
    verdict = check(target, programs=SMALL)
    assert verdict.exit_code == 0, verdict
    assert verdict.schedules > 10


class OwnedByAnyTask(Model):
    """A task that owns it may acquire it again; that it ends without a release is allowed."""

    undone_by: ClassVar[dict[str, str]] = {"acquire": "release"}

    def __init__(self) -> None:
        self._owner: int | None = None
        self._depth = 0

    def acquire(self) -> None:
        when(self._owner in (None, task()), "another task owned it")
        self._owner = task()
        self._depth += 1

    def release(self) -> None:
        if self._owner != task():
            raise RuntimeError
        self._depth -= 1
        if not self._depth:
            self._owner = None


class ReentrantLock:
    def __init__(self) -> None:
        self._owner: asyncio.Task[None] | None = None
        self._depth = 0
        self._free = asyncio.Condition()

    async def acquire(self) -> None:
        async with self._free:
            await self._free.wait_for(lambda: self._owner in (None, asyncio.current_task()))
            self._owner = asyncio.current_task()
            self._depth += 1

    async def release(self) -> None:
        if self._owner is not asyncio.current_task():
            raise RuntimeError("another task owns it, or none")
        self._depth -= 1
        if not self._depth:
            self._owner = None
            async with self._free:
                self._free.notify()


class ForgetfulLock(ReentrantLock):
    """Faulty: a task waits for itself, and nothing is left of a task that holds the lock."""

    async def acquire(self) -> None:
        while self._depth:
            await asyncio.get_running_loop().create_future()
        self._depth += 1


@pytest.mark.parametrize("again", [False, True])
def test_a_task_calls_again_where_the_model_asks_which_one_calls(again: bool) -> None:
    """The class does the same for each task, and that is right for other tasks alone."""
    target = adapt(ForgetfulLock, model=OwnedByAnyTask)
    programs = Programs((0,), at_once=1, calls=2, cancellations=0, again=again)
    found = Explorer(target, programs, 0, target.kind.usual_policies).walk().failures["OwnedByAnyTask"]
    assert found["stranded"].schedule == ("call acquire()", "run", "then acquire()")


class CountsTasks(Model):
    """The third call returns 1 if the second task makes it, else 0."""

    def __init__(self) -> None:
        self._calls = 0

    def call(self) -> int:
        self._calls += 1
        return int(self._calls == 3 and task() == 1)

    def rest(self) -> None:
        """Do nothing: without a choice no state is looked at."""


class CountsNothing:
    async def call(self) -> int:
        return 0

    async def rest(self) -> None:
        """Do nothing."""


def test_states_before_which_different_numbers_were_given_are_told_apart() -> None:
    """Two tasks have made a call each in one state, and one task both in the other: the next has another number."""
    target = adapt(CountsNothing, model=CountsTasks)
    programs = Programs((0,), at_once=1, calls=3, cancellations=0)
    walk = Explorer(target, programs, 0, target.kind.usual_policies).walk()
    found = walk.failures["CountsTasks"]["wrong-value"]
    schedules = {one.schedule for one in (found, *found.others)}
    assert ("call call()", "run", "then call()", "call call()", "run") in schedules


def test_a_task_that_has_ended_still_owns_what_it_took() -> None:
    """If a new task got its number, the model would let that one acquire what the ended one owns."""
    target = adapt(ReentrantLock, model=OwnedByAnyTask)
    programs = Programs((0,), at_once=2, calls=2, cancellations=0)
    walk = Explorer(target, programs, 0, target.kind.usual_policies).walk()
    assert not any(walk.failures.values())
    assert walk.schedules > 5
