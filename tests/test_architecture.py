"""The house stands as ARCHITECTURE.md draws it: arrows go one way, no imports go round, and machines are data.

Imports are read from the syntax trees, those inside of functions and those for type checkers included.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from latchproof_spec.machines import CLAIMS, MACHINES

ROOT = Path(__file__).parents[1]

RUNTIME = ("latchproof.latch", "latchproof.barrier", "latchproof.parking", "latchproof.hosts", "latchproof.dropin")
RANKS = {
    "latchproof_spec": 0,
    **dict.fromkeys(RUNTIME, 1),
    "latchproof": 1,
    "latchproof.check": 1,
    "latchproof.explore": 1,
    "latchproof.prove": 1,
    "latchproof.fuzz": 2,
    "latchproof.contracts": 2,
    "latchproof.export": 2,
    "latchproof.compile": 2,
    "latchproof.mutants": 3,
    "latchproof.verify": 4,
    "latchproof.show": 5,
    "latchproof.testing": 6,
    "latchproof.pytest_plugin": 7,
    "latchproof.cli": 6,
    "latchproof.__main__": 7,
}
"""How far a package is from the specification: it imports packages of lower ranks alone."""

READS_THE_RUNTIME = (
    "latchproof.prove.classes",
    "latchproof.contracts",
)
VERDICT_PRINTERS = tuple(f"latchproof.show.{name}" for name in ("verdict", "lanes", "layout", "junit", "sarif"))

KNOWS_A_MACHINE = (
    "latchproof_spec.latch",
    "latchproof_spec.barrier",
    "latchproof_spec.machines",
    "latchproof_spec.models",
    "latchproof.latch",
    "latchproof.barrier",
    "latchproof.dropin",
    "latchproof.mutants.named",  # faults of the two machines, as data
)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the specification and of the kit, by its name."""
    found = {}
    for source in (ROOT / "spec", ROOT / "src"):
        for path in sorted(source.rglob("*.py")):
            name = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def package_of(module: str) -> str:
    """The longest name in RANKS that the module is in."""
    return max((one for one in RANKS if is_in(module, (one,))), key=len)


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of the project that a module imports by name, wherever in it."""
    found = set()
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {one if one in modules() else str(node.module) for one in whole}
    return frozenset(one for one in found if one in modules() and one != module)


def circles() -> Iterator[tuple[str, ...]]:
    """The strongly connected components of more than one module, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(node: str) -> Iterator[tuple[str, ...]]:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in imports_of(node):
            if other not in order:
                yield from visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            component = tuple(stack[stack.index(node) :])
            del stack[stack.index(node) :]
            if len(component) > 1:
                yield component

    for one in modules():
        if one not in order:
            yield from visit(one)


def test_no_imports_go_round() -> None:
    assert list(circles()) == []


@pytest.mark.parametrize("module", modules())
def test_arrows_go_one_way(module: str) -> None:
    here = package_of(module)
    wrong = []
    for other in imports_of(module):
        there = package_of(other)
        runtime = is_in(other, RUNTIME)
        if there == here or (is_in(module, (*RUNTIME, "latchproof")) and here in (*RUNTIME, "latchproof") and runtime):
            continue
        allowed = RANKS[there] < RANKS[here]
        if runtime or there == "latchproof":
            allowed = is_in(module, READS_THE_RUNTIME)
        if not allowed:
            wrong.append(other)
    assert wrong == []


def test_check_imports_nothing_of_the_other_packages() -> None:
    for module in modules():
        if is_in(module, ("latchproof.check",)):
            assert {package_of(one) for one in imports_of(module)} <= {"latchproof_spec", "latchproof.check"}, module


def reached_from(module: str) -> set[str]:
    """Every module that importing a module may import."""
    found, waiting = set[str](), [module]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += imports_of(here)
    return found


@pytest.mark.parametrize("module", VERDICT_PRINTERS)
def test_what_prints_a_verdict_needs_check_alone(module: str) -> None:
    packages = {package_of(one) for one in reached_from(module)}
    assert packages <= {"latchproof_spec", "latchproof.check", "latchproof.show"}


def test_every_package_says_what_belongs_in_it() -> None:
    for source in (ROOT / "spec", ROOT / "src"):
        for path in source.rglob("__init__.py"):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            assert len(docstring.split()) >= 12, path


def names_of_machines() -> set[str]:
    return {*MACHINES, *(claim.id for claim in CLAIMS)}


def variables_of_machines() -> set[str]:
    return {
        name for machine in MACHINES.values() for name in (*machine.state, *machine.constants, *machine.observations)
    }


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text in a module but docstrings, with its line."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


def variables_read(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every variable of a machine's state that is read by its name, with its line."""
    for node in (one for one in ast.walk(tree) if isinstance(one, ast.expr)):
        keys: list[ast.expr] = []
        if isinstance(node, ast.Subscript):
            keys = [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("index", "get"):
            keys = node.args[:1]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "symbol"):
            keys = node.args[:2]
        for key in keys:
            if isinstance(key, ast.Constant) and key.value in variables_of_machines():
                yield node.lineno, str(key.value)


@pytest.mark.parametrize("module", [one for one in modules() if not is_in(one, KNOWS_A_MACHINE)])
def test_no_module_asks_which_machine_it_has(module: str) -> None:
    """Outside of a machine's own package, its runtime class and the drop-ins: what differs is data of the machine."""
    tree = modules()[module]
    found = [(line, text) for line, text in texts(tree) if text in names_of_machines()]
    found += list(variables_read(tree))
    found += [
        (0, one) for one in imports_of(module) if is_in(one, ("latchproof_spec.latch", "latchproof_spec.barrier"))
    ]
    if module == "latchproof_spec.claims":  # which makes those that every machine shares
        found = [(line, text) for line, text in found if text not in {"C4", "C7", "C10", "C11", "C15", "C16"}]
    assert found == []


def test_the_search_for_names_of_machines_finds_them() -> None:
    tree = ast.parse('"""latch"""\nif name == "latch" or claim in {"C5": 1}: x = state["parked"]; getattr(y, "broken")')
    assert [text for _, text in texts(tree) if text in names_of_machines()] == ["latch", "C5"]
    assert [name for _, name in variables_read(tree)] == ["parked", "broken"]


def test_the_names_in_the_architecture_are_true() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    names = re.findall(r"`(latchproof(?:_spec)?(?:\.\w+)+)`", text)
    assert len(names) > 20
    for name in dict.fromkeys(names):
        if name not in modules():
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {package_of(one) for one in modules()} - {"latchproof", "latchproof.__main__"}
    assert [one for one in sorted(packages) if f"`{one}`" not in text] == []
