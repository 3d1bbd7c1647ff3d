"""Run the exported models with Spin, and with TLC if TLC_JAR is set; exit with 1 if they disagree with us.

Faults are also planted in the specification and in the text that the exporter wrote. A tool that did not notice them
would prove nothing by finding no other fault, so this fails too.

python proofs/run_crosscheck.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from latchproof.check.pool import cores
from latchproof.export.crosscheck import CrosscheckError, ToolResult, crosscheck, expected, spin, tlc, tlc_jar
from latchproof.export.promela import promela
from latchproof.export.rows import Model, make_model
from latchproof.export.tla import module
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.barrier.policies import BarrierPolicy
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.latch.policies import LatchPolicy
from latchproof_spec.machine import Machine, ModelBounds, Operation

MODELS: tuple[tuple[Machine, str, ModelBounds], ...] = (
    (LATCH, "latchproof", ModelBounds(1, 3)),
    (LATCH, "latchproof", LATCH.bounds.model),
    (LATCH, "aiologic", ModelBounds(2, 3)),
    (BARRIER, "latchproof", ModelBounds(2, 3)),
    (BARRIER, "latchproof", BARRIER.bounds.model),
    (BARRIER, "java", ModelBounds(3, 4)),
    (BARRIER, "cpython", ModelBounds(3, 4)),
    (BARRIER, "latchproof", ModelBounds(3, 5, calls=2, operations=("wait",))),
)


def main() -> int:
    jar, missing = tlc_jar()
    wrong = 0
    with ProcessPoolExecutor(cores(), get_context("spawn")) as workers:
        compared = [workers.submit(_compare, number, jar) for number in range(len(MODELS))]
        planting = workers.submit(_planted, jar)
        for (machine, name, bounds), results in zip(MODELS, compared, strict=True):
            found, differences = results.result()
            _print_found(machine, name, bounds, found)
            for difference in differences:
                print(f"    WRONG {difference}")
            wrong += len(differences)
        planted = planting.result()
    if missing:
        print(missing)
    unseen = [name for name, is_seen in planted.items() if not is_seen]
    seen = len(planted) - len(unseen)
    for name in unseen:
        print(f"    WRONG a planted fault is not noticed: {name}")
    print(f"{len(MODELS)} models, {wrong} differences; {seen} of {len(planted)} planted faults noticed")
    return 1 if wrong or unseen else 0


def _print_found(machine: Machine, name: str, bounds: ModelBounds, found: list[ToolResult]) -> None:
    calls = "unbounded calls" if bounds.calls is None else f"{bounds.calls} calls each"
    print(f"{machine.name}({bounds.argument}), policy {name}, {bounds.tasks} tasks, {calls}")
    for one in found:
        live = "".join(
            f"; {claim} {_word(holds)} under weak fairness, {_word(one.unfair[claim])} without"
            for claim, holds in one.fair.items()
        )
        edges = "" if one.edges is None else f", {one.edges:,} edges"
        print(f"    {one.tool:<10} {one.states:>7,} states{edges}; safety {_word(one.safe)}{live}", flush=True)


def _compare(number: int, jar: str | None) -> tuple[list[ToolResult], list[str]]:
    """Return what each tool found of the model with that number, and where they differ."""
    machine, name, bounds = MODELS[number]
    policy = next(one for one in machine.policies if one.name == name)
    with tempfile.TemporaryDirectory() as directory:
        return crosscheck(machine, policy, bounds, Path(directory), jar)


def _planted(jar: str | None) -> dict[str, bool]:
    """Return for each fault of a model whether a tool notices it: by a property, an eventuality, or the states."""
    bounds = ModelBounds(3, 4)
    policy = BARRIER.policies[0]
    forgets = make_model(with_function(BARRIER, "withdraw", _forgets_to_take_back), policy, bounds)
    strands = make_model(with_function(LATCH, "count_down", _forgets_to_release), LATCH.policies[0], bounds)
    model = make_model(BARRIER, policy, bounds)
    states = _spin(model, promela(model).replace(MOVE_UP, "")).states
    noticed = {
        "a withdrawal that does not take back its arrival, on Spin": not _spin(forgets).safe,
        "a count that reaches zero and releases no task, on Spin": _spin(strands).fair == {"C12": False},
        f"a model without{MOVE_UP}, on Spin": states != expected(BARRIER, policy, bounds).states,
    }
    if jar is None:
        return noticed
    ends = make_model(BARRIER, policy, ModelBounds(2, 2, calls=1, operations=("wait",)))
    return noticed | {
        "a withdrawal that does not take back its arrival, on TLC": not _tlc(forgets, jar).safe,
        "a count that reaches zero and releases no task, on TLC": _tlc(strands, jar).fair == {"C12": False},
        f"a module without {ENDED.strip()}, on TLC": not _tlc(ends, jar, module(ends).replace(ENDED, "")).safe,
    }


MOVE_UP = " - (is[t] == PARKED && at[t] < at[u])"
"""The text by which later arrivals move up in the Promela model; the fault leaves it out."""

ENDED = "    \\/ Ended\n"
"""The text of the TLA+ module by which the end of all calls is not a deadlock; without it TLC must find one."""


def _spin(model: Model, text: str | None = None) -> ToolResult:
    with tempfile.TemporaryDirectory() as directory:
        return spin(model, Path(directory), text)


def _tlc(model: Model, jar: str, text: str | None = None) -> ToolResult:
    with tempfile.TemporaryDirectory() as directory:
        return tlc(model, Path(directory), jar, text)


def with_function(machine: Machine, name: str, function: Callable[..., Any]) -> Machine:
    """Return the machine with the function of one operation replaced."""

    def replaced(one: Operation) -> Operation:
        made = replace(one, function=function)
        return made if one.name == name else one

    operations = tuple(map(replaced, machine.operations))
    return replace(machine, operations=operations, withdraw=replaced(machine.withdraw))


def _forgets_to_take_back(
    parties: int, parked: int, broken: bool, is_parked: bool, has_arrived: bool, policy: BarrierPolicy
) -> Any:
    _, new_broken, rule = barrier.withdraw(parties, parked, broken, is_parked, has_arrived, policy)
    return parked, new_broken, rule


def _forgets_to_release(count: int, parked: int, exception_if_zero: bool, policy: LatchPolicy) -> Any:
    new_count, _, rule = latch.count_down(count, parked, exception_if_zero, policy)
    return new_count, parked, latch.L1 if rule.queue == "released" else rule


def _word(holds: bool) -> str:
    return "holds" if holds else "fails"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CrosscheckError as error:
        print(f"crosscheck: {error}", file=sys.stderr)
        sys.exit(1)
