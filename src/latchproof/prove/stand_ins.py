"""Stand-ins for the world around the runtime classes, so that their methods run on symbolic numbers.

There is an event loop of each kind that the classes distinguish, and a queue of which only the length is real. The
length is a symbol, so the methods are given a `len` that returns it; nothing else in them is changed. No call in the
queue is withdrawn; "fewer parked make no difference" (`counters`) is why that is enough.

The classes keep to these conventions: the constant or the part of the state that the specification calls NAME is the
attribute `_NAME`, the queue is `_parking`, and the plain method for an operation NAME is `NAME_nowait`.
"""

from __future__ import annotations

import builtins
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import z3

from latchproof.prove.paths import SymInt
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import BrokenBarrierError, Rule


@dataclass(eq=False)
class Queue:
    """A queue of which only the length is known, and that is a symbol. `left` lists the calls that left it."""

    parked: SymInt
    left: list[object] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.parked > 0)

    def __setitem__(self, waker: object, value: None) -> None:
        self.parked += 1

    def pop(self, waker: object, default: None) -> None:
        self.left.append(waker)


class Waker:
    def __await__(self) -> Generator[Waker, Any, Any]:
        return (yield self)


class _NotTrio:
    name = None


@dataclass(frozen=True)
class Loop:
    """An event loop that the caller runs on, as far as the classes can tell."""

    name: str
    checkpoints: bool
    asyncio_tasks: tuple[str, ...]
    other_task: str | None = None

    trio_record = _NotTrio
    broken_barrier_error = BrokenBarrierError

    def current_task(self) -> object:
        """Return a task of a host other than asyncio, where it lets a call be quick."""
        return self.other_task

    def is_here(self) -> bool:
        return True

    async def checkpoint_if_cancelled(self) -> None:
        """Do nothing: no task is cancelled here."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Do nothing: there is no other task to run."""


LOOPS = (
    Loop("quick", checkpoints=False, asyncio_tasks=("a task",)),
    Loop("quick, as Flowno is", checkpoints=False, asyncio_tasks=(), other_task="a task"),
    Loop("plain", checkpoints=False, asyncio_tasks=()),
    Loop("checkpoints", checkpoints=True, asyncio_tasks=()),
)
"""One loop that lets a call be quick, one that does so in another way, one that does not, and one with checkpoints."""


class Parking:
    """The queue on a loop, which notes by which rule the parked calls were released."""

    new_waker = Waker

    def __init__(self, host: Loop, parked: SymInt) -> None:
        self.host = host
        self.queue = Queue(parked)
        self.released: Rule | None = None

    def enter_plain(self) -> None:
        """Do nothing: the caller runs on the loop of the parked."""

    def enter(self) -> Loop:
        return self.host

    def purge(self) -> bool:
        return False

    def release(self, rule: Rule) -> None:
        self.released = rule
        self.queue.parked = SymInt(z3.IntVal(0))


def _length(of: Any) -> Any:
    return of.parked if isinstance(of, Queue) else builtins.len(of)


def on_symbols(shell: type[Any]) -> type[Any]:
    """Return the class with the same code in its methods, for which `len` knows a symbolic length too."""
    methods: dict[str, Any] = {}
    for cls in reversed(shell.__mro__[:-1]):
        for name, method in vars(cls).items():
            if isinstance(method, FunctionType) and name != "__init__":
                known = {**method.__globals__, "len": _length}
                copy = FunctionType(method.__code__, known, name, method.__defaults__, method.__closure__)
                copy.__kwdefaults__ = method.__kwdefaults__
                methods[name] = copy
    return type(shell.__name__, (), methods)


def attributes(machine: Machine) -> dict[str, str]:
    """Return, for each constant and each part of the state but the number parked, the attribute that holds it."""
    return {name: f"_{name}" for name in (*machine.constants, *machine.state) if name != machine.parked}


def methods_of(operation: Operation, shell: type[Any]) -> Iterator[str]:
    """Yield the names of the methods of the class that make an operation."""
    yield operation.name
    for name in ("__aenter__",) if operation.waits else (f"{operation.name}_nowait",):
        if hasattr(shell, name):
            yield name


def standing(shell: type[Any], machine: Machine, loop: Loop, values: dict[str, Any]) -> Any:
    """Return an object of the class on a loop, in a state."""
    one = shell()
    one._parking = Parking(loop, values[machine.parked])
    put(one, machine, values)
    return one


def put(one: Any, machine: Machine, values: dict[str, Any]) -> None:
    """Put an object into a state, and give it so many parked calls."""
    for name, attribute in attributes(machine).items():
        setattr(one, attribute, values[name])
    one._parking.queue.parked = values[machine.parked]


def state_of(one: Any, machine: Machine) -> tuple[Any, ...]:
    """Return the constants and the state of an object, without the number parked; None for what it does not have."""
    return tuple(getattr(one, attribute, None) for attribute in attributes(machine).values())
