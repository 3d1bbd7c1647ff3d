"""A second, plain interpreter of the subset of Python that is proved, which evaluates syntax trees node by node.

It says what the text of a function means without running the function, so it does not matter here what a module's
names, Python's compiler or a replaced built-in make of the text. Every construct has its meaning below; one that is
missing is an error. `comparison` holds the results against those of the functions themselves.

A function is translated once into nested Python functions, one for each node of its tree, which is several times faster
than walking the tree in each call.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from latchproof.prove.language.constants import NotAConstantError, constant, evaluate, text_of
from latchproof.prove.language.module_text import FunctionNode, ModuleText, shortened

Scope: TypeAlias = dict[str, Any]
Meaning: TypeAlias = Callable[[Scope], Any]


class NotUnderstoodError(Exception):
    """The interpreter has no meaning for a construct; the text says where."""


def _length(queue: Any) -> int:
    number = 0
    for _ in queue:
        number = number + 1
    return number


def _range(first: int, end: int | None = None, step: int = 1) -> tuple[int, ...]:
    number, end = (0, first) if end is None else (first, end)
    found = []
    while number < end if step > 0 else number > end:
        found.append(number)
        number = number + step
    return tuple(found)


def _pairs(one: Any, other: Any, strict: bool = False) -> tuple[Any, ...]:
    """Return the pairs, up to the end of the shorter one; where it is `strict`, there must not be a longer one."""
    lengths = _length(one), _length(other)
    if strict and lengths[0] != lengths[1]:
        raise ValueError
    shorter = lengths[0] if lengths[0] < lengths[1] else lengths[1]
    return tuple([(one[place], other[place]) for place in _range(shorter)])


def _place(queue: Any, who: Any) -> int:
    place = 0
    for one in queue:
        if one == who:
            return place
        place = place + 1
    raise ValueError


def _is_among(one: Any, others: Any) -> bool:
    for other in others:  # noqa: SIM110 - it says what `in` means
        if one == other:
            return True
    return False


def _is_instance(value: object, kind: str) -> bool:
    """Return whether a value is an int or a bool: a bool is both."""
    return type(value) is bool or (kind == "int" and type(value) is int)


BUILT_IN: Final[Mapping[str, Callable[..., Any]]] = {
    "bool": lambda value: bool(value),
    "len": _length,
    "range": _range,
    "zip": _pairs,
    "tuple": lambda values=(): (*values,),
    "isinstance": _is_instance,
}
"""What the built-ins mean that functions of the subset may call."""

BINARY: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _is_among,
    ast.NotIn: lambda one, others: not _is_among(one, others),
}
"""What the operators mean."""

_NOT_YET: Final = object()
"""What a block comes to that does not return."""


def interpreted(module: str, name: str) -> Callable[..., Any]:
    """Return what the text of a function of the specification means.

    Raise NotUnderstoodError if there is a construct in it, or in what it calls, that has no meaning here.

    >>> interpreted("latchproof_spec.step", "is_whole_number")(True)
    False
    """
    return _function(text_of(module), name, {})


def _function(text: ModuleText, name: str, known: dict[tuple[str, str], Callable[..., Any]]) -> Callable[..., Any]:
    """Return the function of that name, wherever the module has it from."""
    match text.bindings.get(name, []):
        case [ast.FunctionDef() as node]:
            key = text.module.__name__, name
            if key not in known:
                known[key] = _Translation(text, node, known).function
            return known[key]
        case [ast.ImportFrom(str(source), aliases)]:
            (original,) = [one.name for one in aliases if (one.asname or one.name) == name]
            return _function(text_of(source), original, known)
    raise NotUnderstoodError(f"{text.file} has no single function {name}")


class _Translation:
    """The meaning of one function."""

    def __init__(self, text: ModuleText, node: FunctionNode, known: dict[tuple[str, str], Callable[..., Any]]) -> None:
        self._text, self._known = text, known
        arguments = node.args
        self._names = [one.arg for one in arguments.args]
        stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        self._local = {*self._names, *stored}
        defaults = [self._value(one) for one in arguments.defaults]
        self._defaults = dict(zip(self._names[len(self._names) - len(defaults) :], defaults, strict=True))
        self._body = self._expression(node.body) if isinstance(node, ast.Lambda) else self._block(node.body)

    def function(self, *given: Any) -> Any:
        """Return what the function returns."""
        scope = dict(zip(self._names, given, strict=False))
        if len(given) < len(self._names):
            scope = {**self._defaults, **scope}
        found = self._body(scope)
        return None if found is _NOT_YET else found

    def _not_understood(self, node: ast.AST) -> NotUnderstoodError:
        line = getattr(node, "lineno", 0)
        return NotUnderstoodError(f"{self._text.file}:{line}: `{shortened(node)}` has no meaning there")

    def _value(self, node: ast.expr) -> Any:
        try:
            return evaluate(self._text, node)
        except NotAConstantError as error:
            raise NotUnderstoodError(str(error)) from error

    def _block(self, body: list[ast.stmt]) -> Meaning:
        """Return the meaning of statements: the first, and if that does not return, the rest."""
        if not body:
            return lambda scope: _NOT_YET
        first = self._statement(body[0])
        if len(body) == 1:
            return first
        rest = self._block(body[1:])

        def run(scope: Scope) -> Any:
            found = first(scope)
            return rest(scope) if found is _NOT_YET else found

        return run

    def _statement(self, node: ast.stmt) -> Meaning:
        match node:
            case ast.Expr(ast.Constant(str())):
                return self._block([])
            case ast.Return(ast.expr() as value):
                return self._expression(value)
            case ast.If(test, body, orelse):
                return self._choice(self._expression(test), self._block(body), self._block(orelse))
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                return self._assigned([name], self._expression(value))
            case ast.Assign([ast.Tuple(parts)], value) if all(isinstance(one, ast.Name) for one in parts):
                of = self._expression(value)
                return self._assigned([one.id for one in parts if isinstance(one, ast.Name)], of, is_unpacked=True)
            case ast.AugAssign(ast.Name(name) as target, ast.Add(), value):
                total = ast.BinOp(ast.copy_location(ast.Name(name, ast.Load()), target), ast.Add(), value)
                return self._assigned([name], self._expression(ast.copy_location(total, node)))
        raise self._not_understood(node)

    def _assigned(self, names: list[str], value: Meaning, is_unpacked: bool = False) -> Meaning:
        def run(scope: Scope) -> Any:
            found = value(scope)
            scope.update(zip(names, found, strict=True) if is_unpacked else [(names[0], found)])
            return _NOT_YET

        return run

    @staticmethod
    def _choice(test: Meaning, yes: Meaning, no: Meaning) -> Meaning:
        return lambda scope: yes(scope) if test(scope) else no(scope)

    def _expression(self, node: ast.expr) -> Meaning:
        match node:
            case ast.Constant(value):
                return lambda scope: value
            case ast.UnaryOp(ast.USub(), ast.Constant(int(number))):
                return lambda scope: -number
            case ast.UnaryOp(ast.Not(), operand):
                of = self._expression(operand)
                return lambda scope: not of(scope)
            case ast.Name(name):
                return self._name(node, name)
            case ast.Attribute(of_what, name):
                record = self._expression(of_what)
                return lambda scope: getattr(record(scope), name)
            case ast.BoolOp(op, values):
                return self._bool(isinstance(op, ast.And), [self._expression(one) for one in values])
            case ast.IfExp(test, body, orelse):
                return self._choice(*map(self._expression, (test, body, orelse)))
            case ast.Compare(left, [op], [right]) | ast.BinOp(left, op, right) if type(op) in BINARY:
                return self._binary(BINARY[type(op)], self._expression(left), self._expression(right))
            case ast.Tuple(elements):
                return self._tuple(elements)
            case ast.Subscript(of_what, key):
                return self._item(self._expression(of_what), key)
            case ast.Call():
                return self._call(node)
        raise self._not_understood(node)

    def _name(self, node: ast.expr, name: str) -> Meaning:
        if name in self._local:
            return lambda scope: scope[name]
        try:
            value = constant(self._text, name)
        except NotAConstantError as error:
            raise NotUnderstoodError(f"{self._text.file}:{node.lineno}: {error}") from error
        return lambda scope: value

    @staticmethod
    def _binary(meaning: Callable[[Any, Any], Any], left: Meaning, right: Meaning) -> Meaning:
        return lambda scope: meaning(left(scope), right(scope))

    @staticmethod
    def _bool(is_and: bool, values: list[Meaning]) -> Meaning:
        def run(scope: Scope) -> Any:
            found = None
            for one in values:
                found = one(scope)
                if is_and != bool(found):
                    break
            return found

        return run

    def _tuple(self, elements: list[ast.expr]) -> Meaning:
        parts = [
            (isinstance(one, ast.Starred), self._expression(one.value if isinstance(one, ast.Starred) else one))
            for one in elements
        ]
        if not any(is_starred for is_starred, _ in parts):
            meanings = [meaning for _, meaning in parts]
            if len(meanings) == 3:  # an operation's result: most of what is evaluated
                one, two, three = meanings
                return lambda scope: (one(scope), two(scope), three(scope))
            return lambda scope: tuple([meaning(scope) for meaning in meanings])
        return lambda scope: tuple(
            item for is_starred, meaning in parts for item in (meaning(scope) if is_starred else [meaning(scope)])
        )

    def _item(self, of: Meaning, key: ast.expr) -> Meaning:
        if not isinstance(key, ast.Slice):
            return self._binary(operator.getitem, of, self._expression(key))
        if key.step is not None:
            raise self._not_understood(key.step)
        lower, upper = (
            (lambda scope: None) if bound is None else self._expression(bound) for bound in (key.lower, key.upper)
        )
        return lambda scope: of(scope)[lower(scope) : upper(scope)]

    def _call(self, node: ast.Call) -> Meaning:
        named = {str(one.arg): self._expression(one.value) for one in node.keywords}
        match node.func:
            case ast.Name("isinstance") if len(node.args) == 2 and isinstance(node.args[1], ast.Name):
                kind, value = node.args[1].id, self._expression(node.args[0])
                return lambda scope: _is_instance(value(scope), kind)
            case ast.Name(name) if name in BUILT_IN:
                called = BUILT_IN[name]
            case ast.Name(name) if name not in self._local:
                called = _function(self._text, name, self._known)
            case ast.Attribute(ast.Name() as queue, "index") if queue.id in self._local and len(node.args) == 1:
                return self._binary(_place, self._expression(queue), self._expression(node.args[0]))
            case ast.Attribute(ast.Name(module), name) if isinstance(self._text.names.get(module), type(ast)):
                called = _function(text_of(self._text.names[module].__name__), name, self._known)
            case _:
                raise self._not_understood(node)
        arguments = [self._expression(one) for one in node.args]
        if named:
            return lambda scope: called(
                *[one(scope) for one in arguments], **{name: one(scope) for name, one in named.items()}
            )
        return lambda scope: called(*[one(scope) for one in arguments])
