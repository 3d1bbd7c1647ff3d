"""What holds of every module of the exporters."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from latchproof import export

MODULES = [f"latchproof.export.{one.name}" for one in iter_modules(export.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_what_an_exporter_makes_does_not_change(name: str) -> None:
    for one in vars(import_module(name)).values():
        if isinstance(one, type) and is_dataclass(one) and one.__module__ == name:
            parameters: Any = vars(one)["__dataclass_params__"]
            assert (parameters.frozen, parameters.eq) == (True, True), one


def test_there_are_the_modules_that_are_known() -> None:
    assert {name.rpartition(".")[2] for name in MODULES} == {
        "committed", "coq", "coq_comparison", "coq_definitions", "coq_expressions", "coq_theorems", "coq_types",
         "crosscheck", "markdown", "promela", "rows", "terms", "tla",
    }  # fmt: skip
