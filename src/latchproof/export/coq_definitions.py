"""Definitions of one module of the specification as Gallina, from its syntax tree: enumerations, records, functions.

A function is rendered statement by statement: an assignment is a `let`, a `return` under an `if` one of its two
branches. No path through it is followed, so this shares nothing with the prover, which executes functions on symbols.
Whatever has no rendering is refused.
"""

from __future__ import annotations

import ast
from typing import Final

from latchproof.export.coq_expressions import Expressions, Rendered, Variables
from latchproof.export.coq_types import (
    NUMBER,
    PROSE,
    RESERVED,
    WIDTH,
    Names,
    NotRenderedError,
    Parameter,
    Product,
    Signature,
    Type,
    bare,
    binders,
    constructor,
    words_of,
    written_type,
)

BUILT_IN_ERRORS: Final = ("ValueError", "TypeError", "RuntimeError", "IndexError")
"""The errors of Python that rules name, and IndexError, which `errors[0]` is where there are no errors."""

BY_HAND: Final = "is_whole_number"
"""The function that asks for a type. Its meaning is a field of `Number`, in `Py.v`."""

TOOLS_ONLY: Final = frozenset(("ALIASES", "ONLY_NAMED", "led"))
"""Names of a module of policies that say how tools find and choose one, and are not rendered."""


class Definitions:
    """Renders the definitions of a module, given the names of those before it."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.texts: list[str] = []
        self.expressions = Expressions(names)
        self.function_node: ast.stmt = ast.Pass()

    def module(self, tree: ast.Module) -> None:
        """Render everything that a module defines."""
        errors = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_error(node)]
        if errors:
            self._errors(errors)
        for node in tree.body:
            self._definition(node)

    def _definition(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assign([ast.Name("TYPE_CHECKING")]):
                pass
            case ast.If(ast.Name("TYPE_CHECKING"), body, []):
                for one in body:
                    self._for_types(one)
            case ast.AnnAssign(ast.Name(name), ast.Name("TypeAlias"), ast.expr() as value):
                self.alias(name, value)
            case ast.AnnAssign(ast.Name(name)) | ast.FunctionDef(name) if name in TOOLS_ONLY or name == BY_HAND:
                pass
            case ast.AnnAssign(ast.Name(name), annotation, ast.expr() as value):
                self._constant(name, annotation, value)
            case ast.ClassDef() if _is_error(node):
                pass
            case ast.ClassDef():
                self._record(node)
            case ast.FunctionDef():
                self.function(node)
            case _:
                raise NotRenderedError(node, "a statement of a module that has no rendering")

    def _for_types(self, node: ast.stmt) -> None:
        match node:
            case ast.ImportFrom() | ast.Assign([ast.Name("T")]):
                pass
            case ast.AnnAssign(ast.Name(name), ast.Name("TypeAlias"), ast.expr() as value):
                self.alias(name, value)
            case _:
                raise NotRenderedError(node, "a statement for type checkers that has no rendering")

    def _errors(self, nodes: list[ast.ClassDef]) -> None:
        if self.names.errors:
            raise NotRenderedError(nodes[0], "errors are defined in one module, before all rules")
        self.names.errors.extend((*BUILT_IN_ERRORS, *(one.name for one in nodes)))
        self._choice("Error", " | ".join(self.names.errors))
        self.texts.append(
            "Inductive Ending : Set := Ends_index (index : Z) | Ends_error (error : Error) | Ends_plainly."
        )

    def _choice(self, name: str, constructors: str) -> None:
        self.texts.append(f"Inductive {name} : Set := {constructors}.\nScheme Equality for {name}.")

    def alias(self, name: str, value: ast.expr) -> None:
        """Give a type a name; an enumeration is defined by it."""
        words = words_of(value)
        if words is None:
            self.names.aliases[name] = self.names.type_of(value)
        else:
            self.enumeration(name, words)

    def enumeration(self, name: str, words: tuple[str, ...]) -> None:
        """Define an enumeration, with its equality."""
        self.names.enumerations[name] = words
        self._choice(allowed(name), " | ".join(constructor(name, word) for word in words))

    def _constant(self, name: str, annotation: ast.expr, value: ast.expr) -> None:
        wanted = None
        if isinstance(annotation, ast.Subscript):
            wanted = self.names.type_of(annotation)
        text, kind = self.expressions.render(value, {}, wanted)
        self.define(name, {}, kind, text)
        self.names.constants[name] = kind

    def define(self, name: str, parameters: dict[str, Type], result: Type, body: str) -> None:
        """Define a name, with what it takes and what it is."""
        head = f"Definition {allowed(name)}{binders(parameters)} : {written_type(result)} :="
        body = bare(body)
        if body.startswith("[") and len(head) + len(body) > WIDTH:
            body = body.replace("[", "[\n  ", 1).replace("; (", ";\n  (").removesuffix("]") + "\n]"
        separator = "\n  " if parameters else " "
        self.texts.append(f"{head}{separator}{body}.")

    # ---- records and functions

    def _parameters(self, node: ast.FunctionDef) -> list[Parameter]:
        arguments = node.args
        if arguments.posonlyargs or arguments.vararg or arguments.kwarg:
            raise NotRenderedError(node, "a function of such arguments has no rendering")
        named = [one for one in arguments.args if one.arg != "self"]
        without_default = len(named) - len(arguments.defaults)
        defaults = [*[None] * without_default, *arguments.defaults, *arguments.kw_defaults]
        asked_for = _asked_for(node, self.names)
        found = []
        for one, default in zip((*named, *arguments.kwonlyargs), defaults, strict=True):
            words = words_of(one.annotation) if one.annotation is not None else None
            if words is not None:
                self.enumeration(one.arg, words)
                kind: Type = one.arg
            else:
                kind = NUMBER if one.arg in asked_for else self.names.type_of(one.annotation)
            found.append(Parameter(allowed(one.arg), kind, default))
        return found

    def function(self, node: ast.FunctionDef) -> None:
        """Define a function."""
        self.function_node = node
        parameters = self._parameters(node)
        result = self.names.type_of(node.returns)
        variables = {one.name: (one.name, one.type) for one in parameters}
        body = self._block(node.body, variables, result)
        self.define(node.name, {one.name: one.type for one in parameters}, result, body)
        self.names.functions[node.name] = Signature(tuple(parameters), result, node.name)

    def _record(self, node: ast.ClassDef) -> None:
        """Define a record: a class that keeps what it is given, or what is computed from that, and does nothing."""
        init = _constructor_of(node)
        parameters = self._parameters(init)
        variables: dict[str, Rendered] = {one.name: (one.name, one.type) for one in parameters}
        fields: dict[str, Type] = {}
        kept = []
        for one in init.body:
            match one:
                case ast.AnnAssign(ast.Attribute(ast.Name("self"), name), ast.Name("Final"), ast.expr() as value):
                    if name in PROSE:
                        continue
                    text, fields[name] = self.expressions.render(value, variables)
                    variables[f"self.{name}"] = text, fields[name]
                    kept.append(text)
                case _:
                    raise NotRenderedError(one, "a record keeps values, and does nothing else")
        name = node.name
        self.names.records[name] = fields
        members = ";\n  ".join(f"{name}_{field} : {written_type(kind)}" for field, kind in fields.items())
        self.texts.append(f"Record {allowed(name)} : Set := Keep_{name} {{\n  {members}\n}}.")
        given = {one.name: one.type for one in parameters if one.name not in PROSE}
        self.define(f"Make_{name}", given, name, " ".join([f"Keep_{name}", *kept]))
        self.names.functions[name] = Signature(tuple(parameters), name, f"Make_{name}")

    # ---- statements

    def _block(self, statements: list[ast.stmt], variables: Variables, result: Type) -> str:
        """Return what a function gives that continues with these statements."""
        if not statements:
            raise NotRenderedError(self.function_node, "a path through it returns nothing")
        first, *rest = statements
        match first:
            case ast.Expr(ast.Constant(str())):
                return self._block(rest, variables, result)
            case ast.Return(ast.expr() as value):
                return bare(self.expressions.text(value, variables, result))
            case ast.If(test, body, []) if isinstance(body[-1], ast.Return):
                condition = bare(self.expressions.text(test, variables, "bool"))
                taken = self._block(body, variables, result)
                then = "\n    " + taken.replace("\n", "\n  ") if "\n" in taken else f" {taken}"
                return f"if {condition} then{then}\n  else {self._block(rest, variables, result)}"
            case ast.If(test, body, []):
                name, text = self._changed(first, test, body, variables)
                return f"let {name} := {text} in\n  {self._block(rest, variables, result)}"
            case ast.Assign([ast.Name(name)], value):
                text, kind = self.expressions.render(value, variables, variables.get(name, ("", None))[1])
                known = {**variables, allowed(name): (name, kind)}
                return f"let {name} := {bare(text)} in\n  {self._block(rest, known, result)}"
            case ast.Assign([ast.Tuple(targets)], value):
                return self._unpacked(first, targets, value, rest, variables, result)
            case ast.AugAssign(ast.Name(name) as target, operator, value) if name in variables:
                again = ast.Assign([target], ast.BinOp(ast.Name(name), operator, value))
                return self._block([ast.copy_location(again, first), *rest], variables, result)
        raise NotRenderedError(first, "a statement that has no rendering")

    def _changed(self, node: ast.If, test: ast.expr, body: list[ast.stmt], variables: Variables) -> tuple[str, str]:
        """Return the one variable of those around it that an `if` changes, and what it is after it."""
        assigned = {target.id for one in body for target in _targets(one)}
        changed = sorted(name for name in assigned if name in variables)
        if len(changed) != 1:
            raise NotRenderedError(node, "an `if` that does not return changes one variable")
        text, kind = variables[changed[0]]
        then = self._block([*body, ast.Return(ast.Name(changed[0]))], variables, kind)
        condition = bare(self.expressions.text(test, variables, "bool"))
        indented = then.replace("\n", "\n  ")
        return changed[0], f"if {condition} then\n    {indented}\n  else {text}"

    def _unpacked(
        self,
        node: ast.stmt,
        targets: list[ast.expr],
        value: ast.expr,
        rest: list[ast.stmt],
        variables: Variables,
        result: Type,
    ) -> str:
        text, kind = self.expressions.render(value, variables)
        names = [allowed(one.id) for one in targets if isinstance(one, ast.Name)]
        if not isinstance(kind, Product) or not len(names) == len(targets) == len(kind.items):
            raise NotRenderedError(node, "a value is unpacked into as many variables as it has parts")
        known = {**variables, **{name: (name, part) for name, part in zip(names, kind.items, strict=True)}}
        return f"let '({', '.join(names)}) := {bare(text)} in\n  {self._block(rest, known, result)}"


def _is_error(node: ast.ClassDef) -> bool:
    return [ast.unparse(base) for base in node.bases] == ["RuntimeError"]


def _targets(node: ast.stmt) -> list[ast.Name]:
    match node:
        case ast.Assign([ast.Name() as target]) | ast.AugAssign(ast.Name() as target):
            return [target]
    raise NotRenderedError(node, "a statement under an `if` that has no rendering")


def _constructor_of(node: ast.ClassDef) -> ast.FunctionDef:
    """Return the `__init__` of a record, which has nothing else that acts."""
    found = None
    for one in node.body:
        match one:
            case ast.FunctionDef("__init__"):
                found = one
            case ast.Expr(ast.Constant()) | ast.Assign([ast.Name("__slots__")]) | ast.FunctionDef("__repr__"):
                pass
            case _:
                raise NotRenderedError(one, "a record has fields and nothing else")
    if found is None or node.bases or node.decorator_list:
        raise NotRenderedError(node, "a class that is not a record has no rendering")
    return found


def _asked_for(node: ast.FunctionDef, names: Names) -> set[str]:
    """Return the parameters that may be given something else than an int: it is asked whether they were.

    The function asks itself, or it hands them to one that does.
    """
    found = set()
    for call in ast.walk(node):
        match call:
            case ast.Call(ast.Name(name), [ast.Name(argument)], []) if name == BY_HAND:
                found.add(argument)
            case ast.Call(ast.Name(name), arguments) if name in names.functions:
                for one, parameter in zip(arguments, names.functions[name].parameters, strict=False):
                    if isinstance(one, ast.Name) and parameter.type == NUMBER:
                        found.add(one.id)
    return found


def allowed(name: str) -> str:
    """Return a name if it means nothing else in Coq."""
    if name in RESERVED:
        raise NotRenderedError(ast.Name(name), "the name means something else in Coq")
    return name
