"""countdown-event's CountdownEvent under the documented names.

It refuses to count below zero by an assertion; the adapter says so with a RuntimeError, as the specification has it.
"""

from __future__ import annotations

from countdown_event import CountdownEvent


class CountdownLatch:
    """countdown_event.CountdownEvent; set_count is made of its own increments and decrements."""

    def __init__(self, count: int) -> None:
        self._event = CountdownEvent()
        for _ in range(count):
            self._event.increment()

    def count_down(self) -> None:
        try:
            self._event.decrement()
        except AssertionError as error:
            raise RuntimeError(str(error)) from error

    def set_count(self, count: int) -> None:
        if count < 0:
            raise ValueError("a count is not negative")
        while self._event.count < count:
            self._event.increment()
        while self._event.count > count:
            self._event.decrement()

    async def wait(self) -> None:
        await self._event.wait()

    @property
    def count(self) -> int:
        return int(self._event.count)
