"""A ledger that is gathered once for all tests; the contracts, which take a minute, are taken for confirmed.

Its mutants are those of `tests/mutants`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from latchproof.mutants.checks import MutantCheck
from latchproof.mutants.matrix import Matrix
from latchproof.verify import contracted, fuzzed
from latchproof.verify import gather as gathering
from latchproof.verify.gather import gather
from latchproof.verify.ledger import Ledger
from tests.mutants.quick import quick_matrix
from tests.verify.ledgers import NAMES, contracts


def make_quick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(contracted, "check_contracts", lambda **options: contracts())
    patch.setattr(fuzzed, "QUICK_EXAMPLES", 25)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="session")
def gathered() -> Ledger:
    def matrix_of(checks: Sequence[MutantCheck], **options: object) -> Matrix:
        assert (tuple(checks), options) == (gathering.QUICK_CHECKS, {"quick": True, "sampled": True, "apart": True})
        return quick_matrix()

    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        patch.setattr(gathering, "evaluate_mutants", matrix_of)
        started: list[str] = []
        begun = time.perf_counter()
        ledger = gather(quick=True, on_start=started.append)
        seconds = time.perf_counter() - begun
        # what one kind took is the same in all of its cells; the contracts were not really checked
        took = {cell.kind: cell.seconds for cell in ledger.cells if cell.kind not in ("contracted", "scheduled")}
        assert sum(took.values()) <= ledger.seconds <= seconds
        assert sorted(started) == sorted([*NAMES, "exports", "mutants"])
        return ledger
