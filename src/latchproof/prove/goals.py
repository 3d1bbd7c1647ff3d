"""What is put to the solvers: goals, each as the SMT-LIB 2 text of a query, and what the solvers said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import z3

Part: TypeAlias = Literal["counters", "identities", "liveness", "premises", "controls"]
"""A part of the proof."""

ProofStatus: TypeAlias = Literal["proved", "refuted", "unknown", "disputed", "unconfirmed"]


@dataclass(frozen=True)
class _Subject:
    """What a goal is about. `claims` is empty for a goal that keeps the proof honest."""

    name: str
    claims: tuple[str, ...]
    machine: str
    policy: str
    operation: str
    rule: str


@dataclass(frozen=True)
class Goal(_Subject):
    """One thing to be proved: that the premises imply the conclusion; or, without one, that they can be met together.

    `small` are the premises for a few calls, with every
    quantifier written out: with quantified premises the solver may not know whether there is a counterexample. Where it
    `must_not_follow`, the conclusion must not be provable: this says as much as the solver finds, and no more.
    """

    part: Part
    premises: tuple[z3.BoolRef, ...]
    conclusion: z3.BoolRef | None
    small: tuple[z3.BoolRef, ...] | None = None
    must_not_follow: bool = False


@dataclass(frozen=True)
class Query:
    """A query as text: the declarations that it needs, what is asserted, the negated conclusion, the expected answer.

    `expected` is unsat for a goal with a conclusion, whose negation must have no model, else sat.
    """

    declarations: tuple[str, ...]
    assertions: tuple[str, ...]
    negation: str
    expected: Literal["sat", "unsat"]

    @property
    def text(self) -> str:
        """The query by itself, as SMT-LIB 2."""
        negation = (f"(assert {self.negation})",) if self.negation else ()
        asserted = (f"(assert {one})" for one in self.assertions)
        return "\n".join((*self.declarations, *asserted, *negation, "(check-sat)", ""))


@dataclass(frozen=True)
class Obligation(_Subject):
    """A goal that was put to the solvers, and what they said of it.

    `counterexample` is a model, where it is refuted. `smtlib` is the negation that was found to have no model (or to
    have one), as SMT-LIB 2, and `query` the same in parts; both are empty where only z3 is asked. `verdicts` holds the
    answer of each solver that was asked, by name. An obligation that the solvers answer differently is disputed.
    `for_one_solver` says that only z3 is to be asked.
    """

    status: ProofStatus
    counterexample: str
    smtlib: str
    part: Part = "counters"
    query: Query | None = None
    verdicts: tuple[tuple[str, str], ...] = ()
    for_one_solver: bool = False


def in_order(declarations: Iterable[str]) -> tuple[str, ...]:
    """Return declarations in an order in which they can be made: sorts first, then functions, each by name."""
    return tuple(sorted(declarations, key=lambda line: (line.startswith("(declare-fun"), line)))


def reads_back(term: z3.BoolRef, text: str, declarations: Iterable[str]) -> bool:
    """Return whether the text of a term, read by itself, is that term; else the second solver is asked another thing.

    >>> positive = z3.Int("count") > 0
    >>> reads_back(positive, *text_of(positive)), reads_back(positive, "true", ())
    (True, False)
    """
    try:
        (read,) = z3.parse_smt2_string("\n".join((*in_order(declarations), f"(assert {text})")))
    except (z3.Z3Exception, ValueError):  # it cannot be read, or is nothing, or more than one
        return False
    # z3 reads numbers as terms, and does not write every attribute of a quantifier
    return bool(read.eq(term) or z3.simplify(read).eq(z3.simplify(term)) or read.sexpr() == term.sexpr())


def text_of(term: z3.BoolRef) -> tuple[str, frozenset[str]]:
    """Return a term as SMT-LIB, and the declarations of the sorts and symbols that occur in it.

    >>> text_of(z3.Int("count") > 0)
    ('(> count 0)', frozenset({'(declare-fun count () Int)'}))
    """
    # z3 gives the declarations of whole benchmarks alone; a solver, which would write both, is slow to make
    benchmark = z3.Z3_benchmark_to_smtlib_string(term.ctx_ref(), "", "", "", "", 0, (z3.Ast * 0)(), term.as_ast())
    return term.sexpr(), frozenset(line for line in benchmark.splitlines() if line.startswith("(declare-"))
