"""janus.Queue.async_q.join() under the documented names: a latch is a queue with so many unfinished tasks."""

from __future__ import annotations

import janus


class CountdownLatch:
    """janus.Queue, its asynchronous side; set_count puts items, or marks some as done."""

    def __init__(self, count: int) -> None:
        self._queue = janus.Queue[None]().async_q
        self._unfinished = 0
        self.set_count(count)

    def count_down(self) -> None:
        self._queue.task_done()
        self._unfinished -= 1

    def set_count(self, count: int) -> None:
        if count < 0:
            raise ValueError("a count is not negative")
        while self._unfinished < count:
            self._queue.put_nowait(None)
            self._unfinished += 1
        while self._unfinished > count:
            self.count_down()

    async def wait(self) -> None:
        await self._queue.join()
