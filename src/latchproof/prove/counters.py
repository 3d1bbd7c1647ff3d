"""The goals about counters: the machine's own numbers, before and after any step, whatever their size.

For each policy and operation the function is run on symbolic integers, under the premise that the machine's invariants
hold before. What the paths do is put as goals: that the invariants hold afterwards, that the step has each property
that is claimed of it, that the accounts still add up. Beside them stand goals that keep the proof honest: a new machine
has the invariants, each operation's paths are disjoint and leave nothing out, each path can be taken at all, and a
decision that does not heed the parked is the same when fewer are parked (so the shells may purge lazily).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final

import z3

from latchproof.prove import steps
from latchproof.prove.goals import Goal
from latchproof.prove.paths import Path, SymBool, all_of, any_of, bool_term, enumerate_paths, symbol, term, truth
from latchproof.prove.steps import StepTerms, Symbolic, fact_premises, take
from latchproof_spec.claims import Account, Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule

FEWER: Final = "fewer parked make no difference"
"""The name of the goals by which our own classes may purge their queues late. Of a model it says nothing."""

READ: Final = "read"
"""What stands for an operation in the goals about readings."""


@dataclass(frozen=True)
class Counters:
    """The goals about counters of a machine."""

    machine: Machine
    step_terms: StepTerms

    def _goal(
        self,
        name: str,
        claims: tuple[str, ...],
        where: tuple[str, str, str],
        premises: tuple[z3.BoolRef, ...],
        conclusion: Callable[[], object] | z3.BoolRef | None,
    ) -> Goal:
        """Return the goal that the premises imply the conclusion; or, without one, that they can be met.

        The conclusion may branch.
        """
        said = truth(conclusion) if callable(conclusion) else conclusion
        return Goal(name, claims, self.machine.name, *where, "counters", premises, said)

    def creation(self, policies: tuple[Any, ...]) -> Iterator[Goal]:
        """Yield that the constructor refuses what it must, and else makes what was asked, with the invariants.

        Its argument is any whole number; what it does with an argument that is not a number is tested, not proved.
        """
        machine = self.machine
        argument = symbol("argument", int)
        nothing = tuple(kind() for kind in machine.state.values())
        for path in enumerate_paths(lambda: machine.create(argument)):
            constants, state, rule = path.result
            where = ("any", "create", rule.id)
            goal = partial(self._goal, premises=path.conditions)
            yield goal("the premises are satisfiable", (), where, conclusion=None)
            for policy in policies:
                after = nothing if rule.refuses else state  # the state that comes with a refusal must not be used
                made = Step("create", constants, nothing, {machine.parameter: argument}, after, rule, policy)
                for one in machine.step_properties:
                    under = (policy.name, "create", rule.id)
                    yield goal(f"a new {machine.name}: {one}", one.ids, under, conclusion=partial(one.holds, made))
            if rule.refuses:
                continue
            for invariant in machine.invariants:
                holds = partial(invariant.holds, *constants, *state)
                yield goal(f"a new {machine.name}: {invariant}", invariant.ids, where, conclusion=holds)
            for account in machine.accounts:
                holds = partial(account.holds, constants, state, account.start(constants, state))
                yield goal(f"a new {machine.name}: {account}", account.ids, where, conclusion=holds)

    def readings(self) -> Iterator[Goal]:
        """Yield what is to be proved of what a caller reads, in any state in which the invariants hold."""
        machine = self.machine
        given = steps.symbols(machine)
        read = {name: one.read(*given.constants, *given.state) for name, one in machine.observations.items()}
        for one in machine.readings:
            holds = partial(one.holds, given.constants, given.state, read)
            yield self._goal(str(one), one.ids, ("any", READ, "any"), given.premises, holds)

    def operation(self, operation: Operation, policy: Any) -> Iterator[Goal]:
        """Yield what is to be proved of each path through an operation's function, and of all of them together."""
        machine = self.machine
        given = steps.symbols(machine, operation)
        paths = steps.paths_of(machine, operation, policy)
        premises_of = [(*given.premises, *path.conditions) for path in paths]
        yield from self._paths_partition(operation, policy, given, paths, premises_of)
        for path, premises in zip(paths, premises_of, strict=True):
            step = path.result
            where = (policy.name, operation.name, step.rule.id)
            # without this, whatever is proved of the path is empty
            yield self._goal("the premises are satisfiable", (), where, premises, None)
            for invariant in machine.invariants:
                holds = partial(invariant.holds, *step.constants, *step.after)
                yield self._goal(f"stays: {invariant}", invariant.ids, where, premises, holds)
            for property_ in machine.step_properties:
                yield self._goal(str(property_), property_.ids, where, premises, self.step_terms.of(property_, step))
            for account in machine.accounts:
                ghosts = tuple(symbol(name, int) for name in account.ghosts)
                before = truth(partial(account.holds, step.constants, step.before, ghosts))
                holds = partial(_adds_up_after, account, step, ghosts)
                yield self._goal(f"still adds up: {account}", account.ids, where, (*premises, before), holds)
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
        # the premises of each path are all that is assumed when something is proved of it: one too many leaves a gap
        premises = any_of([all_of(one) for one in premises_of])
        assumed = self._assumed(operation, given, given.state)
        yield self._goal("the paths leave nothing out", (), where, assumed, lambda: SymBool(premises))
        overlap = any_of([z3.And(one, other) for one, other in combinations(conditions, 2)])
        yield self._goal("the paths are disjoint", (), where, given.premises, lambda: SymBool(z3.Not(overlap)))

    def _assumed(self, operation: Operation, given: Symbolic, state: tuple[Any, ...]) -> tuple[z3.BoolRef, ...]:
        """Return all that may be assumed of a state: the invariants, and what the host's facts imply."""
        holds = [truth(partial(p.holds, *given.constants, *state)) for p in self.machine.invariants]
        return (*holds, *fact_premises(operation, given.arguments, state[self.machine.parked_at]))

    def _fewer_parked_make_no_difference(self, operation: Operation, policy: Any, given: Symbolic) -> Goal:
        """Return the goal that a step by a rule that does not heed the parked has the same effect if fewer are parked.

        The shells count a task whose cancellation is requested as parked until they purge it. This is why they need to
        purge only where a rule heeds the parked.
        """
        position = self.machine.parked_at
        parked = given.state[position]
        fewer = symbol("fewer", int)
        less = (*given.state[:position], fewer, *given.state[position + 1 :])
        smaller = Symbolic(given.constants, less, given.arguments, ())

        def same() -> bool:
            one = take(operation, policy, given)
            if one.rule.heeds_parked:
                return True
            other = take(operation, policy, smaller)
            rest = range(len(one.after))
            return (
                _effect(one.rule) == _effect(other.rule)
                and one.after[position] - parked == other.after[position] - fewer
                and all(one.after[i] == other.after[i] for i in rest if i != position)
            )

        # of the state with fewer parked nothing is assumed but that it can be
        possible = self._assumed(operation, given, less)
        premises = (*given.premises, *possible, term(fewer) >= 0, bool_term(fewer <= parked))
        where = (policy.name, operation.name, "all")
        return self._goal(FEWER, (), where, premises, same)


def _adds_up_after(account: Account, step: Step, ghosts: tuple[Any, ...]) -> bool:
    return account.holds(step.constants, step.after, account.update(step, ghosts))


def _effect(rule: Rule) -> tuple[object, ...]:
    return rule.caller, rule.queue, rule.errors
