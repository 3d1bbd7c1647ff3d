"""What a target keeps outside of its instances: module globals, class attributes, default arguments.

Every run begins as in a fresh interpreter. Otherwise an instance would find what the one before it left there, and no
run could be repeated alone. Whether instances affect each other is tested on purpose, with a second one in the same
run.

Modules of the standard library are left alone, with all that they hold (`sys.modules` too, where a target has it by
name), and so are objects that hide their state from Python.
"""

import builtins
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from operator import is_
from types import FunctionType
from typing import Any

CONTAINERS = (list, dict, set, deque)
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

    def __init__(self, factory: object) -> None:
        self._kept: list[_Kept] = []
        """Everything that can change."""
        self._met: dict[int, object] = _of_the_standard_library()
        kinds = getattr(factory, "__mro__", ())
        self._modules = {one.__module__ for one in kinds if not _is_standard(one.__module__)}
        for one in getattr(factory, "__mro__", (factory,)):
            if isinstance(one, type) and not _is_standard(one.__module__) and one.__flags__ & _HEAP_TYPE:
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
            if isinstance(thing, (staticmethod, classmethod)):
                waiting.append(thing.__func__)
            elif isinstance(thing, property):
                waiting += [thing.fget, thing.fset]
            elif isinstance(thing, FunctionType):
                waiting += self._of_function(thing)
            elif isinstance(thing, type):
                if not _is_standard(thing.__module__) and thing.__flags__ & _HEAP_TYPE and _has_state(thing):
                    waiting += self._held(thing)
            elif isinstance(thing, CONTAINERS):
                waiting += self._held(thing)
            elif type(thing).__module__ in self._modules or type(thing).__module__.startswith("asyncio."):
                attributes = getattr(thing, "__dict__", None)
                waiting += [attributes] if type(attributes) is dict else []

    def _held(self, thing: Any) -> Iterator[Any]:
        self._kept.append(_Kept(thing))
        if isinstance(thing, type):
            self._modules.add(thing.__module__)
        module = thing.get("__name__") if isinstance(thing, dict) and "__builtins__" in thing else None
        for value in _values(thing):
            is_imported = module and isinstance(value, type | FunctionType) and value.__module__ != module
            if not is_imported:
                yield value

    def _of_function(self, function: FunctionType) -> Iterator[Any]:
        if _is_standard(function.__module__ or ""):
            return
        yield function.__globals__
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
            _standard.update((id(one), one) for one in vars(module).values() if isinstance(one, CONTAINERS))
    return dict(_standard)


_looked_at: set[str] = set()
_standard: dict[int, object] = {id(vars(builtins)): vars(builtins)}

_HEAP_TYPE = 1 << 9
"""The flag of classes made by a class statement, which can be changed."""


def _is_standard(module: str | None) -> bool:
    return str(module).partition(".")[0] in sys.stdlib_module_names


def _has_state(kind: type) -> bool:
    """Return whether a class has more than methods and strings, such as a counter. Most have not, and are skipped."""
    return any(
        not (isinstance(value, str | tuple | None) or callable(value) or hasattr(type(value), "__get__"))
        for name, value in vars(kind).items()
        if name not in ("__dict__", "__weakref__", "__annotations__", "__firstlineno__", "__dataclass_fields__")
    )


def _values(thing: Any) -> tuple[Any, ...]:
    if isinstance(thing, type):
        return tuple(vars(thing).values())
    return tuple(thing.values() if isinstance(thing, dict) else thing)


class _Kept:
    """One object that can change, and what was in it. It is compared before every run, so that must be cheap."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._look: Any = vars(thing) if isinstance(thing, type) else thing
        self._is_mapping = isinstance(thing, dict | type)
        self._then: Any = dict(self._look) if self._is_mapping else tuple(thing)  # which also keeps it alive
        self._note_order()

    def _note_order(self) -> None:
        self._names = tuple(self._look)
        self._values = tuple(self._look.values()) if self._is_mapping else ()

    def is_changed(self) -> bool:
        look = self._look
        return (
            len(look) != len(self._names)
            or not all(map(is_, look, self._names))
            or (self._is_mapping and not all(map(is_, look.values(), self._values)))
        )

    def difference(self) -> Any:
        """Return what tells the object from others that it could have become."""
        if not self._is_mapping:
            return self._thing
        names = None if tuple(self._look) == self._names else list(self._look)
        return names, self._new_values()

    def _new_values(self) -> list[tuple[Any, Any]]:
        then = self._then
        return [(name, value) for name, value in self._look.items() if name not in then or then[name] is not value]

    def restore(self) -> None:
        thing, then = self._thing, self._then
        if isinstance(thing, type):
            for name, _ in self._new_values():
                if name not in then:
                    delattr(thing, name)
            for name, value in then.items():
                if vars(thing).get(name, self) is not value:
                    setattr(thing, name, value)
            self._note_order()  # names may be in another order now
        elif isinstance(thing, dict | set):
            thing.clear()
            thing.update(then)
        else:
            thing.clear()
            thing.extend(then)
