"""Whether a class can be called like another one."""

from __future__ import annotations

import inspect
from typing import Any

SPECIAL = ("__init__", "__aenter__", "__aexit__", "__await__", "__bool__")


def interface(cls: type, *, but: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the public names of a class, and how each is called: its parameters, and whether it is awaited."""
    names = [name for name in dir(cls) if not name.startswith("_") and name not in but]
    names += [name for name in SPECIAL if getattr(cls, name, None) not in (None, getattr(object, name, None))]
    return {name: _shape(inspect.getattr_static(cls, name)) for name in names}


def _shape(member: Any) -> object:
    if isinstance(member, property):
        return "read only" if member.fset is None else "read and set"
    if inspect.isclass(member):
        return "class"
    parameters = list(inspect.signature(member).parameters.values())[1:]
    called = [("*" if p.kind is p.VAR_POSITIONAL else p.name, p.default) for p in parameters]
    return called, inspect.iscoroutinefunction(member)
