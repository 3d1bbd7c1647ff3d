"""Small faults of a module, made from its syntax tree: one expression of one statement becomes another.

Each guard may always or never hold, each comparison and each sum be another, each number be off by one, each word be
another of its domain, and each name another of its kind. Words for a reader are left alone. The tree is changed in
place, compiled, and put right again, so that every fault is made from the same tree and the module itself stays as it
is.

The same mutator serves two kinds of module. In the rules of a machine, ints are parts of a state, and may be mistaken
for each other. In `step.py`, whose functions are about queues, ints are lengths and places, and a queue may get lost.
"""

from __future__ import annotations  # which `compile` inherits: the modules that are mutated have it too

import ast
import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, Final, TypeAlias

Statement: TypeAlias = ast.If | ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign

ORDERINGS: Final = (ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.GtE, ast.Gt)
OPPOSITES: Final = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}


KNOWN: Final = (
    ast.FunctionDef, ast.arguments, ast.arg, ast.If, ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr,
    ast.Pass, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.IfExp, ast.Compare, ast.Call, ast.keyword, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.Name, ast.Tuple, ast.expr_context, ast.boolop,
    ast.operator, ast.unaryop,
    *ORDERINGS, *OPPOSITES,
)  # fmt: skip
"""The constructs that faults are made of. Of any other, some faults would not be made, or make no program."""


class UnknownConstructError(Exception):
    """A function has a construct that no faults are made of; the text says where."""


@dataclass(frozen=True, eq=False)
class Edit:
    """Another expression for that of a statement; `place` is the function that the statement is in, or the constant."""

    place: str
    statement: Statement
    new: ast.expr

    @property
    def before(self) -> str:
        """The statement as it stands."""
        return text_of(self.statement)

    @property
    def after(self) -> str:
        """The statement with the other expression."""
        return text_of(self.statement, self.new)


class Source:
    """The syntax tree of a module, some functions of which are mutated.

    `words` are the domains of words, each word in one of them, and `names` says which other names may stand in place of
    a name. In a module that is `about_queues` an int is a length or a place, and what is returned are queues.

    Raises UnknownConstructError if one of the functions has anything in it that is not in `KNOWN`.
    """

    def __init__(
        self,
        module: ModuleType,
        functions: Sequence[str],
        words: Sequence[Sequence[str]],
        names: Mapping[str, Sequence[str]] | None = None,
        *,
        about_queues: bool = False,
    ) -> None:
        self.module = module
        self.tree = ast.parse(inspect.getsource(module))
        defined = {one.name: one for one in self.tree.body if isinstance(one, ast.FunctionDef)}
        self.functions = {name: defined[name] for name in functions}
        for function in self.functions.values():
            for node in ast.walk(function):
                several = isinstance(node, ast.Assign) and len(node.targets) > 1
                if not isinstance(node, KNOWN) or several or (isinstance(node, ast.Return) and node.value is None):
                    where = f"{module.__name__}.{function.name}, line {getattr(node, 'lineno', function.lineno)}"
                    raise UnknownConstructError(f"{where}: no faults are made of the construct {type(node).__name__}")
        self.constants = {
            one.target.id: one
            for one in self.tree.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        }
        self._words = words
        self._names = names or {}
        self._about_queues = about_queues

    def statements(self, function: str | None = None) -> Iterator[tuple[str, Statement]]:
        """Yield the guards, assignments and returns, each with its function: of one function, or of all."""
        for name in self.functions if function is None else (function,):
            for node in ast.walk(self.functions[name]):
                if isinstance(node, ast.If | ast.Return | ast.Assign | ast.AugAssign):
                    yield name, node

    def edits(self) -> Iterator[Edit]:
        """Yield every edit of one expression."""
        for function, statement in self.statements():
            seen = {ast.dump(expression_of(statement))}
            for new in self._variants(function, statement):
                if ast.dump(new) not in seen:
                    seen.add(ast.dump(new))
                    yield Edit(function, statement, new)

    def edit(self, before: str, after: str, function: str | None = None) -> Edit:
        """Return the edit of one statement to another, as `text_of` has them.

        Raises LookupError if the statement is not there once: the specification has changed under the fault.
        """
        found = [(place, one) for place, one in self.statements(function) if text_of(one) == before]
        if len(found) != 1:
            where = ", ".join((function,) if function else self.functions)
            raise LookupError(f"`{before}` is there {len(found)} times in {where} of {self.module.__name__}, not once")
        text = after.removeprefix("if ").removeprefix("return ")
        return Edit(*found[0], ast.parse(text, mode="eval").body)

    def names_with(self, edits: Sequence[Edit]) -> dict[str, Any]:
        """Return the names of the module with the edits in it, whose functions call each other."""
        names = dict(vars(self.module))
        for name, value in vars(self.module).items():
            if isinstance(value, FunctionType) and value.__module__ == self.module.__name__:
                names[name] = FunctionType(value.__code__, names, name, value.__defaults__)
        edited = {id(edit.statement) for edit in edits}
        body = [one for one in self.tree.body if edited & {id(node) for node in ast.walk(one)}]
        with made(edits):
            code = compile(ast.Module(body, []), f"<mutant of {self.module.__name__}>", "exec")
        exec(code, names)
        return names

    def text_with(self, edits: Sequence[Edit]) -> str:
        """Return the text of the module with the edits in it."""
        with made(edits):
            return ast.unparse(self.tree)

    def place_of(self, edit: Edit) -> str:
        """Return where an edit is, with its line."""
        return f"{self.module.__name__}.{edit.place}, line {edit.statement.lineno}"

    def _variants(self, function: str, statement: Statement) -> Iterator[ast.expr]:
        """Yield what might stand in place of a statement's expression; some more than once."""
        expression = expression_of(statement)
        if isinstance(statement, ast.If):
            yield from (ast.Constant(True), ast.Constant(False))
        if isinstance(statement, ast.AugAssign):
            yield _nothing()
        if self._about_queues and isinstance(statement, ast.Return) and isinstance(expression, ast.Tuple):
            for one in expression.elts:
                yield ast.Tuple([_nothing() if other is one else other for other in expression.elts], ast.Load())
        kinds = _kinds(self.functions[function], statement)
        listed = {one for node in ast.walk(expression) if isinstance(node, ast.Tuple) for one in node.elts}
        for node in ast.walk(expression):
            if isinstance(node, ast.expr):
                # a copy of the expression in which the copy of this node is another
                others = self._of_node(node, isinstance(statement, ast.If), kinds, node in listed)
                yield from (copy.deepcopy(expression, {id(node): new}) for new in others)

    def _of_node(self, node: ast.expr, in_guard: bool, kinds: dict[str, type], is_listed: bool) -> Sequence[ast.expr]:
        """Return what might stand in place of one node; `is_listed` if that is an element of a tuple."""
        match node:
            case ast.Constant(str(word)):
                return (
                    [] if is_listed else [ast.Constant(one) for words in self._words if word in words for one in words]
                )
            case ast.Constant(bool(value)):
                return [ast.Constant(not value)]
            case ast.Constant(int(number)):
                return [number_node(number + 1), number_node(number - 1)]
            case ast.Name(name) if name in self._names:
                return [name_node(other) for other in self._names[name]]
            case ast.Name(name) if name in kinds and not self._about_queues:
                others = [name_node(other) for other in kinds if kinds[other] is kinds[name]]
                if kinds[name] is bool:
                    return [*others, ast.UnaryOp(ast.Not(), node), ast.Constant(True), ast.Constant(False)]
                return others if in_guard else [*others, *_off_by_one(node), ast.Constant(0)]
            case ast.Name(name) if name in kinds:
                return _off_by_one(node)
            case ast.Call(ast.Name("len")):
                return _off_by_one(node)
            case ast.BinOp(left, ast.Add() | ast.Sub() as op, ast.Constant() as right):
                opposite = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
                return [left] if self._about_queues else [left, ast.BinOp(left, opposite, right)]
            case ast.BinOp(left, ast.Add() as op, right):  # two queues, one behind the other
                return [left, right, ast.BinOp(right, op, left)]
            case ast.UnaryOp(ast.Not(), operand):
                return [operand]
            case ast.BoolOp(op, values):
                return [*values, ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)]
            case ast.IfExp(_, body, orelse):
                return [body, orelse]
            case ast.Compare(left, [op], [right]):
                return _comparisons(left, op, right)
        return []


def expression_of(statement: Statement) -> ast.expr:
    """Return what an edit of the statement replaces: the guard of an `if`, or what is assigned or returned."""
    expression = statement.test if isinstance(statement, ast.If) else statement.value
    assert expression is not None
    return expression


def text_of(statement: Statement, expression: ast.expr | None = None) -> str:
    """Return the statement on one line, with its own expression or with another; of an `if` the guard alone."""
    expression = expression_of(statement) if expression is None else expression
    text = ast.unparse(expression)
    if isinstance(statement, ast.Return) and isinstance(expression, ast.Tuple) and expression.elts:
        text = ", ".join(map(ast.unparse, expression.elts))
    if isinstance(statement, ast.Assign):
        (target,) = statement.targets
        return f"{ast.unparse(target)} = {text}"
    if isinstance(statement, ast.AugAssign):
        return f"{ast.unparse(statement.target)} += {text}"
    return f"{'if' if isinstance(statement, ast.If) else 'return'} {text}"


def name_node(id: str) -> ast.Name:
    """Return the name, as an expression."""
    return ast.Name(id, ast.Load())


def number_node(value: int) -> ast.expr:
    """Return the number, as an expression."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


@contextmanager
def made(edits: Sequence[Edit]) -> Iterator[None]:
    """Have the syntax tree changed while this is entered."""
    originals = [expression_of(edit.statement) for edit in edits]
    for edit in edits:
        _put(edit.statement, ast.fix_missing_locations(ast.copy_location(edit.new, edit.statement)))
    try:
        yield
    finally:
        for edit, original in zip(reversed(edits), reversed(originals), strict=True):
            _put(edit.statement, original)


def _put(statement: Statement, expression: ast.expr) -> None:
    if isinstance(statement, ast.If):
        statement.test = expression
    else:
        statement.value = expression


def _kinds(function: ast.FunctionDef, statement: Statement) -> dict[str, type]:
    """Return the ints and bools that an expression may use, by name: parameters, and what a return may use."""
    kinds = {"int": int, "bool": bool}
    annotated = {one.arg: ast.unparse(one.annotation) for one in function.args.args if one.annotation is not None}
    found = {name: kinds[kind] for name, kind in annotated.items() if kind in kinds}
    for node in ast.walk(function) if isinstance(statement, ast.Return) else ():
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store):
            *numbers, _ = node.elts  # an operation's result: the state, then the rule
            found |= {one.id: int for one in numbers if isinstance(one, ast.Name)}
    for node in ast.walk(expression_of(statement)):
        if isinstance(node, ast.Slice):
            found |= {one.id: int for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found


def _comparisons(left: ast.expr, op: ast.cmpop, right: ast.expr) -> list[ast.expr]:
    """Return the opposite of a comparison of words, and it with fewer words; of one of numbers, every other order."""
    is_of_words = isinstance(op, ast.In | ast.NotIn) or (
        isinstance(right, ast.Constant) and isinstance(right.value, str)
    )
    listed = right.elts if isinstance(right, ast.Tuple) else []
    return [
        *(ast.Compare(left, [other()], [right]) for other in ((OPPOSITES[type(op)],) if is_of_words else ORDERINGS)),
        *(
            ast.Compare(left, [op], [ast.Tuple([one for one in listed if one is not word], ast.Load())])
            for word in listed
        ),
    ]


def _off_by_one(node: ast.expr) -> list[ast.expr]:
    return [ast.BinOp(node, ast.Add(), ast.Constant(1)), ast.BinOp(node, ast.Sub(), ast.Constant(1))]


def _nothing() -> ast.expr:
    """Return no task at all: an empty tuple."""
    return ast.Tuple([], ast.Load())
