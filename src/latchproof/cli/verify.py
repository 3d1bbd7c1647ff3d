"""`latchproof verify`: gather the evidence for our own claims and print the ledger."""

import argparse

from latchproof.cli.options import Command, Console, add_output, write_json


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--quick", action="store_true", help="use smaller bounds, which takes a minute or two")
    add_output(parser, "json", "write the ledger to FILE as JSON")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    size = "quick" if options.quick else "full"
    say(console, f"latchproof verify: the {size} ledger of our claims, from evidence gathered now")
    with Stages(console, "loading the solvers") as stages:
        from latchproof.show.ledger import print_ledger
        from latchproof.verify.gather import gather

        ledger = gather(quick=options.quick, on_start=lambda kind: stages(f"gathering: {kind}"))
    say(console)
    print_ledger(console, ledger)
    write_json(options.json, ledger)
    return ledger.exit_code


COMMAND = Command(
    "verify",
    help="gather the evidence for latchproof's own claims and print the ledger",
    epilog="Example: latchproof verify --quick --json ledger.json",
    add_options=add_options,
    run=run,
    needs=("rich", "z3", "hypothesis", "crosshair"),
)
