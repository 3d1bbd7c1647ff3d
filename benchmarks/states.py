"""What it costs to go through every state of one model: here, in Spin, and in TLC where TLC_JAR names its jar.

A barrier of three parties, five tasks that call wait() three times each and may be cancelled: the invariants, censuses
and step properties, on all of them. Spin and TLC look at every state, as they do unless told more; the explorer looks
at one of each orbit, and must stand for as many states as they find. Spin is timed without the time that its verifier
takes to compile, TLC with the start of its virtual machine. Costs are CPU seconds, those of processes of their own
included.
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
    """How many states the explorer stands for. Raises CrosscheckError if it does not run through."""
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
    """By name: what runs each and returns its CPU seconds; which are missing, and why; the states that each found."""
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
