"""Ctrl-C in the middle of a release, and code that is called back there: each task is woken exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from latchproof import Barrier, BrokenBarrierError, CountdownLatch


class Interrupted(asyncio.Future[Any]):
    """A future that raises KeyboardInterrupt when its result is first set."""

    pending = True

    def set_result(self, result: Any) -> None:
        if Interrupted.pending:
            Interrupted.pending = False
            raise KeyboardInterrupt
        super().set_result(result)


async def _trip(barrier: Barrier) -> object:
    return await barrier.wait()


async def _abort(barrier: Barrier) -> None:
    await barrier.abort()


@pytest.mark.parametrize(("call", "ending"), [(_trip, [0, 1]), (_abort, [BrokenBarrierError] * 2)])
def test_a_release_that_is_interrupted_leaves_nobody_behind(
    call: Callable[[Barrier], Any], ending: list[object]
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.create_future = lambda: Interrupted(loop=loop)  # type: ignore[method-assign] # for this loop alone
        Interrupted.pending = False
        barrier = Barrier(3)
        waiting = [asyncio.create_task(barrier.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        Interrupted.pending = True
        with pytest.raises(KeyboardInterrupt):
            await call(barrier)
        done, _ = await asyncio.wait(waiting, timeout=5)
        assert len(done) == 2
        found = [one.result() if one.exception() is None else type(one.exception()).__mro__[1] for one in waiting]
        assert found == ending
        assert barrier.n_waiting == 0
        barrier.reset_nowait()
        assert (await asyncio.gather(*(barrier.wait() for _ in range(3)))) == [0, 1, 2]

    asyncio.run(main())


class Looking(trio.abc.Instrument):
    """Records what it sees whenever a task is woken, and calls back."""

    def __init__(self, look: Callable[[], object]) -> None:
        self.look = look
        self.seen: list[object] = []
        self.is_protected: list[bool] = []

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        self.seen.append(self.look())
        self.is_protected.append(trio.lowlevel.currently_ki_protected())


def test_on_trio_no_interrupt_comes_in_the_middle_of_a_release() -> None:
    latch, barrier = CountdownLatch(1), Barrier(3)

    async def fail() -> None:
        with pytest.raises(BrokenBarrierError):
            await barrier.wait()

    async def main() -> None:
        for call in (latch.count_down, latch.count_down_nowait, barrier.wait, barrier.abort, barrier.reset_nowait):
            async with trio.open_nursery() as nursery:
                is_latch = call in (latch.count_down, latch.count_down_nowait)
                fails = call in (barrier.abort, barrier.reset_nowait)
                for _ in range(2):
                    nursery.start_soon(latch.wait if is_latch else fail if fails else barrier.wait)
                await trio.testing.wait_all_tasks_blocked()
                looking = Looking(lambda: (len(latch._parking), barrier.n_waiting))
                trio.lowlevel.add_instrument(looking)
                assert not trio.lowlevel.currently_ki_protected()
                result: Any = call()
                if result is not None:
                    await result
                trio.lowlevel.remove_instrument(looking)
            assert looking.seen[:2] == [(0, 0), (0, 0)]
            assert looking.is_protected[:2] == [True, True]
            if is_latch:
                latch.set_count(1)
            barrier.reset_nowait()

    trio.run(main)


def test_on_trio_who_calls_back_in_the_middle_of_a_release_reaches_the_next_generation_alone() -> None:
    barrier = Barrier(3)
    got: list[int] = []

    async def party() -> None:
        got.append(await barrier.wait())

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(party)
            nursery.start_soon(party)
            await trio.testing.wait_all_tasks_blocked()
            looking = Looking(barrier.abort_nowait)
            trio.lowlevel.add_instrument(looking)
            got.append(await barrier.wait())
            trio.lowlevel.remove_instrument(looking)
        assert sorted(got) == [0, 1, 2]
        assert barrier.broken

    trio.run(main)


def test_a_host_that_is_interrupted_when_it_is_found_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from latchproof.hosts.asyncio import AsyncioHost

    makes_wakers = AsyncioHost.makes_wakers

    def interrupted(self: AsyncioHost, queue: Any) -> Any:
        monkeypatch.setattr(AsyncioHost, "makes_wakers", makes_wakers)
        raise KeyboardInterrupt

    async def main() -> None:
        latch = CountdownLatch(1)
        monkeypatch.setattr(AsyncioHost, "makes_wakers", interrupted)
        with pytest.raises(KeyboardInterrupt):
            await latch.wait()
        waiting = asyncio.create_task(latch.wait())
        await asyncio.sleep(0)
        await latch.count_down()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())
