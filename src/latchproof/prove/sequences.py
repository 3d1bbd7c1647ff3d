"""Sequences of symbolic length, on which `step.apply` itself is run: which calls are parked, and which continue.

`apply` says what a rule does to a queue. Here its own code is run on a queue whose length is a symbol, with `len`,
`range`, `zip` and `tuple` defined for such sequences as Python defines them for tuples. The result says of any number
of parked calls which one stands at which place afterwards, and which one continues with what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from types import FunctionType
from typing import Any, Final, Literal, TypeAlias, cast

import z3

from latchproof.prove.paths import Opaque, SymBool, SymInt, int_term, once, shown
from latchproof_spec.step import ANY_INDEX

_BUILTINS: Final[dict[str, Any]] = {"len": len, "tuple": tuple, "range": range, "zip": zip}

CALL = z3.DeclareSort("Call")
GIVEN = z3.DeclareSort("Given")
NOTHING, PLAIN, INDEX = z3.Consts("nothing plain-return an-index", GIVEN)

_IndexKind: TypeAlias = Literal["none", "exact", "any"]


def error_constant(error: type[Exception]) -> z3.ExprRef:
    """Return what is given to a call that fails with this class, as a constant of the sort Given."""
    return z3.Const(error.__name__, GIVEN)


@dataclass(eq=False, repr=False, slots=True)
class SymCall(Opaque):
    """A symbolic call, which can be compared with another."""

    term: z3.ExprRef

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == _call_term(other))

    def __ne__(self, other: object) -> Any:
        return SymBool(self.term != _call_term(other))


def _call_term(value: object) -> z3.ExprRef:
    if type(value) is SymCall:
        return value.term
    raise TypeError(f"not a call: {shown(value)}")


@dataclass(frozen=True)
class Ending:
    """What a call is given: `given`, and the index if it is one. An index of kind "any" is left open here."""

    given: z3.ExprRef
    index: z3.ArithRef
    kind: _IndexKind = "none"


def ending(value: object) -> Ending:
    """Return what `step.endings` and `step.caller_ending` return, as terms.

    >>> ending(None).given, ending(2).index, ending(KeyError).given
    (plain-return, 2, KeyError)
    """
    if value is None:
        return Ending(PLAIN, z3.IntVal(0))
    if type(value) is int and value == ANY_INDEX:
        return Ending(INDEX, z3.IntVal(0), "any")
    if isinstance(value, type) and issubclass(value, Exception):
        return Ending(error_constant(value), z3.IntVal(0))
    return Ending(INDEX, int_term(value), "exact")


class SymNumber(SymInt):
    """A symbolic integer by which a tuple of one can be repeated, as in `(None,) * parked`; below zero is as zero."""

    __slots__ = ()

    def __add__(self, other: object) -> SymNumber:
        return SymNumber(self.term + int_term(other))

    def __sub__(self, other: object) -> SymNumber:
        return SymNumber(self.term - int_term(other))

    def __mul__(self, other: object) -> Any:
        if isinstance(other, tuple):
            (value,) = other
            return Endings(self._times(), partial(_always, ending(value)))
        return super().__mul__(other)

    __rmul__ = __mul__

    def _times(self) -> z3.ArithRef:
        return _natural(self.term)


class SymLength(SymNumber):
    """The length of a sequence, which is not negative."""

    __slots__ = ()

    def _times(self) -> z3.ArithRef:
        return self.term


class SymPlace(SymInt):
    """The place of an item in a sequence of known length, or the place behind it: each is a valid bound of a slice."""

    __slots__ = ("length",)

    def __init__(self, term: z3.ArithRef, length: z3.ArithRef) -> None:
        super().__init__(term)
        self.length = length

    def __add__(self, other: object) -> SymInt:
        if type(other) is int and other == 1:
            return _Behind(self.term + 1, self.length)
        return super().__add__(other)


class _Behind(SymPlace):
    __slots__ = ()

    __add__ = SymInt.__add__


class _Sequence(Opaque):
    """A sequence of symbolic length. It is compared with nothing: by default Python compares identities."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise TypeError("a sequence of symbolic length is compared with nothing")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment] # unhashable on purpose
    __iter__ = None


@dataclass(frozen=True, eq=False, repr=False)
class Endings(_Sequence):
    """A sequence of what calls are given: its length, and what stands at a place."""

    length: z3.ArithRef
    at: Callable[[z3.ArithRef], Ending]


@dataclass(frozen=True, eq=False, repr=False)
class Calls(_Sequence):
    """A sequence of different calls: its length, the call at a place, whether a call is in it, and at which place.

    `given` says, for a place, what the call there is given, where it is a sequence of calls that continue.
    """

    length: z3.ArithRef
    at: Callable[[z3.ArithRef], z3.ExprRef]
    has: Callable[[z3.ExprRef], z3.BoolRef]
    place: Callable[[z3.ExprRef], z3.ArithRef]
    given: Callable[[z3.ArithRef], Ending] | None = None

    def __contains__(self, call: object) -> bool:
        return bool(SymBool(self.has(_call_term(call))))

    def index(self, call: SymCall) -> SymInt:
        """Return the place of a call; raise ValueError on a path on which it is not in the sequence."""
        if call not in self:
            raise ValueError(f"{call.term} is not in the sequence")
        return SymPlace(self.place(call.term), self.length)

    def __getitem__(self, part: slice) -> Calls:
        if type(part) is not slice or part.step is not None:
            raise TypeError("a symbolic sequence is sliced, without a step; no single place of it is read")
        begin = self._bound(part.start, z3.IntVal(0))
        end = self._bound(part.stop, self.length)
        length = z3.simplify(z3.If(end > begin, end - begin, z3.IntVal(0)))
        return Calls(
            length,
            lambda k: self.at(k + begin),
            lambda c: z3.And(self.has(c), self.place(c) >= begin, self.place(c) < end),
            lambda c: self.place(c) - begin,
        )

    def _bound(self, value: object, default: z3.ArithRef) -> z3.ArithRef:
        """Return a bound of a slice, from 0 to the length, as in Python: counted from the end if it is negative."""
        if value is None:
            return default
        bound = int_term(value)
        if isinstance(value, SymPlace) and value.length.eq(self.length):
            return bound
        counted = z3.If(bound < 0, bound + self.length, bound)
        return z3.simplify(z3.If(counted < 0, z3.IntVal(0), z3.If(counted > self.length, self.length, counted)))

    def __add__(self, other: object) -> Calls:
        return _joined(self, calls_of(other))

    def __radd__(self, other: object) -> Calls:
        return _joined(calls_of(other), self)


def calls_of(value: object) -> Calls:
    """Return a sequence of calls, made of a tuple of at most one call, or of one call with what it is given."""
    if isinstance(value, Calls):
        return value
    if not isinstance(value, tuple) or len(value) > 1:
        raise TypeError(f"not a sequence of calls, nor a tuple of at most one: {shown(value)}")
    if not value:
        no_call = z3.Const("no-call", CALL)
        zero = z3.IntVal(0)
        return Calls(zero, lambda k: no_call, lambda c: z3.BoolVal(False), lambda c: zero)
    (item,) = value
    call, told = (item[0], ending(item[1])) if isinstance(item, tuple) else (item, None)
    return Calls(
        z3.IntVal(1),
        lambda k: call.term,
        lambda c: c == call.term,
        lambda c: z3.IntVal(0),
        None if told is None else partial(_always, told),
    )


def remembered(calls: Calls) -> Calls:
    """Return the sequence with a memory: it makes each term about a call only once."""
    return replace(calls, has=once(calls.has), place=once(calls.place))


def _natural(number: z3.ArithRef) -> z3.ArithRef:
    return z3.simplify(z3.If(number > 0, number, z3.IntVal(0)))


def _always(told: Ending, place: z3.ArithRef) -> Ending:
    return told


def _joined(one: Calls, other: Calls) -> Calls:
    def chosen(k: z3.ArithRef) -> Ending:
        first, second = (cast(Any, calls).given(at) for calls, at in ((one, k), (other, k - one.length)))
        kinds = {first.kind, second.kind}
        if kinds == {"any", "exact"}:
            raise TypeError("of calls that continue together some are given their index, and some are given any")
        kind: _IndexKind = "any" if "any" in kinds else "exact" if "exact" in kinds else "none"
        here = k < one.length
        return Ending(z3.If(here, first.given, second.given), z3.If(here, first.index, second.index), kind)

    if z3.is_int_value(one.length) and one.length.as_long() == 0:
        return other
    if z3.is_int_value(other.length) and other.length.as_long() == 0:
        return one
    return Calls(
        z3.simplify(one.length + other.length),
        lambda k: z3.If(k < one.length, one.at(k), other.at(k - one.length)),
        lambda c: z3.Or(one.has(c), other.has(c)),
        lambda c: z3.If(one.has(c), one.place(c), one.length + other.place(c)),
        chosen if one.given is not None and other.given is not None else None,
    )


def _length(value: Any) -> Any:
    return SymLength(value.length) if isinstance(value, Calls) else len(value)


def _tuple(value: Any = ()) -> Any:
    return value if isinstance(value, Calls) else tuple(value)


def _range(*bounds: Any) -> Any:
    ends = slice(*bounds)
    step = 1 if ends.step is None else ends.step
    if type(step) is not int or step not in (1, -1):
        raise TypeError("a symbolic range goes up or down by one")
    begin = int_term(0 if ends.start is None else ends.start)
    length = (int_term(ends.stop) - begin) * step
    return Endings(_natural(length), lambda k: ending(SymInt(begin + step * k)))


def _zip(calls: Any, endings: Any, *, strict: bool = False) -> Any:
    if not isinstance(calls, Calls) and not isinstance(endings, Endings):
        return zip(calls, endings, strict=strict)
    if strict is not False:
        raise TypeError("sequences of symbolic length are paired up to the end of the shorter one")
    calls = calls_of(calls)
    if isinstance(endings, tuple):
        if endings:
            raise TypeError("the endings of symbolic calls are none, a range, or a tuple repeated")
        return calls_of(())
    length = z3.simplify(z3.If(calls.length < endings.length, calls.length, endings.length))
    return Calls(length, calls.at, lambda c: z3.And(calls.has(c), calls.place(c) < length), calls.place, endings.at)


REPLACED: Final = {"len": _length, "tuple": _tuple, "range": _range, "zip": _zip}
"""The built-ins that a function is given in another form, for symbolic sequences."""


def understood(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with its own code and that of its module's functions, but built-ins for symbolic sequences.

    Raise TypeError if one of these names is not the built-in wherever the function looks for it: what is replaced would
    be something else.
    """
    plain = cast(FunctionType, function)
    require_builtins(plain)
    names: dict[str, Any] = dict(plain.__globals__)
    for name, value in plain.__globals__.items():
        if isinstance(value, FunctionType) and value.__module__ == plain.__module__:
            names[name] = FunctionType(value.__code__, names, name, value.__defaults__, value.__closure__)
    names |= REPLACED
    return FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__, plain.__closure__)


def require_builtins(function: FunctionType) -> None:
    """Raise TypeError unless the names that are replaced are the built-ins, for a function and all that it calls."""
    waiting, seen = [function], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for name in REPLACED:
            found = one.__globals__.get(name, cast(Any, one).__builtins__.get(name))
            if found is not _BUILTINS[name]:
                module = one.__globals__.get("__name__", "?")
                raise TypeError(f"{module}.{name} is not the built-in {name}, which {one.__name__} is proved with")
        called = (one.__globals__.get(name) for name in one.__code__.co_names)
        waiting += [other for other in called if isinstance(other, FunctionType)]


def errors_of(rules: Iterable[Any]) -> list[z3.ExprRef]:
    """Return the constants of every error that the rules can give, by name."""
    return [z3.Const(name, GIVEN) for name in sorted({error.__name__ for rule in rules for error in rule.errors})]
