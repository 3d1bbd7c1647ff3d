"""The subset of Python that is proved, as a whitelist over syntax trees: what is not named here is rejected.

Everything in it means on symbols what it means on numbers. Numbers are compared and added, words are compared with
words, and whatever branches does so by the truth of such a comparison. There are no loops, no texts of values, no
questions about types or identities, and nothing is written but local names.

There are two forms. Every function may use the first. The functions that say what a rule does to a queue may slice it,
search it, and use the built-ins that the prover replaces; only `is_whole_number` may ask for a type.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from latchproof.prove.language.module_text import FunctionNode, is_for_type_checkers, shortened

Wrong: TypeAlias = tuple[int, str]
"""A line, and what is wrong there."""

COMPARISONS: Final = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult)
CONSTANTS: Final = (int, bool, str, type(None))

BUILT_IN_NAMES: Final = frozenset(vars(builtins)) - {"_"}
"""The names that shadow a built-in. An interactive session has `_` too."""

CALLED_METHOD: Final = "index"
"""The one method that is called: it finds a task in a queue."""

CALLED_WITH: Final = {"zip": {"strict"}}
"""The keywords of calls that have any."""

WORDS: Final[dict[type, str]] = {
    ast.JoinedStr: "an f-string",
    ast.FormattedValue: "an f-string",
    ast.For: "a loop",
    ast.While: "a loop",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Is: "`is`",
    ast.IsNot: "`is not`",
    ast.Global: "`global`",
    ast.Nonlocal: "`nonlocal`",
    ast.NamedExpr: "an assignment within an expression",
    ast.Lambda: "a function within a function",
    ast.FunctionDef: "a function within a function",
    ast.Import: "an import within a function",
    ast.ImportFrom: "an import within a function",
    ast.Expr: "a statement without effect",
    ast.Dict: "a dict that is made here",
    ast.List: "a list",
}
"""What some kinds of nodes are called in a message."""


@dataclass
class Read:
    """What a function reads of its module: which names it calls, which values it uses, and what is wrong with it.

    `called` maps a name to the lines where it is called, `used` to those where its value is used; a function of another
    module has a name with a dot.
    """

    called: dict[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)


def read_function(node: FunctionNode, fields: Collection[str], *, is_about_queues: bool) -> Read:
    """Return what a function reads, and all that is outside of the subset in it.

    `fields` are the attributes that records have. A function that `is_about_queues` may do more.
    """
    reader = _Reader(fields, is_about_queues)
    reader.function(node)
    return reader.read


class _Reader:
    """Reads the syntax tree of one function."""

    def __init__(self, fields: Collection[str], is_about_queues: bool) -> None:
        self._fields = fields
        self._is_about_queues = is_about_queues
        self._local: set[str] = set()
        self.read = Read()

    def function(self, node: FunctionNode) -> None:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            self._reject(node.decorator_list[0], "a decorator")
        arguments = node.args
        for other in (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs, *arguments.posonlyargs):
            if other is not None:
                self._reject(other, "an argument that is not a plain one")
        for default in arguments.defaults:
            if isinstance(default, ast.Name):
                self.read.used.setdefault(default.id, default.lineno)
            elif not _is_constant(default):
                self._reject(default, "a default that is not a constant")
        stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        self._local = stored | {one.arg for one in arguments.args}
        for name in sorted(self._local & BUILT_IN_NAMES):
            self._reject(node, f"a local {name}, which shadows the built-in")
        if isinstance(node, ast.Lambda):
            self._expression(node.body)
        else:
            self._block(node.body[1:] if ast.get_docstring(node) is not None else node.body)

    def _reject(self, node: ast.AST, what: str) -> None:
        self.read.wrong.append((getattr(node, "lineno", 0), f"{what} is outside of the subset that is proved"))

    def _reject_kind(self, node: ast.AST, at: ast.AST | None = None) -> None:
        self._reject(at or node, WORDS.get(type(node), f"`{shortened(node)}`"))

    def _block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.If(test, body, orelse):
                self._expression(test)
                self._block(body)
                self._block(orelse)
            case ast.Return(ast.expr() as value):
                self._expression(value)
            case ast.Assign([target], value):
                self._target(target)
                self._expression(value)
            case ast.AnnAssign(ast.Name(), _, ast.expr() as value):
                self._expression(value)
            case ast.AugAssign(ast.Name(), ast.Add(), value):
                self._expression(value)
            case _:
                self._reject_kind(node)

    def _target(self, node: ast.expr) -> None:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        for one in parts:
            if not isinstance(one, ast.Name):
                self._reject(one, "an assignment to anything but a local name")

    def _expression(self, node: ast.expr) -> None:
        match node:
            case ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()):
                if not _is_constant(node):
                    self._reject(node, f"the constant {ast.unparse(node)}")
            case ast.Name(name):
                if name not in self._local:
                    self.read.used.setdefault(name, node.lineno)
            case ast.Attribute(value, attribute):
                self._attribute(node, value, attribute)
            case ast.BoolOp(_, values):
                self._each(values)
            case ast.UnaryOp(ast.Not(), operand):
                self._expression(operand)
            case ast.Compare(left, [op], [right]):
                self._comparison(node, left, op, right)
            case ast.BinOp(left, op, right) if isinstance(op, ARITHMETIC):
                self._each([left, right])
            case ast.IfExp(test, body, orelse):
                self._each([test, body, orelse])
            case ast.Tuple(elements):
                self._each([one.value if isinstance(one, ast.Starred) else one for one in elements])
            case ast.Subscript(value, key):
                self._expression(value)
                self._key(node, key)
            case ast.Call():
                self._call(node)
            case _:
                self._reject_kind(node)

    def _each(self, nodes: list[ast.expr]) -> None:
        for one in nodes:
            self._expression(one)

    def _attribute(self, node: ast.expr, value: ast.expr, attribute: str) -> None:
        """Read a field of a record: of an argument, or of what another field holds."""
        if attribute not in self._fields:
            self._reject(node, f"the attribute {attribute}")
        if isinstance(value, ast.Name) and value.id not in self._local:
            self._reject(node, f"an attribute of {value.id}, which is not an argument,")
        elif not isinstance(value, ast.Name | ast.Attribute):
            self._reject(node, "an attribute of what is computed here")
        else:
            self._expression(value)

    def _comparison(self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr) -> None:
        """Compare two values, or look for a word among words, or for a task in a queue."""
        self._each([left, right])
        if isinstance(op, ast.In | ast.NotIn):
            words = right.elts if isinstance(right, ast.Tuple) else []
            if words:
                for one in words:
                    if not isinstance(one, ast.Starred) and not (
                        isinstance(one, ast.Constant) and isinstance(one.value, str)
                    ):
                        self._reject(node, "`in` with anything but words")
            elif not isinstance(right, ast.Name) or (right.id in self._local and not self._is_about_queues):
                self._reject(node, "`in` with anything but words")
        elif not isinstance(op, COMPARISONS):
            self._reject_kind(op, node)

    def _key(self, node: ast.expr, key: ast.expr) -> None:
        """Read an item at a fixed place or with a word as its key, or a slice of a queue."""
        match key:
            case ast.Slice(lower, upper, None) if self._is_about_queues:
                self._each([one for one in (lower, upper) if one is not None])
            case ast.Constant(int() | str()) | ast.UnaryOp(ast.USub(), ast.Constant(int())):
                pass
            case ast.Attribute() | ast.Subscript():  # a word: a symbolic value raises here
                self._expression(key)
            case _:
                self._reject(node, f"the item [{ast.unparse(key)}]")

    def _call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Name(name) if name not in self._local:
                self.read.called.setdefault(name, node.lineno)
            case ast.Attribute(ast.Name(module), name) if module not in self._local:
                self.read.called.setdefault(f"{module}.{name}", node.lineno)
            case ast.Attribute(ast.Name(), name) if name == CALLED_METHOD and self._is_about_queues:
                name = ""
            case _:
                self._reject(node, f"the call of {ast.unparse(node.func)}")
                return
        keywords = {one.arg for one in node.keywords}
        if keywords - CALLED_WITH.get(name, set()):
            self._reject(node, "a call with keywords")
        self._each([*node.args, *(one.value for one in node.keywords)])


def _is_constant(node: ast.expr) -> bool:
    """Return whether it is a number, a word, True, False or None."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and _is_int(node.operand.value)
    return isinstance(node, ast.Constant) and type(node.value) in CONSTANTS


def _is_int(value: Any) -> bool:
    return type(value) is int


MAY_NOT: Final = {
    "globals", "vars", "exec", "eval", "compile", "setattr", "delattr", "__import__", "__builtins__",
}  # fmt: skip
"""What no module of the specification may mention: it changes what another text says."""

DUNDERS: Final = {"__init__", "__slots__", "__module__", "__name__"}
"""The attributes of Python's own that a module of the specification may read."""


def read_module(tree: ast.Module) -> Iterator[Wrong]:
    """Yield where a module does more than define names, so that a text elsewhere might not say what it seems to."""
    yield from _definitions(tree.body)
    nodes = list(ast.walk(tree))
    own = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _is_of_self(node)}
    own |= {id(item) for node in nodes if isinstance(node, ast.FunctionDef) for item in _own_items(node)}
    for node in nodes:
        match node:
            case ast.Global() | ast.Nonlocal() | ast.Delete():
                yield node.lineno, "a name of another scope is changed"
            case ast.Attribute(value, _, ast.Store() | ast.Del()) if not _is_self(value):
                yield node.lineno, f"an attribute of {ast.unparse(value)} is changed"
            case ast.Subscript(_, _, ast.Store() | ast.Del()) if id(node) not in own:
                yield node.lineno, "an item is changed"
            case ast.Attribute(_, attribute) if attribute.startswith("__") and attribute not in DUNDERS:
                yield node.lineno, f"{attribute} is used"
            case ast.Name(name) if name in MAY_NOT and id(node) not in own:
                yield node.lineno, f"{name} is used"
            case ast.NamedExpr():
                yield node.lineno, "a name is bound within an expression"


def _definitions(body: list[ast.stmt]) -> Iterator[Wrong]:
    """Yield the statements of a module or a class that do not define a name."""
    for statement in body:
        match statement:
            case ast.ImportFrom(_, [ast.alias("*")]):
                yield statement.lineno, "what is imported is not named"
            case (
                ast.Import()
                | ast.ImportFrom()
                | ast.FunctionDef()
                | ast.AsyncFunctionDef()
                | ast.Expr(ast.Constant(str()))
            ):
                pass
            case ast.Assign([ast.Name()], _) | ast.AnnAssign(ast.Name(), _, _):
                pass
            case ast.ClassDef(_, _, [], inner):
                yield from _definitions(inner)
            case _ if is_for_type_checkers(statement):
                pass
            case _:
                yield statement.lineno, "a module of the specification only defines names"


def _own_items(function: ast.FunctionDef) -> Iterator[ast.Subscript]:
    """Yield the items that a function changes of what it has made itself."""
    nodes = list(ast.walk(function))
    made = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.List)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in made:
            yield node


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_of_self(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "setattr" and bool(node.args) and _is_self(node.args[0])
