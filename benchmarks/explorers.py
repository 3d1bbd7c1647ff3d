"""The explorer beside Spin, and beside TLC where TLC_JAR names its jar, on the same model in the same run; ratios only.

A barrier of three parties, five tasks that call wait() three times each and may be cancelled: the invariants, censuses
and step properties, on all three. Spin and TLC look at every state, as they do unless told more; the explorer looks at
one of each orbit, and must stand for as many states as they find. Rounds are interleaved, and each ratio is of one
round; the median is printed, with the smallest and the largest. Spin is timed without the time that its verifier takes
to compile, TLC with the start of its virtual machine.

python benchmarks/explorers.py [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from latchproof.verify.crosscheck import CrosscheckError, compile_spin, run_spin, run_tlc, tlc_jar
from latchproof.verify.explore import explore
from latchproof.verify.render.transitions import Bounds, Model, make_model
from latchproof_spec.machines import BARRIER

BOUNDS = Bounds(3, 5, calls=3, operations=("wait",))


def main(rounds: int) -> int:
    jar, missing = tlc_jar()
    model = make_model(BARRIER, BARRIER.policies[0], BOUNDS)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        compile_spin(model, directory)
        contenders: dict[str, Callable[[], int]] = {
            "explorer": lambda: _explored(model),
            "Spin": lambda: run_spin(directory),
        }
        if jar is not None:
            contenders["TLC"] = lambda: run_tlc(model, directory, jar)
        seconds: dict[str, list[float]] = {contender: [] for contender in contenders}
        found: dict[str, int] = {}
        for _ in range(rounds):
            for contender, run in contenders.items():
                begun = time.perf_counter()
                found[contender] = run()
                seconds[contender].append(time.perf_counter() - begun)
    states = set(found.values())
    if len(states) != 1:
        print(f"they do not find the same states: {found}")
        return 1
    print(f"{states.pop():,} states of barrier(3), 5 tasks, 3 calls each of wait, with withdrawal; {rounds} rounds")
    for contender in list(contenders)[1:]:
        ratios = [other / ours for other, ours in zip(seconds[contender], seconds["explorer"], strict=True)]
        print(
            f"{contender} takes {statistics.median(ratios):.0f} times as long as the explorer "
            f"({min(ratios):.0f} to {max(ratios):.0f})"
        )
    if missing:
        print(missing)
    return 0


def _explored(model: Model) -> int:
    bounds = model.bounds
    found = explore(
        model.machine,
        model.policy,
        bounds.argument,
        tasks=bounds.tasks,
        calls=bounds.calls,
        operations=bounds.operations,
    )
    if found.violations or not found.complete:
        raise CrosscheckError("the explorer did not run through, or found a property that fails")
    return found.states


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The explorer beside Spin and TLC, on the same model; ratios only.")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="so many rounds (default 5)")
    try:
        sys.exit(main(max(1, parser.parse_args().rounds)))
    except CrosscheckError as error:
        print(f"explorers: {error}", file=sys.stderr)
        sys.exit(1)
