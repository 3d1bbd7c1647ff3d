"""The model with identities: any number of calls, each of an uninterpreted sort, and what a step does to each of them.

No operation is written down here. What the operations of a machine do is taken from the paths through its functions,
which say when a rule applies and what becomes of the counters, and from `step.apply`, which is run on a queue of
symbolic length and says who is parked where afterwards and who goes on with what. That the two agree is proved for each
path: the queue is as long as the function says that many are parked. So each step of the model projects onto a step of
the function. What it means for a call to be fresh, parked, released, done or gone, and the step by which a call that
was let go on does so, are written down here by hand.

A state is, for each call, its phase, its place in the queue, the moment of its arrival, and what it was given; and two
ghosts in place of counting: who stands at a place in the queue, and who holds an index of a generation. The inductive
invariant is what the specification claims of any two calls and of any place, and that the ghosts name the right ones.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import product
from typing import Any, TypeAlias

import z3

from latchproof.prove.goals import Goal, Model
from latchproof.prove.paths import (
    Path,
    SymBool,
    SymInt,
    all_of,
    any_of,
    bool_term,
    enumerate_paths,
    int_term,
    once,
    symbol,
    term,
    truth,
)
from latchproof.prove.property_terms import StepTruths
from latchproof.prove.sequences import (
    CALL,
    GIVEN,
    INDEX,
    NOTHING,
    PLAIN,
    Calls,
    Ending,
    SymCall,
    calls_of,
    error_constant,
    errors_of,
    remembered,
    understood,
)
from latchproof_spec import step as steps
from latchproof_spec.calls import Call, Snapshot
from latchproof_spec.claims import Property, Step
from latchproof_spec.machine import Machine, Operation

PHASE, (FRESH, PARKED, RELEASED, DONE, LEFT) = z3.EnumSort("Phase", ["Fresh", "Parked", "Released", "Done", "Left"])

WHO, ONE, OTHER, HELD = z3.Consts("who one other held", CALL)
PLACE, TRIP, NUMBER = z3.Ints("some.place some.generation some.index")

FEW_CALLS = [z3.Const(f"call{number}", CALL) for number in range(4)]
"""The calls of a small world, in which counterexamples are looked for and premises are met."""

FEW = 3
"""Queues of a small world are at most so long, its constants at most one more, and one generation has tripped."""

Term: TypeAlias = z3.ExprRef
Quantified: TypeAlias = tuple[list[Term], z3.BoolRef, list[list[Term]]]
"""What is true of any values of some variables: those, the body, and patterns, of which one has to occur."""


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


_FACETS = {
    "phase": PHASE, "position": z3.IntSort(), "arrival": z3.IntSort(), "given": GIVEN, "index": z3.IntSort(),
    "generation": z3.IntSort(), "waits": z3.BoolSort(),
}  # fmt: skip
"""What is known of a call, with its sort."""


@dataclass(frozen=True)
class Transition:
    """One way in which the world changes: the step that the functions make (none when a call goes on), and both states.

    `condition` says when; `premises` are the invariant, the condition, and what is known of the calls that are spoken
    of, and `small` the same in a small world.
    """

    operation: str
    rule: str
    step: Step | None
    condition: tuple[z3.BoolRef, ...]
    premises: tuple[z3.BoolRef, ...]
    small: tuple[z3.BoolRef, ...]
    before: World
    after: World
    projected: z3.BoolRef
    apart: z3.BoolRef


class SymError:
    """What a call failed with, to be compared with a class of errors."""

    __slots__ = ("term",)

    def __init__(self, term: Term) -> None:
        self.term = term

    def __eq__(self, other: object) -> Any:
        return SymBool(self.term == (other.term if isinstance(other, SymError) else error_constant(_error(other))))

    def __hash__(self) -> int:
        raise TypeError(f"the symbolic {self.term} is no one error, and cannot be hashed")


def _error(value: object) -> type[Exception]:
    if isinstance(value, type) and issubclass(value, Exception):
        return value
    raise TypeError(f"no class of exceptions: {value!r}")


def view(identity: Term, facets: dict[str, Term]) -> Call:
    """A call as the claims see it."""
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
    """What is known of a call in a world."""
    return {name: getattr(world, name)(call) for name in _FACETS}


def named(prefix: str, suffix: str = "") -> dict[str, Term]:
    """Constants that stand for what is known of a call: `one.phase`, and with a suffix of "+" `one.phase+`."""
    return {name: z3.Const(f"{prefix}.{name}{suffix}", sort) for name, sort in _FACETS.items()}


def equations(names: dict[str, Term], values: dict[str, Term]) -> list[z3.BoolRef]:
    return [names[name] == values[name] for name in names]


BEFORE = {"one": named("one"), "other": named("other"), "who": named("who")}
AFTER = {"one": named("one", "+"), "other": named("other", "+"), "held": named("held", "+")}

ACTOR, ONE_BEFORE, ONE_AFTER = view(WHO, BEFORE["who"]), view(ONE, BEFORE["one"]), view(ONE, AFTER["one"])


@lru_cache(maxsize=4)
def symbolic_world(machine: Machine) -> World:
    """Any state whatever: everything is a symbol."""
    functions = {name: once(z3.Function(name, CALL, sort)) for name, sort in _FACETS.items()}
    state = tuple(symbol(name, kind) for name, kind in machine.state.items())
    return World(
        tuple(symbol(name, int) for name in machine.constants),
        state,
        int_term(dict(zip(machine.state, state, strict=True))["parked"]),
        z3.Int("tripped"),
        z3.Int("clock"),
        owner=once(z3.Function("owner", z3.IntSort(), CALL)),
        holder=once(z3.Function("holder", z3.IntSort(), z3.IntSort(), CALL)),
        **functions,
    )


def new_world(machine: Machine, constants: tuple[Any, ...], state: tuple[Any, ...]) -> World:
    """A machine that was just made: no call is made yet, and nobody is in the queue."""
    base = symbolic_world(machine)
    return World(
        constants,
        state,
        z3.IntVal(0),
        z3.IntVal(0),
        z3.IntVal(0),
        phase=lambda c: FRESH,
        given=lambda c: NOTHING,
        **{name: getattr(base, name) for name in (*_FACETS, "owner", "holder") if name not in ("phase", "given")},
    )


def next_names(machine: Machine) -> tuple[tuple[Any, ...], Term]:
    """The state after a step, by name (`count+`), and how many generations have tripped then."""
    return tuple(symbol(f"{name}+", kind) for name, kind in machine.state.items()), z3.Int("tripped+")


class Identities:
    """The model with identities of a machine under a policy.

    `apply` says what a rule does to a queue; it is that of the specification, unless another is given to be judged.
    """

    def __init__(
        self,
        machine: Machine,
        policy: Any,
        paths: Mapping[Operation, Sequence[Path[Step]]],
        apply: Callable[..., Any] = steps.apply,
        truths: StepTruths | None = None,
    ) -> None:
        self._truths = truths or StepTruths()
        self._machine = machine
        self._policy = policy
        self._paths = paths
        self._apply = understood(apply)
        self.world = symbolic_world(machine)
        self._parked_at = list(machine.state).index("parked")
        self._distinct = z3.Distinct(NOTHING, PLAIN, INDEX, *errors_of(machine.rules))
        # what is claimed, over names that stand for what is known of the calls after a step
        state, tripped = next_names(machine)
        now = Snapshot(policy, self.world.constants, state, state[self._parked_at], SymInt(tripped))
        one, other, held = view(ONE, AFTER["one"]), view(OTHER, AFTER["other"]), view(HELD, AFTER["held"])
        claims = machine.call_claims
        self.invariant_terms = [truth(partial(p.holds, now, one, other)) for p in claims.invariants]
        self._of_index = [len(inspect.signature(p.holds).parameters) == 4 for p in claims.places]
        places = [(SymInt(TRIP), SymInt(NUMBER)) if of_index else (SymInt(PLACE),) for of_index in self._of_index]
        self.place_terms = [
            truth(partial(p.holds, now, *place, held)) for p, place in zip(claims.places, places, strict=True)
        ]
        ground = [self._distinct, *self._numbers(self.world)]
        quantified = self._ghosts(self.world) + self._instances(self.world)
        self.invariant = (*ground, *(_for_all(*one) for one in quantified))
        self.small_invariant = (*ground, *(all_of(_written_out(*one)) for one in quantified), *self._smallness())
        self.going_on = self._goes_on()
        self.steps = [*(one for operation in paths for one in self._transitions(operation)), self.going_on]

    def _numbers(self, world: World) -> list[z3.BoolRef]:
        """What is assumed of the numbers in a world: all of it is proved to stay."""
        counters = [truth(partial(p.holds, *world.constants, *world.state)) for p in self._machine.invariants]
        return [*counters, world.tripped >= 0, world.clock >= 0]

    def _at(self, world: World) -> list[tuple[Term, Term]]:
        """The names of the state after a step, with what they are in a world, for substitution."""
        state, tripped = next_names(self._machine)
        pairs = [(term(name), term(value)) for name, value in zip(state, world.state, strict=True)]
        pairs += [
            (term(symbol(n, int)), term(v)) for n, v in zip(self._machine.constants, world.constants, strict=True)
        ]
        return [*pairs, (tripped, world.tripped)]

    def _instances(self, world: World) -> list[Quantified]:
        """What is claimed of any two calls and any place in a world: variables, body, and the pattern to look for."""
        found: list[Quantified] = []
        here = self._at(world)
        for body in self.invariant_terms:
            pairs = [
                (AFTER[name][facet], value)
                for name, call in (("one", ONE), ("other", OTHER))
                for facet, value in facets_of(world, call).items()
            ]
            said = z3.substitute(body, *here, *pairs)
            calls = [call for call in (ONE, OTHER) if _mentions(said, call)]
            found.append((calls, said, _patterns(world, calls, said)))
        for body, of_index in zip(self.place_terms, self._of_index, strict=True):
            held = world.holder(TRIP, NUMBER) if of_index else world.owner(PLACE)
            pairs = [(AFTER["held"][facet], value) for facet, value in facets_of(world, held).items()]
            found.append(([TRIP, NUMBER] if of_index else [PLACE], z3.substitute(body, *here, *pairs), [[held]]))
        return found

    def _ghosts(self, world: World) -> list[Quantified]:
        bodies = [body for _, body in self.ghosts(world, ONE, facets_of(world, ONE))]
        return [([ONE], body, _patterns(world, [ONE], body)) for body in bodies]

    def ghosts(self, world: World, call: Term, facets: dict[str, Term]) -> list[tuple[str, z3.BoolRef]]:
        """What is true of any call besides, and makes the claims inductive: the ghosts name the right calls."""
        phase, given = facets["phase"], facets["given"]
        return [
            (
                "the owner of the place of a parked call is that call",
                z3.Implies(phase == PARKED, world.owner(facets["position"]) == call),
            ),
            (
                "the holder of the index of an indexed call is that call",
                z3.Implies(given == INDEX, world.holder(facets["generation"], facets["index"]) == call),
            ),
            (
                "who is fresh or parked was given nothing, who was let go on something",
                z3.And(
                    z3.Implies(z3.Or(phase == FRESH, phase == PARKED), given == NOTHING),
                    z3.Implies(z3.Or(phase == RELEASED, phase == DONE), given != NOTHING),
                ),
            ),
            (
                "whoever arrived did so in the past",
                z3.Or(phase == FRESH, z3.And(facets["arrival"] >= 0, facets["arrival"] < world.clock)),
            ),
        ]

    def _smallness(self) -> list[z3.BoolRef]:
        """The world has few calls, and the ghosts name only those; few parties, and one generation that tripped."""
        world = self.world

        def known(call: Term) -> z3.BoolRef:
            return z3.Or([call == one for one in FEW_CALLS])

        named_calls = [WHO, ONE, OTHER, *map(world.owner, _numbers())]
        named_calls += [world.holder(k, i) for k, i in product(_numbers(), _numbers())]
        return [
            *map(known, named_calls),
            *(term(constant) <= FEW + 1 for constant in world.constants),
            world.parked <= FEW,
            world.tripped <= 1,
            z3.Distinct(*FEW_CALLS),
        ]

    @cached_property
    def _known_before(self) -> list[z3.BoolRef]:
        """The names of what is known before a step of the calls that are spoken of."""
        calls = {"one": ONE, "other": OTHER, "who": WHO}
        return [e for name, c in calls.items() for e in equations(BEFORE[name], facets_of(self.world, c))]

    def _known_after(self, world: World) -> list[z3.BoolRef]:
        """Likewise after it, and the machine's state then."""
        calls = {"one": ONE, "other": OTHER}
        said = [e for name, c in calls.items() for e in equations(AFTER[name], facets_of(world, c))]
        return [name == value for name, value in self._at(world) if not name.eq(value)] + said

    def _transitions(self, operation: Operation) -> Iterator[Transition]:
        """What each path through an operation's function does to everybody."""
        for path in self._paths[operation]:
            step = path.result
            guard = (*self._guard(operation, step.arguments), *path.conditions)
            queue = Calls(
                self.world.parked, self.world.owner, lambda c: self.world.phase(c) == PARKED, self.world.position
            )
            applied = partial(self._apply, step.rule, queue, SymCall(WHO))
            for one in enumerate_paths(applied, [SymBool(one) for one in guard]):
                queue_after, resumed = (remembered(calls_of(part)) for part in one.result)
                yield self._transition(operation, step, (*guard, *one.conditions), queue_after, resumed)

    def _guard(self, operation: Operation, arguments: dict[str, Any]) -> tuple[z3.BoolRef, ...]:
        """Who can make the step: a call that is not made yet; to be withdrawn, one that is parked or released."""
        phase = self.world.phase(WHO)
        if operation.name != self._machine.withdraw.name:
            return (phase == FRESH,)
        return z3.Or(phase == PARKED, phase == RELEASED), bool_term(arguments["is_parked"]) == (phase == PARKED)

    def _transition(
        self, operation: Operation, step: Step, condition: tuple[z3.BoolRef, ...], queue: Calls, resumed: Calls
    ) -> Transition:
        before = self.world
        is_call = operation.name != self._machine.withdraw.name
        given = resumed.given or _nothing
        somewhere = given(z3.FreshInt("k"))
        indexes = somewhere.kind != "none"
        chosen = z3.Function("chosen", z3.IntSort(), z3.IntSort())
        unchosen = z3.Function("unchosen", z3.IntSort(), z3.IntSort())
        open_order: list[Quantified] = []
        if somewhere.kind == "any":
            # an index order of "any": the indices are those of the places, in some order that is not told
            def within(k: Term) -> z3.BoolRef:
                return z3.And(k >= 0, k < resumed.length)

            for there, back in ((chosen, unchosen), (unchosen, chosen)):
                body = z3.Implies(within(PLACE), z3.And(within(there(PLACE)), back(there(PLACE)) == PLACE))
                open_order.append(([PLACE], body, [[there(PLACE)]]))

        def index_at(k: Term) -> Term:
            return chosen(k) if somewhere.kind == "any" else given(k).index

        def place_of_index(i: Term) -> Term:
            # a witness, which need not be believed: that this place holds the index is proved
            return {"arrival": i, "reversed": resumed.length - 1 - i, "any": unchosen(i)}[step.rule.order]

        def indexed(c: Term) -> z3.BoolRef:
            return z3.And(resumed.has(c), given(resumed.place(c)).given == INDEX) if indexes else z3.BoolVal(False)

        def phase(c: Term) -> Term:
            own = before.phase(c) if is_call else _if(c == WHO, LEFT, before.phase(c))
            on = _if(resumed.has(c), z3.If(c == WHO, DONE, RELEASED), own)
            return _if(queue.has(c), PARKED, on)

        tripped = before.tripped + 1 if indexes else before.tripped
        state = list(step.after)
        state[self._parked_at] = SymInt(queue.length)
        after = World(
            before.constants,
            tuple(state),
            queue.length,
            tripped,
            before.clock + 1 if is_call else before.clock,
            phase=phase,
            position=lambda c: _if(queue.has(c), queue.place(c), before.position(c)),
            arrival=lambda c: _if(c == WHO, before.clock, before.arrival(c)) if is_call else before.arrival(c),
            given=lambda c: _if(resumed.has(c), given(resumed.place(c)).given, before.given(c)),
            index=lambda c: _if(indexed(c), index_at(resumed.place(c)), before.index(c)),
            generation=lambda c: _if(indexed(c), before.tripped, before.generation(c)),
            waits=lambda c: _if(c == WHO, z3.BoolVal(operation.waits), before.waits(c)) if is_call else before.waits(c),
            owner=queue.at,
            holder=lambda k, i: (
                _if(k == before.tripped, resumed.at(place_of_index(i)), before.holder(k, i))
                if indexes
                else before.holder(k, i)
            ),
        )
        apart = z3.And(
            z3.Not(z3.And(queue.has(ONE), resumed.has(ONE))),
            z3.Implies(resumed.has(ONE), z3.And(resumed.place(ONE) >= 0, resumed.place(ONE) < resumed.length)),
        )
        projected = queue.length == term(step.after[self._parked_at])
        known = (*self._known_before, *self._known_after(after))
        return Transition(
            operation.name,
            step.rule.id,
            step,
            condition,
            (*self.invariant, *(_for_all(*one) for one in open_order), *condition, *known),
            (*self.small_invariant, *(all_of(_written_out(*one)) for one in open_order), *condition, *known),
            before,
            after,
            projected,
            apart,
        )

    def _goes_on(self) -> Transition:
        """A call that was let go on does so. The machine does not notice: this projects onto no step of a function."""
        before = self.world
        condition = (before.phase(WHO) == RELEASED,)
        after = World(
            before.constants, before.state, before.parked, before.tripped, before.clock,
            phase=lambda c: z3.If(c == WHO, DONE, before.phase(c)),
            owner=before.owner, holder=before.holder,
            **{name: getattr(before, name) for name in _FACETS if name != "phase"},
        )  # fmt: skip
        known = (*self._known_before, *self._known_after(after))
        premises = (*self.invariant, *condition, *known)
        small = (*self.small_invariant, *condition, *known)
        yes = z3.BoolVal(True)
        return Transition("go on", "-", None, condition, premises, small, before, after, yes, yes)

    def creation(self, path: Path[Any]) -> Iterator[Goal]:
        """The invariant holds of a new machine."""
        constants, state, rule = path.result
        world = new_world(self._machine, constants, state)
        premises = (*path.conditions, self._distinct, *self._known_after(world))

        def make(name: str, claims: tuple[str, ...], conclusion: z3.BoolRef) -> Goal:
            return Goal("identities", name, claims, self._machine.name, "any", "create", rule.id, premises, conclusion)

        yield make("nobody is parked at a new machine", (), world.parked == term(state[self._parked_at]))
        yield from self._invariant_goals(world, "at first", make)

    def _invariant_goals(self, world: World, when: str, make: Callable[..., Goal]) -> Iterator[Goal]:
        yield make(f"{when}: what is assumed of the numbers", (), all_of(self._numbers(world)))
        for name, body in self.ghosts(world, ONE, AFTER["one"]):
            yield make(f"{when}: {name}", (), body)
        claims = self._machine.call_claims
        for property_, body in zip(claims.invariants, self.invariant_terms, strict=True):
            yield make(f"{when}: {property_}", _ids(property_), body)
        for property_, body, of_index in zip(claims.places, self.place_terms, self._of_index, strict=True):
            held = world.holder(TRIP, NUMBER) if of_index else world.owner(PLACE)
            pairs = [(AFTER["held"][facet], value) for facet, value in facets_of(world, held).items()]
            yield make(f"{when}: {property_}", _ids(property_), z3.substitute(body, *pairs))

    def transition_goals(self, one: Transition) -> Iterator[Goal]:
        """What is to be proved of one transition: that it refines, keeps the invariant, and does what is claimed."""

        def make(name: str, claims: tuple[str, ...], conclusion: z3.BoolRef | None) -> Goal:
            return self.goal("identities", name, claims, conclusion, one)

        yield make("the step can be made", (), None)
        # that is said of a small world: what is assumed of any number of calls must not prove everything either
        contradiction = self.goal(
            "identities", "no contradiction is found in what is assumed", (), z3.BoolVal(False), one
        )
        yield replace(contradiction, must_not_follow=True)
        if one.step is not None:
            yield make("refines: the queue is as long as the function says", (), one.projected)
            yield make("refines: who goes on does so once, and is not parked", (), one.apart)
        yield from self._invariant_goals(one.after, "stays", make)
        if one.step is not None:
            actor, before, after = ACTOR, ONE_BEFORE, ONE_AFTER
            for property_ in self._machine.call_claims.steps:
                said = self._truths.of(property_, one.step, actor, before, after)
                yield make(str(property_), _ids(property_), said)

    def goals(self) -> Iterator[Goal]:
        """What is to be proved of every step of every operation."""
        for operation in self._paths:
            yield from self._operation_goals(operation)
        for one in self.steps:
            yield from self.transition_goals(one)

    def _operation_goals(self, operation: Operation) -> Iterator[Goal]:
        """What the function takes for granted is true of every state with identities, and some path applies."""
        arguments = {name: symbol(name, kind) for name, kind in operation.inputs.items()}
        guard = self._guard(operation, arguments)
        make = partial(
            Goal,
            "identities",
            machine=self._machine.name,
            policy=self._policy.name,
            operation=operation.name,
            rule="all",
            premises=(*self.invariant, *guard),
            small=(*self.small_invariant, *guard),
        )
        if "is_parked" in arguments:
            somebody = z3.Implies(bool_term(arguments["is_parked"]), self.world.parked > 0)
            yield make(name="refines: who is parked is counted", claims=(), conclusion=somebody)
        conditions = any_of([all_of(path.conditions) for path in self._paths[operation]])
        yield make(name="refines: some path applies to every step", claims=(), conclusion=conditions)

    def goal(
        self,
        model: Model,
        name: str,
        claims: tuple[str, ...],
        conclusion: z3.BoolRef | None,
        one: Transition,
        *besides: z3.BoolRef,
    ) -> Goal:
        """A goal about one transition; without a conclusion, that it can be made in a small world, and `besides`."""
        # the very same tuples, where there is nothing besides: what is put to a solver is recognised by them
        small = (*one.small, *besides) if besides else one.small
        premises = small if conclusion is None else (*one.premises, *besides) if besides else one.premises
        return Goal(
            model, name, claims, self._machine.name, self._policy.name, one.operation, one.rule, premises, conclusion,
            small,
        )  # fmt: skip


def _nothing(place: Term) -> Ending:
    return Ending(NOTHING, z3.IntVal(0))


def _if(condition: z3.BoolRef, yes: Term, no: Term) -> Term:
    return no if z3.is_false(condition) or yes.eq(no) else yes if z3.is_true(condition) else z3.If(condition, yes, no)


def _ids(property_: Property) -> tuple[str, ...]:
    return tuple(claim.id for claim in property_.claims)


def _numbers() -> list[Term]:
    return [z3.IntVal(number) for number in range(FEW + 1)]


def _mentions(body: Term, part: Term) -> bool:
    return not z3.substitute(body, (part, z3.Const("somebody else", part.sort()))).eq(body)


def _patterns(world: World, calls: list[Term], body: z3.BoolRef) -> list[list[Term]]:
    """What has to occur of each of the calls, for the body to be of interest: its phase, or what it was given."""
    facets = [facet for facet in (world.phase, world.given) if all(_mentions(body, facet(call)) for call in calls)]
    return [[facet(call) for call in calls] for facet in facets]


def _for_all(variables: list[Term], body: z3.BoolRef, patterns: list[list[Term]]) -> z3.BoolRef:
    """The quantified body; or that alone, where it is of nothing."""
    if not variables:
        return body
    return z3.ForAll(variables, body, patterns=[z3.MultiPattern(*p) if len(p) > 1 else p[0] for p in patterns])


def _written_out(variables: list[Term], body: z3.BoolRef, patterns: list[list[Term]]) -> list[z3.BoolRef]:
    """The body for each of the few calls and numbers of a small world."""
    domains = [FEW_CALLS if one.sort() == CALL else _numbers() for one in variables]
    return [z3.substitute(body, *zip(variables, values, strict=True)) for values in product(*domains)]
