"""A fingerprint of all that the rest of a run depends on, so that no state is explored twice.

The objects that can be reached from the roots are walked depth first and numbered in the order in which they are met;
two states with the same walk differ only in where their objects are in memory. A coroutine's frame is the place where
it is suspended, the names that are bound, and what the garbage collector would visit there: locals, and also its value
stack, such as the iterator of a `for`. An object that holds state where Python cannot read it has no
fingerprint. Of module globals and class attributes, those of the target that have changed are among the roots
(`latchproof.check.sandbox.global_state`); tracebacks and the names of tasks are taken not to matter.
"""

import asyncio
import contextvars
import functools
import gc
import logging
import marshal
import threading
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from typing import Any

Namer = Callable[[dict[str, Any]], tuple[Any, ...]]

PLAIN = (int, bool, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
"""Types whose objects are equal if their values are."""

LASTING: tuple[type, ...] = (
    type, types.CodeType, types.ModuleType, logging.Logger, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
)  # fmt: skip
"""Types whose objects are distinguished by identity, and outlive a run."""

REDUCIBLE: tuple[type, ...] = (
    range, slice, enumerate, zip, map, filter, reversed, type(iter([])), type(iter(())), type(iter({})),
    type(iter({}.values())), type(iter({}.items())), type(iter(range(0))), type(iter(deque())), type(iter(set())),
)  # fmt: skip
"""Types whose `__reduce__` returns all that an object holds."""

SEE_THROUGH = ("FutureIter", "TaskStepMethWrapper", "coroutine_wrapper", "method-wrapper", "cell")
"""Names of types that hold nothing but references."""

LIMIT = 20_000
"""Most objects that are walked."""


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
        self._walks: dict[type, Callable[[Any], None]] = {}
        self._context = contextvars.copy_context()
        self._begin()

    def of(self, *roots: object, plain: tuple[Any, ...] = ()) -> bytes:
        """Return the fingerprint of the roots, and of `plain` values.

        Raises NoFingerprintError with the type of an object that has none.
        """
        self._begin()
        self._context = contextvars.copy_context()
        self._out.append(plain)
        try:
            for root in roots:
                self._visit(root)
            return blake2b(marshal.dumps(self._out, 2), digest_size=16).digest()
        except NoFingerprintError:
            raise
        except Exception as error:  # an iterator over what has changed, objects nested too deeply, ...
            raise NoFingerprintError(f"{type(error).__name__}: {error}") from error
        finally:
            self._begin()

    def lasting(self, thing: object) -> int:
        """Return a number for an object distinguished by identity; it is kept alive, so its address stays its own."""
        return self._lasting.setdefault(id(thing), (len(self._lasting), thing))[0]

    def _begin(self) -> None:
        self._out: list[Any] = []
        self._met: dict[int, int] = {}
        self._alive: list[object] = []

    def _visit(self, thing: object) -> None:
        kind = type(thing)
        if kind in PLAIN:
            self._out.append((kind.__name__, thing if kind in (int, bool, float, complex, str, bytes) else None))
            return
        if (number := self._met.get(id(thing))) is not None:
            self._out.append(number)
            return
        if len(self._alive) > LIMIT:
            raise NoFingerprintError(f"more than {LIMIT:,} objects")
        self._met[id(thing)] = len(self._alive)
        self._alive.append(thing)  # else another object might be given its address before the walk is over
        walk = self._walks.get(kind)
        if walk is None:
            walk = self._walks[kind] = self._walk_for(kind)
        walk(thing)

    def _tell(self, kind: str, *parts: object) -> None:
        self._out.append(f"{kind}{len(parts)}")
        for part in parts:
            self._visit(part)

    def _walk_for(self, kind: type) -> Callable[[Any], None]:
        """Return how objects of a type are walked."""
        base = next((one for one in kind.__mro__ if one in self.parts), None)
        if base is not None:
            return lambda thing: self._tell(base.__name__, *self.parts[base](thing))
        if issubclass(kind, (*LASTING, Enum)):
            return lambda thing: self._out.append(("lasting", self.lasting(thing)))
        if issubclass(kind, BaseException):
            if any("__slots__" in one.__dict__ for one in kind.__mro__):
                raise NoFingerprintError(kind.__qualname__)
            return self._exception
        walk = self._bases().get(kind)
        if walk is not None:
            return walk
        if kind in REDUCIBLE:
            return lambda thing: self._tell(kind.__name__, *thing.__reduce__())
        if kind.__name__ in SEE_THROUGH and kind.__module__ in ("builtins", "_asyncio"):
            return lambda thing: self._tell(kind.__name__, *gc.get_referents(thing))
        return self._instance_walk(kind)

    def _bases(self) -> dict[type, Callable[[Any], None]]:
        return {
            list: lambda thing: self._tell("list", *thing),
            tuple: lambda thing: self._tell("tuple", *thing),
            deque: lambda thing: self._tell("deque", thing.maxlen, *thing),
            set: lambda thing: self._tell("set", *thing),
            frozenset: lambda thing: self._tell("frozenset", *thing),
            dict: self._dict,
            OrderedDict: self._dict,
            defaultdict: self._defaultdict,
            asyncio.Future: self._future,
            asyncio.Task: self._task,
            asyncio.Handle: self._handle,
            asyncio.TimerHandle: self._handle,
            types.CoroutineType: self._suspended,
            types.GeneratorType: self._suspended,
            types.AsyncGeneratorType: self._suspended,
            types.FunctionType: self._function,
            types.MethodType: lambda thing: self._tell("method", thing.__func__, thing.__self__),
            types.BuiltinFunctionType: lambda thing: self._tell("builtin", thing.__name__, thing.__self__),
            functools.partial: lambda thing: self._tell("partial", thing.func, thing.args, thing.keywords),
            contextvars.Context: self._context_of,
            type(threading.Lock()): lambda thing: self._tell("lock", thing.locked()),
        }

    def _instance_walk(self, kind: type) -> Callable[[Any], None]:
        """Return how instances of a class written in Python are walked: by their slots and their dictionary."""
        bases = self._bases()
        base = next((one for one in kind.__mro__ if one in bases), object)
        slots = [
            (name, member)
            for one in kind.__mro__
            for name, member in one.__dict__.items()
            if isinstance(member, types.MemberDescriptorType) and not issubclass(base, one)
        ]
        # as in `object.__reduce_ex__`: an object larger than what it shows holds something that it does not show
        shown = len(slots) + (kind.__dictoffset__ != 0) + (kind.__weakrefoffset__ != 0)
        if kind.__basicsize__ > base.__basicsize__ + 8 * shown or kind.__itemsize__ > base.__itemsize__:
            raise NoFingerprintError(f"{kind.__module__}.{kind.__qualname__}")
        walk_base = bases.get(base)

        def walk(thing: Any) -> None:
            self._out.append(("instance", self.lasting(kind)))
            if walk_base is not None:
                walk_base(thing)
            for _, member in slots:
                try:
                    value = member.__get__(thing)
                except AttributeError:
                    self._out.append("unset")
                else:
                    self._visit(value)
            if (attributes := getattr(thing, "__dict__", None)) is not None:
                self._dict(attributes)

        return walk

    def _dict(self, thing: dict[Any, Any]) -> None:
        self._out.append(f"dict{len(thing)}")
        for key, value in thing.items():
            self._visit(key)
            self._visit(value)

    def _defaultdict(self, thing: defaultdict[Any, Any]) -> None:
        self._visit(thing.default_factory)
        self._dict(thing)

    def _exception(self, thing: BaseException) -> None:
        self._out.append(("exception", self.lasting(type(thing))))
        self._tell("raised", thing.args, thing.__dict__, thing.__cause__, thing.__context__)

    def _future(self, thing: Any) -> None:
        finished = thing._state == "FINISHED"
        self._tell(
            thing._state,
            thing._callbacks,
            thing._exception if finished else None,
            thing._result if finished else None,
            thing._cancel_message,
            thing._asyncio_future_blocking,
        )

    def _task(self, thing: Any) -> None:
        self._future(thing)
        if not thing.done():
            self._tell("task", thing._coro, thing._fut_waiter, thing._must_cancel, thing.cancelling())

    def _handle(self, thing: Any) -> None:
        """Walk a handle, but not the time of a timer, which the event loop reports."""
        self._tell("handle", thing.cancelled(), thing._callback, thing._args, thing._context)

    def _function(self, thing: types.FunctionType) -> None:
        self._out.append(("function", self.lasting(thing.__code__)))
        self._tell("bound", thing.__defaults__, thing.__kwdefaults__, thing.__closure__, thing.__dict__)

    def _suspended(self, thing: Any) -> None:
        prefix = {types.CoroutineType: "cr", types.GeneratorType: "gi", types.AsyncGeneratorType: "ag"}[type(thing)]
        code, frame = getattr(thing, f"{prefix}_code"), getattr(thing, f"{prefix}_frame")
        self._out.append(("suspended", self.lasting(code)))
        if frame is None:
            self._out.append("ended")
            return
        bound = frame.f_locals
        self._out.append(frame.f_lasti)
        if (name := self._frames.get(code)) is not None:
            self._out.append(name(bound))
            self._visit(thing.cr_await)
            return
        self._out.append(tuple(bound))
        held = gc.get_referents(thing)
        self._tell("frame", *(one for one in held if one is not frame and one is not bound))

    def _context_of(self, thing: contextvars.Context) -> None:
        """Walk the variables that the target has set in a context."""
        for variable in thing:
            if self._context.get(variable, self) is not thing[variable]:
                self._out.append(("variable", self.lasting(variable)))
                self._visit(thing[variable])
