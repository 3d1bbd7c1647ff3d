"""Check all contracts and print a table of what was found; exit with 1 if anything is not as the manifest has it.

python proofs/run_contracts.py [CHECKOUT]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from latchproof.verify.contracts import check_contracts


def main(root: Path) -> int:
    outcome = check_contracts(root)
    of_function = Counter((c.file, c.function, c.status, " ".join(c.claims)) for c in outcome.conditions)
    for (file, function, status, claims), count in of_function.items():
        print(f"{file:32} {function:18} {count:2} {status:13} {claims}".rstrip())
    for failure in outcome.failures:
        print(f"FAILED {failure}")
    totals = Counter(condition.status for condition in outcome.conditions)
    summary = ", ".join(f"{count} {status}" for status, count in totals.items())
    print(f"{summary or 'nothing checked'}; {len(outcome.failures)} failures; {outcome.seconds:.1f} s")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).resolve().parents[1]))
