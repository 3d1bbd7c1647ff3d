"""Models: an ordinary sequential class is the specification of a primitive.

A model has a method for each operation, and describes what it does at the one instant at which it takes effect. A call
that has to wait says until when; the others that wait are seen by `waiters`, and a call may end theirs:

>>> class Gate(Model):
...     '''wait() waits for the next open(), and returns how often it has been opened.'''
...     def __init__(self) -> None:
...         self.opened = 0
...     def wait(self) -> None:
...         when(False, "the gate was not opened")
...     def open(self) -> None:
...         self.opened += 1
...         for waiter in waiters():
...             waiter.returns(self.opened)

- A method that has returned, or raised by a `raise` statement, has taken effect. Any other error in it, as a misspelt
  name makes one, is a fault of the model. What a call returns is compared by type and value; a method that returns
  nothing accepts any value. An error is compared by the name of its class, which may be that of a base.
- Where the condition of a `when` is false, the call waits and nothing has happened: a method checks first and changes
  then. A call that waits may continue at any later instant at which its conditions are true, and has to at last.
- If a call is cancelled while it waits, `when` raises Cancelled. The method may act on that, and raises it again.
- A call that ends cancelled has changed nothing but what the method did on Cancelled; what it gave to others they keep.
  If it never comes to a `when`, it may have happened all the same.
- A method `invariant()` is no operation: it returns whether a state is as it should be, which is proved of the model.
- Public attributes and properties are compared with what callers read, those whose names begin with `_` are not. An
  attribute's value is one that does not change: a tuple, not a list.

What tools do with a model does not belong here: `latchproof.check.instants` runs its methods.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

T = TypeVar("T")

INVARIANT: Final = "invariant"
"""The name of the method that says what is true of a model in every state."""


class ModelError(Exception):
    """A model that specifies nothing; the message says where the fault is and what to do."""


class Cancelled(BaseException):
    """Raised by `when` in a call that is cancelled while it waits."""


class WaitsError(BaseException):
    """Raised by `when` to the tool that runs the method: the condition is false, which the text says in words."""


class Model:
    """The base of every model. What a model does not say has the values below.

    >>> class Lock(Model):
    ...     gives_back = {"acquire": "release"}
    ...     at_rest = ("locked",)
    """

    policies: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Where right classes differ: each policy's name, with the values of the class attributes in which it differs."""

    fair: ClassVar[bool | None] = None
    """Whether calls of an operation continue first come, first served: they have to, or need not, or each is looked at.
    """

    gives_back: ClassVar[Mapping[str, str]] = {}
    """For an operation that takes something, the one that gives it back: a task gives back what it has taken, and
    nothing else. It gets the same arguments, or none."""

    undone_by: ClassVar[Mapping[str, str]] = {}
    """The same for a call that is cancelled after it took something, where any task may call the other operation."""

    at_rest: ClassVar[tuple[str, ...]] = ()
    """The attributes and properties that are compared only while each call waits and none can continue."""

    optional: ClassVar[tuple[str, ...]] = ()
    """The operations, attributes and properties that a class may lack."""

    objects: ClassVar[Mapping[str, tuple[int, str]]] = {}
    """Where a factory returns several objects: which has an operation or a property, from 0, and under which name. What
    is not named here belongs to the first: `{"receive": (1, "receive"), "close_receiver": (1, "close")}`."""


class Given(NamedTuple):
    """What a call ends with: it returns `value`, or raises an error of the class `error`."""

    value: object = None
    error: type[Exception] | None = None


class Waiting(NamedTuple):
    """A call that waits, or was let go, by any number that tells it apart; `task` is the number of the calling task."""

    call: int
    operation: str
    arguments: tuple[Any, ...] = ()
    task: int = 0


class Instant:
    """What the functions below look at while a method of a model runs, and what they note.

    `line` holds the other calls that wait, `gone` those that were let go and have not ended, and `task` the number of
    the task that calls; `place` is where the call stands in the line of all that wait, None if it has not waited, and
    `cancelled` says that it has waited and is cancelled. `choices` are the numbers of the options that each `choose`
    takes; those that follow take the first.
    """

    def __init__(
        self,
        line: Sequence[Waiting],
        choices: Sequence[int] = (),
        *,
        gone: Sequence[Waiting] = (),
        task: int = 0,
        place: int | None = None,
        cancelled: bool = False,
    ) -> None:
        self.line: Final = line
        self.gone: Final = gone
        self.task: Final = task
        self.place: Final = place
        self.cancelled = cancelled
        self.at_when: Callable[[], None] | None = None
        """What the tool does at each `when`."""
        self.operations: Container[str] | None = None
        """The names that calls may be asked for by, if the tool says so."""
        self.passed = False
        """Whether a `when` was true."""
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

    def pass_on(self) -> None:
        """Note that the condition of a `when` was true."""
        self.passed = True

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
        raise ModelError(
            "when, waiters, released, place, choose and task are for methods of a model, which a tool runs"
        ) from None


def when(condition: object, otherwise: str = "") -> None:
    """Let the call wait until the condition is true; raise Cancelled in a call that is cancelled while it waits.

    `otherwise` says in words, for findings, that the condition is false: "no permit was free".
    """
    now = _now()
    if now.at_when is not None:
        now.at_when()
    now.cancel()
    if callable(condition):
        raise ModelError(f"when() was given {condition!r}, which has to be called to be a condition")
    if not condition:
        raise WaitsError(otherwise)
    now.pass_on()


class Waiter:
    """Another call: its place in the line, from 0, its operation and arguments, and the number of its task."""

    def __init__(self, place: int, waiting: Waiting, now: Instant) -> None:
        self.place: Final = place
        self.operation: Final = waiting.operation
        self.arguments: Final = waiting.arguments
        self.task: Final = waiting.task
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
    return _calls(_now().line, operations)


def released(*operations: str) -> list[Waiter]:
    """Return the calls that have waited, or need not, and have not ended yet; of these operations, or of all.

    Another call has let them go, or what they wait for has come true. Some classes still reach them: then `raises`
    takes the place of what they would have returned.
    """
    return _calls(_now().gone, operations)


def _calls(calls: Sequence[Waiting], operations: tuple[str, ...]) -> list[Waiter]:
    now = _now()
    for name in operations:
        if now.operations is not None and name not in now.operations:
            raise ModelError(f"waiters() or released() was asked for calls of {name!r}, which is not an operation")
    there = [one for one in calls if one.call not in now.given and (not operations or one.operation in operations)]
    return [Waiter(place, one, now) for place, one in enumerate(there)]


def place() -> int | None:
    """Return where the call stands in the line of all calls that wait, from 0; None if it has not waited.

    In a model that asks for it, `when` also raises Cancelled in a call that is cancelled before it has waited.
    """
    return _now().place


def task() -> int:
    """Return the number of the task that calls. Tasks are numbered from 0, and no two have the same number."""
    return _now().task


def choose(*options: T) -> T:
    """Return one of the options: each of them is right."""
    if not options:
        raise ModelError("choose() was given no option; it returns one of those that it is given")
    return options[_now().take(len(options))]


class until:  # noqa: N801  it is written as a function is
    """What a call with several visible instants yields between two: it continues once the condition is true.

    What came before has taken effect, and others see it while the call waits. If the call is cancelled there, `yield`
    raises Cancelled. The condition is a function, which is called at each later instant:

    >>> class Handshake(Model):
    ...     def __init__(self) -> None:
    ...         self.offered, self._taken = 0, 0
    ...     def offer(self):
    ...         self.offered += 1
    ...         mine = self.offered
    ...         yield until(lambda: self._taken >= mine, "the offer was not taken")
    ...     def take(self) -> None:
    ...         when(self.offered > self._taken)
    ...         self._taken += 1
    """

    def __init__(self, condition: Callable[[], object], otherwise: str = "") -> None:
        if not callable(condition):
            raise ModelError("until() takes a function, as until(lambda: ...): it is called at each later instant")
        self.holds: Final = condition
        self.otherwise: Final = otherwise


class any_of:  # noqa: N801  it is written as a function is
    """The value of a property that may read as any of these."""

    def __init__(self, *values: object) -> None:
        self.values: Final = values
