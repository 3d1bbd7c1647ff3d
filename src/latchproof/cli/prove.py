"""`latchproof prove`: discharge the inductive proofs, for every constructor argument and number of tasks."""

import argparse

from latchproof.check.target import TargetError
from latchproof.cli.options import Command, Console, add_compiled, add_kind, chosen_machines, compiled, say_of_which
from latchproof_spec import machines
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_kind(parser, "only this machine")
    add_compiled(parser, "prove")
    parser.add_argument("--policy", metavar="NAME", help="under this policy of the model (default: as it stands)")
    parser.add_argument("--claim", metavar="ID", help="only this claim, and the obligations that keep its proof honest")
    parser.add_argument("--rule", metavar="ID", help="only the steps that this rule makes")
    parser.add_argument("--verbose", action="store_true", help="print a line for each obligation")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    if options.model is not None:
        return _prove_model(options, console)
    if options.policy is not None:
        raise TargetError("--policy is for a model: of a machine, everything is proved under every policy")
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    chosen = chosen_machines(options)
    rule = None if options.rule is None else _rule(options.rule, chosen)
    with Stages(console, "loading the solvers") as stages:
        from latchproof.prove.classes.refinement import refinement_in_process
        from latchproof.prove.language.comparison import check_specification
        from latchproof.prove.obligations import prove_whole
        from latchproof.show.proofs import print_checked, print_obligations, print_proofs

        stages("comparing the specification with a second interpreter")
        checked = check_specification()
    if checked.wrong:
        print_checked(console, checked)
        return 1
    with (
        refinement_in_process(tuple(machine.name for machine in chosen)) as of_classes,
        Stages(console, "proving"),
    ):
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


def _prove_model(options: argparse.Namespace, console: Console) -> int:
    """Prove what is claimed of a model that is compiled to rules."""
    from latchproof.prove.counters import FEWER
    from latchproof.prove.obligations import prove_whole
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages
    from latchproof.show.proofs import print_obligations, print_proofs

    found = compiled(options, [options.policy])
    (machine,) = (one.machine for one in found)
    claims = {claim.id: claim for claim in machine.claims}
    if options.claim is not None and options.claim not in claims:
        raise TargetError(f"of a model there is no claim {options.claim!r}; there are {', '.join(claims)}")
    if options.rule is not None:
        rule = _rule(options.rule, [machine])
        say(console, f"{rule.id}, of {rule.operation}: {rule.sentence}")
    with Stages(console, "proving"):
        obligations = prove_whole(
            [machine],
            lambda one: (
                one.name != FEWER
                and (options.claim is None or options.claim in one.claims or not one.claims)
                and options.rule in (None, one.rule)
            ),
        )
    status = {one.status for one in obligations}
    say_of_which(console, "proved" if status == {"proved"} else "asked", found)
    if options.verbose:
        print_obligations(console, obligations)
    print_proofs(console, obligations, None, options.claim, machine.claims)
    if status & {"refuted", "disputed"}:
        say(console, "a state that refutes a claim need not be reachable: latchproof explore --model looks for a run")
        return 1
    return 0 if status == {"proved"} else 3


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
    epilog="Example: latchproof prove barrier --verbose",
    add_options=add_options,
    run=run,
    needs=("rich", "z3"),
)
