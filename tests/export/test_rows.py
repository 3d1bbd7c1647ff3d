"""The rows that the exporters write say of every state what the specification's functions say."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import z3

from latchproof.explore.system import choices
from latchproof.export import rows
from latchproof.export.rows import AFTER, ExportError, Given, given, make_model
from latchproof.export.terms import MARKDOWN, PROMELA, TLA, NoTextError, Syntax, written
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Step
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, ModelBounds
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule, endings
from tests.explore.faults import faulty
from tests.export.behaviour import POLICIES, small_states, valued

X, Y = z3.Ints("x y")
B = z3.Bool("b")


@pytest.mark.parametrize(("machine", "policy"), POLICIES, ids=repr)
def test_just_one_row_applies_and_does_what_the_function_does(machine: Machine, policy: Any) -> None:
    model = make_model(machine, policy, machine.bounds.model)
    fired = set()
    for operation in (*machine.operations, machine.withdraw):
        for (constants, state), arguments in product(small_states(machine), choices(operation, 1)):
            if arguments.get("is_parked") and not state[list(machine.state).index("parked")]:
                continue
            values = dict(zip((*machine.constants, *machine.state), (*constants, *state), strict=True)) | arguments
            (row,) = (
                one for one in model.rows_of(operation) if all(valued(condition, values) for condition in one.guard)
            )
            *after, rule = operation.function(*constants, *state, *arguments.values(), policy=policy)
            assert row.rule is rule
            assert [valued(term, values) for term in row.after.values()] == after
            step = Step(operation.name, constants, state, arguments, tuple(after), rule, policy)
            owed = {one.claim.id for one in machine.eventualities if one.owes(step)}
            assert {claim for claim, condition in row.owes.items() if valued(condition, values)} == owed
            known = values | {AFTER + name: value for name, value in zip(machine.state, after, strict=True)}
            assert all(valued(check.holds, known) for check in row.checks)
            fired.add(row.name)
    assert fired == {row.name for row in model.rows}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_checks_of_a_row_refuse_what_the_step_properties_refuse(machine: Machine) -> None:
    """Of any state after the step, right or wrong, they say what the properties say."""
    policy = machine.policies[0]
    model = make_model(machine, policy, machine.bounds.model)
    refused = 0
    for row in model.rows:
        for (constants, state), arguments in product(small_states(machine), choices(row.operation, 1)):
            values = dict(zip((*machine.constants, *machine.state), (*constants, *state), strict=True)) | arguments
            if arguments.get("is_parked") and not values["parked"]:
                continue
            if not all(valued(condition, values) for condition in row.guard):
                continue
            for after in product(*((False, True) if kind is bool else (0, 2) for kind in machine.state.values())):
                step = Step(row.operation.name, constants, state, arguments, after, row.rule, policy)
                known = values | {AFTER + name: value for name, value in zip(machine.state, after, strict=True)}
                said = all(valued(check.holds, known) for check in row.checks)
                assert said == all(one.holds(step) for one in machine.step_properties)
                refused += not said
    assert refused > 50


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_invariants_and_censuses_are_all_there(machine: Machine) -> None:
    model = make_model(machine, machine.policies[0], machine.bounds.model)
    assert [one.name for one in model.invariants] == [one.name for one in (*machine.invariants, *machine.censuses)]
    due = {one.claim.id: one.name for one in machine.eventualities}
    assert model.eventualities == due


@pytest.mark.parametrize("rule", [*LATCH.rules, *BARRIER.rules], ids=repr)
def test_what_a_rule_gives_is_what_the_specification_says(rule: Rule) -> None:
    found = given(rule, 5)
    for parked in range(6):
        due = list(endings(rule, parked))
        if found is None:
            assert due == []
        else:
            said = {
                "ending": [found.ending] * parked, "position": list(range(parked)), "less": list(range(parked, 0, -1)),
            }  # fmt: skip
            assert said[found.kind] == due


def test_endings_that_no_expression_fits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latchproof.export.rows.endings", lambda rule, parked: [p * p for p in range(parked)])
    with pytest.raises(ExportError, match="no expression is known for the endings of B2"):
        given(barrier.B2, 4)


@pytest.mark.parametrize(("tasks", "is_refused"), [(3, False), (4, True), (5, True)])
def test_endings_need_an_expression_for_as_many_tasks_as_there_are(
    tasks: int, is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "latchproof.export.rows.endings", lambda rule, parked: [7] * parked if parked > 3 else range(parked)
    )
    if is_refused:
        with pytest.raises(ExportError, match="no expression is known"):
            given(barrier.B2, tasks)
    else:
        assert given(barrier.B2, tasks) == Given("position")


def test_one_parked_task_is_told_from_a_constant() -> None:
    assert [given(rule, 1) for rule in (barrier.B2, barrier.B6)] == [
        Given("position"), Given("ending", barrier.B6.errors[0]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "bounds", "message"),
    [
        (LATCH, ModelBounds(-1, 3), "a latch's count must be 0 or more, not -1"),
        (BARRIER, ModelBounds(2, 3, operations=("count_down",)), "a barrier has no operation 'count_down'"),
        (
            faulty(LATCH, "withdraw", "return count, parked, L10", "return count, parked, L7"), ModelBounds(1, 2),
            "L7: a caller of withdraw that returns has no model",
        ),
        (
            faulty(LATCH, "wait", "return count, parked, L7", "return count, parked, L10"), ModelBounds(1, 2),
            "L10: a caller of wait that leaves has no model",
        ),
        (
            faulty(
                LATCH, "wait", "return count, parked + 1, L8",
                'return count, 1, Rule("L8", "wait", "parks", "", queue="released")',
            ),
            ModelBounds(1, 2), "L8: a caller that parks while the parked continue has no model",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_refused(machine: Machine, bounds: ModelBounds, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        make_model(machine, machine.policies[0], bounds)


def test_paths_of_one_rule_are_told_apart() -> None:
    twice = faulty(
        LATCH, "count_down", "return count - 1, parked, L1", "return count - (1 if count > 2 else 1), parked, L1"
    )
    model = make_model(twice, LATCH.policies[0], ModelBounds(2, 2))
    assert [row.name for row in model.rows if row.rule is latch.L1] == ["L1_1", "L1_2"]


@pytest.mark.parametrize(
    ("term", "in_tla", "in_promela"),
    [
        (X + 1 < Y, "x + 1 < y", "x + 1 < y"),
        (z3.Not(X <= 3), "x > 3", "x > 3"),
        (z3.Not(z3.And(X == 1, B)), "x # 1 \\/ ~b", "x != 1 || !b"),
        (z3.And(z3.Or(B, X == 2), Y >= 0), "(b \\/ x = 2) /\\ y >= 0", "(b || x == 2) && y >= 0"),
        (z3.IntVal(0) == X, "x = 0", "x == 0"),
        (z3.IntVal(3) > X, "x < 3", "x < 3"),
        (z3.BoolVal(False) == B, "~b", "!b"),
        (z3.BoolVal(True) == B, "b", "b"),
        (z3.Implies(B, X == 1), "~b \\/ x = 1", "!b || x == 1"),
        (X - (Y - 1) == 2 * X, "x - (y - 1) = 2 * x", "x - (y - 1) == 2 * x"),
        (X - 0 == Y, "x = y", "x == y"),
        (-X == Y, "-x = y", "-x == y"),
        (z3.If(B, X, Y) == 0, "(IF b THEN x ELSE y) = 0", "(b -> x : y) == 0"),
        (z3.BoolVal(True), "TRUE", "true"),
        (z3.IntVal(-3), "-3", "-3"),
        (z3.simplify(X - 1), "x - 1", "x - 1"),
        (z3.simplify(X - Y + 2), "x + -y + 2", "x + -y + 2"),
    ],
)
def test_a_term_is_written_as_one_would(term: z3.ExprRef, in_tla: str, in_promela: str) -> None:
    assert (written(term, TLA), written(term, PROMELA)) == (in_tla, in_promela)


SIDES: list[Callable[[Any, Any, Any], tuple[Any, Any]]] = [
    lambda x, y, chosen: (x, y),
    lambda x, y, chosen: (x, 3),
    lambda x, y, chosen: (3 if isinstance(x, int) else z3.IntVal(3), x),
    lambda x, y, chosen: (x + 1, y - x),
    lambda x, y, chosen: (x - (y - 1), 2 * x - y),
    lambda x, y, chosen: (2 * (x + y), -y),
    lambda x, y, chosen: (chosen, 1),
]
COMPARED = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
JOINED: dict[str, tuple[Callable[[Any, Any], Any], Callable[[bool, bool], bool]]] = {
    "alone": (lambda one, b: one, lambda one, b: one),
    "and": (z3.And, lambda one, b: one and b),
    "or": (z3.Or, lambda one, b: one or b),
    "implies": (z3.Implies, lambda one, b: not one or b),
    "implied": (lambda one, b: z3.Implies(b, one), lambda one, b: not b or one),
    "true": (lambda one, b: z3.BoolVal(True) == one, lambda one, b: one),
    "false": (lambda one, b: one == z3.BoolVal(False), lambda one, b: not one),
    "not false": (lambda one, b: one != z3.BoolVal(False), lambda one, b: one),
    "not both": (lambda one, b: z3.Not(z3.And(one, z3.Or(b, one))), lambda one, b: not one),
}
IN_PYTHON: dict[str, tuple[Syntax, dict[str, str]]] = {
    "TLA": (TLA, {r"/\\": "and", r"\\/": "or", "~": " not ", " = ": " == ", "#": "!="}),
    "Promela": (PROMELA, {"&&": "and", r"\|\|": "or", "!(?!=)": " not "}),
    "Markdown": (MARKDOWN, {"≤": "<=", "≥": ">=", "≠": "!=", " = ": " == "}),
}


@pytest.mark.parametrize("language", IN_PYTHON)
@pytest.mark.parametrize("joined", JOINED)
def test_the_text_of_a_term_has_its_value(joined: str, language: str) -> None:
    (syntax, python), (join, meant) = IN_PYTHON[language], JOINED[joined]
    points = list(product((-1, 0, 1, 3, 4), (0, 2), (False, True)))
    for sides, compare, negations in product(SIDES, COMPARED, range(2)):
        term = join(compare(*sides(X, Y, z3.If(B, X, Y))), B)
        for _ in range(negations):
            term = z3.Not(term)
        text = written(term, syntax)
        for word, meaning in python.items():
            text = re.sub(word, meaning, text)
        text = re.sub(r"\(IF b THEN (.*?) ELSE (.*?)\)|\(b -> (.*?) : (.*?)\)", r"(\1\3 if b else \2\4)", text)
        code = compile(text.strip(), written(term, syntax), "eval")
        for x, y, b in points:
            holds = meant(compare(*sides(x, y, x if b else y)), b)
            assert eval(code, {"x": x, "y": y, "b": b}) == (holds != (negations == 1)), written(term, syntax)


def test_a_term_without_text_is_refused() -> None:
    with pytest.raises(NoTextError, match="is not known"):
        written(X / Y == 1, TLA)
    with pytest.raises(NoTextError, match="compares 3 things at once"):
        written(z3.Distinct(X, Y, X + 1), TLA)


def test_a_negated_condition_has_the_cases_of_what_it_negates() -> None:
    conjunction, disjunction = z3.And(X == 0, Y == 0), z3.Or(X == 0, Y == 0)
    assert str(rows._cases(z3.Not(conjunction))) == "[[Not(x == 0)], [Not(y == 0)]]"
    assert str(rows._cases(z3.Not(disjunction))) == "[[Not(x == 0), Not(y == 0)]]"
    assert str(rows._cases(z3.Not(z3.Not(conjunction)))) == "[[x == 0, y == 0]]"
