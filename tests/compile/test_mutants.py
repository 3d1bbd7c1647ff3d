"""Faults in the source of each model: some are refuted by the proof, for each model; and which survive, and why."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from proofs.source_faults import Fault, faults

from latchproof.compile.machine import compile_model
from latchproof.compile.stage import CannotCompileError
from latchproof.prove.obligations import prove
from latchproof_spec.model import Model
from latchproof_spec.models import SHIPPED
from tests.compile import models

ENOUGH = 3
"""Faults of a model that are refuted, after which no more are tried."""

REFUTED = [
    *((getattr(models, name), ENOUGH) for name in ("Semaphore", "CountdownLatch", "Barrier")),
    (models.Event, 1),
    (models.Lock, 2),
    *((SHIPPED[name].model, ENOUGH) for name in ("semaphore", "bounded-semaphore", "latch", "barrier")),
    (SHIPPED["event"].model, 1),
    (SHIPPED["lock"].model, 2),
]
"""How many of the faults of each model are refuted. The others make another model, which is right by what it says."""


def faults_of(file: Path, name: str) -> Iterator[Fault]:
    """The faults of a model's methods, but for its own invariant, which is what it is held against."""
    text = file.read_text(encoding="utf-8")
    for one in faults(file.name, text):
        kind, _, method = one.function.partition(".")
        if kind == name and method and not method.startswith("invariant"):
            yield one
    for cls in (one for one in ast.parse(text).body if isinstance(one, ast.ClassDef) and one.name == name):
        for node in ast.walk(cls):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "when":
                condition = ast.get_source_segment(text, node.args[0]) or ""
                begin = text.index(f"when({condition}", text.index(f"class {name}(")) + len("when(")
                span = begin, begin + len(condition)
                yield Fault(file.name, name, condition, f"not ({condition})", 0, node.lineno, *span)


def planted(text: str, folder: Path, number: int) -> ModuleType:
    """A module with this text, in a file of its own, so that its lines can be read."""
    file = folder / f"mutant_{number}.py"
    file.write_text(text, encoding="utf-8")
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[file.stem] = module
    try:
        specification.loader.exec_module(module)
    finally:
        del sys.modules[file.stem]
    return module


def outcome(model: type[Model]) -> str:
    """What becomes of a model: it is refused, or refuted by the proof, or proved."""
    try:
        machine = compile_model(model).machine
    except CannotCompileError:
        return "refused"
    found = prove(machine, parts=("counters",), written=False)
    return "refuted" if any(one.status == "refuted" and one.claims for one in found) else "proved"


@pytest.mark.parametrize(("model", "enough"), REFUTED, ids=lambda one: getattr(one, "__module__", None))
def test_faults_of_each_model_are_refuted(model: type[Model], enough: int, tmp_path: Path) -> None:
    assert outcome(model) == "proved"
    file = Path(inspect.getfile(model))
    text = file.read_text(encoding="utf-8")
    found: Counter[str] = Counter()
    for number, fault in enumerate(faults_of(file, model.__name__)):
        found[outcome(getattr(planted(fault.put(text), tmp_path, number), model.__name__))] += 1
        if found["refuted"] == ENOUGH:
            break
    assert found["refuted"] == enough, dict(found)
