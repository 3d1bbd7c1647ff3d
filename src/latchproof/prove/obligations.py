"""Induction over the specification's own functions: what holds of every count, every number of parties and of tasks.

Three models and their controls, each made from the paths through the same functions.

- Counters: for each machine, policy and operation the function is run on symbolic integers, under the premise that the
  machine's invariants hold before. What the paths do is put to the solver as obligations: that the invariants hold
  afterwards, that the step has each property that is claimed of it, that the accounts still add up.
- Identities (`identity`): the same steps, and what they do to each of any number of calls.
- Liveness (`liveness`): what must happen some day, from the same steps, by Lamport's rule WF1.
- Controls (`controls`): what must not be provable, so that the proofs are not empty.

An obligation is proved when its negation has no model. Beside them stand obligations that keep the proof honest: a new
machine has the invariants, each operation's paths are disjoint and leave nothing out, each path can be taken at all,
and a decision that does not heed the parked is the same when fewer are parked (which is why the shells may purge
lazily). Every obligation can be put to a second solver (`smtlib`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import combinations, groupby
from typing import Any, Final, Literal

import z3

from latchproof.prove.goals import Goal, Model, Query, in_order, reads_back, text_of
from latchproof.prove.identities import Identities
from latchproof.prove.liveness import liveness_controls, liveness_goals
from latchproof.prove.paths import (
    Path,
    SymBool,
    all_of,
    any_of,
    bool_term,
    enumerate_paths,
    symbol,
    term,
    truth,
    unchecked,
)
from latchproof.prove.property_terms import StepTruths
from latchproof.prove.smtlib import Confirmation
from latchproof.prove.vacuity import call_goals, counter_goals
from latchproof_spec.claims import Account, Claim, Step
from latchproof_spec.machine import Machine, Operation, distinct_policies
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule, apply

Status = Literal["proved", "refuted", "unknown", "disputed", "unconfirmed"]

MODELS: Final[tuple[Model, ...]] = ("counters", "identities", "liveness")
"""What is proved of a machine, whole or in part, shipped or changed."""

CONTROLS: Final[tuple[Model, ...]] = ("controls",)
"""What keeps the proofs of a whole machine from being empty."""

MISREAD = "its text, which the second solver is given, does not read as what z3 was asked"

TIMEOUT = 10_000
"""Milliseconds after which a solver is taken not to know."""


@dataclass(frozen=True)
class Obligation:
    """One thing put to the solver, and what it said.

    `claims` is empty for the obligations that keep the proof honest. `counterexample` is a model, where it is refuted.
    `smtlib` is the negation that was found to have no model (or to have one), as SMT-LIB 2, and `query` the same in
    parts; none where only z3 is asked. `verdicts` holds what each solver answered that was asked, by name. An
    obligation that solvers answer differently is disputed.
    """

    name: str
    claims: tuple[str, ...]
    machine: str
    policy: str
    operation: str
    rule: str
    status: Status
    counterexample: str
    smtlib: str
    seconds: float
    model: Model = "counters"
    query: Query | None = None
    verdicts: tuple[tuple[str, str], ...] = ()
    for_one_solver: bool = False
    """Whether the second solver is not to be asked about it."""


@dataclass(frozen=True)
class Symbolic:
    """A machine's constants, state and an operation's arguments as symbols, with the premises that they satisfy."""

    constants: tuple[Any, ...]
    state: tuple[Any, ...]
    arguments: dict[str, Any]
    premises: tuple[z3.BoolRef, ...]


def symbols(machine: Machine, operation: Operation | None = None) -> Symbolic:
    """Symbols for a state in which the machine's invariants hold, and for any arguments of the operation.

    A task can only be parked if somebody is: that is what `is_parked` means, and it is the one premise besides.
    """
    constants = tuple(symbol(name, int) for name in machine.constants)
    state = tuple(symbol(name, kind) for name, kind in machine.state.items())
    arguments = {name: symbol(name, kind) for name, kind in (operation.inputs if operation else {}).items()}
    premises = [truth(partial(p.holds, *constants, *state)) for p in machine.invariants]
    if "is_parked" in arguments:
        parked = dict(zip(machine.state, state, strict=True))["parked"]
        premises.append(z3.Implies(bool_term(arguments["is_parked"]), bool_term(parked > 0)))
    return Symbolic(constants, state, arguments, tuple(premises))


def take(machine: Machine, operation: Operation, policy: Any, given: Symbolic) -> Step:
    """The step that the operation makes from the given state, with its own function."""
    *after, rule = operation.function(*given.constants, *given.state, *given.arguments.values(), policy=policy)
    return Step(operation.name, given.constants, given.state, given.arguments, tuple(after), rule, policy)


def paths_of(machine: Machine, operation: Operation, policy: Any) -> list[Path[Step]]:
    """Every path through an operation's function from a state in which the invariants hold."""
    given = symbols(machine, operation)
    return enumerate_paths(lambda: take(machine, operation, policy, given), premises=_wrapped(given.premises))


def prove(
    machine: Machine,
    policies: tuple[Any, ...] | None = None,
    *,
    models: tuple[Model, ...] = MODELS,
    apply: Callable[..., Any] = apply,
    is_wanted: Callable[[Goal], bool] | None = None,
    written: bool = True,
) -> Iterator[Obligation]:
    """Every obligation of a machine under each of the policies (all that are named, unless given), discharged by z3.

    They come one by one, in the order of the models that are asked for: stop where you have seen enough. The
    controls are of the claims, and mean something of a whole machine alone. `apply` says what a rule does to a queue,
    unless the specification's own is meant. What is not wanted is not proved. Those that are not to be `written` come
    without their queries as text, for whoever asks no second solver.
    """
    # policies that differ in nothing but their name are one to a proof
    distinct = distinct_policies(machine.policies if policies is None else policies)
    alike = {policy.name: names[1:] for policy, names in distinct.items()}
    discharge = _Discharge(written)
    goals = _Goals(machine, tuple(distinct), apply)
    for model in models:
        for goal in goals.of(model):
            if is_wanted is not None and not is_wanted(goal):
                continue
            found = discharge(goal)
            yield found
            yield from (replace(found, policy=name, seconds=0.0) for name in alike.get(goal.policy, ()))


def prove_whole(machines: Iterable[Machine], is_wanted: Callable[[Goal], bool] | None = None) -> list[Obligation]:
    """Every obligation of whole machines, controls too, under every policy, discharged by both solvers.

    Of those alone that are wanted, if that is said.
    """
    asked: dict[Machine, list[Confirmation]] = {machine: [] for machine in machines}
    with unchecked():
        # the second solver works while this one goes on: the machine of which it has most to answer comes first
        for machine in sorted(asked, key=lambda one: -len(distinct_policies(one.policies))):
            obligations = prove(machine, models=(*MODELS, *CONTROLS), is_wanted=is_wanted)
            # what shares its premises is asked together
            for _, together in groupby(obligations, key=lambda one: one.model in CONTROLS):
                asked[machine].append(Confirmation(list(together)))
    return [one for confirmations in asked.values() for each in confirmations for one in each.judged()]


def prove_all() -> list[Obligation]:
    """Every obligation of both machines: see `prove_whole`."""
    return prove_whole(MACHINES.values())


class _Goals:
    """All that is to be proved of a machine under some policies, model by model."""

    def __init__(self, machine: Machine, policies: tuple[Any, ...], apply: Callable[..., Any]) -> None:
        self._machine = machine
        self._policies = policies
        self._apply = apply
        self._operations = (*machine.operations, machine.withdraw)
        self._truths = StepTruths()

    @cached_property
    def _models(self) -> list[Identities]:
        return [
            Identities(self._machine, policy, self._paths(policy), self._apply, self._truths)
            for policy in self._policies
        ]

    def _paths(self, policy: Any) -> dict[Operation, list[Path[Step]]]:
        return {operation: paths_of(self._machine, operation, policy) for operation in self._operations}

    def of(self, model: Model) -> Iterator[Goal]:
        if model == "counters":
            counters = _Counters(self._machine, self._truths)
            yield from counters.creation(self._policies)
            for policy in self._policies:
                for operation in self._operations:
                    yield from counters.operation(operation, policy)
        elif model == "identities":
            for path in enumerate_paths(lambda: self._machine.create(symbol("argument", int))):
                if not path.result[-1].refuses:
                    yield from self._models[0].creation(path)
            for identities in self._models:
                yield from identities.goals()
        elif model == "liveness":
            for identities in self._models:
                yield from liveness_goals(identities, self._machine)
        else:
            yield from counter_goals(self._machine, self._policies)
            yield from call_goals(self._machine, self._models)
            for identities in self._models:
                yield from liveness_controls(identities, self._machine)


def _wrapped(premises: tuple[z3.BoolRef, ...]) -> list[SymBool]:
    return [SymBool(premise) for premise in premises]


class _Discharge:
    """Puts goals to z3, each that is the same but once: policies that do not differ in an operation share its proof."""

    def __init__(self, written: bool = True) -> None:
        self._written = written
        self._answers: dict[tuple[int, ...], tuple[Goal, Status, str, str, Query | None, str]] = {}
        self._premises: tuple[tuple[z3.BoolRef, ...], tuple[z3.BoolRef, ...], tuple[int, ...]] = ((), (), ())
        self._true = z3.BoolVal(True)
        self._asked: tuple[tuple[int, ...], z3.Solver] = ((), z3.SimpleSolver())
        self._texts: dict[int, tuple[z3.ExprRef, str, frozenset[str]]] = {}
        self._read: dict[tuple[int, str], tuple[z3.BoolRef, bool]] = {}
        self._asserted: dict[tuple[int, ...], tuple[tuple[str, ...], frozenset[str]]] = {}

    def __call__(self, goal: Goal) -> Obligation:
        begun = time.perf_counter()
        given, premises, ids = self._premises
        if goal.premises is not given:
            told = {one.get_id(): one for one in goal.premises}
            told.pop(self._true.get_id(), None)
            premises, ids = tuple(told.values()), tuple(told)
            self._premises = goal.premises, premises, ids
        key = (*ids, -1, -1 if goal.conclusion is None else goal.conclusion.get_id(), int(goal.must_not_follow))
        if key not in self._answers:
            # the goal is kept with the answer: its terms' identities are theirs only as long as they live
            answer = self._ask(goal, premises, ids)
            query = self._query(premises, ids, goal.conclusion) if self._written else None
            if query is not None and not self._reads_back(query, premises, goal.conclusion):
                answer = "disputed", MISREAD, answer[2]
            text = query.text if query is not None else ""
            # of what must not follow a second solver could only say that it does not know
            self._answers[key] = (goal, *answer, None if goal.must_not_follow else query, text)
        _, status, counterexample, verdict, query, text = self._answers[key]
        return Obligation(
            goal.name, goal.claims, goal.machine, goal.policy, goal.operation, goal.rule, status, counterexample,
            text, time.perf_counter() - begun, goal.model, query, (("z3", verdict),), goal.must_not_follow,
        )  # fmt: skip

    def _ask(self, goal: Goal, premises: tuple[z3.BoolRef, ...], ids: tuple[int, ...]) -> tuple[Status, str, str]:
        if goal.conclusion is None:
            solver = _solver(premises)
            verdict = solver.check()
            status: Status = "proved" if verdict == z3.sat else "unknown" if verdict == z3.unknown else "refuted"
            return status, "", str(verdict)
        if self._asked[0] != ids:
            self._asked = ids, _solver(premises)
        solver = self._asked[1]
        solver.push()
        solver.add(z3.Not(goal.conclusion))
        verdict = solver.check()
        model = str(solver.model()) if verdict == z3.sat else ""
        solver.pop()
        if goal.must_not_follow:
            return "refuted" if verdict == z3.unsat else "proved", "", str(verdict)
        if verdict == z3.unknown and goal.small is not None:
            solver = _solver((*goal.small, z3.Not(goal.conclusion)))
            if solver.check() == z3.sat:
                return "refuted", str(solver.model()), "unknown"
        status = "proved" if verdict == z3.unsat else "refuted" if verdict == z3.sat else "unknown"
        return status, model, str(verdict)

    def _query(self, premises: tuple[z3.BoolRef, ...], ids: tuple[int, ...], conclusion: z3.BoolRef | None) -> Query:
        if ids not in self._asserted:
            texts = [self._text(one) for one in premises]
            declared = frozenset(line for _, lines in texts for line in lines)
            self._asserted[ids] = tuple(text for text, _ in texts), declared
        assertions, declared = self._asserted[ids]
        if conclusion is None:
            return Query(in_order(declared), assertions, "", "sat")
        text, needed = self._text(conclusion)
        return Query(in_order(declared | needed), assertions, f"(not {text})", "unsat")

    def _reads_back(self, query: Query, premises: tuple[z3.BoolRef, ...], conclusion: z3.BoolRef | None) -> bool:
        """Whether each part of the query, read by itself, is what was put to z3."""
        parts = [*zip(premises, query.assertions, strict=True)]
        if conclusion is not None:
            parts.append((z3.Not(conclusion), query.negation))
        for one, text in parts:
            key = one.get_id(), text
            if key not in self._read:
                # the term is kept too: its identity is its own only as long as it lives
                self._read[key] = one, reads_back(one, text, query.declarations)
        return all(self._read[one.get_id(), text][1] for one, text in parts)

    def _text(self, one: z3.ExprRef) -> tuple[str, frozenset[str]]:
        if one.get_id() not in self._texts:
            self._texts[one.get_id()] = (one, *text_of(one))
        return self._texts[one.get_id()][1:]


def _solver(premises: Iterable[z3.BoolRef]) -> z3.Solver:
    """A solver that instantiates quantifiers by their patterns alone, so that it does not take long not to know."""
    solver = z3.SimpleSolver()
    solver.set("timeout", TIMEOUT)
    solver.set("auto_config", False)
    solver.set("mbqi", False)
    solver.add(*premises)
    return solver


def _adds_up_after(account: Account, step: Step, ghosts: tuple[Any, ...]) -> bool:
    return account.holds(step.constants, step.after, account.update(step, ghosts))


def _effect(rule: Rule) -> tuple[object, ...]:
    return rule.caller, rule.queue, rule.errors


class _Counters:
    """The goals about counters of a machine."""

    def __init__(self, machine: Machine, truths: StepTruths) -> None:
        self._machine = machine
        self._truths = truths

    def _goal(
        self,
        name: str,
        claims: tuple[Claim, ...],
        where: tuple[str, str, str],
        premises: tuple[z3.BoolRef, ...],
        conclusion: Callable[[], object] | z3.BoolRef | None,
    ) -> Goal:
        """That the premises imply the conclusion, which may branch; or, without one, that they can be met."""
        ids = tuple(claim.id for claim in claims)
        said = truth(conclusion) if callable(conclusion) else conclusion
        return Goal("counters", name, ids, self._machine.name, *where, premises, said)

    def creation(self, policies: tuple[Any, ...]) -> Iterator[Goal]:
        """The constructor refuses what it must, and else makes what was asked, with the invariants; accounts add up.

        Its argument is any whole number; what it does with what is no number is tried, not proved.
        """
        machine = self._machine
        argument = symbol("argument", int)
        nothing = tuple(kind() for kind in machine.state.values())
        for path in enumerate_paths(lambda: machine.create(argument)):
            constants, state, rule = path.result
            where = ("any", "create", rule.id)
            yield self._goal("the premises are satisfiable", (), where, path.conditions, None)
            for policy in policies:
                after = nothing if rule.refuses else state  # what comes with a refusal is not to be used
                made = Step("create", constants, nothing, {machine.parameter: argument}, after, rule, policy)
                for property_ in machine.step_properties:
                    yield self._goal(
                        f"a new {machine.name}: {property_}",
                        property_.claims,
                        (policy.name, "create", rule.id),
                        path.conditions,
                        partial(property_.holds, made),
                    )
            if rule.refuses:
                continue
            for invariant in machine.invariants:
                yield self._goal(
                    f"a new {machine.name}: {invariant}",
                    invariant.claims,
                    where,
                    path.conditions,
                    partial(invariant.holds, *constants, *state),
                )
            for account in machine.accounts:
                yield self._goal(
                    f"a new {machine.name}: {account}",
                    account.claims,
                    where,
                    path.conditions,
                    partial(account.holds, constants, state, account.start(constants, state)),
                )

    def operation(self, operation: Operation, policy: Any) -> Iterator[Goal]:
        machine = self._machine
        given = symbols(machine, operation)
        paths = paths_of(machine, operation, policy)
        premises_of = [(*given.premises, *path.conditions) for path in paths]
        yield from self._paths_partition(operation, policy, given, paths, premises_of)
        for path, premises in zip(paths, premises_of, strict=True):
            step = path.result
            where = (policy.name, operation.name, step.rule.id)
            # without this, all that is proved of the path is empty
            yield self._goal("the premises are satisfiable", (), where, premises, None)
            for invariant in machine.invariants:
                yield self._goal(
                    f"stays: {invariant}",
                    invariant.claims,
                    where,
                    premises,
                    partial(invariant.holds, *step.constants, *step.after),
                )
            for property_ in machine.step_properties:
                yield self._goal(str(property_), property_.claims, where, premises, self._truths.of(property_, step))
            for account in machine.accounts:
                ghosts = tuple(symbol(name, int) for name in account.ghosts)
                before = truth(partial(account.holds, step.constants, step.before, ghosts))
                yield self._goal(
                    f"still adds up: {account}",
                    account.claims,
                    where,
                    (*premises, before),
                    partial(_adds_up_after, account, step, ghosts),
                )
        yield self._fewer_parked_make_no_difference(operation, policy, given)

    def _paths_partition(
        self,
        operation: Operation,
        policy: Any,
        given: Symbolic,
        paths: list[Path[Step]],
        premises_of: list[tuple[z3.BoolRef, ...]],
    ) -> Iterator[Goal]:
        where = (policy.name, operation.name, "all")
        conditions = [all_of(path.conditions) for path in paths]
        # of each path all that is assumed when something is proved of it: what is assumed too much leaves something out
        premises = any_of([all_of(one) for one in premises_of])
        invariants = self._invariants(operation, given)
        yield self._goal("the paths leave nothing out", (), where, invariants, lambda: _wrapped((premises,))[0])
        overlap = any_of([z3.And(one, other) for one, other in combinations(conditions, 2)])
        yield self._goal("the paths are disjoint", (), where, given.premises, lambda: _wrapped((z3.Not(overlap),))[0])

    def _invariants(self, operation: Operation, given: Symbolic) -> tuple[z3.BoolRef, ...]:
        """All that may be assumed: the invariants, and that a task is parked only where somebody is."""
        holds = [truth(partial(p.holds, *given.constants, *given.state)) for p in self._machine.invariants]
        if operation.name == self._machine.withdraw.name:
            parked = given.state[list(self._machine.state).index("parked")]
            holds.append(z3.Implies(bool_term(given.arguments["is_parked"]), bool_term(parked > 0)))
        return tuple(holds)

    def _fewer_parked_make_no_difference(self, operation: Operation, policy: Any, given: Symbolic) -> Goal:
        """A step by a rule that does not heed the parked is made to the same effect if fewer are.

        The shells count a task whose cancellation is requested as parked until they purge it; this is what makes it
        right that they purge only where a rule heeds the parked.
        """
        machine = self._machine
        position = list(machine.state).index("parked")
        parked = given.state[position]
        fewer = symbol("fewer", int)
        less = (*given.state[:position], fewer, *given.state[position + 1 :])
        alike = Symbolic(given.constants, less, given.arguments, ())
        # of the lesser state nothing is assumed but that it can be: the invariants, and somebody there to withdraw
        invariants = tuple(truth(partial(p.holds, *given.constants, *less)) for p in machine.invariants)
        at_least = 1 if "is_parked" in given.arguments else 0

        def same() -> bool:
            one = take(machine, operation, policy, given)
            if one.rule.heeds_parked:
                return True
            other = take(machine, operation, policy, alike)
            rest = range(len(one.after))
            return (
                _effect(one.rule) == _effect(other.rule)
                and one.after[position] - parked == other.after[position] - fewer
                and all(one.after[i] == other.after[i] for i in rest if i != position)
            )

        premises = (*given.premises, *invariants, term(fewer) >= at_least, bool_term(fewer <= parked))
        where = (policy.name, operation.name, "all")
        return self._goal("fewer parked make no difference", (), where, premises, same)


def rules_taken(obligations: list[Obligation]) -> set[str]:
    """The rules on whose paths something was proved."""
    return {o.rule for o in obligations if o.status == "proved" and o.rule != "all"}


def unproved(obligations: list[Obligation]) -> list[Obligation]:
    """The obligations that were refuted, or that the solver could not decide."""
    return [o for o in obligations if o.status != "proved"]


def rules_of(machine: Machine, policy: Any) -> dict[str, Rule]:
    """The rules that the machine's operations can apply under a policy, by ID."""
    found = (
        path.result.rule
        for operation in (*machine.operations, machine.withdraw)
        for path in paths_of(machine, operation, policy)
    )
    return {rule.id: rule for rule in found}
