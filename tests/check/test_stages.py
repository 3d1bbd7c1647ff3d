"""Calls with several visible instants: a monitor, whose wait() releases a lock, waits, and takes the lock again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from latchproof.check.instants import may_wait
from latchproof.check.model_specification import ModelSpecification
from latchproof_spec.model import Cancelled, Model, ModelError, choose, place, released, task, until, waiters, when
from tests.check.histories import found, judge


class Monitor(Model):
    """A condition with its lock, in full."""

    def __init__(self) -> None:
        self.held = False
        self._notified = 0

    def acquire(self) -> None:
        when(not self.held, "the lock was held")
        self.held = True

    def release(self) -> None:
        self.held = False

    def wait(self) -> Iterator[until]:
        if not self.held:
            raise RuntimeError
        self.held = False
        try:
            yield until(lambda: self._notified > 0, "it was not notified")
        except Cancelled:
            yield until(lambda: not self.held)
            self.held = True
            raise
        self._notified -= 1
        yield until(lambda: not self.held, "the lock was held")
        self.held = True

    def notify(self) -> None:
        self._notified = min(self._notified + 1, len(waiters("wait")))


ENTERED = "0:acquire 0> 1:wait rest held=False"


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:wait 0!RuntimeError", ""),
        (f"{ENTERED} 2:acquire 2> 3:notify 3> rest held=True 4:release 4> 1> held=True rest", ""),
        (f"{ENTERED} 2:acquire 2> 3:notify 3> 1>", "returned-too-early at 1>"),
        (f"{ENTERED} 2:notify 2> 1> held=False", "wrong-reading at held=False"),
        (f"{ENTERED} 1>", "returned-too-early at 1>"),
        (f"{ENTERED} 2:notify 2> rest", "stranded at rest"),
        # a call that is cancelled takes the lock before it ends, and waits for that
        (f"{ENTERED} 2:acquire 2> 1- rest 3:release 3> 1x held=True rest", ""),
        (f"{ENTERED} 2:acquire 2> 1- 1x", "effect-of-a-cancelled-call at 1x"),
        (f"{ENTERED} 2:acquire 2> 1- 3:release 3> rest", "stranded at rest"),
        (f"{ENTERED} 1- 1x held=False", "wrong-reading at held=False"),
        (f"{ENTERED} 1- 1x held=True 2:acquire rest", ""),
        # once it has the lock it may not end cancelled
        (f"{ENTERED} 2:notify 2> held=True 1- 1x", "effect-of-a-cancelled-call at 1x"),
    ],
)
def test_each_instant_is_seen_by_others(history: str, finding: str) -> None:
    assert found(ModelSpecification(Monitor), history) == finding


def test_it_is_told_why_a_call_waits() -> None:
    result = judge(ModelSpecification(Monitor), f"{ENTERED} 1>")
    assert result is not None
    assert result[0].seen == "wait() returned, though it was not notified"


class Entrance(Model):
    """Only a call that has waited may not end cancelled once it has entered."""

    def __init__(self) -> None:
        self.held = False

    def enter(self) -> Any:
        if self.held:
            yield until(lambda: not self.held)
        self.held = True

    def leave(self) -> None:
        self.held = False


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:enter 0- 0x held=True", ""),
        ("0:enter 0> 1:enter rest 2:leave 2> held=True 1- 1x", "effect-of-a-cancelled-call at 1x"),
    ],
)
def test_a_call_has_to_end_as_it_did_only_after_a_condition(history: str, finding: str) -> None:
    assert found(ModelSpecification(Entrance), history) == finding


class Tickets(Model):
    """Each call draws a number, and is served by it; another number may be called."""

    def __init__(self) -> None:
        self._drawn = self._called = 0

    def draw(self) -> Any:
        number = choose(self._drawn + 1, self._drawn + 2)
        self._drawn = number
        yield until(lambda: self._called >= number, f"{number} was not called")
        return number

    def call(self) -> None:
        self._called += 1

    def serve(self) -> None:
        for waiter in waiters("draw")[:1]:
            waiter.returns(0)


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:draw rest 1:call 1> 0>1 rest", ""),
        ("0:draw rest 1:call 1> 2:call 2> 0>2 3:draw rest", ""),  # it may have drawn another number
        ("0:draw rest 1:call 1> 0>2", "wrong-value at 0>2"),
        ("0:draw rest 1:draw rest 2:call 2> 3:call 3> 1>2 0>1", ""),
        ("0:draw rest 1:serve 1> 0>0 rest", ""),
        ("0:draw rest 1:call 1> 0- 0x rest", ""),
    ],
)
def test_local_variables_and_choices_are_kept(history: str, finding: str) -> None:
    assert found(ModelSpecification(Tickets), history) == finding


class Looks(Model):
    """A call returns what it saw: the calls that wait, those that were let go, its task, and later its place."""

    def __init__(self) -> None:
        self.looking = self._steps = 0

    def look(self) -> Any:
        self.looking += 1
        seen = f"{len(waiters('look'))}{len(released('look'))}{task()}"
        yield until(lambda: self._steps > 0)
        seen += f"{place()}"
        yield until(lambda: self._steps > 1)
        return int(seen)

    def step(self) -> None:
        self._steps += 1

    def serve(self) -> None:
        waiters("look")[0].returns(7)


SERVED = "0:look@0 rest 1:look@1 rest 2:serve@2 2> 3:look@3 looking=3 0>7 4:step@4 4> rest 5:step@5 5>"
"""Call 3 began while call 1 waited and call 0 had been let go."""


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        (f"{SERVED} 1>1010 3>1131 rest", ""),
        (f"{SERVED} 3>131", "wrong-value at 3>131"),
        (f"{SERVED} 3>1031", "wrong-value at 3>1031"),
        (f"{SERVED} 3>1101", "wrong-value at 3>1101"),
        (f"{SERVED} 3>1130", "wrong-value at 3>1130"),
    ],
)
def test_what_was_seen_at_an_instant_is_kept(history: str, finding: str) -> None:
    assert found(ModelSpecification(Looks), history) == finding


def test_such_a_call_may_wait() -> None:
    assert may_wait(Tickets, "draw")
    assert not may_wait(Tickets, "call")


def yields_a_number(self: Any) -> Any:
    yield 5
    yield until(lambda: True)


def keeps_quiet(self: Any) -> Any:
    with suppress(Cancelled):
        yield until(lambda: False)


def no_function(self: Any) -> Any:
    yield until(self._called)


def misspelt(self: Any) -> Any:
    yield until(lambda: self._caled)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (yields_a_number, "a method yields 5: it yields until(lambda: ...), and nothing else"),
        (keeps_quiet, "Tickets.draw() has to raise Cancelled again"),
        (no_function, "until() takes a function, as until(lambda: ...)"),
        (misspelt, "Tickets.draw() failed at"),
    ],
)
def test_what_specifies_nothing_is_refused(method: Any, message: str) -> None:
    model = type("Tickets", (Tickets,), {"draw": method, "__module__": __name__})
    with pytest.raises(ModelError, match=re.escape(message)):
        found(ModelSpecification(model), "0:draw rest 0- 0x")
