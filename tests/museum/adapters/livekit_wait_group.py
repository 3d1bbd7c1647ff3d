"""livekit.agents' WaitGroup under the documented names: a latch is a group to which the count was added at once.

`add` is not exercised after that, and the group does not show its count.
"""

from __future__ import annotations

from livekit.agents.aio import WaitGroup


class CountdownLatch:
    """livekit.agents.aio.WaitGroup."""

    def __init__(self, count: int) -> None:
        self._group = WaitGroup()
        self._group.add(count)

    def count_down(self) -> None:
        self._group.done()

    async def wait(self) -> None:
        await self._group.wait()
