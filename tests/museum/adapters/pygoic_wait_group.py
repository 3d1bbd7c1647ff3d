"""pygoic's wait group under the documented names: a latch is a group that was made with the count.

It refuses to count below zero with a plain Exception; the adapter says so with a RuntimeError, as the specification has
it. `add` is not exercised, for the group refuses it while anyone waits.
"""

from __future__ import annotations

from pygoic.sync import WaitGroup


class CountdownLatch:
    """pygoic.sync.WaitGroup."""

    def __init__(self, count: int) -> None:
        self._group = WaitGroup(count)

    def count_down(self) -> None:
        try:
            self._group.done()
        except Exception as error:
            if type(error) is Exception:
                raise RuntimeError(str(error)) from error
            raise

    async def wait(self) -> None:
        await self._group.wait()
