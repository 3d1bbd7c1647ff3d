"""What a model has: operations, observations and policies.

Everything is read off the class and a new instance of it. Whether it is a model at all is for
`latchproof.check.model_faults`.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from latchproof.check.instants import may_wait, operations_of, start
from latchproof_spec.model import Model, task


@dataclass(frozen=True, eq=False)
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
    """A model with the class attributes of a policy, and whether calls have to continue first come, first served.

    Where the model leaves that open they need not, and `in_order` is the same policy if they have to.
    """

    name: str
    model: type[Model]
    fair: bool
    in_order: ModelPolicy | None = None


IN_ORDER: Final = "first come first served"
"""The name of the policy that is a model whose calls have to continue so, or how the name of such a policy ends."""


_POLICIES: Final[dict[tuple[type[Model], str], tuple[ModelPolicy, ...]]] = {}


def policies_of(model: type[Model], name: str = "") -> tuple[ModelPolicy, ...]:
    """Return what a class is held against: each policy, or a model that has none, by that name or its own.

    >>> [(one.name, one.in_order.name) for one in policies_of(Model, "lock")]
    [('lock', 'first come first served')]
    """
    if (model, name) not in _POLICIES:
        _POLICIES[model, name] = tuple(_policies(model, name or model.__name__))
    return _POLICIES[model, name]


def _policies(model: type[Model], name: str) -> Iterator[ModelPolicy]:
    for policy, attributes in (model.policies or {"": {}}).items():
        made: type[Model] = model
        if attributes:
            made = type(model.__name__, (model,), {**attributes, "__module__": model.__module__})
        own = policy or name
        if made.fair is None:
            in_order = ModelPolicy(", ".join(filter(None, (policy, IN_ORDER))), made, fair=True)
            yield ModelPolicy(own, made, fair=False, in_order=in_order)
        else:
            yield ModelPolicy(own, made, made.fair)


def operations_in(model: type[Model]) -> tuple[ModelOperation, ...]:
    """Return the operations of a model, with what its class attributes say of them."""
    return tuple(
        ModelOperation(
            name,
            parameters_of(model, name),
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
    """Return whether a model calls this function of `latchproof_spec.model`, by whatever name.

    An attribute of that name, as a waiter's `place` is one, does not count.
    """
    return _says(model, function)  # type: ignore[arg-type]  # mypy asks whether the model's instances have a hash


@cache  # every specification of a check asks, and to disassemble a model takes as long as many runs
def _says(model: type[Model], function: Callable[..., Any]) -> bool:
    return any(_reaches(one, function) for one in functions_of(model))


def _reaches(method: FunctionType, function: Callable[..., Any]) -> bool:
    if any(cell.cell_contents is function for cell in method.__closure__ or ()):
        return True
    for code in codes_of(method.__code__):
        for one in dis.get_instructions(code):
            value = method.__globals__.get(one.argval) if one.opname == "LOAD_GLOBAL" else None
            of_module = isinstance(value, ModuleType) and function.__name__ in code.co_names
            if value is function or (of_module and getattr(value, function.__name__, None) is function):
                return True
    return False


def tells_tasks_apart(model: type[Model]) -> bool:
    """Return whether a model asks which task calls, or which task a call that waits is of."""
    return says(model, task) or any(task.__name__ in names_in(one.__code__) for one in functions_of(model))


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


def parameters_of(model: type[Model], operation: str) -> dict[str, type]:
    """Return the type of each parameter of an operation."""
    _, *parameters = inspect.signature(getattr(model, operation)).parameters.values()
    return {one.name: bool if one.annotation in (bool, "bool") else int for one in parameters}


def functions_of(model: type[Model]) -> Iterator[FunctionType]:
    """Yield every method of a model and the functions behind its properties, those of its bases included."""
    for base in model.__mro__:
        if base not in (Model, object):
            for one in vars(base).values():
                for function in (one.fget, one.fset) if isinstance(one, property) else (getattr(one, "__func__", one),):
                    if isinstance(function, FunctionType):
                        yield function


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code, and that of the functions inside it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from codes_of(one)


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names of globals and attributes that a function uses."""
    for one in codes_of(code):
        yield from one.co_names
