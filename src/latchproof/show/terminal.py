"""What the commands print: with rich where there is a terminal, as plain aligned text where there is none."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from latchproof.check.bounds import describe_bounds
from latchproof.check.checker import Verdict
from latchproof.check.estimate import Estimate
from latchproof.check.judge import Configuration, Event, Fate, Judge
from latchproof.check.run import Run, Walk
from latchproof.check.sandbox.containment import STEP_SECONDS
from latchproof.check.target import Target
from latchproof.check.trace import Trace, describe, plainly
from latchproof.explore.fairness import Lasso, Liveness
from latchproof.explore.states import Exploration
from latchproof.mutants.matrix import Matrix, in_order
from latchproof.show.lanes import explain, lanes
from latchproof.verify.evidence import Cell
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machines import CLAIMS
from latchproof_spec.step import ANY_INDEX

TELL_SECONDS = 30.0
"""So often is it said how far a check is, where there is no terminal."""

_Key = TypeVar("_Key")
_MUTANT_STYLE = {"survives": "bold red", "undecided": "yellow"}
_STYLE = {"holds": "green", "fails": "bold red", "inconclusive": "yellow", "not_run": "dim"}


def print_table(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]], styles: bool = True) -> None:
    """A table; a cell that begins with a status is coloured by it."""
    if console.is_terminal:
        # few lines between columns and none of a word's letters left out, so that all can be read at 80 columns
        columns = [Column(header, overflow="fold") for header in headers]
        table = Table(*columns, header_style="bold", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for row in rows:
            table.add_row(*(_styled(cell) for cell in row))
        console.print(table)
        return
    widths = [max(len(str(row[column])) for row in [headers, *rows]) for column in range(len(headers))]
    for row in [headers, *rows]:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        say(console, line)


def say(console: Console, line: str = "", style: str | None = None) -> None:
    """A line as it stands, not wrapped when it goes to a file."""
    console.print(line, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _styled(cell: str) -> Text:
    text = Text(cell)
    text.stylize(_STYLE.get(cell.split(" ", 1)[0], ""))
    return text


def print_ledger(console: Console, ledger: Ledger) -> None:
    """The ledger: a row a claim, a column a kind of evidence; then what each kind's bound was, and what went wrong."""
    names = [kind.name for kind in KINDS]
    rows = [(claim.id, *(_cell(ledger.cell(claim.id, kind)) for kind in names)) for claim in CLAIMS]
    print_table(console, ("claim", *names), rows)
    say(console, f"numbers: {', '.join(f'{kind.name} {kind.unit}' for kind in KINDS)}; their bounds are below")
    say(console)
    for claim in CLAIMS:
        say(console, f"{claim.id:<4} {claim.sentence}")
    say(console)
    for kind in names:
        cells = [cell for cell in ledger.cells if cell.kind == kind and cell.status != "not_run" and cell.bound]
        # commands that differ in nothing but the claim are one line
        told = (
            ((cell.bound, cell.reproduce.replace(f"--claim {cell.claim}", "--claim ID")), cell.claim) for cell in cells
        )
        for (bound, reproduce), of in _grouped(told):
            say(console, f"{kind} ({' '.join(of)}): {bound}")
            say(console, f"    again: {reproduce}")
        idle = {cell.detail for cell in ledger.cells if cell.kind == kind and cell.status == "not_run"}
        for reason in sorted(idle):
            claims = " ".join(
                cell.claim
                for cell in ledger.cells
                if cell.kind == kind and cell.status == "not_run" and cell.detail == reason
            )
            say(console, f"{kind}: not run for {claims}: {reason}")
    for name, rules in ledger.fired.items():
        missing = ledger.unfired.get(name)
        state = (
            f"never fired: {', '.join(missing)}"
            if missing
            else "every rule of our own policy that a whole number can fire was fired"
        )
        say(console, f"rules, {name}: {state} ({len(rules)} in all)")
    say(console)
    _print_rules(console, ledger)
    for one in ledger.exports:
        detail = f"; {one.detail}" if one.detail else ""
        say(console, f"{one.name} {one.status}: {one.bound}{detail}", style=_STYLE[one.status])
        say(console, f"    again: {one.reproduce}")
    if ledger.mutants is not None:
        for line, style in _of_matrix(ledger.mutants):
            say(console, f"mutants: {line}", style=style)
        say(
            console, "    again: latchproof mutants --quick; with every mutant and kind of evidence: latchproof mutants"
        )
    if ledger.no_mutants:
        say(console, f"mutants: {ledger.no_mutants}", style="bold red")
    for cell in ledger.cells:
        if cell.status in ("fails", "inconclusive"):
            why = f"because {'; '.join(map(str, cell.reasons))}" if cell.reasons else cell.detail
            sign = " " if cell.reasons else ": "
            say(console, f"{cell.claim} {cell.kind} {cell.status}{sign}{why}", style=_STYLE[cell.status])
    words = {
        0: "every cell that was run holds",
        1: "a claim fails, or what would show that it could",
        3: "something is inconclusive",
    }
    say(console, f"{words[ledger.exit_code]} ({ledger.seconds:.1f} s)")


def _print_rules(console: Console, ledger: Ledger) -> None:
    """A row a rule: what was done about it by each kind of evidence, and to its mutants."""
    rows = ledger.rows()
    table = []
    for row in rows:
        cells = [f"{one.status} {one.count:,}" if one.count else one.status for one in row.evidence]
        judged = f"{row.killed_mutants} of {row.mutants}" if row.mutants else "none judged"
        table.append((row.id, *cells, judged))
    print_table(console, ("rule", *(kind.name for kind in KINDS), "mutants killed"), table)
    units = ", ".join(f"{kind.name} {kind.rule_unit}" for kind in KINDS)
    say(
        console,
        f"numbers: {units}; what is not run is a constructor's rule, one that no whole number fires, or one of other "
        "policies than our own",
    )
    fault = "no fault under our own policy" if _is_about_ours(ledger.mutants) else "no fault"
    say(
        console,
        "mutants killed: how many break a claim, of those judged that have the rule in their ID; the others raise an "
        f"error, are proved to be {fault}, or are named below",
    )
    for row in rows:
        say(console, f"{row.id:<4} {row.operation}: {row.sentence}")
    for kind in (one.name for one in KINDS if one.fires_rules):
        for where, of in _grouped((one.where, row.id) for row in rows for one in row.evidence if one.kind == kind):
            if where:
                say(console, f"{kind} {', '.join(where)}: {' '.join(of)}")
    say(
        console,
        "    again: latchproof prove --rule ID --verbose, for the obligations about a rule; else as for the claims",
    )
    say(console)


def _grouped(pairs: Iterable[tuple[_Key, str]]) -> Iterator[tuple[_Key, list[str]]]:
    found: dict[_Key, list[str]] = {}
    for key, of in pairs:
        found.setdefault(key, []).append(of)
    yield from found.items()


def print_matrix(console: Console, matrix: Matrix, *, verbose: bool = False) -> None:
    """How many mutants each claim kills by each kind of evidence; then bounds, survivors, and what that means."""
    rows = [(claim.id, *(str(matrix.killed(claim.id, kind)) for kind in matrix.kinds)) for claim in CLAIMS]
    print_table(console, ("claim", *matrix.kinds), rows)
    say(console)
    for kind in matrix.kinds:
        say(console, f"{kind}: {matrix.bounds[kind]} ({matrix.seconds[kind]:.1f} s)")
    say(console, f"mutants: {matrix.chosen}")
    all_judged = "our own policy" if _is_about_ours(matrix) else "every policy"
    for one in matrix.results:
        if verbose or one.status in ("survives", "undecided"):
            broken = "; ".join(f"{kind} {' '.join(in_order(claims))}" for kind, claims in one.broken.items() if claims)
            say(console, f"{one.status}: {one.mutant.id} ({one.mutant.place})", style=_MUTANT_STYLE.get(one.status))
            say(console, f"    {one.mutant.sentence}")
            detail = broken or one.undecided or one.breaks_down or one.witness or "proved to do the same"
            under = ", ".join(one.differs) or (all_judged if one.status == "equivalent" else "")
            say(console, f"    under {under}: {detail}" if under else f"    {detail}")
    for line, style in _of_matrix(matrix):
        say(console, line, style=style)


def _is_about_ours(matrix: Matrix | None) -> bool:
    """Whether the mutants were judged under our own policy alone, as only the words of the matrix say."""
    return matrix is not None and matrix.chosen.partition("each judged under ")[2].startswith("our own policy")


def _of_matrix(matrix: Matrix) -> Iterator[tuple[str, str | None]]:
    """What a matrix comes to, line by line, each with its style."""
    judged, killed, same = len(matrix.results), len(matrix.with_status("killed")), matrix.with_status("equivalent")
    lame = len(matrix.with_status("breaks down"))
    ours = " under our own policy" if _is_about_ours(matrix) else ""
    yield (
        f"of {judged} mutants of the specification {killed} break a claim, {len(same)} are proved to be no fault{ours}"
        + (f", {lame} raise an error of their own" if lame else ""),
        None,
    )
    for kind in matrix.kinds:
        idle = [claim.id for claim in CLAIMS if not matrix.killed(claim.id, kind)]
        found = f"no mutant breaks {' '.join(idle)}" if idle else "every claim is broken by some mutant"
        yield f"by what is {kind}, {found}", None
    if matrix.not_tried:
        yield f"{len(matrix.not_tried)} are about tasks, which none of these kinds of evidence can judge", None
    for claim in matrix.vacuous:
        yield f"{claim} is vacuous: no mutant breaks it", "bold red"
    for claim in sorted(matrix.of_original):
        yield f"the original breaks {claim}: what is said of the mutants is worth nothing", "bold red"
    for one in matrix.with_status("survives"):
        yield f"no claim sees {one.mutant.id}: {one.witness}", "bold red"
    for one in matrix.with_status("undecided"):
        yield f"undecided: {one.mutant.id}: {one.undecided}", "yellow"


def print_explorations(console: Console, found: Sequence[Exploration], claim: str | None = None) -> None:
    """What was called, a row for each exploration, then the shortest run to each property that does not hold.

    With a `claim`, how often that was judged too.
    """
    for bound in dict.fromkeys((one.machine, one.operations, one.calls) for one in found):
        machine, operations, calls = bound
        each = "without bound" if calls is None else f"at most {_count(calls, 'call')}"
        say(console, f"{machine}: {', '.join(operations)}; of each task {each}")
    headers = ("machine", "policy", "tasks", "orbits", "states", "steps", "depth", "at rest", "properties")
    rows = [
        (
            f"{one.machine}({one.argument})", one.policy, str(one.tasks), f"{one.orbits:,}", f"{one.states:,}",
            f"{one.transitions:,}", str(one.depth), f"{one.rests:,}",
            "fails" if one.violations else "holds" if one.complete else "inconclusive",
        )
        for one in found
    ]  # fmt: skip
    print_table(console, headers, rows)
    for one in found:
        for violation in one.violations:
            say(console, f"{one.machine}({one.argument}) {one.policy}: {violation.property} fails after:", style="red")
            for line in violation.run:
                say(console, f"    {line}")
    if claim is not None:
        say(console, f"{claim} was judged {sum(one.checks.get(claim, 0) for one in found):,} times")


def print_liveness(console: Console, found: Sequence[Liveness]) -> None:
    """A row for each eventuality; a fair run for each that fails; and, for each claim, a run that is not fair."""
    headers = ("machine", "policy", "tasks", "claim", "states", "under weak fairness", "without it to one task")
    rows = [
        (
            f"{one.machine}({one.argument})", one.policy, str(one.tasks), promise.claim, f"{one.states:,}",
            "inconclusive" if promise.status == "holds" and not one.complete else promise.status,
            "fails" if promise.without_fairness else "never owed",
        )
        for one in found
        for promise in one.promises
    ]  # fmt: skip
    print_table(console, headers, rows)
    shown: set[str] = set()
    for one in found:
        for promise in one.promises:
            where = f"{promise.claim}, {one.machine}({one.argument}) {one.policy}"
            if promise.broken is not None:
                say(console, f"{where}: {promise.name} fails under weak fairness:", style="red")
                _print_lasso(console, promise.broken)
            if promise.without_fairness is not None and promise.claim not in shown:
                shown.add(promise.claim)
                say(console, f"{where}: without fairness to A, A need not go on:")
                _print_lasso(console, promise.without_fairness)


def _print_lasso(console: Console, lasso: Lasso) -> None:
    for line in lasso.stem:
        say(console, f"    {line}")
    for line in lasso.cycle or ("nothing happens any more",):
        say(console, f"    for ever: {line}")


def _cell(cell: Cell) -> str:
    return f"{cell.status} {cell.count:,}" if cell.status != "not_run" else "not_run"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_trace(console: Console, trace: Trace) -> None:
    """A broken claim with the run that breaks it."""
    claim = next(one for one in CLAIMS if one.id == trace.claim)
    requests = trace.count("request")
    say(console, f"{claim.id} is broken: {claim.sentence}", style="bold red")
    say(console)
    say(
        console,
        f"  {trace.target}({trace.argument}) on {trace.host}, policy {trace.policy}"
        f"{', strict form' if trace.strict else ''}: {_count(trace.count('begin'), 'call')}, "
        f"{_count(requests, 'cancellation')}, {_count(trace.steps, 'step')} of the event loop",
    )
    say(console)
    for line in lanes(trace, width=max(80, console.width) - 2):
        say(console, f"  {line}")
    say(console)
    for line in explain(trace):
        say(console, f"  {line}")
    say(console, f"  schedule: {'; '.join(trace.schedule)}", style="dim")
    options = f" --host {trace.host}" if trace.host != "asyncio" else ""
    options += f" --policy {trace.policy}{' --strict' if trace.strict else ''}"
    if trace.is_stepwise:
        say(console, f"  again:    latchproof replay '{trace.notation}' {trace.target}{options}", style="dim")
    say(console)


def print_verdict(console: Console, verdict: Verdict) -> None:
    """The outcome of a check: each broken claim with its shortest run, then what was run, and what it means."""
    target = verdict.target
    reported = verdict.reported
    for trace in verdict.traces:
        print_trace(console, trace)
    say(console, f"bounds    {verdict.bounds[0]}")
    for bound in verdict.bounds[1:]:
        say(console, f"          {bound}")
    say(
        console,
        f"ran       {verdict.schedules:,} schedules on {verdict.host}, {verdict.steps:,} steps, "
        f"{verdict.seconds:.1f} s",
    )
    if verdict.scheduler == "exhaustive":
        say(
            console,
            f"spared    {verdict.pruned:,} of these were cut short because an equivalent order or state was explored; "
            f"together they cover at least {verdict.covered:,} schedules",
        )
    else:
        say(console, f"chosen    at random: {verdict.scheduler}; others there are were not tried")
    say(console, f"fired     rules {', '.join(reported.fired) or 'none'}")
    say(console, f"chances   {', '.join(reported.chances) or 'none'} had a chance to fail")
    for claim in target.machine.claims:
        if claim.unobservable:
            say(console, f"unseen    {claim.id}: {claim.unobservable}")
    if target.absent:
        say(console, f"absent    {', '.join(target.absent)}: not exercised")
    for note in (*verdict.reasons, *verdict.notes):
        say(console, f"note      {note}", style="yellow")
    if len(verdict.policies) > 1:
        for one in verdict.policies:
            state = "satisfied" if one.satisfied else f"breaks {', '.join(one.failures)}"
            say(console, f"policy    {one.policy}: {state}")
    say(console, f"verdict   {_meaning(verdict)}", style={0: "green", 1: "bold red"}.get(verdict.exit_code, "yellow"))


def verdict_text(verdict: Verdict) -> str:
    """What `latchproof check` prints of a verdict, as text."""
    out = io.StringIO()
    print_verdict(Console(file=out, width=120), verdict)
    return out.getvalue()


def _meaning(verdict: Verdict) -> str:
    name = verdict.target.name
    if verdict.status == "counterexample":
        broken = ", ".join(verdict.reported.failures)
        nearest = " (the nearest; no policy is satisfied)" if len(verdict.policies) > 1 else ""
        return f"{name} breaks {broken} under the policy {verdict.reported.policy}{nearest}"
    if verdict.status == "inconclusive":
        return f"nothing was found against {name}, but the check is inconclusive: see the notes"
    if verdict.scheduler != "exhaustive":
        return f"nothing was found against {name} in these schedules, under {', '.join(verdict.satisfied)}"
    policies = f"polic{'y' if len(verdict.satisfied) == 1 else 'ies'} {', '.join(verdict.satisfied)}"
    to = f"the {policies}" if verdict.claim is None else f"{verdict.claim} under the {policies}"
    return f"{name} conforms within these bounds to {to}; beyond them nothing is said"


def print_estimates(console: Console, estimates: Sequence[Estimate], target: Target) -> None:
    """About how much there is to run, a row for each shape with each argument; and how that is known."""
    rows = []
    for one in estimates:
        bound = describe_bounds(replace(one.shape, arguments=(one.argument,)), target)
        known = "counted" if one.is_counted else f"extrapolated from {one.counted_calls} calls"
        every = f"{_about(one.schedules)} +- {_about(one.error)}"
        rows.append((bound, every, f"{_about(one.runs)} ({known})", f"{one.seconds:,.1f} s"))
    print_table(console, ("bound", "schedules", "to be run", "takes"), rows)
    runs, seconds = sum(one.runs for one in estimates), sum(one.seconds for one in estimates)
    say(console)
    say(console, f"in all about {_about(runs)} runs, {seconds:,.1f} s on one core of this machine")
    say(
        console,
        f"schedules: of the whole tree, by Knuth's method from {estimates[0].samples} random descents; +- is the "
        "standard error",
    )
    say(
        console,
        "to be run: what is left of them when a state that was met before is not gone on from, and of orders that "
        "commute one is tried; what is extrapolated is good for the order of magnitude",
    )
    say(console, "nothing was checked, and nothing is concluded", style="yellow")


def _about(number: float) -> str:
    return f"{number:,.0f}" if number < 10_000_000 else f"{number:.1e}"


class Bar:
    """How far each part of a check is: a bar with an estimate where there is a terminal, else a line now and then.

    The lines go to stderr: what is printed is the outcome alone.
    """

    def __init__(self, console: Console, weights: Sequence[int]) -> None:
        self._weights = weights
        self._parts = [0.0] * len(self._weights)
        self._schedules = [0] * len(self._weights)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=sum(self._weights))
        self._over = threading.Event()
        self._teller = None if console.is_terminal else threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Bar:
        self._progress.start()
        if self._teller is not None:
            self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        self._over.set()
        if self._teller is not None:
            self._teller.join()

    def _tell(self) -> None:
        begun, before = time.monotonic(), 0
        while not self._over.wait(TELL_SECONDS):
            now = sum(self._schedules)
            stuck = (
                f"; a step that does not end is broken off, {STEP_SECONDS} s after it began" if now == before else ""
            )
            seconds = time.monotonic() - begun
            print(f"latchproof: {now:,} schedules after {seconds:.0f} s{stuck}", file=sys.stderr, flush=True)
            before = now

    def __call__(self, number: int, walk: Walk) -> None:
        """Job `number` is so far."""
        self._parts[number] = max(self._parts[number], walk.fraction)
        self._schedules[number] = walk.schedules
        done = sum(weight * part for weight, part in zip(self._weights, self._parts, strict=True))
        self._progress.update(self._task, completed=done, description=f"{sum(self._schedules):,} schedules")


def print_replay(console: Console, run: Run, target: Target, policy: Any) -> None:
    """A run step by step: what was done, what happened, and in which states the specification may be then."""
    judge = Judge(target.machine, policy, run.argument, strict=run.strict, indexed=target.gives_index)
    say(console)
    said = 0
    rows = []
    for position, event in enumerate(run.history):
        while said < len(run.moments) and run.moments[said] <= position:
            rows.append((run.schedule[said], "", ""))
            said += 1
        finding = judge.step(event)
        states = sorted({_state(target, here) for here in judge.configurations})
        rows.append(("", _event(event), "not allowed" if finding else " or ".join(states)))
    rows += [(word, "", "") for word in run.schedule[said:]]
    print_table(console, ("done", "what happened", "the specification"), rows)
    say(console)


def _event(event: Event) -> str:
    plain = plainly(event)
    return f"call {plain['call']} {describe(plain)}" if "call" in plain else describe(plain)


def _state(target: Target, here: Configuration) -> str:
    values = ", ".join(f"{name} {value}" for name, value in zip(target.machine.state, here.state, strict=True))
    fates = [f"call {call + 1} {_fate(fate)}" for call, fate in here.fates]
    return "; ".join([values, *fates])


def _fate(fate: Fate) -> str:
    if fate.kind != "ends":
        return {"new": "has taken no effect", "parked": "parked", "withdrawn": "withdrawn"}[fate.kind]
    ending = fate.ending
    if isinstance(ending, int):
        return "may return an index" if ending == ANY_INDEX else f"may return {ending}"
    return "may return" if ending is None else f"may raise {ending.__name__}"
