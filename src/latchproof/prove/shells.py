"""The runtime's own methods, proved equal to the specification for every count, number of parties and number parked.

The runtime classes ask the specification's functions, but for the three decisions that every wait and every count_down
of a steady program comes to (rules L1, L8 and B1). Those they make themselves, since asking costs a tenth of a
suspension. So whole methods are proved: the code object of each runs on symbolic numbers, path by path, side by side
with the specification's function, and on every path the solver is asked whether anything in their effects can differ.
`stand_ins` says what stands in for the event loop and the queue, and which conventions the classes keep to.

A call that parks is followed to its end: it is resumed with each ending that the machine's rules give, or cancelled, in
any state that the object may have come to meanwhile. It must end with just that, and change nothing, except that a
cancelled call leaves the queue.

Of `Parking`, `release` is proved: for every number parked it hands all of them, in their order, to the host with the
endings that the specification has. The rest of it and the hosts are not proved here.
"""

from __future__ import annotations

import builtins
import logging
import multiprocessing
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import isawaitable
from operator import is_
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import z3

from latchproof.parking import Parking
from latchproof.prove.goals import ProofStatus
from latchproof.prove.paths import SymInt, UndecidableError, enumerate_paths, shown, symbol, term, unchecked
from latchproof.prove.stand_ins import LOOPS, Loop, attributes, methods_of, on_symbols, put, standing, state_of
from latchproof_spec import step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, Rule, caller_ending


class Effect(NamedTuple):
    """The effect of a call: what becomes of the caller, of the parked, and of the state.

    `caller` is as in `Rule`; `index` is what it returns, if that is an index; `error` what it raises. `parked` and
    `state` are as they are afterwards. `release` is the rule by which parked calls were released, or None. `warned`
    says whether a warning was logged.
    """

    caller: str
    error: type[BaseException] | None
    index: Any
    parked: Any
    state: tuple[Any, ...]
    release: Rule | None = None
    warned: bool = False


@dataclass(frozen=True)
class Equivalence:
    """One path through a method and the specification's function, and whether their effects can differ.

    `loop` is the event loop that stood in. `counterexample` says, where it is refuted, what differs, and for which
    numbers. A method that is undecided as a whole has the one rule "all".
    """

    machine: str
    method: str
    loop: str
    rule: str
    status: ProofStatus
    counterexample: str = ""


class _Cancelled(BaseException):
    """What is thrown into a call that is parked."""


def shell_of(machine: Machine) -> type[Any]:
    """Return our own class for a machine.

    >>> from latchproof_spec.machines import MACHINES
    >>> [shell_of(machine).__name__ for machine in MACHINES.values()]
    ['CountdownLatch', 'Barrier']
    """
    module, _, name = machine.shell.partition(":")
    shell: type[Any] = getattr(import_module(module), name)
    return shell


def _end(resume: Callable[[], Any]) -> tuple[str, type[BaseException] | None, Any]:
    """Start or resume a call; return what becomes of the caller, the error that it raises, and what it returns."""
    try:
        resume()
    except StopIteration as stop:
        return "returns" if stop.value is None else "returns an index", None, stop.value
    except UndecidableError:
        raise
    except BaseException as error:
        return "raises", type(error), None
    return "parks", None, None


def _observed(one: Any, machine: Machine, resume: Callable[[], Any]) -> Effect:
    """Start or resume a call of an object; return its effect."""
    with mock.patch.object(logging.getLogger("latchproof"), "warning") as warning:
        caller, error, index = _end(resume)
    parking = one._parking
    return Effect(caller, error, index, parking.queue.parked, state_of(one, machine), parking.released, warning.called)


def _specified_class(error: type[BaseException] | None) -> type[BaseException] | None:
    """Return the class by which the specification knows an error; a host's own class for it derives from that."""
    return next((cls for cls in error.__mro__ if vars(step).get(cls.__name__) is cls), error) if error else None


def _called(call: Callable[[], Any]) -> Generator[Any, Any, Any]:
    """Make a call, and wait for it if it can be awaited."""
    made = call()
    return (yield from made.__await__()) if isawaitable(made) else made


def _specified(machine: Machine, rule: Rule, after: dict[str, Any], parked: Any) -> Effect:
    """Return the effect of a step of the specification, from its rule, the values after it, and the number parked."""
    return Effect(
        rule.caller,
        rule.errors[0] if rule.refuses else None,
        caller_ending(rule, parked) if rule.caller == "returns an index" else None,
        after[machine.parked],
        tuple(after[name] for name in attributes(machine)),
        rule if rule.queue != "stays" else None,
        rule.warns,
    )


def _differences(shell: Effect, specified: Effect, parked: SymInt) -> Iterator[tuple[str, z3.BoolRef]]:
    """Yield whatever can differ, each with the term that says that it does."""
    for name in ("caller", "error", "warned"):
        one, other = getattr(shell, name), getattr(specified, name)
        yield f"{name}: {one}, not {other}", z3.BoolVal(one is not other and one != other)
    if shell.caller == specified.caller == "returns an index":
        yield f"index: {shown(shell.index)}, not {shown(specified.index)}", term(shell.index) != term(specified.index)
    yield f"parked: {shown(shell.parked)}, not {shown(specified.parked)}", term(shell.parked) != term(specified.parked)
    for one, other in zip(shell.state, specified.state, strict=True):
        is_told = one is not None and other is not None  # there is no state where a constructor refuses
        yield (
            f"state: {shown(one)}, not {shown(other)}",
            term(one) != term(other) if is_told else z3.BoolVal(one is not other),
        )
    if shell.release is not specified.release:
        one_is_none = shell.release is None or specified.release is None  # releasing an empty queue changes nothing
        differs = term(parked) > 0 if one_is_none else z3.BoolVal(True)
        yield f"released: {shell.release}, not {specified.release}", differs


def prove_shell(machine: Machine, shell: type[Any]) -> Iterator[Equivalence]:
    """Compare every path through each method of a class with the specification's function, on each kind of event loop.

    `shell` has the attributes and methods of our own classes (see `stand_ins`).
    """
    copy = on_symbols(shell)
    yield from _compared_as_made(machine, shell)
    for operation in machine.operations:
        for method in methods_of(operation, shell):
            for loop in LOOPS:
                yield from _compared(machine, copy, operation, method, loop)
                if operation.waits:
                    yield from _followed(machine, copy, method, loop)


def _symbols(machine: Machine) -> dict[str, Any]:
    kinds = {**dict.fromkeys(machine.constants, int), **machine.state}
    return {name: symbol(name, kind) for name, kind in kinds.items()}


def _is_reachable(machine: Machine, values: dict[str, Any]) -> bool:
    return all(invariant.holds(*values.values()) for invariant in machine.invariants)


def _endings(machine: Machine) -> dict[str, object]:
    """Return what a parked call can be resumed with, by name: what the rules give, or a cancellation."""
    found: dict[str, object] = {}
    for rule in machine.rules:
        if rule.queue == "released":
            found["a return"] = None
        elif rule.queue == "indexed":
            found["an index"] = symbol("index", int)
        elif rule.queue == "failed":
            found[rule.errors[0].__name__] = rule.errors[0]
    return {**found, "a cancellation": _Cancelled}


def _followed(machine: Machine, shell: type[Any], method: str, loop: Loop) -> Iterator[Equivalence]:
    """Compare the end of a call that has parked with what it is resumed with, whatever that is."""
    values = _symbols(machine)
    later = {**values, **{name: symbol(f"{name}_later", kind) for name, kind in machine.state.items()}}

    def side_by_side(name: str, ending: object) -> tuple[str, Effect, Effect] | None:
        if not _is_reachable(machine, values):
            return None
        one = standing(shell, machine, loop, values)
        steps = getattr(one, method)().__await__()
        try:
            waker = next(steps)
        except (StopIteration, Exception):
            return None  # it does not park
        put(one, machine, later)
        state = state_of(one, machine)
        resume = partial(steps.throw, _Cancelled()) if ending is _Cancelled else partial(steps.send, ending)
        played = _observed(one, machine, resume)
        steps.close()
        if one._parking.queue.left != ([waker] if ending is _Cancelled else []):
            played = played._replace(caller="leaves another call in the queue, or takes one out")
        raised = ending if isinstance(ending, type) else None
        expected = "raises" if raised else "returns" if ending is None else "returns an index"
        return name, played, Effect(expected, raised, None if raised else ending, later[machine.parked], state)

    for name, ending in _endings(machine).items():
        told = f"resumed with {name}"
        both = partial(side_by_side, told, ending)
        yield from _on_every_path((machine.name, method, loop.name), both, later[machine.parked], told)


def _compared_as_made(machine: Machine, shell: type[Any]) -> Iterator[Equivalence]:
    """Compare the constructor with `create`, for every whole number."""
    argument = symbol("argument", int)

    def side_by_side() -> tuple[str, Effect, Effect]:
        constants, state, rule = machine.create(argument)
        one = type(shell.__name__, (), {})()
        caller, error, _ = _end(partial(next, _called(partial(shell.__init__, one, argument))))
        parked = 0 if error else len(one._parking.queue)
        values = dict(zip((*machine.constants, *machine.state), (*constants, *state), strict=True))
        after = dict.fromkeys(values, None) | {machine.parked: 0} if rule.refuses else values
        specified = _specified(machine, rule, after, none)
        return rule.id, Effect(caller, error, None, parked, state_of(one, machine)), specified

    none = SymInt(z3.IntVal(0))
    yield from _on_every_path((machine.name, "__init__", "none"), side_by_side, none)


def _compared(
    machine: Machine, shell: type[Any], operation: Operation, method: str, loop: Loop
) -> Iterator[Equivalence]:
    """Compare a method with its operation's function, which is told that the call is neither parked nor released."""
    values = _symbols(machine)
    arguments = [symbol(name, kind) for name, kind in operation.parameters.items()]
    new_call = SimpleNamespace(parked=False, released=False)
    facts = [fact.read(new_call) if fact.read else symbol(fact.name, bool) for fact in operation.facts]

    def side_by_side() -> tuple[str, Effect, Effect] | None:
        if not _is_reachable(machine, values):
            return None
        one = standing(shell, machine, loop, values)
        steps = _called(partial(getattr(one, method), *arguments))
        played = _observed(one, machine, partial(next, steps))
        steps.close()
        *after, rule = operation.function(*values.values(), *arguments, *facts)
        new = values | dict(zip(machine.state, after, strict=True))
        specified = _specified(machine, rule, new, values[machine.parked])
        return rule.id, played._replace(error=_specified_class(played.error)), specified

    yield from _on_every_path((machine.name, method, loop.name), side_by_side, values[machine.parked])


def _on_every_path(
    where: tuple[str, str, str],
    side_by_side: Callable[[], tuple[str, Effect, Effect] | None],
    parked: SymInt,
    undecided: str = "all",
) -> Iterator[Equivalence]:
    """Compare two effects on each path through a function, which returns them with a name, or None if it has none."""
    try:
        paths = enumerate_paths(side_by_side)
    except UndecidableError as error:
        yield Equivalence(*where, undecided, "unknown", str(error))
        return
    for path in paths:
        if path.result is not None:
            name, played, specified = path.result
            yield _decided((*where, name), path.conditions, _differences(played, specified, parked))


def _decided(
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
    """The number parked. Where a tuple is repeated so often, the result says what is repeated, and how often."""

    def __rmul__(self, other: Any) -> Any:
        return (_EACH, *other, self) if isinstance(other, tuple) else super().__rmul__(other)


_EACH, _SPECIFIED, _ALL = "each of them", "as specified", "all of them, in order"


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
    """Check for each rule that all parked calls, however many, are handed to the host with the rule's endings."""
    parked = _Number(term(symbol(machine.parked, int)))

    def difference(rule: Rule) -> str:
        one = _Releasing()
        known = {
            **release.__globals__,
            "len": lambda of: parked if of in (one, _ALL) else builtins.len(of),
            "tuple": lambda of: _ALL if of is one else builtins.tuple(of),
            "endings": lambda *given: (_SPECIFIED, *given),
        }
        try:
            FunctionType(release.__code__, known, "release", release.__defaults__, release.__closure__)(one, rule)
        except UndecidableError:
            raise
        except Exception as error:
            return f"it raises {type(error).__name__}: {error}"
        given = (_EACH, one.broken_barrier_error, parked) if rule.queue == "failed" else (_SPECIFIED, rule, parked)
        expected = (("cleared",), ("woken", _ALL, *given))
        is_expected = len(one.done) == len(expected) and all(
            len(done) == len(wanted) and all(map(is_, done, wanted))
            for done, wanted in zip(one.done, expected, strict=True)
        )
        return "" if is_expected else f"it does {shown(one.done)}, not {shown(expected)}"

    for rule in machine.rules:
        if rule.queue != "stays":
            for path in enumerate_paths(partial(difference, rule)):
                status: ProofStatus = "refuted" if path.result else "proved"
                yield Equivalence(machine.name, "release", "none", rule.id, status, path.result)


def prove_shells(machines: tuple[str, ...] = tuple(MACHINES)) -> list[Equivalence]:
    """Compare every path of every method of our own classes, or of those for the machines that are named.

    >>> {one.status for one in prove_shells()}
    {'proved'}
    """
    with unchecked():
        return [
            one
            for machine in map(MACHINES.__getitem__, machines)
            for one in (*prove_shell(machine, shell_of(machine)), *prove_release(machine))
        ]


@contextmanager
def shells_in_process(machines: tuple[str, ...]) -> Iterator[Callable[[], list[Equivalence]]]:
    """Run `prove_shells` in a separate process; the function given waits for its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool.submit(prove_shells, machines).result


def blind_spots() -> list[str]:
    """Return the parts of an effect of which a difference would not be seen: there must be none.

    Each part is changed alone, in the effect of a call that releases two parked calls.

    >>> blind_spots()
    []
    """
    two, none = SymInt(z3.IntVal(2)), SymInt(z3.IntVal(0))
    releasing = (rule for machine in MACHINES.values() for rule in machine.rules if rule.queue != "stays")
    rule, other = next(releasing), next(releasing)
    effect = Effect("returns an index", None, two, none, (SymInt(z3.IntVal(1)),), rule)
    changed: dict[str, tuple[Any, ...]] = {
        "caller": ("parks",),
        "error": (ValueError,),
        "index": (none,),
        "parked": (two,),
        "state": ((none,),),
        "release": (other, None),
        "warned": (True,),
    }
    seen = _decided(("", "", "", ""), (), iter([("what differs", z3.BoolVal(True))])).status == "refuted"
    return ([] if seen else ["every part: what differs is not refuted"]) + [
        part
        for part in Effect._fields
        for value in changed[part]
        if all(z3.is_false(z3.simplify(one)) for _, one in _differences(effect._replace(**{part: value}), effect, two))
    ]
