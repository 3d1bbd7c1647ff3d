"""Faulty classes for the tests of the refinement theorem: our own source with a fault in it, compiled in memory."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any, Final, cast

from proofs.planted_faults import EQUIVALENT, ROOT, read_equivalent
from proofs.source_faults import Fault, faults

from latchproof import Barrier, CountdownLatch, hosts
from latchproof.parking import Parking
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.copies import codes_of, functions_beside, methods_of
from latchproof.prove.classes.parking_cases import OF_PARKING
from latchproof.prove.classes.refinement import refinement
from latchproof.prove.paths import unchecked
from latchproof_spec.machines import MACHINES

CLASSES: Final[dict[str, type[Any]]] = {
    "src/latchproof/latch.py": CountdownLatch,
    "src/latchproof/barrier.py": Barrier,
    "src/latchproof/parking.py": Parking,
}
"""The classes that the theorem is about, by their files."""

OWN: Final = frozenset(f"Parking.{name}" for name in OF_PARKING)
"""The cases of `Parking` by itself."""


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@contextmanager
def compiled(file: str, text: str) -> Iterator[type[Any]]:
    """Make the class of a file from another text."""
    before = list(hosts.KI_PROTECTED)
    names: dict[str, Any] = {"__name__": CLASSES[file].__module__}
    try:
        exec(compile(text, file, "exec"), names)
        yield names[CLASSES[file].__name__]
    finally:
        hosts.KI_PROTECTED[:] = before


def cases_with(file: str, text: str, methods: frozenset[str] | None = None) -> Iterator[Case]:
    """Yield the cases of the theorem about a class made from another text, those of its own methods first."""
    with compiled(file, text) as cls, unchecked():
        for machine in MACHINES.values():
            if cls.__name__ == Parking.__name__:
                yield from refinement(machine, None, cls, OWN)
            elif cls.__name__ == machine.title:
                yield from refinement(machine, cls, Parking, methods)
        for machine in MACHINES.values():
            if cls.__name__ == Parking.__name__ and methods is None:
                yield from refinement(machine, None, cls)


def refuted(file: str, text: str, methods: frozenset[str] | None = None) -> Case | None:
    """Return the first case that is not proved of a class made from another text."""
    return next((one for one in cases_with(file, text, methods) if one.status != "proved"), None)


def reaching(file: str, function: str) -> frozenset[str]:
    """Return the methods of the class of a file that run a function of it, by themselves or by others."""
    cls = CLASSES[file]
    if cls is Parking:
        return OWN
    own = {**methods_of(cls), **functions_beside(cls)}
    names = {
        name: {
            used
            for code in codes_of(cast(FunctionType, value.fget if isinstance(value, property) else value))
            for used in code.co_names
        }
        for name, value in own.items()
        if inspect.isfunction(value) or isinstance(value, property)
    }
    found = {function.rpartition(".")[2]}
    for _ in own:
        found |= {name for name, used in names.items() if used & found}
    return frozenset(found)


def function_at(file: str, piece: str) -> str:
    """Return the function that a piece of the text of a file is in; "" if it is in none."""
    line = text_of(file)[: text_of(file).index(piece.lstrip())].count("\n") + 1
    functions = [
        one for one in ast.walk(ast.parse(text_of(file))) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return next((one.name for one in functions if one.lineno <= line <= (one.end_lineno or 0)), "")


COSTS_TIME: Final = {
    ("CountdownLatch.wait", "not parking.host.is_here()", "(True)"),
    ("CountdownLatch.wait", "self._count <= 0", "(True)"),
    ("CountdownLatch.wait", "0", "(1)"),
    ("CountdownLatch.count_down", "self._count > 1 # L1,", "(False)"),
    ("CountdownLatch.count_down", "1", "(2)"),
    ("CountdownLatch.count_down", "host.asyncio_tasks or host", "(host.asyncio_tasks and host.current_task())"),
    ("CountdownLatch.count_down", "host.asyncio_tasks or host", "(host.asyncio_tasks)"),
    ("CountdownLatch.count_down", "not host.is_here()", "(True)"),
    ("Barrier.wait", "not parking.host.is_here()", "(True)"),
}
"""Faults that change no behaviour: the call asks what it need not. `tests/runtime/test_steady_calls.py` notices them.

Each is a function, what the text before begins with, and the text after; of a number, the first in the function.
"""


def costs_time(fault: Fault) -> bool:
    """Return whether a fault makes a call ask the specification or the hosts more often, and does nothing else."""
    return any(
        (fault.function, fault.after, fault.number) == (function, after, 0) and fault.before.startswith(before)
        for function, before, after in COSTS_TIME
    )


def equivalent_faults() -> dict[tuple[str, str, str, str, int], str]:
    """Return the listed faults of the classes that change nothing, with the test that shows it."""
    listed = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    return {key: shown_by for key, (_, shown_by) in listed.items() if key[0] in CLASSES}


def generated_faults() -> list[Fault]:
    return [fault for file in CLASSES for fault in faults(file, text_of(file))]
