"""The ledger: every claim, what evidence was just gathered for it, to which bound, and how to gather it again.

A cell holds only what was computed in this run. What was not gathered says so, and why.
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

import latchproof
from latchproof.verify.check import Verdict, check, distinct_policies
from latchproof.verify.contracts import MANIFEST, ContractsNotRunError, check_contracts, find_root
from latchproof.verify.explore import explore
from latchproof.verify.fairness import Liveness, check_eventualities
from latchproof.verify.matrix import Matrix, judge_mutants
from latchproof.verify.prove import Obligation, prove_all
from latchproof.verify.scenario import one_shape
from latchproof.verify.shells import prove_shells
from latchproof.verify.smtlib import solvers
from latchproof.verify.stepping import STEPPED_HOSTS, stepper_class
from latchproof.verify.target import TargetError, adapt
from latchproof_spec.claims import CLAIMS
from latchproof_spec.machines import MACHINES

Kind = Literal["proved", "explored", "scheduled", "contracted", "fuzzed"]
Status = Literal["holds", "fails", "inconclusive", "not_run"]
KINDS: tuple[Kind, ...] = ("proved", "explored", "scheduled", "contracted", "fuzzed")
MUTANT_KINDS: Final = ("proved", "explored", "called", "scheduled")
"""The kinds of evidence by which the ledger's sample of mutants is judged."""

QUICK_BOUNDS: dict[str, dict[str, int]] = {
    "asyncio": {"calls": 3},
    "trio": {"tasks": 2, "calls": 2},
    "flowno": {"tasks": 2, "calls": 3},
}
"""What `latchproof check` is given on each host where the ledger is to be quick, in place of its default bounds."""

QUICK_EXAMPLES, FULL_EXAMPLES = 100, 1000
"""So many examples of each class are fuzzed on each host."""

CLASSES: dict[str, type[Any]] = {"latch": latchproof.CountdownLatch, "barrier": latchproof.Barrier}


@dataclass(frozen=True)
class Evidence:
    """One cell: what a kind of evidence says of a claim.

    `count` is of obligations, judgements, schedules, conditions or calls, as `unit` says. `detail` says what went
    wrong, or why the cell was not run. `killed_mutants` is how many mutants of the specification break the claim by
    this kind of evidence; None where that was not computed.
    """

    claim: str
    kind: Kind
    status: Status
    bound: str = ""
    count: int = 0
    unit: str = ""
    seconds: float = 0.0
    reproduce: str = ""
    detail: str = ""
    killed_mutants: int | None = None


@dataclass
class Ledger:
    """Every cell that was gathered, which rules each kind of evidence fired, and what came of the mutants.

    `no_mutants` says why nothing came of them.
    """

    cells: list[Evidence] = field(default_factory=list)
    rules: dict[str, set[str]] = field(default_factory=dict)
    seconds: float = 0.0
    mutants: Matrix | None = None
    no_mutants: str = ""

    def cell(self, claim: str, kind: Kind) -> Evidence:
        """The cell of a claim and a kind of evidence."""
        return next(cell for cell in self.cells if cell.claim == claim and cell.kind == kind)

    @property
    def unfired(self) -> dict[str, list[str]]:
        """For each kind of evidence that fires rules, those of our own policy that it did not fire."""
        due = own_rules()
        return {kind: sorted(due - fired) for kind, fired in self.rules.items() if due - fired}

    @property
    def exit_code(self) -> int:
        """1 if a cell or the gate of the mutants fails, 3 if one is inconclusive or nothing was really checked, else 0.

        Nothing was really checked where a rule was never fired, or a claim has no evidence.
        """
        if any(cell.status == "fails" for cell in self.cells) or self.no_mutants:
            return 1
        if self.mutants is not None and self.mutants.exit_code == 1:
            return 1
        bare = any(all(self.cell(claim.id, kind).status != "holds" for kind in KINDS) for claim in CLAIMS)
        return 3 if bare or self.unfired or any(cell.status == "inconclusive" for cell in self.cells) else 0

    def to_json(self) -> dict[str, Any]:
        """The ledger as plain data."""
        return {
            "claims": [
                {
                    "id": claim.id,
                    "sentence": claim.sentence,
                    "evidence": [
                        {name: value for name, value in asdict(self.cell(claim.id, kind)).items() if name != "claim"}
                        for kind in KINDS
                    ],
                }
                for claim in CLAIMS
            ],
            "rules_not_fired": self.unfired,
            "mutants": self.mutants.to_json() if self.mutants is not None else None,
            "no_mutants": self.no_mutants,
            "seconds": self.seconds,
            "exit_code": self.exit_code,
        }


def own_rules() -> set[str]:
    """The rules that can apply under our own policy and that a run can fire: all but those of a constructor."""
    from latchproof.verify.prove import rules_of

    return {rule for machine in MACHINES.values() for rule in rules_of(machine, machine.policies[0])}


def gather(*, quick: bool = False, on_start: Callable[[str], None] | None = None) -> Ledger:
    """Gather every kind of evidence for the shipped specification and runtime; with `quick`, to smaller bounds."""
    begun = time.perf_counter()
    ledger = Ledger()
    gatherers: dict[Kind, Callable[[bool, Ledger], Iterator[Evidence]]] = {
        "proved": _proved,
        "explored": _explored,
        "scheduled": _scheduled,
        "fuzzed": _fuzzed,
    }
    with ThreadPoolExecutor(1) as pool:
        # CrossHair runs in processes of its own, and takes the longest: beside all the others
        contracted = pool.submit(_cells_of, "contracted", _contracted, quick, ledger)
        for kind, gatherer in gatherers.items():
            if on_start is not None:
                on_start(kind)
            ledger.cells += _cells_of(kind, gatherer, quick, ledger)
        if on_start is not None:
            on_start("contracted")
        ledger.cells += contracted.result()
    if on_start is not None:
        on_start("mutants")
    _count_killed(ledger)
    ledger.seconds = time.perf_counter() - begun
    return ledger


def _cells_of(
    kind: Kind, gatherer: Callable[[bool, Ledger], Iterator[Evidence]], quick: bool, ledger: Ledger
) -> list[Evidence]:
    """What a gatherer finds. One that breaks on what it is given must not take the ledger with it: its cells fail."""
    try:
        return list(gatherer(quick, ledger))
    except Exception as error:
        detail = f"gathering it raised {type(error).__name__}: {error}"
        return [Evidence(claim.id, kind, "fails", detail=detail) for claim in CLAIMS]


def _count_killed(ledger: Ledger) -> None:
    """What each kind of evidence would have found, had the specification been wrong, of a sample of mutants."""
    try:
        ledger.mutants = matrix = judge_mutants(MUTANT_KINDS, quick=True)
    except Exception as error:  # a fault that is planted by name in what stands there no more, for example
        ledger.no_mutants = f"judging them raised {type(error).__name__}: {error}"
        return
    ledger.cells = [
        replace(cell, killed_mutants=matrix.killed(cell.claim, cell.kind)) if cell.kind in MUTANT_KINDS else cell
        for cell in ledger.cells
    ]


def _proved(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    begun = time.perf_counter()
    obligations = prove_all()
    # a proof of the specification is one of our classes only as long as they decide as it does
    differing = [
        f"{one.status}: {one.machine}.{one.method} decides otherwise than {one.rule}: {one.counterexample}"
        for one in prove_shells()
        if one.status != "proved"
    ]
    seconds = time.perf_counter() - begun
    # those without a claim keep every proof honest: if one of them is not proved, no claim is
    dishonest = [o for o in obligations if not o.claims and o.status != "proved"]
    miscounted = _miscounted(obligations)
    for claim in CLAIMS:
        about = [o for o in obligations if claim.id in o.claims]
        bad = [o for o in about if o.status != "proved"] + dishonest
        count = len(about)
        bound = f"for every count, number of parties, generations and tasks, under every policy, by {solvers()}"
        detail = "; ".join(
            f"{o.status}: {o.name}: {o.machine}.{o.operation} {o.rule} ({o.policy}) {o.counterexample}" for o in bad[:3]
        )
        status: Status = "holds"
        if differing:
            status, detail = "fails", "; ".join(differing[:3])
        elif miscounted:
            status, detail = "fails", "; ".join([miscounted, *([detail] if detail else [])])
        elif bad:
            status = "fails" if any(o.status in ("refuted", "disputed") for o in bad) else "inconclusive"
        elif not about:
            status, detail = "not_run", "no obligation is about it"
        elif claim.beyond_counters and all(o.model == "counters" for o in about):
            status, detail = "inconclusive", f"proved of counters alone, which leave open {claim.beyond_counters}"
        yield Evidence(claim.id, "proved", status, bound, count, "obligations", seconds, "latchproof prove", detail)


def _miscounted(obligations: list[Obligation]) -> str:
    """What differs from the numbers of obligations that the manifest expects, where there is a source checkout."""
    try:
        manifest = find_root() / MANIFEST
    except ContractsNotRunError:
        return ""
    expected = tomllib.loads(manifest.read_text(encoding="utf-8"))["proofs"]
    found = {machine: dict(Counter(o.model for o in obligations if o.machine == machine)) for machine in MACHINES}
    return "" if found == expected else f"the manifest expects {expected} obligations, there are {found}"


def _explored(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    begun = time.perf_counter()
    tasks = (3, 4) if quick else (5, 6)
    highest = {"latch": 3, "barrier": 4} if quick else {"latch": 4, "barrier": 6}
    arguments = {name: range(machine.smallest, highest[name] + 1) for name, machine in MACHINES.items()}
    checks: dict[str, int] = {}
    violated: dict[str, str] = {}
    fired = ledger.rules.setdefault("explored", set())
    orbits = 0
    complete = True
    for machine in MACHINES.values():
        for policy in machine.policies:
            for argument in arguments[machine.name]:
                for number in tasks:
                    found = explore(machine, policy, argument, tasks=number)
                    orbits += found.orbits
                    complete &= found.complete
                    fired |= found.rules
                    for name, count in found.checks.items():
                        checks[name] = checks.get(name, 0) + count
                    for violation in found.violations:
                        run = " / ".join(violation.run)
                        for name in violation.claims:
                            where = f"{machine.name}({argument}), policy {policy.name}"
                            violated.setdefault(name, f"{violation.property}, {where}: {run}")
    fair_tasks = (3, 4) if quick else (4, 5)
    live = [
        check_eventualities(machine, policy, argument, tasks=number)
        for machine in MACHINES.values()
        for policy in distinct_policies(machine.policies)
        for argument in arguments[machine.name]
        for number in fair_tasks
    ]
    seconds = time.perf_counter() - begun
    most = max(max(numbers) for numbers in arguments.values())
    reproduce = (
        f"latchproof explore --tasks {tasks[0]} {tasks[1]} --fair-tasks {fair_tasks[0]} {fair_tasks[1]} --upto {most}"
    )
    bound = (
        f"{tasks[0]} and {tasks[1]} tasks, counts 0-{max(arguments['latch'])}, parties 1-{max(arguments['barrier'])}, "
        f"calls without bound; {orbits:,} states up to symmetry, every policy"
    )
    for claim in CLAIMS:
        count = checks.get(claim.id, 0)
        status: Status = (
            "fails"
            if claim.id in violated
            else "holds"
            if count and complete
            else "inconclusive"
            if count
            else "not_run"
        )
        detail = violated.get(claim.id, "" if count else "no property of it is judged on specification x tasks")
        reach = bound
        if claim.kind == "liveness" and status == "holds":
            status, detail = _of_eventualities(claim.id, live, fair_tasks)
            reach += (
                f"; as an eventuality, with {fair_tasks[0]} and {fair_tasks[1]} tasks, under weak fairness, and not "
                "without it"
            )
        yield Evidence(claim.id, "explored", status, reach, count, "judgements", seconds, reproduce, detail)


def _of_eventualities(claim: str, live: list[Liveness], tasks: tuple[int, ...]) -> tuple[Status, str]:
    """What the cyclic graphs say of a claim: it holds if none fails, and, for each number of tasks, some can fail."""
    about = [(one, promise) for one in live for promise in one.promises if promise.claim == claim]
    for one, promise in about:
        if promise.broken is not None:
            run = f"{' / '.join(promise.broken.stem)} / for ever: {' / '.join(promise.broken.cycle) or 'nothing'}"
            return "fails", f"{promise.name}, {one.machine}({one.argument}), policy {one.policy}: {run}"
    if not all(one.complete for one, _ in about):
        return "inconclusive", "a graph was given up, for it has too many states"
    able = {one.tasks for one, promise in about if promise.status == "holds"}
    if able != set(tasks):
        return "inconclusive", "it is not owed to anybody, or comes without fairness too"
    return "holds", ""


def _scheduled(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    verdicts: dict[str, list[Verdict]] = {name: [] for name in CLASSES}
    absent = []
    for host in STEPPED_HOSTS:
        try:
            stepper_class(host)
        except TargetError:
            absent.append(host)
            continue
        for name, factory in CLASSES.items():
            target = adapt(factory, f"latchproof:{factory.__name__}", name)
            bounds = QUICK_BOUNDS[host]
            shapes = one_shape(target, bounds.get("tasks"), bounds.get("calls"), host=host) if quick else None
            verdicts[name].append(check(target, host=host, policy="latchproof", strict=True, shapes=shapes))
    fired = ledger.rules.setdefault("scheduled", set())
    for verdict in (one for several in verdicts.values() for one in several):
        fired |= set(verdict.reported.fired)
    for claim in CLAIMS:
        about = [verdict for name in claim.machines for verdict in verdicts[name]]
        yield _scheduled_cell(claim.id, about, quick, absent)


def _scheduled_cell(claim: str, verdicts: list[Verdict], quick: bool, absent: list[str]) -> Evidence:
    failures = [verdict.reported.failures[claim] for verdict in verdicts if claim in verdict.reported.failures]
    status: Status = "holds"
    detail = ""
    if failures:
        status, detail = "fails", f"{failures[0].finding.seen}; {' / '.join(failures[0].schedule)}"
    elif any(claim not in verdict.reported.chances for verdict in verdicts):
        status, detail = "inconclusive", "it never had a chance to fail"
    elif any(verdict.reasons for verdict in verdicts):
        status, detail = "inconclusive", "; ".join(reason for verdict in verdicts for reason in verdict.reasons)
    elif any(not verdict.reported.satisfied for verdict in verdicts):
        status, detail = "inconclusive", "runs ended early, at a failure of another claim"
    bounds = dict.fromkeys(f"on {verdict.host}: {'; '.join(verdict.bounds)}" for verdict in verdicts)
    bound = "strict form; " + "; ".join(bounds) + (f"; not installed: {', '.join(absent)}" if absent else "")
    count = sum(verdict.schedules for verdict in verdicts)
    commands = " and ".join(
        f"latchproof check {verdict.target.name} --strict --policy latchproof --host {verdict.host}"
        + ("".join(f" --{name} {number}" for name, number in QUICK_BOUNDS[verdict.host].items()) if quick else "")
        for verdict in verdicts
    )
    seconds = sum(verdict.seconds for verdict in verdicts)
    return Evidence(claim, "scheduled", status, bound, count, "schedules", seconds, commands, detail)


def _contracted(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    try:
        contracts = check_contracts()
    except ContractsNotRunError as error:
        yield from (Evidence(claim.id, "contracted", "not_run", detail=str(error)) for claim in CLAIMS)
        return
    canaries = sum(1 for condition in contracts.conditions if condition.expected == "refuted")
    bound = (
        "CrossHair, over all paths: the specification under every policy, the runtime on asyncio's futures with up to "
        f"three tasks; {canaries} false contracts refuted, as they must be"
    )
    wrong = [condition for condition in contracts.conditions if condition.status != condition.expected]
    # a false contract that is confirmed, or CrossHair itself that fails, leaves nothing to be believed of any claim
    is_all = not wrong or any(not condition.claims for condition in wrong)
    for claim in CLAIMS:
        about = contracts.of_claim(claim.id)
        status: Status = "holds" if about else "not_run"
        detail = "; ".join(contracts.failures) or ("" if about else "no contract is about it")
        if contracts.failures:
            is_mine = is_all or any(claim.id in condition.claims for condition in wrong)
            status = "fails" if is_mine else "inconclusive"
            detail = detail if is_mine else f"a contract about something else fails: {detail}"
        yield Evidence(
            claim.id, "contracted", status, bound, len(about), "conditions", contracts.seconds,
            "python proofs/run_contracts.py", detail,
        )  # fmt: skip


def _fuzzed(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    from latchproof.testing import state_machine
    from latchproof.verify.drivers import HOSTS

    examples = QUICK_EXAMPLES if quick else FULL_EXAMPLES
    options = settings(
        max_examples=examples,
        stateful_step_count=30,
        database=None,
        deadline=None,
        derandomize=quick,  # what is quick is to say the same each time; what is not, to look elsewhere each time
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    begun = time.perf_counter()
    fired = ledger.rules.setdefault("fuzzed", set())
    calls = dict.fromkeys(CLASSES, 0)
    broken: dict[str, str] = {}
    ran, absent = [], []
    for host in HOSTS:
        try:
            machines = {
                name: state_machine(factory, kind=name, host=host, policy="latchproof", strict=True)
                for name, factory in CLASSES.items()
            }
        except TargetError as error:
            absent.append(str(error))
            continue
        ran.append(host)
        for name, machine in machines.items():
            try:
                run_state_machine_as_test(machine, settings=options)
            except AssertionError as error:
                broken[name] = str(error)
            fired |= machine.fired
            calls[name] += machine.calls
    seconds = time.perf_counter() - begun
    bound = f"{', '.join(ran)}; {examples} examples of up to 30 steps each, strict form"
    for claim in CLAIMS:
        found = [broken[name] for name in claim.machines if name in broken]
        mine = [one for one in found if f" breaks {claim.id} " in one]
        had_chance = bool(fired & set(claim.rules))
        status: Status = "fails" if mine else "inconclusive" if found or not had_chance else "holds"
        detail = mine[0] if mine else "; ".join(absent)
        if found and not mine:
            detail = "examples ended early, at a failure of another claim"
        elif not had_chance:
            detail = "it never had a chance to fail"
        count = sum(calls[name] for name in claim.machines)
        reproduce = " and ".join(
            f"latchproof fuzz latchproof:{CLASSES[name].__name__} --strict --policy latchproof --examples {examples} "
            "--host HOST"
            for name in claim.machines
        )
        yield Evidence(claim.id, "fuzzed", status, bound, count, "calls", seconds, reproduce, detail)
