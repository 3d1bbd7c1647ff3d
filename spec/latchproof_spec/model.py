"""Models: an ordinary sequential class is the specification of a primitive.

A model has a method for each operation, and describes what it does at the one instant at which it takes effect. A call
that has to wait says until when; the others that wait are seen by `waiters`, and a call may end theirs:

>>> class Gate(Model):
...     '''wait() waits for the next open(), and returns how often it has been opened.'''
...     def __init__(self) -> None:
...         self.opened = 0
...     def wait(self) -> None:
...         when(False)
...     def open(self) -> None:
...         self.opened += 1
...         for waiter in waiters():
...             waiter.returns(self.opened)

- A method that has returned, or raised by a `raise` statement, has taken effect. Any other error in it, as a misspelt
  name makes one, is a fault of the model.
- Where the condition of a `when` is false, the call waits and nothing has happened: a method checks first and changes
  then. A call that waits may continue at any later instant at which its conditions are true.
- If a call is cancelled while it waits, `when` raises Cancelled. The method may act on that, and raises it again.
- Public attributes and properties can be read by callers, those whose names begin with `_` cannot. An attribute's value
  has to be hashable: a tuple, not a list.

What tools do with a model does not belong here: `latchproof.check.instants` runs its methods.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class ModelError(Exception):
    """A model that specifies nothing; the message says where the fault is and what to do."""


class Cancelled(BaseException):
    """Raised by `when` in a call that is cancelled while it waits."""


class WaitsError(BaseException):
    """Raised by `when` to the tool that runs the method: the condition is false."""


class Model:
    """The base of every model."""


class Given(NamedTuple):
    """What a call ends with: it returns `value`, or raises an error of the class `error`."""

    value: object = None
    error: type[Exception] | None = None


class Waiting(NamedTuple):
    """A call that waits, by any number that tells it apart."""

    call: int
    operation: str
    arguments: tuple[Any, ...] = ()


class Instant:
    """What the functions below look at while a method of a model runs, and what they note.

    `line` holds the other calls that wait, and `cancelled` says that the call itself has waited and is cancelled.
    `choices` are the numbers of the options that each `choose` takes; those that follow take the first.
    """

    def __init__(self, line: Sequence[Waiting], choices: Sequence[int] = (), *, cancelled: bool = False) -> None:
        self.line: Final = line
        self.cancelled = cancelled
        self.given: dict[int, Given] = {}
        """What other calls are ended with."""
        self.taken: list[int] = []
        """The number of the option that each `choose` took."""
        self.options: list[int] = []
        """How many options each `choose` had."""
        self._choices = choices

    def cancel(self) -> None:
        """Raise Cancelled, once."""
        if self.cancelled:
            self.cancelled = False
            raise Cancelled

    def give(self, call: int, how: Given) -> None:
        """Note what another call ends with."""
        self.given = {**self.given, call: how}

    def take(self, options: int) -> int:
        """Return the number of the option that is chosen now."""
        position = len(self.taken)
        self.taken.append(self._choices[position] if position < len(self._choices) else 0)
        self.options.append(options)
        return self.taken[position]


NOW: Final[ContextVar[Instant]] = ContextVar("the instant at which a method of a model runs")


def _now() -> Instant:
    try:
        return NOW.get()
    except LookupError:
        raise ModelError("when, waiters and choose are for methods of a model, which a tool runs") from None


def when(condition: object) -> None:
    """Let the call wait until the condition is true; raise Cancelled in a call that is cancelled while it waits."""
    _now().cancel()
    if not condition:
        raise WaitsError


class Waiter:
    """Another call that waits: its place in the line, from 0, its operation and its arguments."""

    def __init__(self, place: int, waiting: Waiting, now: Instant) -> None:
        self.place: Final = place
        self.operation: Final = waiting.operation
        self.arguments: Final = waiting.arguments
        self._call = waiting.call
        self._now = now

    def returns(self, value: object = None) -> None:
        """End the call: it returns the value, whatever follows."""
        self._now.give(self._call, Given(value))

    def raises(self, error: type[Exception]) -> None:
        """End the call: it raises an error of this class, whatever follows."""
        self._now.give(self._call, Given(error=error))


def waiters(*operations: str) -> list[Waiter]:
    """Return the other calls that wait, in order of arrival: those of these operations, or all if none is given.

    A call that was given its ending does not wait any more.
    """
    now = _now()
    line = [one for one in now.line if one.call not in now.given and (not operations or one.operation in operations)]
    return [Waiter(place, one, now) for place, one in enumerate(line)]


def choose(*options: T) -> T:
    """Return one of the options: each of them is right."""
    return options[_now().take(len(options))]


class any_of:  # noqa: N801  it is written as a function is
    """The value of a property that may read as any of these."""

    def __init__(self, *values: object) -> None:
        self.values: Final = values
