"""Models are judged as any specification is: here a lock of ten lines, and one that hands over in order."""

from __future__ import annotations

from enum import IntEnum

import pytest

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest
from latchproof.check.judge import Judge
from latchproof.check.model_specification import ModelSpecification
from latchproof_spec.model import Cancelled, Model, ModelError, choose, waiters, when


class Lock(Model):
    def __init__(self) -> None:
        self.locked = False

    def acquire(self) -> bool:
        when(not self.locked)
        self.locked = True
        return True

    def release(self) -> None:
        if not self.locked:
            raise RuntimeError
        self.locked = False


class FairLock(Lock):
    """release() hands the lock over to the first that waits; a cancelled task may leave a mark."""

    def __init__(self) -> None:
        super().__init__()
        self.marks = 0

    def acquire(self) -> bool:
        try:
            return super().acquire()
        except Cancelled:
            self.marks += choose(0, 1)
            raise

    def release(self) -> None:
        for waiter in waiters()[:1]:
            waiter.returns(True)
            return
        super().release()


def acquire(call: int) -> Begin:
    return Begin(call, "acquire")


def release(call: int) -> Begin:
    return Begin(call, "release")


def returned(call: int, value: object = None) -> End:
    return End(call, "returned", value)


def refused(call: int, error: type[Exception] = RuntimeError) -> End:
    return End(call, "raised", error=error())


def locked(value: object) -> Observe:
    return Observe((("locked", value),))


def marks(value: int) -> Observe:
    return Observe((("marks", value),))


REST = Rest()
HELD: list[Event] = [acquire(0), returned(0, True)]
CONTENDED: list[Event] = [*HELD, acquire(1), REST, acquire(2), REST]
CANCELLED: list[Event] = [*CONTENDED, Request(1), End(1, "cancelled")]
RELEASED: list[Event] = [release(3), returned(3)]


def judged(model: type[Model], events: list[Event]) -> str:
    """What the finding is called and the position of its event; "" if the history is allowed."""
    judge = Judge(ModelSpecification(model))
    for position, event in enumerate(events):
        if (finding := judge.step(event)) is not None:
            return f"{finding.claim}@{position}"
    return ""


@pytest.mark.parametrize(
    ("events", "lock", "fair"),
    [
        ([locked(False), *HELD, locked(True), release(1), returned(1), locked(False)], "", ""),
        ([release(0), refused(0), locked(False)], "", ""),
        ([*CONTENDED, *RELEASED, returned(1, True), REST], "", ""),
        ([*CONTENDED, *RELEASED, returned(2, True), REST], "", "returned-too-early@8"),
        ([*CONTENDED, *RELEASED, returned(1, True), returned(2, True)], "returned-too-early@9", "returned-too-early@9"),
        ([*CONTENDED, *RELEASED, REST], "stranded@8", "stranded@8"),
        ([*CANCELLED, *RELEASED, returned(2, True), REST], "", ""),
        ([*CANCELLED, *RELEASED, REST], "stranded@10", "stranded@10"),
        ([*CONTENDED, End(1, "cancelled")], "cancelled-unasked@6", "cancelled-unasked@6"),
        ([*HELD, release(1), refused(1)], "wrong-error@3", "wrong-error@3"),
        ([release(0), refused(0, ValueError)], "wrong-error@1", "wrong-error@1"),
        ([release(0), returned(0)], "missed-error@1", "missed-error@1"),
        ([acquire(0), returned(0, 1)], "wrong-value@1", "wrong-value@1"),
        ([*HELD, locked(False)], "wrong-reading@2", "wrong-reading@2"),
        ([*HELD, locked(1)], "wrong-reading@2", "wrong-reading@2"),
    ],
)
def test_locks_are_judged_by_their_models(events: list[Event], lock: str, fair: str) -> None:
    assert judged(Lock, events) == lock
    assert judged(FairLock, events) == fair


@pytest.mark.parametrize(("mark", "finding"), [(0, ""), (1, ""), (2, "wrong-reading@8")])
def test_what_a_cancelled_call_does_is_remembered(mark: int, finding: str) -> None:
    assert judged(FairLock, [*CANCELLED, marks(mark)]) == finding
    if mark:
        assert judged(FairLock, [*CANCELLED, marks(1), marks(0)]) == "wrong-reading@9"


def test_what_was_done_is_told_in_words() -> None:
    judge = Judge(ModelSpecification(FairLock))
    for event in [*CANCELLED, *RELEASED, release(4), returned(4), release(5), refused(5)]:
        assert judge.step(event) is None or event == refused(5)
    assert judge.fired == {
        "acquire() waits",
        "acquire() returns",
        "acquire() is withdrawn",
        "release() ends other calls",
        "release() returns",
        "release() raises RuntimeError",
    }


def test_a_value_that_is_not_compared_is_refused() -> None:
    class Twins(Model):
        def pair(self) -> tuple[int, int]:
            return 1, 1

    with pytest.raises(ModelError, match=r"pair\(\) ends returns a tuple, which is not compared: return a bool"):
        judged(Twins, [Begin(0, "pair"), returned(0, (1, 1))])


class Level(IntEnum):
    LOW, HIGH = 1, 2


class Tank(Model):
    level = Level.LOW

    def drain(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("value", [1, 2])
def test_a_reading_of_a_models_own_class_is_the_int_that_it_is(value: int) -> None:
    assert judged(Tank, [Observe((("level", value),))]) == ("" if value == 1 else "wrong-reading@0")
