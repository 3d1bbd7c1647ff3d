"""Calls of a model that have several instants: a method that is a generator, and yields `until` between them.

A generator cannot be copied. So what it looked at and how it chose is kept of each instant that is over, and to run the
next one a new generator is made, and brought there by going through them again: its local variables are then what they
were. What comes of an instant is for `latchproof.check.instants` to say.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from latchproof_spec.model import NOW, Cancelled, Instant, Model, ModelError, Waiting, WaitsError, until


class Moment(NamedTuple):
    """An instant of a call that is over: what the model looked at, and the options that it took."""

    state: tuple[tuple[str, Any], ...]
    line: tuple[Waiting, ...]
    gone: tuple[Waiting, ...]
    task: int
    place: int | None
    choices: tuple[int, ...]
    cancelled: bool


class Paused:
    """What a method comes to that has yielded `until`, in place of a value."""

    def __init__(self, generator: Generator[Any, None, Any], moment: Moment) -> None:
        self._generator: Final = generator
        self.moment: Final = moment

    def close(self) -> None:
        """Let go of the generator, whatever its `finally` does."""
        with suppress(BaseException):
            self._generator.close()


@contextmanager
def at(instant: Instant) -> Iterator[None]:
    """Let the functions of a model look at an instant."""
    before = NOW.set(instant)
    try:
        yield
    finally:
        NOW.reset(before)


def continued(value: object, instance: Model, now: Instant, past: Sequence[Moment]) -> object:
    """Return what a method comes to at this instant, or Paused; `value` is what it returned when it was called.

    Raises WaitsError where the condition of the latest `until` is false.
    """
    if not isinstance(value, Generator):
        return value
    state = tuple(vars(instance).items())
    condition = _brought_up(value, instance, past)
    vars(instance).clear()
    vars(instance).update(state)
    was_cancelled = now.cancelled
    if condition is not None and not was_cancelled and not condition.holds():
        raise WaitsError(condition.otherwise)
    try:
        if condition is not None and was_cancelled:
            now.cancelled = False
            step = value.throw(Cancelled())
        else:
            now.passed = condition is not None
            step = next(value)
    except StopIteration as end:
        return end.value
    if not isinstance(step, until):
        raise ModelError(
            f"{type(instance).__name__}: a method yields {step!r}: it yields until(lambda: ...), and nothing else"
        )
    moment = Moment(state, tuple(now.line), tuple(now.gone), now.task, now.place, tuple(now.taken), was_cancelled)
    return Paused(value, moment)


def _brought_up(generator: Generator[Any, None, Any], instance: Model, past: Sequence[Moment]) -> until | None:
    """Go through the instants that are over; return what the generator yielded last, None if it has not begun."""
    step = None
    for one in past:
        vars(instance).clear()
        vars(instance).update(one.state)
        again = Instant(one.line, one.choices, gone=one.gone, task=one.task, place=one.place, cancelled=one.cancelled)
        with at(again):
            step = generator.throw(Cancelled()) if step is not None and one.cancelled else next(generator)
    return step
