"""`latchproof replay`: repeat one run of a class, step by step."""

import argparse
from dataclasses import replace
from pathlib import Path

from latchproof.check.kinds import a
from latchproof.check.target import TargetError
from latchproof.cli.options import Command, Console, add_limits, add_target, policy_name, target_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "what", metavar="FILE|SCHEDULE", help="a file that check --json wrote, or a schedule as check prints it"
    )
    add_target(
        parser,
        host=None,
        otherwise="that of the file, or asyncio",
        policy="that of the file, or that of our own classes",
        claim="replay the trace of this claim (default: the first)",
    )
    add_limits(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.check import loops, notation, probe, replaying
    from latchproof.check.record import NondeterminismError
    from latchproof.check.sandbox.watch import StepLimits, StuckError
    from latchproof.check.trace import make_trace, read_file
    from latchproof.show.printing import say
    from latchproof.show.replay import print_replay
    from latchproof.show.verdict import print_trace
    from latchproof.show.words import policies_of

    host, policy, strict = options.host, options.policy, options.strict
    if notation.is_notation(options.what):
        target = target_of(options)
        argument, schedule = notation.parse(options.what, target.kind)
    else:
        trace = read_file(Path(options.what), options.claim)
        options.rename = options.rename or trace.renamed
        target = target_of(options, trace.machine, trace.model)
        argument, schedule = trace.argument, trace.schedule
        host, policy, strict = host or trace.host, policy or trace.policy, strict or trace.strict
    checked_as = target.kind
    host, policy = host or "asyncio", policy_name(policy, checked_as, console) or checked_as.policies[0].name
    judged_by = target.policy(policy)
    by = policies_of(checked_as, [policy]) if checked_as.is_a_model else policy
    if why := checked_as.refuses(argument):
        raise TargetError(f"the schedule makes {a(checked_as.name)} of {argument}: {why}")
    loops.stepper_class(host)
    limits = StepLimits(options.step_cpu, options.step_block)
    target = replace(target, values=probe.implemented(target, host, limits).values)
    say(
        console,
        f"latchproof replay {target.name}({argument if checked_as.parameter else ''}): on {host}, judged by {by}",
    )
    try:
        explorer = replaying.replay(
            target,
            schedule,
            argument=argument,
            policies=[policy],
            host=host,
            strict=strict,
            limits=limits,
        )
    except (NondeterminismError, StuckError) as error:
        say(console, f"inconclusive: {error}", style="yellow")
        return 3
    assert explorer.last_run is not None
    print_replay(console, explorer.last_run, target, judged_by)
    failures = explorer.so_far.failures[policy].values()
    for failure in failures:
        print_trace(console, make_trace(failure, target, policy, strict=strict, host=host))
    if not failures:
        say(console, "the specification allows this run", style="green")
    return 1 if failures else 0


COMMAND = Command(
    "replay",
    help="repeat one run of a class, step by step",
    epilog="Examples: latchproof replay trace.json asyncio:Barrier; "
    "latchproof replay 3:w.w.-1.w.w.. asyncio:Barrier --policy cpython",
    add_options=add_options,
    run=run,
)
