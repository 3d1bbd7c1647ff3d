"""Induction over the specification's own functions: what holds of every count, every number of parties and of tasks.

For each machine, each policy and each operation the function is run on symbolic integers, under the premise that the
machine's invariants hold before. What the paths do is then put to the solver as obligations: that the invariants hold
afterwards, that the step has each property that is claimed of it, that the accounts still add up. An obligation is
proved when its negation has no model. Beside them stand obligations that keep the proof honest: a new machine has the
invariants, each operation's paths are disjoint and leave nothing out, each path can be taken at all, and a decision
that does not heed the parked is the same when fewer are parked (which is why the shells may purge lazily).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Literal

import z3

from latchproof.verify.symbolic import Path, SymBool, UndecidableError, bool_term, enumerate_paths, symbol, term
from latchproof_spec.claims import Account, Claim, Step
from latchproof_spec.machines import MACHINES, Machine, Operation
from latchproof_spec.step import Rule

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Obligation:
    """One thing put to the solver, and what it said.

    `claims` is empty for the obligations that keep the proof honest. `counterexample` is a model, where it is refuted.
    `smtlib` is the negation that was found to have no model (or to have one), as SMT-LIB 2.
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
    arguments = {name: symbol(name, kind) for name, kind in (operation.parameters if operation else {}).items()}
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


def prove(machine: Machine, policies: tuple[Any, ...] | None = None) -> Iterator[Obligation]:
    """Every obligation of a machine under each of the policies (all that are named, unless given), discharged."""
    prover = _Prover(machine)
    yield from prover.creation()
    for policy in machine.policies if policies is None else policies:
        for operation in (*machine.operations, machine.withdraw):
            yield from prover.operation(operation, policy)


def prove_all() -> list[Obligation]:
    """Every obligation of both machines under every policy."""
    return [obligation for machine in MACHINES.values() for obligation in prove(machine)]


def _wrapped(premises: tuple[z3.BoolRef, ...]) -> list[SymBool]:
    return [SymBool(premise) for premise in premises]


def truth(predicate: Callable[[], object], premises: tuple[z3.BoolRef, ...] = ()) -> z3.BoolRef:
    """A predicate that may branch, as one term: the disjunction of the paths on which it is true."""
    paths = enumerate_paths(predicate, _wrapped(premises))
    return z3.Or([z3.And(*path.conditions, bool_term(path.result)) for path in paths])


def _adds_up_after(account: Account, step: Step, ghosts: tuple[Any, ...]) -> bool:
    return account.holds(step.constants, step.after, account.update(step, ghosts))


def _effect(rule: Rule) -> tuple[object, ...]:
    return rule.caller, rule.queue, rule.errors


class _Prover:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def _discharge(
        self,
        name: str,
        claims: tuple[Claim, ...],
        where: tuple[str, str, str],
        premises: tuple[z3.BoolRef, ...],
        conclusion: Callable[[], object],
    ) -> Obligation:
        """Prove the conclusion, which may branch, from the premises."""
        begun = time.perf_counter()
        status: Status = "unknown"
        counterexample = smtlib = ""
        try:
            solver = z3.Solver()
            solver.set("timeout", 30_000)
            solver.add(*premises, z3.Not(truth(conclusion, premises)))
            smtlib = solver.to_smt2()
            verdict = solver.check()
            if verdict == z3.unsat:
                status = "proved"
            elif verdict == z3.sat:
                status, counterexample = "refuted", str(solver.model())
        except UndecidableError as error:
            counterexample = str(error)
        policy, operation, rule = where
        return Obligation(
            name,
            tuple(claim.id for claim in claims),
            self._machine.name,
            policy,
            operation,
            rule,
            status,
            counterexample,
            smtlib,
            time.perf_counter() - begun,
        )

    def creation(self) -> Iterator[Obligation]:
        """A machine that the constructor does not refuse has the invariants, and its accounts add up."""
        machine = self._machine
        argument = symbol("argument", int)
        for path in enumerate_paths(lambda: machine.create(argument)):
            constants, state, rule = path.result
            if rule.refuses:
                continue
            where = ("any", "create", rule.id)
            for invariant in machine.invariants:
                yield self._discharge(
                    f"a new {machine.name}: {invariant}",
                    invariant.claims,
                    where,
                    path.conditions,
                    partial(invariant.holds, *constants, *state),
                )
            for account in machine.accounts:
                yield self._discharge(
                    f"a new {machine.name}: {account}",
                    account.claims,
                    where,
                    path.conditions,
                    partial(account.holds, constants, state, account.start(constants, state)),
                )

    def operation(self, operation: Operation, policy: Any) -> Iterator[Obligation]:
        machine = self._machine
        given = symbols(machine, operation)
        paths = paths_of(machine, operation, policy)
        yield from self._paths_partition(operation, policy, given, paths)
        for path in paths:
            step = path.result
            premises = (*given.premises, *path.conditions)
            where = (policy.name, operation.name, step.rule.id)
            yield self._taken(where, premises)
            for invariant in machine.invariants:
                yield self._discharge(
                    f"stays: {invariant}",
                    invariant.claims,
                    where,
                    premises,
                    partial(invariant.holds, *step.constants, *step.after),
                )
            for property_ in machine.step_properties:
                yield self._discharge(str(property_), property_.claims, where, premises, partial(property_.holds, step))
            for account in machine.accounts:
                ghosts = tuple(symbol(name, int) for name in account.ghosts)
                before = truth(partial(account.holds, step.constants, step.before, ghosts))
                yield self._discharge(
                    f"still adds up: {account}",
                    account.claims,
                    where,
                    (*premises, before),
                    partial(_adds_up_after, account, step, ghosts),
                )
        yield self._fewer_parked_make_no_difference(operation, policy, given)

    def _paths_partition(
        self, operation: Operation, policy: Any, given: Symbolic, paths: list[Path[Step]]
    ) -> Iterator[Obligation]:
        where = (policy.name, operation.name, "all")
        conditions = [z3.And(*path.conditions) for path in paths]
        yield self._discharge(
            "the paths leave nothing out", (), where, given.premises, lambda: _wrapped((z3.Or(conditions),))[0]
        )
        overlap = z3.Or([z3.And(one, other) for one, other in combinations(conditions, 2)])
        yield self._discharge(
            "the paths are disjoint", (), where, given.premises, lambda: _wrapped((z3.Not(overlap),))[0]
        )

    def _taken(self, where: tuple[str, str, str], premises: tuple[z3.BoolRef, ...]) -> Obligation:
        """The path can be taken: its premises have a model. Without that, all that is proved of it is empty."""
        begun = time.perf_counter()
        solver = z3.Solver()
        solver.add(*premises)
        verdict = solver.check()
        status: Status = "proved" if verdict == z3.sat else "unknown" if verdict == z3.unknown else "refuted"
        policy, operation, rule = where
        seconds = time.perf_counter() - begun
        name = "the premises are satisfiable"
        smtlib = solver.to_smt2()
        return Obligation(name, (), self._machine.name, policy, operation, rule, status, "", smtlib, seconds)

    def _fewer_parked_make_no_difference(self, operation: Operation, policy: Any, given: Symbolic) -> Obligation:
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
        return self._discharge("fewer parked make no difference", (), where, premises, same)


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
