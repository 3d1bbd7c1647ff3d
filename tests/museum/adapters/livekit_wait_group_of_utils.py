"""livekit.agents' WaitGroup of today under the documented names: a latch is a group with the count added at once.

`add` is not exercised after that, and the group does not show its count.
"""

from __future__ import annotations

from livekit.agents.utils.aio import WaitGroup


class CountdownLatch:
    """livekit.agents.utils.aio.WaitGroup."""

    def __init__(self, count: int) -> None:
        self._group = WaitGroup()
        self._group.add(count)

    def count_down(self) -> None:
        self._group.done()

    async def wait(self) -> None:
        await self._group.wait()
