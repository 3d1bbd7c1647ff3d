"""The runtime's own methods, proved equal to the specification for every count, number of parties and number parked.

The shells ask the specification's functions, but for the three decisions that every wait and every count_down of a
steady program comes to (rules L1, L8 and B1): those they make themselves, for to ask costs a tenth of a suspension. So
whole methods are proved: the code object of each runs on symbolic numbers, path by path, side by side with the
specification's function, and on every path the solver is asked whether anything that they come to can differ.

A call that parks is followed to its end: it is resumed with each ending that a waker can have, or cancelled, in any
state that the latch or barrier may have come to meanwhile. It must come to just that, and change nothing but that
who is cancelled leaves the queue.

What stands in for the rest of the world: the event loop (one that lets a call be quick, one that does not, one whose
calls are checkpoints), and the queue, of which only its length is real. The length is a symbol, so the methods are
given a `len` that returns it; nothing else in them is changed. That nobody in the queue is withdrawn is assumed here,
and `prove` shows why that is enough ("fewer parked make no difference").

Of `Parking`, `release` is proved: that for every number parked it hands all of them, in their order, to the host with
the endings that the specification has. The rest of it and the hosts are not proved here.
"""

from __future__ import annotations

import builtins
import logging
import multiprocessing
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from operator import is_
from types import FunctionType
from typing import Any, Literal, NamedTuple
from unittest import mock

import z3

from latchproof import Barrier, CountdownLatch
from latchproof.parking import Parking
from latchproof.prove.paths import (
    SymInt,
    UndecidableError,
    enumerate_paths,
    symbol,
    term,
    unchecked,
)
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, Rule, caller_ending

Status = Literal["proved", "refuted", "unknown"]

SHELLS: dict[str, type[Any]] = {"latch": CountdownLatch, "barrier": Barrier}
_STATE = {"count": "_count", "broken": "_broken", "parties": "_parties"}
_PLAIN = {"count_down": "count_down_nowait", "abort": "abort_nowait", "reset": "reset_nowait"}


class Outcome(NamedTuple):
    """What a call comes to: what becomes of the caller, of the parked, and of the state.

    `caller` is as in `Rule`; `index` is what it returns, if that is an index; `error` what it raises. `parked` and
    `state` are as they are afterwards. `release` is the rule by which parked tasks were let go, None if none were.
    """

    caller: str
    error: type[BaseException] | None
    index: Any
    parked: Any
    state: tuple[Any, ...]
    release: Rule | None
    warned: bool


@dataclass(frozen=True)
class Equivalence:
    """One path through a method and the specification's function, and whether they can come to different things.

    `loop` is the event loop that stood in. `counterexample` says, where it is refuted, what differs, and for which
    numbers. A method that is undecided as a whole has the one rule "all".
    """

    machine: str
    method: str
    loop: str
    rule: str
    status: Status
    counterexample: str = ""


class _Queue:
    """A queue of which only the length is known, and that is a symbol."""

    def __init__(self, parked: SymInt) -> None:
        self.parked = parked
        self.left: list[object] = []

    def __bool__(self) -> bool:
        return bool(self.parked > 0)

    def __setitem__(self, waker: object, value: None) -> None:
        self.parked += 1

    def pop(self, waker: object, default: None) -> None:
        self.left.append(waker)


class _Waker:
    def __await__(self) -> Generator[_Waker, Any, Any]:
        return (yield self)


class _NotTrio:
    name = None


@dataclass(frozen=True)
class _Loop:
    """An event loop that the caller runs on, as far as the shells can tell."""

    name: str
    checkpoints: bool
    asyncio_tasks: tuple[str, ...]
    other_task: str | None = None

    trio_record = _NotTrio
    broken_barrier_error = BrokenBarrierError

    def current_task(self) -> object:
        """Some task of a host that is no asyncio, where it lets a call be quick."""
        return self.other_task

    def is_here(self) -> bool:
        return True

    async def checkpoint_if_cancelled(self) -> None:
        """Nobody is cancelled here."""

    async def cancel_shielded_checkpoint(self) -> None:
        """Nobody else is to run here."""


LOOPS = (
    _Loop("quick", checkpoints=False, asyncio_tasks=("a task",)),
    _Loop("quick, as Flowno is", checkpoints=False, asyncio_tasks=(), other_task="a task"),
    _Loop("plain", checkpoints=False, asyncio_tasks=()),
    _Loop("checkpoints", checkpoints=True, asyncio_tasks=()),
)


class _Parking:
    new_waker = _Waker

    def __init__(self, host: _Loop, parked: SymInt) -> None:
        self.host = host
        self.queue = _Queue(parked)
        self.released: Rule | None = None

    def enter_plain(self) -> None:
        """The caller runs where the parked do."""

    def enter(self) -> _Loop:
        return self.host

    def purge(self) -> bool:
        return False

    def release(self, rule: Rule) -> None:
        self.released = rule
        self.queue.parked = SymInt(z3.IntVal(0))


def _length(of: Any) -> Any:
    return of.parked if isinstance(of, _Queue) else builtins.len(of)


def _on_symbols(shell: type[Any]) -> type[Any]:
    """The class again: the code of its methods is the same, but for them `len` tells a symbolic length too."""
    methods: dict[str, Any] = {}
    for cls in reversed(shell.__mro__[:-1]):
        for name, method in vars(cls).items():
            if isinstance(method, FunctionType) and name != "__init__":
                known = {**method.__globals__, "len": _length}
                copy = FunctionType(method.__code__, known, name, method.__defaults__, method.__closure__)
                copy.__kwdefaults__ = method.__kwdefaults__
                methods[name] = copy
    return type(shell.__name__, (), methods)


def _run(call: Callable[[], Any]) -> tuple[str, type[BaseException] | None, Any, Callable[[], None]]:
    """Run a call until it is done or parks: what becomes of the caller, and what ends it if it parked."""
    try:
        called = call()
        if not isawaitable(called):
            return "returns", None, called, lambda: None
        steps = called.__await__()
        next(steps)
    except StopIteration as stop:
        caller = "returns" if stop.value is None else "returns an index"
        return caller, None, stop.value, lambda: None
    except Exception as error:
        specified = [cls for cls in type(error).__mro__ if cls.__module__ == "latchproof_spec.step"]
        return "raises", specified[0] if specified else type(error), None, lambda: None
    return "parks", None, None, steps.close


def _standing(shell: type[Any], machine: Machine, loop: _Loop, values: dict[str, Any]) -> Any:
    """A latch or barrier of the class, in a state."""
    one = shell()
    one._parking = _Parking(loop, values["parked"])
    _set_state(one, machine, values)
    return one


def _set_state(one: Any, machine: Machine, values: dict[str, Any]) -> list[str]:
    """Give it these values; the names of its attributes that hold them."""
    held = [name for name in (*machine.constants, *machine.state) if name != "parked"]
    for name in held:
        setattr(one, _STATE[name], values[name])
    return [_STATE[name] for name in held]


def _played(
    shell: type[Any], machine: Machine, loop: _Loop, method: str, values: dict[str, Any], arguments: tuple[Any, ...]
) -> Outcome:
    """What the shell's method comes to."""
    one = _standing(shell, machine, loop, values)
    parking = one._parking
    call: Callable[[], Awaitable[Any] | object] = partial(getattr(one, method), *arguments)
    with mock.patch.object(logging.getLogger("latchproof"), "warning") as warning:
        caller, error, index, end = _run(call)
    state = tuple(getattr(one, _STATE[name]) for name in (*machine.constants, *machine.state) if name != "parked")
    outcome = Outcome(caller, error, index, parking.queue.parked, state, parking.released, warning.called)
    end()
    return outcome


def _specified(machine: Machine, operation: Operation, values: dict[str, Any], arguments: tuple[Any, ...]) -> Outcome:
    """What the specification's function comes to."""
    constants = [values[name] for name in machine.constants]
    *after, rule = operation.function(*constants, *(values[name] for name in machine.state), *arguments)
    new = dict(zip(machine.state, after, strict=True))
    ending = caller_ending(rule, values["parked"])
    return Outcome(
        rule.caller,
        rule.errors[0] if rule.refuses else None,
        ending if rule.caller == "returns an index" else None,
        new.pop("parked"),
        (*constants, *new.values()),
        rule if rule.queue != "stays" else None,
        rule.warns,
    )


def _differences(shell: Outcome, specified: Outcome, parked: SymInt) -> Iterator[tuple[str, z3.BoolRef]]:
    """Whatever can differ, each with the term that says that it does."""
    for name in ("caller", "error", "warned"):
        one, other = getattr(shell, name), getattr(specified, name)
        yield f"{name}: {one}, not {other}", z3.BoolVal(one is not other and one != other)
    if shell.caller == specified.caller == "returns an index":
        yield f"index: {shell.index}, not {specified.index}", term(shell.index) != term(specified.index)
    yield f"parked: {shell.parked}, not {specified.parked}", term(shell.parked) != term(specified.parked)
    for one, other in zip(shell.state, specified.state, strict=True):
        is_told = one is not None and other is not None  # nothing is made where a constructor refuses
        yield f"state: {one}, not {other}", term(one) != term(other) if is_told else z3.BoolVal(one is not other)
    if shell.release is not specified.release:
        nobody = shell.release is None or specified.release is None  # to release nobody is as good as not to release
        differs = term(parked) > 0 if nobody else z3.BoolVal(True)
        yield f"released: {shell.release}, not {specified.release}", differs


def _methods(operation: Operation, shell: type[Any]) -> Iterator[str]:
    yield operation.name
    if operation.name == "wait" and hasattr(shell, "__aenter__"):
        yield "__aenter__"
    if operation.name in _PLAIN and hasattr(shell, _PLAIN[operation.name]):
        yield _PLAIN[operation.name]


def prove_shell(machine: Machine, shell: type[Any]) -> Iterator[Equivalence]:
    """Every path through each of the shell's methods and the specification's function, on each kind of event loop.

    `shell` has the attributes and methods of our own classes.
    """
    copy = _on_symbols(shell)
    yield from _compared_as_made(machine, shell)
    for operation in machine.operations:
        for method in _methods(operation, shell):
            for loop in LOOPS:
                yield from _compared(machine, copy, operation, method, loop)
                if operation.waits:
                    yield from _followed(machine, copy, method, loop)


class _Cancelled(BaseException):
    """What is thrown into a call that is parked."""


def _followed(machine: Machine, shell: type[Any], method: str, loop: _Loop) -> Iterator[Equivalence]:
    """What a call that has parked comes to when it is resumed, by whatever it is resumed with."""
    kinds = {**dict.fromkeys(machine.constants, int), **machine.state}
    values = {name: symbol(name, kind) for name, kind in kinds.items()}
    later = {name: symbol(f"{name}_later", kind) for name, kind in machine.state.items()}
    index = symbol("index", int)
    endings: dict[str, object] = (
        {"an index": index, "an error": BrokenBarrierError} if machine.name == "barrier" else {"a return": None}
    )
    for name, ending in {**endings, "a cancellation": _Cancelled}.items():

        def side_by_side(ending: object = ending) -> tuple[Outcome, Outcome] | None:
            if not all(invariant.holds(*values.values()) for invariant in machine.invariants):
                return None
            one = _standing(shell, machine, loop, values)
            steps = getattr(one, method)().__await__()
            try:
                waker = next(steps)
            except (StopIteration, Exception):
                return None  # it does not park
            held = _set_state(one, machine, {**values, **later})
            parking = one._parking
            parking.queue.parked = later["parked"]
            with mock.patch.object(logging.getLogger("latchproof"), "warning") as warning:
                caller, error, result = _resumed(steps, ending)
            played = Outcome(
                caller, error, result, parking.queue.parked, tuple(getattr(one, name) for name in held),
                parking.released, warning.called,
            )  # fmt: skip
            left = [waker] if ending is _Cancelled else []
            if parking.queue.left != left:
                played = played._replace(caller="leaves somebody else in the queue, or takes somebody out")
            state = tuple(
                later.get(name, values[name]) for name in (*machine.constants, *machine.state) if name != "parked"
            )
            raised = ending if isinstance(ending, type) else None
            due = "raises" if raised else "returns" if ending is None else "returns an index"
            return played, Outcome(
                due, raised, ending if ending is index else None, later["parked"], state, None, False
            )

        where = machine.name, method, loop.name, f"resumed with {name}"
        try:
            paths = enumerate_paths(side_by_side)
        except UndecidableError as error:
            yield Equivalence(*where, "unknown", str(error))
            continue
        for path in paths:
            if path.result is not None:
                yield _judged(where, path.conditions, _differences(*path.result, later["parked"]))


def _resumed(steps: Generator[Any, Any, Any], ending: object) -> tuple[str, type[BaseException] | None, Any]:
    """What becomes of a call that has parked, when it is given its ending or cancelled."""
    try:
        if ending is _Cancelled:
            steps.throw(_Cancelled())
        else:
            steps.send(ending)
    except StopIteration as stop:
        return "returns" if stop.value is None else "returns an index", None, stop.value
    except BaseException as raised:
        return "raises", type(raised), None
    steps.close()
    return "parks", None, None


def _compared_as_made(machine: Machine, shell: type[Any]) -> Iterator[Equivalence]:
    """The constructor, for every whole number."""
    argument = symbol("argument", int)
    held = [_STATE[name] for name in (*machine.constants, *machine.state) if name != "parked"]

    def side_by_side() -> tuple[Outcome, Outcome, str]:
        constants, state, rule = machine.create(argument)
        one = type(shell.__name__, (), {})()
        error = None
        try:
            shell.__init__(one, argument)
        except Exception as raised:
            error = type(raised)
        made = tuple(getattr(one, name, None) for name in held)
        parked = len(one._parking.queue) if error is None else 0
        due = (*constants, *(value for name, value in zip(machine.state, state, strict=True) if name != "parked"))
        return (
            Outcome("returns" if error is None else "raises", error, None, parked, made, None, warned=False),
            Outcome(
                rule.caller, rule.errors[0] if rule.refuses else None, None, 0,
                (None,) * len(due) if rule.refuses else due, None, warned=False,
            ),
            rule.id,
        )  # fmt: skip

    for path in enumerate_paths(side_by_side):
        made, specified, rule_id = path.result
        where = machine.name, "__init__", "none", rule_id
        yield _judged(where, path.conditions, _differences(made, specified, SymInt(z3.IntVal(0))))


def _compared(
    machine: Machine, shell: type[Any], operation: Operation, method: str, loop: _Loop
) -> Iterator[Equivalence]:
    kinds = {**dict.fromkeys(machine.constants, int), **machine.state}
    values = {name: symbol(name, kind) for name, kind in kinds.items()}
    arguments = tuple(symbol(name, kind) for name, kind in operation.inputs.items())

    def side_by_side() -> tuple[Outcome, Outcome, str] | None:
        if not all(invariant.holds(*values.values()) for invariant in machine.invariants):
            return None
        played = _played(shell, machine, loop, method, values, arguments)
        *_, rule = operation.function(*values.values(), *arguments)
        return played, _specified(machine, operation, values, arguments), rule.id

    where = (machine.name, method, loop.name)
    try:
        paths = enumerate_paths(side_by_side)
    except UndecidableError as error:
        yield Equivalence(*where, "all", "unknown", str(error))
        return
    for path in paths:
        if path.result is not None:
            played, specified, rule = path.result
            yield _judged((*where, rule), path.conditions, _differences(played, specified, values["parked"]))


def _judged(
    where: tuple[str, str, str, str], conditions: tuple[z3.BoolRef, ...], differences: Iterator[tuple[str, z3.BoolRef]]
) -> Equivalence:
    solver = z3.SimpleSolver()
    solver.set("timeout", 30_000)
    solver.add(*conditions)
    for difference, differs in differences:
        solver.push()
        solver.add(differs)
        verdict = solver.check()
        if verdict == z3.sat:
            return Equivalence(*where, "refuted", f"{difference}, where {solver.model()}")
        if verdict != z3.unsat:
            return Equivalence(*where, "unknown", f"{difference}: {solver.reason_unknown()}")
        solver.pop()
    return Equivalence(*where, "proved")


class _Number(SymInt):
    """How many are parked. Where a tuple is repeated so often, what is repeated is told, and how often."""

    def __rmul__(self, other: Any) -> Any:
        return (_EACH, *other, self) if isinstance(other, tuple) else super().__rmul__(other)


_EACH, _SPECIFIED, _EVERYBODY = "each of them", "as specified", "everybody, in order"


class _Releasing:
    """A parking with its queue and its host in one, which notes what is done."""

    broken_barrier_error = BrokenBarrierError

    def __init__(self) -> None:
        self.queue = self.host = self
        self.done: list[tuple[object, ...]] = []

    def clear(self) -> None:
        self.done.append(("cleared",))

    def wake_all(self, wakers: object, given: object) -> None:
        told = given if isinstance(given, tuple) else (given,)
        self.done.append(("woken", wakers, *told))


def prove_release(machine: Machine, release: Any = Parking.release) -> Iterator[Equivalence]:
    """That all who are parked, however many, are handed to the host, with the endings that the rule has for them."""
    parked = _Number(term(symbol("parked", int)))

    def difference(rule: Rule) -> str:
        one = _Releasing()
        known = {
            **release.__globals__,
            "len": lambda of: parked if of in (one, _EVERYBODY) else builtins.len(of),
            "tuple": lambda of: _EVERYBODY if of is one else builtins.tuple(of),
            "endings": lambda *given: (_SPECIFIED, *given),
        }
        try:
            FunctionType(release.__code__, known, "release", release.__defaults__, release.__closure__)(one, rule)
        except UndecidableError:
            raise
        except Exception as error:
            return f"it raises {type(error).__name__}: {error}"
        given = (_EACH, BrokenBarrierError, parked) if rule.queue == "failed" else (_SPECIFIED, rule, parked)
        due = (("cleared",), ("woken", _EVERYBODY, *given))
        is_due = len(one.done) == len(due) and all(
            len(step) == len(wanted) and all(map(is_, step, wanted)) for step, wanted in zip(one.done, due, strict=True)
        )
        return "" if is_due else f"it does {one.done}, and not {due}"

    for rule in machine.rules:
        if rule.queue != "stays":
            for path in enumerate_paths(partial(difference, rule)):
                status: Status = "refuted" if path.result else "proved"
                yield Equivalence(machine.name, "release", "none", rule.id, status, path.result)


def prove_shells(machines: tuple[str, ...] = tuple(SHELLS)) -> list[Equivalence]:
    """Every path of every method of our own two classes, or of those for the machines that are named.

    >>> {one.status for one in prove_shells()}
    {'proved'}
    """
    with unchecked():
        return [
            one
            for name in machines
            for one in (*prove_shell(MACHINES[name], SHELLS[name]), *prove_release(MACHINES[name]))
        ]


@contextmanager
def shells_apart(machines: tuple[str, ...]) -> Iterator[Callable[[], list[Equivalence]]]:
    """Has `prove_shells` done in a process of its own, while its caller goes on; the function given waits for it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool.submit(prove_shells, machines).result


def blind_spots() -> list[str]:
    """The parts of an outcome of which a difference would not be seen: there must be none.

    Each part is changed alone, in the outcome of a call that lets two parked tasks go on.

    >>> blind_spots()
    []
    """
    two, none = SymInt(z3.IntVal(2)), SymInt(z3.IntVal(0))
    rule, other = (one for one in MACHINES["barrier"].rules if one.queue == "failed" and one.caller == "returns")
    outcome = Outcome("returns an index", None, two, none, (SymInt(z3.IntVal(1)),), rule, warned=False)
    changed: dict[str, tuple[Any, ...]] = {
        "caller": ("parks",),
        "error": (ValueError,),
        "index": (none,),
        "parked": (two,),
        "state": ((none,),),
        "release": (other, None),
        "warned": (True,),
    }
    seen = _judged(("", "", "", ""), (), iter([("what differs", z3.BoolVal(True))])).status == "refuted"
    return ([] if seen else ["every part: what differs is not refuted"]) + [
        part
        for part in Outcome._fields
        for value in changed[part]
        if all(
            z3.is_false(z3.simplify(one)) for _, one in _differences(outcome._replace(**{part: value}), outcome, two)
        )
    ]
