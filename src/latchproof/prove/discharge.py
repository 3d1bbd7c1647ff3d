"""Puts goals to z3, and writes each query as the text that a second solver reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import z3

from latchproof.prove.goals import Goal, Obligation, ProofStatus, Query, in_order, reads_back, text_of
from latchproof.prove.paths import once

MISREAD: Final = "the query's text, which the second solver is given, does not read back as what z3 was asked"

MISPUT: Final = "z3 was asked something else than the goal: its assertions are not the premises and the negation"

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
        self._asked: tuple[tuple[int, ...], _Solver] = ((), _Solver(()))
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
            solver = _Solver(premises)
            verdict = solver.check()
            status: ProofStatus = "proved" if verdict == z3.sat else "unknown" if verdict == z3.unknown else "refuted"
            return self._as_put(goal, ids, solver, (status, "", str(verdict)))
        if self._asked[0] != ids:
            self._asked = ids, _Solver(premises)
        solver = self._asked[1]
        negation = z3.Not(goal.conclusion)
        with solver.also(negation):
            verdict = solver.check()
            model = solver.model() if verdict == z3.sat else ""
            status = "proved" if verdict == z3.unsat else "refuted" if verdict == z3.sat else "unknown"
            if goal.must_not_follow:
                status, model = "refuted" if verdict == z3.unsat else "proved", ""
            found = self._as_put(goal, ids, solver, (status, model, str(verdict)))
        if verdict == z3.unknown and goal.small is not None and not goal.must_not_follow:
            solver = _Solver((*goal.small, negation))
            if solver.check() == z3.sat:
                return "refuted", solver.model(), "unknown"
        return found

    def _as_put(
        self, goal: Goal, ids: tuple[int, ...], solver: _Solver, answer: tuple[ProofStatus, str, str]
    ) -> tuple[ProofStatus, str, str]:
        """Return an answer; or that it is worthless, if the solver was told something else than the goal says."""
        negation = () if goal.conclusion is None else (z3.Not(goal.conclusion).get_id(),)
        return answer if (*ids, *negation) == tuple(solver.held) else ("disputed", MISPUT, answer[2])

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


class _Solver:
    """A z3 solver that instantiates quantifiers by their patterns alone, so that it soon says "unknown".

    `held` is what it was told, which z3 itself does not give back as it was.
    """

    def __init__(self, premises: Iterable[z3.BoolRef]) -> None:
        self._solver = z3.SimpleSolver()
        self._solver.set("timeout", TIMEOUT)
        self._solver.set("auto_config", False)
        self._solver.set("mbqi", False)
        self.held: list[int] = []
        self.add(*premises)

    def add(self, *terms: z3.BoolRef) -> None:
        """Assert terms."""
        self._solver.add(*terms)
        self.held += (one.get_id() for one in terms)

    @contextmanager
    def also(self, term: z3.BoolRef) -> Iterator[None]:
        """Assert one term for a time."""
        self._solver.push()
        self.add(term)
        yield
        self._solver.pop()
        self.held.pop()

    def check(self) -> z3.CheckSatResult:
        """Return whether all that it was told can hold together."""
        return self._solver.check()

    def model(self) -> str:
        """Return the model that was found, as text."""
        return str(self._solver.model())
