"""What is asked of which machine: induction over the specification's own functions, for every size.

There are three parts, what is assumed in them, and their controls, each made from the paths through the same functions
(`steps`).

- Counters (`counters`): what a step does to the machine's own numbers.
- Identities (`identities`): the same steps, and what they do to each of any number of calls.
- Liveness (`liveness`): what must happen eventually, from the same steps, by Lamport's rule WF1.
- Premises (`premises`): what is assumed by the goals of these parts excludes no state that can be reached.
- Controls (`vacuity`, `liveness`): what must not be provable, so that the proofs are not empty.

An obligation is proved when its negation has no model (`discharge`), and confirmed when a second solver, which reads
the text alone, finds the same (`smtlib`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Any, Final

from latchproof.prove.counters import Counters
from latchproof.prove.discharge import Discharge
from latchproof.prove.goals import Goal, Obligation, Part
from latchproof.prove.identities import Identities
from latchproof.prove.liveness import liveness_controls, liveness_goals
from latchproof.prove.paths import enumerate_paths, symbol, unchecked
from latchproof.prove.premises import premise_goals
from latchproof.prove.smtlib import Confirmation
from latchproof.prove.steps import StepTerms
from latchproof.prove.vacuity import call_goals, counter_goals
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import apply

PARTS: Final[tuple[Part, ...]] = ("counters", "identities", "liveness")
"""The parts that prove something of a machine, as it is or changed."""

CONTROLS: Final[tuple[Part, ...]] = ("controls",)
"""The part that keeps the proofs of a whole machine from being empty."""

WHOLE: Final[tuple[Part, ...]] = (*PARTS, "premises", *CONTROLS)
"""Every part. That of the premises is about the goals of the parts before it."""


def prove(
    machine: Machine,
    policies: tuple[Any, ...] | None = None,
    *,
    parts: tuple[Part, ...] = PARTS,
    apply: Callable[..., Any] = apply,
    is_wanted: Callable[[Goal], bool] | None = None,
    written: bool = True,
) -> Iterator[Obligation]:
    """Yield every obligation of a machine under each of the policies (by default all that are named), discharged by z3.

    They come one by one, in the order of the parts that are asked for, so a caller may stop early. The controls are
    about the claims, and mean something of a whole machine alone. `apply` says what a rule does to a queue. A goal that
    is not wanted is not proved. Without `written`, the obligations come without the text that a second solver needs.
    """
    discharge = Discharge(written)
    for goal in _goals(machine, machine.policies if policies is None else policies, parts, apply):
        if is_wanted is None or is_wanted(goal):
            yield discharge(goal)


def prove_whole(machines: Iterable[Machine], is_wanted: Callable[[Goal], bool] | None = None) -> list[Obligation]:
    """Return each wanted obligation of whole machines, controls too, under every policy, discharged by both solvers."""
    asked: dict[Machine, list[Confirmation]] = {machine: [] for machine in machines}
    with unchecked():
        # the second solver works in the background: the machine that gives it most to answer comes first
        for machine in sorted(asked, key=lambda one: -len(one.policies)):
            obligations = prove(machine, parts=WHOLE, is_wanted=is_wanted)
            # obligations that share their premises are asked together
            for _, together in groupby(obligations, key=lambda one: one.part in CONTROLS):
                asked[machine].append(Confirmation(list(together)))
    return [one for confirmations in asked.values() for each in confirmations for one in each.results()]


@cache
def prove_all() -> tuple[Obligation, ...]:
    """Return every obligation of every machine, as `prove_whole` does. Each process proves them once."""
    return tuple(prove_whole(MACHINES.values()))


def _goals(
    machine: Machine, policies: tuple[Any, ...], parts: Iterable[Part], apply: Callable[..., Any]
) -> Iterator[Goal]:
    """Yield all that is to be proved of a machine under some policies, part by part."""
    step_terms = StepTerms()

    @cache
    def models() -> list[Identities]:
        return [Identities(machine, policy, apply, step_terms) for policy in policies]

    def of_part(part: Part) -> Iterator[Goal]:
        if part == "counters":
            counters = Counters(machine, step_terms)
            yield from counters.creation(policies)
            yield from counters.readings()
            for policy in policies:
                for operation in machine.every_operation:
                    yield from counters.operation(operation, policy)
        elif part == "identities":
            for path in enumerate_paths(lambda: machine.create(symbol("argument", int))):
                if not path.result[-1].refuses:
                    yield from models()[0].creation(path)
            for model in models():
                yield from model.goals()
        elif part == "liveness":
            for model in models():
                yield from liveness_goals(model, machine)
        elif part == "premises":
            yield from premise_goals(machine, models(), put)
        else:
            yield from counter_goals(machine, policies)
            yield from call_goals(machine, models())
            for model in models():
                yield from liveness_controls(model, machine)

    put: list[Goal] = []
    for part in parts:
        for goal in of_part(part):
            put.append(goal)
            yield goal
