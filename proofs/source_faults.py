"""Small faults of a source file, made from its syntax tree: a piece of its text becomes another.

Each comparison may be another, each condition be dropped or turned around, each number be off by one, each statement
be left out, each element be missing, each `any` be an `all`, and each returned value be None. What only a reader or a
type checker sees is left alone: docstrings, annotations, texts of messages, imports, assertions.

The rest of the file stays as it is, so lines keep their numbers.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

SUMS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}

NAMES: Final = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "all_of": "any_of",
    "any_of": "all_of",
    "And": "Or",
    "Or": "And",
    "append": "remove",
    "add": "discard",
    "issubset": "issuperset",
    "popleft": "pop",
}
"""Functions and methods, and one that may stand in the place of each."""

UNWRAPPED: Final = ("sorted", "reversed", "set", "frozenset", "bool", "Not")
"""Functions whose argument may stand in place of the call."""

VARIADIC: Final = ("all_of", "any_of", "And", "Or", "Distinct", "chain", "max", "min", "union", "product", "add")
"""Functions that an argument less does not break: a call of another just fails."""

UNSEEN: Final = ("TypeVar", "cast", "Property", "Claim", "Rule", "field")
"""Calls whose strings are for a reader or a type checker."""


@dataclass(frozen=True)
class Fault:
    """One fault of a file: in `function`, the piece of text `before` becomes `after`.

    `number` tells apart equal pieces of one function, from 0. `begin` and `end` are places in the text, in bytes.
    """

    file: str
    function: str
    before: str
    after: str
    number: int
    line: int
    begin: int
    end: int

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """The fault without its place, by which it is found again when lines move."""
        return self.file, self.function, self.before, self.after, self.number

    def put(self, text: str) -> str:
        """Return the text of the file with the fault in it."""
        source = text.encode()
        return (source[: self.begin] + self.after.encode() + source[self.end :]).decode()

    def __str__(self) -> str:
        repeated = f" (occurrence {self.number + 1})" if self.number else ""
        return f"{self.file}:{self.line} {self.function}: `{self.before}` -> `{self.after}`{repeated}"


def faults(file: str, text: str) -> list[Fault]:
    """Return every fault of a file, in the order of its text.

    >>> for fault in faults("a.py", "def f(n):\\n    return n < 3\\n"):
    ...     print(fault)
    a.py:2 f: `n < 3` -> `(None)`
    a.py:2 f: `n < 3` -> `(n <= 3)`
    a.py:2 f: `n < 3` -> `(n >= 3)`
    a.py:2 f: `3` -> `(4)`
    """
    lines = [0]
    for line in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    source = text.encode()
    found: list[Fault] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    done: set[tuple[int, int, str]] = set()
    for function, node, after in _edits(ast.parse(text), ""):
        begin, end = lines[node.lineno - 1] + node.col_offset, lines[node.end_lineno - 1] + node.end_col_offset
        if (begin, end, after) in done or (isinstance(node, ast.expr) and _is(node, after)):
            continue
        done.add((begin, end, after))
        before = " ".join(source[begin:end].decode().split())
        number = seen[function, before, after]
        seen[function, before, after] += 1
        found.append(Fault(file, function, before, after, number, node.lineno, begin, end))
    return found


def _is(node: ast.expr, text: str) -> bool:
    """Return whether a text is the expression itself."""
    return ast.dump(ast.parse(text, mode="eval").body) == ast.dump(node)


def _edits(node: ast.AST, function: str) -> Iterator[tuple[str, Any, str]]:
    """Yield, for each fault in a part of the tree: the function, the node that is replaced, and the new text."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        inner = f"{function}.{node.name}".strip(".")
        if node.name in ("__repr__", "__str__", "__getattr__") or "Protocol" in ast.unparse(node).split(":")[0]:
            return
        parts: list[ast.AST] = [*node.decorator_list, *_defaults(node), *node.body]
        for one in parts:
            yield from _edits(one, inner)
        return
    if _is_unseen(node):
        return
    if isinstance(node, ast.stmt):
        yield from ((function, node, text) for text in _of_statement(node))
    if isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        yield function, node.value, "(None)"
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield from ((function, node.test, f"({value})") for value in (True, False))
    if isinstance(node, ast.expr):
        yield from ((function, node, f"({ast.unparse(one)})") for one in _of_expression(node))
    for child in _children(node):
        yield from _edits(child, function)


def _defaults(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.ClassDef):
        return []
    return [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]  # type: ignore[attr-defined] # its callers pass functions


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that are run, in the order of the text."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "ctx"):
            continue
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and name == "msg"):
            continue
        if isinstance(node, ast.Assign | ast.AugAssign | ast.For | ast.comprehension) and name in ("targets", "target"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST) and not _is_precaution(one):
                yield one


def _is_precaution(node: ast.AST) -> bool:
    """Return whether it is `strict` of zip, which only a fault elsewhere could need."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def _is_unseen(node: ast.AST) -> bool:
    """Return whether only a reader or a type checker sees a part of the tree."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Assert):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and "TYPE_CHECKING" in ast.unparse(node).split("=")[0]:
        return True
    if isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__slots__", "__all__", "__module__"):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_statement(node: ast.stmt) -> Iterator[str]:
    """Yield what might stand in place of a statement."""
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"


def _of_expression(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what might stand in place of an expression."""
    match node:
        case ast.Compare(left, [op], [right]):
            for other in COMPARISONS[type(op)]:
                yield ast.Compare(left, [other()], [right])
        case ast.Compare(left, ops, comparators):
            yield ast.Compare(left, ops[:-1], comparators[:-1])
            yield ast.Compare(comparators[0], ops[1:], comparators[1:])
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for one in values:
                rest = [other for other in values if other is not one]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield body
            yield orelse
        case ast.BinOp(left, op, right) if type(op) in SUMS and not isinstance(left, ast.Constant):
            yield ast.BinOp(left, SUMS[type(op)](), right)
            yield left
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)
        case ast.Tuple(elements, ast.Load()) if _is_listing(elements):
            yield from _with_fewer(node, "elts", elements)
        case ast.List(elements, ast.Load()) | ast.Set(elements):
            yield from _with_fewer(node, "elts", elements)
        case ast.Dict(keys, values):
            for number in range(len(keys)):
                yield ast.Dict(keys[:number] + keys[number + 1 :], values[:number] + values[number + 1 :])
        case ast.Call():
            yield from _of_call(node)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _with_fewer_conditions(node)
        case ast.Subscript(value, ast.Slice(lower, upper, _)) if lower is not None or upper is not None:
            yield value
        case ast.Lambda(arguments, _):
            yield ast.Lambda(arguments, ast.Constant(None))
        case ast.Yield(_):
            yield ast.Constant(None)


def _of_call(node: ast.Call) -> Iterator[ast.expr]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in UNSEEN:
        return
    if name in NAMES:
        other = copy.deepcopy(node)
        if isinstance(other.func, ast.Attribute):
            other.func.attr = NAMES[name]
        elif isinstance(other.func, ast.Name):
            other.func.id = NAMES[name]
        yield other
    if name in UNWRAPPED and len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]
    if name == "range" and len(node.args) == 1:
        yield ast.Call(node.func, [ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))], [])
    if len(node.args) > 1:
        if name in VARIADIC:
            yield from _with_fewer(node, "args", node.args)
        if not any(isinstance(one, ast.Starred) for one in node.args[:2]):
            yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    yield from _with_fewer(node, "keywords", node.keywords)


def _is_listing(elements: list[ast.expr]) -> bool:
    """Return whether a tuple is a list of things of one kind, and not a record, which would just not be unpacked."""
    if any(isinstance(one, ast.Starred) for one in elements):
        return True
    return len(elements) > 1 and (
        all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in elements)
        or all(isinstance(one, ast.Call) for one in elements)
    )


def _with_fewer(node: ast.expr, name: str, elements: list[Any]) -> Iterator[ast.expr]:
    """Yield the node without each of its elements."""
    for one in elements:
        if _is_precaution(one):
            continue
        other = copy.copy(node)
        setattr(other, name, [each for each in elements if each is not one])
        yield other


def _with_fewer_conditions(node: Any) -> Iterator[ast.expr]:
    for place, comprehension in enumerate(node.generators):
        for condition in comprehension.ifs:
            other = copy.deepcopy(node)
            kept = [one for one in comprehension.ifs if one is not condition]
            other.generators[place].ifs = copy.deepcopy(kept)
            yield other
