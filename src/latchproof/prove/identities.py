"""The model with identities: any number of calls, each of an uninterpreted sort, and what a step does to each of them.

No operation is written down here. What the operations of a machine do is taken from the paths through its functions,
which say when a rule applies and what becomes of the counters, and from `step.apply`, which is run on a queue of
symbolic length and says which call is parked where afterwards and which continues with what. That the two agree is
proved for each path: the queue is as long as the function says that many are parked. So each step of the model projects
onto a step of the function. What it means for a call to be fresh, parked, released, done or gone, and the step by which
a released call continues, are written down here by hand.

The inductive invariant is what the specification claims of any two calls and of any place, and that the ghosts of a
state (see `world`) name the right calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

import z3

from latchproof.prove.goals import Goal, Part
from latchproof.prove.paths import (
    Path,
    SymBool,
    SymInt,
    all_of,
    any_of,
    bool_term,
    enumerate_paths,
    symbol,
    term,
    truth,
)
from latchproof.prove.sequences import (
    INDEX,
    NOTHING,
    PLAIN,
    Calls,
    Ending,
    SymCall,
    calls_of,
    errors_of,
    remembered,
    understood,
)
from latchproof.prove.steps import StepTerms, fact_premises, paths_of
from latchproof.prove.world import (
    ACTOR,
    AFTER,
    BEFORE,
    DONE,
    FRESH,
    HELD,
    LEFT,
    NUMBER,
    ONE,
    ONE_AFTER,
    ONE_BEFORE,
    OTHER,
    PARKED,
    PLACE,
    RELEASED,
    TRIP,
    WHO,
    Quantified,
    Term,
    World,
    choose,
    equations,
    facets_of,
    for_all,
    is_small,
    mentions,
    new_world,
    next_names,
    patterns,
    symbolic_world,
    view,
    written_out,
)
from latchproof_spec.calls import Snapshot
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import apply as specified_apply

CONTINUE: Final = "continue"
"""The operation by which a released call continues, which is none of a machine."""

NUMBERS: Final = "what is assumed of the numbers"
PROJECTED: Final = "refines: the queue is as long as the function says"
ONCE: Final = "refines: a call that continues does so once, and is not parked"


@dataclass(frozen=True)
class Transition:
    """One way in which the world changes: the step that the functions make, and the state after it.

    `step` is None where a released call continues. `condition` says when; `premises` are the invariant, the condition,
    and what is known of the calls that are spoken of, and `small` the same in a small world. `projected` says that the
    queue is as long as the function says, `apart` that a call that continues does so once, and is not parked.
    """

    operation: str
    rule: str
    step: Step | None
    condition: tuple[z3.BoolRef, ...]
    premises: tuple[z3.BoolRef, ...]
    small: tuple[z3.BoolRef, ...]
    after: World
    projected: z3.BoolRef
    apart: z3.BoolRef


class Identities:
    """The model with identities of a machine under a policy.

    `apply` says what a rule does to a queue; it is that of the specification, unless another is to be tested.
    """

    def __init__(
        self,
        machine: Machine,
        policy: Any,
        apply: Callable[..., Any] = specified_apply,
        step_terms: StepTerms | None = None,
    ) -> None:
        self._step_terms = step_terms or StepTerms()
        self._machine = machine
        self.policy = policy
        self._paths = {operation: paths_of(machine, operation, policy) for operation in machine.every_operation}
        self._apply = understood(apply)
        self.world = symbolic_world(machine)
        self._distinct = z3.Distinct(NOTHING, PLAIN, INDEX, *errors_of(machine.rules))
        # what is claimed, over names that stand for what is known of the calls after a step
        state, tripped = next_names(machine)
        now = Snapshot(policy, self.world.constants, state, state[machine.parked_at], SymInt(tripped))
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
        self.invariant = (*ground, *(for_all(*one) for one in quantified))
        self.small_invariant = (*ground, *(all_of(written_out(*one)) for one in quantified), *is_small(self.world))
        self.continuing = self._continuing()
        self.steps = [*(one for operation in self._paths for one in self._transitions(operation)), self.continuing]

    def _numbers(self, world: World) -> list[z3.BoolRef]:
        """Return what is assumed of the numbers in a world: all of it is proved to stay."""
        counters = [truth(partial(p.holds, *world.constants, *world.state)) for p in self._machine.invariants]
        return [*counters, world.tripped >= 0, world.clock >= 0]

    def _at(self, world: World) -> list[tuple[Term, Term]]:
        """Return the names of the state after a step, with what they are in a world, for substitution."""
        state, tripped = next_names(self._machine)
        pairs = [(term(name), term(value)) for name, value in zip(state, world.state, strict=True)]
        pairs += [
            (term(symbol(n, int)), term(v)) for n, v in zip(self._machine.constants, world.constants, strict=True)
        ]
        return [*pairs, (tripped, world.tripped)]

    def _instances(self, world: World) -> list[Quantified]:
        """Return what is claimed of any two calls and any place in a world: variables, body, and patterns."""
        found: list[Quantified] = []
        here = self._at(world)
        for body in self.invariant_terms:
            pairs = [
                (AFTER[name][facet], value)
                for name, call in (("one", ONE), ("other", OTHER))
                for facet, value in facets_of(world, call).items()
            ]
            said = z3.substitute(body, *here, *pairs)
            calls = [call for call in (ONE, OTHER) if mentions(said, call)]
            found.append((calls, said, patterns(world, calls, said)))
        for body, of_index in zip(self.place_terms, self._of_index, strict=True):
            held, pairs = self._held(world, of_index)
            found.append(([TRIP, NUMBER] if of_index else [PLACE], z3.substitute(body, *here, *pairs), [[held]]))
        return found

    def _held(self, world: World, of_index: bool) -> tuple[Term, list[tuple[Term, Term]]]:
        """Return the call that holds an index or a place, with the names of what is known of it, for substitution."""
        held = world.holder(TRIP, NUMBER) if of_index else world.owner(PLACE)
        return held, [(AFTER["held"][facet], value) for facet, value in facets_of(world, held).items()]

    def _ghosts(self, world: World) -> list[Quantified]:
        bodies = [body for _, body in self.ghosts(world, ONE, facets_of(world, ONE))]
        return [([ONE], body, patterns(world, [ONE], body)) for body in bodies]

    def ghosts(self, world: World, call: Term, facets: dict[str, Term]) -> list[tuple[str, z3.BoolRef]]:
        """Return what else is true of any call, and makes the claims inductive: the ghosts name the right calls."""
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
                "a fresh or parked call was given nothing, a released or done call something",
                z3.And(
                    z3.Implies(z3.Or(phase == FRESH, phase == PARKED), given == NOTHING),
                    z3.Implies(z3.Or(phase == RELEASED, phase == DONE), given != NOTHING),
                ),
            ),
            (
                "each arrival is in the past",
                z3.Or(
                    phase == FRESH,
                    z3.And(phase == LEFT, given == NOTHING),  # it may have left before it arrived
                    z3.And(facets["arrival"] >= 0, facets["arrival"] < world.clock),
                ),
            ),
        ]

    @cached_property
    def _known_before(self) -> list[z3.BoolRef]:
        """The names of what is known before a step of the calls that are spoken of."""
        calls = {"one": ONE, "other": OTHER, "who": WHO}
        return [e for name, c in calls.items() for e in equations(BEFORE[name], facets_of(self.world, c))]

    def _known_after(self, world: World) -> list[z3.BoolRef]:
        """Return the names of what is known after it, and of the machine's state then."""
        calls = {"one": ONE, "other": OTHER}
        said = [e for name, c in calls.items() for e in equations(AFTER[name], facets_of(world, c))]
        return [name == value for name, value in self._at(world) if not name.eq(value)] + said

    def _transitions(self, operation: Operation) -> Iterator[Transition]:
        """Yield what each path through an operation's function does to every call."""
        for path in self._paths[operation]:
            step = path.result
            guard = (*self._guard(operation, step.arguments), *path.conditions)
            queue = Calls(
                self.world.parked, self.world.owner, lambda c: self.world.phase(c) == PARKED, self.world.position
            )
            applied = partial(self._apply, step.rule, queue, SymCall(WHO))
            for one in enumerate_paths(applied, [SymBool(one) for one in guard]):
                queue_after, resumed = (remembered(calls_of(part)) for part in one.result)
                after, open_order = self._world_after(operation, step, queue_after, resumed)
                stands = z3.And(PLACE >= 0, resumed.length > PLACE)
                apart = z3.And(
                    z3.Not(z3.And(queue_after.has(ONE), resumed.has(ONE))),
                    z3.Implies(resumed.has(ONE), z3.And(resumed.place(ONE) >= 0, resumed.place(ONE) < resumed.length)),
                    # each place holds a call that stands there: so none stands at two
                    z3.Implies(stands, resumed.has(resumed.at(PLACE))),
                    z3.Implies(stands, resumed.place(resumed.at(PLACE)) == PLACE),
                )
                projected = queue_after.length == term(step.after[self._machine.parked_at])
                yield self._transition(
                    operation.name, step.rule.id, step, (*guard, *one.conditions), open_order, after, projected, apart
                )

    def _guard(self, operation: Operation, arguments: dict[str, Any]) -> tuple[z3.BoolRef, ...]:
        """Return which call can make the step, and what the host tells of it.

        A call is not made yet; a call that is withdrawn is parked or released, or not made yet if the machine lets it
        be withdrawn so early. A fact that the host may choose is assumed to be as its premise says.
        """
        phase = self.world.phase(WHO)
        can = phase == FRESH
        if operation is self._machine.withdraw:
            early = [can] if self._machine.withdraws_early else []
            can = z3.Or(phase == PARKED, phase == RELEASED, *early)
        call = view(WHO, facets_of(self.world, WHO))
        read = [
            bool_term(arguments[fact.name]) == truth(partial(fact.read, call)) for fact in operation.facts if fact.read
        ]
        chosen = replace(operation, facts=tuple(fact for fact in operation.facts if not fact.read))
        return (can, *read, *fact_premises(chosen, arguments, SymInt(self.world.parked)))

    def _world_after(
        self, operation: Operation, step: Step, queue: Calls, resumed: Calls
    ) -> tuple[World, list[Quantified]]:
        """Return the world after a step, and what is known of the order of indices where a policy leaves it open."""
        before = self.world
        is_call = operation is not self._machine.withdraw
        given = resumed.given or _nothing
        somewhere = given(z3.FreshInt("k"))
        indexes = somewhere.kind != "none"
        chosen = z3.Function("chosen", z3.IntSort(), z3.IntSort())
        unchosen = z3.Function("unchosen", z3.IntSort(), z3.IntSort())
        open_order: list[Quantified] = []
        if somewhere.kind == "any":
            # an index order of "any": the indices are those of the places, in an order that is not known
            def within(k: Term) -> z3.BoolRef:
                return z3.And(k >= 0, k < resumed.length)

            for there, back in ((chosen, unchosen), (unchosen, chosen)):
                body = z3.Implies(within(PLACE), z3.And(within(there(PLACE)), back(there(PLACE)) == PLACE))
                open_order.append(([PLACE], body, [[there(PLACE)]]))

        def index_at(k: Term) -> Term:
            return chosen(k) if somewhere.kind == "any" else given(k).index

        def place_of_index(i: Term) -> Term:
            # a witness, which is not assumed to be right: that this place holds the index is proved
            return {"arrival": i, "reversed": resumed.length - 1 - i}.get(step.rule.order, unchosen(i))

        def indexed(c: Term) -> z3.BoolRef:
            return z3.And(resumed.has(c), given(resumed.place(c)).given == INDEX) if indexes else z3.BoolVal(False)

        def phase(c: Term) -> Term:
            own = before.phase(c) if is_call else choose(c == WHO, LEFT, before.phase(c))
            on = choose(resumed.has(c), z3.If(c == WHO, DONE, RELEASED), own)
            return choose(queue.has(c), PARKED, on)

        def holder(k: Term, i: Term) -> Term:
            kept = before.holder(k, i)
            return choose(k == before.tripped, resumed.at(place_of_index(i)), kept) if indexes else kept

        def of_caller(c: Term, new: Term, old: Term) -> Term:
            return choose(c == WHO, new, old) if is_call else old

        state = list(step.after)
        state[self._machine.parked_at] = SymInt(queue.length)
        after = World(
            before.constants,
            tuple(state),
            queue.length,
            before.tripped + 1 if indexes else before.tripped,
            before.clock + 1 if is_call else before.clock,
            phase=phase,
            position=lambda c: choose(queue.has(c), queue.place(c), before.position(c)),
            arrival=lambda c: of_caller(c, before.clock, before.arrival(c)),
            given=lambda c: choose(resumed.has(c), given(resumed.place(c)).given, before.given(c)),
            index=lambda c: choose(indexed(c), index_at(resumed.place(c)), before.index(c)),
            generation=lambda c: choose(indexed(c), before.tripped, before.generation(c)),
            waits=lambda c: of_caller(c, z3.BoolVal(operation.waits), before.waits(c)),
            owner=queue.at,
            holder=holder,
        )
        return after, open_order

    def _continuing(self) -> Transition:
        """Return the step by which a released call continues. The machine does not notice: no function makes it."""
        before = self.world
        after = replace(before, phase=lambda c: z3.If(c == WHO, DONE, before.phase(c)))
        yes = z3.BoolVal(True)
        return self._transition(CONTINUE, "-", None, (before.phase(WHO) == RELEASED,), [], after, yes, yes)

    def _transition(
        self,
        operation: str,
        rule: str,
        step: Step | None,
        condition: tuple[z3.BoolRef, ...],
        known: list[Quantified],
        after: World,
        projected: z3.BoolRef,
        apart: z3.BoolRef,
    ) -> Transition:
        """Return a transition with its premises: the invariant, what else is known, its condition, and all names."""
        names = (*self._known_before, *self._known_after(after))
        premises = (*self.invariant, *(for_all(*one) for one in known), *condition, *names)
        small = (*self.small_invariant, *(all_of(written_out(*one)) for one in known), *condition, *names)
        return Transition(operation, rule, step, condition, premises, small, after, projected, apart)

    def creation(self, path: Path[Any]) -> Iterator[Goal]:
        """Yield that the invariant holds of a new machine."""
        constants, state, rule = path.result
        world = new_world(self._machine, constants, state)
        premises = (*path.conditions, self._distinct, *self._known_after(world))

        def make(name: str, claims: tuple[str, ...], conclusion: z3.BoolRef) -> Goal:
            return Goal(name, claims, self._machine.name, "any", "create", rule.id, "identities", premises, conclusion)

        yield make("no call is parked at a new machine", (), world.parked == term(state[self._machine.parked_at]))
        yield from self._invariant_goals(world, "at first", make)

    def _invariant_goals(self, world: World, when: str, make: Callable[..., Goal]) -> Iterator[Goal]:
        yield make(f"{when}: {NUMBERS}", (), all_of(self._numbers(world)))
        for name, body in self.ghosts(world, ONE, AFTER["one"]):
            yield make(f"{when}: {name}", (), body)
        claims = self._machine.call_claims
        for property_, body in zip(claims.invariants, self.invariant_terms, strict=True):
            yield make(f"{when}: {property_}", property_.ids, body)
        for property_, body, of_index in zip(claims.places, self.place_terms, self._of_index, strict=True):
            yield make(f"{when}: {property_}", property_.ids, z3.substitute(body, *self._held(world, of_index)[1]))

    def transition_goals(self, one: Transition) -> Iterator[Goal]:
        """Yield what is to be proved of one transition: that it refines, keeps the invariant, and is as claimed."""
        make = partial(self.goal, "identities", one=one)
        yield make("the step can be made", (), None)
        # a small world shows that; but what is assumed of any number of calls must not prove everything either
        yield replace(make("no contradiction is found in what is assumed", (), z3.BoolVal(False)), must_not_follow=True)
        if one.step is not None:
            yield make(PROJECTED, (), one.projected)
            yield make(ONCE, (), one.apart)
        yield from self._invariant_goals(one.after, "stays", make)
        if one.step is not None:
            for property_ in self._machine.call_claims.steps:
                said = self._step_terms.of(property_, one.step, ACTOR, ONE_BEFORE, ONE_AFTER)
                yield make(str(property_), property_.ids, said)

    def goals(self) -> Iterator[Goal]:
        """Yield what is to be proved of every step of every operation."""
        for operation in self._paths:
            yield from self._operation_goals(operation)
        for one in self.steps:
            yield from self.transition_goals(one)

    def _operation_goals(self, operation: Operation) -> Iterator[Goal]:
        """Yield that what the function assumes is true of every state with identities, and that some path applies."""
        arguments = {name: symbol(name, kind) for name, kind in operation.inputs.items()}
        guard = self._guard(operation, arguments)
        make = partial(
            Goal,
            part="identities",
            claims=(),
            machine=self._machine.name,
            policy=self.policy.name,
            operation=operation.name,
            rule="all",
            premises=(*self.invariant, *guard),
            small=(*self.small_invariant, *guard),
        )
        facts = fact_premises(operation, arguments, SymInt(self.world.parked))
        for fact, said in zip(operation.facts, facts, strict=True):
            yield make(name=f"refines: what {fact.name} says of the number parked is true", conclusion=said)
        conditions = any_of([all_of(path.conditions) for path in self._paths[operation]])
        yield make(name="refines: some path applies to every step", conclusion=conditions)

    def goal(
        self,
        part: Part,
        name: str,
        claims: tuple[str, ...],
        conclusion: z3.BoolRef | None,
        one: Transition,
        *others: z3.BoolRef,
    ) -> Goal:
        """Return a goal about one transition; without a conclusion, that it and the others can be in a small world."""
        # the very same tuples where there are no others: `Discharge` recognises its premises by them
        small = (*one.small, *others) if others else one.small
        premises = small if conclusion is None else (*one.premises, *others) if others else one.premises
        return Goal(
            name, claims, self._machine.name, self.policy.name, one.operation, one.rule, part, premises, conclusion,
            small,
        )  # fmt: skip


def _nothing(place: Term) -> Ending:
    return Ending(NOTHING, z3.IntVal(0))
