"""Check all contracts and print a table of what was found; exit with 1 if anything is not as the manifest has it.

python proofs/run_contracts.py [--claim ID] [CHECKOUT]

With a claim, only the files with a contract about it, or with contracts that are false, are checked.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from latchproof.contracts import check_contracts


def main(root: Path, claim: str | None = None) -> int:
    outcome = check_contracts(root, claim=claim)
    shown = [one for one in outcome.conditions if claim is None or claim in one.claims or one.expected == "refuted"]
    if claim is not None and not outcome.of_claim(claim):
        print(f"FAILED no contract is about {claim}")
        return 1
    of_function = Counter((c.file, c.function, c.status, " ".join(c.claims)) for c in shown)
    for (file, function, status, claims), count in of_function.items():
        print(f"{file:37} {function:18} {count:2} {status:13} {claims}".rstrip())
    for failure in outcome.failures:
        print(f"FAILED {failure}")
    totals = Counter(condition.status for condition in shown)
    summary = ", ".join(f"{count} {status}" for status, count in totals.items())
    print(f"{summary or 'nothing checked'}; {len(outcome.failures)} failures; {outcome.seconds:.1f} s")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the gate of the contracts")
    parser.add_argument("--claim", metavar="ID", help="check only the contracts about this claim")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    given = parser.parse_args()
    sys.exit(main(given.root, given.claim))
