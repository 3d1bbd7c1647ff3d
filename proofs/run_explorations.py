"""Explore what the manifest lists, and exit with 1 if any count or verdict differs from it.

python proofs/run_explorations.py [CHECKOUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from latchproof.explore.expected import compare, gaps, read_expectations


def main(root: Path) -> int:
    expectations = read_expectations(root / "proofs" / "manifest.toml")
    failures = list(gaps(expectations))
    for one in expectations:
        found = compare(one)
        counts = ", ".join(f"{number:,} {name}" for name, number in found.counts.items())
        print(f"{one.table:<8} {one.machine:<7} {one.name}: {counts}; {' '.join(one.claims)}; {found.seconds:.1f} s")
        failures += [f"{one}: {failure}" for failure in found.failures]
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(expectations)} explorations, {len(failures)} failures")
    return 0 if expectations and not failures else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).resolve().parents[1]))
