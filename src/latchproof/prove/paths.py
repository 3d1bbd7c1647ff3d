"""Path enumeration: run an ordinary Python function on symbolic numbers, once for each path through it.

Whenever Python asks for the truth of a symbolic boolean, it decides which way to go and notes the decision. The
function is run again until every combination of decisions that the premises allow has been taken. What is proved of the
paths is proved of the very function that the runtime executes, not of a translation of it.

This relies on the function being deterministic, branching on nothing but its arguments and constants, and terminating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import z3

T = TypeVar("T")


class UndecidableError(Exception):
    """The solver could not decide whether a path exists, or a function has more paths than it may."""


@dataclass(frozen=True)
class _Decision:
    """One decision: the condition, and which way to go.

    Where there was a choice, `simplified` is the condition in the form in which it is recognised later.
    """

    condition: z3.BoolRef
    choice: bool
    simplified: z3.BoolRef | None = None


class _Decisions:
    """The decisions of one run: those that it has to repeat, and those that it takes itself."""

    def __init__(self, solver: z3.Solver | None, repeated: list[_Decision]) -> None:
        self._solver = solver
        self._repeated = repeated
        self._known: dict[int, bool] = {}
        self._taken: list[_Decision] = []
        self.conditions: list[z3.BoolRef] = []
        self.choices: list[bool] = []
        self.open: list[list[_Decision]] = []

    def decide(self, condition: z3.BoolRef) -> bool:
        at = len(self._taken)
        if at < len(self._repeated) and self._repeated[at].condition.eq(condition):
            return self._take(self._repeated[at])
        decided = z3.simplify(condition)
        if z3.is_true(decided) or z3.is_false(decided):
            return self._take(_Decision(condition, z3.is_true(decided)))
        if decided.get_id() in self._known:
            return self._take(_Decision(condition, self._known[decided.get_id()]))
        if at < len(self._repeated):
            return self._take(_Decision(condition, self._repeated[at].choice, decided))
        choice = self._possible(condition)
        if choice and self._possible(z3.Not(condition)):
            self.open.append([*self._taken, _Decision(condition, False, decided)])
        return self._take(_Decision(condition, choice, decided))

    def _take(self, decision: _Decision) -> bool:
        self._taken.append(decision)
        if decision.simplified is not None:
            taken = decision.condition if decision.choice else z3.Not(decision.condition)
            self.conditions.append(taken)
            self.choices.append(decision.choice)
            # the same question gets the same answer; `_taken` keeps the term, so z3 does not use its identity again
            self._known[decision.simplified.get_id()] = decision.choice
            if self._solver is not None:
                self._solver.add(taken)
        return decision.choice

    def _possible(self, condition: z3.BoolRef) -> bool:
        if self._solver is None:
            return True
        verdict = self._solver.check(condition)
        if verdict == z3.unknown:
            raise UndecidableError(f"the solver cannot tell whether {condition} is possible here")
        return bool(verdict == z3.sat)

    def example(self, condition: z3.BoolRef) -> z3.ModelRef | None:
        assert self._solver is not None, "an example is asked for where no solver is"
        verdict = self._solver.check(condition)
        if verdict == z3.unknown:
            raise UndecidableError(self._solver.reason_unknown())
        return self._solver.model() if verdict == z3.sat else None


_running: list[_Decisions] = []


_shown: list[bool] = []
"""True, as long as texts of symbols are wanted."""


@contextmanager
def texts_ignored() -> Iterator[None]:
    """Let symbols have a text, for functions that are known to make messages of it and to look at none."""
    _shown.append(True)
    try:
        yield
    finally:
        _shown.pop()


class Symbol:
    """What stands for many values. It has no text and no hash: a function that looked at them would not be proved."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # unhashable on purpose

    def __repr__(self) -> str:
        if _shown:
            return "?"
        raise TypeError("a symbolic value has no text: the function would depend on every digit; show its term instead")

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return self.__repr__()

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a symbolic value cannot be copied or pickled")


class Opaque(Symbol):
    """A symbol without a truth of its own. Python would take any other object for true."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise TypeError("what is symbolic here is neither true nor false: compare it, or ask whether a call is in it")


@dataclass(eq=False, repr=False, slots=True)
class SymBool(Symbol):
    """A symbolic boolean. Asking for its truth decides it."""

    term: z3.BoolRef

    def __bool__(self) -> bool:
        if not _running:
            raise TypeError(f"the truth of the symbolic {self.term} was asked for outside of a path enumeration")
        return _running[-1].decide(self.term)

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == bool_term(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.term != bool_term(other))


@dataclass(eq=False, repr=False, slots=True)
class SymInt(Symbol):
    """A symbolic integer, of which isinstance(x, int) holds, as of what it stands for."""

    term: z3.ArithRef

    @property
    def __class__(self) -> type[Any]:
        return int

    @__class__.setter
    def __class__(self, other: type[Any]) -> None:
        raise TypeError("a symbolic integer stays one")

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
        return SymBool(self.term == _operand(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.term != _operand(other))

    def __lt__(self, other: object) -> SymBool:
        return SymBool(self.term < _operand(other))

    def __le__(self, other: object) -> SymBool:
        return SymBool(self.term <= _operand(other))

    def __gt__(self, other: object) -> SymBool:
        return SymBool(self.term > _operand(other))

    def __ge__(self, other: object) -> SymBool:
        return SymBool(self.term >= _operand(other))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        raise TypeError(f"the symbolic {self.term} has no single value: the function would depend on all its bits")

    __int__ = __index__


def _operand(value: object) -> z3.ArithRef | int:
    """Return a plain integer as it is: z3 would turn a comparison with a literal around."""
    return value if type(value) is int else int_term(value)


def int_term(value: object) -> z3.ArithRef:
    """Return the term of a symbolic or a plain integer."""
    if issubclass(type(value), SymInt):
        return cast(SymInt, value).term
    if type(value) is int:
        return z3.IntVal(value)
    raise TypeError(f"not an integer: {shown(value)}")


def bool_term(value: object) -> z3.BoolRef:
    """Return the term of a symbolic or a plain boolean."""
    if type(value) is SymBool:
        return value.term
    if type(value) is bool:
        return z3.BoolVal(value)
    raise TypeError(f"not a boolean: {shown(value)}")


def shown(value: object) -> str:
    """Return a value as the prover's own messages show it: what is symbolic in it, as its term.

    >>> shown((symbol("count", int) + 1, "parks"))
    "(count + 1, 'parks')"
    """
    if issubclass(type(value), Symbol):
        return str(getattr(value, "term", f"a symbolic {type(value).__name__}"))
    if type(value) in (tuple, list):
        return f"({', '.join(map(shown, cast(Sequence[object], value)))})"
    return repr(value)


def term(value: object) -> z3.ExprRef:
    """Return the term of a symbolic or a plain integer or boolean."""
    return bool_term(value) if type(value) in (SymBool, bool) else int_term(value)


def symbol(name: str, kind: type) -> Any:
    """Return the symbolic value of this name, an `int` or a `bool`.

    >>> (symbol("count", int) + 1).term
    count + 1
    """
    return SymBool(z3.Bool(name)) if kind is bool else SymInt(z3.Int(name))


@dataclass(frozen=True)
class Path(Generic[T]):
    """One path: the decisions that lead along it, as terms, and what the function returned.

    `choices` says of each condition whether it is what was asked, or what was asked negated.
    """

    conditions: tuple[z3.BoolRef, ...]
    result: T
    choices: tuple[bool, ...] = ()


def enumerate_paths(
    function: Callable[[], T], premises: Sequence[object] | None = (), *, at_most: int = 1000
) -> list[Path[T]]:
    """Return every path through `function` that the premises allow. The premises may be symbolic, and are conjoined.

    With `premises` None no solver is asked, which costs less: some of the paths may be impossible, which does no harm
    where the conditions of a path are used, since those of an impossible path contradict each other.

    Raise UndecidableError if the solver cannot tell whether a path exists, or if there are more than `at_most`.

    >>> count = symbol("count", int)
    >>> [path.result for path in enumerate_paths(lambda: "zero" if count == 0 else "more", [count >= 0])]
    ['zero', 'more']
    """
    paths: list[Path[T]] = []
    waiting: list[list[_Decision]] = [[]]
    solver = None
    if premises is not None:
        solver = z3.SimpleSolver()
        solver.add(*(bool_term(premise) for premise in premises))
    while waiting:
        if len(paths) >= at_most:
            raise UndecidableError(f"more than {at_most} paths")
        if solver is not None:
            solver.push()
        decisions = _Decisions(solver, waiting.pop())
        _running.append(decisions)
        try:
            result = function()
        finally:
            _running.pop()
            if solver is not None:
                solver.pop()
        paths.append(Path(tuple(decisions.conditions), result, tuple(decisions.choices)))
        waiting += decisions.open
    return paths


def example(condition: z3.BoolRef) -> z3.ModelRef | None:
    """Return values for which a condition holds on the path that is being taken, or None if there are none.

    Raise UndecidableError if the solver cannot tell.

    >>> count = symbol("count", int)
    >>> found = enumerate_paths(lambda: example(count.term > (2 if count < 3 else 3)))
    >>> found[0].result, found[1].result
    (None, [count = 4])
    """
    return _running[-1].example(condition)


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of terms with a memory: it is called for the same arguments only once.

    >>> successor = once(lambda n: n + 1)
    >>> successor(z3.Int("n")) is successor(z3.Int("n"))
    True
    """
    made: dict[tuple[int, ...], tuple[tuple[z3.ExprRef, ...], Any]] = {}

    def kept(*terms: z3.ExprRef) -> Any:
        key = tuple(term.get_id() for term in terms)
        if key not in made:
            # keep the arguments too: z3 uses the identity of a term again once the term is gone
            made[key] = terms, function(*terms)
        return made[key][1]

    return kept


@contextmanager
def unchecked() -> Iterator[None]:
    """Stop z3's Python layer from checking the arguments of each call, which takes a sixth of a proof's time.

    The library itself still refuses terms of the wrong sort.
    """
    before = z3.z3.Z3_DEBUG
    z3.z3.Z3_DEBUG = False
    try:
        yield
    finally:
        z3.z3.Z3_DEBUG = before


def all_of(terms: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """Return the conjunction: true for no terms, and the term itself for one, as SMT-LIB's `and` takes two or more."""
    return z3.And(*terms) if len(terms) > 1 else terms[0] if terms else z3.BoolVal(True)


def any_of(terms: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """Return the disjunction: false for no terms, and the term itself for one."""
    return z3.Or(*terms) if len(terms) > 1 else terms[0] if terms else z3.BoolVal(False)


def check_sat(*conditions: z3.BoolRef) -> z3.CheckSatResult:
    """Return whether the conditions can hold together, as far as the solver knows: sat, unsat or unknown."""
    solver = z3.SimpleSolver()
    solver.add(*conditions)
    return solver.check()


def truth(predicate: Callable[[], object]) -> z3.BoolRef:
    """Return a predicate that may branch as one term, which reads as the predicate does.

    >>> count, parked = symbol("count", int), symbol("parked", int)
    >>> truth(lambda: parked == 0 or count > 0)
    Implies(Not(parked == 0), count > 0)
    """
    return _decided(enumerate_paths(predicate, None), 0)


def _decided(paths: Sequence[Path[object]], depth: int) -> z3.BoolRef:
    """Return what the paths return that agree up to a depth, as a choice by the decision at that depth.

    No solver was asked, so each decision was taken both ways.
    """
    if len(paths[0].conditions) == depth:
        return bool_term(paths[0].result)
    condition = next(path.conditions[depth] for path in paths if path.choices[depth])
    yes = _decided([path for path in paths if path.choices[depth]], depth + 1)
    no = _decided([path for path in paths if not path.choices[depth]], depth + 1)
    # what was decided is known: `x if x else y` is `x or y`
    yes = z3.BoolVal(True) if yes.eq(condition) else yes
    no = z3.BoolVal(False) if no.eq(condition) else no
    if z3.is_true(yes):
        return condition if z3.is_false(no) else no if z3.is_true(no) else z3.Implies(_opposite(condition), no)
    if z3.is_false(yes):
        return _opposite(condition) if z3.is_true(no) else no if z3.is_false(no) else z3.And(_opposite(condition), no)
    if z3.is_true(no):
        return z3.Implies(condition, yes)
    return z3.And(condition, yes) if z3.is_false(no) else z3.If(condition, yes, no)


def _opposite(condition: z3.BoolRef) -> z3.BoolRef:
    return condition.arg(0) if z3.is_not(condition) else z3.Not(condition)
