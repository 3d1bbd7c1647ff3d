"""`latchproof explore`: explore every state of the specification and its tasks, to a bound."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from latchproof.check.kinds import MACHINE_KINDS
from latchproof.check.target import TargetError
from latchproof.cli.options import (
    Command,
    Console,
    add_compiled,
    add_kind,
    at_least,
    chosen_machines,
    compiled,
    policy_name,
    refuse_variant,
    say_of_which,
)
from latchproof_spec import machines

if TYPE_CHECKING:
    from latchproof.explore.fairness import Liveness
    from latchproof.explore.states import Exploration

SOME: Final = 20_000
"""Orbits of a model after which its calls are bounded: a count that only grows has no end of states."""

FEW_CALLS: Final = 3
"""Calls of each task then."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parameters = " or ".join(machine.parameter for machine in machines.MACHINES.values())
    add_kind(parser, "only this machine")
    add_compiled(parser, "explore")
    parser.add_argument("--claim", metavar="ID", help="judge by this claim alone, on the machines that it is about")
    parser.add_argument("--policy", metavar="NAME", help="under this policy (default: under every named one)")
    parser.add_argument("--tasks", type=at_least(1), nargs="+", default=[3, 4], metavar="N", help="numbers of tasks")
    parser.add_argument("--upto", type=at_least(1), default=4, metavar="N", help=f"largest {parameters} (default 4)")
    parser.add_argument("--calls", type=at_least(0), metavar="N", help="calls of each task (default: no limit)")
    parser.add_argument("--operations", nargs="+", metavar="NAME", help="call only these (default: all)")
    parser.add_argument(
        "--fair-tasks",
        type=at_least(1),
        nargs="+",
        default=[3, 4],
        metavar="N",
        help="numbers of tasks for the eventualities, whose graphs are not reduced by symmetry (default 3 4)",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.explore import fairness, states
    from latchproof.show.explorations import print_explorations, print_first_violation, print_liveness
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    if options.model is not None:
        return _explore_model(options, console)
    chosen = chosen_machines(options)
    refuse_variant(options.policy, chosen)
    if options.claim is not None:
        chosen = [states.about(machine, options.claim) for machine in chosen]
    models = [
        (machine, policy, argument)
        for machine in chosen
        for policy in machine.policies
        if options.policy is None or options.policy in machine.names_of(policy)
        for argument in range(machine.smallest, options.upto + 1)
    ]
    if not models:
        names = dict.fromkeys(policy.name for machine in chosen for policy in machine.policies)
        raise TargetError(f"there is no policy {options.policy!r}; there are {', '.join(names)}")
    for machine in chosen:
        if options.policy in machine.aliases:
            policy_name(options.policy, MACHINE_KINDS[machine.name], console)
    bounds = {"calls": options.calls, "operations": options.operations}
    try:
        with Stages(console, "exploring every state"):
            found = [states.explore(*model, tasks=tasks, **bounds) for model in models for tasks in options.tasks]
    except ValueError as error:
        raise TargetError(str(error)) from error
    print_explorations(console, found, options.claim)
    if options.calls is not None or options.operations is not None:
        owed = dict.fromkeys(one.claim.id for machine in chosen for one in machine.eventualities)
        say(
            console,
            f"not checked as eventualities: {', '.join(owed)}; leave out --calls and --operations to check them",
        )
        live = []
    else:
        with Stages(console, "looking for runs on which an eventuality fails"):
            every = [(model, tasks) for model in models for tasks in options.fair_tasks]
            live = [fairness.check_eventualities(*model, tasks=tasks) for model, tasks in every]
        say(console)
        print_liveness(console, live)
    print_first_violation(console, found, live)
    return _exit_code(found, live, options.claim)


def _explore_model(options: argparse.Namespace, console: Console) -> int:
    """Explore a model that is compiled to rules, under the policy that is asked for, or as it stands."""
    from latchproof.compile.stage import CannotCompileError
    from latchproof.explore import fairness, states
    from latchproof.show.explorations import print_explorations, print_first_violation, print_liveness
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    found = compiled(options, [options.policy])
    (machine,) = (one.machine for one in found)
    if options.claim is not None:
        if options.claim not in (known := [one.id for one in machine.claims]):
            raise TargetError(f"of a model there is no claim {options.claim!r}; there are {', '.join(known)}")
        machine = states.about(machine, options.claim)
    arguments = [one for one in range(options.upto + 1) if not machine.create(one)[2].refuses]
    models = [(machine, machine.policies[0], one) for one in arguments if found[0].takes_argument or one == 0]
    bounds: dict[str, Any] = {"calls": options.calls, "operations": options.operations}
    say_of_which(console, "explored", found)
    try:
        with Stages(console, "exploring every state"):
            explored = [states.explore(*one, tasks=n, **bounds, at_most=SOME) for one in models for n in options.tasks]
        is_open = options.calls is None and any(not one.complete and not one.violations for one in explored)
        if is_open:
            say(console, f"with any number of calls there are more than {SOME:,} orbits, so calls are bounded")
            bounds["calls"] = FEW_CALLS
            with Stages(console, "exploring every state again, to that bound"):
                explored = [states.explore(*one, tasks=n, **bounds) for one in models for n in options.tasks]
    except (ValueError, CannotCompileError) as error:
        raise TargetError(str(error)) from error
    print_explorations(console, explored, options.claim)
    live: list[Liveness] = []
    if bounds["calls"] is None and options.operations is None and machine.eventualities:
        with Stages(console, "looking for runs on which an eventuality fails"):
            live = [fairness.check_eventualities(*one, tasks=n) for one in models for n in options.fair_tasks]
        say(console)
        print_liveness(console, live)
    print_first_violation(console, explored, live)
    return _exit_code(explored, live, options.claim)


def _exit_code(found: "list[Exploration]", live: "list[Liveness]", claim: str | None) -> int:
    """Return 1 for a violation, and 3 if something was not judged, or not all of it was explored."""
    promises = [promise for one in live for promise in one.promises]
    if any(one.violations for one in found) or any(promise.status == "fails" for promise in promises):
        return 1
    if claim is not None and not any(one.checks.get(claim) for one in found):
        return 3
    checked = {promise.claim for promise in promises if promise.status == "holds"}
    vacuous = any(promise.claim not in checked for promise in promises)
    complete = all(one.complete for one in found) and all(one.complete for one in live)
    return 3 if vacuous or not complete else 0


COMMAND = Command(
    "explore",
    help="explore every state of the specification and its tasks, to a bound",
    epilog="Example: latchproof explore barrier --tasks 3 4 --upto 4",
    add_options=add_options,
    run=run,
)
