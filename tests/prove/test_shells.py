"""The proof that the shells decide as specified: it covers every rule, and it fails for shells that do not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from latchproof import Barrier, BrokenBarrierError, CountdownLatch
from latchproof.prove.shells import Equivalence, prove_release, prove_shell, prove_shells, shell_of, shells_in_process
from latchproof.prove.stand_ins import LOOPS
from latchproof_spec.latch import rules as latch_spec
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import endings

METHODS = {
    "__init__", "wait", "count_down", "count_down_nowait", "set_count",
    "abort", "abort_nowait", "reset", "reset_nowait", "__aenter__", "release",
}  # fmt: skip


@pytest.fixture(scope="module")
def proved() -> list[Equivalence]:
    return prove_shells()


def test_the_shells_decide_as_specified_for_all_numbers(proved: list[Equivalence]) -> None:
    assert [one for one in proved if one.status != "proved"] == []


def test_every_method_is_proved_on_every_kind_of_loop(proved: list[Equivalence]) -> None:
    assert {one.method for one in proved} == METHODS
    of_loops = {(method, loop.name) for method in METHODS - {"__init__", "release"} for loop in LOOPS}
    assert {(one.method, one.loop) for one in proved} == {*of_loops, ("__init__", "none"), ("release", "none")}


def test_there_is_a_loop_of_every_kind_that_the_classes_tell_apart() -> None:
    """With checkpoints, and without: in an asyncio task, in a task that may be quick as well, and in neither."""
    kinds = {(loop.checkpoints, bool(loop.asyncio_tasks), loop.other_task is not None) for loop in LOOPS}
    assert kinds == {
        (True, False, False), (False, True, False), (False, False, True), (False, False, False),
    }  # fmt: skip


def test_every_rule_that_a_call_can_come_to_is_proved(proved: list[Equivalence]) -> None:
    latch = {"L1", "L2", "L3", "L3x", "L4", "L5", "L6", "L7", "L8"}
    barrier = {"B0", "B0v", "B1", "B2", "B3", "B6", "B7"}
    resumed = {f"resumed with {ending}" for ending in ("an index", "BrokenBarrierError", "a cancellation")}
    calls = [one for one in proved if one.method != "release"]
    assert {one.rule for one in calls if one.machine == "latch"} == latch | {
        "resumed with a return", "resumed with a cancellation",
    }  # fmt: skip
    assert {one.rule for one in calls if one.machine == "barrier"} == barrier | resumed
    releasing = {rule.id for machine in MACHINES.values() for rule in machine.rules if rule.queue != "stays"}
    assert {one.rule for one in proved if one.method == "release"} == releasing


class MadeWithOneMore(CountdownLatch):
    def __init__(self, count: int) -> None:
        CountdownLatch.__init__(self, count)
        self._count = count + 1


class MadeOfThreeAtLeast(Barrier):
    def __init__(self, parties: int) -> None:
        if parties < 3:
            raise ValueError
        Barrier.__init__(self, parties)


class MadeOfNone(Barrier):
    def __init__(self, parties: int) -> None:
        Barrier.__init__(self, 1 if parties == 0 else parties)


class CountsTooFar(CountdownLatch):
    async def count_down(self, exception_if_zero: bool = False) -> None:
        if self._count >= 0 and not self._parking.queue:
            self._count -= 1
            return
        self._count_down(exception_if_zero)


class CountsByTwo(CountdownLatch):
    def _count_down(self, exception_if_zero: bool = False) -> None:
        self._count -= 2


class ReleasesNobody(CountdownLatch):
    def _conclude(self, rule: Any, argument: object = None) -> None:
        """Nothing of what the rule says."""


class NeverParks(CountdownLatch):
    async def wait(self) -> None:
        """Return whatever the count is."""


class SetsWhatItRefuses(CountdownLatch):
    def set_count(self, n: int) -> None:
        self._count = n
        self._conclude(latch_spec.set_count(1, 1, -1)[2])


class TripsLate(Barrier):
    async def wait(self) -> int:
        if len(self._parking.queue) < self._parties and not self._broken:
            waker = self._parking.new_waker()
            self._parking.queue[waker] = None
            await waker
        return 0


class AdmitsToTheBroken(Barrier):
    async def wait(self) -> int:
        if len(self._parking.queue) + 1 < self._parties:
            waker = self._parking.new_waker()
            self._parking.queue[waker] = None
            await waker
        return self._parties - 1


class GivesAnotherIndex(Barrier):
    def _complete(self, rule: Any, host: Any) -> int:
        return 0


class ParksAgain(CountdownLatch):
    async def wait(self) -> None:
        if self._count > 0:
            waker = self._parking.new_waker()
            self._parking.queue[waker] = None
            await waker
            if self._count > 4 and len(self._parking.queue) > 1:
                await self._parking.new_waker()


class SwallowsCancellation(CountdownLatch):
    async def wait(self) -> None:
        if self._count > 0:
            waker = self._parking.new_waker()
            self._parking.queue[waker] = None
            with suppress(BaseException):
                await waker


class StaysInTheQueue(CountdownLatch):
    async def wait(self) -> None:
        if self._count > 0:
            waker = self._parking.new_waker()
            self._parking.queue[waker] = None
            await waker


class ParksAtTheBarrier(Barrier):
    """Its tasks park as they should; what they do afterwards is another's affair."""

    async def wait(self) -> int:
        if self._broken or len(self._parking.queue) + 1 >= self._parties:
            return await Barrier.wait(self)
        waker = self._parking.new_waker()
        self._parking.queue[waker] = None
        try:
            ending: Any = await waker
        except BaseException:
            self._parking.queue.pop(waker, None)
            raise
        return self.end(ending)

    def end(self, ending: Any) -> int:
        if not isinstance(ending, int):
            raise ending("it was failed")
        return ending


class FailsTheReleased(ParksAtTheBarrier):
    def end(self, ending: Any) -> int:
        if self._broken and self._parties >= 4:
            raise BrokenBarrierError
        return ParksAtTheBarrier.end(self, ending)


class CountsIndicesDown(ParksAtTheBarrier):
    async def __aenter__(self) -> int:
        index = await self.wait()
        return self._parties - 1 - index if self._parties > 6 else index


class BreaksAfterwards(ParksAtTheBarrier):
    def end(self, ending: Any) -> int:
        self._broken = True
        return ParksAtTheBarrier.end(self, ending)


class MendsWhatItBreaks(Barrier):
    def _decide(self, operation: Any) -> None:
        self._broken = False
        self._parking.release(operation(2, 1, False)[2])


@pytest.mark.parametrize(
    ("shell", "method", "rule", "what"),
    [
        (MadeWithOneMore, "__init__", "L6", "state"),
        (MadeOfThreeAtLeast, "__init__", "B0", "caller"),
        (MadeOfNone, "__init__", "B0v", "caller"),
        (CountsTooFar, "count_down", "L3", "warned"),
        (CountsByTwo, "count_down_nowait", "L1", "state"),
        (ReleasesNobody, "count_down", "L2", "parked"),
        (ReleasesNobody, "count_down", "L3", "warned"),
        (NeverParks, "wait", "L8", "caller"),
        (SetsWhatItRefuses, "set_count", "L4", "state"),
        (TripsLate, "wait", "B2", "caller"),
        (AdmitsToTheBroken, "wait", "B3", "caller"),
        (GivesAnotherIndex, "wait", "B2", "index"),
        (MendsWhatItBreaks, "abort_nowait", "B6", "state"),
        (ParksAgain, "wait", "resumed with a return", "caller"),
        (SwallowsCancellation, "wait", "resumed with a cancellation", "caller"),
        (StaysInTheQueue, "wait", "resumed with a cancellation", "caller"),
        (FailsTheReleased, "wait", "resumed with an index", "caller"),
        (BreaksAfterwards, "wait", "resumed with BrokenBarrierError", "state"),
        (CountsIndicesDown, "__aenter__", "resumed with an index", "index"),
    ],
)
def test_a_shell_that_decides_otherwise_is_refuted(shell: type[Any], method: str, rule: str, what: str) -> None:
    machine = MACHINES["latch" if issubclass(shell, CountdownLatch) else "barrier"]
    refuted = [one for one in prove_shell(machine, shell) if one.status == "refuted"]
    assert [one for one in refuted if (one.method, one.rule) == (method, rule) and one.counterexample.startswith(what)]


def _all_but_the_fourth(parking: Any, rule: Any) -> None:
    wakers = tuple(parking.queue)
    given = endings(rule, len(wakers))
    if len(wakers) >= 4:
        wakers, given = wakers[:3], given[:3]  # type: ignore[index] # whatever they are
    parking.queue.clear()
    parking.host.wake_all(wakers, given)


def _wakes_before_it_clears(parking: Any, rule: Any) -> None:
    wakers = tuple(parking.queue)
    parking.host.wake_all(wakers, endings(rule, len(wakers)))
    parking.queue.clear()


def _fails_as_specified(parking: Any, rule: Any) -> None:
    """On asyncio it must be that host's own error."""
    wakers = tuple(parking.queue)
    parking.queue.clear()
    parking.host.wake_all(wakers, endings(rule, len(wakers)))


def _wakes_nobody(parking: Any, rule: Any) -> None:
    parking.queue.clear()


@pytest.mark.parametrize(
    ("release", "rules"),
    [
        (_all_but_the_fourth, {"B2", "B2r", "B2a", "B4b", "B4e", "B6", "B7"}),
        (_wakes_before_it_clears, {"B2", "B2r", "B2a", "B4b", "B4e", "B6", "B7"}),
        (_fails_as_specified, {"B4b", "B4e", "B6", "B7"}),
        (_wakes_nobody, {"B2", "B2r", "B2a", "B4b", "B4e", "B6", "B7"}),
    ],
)
def test_a_release_of_others_or_otherwise_is_refuted(release: Any, rules: set[str]) -> None:
    assert {one.rule for one in prove_release(MACHINES["barrier"], release) if one.status == "refuted"} == rules


def test_a_shell_that_parks_and_ends_as_it_should_is_proved() -> None:
    refuted = [one for one in prove_shell(MACHINES["barrier"], ParksAtTheBarrier) if one.rule.startswith("resumed")]
    assert refuted
    assert {one.status for one in refuted} == {"proved"}


def test_the_classes_that_are_proved_are_the_ones_that_programs_use() -> None:
    assert [shell_of(machine) for machine in MACHINES.values()] == [CountdownLatch, Barrier]


def test_in_a_process_of_its_own_the_same_is_found(proved: list[Equivalence]) -> None:
    with shells_in_process(("latch",)) as found:
        assert found() == [one for one in proved if one.machine == "latch"]
