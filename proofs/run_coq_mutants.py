"""Render mutants of the specification to Coq, and compile the proofs with each: a proof that always compiles is empty.

Exits with 1 if a mutant survives that is not the original in other words, and for which `coq_survivors.toml` has no
argument; or if a theorem has no mutant that is killed, and that breaks its claim by what is explored, which is how
`latchproof mutants` says what a claim is. That a proof does not compile says that some proof fails, not which claim is
false: so the claims beside a killed mutant are those that exploring it breaks.

A mutant is killed if a proof does not compile with it, and refused if it cannot be rendered. Tried are those that
`coq_survivors.toml` names for each claim, and one in so many of all.

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
from latchproof.export.coq_theorems import CoqError, compile_all, needed, required, sources
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
    parser.add_argument("--every", type=int, default=200, help="try one in so many of all mutants too; 0: none")
    parser.add_argument("--only", default="", help="try those alone with this text in their ID")
    parser.add_argument("--jobs", type=int, default=2, help="mutants that are tried at the same time")
    asked = parser.parse_args()
    begun = time.monotonic()
    accounts = tomllib.loads(ACCOUNTS.read_text(encoding="utf-8"))
    chosen = list(choose(asked.every, asked.only, accounts["breaks"]))
    files = needed(sources(ROOT))
    evaluator = MutantEvaluator((EXPLORED, CALLED), quick=True)
    fates: Counter[Fate] = Counter()
    broken: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for one in pool.map(partial(attempt, files), chosen):
            fates[one.fate] += 1
            said = one.where
            if one.fate in ("killed", "survived"):
                result = evaluator.evaluate(one.mutant)
                assert result is not None
                if one.fate == "killed":
                    broken.update((one.mutant.machine.name, claim) for claim in result.claims)
                    said += f"; breaks {', '.join(sorted(result.claims)) or 'no claim under our policy'}"
                elif result.status == "equivalent":
                    said = "it never does anything else, as the solver says"
                elif why := accounts["survivors"].get(one.mutant.id):
                    said = why
                else:
                    wrong.append(f"a mutant survives: {one.mutant.id}")
            print(f"{one.fate}: {one.mutant.id} ({said})", flush=True)
    proved = [(machine.name, claim.id) for machine in MACHINES.values() for claim in machine.claims]
    if not asked.only:
        named = {mutant.id for mutant in chosen}
        wrong += [f"{ACCOUNTS.name} names no mutant: {one}" for one in set(accounts["breaks"].values()) - named]
        wrong += [
            f"{machine} {claim}: no mutant that breaks it was killed"
            for machine, claim in proved
            if not broken[machine, claim]
        ]
    for text in wrong:
        print(f"WRONG {text}")
    counts = ", ".join(f"{number} {fate}" for fate, number in sorted(fates.items()))
    which = (
        f"with {asked.only!r} in their ID"
        if asked.only
        else f"those that {ACCOUNTS.name} names" + (f", and one in {asked.every} of all" if asked.every else "")
    )
    per_claim = ", ".join(f"{machine} {claim} {broken[machine, claim]}" for machine, claim in proved)
    print(f"killed mutants that break a claim: {per_claim}")
    print(f"{len(chosen)} mutants ({which}): {counts}; {time.monotonic() - begun:.0f} s")
    return 1 if wrong or not fates["killed"] else 0


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
        except CoqError as error:
            is_late = "did not compile in" in str(error)
            return Tried(mutant, "timed out" if is_late else "killed", str(error).partition(":")[0])
    return Tried(mutant, "survived")


def with_fault(mutant: Mutant, module: str) -> str:
    """Return the text of a module of the specification, with the fault if it is there."""
    if mutant.text is not None and module == rules_module(mutant.machine).__name__:
        return mutant.text()
    if mutant.step_text is not None and module == step.__name__:
        return mutant.step_text()
    return coq.installed(module)


if __name__ == "__main__":
    sys.exit(main())
