"""forechan's wait group under the documented names: a latch is a group of which `count` blocks have been entered.

A block that was not entered cannot be left, so that counting below zero is refused here.
"""

from __future__ import annotations

from forechan import wait_group


class CountdownLatch:
    """forechan.wait_group; set_count enters and leaves blocks of its own."""

    def __init__(self, count: int) -> None:
        self._group = wait_group()
        for _ in range(count):
            self._group.__enter__()

    def count_down(self) -> None:
        if len(self._group) == 0:
            raise RuntimeError("no block is open")
        self._group.__exit__(None, None, None)

    def set_count(self, count: int) -> None:
        if count < 0:
            raise ValueError("a count is not negative")
        while len(self._group) < count:
            self._group.__enter__()
        while len(self._group) > count:
            self._group.__exit__(None, None, None)

    async def wait(self) -> None:
        await self._group.wait()

    @property
    def count(self) -> int:
        return len(self._group)
