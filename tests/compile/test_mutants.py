"""Faults in the source of each model: some are refuted by the proof, for each model; and which survive, and why."""

from __future__ import annotations

import ast
import importlib.util
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
from tests.compile import models

FILE = Path(models.__file__)
TEXT = FILE.read_text(encoding="utf-8")

ENOUGH = 3
"""Faults of a model that are refuted, after which no more are tried."""

REFUTED = {"Event": 1, "Lock": 2, "Semaphore": ENOUGH, "CountdownLatch": ENOUGH, "Barrier": ENOUGH}
"""How many of the faults of each model are refuted. The others make another model, which is right by what it says."""


def faults_of(name: str) -> Iterator[Fault]:
    """The faults of a model's methods, but for its own invariant, which is what it is held against."""
    for one in faults(FILE.name, TEXT):
        kind, _, method = one.function.partition(".")
        if kind == name and method and not method.startswith("invariant"):
            yield one
    for cls in (one for one in ast.parse(TEXT).body if isinstance(one, ast.ClassDef) and one.name == name):
        for node in ast.walk(cls):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "when":
                before = ast.unparse(node.args[0])
                begin = TEXT.index(f"when({before})", TEXT.index(f"class {name}(")) + len("when(")
                yield Fault(FILE.name, name, before, f"not ({before})", 0, node.lineno, begin, begin + len(before))


def planted(fault: Fault, folder: Path, number: int) -> ModuleType:
    """The module of the models with a fault in it, in a file of its own, so that its lines can be read."""
    file = folder / f"mutant_{number}.py"
    file.write_text(fault.put(TEXT), encoding="utf-8")
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


@pytest.mark.parametrize("name", REFUTED)
def test_faults_of_each_model_are_refuted(name: str, tmp_path: Path) -> None:
    assert outcome(getattr(models, name)) == "proved"
    found: Counter[str] = Counter()
    for number, fault in enumerate(faults_of(name)):
        found[outcome(getattr(planted(fault, tmp_path, number), name))] += 1
        if found["refuted"] == ENOUGH:
            break
    assert found["refuted"] == REFUTED[name], dict(found)
