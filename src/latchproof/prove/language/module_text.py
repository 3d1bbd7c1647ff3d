"""The source text of a module, and what it says of the module's functions and names.

A function that is proved must be what its source text says. So the text is read from the file again, compiled piece by
piece, and looked up by the code objects that are in use: a function whose code was replaced is in no text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.Lambda


class ModuleText:
    """The source text of a module as a syntax tree."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.path = Path(str(module.__file__))
        self.tree = ast.parse(self.path.read_bytes(), str(self.path))

    @property
    def names(self) -> dict[str, Any]:
        """The names of the module as they are now."""
        return vars(self.module)

    @property
    def file(self) -> str:
        """The file, from the directory that its package stands in."""
        package = self.module.__name__.partition(".")[0]
        parts = self.path.parts
        return "/".join(parts[len(parts) - 1 - parts[::-1].index(package) :]) if package in parts else str(self.path)

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The statements that run when it is imported: not those for type checkers."""
        return [one for one in self.tree.body if not is_for_type_checkers(one)]

    @cached_property
    def bindings(self) -> dict[str, list[ast.stmt]]:
        """The statements that bind each name."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in self.statements:
            for name in bound_by(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def functions(self) -> dict[CodeType, FunctionNode]:
        """The functions and lambdas that stand outside of any function, by the code that their text compiles to."""
        nodes = list(_outside_of_functions(self.statements))
        found: dict[CodeType, FunctionNode] = {}
        for code in _codes_in(compile(self.tree, str(self.path), "exec", dont_inherit=True)):
            found.update((code, node) for node in nodes if _is_of(code, node))
        return found

    @property
    def postpones_annotations(self) -> bool:
        """Whether annotations are not evaluated."""
        return any(
            isinstance(one, ast.ImportFrom)
            and one.module == "__future__"
            and any(alias.name == "annotations" for alias in one.names)
            for one in self.statements
        )


def shortened(node: ast.AST) -> str:
    """Return the first line of the text of a node."""
    return ast.unparse(node).partition("\n")[0]


def is_for_type_checkers(statement: ast.stmt) -> bool:
    """Return whether it is `if TYPE_CHECKING:`, without an `else`."""
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Name)
        and statement.test.id == "TYPE_CHECKING"
        and not statement.orelse
    )


def bound_by(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module binds, and those that statements within it bind."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif not (isinstance(statement, ast.AnnAssign) and statement.value is None):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif node is not statement and isinstance(node, ast.stmt):
                yield from bound_by(node)


def _outside_of_functions(nodes: list[Any]) -> Iterator[FunctionNode]:
    """Yield the functions and lambdas in some nodes, but none within another."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            yield node
        else:
            yield from _outside_of_functions(list(ast.iter_child_nodes(node)))


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the codes of the functions in a code, but of none within another; a class is no function."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            if not one.co_flags & CO_OPTIMIZED:
                yield from _codes_in(one)


def _is_of(code: CodeType, node: FunctionNode) -> bool:
    """Return whether a code of this text is that of a function: all of it stands where the function does."""
    if isinstance(node, ast.FunctionDef):
        return code.co_name == node.name and code.co_firstlineno in (node.lineno, *_lines(node.decorator_list))
    body = node.body
    places = [one for one in code.co_positions() if None not in one and one[3]]  # the first instruction has no width
    return (
        code.co_name == "<lambda>"
        and places != []
        and all(
            (body.lineno, body.col_offset) <= (line, column)
            and (end, end_column) <= (body.end_lineno, body.end_col_offset)
            for line, end, column, end_column in places
        )
    )


def _lines(nodes: list[ast.expr]) -> list[int]:
    return [one.lineno for one in nodes]
