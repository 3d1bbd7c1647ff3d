"""Judges one mutant of the specification: which claims it breaks, by which kind of evidence.

A mutant (`latchproof.mutants.generate`) is put in the original's place and judged as the original is, by the claims of the
original, under every policy under which it differs; that it differs under none must be proved by the solver. The kinds
of evidence:

- *proved*: the prover refutes an obligation;
- *explored*: the explorer finds a run of tasks;
- *called*: a step alone is wrong, of the constructor or by an argument that is no number, which tasks do not make;
- *contracted*: CrossHair refutes a contract in the mutant's text (`verify.matrix` has many texts checked at once);
- *scheduled*: the check finds a schedule of a class that does what the mutant says (`verify.specified`);
- *fuzzed*: the fuzzer finds a history of that class.

The mutants of what becomes of tasks are no functions of numbers: where they stand in place of `step.apply` they are
proved, explored, scheduled and fuzzed; where they are about tasks that have been released, scheduled and fuzzed alone.
One that raises an error where the original makes a step breaks down, which nobody could overlook: no claim is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import TargetError, adapt
from latchproof.explore.states import explore
from latchproof.mutants.difference import (
    NO_NUMBERS,
    NUMBERS,
    BreaksDownError,
    calls_without_tasks,
    changed_operations,
    difference,
    difference_of_apply,
)
from latchproof.mutants.generate import Mutant
from latchproof.mutants.reference_class import specified
from latchproof.mutants.task_faults import as_specified
from latchproof.prove.goals import Model
from latchproof.prove.obligations import prove
from latchproof.prove.paths import UndecidableError, unchecked
from latchproof_spec.machine import Machine, distinct_policies
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import apply

Kind = Literal["proved", "explored", "called", "contracted", "scheduled", "fuzzed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Status = Literal["killed", "equivalent", "breaks down", "survives", "undecided"]

TASKS, HIGHEST_COUNT, MOST_STATES = 3, 2, 300
ARGUMENTS = {"latch": (0, 1, 2), "barrier": (1, 2, 3)}
CALLS, MORE_CALLS = 3, 4
"""The second, for the mutants of what becomes of tasks, where the first does not kill them."""
EXAMPLES, LARGEST = 100, 4
SCHEDULES = 20_000
MODELS_TRIED: tuple[Model, ...] = ("counters", "identities")
"""What is proved of liveness rests on these; the mutants are not put to it anew."""
CONDITION_SECONDS = 5
AS_CODE: tuple[Kind, ...] = ("scheduled", "fuzzed")
"""The kinds of evidence that are about code that runs."""
CHEAP: tuple[Kind, ...] = ("explored", "called")
"""These kinds judge a mutant under every policy under which it differs; the others, under the first of those."""
QUICK_ARGUMENTS = {"latch": (1,), "barrier": (2, 3)}
"""What the classes are made with, with `quick`."""

BOUNDS: dict[Kind, str] = {
    "proved": f"every count, number of parties and of tasks; {' and '.join(MODELS_TRIED)}",
    "explored": (
        f"{TASKS} tasks, counts {ARGUMENTS['latch'][0]}-{ARGUMENTS['latch'][-1]}, parties {ARGUMENTS['barrier'][0]}-"
        f"{ARGUMENTS['barrier'][-1]}, set_count to {HIGHEST_COUNT}, the first {MOST_STATES:,} states"
    ),
    "called": f"the numbers {NUMBERS[0]}..{NUMBERS[-1]}, and {', '.join(map(repr, NO_NUMBERS))}",
    "contracted": (
        "CrossHair, the contracts of the functions that are changed, the constructor's too, "
        f"{CONDITION_SECONDS} s for each condition"
    ),
    "scheduled": (
        f"{CALLS} calls, {MORE_CALLS} where tasks are at fault, 3 at once, 1 cancellation, strict form, "
        f"up to {SCHEDULES:,} schedules for each constructor argument"
    ),
    "fuzzed": f"{EXAMPLES} examples of up to 30 steps, counts and parties to {LARGEST}, strict form",
}


@dataclass(frozen=True)
class Judgement:
    """What came of one mutant.

    `differs` are the policies under which it does something else than the original, and `witness` shows one such step.
    `broken` are, for each kind of evidence, the claims that it breaks; "" stands for what keeps the proofs honest.
    """

    mutant: Mutant
    differs: tuple[str, ...]
    witness: str
    broken: dict[Kind, frozenset[str]]
    undecided: str = ""
    breaks_down: str = ""

    @property
    def claims(self) -> frozenset[str]:
        """The claims that it breaks, by any kind of evidence."""
        return frozenset[str]().union(*self.broken.values()) - {""}

    @property
    def status(self) -> Status:
        """Killed by a claim, equivalent to the original for all numbers, no code that runs, or a gap in the claims."""
        if self.claims:
            return "killed"
        if self.breaks_down:
            return "breaks down"
        return "undecided" if self.undecided else "survives" if self.differs else "equivalent"


def judge_by_numbers(mutant: Mutant, policy: Any) -> frozenset[str]:
    """The claims that a mutant of the operations breaks under a policy, by what is explored and called."""
    judge = MutantJudge(CHEAP, quick=True)
    original = MACHINES[mutant.machine.name]
    return frozenset(judge._explored(mutant, original, policy) | judge._called(mutant, original, policy))


class MutantJudge:
    """Judges mutants, one after another, by these kinds of evidence.

    `seconds` is how long each kind has taken. `of_original` are the claims that the original breaks when it is judged
    the same way.
    """

    def __init__(self, kinds: Sequence[Kind], *, quick: bool) -> None:
        self.kinds = tuple(kind for kind in KINDS if kind in kinds)
        self.seconds: dict[Kind, float] = dict.fromkeys(self.kinds, 0.0)
        self.of_original: set[str] = set()
        self._quick = quick
        self._fuzzed_already: set[str] = set()
        self._originals: set[tuple[Kind, Machine, Any]] = set()
        self._by: dict[Kind, Callable[[Mutant, Machine, Any], set[str]]] = {
            "proved": self._proved,
            "explored": self._explored,
            "called": self._called,
            "scheduled": self._scheduled,
            "fuzzed": self._fuzzed,
        }
        self._policies = {
            machine: machine.policies[:1] if quick else tuple(distinct_policies(machine.policies))
            for machine in MACHINES.values()
        }

    def judge(self, mutant: Mutant) -> Judgement | None:
        """What comes of a mutant; None if none of the kinds can judge it."""
        return self._judged(mutant) if any(kind in self.kinds for kind in _kinds_for(mutant)) else None

    def _broken(self, kind: Kind, mutant: Mutant, policy: Any) -> set[str]:
        """The claims that a mutant breaks by one kind of evidence; the original is judged first, in the same way."""
        original = MACHINES[mutant.machine.name]
        self._judge_original(kind, original, policy)
        return self._by[kind](mutant, original, policy)

    def _judge_original(self, kind: Kind, original: Machine, policy: Any) -> None:
        if (kind, original, policy) not in self._originals:
            self._originals.add((kind, original, policy))
            innocent = Mutant(original.name, "", "", 0, original)
            self.of_original |= self._by[kind](innocent, original, policy)

    def _judged(self, mutant: Mutant) -> Judgement:
        original = MACHINES[mutant.machine.name]
        changed = changed_operations(original, mutant.machine)
        differs: dict[Any, str] = {}
        undecided = breaks_down = ""
        for policy in self._policies[original]:
            try:
                witness = _witness(mutant, original, changed, policy)
            except UndecidableError as error:
                undecided = witness = str(error)
            except BreaksDownError as error:
                breaks_down = str(error)
                continue
            if witness:
                differs[policy] = witness
        if breaks_down:
            differs.clear()  # there is no judging by what does not run
        restricted = mutant if not changed else _restricted(mutant, changed)
        broken: dict[Kind, set[str]] = {}
        for kind in self.kinds:
            broken[kind] = set()
            if kind not in self._by or kind not in _kinds_for(mutant):
                continue
            begun = time.perf_counter()
            for policy in list(differs)[: None if kind in CHEAP else 1]:
                judged = restricted if kind == "proved" else mutant
                if kind != "fuzzed" or not self._quick or "scheduled" not in self.kinds:
                    broken[kind] |= self._broken(kind, judged, policy)
                if kind == "fuzzed":
                    self._fuzzed_already |= broken[kind]
                    broken[kind] |= self._fuzzed_by_claim(judged, policy, broken.get("scheduled", set()))
            self.seconds[kind] += time.perf_counter() - begun
        return Judgement(
            mutant,
            tuple(policy.name for policy in differs),
            next(iter(differs.values()), ""),
            {kind: frozenset(claims) for kind, claims in broken.items()},
            undecided,
            breaks_down,
        )

    def _proved(self, mutant: Mutant, original: Machine, policy: Any) -> set[str]:
        obligations = prove(mutant.machine, (policy,), models=MODELS_TRIED, apply=mutant.apply or apply, written=False)
        try:
            with unchecked():
                refuted = [one for one in obligations if one.status == "refuted"]
        except TypeError:
            if mutant.apply is None:
                raise
            return {""}  # the prover says that it does not understand what this does to a queue
        return {claim for one in refuted for claim in one.claims or ("",)}

    def _explored(self, mutant: Mutant, original: Machine, policy: Any) -> set[str]:
        found: set[str] = set()
        for argument in ARGUMENTS[original.name]:
            if mutant.machine.create(argument)[2].refuses:
                continue  # there is nothing to explore; that it is refused, a call shows
            explored = explore(
                mutant.machine, policy, argument, tasks=TASKS, highest_count=HIGHEST_COUNT, at_most=MOST_STATES,
                apply=mutant.apply or apply,
            )  # fmt: skip
            found |= {claim for violation in explored.violations for claim in violation.claims}
        return found

    def _called(self, mutant: Mutant, original: Machine, policy: Any) -> set[str]:
        return {
            claim.id
            for step in calls_without_tasks(mutant.machine, policy)
            for property_ in original.step_properties
            if not property_.holds(step)
            for claim in property_.claims
        }

    def _scheduled(self, mutant: Mutant, original: Machine, policy: Any) -> set[str]:
        try:
            target = adapt(specified(mutant.machine, policy, mutant.outcome), mutant.id, original.name)
        except TargetError:
            return set()  # it cannot be made with 2; that it is refused, a call shows
        for calls in (CALLS,) if mutant.outcome is as_specified else (CALLS, MORE_CALLS):
            (shape,) = programs_within(target, calls=calls)
            if self._quick:
                shape = replace(shape, arguments=QUICK_ARGUMENTS[original.name], numbers=(1,))
            made = tuple(one for one in shape.arguments if not mutant.machine.create(one)[2].refuses)
            shapes = (replace(shape, arguments=made),)
            verdict = check(target, policy=policy.name, strict=True, shapes=shapes, schedules=SCHEDULES)
            if verdict.reported.failures:
                break
        return set(verdict.reported.failures)

    def _fuzzed_by_claim(self, mutant: Mutant, policy: Any, candidates: set[str]) -> set[str]:
        """The claims among these that fuzzing finds broken, each by itself; of those that no mutant broke so before."""
        original = MACHINES[mutant.machine.name]
        self._judge_original("fuzzed", original, policy)
        open_ = candidates - self._fuzzed_already
        found = {claim for claim in open_ if self._fuzzed(mutant, original, policy, claim)}
        self._fuzzed_already |= found
        return found

    def _fuzzed(self, mutant: Mutant, original: Machine, policy: Any, claim: str | None = None) -> set[str]:
        from hypothesis import HealthCheck, Phase, settings
        from hypothesis.stateful import run_state_machine_as_test

        from latchproof.testing import state_machine

        smallest = ARGUMENTS[original.name][0]
        if any(mutant.machine.create(one)[2].refuses for one in range(smallest, LARGEST + 1)):
            return set()  # the fuzzer wants all of them; that one is refused, a call shows
        try:
            target = adapt(specified(mutant.machine, policy, mutant.outcome), mutant.id, original.name)
        except TargetError:
            return set()
        options = settings(
            max_examples=EXAMPLES, stateful_step_count=30, database=None, deadline=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        machine = state_machine(target, policy=policy.name, claim=claim, strict=True, largest=LARGEST)
        try:
            run_state_machine_as_test(machine, settings=options)
        except AssertionError as error:
            return {claim.id for claim in CLAIMS if f" breaks {claim.id} " in str(error)}
        return set()


def _kinds_for(mutant: Mutant) -> tuple[Kind, ...]:
    """The kinds of evidence that can judge it."""
    if mutant.is_of_functions:
        return KINDS
    return ("proved", "explored", *AS_CODE) if mutant.apply else AS_CODE


def _witness(mutant: Mutant, original: Machine, changed: Sequence[str], policy: Any) -> str:
    """A step that the mutant makes otherwise, in words; "" if there is none."""
    if mutant.apply is not None:
        return difference_of_apply(original, mutant.apply, policy)
    return difference(original, mutant.machine, changed, policy) if changed else mutant.sentence


def _restricted(mutant: Mutant, changed: Sequence[str]) -> Mutant:
    """The mutant without the operations that are the original's: of these the prover has nothing new to say."""
    operations = tuple(one for one in mutant.machine.operations if one.name in changed)
    machine = replace(mutant.machine, operations=operations)
    return Mutant(mutant.id, mutant.place, mutant.sentence, mutant.edits, machine, mutant.outcome)
