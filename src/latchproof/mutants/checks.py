"""How each kind of evidence is put to a mutant: which claims the mutant breaks by what is proved, explored, and so on.

A mutant stands in the original's place, and is put to the original's claims. What running code is needed for is done
with a class that does what the mutant says (`reference_class`). A further kind of evidence may define its own
`MutantCheck` in its own file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import Target, TargetError, adapt
from latchproof.explore.states import explore
from latchproof.mutants.crosshair import CONDITION_SECONDS, broken_contracts
from latchproof.mutants.difference import NOT_INTS, NUMBERS, calls_without_tasks, changed_operations
from latchproof.mutants.mutant import Mutant
from latchproof.mutants.reference_class import reference_class
from latchproof.mutants.task_faults import as_specified
from latchproof.prove.counters import READ
from latchproof.prove.obligations import prove
from latchproof.prove.paths import unchecked
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import apply

PARTS: Final = ("counters", "identities")
"""Models in which mutants are proved. Proofs of liveness rest on these, so they are not repeated for each mutant."""

TASKS, HIGHEST_COUNT, MOST_STATES = 3, 2, 300
"""Tasks, the highest argument of a call, and the most states up to symmetry, where a mutant is explored."""

CALLS, MORE_CALLS = 3, 4
"""Calls of each program. A fault about tasks that is not found with the first number is tried with the second."""

SCHEDULES: Final = 20_000
"""Schedules for each constructor argument, at most."""

EXAMPLES, STEPS, LARGEST = 100, 30, 4
"""Examples of the fuzzer, steps of each, and the largest number that it passes."""

EXAMPLES_FOR_A_CLAIM: Final = 400
"""Number of examples where one claim is asked for: enough that chance hardly decides what is found."""


@dataclass(frozen=True)
class Trial:
    """A mutant, or the original in its place, to be put to a kind of evidence under a policy.

    With a `claim` only that one is asked about. A `quick` trial has smaller bounds.
    """

    mutant: Mutant
    policy: Any
    quick: bool = False
    claim: str | None = None


@dataclass(frozen=True)
class MutantCheck:
    """How a kind of evidence is put to mutants.

    `sees` says where a fault must be to be found (see `Mutant.fault_in`). `broken` returns the claims that a mutant
    breaks; "" stands for what keeps proofs honest. A check with `broken_by_each` in its place takes all mutants
    together, on a number of processes. If `under_every_policy`, a mutant is put to it under each policy under which it
    differs, else under the first. A quick run leaves out what is not `is_quick`; it asks what `is_cheap` first, and the
    others only about mutants of which they may say something new (see `evaluate`). A check that `runs_code` sees no
    claim that is unobservable. One that comes `after` another kind looks, one by one, for the claims that the other
    found broken, until some mutant has broken each; if it is quick, it looks for nothing else.
    """

    kind: str
    bound: str
    sees: tuple[str, ...]
    broken: Callable[[Trial], set[str]] | None = None
    broken_by_each: Callable[[Sequence[Mutant], int, Callable[[str], None]], list[set[str]]] | None = None
    under_every_policy: bool = False
    is_quick: bool = True
    is_cheap: bool = False
    runs_code: bool = False
    after: str = ""


def proved(trial: Trial) -> set[str]:
    """Return the claims of the obligations that are refuted, of the operations that are changed."""
    machine = trial.mutant.machine
    changed = changed_operations(MACHINES[machine.name], machine)
    if changed:  # of the other operations the prover would say what it says of the original
        machine = replace(machine, operations=tuple(one for one in machine.operations if one.name in changed))
    try:
        is_misread = machine.observations != MACHINES[machine.name].observations
        with unchecked():
            found = list(
                prove(
                    machine, (trial.policy,), parts=PARTS, apply=trial.mutant.apply or apply, written=False,
                    is_wanted=(lambda goal: goal.operation == READ) if is_misread else None,
                )
            )  # fmt: skip
    except TypeError:
        if trial.mutant.apply is None:
            raise
        return {""}  # the prover does not understand what this does to a queue, and says so
    return {claim for one in found if one.status == "refuted" for claim in one.claims or ("",)}


def explored(trial: Trial) -> set[str]:
    """Return the claims that some run of a few tasks breaks."""
    machine = trial.mutant.machine
    found: set[str] = set()
    for argument in machine.bounds.mutants:
        if machine.create(argument)[2].refuses:
            continue  # there is nothing to explore; a call shows that it is refused
        result = explore(
            machine, trial.policy, argument, tasks=TASKS, highest_count=HIGHEST_COUNT, at_most=MOST_STATES,
            apply=trial.mutant.apply or apply,
        )  # fmt: skip
        found |= {claim for violation in result.violations for claim in violation.claims}
    return found


def called(trial: Trial) -> set[str]:
    """Return the claims that a step breaks which tasks do not make: of the constructor, or with what is not an int."""
    machine = trial.mutant.machine
    return {
        claim.id
        for step in calls_without_tasks(machine, trial.policy)
        for property_ in machine.step_properties
        if not property_.holds(step)
        for claim in property_.claims
    }


def scheduled(trial: Trial) -> set[str]:
    """Return the claims that some schedule of the mutant as a class breaks."""
    mutant, machine = trial.mutant, trial.mutant.machine
    target = _target(trial)
    if target is None:
        return set()
    for calls in (CALLS,) if mutant.task_fault is as_specified else (CALLS, MORE_CALLS):
        (programs,) = programs_within(target, calls=calls)
        if trial.quick:
            programs = replace(programs, arguments=machine.bounds.quick, numbers=(1,))
        made = tuple(one for one in programs.arguments if not machine.create(one)[2].refuses)
        bounded = (replace(programs, arguments=made),)
        verdict = check(target, policy=trial.policy.name, strict=True, programs=bounded, schedules=SCHEDULES)
        if verdict.reported.failures:
            return set(verdict.reported.failures)
    return set()


def fuzzed(trial: Trial) -> set[str]:
    """Return the claim that some example of the mutant as a class breaks, if any."""
    # it imports Hypothesis, and that trio: only where it is needed
    from latchproof.fuzz.state_machine import state_machine

    machine = trial.mutant.machine
    if any(machine.create(one)[2].refuses for one in range(machine.bounds.mutants[0], LARGEST + 1)):
        return set()  # the fuzzer makes one with each of these; a call shows that one is refused
    target = _target(trial)
    if target is None:
        return set()
    tried = state_machine(target, policy=trial.policy.name, claim=trial.claim, strict=True, largest=LARGEST)
    failure = fuzz(tried, EXAMPLES_FOR_A_CLAIM if trial.claim else EXAMPLES, shrinks=False)
    return {claim.id for claim in CLAIMS if f" breaks {claim.id} " in failure}


def fuzz(machine: Any, examples: int, *, is_random: bool = False, shrinks: bool = True) -> str:
    """Run a state machine of Hypothesis, and return what fails, in words; "" if nothing does."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    from latchproof.fuzz.state_machine import CounterexampleError, EndlessStepError

    options = settings(
        max_examples=examples, stateful_step_count=STEPS, database=None, deadline=None, derandomize=not is_random,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(machine, settings=options)
    except (AssertionError, EndlessStepError) as error:
        found = next((one for one in (error, *error.args) if isinstance(one, CounterexampleError)), None)
        return str(error) if found is None else found.in_short
    return ""


def _target(trial: Trial) -> Target | None:
    """Return the mutant as a class to be checked; None if it refuses what a target is made with, as a call shows."""
    mutant = trial.mutant
    try:
        return adapt(reference_class(mutant.machine, trial.policy, mutant.task_fault), mutant.id, mutant.machine.name)
    except TargetError:
        return None


_ARGUMENTS = ", ".join(
    f"{one.parameters} {one.bounds.mutants[0]}-{one.bounds.mutants[-1]}" for one in MACHINES.values()
)

_NUMBERS_TO = ", ".join(
    f"{operation.name} to {HIGHEST_COUNT}"
    for machine in MACHINES.values()
    for operation in machine.operations
    if int in operation.parameters.values()
)

PROVED: Final = MutantCheck(
    "proved",
    f"every count, number of parties and of tasks; {' and '.join(PARTS)}",
    ("functions", "apply", "readings"),
    proved,
)
EXPLORED: Final = MutantCheck(
    "explored",
    f"{TASKS} tasks, {_ARGUMENTS}, {_NUMBERS_TO}, the first {MOST_STATES:,} states",
    ("functions", "apply", "readings"),
    explored,
    under_every_policy=True,
    is_cheap=True,
)
CALLED: Final = MutantCheck(
    "called",
    f"the numbers {NUMBERS[0]}..{NUMBERS[-1]}, and {', '.join(map(repr, NOT_INTS))}",
    ("functions",),
    called,
    under_every_policy=True,
    is_cheap=True,
)
SCHEDULED: Final = MutantCheck(
    "scheduled",
    f"{CALLS} calls, {MORE_CALLS} where tasks are at fault, 3 at once, 1 cancellation, strict form, up to "
    f"{SCHEDULES:,} schedules for each constructor argument",
    ("functions", "apply", "tasks", "readings"),
    scheduled,
    runs_code=True,
)
CONTRACTED: Final = MutantCheck(
    "contracted",
    "CrossHair, the contracts of the functions that are changed, the constructor's too, "
    f"{CONDITION_SECONDS} s for each condition",
    ("functions",),
    broken_by_each=broken_contracts,
    is_quick=False,
)
FUZZED: Final = MutantCheck(
    "fuzzed",
    f"{EXAMPLES} examples, and {EXAMPLES_FOR_A_CLAIM} for a claim that is left, of up to {STEPS} steps, "
    f"{' and '.join(one.parameters for one in MACHINES.values())} to {LARGEST}, strict form",
    ("functions", "apply", "tasks", "readings"),
    fuzzed,
    runs_code=True,
    after="scheduled",
)
