"""Faults planted in the specification: mutants that are generated, and operations whose source text was changed."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from latchproof.mutants.generate import generated
from latchproof.mutants.mutant import Mutant
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES


def changed(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """Compile a function from its source with one piece of it changed."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__name__}"
    names = dict(vars(inspect.getmodule(function)))
    exec(compile(source.replace(old, new), f"<{function.__name__} with {new!r}>", "exec"), names)
    faulty: Callable[..., Any] = names[function.__name__]
    return faulty


def with_parts(machine: Machine, **parts: Any) -> Machine:
    """Return the machine with some of its parts replaced."""
    return replace(machine, **parts)


def with_operation(machine: Machine, name: str, function: Callable[..., Any]) -> Machine:
    """Return the machine with one operation's function replaced."""

    def replaced(one: Operation) -> Operation:
        made = replace(one, function=function)
        return made if one.name == name else one

    return with_parts(machine, operations=tuple(map(replaced, machine.operations)), withdraw=replaced(machine.withdraw))


def faulty(machine: Machine, name: str, old: str, new: str) -> Machine:
    """Return the machine with a piece of the source of one operation changed."""
    operation = next(one for one in machine.every_operation if one.name == name)
    return with_operation(machine, name, changed(operation.function, old, new))


@cache
def _generated() -> dict[str, Mutant]:
    return {mutant.id: mutant for machine in MACHINES.values() for mutant in generated(machine)}


def generated_mutant(id: str) -> Mutant:
    """Return the generated mutant with this ID; raise KeyError if it is no longer generated."""
    return _generated()[id]


class Fault(NamedTuple):
    """A fault, under a policy that it shows under, and what must find it.

    `id` is that of a mutant: the operation, and the statement before and after. The mutant is a generated one, or made
    `by_hand` where none is generated that does the same.

    `refuted` are the claims of which the prover refutes an obligation, `lemma` says whether it also refutes that fewer
    parked make no difference. `explored` are the claims that are broken within three tasks and counts up to two, on a
    machine made with `argument`, each with the length of a shortest run.
    """

    id: str
    refuted: str
    explored: dict[str, int]
    argument: int = 0
    policy: str = "latchproof"
    lemma: bool = False
    by_hand: bool = False

    @property
    def machine(self) -> Machine:
        """The machine without the fault."""
        return MACHINES[self.id.split(".")[0]]

    @property
    def operation(self) -> str:
        """The name of the operation that is at fault."""
        return self.id.split(": ")[0].split(".")[1]

    @property
    def old(self) -> str:
        """The statement that is replaced."""
        return self.id.split(": ", 1)[1].split(" -> ")[0]

    @property
    def new(self) -> str:
        """The statement in its place."""
        return self.id.split(" -> ")[1]

    def plant(self) -> Machine:
        """Return the machine with this fault in the operation alone, and not in a `create` that calls it."""
        if not self.by_hand:
            operations = generated_mutant(self.id).machine.every_operation
            function = next(one.function for one in operations if one.name == self.operation)
            return with_operation(self.machine, self.operation, function)
        end = ":" if self.old.startswith("if ") else "\n"
        return faulty(self.machine, self.operation, self.old + end, self.new + end)

    def __str__(self) -> str:
        return self.id


# fmt: off
FAULTS = (
    Fault(
        "latch.count_down: if count > 1 -> if count > 2",
        "C1 C10", {"C1": 2, "C10": 2},
    ),
    Fault(
        "latch.count_down: return count - 1, parked, L1 -> return count - 2, parked, L1",
        "C1 C2 C11 C12", {"C1": 2, "C2": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        "latch.count_down: return count - 1, parked, L1 -> return count - 1, 0, L1",
        "C2", {"C2": 3, "C10": 5, "C11": 4, "C12": 6}, lemma=True,
    ),
    Fault(
        "latch.count_down: return 0, 0, L2 -> return 0, parked, L2",
        "C2 C11", {"C2": 3, "C11": 3, "C12": 4}, by_hand=True,
    ),
    Fault(
        "latch.count_down: return 0, 0, L2 -> return 0, 0, L1",
        "C2 C12", {"C2": 3, "C10": 5, "C11": 3, "C12": 3}, lemma=True,
    ),
    Fault(
        "latch.count_down: return 0, 0, L2 -> return 1, parked, L2",
        "C1 C2 C3", {"C1": 2, "C2": 3, "C3": 2}, by_hand=True,
    ),
    Fault(
        "latch.count_down: return count, parked, L3 -> return count - 1, parked, L3",
        "C1", {"C1": 1, "C3": 2, "C10": 2},
    ),
    Fault(
        "latch.count_down: if policy.over_counting == 'raises' -> if policy.over_counting != 'raises'",
        "C10", {"C10": 1},
    ),
    Fault(
        "latch.count_down: if exception_if_zero -> if not exception_if_zero",
        "C10", {"C10": 1},
    ),
    Fault(
        "latch.count_down: return count, parked, L3x -> return 1, parked, L3x",
        "C1 C4", {"C1": 1, "C4": 1}, by_hand=True,
    ),
    Fault(
        "latch.set_count: if n < 0 -> if n < -1",
        "C1 C10", {"C1": 1, "C3": 2, "C10": 1},
    ),
    Fault(
        "latch.set_count: if n < 0 -> if n <= 0",
        "C10", {"C10": 1},
    ),
    Fault(
        "latch.set_count: if parked == 0 -> if parked >= 0",
        "C2 C10 C11 C12", {"C2": 3, "C10": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        "latch.set_count: if policy.set_count_in_use == 'refuses' -> if policy.set_count_in_use != 'refuses'",
        "C10", {"C10": 3},
    ),
    Fault(
        "latch.set_count: return count, parked, L5 -> return n, parked, L5",
        "C1 C2 C4 C11 C12", {"C1": 3, "C2": 3, "C4": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        "latch.set_count: if n == 0 -> if n == 1",
        "C1 C2 C11 C12", {"C1": 3, "C2": 3, "C11": 3, "C12": 3}, policy="keeps",
    ),
    Fault(
        "latch.set_count: return n, parked, L5k -> return n, 0, L5k",
        "C2", {"C2": 3, "C11": 4, "C12": 6}, policy="keeps", lemma=True,
    ),
    Fault(
        "latch.set_count: return 0, 0, L5r -> return 0, 0, L5k",
        "C2 C12", {"C2": 3, "C11": 3, "C12": 3}, policy="keeps", lemma=True,
    ),
    Fault(
        "latch.wait: if count > 0 -> if count > 1",
        "C2 C3", {"C2": 2, "C3": 2},
    ),
    Fault(
        "latch.wait: if count > 0 -> if count >= 0",
        "C2 C11", {"C2": 1, "C11": 1, "C12": 2},
    ),
    Fault(
        "latch.wait: return count, parked + 1, L8 -> return count, parked, L8",
        "C2", {"C2": 2, "C10": 4, "C11": 3, "C12": 5},
    ),
    Fault(
        "latch.withdraw: return count, parked - 1, L9 -> return count, parked, L9",
        "C2 C7", {"C2": 3, "C7": 3},
    ),
    Fault(
        "latch.withdraw: return count, parked - 1, L9 -> return count - 1, parked - 1, L9",
        "C1 C2 C7 C11 C12", {"C1": 3, "C2": 4, "C3": 6, "C7": 3, "C10": 6, "C11": 4, "C12": 3},
    ),
    Fault(
        "latch.withdraw: return count, parked, L10 -> return count, 0, L10",
        "C2 C7", {"C2": 6, "C7": 6, "C10": 8, "C11": 7, "C12": 9}, lemma=True,
    ),
    Fault(
        "latch.withdraw: return count, parked - 1, L9 -> "
        "return (count, parked - 1, L9) if count != 70 else (1, parked - 1, L9)",
        "C1 C7", {}, by_hand=True,
    ),
    Fault(
        "barrier.wait: if broken -> if broken and parked > 0",
        "C6 C10 C11 C13", {"C6": 2, "C10": 2, "C13": 2}, argument=1, by_hand=True,
    ),
    Fault(
        "barrier.wait: if parked + 1 < parties -> if parked + 1 <= parties",
        "C6 C11 C13", {"C5": 2, "C6": 1, "C11": 1, "C13": 1}, argument=1,
    ),
    Fault(
        "barrier.wait: if parked + 1 < parties -> if parked + 2 < parties",
        "C6 C7 C13", {"C5": 1, "C6": 1, "C13": 1}, argument=2,
    ),
    Fault(
        "barrier.wait: return parked + 1, broken, B1 -> return parked, broken, B1",
        "C6 C7", {"C6": 1, "C11": 2}, argument=2,
    ),
    Fault(
        "barrier.wait: return 0, broken, B2 -> return 1, broken, B2",
        "C6 C7 C11 C13", {"C6": 1, "C11": 1, "C13": 1}, argument=1,
    ),
    Fault(
        "barrier.wait: return 0, broken, B2 -> return 0, True, B2",
        "C6 C9 C13 C14", {"C6": 1, "C9": 1, "C13": 1, "C14": 1}, argument=1,
    ),
    Fault(
        "barrier.wait: return parked, broken, B3 -> return parked, False, B3",
        "C4 C9", {"C4": 2, "C9": 2}, argument=1,
    ),
    Fault(
        "barrier.wait: if policy.index_order == 'reversed' -> if policy.index_order == 'any'",
        "", {"C5": 1}, argument=1, policy="java",
    ),
    Fault(
        "barrier.withdraw: return parked - 1, broken, B4 -> return parked, broken, B4",
        "C6 C7", {"C5": 3, "C6": 2, "C7": 2}, argument=2,
    ),
    Fault(
        "barrier.withdraw: if policy.cancelled == 'withdraws' -> if policy.cancelled != 'withdraws'",
        "C7 C9", {"C7": 2, "C9": 2}, argument=3,
    ),
    Fault(
        "barrier.withdraw: if is_parked -> if not is_parked",
        "C6 C7 C11", {"C5": 3, "C6": 1, "C7": 1, "C11": 1}, argument=2,
    ),
    Fault(
        "barrier.withdraw: return 0, True, B4b -> return 0, False, B4b",
        "C9", {"C9": 2}, argument=2, policy="aiologic",
    ),
    Fault(
        "barrier.abort: return 0, True, B6 -> return parked, True, B6",
        "C6 C7 C9 C11", {"C6": 2, "C9": 2, "C11": 2}, argument=2, by_hand=True,
    ),
    Fault(
        "barrier.abort: return 0, True, B6 -> return 0, broken, B6",
        "C9", {"C9": 1}, argument=1, by_hand=True,
    ),
    Fault(
        "barrier.abort: return 0, True, B6 -> return (0, True, B6) if parked else (parked, broken, B6)",
        "C9", {"C9": 1}, argument=1, by_hand=True,
    ),
    Fault(
        "barrier.reset: return 0, False, B7 -> return 0, broken, B7",
        "C9", {"C9": 2}, argument=1, by_hand=True,
    ),
    Fault(
        "barrier.reset: return 0, False, B7 -> return 0, False, B1",
        "C6 C7 C9 C14", {"C5": 2, "C6": 1, "C9": 1, "C11": 1, "C14": 1}, argument=1, lemma=True, by_hand=True,
    ),
)
# fmt: on
