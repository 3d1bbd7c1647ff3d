"""aiologic's barriers and its countdown event under the documented names.

In aiologic `wait()` blocks the thread, and a task awaits the object itself. `waiting` is not offered as `n_waiting`:
its documentation says that it is the length of a queue, from which released calls are taken as they come to run.
"""

from __future__ import annotations

import aiologic


class Barrier:
    """aiologic.Barrier."""

    def __init__(self, parties: int) -> None:
        self._barrier = aiologic.Barrier(parties)

    async def wait(self) -> int:
        index: int = await self._barrier
        return index

    def abort(self) -> None:
        self._barrier.abort()

    @property
    def broken(self) -> bool:
        return bool(self._barrier.broken)


class RBarrier:
    """aiologic.RBarrier, which can be reset."""

    def __init__(self, parties: int) -> None:
        self._barrier = aiologic.RBarrier(parties)

    async def wait(self) -> int:
        index: int = await self._barrier
        return index

    def abort(self) -> None:
        self._barrier.abort()

    def reset(self) -> None:
        self._barrier.reset()

    @property
    def broken(self) -> bool:
        return bool(self._barrier.broken)


class CountdownLatch:
    """aiologic.CountdownEvent; set_count is made of its own up(), down() and clear()."""

    def __init__(self, count: int) -> None:
        self._event = aiologic.CountdownEvent(count)

    async def wait(self) -> None:
        await self._event

    def count_down(self) -> None:
        self._event.down()

    def set_count(self, count: int) -> None:
        if count < 0:
            raise ValueError("a count is not negative")
        if count == 0:
            self._event.clear()
        else:
            while self._event.value > count:
                self._event.down()
            self._event.up(count - self._event.value)

    @property
    def count(self) -> int:
        return int(self._event.value)
