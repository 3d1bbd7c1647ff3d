"""Gathers the ledger: every kind of evidence, then the exporters, then a sample of mutants, which must be killed."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from latchproof.check.pool import cores
from latchproof.contracts import ContractsNotRunError, find_root, read_ahead
from latchproof.mutants.matrix import Matrix, evaluate_mutants, make_ahead
from latchproof.verify.evidence import Cell, Evidence, Gathered
from latchproof.verify.exported import check_exports
from latchproof.verify.kinds import KINDS, MUTANT_CHECKS
from latchproof.verify.ledger import Ledger

QUICK_CHECKS: Final = tuple(check for check in MUTANT_CHECKS if check.is_quick)
"""The checks to which the mutants of a quick ledger are put."""


def gather(*, quick: bool = False, on_start: Callable[[str], None] = lambda what: None) -> Ledger:
    """Gather all of it for the shipped specification and classes; with `quick`, to smaller bounds.

    `on_start` is told what is gathered next.
    """
    begun, used = time.perf_counter(), sum(os.times()[:4])
    ledger = Ledger(quick=quick, gathered=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    with suppress(ContractsNotRunError):
        read_ahead(find_root())
    beside = [kind for kind in KINDS if kind.runs_beside]

    def enter(kind: Evidence, gathered: Callable[[], Gathered]) -> None:
        on_start(kind.name)
        cells, ledger.rules[kind.name] = gathered()
        ledger.cells += cells

    with ThreadPoolExecutor(len(beside) + 1) as pool:
        waiting = [(kind, pool.submit(kind.gathered, quick=quick).result) for kind in beside]
        evaluated = None
        if quick:  # its mutants depend on nothing that is gathered: another process evaluates them meanwhile
            make_ahead()
            evaluated = pool.submit(evaluate_mutants, QUICK_CHECKS, quick=True, sampled=True, apart=True).result
        for kind in KINDS:
            if kind not in beside:
                enter(kind, partial(kind.gathered, quick=quick))
        if not quick:  # whether mutants can be put to contracts is known once those have been gathered
            for kind, result in waiting:
                enter(kind, result)
        on_start("exports")
        ledger.exports = check_exports(quick=quick)
        on_start("mutants")
        try_mutants(ledger, quick=quick, evaluated=evaluated)
        if quick:
            for kind, result in waiting:
                enter(kind, result)
    ledger.seconds, ledger.cpu_seconds = time.perf_counter() - begun, sum(os.times()[:4]) - used
    return ledger


def try_mutants(ledger: Ledger, *, quick: bool, evaluated: Callable[[], Matrix] | None = None) -> None:
    """Put a sample of mutants to the kinds of evidence, and fail each cell that could not have failed.

    `evaluated` waits for a matrix that is on its way.
    """
    idle = {kind.name for kind in KINDS} - {cell.kind for cell in ledger.cells if cell.status != "not_run"}
    checks = QUICK_CHECKS if quick else tuple(check for check in MUTANT_CHECKS if check.kind not in idle)
    try:
        evaluated = evaluated or partial(evaluate_mutants, checks, quick=quick, sampled=True, workers=cores())
        ledger.mutants = matrix = evaluated()
    except Exception as error:  # as where a named fault no longer fits the specification
        ledger.no_mutants = f"evaluating them raised {type(error).__name__}: {error}"
        return
    for place, cell in enumerate(ledger.cells):
        if cell.kind in matrix.kinds:
            cell = replace(cell, killed_mutants=matrix.killed(cell.claim, cell.kind))
        ledger.cells[place] = could_have_failed(cell)


def could_have_failed(cell: Cell) -> Cell:
    """Return the cell; or, if it would hold of every faulty specification too, one that fails."""
    must_kill = next(kind.must_kill for kind in KINDS if kind.name == cell.kind)
    if not must_kill or cell.status != "holds" or cell.killed_mutants:
        return cell
    detail = f"no mutant of the specification breaks it by what is {cell.kind}: nothing shows that it could fail"
    return replace(cell, status="fails", detail=detail)
