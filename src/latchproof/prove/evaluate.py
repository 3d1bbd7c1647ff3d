"""Terms of the model with identities as plain Python: what a term comes to where each symbol has a value.

A term is written as a Python expression and compiled once, so that it can be evaluated in thousands of small worlds. A
call is an int there, a phase and what was given are strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import z3

Values: TypeAlias = Mapping[str, Any]
"""The value of each symbol by its name; of a function, a function."""

_INFIX: Final = {
    z3.Z3_OP_AND: " and ", z3.Z3_OP_OR: " or ", z3.Z3_OP_EQ: " == ", z3.Z3_OP_LE: " <= ", z3.Z3_OP_LT: " < ",
    z3.Z3_OP_GE: " >= ", z3.Z3_OP_GT: " > ", z3.Z3_OP_ADD: " + ", z3.Z3_OP_SUB: " - ", z3.Z3_OP_MUL: " * ",
}  # fmt: skip


def evaluator(terms: Sequence[z3.ExprRef]) -> Callable[[Values], tuple[Any, ...]]:
    """Return a function that evaluates terms, given the value of each symbol.

    >>> count = z3.Int("count")
    >>> evaluator([z3.If(count > 1, count - 1, 0), count == 2])({"count": 2})
    (1, True)
    """
    known: dict[int, str] = {}
    written = [_written(one, known) for one in terms]
    compiled = compile(f"lambda v: ({''.join(one + ', ' for one in written)})", "<terms>", "eval")
    found: Callable[[Values], tuple[Any, ...]] = eval(compiled)
    return found


def _written(one: z3.ExprRef, known: dict[int, str]) -> str:
    """Return a term as a Python expression, in which `v` has the values of the symbols. `known` are parts written."""
    if one.get_id() not in known:
        known[one.get_id()] = _of_parts(one, [_written(part, known) for part in one.children()])
    return known[one.get_id()]


def _of_parts(one: z3.ExprRef, parts: list[str]) -> str:
    if z3.is_int_value(one):
        return f"({one.as_long()})"
    if z3.is_true(one) or z3.is_false(one):
        return str(z3.is_true(one))
    kind, name = one.decl().kind(), one.decl().name()
    if kind in _INFIX:
        return f"({_INFIX[kind].join(parts)})" if parts else "True"
    if kind == z3.Z3_OP_UMINUS:
        return f"(-{parts[0]})"
    if kind == z3.Z3_OP_NOT:
        return f"(not {parts[0]})"
    if kind == z3.Z3_OP_IMPLIES:
        return f"(not {parts[0]} or {parts[1]})"
    if kind == z3.Z3_OP_ITE:
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if kind == z3.Z3_OP_DISTINCT:
        return f"(len({{{', '.join(parts)}}}) == {len(parts)})"
    if kind == z3.Z3_OP_DT_CONSTRUCTOR:
        return repr(name)
    if kind == z3.Z3_OP_UNINTERPRETED:
        return f"v[{name!r}]({', '.join(parts)})" if parts else f"v[{name!r}]"
    raise TypeError(f"no way to evaluate {name} is known: {one}")
