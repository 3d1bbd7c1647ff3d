"""Puts goals to z3, and writes each query as the text that a second solver reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import z3

from latchproof.prove.goals import Goal, Obligation, ProofStatus, Query, in_order, reads_back, text_of
from latchproof.prove.paths import once

MISREAD: Final = "the query's text, which the second solver is given, does not read back as what z3 was asked"

TIMEOUT: Final = 10_000
"""Time limit of z3 for each query, in milliseconds."""


class Discharge:
    """Puts goals to z3, equal ones only once: policies that do not differ in an operation share its proof.

    Without `written`, the obligations come without their queries as text.
    """

    def __init__(self, written: bool = True) -> None:
        self._written = written
        self._answers: dict[tuple[int, ...], tuple[Goal, ProofStatus, str, str, Query | None, str]] = {}
        self._premises: tuple[tuple[z3.BoolRef, ...], tuple[z3.BoolRef, ...], tuple[int, ...]] = ((), (), ())
        self._true = z3.BoolVal(True)
        self._asked: tuple[tuple[int, ...], z3.Solver] = ((), z3.SimpleSolver())
        self._text = once(text_of)
        self._read: dict[tuple[int, str], tuple[z3.BoolRef, bool]] = {}
        self._asserted: dict[tuple[int, ...], tuple[tuple[str, ...], frozenset[str]]] = {}

    def __call__(self, goal: Goal) -> Obligation:
        given, premises, ids = self._premises
        if goal.premises is not given:
            distinct = {one.get_id(): one for one in goal.premises}
            distinct.pop(self._true.get_id(), None)
            premises, ids = tuple(distinct.values()), tuple(distinct)
            self._premises = goal.premises, premises, ids
        key = (*ids, -1, -1 if goal.conclusion is None else goal.conclusion.get_id(), int(goal.must_not_follow))
        if key not in self._answers:
            # keep the goal too: z3 uses the identity of a term again once the term is gone
            answer = self._ask(goal, premises, ids)
            query = self._query(premises, ids, goal.conclusion) if self._written else None
            if query is not None and not self._reads_back(query, premises, goal.conclusion):
                answer = "disputed", MISREAD, answer[2]
            text = query.text if query is not None else ""
            # a second solver could only answer "unknown" where nothing must follow
            self._answers[key] = (goal, *answer, None if goal.must_not_follow else query, text)
        _, status, counterexample, verdict, query, text = self._answers[key]
        return Obligation(
            goal.name, goal.claims, goal.machine, goal.policy, goal.operation, goal.rule, status, counterexample,
            text, goal.part, query, (("z3", verdict),), goal.must_not_follow,
        )  # fmt: skip

    def _ask(self, goal: Goal, premises: tuple[z3.BoolRef, ...], ids: tuple[int, ...]) -> tuple[ProofStatus, str, str]:
        if goal.conclusion is None:
            solver = _solver(premises)
            verdict = solver.check()
            status: ProofStatus = "proved" if verdict == z3.sat else "unknown" if verdict == z3.unknown else "refuted"
            return status, "", str(verdict)
        if self._asked[0] != ids:
            self._asked = ids, _solver(premises)
        solver = self._asked[1]
        solver.push()
        solver.add(z3.Not(goal.conclusion))
        verdict = solver.check()
        model = str(solver.model()) if verdict == z3.sat else ""
        solver.pop()
        if goal.must_not_follow:
            return "refuted" if verdict == z3.unsat else "proved", "", str(verdict)
        if verdict == z3.unknown and goal.small is not None:
            solver = _solver((*goal.small, z3.Not(goal.conclusion)))
            if solver.check() == z3.sat:
                return "refuted", str(solver.model()), "unknown"
        status = "proved" if verdict == z3.unsat else "refuted" if verdict == z3.sat else "unknown"
        return status, model, str(verdict)

    def _query(self, premises: tuple[z3.BoolRef, ...], ids: tuple[int, ...], conclusion: z3.BoolRef | None) -> Query:
        if ids not in self._asserted:
            texts = [self._text(one) for one in premises]
            declared = frozenset(line for _, lines in texts for line in lines)
            self._asserted[ids] = tuple(text for text, _ in texts), declared
        assertions, declared = self._asserted[ids]
        if conclusion is None:
            return Query(in_order(declared), assertions, "", "sat")
        text, needed = self._text(conclusion)
        return Query(in_order(declared | needed), assertions, f"(not {text})", "unsat")

    def _reads_back(self, query: Query, premises: tuple[z3.BoolRef, ...], conclusion: z3.BoolRef | None) -> bool:
        """Return whether each part of the query, read by itself, is what was put to z3."""
        parts = [*zip(premises, query.assertions, strict=True)]
        if conclusion is not None:
            parts.append((z3.Not(conclusion), query.negation))
        for one, text in parts:
            key = one.get_id(), text
            if key not in self._read:
                # keep the term too, for the same reason
                self._read[key] = one, reads_back(one, text, query.declarations)
        return all(self._read[one.get_id(), text][1] for one, text in parts)


def _solver(premises: Iterable[z3.BoolRef]) -> z3.Solver:
    """Return a solver that instantiates quantifiers by their patterns alone, so that it soon says "unknown"."""
    solver = z3.SimpleSolver()
    solver.set("timeout", TIMEOUT)
    solver.set("auto_config", False)
    solver.set("mbqi", False)
    solver.add(*premises)
    return solver
