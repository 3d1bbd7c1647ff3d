"""Have Spin, and TLC where TLC_JAR names its jar, run the exported models; exit with 1 if they find otherwise than we.

python proofs/run_crosscheck.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from latchproof.verify.crosscheck import CrosscheckError, crosscheck, tlc_jar
from latchproof.verify.render.transitions import DEFAULT_BOUNDS, Bounds
from latchproof_spec.machines import BARRIER, LATCH, Machine

MODELS: tuple[tuple[Machine, str, Bounds], ...] = (
    (LATCH, "latchproof", Bounds(1, 3)),
    (LATCH, "latchproof", DEFAULT_BOUNDS["latch"]),
    (LATCH, "aiologic", Bounds(2, 3)),
    (BARRIER, "latchproof", Bounds(2, 3)),
    (BARRIER, "latchproof", DEFAULT_BOUNDS["barrier"]),
    (BARRIER, "java", Bounds(3, 4)),
    (BARRIER, "cpython", Bounds(3, 4)),
    (BARRIER, "latchproof", Bounds(3, 5, calls=2, operations=("wait",))),
)


def main() -> int:
    jar, missing = tlc_jar()
    wrong = 0
    for machine, name, bounds in MODELS:
        policy = next(one for one in machine.policies if one.name == name)
        calls = "calls without bound" if bounds.calls is None else f"{bounds.calls} calls each"
        print(f"{machine.name}({bounds.argument}), policy {name}, {bounds.tasks} tasks, {calls}", flush=True)
        with tempfile.TemporaryDirectory() as directory:
            found, differences = crosscheck(machine, policy, bounds, Path(directory), jar)
        for one in found:
            live = "".join(
                f"; {claim} {_word(holds)} under weak fairness, {_word(one.unfair[claim])} without"
                for claim, holds in one.fair.items()
            )
            print(f"    {one.who:<10} {one.states:>7,} states; safety {_word(one.safe)}{live}", flush=True)
        for difference in differences:
            print(f"    WRONG {difference}")
        wrong += len(differences)
    if missing:
        print(missing)
    print(f"{len(MODELS)} models, {wrong} differences")
    return 1 if wrong else 0


def _word(holds: bool) -> str:
    return "holds" if holds else "fails"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CrosscheckError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        sys.exit(1)
