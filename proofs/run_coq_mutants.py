"""Render mutants of the specification to Coq, and compile the proofs with each: a proof that always compiles is empty.

Exits with 1 if a mutant survives that is not equivalent to the original and for which `coq_survivors.toml` has no
argument, if Coq does not come to an end with one, or if a mutant that the file names for a claim is not killed or does
not break that claim. Exploring a killed mutant says which claims it breaks: that a proof does not compile says only
that some proof fails.

A mutant is killed if a proof does not compile with it. It is refused if it cannot be rendered, or if Coq refuses what
is rendered: then no proof was tried. The mutants that `coq_survivors.toml` names are tried, and every Nth of all.

python -m proofs.run_coq_mutants [--every 200] [--only TEXT] [--jobs 2]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

from latchproof.export import coq
from latchproof.export.coq_theorems import TIMEOUT, CoqError, NotCompiledError, compile_all, needed, required, sources
from latchproof.export.coq_types import NotRenderedError
from latchproof.mutants.checks import CALLED, EXPLORED
from latchproof.mutants.evaluate import MutantEvaluator
from latchproof.mutants.generate import mutants
from latchproof.mutants.mutant import Mutant, rules_module
from latchproof_spec import step
from latchproof_spec.machines import MACHINES

ROOT: Final = Path(__file__).resolve().parents[1]
BASE: Final = ROOT / "build" / "coq"
"""Where the proofs about the specification itself are compiled, by run_coq.py."""

ACCOUNTS: Final = ROOT / "proofs" / "coq_survivors.toml"

Fate: TypeAlias = Literal["killed", "survived", "refused", "rendered the same", "timed out"]


@dataclass(frozen=True)
class Tried:
    """What became of a mutant: `where` is the file that did not compile, or why it was refused."""

    mutant: Mutant
    fate: Fate
    where: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the proofs with mutants of the specification.")
    parser.add_argument("--every", type=int, default=200, help="also try every Nth of all mutants; 0 tries none")
    parser.add_argument("--only", default="", help="try only mutants with this text in their ID")
    parser.add_argument("--jobs", type=int, default=2, help="number of mutants tried at a time")
    asked = parser.parse_args()
    begun = time.monotonic()
    accounts = tomllib.loads(ACCOUNTS.read_text(encoding="utf-8"))
    chosen = list(choose(asked.every, asked.only, accounts["breaks"]))
    files = needed(sources(ROOT))
    require_compiled(files)
    evaluator = MutantEvaluator((EXPLORED, CALLED), quick=True)
    fates: Counter[Fate] = Counter()
    broken: dict[str, set[str]] = {}
    wrong: list[str] = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for one in pool.map(partial(attempt, files), chosen):
            fates[one.fate] += 1
            said = one.where
            if one.fate in ("killed", "survived"):
                result = evaluator.evaluate(one.mutant)
                assert result is not None
                if one.fate == "killed":
                    broken[one.mutant.id] = {f"{one.mutant.machine.name} {claim}" for claim in result.claims}
                    said += f"; breaks {', '.join(sorted(result.claims)) or 'no claim under our policy'}"
                elif result.status == "equivalent":
                    said = "it never does anything else, as the solver says"
                elif why := accounts["survivors"].get(one.mutant.id):
                    said = why
                else:
                    wrong.append(f"a mutant survives: {one.mutant.id}")
            elif one.fate == "timed out":
                wrong.append(f"no result within {TIMEOUT:.0f} s: {one.mutant.id}")
            print(f"{one.fate}: {one.mutant.id} ({said})", flush=True)
    if not asked.only:
        wrong += [
            f"{claim}: no killed mutant that breaks it is {name}"
            for claim, name in accounts["breaks"].items()
            if claim not in broken.get(name, ())
        ]
    for text in wrong:
        print(f"WRONG {text}")
    counts = ", ".join(f"{number} {fate}" for fate, number in sorted(fates.items()))
    which = (
        f"with {asked.only!r} in their ID"
        if asked.only
        else f"those that {ACCOUNTS.name} names" + (f", and one in {asked.every} of all" if asked.every else "")
    )
    killers = Counter(claim for claims in broken.values() for claim in claims)
    print(f"killed mutants that break a claim: {', '.join(f'{one} {killers[one]}' for one in accounts['breaks'])}")
    print(f"{len(chosen)} mutants ({which}): {counts}; {time.monotonic() - begun:.0f} s")
    return 1 if wrong or not fates["killed"] else 0


def require_compiled(files: Mapping[str, str]) -> None:
    """Raise CoqError unless what run_coq.py has compiled is what these files say: mutants are compiled beside it."""
    for name, text in files.items():
        kept = BASE / f"{name}.v"
        if not kept.with_suffix(".vo").exists() or kept.read_text(encoding="utf-8") != text:
            raise CoqError(f"{kept.relative_to(ROOT)} is missing or stale; run proofs/run_coq.py first")


def choose(every: int, only: str, breaks: Mapping[str, str]) -> Iterator[Mutant]:
    """Yield the mutants to be tried."""
    places = set(breaks.values())
    for machine in MACHINES.values():
        rendered = [one for one in mutants(machine) if one.text or one.step_text]
        for number, mutant in enumerate(rendered):
            if only in mutant.id if only else mutant.id in places or (every and number % every == 0):
                yield mutant


def attempt(files: Mapping[str, str], mutant: Mutant) -> Tried:
    """Return what becomes of a mutant."""
    try:
        rendered = coq.files(partial(with_fault, mutant))
    except NotRenderedError as error:
        return Tried(mutant, "refused", str(error))
    changed = {name: text for name, text in rendered.items() if name in files and text != files[name]}
    if not changed:
        return Tried(mutant, "rendered the same")
    affected = set(changed)
    while more := {name for name in files if name not in affected and required(files[name]) & affected}:
        affected |= more
    with TemporaryDirectory() as name:
        folder = Path(name)
        for one in set(files) - affected:
            for suffix in (".v", ".vo"):
                shutil.copy2(BASE / f"{one}{suffix}", folder)
        texts = {one: changed.get(one, files[one]) for one in affected}
        try:
            for _ in compile_all(texts, folder, jobs=1):
                pass
        except NotCompiledError as error:
            refused: Fate = "refused" if error.name in changed else "killed"
            return Tried(mutant, "timed out" if error.timed_out else refused, str(error).partition(":")[0])
    return Tried(mutant, "survived")


def with_fault(mutant: Mutant, module: str) -> str:
    """Return the text of a module of the specification, with the fault if it is there."""
    if mutant.text is not None and module == rules_module(mutant.machine).__name__:
        return mutant.text()
    if mutant.step_text is not None and module == step.__name__:
        return mutant.step_text()
    return coq.installed(module)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CoqError as error:
        print(f"coq: {error}", file=sys.stderr)
        sys.exit(1)
