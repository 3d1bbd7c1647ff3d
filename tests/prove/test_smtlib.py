"""The export is what the second solver reads: whatever is wrong with it shows, and so does each disagreement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
import z3

from latchproof.prove import discharge, smtlib
from latchproof.prove.goals import Obligation, Query, in_order, text_of
from latchproof.prove.obligations import WHOLE, prove
from latchproof.prove.second_solver import SolverError, ask
from latchproof.prove.smtlib import ABSENT, Confirmation, asked, script, solvers
from latchproof_spec.latch.machine import LATCH

SECOND_SOLVER = pytest.mark.skipif(find_spec("cvc5") is None, reason=ABSENT)


@pytest.fixture(scope="module")
def obligations() -> list[Obligation]:
    return list(prove(LATCH, LATCH.policies[:2], parts=WHOLE))


def test_each_query_stands_there_once_and_says_what_it_is_about(obligations: list[Obligation]) -> None:
    text = script(obligations)
    assert text.count("(check-sat)") == len(asked(obligations)) < len(obligations)
    assert text.count("(push 1)") == text.count("(pop 1)")
    for one in obligations:
        assert one.for_one_solver == (one.query is None)
        if one.for_one_solver:
            continue
        assert f";   {' '.join(one.claims) or '(honesty)'}: {one.name}\n" in text
    for rule in LATCH.rules:
        if rule.id in {one.rule for one in obligations}:
            assert re.search(rf"^; latch \w+ {rule.id}, policy .*: \"{re.escape(rule.sentence)}\"$", text, re.MULTILINE)
    assert len(re.findall(r"^\(declare-fun parked \(\) Int\)$", text, re.MULTILINE)) == 1


def test_what_it_says_is_due_is_what_another_solver_answers(obligations: list[Obligation]) -> None:
    """Read back by the first solver, from the text alone."""
    of_counters = [one for one in obligations if one.part == "counters"]
    text = script(of_counters)
    due = re.findall(r"^\(check-sat\) ; (sat|unsat)$", text, re.MULTILINE)
    # z3 reads a file with one query, and each obligation has its own text too
    queries = asked(of_counters)
    assert sorted(due) == sorted(query.expected for query in queries)
    for query in list(queries)[::5]:
        solver = z3.Solver()
        solver.from_string(query.text)
        assert str(solver.check()) == query.expected


@pytest.mark.parametrize(
    ("text_of_term", "negation"),
    [
        (lambda term: ("true", text_of(term)[1]), None),
        (lambda term: (text_of(term)[0], frozenset[str]()), None),
        (lambda term: (text_of(term)[0].replace("<", ">"), text_of(term)[1]), None),
        (text_of, "false"),
    ],
    ids=["everything is true", "nothing is declared", "less is more", "every negation is false"],
)
def test_a_text_that_says_something_else_is_no_proof_though_the_second_solver_agreed(
    text_of_term: Any, negation: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misread(declarations: Any, assertions: Any, negated: str, expected: Any) -> Query:
        return Query(declarations, assertions, negated and (negation or negated), expected)

    monkeypatch.setattr(discharge, "text_of", text_of_term)
    monkeypatch.setattr(discharge, "Query", misread)
    found = list(prove(LATCH, LATCH.policies[:1], parts=("counters",)))
    disputed = [one for one in found if one.status == "disputed"]
    assert disputed
    assert {one.counterexample for one in disputed} == {discharge.MISREAD}
    assert {one.status for one in found} <= {"disputed", "proved"}


@SECOND_SOLVER
def test_the_second_solver_answers_each_query(obligations: list[Obligation]) -> None:
    found = Confirmation(obligations).results()
    assert {one.status for one in found} == {"proved"}
    assert {dict(one.verdicts)["cvc5"] for one in found if not one.for_one_solver} == {"sat", "unsat"}
    assert [one.name for one in found] == [one.name for one in obligations]


@SECOND_SOLVER
def test_what_the_second_solver_does_not_know_it_says() -> None:
    """A sum of two cubes that is a cube: there is none, and no solver finds that out."""
    cubes = "(= (+ (* x x x) (* y y y)) (* z z z))"
    declared = "".join(f"(declare-fun {name} () Int)(assert (> {name} 2))" for name in "xyz")
    asked = f"(set-logic ALL){declared}(assert {cubes})(check-sat)"
    assert ask(asked, 50)() == ["unknown"]


Fault = Callable[[Iterator[str]], Iterator[str]]


def forgets_the_negation(lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith("(assert (not "))


def forgets_to_take_back(lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if line not in ("(push 1)", "(pop 1)"))


def forgets_a_query(lines: Iterator[str]) -> Iterator[str]:
    kept = list(lines)
    last = [number for number, line in enumerate(kept) if line.startswith("(check-sat)")][-1]
    return iter(kept[:last] + kept[last + 1 :])


def forgets_a_declaration(lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if line != "(declare-fun parked () Int)")


def forgets_a_parenthesis(lines: Iterator[str]) -> Iterator[str]:
    return (line[:-1] if line.startswith("(assert (>= clock") else line for line in lines)


def asserts_what_is_false(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line == "(push 1)":
            yield "(assert false)"


@SECOND_SOLVER
@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (forgets_the_negation, {"disputed", "unknown"}, "cvc5 does not know|z3 says unsat, cvc5 says sat"),
        (forgets_to_take_back, {"disputed"}, "z3 says sat, cvc5 says unsat"),
        (forgets_a_query, {"unknown"}, r"cvc5: cvc5 gave \d+ answers to \d+ queries"),
        (forgets_a_declaration, {"unknown"}, "cvc5: .*parked"),
        (forgets_a_parenthesis, {"unknown"}, "cvc5: "),
        (asserts_what_is_false, {"disputed"}, "z3 says sat, cvc5 says unsat"),
    ],
)
def test_a_fault_in_the_exporter_is_shown(
    fault: Fault, status: set[str], said: str, obligations: list[Obligation], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = smtlib._script

    def faulty(queries: Any) -> tuple[list[str], list[Query]]:
        lines, order = made(queries)
        return list(fault(iter(lines))), order

    monkeypatch.setattr(smtlib, "_script", faulty)
    monkeypatch.setattr(smtlib, "TIME_LIMIT", 200)
    bad = [one for one in Confirmation(obligations[::9]).results() if one.status != "proved"]
    assert bad
    assert {one.status for one in bad} <= status
    assert all(re.match(said, one.counterexample) for one in bad)


@SECOND_SOLVER
def test_a_text_that_is_no_script_is_refused() -> None:
    with pytest.raises(SolverError):
        ask("(set-logic ALL)\n(assert (= x 1))\n(check-sat)", 1000)()
    assert ask("(set-logic ALL)(declare-fun x () Int)(assert (= x 1))(check-sat)", 1000)() == ["sat"]


COUNT = z3.Int("count")


def answered(status: Any, answer: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> Obligation:
    query = Query(("(declare-fun count () Int)",), ("(> count 0)",), "(not (> count 0))", expected)
    other = {"sat": "unsat", "unsat": "sat"}[expected]
    first = ("z3", {"proved": expected, "refuted": other}.get(status, "unknown"))
    one = Obligation(
        "x", (), "latch", "keeps", "wait", "L7", status, "count = 7", "", "counters", query, verdicts=(first,)
    )
    monkeypatch.setattr(smtlib, "find_spec", lambda name: True)
    monkeypatch.setattr(smtlib, "ask", lambda text, time_limit: lambda: [answer])
    (found,) = Confirmation([one]).results()
    assert found.verdicts == (first, ("cvc5", answer))
    return found


@pytest.mark.parametrize(
    ("status", "answer", "expected", "found", "said"),
    [
        ("proved", "unsat", "unsat", "proved", "count = 7"),
        ("proved", "sat", "sat", "proved", "count = 7"),
        ("proved", "sat", "unsat", "disputed", "z3 says unsat, cvc5 says sat"),
        ("proved", "unsat", "sat", "disputed", "z3 says sat, cvc5 says unsat"),
        ("proved", "unknown", "unsat", "unknown", "cvc5 does not know, or took too long"),
        ("refuted", "sat", "unsat", "refuted", "count = 7"),
        ("refuted", "unknown", "unsat", "refuted", "count = 7"),
        ("refuted", "unsat", "unsat", "disputed", "cvc5 says unsat; z3 has count = 7"),
        ("unknown", "unsat", "unsat", "unknown", "count = 7"),
    ],
)
def test_what_two_answers_come_to(
    status: str, answer: str, expected: str, found: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = answered(status, answer, expected, monkeypatch)
    assert (one.status, one.counterexample) == (found, said)


@SECOND_SOLVER
def test_what_was_not_put_to_the_second_solver_is_not_confirmed(obligations: list[Obligation]) -> None:
    lost = [replace(one, query=None) for one in obligations if not one.for_one_solver][:3]
    assert {one.status for one in Confirmation(lost).results()} == {"unconfirmed"}
    alone = [one for one in obligations if one.for_one_solver]
    assert Confirmation(alone).results() == alone != []


def test_without_the_second_solver_nothing_is_confirmed(
    obligations: list[Obligation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtlib, "find_spec", lambda name: None)
    some = [*obligations[:3], replace(obligations[3], status="refuted", counterexample="count = 7")]
    found = Confirmation(some).results()
    assert [one.status for one in found] == ["unconfirmed"] * 3 + ["refuted"]
    assert [one.counterexample for one in found] == [ABSENT] * 3 + ["count = 7"]
    assert solvers() == f"z3 {z3.get_version_string()} alone ({ABSENT})"


def test_a_term_comes_with_the_declarations_that_it_needs() -> None:
    call = z3.DeclareSort("Call")
    phase, (fresh, _) = z3.EnumSort("Colour", ["Red", "Blue"])
    one = z3.Const("one", call)
    colour = z3.Function("colour", call, phase)
    text, declared = text_of(z3.ForAll([one], colour(one) == fresh, patterns=[colour(one)]))
    assert text.startswith("(forall ((one Call))")
    assert in_order(declared) == (
        "(declare-datatypes ((Colour 0)) (((Red) (Blue))))",
        "(declare-sort Call 0)",
        "(declare-fun colour (Call) Colour)",
    )
