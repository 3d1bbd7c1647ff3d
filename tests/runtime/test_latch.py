"""The CountdownLatch's rules, on every host."""

from __future__ import annotations

import logging
import weakref
from typing import Any

import pytest

from latchproof import CountdownLatch, LatchInUseError, ZeroLatchError
from tests.runtime.drivers import Ended, Host, right_after


async def test_l1_a_count_down_above_one_takes_one_off_and_releases_nobody(host: Host) -> None:
    latch = CountdownLatch(3)
    waiting = await host.spawn(latch.wait())
    await latch.count_down()
    assert latch.count == 2
    await latch.count_down()
    assert latch.count == 1
    await host.settle()
    assert waiting.outcome is Ended.NOT


async def test_l2_the_last_count_down_releases_every_parked_task(host: Host) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn_all(*(latch.wait() for _ in range(5)))
    await latch.count_down()
    await latch.count_down()
    assert latch.count == 0
    await host.settle()
    assert [task.outcome for task in waiting] == [None] * 5


async def test_it_says_whether_it_is_open_and_how_many_wait(host: Host) -> None:
    latch = CountdownLatch(2)
    seen = [(latch.is_open, latch.n_waiting)]
    first, _ = await host.spawn_all(latch.wait(), latch.wait())
    seen.append((latch.is_open, latch.n_waiting))
    host.cancel(first)
    seen.append((latch.is_open, latch.n_waiting))  # before the task has run
    latch.count_down_nowait()
    seen.append((latch.is_open, latch.n_waiting))
    latch.count_down_nowait()
    seen.append((latch.is_open, latch.n_waiting))  # before the released task has run
    assert seen == [(False, 0), (False, 2), (False, 1), (False, 1), (True, 0)]


async def test_l2_the_count_downs_may_come_from_several_tasks(host: Host) -> None:
    latch = CountdownLatch(3)
    waiting = await host.spawn(latch.wait())
    for count in (2, 1, 0):
        assert waiting.outcome is Ended.NOT
        counting = await host.spawn(latch.count_down())
        assert counting.outcome is None
        assert latch.count == count
    assert waiting.outcome is None


async def test_l2_all_parked_tasks_are_released_in_one_step(host: Host) -> None:
    """What the first of them does when it runs cannot keep the others waiting."""
    latch = CountdownLatch(1)

    async def wait_and_close_again() -> None:
        await latch.wait()
        latch.set_count(1)

    waiting = [await host.spawn(wait_and_close_again()) for _ in range(3)]
    latch.count_down_nowait()
    await host.settle()
    assert [task.outcome for task in waiting] == [None] * 3
    assert latch.count == 1


async def test_l3_one_count_down_too_many_changes_nothing_and_is_logged(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    latch = CountdownLatch(0)
    with caplog.at_level(logging.DEBUG, "latchproof"):
        await latch.count_down()
        latch.count_down_nowait()
        latch.countdown_nowait()
    assert latch.count == 0
    assert [(record.name, record.levelno) for record in caplog.records] == [("latchproof", logging.WARNING)] * 3
    message = "<CountdownLatch count=0>: count_down() on a latch whose count is already zero"
    assert all(record.getMessage().startswith(message) for record in caplog.records)
    await latch.wait()


async def test_a_count_down_to_zero_is_not_logged(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    latch = CountdownLatch(2)
    with caplog.at_level(logging.DEBUG, "latchproof"):
        await latch.count_down()
        await latch.count_down(exception_if_zero=True)
        await latch.wait()
        latch.set_count(2)
        latch.set_count(0)
    assert caplog.records == []


async def test_l3x_one_count_down_too_many_raises_if_asked_to(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    latch = CountdownLatch(0)
    with pytest.raises(ZeroLatchError, match=r"^count_down\(\) on a latch whose count is already zero$"):
        await latch.count_down(exception_if_zero=True)
    with pytest.raises(CountdownLatch.ZeroLatchError, match="already zero"):
        await latch.count_down(True)
    with pytest.raises(ZeroLatchError, match="already zero"):
        latch.count_down_nowait(exception_if_zero=True)
    assert latch.count == 0
    assert caplog.records == []
    await latch.wait()


async def test_exception_if_zero_does_nothing_to_a_count_that_is_not_zero(host: Host) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn(latch.wait())
    await latch.count_down(exception_if_zero=True)
    latch.count_down_nowait(exception_if_zero=True)
    await host.settle()
    assert waiting.outcome is None


async def test_l4_and_l4t_a_refused_count_changes_nothing_for_the_parked(host: Host) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn(latch.wait())
    with pytest.raises(ValueError, match="-1"):
        latch.set_count(-1)
    with pytest.raises(TypeError, match="True"):
        latch.set_count(True)
    assert repr(latch) == "<CountdownLatch count=2 waiting=1>"
    await latch.count_down()
    await latch.count_down()
    await host.settle()
    assert waiting.outcome is None


@pytest.mark.parametrize("n", [0, 1, 2, 7])
async def test_l5_a_latch_that_tasks_wait_on_is_not_set(host: Host, n: int) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn(latch.wait())
    with pytest.raises(LatchInUseError, match=rf"^set_count\({n}\) while tasks wait on the latch"):
        latch.set_count(n)
    assert latch.count == 2
    await host.settle()
    assert waiting.outcome is Ended.NOT
    await latch.count_down()
    await latch.count_down()
    await host.settle()
    assert waiting.outcome is None


async def test_l6_set_count_opens_and_closes_a_latch_that_nobody_waits_on(host: Host) -> None:
    latch = CountdownLatch(0)
    latch.set_count(2)
    assert latch.count == 2
    first = await host.spawn(latch.wait())
    assert first.outcome is Ended.NOT
    host.cancel(first)
    await host.settle()

    latch.set_count(0)
    assert latch.count == 0
    second = await host.spawn(latch.wait())
    assert second.outcome is None


async def test_l7_wait_on_an_open_latch_returns_as_often_as_one_likes(host: Host) -> None:
    latch = CountdownLatch(0)
    for _ in range(3):
        await latch.wait()
    assert repr(latch) == "<CountdownLatch count=0>"


async def test_l8_wait_on_a_closed_latch_parks(host: Host) -> None:
    latch = CountdownLatch(1)
    waiting = await host.spawn(latch.wait())
    assert waiting.outcome is Ended.NOT
    assert latch.count == 1
    assert repr(latch) == "<CountdownLatch count=1 waiting=1>"


async def test_l9_a_cancelled_task_takes_back_its_wait_and_nothing_else(host: Host) -> None:
    latch = CountdownLatch(2)
    first, second, third = await host.spawn_all(latch.wait(), latch.wait(), latch.wait())
    host.cancel(second)
    await host.settle()
    assert second.outcome is Ended.CANCELLED
    assert repr(latch) == "<CountdownLatch count=2 waiting=2>"
    assert (first.outcome, third.outcome) == (Ended.NOT, Ended.NOT)
    await latch.count_down()
    await latch.count_down()
    await host.settle()
    assert (first.outcome, third.outcome) == (None, None)


async def test_l9_a_task_does_not_wait_any_more_from_the_moment_that_its_cancellation_is_requested(host: Host) -> None:
    latch = CountdownLatch(2)
    waiting = await host.spawn(latch.wait())
    host.cancel(waiting)
    assert repr(latch) == "<CountdownLatch count=2>"
    latch.set_count(5)
    assert latch.count == 5
    await host.settle()
    assert waiting.outcome is Ended.CANCELLED
    assert latch.count == 5


async def test_l9_while_others_wait_a_requested_cancellation_does_not_let_the_count_be_set(host: Host) -> None:
    latch = CountdownLatch(2)
    cancelled, waiting = await host.spawn_all(latch.wait(), latch.wait())
    host.cancel(cancelled)
    with pytest.raises(LatchInUseError):
        latch.set_count(0)
    await host.settle()
    assert (cancelled.outcome, waiting.outcome) == (Ended.CANCELLED, Ended.NOT)


async def test_l9_a_cancellation_requested_before_the_last_count_down_stands(host: Host) -> None:
    latch = CountdownLatch(1)
    first, cancelled, last = await host.spawn_all(latch.wait(), latch.wait(), latch.wait())
    host.cancel(cancelled)
    latch.count_down_nowait()
    await host.settle()
    assert [task.outcome for task in (first, cancelled, last)] == [None, Ended.CANCELLED, None]


async def test_l9_a_task_that_was_cancelled_can_be_followed_by_others(host: Host) -> None:
    latch = CountdownLatch(1)
    for _ in range(3):
        cancelled = await host.spawn(latch.wait())
        host.cancel(cancelled)
        await host.settle()
        assert cancelled.outcome is Ended.CANCELLED
    waiting = await host.spawn(latch.wait())
    latch.count_down_nowait()
    await host.settle()
    assert waiting.outcome is None


async def test_l9_of_many_tasks_every_other_one_is_cancelled(host: Host) -> None:
    latch = CountdownLatch(1)
    waiting = [host.start(latch.wait()) for _ in range(400)]
    await host.settle()
    for task in waiting[::2]:
        host.cancel(task)
    assert repr(latch) == "<CountdownLatch count=1 waiting=200>"
    latch.count_down_nowait()
    await host.settle()
    assert {task.outcome for task in waiting[::2]} == {Ended.CANCELLED}
    assert {task.outcome for task in waiting[1::2]} == {None}


async def test_l10_a_cancellation_after_the_release_changes_nothing_for_the_others(host: Host) -> None:
    latch = CountdownLatch(1)
    first, cancelled, last = await host.spawn_all(latch.wait(), latch.wait(), latch.wait())
    latch.count_down_nowait()
    host.cancel(cancelled)
    assert latch.count == 0
    latch.set_count(3)
    await host.settle()
    # whether a released task still notices depends on the host
    assert cancelled.outcome in (None, Ended.CANCELLED)
    assert (first.outcome, last.outcome) == (None, None)
    assert latch.count == 3


async def test_a_released_task_is_not_trapped_by_a_latch_that_is_closed_again(host: Host) -> None:
    latch = CountdownLatch(1)
    released = await host.spawn(latch.wait())
    latch.count_down_nowait()
    latch.set_count(2)
    assert released.outcome is Ended.NOT  # it has not run yet
    await host.settle()
    assert released.outcome is None

    waiting = await host.spawn(latch.wait())
    assert waiting.outcome is Ended.NOT
    latch.count_down_nowait()
    latch.count_down_nowait()
    await host.settle()
    assert waiting.outcome is None


async def test_a_latch_serves_many_rounds(host: Host) -> None:
    latch = CountdownLatch(0)
    for count in (1, 3, 2):
        latch.set_count(count)
        waiting = await host.spawn_all(latch.wait(), latch.wait())
        for _ in range(count):
            assert waiting[0].outcome is waiting[1].outcome is Ended.NOT
            await latch.count_down()
            await host.settle()
        assert [task.outcome for task in waiting] == [None, None]


async def test_the_effect_of_a_count_down_is_there_when_it_first_suspends(host: Host) -> None:
    latch = CountdownLatch(2)
    counts: list[int] = []
    await right_after(latch.count_down(), lambda: counts.append(latch.count))
    assert counts == [1]


async def test_a_wait_on_an_open_latch_returns_though_it_is_closed_while_it_suspends(host: Host) -> None:
    latch = CountdownLatch(0)
    await right_after(latch.wait(), lambda: latch.set_count(1))
    assert latch.count == 1


async def test_a_task_destroyed_while_it_waits_leaves_nothing_behind(host: Host) -> None:
    latch = CountdownLatch(1)
    waiting = await host.spawn(latch.wait())
    destroyed = latch.wait()
    destroyed.send(None)
    assert repr(latch) == "<CountdownLatch count=1 waiting=2>"
    destroyed.close()
    assert repr(latch) == "<CountdownLatch count=1 waiting=1>"
    latch.count_down_nowait()
    await host.settle()
    assert waiting.outcome is None


def test_a_latch_can_be_referred_to_weakly() -> None:
    latch = CountdownLatch(1)
    reference = weakref.ref(latch)
    assert reference() is latch
    del latch
    assert reference() is None


def test_a_latch_has_no_attributes_but_its_own() -> None:
    latch: Any = CountdownLatch(1)
    with pytest.raises(AttributeError):
        latch.cuont = 2
    with pytest.raises(AttributeError):
        latch.count = 2
