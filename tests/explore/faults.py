"""Faults planted in the specification: a machine with one operation whose source text was changed."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, Operation


def changed(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """The function, compiled anew from its source with one piece of it changed."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {function.__name__}"
    names = dict(vars(inspect.getmodule(function)))
    exec(compile(source.replace(old, new), f"<{function.__name__} with {new!r}>", "exec"), names)
    faulty: Callable[..., Any] = names[function.__name__]
    return faulty


def with_parts(machine: Machine, **parts: Any) -> Machine:
    """The machine with some of its parts replaced."""
    return replace(machine, **parts)


def with_operation(machine: Machine, name: str, function: Callable[..., Any]) -> Machine:
    """The machine with one operation's function replaced."""

    def replaced(one: Operation) -> Operation:
        made = replace(one, function=function)
        return made if one.name == name else one

    return with_parts(machine, operations=tuple(map(replaced, machine.operations)), withdraw=replaced(machine.withdraw))


def faulty(machine: Machine, name: str, old: str, new: str) -> Machine:
    """The machine with a piece of the source of one operation changed."""
    operation = next(one for one in (*machine.operations, machine.withdraw) if one.name == name)
    return with_operation(machine, name, changed(operation.function, old, new))


class Fault(NamedTuple):
    """A fault, under a policy that it shows under, and what must find it.

    `refuted` are the claims of which the prover refutes an obligation, `lemma` whether it refutes also that fewer
    parked make no difference. `explored` are the claims that are broken within three tasks and counts up to two, on a
    machine made with `argument`, each with the length of a shortest run.
    """

    machine: Machine
    operation: str
    old: str
    new: str
    policy: str
    refuted: str
    lemma: bool
    argument: int
    explored: dict[str, int]

    def plant(self) -> Machine:
        """The machine with this fault."""
        return faulty(self.machine, self.operation, self.old, self.new)


FAULTS = (
    Fault(LATCH, "count_down", "if count > 1:", "if count > 2:", "latchproof", "C1 C10", False, 0, {"C1": 2, "C10": 2}),
    Fault(
        LATCH,
        "count_down",
        "return count - 1, parked, L1",
        "return count - 2, parked, L1",
        "latchproof",
        "C1 C2 C11 C12",
        False,
        0,
        {"C1": 2, "C2": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        LATCH,
        "count_down",
        "return count - 1, parked, L1",
        "return count - 1, 0, L1",
        "latchproof",
        "C2",
        True,
        0,
        {"C2": 3, "C10": 5, "C11": 4, "C12": 6},
    ),
    Fault(
        LATCH,
        "count_down",
        "return 0, 0, L2",
        "return 0, parked, L2",
        "latchproof",
        "C2 C11",
        False,
        0,
        {"C2": 3, "C11": 3, "C12": 4},
    ),
    Fault(
        LATCH,
        "count_down",
        "return 0, 0, L2",
        "return 0, 0, L1",
        "latchproof",
        "C2 C12",
        True,
        0,
        {"C2": 3, "C10": 5, "C11": 3, "C12": 3},
    ),
    Fault(
        LATCH,
        "count_down",
        "return 0, 0, L2",
        "return 1, parked, L2",
        "latchproof",
        "C1 C2 C3",
        False,
        0,
        {"C1": 2, "C2": 3, "C3": 2},
    ),
    Fault(
        LATCH,
        "count_down",
        "return count, parked, L3\n",
        "return count - 1, parked, L3\n",
        "latchproof",
        "C1",
        False,
        0,
        {"C1": 1, "C3": 2, "C10": 2},
    ),
    Fault(
        LATCH,
        "count_down",
        'if policy.over_counting == "raises"',
        'if policy.over_counting != "raises"',
        "latchproof",
        "C10",
        False,
        0,
        {"C10": 1},
    ),
    Fault(
        LATCH,
        "count_down",
        "if exception_if_zero",
        "if not exception_if_zero",
        "latchproof",
        "C10",
        False,
        0,
        {"C10": 1},
    ),
    Fault(
        LATCH,
        "count_down",
        "return count, parked, L3x",
        "return 1, parked, L3x",
        "latchproof",
        "C1 C4",
        False,
        0,
        {"C1": 1, "C4": 1},
    ),
    Fault(
        LATCH, "set_count", "if n < 0:", "if n < -1:", "latchproof", "C1 C10", False, 0, {"C1": 1, "C3": 2, "C10": 1}
    ),
    Fault(LATCH, "set_count", "if n < 0:", "if n <= 0:", "latchproof", "C10", False, 0, {"C10": 1}),
    Fault(
        LATCH,
        "set_count",
        "if parked == 0:",
        "if parked >= 0:",
        "latchproof",
        "C2 C10 C11 C12",
        False,
        0,
        {"C2": 3, "C10": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        LATCH,
        "set_count",
        'if policy.set_count_in_use == "refuses"',
        'if policy.set_count_in_use != "refuses"',
        "latchproof",
        "C10",
        False,
        0,
        {"C10": 3},
    ),
    Fault(
        LATCH,
        "set_count",
        "return count, parked, L5",
        "return n, parked, L5",
        "latchproof",
        "C1 C2 C4 C11 C12",
        False,
        0,
        {"C1": 3, "C2": 3, "C4": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        LATCH,
        "set_count",
        "if n == 0:",
        "if n == 1:",
        "cpython",
        "C1 C2 C11 C12",
        False,
        0,
        {"C1": 3, "C2": 3, "C11": 3, "C12": 3},
    ),
    Fault(
        LATCH,
        "set_count",
        "return n, parked, L5k",
        "return n, 0, L5k",
        "cpython",
        "C2",
        True,
        0,
        {"C2": 3, "C11": 4, "C12": 6},
    ),
    Fault(
        LATCH,
        "set_count",
        "return 0, 0, L5r",
        "return 0, 0, L5k",
        "cpython",
        "C2 C12",
        True,
        0,
        {"C2": 3, "C11": 3, "C12": 3},
    ),
    Fault(LATCH, "wait", "if count > 0:", "if count > 1:", "latchproof", "C3", False, 0, {"C3": 2}),
    Fault(
        LATCH,
        "wait",
        "if count > 0:",
        "if count >= 0:",
        "latchproof",
        "C2 C11",
        False,
        0,
        {"C2": 1, "C11": 1, "C12": 2},
    ),
    Fault(
        LATCH,
        "wait",
        "parked + 1, L8",
        "parked, L8",
        "latchproof",
        "C2",
        False,
        0,
        {"C2": 2, "C10": 4, "C11": 3, "C12": 5},
    ),
    Fault(LATCH, "withdraw", "parked - 1, L9", "parked, L9", "latchproof", "C2 C7", False, 0, {"C2": 3, "C7": 3}),
    Fault(
        LATCH,
        "withdraw",
        "return count, parked - 1, L9",
        "return count - 1, parked - 1, L9",
        "latchproof",
        "C1 C2 C7 C11 C12",
        False,
        0,
        {"C1": 3, "C2": 4, "C3": 6, "C7": 3, "C10": 6, "C11": 4, "C12": 3},
    ),
    Fault(
        LATCH,
        "withdraw",
        "parked, L10",
        "0, L10",
        "latchproof",
        "C2 C7",
        True,
        0,
        {"C2": 6, "C7": 6, "C10": 8, "C11": 7, "C12": 9},
    ),
    Fault(
        LATCH,
        "withdraw",
        "return count, parked - 1, L9",
        "return (count, parked - 1, L9) if count != 70 else (1, parked - 1, L9)",
        "latchproof",
        "C1 C7",
        False,
        0,
        {},
    ),
    Fault(
        BARRIER,
        "wait",
        "if broken:",
        "if broken and parked > 0:",
        "latchproof",
        "C6 C10 C11 C13",
        False,
        1,
        {"C6": 2, "C10": 2, "C13": 2},
    ),
    Fault(
        BARRIER,
        "wait",
        "if parked + 1 < parties:",
        "if parked + 1 <= parties:",
        "latchproof",
        "C6 C11 C13",
        False,
        1,
        {"C5": 2, "C6": 1, "C11": 1, "C13": 1},
    ),
    Fault(
        BARRIER,
        "wait",
        "if parked + 1 < parties:",
        "if parked + 2 < parties:",
        "latchproof",
        "C6 C7 C13",
        False,
        2,
        {"C5": 1, "C6": 1, "C13": 1},
    ),
    Fault(
        BARRIER,
        "wait",
        "return parked + 1, broken, B1",
        "return parked, broken, B1",
        "latchproof",
        "C6 C7",
        False,
        2,
        {"C6": 1, "C11": 2},
    ),
    Fault(
        BARRIER,
        "wait",
        "return 0, broken, B2\n",
        "return 1, broken, B2\n",
        "latchproof",
        "C6 C7 C11 C13",
        False,
        1,
        {"C6": 1, "C11": 1, "C13": 1},
    ),
    Fault(
        BARRIER,
        "wait",
        "return 0, broken, B2\n",
        "return 0, True, B2\n",
        "latchproof",
        "C6 C9 C13",
        False,
        1,
        {"C6": 1, "C9": 1, "C13": 1},
    ),
    Fault(
        BARRIER,
        "wait",
        "return parked, broken, B3",
        "return parked, False, B3",
        "latchproof",
        "C4 C9",
        False,
        1,
        {"C4": 2, "C9": 2},
    ),
    Fault(
        BARRIER,
        "wait",
        'if policy.index_order == "reversed"',
        'if policy.index_order == "any"',
        "java",
        "",
        False,
        1,
        {"C5": 1},
    ),
    Fault(
        BARRIER,
        "withdraw",
        "return parked - 1, broken, B4",
        "return parked, broken, B4",
        "latchproof",
        "C6 C7",
        False,
        2,
        {"C5": 3, "C6": 2, "C7": 2},
    ),
    Fault(
        BARRIER,
        "withdraw",
        'if policy.cancelled == "withdraws":',
        'if policy.cancelled != "withdraws":',
        "latchproof",
        "C7 C9",
        False,
        3,
        {"C7": 2, "C9": 2, "C14": 3},
    ),
    Fault(
        BARRIER,
        "withdraw",
        "if not is_parked",
        "if is_parked",
        "latchproof",
        "C6 C7 C11",
        False,
        2,
        {"C5": 3, "C6": 2, "C7": 2, "C11": 3},
    ),
    Fault(BARRIER, "withdraw", "return 0, True, B4b", "return 0, False, B4b", "aiologic", "C9", False, 2, {"C9": 2}),
    Fault(
        BARRIER,
        "abort",
        "return 0, True, B6",
        "return parked, True, B6",
        "latchproof",
        "C6 C7 C9 C11",
        False,
        2,
        {"C6": 2, "C9": 2, "C11": 2},
    ),
    Fault(BARRIER, "abort", "return 0, True, B6", "return 0, broken, B6", "latchproof", "C9", False, 1, {"C9": 1}),
    Fault(
        BARRIER,
        "abort",
        "return 0, True, B6",
        "return (0, True, B6) if parked else (parked, broken, B6)",
        "latchproof",
        "C9",
        False,
        1,
        {"C9": 1},
    ),
    Fault(BARRIER, "reset", "return 0, False, B7", "return 0, broken, B7", "latchproof", "C9", False, 1, {"C9": 2}),
    Fault(
        BARRIER,
        "reset",
        "return 0, False, B7",
        "return 0, False, B1",
        "latchproof",
        "C6 C7 C9 C14",
        True,
        1,
        {"C5": 2, "C6": 1, "C9": 1, "C11": 1, "C14": 1},
    ),
)
