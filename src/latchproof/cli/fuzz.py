"""`latchproof fuzz`: run the Hypothesis state machine made from the specification over a class."""

import argparse
import traceback
from typing import Any

from latchproof.check.kinds import a
from latchproof.check.loops import FUZZED_HOSTS, STEPPED
from latchproof.check.target import TargetError
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
from latchproof.show.formats import OF_TRACES


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_target(parser, hosts=(*STEPPED, *FUZZED_HOSTS))
    add_arguments(parser)
    parser.add_argument(
        "--examples", type=at_least(1), default=1000, metavar="N", help="examples to run (default 1000)"
    )
    add_limits(parser)
    add_formats(parser, OF_TRACES, "the counterexample", "the counterexample")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    from latchproof.show.printing import say
    from latchproof.show.progress import Stages

    with Stages(console, "loading Hypothesis"):
        from hypothesis import Phase, settings
        from hypothesis.stateful import run_state_machine_as_test

        from latchproof.fuzz.state_machine import EndlessStepError, state_machine
    target = target_of(options)
    options.policy = policy_name(options.policy, target.kind, console)
    machine = state_machine(
        target,
        host=options.host,
        policy=options.policy,
        claim=options.claim,
        strict=options.strict,
        step_cpu=options.step_cpu,
        step_block=options.step_block,
        **arguments_of(options),
    )
    by = judged_by(options, target.kind)
    say(
        console,
        f"latchproof fuzz {target.name}: {a(target.kind.name)}, on {options.host}, judged by {by}; "
        f"about {options.examples:,} examples, starting with the failures of earlier runs in .hypothesis; "
        f"{machine.limits} (C code that keeps the interpreter is not interrupted)",
    )
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=options.examples,
                deadline=None,
                print_blob=True,
                # to explain a failure takes far longer than to shrink it, and names lines of latchproof's machine alone
                phases=[phase for phase in Phase if phase is not Phase.explain],
            ),
        )
    except TargetError:
        raise
    except (Exception, EndlessStepError) as error:
        return _show_failure(options, console, machine, error)
    say(
        console,
        f"{target.name} on {options.host}: {machine.examples:,} examples, {machine.calls:,} calls, nothing found; "
        f"rules fired: {', '.join(sorted(machine.fired)) or 'none'}",
    )
    if machine.slow:
        doubt = "; ".join(machine.slow)
    elif machine.broken:
        doubt = f"examples that broke {', '.join(sorted(machine.broken))} ended early"
    elif options.claim is not None and options.claim not in [
        one.id for one in target.kind.exercised(machine.policies[0], machine.fired)
    ]:
        doubt = f"{options.claim} was never exercised"
    else:
        return 0 if machine.fired else 3
    say(console, f"inconclusive: {doubt}", style="yellow")
    return 3


def _show_failure(options: argparse.Namespace, console: Console, machine: Any, error: BaseException) -> int:
    """Print the run that failed, or why nothing is concluded; return the exit code."""
    from latchproof.fuzz.state_machine import EndlessStepError, trace_of
    from latchproof.show.printing import say
    from latchproof.show.verdict import print_trace

    trace = trace_of(machine) if isinstance(error, AssertionError | EndlessStepError) else None
    if trace is not None:
        say(console)
        print_trace(console, trace)
        for note in getattr(error, "__notes__", ()):
            say(console, note)
        write_formats(options, console, None, trace)
        return 1
    if isinstance(error, EndlessStepError):
        doubt = str(error)
    else:  # the judge did not raise it
        traceback.print_exception(error)
        doubt = (
            f"an example ended in {type(error).__name__}: {error}; the target's constructor raised it, or latchproof "
            "itself"
        )
    say(console, f"inconclusive: {doubt}", style="yellow")
    return 3


COMMAND = Command(
    "fuzz",
    help="run the Hypothesis state machine made from the specification over a class",
    epilog="Example: latchproof fuzz asyncio:Barrier --host asyncio",
    add_options=add_options,
    run=run,
    needs=("rich", "hypothesis"),
)
