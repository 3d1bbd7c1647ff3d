"""What a target keeps outside of its instances: module globals, attributes of classes and functions, default arguments.

Every run begins as in a fresh interpreter. Otherwise an instance would find what the one before it left there, and no
run could be repeated alone. Whether instances affect each other is tested on purpose, with a second one in the same
run.

Modules of the standard library are left alone, with all that they hold (`sys.modules` too, where a target has it by
name), and so are objects that hide their state from Python. How one object is kept and restored belongs to `kept`.
"""

import builtins
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from latchproof.check.sandbox.classes import bases_of, can_be_changed, is_class, module_of, namespace_of, slots_of
from latchproof.check.sandbox.kept import BUFFERS, CONTAINERS, Count, Kept, KeptBuffer, KeptHolder, KeptSlots

LIMIT = 10_000
"""Most objects that are kept."""


class GlobalState:
    """The global state of a class or a factory, as it is now.

    >>> class Leaky:
    ...     made: list[int] = []
    >>> state = GlobalState(Leaky)
    >>> Leaky.made.append(1)
    >>> state.changed()
    ((1, [1]),)
    >>> state.restore()
    >>> Leaky.made, state.changed()
    ([], ())
    """

    def __init__(self, factory: Any) -> None:
        self._kept: list[Kept] = []
        """Everything that can change."""
        self._counts: dict[int, Count] = {}
        self._met: dict[int, object] = _of_the_standard_library()
        owners: tuple[Any, ...] = bases_of(factory) if is_class(factory) else (factory,)
        self._modules = {module_of(one) for one in owners if is_class(one) and not _is_standard(module_of(one))}
        for one in owners:
            if is_class(one) and _is_changeable(one):
                self._met[id(one)] = one
                self._keep_all(self._held(one))  # also where it has no state yet
            else:
                self._keep_all([one])

    def changed(self) -> tuple[Any, ...]:
        """Return what has changed since, as it is now, each with its number among all that can change."""
        return tuple((number, kept.difference()) for number, kept in enumerate(self._kept) if kept.is_changed())

    def restore(self) -> None:
        """Restore all of it."""
        for kept in self._kept:
            if kept.is_changed():
                kept.restore()

    def _keep_all(self, things: Iterable[Any]) -> None:
        """Keep what these objects hold, and what can be reached from there."""
        waiting = list(things)
        while waiting and len(self._kept) < LIMIT:
            thing = waiting.pop()
            if id(thing) in self._met:
                continue
            self._met[id(thing)] = thing
            waiting += self._reached(thing)

    def _reached(self, thing: Any) -> Iterable[Any]:
        """Keep an object, if it can change, and return what can be reached from there.

        It is not asked for its class or its attributes: it may be a proxy.
        """
        kind = type(thing)
        if issubclass(kind, (staticmethod, classmethod)):
            return (thing.__func__,)
        if issubclass(kind, property):
            return thing.fget, thing.fset
        if kind is FunctionType:
            return self._of_function(thing)
        if is_class(thing):
            return self._held(thing) if _is_changeable(thing) and _has_state(thing) else ()
        if issubclass(kind, CONTAINERS):
            return self._held(thing)
        if issubclass(kind, tuple):  # one of classes is a list of what may be raised, ...
            return (one for one in tuple.__iter__(thing) if not is_class(one) and type(one) is not FunctionType)
        if issubclass(kind, BUFFERS):
            self._kept.append(KeptBuffer(thing))
        elif module_of(kind) in self._modules or module_of(kind).startswith("asyncio."):
            return self._of_object(thing)
        return ()

    def _held(self, thing: Any) -> Iterator[Any]:
        self._kept.append(KeptHolder(thing, self._counts))
        if is_class(thing):
            self._modules.add(module_of(thing))
        module = thing.get("__name__") if type(thing) is dict and "__builtins__" in thing else None
        for value in _values(thing):
            defined = (
                value.__module__ if type(value) is FunctionType else module_of(value) if is_class(value) else module
            )
            if not module or defined == module:
                yield value

    def _of_object(self, thing: Any) -> Iterator[Any]:
        """Yield what an object holds: the values of its slots, and its attributes."""
        if slots_of(type(thing)):
            self._kept.append(slots := KeptSlots(thing))
            yield from slots.held
        try:
            attributes = object.__getattribute__(thing, "__dict__")
        except Exception:  # it has none, or hides them
            return
        if type(attributes) is dict:
            yield attributes

    def _of_function(self, function: FunctionType) -> Iterator[Any]:
        if _is_standard(function.__module__ or ""):
            return
        yield function.__globals__
        if function.__dict__:
            yield function.__dict__
        yield from function.__defaults__ or ()
        yield from (function.__kwdefaults__ or {}).values()
        for cell in function.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                """The cell is empty."""


def _of_the_standard_library() -> dict[int, object]:
    """Return its modules' own containers by identity; a target may have them by name, as `sys.modules`."""
    for name in sys.modules.keys() - _looked_at:  # they hold thousands of objects, and new modules are rare
        _looked_at.add(name)
        module = sys.modules.get(name)
        if _is_standard(name) and module is not None:
            _standard.update((id(one), one) for one in vars(module).values() if issubclass(type(one), CONTAINERS))
    return dict(_standard)


_looked_at: set[str] = set()
_standard: dict[int, object] = {id(vars(builtins)): vars(builtins)}


def _is_standard(module: str | None) -> bool:
    return str(module).partition(".")[0] in sys.stdlib_module_names


def _is_changeable(kind: type) -> bool:
    return not _is_standard(module_of(kind)) and can_be_changed(kind)


def _has_state(kind: type) -> bool:
    """Return whether a class has more than methods and strings, such as a counter. Most have not, and are skipped."""
    return any(
        not (_is_fixed(value) or callable(value) or _is_descriptor(type(value)))
        for name, value in namespace_of(kind).items()
        if name not in ("__dict__", "__weakref__", "__annotations__", "__firstlineno__", "__dataclass_fields__")
    )


def _is_fixed(value: Any) -> bool:
    """Return whether it is a string or None, or a tuple in which nothing can change."""
    kind = type(value)
    return issubclass(kind, str | None) or (
        issubclass(kind, tuple)
        and all(_is_fixed(one) or callable(one) or issubclass(type(one), int | float | bytes) for one in value)
    )


def _is_descriptor(kind: type) -> bool:
    return any("__get__" in namespace_of(one) for one in bases_of(kind))


def _values(thing: Any) -> tuple[Any, ...]:
    if is_class(thing):
        return tuple(namespace_of(thing).values())
    return tuple(thing.values() if issubclass(type(thing), dict) else thing)
