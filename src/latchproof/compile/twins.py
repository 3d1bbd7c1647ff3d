"""A model's twin: the same methods, which look at a line of calls of any length, and what they must not say.

A method keeps its code. Only what it finds under `waiters`, `released`, `choose`, `task`, `until` and `len` is another
function, for it and for the functions of its module that it calls.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CellType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, Final

from latchproof.compile.stage import MARK, CannotCompileError, Numbers, length, place, reached, waiters
from latchproof_spec import model as api
from latchproof_spec.model import Model

_REACHED: Final = ("released", "choose", "task", "until")
_REPLACED: Final[dict[int, Any]] = {
    id(api.waiters): waiters,
    id(api.place): place,
    id(len): length,
    id(range): Numbers,
    **{id(vars(api)[name]): reached(name) for name in _REACHED if name in vars(api)},
}
_LOOKED_AT: Final = (
    "type", "id", "vars", "setattr", "delattr", "globals", "locals", "eval", "exec", "str", "repr", "format", "ascii",
)  # fmt: skip
_NAMES: Final[dict[type[ast.AST], str]] = {
    ast.While: "a `while`, and a rule does not know how often it goes round",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Lambda: "a `lambda`",
    ast.Yield: "a `yield`: a call of several instants is checked, not proved",
    ast.YieldFrom: "a `yield`: a call of several instants is checked, not proved",
    ast.Await: "an `await`",
    ast.Is: "an `is`, which no symbol has an answer to: compare with `==`",
    ast.IsNot: "an `is not`, which no symbol has an answer to: compare with `!=`",
    ast.JoinedStr: "an f-string that is not what a `when` says of itself: a symbol has no text",
    ast.Global: "a `global`",
    ast.Nonlocal: "a `nonlocal`",
    ast.Match: "a `match`",
}


def twin_of(model: type[Model]) -> type[Model]:
    """Return the twin of a model, whose bases are twins too."""
    modules = {one.__module__ for one in own_classes(model)}
    names: dict[int, dict[str, Any]] = {}
    twins: dict[type[Any], type[Any]] = {}

    def globals_of(function: FunctionType) -> dict[str, Any]:
        found = names.get(id(function.__globals__))
        if found is None:
            names[id(function.__globals__)] = found = {**function.__globals__, MARK: True}
            found.setdefault("len", len)
            found.setdefault("range", range)
            for name, value in tuple(found.items()):
                if isinstance(value, FunctionType) and value.__module__ in modules:
                    found[name] = rebuilt(value, None)
                elif isinstance(value, ModuleType) and vars(value).get("waiters") is api.waiters:
                    found[name] = SimpleNamespace(**{n: _REPLACED.get(id(v), v) for n, v in vars(value).items()})
                else:
                    found[name] = _REPLACED.get(id(value), value)
        return found

    def rebuilt(value: Any, cell: CellType | None) -> Any:
        match value:
            case FunctionType():
                cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
                closure = tuple(cell if name == "__class__" and cell else one for name, one in cells)
                made = FunctionType(value.__code__, globals_of(value), value.__name__, value.__defaults__, closure)
                made.__kwdefaults__, made.__module__ = value.__kwdefaults__, value.__module__
                return made
            case property():
                return property(*(one and rebuilt(one, cell) for one in (value.fget, value.fset, value.fdel)))
            case staticmethod() | classmethod():
                return type(value)(rebuilt(value.__func__, cell))
        return value

    def of(cls: type[Any]) -> type[Any]:
        if cls.__module__ not in modules:
            return cls
        if cls not in twins:
            cell = CellType()
            left_out = ("__dict__", "__weakref__")
            body = {name: rebuilt(one, cell) for name, one in vars(cls).items() if name not in left_out}
            twins[cls] = type(cls.__name__, tuple(map(of, cls.__bases__)), body)
            cell.cell_contents = twins[cls]
        return twins[cls]

    return of(model)


def own_classes(model: type[Model]) -> list[type[Any]]:
    """Return the model and its bases that are models, without `Model` itself."""
    return [one for one in model.__mro__ if issubclass(one, Model) and one is not Model]


def methods(model: type[Model]) -> Iterator[tuple[str, FunctionType]]:
    """Yield every method and property of a model and of its bases, by name."""
    for cls in own_classes(model):
        for name, value in vars(cls).items():
            for one in (value.fget,) if isinstance(value, property) else (value,):
                if isinstance(one, FunctionType):
                    yield name, one


def place_of(function: Callable[..., object], line: int = 0) -> str:
    """Return the file of a function and its line, or another one, counted from there."""
    code = inspect.unwrap(function).__code__
    return f"{Path(code.co_filename).name}:{code.co_firstlineno + max(line - 1, 0)}"


def tree_of(function: FunctionType) -> ast.AST:
    """Return the syntax tree of a function; raise CannotCompileError if its source cannot be read."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        raise CannotCompileError(f"{place_of(function)}: the source of {function.__name__}() cannot be read") from None


def require_plain(model: type[Model]) -> None:
    """Raise CannotCompileError if a method says what cannot be run once for each way through it."""
    for name, function in methods(model):
        tree = tree_of(function)
        said = {id(part) for node in ast.walk(tree) for one in _said_of_when(node) for part in ast.walk(one)}
        for node in (one for one in ast.walk(tree) if id(one) not in said):
            if (what := _not_plain(node)) is not None:
                raise CannotCompileError(f"{place_of(function, getattr(node, 'lineno', 1))}: {name}() has {what}")
            for operator in getattr(node, "ops", ()):
                if type(operator) in _NAMES and not _is_with_none(node):
                    where = place_of(function, getattr(node, "lineno", 1))
                    raise CannotCompileError(f"{where}: {name}() has {_NAMES[type(operator)]}")


def _is_with_none(node: ast.AST) -> bool:
    """Return whether something is compared with None: no symbol is None."""
    return isinstance(node, ast.Compare) and any(
        isinstance(one, ast.Constant) and one.value is None for one in (node.left, *node.comparators)
    )


def _said_of_when(node: ast.AST) -> list[ast.expr]:
    """Return what a `when` says of itself in words, which nothing looks at."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "when":
        return [*node.args[1:], *(one.value for one in node.keywords if one.arg == "otherwise")]
    return []


def _not_plain(node: ast.AST) -> str | None:
    match node:
        case ast.Call(ast.Name(called)) if called in _LOOKED_AT:
            return f"a call of {called}(), by which a symbol can be told from a number"
        case ast.For(_, iterated, body, orelse) if not _is_of_numbers(iterated):
            for one in (*body, *orelse):
                for inner in ast.walk(one):
                    if isinstance(inner, ast.stmt) and not isinstance(inner, ast.Expr | ast.If | ast.Pass):
                        return "a `for` that does more than end each call: one run of it stands for all of them"
                    if isinstance(inner, ast.Call) and "when" in ast.unparse(inner.func).split("."):
                        return "a `when` within a `for`"
        case ast.Call(ast.Attribute(_, "format")) | ast.BinOp(ast.Constant(str()), ast.Mod()):
            return "a text that is made of values: a symbol has none"
        case ast.ExceptHandler(None) | ast.ExceptHandler(ast.Name("Exception" | "BaseException")):
            return "an `except` of every error"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if node.col_offset > 0:
            return "a definition within it"
        case _ if not isinstance(node, ast.cmpop):
            return _NAMES.get(type(node))
    return None


def _is_of_numbers(iterated: ast.expr) -> bool:
    """Return whether a loop goes over what is written out, or over a range: it is run as it stands."""
    return isinstance(iterated, ast.Tuple) or (
        isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "range"
    )


def heeds_cancellation(model: type[Model]) -> bool:
    """Return whether some method does something when a call is cancelled."""
    trees = (tree_of(function) for _, function in methods(model))
    return any(isinstance(node, ast.Try) for tree in trees for node in ast.walk(tree))


def assigned(model: type[Model]) -> set[str]:
    """Return the attributes that some method but the constructor assigns."""
    return {
        node.attr
        for name, function in methods(model)
        if name != "__init__"
        for node in ast.walk(tree_of(function))
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
