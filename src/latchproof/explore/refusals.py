"""How much does each property refuse? A property that is made weaker refuses fewer cases, and a reviewer must see it.

Several properties may refuse the same fault, so one of them can be made weaker and every proof and exploration still
succeeds. Therefore each is evaluated by itself on a pool of cases, most of which are wrong in some respect: steps by
other rules and to other states, moments that are corrupted, calls of every kind before and after a step. How many it
refuses must be the number in proofs/manifest.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from itertools import product
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from latchproof.explore.completeness import every_rule
from latchproof.explore.system import System
from latchproof.explore.vacuity import STRANGER, corrupted_moments
from latchproof_spec.calls import Call, Snapshot
from latchproof_spec.claims import Account, Moment, Step
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule

LARGEST: Final = 2
"""Largest constructor argument, and number of tasks less one, in the cases."""

SMALL: Final = range(-1, LARGEST + 2)
"""Numbers in a state that may be wrong."""

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Pool:
    """The cases for one property: its shape and name, the claims it is about, what evaluates it, and the cases."""

    name: str
    claims: tuple[str, ...]
    holds: Callable[..., Any]
    cases: Sequence[Case]

    @property
    def verdicts(self) -> bytes:
        """For each case, 1 if it is refused."""
        return bytes(not self.holds(*case) for case in self.cases)


def pools(machine: Machine) -> Iterator[Pool]:
    """Yield the pool of each property of a machine, whatever its shape; of an eventuality, which steps owe it."""
    moments = list(_moments(machine))
    steps = list(_steps(machine, [one.step for one in moments]))
    states = list(product(*((False, True) if kind is bool else SMALL for kind in machine.state.values())))
    made = [system.constants for system in _systems(machine, machine.policies[0])]
    of_states = [(*constants, *state) for constants in dict.fromkeys(made) for state in states]
    read = [dict(zip(machine.observations, values, strict=True)) for values in _readings(machine)]
    one_step = [(step,) for step in steps]
    one_moment = [(wrong,) for moment in moments for wrong in _wrong_moments(machine, moment)]
    few = [(constants, state) for constants in dict.fromkeys(made) for state in states]
    calls = list(_calls(machine))
    shapes: list[tuple[str, Sequence[Any], Sequence[Case]]] = [
        ("invariant", machine.invariants, of_states),
        ("step property", machine.step_properties, one_step),
        ("history property", machine.history_properties, one_moment),
        ("reading", machine.readings, [(*where, values) for where in few for values in read]),
        ("census", machine.censuses, [(*where, *counts) for where in few for counts in product(range(4), repeat=2)]),
        ("of any two calls", machine.call_claims.invariants, list(_pairs(machine, few, calls))),
        ("of any call in a step", machine.call_claims.steps, list(_call_steps(machine, moments, calls))),
    ]
    for shape, properties, cases in shapes:
        for one in properties:
            yield Pool(f"{shape}: {one.name}", one.ids, one.holds, cases)
    for account in machine.accounts:
        ghosts = list(product(range(4), repeat=len(account.ghosts)))
        yield Pool(
            f"account: {account.name}", account.ids, account.holds, [(*where, some) for where in few for some in ghosts]
        )
        yield Pool(
            f"account, of a step: {account.name}", account.ids, partial(_adds_up_after, account),
            [(step, some) for step in steps[::3] for some in ghosts[::13]],
        )  # fmt: skip
    for place in machine.call_claims.places:
        numbers = product(range(-1, 3), repeat=len(signature(place.holds).parameters) - 2)
        cases = [
            (now, *some, call) for some in numbers for now in _snapshots(machine, few) for call in calls if call.waits
        ]
        yield Pool(f"of any place: {place.name}", place.ids, place.holds, cases)
    for promise in machine.eventualities:
        yield Pool(f"eventuality: {promise.name}", (promise.claim.id,), promise.owes, one_step)


def written(verdicts: bytes) -> str:
    """Return how many cases are refused, of how many, and a checksum of which: two changes may leave the number.

    >>> written(bytes([0, 1, 1, 0]))
    '2 of 4, 399d846a'
    """
    return f"{sum(verdicts)} of {len(verdicts)}, {crc32(verdicts):08x}"


def read_refusals(manifest: Path) -> dict[str, dict[str, str]]:
    """Read which cases each property of each machine must refuse."""
    found: dict[str, dict[str, str]] = tomllib.loads(manifest.read_text(encoding="utf-8")).get("refused", {})
    return found


def differing_refusals(machine: Machine, expected: dict[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the claims and words of each property that refuses other cases than the manifest says."""
    found = {pool.name: pool for pool in pools(machine)}
    for name, pool in found.items():
        refused = written(pool.verdicts)
        if refused != expected.get(name):
            told = f"{machine.name}, {name}: it refuses {refused}, the manifest has {expected.get(name, 'nothing')}"
            yield pool.claims, told
    for name in expected:
        if name not in found:
            yield tuple(claim.id for claim in machine.claims), f"{machine.name} has no property {name!r}"


def _adds_up_after(account: Account, step: Step, ghosts: tuple[Any, ...]) -> bool:
    return account.holds(step.constants, step.after, account.update(step, ghosts))


def _systems(machine: Machine, policy: Any) -> Iterator[System]:
    for argument in range(machine.smallest, LARGEST + 1):
        yield System(machine, policy, argument, tasks=LARGEST + 1, highest_count=1)


def _moments(machine: Machine) -> Iterator[Moment]:
    """Yield the moments of small runs under every policy, one for each step, task and number that are released."""
    for policy in machine.policies:
        seen = set()
        for system in _systems(machine, policy):
            for here, transitions in system.reachable():
                for one in transitions:
                    if one.step is not None:
                        key = system.constants, here.machine, one.action, here.tasks[one.who], len(here.released)
                        if key not in seen:
                            seen.add(key)
                            yield one.moment


def _steps(machine: Machine, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield each step once, and in its place others: by a rule that differs in a field, and to another state."""
    nothing = tuple(kind() for kind in machine.state.values())
    states = list(product(*((False, True) if kind is bool else SMALL for kind in machine.state.values())))
    rules = every_rule(machine)
    # errors that no task is given
    odd = [Rule("", "", "returns", "", errors=some) for some in dict.fromkeys(one.errors for one in rules)]
    seen = set()
    for step in steps:
        key = step.operation, step.constants, step.before, tuple(step.arguments.items()), step.policy.name
        if key in seen:
            continue
        seen.add(key)
        near = [one for one in rules if _distance(one, step.rule) <= 2]
        for rule in (*near, *odd):
            yield from (replace(step, rule=rule, after=after) for after in dict.fromkeys((step.after, step.before)))
        yield from (replace(step, after=after) for after in states)
    for policy in machine.policies:
        for argument, rule, after in product((-1, 0, 1, 2, True, 1.5), rules, states):
            if rule.queue == "stays" and rule.caller in ("returns", "raises") and not rule.warns:
                constants = (2,) * len(machine.constants)
                yield Step("create", constants, nothing, {machine.parameter: argument}, after, rule, policy)


def _wrong_moments(machine: Machine, moment: Moment) -> Iterator[Moment]:
    """Yield the moment, and others that are wrong in one thing: what the tasks do, who was parked, or the rule."""
    yield moment
    yield from corrupted_moments(machine, moment)
    yield replace(moment, queue_before=(*moment.queue_before, STRANGER))
    yield replace(moment, queue_before=moment.queue_before[1:])
    for rule in machine.rules:
        yield replace(moment, step=replace(moment.step, rule=rule))


def _distance(one: Rule, other: Rule) -> int:
    """Return in how many fields two rules differ."""
    fields = ("caller", "queue", "first", "order", "errors", "warns")
    differing = [name for name in fields if getattr(one, name) != getattr(other, name)]
    return len([name for name in differing if name != "errors" or (one.errors and other.errors)])


def _readings(machine: Machine) -> Iterator[Case]:
    """Yield what the observations might read."""
    constants, state, _ = machine.create(LARGEST)
    right = [one.read(*constants, *state) for one in machine.observations.values()]
    yield from product(*((False, True) if isinstance(value, bool) else range(LARGEST + 1) for value in right))


def _calls(machine: Machine) -> Iterator[Call]:
    """Yield calls of each phase with each ending, and some that cannot be: for what only these can tell apart."""
    errors = dict.fromkeys((*(one.errors[0] for one in machine.rules if one.errors), KeyError))
    endings: list[dict[str, Any]] = [
        {"returned": True},
        *({"indexed": True, "index": index, "generation": trip} for index, trip in product((0, 1), repeat=2)),
        *({"failed": True, "error": error} for error in errors),
    ]
    for phase in ("released", "done"):
        yield from (call(phase, **ending) for ending in endings)
    for position in (0, 1):
        yield call("parked", position=position)
    yield from (call(phase) for phase in ("fresh", "left", "released", "done", ""))
    yield from (call(phase, returned=True) for phase in ("fresh", "parked", "left", ""))
    yield from (call("released", error=error) for error in errors)
    yield from (call("released", failed=True, returned=one) for one in (False, True))
    yield from (call("released", returned=True, index=index, generation=0) for index in (0, 1))
    yield from (call("released", indexed=True, index=one, generation=-1 - one) for one in (0, -1))
    yield from (call("parked", position=LARGEST, **odd) for odd in ({"left": True}, {"released": True}))
    yield call("parked", position=-1)
    yield call("fresh", position=1)
    yield from (call(phase, waits=False) for phase in ("fresh", "parked"))
    yield from (call("done", waits=False, **ending) for ending in endings[:2])
    yield call("done", waits=False, **endings[-1])


def call(phase: str, **known: Any) -> Call:
    """Return a call of this phase, with what is said of it; it is a wait(), and was given nothing."""
    values: dict[str, Any] = dict.fromkeys(Call.__slots__, False)
    values |= {"identity": "one", "position": 0, "arrival": 0, "index": -1, "generation": -1, "error": None}
    values |= {"waits": True} | ({phase: True} if phase else {})
    return Call(**(values | known))


def changed(one: Call, **known: Any) -> Call:
    """Return the call with something else said of it."""
    return Call(**({name: getattr(one, name) for name in Call.__slots__} | known))


def _snapshots(machine: Machine, few: Sequence[Case]) -> Iterator[Snapshot]:
    small = [(constants, state) for constants, state in few if state[machine.parked_at] >= 0]
    for (constants, state), policy, tripped in product(small, machine.policies, (0, 2)):
        yield Snapshot(policy, constants, state, state[machine.parked_at], tripped)


def _pairs(machine: Machine, few: Sequence[Case], calls: Sequence[Call]) -> Iterator[Case]:
    """Yield any two calls in some states, in either order of arrival, and each call with itself."""
    snapshots = list(_snapshots(machine, few))
    pairs = [(one, one) for one in calls]
    for one, other in product(calls, repeat=2):
        later = changed(other, identity="other", arrival=1)
        pairs += [(one, later), (later, one)]
    # all pairs in some states, and some pairs in all
    yield from ((now, *pair) for now in snapshots[1 :: 2 * (len(snapshots) // 10)] for pair in pairs)
    yield from ((now, *pair) for now in snapshots for pair in pairs[:: len(pairs) // 50])


def _call_steps(machine: Machine, moments: Sequence[Moment], calls: Sequence[Call]) -> Iterator[Case]:
    """Yield what a step might do to a call: one step for each rule and policy, and any call before and after."""
    steps = {(one.step.rule.id, one.step.policy.name): one.step for one in reversed(moments)}
    own = [changed(one, acts=True) for one in calls]
    for one in moments:  # a few calls
        yield from ((one.step, before, before, after) for before, after in product(own[::6], repeat=2))
        yield from ((one.step, own[0], before, after) for before, after in product(calls[::6], repeat=2))
    for step in steps.values():  # and all
        actors = [call("fresh", acts=True)]
        if step.operation == machine.withdraw.name:
            actors += [call("parked", position=place, acts=True) for place in (0, 1)] + [call("released", acts=True)]
        for before, after in product(calls, repeat=2):
            yield from ((step, actor, before, after) for actor in actors)
        yield from ((step, before, before, after) for before, after in product(own, repeat=2))
