"""A class that specifies nothing is refused, with a location; a typo in a model never becomes the specification."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from datetime import datetime
from random import choice
from typing import Any

import pytest

from latchproof.check.model_faults import require_model
from latchproof.check.model_specification import ModelSpecification
from latchproof_spec.model import Cancelled, Model, ModelError, choose, waiters, when
from latchproof_spec.models import SHIPPED
from tests.check.histories import found

STARTED = 0


def model(**parts: Any) -> type[Model]:
    """A lock with other parts."""

    class Lock(Model):
        def __init__(self) -> None:
            self._held = False

        def acquire(self) -> None:
            when(not self._held)
            self._held = True

        def release(self) -> None:
            if not self._held:
                raise RuntimeError
            self._held = False

        @property
        def locked(self) -> bool:
            return self._held

    return type("Lock", (Lock,), {**parts, "__module__": __name__})


async def later(self: Any) -> None:
    when(True)


def twice(self: Any) -> Any:
    yield


def clock(self: Any) -> bool:
    return time.monotonic() > 0


def date(self: Any) -> bool:
    return datetime.now().year > 2000


def chance(self: Any) -> bool:
    return choice([True, False])


def numbers(self: Any) -> bool:
    return [random.random() for _ in range(2)] == []


def counting(self: Any) -> None:
    global STARTED
    STARTED += 1


def many(self: Any, *items: int) -> None:
    pass


def by_name(self: Any, *, item: int) -> None:
    pass


def text(self: Any, item: str) -> None:
    pass


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"acquire": later}, "Lock.later() has to be a plain method, which describes one instant: no `async`"),
        ({"acquire": twice}, "Lock.twice() yields something else than `until(lambda: ...)`"),
        ({"acquire": clock}, "Lock.clock() uses time of the module time: a model uses no clock and no chance"),
        ({"acquire": date}, "Lock.date() uses datetime of the module datetime: a model uses no clock and no chance"),
        ({"acquire": chance}, "Lock.chance() uses choice of the module random: a model uses no clock and no chance"),
        ({"acquire": numbers}, "Lock.numbers() uses random of the module random"),
        ({"locked": property(clock)}, "Lock.clock() uses time of the module time"),
        ({"acquire": counting}, "Lock.counting() changes the global STARTED: what changes is an attribute of `self`"),
        ({"acquire": many}, "Lock.acquire() takes *items: 'int': each parameter of an operation is an int or a bool"),
        ({"acquire": by_name}, "Lock.acquire() takes item: 'int': each parameter of an operation is an int or a bool"),
        ({"acquire": text}, "Lock.acquire() takes item: 'str': each parameter of an operation is an int or a bool"),
        ({"acquire": staticmethod(lambda: None)}, "Lock.acquire() has to be a method with the parameter self"),
        ({"_waiting": []}, "Lock._waiting is a list that all instances share: make it in __init__, as a tuple"),
        ({"polices": {}}, "Lock.polices says nothing of a model: is policies meant?"),
        ({"at_rset": ("locked",)}, "Lock.at_rset says nothing of a model: is at_rest meant?"),
        ({"fair": "yes"}, "Lock.fair is 'yes': it is True, False or None"),
        ({"at_rest": "locked"}, """Lock.at_rest is 'locked': it has to be a tuple of names, as ("locked",)"""),
        ({"at_rest": ("lokced",)}, "Lock.at_rest names 'lokced', which the model does not have; it has locked"),
        (
            {"optional": ("try",)},
            "Lock.optional names 'try', which the model does not have; it has acquire, release, lo",
        ),
        ({"objects": {"acquire": 1}}, "Lock.objects['acquire'] is 1: it has to be a tuple like (1, 'acquire')"),
        ({"objects": {"close": (1, "close")}}, "Lock.objects names 'close', which the model does not have"),
        ({"gives_back": ("acquire", "release")}, "Lock.gives_back is ('acquire', 'release'): it has to be a dict"),
        (
            {"gives_back": {"acquire": "relase"}},
            "Lock.gives_back names 'relase', which is none of the operations: acquir",
        ),
        ({"undone_by": {"aquire": "release"}}, "Lock.undone_by names 'aquire', which is none of the operations"),
        (
            {"policies": {"fast": {"_fsat": 1}}},
            "Lock.policies['fast'] sets '_fsat', which no method of the model looks",
        ),
        (
            {"policies": {"fast": 1}},
            "Lock.policies['fast']: policies map the name of each to a dict of class attributes",
        ),
        ({"policies": ["fast"]}, "Lock.policies is ['fast']: it has to be a dict"),
        ({"fair": lambda self: None}, "Lock.fair() is an operation; a model says something else by that name"),
        ({"__init__": lambda self, one, other: None}, "a model is made with one int or with nothing"),
    ],
)
def test_a_part_that_specifies_nothing_is_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        ModelSpecification(model(**parts))


def test_what_is_no_model_is_refused() -> None:
    for one in (int, 5, ModelError):
        with pytest.raises(ModelError, match="is not a class that inherits from Model"):
            require_model(one)

    class Nothing(Model):
        """Specifies nothing."""

    with pytest.raises(ModelError, match=r"test_model_faults.py:\d+: .*Nothing has no operations"):
        require_model(Nothing)


def test_the_place_of_a_fault_is_told() -> None:
    with pytest.raises(ModelError, match=r"test_model_faults.py:\d+: Lock.clock\(\) uses time"):
        ModelSpecification(model(acquire=clock))


def misspelt_name(self: Any) -> None:
    self._hled = True


def misspelt_value(self: Any) -> None:
    self._held = Treu  # type: ignore[name-defined]  # noqa: F821


def misspelt_error(self: Any) -> None:
    raise RuntimeErorr  # type: ignore[name-defined]  # noqa: F821


def raises_text(self: Any) -> None:
    raise "already held"  # type: ignore[misc]  # noqa: B016


class NeedsTextError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)


def raises_unfinished(self: Any) -> None:
    raise NeedsTextError  # type: ignore[call-arg]


def misspelt_operation(self: Any) -> None:
    for waiter in waiters("aquire"):
        waiter.returns()


def condition_not_called(self: Any) -> None:
    when(self.release)


def changes_first(self: Any) -> None:
    self._held = True
    when(True)


def swallows(self: Any) -> None:
    try:
        when(False)
    except Cancelled:
        self._held = True


def waits_again(self: Any) -> None:
    try:
        when(False)
    except Cancelled:
        when(False)


def no_option(self: Any) -> None:
    self._held = choose()


def an_object(self: Any) -> None:
    self._held = type("Token", (), {})()


def not_an_error(self: Any) -> None:
    for waiter in waiters():
        waiter.raises("closed")  # type: ignore[arg-type]


def from_a_library(self: Any) -> None:
    re.compile("(")  # which raises by a `raise` statement


def hidden_clock(self: Any) -> int:
    return int(getattr(time_of(), "perf" + "_counter_ns")())


def time_of() -> Any:
    return time


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (misspelt_name, "Lock.acquire() makes or removes the attribute _hled: __init__ makes all that there are"),
        (misspelt_value, "failed at *test_model_faults.py:* with NameError: name 'Treu' is not defined"),
        (misspelt_error, "failed at *test_model_faults.py:* with NameError: name 'RuntimeErorr' is not defined"),
        (raises_text, "failed at *test_model_faults.py:* with TypeError: exceptions must derive from BaseException"),
        (raises_unfinished, "with TypeError: *missing 1 required positional argument"),
        (misspelt_operation, "was asked for calls of 'aquire', which is not an operation"),
        (condition_not_called, "which has to be called to be a condition"),
        (changes_first, "Lock.acquire() changed something before its `when`: check first, and change then"),
        (swallows, "Lock.acquire() has to raise Cancelled again"),
        (waits_again, "Lock.acquire() cannot wait again once it is cancelled"),
        (no_option, "choose() was given no option"),
        (an_object, "Lock._held is a Token, which equals no other one"),
        (from_a_library, "failed at *test_model_faults.py:* with *rror: missing )"),
        (hidden_clock, "Lock.acquire did something else the second time, at the same instant"),
    ],
)
def test_a_fault_that_running_shows_is_told(method: Callable[[Any], Any], message: str) -> None:
    pattern = ".*".join(map(re.escape, message.split("*")))
    with pytest.raises(ModelError, match=pattern) as raised:
        found(ModelSpecification(model(acquire=method)), "0:release 1:acquire 1- 1x 2:release 2> 3:acquire rest 3- 3x")
    lines = range(first := method.__code__.co_firstlineno, first + 5)
    assert int(re.findall(r"test_model_faults.py:(\d+)", str(raised.value))[0]) in lines


def test_a_value_that_may_change_is_refused_with_the_line_of_the_constructor() -> None:
    def begins(self: Any) -> None:
        self._held = []

    with pytest.raises(ModelError, match=rf"\w*test_model_faults.py:{begins.__code__.co_firstlineno}: Lock._held is a"):
        ModelSpecification(model(__init__=begins))


def test_what_is_given_to_others_is_compared_too() -> None:
    with pytest.raises(ModelError, match=r"ends raises 'closed', which is no class of errors"):
        found(ModelSpecification(model(release=not_an_error)), "0:acquire 0> 1:acquire rest 2:release 2>")


def flips(self: Any) -> bool:
    self._held = not self._held
    return True


def refuses(self: Any) -> bool:
    raise RuntimeError


def waits(self: Any) -> bool:
    when(False)
    return True


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (flips, "Lock.locked changes the state when it is read: a property only looks"),
        (refuses, "Lock.locked failed at .*test_model_faults.py:.* with RuntimeError"),
        (waits, "Lock.locked is read at once: there is no `when` in a property"),
    ],
)
def test_a_reading_only_looks(reading: Callable[[Any], bool], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        found(ModelSpecification(model(locked=property(reading))), "locked=True")


def init_waits(self: Any) -> None:
    when(False)


def init_fails(self: Any) -> None:
    self._held = dict[str, bool]()["none"]


def init_refuses(self: Any) -> None:
    raise ValueError("refused")


def init_clock(self: Any) -> None:
    self._held = getattr(time_of(), "perf" + "_counter_ns")()


@pytest.mark.parametrize(
    ("init", "error", "message"),
    [
        (init_waits, ModelError, r"Lock\(\) is made at once: there is no `when` in its constructor"),
        (init_fails, ModelError, r"Lock\(\) failed at .*test_model_faults.py:\d+ with KeyError: 'none'"),
        (init_clock, ModelError, r"Lock.__init__ did something else the second time"),
        (init_refuses, ValueError, "refused"),
    ],
)
def test_what_a_constructor_raises(init: Callable[[Any], None], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ModelSpecification(model(__init__=init))


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_shipped_models_have_no_faults(kind: str) -> None:
    require_model(SHIPPED[kind].model)
