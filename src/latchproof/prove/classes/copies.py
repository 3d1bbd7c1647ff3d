"""The code of the runtime classes, made to run among stand-ins.

Each method keeps its code. What is replaced are the names that it looks up in its module: `Parking` by a copy of that
class, what comes from the hosts by stand-ins, and the built-in functions by those that know symbolic sequences. The
specification's functions stay what they are. A name of any other kind is one of which nothing is known: it is left out,
and `unknown_names` tells.
"""

from __future__ import annotations

import builtins
import dis
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache, wraps
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, Final, cast

from latchproof import hosts, parking
from latchproof.prove.classes.stand_ins import Setting, World, attributes
from latchproof.prove.classes.symbolic_queue import FoundOut, Queue, Withdrawn
from latchproof.prove.paths import SymInt, int_term
from latchproof.prove.sequences import Calls, SymLength, understood
from latchproof_spec import step

PLAIN: Final = ("isinstance", "int", "BaseException", "AssertionError", "RuntimeError", "TypeError")
"""The built-in names that the classes look up, and that are the same for symbols."""

IN_EVERY_CLASS: Final = frozenset(
    {"__module__", "__qualname__", "__doc__", "__slots__", "__weakref__", "__annotations__", "__annotations_cache__",
     "__annotate__", "__annotate_func__", "__conditional_annotations__", "__static_attributes__", "__firstlineno__"}
)  # fmt: skip
"""What Python puts into a class, and what says which attributes it has. None of it runs."""

_understood = cache(understood)


def methods_of(cls: type[Any]) -> dict[str, Any]:
    """Return all that a class has by itself and that can run, by name."""
    return {
        name: value
        for name, value in vars(cls).items()
        if name not in IN_EVERY_CLASS and name not in getattr(cls, "__slots__", ())
    }


def codes_of(function: FunctionType) -> Iterator[CodeType]:
    """Yield the code of a function, and of those that are defined in it."""
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]


def functions_of(cls: type[Any]) -> Iterator[FunctionType]:
    """Yield the functions of a class, those of its properties too."""
    for value in methods_of(cls).values():
        found = [value.fget, value.fset, value.fdel] if isinstance(value, property) else [value]
        yield from (one for one in found if isinstance(one, FunctionType))


def module_of(cls: type[Any]) -> dict[str, Any]:
    """Return the names of the module that a class is in."""
    return next(functions_of(cls)).__globals__


def functions_beside(cls: type[Any]) -> dict[str, FunctionType]:
    """Return the functions of the module that a class is in, by name."""
    names = module_of(cls)
    return {
        name: value for name, value in names.items() if isinstance(value, FunctionType) and value.__globals__ is names
    }


class Copies:
    """Copies of a class and of `Parking`, with their code, which run in `world`.

    Of the functions that are `noted`, `ran` has those that have run. `unknown` has each name that a function looks up
    and that stands for nothing.
    """

    def __init__(self, shell: type[Any], of_parking: type[Any], noted: frozenset[str] = frozenset()) -> None:
        self.world: World
        self._noted = noted
        self.ran: set[str] = set()
        self._shown: list[Any] = []
        self._parking = of_parking
        self._builtins = {
            **{name: getattr(builtins, name) for name in PLAIN},
            "len": self._length,
            "tuple": lambda of: of.every_call() if isinstance(of, Queue) else tuple(of),
            "__import__": self._imported,
        }
        self._modules = _Modules(self)
        self.unknown: list[tuple[str, str]] = []
        self.parking: Any = None
        self.parking = self._copy(of_parking)
        self.shell = self._copy(shell)

    def standing(self, setting: Setting) -> World:
        """Return a world in which an object of the class is at the beginning of a call, in a situation."""
        self.world = world = World(setting)
        world.parking = object.__new__(self.parking)
        world.parking.queue = world.queue
        world.parking.host = world.own
        world.parking.new_waker = world.own.makes_wakers(world.queue)
        world.one = object.__new__(self.shell)
        world.one._parking = world.parking
        for name, attribute in attributes(setting.machine).items():
            setattr(world.one, attribute, setting.values[name])
        return world

    def _copy(self, cls: type[Any]) -> type[Any]:
        module = module_of(cls)
        names: dict[str, Any] = {"__builtins__": self._builtins, "__name__": module["__name__"]}
        for name, value in module.items():
            if isinstance(value, FunctionType) and value.__globals__ is module:
                names[name] = self._copied(value, names)
            else:
                names |= self._known(name, value)
        body: dict[str, Any] = {"__slots__": cls.__slots__}
        for name, value in methods_of(cls).items():
            if isinstance(value, FunctionType):
                body[name] = self._copied(value, names)
            elif isinstance(value, property):
                body[name] = property(self._copied(cast(FunctionType, value.fget), names))
            else:
                body[name] = value
        for function in (*functions_of(cls), *functions_beside(cls).values()):
            found = {name for code in codes_of(function) for name in _names_in(code)}
            self.unknown += [(function.__name__, name) for name in sorted(found - {*names, *self._builtins})]
        return type(cls.__name__, (), body)

    def _copied(self, function: FunctionType, names: dict[str, Any]) -> Callable[..., Any]:
        copy, name = _with(function, names), function.__name__
        if name not in self._noted:
            return copy

        @wraps(copy)
        def noted(*arguments: Any) -> Any:
            self.ran.add(name)
            return copy(*arguments)

        return noted

    def shown_in(self, text: str) -> Iterator[tuple[str, Any]]:
        """Yield each symbolic number that a text of the classes shows, with the name before it, or ""."""
        for name, number in re.findall(r"(?:(\w+)=)?<(\d+)>", text):
            yield name, self._shown[int(number)]

    def _written(self, value: Any) -> str:
        self._shown.append(value)
        return f"<{len(self._shown) - 1}>"

    def _length(self, of: Any) -> Any:
        if isinstance(of, Queue):
            return of.length
        if isinstance(of, Calls):
            return SymLength(of.length)
        if isinstance(of, Withdrawn):
            return SymInt(of.number)
        if isinstance(of, self.parking):  # whose number need not be an int here
            return _Shown(of.__len__(), self)
        return len(of)

    def _known(self, name: str, value: Any) -> dict[str, Any]:
        """Return what stands for a name of a module, by that name; nothing if nothing is known of it."""
        if value is self._parking or value is parking.Parking:
            return {name: self.parking}
        if not name.isidentifier():  # pytest puts such names into modules whose assertions it rewrites
            return {name: value}
        if value is sys.modules:
            return {name: self._modules}
        if value is hosts.running:
            return {name: self._running}
        if value is hosts.current:
            return {name: _with(cast(FunctionType, value), {"__builtins__": self._builtins, "running": self._running})}
        if value is hosts.NOWHERE:
            return {name: value}
        if isinstance(value, ModuleType):
            return {name: value} if value.__name__.startswith("latchproof_spec.") else {}
        if isinstance(value, FunctionType) and value.__module__.startswith("latchproof_spec."):
            if value.__name__ == "written":
                return {name: self._written}
            return {name: _understood(value) if value.__module__ == step.__name__ else value}
        return {}

    def _running(self, last: object) -> Any:
        return self.world.running(last)

    def _imported(self, name: str, *rest: object) -> Any:
        if name != "logging":
            raise FoundOut(f"it imports {name}")
        return SimpleNamespace(getLogger=self._logger)

    def _logger(self, name: str) -> Any:
        return SimpleNamespace(warning=lambda *told: self.world.warned.append((name, *told)))


class _Modules:
    """What stands for `sys.modules`."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def __contains__(self, name: object) -> bool:
        return self._copies.world.is_imported(name)


def _names_in(code: CodeType) -> Iterator[str]:
    return (str(one.argval) for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"))


def _with(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


class _Shown(SymInt):
    """A symbolic number that can be part of a text."""

    __slots__ = ("_copies",)

    def __init__(self, number: Any, copies: Copies) -> None:
        super().__init__(int_term(number))
        self._copies = copies

    def __format__(self, spec: str) -> str:
        return self._copies._written(self)
