"""The virtual clock of a host's loop, and the times that it tells.

What happens next depends on how far away each timer is, and not on what time it is: a real clock begins anywhere. So a
state has each time as its distance from the present. A class that waits for a second, looks and waits again comes back
to the same state, though the clock has advanced.

This is sound as long as a time is only moved, subtracted from another and compared with another. A `VirtualTime` is a
float that notices what else Python code does with it, such as a comparison with 5.0 or a conversion to a string. From
then on the clock `is_known`, and its time is a part of the state. What a function written in C computes from a time,
such as `math.fmod`, goes unnoticed.

Times are exact. Rounded ones would be another distance apart each time that a class waits for 0.1 seconds.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Self

COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")

REVEALING = (
    "__abs__", "__ceil__", "__divmod__", "__float__", "__floor__", "__floordiv__", "__format__", "__hash__", "__int__",
    "__mod__", "__mul__", "__neg__", "__pos__", "__pow__", "__rdivmod__", "__reduce_ex__", "__repr__", "__rfloordiv__",
    "__rmod__", "__rmul__", "__round__", "__rpow__", "__rtruediv__", "__str__", "__truediv__", "__trunc__",
    "as_integer_ratio", "hex", "is_integer",
)  # fmt: skip
"""The methods of a float whose results depend on what time it is."""


class VirtualClock:
    """A clock that is advanced by hand, whose times are of the class `tells`.

    >>> clock = VirtualClock()
    >>> later = clock.now + 60
    >>> clock.advance(later)
    >>> clock.distance(later + 1), later - 60 < clock.now, clock.is_known
    ((1, 1), True, False)
    >>> int(later), clock.is_known
    (60, True)
    """

    def __init__(self, tells: type[VirtualTime] | None = None) -> None:
        self.is_known = False
        """Whether the target may have learned what time it is."""
        self.now = (tells or VirtualTime)(Fraction(0), self)

    def advance(self, time: float) -> None:
        """Advance the clock to a time, unless that has passed or never comes."""
        if self.now < time < math.inf:
            self.now += _exact(time) - self.now.exact

    def distance(self, time: float) -> tuple[int, int] | float:
        """Return how many seconds away a time is, as an exact fraction; one that is not finite is returned."""
        return (_exact(time) - self.now.exact).as_integer_ratio() if math.isfinite(time) else time

    @property
    def state(self) -> float | None:
        """What of the clock is a part of the state."""
        return self.now.plain if self.is_known else None


class VirtualTime(float):
    """A time that a virtual clock tells, or that has been computed from one. It is never false."""

    __slots__ = ("_clock", "exact")

    exact: Fraction
    _clock: VirtualClock

    def __new__(cls, exact: Fraction, clock: VirtualClock) -> Self:
        made = super().__new__(cls, exact)
        made.exact, made._clock = exact, clock
        return made

    @property
    def plain(self) -> float:
        """The time as a number, for the harness alone."""
        return float.__float__(self)

    def reveal(self) -> float:
        """Return the time as a number, and note that it is known."""
        self._clock.is_known = True
        return self.plain

    def __add__(self, seconds: float | Fraction) -> Any:
        if isinstance(seconds, VirtualTime) or not isinstance(seconds, int | float | Fraction):
            return float.__add__(self.reveal(), seconds)
        if not math.isfinite(seconds):
            return self.plain + seconds
        return type(self)(self.exact + Fraction(seconds), self._clock)

    __radd__ = __add__

    def __sub__(self, other: float) -> Any:
        if isinstance(other, VirtualTime):
            return float(self.exact - other.exact)
        return self + -other

    def __rsub__(self, other: float) -> Any:
        return float.__rsub__(self.reveal() if math.isfinite(other) else self.plain, other)

    def __bool__(self) -> bool:
        return True


def _exact(time: float) -> Fraction:
    return time.exact if isinstance(time, VirtualTime) else Fraction(time)


def _comparing(name: str) -> Callable[[VirtualTime, object], Any]:
    """Return the method that compares a time with another, or with a number. A finite number reveals the time."""
    of_floats, of_times = getattr(float, name), getattr(operator, name)

    def compare(time: VirtualTime, other: object) -> Any:
        if isinstance(other, VirtualTime):
            return of_times(time.exact, other.exact)
        reveals = other is not None and not (isinstance(other, float) and not math.isfinite(other))
        return of_floats(time.reveal() if reveals else time.plain, other)

    return compare


def _revealing(name: str) -> Callable[..., Any]:
    """Return the method that does with a time as a float does, and notes that it is known."""
    of_floats = getattr(float, name)
    return lambda time, *others: of_floats(time.reveal(), *others)


for _name in COMPARISONS:
    setattr(VirtualTime, _name, _comparing(_name))
for _name in REVEALING:
    setattr(VirtualTime, _name, _revealing(_name))
