"""One statement of a module for another: its syntax tree is changed, compiled, and put right again.

It is how faults are made (`mutants`, `outcomes`). What is changed is an expression: the guard of an `if`, or what is
returned or assigned.
"""

from __future__ import annotations

import ast
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any, TypeAlias

    Statement: TypeAlias = ast.If | ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign
    Edit: TypeAlias = tuple[Statement, ast.expr]


class Changed:
    """The syntax tree with its edits made, as long as this is entered."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._originals: list[ast.expr] = []

    def __enter__(self) -> None:
        for statement, new in self._edits:
            self._originals.append(expression_of(statement))
            _put(statement, ast.fix_missing_locations(ast.copy_location(new, statement)))

    def __exit__(self, *exc_info: object) -> None:
        for (statement, _), original in zip(reversed(self._edits), reversed(self._originals), strict=True):
            _put(statement, original)


def names_with(module: ModuleType, definitions: Sequence[ast.stmt], edits: Sequence[Edit]) -> dict[str, Any]:
    """The names of a module in which those definitions hold that have the edits in them; its functions call each other.

    The module itself stays as it is.
    """
    names = dict(vars(module))
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            names[name] = FunctionType(value.__code__, names, name, value.__defaults__)
    body = [
        definition
        for definition in definitions
        if any(statement is node for statement, _ in edits for node in ast.walk(definition))
    ]
    with Changed(edits):
        code = compile(ast.Module(body, []), f"<mutant of {module.__name__}>", "exec")
    exec(code, names)
    return names


def expression_of(statement: Statement) -> ast.expr:
    """What an edit of the statement replaces."""
    expression = statement.test if isinstance(statement, ast.If) else statement.value
    assert expression is not None
    return expression


def text_of(statement: Statement, expression: ast.expr | None = None) -> str:
    """The statement on one line, with its own expression or with another; of an `if` the guard alone."""
    expression = expression_of(statement) if expression is None else expression
    bare = isinstance(statement, ast.Return) and isinstance(expression, ast.Tuple) and bool(expression.elts)
    elements = expression.elts if bare and isinstance(expression, ast.Tuple) else [expression]
    text = ", ".join(ast.unparse(one) for one in elements)
    if isinstance(statement, ast.Assign):
        (target,) = statement.targets
        return f"{ast.unparse(target)} = {text}"
    if isinstance(statement, ast.AugAssign):
        return f"{ast.unparse(statement.target)} += {text}"
    return f"{'if' if isinstance(statement, ast.If) else 'return'} {text}"


def name_node(id: str) -> ast.Name:
    """The name, as an expression."""
    return ast.Name(id, ast.Load())


def number_node(value: int) -> ast.expr:
    """The number, as an expression."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _put(statement: Statement, expression: ast.expr) -> None:
    if isinstance(statement, ast.If):
        statement.test = expression
    else:
        statement.value = expression
