"""What a target keeps outside of its instances is as new before every run; a second instance shows who shares it."""

from __future__ import annotations

import asyncio
import itertools
from array import array
from collections import deque
from collections.abc import Callable
from os import environ
from sys import modules
from typing import Any, ClassVar

import pytest

from latchproof.check.bounds import default_programs
from latchproof.check.sandbox.fingerprint import Fingerprinter
from latchproof.check.sandbox.global_state import GlobalState
from latchproof.check.target import adapt
from latchproof.testing import check
from latchproof_spec.machine import Programs
from tests.check import samples

_made: list[object] = []
_numbers = itertools.count(5, 2)
_queue: deque[int] = deque()


class Slotted:
    __slots__ = ("later", "number")

    def __init__(self) -> None:
        self.number = 0


class Helper:
    """A class that is not a base, and counts what is made."""

    made = 0


class Leaky:
    """It keeps something in each place outside of its instances."""

    number = 0
    by_name: ClassVar[dict[str, int]] = {"one": 1}
    seen: ClassVar[set[int]] = set()
    event = asyncio.Event()
    slotted = Slotted()
    buffer = bytearray(2)
    table: ClassVar[array[int]] = array("i", [1])
    numbers = _numbers
    pair: ClassVar[tuple[str, tuple[list[int], Slotted]]] = ("a list", ([], Slotted()))

    def __init__(self, parties: int, queue: deque[int] = _queue) -> None:
        self.queue = queue

    def named(self, *, _names: list[int] = []) -> list[int]:  # noqa: B006 - it is to be shared
        return _names

    def counted(self) -> int:
        """Count its calls."""
        Leaky.counted.calls += 1  # type: ignore[attr-defined]
        return 0

    counted.calls = 0  # type: ignore[attr-defined]

    @staticmethod
    def shared(_given: list[int] = []) -> list[int]:  # noqa: B006
        return _given

    @property
    def length(self, _reads: list[int] = []) -> int:  # noqa: B006
        _reads.append(1)
        return len(_reads)

    @length.setter
    def length(self, value: int, _lengths: list[int] = []) -> None:  # noqa: B006
        _lengths.append(value)
        if len(_lengths) > 1:
            raise AssertionError("a value of another run")


def leak() -> None:
    Leaky.number += 1
    Leaky.fresh = True  # type: ignore[attr-defined] # it is to be new
    Leaky.by_name["two"] = 2
    Leaky.by_name["one"] = 3
    Leaky.seen.add(1)
    Leaky.event.set()
    Leaky(2).queue.append(1)
    _made.append(1)
    Leaky.slotted.number += 1
    Leaky.slotted.later = 1  # type: ignore[attr-defined]
    Leaky.buffer.append(1)
    Leaky.table[0] += 1
    next(_numbers)
    Leaky(2).named().append(1)
    Leaky(2).length = 1
    Leaky.pair[1][0].append(1)
    Leaky.pair[1][1].number += 1
    Leaky(2).counted()
    Helper.made += 1
    Leaky.shared().append(1)


def state() -> tuple[Any, ...]:
    shown = Leaky.number, hasattr(Leaky, "fresh"), dict(Leaky.by_name), set(Leaky.seen), Leaky.event.is_set()
    others = Leaky.slotted.number, hasattr(Leaky.slotted, "later"), bytes(Leaky.buffer), Leaky.table[0], repr(_numbers)
    inner = list(Leaky.pair[1][0]), Leaky.pair[1][1].number, Leaky.counted.calls  # type: ignore[attr-defined]
    return (
        *shown,
        *others,
        *inner,
        _numbers is Leaky.numbers,
        list(Leaky(2).queue),
        list(_made),
        list(Leaky(2).named()),
    )


class Glancing:
    """Its module has `sys.modules` and `os.environ` by name; what a run imports stays imported."""

    def __init__(self, parties: int) -> None:
        self.seen = "asyncio" in modules, len(environ)


def test_what_is_of_the_standard_library_is_left_alone() -> None:
    state = GlobalState(Glancing)
    modules["latchproof_tests_late"] = modules[__name__]
    try:
        assert state.changed() == ()
        state.restore()
        assert "latchproof_tests_late" in modules
    finally:
        del modules["latchproof_tests_late"]


def test_everything_is_made_as_it_was() -> None:
    kept = GlobalState(Leaky)
    assert kept.changed() == ()
    before = state()
    for _ in range(2):
        leak()
        assert Leaky(2).length == 1
        assert state() != before
        assert len(kept.changed()) == 18
        kept.restore()
        assert state() == before
        assert kept.changed() == ()


class Base:
    number = 0
    first: ClassVar[list[int]] = []
    second: ClassVar[list[int]] = []
    third: ClassVar[list[int]] = [1]
    names: ClassVar[dict[str, int]] = {"one": 1, "two": 2, "three": 3}
    numbers = itertools.count()
    buffer = bytearray(1)


class Derived(Base):
    number = 0


def _moved(name: str) -> None:
    Base.names[name] = Base.names.pop(name)


CHANGES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "a list": lambda: Base.first.append(1),
    "the list otherwise": lambda: Base.first.append(2),
    "another list": lambda: Base.second.append(1),
    "an item of a list": lambda: Base.third.__setitem__(0, 2),
    "a count": lambda: next(Base.numbers),
    "the count further on": lambda: [next(Base.numbers), next(Base.numbers)],
    "a buffer": lambda: Base.buffer.append(1),
    "the buffer otherwise": lambda: Base.buffer.append(2),
    "a class": lambda: setattr(Base, "number", 1),
    "the class otherwise": lambda: setattr(Base, "number", 2),
    "another class": lambda: setattr(Derived, "number", 1),
    "an attribute less": lambda: delattr(Derived, "number"),
    "a key less": lambda: Base.names.pop("one"),
    "another key less": lambda: Base.names.pop("two"),
    "a key moved": lambda: _moved("one"),
    "another key moved": lambda: _moved("two"),
    "a key more": lambda: Base.names.update(four=4),
    "a value": lambda: Base.names.update(one=2),
    "another value": lambda: Base.names.update(two=3),
}
"""Changes of what two classes hold, each to something else."""


def test_what_has_changed_tells_where() -> None:
    kept, fingerprinter = GlobalState(Derived), Fingerprinter()
    marks: dict[bytes, str] = {}
    for name, change in (*CHANGES.items(), *CHANGES.items()):
        change()
        assert (kept.changed() == ()) is (name == "nothing")
        assert marks.setdefault(fingerprinter.of(kept.changed()), name) == name
        kept.restore()
        assert kept.changed() == ()
    assert len(marks) == len(CHANGES)


def test_a_factory_has_global_state_too() -> None:
    made: list[int] = []

    def factory(count: int) -> samples.PlainLatch:
        made.append(count)
        return samples.PlainLatch(count)

    state = GlobalState(factory)
    factory(2)
    state.restore()
    assert made == []


@pytest.mark.parametrize("host", ["asyncio", "trio"])
@pytest.mark.parametrize("target", [samples.PlainLatch, samples.FifoBarrier])
def test_the_default_bounds_have_a_second_instance(target: Any, host: str) -> None:
    assert any(shape.beside for shape in default_programs(adapt(target), host))


BESIDE = Programs((1,), at_once=2, calls=2, cancellations=0, beside=1)


def test_whoever_is_woken_by_another_instance_is_found_and_the_run_can_be_repeated() -> None:
    from latchproof.check.checker import check as check_programs
    from latchproof.check.replaying import replay

    target = adapt(samples.CommonLatch)
    verdict = check_programs(target, policy="latchproof", programs=(BESIDE,))
    trace = verdict.shortest
    assert trace is not None
    assert (trace.claim, trace.notation) == ("C3", "1:w.@c..")
    again = replay(target, trace.schedule, argument=1, policies=["latchproof"], host="asyncio")
    assert again.so_far.failures["latchproof"]["C3"].finding.seen == "wait() returned"
    assert check_programs(adapt(samples.PlainLatch), policy="latchproof", programs=(BESIDE,)).reported.satisfied


def test_what_one_run_leaves_another_does_not_find() -> None:
    """Without the second instance the shared list is emptied before every run, and nothing is to be seen of it."""
    verdict = check(samples.CommonLatch, policy="latchproof", tasks=2, calls=2, cancels=1)
    assert verdict.reported.failures == {}
