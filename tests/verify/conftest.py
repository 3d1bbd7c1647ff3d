"""A ledger that is gathered once for all tests; the contracts, which take a minute, are taken for confirmed."""

from __future__ import annotations

import time

import pytest

from latchproof.verify import contracted, fuzzed
from latchproof.verify.gather import gather
from latchproof.verify.ledger import Ledger
from tests.verify.ledgers import NAMES, contracts


def make_quick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(contracted, "check_contracts", lambda **options: contracts())
    patch.setattr(fuzzed, "QUICK_EXAMPLES", 25)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="session")
def gathered() -> Ledger:
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        started: list[str] = []
        begun = time.perf_counter()
        ledger = gather(quick=True, on_start=started.append)
        seconds = time.perf_counter() - begun
        # what one kind took is the same in all of its cells; the contracts were not really checked
        took = {cell.kind: cell.seconds for cell in ledger.cells if cell.kind not in ("contracted", "scheduled")}
        assert sum(took.values()) <= ledger.seconds <= seconds
        assert sorted(started) == sorted([*NAMES, "exports", "mutants"])
        return ledger
