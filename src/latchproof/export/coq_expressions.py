"""Expressions of the specification as Gallina, from their syntax tree.

The subset is that of `latchproof.prove.language.grammar` or less; whatever is not listed here is refused. What Gallina
does not have (slices, `range`, `index`) is a definition of `proofs/coq/Py.v`. Evaluation order does not matter, because
no expression of the subset has an effect.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final, TypeAlias

from latchproof.export.coq_types import (
    CALL,
    ENDING,
    ERROR,
    NUMBER,
    PROSE,
    ListOf,
    Names,
    NotRenderedError,
    Product,
    Type,
    bare,
    constructor,
)

Variables: TypeAlias = Mapping[str, tuple[str, Type]]
"""The text and the type of each variable, and of each attribute of a variable that has no type (`self.caller`)."""

Rendered: TypeAlias = tuple[str, Type]
"""The text of an expression, and its type."""

_EQUALITY: Final = {"Z": "Z.eqb", "bool": "Bool.eqb"}

_AS_ENDING: Final = {"Z": "Ends_index", ERROR: "Ends_error"}

_ORDERS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "({0} <? {1})", ast.LtE: "({0} <=? {1})", ast.Gt: "({1} <? {0})", ast.GtE: "({1} <=? {0})",
}  # fmt: skip


class Expressions:
    """Renders expressions in a module whose names are known."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def render(self, node: ast.expr, variables: Variables, wanted: Type | None = None) -> Rendered:
        """Return an expression of the wanted type, or of whichever type it has if that is None."""
        text, kind = self._as_it_is(node, variables, wanted)
        if wanted is None or kind == wanted:
            return text, kind
        if wanted == ENDING and kind in _AS_ENDING:
            return f"({_AS_ENDING[str(kind)]} {text})", wanted
        if wanted == ListOf(ENDING) and isinstance(kind, ListOf) and kind.item in _AS_ENDING:
            return f"(map {_AS_ENDING[str(kind.item)]} {text})", wanted
        if wanted == "Z" and kind == NUMBER:
            return f"(number {text})", wanted
        raise NotRenderedError(node, f"its type is {kind}, but {wanted} is needed")

    def text(self, node: ast.expr, variables: Variables, wanted: Type) -> str:
        """Return the text of an expression of the wanted type."""
        return self.render(node, variables, wanted)[0]

    def _as_it_is(self, node: ast.expr, variables: Variables, wanted: Type | None) -> Rendered:
        match node:
            case ast.Constant():
                return self._constant(node, wanted)
            case ast.Name() | ast.Attribute():
                return self._name(node, variables)
            case ast.UnaryOp(ast.USub(), ast.Constant(value)) if type(value) is int:
                return f"(-{value})", "Z"
            case ast.UnaryOp(ast.Not(), one):
                return f"(negb {self.text(one, variables, 'bool')})", "bool"
            case ast.BoolOp(operator, values):
                sign = " && " if isinstance(operator, ast.And) else " || "
                return f"({sign.join(self.text(one, variables, 'bool') for one in values)})", "bool"
            case ast.BinOp():
                return self._arithmetic(node, variables, wanted)
            case ast.IfExp(test, body, orelse):
                text, kind = self.render(body, variables, wanted)
                other = self.text(orelse, variables, kind)
                return f"(if {bare(self.text(test, variables, 'bool'))} then {text} else {other})", kind
            case ast.Compare():
                return self._comparison(node, variables), "bool"
            case ast.Tuple():
                return self._tuple(node, variables, wanted)
            case ast.Subscript():
                return self._part(node, variables)
            case ast.Call():
                return self._call(node, variables, wanted)
        raise NotRenderedError(node, "an expression that has no rendering")

    def _constant(self, node: ast.Constant, wanted: Type | None) -> Rendered:
        value = node.value
        if type(value) is bool:
            return str(value).lower(), "bool"
        if type(value) is int:
            return str(value), "Z"
        if value is None and wanted == ENDING:
            return "Ends_plainly", ENDING
        if type(value) is str and isinstance(wanted, str) and value in self.names.enumerations.get(wanted, ()):
            return constructor(wanted, value), wanted
        if type(value) is str and wanted in ("string", None) and value.isascii():
            doubled = value.replace('"', '""')
            return f'"{doubled}"', "string"
        raise NotRenderedError(node, "a constant that has no rendering here")

    def _name(self, node: ast.Name | ast.Attribute, variables: Variables) -> Rendered:
        written = ast.unparse(node)
        if written in variables:
            return variables[written]
        if isinstance(node, ast.Attribute):
            text, kind = self.render(node.value, variables)
            fields = self.names.records.get(kind, {}) if isinstance(kind, str) else {}
            if node.attr not in fields:
                raise NotRenderedError(node, f"{kind} has no such field")
            return f"({kind}_{node.attr} {text})", fields[node.attr]
        if written in self.names.constants:
            return written, self.names.constants[written]
        if written in self.names.errors:
            return written, ERROR
        raise NotRenderedError(node, "a name that is not known")

    def _arithmetic(self, node: ast.BinOp, variables: Variables, wanted: Type | None) -> Rendered:
        match node:
            case ast.BinOp(ast.Tuple([one]), ast.Mult(), times):
                inner = wanted.item if isinstance(wanted, ListOf) else None
                text, kind = self.render(one, variables, inner)
                return f"(py_times {text} {self.text(times, variables, 'Z')})", ListOf(kind)
            case ast.BinOp(left, ast.Add() | ast.Sub() as operator, right):
                text, kind = self.render(left, variables)
                if isinstance(kind, ListOf) and isinstance(operator, ast.Add):
                    return f"({text} ++ {self.text(right, variables, kind)})", kind
                sign = "+" if isinstance(operator, ast.Add) else "-"
                return f"({self.text(left, variables, 'Z')} {sign} {self.text(right, variables, 'Z')})", "Z"
        raise NotRenderedError(node, "an operator that has no rendering")

    def _comparison(self, node: ast.Compare, variables: Variables) -> str:
        match node:
            case ast.Compare(left, [ast.In()], [ast.Tuple(words)]):
                return f"({' || '.join(self._equality(node, left, word, variables) for word in words)})"
            case ast.Compare(left, [ast.In()], [right]):
                return f"(py_in {self.text(left, variables, CALL)} {self.text(right, variables, ListOf(CALL))})"
        parts = []
        for operator, one, other in zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False):
            if type(operator) in _ORDERS:
                sides = (self.text(side, variables, "Z") for side in (one, other))
                parts.append(_ORDERS[type(operator)].format(*sides))
            elif isinstance(operator, ast.Eq):
                parts.append(self._equality(node, one, other, variables))
            elif isinstance(operator, ast.NotEq):
                parts.append(f"(negb {self._equality(node, one, other, variables)})")
            else:
                raise NotRenderedError(node, "a comparison that has no rendering")
        return parts[0] if len(parts) == 1 else f"({' && '.join(parts)})"

    def _equality(self, node: ast.expr, one: ast.expr, other: ast.expr, variables: Variables) -> str:
        kind = self.render(one, variables)[1]
        kind = "Z" if kind == NUMBER else kind
        if not isinstance(kind, str) or not (kind in _EQUALITY or kind in self.names.enumerations):
            raise NotRenderedError(node, f"values of type {kind} are not compared")
        equal = _EQUALITY.get(kind, f"{kind}_beq")
        return f"({equal} {self.text(one, variables, kind)} {self.text(other, variables, kind)})"

    def _tuple(self, node: ast.Tuple, variables: Variables, wanted: Type | None) -> Rendered:
        items = node.elts
        match wanted:
            case ListOf(kind):
                texts = [self.text(one, variables, kind) for one in items]
                return (f"[{'; '.join(texts)}]" if texts else "nil"), wanted
            case Product(kinds) if len(kinds) == len(items):
                texts = [self.text(one, variables, kind) for one, kind in zip(items, kinds, strict=True)]
                return (f"({', '.join(texts)})" if texts else "tt"), wanted
            case str() if len(items) == 1:  # a tuple of one item is the item
                return self.render(items[0], variables, wanted)
            case None if items:
                rendered = [self.render(one, variables) for one in items]
                if len({kind for _, kind in rendered}) == 1:
                    return f"[{'; '.join(text for text, _ in rendered)}]", ListOf(rendered[0][1])
        raise NotRenderedError(node, "a tuple of a type that is not known here")

    def _part(self, node: ast.Subscript, variables: Variables) -> Rendered:
        text, kind = self.render(node.value, variables)
        match node.slice:
            case ast.Constant(0) if kind == ListOf(ERROR):
                return f"(nth 0 {text} IndexError)", ERROR
            case ast.Slice(None, ast.expr() as upper, None) if isinstance(kind, ListOf):
                return f"(py_upto {self.text(upper, variables, 'Z')} {text})", kind
            case ast.Slice(ast.expr() as lower, None, None) if isinstance(kind, ListOf):
                return f"(py_from {self.text(lower, variables, 'Z')} {text})", kind
        raise NotRenderedError(node, "a part of a tuple that has no rendering")

    def _call(self, node: ast.Call, variables: Variables, wanted: Type | None) -> Rendered:
        match node:
            case ast.Call(ast.Name(name), _, _) if name in self.names.functions:
                return self._of_function(node, name, variables)
            case ast.Call(ast.Attribute(queue, "index"), [one], []):
                sought, place = self.text(one, variables, CALL), self.text(queue, variables, ListOf(CALL))
                return f"(py_index {sought} {place})", "Z"
            case ast.Call(ast.Name("len"), [one], []):
                text, kind = self.render(one, variables)
                if isinstance(kind, ListOf):
                    return f"(py_len {text})", "Z"
            case ast.Call(ast.Name("tuple"), [one], []):
                return self.render(one, variables, wanted)
            case ast.Call(ast.Name("range"), [stop], []):
                return f"(py_range 0 {self.text(stop, variables, 'Z')})", ListOf("Z")
            case ast.Call(ast.Name("range"), [start, stop, ast.UnaryOp(ast.USub(), ast.Constant(1))], []):
                ends = self.text(start, variables, "Z"), self.text(stop, variables, "Z")
                return f"(py_range_down {ends[0]} {ends[1]})", ListOf("Z")
            case ast.Call(ast.Name("zip"), [one, other], [ast.keyword("strict", ast.Constant(False))]):
                (left, first), (right, second) = self.render(one, variables), self.render(other, variables)
                if isinstance(first, ListOf) and isinstance(second, ListOf):
                    return f"(combine {left} {right})", ListOf(Product((first.item, second.item)))
            case ast.Call(ast.Name("is_whole_number"), [one], []):
                return f"(is_whole_number {self.text(one, variables, NUMBER)})", "bool"
        raise NotRenderedError(node, "a call that has no rendering")

    def _of_function(self, node: ast.Call, name: str, variables: Variables) -> Rendered:
        """Return a call with every argument: Gallina has no keywords and no defaults."""
        signature = self.names.functions[name]
        given = dict(zip((one.name for one in signature.parameters), node.args, strict=False))
        given |= {one.arg: one.value for one in node.keywords if one.arg is not None}
        texts = []
        for one in signature.parameters:
            value = given.pop(one.name, one.default)
            if one.name in PROSE:
                continue
            if value is None:
                raise NotRenderedError(node, f"{name} is not given {one.name}")
            texts.append(self.text(value, variables, one.type))
        if given or len(node.args) > len(signature.parameters):
            raise NotRenderedError(node, f"{name} is given more than it takes")
        return f"({' '.join([signature.callee, *texts])})", signature.result
