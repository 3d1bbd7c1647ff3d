"""What a target offers to its users, and which of that no program used.

A verdict is about the calls that were made. What else the class has is named beside it: its public methods, inherited
ones too, the properties that nothing reads, and the parameters that always had their defaults. What is used, and how
often, is not decided here.
"""

import inspect
from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partialmethod, singledispatchmethod
from types import FunctionType, GetSetDescriptorType, MethodType
from typing import Any, Generic, NamedTuple, Protocol

from latchproof.check.importing import attribute
from latchproof.check.sandbox.classes import bases_of, namespace_of

HELPERS: tuple[Any, ...] = (object, Generic, Protocol, ABC)
"""Classes whose methods are no part of what their subclasses offer."""

SPOKEN = {
    "__aenter__": "async with",
    "__enter__": "with",
    "__await__": "await",
    "__aiter__": "async for",
    "__call__": "calling it",
}
"""The statements and expressions that a special method offers."""

READ = (property, cached_property, GetSetDescriptorType)
CALLED = (staticmethod, classmethod, partialmethod, singledispatchmethod)


class Member(NamedTuple):
    """A public method or property, or the constructor, whose name is empty.

    `parameters` are those that an argument can be given for, each with its position, or None for one that only its
    name reaches; there are none where the interpreter does not tell them. `first` is the first of several names of one
    method.
    """

    name: str
    label: str
    parameters: tuple[tuple[str, int | None], ...] = ()
    first: str = ""


def constructor(factory: Callable[..., Any]) -> Member:
    """Return what a class or factory takes when it makes an object."""
    name = attribute(factory, "__name__", "the constructor")
    given = attribute(factory, "keywords", {})  # those that a partial passes
    return Member("", f"{name}()", tuple(one for one in _parameters(factory) if one[0] not in given))


def members(instance: Any, called: Iterable[str] = ()) -> tuple[Member, ...]:
    """Return the public methods and properties of an object, in the order in which its classes define them.

    What is `called` is a method too where no class defines it, but `__getattr__` gives it.

    >>> class Door:
    ...     def open(self, by=None, *, quickly=False): ...
    ...     unlock = open
    ...     def _close(self): ...
    >>> [(one.name, one.parameters, one.first) for one in members(Door())]
    [('open', (('by', 0), ('quickly', None)), 'open'), ('unlock', (('by', 0), ('quickly', None)), 'open')]
    """
    found = []
    first: dict[int, str] = {}
    for name, value in _attributes(instance).items():
        if name in SPOKEN and value is not None:
            found.append(Member(name, SPOKEN[name]))
        elif name.startswith("_"):
            continue
        elif issubclass(type(value), READ):  # the value itself is not asked for its class: it may be a proxy
            found.append(Member(name, name))
        elif issubclass(type(value), CALLED) or (callable(value) and not issubclass(type(value), type)):
            known = first.setdefault(id(value), name)
            found.append(Member(name, f"{name}()", _parameters_of(instance, name), known))
    given = set(called) - {one.name for one in found}
    found += [Member(name, f"{name}()", _parameters_of(instance, name), name) for name in sorted(given)]
    return tuple(found)


def not_driven(offered: tuple[Member, ...], used: Mapping[str, int], absent: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what of all that is offered was not used; `used` has the number of arguments that a member was given.

    What counts as `absent` is left out: it is named elsewhere.

    >>> class Door:
    ...     def open(self, by=None): ...
    ...     def close(self): ...
    >>> not_driven(members(Door()), {"open": 0})
    ('open(by=)', 'close()')
    """
    labels: list[str] = []
    driven = {one.first for one in offered if one.name in used}
    for one in offered:
        if one.name in used:
            name = one.label.removesuffix("()")
            unused = [it for it, position in one.parameters if position is None or position >= used[one.name]]
            labels += [f"{name}({it}=)" for it in unused]
        elif one.name not in absent and (not one.first or one.first not in driven):
            labels.append(one.label)
    return tuple(one for one in labels if one not in absent)


def _attributes(instance: Any) -> dict[str, Any]:
    """Return the attributes of the classes of an object, and the functions that it has itself, as they are held."""
    found: dict[str, Any] = {}
    for owner in bases_of(type(instance)):
        for name, value in () if any(owner is one for one in HELPERS) else namespace_of(owner).items():
            found.setdefault(name, value)
    functions = FunctionType, MethodType
    return found | {name: value for name, value in held_by(instance).items() if issubclass(type(value), functions)}


def held_by(instance: Any) -> dict[str, Any]:
    """Return the attributes that an object itself has, whatever its class makes of reading them."""
    try:
        return dict(object.__getattribute__(instance, "__dict__"))
    except Exception:  # it has none, or nothing that can be read as one
        return {}


def _parameters_of(instance: Any, name: str) -> tuple[tuple[str, int | None], ...]:
    try:
        return _parameters(getattr(instance, name))
    except Exception:  # it is there, and cannot be read now
        return ()


def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, int | None], ...]:
    """Return each public parameter with its position; none where the interpreter does not tell them."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except Exception:  # it does not say
        return ()
    kinds = inspect.Parameter
    found: list[tuple[str, int | None]] = []
    for position, one in enumerate(parameters):
        if one.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
            found.append((one.name, position))
        elif one.kind is kinds.KEYWORD_ONLY:
            found.append((one.name, None))
    return tuple(one for one in found if not one[0].startswith("_"))
