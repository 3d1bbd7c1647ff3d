"""anyio's primitives on asyncio: which conform, and which do only if they are cancelled by anyio's own scopes.

A check on asyncio cancels by `Task.cancel()`, as asyncio's own timeouts and task groups do. A cancel scope of anyio
interrupts no task whose wait was answered already, and none that is shielded.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import TypeAlias

import anyio
import pytest

from latchproof.check.checker import check
from latchproof.check.target import load
from latchproof_spec.machine import Programs

Cancel: TypeAlias = Callable[["asyncio.Task[None]", anyio.CancelScope], object]


@pytest.mark.parametrize(
    ("name", "argument", "order"),
    [("Event", 0, None), ("Lock", 0, True), ("Semaphore", 1, True), ("CapacityLimiter", 1, True)],
    ids=str,
)
def test_what_conforms(name: str, argument: int, order: bool | None) -> None:
    verdict = check(load(f"anyio:{name}"), programs=(Programs((argument,), 3, 3, 1),))
    assert verdict.status == "conforms"
    assert [one.is_kept for one in verdict.orders] == [order]


def test_a_condition_that_is_cancelled_twice_raises_another_error() -> None:
    verdict = check(load("anyio:Condition"), programs=(Programs((0,), 1, 1, 2),))
    (trace,) = verdict.traces
    assert trace.claim == "wrong-error"
    assert trace.seen == "wait() raised RuntimeError: The current task is not holding this lock"


def test_an_item_is_lost_with_the_call_that_it_was_given_to() -> None:
    # in another process, because a stream that is not closed warns when it is collected
    command = [sys.executable, "-m", "latchproof", "replay", "0:r..r..s(1)..-1.", "anyio:create_memory_object_stream"]
    done = subprocess.run([*command, "--policy", "closing-wakes"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "receive() of call 2 has not ended" in done.stdout


def natively(task: asyncio.Task[None], scope: anyio.CancelScope) -> None:
    task.cancel()


def by_scope(task: asyncio.Task[None], scope: anyio.CancelScope) -> None:
    scope.cancel()


async def steps(number: int = 6) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def received(cancel: Cancel) -> list[str]:
    """Return what a call of receive() gets that is cancelled once it was sent an item."""
    sender, receiver = anyio.create_memory_object_stream[str](1)
    got: list[str] = []
    scope = anyio.CancelScope()

    async def receive() -> None:
        with scope:
            got.append(await receiver.receive())

    with sender, receiver:
        task = asyncio.create_task(receive())
        await steps()
        sender.send_nowait("item")
        cancel(task, scope)
        await asyncio.wait([task])
        with pytest.raises(anyio.WouldBlock):  # so it is not in the stream either
            receiver.receive_nowait()
    return got


def test_an_item_is_lost_only_by_native_cancellation() -> None:
    assert asyncio.run(received(natively)) == []
    assert asyncio.run(received(by_scope)) == ["item"]


async def waited(cancel: Cancel) -> BaseException | None:
    """Return what a call of wait() raises that is cancelled, and once more while it takes the lock back."""
    condition = anyio.Condition()
    scopes = anyio.CancelScope(), anyio.CancelScope()

    async def wait() -> None:
        with scopes[0], scopes[1]:
            async with condition:
                await condition.wait()

    task = asyncio.create_task(wait())
    await steps()
    cancel(task, scopes[1])
    await asyncio.sleep(0)
    cancel(task, scopes[0])
    await asyncio.wait([task])
    assert not condition.locked()
    return None if task.cancelled() else task.exception()


def test_a_lock_is_not_taken_back_only_by_native_cancellation() -> None:
    assert isinstance(asyncio.run(waited(natively)), RuntimeError)
    assert asyncio.run(waited(by_scope)) is None
