"""What a model's method sees while it runs on a line of calls whose length is a number or a symbol.

One waiter stands for all of them: a method that goes over the waiters gives each the same, or its place. Whatever would
tell them apart is refused, with its line in the model.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Literal, NamedTuple, NoReturn

import z3

from latchproof.prove.paths import SymInt
from latchproof_spec.model import NOW, Instant

MARK: Final = "latchproof runs this on symbols"
"""A global name of the functions that are run so, by which their frames are found."""


class CannotCompileError(Exception):
    """What of a model has no rule; the text says which part of it, and its line."""


def refuse(what: str, at: TracebackType | None = None) -> NoReturn:
    """Raise CannotCompileError with the line of the model that runs now, or that an error came through."""
    frame: FrameType | None = sys._getframe(1)
    line = 0
    while frame is not None and MARK not in frame.f_globals:
        frame = frame.f_back
    if frame is not None:
        line = frame.f_lineno
    while at is not None:
        if MARK in at.tb_frame.f_globals:
            frame, line = at.tb_frame, at.tb_lineno
        at = at.tb_next
    where = f"{Path(frame.f_code.co_filename).name}:{line}: " if frame is not None else ""
    raise CannotCompileError(f"{where}{what}")


class Gift(NamedTuple):
    """What a method gives the calls that wait: each the same value or error, or its place; `first` limits how many."""

    kind: Literal["returned", "raised"]
    what: Any
    first: int | None


class _Unseen:
    """The calls that wait, as they must not be looked at."""

    def __iter__(self) -> Iterator[Any]:
        refuse("the calls that wait are looked at by a function that is not in the model's module")


class Stage(Instant):
    """The instant at which a method of a model runs: `length` other calls wait, in the operation `waiter`.

    `waited` says that the call itself has waited. Unless it is `counted`, a method that asks how many wait is refused.
    """

    def __init__(
        self,
        waiter: str,
        length: Any,
        instance: object,
        *,
        waited: bool = False,
        cancelled: bool = False,
        counted: bool = True,
    ) -> None:
        super().__init__(_Unseen(), cancelled=cancelled)  # type: ignore[arg-type]
        self.waited: Final = waited
        self.waiter: Final = waiter
        self.length: Final = length
        self.instance: Final = instance
        self.gift: Gift | None = None
        self.loops: list[_Waiters] = []
        self._counted = counted

    def waiting(self, operations: tuple[str, ...]) -> Line:
        """Return the calls that wait; of these operations, or of all."""
        if self.gift is not None and self.gift.first is not None:
            refuse("the calls that wait are looked at after the first of them were ended")
        is_of_none = self.gift is not None or (operations and self.waiter not in operations)
        return Line(self, None if is_of_none else self.length)

    def count(self) -> None:
        """Note that the calls that wait are counted."""
        if not self._counted:
            refuse("a call that has waited counts the others when it continues, so it matters in which order they do")

    def end_with(self, gift: Gift) -> None:
        """Note what the calls that wait end with."""
        if self.gift is not None:
            refuse("the calls that wait are ended twice")
        self.gift = gift


def stage() -> Stage:
    """Return the instant at which a method runs."""
    now = NOW.get()
    assert isinstance(now, Stage)
    return now


class Line:
    """The other calls that wait, `length` of them, or the `first` of these alone.

    Without a length there are none, whatever the state: then a `for` goes over nothing. Over a line that happens to be
    empty it goes all the same, so that a number of 0 leads to the same rule as a symbol.
    """

    __hash__ = None  # type: ignore[assignment] # unhashable on purpose

    def __init__(self, now: Stage, length: Any, first: int | None = None) -> None:
        self._now = now
        self._is_of_none = length is None
        self._length = 0 if length is None else length
        self._first = first

    def size(self) -> Any:
        """Return how many there are."""
        self._now.count()
        if self._first is not None and self._length > self._first:
            return self._first
        return self._length

    def __bool__(self) -> bool:
        self._now.count()
        return bool(self._length > 0)

    def __eq__(self, other: object) -> bool:
        refuse("the calls that wait are compared: ask how many there are, or whether there are any")

    def __getitem__(self, part: object) -> Any:
        match part:
            case slice(start=None, stop=int(first), step=None) if type(first) is int and first > 0:
                return Line(self._now, self._length, first)
            case 0:
                if not self._length > 0:
                    raise IndexError("no call waits")
                return Everyone(self._now, 1)
        refuse("of the calls that wait, waiters()[0] and the likes of waiters()[:2] can be taken, and no others")

    def __iter__(self) -> Iterator[Everyone]:
        frame = sys._getframe(1)
        if dis.opname[frame.f_code.co_code[frame.f_lasti]] != "GET_ITER":
            refuse("the calls that wait are only gone over by a `for` statement")
        return _Waiters(self._now, self._first, is_over=self._is_of_none)


class _Waiters:
    """What a `for` statement goes over: one call, which stands for all."""

    def __init__(self, now: Stage, first: int | None, *, is_over: bool) -> None:
        self._now = now
        self._first = first
        self._before: dict[str, Any] | None = None
        self.is_over = is_over
        now.loops.append(self)

    def __iter__(self) -> _Waiters:
        return self

    def __next__(self) -> Everyone:
        state = dict(vars(self._now.instance))
        if self._before is not None and any(self._before[name] is not value for name, value in state.items()):
            refuse("the state changes with each call that waits, so it depends on how many there are")
        if self._before is not None or self.is_over:
            self.is_over = True
            raise StopIteration
        self._before = state
        return Everyone(self._now, self._first)


class Everyone:
    """Each of the other calls that wait."""

    arguments: Final = ()

    def __init__(self, now: Stage, first: int | None) -> None:
        self._now = now
        self._first = first
        self.operation = now.waiter

    @property
    def place(self) -> Place:
        """The place in the line, from 0."""
        return Place(1, 0)

    def returns(self, value: object = None) -> None:
        """End each call: it returns the value."""
        self._now.end_with(Gift("returned", value, self._first))

    def raises(self, error: object) -> None:
        """End each call: it raises an error of this class."""
        self._now.end_with(Gift("raised", error, self._first))

    def __getattr__(self, name: str) -> NoReturn:
        refuse(f"a waiter's {name} is looked at; it has place, returns and raises here")


class Place(SymInt):
    """The place of a waiter, from 0, or a number less it.

    It is a symbolic integer only so that it is asked first what a number less it is.
    """

    __slots__ = ("offset", "sign")

    def __init__(self, sign: Literal[1, -1], offset: Any) -> None:
        super().__init__(z3.Int("a waiter's place"))
        self.sign: Final = sign
        self.offset: Final = offset

    def __rsub__(self, other: object) -> Place:
        return Place(-1, other) if self.sign == 1 else self._refuse(other)

    def _refuse(self, *others: object) -> NoReturn:
        refuse("a waiter can be given its place, or a number less its place: nothing else is computed of it")

    __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __eq__ = __ne__ = __bool__ = __index__ = __int__ = __neg__ = _refuse


class Numbers:
    """Stand in for `range`: the numbers up to one that may be a symbol, forwards or backwards."""

    def __init__(self, *bounds: Any, backwards: bool = False) -> None:
        self._bounds = bounds
        self._backwards = backwards

    def _stop(self) -> Any:
        if len(self._bounds) != 1:
            refuse("a range is used that does not begin with 0")
        return self._bounds[0]

    def size(self) -> Any:
        """Return how many there are."""
        stop = self._stop()
        return stop if stop > 0 else 0

    def __bool__(self) -> bool:
        return bool(self._stop() > 0)

    def __iter__(self) -> Iterator[int]:
        if any(type(one) is not int for one in self._bounds):
            refuse("a range is gone over that ends at a symbol: a rule does not know how often that is")
        numbers = range(*self._bounds)
        return iter(numbers[::-1] if self._backwards else numbers)

    def __getitem__(self, at: object) -> Any:
        stop = self._stop()
        if isinstance(at, slice) and (at.start, at.stop, at.step) == (None, None, -1):
            return Numbers(stop, backwards=not self._backwards)
        if type(at) is Place and at.sign == 1:
            return Place(-1, stop - 1) if self._backwards else at
        if type(at) is int and at in (0, -1) and stop > 0:
            return 0 if (at == 0) != self._backwards else stop - 1
        refuse("of a range, the first and the last number are taken, and that at a waiter's place")


def waiters(*operations: str) -> Line:
    """Stand in for `latchproof_spec.model.waiters`."""
    return stage().waiting(operations)


class _OwnPlace:
    """The place of a call that has waited: all that is known is that it has one."""

    __hash__ = None  # type: ignore[assignment] # unhashable on purpose

    def _refuse(self, *others: object) -> NoReturn:
        refuse("place() is looked at: it is compared with None, and with nothing else")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __eq__ = __ne__ = __bool__ = __index__ = __int__ = __neg__ = _refuse


def place() -> _OwnPlace | None:
    """Stand in for `latchproof_spec.model.place`."""
    return _OwnPlace() if stage().waited else None


def length(sequence: Any) -> Any:
    """Stand in for `len`."""
    return sequence.size() if isinstance(sequence, Line | Numbers) else len(sequence)


def reached(name: str) -> Any:
    """Return what stands in for a function of models that no rule can say."""

    def refused(*arguments: object) -> NoReturn:
        refuse(f"{name}() was reached: that is checked, not proved")

    return refused
