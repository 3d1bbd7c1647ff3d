"""The judge needs no machine: a lock of a few lines is judged through the interface too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest, Stray
from latchproof.check.judge import Judge
from latchproof.check.specification import NEW, PARKED, Configuration, Ending, Fate, Invocation, Specification


class LockOperation(NamedTuple):
    name: str
    waits: bool = False
    parameters: Mapping[str, type] = {}


class Lock(Specification):
    """A lock, not a fair one: its state is the task that holds it, or None. A parked call takes it when it is free."""

    name = "lock"
    operations: tuple[LockOperation, ...] = (LockOperation("acquire", waits=True), LockOperation("release"))
    tells_tasks_apart = True

    def start(self) -> list[Configuration]:
        return [Configuration(None)]

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        operation, task = calls[call].operation, calls[call].task
        ends = Fate("ends", Ending(by=operation))
        if operation == "acquire":
            taken = here._replace(state=task).with_fate(call, ends), "takes"
            yield taken if here.state is None else (here.with_fate(call, PARKED), "parks")
        elif here.state == task:
            yield here._replace(state=None).with_fate(call, ends), "gives back"
        else:
            yield here.with_fate(call, Fate("ends", Ending((), (RuntimeError,), operation))), "refuses"

    def may_stay(self, here: Configuration, call: int) -> bool:
        return here.state is not None

    def readings(self, here: Configuration, name: str) -> Collection[bool]:
        return [here.state is not None]


class WeakLock(Lock):
    """A lock that can be tried, and may then fail although it is free: two outcomes are right."""

    operations = (*Lock.operations, LockOperation("try_acquire"))

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        if calls[call].operation != "try_acquire":
            yield from super().effects(here, call, calls)
            return
        yield here.with_fate(call, Fate("ends", Ending((False,)))), "fails"
        if here.state is None:
            yield here._replace(state=calls[call].task).with_fate(call, Fate("ends", Ending((True,)))), "succeeds"


class AnonymousLock(Lock):
    """The same without identity: any task may release it."""

    tells_tasks_apart = False


def acquire(call: int, task: int) -> Begin:
    return Begin(call, "acquire", (), task)


def release(call: int, task: int) -> Begin:
    return Begin(call, "release", (), task)


def attempt(call: int, task: int) -> Begin:
    return Begin(call, "try_acquire", (), task)


def ret(call: int, value: object = None) -> End:
    return End(call, "returned", value)


def refused(call: int, error: type[Exception] = RuntimeError) -> End:
    return End(call, "raised", error=error("not yours"))


def gone(call: int) -> End:
    return End(call, "cancelled")


def locked(value: object) -> Observe:
    return Observe((("locked", value),))


REST = Rest()
HELD: list[Event] = [acquire(0, 0), ret(0, True)]
CONTENDED: list[Event] = [*HELD, acquire(1, 1), acquire(2, 2)]


def judged(events: list[Event], specification: Specification) -> str:
    """What the finding is called and the position of its event; "" if the history is allowed."""
    judge = Judge(specification)
    for position, event in enumerate(events):
        if (finding := judge.step(event)) is not None:
            return f"{finding.claim}@{position}"
    return ""


@pytest.mark.parametrize(
    "events",
    [
        [locked(False), *HELD, locked(True), release(1, 0), ret(1), locked(False)],
        [*HELD, acquire(1, 1), REST, release(2, 0), ret(2), ret(1), locked(True)],
        [*HELD, acquire(1, 1), release(2, 0), ret(1), ret(2)],  # it takes effect before it returns
        [*CONTENDED, release(3, 0), ret(3), ret(2), REST, release(4, 2), ret(4), ret(1)],  # whichever is first
        [*HELD, release(1, 1), refused(1), locked(True)],
        [release(0, 0), refused(0), locked(False)],
        [*CONTENDED, Request(1), gone(1), release(3, 0), ret(3), ret(2), REST],
        [*HELD, acquire(1, 1), Request(1), release(2, 0), ret(2), ret(1)],  # it was there first
        [acquire(0, 0), acquire(1, 1), ret(1), REST],
    ],
)
def test_a_lock_is_judged_right(events: list[Event]) -> None:
    assert judged(events, Lock()) == ""


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([*HELD, acquire(1, 1), ret(1)], "early return@3"),  # two hold it
        ([*CONTENDED, release(3, 0), ret(3), ret(2), ret(1)], "early return@7"),
        ([*CONTENDED, release(3, 0), ret(3), REST], "stranded@6"),  # neither takes it
        ([*CONTENDED, Request(1), gone(1), release(3, 0), ret(3), REST], "stranded@8"),
        ([*HELD, release(1, 1), ret(1)], "missed refusal@3"),  # by a task that does not hold it
        ([*HELD, release(1, 1), refused(1, ValueError)], "wrong error@3"),
        ([*HELD, release(1, 0), refused(1)], "wrong error@3"),
        ([*HELD, release(1, 1), refused(1), locked(False)], "wrong reading@4"),
        ([*HELD, locked(False)], "wrong reading@2"),
        ([*HELD, locked(1)], "wrong reading@2"),  # 1 is not True
        ([*HELD, acquire(1, 1), gone(1)], "cancelled unasked@3"),
        ([*HELD, acquire(1, 1), Request(1), REST], "stranded@4"),
        ([*HELD, release(1, 0), REST], "stranded@3"),
        ([Stray("an error reached the event loop")], "stray error@0"),
    ],
)
def test_a_fault_of_a_lock_is_found(events: list[Event], finding: str) -> None:
    assert judged(events, Lock()) == finding


def test_tasks_are_told_apart_only_where_the_specification_says_so() -> None:
    handed_on: list[Event] = [*HELD, release(1, 1), ret(1), locked(False)]
    assert judged(handed_on, Lock()) == "missed refusal@3"
    assert judged(handed_on, AnonymousLock()) == ""
    places = []
    for specification in (Lock(), AnonymousLock()):
        judge = Judge(specification)
        snapshot = judge.snapshot()
        for task in (0, 1):
            judge.restore(snapshot)
            judge.step(acquire(0, task))
            places.append(judge.place)
    assert places[0] != places[1]
    assert places[2] == places[3]


@pytest.mark.parametrize(
    ("events", "finding"),
    [
        ([attempt(0, 0), ret(0, True), locked(True)], ""),
        ([attempt(0, 0), ret(0, False), locked(False)], ""),
        ([attempt(0, 0), ret(0, False), locked(True)], "wrong reading@2"),
        ([attempt(0, 0), ret(0, True), locked(False)], "wrong reading@2"),
        ([attempt(0, 0), ret(0, 1)], "wrong index@1"),
        ([*HELD, attempt(1, 1), ret(1, False), locked(True)], ""),
        ([*HELD, attempt(1, 1), ret(1, True)], "wrong index@3"),
    ],
)
def test_an_effect_may_have_several_outcomes(events: list[Event], finding: str) -> None:
    assert judged(events, WeakLock()) == finding


def test_a_configuration_knows_the_fates_of_calls_whatever_came_first() -> None:
    here = Configuration(None).with_fate(1, NEW).with_fate(0, PARKED)
    assert here == Configuration(None).with_fate(0, PARKED).with_fate(1, NEW)
    assert [here.fate(call) for call in (0, 1)] == [PARKED, NEW]
    assert here.with_fate(1, PARKED).fate(1) == PARKED
    with pytest.raises(KeyError):
        here.fate(2)


def test_a_finding_says_what_is_allowed() -> None:
    judge = Judge(WeakLock())
    assert judge.step(attempt(0, 0)) is None
    found = judge.step(ret(0, "perhaps"))
    assert found is not None
    assert (found.seen, found.allowed) == ("try_acquire() returned 'perhaps'", ("to return False", "to return True"))
    assert found.rules == ()


def test_the_rules_that_were_applied_are_noted() -> None:
    judge = Judge(Lock())
    for event in [*HELD, acquire(1, 1), release(2, 2), refused(2), release(3, 0), ret(3), ret(1), locked(True)]:
        assert judge.step(event) is None
    assert judge.fired == {"takes", "parks", "refuses", "gives back"}


def test_a_lock_may_be_judged_strictly() -> None:
    """A call takes effect in its first step: the one that begins first takes it."""
    for winner, finding in ((0, None), (1, "early return")):
        judge = Judge(Lock(), strict=True)
        assert [judge.step(begin) for begin in (acquire(0, 0), acquire(1, 1))] == [None, None]
        found = judge.step(ret(winner))
        assert (None if found is None else found.claim) == finding


def test_strictly_a_parked_call_is_released_by_effects_of_others_alone() -> None:
    judge = Judge(Lock(), strict=True)
    found = [judge.step(event) for event in (*HELD, acquire(1, 1), release(2, 0), ret(2), ret(1))]
    assert [None if finding is None else finding.claim for finding in found] == [None] * 5 + ["early return"]
