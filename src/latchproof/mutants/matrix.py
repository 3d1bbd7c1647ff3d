"""Claims x mutants: which claim breaks on which fault of the specification, by which kind of evidence.

Evidence that could not have failed shows nothing. So each mutant must break a claim, or be the original in other words;
and each claim must be broken by a mutant, or it says nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, Final

from latchproof.mutants.checks import MutantCheck
from latchproof.mutants.evaluate import MutantEvaluator, MutantResult, MutantStatus
from latchproof.mutants.generate import mutants
from latchproof.mutants.mutant import Mutant
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES

SAMPLE: Final = 40
"""Generated mutants of which a sample has one."""


@dataclass
class Matrix:
    """What became of every mutant, and for each kind of evidence its bound and how long it took, in seconds.

    `chosen` says which mutants and policies were, and `partial` whether they are too few to call a claim vacuous.
    `not_tried` are the mutants whose fault none of the kinds can find. `of_original` are the claims that the original
    breaks when it is put to the kinds in the same way: then nothing is shown.
    """

    kinds: tuple[str, ...]
    bounds: dict[str, str]
    chosen: str = ""
    partial: bool = False
    results: list[MutantResult] = field(default_factory=list)
    not_tried: list[Mutant] = field(default_factory=list)
    of_original: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    def killed(self, claim: str, kind: str | None = None) -> int:
        """Return how many mutants break the claim, by one kind of evidence or by any."""
        return sum(claim in (one.broken.get(kind, ()) if kind else one.claims) for one in self.results)

    def with_status(self, status: MutantStatus) -> list[MutantResult]:
        """Return the results of that status."""
        return [one for one in self.results if one.status == status]

    @property
    def vacuous(self) -> list[str]:
        """The claims that no mutant breaks."""
        return [claim.id for claim in CLAIMS if not self.partial and not self.killed(claim.id)]

    @property
    def exit_code(self) -> int:
        """1 if a mutant survives, a claim is vacuous or the original breaks one, 3 if a mutant is undecided, else 0."""
        if self.with_status("survives") or self.vacuous or self.of_original or not self.results:
            return 1
        return 3 if self.with_status("undecided") else 0

    def to_json(self) -> dict[str, Any]:
        """Return the matrix as plain data."""
        return {
            "kinds": list(self.kinds),
            "bounds": self.bounds,
            "chosen": self.chosen,
            "seconds": self.seconds,
            "killed": {claim.id: {kind: self.killed(claim.id, kind) for kind in self.kinds} for claim in CLAIMS},
            "vacuous": self.vacuous,
            "broken_by_the_original": sorted(self.of_original),
            "statuses": dict(Counter(one.status for one in self.results)),
            "mutants": [
                {
                    "id": one.mutant.id,
                    "place": one.mutant.place,
                    "sentence": one.mutant.sentence,
                    "edits": one.mutant.edits,
                    "status": one.status,
                    "differs": list(one.differs),
                    "witness": one.witness or one.breaks_down,
                    "broken": {kind: in_order(claims) for kind, claims in one.broken.items()},
                }
                for one in self.results
            ],
            "exit_code": self.exit_code,
        }


def evaluate_mutants(
    checks: Sequence[MutantCheck],
    *,
    quick: bool = False,
    sampled: bool = False,
    only: str = "",
    workers: int = 1,
    apart: bool = False,
    tell: Callable[[str], None] = lambda what: None,
) -> Matrix:
    """Put every mutant whose ID has `only` in it to the checks, in this number of processes.

    What becomes of it is the same for any number. When `sampled`, these are all that are named and a sample of those
    that are generated. With `quick` too, and under our own policy alone, one after another: in this process, or in
    another if they are to be put `apart`. `tell` is told how far it is.

    >>> from latchproof.mutants.checks import EXPLORED
    >>> matrix = evaluate_mutants([EXPLORED], quick=True, only="barrier.B2: the queue indexed -> stays")
    >>> [(one.status, sorted(one.claims)) for one in matrix.results]
    [('killed', ['C11', 'C13', 'C5', 'C6'])]
    """
    kinds = tuple(check.kind for check in checks)
    every = SAMPLE if (quick or sampled) and not only else 1
    matrix = Matrix(
        kinds,
        {check.kind: check.bound for check in checks},
        chosen=_in_words(checks, quick, every, only),
        partial=bool(only),
        seconds=dict.fromkeys(kinds, 0.0),
    )
    chosen = _chosen(every, only)
    workers = 1 if quick else workers
    one_by_one = map(MutantEvaluator(checks, quick=quick).evaluate, chosen)
    results = _in_processes(checks, every, only, workers, quick=quick) if apart or workers > 1 else one_by_one
    for number, mutant in enumerate(chosen):
        tell(f"{number} of {len(chosen)}: {mutant.id}")
        result = next(results)
        if result is None:
            matrix.not_tried.append(mutant)
            continue
        matrix.results.append(result)
        matrix.of_original |= result.of_original
        matrix.seconds = {kind: seconds + result.seconds[kind] for kind, seconds in matrix.seconds.items()}
    for check in checks:
        if check.broken_by_each is not None:
            _put_together(matrix, check, workers, tell)
    return matrix


def _in_words(checks: Sequence[MutantCheck], quick: bool, every: int, only: str) -> str:
    """Return which mutants are chosen, and under which policies they are tried."""
    which = f"those with {only!r} in their ID" if only else "all"
    sample = f", of the generated ones one in {every}" if every > 1 else ""
    thorough = " and ".join(check.kind for check in checks if check.under_every_policy)
    under = (
        "our own policy"
        if quick
        else "the first policy under which it differs" + (f"; {thorough}, under all such" if thorough else "")
    )
    kinds = [check.kind for check in checks]
    sparing = [check.kind for check in checks if not check.is_cheap]
    until = f"; {', '.join(sparing)}, until each claim that is known to be broken was broken so too"
    return f"{which}{sample}; each judged under {under}{until if quick and len(kinds) > 1 and sparing else ''}"


def _chosen(every: int, only: str) -> tuple[Mutant, ...]:
    """Return the named mutants and one in `every` of the generated ones, if they have `only` in their ID."""
    return tuple(one for machine in MACHINES.values() for one in _one_in(machine, every) if only in one.id)


def make_ahead() -> None:
    """Make the mutants of a sample before threads do, which must not parse at once: see `contracts.read_ahead`."""
    _chosen(SAMPLE, "")


@lru_cache(maxsize=4)
def _one_in(machine: Machine, every: int) -> tuple[Mutant, ...]:
    """Return the named mutants of a machine and one in `every` of its generated ones."""
    return tuple(mutants(machine, every))


def _in_processes(
    checks: Sequence[MutantCheck], every: int, only: str, workers: int, *, quick: bool
) -> Iterator[MutantResult | None]:
    """Evaluate the mutants in several processes. A mutant is code and cannot be sent: each process makes it again."""
    processes = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (checks, every, only, quick))
    chosen = _chosen(every, only)
    try:
        for mutant, result in zip(chosen, processes.map(_evaluate_number, range(len(chosen))), strict=True):
            yield None if result is None else MutantResult(mutant, **result)
    finally:
        processes.shutdown(cancel_futures=True)


_evaluator: MutantEvaluator
_mutants: tuple[Mutant, ...]


def _begin(checks: Sequence[MutantCheck], every: int, only: str, quick: bool) -> None:
    """Prepare a process."""
    global _evaluator, _mutants
    _evaluator, _mutants = MutantEvaluator(checks, quick=quick), _chosen(every, only)


def _evaluate_number(number: int) -> dict[str, Any] | None:
    result = _evaluator.evaluate(_mutants[number])
    return None if result is None else {name: value for name, value in vars(result).items() if name != "mutant"}


def _put_together(matrix: Matrix, check: MutantCheck, workers: int, tell: Callable[[str], None]) -> None:
    """Put all mutants that differ to a check that takes them together."""
    assert check.broken_by_each is not None
    begun = time.perf_counter()
    places = [place for place, one in enumerate(matrix.results) if one.differs and one.mutant.fault_in in check.sees]
    found = check.broken_by_each([matrix.results[place].mutant for place in places], workers, tell)
    for place, claims in zip(places, found, strict=True):
        one = matrix.results[place]
        matrix.results[place] = replace(one, broken={**one.broken, check.kind: frozenset(claims)})
    matrix.seconds[check.kind] = time.perf_counter() - begun


def in_order(claims: frozenset[str]) -> list[str]:
    """Return claims by their numbers; "" first, which is what keeps the proofs honest."""
    return sorted(claims, key=lambda claim: int(claim[1:] or 0))
