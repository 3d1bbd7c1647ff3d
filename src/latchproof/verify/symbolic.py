"""Path enumeration: run an ordinary Python function on symbolic numbers, once for each path through it.

A symbolic boolean decides, whenever Python asks for its truth, which way to go, notes the decision, and the function is
run anew until every combination of decisions that the premises allow has been taken. What is proved of the paths is
proved of the very function that the runtime executes, not of a translation of it.

What is relied on: the function is deterministic, branches on nothing but its arguments and constants, and terminates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import z3

T = TypeVar("T")


class UndecidableError(Exception):
    """The solver could not decide whether a path exists, or a function has more paths than it may."""


class _Decisions:
    """The decisions of one run: those that it is made to repeat, and those that it takes anew."""

    def __init__(self, solver: z3.Solver, repeated: list[bool]) -> None:
        self._solver = solver
        self._repeated = repeated
        self.taken: list[bool] = []
        self.conditions: list[z3.BoolRef] = []
        self.open: list[list[bool]] = []

    def decide(self, condition: z3.BoolRef) -> bool:
        decided = z3.simplify(condition)
        if z3.is_true(decided) or z3.is_false(decided):
            return bool(z3.is_true(decided))
        depth = len(self.taken)
        if depth < len(self._repeated):
            choice = self._repeated[depth]
        elif self._possible(condition):
            choice = True
            if self._possible(z3.Not(condition)):
                self.open.append([*self.taken, False])
        else:
            choice = False
        taken = condition if choice else z3.Not(condition)
        self.taken.append(choice)
        self.conditions.append(taken)
        self._solver.add(taken)
        return choice

    def _possible(self, condition: z3.BoolRef) -> bool:
        verdict = self._solver.check(condition)
        if verdict == z3.unknown:
            raise UndecidableError(f"the solver cannot tell whether {condition} is possible here")
        return bool(verdict == z3.sat)


_running: list[_Decisions] = []


class SymBool:
    """A symbolic boolean. To ask for its truth is to decide it."""

    __slots__ = ("term",)

    def __init__(self, term: z3.BoolRef) -> None:
        self.term = term

    def __hash__(self) -> int:
        raise TypeError(f"the symbolic {self.term} has no one value, and cannot be hashed")

    def __bool__(self) -> bool:
        if not _running:
            raise TypeError(f"the truth of the symbolic {self.term} was asked for outside of a path enumeration")
        return _running[-1].decide(self.term)

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == bool_term(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.term != bool_term(other))

    def __repr__(self) -> str:
        return str(self.term)


class SymInt:
    """A symbolic integer, which takes itself for an int: isinstance(x, int) holds, as of what it stands for."""

    __slots__ = ("term",)

    @property
    def __class__(self) -> type[Any]:
        return int

    @__class__.setter
    def __class__(self, other: type[Any]) -> None:
        raise TypeError("a symbolic integer stays one")

    def __init__(self, term: z3.ArithRef) -> None:
        self.term = term

    def __add__(self, other: object) -> SymInt:
        return SymInt(self.term + int_term(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> SymInt:
        return SymInt(self.term - int_term(other))

    def __rsub__(self, other: object) -> SymInt:
        return SymInt(int_term(other) - self.term)

    def __mul__(self, other: object) -> SymInt:
        return SymInt(self.term * int_term(other))

    __rmul__ = __mul__

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == int_term(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.term != int_term(other))

    def __lt__(self, other: object) -> SymBool:
        return SymBool(self.term < int_term(other))

    def __le__(self, other: object) -> SymBool:
        return SymBool(self.term <= int_term(other))

    def __gt__(self, other: object) -> SymBool:
        return SymBool(self.term > int_term(other))

    def __ge__(self, other: object) -> SymBool:
        return SymBool(self.term >= int_term(other))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        raise TypeError(f"the symbolic {self.term} has no one value: the function would depend on it in all its bits")

    __int__ = __index__

    def __hash__(self) -> int:
        raise TypeError(f"the symbolic {self.term} has no one value, and cannot be hashed")

    def __repr__(self) -> str:
        return str(self.term)


def int_term(value: object) -> z3.ArithRef:
    """The term of a symbolic or a plain integer."""
    if type(value) is SymInt:
        return value.term
    if type(value) is int:
        return z3.IntVal(value)
    raise TypeError(f"no integer: {value!r}")


def bool_term(value: object) -> z3.BoolRef:
    """The term of a symbolic or a plain boolean."""
    if type(value) is SymBool:
        return value.term
    if type(value) is bool:
        return z3.BoolVal(value)
    raise TypeError(f"no boolean: {value!r}")


def term(value: object) -> z3.ExprRef:
    """The term of a symbolic or a plain integer or boolean."""
    return bool_term(value) if type(value) in (SymBool, bool) else int_term(value)


def symbol(name: str, kind: type) -> Any:
    """A fresh symbolic value of the kind `int` or `bool`.

    >>> symbol("count", int) + 1
    count + 1
    """
    return SymBool(z3.Bool(name)) if kind is bool else SymInt(z3.Int(name))


@dataclass(frozen=True)
class Path(Generic[T]):
    """One path: the decisions that lead along it, as terms, and what the function returned."""

    conditions: tuple[z3.BoolRef, ...]
    result: T


def enumerate_paths(
    function: Callable[[], T], premises: Sequence[object] = (), *, at_most: int = 1000
) -> list[Path[T]]:
    """Every path through `function` that the premises allow. The premises may be symbolic, and are conjoined.

    Raises UndecidableError if the solver cannot tell whether a path exists, or if there are more than `at_most`.

    >>> count = symbol("count", int)
    >>> [path.result for path in enumerate_paths(lambda: "zero" if count == 0 else "more", [count >= 0])]
    ['zero', 'more']
    """
    paths: list[Path[T]] = []
    waiting: list[list[bool]] = [[]]
    while waiting:
        if len(paths) >= at_most:
            raise UndecidableError(f"more than {at_most} paths")
        solver = z3.Solver()
        solver.add(*(bool_term(premise) for premise in premises))
        decisions = _Decisions(solver, waiting.pop())
        _running.append(decisions)
        try:
            result = function()
        finally:
            _running.pop()
        paths.append(Path(tuple(decisions.conditions), result))
        waiting += decisions.open
    return paths
