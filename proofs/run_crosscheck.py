"""Have Spin, and TLC where TLC_JAR names its jar, run the exported models; exit with 1 if they find otherwise than we.

Two faults are planted beside, one in the specification and one in the text that the exporter wrote: if Spin's findings
on those agreed with ours on what is right, the comparison would be worth nothing, and that fails too.

python proofs/run_crosscheck.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from latchproof.verify.crosscheck import CrosscheckError, crosscheck, expected, spin, tlc_jar
from latchproof.verify.render.promela import promela
from latchproof.verify.render.transitions import DEFAULT_BOUNDS, Bounds, make_model
from latchproof_spec import barrier
from latchproof_spec.machines import BARRIER, LATCH, Machine, Operation
from latchproof_spec.policy import BarrierPolicy

if TYPE_CHECKING:
    from latchproof_spec.barrier import Result

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
    unseen = [name for name, differences in _planted() if not differences]
    for name in unseen:
        print(f"    WRONG a planted fault makes no difference: {name}")
    print(f"{len(MODELS)} models, {wrong} differences; {2 - len(unseen)} of 2 planted faults found")
    return 1 if wrong or unseen else 0


def _planted() -> Iterator[tuple[str, list[str]]]:
    """What Spin finds otherwise, of models with a fault, than we find of the barrier without."""
    bounds = Bounds(3, 4)
    policy = BARRIER.policies[0]
    ours = expected(BARRIER, policy, bounds)
    parts = {name: getattr(BARRIER, name) for name in Machine.__slots__}
    faulty = Machine(**parts | {"withdraw": Operation("withdraw", _forgets_to_take_back, BARRIER.withdraw.parameters)})
    text = promela(make_model(BARRIER, policy, bounds))
    for name, model, changed in (
        ("a withdrawal that does not take back its arrival", make_model(faulty, policy, bounds), None),
        (MOVE_UP, make_model(BARRIER, policy, bounds), text.replace(MOVE_UP, "")),
    ):
        with tempfile.TemporaryDirectory() as directory:
            found = spin(model, Path(directory), changed)
        yield name, list(ours.differences(found))


MOVE_UP = " - (is[t] == PARKED && at[t] < at[u])"
"""What later arrivals move up by, in the Promela model: leaving it out is the fault."""


def _forgets_to_take_back(parties: int, parked: int, broken: bool, is_parked: bool, policy: BarrierPolicy) -> Result:
    _, new_broken, rule = barrier.withdraw(parties, parked, broken, is_parked, policy)
    return parked, new_broken, rule


def _word(holds: bool) -> str:
    return "holds" if holds else "fails"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CrosscheckError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        sys.exit(1)
