"""The conclusions of the goals about calls say what the properties say, of calls and numbers drawn at random."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from latchproof.prove.evaluate import evaluator
from latchproof.prove.identities import Identities
from latchproof.prove.paths import term
from latchproof.prove.sequences import INDEX, NOTHING, PLAIN, errors_of
from latchproof.prove.steps import StepTerms
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.calls import Call, Snapshot
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.prove.planted import plant

PHASES = ("Fresh", "Parked", "Released", "Done", "Left")
SAMPLES = 800
"""How many draws an invariant is tried on; a property of steps on a quarter of them for each step."""


class Error:
    """What a call failed with, compared by name, as the model compares it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return self.name == (other.name if isinstance(other, Error) else getattr(other, "__name__", None))

    __hash__ = None  # type: ignore[assignment]


def drawn(random: Random, machine: Machine) -> dict[str, Any]:
    """Values of all symbols that a conclusion may have, small so that they often agree."""
    given = [str(one) for one in (NOTHING, PLAIN, INDEX, *errors_of(machine.rules))]
    values: dict[str, Any] = {name: name for name in given}
    values |= {"who": random.randrange(2), "one": random.randrange(2), "other": random.randrange(2)}
    for name in ("one", "other", "who", "one+", "other+"):
        call, suffix = name.rstrip("+"), "+" * name.endswith("+")
        values[f"{call}.phase{suffix}"] = random.choice(PHASES)
        values[f"{call}.given{suffix}"] = random.choice(given)
        values[f"{call}.waits{suffix}"] = random.random() < 0.7
        for facet in ("position", "arrival", "index", "generation"):
            values[f"{call}.{facet}{suffix}"] = random.randrange(-1, 3)
    if random.random() < 0.7:  # much stays as it is
        values |= {f"{name}+": value for name, value in [*values.items()] if name.startswith(("one.", "other."))
                   and not name.endswith("+") and random.random() < 0.9}  # fmt: skip
    if random.random() < 0.3:
        for name in ("one", "other"):
            values |= {f"{name}.given+": str(INDEX), f"{name}.generation+": 0}
    for name in machine.constants:
        values[name] = random.randrange(1, 4)
    for name, kind in machine.state.items():
        for suffix in ("", "+"):
            values[name + suffix] = random.random() < 0.3 if kind is bool else random.randrange(0, 3)
    for operation in machine.every_operation:
        for name, kind in operation.inputs.items():
            values[name] = random.random() < 0.5 if kind is bool else random.randrange(-1, 3)
    return {**values, "tripped+": random.randrange(0, 3)}


def call_of(values: dict[str, Any], name: str, suffix: str = "") -> Call:
    phase, given = values[f"{name}.phase{suffix}"], values[f"{name}.given{suffix}"]
    facets = {one: values[f"{name}.{one}{suffix}"] for one in ("waits", "position", "arrival", "index", "generation")}
    return Call(
        identity=values[name], acts=values[name] == values["who"], fresh=phase == "Fresh", parked=phase == "Parked",
        released=phase == "Released", done=phase == "Done", left=phase == "Left", returned=given == str(PLAIN),
        indexed=given == str(INDEX), failed=given not in (str(NOTHING), str(PLAIN), str(INDEX)), error=Error(given),
        **facets,
    )  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_conclusion_says_what_its_property_says(machine: Machine) -> None:
    compare_conclusions(machine)


@pytest.mark.parametrize(
    ("owner", "function", "old", "new"),
    [
        (StepTerms, "of", "kept.append((step,", "said = z3.BoolVal(True)\n    kept.append((step,"),
        (Identities, "transition_goals", "self._step_terms.of(property_, one.step, ACTOR, ONE_BEFORE, ONE_AFTER)",
         "self._step_terms.of(property_, one.step, ACTOR, ONE_BEFORE, ONE_BEFORE)"),
    ],
)  # fmt: skip
def test_a_conclusion_that_says_something_else_is_noticed(
    owner: Any, function: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, owner, function, old, new)
    with pytest.raises(AssertionError):
        compare_conclusions(BARRIER)


def compare_conclusions(machine: Machine) -> None:
    """Fail unless each conclusion comes to what its property does, for draws of which some are false."""
    policy, random = machine.policies[0], Random(7)
    model, claims = Identities(machine, policy), machine.call_claims
    draws = [drawn(random, machine) for _ in range(SAMPLES)]
    called = [(call_of(one, "who"), call_of(one, "one"), call_of(one, "one", "+")) for one in draws]
    seen: dict[str, set[bool]] = {}

    def compare(name: str, conclusion: Any, holds: list[bool]) -> None:
        said = evaluator([conclusion])
        for values, expected in zip(draws, holds, strict=False):
            assert said(values) == (expected,), (name, values)
        seen.setdefault(name, set()).update(holds)

    first, *_ = model.steps
    for property_ in claims.invariants:
        (goal,) = [one for one in model.transition_goals(first) if one.name == f"stays: {property_}"]
        holds = []
        for values, (_, _, one) in zip(draws, called, strict=True):
            state = tuple(values[f"{name}+"] for name in machine.state)
            constants = tuple(values[name] for name in machine.constants)
            now = Snapshot(policy, constants, state, state[machine.parked_at], values["tripped+"])
            holds.append(bool(property_.holds(now, one, call_of(values, "other", "+"))))
        compare(str(property_), goal.conclusion, holds)
    for transition in model.steps[:-1]:
        # other draws for each step
        draws, called = [*draws[7:], *draws[:7]], [*called[7:], *called[:7]]
        step = transition.step
        assert step is not None, transition.operation
        numbers = evaluator([term(one) for one in (*step.constants, *step.before, *step.after)])
        plain = []
        for values in draws[: SAMPLES // 4]:
            found, size = numbers(values), len(machine.state)
            told = {name: values[name] for name in step.arguments}
            constants, before, after = found[: -2 * size], found[-2 * size : -size], found[-size:]
            plain.append(Step(step.operation, constants, before, told, after, step.rule, policy))
        goals = {one.name: one.conclusion for one in model.transition_goals(transition)}
        for property_ in claims.steps:
            holds = [bool(property_.holds(one, *calls)) for one, calls in zip(plain, called, strict=False)]
            compare(str(property_), goals[str(property_)], holds)
    assert {name for name, results in seen.items() if results == {True, False}} == {
        str(one) for one in (*claims.invariants, *claims.steps)
    }
