"""The ledger: every claim, what evidence was just gathered for it, to which bound, and how to gather it again.

A cell holds only what was computed in this run. What was not gathered says so, and why. Beside the claims stand the
rules, each with what was done about it, and what is kept: what the exporters write.
"""

from __future__ import annotations

import re
import shutil
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import latchproof
from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.loops import STEPPED_HOSTS, stepper_class
from latchproof.check.pool import cores
from latchproof.check.target import TargetError, adapt
from latchproof.check.verdict import Verdict
from latchproof.contracts import MANIFEST, ContractsNotRunError, check_contracts, find_root, read_ahead
from latchproof.explore.expected import compare, read_expectations
from latchproof.explore.fairness import Liveness, check_eventualities
from latchproof.explore.states import explore
from latchproof.explore.vacuity import vacuous_eventualities, vacuous_properties
from latchproof.export.committed import stale
from latchproof.export.crosscheck import CrosscheckError, crosscheck, tlc_jar
from latchproof.mutants.evaluate import KINDS as MATRIX_KINDS
from latchproof.mutants.matrix import Matrix, judge_mutants
from latchproof.prove.obligation import Obligation
from latchproof.prove.obligations import prove_all
from latchproof.prove.shells import Equivalence, blind_spots, prove_shells
from latchproof.prove.smtlib import solvers
from latchproof_spec.machine import Machine, distinct_policies
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from latchproof_spec.step import Rule

Kind = Literal["proved", "explored", "scheduled", "contracted", "fuzzed"]
Status = Literal["holds", "fails", "inconclusive", "not_run"]
KINDS: tuple[Kind, ...] = ("proved", "explored", "scheduled", "contracted", "fuzzed")
MUTANT_KINDS: Final = ("proved", "explored", "called", "scheduled", "fuzzed")
"""The kinds of evidence by which the quick ledger's sample of mutants is judged; in full, by all there are."""

MUST_KILL: Final[tuple[Kind, ...]] = ("proved", "explored", "scheduled", "fuzzed")
"""A cell of these kinds holds only if some mutant of the sample breaks the claim by it. Contracts have false ones that
must be refuted."""

MOST_ORBITS: Final = 2_000
MOST_STATES: Final = 50_000
"""Some times as many as there are. A faulty specification may have no end of states: then one exploration of a machine
is given up, and no more are begun."""

QUICK_STATES: Final = 5_000
"""A quick ledger looks anew at those explorations of proofs/manifest.toml that have no more states than this."""

QUICK_BOUNDS: dict[str, dict[str, int]] = {
    "asyncio": {"calls": 3},
    "trio": {"tasks": 2, "calls": 2},
    "flowno": {"calls": 3},
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


@dataclass(frozen=True)
class Kept:
    """What is checked beside the claims: the exporters. `detail` says what went wrong, or why it was not run."""

    name: str
    status: Status
    bound: str
    reproduce: str
    detail: str = ""


@dataclass(frozen=True)
class RuleEvidence:
    """What a kind of evidence did about a rule: `count` of `unit`, `where`, and the command that does it again."""

    kind: Kind
    status: Status
    count: int
    unit: str
    where: tuple[str, ...] = ()
    reproduce: str = ""


@dataclass(frozen=True)
class RuleRow:
    """A rule, what each kind of evidence did about it, and how many mutants of it were judged, and how many killed."""

    id: str
    machine: str
    operation: str
    sentence: str
    is_ours: bool
    evidence: tuple[RuleEvidence, ...]
    mutants: int
    killed_mutants: int


@dataclass
class Ledger:
    """Every cell that was gathered, which rules each kind of evidence fired, and what came of the mutants.

    `fired_at` says where each rule was fired, by kind: under which policies it was explored, on which hosts it was
    scheduled and fuzzed. `about_rules` holds the statuses of the obligations about each, and `conditions` those of the
    contracts of each function. `no_mutants` says why nothing came of the mutants.
    """

    cells: list[Evidence] = field(default_factory=list)
    rules: dict[str, set[str]] = field(default_factory=dict)
    seconds: float = 0.0
    mutants: Matrix | None = None
    no_mutants: str = ""
    kept: list[Kept] = field(default_factory=list)
    fired_at: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    about_rules: dict[str, Counter[str]] = field(default_factory=dict)
    conditions: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def fire(self, kind: Kind, where: str, rules: Iterable[str]) -> None:
        """Note that rules were fired."""
        self.rules.setdefault(kind, set()).update(rules)
        for rule in rules:
            self.fired_at.setdefault((kind, rule), {})[where] = None

    def rows(self) -> list[RuleRow]:
        """A row for each rule."""
        ours = own_rules()
        return [self._row(machine, rule, rule.id in ours) for machine in MACHINES.values() for rule in machine.rules]

    def _row(self, machine: Machine, rule: Rule, is_ours: bool) -> RuleRow:
        about = self.about_rules.get(rule.id, Counter())
        conditions = self.conditions.get((machine.name, rule.operation), Counter())
        cells = [
            RuleEvidence(
                "proved", _all(about, "proved"), about.total(), "obligations",
                reproduce=f"latchproof prove --rule {rule.id}",
            ),
            *(self._fired(kind, machine, rule, is_ours) for kind in ("explored", "scheduled")),
            RuleEvidence(
                "contracted", _all(conditions, "confirmed"), conditions.total(), "conditions of its operation",
                reproduce="python proofs/run_contracts.py",
            ),
            self._fired("fuzzed", machine, rule, is_ours),
        ]  # fmt: skip
        judged = [
            one
            for one in (self.mutants.judgements if self.mutants is not None else ())
            if one.mutant.machine.name == machine.name and re.search(rf"\b{rule.id}\b", one.mutant.id)
        ]
        killed = sum(one.status == "killed" for one in judged)
        return RuleRow(rule.id, machine.name, rule.operation, rule.sentence, is_ours, tuple(cells), len(judged), killed)

    def _fired(self, kind: Kind, machine: Machine, rule: Rule, is_ours: bool) -> RuleEvidence:
        """Rules of a constructor, and those of other policies, are fired where they can be."""
        where = tuple(self.fired_at.get((kind, rule.id), ()))
        status: Status = "holds" if where else "inconclusive" if is_ours and kind in self.rules else "not_run"
        unit = "policies" if kind == "explored" else "hosts"
        # what was done for the cell of a claim about both machines, whatever the claim
        commands = (one.reproduce for one in self.cells if one.kind == kind and one.claim == "C10")
        reproduce = next(commands, "").replace(" --claim C10", "")
        return RuleEvidence(kind, status, len(where), unit, where, reproduce if where else "")

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
        statuses = [*(cell.status for cell in self.cells), *(one.status for one in self.kept)]
        if "fails" in statuses or self.no_mutants:
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
            "rules": [asdict(row) for row in self.rows()],
            "rules_not_fired": self.unfired,
            "kept": [asdict(one) for one in self.kept],
            "mutants": self.mutants.to_json() if self.mutants is not None else None,
            "no_mutants": self.no_mutants,
            "seconds": self.seconds,
            "exit_code": self.exit_code,
        }


def own_rules() -> set[str]:
    """The rules of our own policy that a run can fire: none of a constructor, none for what is no whole number."""
    from latchproof.prove.steps import rules_of

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
    with suppress(ContractsNotRunError):
        read_ahead(find_root())
    with ThreadPoolExecutor(1) as pool:
        # CrossHair runs in processes of its own, and takes the longest: beside all the others
        contracted = pool.submit(_cells_of, "contracted", _contracted, quick, ledger)
        for kind, gatherer in gatherers.items():
            if on_start is not None:
                on_start(kind)
            ledger.cells += _cells_of(kind, gatherer, quick, ledger)

        def wait_for_contracts() -> None:
            if on_start is not None:
                on_start("contracted")
            ledger.cells += contracted.result()

        if not quick:  # the mutants are put to contracts too
            wait_for_contracts()
        if on_start is not None:
            on_start("kept")
        ledger.kept = _kept(quick)
        if on_start is not None:
            on_start("mutants")
        _count_killed(ledger, quick)
        if quick:
            wait_for_contracts()
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


def _kept(quick: bool) -> list[Kept]:
    """Whether the exporters write what is kept, and was reviewed; in full, whether Spin and TLC find the same in it."""
    name, bound, command = "exported", "spec/*.md and spec/exports are what is rendered", "make spec; git diff spec"
    try:
        root = find_root()
    except ContractsNotRunError as error:
        return [Kept(name, "not_run", bound, command, str(error))]
    try:
        wrong = stale(root)
    except Exception as error:  # a specification of which no model can be made
        wrong = [f"rendering it raised {type(error).__name__}: {error}"]
    found = [Kept(name, "fails" if wrong else "holds", bound, command, "; ".join(wrong))]
    return [*found, _crosschecked(quick)]


def _crosschecked(quick: bool) -> Kept:
    name, command = "crosschecked", "make crosscheck"
    bound = "Spin's states, edges and verdicts on the models of spec/exports are ours, and TLC's where TLC_JAR is given"
    missing = [tool for tool in ("spin", "cc") if shutil.which(tool) is None]
    if quick or missing:
        why = f"not installed here: {', '.join(missing)}" if missing else "the ledger is quick"
        return Kept(name, "not_run", bound, command, f"{why}; {command} does it")
    wrong: list[str] = []
    try:
        jar, without = tlc_jar()
        for machine in MACHINES.values():
            with TemporaryDirectory() as folder:
                wrong += crosscheck(machine, machine.policies[0], machine.bounds.model, Path(folder), jar)[1]
    except CrosscheckError as error:
        return Kept(name, "fails", bound, command, str(error))
    return Kept(name, "fails" if wrong else "holds", bound, command, "; ".join(wrong) or without)


def _count_killed(ledger: Ledger, quick: bool = True) -> None:
    """What each kind of evidence would have found, had the specification been wrong, of a sample of mutants."""
    try:
        has_contracts = any(cell.kind == "contracted" and cell.status != "not_run" for cell in ledger.cells)
        kinds = MUTANT_KINDS if quick else tuple(one for one in MATRIX_KINDS if one != "contracted" or has_contracts)
        ledger.mutants = matrix = judge_mutants(kinds, quick=quick, sampled=True, workers=cores())
    except Exception as error:  # a fault that is planted by name in what stands there no more, for example
        ledger.no_mutants = f"judging them raised {type(error).__name__}: {error}"
        return
    ledger.cells = [
        replace(cell, killed_mutants=matrix.killed(cell.claim, cell.kind)) if cell.kind in kinds else cell
        for cell in ledger.cells
    ]
    ledger.cells = [_could_have_failed(cell) for cell in ledger.cells]


def _could_have_failed(cell: Evidence) -> Evidence:
    """The cell; or that it fails, for it holds of every faulty specification too."""
    if cell.kind not in MUST_KILL or cell.status != "holds" or cell.killed_mutants:
        return cell
    detail = f"no mutant of the specification breaks it by what is {cell.kind}: nothing shows that it could fail"
    return replace(cell, status="fails", detail=detail)


def _all(statuses: Counter[str], due: str) -> Status:
    """What they come to, if all should be as is due."""
    if not statuses:
        return "not_run"
    if set(statuses) == {due}:
        return "holds"
    return "fails" if set(statuses) & {"refuted", "disputed", "failed"} else "inconclusive"


def _proved(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    begun = time.perf_counter()
    obligations = prove_all()
    # a proof of the specification is one of our classes only as long as they decide as it does
    shells = prove_shells()
    differing = [
        f"{one.status}: {one.machine}.{one.method} decides otherwise than {one.rule}: {one.counterexample}"
        for one in shells
        if one.status != "proved"
    ]
    differing += [f"a shell that differs in the {part} would not be noticed" for part in blind_spots()]
    for one in obligations:
        ledger.about_rules.setdefault(one.rule, Counter())[one.status] += 1
    seconds = time.perf_counter() - begun
    # those without a claim keep every proof honest: if one of them is not proved, no claim is
    dishonest = [o for o in obligations if not o.claims and o.status != "proved"]
    miscounted = _miscounted(obligations, shells)
    for claim in CLAIMS:
        about = [o for o in obligations if claim.id in o.claims]
        bad = [o for o in about if o.status != "proved"] + dishonest
        count = len(about)
        bound = (
            "for every count, number of parties, generations and tasks, under every policy as far as it demands the "
            f"claim, by {solvers()}"
        )
        bad.sort(key=lambda one: one.model != "controls")  # that a claim is empty says more than what comes of it
        detail = "; ".join(
            f"{o.status}: {o.name}: {o.machine}.{o.operation} {o.rule} ({o.policy}) "
            + " ".join(o.counterexample.split())
            for o in bad[:3]
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
        reproduce = f"latchproof prove --claim {claim.id}"
        yield Evidence(claim.id, "proved", status, bound, count, "obligations", seconds, reproduce, detail)


def _miscounted(obligations: list[Obligation], shells: list[Equivalence]) -> str:
    """What differs from the numbers of obligations that the manifest expects, where there is a source checkout."""
    try:
        manifest = find_root() / MANIFEST
    except ContractsNotRunError:
        return ""
    tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
    due = {f"{machine} {of}": number for machine, models in tables["proofs"].items() for of, number in models.items()}
    due |= {f"{machine} class, paths": number for machine, number in tables["shells"].items()}
    found = Counter(f"{one.machine} {one.model}" for one in obligations)
    found += Counter(f"{one.machine} class, paths" for one in shells)
    return "; ".join(
        f"{what}: {found[what]} obligations, the manifest has {due.get(what, 0)}"
        for what in dict.fromkeys((*due, *found))
        if found[what] != due.get(what, 0)
    )


def _not_as_pinned(quick: bool) -> dict[str, str]:
    """By claim, what the explorers do not find as the manifest has it, or what they judge by a property that is empty.

    The manifest is there where there is a source checkout.
    """
    wrong: dict[str, str] = {}
    for machine in MACHINES.values():
        for empty in vacuous_properties(machine):
            for claim in empty.claims:
                wrong.setdefault(claim.id, f"{empty} lets everything pass that is wrong on purpose")
        for promise in vacuous_eventualities(machine):
            wrong.setdefault(promise.claim.id, f"{promise} holds of a machine that lets nobody go on")
    try:
        pinned = read_expectations(find_root() / MANIFEST)
    except ContractsNotRunError:
        return wrong
    for one in pinned:
        if not quick or one.counts["states"] <= QUICK_STATES:
            outcome = compare(one)
            # what is only counted otherwise may be of any claim that is judged there
            about = outcome.broken or dict.fromkeys(one.claims if outcome.failures else (), "; ".join(outcome.failures))
            for claim_id, failure in about.items():
                wrong.setdefault(claim_id, f"{one.machine}, {one.name}: {failure}")
    return wrong


def _explored(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    begun = time.perf_counter()
    tasks = (3, 4) if quick else (5, 6)
    most = 4 if quick else 6
    arguments = {name: range(machine.smallest, most + 1) for name, machine in MACHINES.items()}
    checks: dict[str, int] = {}
    violated: dict[str, str] = {}
    ledger.rules.setdefault("explored", set())
    orbits = 0
    complete = True
    endless: set[Machine] = set()
    for machine in MACHINES.values():
        for policy, argument, number in product(machine.policies, arguments[machine.name], tasks):
            found = explore(machine, policy, argument, tasks=number, at_most=MOST_ORBITS)
            orbits += found.orbits
            complete &= found.complete
            ledger.fire("explored", policy.name, found.rules)
            for name, count in found.checks.items():
                checks[name] = checks.get(name, 0) + count
            for violation in found.violations:
                run = " / ".join(violation.run)
                for name in violation.claims:
                    where = f"{machine.name}({argument}), policy {policy.name}"
                    violated.setdefault(name, f"{violation.property}, {where}: {run}")
            if not found.complete:
                endless.add(machine)
                break
    fair_tasks = (3, 4) if quick else (4, 5)
    live = []
    for machine in (one for one in MACHINES.values() if one not in endless):
        for model in product(distinct_policies(machine.policies), arguments[machine.name], fair_tasks):
            live.append(_eventually(machine, *model))
            if not live[-1].complete:
                break
    unlike = _not_as_pinned(quick)
    seconds = time.perf_counter() - begun
    bound = (
        f"{tasks[0]} and {tasks[1]} tasks, counts 0-{most}, parties 1-{most}, calls without bound; {orbits:,} states "
        f"up to symmetry, every policy; counts as in {MANIFEST.as_posix()}, where there is one"
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
        if claim.id in unlike:
            status, detail = "fails", "; ".join(filter(None, (violated.get(claim.id), unlike[claim.id])))
        reach = bound
        if claim.kind == "liveness" and status == "holds":
            status, detail = _of_eventualities(claim.id, live, fair_tasks)
            reach += (
                f"; as an eventuality, with {fair_tasks[0]} and {fair_tasks[1]} tasks, under weak fairness, and not "
                "without it"
            )
        fair = f" --fair-tasks {fair_tasks[0]} {fair_tasks[1]}" if claim.kind == "liveness" else ""
        reproduce = f"latchproof explore --claim {claim.id} --tasks {tasks[0]} {tasks[1]}{fair} --upto {most}"
        yield Evidence(claim.id, "explored", status, reach, count, "judgements", seconds, reproduce, detail)


def _eventually(machine: Machine, policy: Any, argument: int, tasks: int) -> Liveness:
    return check_eventualities(machine, policy, argument, tasks=tasks, at_most=MOST_STATES)


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
            shapes = programs_within(target, bounds.get("tasks"), bounds.get("calls"), host=host) if quick else None
            verdicts[name].append(check(target, host=host, policy="latchproof", strict=True, shapes=shapes))
    ledger.rules.setdefault("scheduled", set())
    for verdict in (one for several in verdicts.values() for one in several):
        ledger.fire("scheduled", verdict.host, verdict.reported.fired)
    for claim in CLAIMS:
        if claim.unobservable:
            yield Evidence(claim.id, "scheduled", "not_run", detail=claim.unobservable)
            continue
        about = [verdict for machine in machines_about(claim) for verdict in verdicts[machine.name]]
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
        status, detail = "inconclusive", "; ".join(str(reason) for verdict in verdicts for reason in verdict.reasons)
    elif any(not verdict.reported.satisfied for verdict in verdicts):
        status, detail = "inconclusive", "runs ended early, at a failure of another claim"
    bounds = dict.fromkeys(f"on {verdict.host}: {'; '.join(verdict.bounds)}" for verdict in verdicts)
    bound = "strict form; " + "; ".join(bounds) + (f"; not installed: {', '.join(absent)}" if absent else "")
    count = sum(verdict.schedules for verdict in verdicts)
    commands = " && ".join(
        f"latchproof check {verdict.target.name} --claim {claim} --strict --policy latchproof --host {verdict.host}"
        + ("".join(f" --{name} {number}" for name, number in QUICK_BOUNDS[verdict.host].items()) if quick else "")
        for verdict in verdicts
    )
    seconds = sum(verdict.seconds for verdict in verdicts)
    return Evidence(claim, "scheduled", status, bound, count, "schedules", seconds, commands, detail)


def _contracted(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    try:
        # a core is left to what is gathered beside it
        contracts = check_contracts(workers=max(1, cores() - 1))
    except ContractsNotRunError as error:
        yield from (Evidence(claim.id, "contracted", "not_run", detail=str(error)) for claim in CLAIMS)
        return
    for condition in contracts.conditions:
        place = Path(condition.file)
        if place.parts[0] == "spec":
            ledger.conditions.setdefault((place.parent.name, condition.function), Counter())[condition.status] += 1
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
            f"python proofs/run_contracts.py --claim {claim.id}", detail,
        )  # fmt: skip


def _fuzzed(quick: bool, ledger: Ledger) -> Iterator[Evidence]:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    from latchproof.fuzz.drivers import HOSTS
    from latchproof.testing import AT_ONCE, LARGEST, state_machine

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
            ledger.fire("fuzzed", host, machine.fired)
            calls[name] += machine.calls
    seconds = time.perf_counter() - begun
    bound = (
        f"{', '.join(ran)}; {examples} examples of up to 30 steps each, counts and parties to {LARGEST}, up to "
        f"{AT_ONCE} calls at once, strict form"
    )
    for claim in CLAIMS:
        if claim.unobservable:
            yield Evidence(claim.id, "fuzzed", "not_run", detail=claim.unobservable)
            continue
        found = [broken[one.name] for one in machines_about(claim) if one.name in broken]
        mine = [one for one in found if f" breaks {claim.id} " in one]
        had_chance = any(fired & set(machine.exercise[claim]) for machine in machines_about(claim))
        status: Status = "fails" if mine else "inconclusive" if found or not had_chance else "holds"
        detail = mine[0] if mine else "; ".join(absent)
        if found and not mine:
            detail = "examples ended early, at a failure of another claim"
        elif not had_chance:
            detail = "it never had a chance to fail"
        count = sum(calls[machine.name] for machine in machines_about(claim))
        reproduce = " && ".join(
            f"latchproof fuzz latchproof:{CLASSES[name].__name__} --claim {claim.id} --strict --policy latchproof "
            f"--examples {examples} --host {host}"
            for host in ran
            for name in (machine.name for machine in machines_about(claim))
        )
        yield Evidence(claim.id, "fuzzed", status, bound, count, "calls", seconds, reproduce, detail)
