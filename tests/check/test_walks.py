"""The judge accepts whatever the specification does, and nothing that was tampered with.

A walk makes calls, lets them take effect and end, and cancels some, all by the specification's own functions. Its
history must be allowed under the same policy; with one event of it changed, it must not.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, Rule, apply

POLICIES = [
    pytest.param(machine, policy, id=f"{machine}-{policy}")
    for machine in MACHINES.values()
    for policy in machine.policies
]
STEPS = 25
"""Steps of a walk."""

AT_ONCE = 4
"""Calls under way, at most, where the lenient form judges: what it has to keep in mind grows fast with them."""

OPTIONS = settings(max_examples=50, deadline=None, database=None, derandomize=True)


class Walk:
    """A random run of the specification. `strict`: a call takes effect at its begin, a cancellation at its request."""

    def __init__(
        self, machine: Machine, policy: Any, argument: int, seed: int, *, strict: bool, at_once: int | None = None
    ) -> None:
        self.machine, self.policy, self.strict = machine, policy, strict
        self.at_once = at_once or (STEPS if strict else AT_ONCE)
        self.random = random.Random(seed)
        self.constants, self.state, _ = machine.create(argument)
        self.queue: tuple[int, ...] = ()
        self.new: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        self.ending: dict[int, tuple[Any, Rule]] = {}
        self.may_break: set[int] = set()
        self.withdrawn: set[int] = set()
        self.requested: set[int] = set()
        self.early: set[int] = set()
        self.number = 0
        self.events: list[Event] = []

    def run(self, steps: int) -> list[Event]:
        for _ in range(steps):
            under_way = {*self.new, *self.queue, *self.ending, *self.withdrawn}
            actions = [self.observe] + [self.begin] * (2 if len(under_way) < self.at_once else 0)
            actions += [self.effect] * 2 if self.new else []
            actions += [self.end] * 3 if self.ending or self.withdrawn else []
            actions += [self.cancel] if under_way else []
            actions += [self.withdraw] if self.withdrawable and not self.strict else []
            if under_way == set(self.queue) and not self.requested & under_way:
                actions += [lambda: self.events.append(Rest())]
            self.random.choice(actions)()
        return self.events

    def begin(self) -> None:
        operation = self.random.choice(self.machine.operations)
        arguments = tuple(
            self.random.choice((False, True)) if kind is bool else self.random.randint(-1, 3)
            for kind in operation.parameters.values()
        )
        call, self.number = self.number, self.number + 1
        self.new[call] = operation, arguments
        is_early = operation.waits and self.machine.withdraws_early and self.random.random() < 0.2
        if is_early:
            self.early.add(call)
            self.requested.add(call)
        self.events.append(Begin(call, operation.name, arguments, cancelled=is_early))
        if not self.strict:
            return
        if is_early and self.random.random() < 0.5:
            self.withdraw(call)
        else:
            self.effect()
            if is_early and call in self.queue:
                self.withdraw(call)

    def effect(self) -> None:
        call = self.random.choice(sorted(self.new))
        if call in self.early and self.policy.cancelled_early == "breaks" and not self.state[1]:
            self.withdraw(call)
            return
        operation, arguments = self.new.pop(call)
        self.step(operation, arguments, call)

    def step(self, operation: Any, arguments: tuple[Any, ...], call: int) -> None:
        *state, rule = operation.function(*self.constants, *self.state, *arguments, policy=self.policy)
        self.state = tuple(state)
        if operation.name in ("abort", "reset") and self.policy.abort_reaches != "the parked":
            self.may_break |= {one for one, (ending, _) in self.ending.items() if isinstance(ending, int)}
        self.queue, resumed = apply(rule, self.queue, call)
        indices = list(range(len(resumed)))
        self.random.shuffle(indices)
        for (one, ending), index in zip(resumed, indices, strict=True):
            told = index == 0 if rule.order == "one leads" else index
            self.ending[one] = (told if ending == ANY_INDEX else ending), rule

    def cancel(self) -> None:
        call = self.random.choice(sorted({*self.new, *self.queue, *self.ending, *self.withdrawn}))
        self.events.append(Request(call))
        self.requested.add(call)
        if self.strict and call in self.queue:
            self.withdraw(call)

    @property
    def withdrawable(self) -> list[int]:
        """The calls that were asked to stop and are parked, or will wait; others can only be as if not made."""
        new = {call for call, (operation, _) in self.new.items() if operation.waits}
        return sorted(self.requested & {*self.queue, *new})

    def withdraw(self, call: int | None = None) -> None:
        call = self.random.choice(self.withdrawable) if call is None else call
        told = (call in self.queue, call in self.queue)[: len(self.machine.withdraw.facts)]
        self.new.pop(call, None)
        self.step(self.machine.withdraw, told, call)
        self.withdrawn.add(call)

    def end(self) -> None:
        call = self.random.choice(sorted({*self.ending, *self.withdrawn}))
        if call in self.withdrawn or (call in self.requested and self.random.random() < 0.5):
            self.events.append(End(call, "cancelled"))
        elif call in self.may_break and self.random.random() < 0.5:
            self.events.append(End(call, "raised", error=BrokenBarrierError()))
        else:
            ending, rule = self.ending[call]
            if isinstance(ending, type):
                self.events.append(End(call, "raised", error=self.random.choice(rule.errors)()))
            else:
                self.events.append(End(call, "returned", ending, leads=ending if type(ending) is bool else None))
        self.ending.pop(call, None)
        self.withdrawn.discard(call)
        self.requested.discard(call)
        self.may_break.discard(call)

    def observe(self) -> None:
        values = {name: one.read(*self.constants, *self.state) for name, one in self.machine.observations.items()}
        if getattr(self.policy, "n_waiting_counts", "the parked") != "the parked":
            released = sum(isinstance(ending, int) for ending, _ in self.ending.values())
            values["n_waiting"] += self.random.randint(0, released)
        self.events.append(Observe(tuple(values.items())))


def tampered(event: Event, parties: int) -> Event | None:
    """The event changed so that no policy allows it; None if it says nothing that could be changed."""
    if isinstance(event, End):
        if event.leads is not None and parties == 1:  # the only call of each generation has to lead
            return event._replace(value=not event.value, leads=not event.leads)
        if event.how == "returned" and isinstance(event.value, int):
            return End(event.call, "returned", event.value + parties)
        if event.how == "raised":
            return End(event.call, "returned", parties)
        return End(event.call, "raised", error=KeyError("tampered"))
    if isinstance(event, Observe):
        return Observe(
            tuple((name, not value if isinstance(value, bool) else value + 1000) for name, value in _ints(event))
        )
    return None


def _ints(event: Observe) -> list[tuple[str, int]]:
    return [(name, value) for name, value in event.values if isinstance(value, int)]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("machine", "policy"), POLICIES)
def test_what_the_specification_does_is_allowed(machine: Machine, policy: Any, strict: bool) -> None:
    @OPTIONS
    @given(seed=st.integers(0, 2**32), argument=st.integers(1, 3))
    def check(seed: int, argument: int) -> None:
        events = Walk(machine, policy, argument, seed, strict=strict).run(STEPS)
        judge = Judge(MachineSpecification(machine, policy, argument), strict=strict)
        assert [(event, judge.finding) for event in events if judge.step(event)] == []

    check()


@pytest.mark.parametrize(("machine", "policy"), POLICIES)
def test_what_is_strictly_allowed_is_leniently_allowed(machine: Machine, policy: Any) -> None:
    @OPTIONS
    @given(seed=st.integers(0, 2**32), argument=st.integers(1, 3))
    def check(seed: int, argument: int) -> None:
        events = Walk(machine, policy, argument, seed, strict=True, at_once=AT_ONCE + 3).run(14)
        judge = Judge(MachineSpecification(machine, policy, argument))
        assert [(event, judge.finding) for event in events if judge.step(event)] == []

    check()


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("machine", "policy"), POLICIES)
def test_what_was_tampered_with_is_not_allowed(machine: Machine, policy: Any, strict: bool) -> None:
    tried = 0

    @OPTIONS
    @given(seed=st.integers(0, 2**32), argument=st.integers(1, 3), where=st.integers(0, 100))
    def check(seed: int, argument: int, where: int) -> None:
        nonlocal tried
        events = Walk(machine, policy, argument, seed, strict=strict).run(STEPS)
        places = [
            position for position, event in enumerate(events)
            if tampered(event, argument) is not None and (strict or not isinstance(event, End) or event.how != "raised")
        ]  # fmt: skip
        if not places:
            return
        tried += 1
        place = places[where % len(places)]
        changed = tampered(events[place], argument)
        assert changed is not None
        judge = Judge(MachineSpecification(machine, policy, argument), strict=strict)
        found = [position for position, event in enumerate([*events[:place], changed]) if judge.step(event)]
        assert found == [place]

    check()
    assert tried > 30
