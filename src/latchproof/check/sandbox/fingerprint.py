"""A fingerprint of all that the rest of a run depends on, so that no state is explored twice.

The objects that can be reached from the roots are walked breadth first and numbered in the order in which they are met;
two states with the same walk differ only in where their objects are in memory. A coroutine's frame is the place where
it is suspended, the names that are bound, and what the garbage collector would visit there: locals, and also its value
stack, such as the iterator of a `for`. An object that holds state where Python cannot read it has no
fingerprint. Of module globals and class attributes, those of the target that have changed are among the roots
(`latchproof.check.sandbox.global_state`). Taken not to matter are tracebacks, the names of tasks, and where a set puts
what is added to it later: Python leaves the order of sets open.
"""

import asyncio
import contextvars
import functools
import gc
import logging
import marshal
import threading
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeAlias

from latchproof.check.sandbox.classes import bases_of, module_of, name_of, slots_of

Namer: TypeAlias = Callable[[dict[str, Any]], tuple[Any, ...]]
Listing: TypeAlias = Callable[[Any], tuple[object, Iterable[object]]]
"""What tells an object from those of other kinds, and its parts."""

VALUED = frozenset((int, bool, float, complex, str, bytes, type(None), type(Ellipsis)))
"""Types whose objects are equal if their values are. They are told by themselves, which tells their types apart."""

LASTING: tuple[type, ...] = (
    type, types.CodeType, types.ModuleType, Enum, logging.Logger, contextvars.ContextVar, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    type(NotImplemented),
)  # fmt: skip
"""Types whose objects are distinguished by identity, and outlive a run."""

REDUCIBLE = (
    "range", "enumerate", "zip", "map", "filter", "list_iterator", "list_reverseiterator", "tuple_iterator",
    "reversed", "range_iterator", "_deque_iterator",
)  # fmt: skip
"""Names of types whose `__reduce__` returns all that an object holds."""

COPYING = ("dict_keyiterator", "dict_valueiterator", "dict_itemiterator", "set_iterator")
"""Names of types whose `__reduce__` returns what is left to iterate over, but not the object that is iterated over."""

SEE_THROUGH = ("FutureIter", "TaskStepMethWrapper", "coroutine_wrapper", "method-wrapper", "cell")
"""Names of types that hold nothing but references."""

DRIVING = ("async_generator_asend", "async_generator_athrow")
"""Names of types that drive an async generator: while it runs, how far they are is how far it is."""

BUILT_IN = ("builtins", "_asyncio", "_collections", "collections")
"""The modules that the types of these names are in."""

MANAGED_DICT = 1 << 4
"""The flag of types whose objects have a dictionary that is not within them."""

flat = chain.from_iterable
"""Yields the keys and values of items by turns."""

LIMIT = 20_000
"""Most objects that are walked."""

END = ()
"""The mark after the parts of an object."""


class NoFingerprintError(Exception):
    """An object holds state that cannot be read."""


class Fingerprinter:
    """Makes fingerprints that can be compared with each other, as long as it exists.

    `frames` says for the code of the harness's own coroutines which locals matter; these frames are not walked.

    >>> fingerprinter = Fingerprinter()
    >>> one, same, other = ([[1], [1]], [[1], [1]], [[1]] * 2)
    >>> fingerprinter.of(one) == fingerprinter.of(same), fingerprinter.of(one) == fingerprinter.of(other)
    (True, False)
    """

    def __init__(self, frames: dict[types.CodeType, Namer] | None = None) -> None:
        self._frames = frames or {}
        self.parts: dict[type, Callable[[Any], tuple[object, ...]]] = {}
        """How to list the parts of objects of these types and their subclasses. May be set at any time."""
        self._lasting: dict[int, tuple[int, object]] = {}
        self._listings: dict[type, Listing] = {}
        self._context: contextvars.Context
        self._begin()

    def of(self, *roots: object, plain: tuple[Any, ...] = ()) -> bytes:
        """Return the fingerprint of the roots, and of `plain` values.

        Raises NoFingerprintError with the type of an object that has none.
        """
        self._out.append(plain)
        try:
            self._walk(roots)
            return blake2b(marshal.dumps(self._out, 2), digest_size=16).digest()
        finally:
            self._begin()

    def reaches(self, thing: object, *roots: object) -> bool:
        """Return whether an object can be reached from the roots, or its address or name, or that cannot be known."""
        try:
            self._walk(roots)
            if id(thing) in self._met or id(thing) in self._out:
                return True
            return isinstance(thing, asyncio.Task) and thing.get_name() in self._out
        except NoFingerprintError:
            return True
        finally:
            self._begin()

    def lasting(self, thing: object) -> int:
        """Return a number for an object distinguished by identity; it is kept alive, so its address stays its own."""
        return self._lasting.setdefault(id(thing), (len(self._lasting), thing))[0]

    def _begin(self) -> None:
        self._out: list[Any] = []
        self._met: dict[int, int] = {}

    def _walk(self, roots: Iterable[object]) -> None:
        self._context = contextvars.copy_context()
        try:
            self._walk_breadth_first(roots)
        except NoFingerprintError:
            raise
        except Exception as error:  # an iterator over what has changed, ...
            raise NoFingerprintError(f"{type(error).__name__}: {error}") from error

    def _walk_breadth_first(self, roots: Iterable[object]) -> None:
        out, met, listings = self._out, self._met, self._listings
        walked: list[Any] = [roots]  # keeps the objects alive: else another might be given the address of one
        for thing in walked:
            kind = type(thing)
            if (listing := listings.get(kind)) is None:
                listing = listings[kind] = self._listing_for(kind)
            label, parts = listing(thing)
            out.append(label)
            for part in parts:
                if type(part) in VALUED:
                    out.append(part)
                    continue
                if (number := met.get(id(part))) is None:
                    number = met[id(part)] = len(walked)
                    walked.append(part)
                out.append((number,))
            out.append(END)
            if len(met) > LIMIT:
                raise NoFingerprintError(f"more than {LIMIT:,} objects")

    def _listing_for(self, kind: type) -> Listing:
        """Return how the objects of a type are told: what kind of object it is, and the parts of it."""
        base = next((one for one in bases_of(kind) if one in self.parts), None)
        if base is not None:
            return lambda thing: (base.__name__, self.parts[base](thing))
        if issubclass(kind, LASTING):
            return lambda thing: (("lasting", self.lasting(thing)), ())
        if issubclass(kind, types.BuiltinFunctionType):  # from Python 3.12, of one that is told its class
            kind = types.BuiltinFunctionType
        bases = self._bases()
        if (parts := bases.get(kind)) is not None:
            return lambda thing: (kind.__name__, parts(thing))
        name = name_of(kind) if module_of(kind) in BUILT_IN else ""
        if name in REDUCIBLE:
            return lambda thing: (name, thing.__reduce__())
        if name in COPYING:
            return lambda thing: (name, (*gc.get_referents(thing), thing.__reduce__()))
        if name in SEE_THROUGH:
            return lambda thing: (name, gc.get_referents(thing))
        if name in DRIVING:
            return lambda thing: (name, self._of_driving(thing))
        return self._instance_listing(kind)

    def _instance_listing(self, kind: type) -> Listing:
        """Return how instances of a class are told: as those of a known base, and by their slots and dictionary."""
        bases = self._bases()
        base = next(one for one in bases_of(kind) if one in bases)
        members = slots_of(kind, base)
        # as in `object.__reduce_ex__`: an object larger than what it shows holds something that it does not show
        has_dict = kind.__dictoffset__ != base.__dictoffset__ and not kind.__flags__ & MANAGED_DICT
        has_references = kind.__weakrefoffset__ > base.__weakrefoffset__  # an offset below 0 is not within the object
        shown = len(members) + has_dict + has_references
        if kind.__basicsize__ > base.__basicsize__ + 8 * shown and base is not BaseException:
            raise NoFingerprintError(f"{module_of(kind)}.{name_of(kind)}")
        label = base.__name__, self.lasting(kind)
        is_future = issubclass(kind, asyncio.Future)  # of which the dictionary is a part already

        def listing(thing: Any) -> tuple[object, Iterable[object]]:
            parts = [*bases[base](thing)]
            bound = []
            for place, member in enumerate(members):  # a class may have a slot with the name of a base's
                try:
                    parts.append(member.__get__(thing))
                except AttributeError:
                    continue
                bound.append(place)
            if not is_future:
                parts.append(getattr(thing, "__dict__", None))
            return (label, *bound), parts

        return listing

    def _bases(self) -> dict[type, Callable[[Any], Iterable[object]]]:
        """Return how to list the parts of an object of each type that is known."""
        return {
            **PARTS,
            types.CoroutineType: lambda thing: self._of_suspended(thing, thing.cr_code, thing.cr_frame),
            types.GeneratorType: lambda thing: self._of_suspended(thing, thing.gi_code, thing.gi_frame),
            types.AsyncGeneratorType: lambda thing: self._of_suspended(thing, thing.ag_code, thing.ag_frame),
            contextvars.Context: self._of_context,
        }

    def _of_suspended(self, thing: Any, code: types.CodeType, frame: types.FrameType | None) -> Iterable[object]:
        number = self.lasting(code)
        if frame is None:
            return (number,)
        bound = frame.f_locals
        if (name := self._frames.get(code)) is not None:
            return number, frame.f_lasti, name(bound), thing.cr_await
        # the number of names is left out: one more bound name adds a value too, so the lengths differ
        return number, frame.f_lasti, *bound, *_locals_and_stack(thing, code)

    def _of_driving(self, thing: object) -> list[object]:
        """Return what a step of an async generator refers to. If that one rests, nothing shows whether it was made."""
        parts = gc.get_referents(thing)
        if not any(isinstance(one, types.AsyncGeneratorType) and one.ag_running for one in parts):
            raise NoFingerprintError(f"{type(thing).__module__}.{type(thing).__qualname__}")
        return parts

    def _of_context(self, thing: contextvars.Context) -> Iterator[object]:
        """Yield the variables that the target has set in a context."""
        known = self._context
        yield len(thing)
        yield from flat(item for item in thing.items() if known.get(item[0], known) is not item[1])


def _locals_and_stack(suspended: object, code: types.CodeType) -> list[object]:
    """Return the locals and the value stack of a frame. The collector visits them after its function and code."""
    visited = iter(gc.get_referents(suspended))
    for one in visited:
        if type(one) is types.FunctionType and next(visited) is code:
            return list(visited)
    raise NoFingerprintError(f"the frame of {code.co_qualname}")


def has_attributes(thing: object) -> bool:
    """Return whether an object has been given attributes, which a task of asyncio does not show."""
    return any(isinstance(one, dict) and one for one in gc.get_referents(thing))


def _of_future(thing: Any) -> tuple[object, ...]:
    # Python shows in no other way its attributes, and what a task raised that ended cancelled
    hidden = [one for one in gc.get_referents(thing) if isinstance(one, (dict, asyncio.CancelledError))]
    shown = thing._state, thing._callbacks, thing._result, thing._exception
    return *shown, thing._cancel_message, thing._asyncio_future_blocking, *hidden


def _of_task(thing: Any) -> tuple[object, ...]:
    return *_of_future(thing), thing._coro, thing._fut_waiter, thing._must_cancel, thing.cancelling()


PARTS: dict[type, Callable[[Any], Iterable[object]]] = {
    object: lambda thing: (),
    list: list.__iter__,
    tuple: tuple.__iter__,
    deque: lambda thing: (*deque.__iter__(thing), thing.maxlen),
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    dict: lambda thing: flat(dict.items(thing)),
    OrderedDict: lambda thing: flat(OrderedDict.items(thing)),
    BaseException: lambda thing: (thing.args, thing.__cause__, thing.__context__),
    asyncio.Future: _of_future,
    asyncio.Task: _of_task,
    types.FunctionType: lambda thing: (
        thing.__code__, thing.__defaults__, thing.__kwdefaults__, thing.__closure__, thing.__dict__,
    ),
    types.MethodType: lambda thing: (thing.__func__, thing.__self__),
    types.BuiltinFunctionType: lambda thing: (thing.__name__, thing.__self__),
    functools.partial: lambda thing: (thing.func, thing.args, thing.keywords, thing.__dict__),
    types.GenericAlias: lambda thing: (thing.__origin__, thing.__args__),
    type(threading.Lock()): lambda thing: (thing.locked(),),
    threading.local: lambda thing: (thing.__dict__,),
}  # fmt: skip
"""How to list the parts of objects of types that are known. Methods that a subclass may replace are not called."""
