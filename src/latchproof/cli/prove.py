"""`latchproof prove`: discharge the inductive proofs, for every constructor argument and number of tasks."""

import argparse

from latchproof.check.target import TargetError
from latchproof.cli.options import Command, Console, add_kind, chosen_machines
from latchproof_spec import machines
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_kind(parser, "only this machine")
    parser.add_argument("--claim", metavar="ID", help="only this claim, and the obligations that keep its proof honest")
    parser.add_argument("--rule", metavar="ID", help="only the steps that this rule makes")
    parser.add_argument("--verbose", action="store_true", help="print a line for each obligation")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.prove.classes.refinement import refinement_in_process
    from latchproof.prove.language.comparison import check_specification
    from latchproof.prove.obligations import prove_whole
    from latchproof.show.printing import say
    from latchproof.show.proofs import print_checked, print_obligations, print_proofs

    chosen = chosen_machines(options)
    rule = None if options.rule is None else _rule(options.rule, chosen)
    checked = check_specification()
    if checked.wrong:
        print_checked(console, checked)
        return 1
    with refinement_in_process(tuple(machine.name for machine in chosen)) as of_classes:
        obligations = prove_whole(
            chosen,
            lambda one: (
                (options.claim is None or options.claim in one.claims or not one.claims)
                and options.rule in (None, one.rule)
            ),
        )
        cases = [one for one in of_classes() if options.rule in (None, one.rule)]
    if not obligations:
        say(console, _no_obligation(options, chosen))
        return 3
    if rule is not None:
        say(console, f"{rule.id}, of {rule.operation}: {rule.sentence}")
    if options.verbose:
        print_obligations(console, obligations)
    print_proofs(console, obligations, cases, options.claim)
    print_checked(console, checked)
    refuted = any(one.status in ("refuted", "disputed") for one in obligations)
    if refuted or any(one.status != "proved" for one in cases):
        return 1
    return 0 if all(one.status == "proved" for one in obligations) else 3


def _rule(id: str, chosen: list[Machine]) -> Rule:
    """Return the rule of that ID; raise TargetError if the chosen machines have none."""
    rules = {rule.id: rule for machine in chosen for rule in machine.rules}
    if id in rules:
        return rules[id]
    for other in machines.MACHINES.values():
        if id in [rule.id for rule in other.rules]:
            raise TargetError(
                f"{id} is a rule of the {other.name}, and --kind or --claim leaves only the {chosen[0].name}; leave "
                "one of them out"
            )
    raise TargetError(f"there is no rule {id!r}; there are {', '.join(rules)}")


def _no_obligation(options: argparse.Namespace, chosen: list[Machine]) -> str:
    """Return why there is nothing to prove of what was asked for, and what there is instead."""
    from latchproof.export.markdown import unreached

    if options.rule in [rule.id for machine in chosen for rule in unreached(machine)]:
        return (
            f"no obligation is about {options.rule}: no whole number fires it, and the proofs are about whole "
            "numbers; the tests of the specification call it with something else"
        )
    return f"no obligation is about {' and '.join(one for one in (options.claim, options.rule) if one)}"


COMMAND = Command(
    "prove",
    help=f"discharge the inductive proofs, for all {', '.join(one.parameters for one in machines.MACHINES.values())} "
    "and numbers of tasks",
    epilog="Example: latchproof prove --kind barrier --verbose",
    add_options=add_options,
    run=run,
    needs=("rich", "z3"),
)
