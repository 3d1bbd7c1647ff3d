"""Explore what the manifest lists, and exit with 1 if any count or verdict differs from it.

python proofs/run_explorations.py [CHECKOUT]

It also prints what each property refuses, and how many steps the claims refuse, as they stand in the manifest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from latchproof.explore.completeness import find_gaps, read_completeness
from latchproof.explore.expected import compare, gaps, read_expectations
from latchproof.explore.refusals import differing_refusals, pools, read_refusals, written
from latchproof_spec.machines import MACHINES


def main(root: Path) -> int:
    manifest = root / "proofs" / "manifest.toml"
    expectations = read_expectations(manifest)
    failures = list(gaps(expectations))
    for one in expectations:
        found = compare(one)
        counts = ", ".join(f"{number:,} {name}" for name, number in found.counts.items())
        print(f"{one.table:<8} {one.machine:<7} {one.name}: {counts}; {' '.join(one.claims)}; {found.seconds:.1f} s")
        failures += [f"{one}: {failure}" for failure in found.failures]
    refusals = read_refusals(manifest)
    for machine in MACHINES.values():
        print(refusal_table(machine.name))
        failures += [failure for _, failure in differing_refusals(machine, refusals.get(machine.name, {}))]
    for machine in MACHINES.values():
        complete = find_gaps(machine)
        print(f"[completeness] {machine.name}: {complete.counts}")
        failures += filter(None, [complete.failure(read_completeness(manifest))])
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(expectations)} explorations, {len(failures)} failures")
    return 0 if expectations and not failures else 1


def refusal_table(name: str) -> str:
    """Return the table of a machine's refusals, as it should stand in the manifest."""
    rows = [f"{json.dumps(pool.name)} = {json.dumps(written(pool.verdicts))}" for pool in pools(MACHINES[name])]
    return "\n".join((f"[refused.{name}]", *rows))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).resolve().parents[1]))
