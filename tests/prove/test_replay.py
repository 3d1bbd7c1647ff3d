"""The model with identities takes just the steps that the functions make; a rule that is written wrong is noticed."""

from __future__ import annotations

from typing import Any

import pytest
import z3

from latchproof.explore.system import System
from latchproof.prove.evaluate import evaluator
from latchproof.prove.identities import Identities
from latchproof.prove.replay import HIGHEST, One, Plain, Replay, continued, differences, made
from latchproof_spec import step
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.prove.planted import plant
from tests.prove.test_identities import LEAVES, InApply


def replayed(machine: Machine, policy: str, argument: int, calls: int = 3, **options: Any) -> list[str]:
    (chosen,) = [one for one in machine.policies if one.name == policy]
    constants, state, _ = machine.create(argument)
    start = Plain(constants, state, (One(),) * calls)
    return list(Replay(machine, Identities(machine, chosen, **options)).differences(start, HIGHEST))


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_model_is_as_the_functions_are(machine: Machine) -> None:
    assert differences(machine) == []


def test_the_model_of_four_calls_is_as_the_functions_are() -> None:
    assert replayed(BARRIER, "cpython", 3, calls=4) == replayed(BARRIER, "java", 2, calls=4) == []


@pytest.mark.parametrize(("machine", "argument"), [(LATCH, 1), (BARRIER, 1), (BARRIER, 2)])
def test_the_plain_reading_is_that_of_the_explorer(machine: Machine, argument: int) -> None:
    """Each step of the explorer is one of the plain reading, which knows more of each call: one call a task."""
    policy = machine.policies[0]
    system = System(machine, policy, argument, tasks=2, calls=1, highest_count=HIGHEST)
    seen: dict[Any, Plain] = {system.initial: Plain(system.constants, system.initial.machine, (One(),) * 2)}
    waiting = [system.initial]
    compared = 0
    while waiting:
        here = waiting.pop()
        plain = seen[here]
        for one in system.transitions(here, range(2)):
            if one.action.operation is None:
                after = continued(plain, one.who)
            else:
                inputs = tuple(value for _, value in one.action.inputs)
                ((after, _),) = made(plain, machine, one.action.operation, policy, one.who, inputs)
            compared += 1
            assert after.state == one.after.machine
            assert after.queue == one.after.queue
            assert {c for c, call in enumerate(after.calls) if call.released} == set(one.after.released)
            for call, ending in one.after.released.items():
                assert after.calls[call].index == ending if isinstance(ending, int) else ending is None or (
                    after.calls[call].given == getattr(ending, "__name__", "")
                )  # fmt: skip
            if one.after not in seen:
                seen[one.after] = after
                waiting.append(one.after)
    assert compared >= 10


@pytest.mark.parametrize(
    ("function", "old", "new", "said"),
    [
        # another call makes a released one leave, continue, or park again; or keeps a parked one
        ("_world_after", "own = before.phase(c) if is_call", "own = choose(before.phase(c) == RELEASED, LEFT, "
         "before.phase(c)) if is_call", "phase='Left'"),
        ("_world_after", "own = before.phase(c) if is_call", "own = choose(before.phase(c) == RELEASED, DONE, "
         "before.phase(c)) if is_call", "phase='Done'"),
        ("_world_after", "choose(c == WHO, LEFT, before.phase(c))",
         "choose(z3.Or(c == WHO, before.phase(c) == RELEASED), LEFT, before.phase(c))", "phase='Left'"),
        ("_world_after", "z3.If(c == WHO, DONE, RELEASED)", "RELEASED", "phase='Released'"),
        ("_world_after", "z3.If(c == WHO, DONE, RELEASED)", "DONE", "phase='Done'"),
        ("_world_after", "choose(queue.has(c), PARKED, on)", "on", "call"),
        ("_world_after", "else choose(c == WHO, LEFT, before.phase(c))", "else choose(c == WHO, DONE, before.phase(c))",
         "phase='Done'"),
        ("_continuing", "z3.If(c == WHO, DONE, before.phase(c))", "z3.If(before.phase(c) == RELEASED, DONE, "
         "before.phase(c))", "phase='Done'"),
        ("_continuing", "z3.If(c == WHO, DONE, before.phase(c))", "z3.If(c == WHO, LEFT, before.phase(c))",
         "phase='Left'"),
        ("_continuing", "(before.phase(WHO) == RELEASED,)", "(before.phase(WHO) == DONE,)", "continue"),
        # places, moments of arrival, what is given, generations, and the ghosts
        ("_world_after", "queue.place(c), before.position(c)", "queue.place(c) + 1, before.position(c)", "position=1"),
        ("_world_after", "of_caller(c, before.clock, ", "of_caller(c, before.clock + 1, ", "arrival=1"),
        ("_world_after", "before.clock + 1 if is_call", "before.clock + 1 if not is_call", "the numbers are"),
        ("_world_after", "before.tripped + 1 if indexes", "before.tripped + 2 if indexes", "the numbers are"),
        ("_world_after", "choose(indexed(c), before.tripped,", "choose(indexed(c), before.tripped + 1,",
         "generation=1"),
        ("_world_after", "choose(indexed(c), index_at(resumed.place(c)),", "choose(indexed(c), z3.IntVal(0),",
         "index=0"),
        ("_world_after", "choose(resumed.has(c), given(resumed.place(c)).given,", "choose(resumed.has(c), PLAIN,",
         "given='plain-return'"),
        ("_world_after", "before.given(c)),", "z3.If(before.phase(c) == LEFT, NOTHING, before.given(c))),", "given="),
        ("_world_after", "z3.BoolVal(operation.waits)", "z3.BoolVal(not operation.waits)", "waits="),
        ("_world_after", "owner=queue.at", "owner=before.owner", "the owner of place"),
        ("_world_after", 'choose(k == before.tripped, resumed.at(place_of_index(i)), kept)',
         'choose(k == before.tripped, resumed.at(place_of_index(i) + 1), kept)', "the holder of an index"),
        ("_world_after", 'return chosen(k) if somewhere.kind == "any" else given(k).index',
         'return k if somewhere.kind == "any" else given(k).index', "index="),
        # calls that can make a step, and calls that cannot
        ("_guard", "can = phase == FRESH", "can = phase == DONE", "the model"),
        ("_guard", "z3.Or(phase == PARKED, phase == RELEASED, *early)", "phase == PARKED",
         "no step for a call that is Released"),
        ("_guard", "z3.Or(phase == PARKED, phase == RELEASED, *early)", "phase != FRESH", "lets a call that is Done"),
    ],
)  # fmt: skip
def test_a_rule_that_is_written_wrong_is_noticed(
    function: str, old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, Identities, function, old, new)
    found = replayed(BARRIER, "cpython", 2) + replayed(BARRIER, "cpython", 3)
    assert any(said in one for one in found), found[:5]


def test_a_fault_in_apply_that_the_model_alone_has_is_noticed() -> None:
    fault = InApply("apply", LEAVES, "queue[place + 1 :] + queue[:place]", LATCH, "latchproof", "wait", "")
    found = replayed(LATCH, "latchproof", 1, apply=fault.plant())
    assert "latch withdraw, latchproof L9: call 0 is " in found[0] or "the owner of place" in found[0]


def test_a_function_that_the_model_does_not_know_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain reading runs the functions when it is asked, and the model had them before."""
    model = Identities(LATCH, LATCH.policies[0])
    replay = Replay(LATCH, model)
    monkeypatch.setattr("latchproof.prove.replay.apply", lambda rule, queue, who: step.apply(rule, queue[::-1], who))
    start = Plain((), (1, 0), (One(),) * 3)
    assert list(replay.differences(start, 1))


def test_terms_are_evaluated_as_they_are_meant() -> None:
    number, flag = z3.Int("number"), z3.Bool("flag")
    of = z3.Function("of", z3.IntSort(), z3.IntSort())
    terms = [
        z3.If(flag, of(number) - 1, -number), z3.Implies(flag, number > 3), z3.And(), z3.Or(flag, z3.Not(flag)),
        z3.Distinct(number, of(number), z3.IntVal(2)), number * 2 >= 4, z3.BoolVal(False),
    ]  # fmt: skip
    values = {"number": 2, "flag": True, "of": lambda n: n + 5}
    assert evaluator(terms)(values) == (6, False, True, True, False, True, False)
    with pytest.raises(TypeError, match="no way to evaluate"):
        evaluator([number / 2])
