"""What is refused, with which error and message; and that a refusal changes nothing."""

from __future__ import annotations

import copy
import enum
import pickle
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, LatchInUseError, ZeroLatchError
from tests.runtime.drivers import Host

NO_INTS: list[Any] = [True, False, 0.0, 1.0, -1.0, float("nan"), None, "", "1", "{}", b"1", [1], 1j, int, object()]
SHOWN: Any = [re.sub(" at 0x.*", "", repr(one)) for one in NO_INTS]


class Size(enum.IntEnum):
    TWO = 2


def say(text: str) -> str:
    """Return a pattern for exactly this message."""
    return f"^{re.escape(text)}$"


@pytest.mark.parametrize("count", NO_INTS, ids=SHOWN)
def test_a_count_that_is_no_int_is_a_type_error(count: Any) -> None:
    with pytest.raises(TypeError, match=say(f"a latch's count must be an int, not {count!r}")):
        CountdownLatch(count)
    latch = CountdownLatch(3)
    with pytest.raises(TypeError, match=say(f"a latch's count must be an int, not {count!r}")):
        latch.set_count(count)
    assert latch.count == 3


@pytest.mark.parametrize("count", [-1, -2, -(10**30)])
def test_a_negative_count_is_a_value_error(count: int) -> None:
    with pytest.raises(ValueError, match=say(f"a latch's count must be 0 or more, not {count}")):
        CountdownLatch(count)
    latch = CountdownLatch(3)
    with pytest.raises(ValueError, match=say(f"a latch's count must be 0 or more, not {count}")):
        latch.set_count(count)
    assert latch.count == 3


@pytest.mark.parametrize("count", [0, 1, 2, 10**30, Size.TWO])
def test_any_other_int_is_a_count(count: int) -> None:
    latch = CountdownLatch(count)
    assert latch.count == count
    latch.set_count(5)
    latch.set_count(count)
    assert latch.count == count


@pytest.mark.parametrize("parties", NO_INTS, ids=SHOWN)
def test_a_number_of_parties_that_is_no_int_is_a_type_error(parties: Any) -> None:
    with pytest.raises(TypeError, match=say(f"a barrier's parties must be an int, not {parties!r}")):
        Barrier(parties)


@pytest.mark.parametrize("parties", [0, -1, -(10**30)])
def test_a_barrier_has_at_least_one_party(parties: int) -> None:
    with pytest.raises(ValueError, match=say(f"a barrier's parties must be 1 or more, not {parties}")):
        Barrier(parties)


async def test_a_number_of_parties_may_be_any_kind_of_int(host: Host) -> None:
    barrier = Barrier(Size.TWO)
    tasks = await host.spawn_all(barrier.wait(), barrier.wait())
    assert [task.outcome for task in tasks] == [0, 1]


def test_counts_and_parties_may_be_given_by_name() -> None:
    latch = CountdownLatch(count=2)
    latch.count_down_nowait(exception_if_zero=False)
    latch.set_count(n=1)
    latch.countdown_nowait(event_loop=None)
    assert (latch.count, Barrier(parties=2).parties) == (0, 2)


def test_every_error_of_ours_is_a_runtime_error_and_no_other_one_of_ours() -> None:
    errors = [BrokenBarrierError, LatchInUseError, ZeroLatchError]
    for error in errors:
        assert issubclass(error, RuntimeError)
        assert [other for other in errors if issubclass(error, other)] == [error]
    assert CountdownLatch.ZeroLatchError is ZeroLatchError


async def test_the_error_of_a_barrier_is_the_same_on_every_host_and_asyncios_own_on_asyncio(host: Host) -> None:
    import asyncio

    barrier = Barrier(2)
    parked = await host.spawn(barrier.wait())
    await barrier.abort()
    arriving = await host.spawn(barrier.wait())
    await host.settle()
    for task in (parked, arriving):
        assert isinstance(task.outcome, BrokenBarrierError)
        assert isinstance(task.outcome, asyncio.BrokenBarrierError) == ("asyncio" in host.name or host.name == "uvloop")
    assert type(parked.outcome) is type(arriving.outcome)


async def test_an_error_reports_its_public_name_and_can_be_pickled(host: Host) -> None:
    latch, barrier = CountdownLatch(0), Barrier(2)
    await barrier.abort()
    with pytest.raises(BrokenBarrierError) as broken:
        await barrier.wait()
    with pytest.raises(ZeroLatchError) as zero:
        latch.count_down_nowait(exception_if_zero=True)
    latch.set_count(1)
    await host.spawn(latch.wait())
    with pytest.raises(LatchInUseError) as in_use:
        latch.set_count(2)
    await latch.count_down()
    for caught, name in ((broken, "BrokenBarrierError"), (zero, "ZeroLatchError"), (in_use, "LatchInUseError")):
        error = caught.value
        assert traceback.format_exception_only(error) == [f"latchproof.{name}: {error}\n"]
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.args) == (type(error), error.args)


@pytest.mark.parametrize("call", [CountdownLatch(0).wait, CountdownLatch(1).wait, CountdownLatch(1).count_down])
def test_an_awaited_call_of_a_latch_needs_an_event_loop(call: Any) -> None:
    with pytest.raises(RuntimeError, match=r"^no supported event loop is running.*_nowait"):
        call().send(None)
    assert repr(call.__self__) in ("<CountdownLatch count=0>", "<CountdownLatch count=1>")


@pytest.mark.parametrize("name", ["wait", "abort", "reset", "__aenter__"])
@pytest.mark.parametrize("parties", [1, 2])
def test_an_awaited_call_of_a_barrier_needs_an_event_loop(name: str, parties: int) -> None:
    for broken in (False, True):
        barrier = Barrier(parties)
        if broken:
            barrier.abort_nowait()
        with pytest.raises(RuntimeError, match=r"^no supported event loop is running.*_nowait"):
            getattr(barrier, name)().send(None)
        assert (barrier.n_waiting, barrier.broken) == (0, broken)


class Unwritable:
    def __repr__(self) -> str:
        raise KeyError("no")


LONG = 10**5000  # which Python refuses to write out


@pytest.mark.parametrize(
    ("number", "error", "shown"),
    [(LONG, LatchInUseError, "int"), (-LONG, ValueError, "int"), (Unwritable(), TypeError, "Unwritable")],
    ids=["long", "negative", "unwritable"],
)
async def test_what_cannot_be_written_out_is_refused_with_the_same_error(
    host: Host, number: Any, error: type[Exception], shown: str
) -> None:
    latch = CountdownLatch(1)
    await host.spawn_all(latch.wait())
    with pytest.raises(error, match=f"<an object of {shown}>"):
        latch.set_count(number)
    assert latch.count == 1
    await latch.count_down()


def test_what_is_too_long_is_shown_all_the_same() -> None:
    assert repr(CountdownLatch(LONG)) == "<CountdownLatch count=<an object of int>>"
    assert repr(Barrier(LONG)) == "<Barrier parties=<an object of int> waiting=0>"


@pytest.mark.parametrize("one", [CountdownLatch(2), Barrier(2)])
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_copy_is_refused(one: CountdownLatch | Barrier, how: Callable[[object], object]) -> None:
    """A copy would share the waiting tasks, but not the count."""
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        how(one)


def test_a_refused_constructor_leaves_what_was() -> None:
    latch, barrier = CountdownLatch(3), Barrier(3)
    with pytest.raises(ValueError, match="must be 0 or more"):
        latch.__init__(-1)  # type: ignore[misc] # no program should
    with pytest.raises(ValueError, match="must be 1 or more"):
        barrier.__init__(0)  # type: ignore[misc] # no program should
    assert (latch.count, barrier.parties, barrier.broken) == (3, 3, False)
