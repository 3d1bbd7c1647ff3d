"""Is a class a model, and do its parts fit together? Else it specifies nothing, and is refused with a location.

What can be seen without running an operation belongs here; what only running one shows is found by
`latchproof.check.instants`.
"""

import dis
import inspect
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, Final, TypeAlias

from latchproof.check.instants import operations_of, place_of
from latchproof.check.model_parts import codes_of, functions_of, names_in, observations_of, parameters_of
from latchproof_spec.model import Model, ModelError, until

FORBIDDEN: Final = frozenset({"datetime", "random", "secrets", "time", "uuid"})
"""The modules that a model may not use: what they return is not the same each time."""

DECLARED: Final = ("policies", "fair", "gives_back", "undone_by", "at_rest", "optional", "objects")
"""The class attributes that say something of a model."""

Fault: TypeAlias = tuple[Any, str]
"""The class or function that has a fault, and the sentence."""


def require_model(model: Any) -> None:
    """Raise ModelError unless the class is a model whose parts fit together."""
    if not (isinstance(model, type) and issubclass(model, Model)):
        raise ModelError(f"{getattr(model, '__qualname__', repr(model))} is not a class that inherits from Model")
    _require_no_fault(model)  # type: ignore[arg-type]  # mypy asks whether the model's instances have a hash


@cache  # every specification of a check asks for it, and a class that is a model stays one
def _require_no_fault(model: type[Model]) -> None:
    for at, text in _faults(model):
        raise ModelError(f"{place_of(at)}{text}")


def require_observed(model: type[Model], argument: int) -> None:
    """Raise ModelError if a class attribute names an operation or an observation that the model does not have."""
    observations = [one.name for one in observations_of(model, argument)]
    everything = [*operations_of(model), *observations]
    for attribute, known in (("at_rest", observations), ("optional", everything), ("objects", everything)):
        if unknown := [name for name in getattr(model, attribute) if name not in known]:
            raise ModelError(
                f"{place_of(model)}{model.__name__}.{attribute} names {unknown[0]!r}, which the model does not have; "
                f"it has {', '.join(known) or 'nothing to read'}"
            )


def _faults(model: type[Model]) -> Iterator[Fault]:
    """Yield the faults of a model; each check relies on those before it."""
    if not operations_of(model):
        yield model, f"{model.__name__} has no operations: a model has a public method for each"
    for one in functions_of(model):
        yield from _faults_of_code(f"{model.__name__}.{one.__name__}()", one)
    for name, method in operations_of(model).items():
        yield from _faults_of_parameters(model, name, method)
    if len(inspect.signature(model).parameters) > 1:
        yield model, f"{model.__name__} takes {inspect.signature(model)}: a model is made with one int or with nothing"
    yield from _faults_of_values(model)
    yield from _faults_of_attributes(model)
    yield from _faults_of_pairs(model)
    yield from _faults_of_policies(model)


def _faults_of_code(where: str, function: FunctionType) -> Iterator[Fault]:
    """Yield that a method does not describe one instant, or depends on more than the state."""
    if function.__code__.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        yield function, f"{where} has to be a plain method, which describes one instant: no `async`"
    if function.__code__.co_flags & inspect.CO_GENERATOR and until.__name__ not in function.__code__.co_names:
        yield function, f"{where} yields something else than `until(lambda: ...)`"
    for code in codes_of(function.__code__):
        for one in dis.get_instructions(code):
            if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                yield function, f"{where} changes the global {one.argval}: what changes is an attribute of `self`"
            module = _module_of(function.__globals__.get(one.argval)) if one.opname == "LOAD_GLOBAL" else ""
            if module.partition(".")[0] in FORBIDDEN:
                yield function, f"{where} uses {one.argval} of the module {module}: a model uses no clock and no chance"


def _module_of(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    owner = getattr(value, "__self__", None)  # of random.random, say, the object that draws
    return str(getattr(value, "__module__", None) or getattr(type(owner), "__module__", ""))


def _faults_of_parameters(model: type[Model], operation: str, method: Any) -> Iterator[Fault]:
    parameters = list(inspect.signature(method).parameters.values())
    where = f"{model.__name__}.{operation}()"
    if isinstance(inspect.getattr_static(model, operation), staticmethod | classmethod) or not parameters:
        yield method, f"{where} has to be a method with the parameter self, or to have a name that begins with `_`"
    for one in parameters[1:]:
        if one.kind not in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD):
            yield method, f"{where} takes {one}: each parameter of an operation is an int or a bool, and has a place"
        if one.annotation in (str, bytes, float, "str", "bytes", "float"):
            yield method, f"{where} takes {one}: each parameter of an operation is an int or a bool"


def _faults_of_values(model: type[Model]) -> Iterator[Fault]:
    """Yield that all instances share something that may change, and that an attribute's name is misspelt."""
    for base in model.__mro__:
        for name, value in vars(base).items() if base not in (Model, object) else ():
            where = f"{base.__name__}.{name}"
            if name in DECLARED or name.startswith("__") or inspect.isfunction(value) or isinstance(value, property):
                continue
            if meant := get_close_matches(name, DECLARED, 1, 0.8):
                yield base, f"{where} says nothing of a model: is {meant[0]} meant?"
            if isinstance(value, list | dict | set | bytearray):
                yield (
                    base,
                    f"{where} is a {type(value).__name__} that all instances share: make it in __init__, as a tuple",
                )


def _faults_of_attributes(model: type[Model]) -> Iterator[Fault]:
    """Yield the class attributes that are not of the right types."""
    operations = operations_of(model)
    for name in DECLARED:
        value, where = getattr(model, name), f"{model.__name__}.{name}"
        if name in operations:
            yield model, f"{where}() is an operation; a model says something else by that name"
        elif name == "fair":
            if value not in (None, True, False):
                yield model, f"{where} is {value!r}: it is True, False or None"
        elif name in ("at_rest", "optional"):
            if not (isinstance(value, tuple) and all(isinstance(one, str) for one in value)):
                yield model, f'{where} is {value!r}: it has to be a tuple of names, as ("locked",)'
        elif not isinstance(value, Mapping):
            yield model, f"{where} is {value!r}: it has to be a dict"
    for name, value in model.objects.items():
        if not (isinstance(value, tuple) and [type(one) for one in value] == [int, str]):
            yield model, f"{model.__name__}.objects[{name!r}] is {value!r}: it has to be a tuple like (1, {name!r})"


def _faults_of_pairs(model: type[Model]) -> Iterator[Fault]:
    """Yield the pairs of which an operation is not there, or of which the second does not take what the first does."""
    operations = operations_of(model)
    for attribute in ("gives_back", "undone_by"):
        pairs, where = getattr(model, attribute), f"{model.__name__}.{attribute}"
        for name in (*pairs, *pairs.values()):
            if name not in operations:
                yield model, f"{where} names {name!r}, which is none of the operations: {', '.join(operations)}"
        for taken, given in pairs.items():
            if len(parameters_of(model, given)) not in (0, len(parameters_of(model, taken))):
                yield model, f"{where}: {given}() has to take the same arguments as {taken}(), or none"


def _faults_of_policies(model: type[Model]) -> Iterator[Fault]:
    used = {name for one in functions_of(model) for name in names_in(one.__code__)}
    for policy, attributes in model.policies.items():
        where = f"{model.__name__}.policies[{policy!r}]"
        if not isinstance(policy, str) or not policy or not isinstance(attributes, Mapping):
            yield model, f"{where}: policies map the name of each to a dict of class attributes"
        elif unknown := [name for name in attributes if name not in used | {*DECLARED} - {"policies", "fair"}]:
            yield model, f"{where} sets {unknown[0]!r}, which no method of the model looks at"
