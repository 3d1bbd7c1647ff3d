"""Prints the ledger: the evidence for each claim and each rule, its bounds, and how to gather it again."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from latchproof.show.matrix import conclusions, is_about_ours
from latchproof.show.printing import STYLES, Console, print_table, say, say_command
from latchproof.verify.evidence import Cell, RuleCell
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machines import CLAIMS

Key = TypeVar("Key")

MEANINGS = {
    0: "every cell that was run holds",
    1: "a claim, an export or the gate of the mutants fails",
    3: "the ledger is inconclusive",
}


def print_ledger(console: Console, ledger: Ledger) -> None:
    """Print a row for each claim, with a column for each kind of evidence; then bounds, rules, and what went wrong."""
    rows = [(claim.id, *(_cell(ledger.cell(claim.id, kind.name)) for kind in KINDS)) for claim in CLAIMS]
    print_table(console, ("claim", *(kind.name for kind in KINDS)), rows)
    say(console, f"numbers: {', '.join(f'{kind.name} {kind.unit}' for kind in KINDS)}; their bounds are below")
    say(console)
    for claim in CLAIMS:
        say(console, f"{claim.id:<4} {claim.sentence}")
    say(console)
    for kind in KINDS:
        _print_bounds(console, kind.name, [cell for cell in ledger.cells if cell.kind == kind.name])
    for name, rules in ledger.fired.items():
        missing = ", ".join(ledger.unfired.get(name, ()))
        every = "every rule of our own policy that a whole number can fire was fired"
        say(console, f"rules, {name}: {f'never fired: {missing}' if missing else every} ({len(rules)} in all)")
    say(console)
    _print_rules(console, ledger)
    _print_checks(console, ledger)
    for cell in ledger.cells:
        where = f"{cell.claim} {cell.kind}"
        for reason in cell.reasons:
            say(console, f"{where}: inconclusive because: {reason}", style=STYLES["inconclusive"])
        if cell.status == "fails" or (cell.status == "inconclusive" and not cell.reasons):
            say(console, f"{where} {cell.status}: {cell.detail}", style=STYLES[cell.status])
    say(console, f"{MEANINGS[ledger.exit_code]} ({ledger.seconds:.1f} s, {ledger.cpu_seconds:.1f} CPU-seconds)")


def _print_bounds(console: Console, kind: str, cells: list[Cell]) -> None:
    """Print the bounds of a kind of evidence with the commands that gather it again, and why cells were not run."""
    run = [cell for cell in cells if cell.status != "not_run" and cell.bound]
    # commands that differ in nothing but the claim are one line
    told = (((one.bound, one.reproduce.replace(f"--claim {one.claim}", "--claim ID")), one.claim) for one in run)
    for (bound, reproduce), of in _grouped(told):
        say(console, f"{kind} ({' '.join(of)}): {bound}")
        say_command(console, f"    again: {reproduce}")
    not_run = ((cell.detail, cell.claim) for cell in cells if cell.status == "not_run")
    for why, of in sorted(_grouped(not_run)):
        say(console, f"{kind}: not run for {' '.join(of)}: {why}")


def _print_rules(console: Console, ledger: Ledger) -> None:
    """Print a row for each rule: what each kind of evidence did about it, and how many of its mutants are killed."""
    rows = ledger.rows()
    table = [
        (row.id, *map(_cell, row.evidence), f"{row.killed_mutants} of {row.mutants}" if row.mutants else "none judged")
        for row in rows
    ]
    print_table(console, ("rule", *(kind.name for kind in KINDS), "mutants killed"), table)
    units = ", ".join(f"{kind.name} {kind.rule_unit}" for kind in KINDS)
    say(
        console,
        f"numbers: {units}; not run: rules of constructors, rules that no whole number fires, and those of policies "
        "other than our own",
    )
    fault = "no fault under our own policy" if is_about_ours(ledger.mutants) else "no fault"
    say(
        console,
        "mutants killed: how many break a claim, of those judged that have the rule in their ID; the others raise an "
        f"error, are proved to be {fault}, or are named below",
    )
    for row in rows:
        say(console, f"{row.id:<4} {row.operation}: {row.sentence}")
    for kind in KINDS:
        for where, of in _grouped((one.where, row.id) for row in rows for one in row.evidence if one.kind == kind.name):
            if where:
                say(console, f"{kind.name} {', '.join(where)}: {' '.join(of)}")
    say(console, "    again: latchproof prove --rule ID --verbose for the obligations about a rule; else as for claims")
    say(console)


def _print_checks(console: Console, ledger: Ledger) -> None:
    """Print what is checked apart from the claims: the exports, and the mutants."""
    for one in ledger.exports:
        detail = f"; {one.detail}" if one.detail else ""
        say(console, f"{one.name} {one.status}: {one.bound}{detail}", style=STYLES[one.status])
        say_command(console, f"    again: {one.reproduce}")
    if ledger.mutants is not None:
        for line, style in conclusions(ledger.mutants):
            say(console, f"mutants: {line}", style=style)
        say(
            console,
            "    again: latchproof mutants --quick; with every mutant and kind of evidence: latchproof mutants",
        )
    if ledger.no_mutants:
        say(console, f"mutants: {ledger.no_mutants}", style="bold red")


def _cell(cell: Cell | RuleCell) -> str:
    return f"{cell.status} {cell.count:,}" if cell.status != "not_run" else "not_run"


def _grouped(pairs: Iterable[tuple[Key, str]]) -> Iterator[tuple[Key, list[str]]]:
    found: dict[Key, list[str]] = {}
    for key, of in pairs:
        found.setdefault(key, []).append(of)
    yield from found.items()
