"""From the classes to the specification: one theorem, `refinement`, and which methods it is about.

The classes that programs use ask the specification's functions what to do, but for the decisions that every call of a
steady program comes to, which they make themselves, since asking costs a tenth of a suspension. What they then do with
the queue, the hosts and the tasks is written in no specification. So whole methods are proved: the code of each runs on
symbols, path by path, beside the specification's function and `step.apply`; on every path the solver is asked whether
anything that can be seen afterwards differs. `stand_ins` has the world that the code runs in, and which axioms of the
hosts that world has; `copies` puts the code into it. What each method is compared with is in `method_cases` and
`parking_cases`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from latchproof.hosts import KI_PROTECTED
from latchproof.parking import Parking
from latchproof.prove.classes.cases import Case
from latchproof.prove.classes.copies import Copies, functions_beside, methods_of
from latchproof.prove.classes.method_cases import MethodCases
from latchproof.prove.classes.parking_cases import OF_PARKING, of_parking
from latchproof.prove.classes.runtime_code import objections
from latchproof.prove.classes.stand_ins import attributes
from latchproof.prove.paths import unchecked
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

PART: Final = "is part of others"
"""What a method does that has no case, because it runs in those of others."""

ALIAS: Final = "is another name of "
"""What a method does that is another name of the method whose name follows."""


def refinement(
    machine: Machine,
    shell: type[Any] | None = None,
    parking: type[Any] = Parking,
    methods: Container[str] | None = None,
) -> Iterator[Case]:
    """Yield every case of the theorem: each step of our class for a machine is a step of its specification.

    Let an object of the class hold any values that its state may have, with any number of tasks in its queue, of which
    any number are withdrawn, on any host; let a method be called from a task or a callback of that host or of another
    one, or from none. The parked tasks are those in the queue that are not withdrawn, and none if their loop is closed.
    Then the call does one of these, and nothing else:

    - *It makes a step.* The operation's function gives the rule and the state afterwards. The class has that state. Its
      queue is the one that `step.apply` gives. The tasks that `apply` lets continue are woken, each once, with the
      ending of its place, where an error is the one of the host; the caller parks, returns or raises, as `apply` says.
      A warning is logged exactly if the rule warns. On a host with checkpoints an awaited call that does not park
      passes one before the step and a shielded one after it, and changes nothing after the step.
    - *It is cancelled before its step*, at that first checkpoint: it raises the cancellation and changes nothing.
    - *The host refuses it*: a RuntimeError says that no loop runs the caller, that tasks are parked on another one, or
      that they cannot be woken from here. This happens in exactly these cases, and changes nothing.
    - *It is no step*: a property and `repr` read the state; `__aexit__` does nothing; `__reduce__` raises TypeError.

    A call that has parked ends with what it is woken with, and changes nothing; if it is cancelled, it makes the step
    `withdraw`, and raises the cancellation.

    The methods are those that `machine.methods` lists, and those of `Parking`; another one, a listed one that is gone,
    and a name that their code looks up and of which nothing is known, are refuted cases. `shell` and `parking` are the
    classes, if they are not our own; with `methods`, the cases are only those of these methods.
    """
    shell = shell or shell_of(machine)
    listed = _Listed(machine, shell, parking)
    yield from listed.missing()
    copies = Copies(shell, parking, noted=listed.parts)
    for owner, name in copies.unknown:
        yield Case(machine.name, owner, "any", "all", "refuted", f"it looks up {name}, of which nothing is known")
    cases = MethodCases(machine, copies)
    yield from of_parking(machine, copies, methods)
    operations = {one.name: one for one in machine.operations}
    for method, does in machine.methods.items():
        if method not in vars(copies.shell) or (methods is not None and method not in methods):
            continue
        if does.startswith(ALIAS):
            yield from cases.of_alias(method, does.removeprefix(ALIAS))
        elif does in operations:
            yield from cases.of_step(method, operations[does])
            if operations[does].waits:
                yield from cases.of_parked(method, operations[does])
        elif does in (*machine.observations, *machine.constants):
            yield from cases.of_reading(method, does)
        elif does in cases.others:
            yield from cases.others[does](method)
        elif does != PART:
            raise ValueError(f"nothing is known of methods that {does}")
    for part in sorted(listed.parts - copies.ran if methods is None else ()):
        yield Case(machine.name, part, "any", "all", "refuted", "no other method runs it")


def shell_of(machine: Machine) -> type[Any]:
    """Return our own class for a machine.

    >>> from latchproof_spec.machines import MACHINES
    >>> [shell_of(machine).__name__ for machine in MACHINES.values()]
    ['CountdownLatch', 'Barrier']
    """
    module, _, name = machine.shell.partition(":")
    shell: type[Any] = getattr(import_module(module), name)
    return shell


@dataclass(frozen=True)
class _Listed:
    """The methods of a class and of `Parking`, and those that are listed."""

    machine: Machine
    shell: type[Any]
    parking: type[Any]

    @property
    def parts(self) -> frozenset[str]:
        """The methods that run in those of others."""
        return frozenset(name for name, does in self.machine.methods.items() if does == PART)

    def missing(self) -> Iterator[Case]:
        """Yield a refuted case for each method that is not listed, and for each that is gone."""
        both = ((self.shell, set(self.machine.methods)), (self.parking, set(OF_PARKING)))
        for cls, listed in both:
            there = {*methods_of(cls), *functions_beside(cls)}
            for name in sorted(there - listed):
                yield self._refuted(name, f"{cls.__name__} has it, and no case is about it")
            for name in sorted(listed - there):
                yield self._refuted(name, f"{cls.__name__} does not have it, and cases are about it")
            if type(cls) is not type or cls.__mro__[1:] != (object,):
                yield self._refuted("__mro__", f"{cls.__name__} inherits what no case is about")
            for name, why in objections(cls, [rule.id for rule in self.machine.rules]):
                yield self._refuted(name, why)
            if cls not in KI_PROTECTED:
                yield self._refuted(
                    "KI_PROTECTED", f"it does not have {cls.__name__}, so an interrupt may come in a step"
                )
        slots = {"__weakref__", "_parking", *attributes(self.machine).values()}
        if set(self.shell.__slots__) != slots or set(self.parking.__slots__) != {"host", "new_waker", "queue"}:
            yield self._refuted("__slots__", "there is state of which nothing is known")

    def _refuted(self, method: str, why: str) -> Case:
        return Case(self.machine.name, method, "any", "all", "refuted", why)


def prove_refinement(machines: tuple[str, ...] = tuple(MACHINES)) -> list[Case]:
    """Return every case of the theorem, for all machines or for those that are named.

    >>> {one.status for one in prove_refinement()}
    {'proved'}
    """
    with unchecked():
        return [one for name in machines for one in refinement(MACHINES[name])]


@contextmanager
def refinement_in_process(machines: tuple[str, ...]) -> Iterator[Callable[[], list[Case]]]:
    """Run `prove_refinement` in a separate process; the function given waits for its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool.submit(prove_refinement, machines).result
