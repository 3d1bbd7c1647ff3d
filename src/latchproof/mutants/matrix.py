"""Claims x mutants: which claim breaks on which fault of the specification, by which kind of evidence.

Evidence that could not have failed is none. Every mutant of the specification is judged (`verify.mutant_judge`). Then
every mutant breaks a claim, or is the original in other words; and every claim is broken by a mutant, or says nothing.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from latchproof.contracts import (
    MANIFEST,
    PLUGIN,
    ContractsNotRunError,
    find_root,
    read_conditions,
    read_manifest,
)
from latchproof.mutants.difference import changed_operations, functions_of
from latchproof.mutants.evaluate import BOUNDS, CONDITION_SECONDS, KINDS, Judgement, Kind, MutantJudge, Status
from latchproof.mutants.generate import Mutant, generated, named
from latchproof_spec.machines import CLAIMS, MACHINES

SAMPLE = 40
"""When sampled, of the generated mutants one in so many is judged."""
BATCH = 25
"""So many texts does CrossHair get at once."""


@dataclass
class Matrix:
    """Every judgement, and for each kind of evidence its bound and how long it took, in seconds.

    `chosen` says which mutants and policies were, and `partial` whether they are too few to call a claim vacuous.
    `not_judged` are the mutants that none of the kinds can judge. `of_original` are the claims that the original breaks
    when it is judged the same way: a judge that condemns the innocent has shown nothing.
    """

    kinds: tuple[Kind, ...]
    bounds: dict[Kind, str]
    chosen: str = ""
    partial: bool = False
    judgements: list[Judgement] = field(default_factory=list)
    not_judged: list[Mutant] = field(default_factory=list)
    of_original: set[str] = field(default_factory=set)
    seconds: dict[Kind, float] = field(default_factory=dict)

    def killed(self, claim: str, kind: Kind | None = None) -> int:
        """How many mutants the claim kills, by one kind of evidence or by any."""
        return sum(claim in (one.broken.get(kind, ()) if kind else one.claims) for one in self.judgements)

    def with_status(self, status: Status) -> list[Judgement]:
        """The judgements of that status."""
        return [one for one in self.judgements if one.status == status]

    @property
    def vacuous(self) -> list[str]:
        """The claims that no mutant breaks."""
        return [claim.id for claim in CLAIMS if not self.partial and not self.killed(claim.id)]

    @property
    def exit_code(self) -> int:
        """1 if a mutant survives, a claim is vacuous or the original is condemned, 3 if one is undecided, else 0."""
        if self.with_status("survives") or self.vacuous or self.of_original or not self.judgements:
            return 1
        return 3 if self.with_status("undecided") else 0

    def to_json(self) -> dict[str, Any]:
        """The matrix as plain data."""
        return {
            "kinds": list(self.kinds),
            "bounds": self.bounds,
            "chosen": self.chosen,
            "seconds": self.seconds,
            "killed": {claim.id: {kind: self.killed(claim.id, kind) for kind in self.kinds} for claim in CLAIMS},
            "vacuous": self.vacuous,
            "broken_by_the_original": sorted(self.of_original),
            "statuses": dict(Counter(one.status for one in self.judgements)),
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
                for one in self.judgements
            ],
            "exit_code": self.exit_code,
        }


def judge_mutants(
    kinds: Sequence[Kind] = KINDS,
    *,
    quick: bool = False,
    sampled: bool = False,
    only: str = "",
    workers: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Matrix:
    """Judge every mutant whose ID has `only` in it, in so many processes; what comes of it is the same for any number.

    When `sampled`, all that are named and a sample of those that are generated. With `quick` too, and those under our
    own policy alone, in this process; and they are fuzzed only until each claim that schedules break is broken so too.

    >>> matrix = judge_mutants(["explored"], quick=True, only="barrier.B2: the queue indexed -> stays")
    >>> [(one.status, sorted(one.claims)) for one in matrix.judgements]
    [('killed', ['C11', 'C13', 'C5', 'C6'])]
    """
    kinds = tuple(kind for kind in KINDS if kind in kinds)
    step = SAMPLE if (quick or sampled) and not only else 1
    of_which = f", of the generated ones one in {step}" if step > 1 else ""
    under = (
        "our own policy" if quick else "the first policy under which it differs; explored and called, under all such"
    )
    matrix = Matrix(kinds, {kind: BOUNDS[kind] for kind in kinds}, seconds=dict.fromkeys(kinds, 0.0))
    matrix.chosen = f"{f'those with {only!r} in their ID' if only else 'all'}{of_which}; each judged under {under}"
    if quick and {"fuzzed", "scheduled"} <= set(kinds):
        matrix.chosen += "; fuzzed, until each claim that schedules break was broken so too"
    matrix.partial = bool(only)
    chosen = _chosen(step, only)
    results = (
        _judged_here(kinds, chosen, quick=quick) if quick or workers < 2 else _judged_apart(kinds, step, only, workers)
    )
    for number, mutant in enumerate(chosen):
        if progress is not None:
            progress(f"{number} of {len(chosen)}: {mutant.id}")
        result = next(results)
        matrix.of_original |= result.of_original
        for kind, seconds in result.seconds.items():
            matrix.seconds[kind] += seconds
        if result.found is None:
            matrix.not_judged.append(mutant)
        else:
            matrix.judgements.append(Judgement(mutant, **result.found))
    if "contracted" in kinds:
        _refute_contracts(matrix, 1 if quick else workers, progress)
    return matrix


@lru_cache(maxsize=4)
def _chosen(every: int, only: str) -> tuple[Mutant, ...]:
    """All that are named, and of the generated ones one in so many; of those, the ones with `only` in their ID."""
    return tuple(
        one for machine in MACHINES.values() for one in (*named(machine), *generated(machine, every)) if only in one.id
    )


class _Result(NamedTuple):
    """What came of one mutant, that can be sent: all of a judgement but the mutant, which is code.

    `found` is None if it cannot be judged. `of_original` are the claims that the original was found to break so far,
    and `seconds` is how long each kind took.
    """

    found: dict[str, Any] | None
    of_original: frozenset[str]
    seconds: dict[Kind, float]


def _judged_here(kinds: Sequence[Kind], mutants: Iterable[Mutant], *, quick: bool) -> Iterator[_Result]:
    judge = MutantJudge(kinds, quick=quick)
    return (_result(judge, mutant) for mutant in mutants)


def _result(judge: MutantJudge, mutant: Mutant) -> _Result:
    before = dict(judge.seconds)
    judgement = judge.judge(mutant)
    found = None if judgement is None else {key: value for key, value in vars(judgement).items() if key != "mutant"}
    return _Result(found, frozenset(judge.of_original), {kind: judge.seconds[kind] - before[kind] for kind in before})


def _judged_apart(kinds: Sequence[Kind], every: int, only: str, workers: int) -> Iterator[_Result]:
    """As `_judged_here`, in processes of their own, each of which makes the mutants anew."""
    processes = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (kinds, every, only))
    try:
        yield from processes.map(_judge_number, range(len(_chosen(every, only))))
    finally:
        processes.shutdown(cancel_futures=True)


_judge: MutantJudge
_mutants: tuple[Mutant, ...]


def _begin(kinds: Sequence[Kind], every: int, only: str) -> None:
    """What a process begins with."""
    global _judge, _mutants
    _judge, _mutants = MutantJudge(kinds, quick=False), _chosen(every, only)


def _judge_number(number: int) -> _Result:
    return _result(_judge, _mutants[number])


def _refute_contracts(matrix: Matrix, workers: int, progress: Callable[[str], None] | None) -> None:
    """Have CrossHair check the texts of the mutants that differ, so many in a process: to start one takes its time."""
    begun = time.perf_counter()
    root = find_root()
    claims = {
        (Path(one.file).stem, one.function): one.claims
        for one in read_manifest((root / MANIFEST).read_text(encoding="utf-8"))
        if Path(one.file).parts[0] == "spec"
    }
    judged = [one for one in matrix.judgements if one.differs and one.mutant.is_of_functions]
    texts = [_contracted_text(one.mutant) for one in judged]  # not in the threads: see `contracts.read_ahead`
    batches = [texts[start:][:BATCH] for start in range(0, len(texts), BATCH)]
    with ThreadPoolExecutor(workers) as threads:  # each waits for a process
        refuted: list[set[str]] = []
        for number, said in enumerate(threads.map(partial(_ask_crosshair, root), batches)):
            refuted += _refuted(batches[number], said)
            if progress is not None:
                progress(f"contracts, {number + 1} of {len(batches)} batches")
    for one, functions in zip(judged, refuted, strict=True):
        found = {claim for name in functions for claim in claims.get((one.mutant.machine.name, name), ())}
        one.broken["contracted"] = frozenset(found)
    matrix.seconds["contracted"] = time.perf_counter() - begun


def _contracted_text(mutant: Mutant) -> str:
    """The mutant's text, with the contracts of the functions that are changed alone."""
    tree = ast.parse(mutant.source)
    functions = functions_of(mutant.machine)
    kept = {functions[name].__name__ for name in changed_operations(MACHINES[mutant.machine.name], mutant.machine)}
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name not in kept and ast.get_docstring(function):
            function.body[:1] = []
    return ast.unparse(tree)


def _ask_crosshair(root: Path, texts: Sequence[str]) -> str:
    """What CrossHair says of these texts, as files named by their place among them."""
    command = [sys.executable, "-m", "crosshair", "check", "--analysis_kind=PEP316"]
    command += ["--per_condition_timeout", str(CONDITION_SECONDS), "--extra_plugin", str(root / PLUGIN), "--"]
    paths = [str(root / "src"), str(root / "spec"), str(root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    with TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            (Path(folder) / f"m{number}.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [*command, *(str(Path(folder) / f"m{number}.py") for number in range(len(texts)))],
            cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1):
        raise ContractsNotRunError(f"CrossHair exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _refuted(texts: Sequence[str], said: str) -> list[set[str]]:
    """For each text, the functions of which CrossHair said that it refutes a condition."""
    found: list[set[str]] = [set() for _ in texts]
    lines = [{line: function for function, line, _ in read_conditions(text)} for text in texts]
    for line in said.splitlines():
        if message := re.fullmatch(r".*\bm(?P<number>\d+)\.py:(?P<line>\d+): error: false when calling .*", line):
            number = int(message["number"])
            if function := lines[number].get(int(message["line"])):
                found[number].add(function)
    return found


def in_order(claims: frozenset[str]) -> list[str]:
    """Claims by their numbers; "" first, which is what keeps the proofs honest."""
    return sorted(claims, key=lambda claim: int(claim[1:] or 0))
