"""`latchproof check`: run every schedule of a class's real code within bounds, and judge every history."""

import argparse

from latchproof.check.kinds import a
from latchproof.check.modules import is_module
from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.strategies import STRATEGIES
from latchproof.check.target import Target, TargetError
from latchproof.check.verdict import Verdict
from latchproof.cli.check_module import check_module
from latchproof.cli.options import (
    Command,
    Console,
    add_arguments,
    add_formats,
    add_limits,
    add_target,
    arguments_of,
    at_least,
    judged_by,
    policy_name,
    target_of,
    write_formats,
)
from latchproof.show.formats import FORMATS
from latchproof_spec.machine import Programs


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_target(parser, modules=True)
    add_arguments(parser)
    parser.add_argument("--tasks", type=at_least(1), metavar="N", help="calls at once; replaces the default bounds")
    parser.add_argument("--calls", type=at_least(1), metavar="N", help="calls in all; replaces the default bounds")
    parser.add_argument("--cancels", type=at_least(0), metavar="N", help="cancellations; replaces the default bounds")
    parser.add_argument(
        "--no-eager", action="store_true", help="leave out eager tasks, which asyncio has from Python 3.12 on"
    )
    parser.add_argument(
        "--scheduler", choices=tuple(STRATEGIES), default="exhaustive",
        help="exhaustive: every schedule (default); random: uniformly at random; pct: at random by priorities",
    )  # fmt: skip
    parser.add_argument(
        "--schedules", type=at_least(1), metavar="N",
        help="exhaustive: stop after N schedules of one bound; random, pct: how many in all (default 10,000)",
    )  # fmt: skip
    add_limits(parser)
    parser.add_argument("--seed", type=at_least(0), metavar="S", help="for random, pct and --estimate (default 0)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=at_least(1), metavar="N", help="processes to use (default: one for each core)")
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="use the workers of the Dask cluster whose scheduler is at ADDRESS"
    )
    parser.add_argument("--estimate", action="store_true", help="estimate the work without running it (exit code 3)")
    add_formats(parser, FORMATS, "the verdict", "the shortest counterexample")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.check import checker, loops
    from latchproof.show.printing import say
    from latchproof.show.verdict import print_verdict

    if options.scheduler == "exhaustive" and options.seed is not None and not options.estimate:
        raise TargetError("--seed is for schedules chosen at random: add --scheduler random or pct, or leave it out")
    loops.stepper_class(options.host)
    if is_module(options.target):
        return check_module(
            options, console, lambda target: _checked(options, console, target, _programs(options, target))
        )
    target = target_of(options)
    options.policy = policy_name(options.policy, target.kind, console)
    checker.require_claim(options.claim, target.kind)
    programs = _programs(options, target)
    if options.estimate:
        return _estimate(options, console, target, programs)
    by = judged_by(options, target.kind)
    say(console, f"latchproof check {target.name}: {a(target.kind.name)}, on {options.host}, judged by {by}")
    verdict = _checked(options, console, target, programs)
    options.known = verdict.exit_code
    say(console)
    print_verdict(console, verdict)
    write_formats(options, console, verdict, verdict.shortest)
    return verdict.exit_code


def _programs(options: argparse.Namespace, target: Target) -> tuple[Programs, ...]:
    from latchproof.check.bounds import programs_asked_for, without_eager

    programs = programs_asked_for(
        target, options.host, options.tasks, options.calls, options.cancels, arguments_of(options)
    )
    return without_eager(programs, options.host) if options.no_eager else programs


def _checked(options: argparse.Namespace, console: Console, target: Target, programs: tuple[Programs, ...]) -> Verdict:
    """Return the verdict on a target, with a bar that shows how far the check is."""
    from latchproof.check import checker, pool
    from latchproof.check.bounds import weight
    from latchproof.show.progress import Bar

    every = options.scheduler == "exhaustive"
    limits = StepLimits(options.step_cpu, options.step_block)
    todo = checker.parts(programs, options.scheduler, options.schedules)
    with Bar(console, [weight(one, argument) if every else size for one, argument, size in todo], limits) as progress:
        return checker.check(
            target,
            host=options.host,
            policy=options.policy,
            claim=options.claim,
            strict=options.strict,
            programs=programs,
            scheduler=options.scheduler,
            schedules=options.schedules,
            seed=options.seed or 0,
            workers=None if options.cluster else options.workers or pool.cores(),
            cluster=options.cluster,
            progress=progress,
            limits=limits,
        )


def _estimate(options: argparse.Namespace, console: Console, target: Target, programs: tuple[Programs, ...]) -> int:
    from latchproof.check.estimate import estimate
    from latchproof.show.estimates import print_estimates
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    if options.scheduler != "exhaustive":
        raise TargetError("--estimate counts every schedule; random and pct run as many as --schedules says")
    say(console, f"latchproof check {target.name}: {a(target.kind.name)}, on {options.host}: an estimate of the work")
    with Stages(console, "sampling schedules"):
        estimates = estimate(
            target,
            programs,
            host=options.host,
            policy=options.policy,
            strict=options.strict,
            seed=options.seed or 0,
            limits=StepLimits(options.step_cpu, options.step_block),
        )
    say(console)
    print_estimates(console, estimates, target)
    return 3


COMMAND = Command(
    "check",
    help="run every schedule of a class's real code within bounds, and judge every history",
    epilog="Examples: latchproof check asyncio:Barrier --policy cpython; latchproof check asyncio",
    add_options=add_options,
    run=run,
)
