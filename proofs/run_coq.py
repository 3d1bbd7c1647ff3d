"""Compile the specification, as it is rendered now, with the proofs in proofs/coq; list what is proved.

Exits with 1 if a file does not compile, if a committed file is not what is rendered now, if Coq computes another result
than Python, or if a claim has no theorem that rests on no axiom. Everything is compiled from scratch, in build/coq.

python proofs/run_coq.py
"""

from __future__ import annotations

import resource
import shutil
import sys
import time
from pathlib import Path

from latchproof.export import coq
from latchproof.export.coq_comparison import LONGEST, NUMBERS, compared, comparisons
from latchproof.export.coq_theorems import CoqError, compile_all, sources, theorems
from latchproof.export.coq_types import NotRenderedError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "coq"


def main() -> int:
    started = time.monotonic()
    files = sources(ROOT)
    stale = [name for name in coq.files() if (ROOT / "spec" / "exports" / f"{name}.v").read_text() != files[name]]
    for name in stale:
        print(f"WRONG spec/exports/{name}.v is not what is rendered now: run `make spec`, and read the difference")
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, seconds in compile_all(files, FOLDER):
        print(f"compiled {name}.v in {seconds:.1f} s", flush=True)
    print(
        f"Coq computes what Python computes: {sum(map(compared, comparisons().values())):,} results "
        f"(numbers {NUMBERS[0]} to {NUMBERS[-1]}, queues up to {LONGEST})"
    )
    found = theorems(files, FOLDER)
    for one in found:
        print(one)
    proved = sum(one.holds for one in found)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{len(found)} statements, {proved} theorems that rest on no axiom, {len(stale)} stale files; "
        f"{time.monotonic() - started:.0f} s, {used.ru_utime + used.ru_stime:.0f} CPU-seconds"
    )
    return 1 if stale or proved < len(found) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CoqError, NotRenderedError) as error:
        print(f"coq: {error}", file=sys.stderr)
        sys.exit(1)
