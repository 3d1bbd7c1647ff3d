"""Claims x mutants: which claim breaks on which fault of the specification, by which kind of evidence.

Evidence that could not have failed is none. Every mutant of the specification (`latchproof_spec.mutants`) is put in its
place and judged as the original is, by the claims of the original, under every policy under which it differs; that it
differs under none must be proved by the solver. Then every mutant breaks a claim, or is the original in other words;
and every claim is broken by a mutant, or says nothing. The kinds of evidence:

- *proved*: the prover refutes an obligation;
- *explored*: the explorer finds a run of tasks;
- *called*: a step alone is wrong, of the constructor or by an argument that is no number, which tasks do not make;
- *contracted*: CrossHair refutes a contract in the mutant's text;
- *scheduled*: the check finds a schedule of a class that does what the mutant says (`verify.specified`);
- *fuzzed*: the fuzzer finds a history of that class.

The mutants of what becomes of tasks are no functions of numbers: where they stand in place of `step.apply` they are
proved, explored, scheduled and fuzzed; where they are about tasks that have been released, scheduled and fuzzed alone.
One that raises an error where the original makes a step breaks down, which nobody could overlook: no claim is needed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

from latchproof.verify.check import check
from latchproof.verify.contracts import (
    MANIFEST,
    PLUGIN,
    ContractsNotRunError,
    find_root,
    read_conditions,
    read_manifest,
)
from latchproof.verify.difference import (
    NO_NUMBERS,
    NUMBERS,
    BreaksDownError,
    calls_without_tasks,
    changed_operations,
    difference,
    difference_of_apply,
    functions_of,
)
from latchproof.verify.explore import explore
from latchproof.verify.goals import Model
from latchproof.verify.prove import prove
from latchproof.verify.scenario import one_shape
from latchproof.verify.specified import specified
from latchproof.verify.symbolic import UndecidableError, unchecked
from latchproof.verify.target import TargetError, adapt
from latchproof_spec.claims import CLAIMS
from latchproof_spec.machines import MACHINES, Machine
from latchproof_spec.mutants import Mutant, generated, named
from latchproof_spec.outcomes import as_specified
from latchproof_spec.policy import distinct_policies
from latchproof_spec.step import apply

if TYPE_CHECKING:
    pass

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
BATCH = 25
CONDITION_SECONDS = 5
AS_CODE: tuple[Kind, ...] = ("scheduled", "fuzzed")
"""The kinds of evidence that are about code that runs."""
CHEAP: tuple[Kind, ...] = ("explored", "called")
"""These kinds judge a mutant under every policy under which it differs; the others, under the first of those."""
QUICK_ARGUMENTS = {"latch": (1,), "barrier": (2, 3)}
"""What the classes are made with, with `quick`."""
SAMPLE = 40
"""With `quick`, of the generated mutants one in so many is judged."""

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


@dataclass
class Matrix:
    """Every judgement, and for each kind of evidence its bound and how long it took, in seconds.

    `chosen` says which mutants and policies were, and `partial` whether they are too few to call a claim vacuous.
    `not_judged` are the mutants that none of the kinds can judge. `of_original` are the claims that the original breaks
    when it is judged the same way: a judge that condemns the innocent has shown nothing.
    """

    kinds: tuple[Kind, ...]
    bounds: dict[Kind, str]
    chosen: str = ""
    partial: bool = False
    judgements: list[Judgement] = field(default_factory=list)
    not_judged: list[Mutant] = field(default_factory=list)
    of_original: set[str] = field(default_factory=set)
    seconds: dict[Kind, float] = field(default_factory=dict)

    def killed(self, claim: str, kind: Kind | None = None) -> int:
        """How many mutants the claim kills, by one kind of evidence or by any."""
        return sum(claim in (one.broken.get(kind, ()) if kind else one.claims) for one in self.judgements)

    def with_status(self, status: Status) -> list[Judgement]:
        """The judgements of that status."""
        return [one for one in self.judgements if one.status == status]

    @property
    def vacuous(self) -> list[str]:
        """The claims that no mutant breaks."""
        return [claim.id for claim in CLAIMS if not self.partial and not self.killed(claim.id)]

    @property
    def exit_code(self) -> int:
        """1 if a mutant survives, a claim is vacuous or the original is condemned, 3 if one is undecided, else 0."""
        if self.with_status("survives") or self.vacuous or self.of_original or not self.judgements:
            return 1
        return 3 if self.with_status("undecided") else 0

    def to_json(self) -> dict[str, Any]:
        """The matrix as plain data."""
        return {
            "kinds": list(self.kinds),
            "bounds": self.bounds,
            "chosen": self.chosen,
            "seconds": self.seconds,
            "killed": {claim.id: {kind: self.killed(claim.id, kind) for kind in self.kinds} for claim in CLAIMS},
            "vacuous": self.vacuous,
            "broken_by_the_original": sorted(self.of_original),
            "statuses": dict(Counter(one.status for one in self.judgements)),
            "mutants": [
                {
                    "id": one.mutant.id,
                    "place": one.mutant.place,
                    "sentence": one.mutant.sentence,
                    "edits": one.mutant.edits,
                    "status": one.status,
                    "differs": list(one.differs),
                    "witness": one.witness or one.breaks_down,
                    "broken": {kind: in_order(claims) for kind, claims in one.broken.items()},
                }
                for one in self.judgements
            ],
            "exit_code": self.exit_code,
        }


def judge_mutants(
    kinds: Sequence[Kind] = KINDS,
    *,
    quick: bool = False,
    sampled: bool = False,
    only: str = "",
    progress: Callable[[str], None] | None = None,
) -> Matrix:
    """Judge every mutant whose ID has `only` in it.

    When `sampled`, all that are named and a sample of those that are generated. With `quick` too, and those under our
    own policy alone; and they are fuzzed only until each claim that schedules break is broken so too.

    >>> matrix = judge_mutants(["explored"], quick=True, only="barrier.B2: the queue indexed -> stays")
    >>> [(one.status, sorted(one.claims)) for one in matrix.judgements]
    [('killed', ['C11', 'C13', 'C5', 'C6'])]
    """
    judge = _Judge(tuple(kind for kind in KINDS if kind in kinds), quick)
    matrix = judge.matrix
    step = SAMPLE if (quick or sampled) and not only else 1
    chosen = [one for machine in MACHINES.values() for one in _mutants(machine, step) if only in one.id]
    of_which = f", of the generated ones one in {step}" if step > 1 else ""
    under = (
        "our own policy" if quick else "the first policy under which it differs; explored and called, under all such"
    )
    matrix.chosen = f"{f'those with {only!r} in their ID' if only else 'all'}{of_which}; each judged under {under}"
    if quick and {"fuzzed", "scheduled"} <= set(matrix.kinds):
        matrix.chosen += "; fuzzed, until each claim that schedules break was broken so too"
    matrix.partial = bool(only)
    for number, mutant in enumerate(chosen):
        if progress is not None:
            progress(f"{number} of {len(chosen)}: {mutant.id}")
        if judge.can_judge(mutant):
            matrix.judgements.append(judge.mutant(mutant))
        else:
            matrix.not_judged.append(mutant)
    if "contracted" in matrix.kinds:
        _refute_contracts(matrix, progress)
    return matrix


@lru_cache(maxsize=4)
def _mutants(machine: Machine, every: int) -> tuple[Mutant, ...]:
    """All that are named, and of the generated ones one in so many."""
    return (*named(machine), *generated(machine, every))


def judge_by_numbers(mutant: Mutant, policy: Any) -> frozenset[str]:
    """The claims that a mutant of the operations breaks under a policy, by what is explored and called."""
    judge = _Judge(CHEAP, quick=True)
    original = MACHINES[mutant.machine.name]
    return frozenset(judge._explored(mutant, original, policy) | judge._called(mutant, original, policy))


class _Judge:
    def __init__(self, kinds: tuple[Kind, ...], quick: bool) -> None:
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
        self.matrix = Matrix(kinds, {kind: BOUNDS[kind] for kind in kinds}, seconds=dict.fromkeys(kinds, 0.0))

    def can_judge(self, mutant: Mutant) -> bool:
        return any(kind in self.matrix.kinds for kind in _kinds_for(mutant))

    def _broken(self, kind: Kind, mutant: Mutant, policy: Any) -> set[str]:
        """The claims that a mutant breaks by one kind of evidence; the original is judged first, in the same way."""
        original = MACHINES[mutant.machine.name]
        self._judge_original(kind, original, policy)
        return self._by[kind](mutant, original, policy)

    def _judge_original(self, kind: Kind, original: Machine, policy: Any) -> None:
        if (kind, original, policy) not in self._originals:
            self._originals.add((kind, original, policy))
            innocent = Mutant(original.name, "", "", 0, original)
            self.matrix.of_original |= self._by[kind](innocent, original, policy)

    def mutant(self, mutant: Mutant) -> Judgement:
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
        for kind in self.matrix.kinds:
            broken[kind] = set()
            if kind not in self._by or kind not in _kinds_for(mutant):
                continue
            begun = time.perf_counter()
            for policy in list(differs)[: None if kind in CHEAP else 1]:
                judged = restricted if kind == "proved" else mutant
                if kind != "fuzzed" or not self._quick or "scheduled" not in self.matrix.kinds:
                    broken[kind] |= self._broken(kind, judged, policy)
                if kind == "fuzzed":
                    self._fuzzed_already |= broken[kind]
                    broken[kind] |= self._fuzzed_by_claim(judged, policy, broken.get("scheduled", set()))
            self.matrix.seconds[kind] += time.perf_counter() - begun
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
            (shape,) = one_shape(target, calls=calls)
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


def _is_of_numbers(mutant: Mutant) -> bool:
    return mutant.is_of_functions or mutant.apply is not None


def _witness(mutant: Mutant, original: Machine, changed: Sequence[str], policy: Any) -> str:
    """A step that the mutant makes otherwise, in words; "" if there is none."""
    if mutant.apply is not None:
        return difference_of_apply(original, mutant.apply, policy)
    return difference(original, mutant.machine, changed, policy) if changed else mutant.sentence


def _refute_contracts(matrix: Matrix, progress: Callable[[str], None] | None) -> None:
    """Have CrossHair check the texts of the mutants that differ, so many in a process: to start one takes its time."""
    begun = time.perf_counter()
    root = find_root()
    claims = {
        (Path(one.file).stem, one.function): one.claims
        for one in read_manifest((root / MANIFEST).read_text(encoding="utf-8"))
        if Path(one.file).parts[0] == "spec"
    }
    judged = [one for one in matrix.judgements if one.differs and one.mutant.is_of_functions]
    for start in range(0, len(judged), BATCH):
        if progress is not None:
            progress(f"contracts, {start} of {len(judged)}")
        with TemporaryDirectory() as folder:
            texts = {f"m{number}.py": _contracted_text(one.mutant) for number, one in enumerate(judged[start:][:BATCH])}
            for name, text in texts.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            refuted = _refuted(root, Path(folder), texts)
        for number, one in enumerate(judged[start:][:BATCH]):
            functions = refuted.get(f"m{number}.py", set())
            found = {claim for name in functions for claim in claims.get((one.mutant.machine.name, name), ())}
            one.broken["contracted"] = frozenset(found)
    matrix.seconds["contracted"] = time.perf_counter() - begun


def _contracted_text(mutant: Mutant) -> str:
    """The mutant's text, with the contracts of the functions that are changed alone."""
    tree = ast.parse(mutant.source)
    functions = functions_of(mutant.machine)
    kept = {functions[name].__name__ for name in changed_operations(MACHINES[mutant.machine.name], mutant.machine)}
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name not in kept and ast.get_docstring(function):
            function.body[:1] = []
    return ast.unparse(tree)


def _refuted(root: Path, folder: Path, texts: dict[str, str]) -> dict[str, set[str]]:
    """By file, the functions of which CrossHair refutes a condition."""
    command = [sys.executable, "-m", "crosshair", "check", "--analysis_kind=PEP316"]
    command += ["--per_condition_timeout", str(CONDITION_SECONDS), "--extra_plugin", str(root / PLUGIN), "--"]
    paths = [str(root / "src"), str(root / "spec"), str(root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, *(str(folder / name) for name in texts)],
        cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise ContractsNotRunError(f"CrossHair exited with {done.returncode}: {done.stderr.strip()}")
    found: dict[str, set[str]] = {}
    lines = {name: {line: function for function, line, _ in read_conditions(text)} for name, text in texts.items()}
    for line in done.stdout.splitlines():
        if message := re.fullmatch(r"(?P<file>.+\.py):(?P<line>\d+): error: false when calling .*", line):
            name = Path(message["file"]).name
            if function := lines.get(name, {}).get(int(message["line"])):
                found.setdefault(name, set()).add(function)
    return found


def _restricted(mutant: Mutant, changed: Sequence[str]) -> Mutant:
    """The mutant without the operations that are the original's: of these the prover has nothing new to say."""
    parts = {name: getattr(mutant.machine, name) for name in Machine.__slots__}
    parts["operations"] = tuple(one for one in mutant.machine.operations if one.name in changed)
    return Mutant(mutant.id, mutant.place, mutant.sentence, mutant.edits, Machine(**parts), mutant.outcome)


def in_order(claims: frozenset[str]) -> list[str]:
    """Claims by their numbers; "" first, which is what keeps the proofs honest."""
    return sorted(claims, key=lambda claim: int(claim[1:] or 0))
