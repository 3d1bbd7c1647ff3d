"""What a class has as a class, whatever its metaclass makes of being asked.

A target may hold proxies, whose every attribute is that of something else, and classes whose metaclass hides what
classes have. So an object is asked for nothing here, and a class is read as `type` does.
"""

from collections.abc import Mapping
from types import MemberDescriptorType
from typing import Any

_READ: dict[str, Any] = {name: vars(type)[name].__get__ for name in ("__name__", "__module__", "__mro__", "__flags__")}
_NAMESPACE: Any = vars(type)["__dict__"].__get__

_HEAP_TYPE = 1 << 9
"""The flag of classes made by a class statement, which can be changed."""


def name_of(kind: type) -> str:
    """Return the name of a class.

    >>> class Hiding(type):
    ...     def __getattribute__(cls, name):
    ...         raise LookupError(name)
    >>> class Hidden(metaclass=Hiding):
    ...     pass
    >>> name_of(Hidden), module_of(Hidden) == __name__, [name_of(one) for one in bases_of(Hidden)]
    ('Hidden', True, ['Hidden', 'object'])
    """
    return str(_READ["__name__"](kind))


def module_of(kind: type) -> str:
    """Return the name of the module in which a class is defined; it may be set to anything."""
    return str(_READ["__module__"](kind))


def bases_of(kind: type) -> tuple[type, ...]:
    """Return a class and its bases, in the order in which methods are looked up."""
    found: tuple[type, ...] = _READ["__mro__"](kind)
    return found


def namespace_of(kind: type) -> Mapping[str, Any]:
    """Return what a class itself holds, by name."""
    found: Mapping[str, Any] = _NAMESPACE(kind)
    return found


def can_be_changed(kind: type) -> bool:
    """Return whether a class was made by a class statement."""
    return bool(_READ["__flags__"](kind) & _HEAP_TYPE)


def is_class(thing: object) -> bool:
    """Return whether an object is a class, and not one that only says so."""
    return issubclass(type(thing), type)


def slots_of(kind: type, base: type = object) -> list[MemberDescriptorType]:
    """Return the slots of a class, and what its C code shows in this way, without those of a base and its own bases."""
    return [
        member
        for one in bases_of(kind)
        for member in namespace_of(one).values()
        if type(member) is MemberDescriptorType and one not in bases_of(base)
    ]
