"""Models are judged as any specification is: here a lock of ten lines, and one that hands over in order."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import pytest

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest
from latchproof.check.judge import Judge
from latchproof.check.model_specification import ModelSpecification
from latchproof_spec.model import (
    Cancelled,
    Model,
    ModelError,
    any_of,
    choose,
    place,
    released,
    task,
    waiters,
    when,
)
from tests.check.histories import found, judge


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


class Permits(Model):
    """Two permits at most; take(n) takes as many."""

    at_rest = ("free",)

    def __init__(self, free: int) -> None:
        self.free = free

    def take(self, n: int) -> None:
        when(self.free >= n, "there were too few")
        self.free -= n

    def give(self, n: int) -> None:
        self.free += n


def in_order(history: str, fair: bool, argument: int = 0, model: type[Model] = Permits) -> str:
    return found(ModelSpecification(model, argument, fair=fair), history)


@pytest.mark.parametrize(
    ("history", "fair", "any_order"),
    [
        # the second is not served before the first, which could be
        ("0:take(1) rest 1:take(1) rest 2:give(1) 2> 1>", "returned-too-early at 1>", ""),
        ("0:take(1) rest 1:take(1) rest 2:give(2) 2> 1> 0> rest", "", ""),
        # the first could not: it asks for more
        ("0:take(2) rest 1:take(1) rest 2:give(1) 2> 1> rest", "", ""),
        # and if it had continued, nothing would be left for the second
        ("0:take(2) rest 1:take(1) rest 2:give(2) 2> 1>", "returned-too-early at 1>", ""),
        # a new call does not overtake one that waits
        ("0:take(1) rest 1:give(1) 1> 2:take(1) 2>", "returned-too-early at 2>", ""),
        ("0:take(1) rest 0- 1:give(1) 1> 2:take(1) 2> 0x rest", "", ""),
        # the first continues at last, in either order
        ("0:take(1) rest 1:take(1) rest 2:give(1) 2> rest", "stranded at rest", "stranded at rest"),
    ],
)
def test_first_come_first_served_is_one_of_two_answers(history: str, fair: str, any_order: str) -> None:
    assert in_order(history, fair=True) == fair
    assert in_order(history, fair=False) == any_order


def test_an_attribute_may_be_compared_at_rest_alone() -> None:
    assert in_order("free=0 0:take(1) free=5 rest free=0 1:give(1) 1> free=7 0> free=0 rest", fair=False) == ""
    assert in_order("0:take(1) rest free=1", fair=False) == "wrong-reading at free=1"
    assert in_order("0:give(1) 0> free=0", fair=False) == "wrong-reading at free=0"


class Borrowed(Model):
    """One token; its owner gives it back."""

    gives_back: ClassVar = {"borrow": "give_back"}

    def __init__(self) -> None:
        self._owner: int | None = None

    def borrow(self) -> None:
        when(self._owner is None)
        self._owner = task()

    def try_to_borrow(self) -> bool:
        if self._owner is None:
            self._owner = task()
            return True
        return False

    def give_back(self) -> None:
        if self._owner != task():
            raise RuntimeError
        self._owner = None


class Kept(Borrowed):
    gives_back: ClassVar = {}


BORROWED = "0:borrow@0 0- 1:try_to_borrow@1 1>False 0x"


@pytest.mark.parametrize(
    ("model", "history", "finding"),
    [
        # it may have given back what it took when it is cancelled, and only then
        (Borrowed, f"{BORROWED} 2:try_to_borrow@1 2>True", ""),
        (Borrowed, f"{BORROWED} 2:try_to_borrow@1 2>False", "effect-of-a-cancelled-call at 2>False"),
        (Kept, BORROWED, "effect-of-a-cancelled-call at 0x"),
        (Kept, "0:borrow@0 0- 0x 1:try_to_borrow@1 1>True", ""),
        # an operation that never waits may have happened, or not
        (Borrowed, "0:try_to_borrow@0 0- 0x 1:try_to_borrow@1 1>True", ""),
        (Borrowed, "0:try_to_borrow@0 0- 0x 1:try_to_borrow@1 1>False", ""),
        # tasks are told apart
        (Borrowed, "0:borrow@3 0> 1:give_back@2 1!RuntimeError 2:give_back@3 2> rest", ""),
        (Borrowed, "0:borrow@3 0> 1:give_back@2 1>", "missed-error at 1>"),
        (Borrowed, "0:try_to_borrow@0 0>1", "wrong-value at 0>1"),
    ],
)
def test_what_a_cancelled_call_may_leave(model: type[Model], history: str, finding: str) -> None:
    assert in_order(history, fair=False, model=model) == finding


class Turnstile(Model):
    """let_go() lets all that wait go; cry() reaches them while they have not ended, or not."""

    def __init__(self) -> None:
        self._open = False

    def wait(self) -> int:
        if place() is None:
            when(False, "a call has to wait")
        when(self._open, "it was closed")
        return 0

    def let_go(self) -> None:
        for waiter in waiters("wait"):
            waiter.returns(waiter.place + 10 * waiter.task)

    def cry(self) -> None:
        for call in released("wait"):
            if choose(True, False):
                call.raises(RuntimeError)

    @property
    def leaving(self) -> int:
        return len(released())

    @property
    def somewhere(self) -> any_of:
        return any_of(len(waiters()), len(released()))

    def whoami(self) -> int:
        return task()


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:wait@1 rest 1:wait@2 rest somewhere=2 2:let_go 2> leaving=2 0>10 1>21 leaving=0", ""),
        ("0:wait rest 1:let_go 1> 2:cry 2> 0!RuntimeError rest", ""),
        ("0:wait rest 1:let_go 1> 2:cry 2> 0>0 rest", ""),
        ("0:wait rest 1:cry 1> rest 2:let_go 2> 0!RuntimeError", "wrong-error at 0!RuntimeError"),
        ("0:wait rest 1:let_go 1> leaving=0", "wrong-reading at leaving=0"),
        ("0:wait rest 1:let_go 1> 0- 0x leaving=0 rest", ""),
        ("0:wait 0>0", "returned-too-early at 0>0"),
        ("0:wait rest 1:let_go 1> rest", "stranded at rest"),
        ("0:whoami@3 0>3 1:whoami@4 1>3", "wrong-value at 1>3"),
    ],
)
def test_what_others_are_given_and_what_is_seen_of_them(history: str, finding: str) -> None:
    assert in_order(history, fair=False, model=Turnstile) == finding


class Stack(Model):
    """pop() returns None if there is nothing."""

    def __init__(self) -> None:
        self._items: tuple[int, ...] = ()

    def push(self, item: int) -> None:
        self._items += (item,)

    def pop(self):  # type: ignore[no-untyped-def]  # as a user may write it
        if not self._items:
            return None
        *items, last = self._items
        self._items = tuple(items)
        return last


def test_none_is_compared_where_a_method_returns_values() -> None:
    assert in_order("0:push(1) 0>True 1:pop 1>1 2:pop 2> rest", fair=False, model=Stack) == ""
    assert in_order("0:pop 0>False", fair=False, model=Stack) == "wrong-value at 0>False"
    assert in_order("0:push(1) 0> 1:pop 1>", fair=False, model=Stack) == "wrong-value at 1>"
    assert in_order("0:push(1) 0> 1:pop 1>True", fair=False, model=Stack) == "wrong-value at 1>True"


class Full(ValueError):  # noqa: N818
    """Stands for a class of the same name elsewhere."""


class Refusing(Model):
    def never(self) -> None:
        raise Full

    def at_all(self) -> None:
        raise RuntimeError


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:never 0!Full", ""),
        ("0:never 0!ValueError", "wrong-error at 0!ValueError"),
        ("0:at_all 0!BlockingIOError", "wrong-error at 0!BlockingIOError"),
        ("0:at_all 0!RuntimeError", ""),
        ("0:at_all 0!RecursionError", "wrong-error at 0!RecursionError"),  # although that is a RuntimeError
        ("0:at_all 0!NotImplementedError", "wrong-error at 0!NotImplementedError"),
    ],
)
def test_errors_are_compared_by_the_names_of_their_classes(history: str, finding: str) -> None:
    assert in_order(history, fair=False, model=Refusing) == finding


@pytest.mark.parametrize(
    ("history", "seen"),
    [
        ("0:take(1) 0>", "take() returned, though there were too few"),
        ("0:take(1) rest 1:give(1) 1> 2:take(1) 2>", "take() returned, though an earlier call of take() waits"),
        ("0:take(1) 0x", "take() ended cancelled without a request to cancel it"),
        ("0:give(1) 0> 1:take(1) 1- 2:take(1) rest", "nothing can run any more, and take() of call 2 has not ended "),
    ],
)
def test_findings_are_in_the_words_of_the_model(history: str, seen: str) -> None:
    result = judge(ModelSpecification(Permits, 0, fair=True), history)
    assert result is not None
    assert result[0].seen.startswith(seen.rstrip()), result[0].seen


def test_a_condition_without_words_is_told_by_its_source() -> None:
    result = judge(ModelSpecification(Borrowed), "0:borrow@1 0> 1:borrow@2 1>")
    assert result is not None
    assert result[0].seen == "borrow() returned, though self._owner is None was false"


class Closing(Model):
    """A call that waits is refused once it is closed; an arrival that is cancelled early leaves a mark."""

    def __init__(self) -> None:
        self.closed = False
        self.marks = 0

    def wait(self) -> None:
        if self.closed:
            raise RuntimeError
        when(False)

    def arrive(self) -> None:
        if self.closed:
            raise RuntimeError
        try:
            when(False)
        except Cancelled:
            if place() is None:
                self.marks = 1
            raise

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("history", "finding"),
    [
        ("0:wait rest 1:close 1> 0- 0x closed=True rest", ""),  # it would be refused, and is cancelled before that
        ("0:wait rest 1:close 1> 0!RuntimeError rest", ""),
        ("0:wait 0- 0x marks=0", ""),
        ("0:arrive 0- 0x marks=1", ""),
        ("0:arrive rest 0- 0x marks=0", ""),
        ("0:arrive rest 0- 0x marks=1", "wrong-reading at marks=1"),
        ("0:close 0> 1:arrive 1- 1x marks=0", ""),
        ("0:close 0> 1:arrive 1- 1x marks=1", "wrong-reading at marks=1"),
    ],
)
def test_a_call_that_is_cancelled_early(history: str, finding: str) -> None:
    assert in_order(history, fair=False, model=Closing) == finding
