"""What is asked of which machine: induction over the specification's own functions, for every size.

There are three models and their controls, each made from the paths through the same functions (`steps`).

- Counters (`counters`): what a step does to the machine's own numbers.
- Identities (`identities`): the same steps, and what they do to each of any number of calls.
- Liveness (`liveness`): what must happen eventually, from the same steps, by Lamport's rule WF1.
- Controls (`vacuity`, `liveness`): what must not be provable, so that the proofs are not empty.

An obligation is proved when its negation has no model (`discharge`), and confirmed when a second solver, which reads
the text alone, finds the same (`smtlib`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from latchproof.prove.counters import Counters
from latchproof.prove.discharge import Discharge
from latchproof.prove.goals import Goal, Model
from latchproof.prove.identities import Identities
from latchproof.prove.liveness import liveness_controls, liveness_goals
from latchproof.prove.obligation import Obligation
from latchproof.prove.paths import enumerate_paths, symbol, unchecked
from latchproof.prove.property_terms import StepTerms
from latchproof.prove.smtlib import Confirmation
from latchproof.prove.steps import paths_of
from latchproof.prove.vacuity import call_goals, counter_goals
from latchproof_spec.machine import Machine, distinct_policies
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import apply

MODELS: Final[tuple[Model, ...]] = ("counters", "identities", "liveness")
"""The models of which something is proved, of a whole machine or of a part, as it is or changed."""

CONTROLS: Final[tuple[Model, ...]] = ("controls",)
"""The model that keeps the proofs of a whole machine from being empty."""


def prove(
    machine: Machine,
    policies: tuple[Any, ...] | None = None,
    *,
    models: tuple[Model, ...] = MODELS,
    apply: Callable[..., Any] = apply,
    is_wanted: Callable[[Goal], bool] | None = None,
    written: bool = True,
) -> Iterator[Obligation]:
    """Yield every obligation of a machine under each of the policies (by default all that are named), discharged by z3.

    They come one by one, in the order of the models that are asked for, so a caller may stop early. The controls are
    about the claims, and mean something of a whole machine alone. `apply` says what a rule does to a queue. A goal that
    is not wanted is not proved. Without `written`, the obligations come without the text that a second solver needs.
    """
    # policies that differ in nothing but their name are one to a proof
    distinct = distinct_policies(machine.policies if policies is None else policies)
    others = {policy.name: names[1:] for policy, names in distinct.items()}
    discharge = Discharge(written)
    goals = _Goals(machine, tuple(distinct), apply)
    for model in models:
        for goal in goals.of(model):
            if is_wanted is not None and not is_wanted(goal):
                continue
            found = discharge(goal)
            yield found
            yield from (replace(found, policy=name, seconds=0.0) for name in others.get(goal.policy, ()))


def prove_whole(machines: Iterable[Machine], is_wanted: Callable[[Goal], bool] | None = None) -> list[Obligation]:
    """Return each wanted obligation of whole machines, controls too, under every policy, discharged by both solvers."""
    asked: dict[Machine, list[Confirmation]] = {machine: [] for machine in machines}
    with unchecked():
        # the second solver works in the background: the machine that gives it most to answer comes first
        for machine in sorted(asked, key=lambda one: -len(distinct_policies(one.policies))):
            obligations = prove(machine, models=(*MODELS, *CONTROLS), is_wanted=is_wanted)
            # obligations that share their premises are asked together
            for _, together in groupby(obligations, key=lambda one: one.model in CONTROLS):
                asked[machine].append(Confirmation(list(together)))
    return [one for confirmations in asked.values() for each in confirmations for one in each.results()]


def prove_all() -> list[Obligation]:
    """Return every obligation of every machine: see `prove_whole`."""
    return prove_whole(MACHINES.values())


class _Goals:
    """All that is to be proved of a machine under some policies, model by model."""

    def __init__(self, machine: Machine, policies: tuple[Any, ...], apply: Callable[..., Any]) -> None:
        self._machine = machine
        self._policies = policies
        self._apply = apply
        self._step_terms = StepTerms()

    @cached_property
    def _models(self) -> list[Identities]:
        found = []
        for policy in self._policies:
            paths = {one: paths_of(self._machine, one, policy) for one in self._machine.every_operation}
            found.append(Identities(self._machine, policy, paths, self._apply, self._step_terms))
        return found

    def of(self, model: Model) -> Iterator[Goal]:
        if model == "counters":
            counters = Counters(self._machine, self._step_terms)
            yield from counters.creation(self._policies)
            for policy in self._policies:
                for operation in self._machine.every_operation:
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
