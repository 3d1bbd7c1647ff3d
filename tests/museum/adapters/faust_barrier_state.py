"""faust's BarrierState, a latch of replies, under the documented names."""

from __future__ import annotations

from faust.agents.replies import BarrierState, ReplyPromise


class CountdownLatch:
    """faust.agents.replies.BarrierState: a latch of so many replies, that is waited for by awaiting it."""

    def __init__(self, count: int) -> None:
        self._state = BarrierState("replies")
        for number in range(count):
            self._state.add(ReplyPromise("replies", f"reply {number}"))
        self._state.finalize()

    def count_down(self) -> None:
        self._state.fulfill("reply", None)

    async def wait(self) -> None:
        await self._state
