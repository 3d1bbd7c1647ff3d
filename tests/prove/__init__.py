"""Tests of the prover. What several of them use stands here."""

from __future__ import annotations

from latchproof.prove.goals import Obligation


def unproved(obligations: list[Obligation]) -> list[Obligation]:
    """Return the obligations that were refuted, or that the solvers could not decide."""
    return [one for one in obligations if one.status != "proved"]
