"""Obligations as one SMT-LIB 2 file, and a second solver that reads it.

cvc5 is given the text of the export, and nothing else. A fault in the exporter shows as a disagreement, or else the
text does not read back as what z3 was asked (`goals.reads_back`): with "true" alone cvc5 would agree to anything.
Queries that are the same under several policies are written once, and what queries have in common is asserted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from itertools import groupby
from typing import Final, TypeAlias

import z3

from latchproof.prove.goals import Obligation, Query, in_order
from latchproof.prove.second_solver import SolverError, ask
from latchproof_spec.machines import MACHINES

SECOND: Final = "cvc5"
ABSENT: Final = "cvc5 is not installed, so there is no second solver: pip install cvc5 (not every platform has a wheel)"

TIME_LIMIT = 5_000
"""Time limit of the second solver for each query, in milliseconds."""

Asked: TypeAlias = dict[Query, list[Obligation]]


def asked(obligations: Iterable[Obligation]) -> Asked:
    """Return the queries, each once, with the obligations that it is for."""
    found: Asked = {}
    for one in obligations:
        if one.query is not None:
            found.setdefault(one.query, []).append(one)
    return found


def script(obligations: Iterable[Obligation]) -> str:
    """Return the obligations as one file: each query below its subject, with the answer that proves it."""
    return "\n".join(_script(asked(obligations))[0]) + "\n"


def _script(queries: Asked) -> tuple[list[str], list[Query]]:
    """Return the lines of the file, and the queries in the order in which it puts them."""
    order: list[Query] = []
    declared = in_order({line for query in queries for line in query.declarations})
    lines = [
        "; The obligations of the inductive proofs. Each says which claims it is about (or that it keeps the proof",
        "; honest), and what a solver must answer: unsat, where the negation of what is claimed must have no model;",
        "; sat, where the premises must be possible. A step is made from the path through a function of the",
        "; specification to the rule that is named; `x+` is the value of x after it.",
        "(set-logic ALL)",
        *declared,
        *_nested(list(queries), 0, queries, order),
    ]
    return lines, order


def _nested(group: Sequence[Query], depth: int, queries: Asked, order: list[Query]) -> Iterator[str]:
    """Yield the queries of a group that share their first assertions, of which `depth` are asserted already."""
    if not group:
        return
    common = depth
    while all(len(one.assertions) > common for one in group) and (len({one.assertions[common] for one in group}) == 1):
        common += 1
    yield "(push 1)"
    yield from (f"(assert {one})" for one in group[0].assertions[depth:common])
    for longer, part in groupby(group, key=lambda one: len(one.assertions) > common):
        if longer:
            for _, same in groupby(part, key=lambda one: one.assertions[common]):
                yield from _nested(list(same), common, queries, order)
        else:
            for query in part:
                order.append(query)
                yield from _asked_here(query, queries[query])
    yield "(pop 1)"


def _asked_here(query: Query, about: list[Obligation]) -> Iterator[str]:
    rules = {rule.id: rule for machine in MACHINES.values() for rule in machine.rules}
    policies: dict[tuple[str, str, str, str, tuple[str, ...]], list[str]] = {}
    for one in about:
        policies.setdefault((one.machine, one.operation, one.rule, one.name, one.claims), []).append(one.policy)
    for (machine, operation, rule, name, claims), of_policies in policies.items():
        sentence = f': "{rules[rule].sentence}"' if rule in rules else ""
        yield f"; {machine} {operation} {rule}, policy {', '.join(of_policies)}{sentence}"
        yield f";   {' '.join(claims) or '(honesty)'}: {name}"
    if query.negation:
        yield "(push 1)"
        yield f"(assert {query.negation})"
    yield f"(check-sat) ; {query.expected}"
    if query.negation:
        yield "(pop 1)"


def solvers() -> str:
    """Return the solvers that are installed, with their versions."""
    first = f"z3 {z3.get_version_string()}"
    return f"{first} and {SECOND} {version(SECOND)}" if find_spec(SECOND) else f"{first} alone ({ABSENT})"


class Confirmation:
    """A second solver that was asked about obligations, and works in the background until its answers are needed."""

    def __init__(self, obligations: Sequence[Obligation]) -> None:
        self._obligations = obligations
        self._queries = asked(obligations)
        self._answers: Callable[[], list[str]] | None = None
        if find_spec(SECOND) is not None:
            lines, self._order = _script(self._queries)
            self._answers = ask("\n".join(lines), TIME_LIMIT)

    def results(self) -> list[Obligation]:
        """Return the obligations; what the second solver does not confirm is no longer proved.

        Without a second solver they are unconfirmed, and say so.
        """
        if self._answers is None:
            return [
                replace(one, status="unconfirmed", counterexample=ABSENT) if one.status == "proved" else one
                for one in self._obligations
            ]
        try:
            answers = self._answers()
            if len(answers) != len(self._order) or len(self._order) != len(self._queries):
                raise SolverError(f"cvc5 gave {len(answers)} answers to {len(self._queries)} queries")
        except SolverError as error:
            return [replace(one, status="unknown", counterexample=f"cvc5: {error}") for one in self._obligations]
        answered = dict(zip(self._order, answers, strict=True))
        return [
            _not_asked(one) if one.query is None else with_answer(one, one.query, answered[one.query])
            for one in self._obligations
        ]


def _not_asked(one: Obligation) -> Obligation:
    """Return an obligation without a query: it is confirmed only if a second solver is not to be asked."""
    if one.for_one_solver or one.status != "proved":
        return one
    return replace(one, status="unconfirmed", counterexample="there is no query of it for cvc5")


def with_answer(one: Obligation, query: Query, answer: str) -> Obligation:
    """Return an obligation after the second solver has answered its query."""
    answered = replace(one, verdicts=(*one.verdicts, (SECOND, answer)))
    unsure = [solver for solver, said in answered.verdicts if said == "unknown"]
    if one.status == "proved" and unsure:
        silent = " and ".join(unsure)
        return replace(answered, status="unknown", counterexample=f"{silent} does not know, or took too long")
    if one.status == "proved" and any(said != query.expected for _, said in answered.verdicts):
        told = ", ".join(f"{solver} says {said}" for solver, said in answered.verdicts)
        return replace(answered, status="disputed", counterexample=told)
    if one.status == "refuted" and answer == query.expected:
        return replace(answered, status="disputed", counterexample=f"cvc5 says {answer}; z3 has {one.counterexample}")
    return answered
