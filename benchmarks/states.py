"""What it costs to visit every state of one model: in our explorer, in Spin, and in TLC if TLC_JAR names its jar.

The model is a barrier of three parties and five tasks that call wait() three times each and may be cancelled. The
invariants, censuses and step properties are checked on all states. Spin and TLC visit every state, as they do by
default; our explorer visits one state of each orbit and must account for as many states as they find. The time of Spin
excludes compiling its verifier; that of TLC includes starting its virtual machine. Costs are CPU seconds, including
those of child processes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from latchproof.explore.states import explore
from latchproof.export.crosscheck import CrosscheckError, compile_spin, run_spin, run_tlc, tlc_jar
from latchproof.export.rows import Model, make_model
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import ModelBounds

BOUNDS = ModelBounds(3, 5, calls=3, operations=("wait",))


def explored(model: Model) -> int:
    """Return how many states the explorer accounts for; raise CrosscheckError if it does not finish."""
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


@contextmanager
def contenders() -> Iterator[tuple[dict[str, Callable[[], float]], dict[str, str], dict[str, int]]]:
    """Yield, by name: what runs each and returns its CPU seconds; why each missing one is missing; the states found."""
    missing: dict[str, str] = {}
    found: dict[str, int] = {}
    with TemporaryDirectory() as name:
        directory = Path(name)
        model = make_model(BARRIER, BARRIER.policies[0], BOUNDS)
        explorers: dict[str, Callable[[], int]] = {"latchproof": lambda: explored(model)}
        if shutil.which("spin") is None or shutil.which("cc") is None:
            missing["Spin"] = "not installed; make crosscheck installs it"
        else:
            compile_spin(model, directory)
            explorers["Spin"] = lambda: run_spin(directory)
        jar, why = tlc_jar()
        if jar is None:
            missing["TLC"] = why
        else:
            path = jar
            explorers["TLC"] = lambda: run_tlc(model, directory, path)
        yield {one: partial(_timed, one, run, found) for one, run in explorers.items()}, missing, found


def _timed(name: str, run: Callable[[], int], found: dict[str, int]) -> float:
    begun = os.times()
    states = run()
    ended = os.times()
    if len({*found.values(), states}) != 1:
        raise CrosscheckError(f"{name} finds {states:,} states, others found {found}")
    found[name] = states
    return sum(ended[:4]) - sum(begun[:4])
