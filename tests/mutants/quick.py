"""The mutants of a quick ledger, evaluated once for the tests of the mutants and of the ledger."""

from __future__ import annotations

from functools import cache

from latchproof.mutants.matrix import Matrix, evaluate_mutants
from latchproof.verify.gather import QUICK_CHECKS


@cache
def quick_matrix() -> Matrix:
    """Return what becomes of them; it takes half a minute."""
    return evaluate_mutants(QUICK_CHECKS, quick=True, apart=True)
