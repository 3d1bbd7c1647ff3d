"""Small changes of the functions that make claims precise: what would be wrong if a claim were wrong by a little.

A function is changed where it stands, so whatever calls it, calls the changed one.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from latchproof_spec import calls, claims
from latchproof_spec.barrier import claims as barrier_claims
from latchproof_spec.latch import claims as latch_claims

MODULES = (claims, calls, latch_claims, barrier_claims)

ORDERS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


class Weakening(NamedTuple):
    """A function, what is changed in it, in words, and its code then."""

    function: FunctionType
    change: str
    code: Any

    def __str__(self) -> str:
        return f"{self.function.__name__}: {self.change}"


def functions() -> Iterator[FunctionType]:
    """Yield every function of the modules with claims."""
    for module in MODULES:
        yield from (
            one for one in vars(module).values() if isinstance(one, FunctionType) and one.__module__ == module.__name__
        )


def weakenings() -> Iterator[Weakening]:
    """Yield every change of one expression: a part left out, a condition decided, a comparison turned around."""
    for function in functions():
        tree = ast.parse(inspect.getsource(function)).body[0]
        if not isinstance(tree, ast.FunctionDef):
            continue  # one that is written as a lambda
        for number, node in enumerate(ast.walk(tree)):
            for place, new in enumerate(_variants(node)):
                changed = copy.deepcopy(tree)
                target = list(ast.walk(changed))[number]
                replacement = list(_variants(target))[place]
                before, after = ast.unparse(node), ast.unparse(new)
                _put(changed, target, replacement)
                yield Weakening(function, f"{before} -> {after}", _compiled(changed, function))


@contextmanager
def planted(weakening: Weakening) -> Iterator[None]:
    """Have the function changed while this is entered."""
    function: Any = weakening.function
    original = function.__code__
    function.__code__ = weakening.code
    try:
        yield
    finally:
        function.__code__ = original


def reached(function: Any) -> set[FunctionType]:
    """Return the functions that a function may call, itself included."""
    found: set[FunctionType] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if isinstance(one, partial):
            waiting += [one.func, *(each for account in one.args for each in (account.update, account.holds))]
        if not isinstance(one, FunctionType) or one in found:
            continue
        found.add(one)
        names, scope = one.__code__.co_names, one.__globals__
        owners = [value for name, value in scope.items() if name in names and isinstance(value, ModuleType)]
        waiting += [scope.get(name) for name in names]
        waiting += [getattr(owner, name, None) for owner in owners for name in names]
    return found


def _variants(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.BoolOp(op, values):
            for left_out in values:
                rest = [one for one in values if one is not left_out]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.Compare(left, [op], [right]):
            yield ast.Compare(left, [ORDERS[type(op)]()], [right])
            yield ast.Constant(True)
        case ast.Compare(left, [*ops], [*others]):  # a chain, without its first or its last part
            yield ast.Compare(others[0], ops[1:], others[1:])
            yield ast.Compare(left, ops[:-1], others[:-1])
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield body
            yield orelse
        case ast.Attribute(ast.Name("before"), name, ast.Load()) if name != "acts":  # that a step does not change
            yield ast.Attribute(ast.Name("after", ast.Load()), name, ast.Load())
        case ast.Attribute(ast.Name("after"), name, ast.Load()) if name != "acts":
            yield ast.Attribute(ast.Name("before", ast.Load()), name, ast.Load())
        case ast.Constant(int() as value) if type(value) is int:
            yield ast.Constant(value + 1)


def _put(tree: ast.AST, target: ast.AST, new: ast.expr) -> None:
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is target:
                setattr(node, name, new)
            elif isinstance(value, list):
                value[:] = [new if one is target else one for one in value]
    ast.fix_missing_locations(tree)


def _compiled(tree: ast.FunctionDef, function: FunctionType) -> Any:
    names = dict(function.__globals__)
    exec(compile(ast.Module([tree], []), "<weakened>", "exec", dont_inherit=True), names)
    return names[function.__name__].__code__
