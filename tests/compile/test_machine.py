"""Models are compiled to rules, which are explored, proved, replayed and exported; what has no rule is refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from latchproof.compile.machine import Compiled, compile_model
from latchproof.compile.stage import CannotCompileError
from latchproof.explore.fairness import check_eventualities
from latchproof.explore.states import explore
from latchproof.export.markdown import document
from latchproof.export.promela import promela
from latchproof.export.rows import make_model
from latchproof.export.tla import configuration, module
from latchproof.prove.counters import FEWER
from latchproof.prove.obligations import WHOLE, prove, prove_whole
from latchproof.prove.replay import differences
from latchproof_spec.machine import ModelBounds
from latchproof_spec.model import Model, waiters, when
from latchproof_spec.models import SHIPPED
from tests.compile import models, refused
from tests.export import test_meaning as meaning

MODELS: list[tuple[type[Model], str | None]] = [
    (models.Event, None),
    (models.Lock, None),
    (models.Semaphore, None),
    (models.BoundedSemaphore, None),
    (models.CountdownLatch, None),
    (models.CountdownLatch, "keeps"),
    (models.Barrier, None),
    (models.Barrier, "aiologic"),
    (models.Barrier, "java"),
    (models.Notifier, None),
    (models.Condition, None),
]
EACH = pytest.mark.parametrize(("model", "policy"), MODELS, ids=lambda one: getattr(one, "__name__", one))

SHIPPED_MODELS: list[tuple[type[Model], str | None]] = [
    (SHIPPED["event"].model, None),
    (SHIPPED["lock"].model, None),
    (SHIPPED["semaphore"].model, None),
    (SHIPPED["bounded-semaphore"].model, None),
    (SHIPPED["latch"].model, None),
    (SHIPPED["latch"].model, "keeps"),
    (SHIPPED["barrier"].model, None),
    (SHIPPED["barrier"].model, "java"),
    (SHIPPED["barrier"].model, "aiologic"),
]
SHIPPED_REFUSALS: list[tuple[type[Model], str | None, str]] = [
    (SHIPPED["owned-lock"].model, None, "self._owner is None: the proof knows ints and bools"),
    (SHIPPED["capacity-limiter"].model, None, "self._borrowers is a frozenset: the proof knows ints and bools"),
    (SHIPPED["queue"].model, None, "get() waits as put() does: the proof knows one operation that waits"),
    (SHIPPED["condition"].model, None, "place() is looked at: it is compared with None, and with nothing else"),
    (SHIPPED["latch"].model, "aiologic", "choose() was reached: that is checked, not proved"),
]

RULES = {
    models.Event: [
        ("create", "returns", "stays"),
        ("wait", "returns", "stays"),
        ("wait", "parks", "stays"),
        ("set", "returns", "released"),
        ("clear", "returns", "stays"),
        ("withdraw", "leaves", "stays"),
    ],
    models.Semaphore: [
        ("create", "raises", "stays"),
        ("create", "returns", "stays"),
        ("acquire", "returns", "stays"),
        ("acquire", "parks", "stays"),
        ("release", "returns", "first"),
        ("release", "returns", "stays"),
        ("withdraw", "leaves", "stays"),
        ("withdraw", "leaves", "first"),
    ],
    models.Barrier: [
        ("create", "raises", "stays"),
        ("create", "returns", "stays"),
        ("wait", "raises", "stays"),
        ("wait", "returns an index", "indexed"),
        ("wait", "parks", "stays"),
        ("abort", "returns", "failed"),
        ("reset", "returns", "failed"),
        ("withdraw", "leaves", "stays"),
    ],
}


@pytest.mark.parametrize("model", RULES, ids=lambda one: one.__name__)
def test_the_rules_say_what_the_model_says(model: type[Model]) -> None:
    rules = compile_model(model).machine.rules
    assert [(one.operation, one.caller, one.queue) for one in rules] == RULES[model]


@EACH
def test_both_solvers_prove_everything_and_the_proof_is_not_empty(model: type[Model], policy: str | None) -> None:
    machine = compile_model(model, policy).machine
    found = prove_whole([machine], lambda one: one.name != FEWER)
    assert {one.name: one.counterexample for one in found if one.status != "proved"} == {}
    assert {one.part for one in found} >= set(WHOLE) - {"liveness"}
    claims = Counter(claim for one in found for claim in one.claims)
    assert set(claims) == {one.id for one in machine.claims}
    assert {"M2", "M3"} <= set(claims)
    assert ("M1" in claims) == hasattr(model, "invariant")


@pytest.mark.parametrize(("model", "policy"), SHIPPED_MODELS, ids=lambda one: getattr(one, "__name__", one))
def test_the_shipped_models_of_a_finite_shape_are_proved(model: type[Model], policy: str | None) -> None:
    machine = compile_model(model, policy).machine
    found = [one for one in prove(machine, parts=WHOLE, written=False) if one.name != FEWER]
    assert {one.name: one.counterexample for one in found if one.status != "proved"} == {}
    assert len(found) > 200


@pytest.mark.parametrize(("model", "policy", "what"), SHIPPED_REFUSALS, ids=lambda one: getattr(one, "__name__", None))
def test_the_other_shipped_models_are_refused(model: type[Model], policy: str | None, what: str) -> None:
    with pytest.raises(CannotCompileError) as error:
        compile_model(model, policy)
    assert str(error.value).partition(": ")[2] == what


@EACH
def test_the_identities_of_calls_are_as_the_methods_say(model: type[Model], policy: str | None) -> None:
    assert differences(compile_model(model, policy).machine) == []


@EACH
def test_every_state_is_explored(model: type[Model], policy: str | None) -> None:
    machine = compile_model(model, policy).machine
    fired = {"create"}
    for argument in range(4):
        if not machine.create(argument)[2].refuses:
            found = explore(machine, machine.policies[0], argument, tasks=3, calls=3)
            assert found.complete
            assert found.violations == []
            fired |= found.rules
    assert {one.id for one in machine.rules if one.operation != "create"} <= fired


@pytest.mark.parametrize("model", [models.Event, models.CountdownLatch, models.Barrier])
def test_all_that_are_let_continue_do_continue(model: type[Model]) -> None:
    machine = compile_model(model).machine
    found = check_eventualities(machine, machine.policies[0], 2, tasks=3, highest_count=2)
    assert [(one.claim, one.status) for one in found.promises] == [("M5", "holds")]


@EACH
def test_the_exported_models_make_the_steps_of_the_system(
    model: type[Model], policy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = compile_model(model, policy).machine
    made = make_model(machine, machine.policies[0], machine.bounds.model)
    monkeypatch.setattr(meaning, "models", lambda *_: [made])
    meaning.test_a_tla_module_makes_the_steps_of_the_system(machine, None)
    meaning.test_a_promela_model_makes_the_steps_of_the_system(machine, None)
    texts = module(made), promela(made), document(machine)
    assert all("models.py by" in text.replace("`", "") and "make spec" not in text for text in texts)
    assert "CONSTANTS" in configuration(made)


def notes_of(model: type[Model]) -> tuple[str, ...]:
    return compile_model(model).notes


def test_it_is_said_of_which_machine_a_result_is() -> None:
    (of_event,) = notes_of(models.Event)
    assert of_event.startswith("of the machine that a check allows")
    (of_lock,) = notes_of(models.Lock)
    assert of_lock.startswith("of the machine that hands over at once")


class Unreturned(models.Semaphore):
    """What is taken by a call that is cancelled before it runs is not given back."""

    gives_back = {}

    def locked(self) -> bool:
        return self._value == 0


def test_it_is_said_what_the_rules_leave_out() -> None:
    _, keeps, value = notes_of(Unreturned)
    assert keeps == (
        "a call of acquire() that is cancelled after it was let continue keeps what it took: the model has neither "
        "gives_back nor undone_by for acquire"
    )
    assert value == "the value that locked() returns is not in the rules: it is checked, not proved"


class Reset(models.Semaphore):
    """Any number of calls may continue by one step."""

    def reset(self, n: int) -> None:
        self._value = n


class Pair(models.Semaphore):
    """Two may continue by one step."""

    def release_two(self) -> None:
        self._value += 2


def test_as_many_as_can_continue_do() -> None:
    found = compile_model(Pair).machine
    (rule,) = {one for one in found.rules if one.operation == "release_two" and one.first == 2}
    assert rule.queue == "first"
    assert rule.sentence == "release_two() returns, and the first 2 of the calls that wait return."
    assert {one.status for one in prove(found, parts=WHOLE, written=False)} == {"proved"}


@pytest.mark.parametrize("model", refused.REFUSED, ids=lambda one: one.__name__)
def test_what_has_no_rule_is_refused_with_its_line(model: type[Model]) -> None:
    with pytest.raises(CannotCompileError) as error:
        compile_model(model)
    line, what = refused.REFUSED[model]
    assert str(error.value).partition(": ")[2] == what
    assert line in refused.line_of(str(error.value)), str(error.value)


def test_a_count_that_any_call_may_set_is_refused() -> None:
    with pytest.raises(CannotCompileError, match=r"reset\(\) may let more than 4 calls that wait continue"):
        compile_model(Reset)


class Careless(models.Semaphore):
    """Its invariant is false after the second release."""

    def invariant(self) -> bool:
        return self._value <= 1


def test_an_invariant_that_is_false_is_refuted_and_a_run_is_found() -> None:
    machine = compile_model(Careless).machine
    wrong = [one for one in prove(machine, parts=("counters",), written=False) if one.status == "refuted"]
    assert {claim for one in wrong for claim in one.claims} == {"M1"}
    violations = explore(machine, machine.policies[0], 0, tasks=2, calls=2).violations
    assert [one.run for one in violations] == [("a task calls release()", "a task calls release()")]


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(CannotCompileError, match="has no policy 'tokio'; there are: latchproof, aiologic, java"):
        compile_model(models.Barrier, "tokio")


def test_a_base_and_super_are_of_the_same_making() -> None:
    """`super()` leads to methods that see the same line."""

    class Counted(models.Event):
        def set(self) -> None:
            super().set()
            self.clear()

    machine = compile_model(Counted).machine
    assert ("set", "released") in [(one.operation, one.queue) for one in machine.rules]


def test_the_bounds_of_the_exported_models_are_small() -> None:
    assert compile_model(models.Semaphore).machine.bounds.model == ModelBounds(2, tasks=3, calls=2)
    assert compile_model(models.Barrier).machine.bounds.model == ModelBounds(3, tasks=3, calls=2)


class Mutex(models.Lock):
    """Its initial is that of the claims."""


def test_no_rule_has_the_name_of_a_claim() -> None:
    machine = compile_model(Mutex).machine
    assert [one.id for one in machine.rules] == [f"R{number}" for number in range(len(machine.rules))]


class Account(Model):
    """Its operation has the name of a cancellation."""

    def __init__(self) -> None:
        self._there = 0

    def pay_in(self) -> None:
        self._there += 1

    def withdraw(self) -> None:
        when(self._there > 0)
        self._there -= 1


def test_an_operation_that_has_the_name_of_something_else_is_refused() -> None:
    with pytest.raises(
        CannotCompileError, match=r"withdraw is what the proof calls something else: rename withdraw\(\)"
    ):
        compile_model(Account)


def compiled(model: type[Model]) -> Compiled:
    return compile_model(model)


def test_names_that_mean_something_elsewhere_are_written_otherwise() -> None:
    class Odd(Model):
        def __init__(self, argument: int) -> None:
            self._given, self.given, self._left, self._set = argument, 0, False, 0

        def wait(self) -> None:
            when(self._left)

        def set(self) -> None:
            self._left = True
            self._set += 1
            for waiter in waiters():
                waiter.returns()

        def give(self) -> None:
            self.given += 1

    machine: Any = compiled(Odd).machine
    assert (*machine.constants, *machine.state) == ("given_", "given__", "left_", "set_", "parked")
    assert {one.status for one in prove_whole([machine])} == {"proved"}
