"""Accepts what the solvers are asked now: writes its digests, and the numbers of obligations, into manifest.toml.

`latchproof verify` fails where what is asked is not what the manifest has. Run this if the change is meant, and review
the difference: a rule that is not meant to change must keep its digest. Nothing is written unless all of it is proved.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from latchproof.prove.digests import digests, with_table
from latchproof.prove.goals import Obligation
from latchproof.prove.obligations import WHOLE, prove_all

MANIFEST = Path(__file__).parent / "manifest.toml"


def accepted(manifest: str, obligations: Sequence[Obligation]) -> str:
    """Return the text of the manifest with the numbers and digests of these obligations."""
    for machine in dict.fromkeys(one.machine for one in obligations):
        number = Counter(one.part for one in obligations if one.machine == machine)
        counted = ", ".join(f"{part} = {number[part]}" for part in WHOLE)
        manifest, lines = re.subn(rf"(?m)^{machine} = {{ counters = .*$", f"{machine} = {{ {counted} }}", manifest)
        if lines != 1:
            raise ValueError(f"[proofs] must have one line that begins with {machine} = {{ counters, and has {lines}")
    return with_table(manifest, digests(obligations))


def main() -> int:
    """Write the manifest; return an exit code."""
    obligations = prove_all()
    if bad := [one for one in obligations if one.status != "proved"]:
        print(f"nothing was written: {len(bad)} obligations are not proved; latchproof prove shows them")
        return 1
    MANIFEST.write_text(accepted(MANIFEST.read_text(encoding="utf-8"), obligations), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
