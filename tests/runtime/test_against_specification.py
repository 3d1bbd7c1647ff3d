"""The real classes against the specification: the same operations on both, and everything that can be seen must agree.

The specification runs with identities: its functions decide by numbers, and `step.apply` says which tasks continue and
with what.
"""

from __future__ import annotations

from collections.abc import Awaitable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchproof import Barrier, BrokenBarrierError, CountdownLatch, LatchInUseError, ZeroLatchError
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.step import apply
from tests.runtime.drivers import Ended, Host, Task, right_after

if TYPE_CHECKING:
    from latchproof_spec.step import Ending

REAL: dict[Machine, Any] = {LATCH: CountdownLatch, BARRIER: Barrier}
REFUSALS = (ValueError, ZeroLatchError, LatchInUseError, BrokenBarrierError)
MAIN = -1  # the identity of the task that runs the test; it never parks

# One action: the name of an operation, or "cancel" or "settle"; a number, which is its argument or selects the task;
# and whether it is awaited or made as a plain call. Between two settlings, tasks that were released or cancelled have
# not run yet, unless an arrival or trio's checkpoints let them.
Act = tuple[str, int, bool]


def acts(machine: Machine) -> st.SearchStrategy[list[Act]]:
    names = [operation.name for operation in machine.operations]
    often = ["settle", "wait", "wait", "cancel", "cancel"]
    act = st.tuples(st.sampled_from([*often, *names]), st.integers(0, 5), st.booleans())
    return st.lists(act, min_size=20, max_size=50)  # long programs, which shrink to settlings


def as_ending(outcome: object) -> object:
    """Return an error as its class in the specification, whichever subclass the host uses."""
    return next((error for error in REFUSALS if isinstance(outcome, error)), outcome)


async def ending_of(call: Awaitable[object]) -> object:
    try:
        return await call
    except REFUSALS as error:
        return as_ending(error)


class Comparison:
    def __init__(self, machine: Machine, argument: int, host: Host) -> None:
        self.machine = machine
        self.host = host
        self.real = REAL[machine](argument)
        self.operations = {operation.name: operation for operation in machine.operations}
        self.constants, self.state, _ = machine.create(argument)
        self.queue: tuple[int, ...] = ()
        self.given: dict[int, Ending] = {}
        self.cancelled: dict[int, bool] = {}  # and whether the task was parked then
        self.tasks: list[Task] = []
        self.fired: set[str] = set()

    async def run(self, script: list[Act]) -> None:
        for name, number, awaits in script:
            if name == "settle":
                await self.settle()
            elif name == "cancel":
                self.cancel(number)
            elif name == "wait":
                await self.arrive(awaits)
            else:
                await self.call(name, number, awaits)
            self.check()
        await self.settle()

    def decide(self, who: int, name: str, arguments: dict[str, Any]) -> None:
        operation = self.machine.withdraw if name == "withdraw" else self.operations[name]
        *state, rule = operation.function(*self.constants, *self.state, **arguments)
        self.state = tuple(state)
        self.queue, resumed = apply(rule, self.queue, who)
        self.given.update(resumed)
        self.fired.add(rule.id)

    def check(self) -> None:
        observed = {name: getattr(self.real, name) for name in self.machine.observations}
        specified = {name: one.read(*self.constants, *self.state) for name, one in self.machine.observations.items()}
        assert observed == specified
        named = dict(zip(self.machine.state, self.state, strict=True))
        assert len(self.real._parking) == named["parked"] == len(self.queue)

    async def call(self, name: str, number: int, awaits: bool) -> None:
        """Make a call that does not wait, in the test's own task."""
        parameters = self.operations[name].parameters
        arguments = {key: number > 2 if type_ is bool else number - 1 for key, type_ in parameters.items()}
        self.decide(MAIN, name, arguments)

        async def really() -> None:
            if name == "set_count":
                self.real.set_count(**arguments)
            elif awaits:
                await right_after(getattr(self.real, name)(**arguments), self.check)
            else:
                getattr(self.real, f"{name}_nowait")(**arguments)

        assert await ending_of(really()) == self.given[MAIN]

    async def arrive(self, by_main: bool) -> None:
        """Wait in a new task, or in the test's own task if the call need not park."""
        if not by_main:
            self.decide(len(self.tasks), "wait", {})
            self.tasks.append(await self.host.spawn(self.real.wait()))
        elif self.operations["wait"].function(*self.constants, *self.state)[-1].caller != "parks":
            self.decide(MAIN, "wait", {})
            assert await ending_of(right_after(self.real.wait(), self.check)) == self.given[MAIN]

    def cancel(self, number: int) -> None:
        """Request the cancellation of one of the latest tasks, unless it was requested before or the task has ended."""
        who = len(self.tasks) - 1 - number // 2
        if who < 0 or who in self.cancelled or self.tasks[who].outcome is not Ended.NOT:
            return
        self.cancelled[who] = who in self.queue
        # each wait() has been counted by now, so it is either parked or released
        call = SimpleNamespace(parked=who in self.queue, released=who not in self.queue)
        told = {fact.name: fact.read(call) for fact in self.machine.withdraw.facts if fact.read}
        self.decide(who, "withdraw", told)
        self.host.cancel(self.tasks[who])

    async def settle(self) -> None:
        await self.host.settle()
        for who, task in enumerate(self.tasks):
            outcome = as_ending(task.outcome)
            if who in self.queue:
                assert outcome is Ended.NOT
            elif who not in self.cancelled:
                assert outcome == self.given[who]
            elif self.cancelled[who]:
                assert outcome is Ended.CANCELLED
            else:  # whether a released task still notices depends on the host
                assert outcome in (self.given[who], Ended.CANCELLED)


RULES = {
    LATCH: {"L1", "L2", "L3", "L3x", "L4", "L5", "L6", "L7", "L8", "L9", "L10"},  # L4t below
    BARRIER: {"B1", "B2", "B3", "B4", "B5", "B6", "B7"},
}


@pytest.mark.parametrize("machine", [LATCH, BARRIER], ids=lambda machine: machine.name)
def test_whatever_is_done_the_real_class_and_the_specification_agree(machine: Machine, host: Host) -> None:
    fired: set[str] = set()

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(argument=st.integers(1, 5), script=acts(machine))
    def compare(argument: int, script: list[Act]) -> None:
        comparison = Comparison(machine, argument, host)
        try:
            host.run(lambda: comparison.run(script))
        finally:
            fired.update(comparison.fired)

    compare()
    assert fired == RULES[machine]


@pytest.mark.parametrize("machine", [LATCH, BARRIER], ids=lambda machine: machine.name)
@pytest.mark.parametrize("argument", [-1, 0, 1, 2, 3, True, 1.0, None])
def test_what_is_made_or_refused_is_what_the_specification_says(machine: Machine, argument: Any) -> None:
    constants, state, rule = machine.create(argument)
    if rule.refuses:
        with pytest.raises(rule.errors[0]) as refused:
            REAL[machine](argument)
        assert type(refused.value) is rule.errors[0]
        assert str(refused.value) == rule.message.format(repr(argument))
    else:
        real = REAL[machine](argument)
        for name, see in ((name, one.read) for name, one in machine.observations.items()):
            assert getattr(real, name) == see(*constants, *state)
