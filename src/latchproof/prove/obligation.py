"""One thing that was put to the solvers, and what they said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from latchproof.prove.goals import Model, Query

ProofStatus: TypeAlias = Literal["proved", "refuted", "unknown", "disputed", "unconfirmed"]


@dataclass(frozen=True)
class Obligation:
    """One goal, and what the solvers said of it.

    `claims` is empty for the obligations that keep the proof honest. `counterexample` is a model, where it is refuted.
    `smtlib` is the negation that was found to have no model (or to have one), as SMT-LIB 2, and `query` the same in
    parts; both are empty where only z3 is asked. `verdicts` holds the answer of each solver that was asked, by name. An
    obligation that the solvers answer differently is disputed. `for_one_solver` says that only z3 is to be asked.
    """

    name: str
    claims: tuple[str, ...]
    machine: str
    policy: str
    operation: str
    rule: str
    status: ProofStatus
    counterexample: str
    smtlib: str
    seconds: float
    model: Model = "counters"
    query: Query | None = None
    verdicts: tuple[tuple[str, str], ...] = ()
    for_one_solver: bool = False
