"""aiologic's `CountdownEvent`, for the tasks of one event loop.

What cannot be replaced mechanically is left out, so that using it is an error and not a surprise:

- `wait()`, which blocks a thread, and `with_(timeout)`: ours is for tasks. Put your event loop's timeout around
  `await event`.
- `up()` while tasks wait raises LatchInUseError: it would change what they wait for.
- `Barrier`, `RBarrier` and `Latch`: a cancelled task breaks aiologic's, and only takes back its arrival at ours. A
  wrapper cannot tell whether the task was cancelled before or after its release.

aiologic's class is thread-safe, and this one is not. docs/howto/move-over.md shows each difference.
"""

from __future__ import annotations

from latchproof.latch import CountdownLatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

__all__ = ["CountdownEvent"]


class CountdownEvent:
    """A latch that is awaited itself, and that `down` or `clear` opens.

    >>> import asyncio
    >>> async def main() -> bool:
    ...     done = CountdownEvent()
    ...     done.up(2)
    ...     waiting = asyncio.ensure_future(done)
    ...     done.down()
    ...     done.down()
    ...     return await waiting
    >>> asyncio.run(main())
    True
    """

    __slots__ = ("__weakref__", "_initial_value", "_latch")

    def __init__(self, initial_value: int = 0) -> None:
        self._latch = CountdownLatch(initial_value)
        self._initial_value = initial_value

    @property
    def initial_value(self) -> int:
        """The value with which the event was made.

        >>> CountdownEvent(3).initial_value
        3
        """
        return self._initial_value

    @property
    def value(self) -> int:
        """The number of `down` calls that are left.

        >>> CountdownEvent(3).value
        3
        """
        return self._latch.count

    @property
    def waiting(self) -> int:
        """The number of tasks that wait. After cancellations, reading it may be O(waiting).

        >>> CountdownEvent(3).waiting
        0
        """
        return len(self._latch._parking)

    def __bool__(self) -> bool:
        """Return whether the event is set: whether nothing is left to wait for.

        >>> bool(CountdownEvent(0)), bool(CountdownEvent(1))
        (True, False)
        """
        return self.value == 0

    def __await__(self) -> Generator[Any, Any, bool]:
        yield from self._latch.wait().__await__()
        return True

    def up(self, count: int = 1) -> None:
        """Add to the value, while no task waits.

        Raises LatchInUseError if tasks wait; nothing is changed then. A count that is not positive does nothing.

        >>> event = CountdownEvent(1)
        >>> event.up(2)
        >>> event.value
        3
        """
        if count > 0:
            self._latch.set_count(self.value + count)

    def down(self) -> None:
        """Subtract one from the value; at 0, release every waiting task.

        Raises ZeroLatchError, which is a RuntimeError, if the value is 0.

        >>> CountdownEvent(0).down()
        Traceback (most recent call last):
        ...
        latchproof.ZeroLatchError: count_down() on a latch whose count is already zero
        """
        self._latch.count_down_nowait(exception_if_zero=True)

    def clear(self) -> None:
        """Set the value to 0, and release every waiting task. It is O(value).

        >>> event = CountdownEvent(3)
        >>> event.clear()
        >>> event.value
        0
        """
        while self.value > 0:
            self._latch.count_down_nowait()

    def __reduce__(self) -> tuple[type[CountdownEvent], tuple[int]]:
        """Pickle and copy as a new event, made with the same value."""
        return type(self), (self._initial_value,)

    def __repr__(self) -> str:
        cls = type(self)
        made = f"{cls.__module__}.{cls.__qualname__}({self._initial_value or ''})"
        waiting = f", waiting={self.waiting}" if self.value else ""
        return f"<{made} at {id(self):#x} [value={self.value}{waiting}]>"
