"""Object graphs as async primitives have them, generated as descriptions from which they are built as often as needed.

A description is a `Leaf`, or a `Node`: the name of a kind in `KINDS`, and descriptions of the parts. Two descriptions
that differ say of something that later behaviour can depend on that it differs. `described` draws one by a seed,
`changed` lists the descriptions that differ from it in one thing.

A kind is one row of `KINDS`. What Python or a host has, and a primitive may hold, needs a row here.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import math
import os
import random
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from enum import Enum, IntEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias, cast


class Leaf(NamedTuple):
    """A value that has no parts, by its place in `LEAVES`."""

    number: int


class Node(NamedTuple):
    """An object with parts."""

    kind: str
    parts: tuple[Graph, ...]


Graph: TypeAlias = Leaf | Node


class Kind(NamedTuple):
    """How objects of a kind are made of their parts, and how many these may be."""

    make: Callable[..., Any]
    least: int = 1
    most: int = 1
    keys: bool = False
    """Whether the parts must be values that can be the keys of a dictionary."""


class Colour(Enum):
    RED = 1
    BLUE = 2


class Level(IntEnum):
    ONE = 1


ONE_VARIABLE = contextvars.ContextVar[Any]("VARIABLE")
OTHER_VARIABLE = contextvars.ContextVar[Any]("VARIABLE")


class Plain:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def method(self) -> None:
        """Do nothing."""

    def other(self) -> None:
        """Do nothing."""


class Named:
    """Its parts are in its dictionary."""

    def __init__(self, *parts: Any) -> None:
        for number, part in enumerate(parts):
            setattr(self, f"part{number}", part)


class Slotted:
    __slots__ = ("__weakref__", "first", "second")

    def __init__(self, first: Any, second: Any = None) -> None:
        self.first, self.second = first, second


def _first_slot(part: Any) -> Slotted:
    thing = Slotted(part)
    del thing.second
    return thing


def _second_slot(part: Any) -> Slotted:
    thing = Slotted(None, part)
    del thing.first
    return thing


class BothSlots(Slotted):
    """Its base has slots, and it has a dictionary."""

    def __init__(self, first: Any, second: Any, third: Any) -> None:
        super().__init__(first, second)
        self.third = third


class Pair(NamedTuple):
    one: Any
    other: Any


def _subclass(base: Any, **methods: Any) -> Any:
    """Return a subclass whose objects also have attributes, and whose own iteration shows nothing."""
    methods |= {name: lambda thing: iter(()) for name in ("__iter__", "items", "keys", "values")}
    return type(f"My{base.__name__}", (base,), methods)


MyList, MyDict, MyOrderedDict, MySet, MyDeque, MyTuple, MyFrozenSet, MyDefaultDict = (
    _subclass(base) for base in (list, dict, OrderedDict, set, deque, tuple, frozenset, defaultdict)
)


def _with_attribute(thing: Any, value: Any) -> Any:
    thing.attribute = value
    return thing


class OwnError(RuntimeError):
    """An error with attributes."""


class SlotsError(RuntimeError):
    __slots__ = ("reason",)

    def __init__(self, reason: Any) -> None:
        self.reason = reason


def _error(error: BaseException, **attributes: Any) -> BaseException:
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def _as_error(part: Any) -> BaseException:
    return part if isinstance(part, BaseException) else OwnError(part)


# ---------------------------------------------------------------------------------- what asyncio has


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _result(part: Any) -> asyncio.Future[Any]:
    future = _future()
    future.set_result(part)
    return future


def _failed(part: Any) -> asyncio.Future[Any]:
    future = _future()
    future.set_exception(OwnError(part))
    return future


def _cancelled(part: Any) -> asyncio.Future[Any]:
    future = _future()
    future.cancel(part)
    return future


def _with_callbacks(make: Callable[[Any], Callable[..., Any]]) -> Callable[..., asyncio.Future[Any]]:
    def build(*parts: Any) -> asyncio.Future[Any]:
        future = _future()
        for part in parts:
            future.add_done_callback(make(part))
        return future

    return build


def _in_context(part: Any) -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(ONE_VARIABLE.set, part)
    return context


def _in_two_contexts(one: Any, other: Any) -> contextvars.Context:
    context = _in_context(one)
    context.run(OTHER_VARIABLE.set, other)
    return context


def _callback_in_context(part: Any) -> asyncio.Future[Any]:
    future = _future()
    future.add_done_callback(print, context=_in_context(part))
    return future


def _started(coroutine: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    coroutine.send(None)
    return coroutine


async def waits(part: Any) -> Any:
    await _Yielding()
    return part


async def waits_twice(part: Any) -> Any:
    await _Yielding()
    await _Yielding()
    return part


class _Yielding:
    """Suspends once."""

    def __await__(self) -> Generator[None]:
        yield


def _at_the_second(part: Any) -> Coroutine[Any, Any, Any]:
    coroutine = _started(waits_twice(part))
    coroutine.send(None)
    return coroutine


async def _awaits(awaited: Any) -> Any:
    return await awaited


async def _handles(part: Any) -> None:
    try:
        raise OwnError(part)
    except OwnError:
        await _Yielding()
        raise


def _ended(part: Any, play: Callable[[Any], Any] = waits) -> Any:
    coroutine = play(part)
    coroutine.close()
    return coroutine


def _task(*parts: Any, end: bool = False, cancels: int = 0, starts: bool = True) -> asyncio.Task[Any]:
    """A task that waits for a future, with the parts among its locals."""

    async def play(held: Any) -> Any:
        if not end:
            await _future()
        return held

    loop: Any = asyncio.get_running_loop()
    task: asyncio.Task[Any] = loop.create_task(play(parts))
    if starts:
        _run_all(loop)
    for _ in range(cancels):
        task.cancel()
    loop._ready.clear()  # other parts of the graph let the loop run, and it is to stay as it is
    return task


class _Unheld:
    """Suspends with a future that then only the task knows."""

    def __init__(self, part: Any) -> None:
        self.parts = [part]

    def __await__(self) -> Generator[asyncio.Future[Any]]:
        yield self._future()

    def _future(self) -> asyncio.Future[Any]:
        future = _with_attribute(MyFuture(), self.parts.pop())
        future._asyncio_future_blocking = True
        return cast("asyncio.Future[Any]", future)


def _task_of(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that has made its first step."""
    loop: Any = asyncio.get_running_loop()
    task: asyncio.Task[None] = loop.create_task(coroutine)
    loop._ready.pop()._run()
    return task


def _task_that_polls(part: Any, *, swallowed: bool) -> asyncio.Task[Any]:
    """A task that has swallowed a cancellation, and swallows another one in its next step."""

    async def polls(held: Any) -> None:
        while True:
            try:
                await _Yielding()
            except asyncio.CancelledError:
                print(held)

    loop: Any = asyncio.get_running_loop()
    task = _task_of(polls(part))
    for runs in (True, swallowed):
        task.cancel()
        if runs:
            loop._ready.pop()._run()
    loop._ready.pop()
    return task


def _first_step(part: Any) -> asyncio.Handle:
    """The handle by which a task makes its first step."""
    loop: Any = asyncio.get_running_loop()
    task = loop.create_task(waits(part))
    handle: asyncio.Handle = loop._ready.pop()
    assert not task.done()
    return handle


def _run_all(loop: Any) -> None:
    while loop.can_run():
        loop.run_one()


def _task_that_raises(error: Callable[[Any], BaseException]) -> Callable[[Any], Any]:
    def build(part: Any) -> asyncio.Task[Any]:
        async def play() -> None:
            raise error(part)

        loop: Any = asyncio.get_running_loop()
        task: asyncio.Task[Any] = loop.create_task(play())
        _run_all(loop)
        return task

    return build


def _handle(part: Any, *, cancelled: bool = False) -> asyncio.Handle:
    handle = asyncio.Handle(print, (part,), asyncio.get_running_loop(), contextvars.copy_context())
    if cancelled:
        handle.cancel()
    return handle


def _own_handle(callback: Callable[..., Any], context: contextvars.Context) -> asyncio.Handle:
    return asyncio.Handle(callback, (), asyncio.get_running_loop(), context)


def _event(*, is_set: bool) -> asyncio.Event:
    event = asyncio.Event()
    if is_set:
        event.set()
    return event


def _held(lock: Any) -> Any:
    coroutine = lock.acquire()
    try:
        coroutine.send(None)
    except StopIteration:
        return lock
    return lock, coroutine


def _queue(*parts: Any, size: int = 9) -> asyncio.Queue[Any]:
    queue = asyncio.Queue[Any](size)
    for part in parts:
        queue.put_nowait(part)
    return queue


def _waiting(make: Callable[[], Any]) -> Callable[..., Any]:
    """Return how to make a primitive for which a task waits that has the parts among its locals."""

    def build(*parts: Any) -> Any:
        primitive = make()

        async def play(held: Any) -> Any:
            await (primitive.wait() if hasattr(primitive, "wait") else primitive.acquire())
            return held

        loop: Any = asyncio.get_running_loop()
        tasks = [loop.create_task(play(part)) for part in parts]
        _run_all(loop)
        assert not any(task.done() for task in tasks)
        return primitive

    return build


# ------------------------------------------------------------------------ what is half way through something


def _walk(iterable: Any) -> Generator[None]:
    """Walk what is known to the value stack alone."""
    for _ in iterable:
        yield


def _half_way(iterable: Any, steps: int = 1) -> Any:
    walking = _walk(iterable)
    for _ in range(steps):
        next(walking)
    return walking


def _generator(part: Any) -> Generator[None, None, Any]:
    yield
    return part


def _begun(generator: Any) -> Any:
    next(generator)
    return generator


async def _agenerator(part: Any) -> AsyncGenerator[Any]:
    yield None
    print(part)


async def _closes_slowly(part: Any) -> AsyncGenerator[Any]:
    try:
        yield None
    finally:
        await _Yielding()
        print(part)


def _begun_async(part: Any, make: Callable[[Any], AsyncGenerator[Any]] = _agenerator) -> AsyncGenerator[Any]:
    generator = make(part)
    try:
        generator.__anext__().send(None)
    except StopIteration:
        return generator
    raise AssertionError


def _one_bound(part: Any, *, first: bool) -> Any:
    """One of two locals is bound, to the same value, at the same place."""

    def walk(is_first: bool | None) -> Generator[Any]:
        one = other = part
        if is_first:
            del one
        else:
            del other
        is_first = None
        yield
        print(one, other)

    return _begun(walk(first))


def _advanced(iterator: Iterator[Any]) -> Iterator[Any]:
    next(iterator)
    return iterator


def _used_up(iterator: Iterator[Any]) -> Iterator[Any]:
    assert all(True for _ in iterator)
    return iterator


# ------------------------------------------------------------------------------------------------ functions


def _closure(part: Any) -> Callable[[], Any]:
    return lambda: part


def _other_closure(part: Any) -> Callable[[], Any]:
    return lambda: [part]


def _with_default(part: Any) -> Callable[..., Any]:
    def has_default(value: Any = part) -> Any:
        return value

    return has_default


def _with_keyword_default(part: Any) -> Callable[..., Any]:
    def has_default(*, value: Any = part) -> Any:
        return value

    return has_default


def _cell(part: Any) -> Any:
    closure: Any = _closure(part)
    return closure.__closure__[0]


def _moved(*parts: Any) -> OrderedDict[int, Any]:
    made = OrderedDict(enumerate(parts))
    made.move_to_end(0)
    return made


def _with_key(key: Any) -> Callable[..., Any]:
    return lambda part: {key: part}


class _Key:
    """Something that is its own key."""


KEY = _Key()

KINDS: dict[str, Kind] = {
    "list": Kind(lambda *parts: [*parts], 0, 3),
    "tuple": Kind(lambda *parts: (*parts,), 0, 3),
    "deque": Kind(lambda *parts: deque(parts), 0, 3),
    "deque of 3": Kind(lambda *parts: deque(parts, 3), 0, 3),
    "deque of 4": Kind(lambda *parts: deque(parts, 4), 0, 3),
    "set": Kind(lambda *parts: set(parts), 0, 1, keys=True),
    "frozenset": Kind(lambda *parts: frozenset(parts), 0, 1, keys=True),
    "dict of ints": Kind(lambda *parts: dict(enumerate(parts)), 0, 3),
    "dict from 1": Kind(lambda *parts: dict(enumerate(parts, 1)), 1, 3),
    "dict of strings": Kind(lambda *parts: {f"{number}": part for number, part in enumerate(parts)}, 1, 3),
    "dict of tuples": Kind(lambda *parts: {(0, number): part for number, part in enumerate(parts)}, 1, 2),
    "dict of a bool": Kind(_with_key(key=True)),
    "dict of an enum": Kind(_with_key(Colour.RED)),
    "dict of another enum": Kind(_with_key(Colour.BLUE)),
    "dict of an int enum": Kind(_with_key(Level.ONE)),
    "dict of None": Kind(_with_key(None)),
    "dict of an object": Kind(lambda part: {object(): part}),
    "dict of a key": Kind(_with_key(KEY)),
    "dict of keys": Kind(lambda key: {key: "its value"}, keys=True),
    "dict in another order": Kind(lambda *parts: {number: parts[number] for number in (1, 0)}, 2, 2),
    "OrderedDict": Kind(lambda *parts: OrderedDict(enumerate(parts)), 0, 3),
    "OrderedDict, moved": Kind(_moved, 2, 3),
    "defaultdict": Kind(lambda *parts: defaultdict(None, enumerate(parts)), 0, 2),
    "defaultdict of lists": Kind(lambda *parts: defaultdict(list, enumerate(parts)), 0, 2),
    "alias": Kind(lambda: list[int], 0, 0),
    "alias of another": Kind(lambda: deque[int], 0, 0),
    "alias with another": Kind(lambda: list[str], 0, 0),
    "range": Kind(lambda: range(1), 0, 0),
    "range of 2": Kind(lambda: range(2), 0, 0),
    "slice": Kind(lambda part: slice(part)),
    "instance": Kind(Plain, 0, 2),
    "instance with a dictionary": Kind(Named, 0, 3),
    "first slot": Kind(_first_slot),
    "second slot": Kind(_second_slot),
    "slots and a dictionary": Kind(BothSlots, 3, 3),
    "named tuple": Kind(Pair, 2, 2),
    "object": Kind(object, 0, 0),
    "list, subclass": Kind(lambda *parts: MyList(parts), 0, 2),
    "tuple, subclass": Kind(lambda *parts: MyTuple(parts), 0, 2),
    "set, subclass": Kind(lambda *parts: MySet(parts), 0, 1, keys=True),
    "frozenset, subclass": Kind(lambda *parts: MyFrozenSet(parts), 0, 1, keys=True),
    "deque, subclass": Kind(lambda *parts: MyDeque(parts), 0, 2),
    "dict, subclass": Kind(lambda *parts: MyDict(enumerate(parts)), 0, 2),
    "OrderedDict, subclass": Kind(lambda *parts: MyOrderedDict(enumerate(parts)), 0, 2),
    "defaultdict, subclass": Kind(lambda *parts: MyDefaultDict(list, enumerate(parts)), 0, 2),
    "attribute of a list": Kind(lambda part: _with_attribute(MyList(), part)),
    "attribute of a tuple": Kind(lambda part: _with_attribute(MyTuple(), part)),
    "attribute of a dict": Kind(lambda part: _with_attribute(MyDict(), part)),
    "error": Kind(lambda *parts: OwnError(*parts), 0, 2),
    "error of another class": Kind(lambda *parts: RuntimeError(*parts), 0, 2),
    "error with an attribute": Kind(lambda part: _error(OwnError(), reason=part)),
    "error with a cause": Kind(lambda part: _error(OwnError(), __cause__=_as_error(part))),
    "error with a context": Kind(lambda part: _error(OwnError(), __context__=_as_error(part))),
    "error with slots": Kind(SlotsError),
    "StopIteration": Kind(lambda part: _error(StopIteration(), value=part)),
    "OSError": Kind(lambda part: _error(OSError(), filename=part)),
    "SystemExit": Kind(lambda part: _error(SystemExit(), code=part)),
    "group of errors": Kind(lambda part: ExceptionGroup("some", [OwnError(part)])),
    "future": Kind(_future, 0, 0),
    "future with a result": Kind(_result),
    "future with an error": Kind(_failed),
    "future cancelled": Kind(_cancelled),
    "future with no result": Kind(lambda: _result(None), 0, 0),
    "future cancelled without a message": Kind(lambda: _cancelled(None), 0, 0),
    "future being awaited": Kind(lambda: _error(_future(), _asyncio_future_blocking=True), 0, 0),  # type: ignore[arg-type]
    "future with partials": Kind(_with_callbacks(lambda part: functools.partial(print, part)), 1, 3),
    "future with closures": Kind(_with_callbacks(_closure), 1, 3),
    "future with methods": Kind(_with_callbacks(lambda part: Plain(part).method), 1, 3),
    "future with builtins": Kind(_with_callbacks(lambda part: [part].append), 1, 3),
    "future with a context": Kind(_callback_in_context),
    "future with an attribute": Kind(lambda part: _with_attribute(_future(), part)),
    "future, subclass": Kind(lambda part: _with_attribute(MyFuture(), part)),
    "future with a mixin": Kind(lambda part: _with_attribute(MixedFuture(), part)),
    "task": Kind(_task, 0, 2),
    "task not started": Kind(lambda part: _task(part, starts=False)),
    "task cancelled": Kind(lambda part: _task(part, cancels=1)),
    "task cancelled twice": Kind(lambda part: _task(part, cancels=2)),
    "task not started and cancelled": Kind(lambda part: _task(part, cancels=1, starts=False)),
    "task not started and cancelled twice": Kind(lambda part: _task(part, cancels=2, starts=False)),
    "task that waits for what nothing else holds": Kind(lambda part: _task_of(_awaits(_Unheld(part)))),
    "task to be cancelled": Kind(lambda part: _task_that_polls(part, swallowed=False)),
    "task that was cancelled": Kind(lambda part: _task_that_polls(part, swallowed=True)),
    "task that has ended": Kind(lambda part: _task(part, end=True)),
    "task that has failed": Kind(_task_that_raises(OwnError)),
    "task that raised a cancellation": Kind(_task_that_raises(asyncio.CancelledError)),
    "handle": Kind(_handle),
    "handle of a task": Kind(_first_step),
    "handle cancelled": Kind(lambda: _handle(0, cancelled=True), 0, 0),
    "handle of a closure": Kind(lambda part: _own_handle(_closure(part), contextvars.copy_context())),
    "handle in a context": Kind(lambda part: _own_handle(print, _in_context(part))),
    "event": Kind(lambda: _event(is_set=False), 0, 0),
    "event that is set": Kind(lambda: _event(is_set=True), 0, 0),
    "event with waiters": Kind(_waiting(asyncio.Event), 1, 2),
    "lock": Kind(asyncio.Lock, 0, 0),
    "lock that is held": Kind(lambda: _held(asyncio.Lock()), 0, 0),
    "lock with waiters": Kind(_waiting(lambda: _held(asyncio.Lock())), 1, 2),
    "semaphore": Kind(lambda: asyncio.Semaphore(1), 0, 0),
    "semaphore of 2": Kind(lambda: asyncio.Semaphore(2), 0, 0),
    "semaphore with waiters": Kind(_waiting(lambda: asyncio.Semaphore(0)), 1, 2),
    "condition": Kind(asyncio.Condition, 0, 0),
    "condition that is held": Kind(lambda: _held(asyncio.Condition()), 0, 0),
    "barrier with waiters": Kind(_waiting(lambda: asyncio.Barrier(4)), 1, 2),
    "queue": Kind(_queue, 0, 2),
    "queue of 3": Kind(lambda *parts: _queue(*parts, size=3), 0, 2),
    "values of a thread": Kind(lambda part: _with_attribute(threading.local(), part)),
    "values of a thread, subclass": Kind(lambda part: _with_attribute(ThreadValues(), part)),
    "lock of threads": Kind(threading.Lock, 0, 0),
    "lock of threads that is held": Kind(lambda: [(lock := threading.Lock()), lock.acquire()][0], 0, 0),
    "coroutine": Kind(lambda part: _started(waits(part))),
    "coroutine that has two": Kind(lambda part: _started(waits_twice(part))),
    "coroutine at the second": Kind(_at_the_second),
    "coroutine that awaits a future": Kind(lambda: _started(_awaits(_future())), 0, 0),
    "coroutine that awaits another": Kind(lambda part: _started(_awaits(waits(part)))),
    "coroutine that handles an error": Kind(lambda part: _started(_handles(part))),
    "coroutine that has ended": Kind(lambda: _ended(0), 0, 0),
    "other coroutine that has ended": Kind(lambda: _ended(0, waits_twice), 0, 0),
    "coroutine's own iterator": Kind(lambda part: _started(waits(part)).__await__()),
    "future's own iterator": Kind(lambda part: iter(_result(part))),
    "generator": Kind(lambda part: _begun(_generator(part))),
    "generator not begun": Kind(_generator),
    "generator half way": Kind(lambda *parts: _half_way([0, *parts]), 0, 2),
    "generator further on": Kind(lambda *parts: _half_way([0, *parts], 2), 1, 2),
    "generator that has ended": Kind(lambda: _used_up(_walk([])), 0, 0),
    "one local bound": Kind(lambda part: _one_bound(part, first=True)),
    "other local bound": Kind(lambda part: _one_bound(part, first=False)),
    "async generator": Kind(_begun_async),
    "async generator not begun": Kind(_agenerator),
    "coroutine that closes an async generator": Kind(
        lambda part: _started(_awaits(_begun_async(part, _closes_slowly).aclose()))
    ),
    "method": Kind(lambda part: Plain(part).method),
    "other method": Kind(lambda part: Plain(part).other),
    "method of a list": Kind(lambda part: [part].append),
    "other method of a list": Kind(lambda part: [part].extend),
    "method wrapper": Kind(lambda part: [part].__len__),
    "other method wrapper": Kind(lambda part: [part].__repr__),
    "partial": Kind(lambda *parts: functools.partial(print, *parts), 0, 2),
    "partial of a closure": Kind(lambda part: functools.partial(_closure(part))),
    "partial with a keyword": Kind(lambda part: functools.partial(print, end=part)),
    "partial with an attribute": Kind(lambda part: _with_attribute(functools.partial(print), part)),
    "closure": Kind(_closure),
    "other closure": Kind(_other_closure),
    "function with a default": Kind(_with_default),
    "function with a keyword's default": Kind(_with_keyword_default),
    "function with an attribute": Kind(lambda part: _with_attribute(_closure(0), part)),
    "cell": Kind(_cell),
    "context": Kind(_in_context),
    "context with two": Kind(_in_two_contexts, 2, 2),
    "list iterator": Kind(lambda *parts: iter([*parts]), 0, 2),
    "list iterator, advanced": Kind(lambda *parts: _advanced(iter([*parts])), 1, 2),
    "list iterator, backwards": Kind(lambda *parts: reversed([*parts]), 1, 2),
    "tuple iterator": Kind(lambda *parts: iter((*parts,)), 0, 2),
    "tuple iterator, advanced": Kind(lambda *parts: _advanced(iter((*parts,))), 1, 2),
    "tuple iterator, backwards": Kind(lambda *parts: reversed((*parts,)), 1, 2),
    "deque iterator": Kind(lambda *parts: iter(deque(parts)), 1, 2),
    "deque iterator, advanced": Kind(lambda *parts: _advanced(iter(deque(parts))), 1, 2),
    "set iterator": Kind(lambda part: iter({part}), keys=True),
    "set iterator, advanced": Kind(lambda part: _advanced(iter({part})), keys=True),
    "iterator of keys": Kind(lambda part: iter({part: 1}), keys=True),
    "iterator of values": Kind(lambda *parts: iter(dict(enumerate(parts)).values()), 1, 2),
    "iterator of values, advanced": Kind(lambda *parts: _advanced(iter(dict(enumerate(parts)).values())), 1, 2),
    "iterator of items": Kind(lambda *parts: iter(dict(enumerate(parts)).items()), 1, 2),
    "iterator of items, used up": Kind(lambda: _used_up(iter({1: 1}.items())), 0, 0),
    "range iterator": Kind(lambda: iter(range(3)), 0, 0),
    "range iterator, advanced": Kind(lambda: _advanced(iter(range(3))), 0, 0),
    "enumerate": Kind(lambda *parts: enumerate(parts), 1, 2),
    "enumerate, advanced": Kind(lambda *parts: _advanced(enumerate(parts)), 1, 2),
    "zip": Kind(lambda *parts: zip(parts, (1, 2), strict=False), 1, 2),
    "zip, strict": Kind(lambda *parts: zip(parts, (1, 2), strict=True), 1, 2),
    "map": Kind(lambda *parts: map(repr, parts), 1, 2),
    "filter": Kind(lambda *parts: filter(None, parts), 1, 2),
}
"""Every kind of object."""


class Mixin:
    """Its objects have a dictionary, which futures do not show."""


class MixedFuture(Mixin, asyncio.Future[Any]):
    """A future with attributes and another base."""


class ThreadValues(threading.local):
    """Values of a thread, with one that all threads have."""

    common = 0


class MyFuture(asyncio.Future[Any]):
    """A future with attributes."""

    kept: ClassVar[int] = 0


async def _nothing() -> None:
    """Do nothing."""


LEAVES: tuple[Any, ...] = (
    0, 1, 2, -1, -2, True, False, 1.0, 0.0, -0.0, 1j, "", "a", "1", b"", b"1", None, ..., NotImplemented, Colour.RED,
    Colour.BLUE, Level.ONE, len, print, int, list, list.append, deque.append, int.__add__, int.__sub__, int.real,
    dict.__dict__["fromkeys"], dict.__dict__["__contains__"], OwnError, math, os, logging.getLogger("a"),
    logging.getLogger("b"), ONE_VARIABLE, OTHER_VARIABLE, _nothing.__code__, waits.__code__, Slotted.__dict__["first"],
    Slotted.__dict__["second"], Plain.method, KEY,
    # long values that differ at one end alone
    10**40, 10**40 + 1, 2 * 10**40, 1.5, math.nextafter(1.5, 2), 1e300, 2e300, "a" * 300, "a" * 299 + "b",
    "b" + "a" * 299, b"a" * 300, b"a" * 299 + b"b", 1e300j, 2e300j,
)  # fmt: skip
"""Every value that has no parts, and is the same object whenever it is met."""


def build(graph: Graph) -> Any:
    """Make the objects that a description says. The event loop must be running."""
    if isinstance(graph, Leaf):
        return LEAVES[graph.number]
    return KINDS[graph.kind].make(*(build(part) for part in graph.parts))


def described(chance: random.Random, depth: int, *, key: bool = False) -> Graph:
    """Draw a description of objects, so deep."""
    if key or depth == 0:
        return Leaf(chance.randrange(len(LEAVES)))
    name = chance.choice(NAMES)
    kind = KINDS[name]
    number = chance.randint(kind.least, kind.most)
    return Node(name, tuple(described(chance, chance.randrange(depth), key=kind.keys) for _ in range(number)))


NAMES = tuple(KINDS)


def changed(graph: Graph, chance: random.Random) -> Iterator[Graph]:
    """Yield descriptions that differ from one in one thing: a value, a kind, one part more or less, or their order."""
    if isinstance(graph, Leaf):
        yield Leaf((graph.number + chance.randrange(1, len(LEAVES))) % len(LEAVES))
        return
    name, parts = graph
    kind = KINDS[name]
    similar = [
        other for other in NAMES
        if other != name and KINDS[other].least <= len(parts) <= KINDS[other].most and KINDS[other].keys == kind.keys
    ]  # fmt: skip
    if similar:
        yield Node(chance.choice(similar), parts)
    for number, part in enumerate(parts):
        before, after = parts[:number], parts[number + 1 :]
        for other in changed(part, chance):
            yield Node(name, (*before, other, *after))
        if len(parts) > kind.least:
            yield Node(name, (*before, *after))
        if len(parts) < kind.most:
            yield Node(name, (*before, part, part, *after))
        if after and after[0] != part:
            yield Node(name, (*before, after[0], part, *after[1:]))
        if isinstance(part, Node) and len(part.parts) > KINDS[part.kind].least and len(parts) < kind.most:
            inner = Node(part.kind, part.parts[:-1])
            yield Node(name, (*before, inner, part.parts[-1], *after))  # its last part, one level higher


def alone() -> Iterator[Node]:
    """Yield every kind with each number of equal parts, which are one value or another."""
    for name, kind in KINDS.items():
        for number in range(kind.least, kind.most + 1):
            yield from (Node(name, (Leaf(value),) * number) for value in range(2 if number else 1))


def pairs() -> Iterator[Node]:
    """Yield every kind with each other kind as its first part, and as its last."""
    for name, kind in KINDS.items():
        if kind.keys or not kind.most:
            continue
        rest = (Leaf(0),) * (max(kind.least, 1) - 1)
        for other, inner in KINDS.items():
            part = Node(other, (Leaf(0),) * inner.least)
            yield Node(name, (part, *rest))
            if rest:
                yield Node(name, (*rest, part))
