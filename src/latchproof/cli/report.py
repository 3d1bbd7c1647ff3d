"""`latchproof report`: rules, claims, evidence, a stepper and counterexamples as one HTML file."""

import argparse
from pathlib import Path

from latchproof.cli.options import Command, Console, add_output, write_file


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_output(parser, "html", "the file to write", required=True)
    parser.add_argument("--quick", action="store_true", help="gather the evidence to smaller bounds")
    parser.add_argument(
        "--ledger", metavar="FILE", type=Path, help="use the evidence that verify --json wrote instead of gathering it"
    )
    parser.add_argument(
        "--trace", metavar="FILE", type=Path, nargs="+", default=[],
        help="show the counterexamples that check --json wrote, too",
    )  # fmt: skip


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.check import checker, target, trace
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    traces = [one for path in options.trace for one in trace.read_all(path)]
    if options.ledger is None:
        say(console, f"gathering the {'quick' if options.quick else 'full'} ledger, as latchproof verify does")
    with Stages(console, "loading the solvers") as stages:
        from latchproof.prove.obligations import prove_all
        from latchproof.show.html.report import read_ledger, report
        from latchproof.verify.gather import gather

        if options.ledger is None:
            gathered = gather(quick=options.quick, on_start=lambda kind: stages(f"gathering: {kind}"))
            ledger = gathered.to_json()
        else:
            ledger = read_ledger(options.ledger)
        stages("checking asyncio:Barrier, whose counterexample the report shows")
        shown = [*checker.check(target.load("asyncio:Barrier"), policy="cpython").traces, *traces]
        stages("proving, for the obligations that the report lists")
        page = report(ledger, prove_all(), shown)
    code = int(ledger["exit_code"])
    if not write_file(options.html, page):
        return code or 3
    say(console, f"wrote     {options.html}")
    return code


COMMAND = Command(
    "report",
    help="write the rules, the claims with their evidence, a stepper and counterexamples as one HTML file",
    epilog="Example: latchproof report --quick --html report.html",
    add_options=add_options,
    run=run,
    needs=("rich", "z3", "hypothesis", "crosshair"),
)
