"""One state of the model with identities: what is known of each of any number of calls, as terms.

A state is, for each call, its phase, its place in the queue, the moment of its arrival, and what it was given; and two
ghosts in place of counting: which call stands at a place in the queue, and which holds an index of a generation. What
a step does to a state stands in `identities`.

Quantified premises may leave z3 in doubt whether there is a counterexample. So each of them is also written out for a
small world: one of a few calls, in which premises can be met and counterexamples be found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Final, TypeAlias

import z3

from latchproof.prove.paths import Opaque, SymBool, SymInt, int_term, once, shown, symbol
from latchproof.prove.sequences import CALL, GIVEN, INDEX, NOTHING, PLAIN, SymCall, error_constant
from latchproof_spec.calls import Call
from latchproof_spec.machine import Machine

PHASE, (FRESH, PARKED, RELEASED, DONE, LEFT) = z3.EnumSort("Phase", ["Fresh", "Parked", "Released", "Done", "Left"])

WHO, ONE, OTHER, HELD = z3.Consts("who one other held", CALL)
PLACE, TRIP, NUMBER = z3.Ints("some.place some.generation some.index")

FEW_CALLS: Final = [z3.Const(f"call{number}", CALL) for number in range(4)]
"""The calls of a small world."""

FEW: Final = 3
"""Greatest length of a queue in a small world; its constants are at most one more, and one generation has tripped."""

Term: TypeAlias = z3.ExprRef
Quantified: TypeAlias = tuple[list[Term], z3.BoolRef, list[list[Term]]]
"""What is true of any values of some variables: the variables, the body, and patterns, of which one has to occur."""

FACETS: Final = {
    "phase": PHASE, "position": z3.IntSort(), "arrival": z3.IntSort(), "given": GIVEN, "index": z3.IntSort(),
    "generation": z3.IntSort(), "waits": z3.BoolSort(),
}  # fmt: skip
"""What is known of a call, with its sort."""


@dataclass(frozen=True)
class World:
    """One state: the machine's constants and state, and for each call what is known of it, as functions to terms."""

    constants: tuple[Any, ...]
    state: tuple[Any, ...]
    parked: Term
    tripped: Term
    clock: Term
    phase: Callable[[Term], Term]
    position: Callable[[Term], Term]
    arrival: Callable[[Term], Term]
    given: Callable[[Term], Term]
    index: Callable[[Term], Term]
    generation: Callable[[Term], Term]
    waits: Callable[[Term], Term]
    owner: Callable[[Term], Term]
    holder: Callable[[Term, Term], Term]


@dataclass(eq=False, repr=False, slots=True)
class SymError(Opaque):
    """What a call failed with, to be compared with a class of errors."""

    term: Term

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == (other.term if isinstance(other, SymError) else error_constant(_error(other))))


def _error(value: object) -> type[Exception]:
    if isinstance(value, type) and issubclass(value, Exception):
        return value
    raise TypeError(f"not a class of exceptions: {shown(value)}")


def view(identity: Term, facets: dict[str, Term]) -> Call:
    """Return a call as the claims see it."""
    phase, given = facets["phase"], facets["given"]
    return Call(
        identity=SymCall(identity),
        acts=SymBool(identity == WHO),
        fresh=SymBool(phase == FRESH),
        parked=SymBool(phase == PARKED),
        released=SymBool(phase == RELEASED),
        done=SymBool(phase == DONE),
        left=SymBool(phase == LEFT),
        waits=SymBool(facets["waits"]),
        position=SymInt(facets["position"]),
        arrival=SymInt(facets["arrival"]),
        returned=SymBool(given == PLAIN),
        indexed=SymBool(given == INDEX),
        failed=SymBool(z3.And(given != NOTHING, given != PLAIN, given != INDEX)),
        error=SymError(given),
        index=SymInt(facets["index"]),
        generation=SymInt(facets["generation"]),
    )


def facets_of(world: World, call: Term) -> dict[str, Term]:
    """Return what is known of a call in a world."""
    return {name: getattr(world, name)(call) for name in FACETS}


def named(prefix: str, suffix: str = "") -> dict[str, Term]:
    """Return constants for what is known of a call: `one.phase`, and with a suffix of "+" `one.phase+`."""
    return {name: z3.Const(f"{prefix}.{name}{suffix}", sort) for name, sort in FACETS.items()}


def equations(names: dict[str, Term], values: dict[str, Term]) -> list[z3.BoolRef]:
    """Return that each name stands for its value."""
    return [names[name] == values[name] for name in names]


BEFORE: Final = {"one": named("one"), "other": named("other"), "who": named("who")}
AFTER: Final = {"one": named("one", "+"), "other": named("other", "+"), "held": named("held", "+")}

ACTOR, ONE_BEFORE, ONE_AFTER = view(WHO, BEFORE["who"]), view(ONE, BEFORE["one"]), view(ONE, AFTER["one"])


@lru_cache(maxsize=4)
def symbolic_world(machine: Machine) -> World:
    """Return any state whatever: everything is a symbol."""
    functions = {name: once(z3.Function(name, CALL, sort)) for name, sort in FACETS.items()}
    state = tuple(symbol(name, kind) for name, kind in machine.state.items())
    return World(
        tuple(symbol(name, int) for name in machine.constants),
        state,
        int_term(state[machine.parked_at]),
        z3.Int("tripped"),
        z3.Int("clock"),
        owner=once(z3.Function("owner", z3.IntSort(), CALL)),
        holder=once(z3.Function("holder", z3.IntSort(), z3.IntSort(), CALL)),
        **functions,
    )


def new_world(machine: Machine, constants: tuple[Any, ...], state: tuple[Any, ...]) -> World:
    """Return the state of a new machine: no call is made yet, and the queue is empty."""
    zero = z3.IntVal(0)
    return replace(
        symbolic_world(machine),
        constants=constants,
        state=state,
        parked=zero,
        tripped=zero,
        clock=zero,
        phase=lambda c: FRESH,
        given=lambda c: NOTHING,
    )


def next_names(machine: Machine) -> tuple[tuple[Any, ...], Term]:
    """Return names for the state after a step (`count+`), and for the number of generations that have tripped then."""
    return tuple(symbol(f"{name}+", kind) for name, kind in machine.state.items()), z3.Int("tripped+")


def choose(condition: z3.BoolRef, yes: Term, no: Term) -> Term:
    """Return one term or the other, by the condition, if that is open."""
    return no if z3.is_false(condition) or yes.eq(no) else yes if z3.is_true(condition) else z3.If(condition, yes, no)


def mentions(body: Term, part: Term) -> bool:
    """Return whether a part occurs in a term."""
    return not z3.substitute(body, (part, z3.Const("something else", part.sort()))).eq(body)


def patterns(world: World, calls: list[Term], body: z3.BoolRef) -> list[list[Term]]:
    """Return what has to occur of each call for the body to be of interest: its phase, or what it was given."""
    facets = [facet for facet in (world.phase, world.given) if all(mentions(body, facet(call)) for call in calls)]
    return [[facet(call) for call in calls] for facet in facets]


def for_all(variables: list[Term], body: z3.BoolRef, patterns: list[list[Term]]) -> z3.BoolRef:
    """Return the quantified body; or the body, if there are no variables."""
    if not variables:
        return body
    return z3.ForAll(variables, body, patterns=[z3.MultiPattern(*p) if len(p) > 1 else p[0] for p in patterns])


def written_out(variables: list[Term], body: z3.BoolRef, patterns: list[list[Term]]) -> list[z3.BoolRef]:
    """Return the body for each of the few calls and numbers of a small world."""
    domains = [FEW_CALLS if one.sort() == CALL else _numbers() for one in variables]
    return [z3.substitute(body, *zip(variables, values, strict=True)) for values in product(*domains)]


def is_small(world: World) -> list[z3.BoolRef]:
    """Return what makes a world small: few calls, and the ghosts name only those; few parties, and one trip."""

    def is_known(call: Term) -> z3.BoolRef:
        return z3.Or([call == one for one in FEW_CALLS])

    named_calls = [WHO, ONE, OTHER, *map(world.owner, _numbers())]
    named_calls += [world.holder(k, i) for k, i in product(_numbers(), _numbers())]
    return [
        *map(is_known, named_calls),
        *(int_term(constant) <= FEW + 1 for constant in world.constants),
        world.parked <= FEW,
        world.tripped <= 1,
        z3.Distinct(*FEW_CALLS),
    ]


def _numbers() -> list[Term]:
    return [z3.IntVal(number) for number in range(FEW + 1)]
