"""Which code is a target's own: that of its class and of the bases and helpers that stand beside it.

A base class is beside the target's class if it is in the same package, or in a file of the same folder. Of the files
of these classes, what their methods can reach counts: nested functions, and functions and classes that they load by a
global name. Code of other libraries does not, so a line of the target's own code is one that its author wrote.
"""

import dis
import inspect
import os
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property, partial, partialmethod, singledispatchmethod
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

from latchproof.check.driven import held_by
from latchproof.check.sandbox.classes import bases_of, is_class, module_of, namespace_of

GENERATED = "<string>"
"""The file name of code that a library has generated for a class, as dataclasses do."""


class OwnCode(NamedTuple):
    """The files of a target's own code, the folder of its class, and the functions there that its methods can reach."""

    files: frozenset[str] = frozenset()
    folder: str = ""
    functions: tuple[CodeType, ...] = ()

    @property
    def codes(self) -> tuple[CodeType, ...]:
        """The code of these functions, and of all that is nested in them."""
        return tuple(code for function in self.functions for code in nested(function))


def own_code(*instances: Any) -> OwnCode:
    """Return the own code of the classes of objects that belong together.

    >>> from asyncio import Barrier
    >>> own = own_code(Barrier(1))
    >>> sorted(os.path.basename(one) for one in own.files), "Barrier.wait" in {one.co_qualname for one in own.codes}
    (['locks.py', 'mixins.py'], True)
    """
    found = [_of_one(instance) for instance in instances]
    return OwnCode(
        frozenset[str]().union(*(one.files for one in found)),
        found[0].folder,
        tuple(dict.fromkeys(code for one in found for code in one.functions)),
    )


def _of_one(instance: Any) -> OwnCode:
    kind = type(instance)
    held = [function for value in held_by(instance).values() for function in _functions_of(value)]
    by_class = [(one, tuple(_methods(one))) for one in bases_of(kind)]
    home = next((one for one, functions in by_class if functions), kind)
    folders = {os.path.dirname(one.__code__.co_filename) for one in _methods(home)}
    found = [
        function
        for owner, functions in by_class
        for function in functions
        if _package(owner) == _package(home) or os.path.dirname(function.__code__.co_filename) in folders
    ]
    found += [] if found else held
    files = frozenset(one.__code__.co_filename for one in found)
    return OwnCode(files, min(folders, default=""), tuple(_reached(found, files)))


def _package(kind: type) -> str:
    return module_of(kind).partition(".")[0]


def _methods(kind: type) -> Iterator[FunctionType]:
    """Yield the functions that a class statement has, as they were written there."""
    for value in namespace_of(kind).values():
        for function in _functions_of(value):
            if str(function.__module__) == module_of(kind) and function.__code__.co_filename != GENERATED:
                yield function


def _functions_of(value: Any) -> Iterator[FunctionType]:
    """Yield the functions behind an attribute, without what decorators have put around them."""
    kind = type(value)  # the value itself is not asked for its class: it may be a proxy
    if issubclass(kind, property):
        candidates: tuple[Any, ...] = (value.fget, value.fset, value.fdel)
    elif issubclass(kind, (staticmethod, classmethod, MethodType)):
        candidates = (value.__func__,)
    elif issubclass(kind, (cached_property, partial, partialmethod, singledispatchmethod)):
        candidates = (value.func,)
    else:
        candidates = (value,)
    for one in candidates:
        if type(one) is FunctionType:
            written = _unwrapped(one)
            if type(written) is FunctionType:
                yield written


def _unwrapped(function: FunctionType) -> object:
    try:
        return inspect.unwrap(function)
    except ValueError:  # it is said to wrap itself
        return function


def _reached(functions: Iterable[FunctionType], files: frozenset[str]) -> Iterator[CodeType]:
    """Yield the code of these functions, and of all functions in these files that they can reach."""
    waiting, met = deque(functions), set[CodeType]()
    while waiting:  # what is nearest to the class comes first
        function = waiting.popleft()
        if function.__code__ in met or function.__code__.co_filename not in files:
            continue
        met.add(function.__code__)
        yield function.__code__
        for code in nested(function.__code__):
            for name in _globals_loaded(code):
                waiting += _reached_by_name(function.__globals__.get(name))
        for cell in function.__closure__ or ():
            try:
                waiting += _reached_by_name(cell.cell_contents)
            except ValueError:
                """The cell is empty."""


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object, and those of the functions, classes and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def _globals_loaded(code: CodeType) -> set[str]:
    return {str(one.argval) for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}


def _reached_by_name(value: Any) -> Iterator[FunctionType]:
    """Yield what a name leads to: a function, or the methods of a class or of an object's class."""
    if any(True for _ in _functions_of(value)):
        yield from _functions_of(value)
        return
    for owner in bases_of(value if is_class(value) else type(value)):
        yield from _methods(owner)
