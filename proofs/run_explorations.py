"""Explore what the manifest lists; exit with 1 if anything found differs from it.

python proofs/run_explorations.py [CHECKOUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from latchproof.explore.expected import check, gaps, read_pinned


def main(root: Path) -> int:
    pinned = read_pinned(root / "proofs" / "manifest.toml")
    failures = list(gaps(pinned))
    for one in pinned:
        outcome = check(one)
        counts = ", ".join(f"{number:,} {name}" for name, number in outcome.counts.items())
        print(f"{one.kind:<8} {one.machine:<7} {one.name}: {counts}; {' '.join(one.claims)}; {outcome.seconds:.1f} s")
        failures += [f"{one.kind} {one.machine} {one.name}: {failure}" for failure in outcome.failures]
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(pinned)} explorations, {len(failures)} failures")
    return 0 if pinned and not failures else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).resolve().parents[1]))
