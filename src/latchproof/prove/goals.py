"""What is put to the solvers: goals, and the SMT-LIB 2 text of a query for one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import z3

Model: TypeAlias = Literal["counters", "identities", "liveness", "controls"]


@dataclass(frozen=True)
class Goal:
    """One thing to be proved: that the premises imply the conclusion; or, without one, that they can be met together.

    `claims` is empty for a goal that keeps the proof honest. `small` are the premises for a few calls, with every
    quantifier written out: with quantified premises the solver may not know whether there is a counterexample. Where it
    `must_not_follow`, the conclusion must not be provable: this says as much as the solver finds, and no more.
    """

    model: Model
    name: str
    claims: tuple[str, ...]
    machine: str
    policy: str
    operation: str
    rule: str
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
