"""`latchproof mutants`: which claim breaks on which fault of the specification, by which kind of evidence."""

import argparse

from latchproof.check.target import TargetError
from latchproof.cli.options import Command, Console, add_output, at_least, write_json

MEANINGS = {
    0: "every mutant breaks a claim or is no fault, and every claim is broken by some mutant",
    1: "the gate fails",
    3: "something is undecided",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--quick", action="store_true", help="a sample, under our own policy, by the kinds of evidence that are quick"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only the mutants that have TEXT in their ID")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="only these kinds of evidence (default: all)")
    parser.add_argument(
        "--workers", type=at_least(1), metavar="N",
        help="processes to use (default: one for each core; --quick always uses one)",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="print the result of each mutant")
    add_output(parser, "json", "write the matrix to FILE as JSON")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.check.pool import cores
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    with Stages(console, "loading the solvers"):
        from latchproof.contracts import ContractsNotRunError
        from latchproof.mutants.matrix import evaluate_mutants
        from latchproof.show.matrix import print_matrix
        from latchproof.verify.kinds import MUTANT_CHECKS

    if options.quick and options.workers is not None:
        raise TargetError("--quick uses one process; leave out --workers, or --quick")
    known = [check.kind for check in MUTANT_CHECKS]
    if unknown := set(options.kinds or ()) - set(known):
        raise TargetError(f"{', '.join(sorted(unknown))}: not a kind of evidence; there are {', '.join(known)}")
    usual = [check.kind for check in MUTANT_CHECKS if check.is_quick or not options.quick]
    checks = [check for check in MUTANT_CHECKS if check.kind in (options.kinds or usual)]
    with Stages(console, "choosing the mutants") as stages:
        try:
            matrix = evaluate_mutants(
                checks,
                quick=options.quick,
                only=options.only,
                workers=1 if options.quick else options.workers or cores(),
                tell=stages,
            )
        except ContractsNotRunError as error:
            others = " ".join(check.kind for check in checks if check.broken_by_each is None)
            raise TargetError(f"{error}; leave them out: --kinds {others}") from error
    if not matrix.results:  # nothing was judged, which says nothing about the claims
        if matrix.not_tried:
            raise TargetError(
                f"these kinds of evidence do not see the fault of any mutant that has {options.only!r} in its ID: "
                "leave out --kinds, or add scheduled"
            )
        raise TargetError(f"no mutant's ID has {options.only!r} in it; latchproof mutants --quick --verbose lists some")
    print_matrix(console, matrix, verbose=options.verbose)
    say(console)
    write_json(options.json, matrix)
    say(console, f"{MEANINGS[matrix.exit_code]} ({sum(matrix.seconds.values()):.1f} s of judging)")
    return matrix.exit_code


COMMAND = Command(
    "mutants",
    help="print claims x mutants of the specification: which claim breaks on which fault, by which evidence",
    epilog="Exit codes: 1 if a mutant survives that is not proved to be no fault, or if no mutant breaks some "
    "claim; 3 if a mutant is undecided; else 0. "
    "Example: latchproof mutants --quick --verbose",
    add_options=add_options,
    run=run,
    needs=("rich", "z3", "hypothesis", "crosshair"),
)
