"""Constants of the specification: what their source text says, evaluated a second time, and whether they are that.

A constant is a number, a word, True, False, None, a class of errors, a rule, a policy, a tuple of such, or a table of
them that cannot be changed (a `MappingProxyType`).
"""

from __future__ import annotations

import ast
import builtins
import sys
from functools import lru_cache
from types import BuiltinFunctionType, MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any, Final

from latchproof.prove.language.module_text import ModuleText

PLAIN: Final = (int, bool, str, type(None))

OF_A_RECORD: Final = {
    "__module__", "__doc__", "__slots__", "__init__", "__repr__", "__qualname__", "__annotations__",
    "__static_attributes__", "__firstlineno__",
}  # fmt: skip
"""What a class of records may have beside its fields."""

MADE_BY_DATACLASS: Final = ("__eq__", "__hash__", "__setattr__", "__delattr__")
"""The methods of a frozen dataclass, which must be those that it comes with."""

OF_A_DATACLASS: Final = OF_A_RECORD | {
    "__dict__", "__weakref__", *MADE_BY_DATACLASS, "__match_args__", "__replace__", "__dataclass_fields__",
    "__dataclass_params__",
}  # fmt: skip

_HEAP_TYPE: Final = 1 << 9
"""The flag of a class that is written in Python."""

SPECIFICATION: Final = "latchproof_spec"


class NotAConstantError(Exception):
    """What a name stands for is not a constant; the text says why."""


def fields_of(cls: type[Any]) -> tuple[str, ...]:
    """Return the fields of a class of records."""
    return tuple(vars(cls).get("__slots__", ()) or vars(cls).get("__dataclass_fields__", ()))


def wrong_with_record(cls: type[Any]) -> str:
    """Return what a class of records has beside its fields, by which reading one could mean more; "" if nothing."""
    is_dataclass = "__dataclass_fields__" in vars(cls)
    if type(cls) is not type or cls.__mro__ != (cls, object):
        return f"{cls.__name__} derives from more than object"
    fields = fields_of(cls)
    for name, value in vars(cls).items():
        if name in fields:
            if type(value) is not MemberDescriptorType or value.__name__ != name:
                return f"{cls.__name__}.{name} is not a plain field"
        elif name not in (OF_A_DATACLASS if is_dataclass else OF_A_RECORD):
            return f"{cls.__name__} has {name}"
        elif name in MADE_BY_DATACLASS and value.__code__.co_filename != "<string>":  # where `dataclass` makes them
            return f"{cls.__name__} has its own {name}"
    return ""


def is_error(value: object) -> bool:
    """Return whether it is a class of errors, which are compared by identity."""
    return type(value) is type and issubclass(value, Exception)


def is_pythons_own(found: Any) -> bool:
    """Return whether a built-in is a function or a class that is not written in Python."""
    if isinstance(found, type):
        return found.__module__ == "builtins" and not found.__flags__ & _HEAP_TYPE
    return type(found) is BuiltinFunctionType and found.__self__ is builtins


def is_constant(value: Any) -> bool:
    """Return whether a value is a number, a word, True, False, None, a class of errors, or a tuple of such."""
    return type(value) in PLAIN or is_error(value) or (type(value) is tuple and all(map(is_constant, value)))


def evaluate(text: ModuleText, node: ast.expr) -> Any:
    """Return what an expression of a module says; raise NotAConstantError if it says no constant."""
    match node:
        case ast.Constant(value) if type(value) in PLAIN:
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(value)) if type(value) is int:
            return -value
        case ast.Tuple(elements):
            return tuple(evaluate(text, one) for one in elements)
        case ast.Call(ast.Name("MappingProxyType"), [ast.Dict(keys, values)], []) if None not in keys:
            if text.names.get("MappingProxyType") is not MappingProxyType:
                raise NotAConstantError("MappingProxyType is not that of the module types")
            entries = zip(keys, values, strict=True)
            return MappingProxyType({evaluate(text, key): evaluate(text, value) for key, value in entries if key})
        case ast.Name(name):
            return constant(text, name)
        case ast.Call(ast.Name(name), arguments, keywords):
            cls = _class(text, name)
            given = {str(one.arg): evaluate(text, one.value) for one in keywords}
            return cls(*(evaluate(text, one) for one in arguments), **given)
    raise NotAConstantError(f"{ast.unparse(node)} is not a constant")


def constant(text: ModuleText, name: str) -> Any:
    """Return the value of a name of a module: a constant that is just what its text says."""
    if name not in text.names:
        error = vars(builtins).get(name)
        if is_error(error) and is_pythons_own(error):
            return error
        if name in vars(builtins):
            raise NotAConstantError(f"the built-in {name} is outside of the subset that is proved")
        raise NotAConstantError(f"{name} is not defined in {text.file}")
    value = text.names[name]
    match text.bindings.get(name, []):
        case [ast.ImportFrom(str(module), aliases)]:
            (original,) = [one.name for one in aliases if (one.asname or one.name) == name]
            found = constant(text_of(module), original)
        case [ast.Assign(_, expression) | ast.AnnAssign(_, _, ast.expr() as expression)]:
            found = evaluate(text, expression)
        case [ast.ClassDef(_, _, _, _, [])] if is_error(value):
            return value
        case [_]:
            raise NotAConstantError(f"{name} is not a constant")
        case bound:
            raise NotAConstantError(f"{name} is bound {len(bound)} times in {text.file}")
    if not is_same(found, value):
        raise NotAConstantError(f"{name} is not what its text says")
    return value


def _class(text: ModuleText, name: str) -> Any:
    """Return a class of records, by its name in a module."""
    match text.bindings.get(name, []):
        case [ast.ImportFrom(str(module), aliases)]:
            (original,) = [one.name for one in aliases if (one.asname or one.name) == name]
            found = _class(text_of(module), original)
        case [ast.ClassDef(_, [], [], _, [])]:
            found = text.names[name]
            if wrong := wrong_with_record(found):
                raise NotAConstantError(wrong)
        case _:
            raise NotAConstantError(f"{name} is not a class of records")
    if found is not text.names.get(name):
        raise NotAConstantError(f"{name} is not what its text says")
    return found


def is_same(one: Any, other: Any) -> bool:
    """Return whether two constants are the same, and of the very same types."""
    if type(one) is not type(other):
        return False
    if type(one) is tuple:
        return len(one) == len(other) and all(map(is_same, one, other))
    if type(one) is MappingProxyType:
        return is_same(tuple(one.items()), tuple(other.items()))
    if type(one) in PLAIN:
        return bool(one == other)
    if is_error(one):
        return one is other
    return fields_of(type(one)) != () and all(
        is_same(getattr(one, name), getattr(other, name)) for name in fields_of(type(one))
    )


def text_of(module: str) -> ModuleText:
    """Return the text of a module of the specification."""
    if module.partition(".")[0] != SPECIFICATION or module not in sys.modules:
        raise NotAConstantError(f"{module} is not a module of the specification")
    return _read(sys.modules[module])


@lru_cache(maxsize=32)
def _read(module: ModuleType) -> ModuleText:
    return ModuleText(module)
