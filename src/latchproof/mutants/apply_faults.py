"""Small faults of `step.apply`, generated from its syntax tree and that of the two functions that it calls.

Each guard, word, number, update and result of `apply`, `endings` and `caller_ending` is another. What comes out takes
what `apply` takes, so whatever goes by `apply` can be tried on it: the prover and the explorer, too.

>>> from latchproof_spec.latch.rules import L2
>>> fault = next(one for one in apply_edits() if one.after == "return (None,) * (parked - 1)")
>>> fault.function, fault.before
('endings', 'return (None,) * parked')
>>> fault.apply(L2, ("A", "B"), "C")
((), (('A', None), ('C', None)))
"""

from __future__ import annotations

import ast
import copy
import inspect
from dataclasses import dataclass

from latchproof.mutants.syntax_edits import Changed, expression_of, names_with, number_node, text_of
from latchproof_spec import step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

    from latchproof.mutants.syntax_edits import Statement

FUNCTIONS: Final = ("apply", "endings", "caller_ending")

_WORDS: Final = (
    ("parks", "returns", "returns an index", "raises", "leaves"),
    ("stays", "released", "indexed", "failed"),
    ("arrival", "reversed", "any"),
)
"""What the fields of a rule can say: `step.Caller`, `step.Queue` and `step.IndexOrder`."""


@dataclass(frozen=True)
class ApplyEdit:
    """A statement of a function of `step.py`, before and after, and the `step.apply` that comes of it."""

    function: str
    line: int
    before: str
    after: str
    apply: Callable[..., Any]
    source: str


def apply_edits() -> Iterator[ApplyEdit]:
    """Every `step.apply` with one expression of one statement changed."""
    source = _Source()
    for function, statement in source.statements():
        for new in _variants(function, statement):
            yield source.edit(function, statement, new)


def apply_edit(before: str, after: str) -> ApplyEdit:
    """The `step.apply` with one statement for another.

    Raises LookupError if the statement stands there no more: the specification has changed under the fault.
    """
    source = _Source()
    found = [(function, one) for function, one in source.statements() if text_of(one) == before]
    if len(found) != 1:
        raise LookupError(f"`{before}` stands {len(found)} times in {', '.join(FUNCTIONS)} of step.py, not once")
    ((function, statement),) = found
    return source.edit(function, statement, ast.parse(after.removeprefix("if "), mode="eval").body)


class _Source:
    """The syntax tree of `step.py`."""

    def __init__(self) -> None:
        self._tree = ast.parse(inspect.getsource(step))
        self._functions = [one for one in self._tree.body if isinstance(one, ast.FunctionDef) and one.name in FUNCTIONS]

    def statements(self) -> Iterator[tuple[ast.FunctionDef, Statement]]:
        """The statements that say something, each with its function."""
        for function in self._functions:
            for node in ast.walk(function):
                if isinstance(node, ast.If | ast.Return | ast.Assign | ast.AugAssign):
                    yield function, node

    def edit(self, function: ast.FunctionDef, statement: Statement, new: ast.expr) -> ApplyEdit:
        """The edit that puts another expression into the statement."""
        edits = [(statement, new)]
        with Changed(edits):
            source = ast.unparse(self._tree)
        apply = names_with(step, self._functions, edits)["apply"]
        before, after = text_of(statement), text_of(statement, new)
        return ApplyEdit(function.name, statement.lineno, before, after, apply, source)


def _variants(function: ast.FunctionDef, statement: Statement) -> Iterator[ast.expr]:
    """What might stand in place of the statement's expression, each by one edit."""
    expression = expression_of(statement)
    seen = {ast.dump(expression)}
    variants: list[ast.expr] = [ast.Constant(True), ast.Constant(False)] if isinstance(statement, ast.If) else []
    if isinstance(statement, ast.AugAssign):
        variants.append(_nobody())
    if isinstance(statement, ast.Return) and isinstance(expression, ast.Tuple):
        variants += [ast.Tuple([*_others(expression.elts, one, _nobody())], ast.Load()) for one in expression.elts]
    numbers = {one.arg for one in function.args.args if one.annotation and ast.unparse(one.annotation) == "int"}
    numbers |= {one.id for node in ast.walk(expression) if isinstance(node, ast.Slice) for one in _names(node)}
    listed = {one for node in ast.walk(expression) if isinstance(node, ast.Tuple) for one in node.elts}
    for node in ast.walk(expression):
        if isinstance(node, ast.expr) and not (isinstance(node, ast.Constant) and node in listed):
            # the copy of the expression in which the copy of this node is another
            variants += [copy.deepcopy(expression, {id(node): new}) for new in _of_node(node, numbers)]
    for variant in variants:
        if ast.dump(variant) not in seen:
            seen.add(ast.dump(variant))
            yield variant


def _of_node(node: ast.expr, numbers: set[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Constant):
        yield from _of_constant(node)
    elif (isinstance(node, ast.Name) and node.id in numbers) or _is_length(node):
        yield ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield node.left
        if not isinstance(node.right, ast.Constant):
            yield node.right
            yield ast.BinOp(node.right, ast.Add(), node.left)
    elif isinstance(node, ast.BoolOp):
        yield from node.values
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Compare):
        opposite = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}
        yield ast.Compare(node.left, [opposite[type(node.ops[0])]()], node.comparators)
        (right,) = node.comparators
        if isinstance(right, ast.Tuple):
            words = [ast.Tuple([*_others(right.elts, one)], ast.Load()) for one in right.elts]
            yield from (ast.Compare(node.left, node.ops, [fewer]) for fewer in words)


def _of_constant(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, str):
        (words,) = (words for words in _WORDS if node.value in words)
        yield from (ast.Constant(word) for word in words if word != node.value)
    elif isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield number_node(node.value - 1)


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


def _names(node: ast.AST) -> Iterator[ast.Name]:
    yield from (one for one in ast.walk(node) if isinstance(one, ast.Name))


def _others(elements: list[ast.expr], without: ast.expr, instead: ast.expr | None = None) -> Iterator[ast.expr]:
    """The elements without one of them, or with another in its place."""
    for one in elements:
        if one is not without:
            yield one
        elif instead is not None:
            yield instead


def _nobody() -> ast.expr:
    """No task at all: an empty tuple."""
    return ast.Tuple([], ast.Load())
