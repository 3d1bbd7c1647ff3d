"""What the proofs assume excludes no state that can be reached: this is proved of the very goals that were put.

An induction is as good as its premises. A premise too many (a guard, a phase, a bound on a ghost) has everything proved
that was, of fewer states. So each goal about a step is taken apart again, and each part of its premises is accounted
for:

- What is assumed of any state must have been proved of each state after a step, and of a new machine.
- A name of something (`one.phase+`) must be fresh, and stand for that: then any state has values for all names.
- Where a policy leaves an order open, any permutation must satisfy what is assumed of it, and none may be left out.
- All the rest are conditions. One of the steps of which a claim is proved must be possible in every state, for every
  call that can make the step and every argument that it can be given.

Which call can make a step is written down here once more, without the prover's guards. Of liveness it is written down
what is owed to which call, and what it is for a released call to stay so; the goals must say no less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import z3

from latchproof.prove.goals import Goal
from latchproof.prove.identities import CONTINUE, NUMBERS, ONCE, PROJECTED, Identities, Transition
from latchproof.prove.liveness import WF1_CAN, WF1_FULFILS, WF1_STAYS, owed_name
from latchproof.prove.paths import SymInt, all_of, any_of, bool_term, enumerate_paths, symbol, term, truth
from latchproof.prove.sequences import CALL, INDEX, NOTHING, PLAIN, errors_of
from latchproof.prove.world import (
    AFTER,
    BEFORE,
    DONE,
    FACETS,
    FRESH,
    LEFT,
    ONE,
    OTHER,
    PARKED,
    RELEASED,
    WHO,
    Term,
    World,
    facets_of,
    new_world,
    next_names,
    view,
)
from latchproof_spec.machine import Machine, Operation

NEXT: Final = "what is assumed of the next state is what is proved of it"

LEFT_OUT: Final = "no state is left out of what is proved of a step: "

_CHOSEN, _UNCHOSEN = (z3.Function(name, z3.IntSort(), z3.IntSort()) for name in ("chosen", "unchosen"))
_ORDER, _UNORDER = (z3.Function(name, z3.IntSort(), z3.IntSort()) for name in ("any.order", "any.place"))

Pairs: TypeAlias = list[tuple[Term, Term]]


def premise_goals(machine: Machine, models: Sequence[Identities], goals: Sequence[Goal]) -> Iterator[Goal]:
    """Yield what keeps the premises of all these goals about a machine, one model a policy, from excluding a state."""
    of: dict[tuple[str, str], list[Goal]] = {}
    for goal in goals:
        of.setdefault((goal.policy, "counters" if goal.part == "counters" else "calls"), []).append(goal)
    yield from _creation_goals(machine, models[0], of.get(("any", "calls"), []))
    shared: dict[tuple[int, ...], _Shared] = {}
    for model in models:
        if (ids := _ids(model.invariant)) not in shared:
            shared[ids] = _Shared(machine, model)
        yield from _counter_goals(machine, model.policy, of.get((model.policy.name, "counters"), []))
        yield from Premises(machine, model, of.get((model.policy.name, "calls"), []), shared[ids]).goals()


class Premises:
    """What is assumed by the goals about the steps of one model, taken apart.

    `goals` are those that were put about identities and liveness under the model's policy.
    """

    def __init__(self, machine: Machine, model: Identities, goals: Iterable[Goal], shared: _Shared) -> None:
        self._machine = machine
        self._model = model
        self._shared = shared
        self._world = model.world
        self._steps = {id(one.premises): one for one in model.steps}
        self._of: dict[tuple[str, str], dict[int, Goal]] = {}
        self._after: dict[int, list[Goal]] = {}
        for one in goals:
            if one.conclusion is not None and not one.must_not_follow:
                self._of.setdefault((one.operation, one.name), {})[id(one.premises)] = one
                self._after.setdefault(id(one.premises), []).append(one)

    def goals(self) -> Iterator[Goal]:
        """Yield everything that keeps the premises from excluding a state."""
        for name, bare in self._bare():
            yield from self._covered(name, bare)
        for one in self._model.steps:
            yield self._inductive(one)
            if _is_open(one):
                yield from self._open_order(one)
            if self._machine.eventualities:
                yield from self._live(one)
        if self._machine.eventualities:
            yield from self._continuing(self._model.continuing)

    def _bare(self) -> Iterator[tuple[str, tuple[z3.BoolRef, ...]]]:
        """Yield each operation with what is needed to make it: a call that can, and what the host tells of the call."""
        world, phase = self._world, self._world.phase(WHO)
        for operation in self._machine.operations:
            yield operation.name, (phase == FRESH, *self._told(operation))
        withdraw = self._machine.withdraw
        early = [phase == FRESH] if self._machine.withdraws_early else []
        yield withdraw.name, (z3.Or(phase == PARKED, phase == RELEASED, *early), *self._told(withdraw))
        yield CONTINUE, (world.phase(WHO) == RELEASED,)

    def _told(self, operation: Operation) -> Iterator[z3.BoolRef]:
        """Yield what each fact is that the host tells: what it reads off the call; else anything it may choose."""
        call = view(WHO, facets_of(self._world, WHO))
        for fact in operation.facts:
            argument = symbol(fact.name, bool)
            if fact.read:
                yield bool_term(argument) == truth(partial(fact.read, call))
            else:
                yield truth(partial(fact.premise, argument, SymInt(self._world.parked)))

    def _subjects(self, operation: str) -> list[str]:
        """Return the names of all goals that must have been put about the steps of an operation."""
        claims = self._machine.call_claims
        kept = [*(name for name, _ in self._model.ghosts(self._world, ONE, BEFORE["one"])), NUMBERS]
        kept += [str(one) for one in (*claims.invariants, *claims.places)]
        names = [f"stays: {name}" for name in kept]
        if self._machine.eventualities:
            names.append(WF1_STAYS)
        if operation == CONTINUE:
            return [*names, *([WF1_FULFILS, WF1_CAN] if self._machine.eventualities else [])]
        return [*names, PROJECTED, ONCE, *(str(one) for one in claims.steps)]

    def _covered(self, operation: str, bare: tuple[z3.BoolRef, ...]) -> Iterator[Goal]:
        """Yield that each claim is proved of a step in every state: of those that it is proved of, one is possible."""
        families: dict[tuple[int, ...], list[str]] = {}
        for name in self._subjects(operation):
            families.setdefault(tuple(self._of.get((operation, name), ())), []).append(name)
        for family, names in families.items():
            steps = self._of.get((operation, names[0]), {})
            possible = any_of([all_of(self._conditions(steps[one].premises)) for one in family])
            name = LEFT_OUT + _listed(names, len(families) == 1)
            said = z3.Implies(all_of(bare), possible)
            yield self._goal(name, operation, "all", self._model.invariant, said)

    def _conditions(self, premises: tuple[z3.BoolRef, ...]) -> list[z3.BoolRef]:
        """Return the conditions among the premises of a goal. What is assumed of an open order is seen to elsewhere."""
        parts = self._shared.parts(premises)
        is_open = id(premises) in self._steps and _is_open(self._steps[id(premises)])
        return parts.conditions if is_open else [*parts.conditions, *parts.quantified]

    def _inductive(self, one: Transition) -> Goal:
        """Return that all that is assumed of the state after a step, and by a name, is what was proved of it."""
        proved = [goal.conclusion for goal in self._after.get(id(one.premises), ()) if goal.conclusion is not None]
        rest = self._shared.unproved(one.premises, proved, one.after)
        # most often nothing is left to prove: what is assumed is, to the letter, what was proved
        premises = (*self._model.invariant, *self._shared.written_out(one.premises, proved)) if rest else ()
        return self._goal(NEXT, one.operation, one.rule, premises, all_of(rest))

    def _open_order(self, one: Transition) -> Iterator[Goal]:
        """Yield that an order that a policy leaves open is any permutation of the calls that are given an index."""
        world, after = self._world, one.after
        bare = dict(self._bare())[one.operation]
        place = z3.Int("place")
        given = world.parked + 1

        def within(number: Term) -> z3.BoolRef:
            return z3.And(number >= 0, number < given)

        def permutes(there: z3.FuncDeclRef, back: z3.FuncDeclRef) -> z3.BoolRef:
            body = z3.Implies(within(place), z3.And(within(there(place)), back(there(place)) == place))
            return z3.ForAll([place], body, patterns=[there(place)])

        kept = self._shared.parts(one.premises).quantified
        index, last = z3.Var(0, z3.IntSort()), given - 1 - z3.Var(0, z3.IntSort())
        permuted = z3.And(*bare, permutes(_ORDER, _UNORDER), permutes(_UNORDER, _ORDER))
        orders = (
            ("any permutation", permuted, _ORDER(index), _UNORDER(index)),
            ("that of arrival", all_of(bare), index, index),
            ("its reverse", all_of(bare), last, last),
        )
        for name, if_so, there, back in orders:
            said = all_of([z3.substitute_funs(each, (_CHOSEN, there), (_UNCHOSEN, back)) for each in kept])
            goal = partial(self._goal, f"an open order may be {name}", one.operation, one.rule)
            yield goal(self._model.invariant, z3.Implies(if_so, said))
        is_given = z3.And(
            z3.Implies(world.phase(ONE) == PARKED, after.index(ONE) == _CHOSEN(world.position(ONE))),
            after.index(WHO) == _CHOSEN(world.parked),
        )
        yield self._goal("an open order decides each index", one.operation, one.rule, one.premises, is_given)

    def _live(self, one: Transition) -> Iterator[Goal]:
        """Yield that the goals of liveness about a step say no less than what it owes, and what it leaves released."""
        before, after = self._world.phase(ONE), AFTER["one"]["phase"]
        kept = self._same_ending()
        ends = z3.And(ONE == WHO, z3.Or(z3.And(after == DONE, kept), after == LEFT))
        remains = z3.Implies(before == RELEASED, z3.Or(z3.And(after == RELEASED, kept), ends))
        yield self._as_said("a released call stays so, with what it was given", WF1_STAYS, one, remains)
        if one.step is None:
            return
        parks = z3.BoolVal(one.step.rule.caller == "parks")
        for eventuality in self._machine.eventualities:
            entitled = z3.Or(z3.And(before == PARKED, ONE != WHO), z3.And(ONE == WHO, parks))
            owes = z3.And(truth(partial(eventuality.owes, one.step)), entitled)
            released = z3.Implies(owes, z3.Or(after == RELEASED, after == DONE))
            yield self._as_said(f"{eventuality}: it is owed to each parked call", owed_name(eventuality), one, released)

    def _continuing(self, one: Transition) -> Iterator[Goal]:
        """Yield that the goals about continuing say no less than that a released call can, and then is done."""
        before, after = self._world.phase(ONE), AFTER["one"]["phase"]
        said = z3.Implies(z3.And(before == RELEASED, ONE == WHO), z3.And(after == DONE, self._same_ending()))
        yield self._as_said("a call that continues is done", WF1_FULFILS, one, said)
        can = z3.substitute(all_of(self._conditions(one.premises)), (WHO, ONE))
        yield self._as_said("each released call can continue", WF1_CAN, one, z3.Implies(before == RELEASED, can))

    def _same_ending(self) -> z3.BoolRef:
        facets = ("given", "index", "generation")
        return z3.And([AFTER["one"][facet] == getattr(self._world, facet)(ONE) for facet in facets])

    def _as_said(self, name: str, of: str, one: Transition, bare: z3.BoolRef) -> Goal:
        """Return that the goals of a name about a step say no less than the bare statement.

        It must follow from what they say, and not from what the step does: what is known after it are mere names here.
        """
        put = [goal.conclusion for goal in self._after.get(id(one.premises), ()) if goal.name == of]
        said = z3.substitute(all_of([each for each in put if each is not None]), *self._shared.before)
        return self._goal(name, one.operation, one.rule, (), z3.Implies(said, bare))

    def _goal(
        self,
        name: str,
        operation: str,
        rule: str,
        premises: tuple[z3.BoolRef, ...],
        conclusion: z3.BoolRef,
    ) -> Goal:
        policy = self._model.policy.name
        return Goal(name, (), self._machine.name, policy, operation, rule, "premises", premises, conclusion)


def _creation_goals(machine: Machine, model: Identities, goals: Sequence[Goal]) -> Iterator[Goal]:
    """Yield that every new machine has what is assumed of any state."""
    shared = _Shared(machine, model, (z3.Distinct(NOTHING, PLAIN, INDEX, *errors_of(machine.rules)),))
    possible: list[z3.BoolRef] = []
    for path in enumerate_paths(lambda: machine.create(symbol("argument", int))):
        constants, state, rule = path.result
        if rule.refuses:
            possible.append(all_of(path.conditions))
            continue
        put = [one for one in goals if (one.part, one.operation, one.rule) == ("identities", "create", rule.id)]
        premises = put[0].premises if put else (z3.BoolVal(False),)
        parts = shared.parts(premises)
        possible.append(all_of([*parts.conditions, *parts.quantified]))
        proved = [one.conclusion for one in put if one.premises is premises and one.conclusion is not None]
        rest = shared.unproved(premises, proved, new_world(machine, constants, state))
        where = (machine.name, "any", "create", rule.id)
        known = (*shared.written_out(premises, proved), *path.conditions) if rest else ()
        yield Goal(NEXT, (), *where, "premises", known, all_of(rest))
    yield Goal(
        "no new machine is left out", (), machine.name, "any", "create", "all", "premises", (), any_of(possible)
    )  # fmt: skip


def _counter_goals(machine: Machine, policy: Any, goals: Iterable[Goal]) -> Iterator[Goal]:
    """Yield that no state and no argument is left out of what is proved of the machine's own numbers.

    Nothing is taken apart here: in every state, the premises of some goal of each name hold as they are.
    """
    put: dict[tuple[str, str], dict[int, Goal]] = {}
    for one in goals:
        if one.conclusion is not None and not one.must_not_follow:
            put.setdefault((one.operation, one.name), {})[id(one.premises)] = one
    constants = tuple(symbol(name, int) for name in machine.constants)
    state = tuple(symbol(name, kind) for name, kind in machine.state.items())
    invariant = [truth(partial(one.holds, *constants, *state)) for one in machine.invariants]
    parked = state[machine.parked_at]
    for operation in machine.every_operation:
        told = [truth(partial(fact.premise, symbol(fact.name, bool), parked)) for fact in operation.facts]
        families: dict[tuple[tuple[int, ...], int], list[str]] = {}
        names = [f"stays: {one}" for one in machine.invariants] + [str(one) for one in machine.step_properties]
        accounts = [(f"still adds up: {one}", one) for one in machine.accounts]
        for name, account in (*((name, None) for name in names), *accounts):
            key = tuple(put.get((operation.name, name), ())), id(account)
            families.setdefault(key, []).append(name)
        for (family, of), covered in families.items():
            before = [
                truth(partial(one.holds, constants, state, tuple(symbol(ghost, int) for ghost in one.ghosts)))
                for one in machine.accounts
                if id(one) == of
            ]
            steps = put.get((operation.name, covered[0]), {})
            said = any_of([all_of(steps[one].premises) for one in family])
            yield Goal(
                LEFT_OUT + _listed(covered, len(families) <= 1 + len(accounts)), (), machine.name, policy.name,
                operation.name, "all", "premises", (), z3.Implies(all_of([*invariant, *told, *before]), said),
            )  # fmt: skip


def _listed(names: list[str], whole: bool) -> str:
    return "every claim" if whole and len(names) > 1 else ", ".join(names)


def _before() -> Pairs:
    """Return the names of what is known before a step, each with what it stands for."""
    calls = (("one", ONE), ("other", OTHER), ("who", WHO))
    return [
        (BEFORE[name][facet], z3.Function(facet, CALL, sort)(call))
        for name, call in calls
        for facet, sort in FACETS.items()
    ]


def _meanings(machine: Machine, after: World) -> Pairs:
    """Return the names that are used in goals, each with what it stands for."""
    found = _before()
    for name, call in (("one", ONE), ("other", OTHER)):
        found += [(AFTER[name][facet], getattr(after, facet)(call)) for facet in FACETS]
    state, tripped = next_names(machine)
    found += [(term(name), term(value)) for name, value in zip(state, after.state, strict=True)]
    found += [(term(symbol(n, int)), term(v)) for n, v in zip(machine.constants, after.constants, strict=True)]
    return [*found, (tripped, after.tripped)]


def _is_open(one: Transition) -> bool:
    return one.step is not None and one.step.rule.queue == "indexed" and one.step.rule.order in ("any", "one leads")


class _Shared:
    """What was taken apart, and written out, by the identities of its terms: policies share most of their steps."""

    def __init__(self, machine: Machine, model: Identities, assumed: tuple[z3.BoolRef, ...] | None = None) -> None:
        self._machine = machine
        self._world = model.world
        self.before = _before()
        self._assumed = {one.get_id(): one for one in (model.invariant if assumed is None else assumed)}
        # each name that goals use, with another in its place
        # a step leaves a constant as it is: an equation about one is a condition there, and no name for something
        is_new = assumed is not None
        names = [name for name, value in _meanings(machine, model.world) if is_new or not name.eq(value)]
        self._names = {one.get_id(): (one, z3.Const(f"{one}'", one.sort())) for one in names}
        _, numbers = _becomes(model.world, model.world)
        # what the functions become speaks of the numbers before: these must not be replaced there
        self._apart = [(number, z3.Const(f"{number}'", number.sort())) for number, _ in numbers]
        self._any = z3.substitute(z3.And(*map(_instance, model.invariant)), *self._apart)
        self._parts: dict[tuple[int, ...], tuple[tuple[z3.BoolRef, ...], _Parts]] = {}
        self._written: dict[tuple[int, ...], tuple[list[z3.BoolRef], list[z3.BoolRef]]] = {}
        self._unproved: dict[tuple[int, ...], tuple[object, list[z3.BoolRef]]] = {}

    def parts(self, premises: tuple[z3.BoolRef, ...]) -> _Parts:
        """Return the premises of a goal, taken apart."""
        key = _ids(premises)
        if key not in self._parts:
            # keep the terms too: z3 uses the identity of a term again once the term is gone
            self._parts[key] = premises, _Parts(premises, self._assumed, self._names)
        return self._parts[key][1]

    def written_out(self, premises: tuple[z3.BoolRef, ...], said: list[z3.BoolRef]) -> list[z3.BoolRef]:
        """Return conclusions with the names that occur in them replaced by what the premises say they stand for."""
        names = self.parts(premises).names
        if not said or not names:
            return said
        key = (*_ids(premises), -1, *_ids(said))
        if key not in self._written:
            self._written[key] = said, z3.substitute(z3.And(*said), *names).children()
        return self._written[key][1]

    def unproved(self, premises: tuple[z3.BoolRef, ...], proved: list[z3.BoolRef], after: World) -> list[z3.BoolRef]:
        """Return what is assumed of the state after a step, or by a name, and is not what was proved, or is meant."""
        functions, numbers = _becomes(self._world, after)
        new = [*(body for _, body in functions), *(number for _, number in numbers)]
        key = (*_ids(premises), -1, *_ids(proved), -1, *_ids(new))
        if key not in self._unproved:
            meant = {name.get_id(): value for name, value in _meanings(self._machine, after)}
            named = self.parts(premises).names
            rest = [name == meant[name.get_id()] for name, value in named if not value.eq(meant[name.get_id()])]
            said = self.written_out(premises, proved)
            known = {each.get_id(): each for one in said for each in (one, *(one.children() if z3.is_and(one) else ()))}
            known |= self._assumed
            # what is assumed of any state, said of that one: of the calls and places that variables are named for
            then = zip((name for _, name in self._apart), (value for _, value in numbers), strict=True)
            assumed = z3.substitute(z3.substitute_funs(self._any, *functions), *then).children()
            assumed = [one for one in assumed if one.get_id() not in known]
            if assumed:
                known |= {one.get_id(): one for one in map(z3.simplify, tuple(known.values()))}
                simple = map(z3.simplify, assumed)
                rest += [one for one in simple if not z3.is_true(one) and one.get_id() not in known]
            self._unproved[key] = (premises, proved, new), rest
        return self._unproved[key][1]


def _ids(terms: Iterable[Term]) -> tuple[int, ...]:
    return tuple(one.get_id() for one in terms)


class _Parts:
    """The premises of a goal that are not the invariant: names with their values, quantified premises, and conditions.

    Only `known` names are names, and only as long as nothing else is said of any of them; else all are conditions.
    """

    def __init__(
        self,
        premises: Sequence[z3.BoolRef],
        invariant: Mapping[int, z3.BoolRef],
        known: Mapping[int, tuple[Term, Term]],
    ) -> None:
        others = [one for one in premises if one.get_id() not in invariant]
        # z3 writes an equation with a number the other way round
        said = {one.get_id(): _equation(one, known) for one in others}
        rest = [one for one in others if said[one.get_id()] is None]
        self.names: Pairs = [pair for pair in said.values() if pair is not None]
        elsewhere = z3.And(*rest, *invariant.values(), *(value == value for _, value in self.names))
        fresh = [known[name.get_id()] for name, _ in self.names]
        twice = len({name.get_id() for name, _ in self.names}) < len(self.names)
        if twice or not z3.substitute(elsewhere, *fresh).eq(elsewhere):
            self.names, rest = [], others
        self.quantified = [one for one in rest if z3.is_quantifier(one)]
        self.conditions = [one for one in rest if not z3.is_quantifier(one)]


def _equation(one: z3.BoolRef, known: Mapping[int, object]) -> tuple[Term, Term] | None:
    """Return the name and its value, if it is an equation that says what a known name stands for."""
    if not z3.is_eq(one):
        return None
    left, right = one.children()
    return (left, right) if left.get_id() in known else (right, left) if right.get_id() in known else None


def _becomes(before: World, after: World) -> tuple[list[tuple[z3.FuncDeclRef, Term]], Pairs]:
    """Return the functions and the numbers of a world, each with what it becomes; a function's are of variables."""
    functions = [(z3.Function(of, CALL, sort), getattr(after, of)(z3.Var(0, CALL))) for of, sort in FACETS.items()]
    number, other = z3.Var(0, z3.IntSort()), z3.Var(1, z3.IntSort())
    functions.append((z3.Function("owner", z3.IntSort(), CALL), after.owner(number)))
    functions.append((z3.Function("holder", z3.IntSort(), z3.IntSort(), CALL), after.holder(number, other)))
    was = map(term, (*before.constants, *before.state))
    numbers = list(zip(was, map(term, (*after.constants, *after.state)), strict=True))
    return functions, [*numbers, (before.tripped, after.tripped), (before.clock, after.clock)]


def _instance(one: z3.BoolRef) -> z3.BoolRef:
    """Return a quantified premise of the very things that its variables are named for."""
    if not z3.is_quantifier(one):
        return one
    variables = [z3.Const(one.var_name(number), one.var_sort(number)) for number in range(one.num_vars())]
    return z3.substitute_vars(one.body(), *reversed(variables))
