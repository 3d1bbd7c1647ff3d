"""What is claimed of each call holds of real ones, on long random runs, and refuses what is wrong."""

from __future__ import annotations

import inspect
import random
from typing import Any

import pytest

from latchproof_spec.barrier import claims as barrier_claims
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.claims import CALLS as BARRIER_CALLS
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.calls import Call, Snapshot
from latchproof_spec.claims import Property, Step
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.claims import CALLS as LATCH_CALLS
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, LatchInUseError, Rule, apply

LATCHES = {policy.name: policy for policy in LATCH.policies}
BARRIERS = {policy.name: policy for policy in BARRIER.policies}
BB = BrokenBarrierError


def call(name: str = "A", phase: str = "fresh", **known: Any) -> Call:
    """A call of wait(), with what is said of it."""
    values: dict[str, Any] = dict.fromkeys(Call.__slots__, 0)
    values |= dict.fromkeys(("acts", "returned", "indexed", "failed"), False)
    values |= {one: one == phase for one in ("fresh", "parked", "released", "done", "left")}
    return Call(**(values | {"identity": name, "waits": True, "error": None, **known}))


# ------------------------------------------------------------------------------------ on calls that are really made


class World:
    """A machine with its calls, driven by its functions and `apply`, as the explorers drive it."""

    def __init__(self, machine: Machine, policy: Any, argument: int) -> None:
        self.machine, self.policy = machine, policy
        self.constants, self.state, _ = machine.create(argument)
        self.queue: tuple[int, ...] = ()
        self.calls: dict[int, dict[str, Any]] = {}
        self.tripped = 0

    def view(self, acting: int) -> dict[int, Call]:
        found = {}
        for name, known in self.calls.items():
            place = self.queue.index(name) if name in self.queue else -1
            found[name] = call(**{**known, "name": name, "position": place, "acts": name == acting})
        return found

    def now(self) -> Snapshot:
        parked = dict(zip(self.machine.state, self.state, strict=True))["parked"]
        return Snapshot(self.policy, self.constants, self.state, parked, self.tripped)

    def make(self, operation: Operation, arguments: dict[str, Any], who: int, random_: random.Random) -> Step:
        *after, rule = operation.function(*self.constants, *self.state, *arguments.values(), policy=self.policy)
        step = Step(operation.name, self.constants, self.state, arguments, tuple(after), rule, self.policy)
        queue, resumed = apply(rule, self.queue, who)
        if operation is self.machine.withdraw:
            self.calls[who]["phase"] = "left"
        else:
            self.calls[who] |= {"waits": operation.waits, "arrival": max(self.calls)}
        order = random_.sample(range(len(resumed)), len(resumed))
        for place, (name, ending) in enumerate(resumed):
            given: dict[str, Any] = {"phase": "done" if name == who else "released"}
            if isinstance(ending, int):
                index = order[place] if ending == ANY_INDEX else ending
                given |= {"indexed": True, "index": index, "generation": self.tripped}
            elif ending is None:
                given |= {"returned": True}
            else:
                given |= {"failed": True, "error": ending}
            self.calls[name] |= given
        for name in queue:
            self.calls[name]["phase"] = "parked"
        self.queue, self.state = queue, tuple(after)
        self.tripped += any(isinstance(ending, int) for _, ending in resumed)
        return step


def judged(world: World, step: Step | None, who: int, before: dict[int, Call]) -> set[str]:
    """Every claim evaluated; returns those that do not hold."""
    claims, now, after = world.machine.call_claims, world.now(), world.view(who)
    broken = {str(p) for p in claims.invariants for one in after.values() for other in after.values()
              if p.holds(now, one, other) is not True}  # fmt: skip
    for place in claims.places:
        of_index = len(inspect.signature(place.holds).parameters) == 4
        top = max(len(world.queue), world.tripped, 4)
        every = [(g, i) for g in range(top) for i in range(top)] if of_index else [(i,) for i in range(top)]
        broken |= {str(place) for p in every if not any(place.holds(now, *p, one) for one in (*after.values(), call()))}
    if step is not None:
        broken |= {str(p) for p in claims.steps for name, one in after.items()
                   if p.holds(step, before[who], before[name], one) is not True}  # fmt: skip
    return broken


@pytest.mark.parametrize(
    ("machine", "policy"), [(m, p) for m in MACHINES.values() for p in m.policies], ids=lambda one: repr(one)
)
def test_they_hold_of_every_call_of_long_runs(machine: Machine, policy: Any) -> None:
    fired = set()
    for seed in range(25):
        choose = random.Random(seed)
        world = World(machine, policy, choose.randint(1, 4))
        for number in range(30):
            parked = [name for name, known in world.calls.items() if known["phase"] == "parked"]
            released = [name for name, known in world.calls.items() if known["phase"] == "released"]
            if released and choose.random() < 0.3:
                world.calls[choose.choice(released)]["phase"] = "done"
                assert judged(world, None, -1, {}) == set()
                continue
            if (parked or released) and choose.random() < 0.25:
                operation, who = machine.withdraw, choose.choice(parked + released)
            elif machine.withdraws_early and choose.random() < 0.1:
                operation, who = machine.withdraw, number
                world.calls[who] = {"phase": "fresh"}
            else:
                operation = choose.choice((machine.operations[0], *machine.operations))
                who = number
                world.calls[who] = {"phase": "fresh", "waits": operation.waits}
            before = world.view(who)
            arguments: dict[str, Any] = {n: choose.choice((False, True)) if kind is bool else choose.randint(-1, 3)
                                         for n, kind in operation.parameters.items()}  # fmt: skip
            arguments |= {fact.name: fact.read(before[who]) for fact in operation.facts if fact.read}
            step = world.make(operation, arguments, who, choose)
            fired.add(step.rule.id)
            assert judged(world, step, who, before) == set()
    assert len(fired) >= 7


# ------------------------------------------------------------------------------------------- and refuse what is wrong


def now(*state: Any, policy: Any = BARRIER.policies[0], parties: int = 3, tripped: int = 1) -> Snapshot:
    if len(state) == 2 and isinstance(state[1], bool):
        return Snapshot(policy, (parties,), state, state[0], tripped)
    return Snapshot(LATCH.policies[0], (), state, state[1], tripped)


def step(rule: Rule, before: Any, after: Any, policy: Any = BARRIER.policies[0], **arguments: Any) -> Step:
    constants = (3,) if isinstance(before[1], bool) else ()
    return Step(rule.operation, constants, before, arguments, after, rule, policy)


A, B = call("A", "parked", position=0), call("B", "parked", position=1, arrival=1)
WHO = call("W", acts=True)
GIVEN: dict[str, Any] = {"indexed": True, "generation": 0}
FIRST, SECOND = call("A", "released", index=0, **GIVEN), call("B", "done", index=1, arrival=1, **GIVEN)
TRIP = step(barrier.B2, (2, False), (0, False))
ABORT = step(barrier.B6, (1, False), (0, True))
TAKE = step(barrier.B4, (2, False), (1, False), is_parked=True, has_arrived=True)
BREAK = step(barrier.B4b, (2, False), (0, True), BARRIERS["java"], is_parked=True, has_arrived=True)
OPEN = step(latch.L2, (1, 2), (0, 0), LATCH.policies[0])
DOWN = step(latch.L1, (2, 2), (1, 2), LATCH.policies[0])
IN_USE = step(latch.L5, (2, 1), (2, 1), LATCH.policies[0], n=0)
BACK = call("A", "released", returned=True)

REFUSED: dict[str, list[tuple[Any, ...]]] = {
    "parked_in_wait": [
        (now(1, False), call(phase="parked", waits=False), B), (now(1, False), call(phase="parked", returned=True), B),
    ],
    "has_its_own_place": [
        (now(1, False), B, A), (now(2, False), A, call("B", "parked", position=0)),
        (now(2, False), call(phase="parked", position=-1), B), (now(2, 1), B, A),
    ],
    "place_in_queue_is_held": [(now(1, False), 0, FIRST), (now(2, False), 1, A), (now(2, 1), 0, B)],
    "stays_parked_until_released": [
        (TAKE, WHO, A, FIRST), (TRIP, WHO, A, A), (step(barrier.B1, (0, False), (1, False)), WHO, WHO, WHO),
        (TAKE, WHO, WHO, call("W", "parked", acts=True)), (DOWN, WHO, FIRST, A),
    ],
    "ending_is_final": [
        (ABORT, WHO, FIRST, call("A", "released", failed=True, error=BB)), (TAKE, WHO, SECOND, call("B", "done")),
        (TRIP, WHO, FIRST, call("A", "released", index=1, **GIVEN)),
    ],
    "ended_stays_ended": [(TAKE, WHO, SECOND, call("B", "parked")), (TAKE, WHO, call(phase="left"), A)],
    "only_those_present_continue": [
        (TRIP, WHO, call(phase="left"), FIRST), (TRIP, WHO, call("A"), FIRST),
        (OPEN, WHO, call(phase="left"), call(phase="left", returned=True)),
    ],
    "refused_changes_no_other_call": [
        (IN_USE, WHO, A, FIRST), (IN_USE, WHO, WHO, call("W", "done", acts=True, returned=True)), (IN_USE, WHO, B, A),
        (IN_USE, WHO, WHO, call("W", "done", acts=True, failed=True, error=ValueError)),
    ],
    "errors_are_those_of_the_rule": [
        (OPEN, WHO, A, call("A", "released", failed=True, error=BB)),
        (ABORT, WHO, A, call("A", "released", failed=True, error=KeyError)),
        (ABORT, WHO, WHO, call("W", "done", acts=True, failed=True, error=BB)),
        (IN_USE, WHO, WHO, call("W", "done", acts=True, failed=True, error=ValueError)),
        (IN_USE, WHO, A, call("A", "released", failed=True, error=LatchInUseError)),
    ],
    "caller_parks_or_returns": [
        (DOWN, WHO, WHO, WHO), (TRIP, WHO, WHO, WHO), (IN_USE, WHO, WHO, call("W", "left", acts=True)),
        (TRIP, WHO, WHO, call("W", "released", acts=True)),
    ],
    "withdrawal_takes_back_itself": [
        (TAKE, A, call("A", "parked", acts=True), A), (TAKE, A, FIRST, call("A", "released")),
        (TAKE, A, call("A", "parked", acts=True), call("A", "left", acts=True, returned=True)),
    ],
    "withdrawal_leaves_the_parked": [
        (TAKE, A, B, B), (TAKE, B, A, call("A", "parked", position=-1)), (TAKE, A, B, call("B", "released")),
        (step(barrier.B5, (1, False), (1, False), is_parked=False, has_arrived=True), FIRST, B, A),
    ],
    "released_stays_released": [
        (ABORT, WHO, FIRST, call("A", "released", failed=True, error=BB)), (DOWN, WHO, BACK, call("A", "parked")),
        (DOWN, WHO, BACK, call("A", "left", returned=True)),
    ],
    "tripped_is_out_of_reach": [
        (ABORT, WHO, FIRST, call("A", "released", failed=True, error=BB)), (TAKE, B, FIRST, call("A", "left")),
        (step(barrier.B5, (0, False), (0, False), BARRIERS["cpython"], is_parked=False, has_arrived=True), B, FIRST,
         call("A", "left")),
    ],
    "returns_at_zero": [(DOWN, WHO, call("A", "parked"), BACK)],
    "wait_returns_or_nothing": [
        (now(0, 0), FIRST, A), (now(0, 0), call("A", "released", failed=True, error=LatchInUseError), A),
    ],
    "parked_at_closed_latch": [(now(0, 1), A, A)],
    "zero_lets_the_parked_return": [
        (OPEN, WHO, A, A), (OPEN, WHO, A, call("A", "released", failed=True, error=BB)),
        (OPEN, WHO, A, call("A", "left")),
    ],
    "parked_at_whole_barrier": [(now(1, True), A, A), (now(3, False), A, A)],
    "index_is_one_of_a_generation": [
        (now(0, False), call(phase="done", index=3, **GIVEN), A), (now(0, False, tripped=0), FIRST, A),
        (now(0, False), FIRST, call("B", "done", index=0, **GIVEN)), (now(0, False), call(index=-1, **GIVEN), A),
        (now(0, False), call(phase="done", waits=False, **GIVEN), A),
    ],
    "every_index_is_given": [
        (now(0, False), 0, 2, SECOND), (now(0, False, tripped=2), 1, 0, FIRST), (now(0, False), 0, 0, A),
    ],
    "wait_returns_an_index": [(now(0, False), BACK, A), (now(0, False), call(waits=False, **GIVEN), A)],
    "queue_is_in_order_of_arrival": [(now(2, False), call("A", "parked", position=2), B)],
    "indices_follow_arrival": [
        (now(0, False), call("A", "done", index=2, **GIVEN), SECOND),
        (now(0, False, policy=BARRIERS["java"]), FIRST, SECOND),
    ],
    "index_is_given_at_the_trip": [
        (TRIP, WHO, A, call("A", "released")), (TRIP, WHO, call("C"), call("C", "done", **GIVEN)),
        (step(barrier.B1, (0, False), (1, False)), WHO, WHO, call("W", "done", acts=True, **GIVEN)),
    ],
    "breaking_fails_the_parked_calls": [
        (BREAK, B, A, call("A", "released", failed=True, error=ValueError)), (BREAK, B, A, A),
        (BREAK, B, call("B", "parked", acts=True), call("B", "parked", acts=True)),
        (ABORT, WHO, A, FIRST), (ABORT, WHO, A, call("A", "released", failed=True, error=KeyError)),
        (ABORT, WHO, FIRST, call("A", "released", failed=True, error=BB)), (ABORT, WHO, WHO, WHO),
    ],
    "fails_only_by_breaking": [
        (TRIP, WHO, A, call("A", "released", failed=True, error=BB)),
        (step(barrier.B5e, (2, False), (2, False), is_parked=False, has_arrived=False), WHO, A,
         call("A", "released", failed=True, error=BB)),
    ],
}  # fmt: skip

EVERY: dict[str, Property] = {
    one.holds.__name__: one
    for claims in (LATCH_CALLS, BARRIER_CALLS)
    for one in (*claims.invariants, *claims.places, *claims.steps)
}


def test_every_claim_about_calls_has_what_it_refuses() -> None:
    assert set(REFUSED) == set(EVERY)


@pytest.mark.parametrize("name", REFUSED)
def test_a_claim_about_calls_refuses_what_is_wrong(name: str) -> None:
    assert [number for number, case in enumerate(REFUSED[name]) if EVERY[name].holds(*case)] == []


def test_a_policy_may_let_abort_reach_the_released() -> None:
    failed = call("A", "released", failed=True, error=BB)
    lenient = step(barrier.B6, (1, False), (0, True), BARRIERS["cpython"])
    assert barrier_claims.tripped_is_out_of_reach(lenient, WHO, FIRST, failed)
    assert not barrier_claims.tripped_is_out_of_reach(ABORT, WHO, FIRST, failed)


def test_the_claims_that_are_beyond_counters_are_claimed_of_calls() -> None:
    for claim in CLAIMS:
        if claim.beyond_counters:
            for machine in machines_about(claim):
                shapes = machine.call_claims
                assert claim in {c for one in (*shapes.invariants, *shapes.places, *shapes.steps) for c in one.claims}


def test_a_call_is_known_in_full() -> None:
    with pytest.raises(KeyError, match="acts"):
        Call(identity="A")
    with pytest.raises(TypeError, match="a call has no colour"):
        Call(**(dict.fromkeys(Call.__slots__, 0) | {"colour": "red"}))
