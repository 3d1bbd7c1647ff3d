"""Path enumeration finds every feasible path of a function and no other, and says so where it cannot."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import z3

from latchproof.prove import paths as symbolic
from latchproof.prove.paths import (
    SymBool,
    SymInt,
    UndecidableError,
    bool_term,
    enumerate_paths,
    int_term,
    shown,
    symbol,
    term,
    truth,
)

X: Any = symbol("x", int)
Y: Any = symbol("y", int)
B: Any = symbol("b", bool)


def sign(x: Any) -> str:
    if x > 0:
        return "positive"
    if x == 0:
        return "zero"
    return "negative"


def possible(*conditions: Any) -> bool:
    solver = z3.Solver()
    solver.add(*conditions)
    return bool(solver.check() == z3.sat)


def test_every_path_is_found_once() -> None:
    assert [path.result for path in enumerate_paths(lambda: sign(X))] == ["positive", "zero", "negative"]


@pytest.mark.parametrize(
    ("premise", "results"),
    [
        (X > 0, ["positive"]),
        (X >= 0, ["positive", "zero"]),
        (X < 0, ["negative"]),
        (X == 0, ["zero"]),
        (X != 0, ["positive", "negative"]),
    ],
)
def test_only_paths_that_the_premises_allow_are_found(premise: SymBool, results: list[str]) -> None:
    assert sorted(path.result for path in enumerate_paths(lambda: sign(X), [premise])) == sorted(results)


def test_premises_are_conjoined() -> None:
    assert [path.result for path in enumerate_paths(lambda: sign(X), [X >= 0, X <= 0, True])] == ["zero"]


def test_a_decision_that_follows_from_an_earlier_one_is_not_taken_both_ways() -> None:
    def nested() -> str:
        if X > 5:
            return "impossible" if X < 3 else "large"
        return "small" if X < 10 else "impossible"

    assert sorted(path.result for path in enumerate_paths(nested)) == ["large", "small"]


def test_independent_decisions_are_combined() -> None:
    paths = enumerate_paths(lambda: (bool(X > 0), bool(Y > 0), bool(B)))
    assert len(paths) == 8
    assert {path.result for path in paths} == {(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)}


@pytest.mark.parametrize("function", [lambda: sign(X), lambda: (bool(X > Y), bool(X == 3), bool(B))])
def test_the_paths_are_disjoint_and_leave_nothing_out(function: Any) -> None:
    conditions = [z3.And(*path.conditions) for path in enumerate_paths(function)]
    assert len(conditions) > 2
    assert not possible(z3.Not(z3.Or(conditions)))
    for number, one in enumerate(conditions):
        assert possible(one)
        assert not any(possible(one, other) for other in conditions[:number])


def test_a_function_without_a_decision_has_one_path_without_conditions() -> None:
    (path,) = enumerate_paths(lambda: X + 1)
    assert path.conditions == ()
    assert shown(path.result) == "x + 1"


def test_a_decision_on_a_constant_is_none() -> None:
    (path,) = enumerate_paths(lambda: "yes" if (X - X == 0) and not (X < X) else "no")
    assert path == symbolic.Path((), "yes")


@pytest.mark.parametrize("x", [-2, 0, 1, 5])
@pytest.mark.parametrize("y", [-1, 0, 4])
def test_a_path_returns_what_the_function_returns_on_every_number_along_it(x: int, y: int) -> None:
    def function(x: Any, y: Any) -> Any:
        if x > y:
            return 2 * x - y + 1
        if not x:
            return 7 - x
        return (x + y) * 3 if x != -2 else x - 1

    taken = []
    for path in enumerate_paths(lambda: function(X, Y)):
        here = [z3.substitute(one, (X.term, z3.IntVal(x)), (Y.term, z3.IntVal(y))) for one in path.conditions]
        if z3.is_true(z3.simplify(z3.And(*here))):
            result = z3.substitute(int_term(path.result), (X.term, z3.IntVal(x)), (Y.term, z3.IntVal(y)))
            taken.append(z3.simplify(result).as_long())
    assert taken == [function(x, y)]


@pytest.mark.parametrize(
    ("compare", "results"),
    [
        (lambda x: x < 2, "TTFFF"),
        (lambda x: x <= 2, "TTTFF"),
        (lambda x: x > 2, "FFFTT"),
        (lambda x: x >= 2, "FFTTT"),
        (lambda x: x == 2, "FFTFF"),
        (lambda x: x != 2, "TTFTT"),
        (lambda x: 3 - x == 1, "FFTFF"),
        (lambda x: x - 3 == 1, "FFFFT"),
        (lambda x: 2 + x == 5, "FFFTF"),
        (lambda x: x * 2 == 6, "FFFTF"),
        (lambda x: 2 * x == 6, "FFFTF"),
        (lambda x: bool(x), "FTTTT"),
    ],
)
def test_symbolic_arithmetic_is_that_of_ints(compare: Any, results: str) -> None:
    found = ""
    for number in range(5):
        assert bool(compare(number)) == (results[number] == "T")
        (path,) = enumerate_paths(lambda: bool(compare(X)), [number == X])
        found += "T" if path.result else "F"
    assert found == results


@pytest.mark.parametrize("other", [symbol("c", bool), True, False])
def test_symbolic_booleans_compare(other: Any) -> None:
    equal = {path.result for path in enumerate_paths(lambda: (bool(other == B), bool(other != B)))}
    assert equal == {(True, False), (False, True)}
    for path in enumerate_paths(lambda: bool(other == B)):
        assert path.result is not possible(*path.conditions, bool_term(B) != bool_term(other))


def test_a_symbolic_integer_takes_itself_for_an_int_and_no_bool() -> None:
    kinds = [isinstance(X, kind) for kind in (int, bool, str)]
    assert kinds == [True, False, False]
    with pytest.raises(TypeError, match="stays one"):
        X.__class__ = str


@pytest.mark.parametrize("value", [X, B], ids=shown)
def test_a_symbol_cannot_be_hashed(value: Any) -> None:
    with pytest.raises(TypeError, match="unhashable type"):
        hash(value)
    with pytest.raises(TypeError, match="unhashable type"):
        {value}  # noqa: B018 - it is the set that raises


@pytest.mark.parametrize("use", [int, range, "abc".__getitem__, float], ids=["int", "range", "str", "float"])
def test_a_symbol_has_no_one_value(use: Any) -> None:
    with pytest.raises(TypeError, match="has no single value"):
        use(X)


@pytest.mark.parametrize("value", [X, B, X > 0, X == Y], ids=shown)
def test_a_truth_outside_of_an_enumeration_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="outside of a path enumeration"):
        bool(value)


@pytest.mark.parametrize(("convert", "value"), [(int_term, 1.5), (int_term, True), (int_term, "1"), (int_term, None)])
def test_what_is_no_integer_is_an_error(convert: Any, value: object) -> None:
    with pytest.raises(TypeError, match="not an integer"):
        convert(value)
    with pytest.raises(TypeError, match="not an integer"):
        X + value


@pytest.mark.parametrize("value", [0, 1, X, None, "yes"], ids=shown)
def test_what_is_no_boolean_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="not a boolean"):
        bool_term(value)
    with pytest.raises(TypeError, match="not a boolean"):
        enumerate_paths(lambda: None, [value])


def test_terms() -> None:
    assert term(3).eq(z3.IntVal(3))
    assert term(X).eq(z3.Int("x"))
    assert term(True).eq(z3.BoolVal(True))
    assert term(B).eq(z3.Bool("b"))
    assert [type(one) for one in (symbol("n", int), symbol("n", bool))] == [SymInt, SymBool]
    assert (shown(X), shown(X - 1), shown(B)) == ("x", "x - 1", "b")


def count_to(limit: int) -> int:
    number = 0
    while number < limit and number < X:
        number += 1
    return number


@pytest.mark.parametrize(("at_most", "enough"), [(5, False), (6, True), (7, True)])
def test_the_number_of_paths_is_bounded(at_most: int, enough: bool) -> None:
    if enough:
        assert sorted(path.result for path in enumerate_paths(lambda: count_to(5), at_most=at_most)) == list(range(6))
    else:
        with pytest.raises(UndecidableError, match="more than 5 paths"):
            enumerate_paths(lambda: count_to(5), at_most=at_most)


def test_what_the_solver_cannot_tell_is_undecidable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(z3.Solver, "check", lambda self, *assumptions: z3.unknown)
    with pytest.raises(UndecidableError, match=r"the solver cannot tell whether .* is possible here"):
        enumerate_paths(lambda: sign(X))


def test_an_enumeration_within_another_decides_for_itself() -> None:
    def outer() -> tuple[str, list[str]]:
        inner = [path.result for path in enumerate_paths(lambda: sign(Y), [Y >= 0])]
        return sign(X), inner

    paths = enumerate_paths(outer)
    assert [path.result for path in paths] == [
        ("positive", ["positive", "zero"]),
        ("zero", ["positive", "zero"]),
        ("negative", ["positive", "zero"]),
    ]
    assert all("y" not in str(path.conditions) for path in paths)


def test_an_error_in_the_function_ends_the_enumeration() -> None:
    with pytest.raises(ZeroDivisionError):
        enumerate_paths(lambda: 1 // 0 if X > 0 else 0)
    with pytest.raises(TypeError, match="outside of a path enumeration"):
        bool(X > 0)


def test_without_premises_no_solver_is_asked_and_paths_that_cannot_be_taken_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = symbol("count", int)

    def function() -> str:
        if count > 2:
            return "more"
        return "impossible" if count > 3 else "less"

    assert {path.result for path in enumerate_paths(function)} == {"more", "less"}
    monkeypatch.delattr(z3.Solver, "check")
    assert {path.result for path in enumerate_paths(function, None)} == {"more", "less", "impossible"}


def test_what_was_decided_is_not_decided_again() -> None:
    count = symbol("count", int)
    paths = enumerate_paths(lambda: (bool(count > 2), bool(count > 2), bool(count > 2)), None)
    assert {path.result for path in paths} == {(True, True, True), (False, False, False)}
    assert [len(path.conditions) for path in paths] == [1, 1]


@pytest.mark.parametrize(
    "predicate",
    [
        lambda x, y, b: x > 2 or y == 0,
        lambda x, y, b: x > 2 and y == 0 and not b,
        lambda x, y, b: (x < y if b else y < x) or x == y,
        lambda x, y, b: not (x > 2 and b),
        lambda x, y, b: b if b else x > 2,
        lambda x, y, b: bool(x > 2) == (y > 2),
        lambda x, y, b: True,
        lambda x, y, b: x > 2 and x < 1,
    ],
)
def test_a_truth_is_what_the_predicate_says_of_every_number(predicate: Any) -> None:
    x, y, b = symbol("x", int), symbol("y", int), symbol("b", bool)
    term = truth(lambda: predicate(x, y, b))
    for one, other, flag in product(range(-1, 5), range(-1, 5), (False, True)):
        values = [(x.term, z3.IntVal(one)), (y.term, z3.IntVal(other)), (b.term, z3.BoolVal(flag))]
        found = z3.simplify(z3.substitute(term, *values))
        assert z3.is_true(found) == bool(predicate(one, other, flag))
        assert z3.is_true(found) or z3.is_false(found)
