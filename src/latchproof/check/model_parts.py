"""What a model has: operations, observations and policies; and whether a class is a model at all.

Everything is read off the class and a new instance of it. A class that specifies nothing is refused here, before any of
its methods is driven, with the place of the fault; what only running a method shows is for `latchproof.check.instants`.
"""

import dis
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from latchproof.check.instants import may_wait, operations_of, start
from latchproof_spec.model import Model, ModelError

FORBIDDEN: Final = frozenset({"datetime", "random", "secrets", "time", "uuid"})
"""The modules that a model may not use: what they return is not the same each time."""


@dataclass(frozen=True)
class ModelOperation:
    """An operation of a model: a public method, whose parameters are ints unless they are said to be bools.

    `object` is the number of the object that has it, where a factory returns several, and `method` its name there.
    `gives_back` names the operation that gives back what this one takes, and `takes` those whose taking this one gives
    back.
    """

    name: str
    parameters: Mapping[str, type]
    waits: bool
    optional: bool = False
    object: int = 0
    method: str = ""
    gives_back: str = ""
    takes: tuple[str, ...] = ()
    also_called: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelObservation:
    """What callers may read of a model: a public attribute or property.

    `object` is the number of the object that has it, where a factory returns several, and `method` its name there.
    """

    name: str
    optional: bool = False
    object: int = 0
    method: str = ""


@dataclass(frozen=True)
class ModelPolicy:
    """A model with the class attributes of a policy, and whether calls have to continue first come, first served."""

    name: str
    model: type[Model]
    fair: bool


ORDERS: Final = {True: "first come first served", False: "any order"}
"""How calls of an operation continue, in words, where a model leaves it open."""


_POLICIES: Final[dict[type[Model], tuple[ModelPolicy, ...]]] = {}


def policies_of(model: type[Model]) -> tuple[ModelPolicy, ...]:
    """Return what a class is held against: each policy, in each order that the model leaves open.

    >>> [one.name for one in policies_of(Model)]
    ['first come first served', 'any order']
    """
    if model not in _POLICIES:
        _POLICIES[model] = tuple(_policies(model))
    return _POLICIES[model]


def _policies(model: type[Model]) -> Iterator[ModelPolicy]:
    for policy, attributes in (model.policies or {"": {}}).items():
        made = type(model.__name__, (model,), {**attributes, "__module__": model.__module__}) if attributes else model
        for fair in (True, False) if model.fair is None else (model.fair,):
            words = (policy, ORDERS[fair] if model.fair is None else "")
            name = ", ".join(filter(None, words)) or model.__name__
            yield ModelPolicy(name, made, fair)


def operations_in(model: type[Model]) -> tuple[ModelOperation, ...]:
    """Return the operations of a model, with what its class attributes say of them."""
    return tuple(
        ModelOperation(
            name,
            _parameters(model, name),
            may_wait(model, name),
            name in model.optional,
            *model.objects.get(name, (0, name)),
            model.gives_back.get(name, ""),
            tuple(taken for taken, given in model.gives_back.items() if given == name),
        )
        for name in operations_of(model)
    )


def observations_of(model: type[Model], argument: int = 0) -> tuple[ModelObservation, ...]:
    """Return what callers may read of a model: its public properties, and the public attributes that it begins with."""
    attributes = dict.fromkeys(name for state in start(model, *arguments_for(model, argument)) for name, _ in state)
    properties = dict.fromkeys(name for name, _ in inspect.getmembers(model, lambda one: isinstance(one, property)))
    names = [name for name in {**attributes, **properties} if not name.startswith("_")]
    return tuple(ModelObservation(name, name in model.optional, *model.objects.get(name, (0, name))) for name in names)


def takes_argument(model: type[Model]) -> bool:
    """Return whether a model is made with a number."""
    return bool(inspect.signature(model).parameters)


def arguments_for(model: type[Model], argument: int) -> tuple[int, ...]:
    """Return what the constructor of a model is given."""
    return (argument,) if takes_argument(model) else ()


def says(model: type[Model], function: Callable[..., Any]) -> bool:
    """Return whether a model calls this function of `latchproof_spec.model`."""
    return any(
        name == function.__name__ or one.__globals__.get(name) is function
        for one in _functions(model)
        for name in _names(one.__code__)
    )


def returns_value(model: type[Model], operation: str) -> bool:
    """Return whether a method returns values, so that None is one of them: then None is compared, too."""
    method = getattr(model, operation)
    if method.__annotations__.get("return", ...) in (None, "None"):
        return False
    before = None
    for one in dis.get_instructions(method):
        if one.opname == "RETURN_CONST" and one.argval is not None:
            return True
        if one.opname == "RETURN_VALUE" and (
            before is None or before.opname != "LOAD_CONST" or before.argval is not None
        ):
            return True
        before = one
    return False


def require_model(model: type[Model]) -> None:
    """Raise ModelError unless the class is a model whose parts fit together."""
    if not (isinstance(model, type) and issubclass(model, Model)):
        raise ModelError(f"{getattr(model, '__qualname__', repr(model))} is not a class that inherits from Model")
    if not operations_of(model):
        raise ModelError(f"{place_of(model)}{model.__name__} has no operations: a model has a public method for each")
    for one in _functions(model):
        _require_plain(model, one)
    for name in operations_of(model):
        _require_parameters(model, name)
    if len(inspect.signature(model).parameters) > 1:
        raise ModelError(f"{place_of(model)}{model.__name__} is made with one int or with nothing")
    _require_values(model)
    _require_attributes(model)


def place_of(one: Any) -> str:
    """Return where a class or a function stands, to begin a message with; "" if that is not known.

    >>> place_of(place_of)
    '...model_parts.py:...: '
    """
    try:
        return f"{inspect.getsourcefile(one)}:{inspect.getsourcelines(one)[1]}: "
    except (OSError, TypeError):
        return ""


def _parameters(model: type[Model], operation: str) -> dict[str, type]:
    _, *parameters = inspect.signature(getattr(model, operation)).parameters.values()
    return {one.name: bool if one.annotation in (bool, "bool") else int for one in parameters}


def _functions(model: type[Model]) -> Iterator[FunctionType]:
    """Yield every method of a model and the functions behind its properties, those of its bases included."""
    for base in model.__mro__:
        if base not in (Model, object):
            for one in vars(base).values():
                for function in (one.fget, one.fset) if isinstance(one, property) else (getattr(one, "__func__", one),):
                    if isinstance(function, FunctionType):
                        yield function


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code, and that of the functions inside it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _names(code: CodeType) -> Iterator[str]:
    for one in _codes(code):
        yield from one.co_names


def _require_plain(model: type[Model], function: FunctionType) -> None:
    """Raise ModelError for a method that does not describe one instant, or that depends on more than the state."""
    where = f"{place_of(function)}{model.__name__}.{function.__name__}()"
    if function.__code__.co_flags & _NOT_PLAIN:
        raise ModelError(f"{where} has to be a plain method, which describes one instant: no `async`, and no `yield`")
    for code in _codes(function.__code__):
        for one in dis.get_instructions(code):
            if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise ModelError(f"{where} changes the global {one.argval}: what changes is an attribute of `self`")
            module = _module_of(function.__globals__.get(one.argval)) if one.opname == "LOAD_GLOBAL" else ""
            if module.partition(".")[0] in FORBIDDEN:
                raise ModelError(
                    f"{where} uses {one.argval} of the module {module}: a model uses no clock and no chance"
                )


_NOT_PLAIN: Final = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def _module_of(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    owner = getattr(value, "__self__", None)  # of random.random, say, the object that draws
    return str(getattr(value, "__module__", None) or getattr(type(owner), "__module__", ""))


def _require_parameters(model: type[Model], operation: str) -> None:
    method = getattr(model, operation)
    parameters = list(inspect.signature(method).parameters.values())
    where = f"{place_of(method)}{model.__name__}.{operation}()"
    if isinstance(inspect.getattr_static(model, operation), staticmethod | classmethod) or not parameters:
        raise ModelError(
            f"{where} has to be a plain method with the parameter self, or to have a name with an underscore"
        )
    for one in parameters[1:]:
        if one.kind not in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD):
            raise ModelError(
                f"{where} takes {one}: each parameter of an operation is an int or a bool, and has a place"
            )
        if one.annotation in (str, bytes, float, "str", "bytes", "float"):
            raise ModelError(f"{where} takes {one}: each parameter of an operation is an int or a bool")


def _require_values(model: type[Model]) -> None:
    """Raise ModelError for an attribute of the class that all instances share and that may change."""
    for base in model.__mro__:
        for name, value in vars(base).items() if base not in (Model, object) else ():
            if isinstance(value, list | dict | set | bytearray) and name not in (*_DECLARED, "__annotations__"):
                raise ModelError(
                    f"{place_of(base)}{base.__name__}.{name} is a {type(value).__name__} that all instances share: "
                    "make it in __init__, and as a tuple"
                )


_DECLARED: Final = ("policies", "fair", "gives_back", "undone_by", "at_rest", "optional", "objects")
"""The class attributes that say something of a model."""


def _require_attributes(model: type[Model]) -> None:
    """Raise ModelError unless the class attributes have the right types and name what there is."""
    where, operations = f"{place_of(model)}{model.__name__}", operations_of(model)
    if doubtful := [name for name in _DECLARED if name in operations]:
        raise ModelError(f"{where} has an operation {doubtful[0]}(), which is the name of a class attribute of models")
    if model.fair not in (None, True, False):
        raise ModelError(f"{where}.fair is {model.fair!r}: it is True, False or None")
    for name in ("policies", "gives_back", "undone_by", "objects"):
        if not isinstance(getattr(model, name), Mapping):
            raise ModelError(f"{where}.{name} is {getattr(model, name)!r}: it has to be a dict")
    for name in ("at_rest", "optional"):
        if not isinstance(getattr(model, name), tuple) or not all(isinstance(one, str) for one in getattr(model, name)):
            raise ModelError(
                f'{where}.{name} is {getattr(model, name)!r}: it has to be a tuple of names, as ("locked",)'
            )
    for name, value in model.objects.items():
        if not (isinstance(value, tuple) and [type(one) for one in value] == [int, str]):
            raise ModelError(f"{where}.objects[{name!r}] is {value!r}: it has to be a tuple like (1, {name!r})")
    for attribute in ("gives_back", "undone_by"):
        _require_pairs(model, f"{where}.{attribute}", getattr(model, attribute))
    _require_policies(model, where)


def _require_pairs(model: type[Model], where: str, pairs: Mapping[str, str]) -> None:
    """Raise ModelError unless both operations of each pair are there, and the second takes what the first does."""
    operations = operations_of(model)
    for name in (*pairs, *pairs.values()):
        if name not in operations:
            raise ModelError(f"{where} names {name!r}, which is none of the operations: {', '.join(operations)}")
    for taken, given in pairs.items():
        if _parameters(model, given) and len(_parameters(model, given)) != len(_parameters(model, taken)):
            raise ModelError(f"{where}: {given}() has to take the same arguments as {taken}(), or none")


def _require_policies(model: type[Model], where: str) -> None:
    names = {name for one in _functions(model) for name in _names(one.__code__)} | {*_DECLARED} - {"policies", "fair"}
    for policy, attributes in model.policies.items():
        if not isinstance(policy, str) or not policy or not isinstance(attributes, Mapping):
            raise ModelError(f"{where}.policies maps the name of each policy to a dict of class attributes")
        if unknown := [name for name in attributes if name not in names]:
            raise ModelError(f"{where}.policies[{policy!r}] sets {unknown[0]!r}, which no method of the model looks at")


def require_observed(model: type[Model], argument: int) -> None:
    """Raise ModelError if a class attribute names an observation that the model does not have."""
    operations, observations = operations_of(model), [one.name for one in observations_of(model, argument)]
    for attribute, known in (
        ("at_rest", observations),
        ("optional", [*operations, *observations]),
        ("objects", [*operations, *observations]),
    ):
        if unknown := [name for name in getattr(model, attribute) if name not in known]:
            raise ModelError(
                f"{place_of(model)}{model.__name__}.{attribute} names {unknown[0]!r}, which the model does not have; "
                f"it has {', '.join(known) or 'nothing to read'}"
            )
