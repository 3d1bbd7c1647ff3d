"""The hosts as modules: what they say of themselves, and what they need not look for."""

from __future__ import annotations

import asyncio
import runpy
import sys
from collections.abc import Coroutine
from typing import Any
from unittest import mock

import pytest

from latchproof import BrokenBarrierError, hosts
from latchproof.hosts.asyncio import AsyncioHost as OnAsyncio
from tests.conftest import ASYNCIO_HOSTS
from tests.runtime.drivers import Host, on_a_thread, returned_at_once
from tests.runtime.waking import Queue


def test_nowhere_says_of_itself_that_no_task_is_there() -> None:
    nowhere: Any = hosts.NOWHERE
    assert (nowhere.name, nowhere.loop, nowhere.checkpoints) == ("none", None, False)
    assert (nowhere.asyncio_tasks, nowhere.current_task(), nowhere.trio_record) == ((), None, None)
    assert nowhere.broken_barrier_error is BrokenBarrierError
    assert (nowhere.is_here(), nowhere.is_running_here(), nowhere.is_closed()) == (False, False, True)
    assert nowhere.withdrawn({}) == ()
    assert nowhere.look_around() is nowhere.check_reachable() is nowhere.wake_all((), ()) is None
    nothing: list[Coroutine[Any, Any, None]] = [nowhere.checkpoint_if_cancelled(), nowhere.cancel_shielded_checkpoint()]
    assert [returned_at_once(one) for one in nothing] == [None, None]


def test_nowhere_makes_no_wakers() -> None:
    new_waker = hosts.NOWHERE.makes_wakers({})
    with pytest.raises(AssertionError, match="its host has not been looked for"):
        new_waker()


async def test_a_host_that_still_runs_the_caller_is_not_looked_for(host: Host) -> None:
    here = hosts.current(None)
    with mock.patch.object(hosts, "HOSTS", ()):
        assert hosts.running(here) is hosts.current(here) is here
        assert hosts.running(None) is None


async def test_one_host_alone_is_not_looked_for_on_the_stack(host: Host) -> None:
    with mock.patch.object(hosts, "_innermost", side_effect=AssertionError("looked for")):
        here = hosts.running(None)
    assert here is not None
    assert here.is_running_here()


def test_the_host_of_one_loop_is_not_here_in_another_loop_of_its_kind(host: Host) -> None:
    async def find() -> tuple[bool, bool]:
        found.append(hosts.current(None))
        return found[0].is_here(), found[0].is_running_here()

    found: list[Any] = []
    assert host.run(find) == (True, True)
    assert host.run(find) == (False, False)
    assert found[0].loop is not found[1].loop


@pytest.mark.parametrize("host", ASYNCIO_HOSTS, indirect=True)
async def test_a_host_of_asyncio_is_not_here_in_a_task_of_another_thread(host: Host) -> None:
    """It is not, although a task of it runs meanwhile."""

    async def ask() -> tuple[bool, bool]:
        return here.is_here(), here.is_running_here()

    here = hosts.current(None)
    assert on_a_thread(lambda: asyncio.run(ask())) == (False, False)


@pytest.mark.parametrize(("version", "is_one"), [((3, 11), False), ((3, 12), True), ((3, 13), True)])
def test_from_python_3_12_on_the_running_loop_is_asked_for(version: tuple[int, int], is_one: bool) -> None:
    """Before, that is too slow."""
    file = sys.modules[OnAsyncio.__module__].__file__
    assert file is not None
    with mock.patch.object(sys, "version_info", version):
        made = runpy.run_path(file)["AsyncioHost"]
    assert (made.is_here is made.is_running_here) is is_one


async def test_endings_that_are_not_as_many_as_the_wakers_are_refused(host: Host) -> None:
    queue = Queue()
    tasks = await host.spawn_all(queue.park(), queue.park())
    with pytest.raises(ValueError, match="shorter"):
        queue.host.wake_all(tuple(queue.wakers), (5,))
    queue.wakers.clear()
    await host.settle()
    assert tasks[0].outcome == 5


def test_where_no_host_is_on_the_stack_the_last_one_counts() -> None:
    several: list[Any] = [(object(), name, "", lambda loop: ()) for name in "abc"]
    assert hosts._innermost(several) is several[2]
