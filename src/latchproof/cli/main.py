"""The command line.

Exit codes: 0 holds, 1 a counterexample, 2 usage or a target that cannot be driven, 3 inconclusive, or the command
itself failed: Python would exit with 1 then, which is to mean a counterexample and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from latchproof.check.target import Target
    from latchproof.check.trace import Trace
    from latchproof.check.verdict import Verdict
    from latchproof_spec.machine import Machine, Programs

_MODELS = ("tla", "cfg", "promela")
_OUTPUTS = ("json", "junit", "mermaid", "html", "repro")
"""The options that name a file to write."""

SCHEDULERS = ("exhaustive", "random", "pct")
"""As `latchproof.check.strategies` has them, which needs the kit; a test compares the two."""

SHELLS = ("bash", "zsh", "fish")

QUESTIONS = """\
Is my class right?                latchproof check mine.py:MyBarrier
What happened in that run?        latchproof replay trace.json mine.py:MyBarrier
And beyond the bounds?            latchproof fuzz mine.py:MyBarrier
Are latchproof's classes proved?  latchproof verify --quick
May I see all of it?              latchproof report --quick --html report.html
What does it say exactly?         latchproof export barrier --format markdown
Can latchproof's checks fail?     latchproof mutants --quick

Exit codes: 0 holds within the bounds printed; 1 a counterexample; 2 usage, or
a target that cannot be loaded or driven; 3 inconclusive, or the command failed."""

EXTRA = 'this command needs the kit: pip install "latchproof[verify]"'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the arguments (those of the process, unless given); returns the exit code."""
    options = _parser().parse_args(arguments)
    missing = [name for name in ("rich", "z3", "hypothesis", "crosshair") if find_spec(name) is None]
    if missing:
        print(f"latchproof: {EXTRA} (missing: {', '.join(missing)})", file=sys.stderr)
        return 2
    from rich.console import Console

    from latchproof.check.target import TargetError

    console = Console(emoji=False)  # ":Lock" is a class's name here
    try:
        _require_writable(options)
        code: int = options.run(options, console)
    except TargetError as error:
        print(f"latchproof: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("latchproof: interrupted; nothing is concluded", file=sys.stderr)
        return 3
    except (BrokenPipeError, SystemExit):  # the second is rich's, with 1, in place of the first
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nor is what is left to be printed to fail
        return 3
    except Exception:
        traceback.print_exc()
        print(
            "latchproof: the command itself failed, as is shown above; nothing is concluded. It is a fault of "
            "latchproof: report it, with what is shown",
            file=sys.stderr,
        )
        return 3
    return code


def _require_writable(options: argparse.Namespace) -> None:
    """Raise TargetError if a file that is to be written cannot be: in the end all the work would have been for nothing.

    None is made or emptied yet.
    """
    from latchproof.check.target import TargetError

    for name in _OUTPUTS:
        path: Path | None = getattr(options, name, None)
        if path is None:
            continue
        if os.path.isdir(path):
            raise TargetError(f"--{name}: {path} is a folder; name a file in it")
        if not os.path.isdir(path.parent):
            raise TargetError(f"--{name}: {path} cannot be written: there is no folder {path.parent}; make it first")
        if not os.access(path if os.path.exists(path) else path.parent, os.W_OK):
            raise TargetError(f"--{name}: {path} cannot be written: permission denied; name another file")


def _write_file(path: Path, text: str) -> None:
    """Write a file; raises TargetError where that cannot be done after all."""
    from latchproof.check.target import TargetError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TargetError(f"{path} cannot be written: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="latchproof",
        description="Checks latches and barriers for async Python against a specification that is\nexecuted, explored "
        "and proved.",
        epilog=QUESTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--print-completion", action=_PrintCompletion, choices=SHELLS, metavar="SHELL",
        help="print what completes this command in a shell (bash, zsh, fish), and end",
    )  # fmt: skip
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version, and end")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    verify = _add_command(
        commands,
        "verify",
        help="gather the evidence for our own claims and print the ledger",
        epilog="Example: latchproof verify --quick --json ledger.json",
    )
    verify.add_argument("--quick", action="store_true", help="smaller bounds, in a minute or two")
    verify.add_argument("--json", metavar="FILE", type=Path, help="write the ledger to FILE as JSON")
    verify.set_defaults(run=_verify)

    check = _add_command(
        commands,
        "check",
        help="run every schedule of a latch's or barrier's real code, and judge every history",
        epilog="Example: latchproof check asyncio:Barrier --policy cpython",
    )
    _add_target(check)
    _add_claim(check)
    check.add_argument("--tasks", type=_positive, metavar="N", help="calls at once; replaces the default bounds")
    check.add_argument("--calls", type=_positive, metavar="N", help="calls in all; replaces the default bounds")
    check.add_argument("--cancels", type=_natural, metavar="N", help="cancellations; replaces the default bounds")
    check.add_argument(
        "--scheduler", choices=SCHEDULERS, default="exhaustive",
        help="exhaustive: every schedule (default); random, pct: so many at random, uniformly or by priorities",
    )  # fmt: skip
    check.add_argument(
        "--schedules", type=_positive, metavar="N",
        help="exhaustive: stop after N schedules of one bound; random, pct: how many in all (default 10,000)",
    )  # fmt: skip
    check.add_argument("--seed", type=_natural, metavar="S", help="for random, pct and --estimate (default 0)")
    where = check.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_positive, metavar="N", help="processes to use (default: one a core)")
    where.add_argument(
        "--cluster", metavar="ADDRESS", help="use the workers of the Dask cluster whose scheduler is at ADDRESS"
    )
    check.add_argument(
        "--estimate", action="store_true", help="say about how much there is to run, and run none of it (exit code 3)"
    )
    check.add_argument("--json", metavar="FILE", type=Path, help="write the verdict and its traces to FILE as JSON")
    check.add_argument("--junit", metavar="FILE", type=Path, help="write the verdict to FILE as JUnit XML")
    check.add_argument("--mermaid", metavar="FILE", type=Path, help="write the shortest counterexample as a diagram")
    check.add_argument(
        "--html", metavar="FILE", type=Path, help="write the verdict as a page that steps through its runs"
    )
    check.add_argument(
        "--repro", metavar="FILE", type=Path, help="write the shortest counterexample as a test of its own"
    )
    check.set_defaults(run=_check)

    report = _add_command(
        commands,
        "report",
        help="the rules, the claims with their evidence, a stepper and counterexamples as one HTML file",
        epilog="Example: latchproof report --quick --html report.html",
    )
    report.add_argument("--html", metavar="FILE", type=Path, required=True, help="the file to write")
    report.add_argument("--quick", action="store_true", help="gather the evidence to smaller bounds")
    report.add_argument(
        "--ledger", metavar="FILE", type=Path, help="take the evidence that verify --json wrote instead"
    )
    report.add_argument(
        "--trace", metavar="FILE", type=Path, nargs="+", default=[],
        help="show the counterexamples that check --json wrote too, besides that of asyncio.Barrier",
    )  # fmt: skip
    report.set_defaults(run=_report)

    replay = _add_command(
        commands,
        "replay",
        help="repeat one run of a latch or barrier, step by step",
        epilog="Examples: latchproof replay trace.json asyncio:Barrier; "
        "latchproof replay 3:w.w.-1.w.w.. asyncio:Barrier --policy cpython",
    )
    replay.add_argument(
        "what", metavar="FILE|SCHEDULE", help="what check --json wrote, or a schedule as check prints it"
    )
    _add_target(replay, host=None)
    replay.add_argument("--claim", metavar="ID", help="the trace of this claim (default: the first)")
    replay.set_defaults(run=_replay)

    fuzz = _add_command(
        commands,
        "fuzz",
        help="run the Hypothesis state machine made from the specification over a latch or barrier",
        epilog="Example: latchproof fuzz asyncio:Barrier --host asyncio",
    )
    _add_target(fuzz, hosts="asyncio (default), uvloop, trio, flowno")
    _add_claim(fuzz)
    fuzz.add_argument("--examples", type=_positive, default=1000, metavar="N", help="how many examples (default 1000)")
    fuzz.add_argument("--json", metavar="FILE", type=Path, help="write what was found to FILE, as a trace")
    fuzz.add_argument("--mermaid", metavar="FILE", type=Path, help="write what was found as a diagram")
    fuzz.add_argument("--repro", metavar="FILE", type=Path, help="write what was found as a test of its own")
    fuzz.set_defaults(run=_fuzz)

    prove = _add_command(
        commands,
        "prove",
        help="discharge the inductive proofs, for all counts, parties and tasks",
        epilog="Example: latchproof prove --machine barrier --verbose",
    )
    prove.add_argument("--machine", choices=("latch", "barrier"), help="only this one")
    prove.add_argument("--claim", metavar="ID", help="only what is about this claim, and what keeps that honest")
    prove.add_argument("--rule", metavar="ID", help="only what is about the steps that this rule makes")
    prove.add_argument("--verbose", action="store_true", help="a line for each obligation")
    prove.set_defaults(run=_prove)

    explore = _add_command(
        commands,
        "explore",
        help="every state of specification x tasks, to a bound",
        epilog="Example: latchproof explore --machine barrier --tasks 3 4 --upto 4",
    )
    explore.add_argument("--machine", choices=("latch", "barrier"), help="only this one")
    explore.add_argument("--claim", metavar="ID", help="judge this claim alone, of the machines that it is about")
    explore.add_argument("--policy", metavar="NAME", help="under this policy; without it, under every named one")
    explore.add_argument("--tasks", type=_positive, nargs="+", default=[3, 4], metavar="N", help="numbers of tasks")
    explore.add_argument("--upto", type=_positive, default=4, metavar="N", help="largest count and parties (default 4)")
    explore.add_argument("--calls", type=_natural, metavar="N", help="calls of each task (default: without bound)")
    explore.add_argument("--operations", nargs="+", metavar="NAME", help="call these alone (default: all)")
    explore.add_argument(
        "--fair-tasks",
        type=_positive,
        nargs="+",
        default=[3, 4],
        metavar="N",
        help="numbers of tasks for the eventualities, whose graphs are not reduced by symmetry (default 3 4)",
    )
    explore.set_defaults(run=_explore)

    mutants = _add_command(
        commands,
        "mutants",
        help="claims x mutants of the specification: which claim breaks on which fault, by which kind of evidence",
        epilog="Exit codes: 1 if a mutant survives that is not proved to be no fault, or if no mutant breaks some "
        "claim; 3 if a mutant is undecided; else 0. "
        "Example: latchproof mutants --quick --verbose",
    )
    mutants.add_argument(
        "--quick", action="store_true", help="a sample, under our own policy, by all kinds but contracted"
    )
    mutants.add_argument("--only", default="", metavar="TEXT", help="only the mutants whose ID has TEXT in it")
    mutants.add_argument("--kinds", nargs="+", metavar="KIND", help="only these kinds of evidence (default: all)")
    mutants.add_argument(
        "--workers", type=_positive, metavar="N", help="processes to use (default: one a core; with --quick always one)"
    )
    mutants.add_argument("--verbose", action="store_true", help="what came of each mutant")
    mutants.add_argument("--json", metavar="FILE", type=Path, help="write the matrix to FILE as JSON")
    mutants.set_defaults(run=_mutants)

    export = _add_command(
        commands,
        "export",
        help="the specification, or a trace, in another form",
        epilog="Examples: latchproof export barrier --format markdown; latchproof export trace.json --format itf",
    )
    export.add_argument("what", metavar="latch|barrier|FILE", help="a machine, or what check --json wrote")
    export.add_argument(
        "--format", choices=("markdown", "mermaid", "smt2", "tla", "cfg", "promela", "itf", "pytest"), required=True,
        help="markdown: a machine's review document; smt2: its proof obligations; tla, cfg: its TLA+ module, and the "
        "configuration for TLC; promela: its model for Spin; mermaid: a machine's state diagram, or a trace as a "
        "sequence diagram; itf: a trace for the tools of TLA+; pytest: a trace as a test of its own",
    )  # fmt: skip
    export.add_argument("--claim", metavar="ID", help="the trace of this claim (default: the first)")
    bounds = export.add_argument_group("bounds of a model, for tla, cfg and promela")
    bounds.add_argument("--tasks", type=_positive, metavar="N", help="so many tasks (default 4)")
    bounds.add_argument("--argument", type=_whole, metavar="N", help="made with this count or parties (default 2, 3)")
    bounds.add_argument("--calls", type=_natural, metavar="N", help="calls of each task (default: without bound)")
    bounds.add_argument("--operations", nargs="+", metavar="NAME", help="call these alone (default: all)")
    bounds.add_argument("--policy", metavar="NAME", help="under this policy (default: latchproof)")
    export.set_defaults(run=_export)
    return parser


def _add_command(commands: Any, name: str, help: str, epilog: str) -> argparse.ArgumentParser:
    """A command whose own help begins with what the list of commands says of it."""
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=f"{help[0].upper()}{help[1:]}.", epilog=epilog
    )
    return made


class _PrintVersion(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"latchproof {version('latchproof')}")
        except PackageNotFoundError:
            print("latchproof, of no version: it is not installed, but run from its source")
        parser.exit()


class _PrintCompletion(argparse.Action):
    """Prints what shtab makes of the parser. A FILE is completed as one; so is a TARGET, which may begin as one."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> None:
        if find_spec("shtab") is None:
            parser.exit(2, f"latchproof: {EXTRA} (missing: shtab)\n")
        import shtab

        (commands,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
        for command in commands.choices.values():
            for option in command._actions:
                if option.metavar in ("FILE", "TARGET", "FILE|SCHEDULE", "latch|barrier|FILE"):
                    option.complete = shtab.FILE
        print(shtab.complete(parser, str(given[1])))
        parser.exit()


def _add_target(
    parser: argparse.ArgumentParser, host: str | None = "asyncio", hosts: str = "asyncio (default), trio, flowno"
) -> None:
    parser.add_argument("target", metavar="TARGET", help="MODULE:CLASS or path/to/file.py:CLASS; a factory will do")
    parser.add_argument("--kind", choices=("latch", "barrier"), help="what it is to be, where that cannot be told")
    parser.add_argument("--host", default=host, help=f"the event loop to run it on: {hosts}")
    parser.add_argument("--policy", metavar="NAME", help="judge by this policy; without it, by every named one")
    parser.add_argument(
        "--strict", action="store_true",
        help="a call takes effect in its first step, and a cancellation counts from its request",
    )  # fmt: skip


def _add_claim(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--claim", metavar="ID", help="judge by this claim alone")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _natural(text: str) -> int:
    number = _whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def _verify(options: argparse.Namespace, console: Console) -> int:
    from latchproof.show.terminal import print_ledger, say
    from latchproof.verify.ledger import gather

    tier = "quick" if options.quick else "full"
    say(console, f"latchproof verify: the {tier} ledger of our own claims, from evidence gathered now")
    with console.status("...") as status:

        def on_start(kind: str) -> None:
            if console.is_terminal:
                status.update(f"gathering: {kind}")
            else:
                say(console, f"gathering: {kind}")

        ledger = gather(quick=options.quick, on_start=on_start)
    say(console)
    print_ledger(console, ledger)
    if options.json is not None:
        _write_file(options.json, json.dumps(ledger.to_json(), indent=2) + "\n")
    return ledger.exit_code


def _check(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.bounds import default_programs, programs_within, weight
    from latchproof.check.checker import check, parts, require_claim
    from latchproof.check.loops import stepper_class
    from latchproof.check.pool import cores
    from latchproof.check.target import TargetError, load
    from latchproof.show.terminal import Bar, print_verdict, say

    every = options.scheduler == "exhaustive"
    if every and options.seed is not None and not options.estimate:
        raise TargetError("--seed is for what is chosen at random: add --scheduler random or pct, or leave it out")
    stepper_class(options.host)
    target = load(options.target, options.kind)
    if options.policy is not None:
        _policy(target.machine, options.policy)
    require_claim(options.claim, target.machine)
    seed = options.seed or 0
    bounds = (options.tasks, options.calls, options.cancels)
    if bounds == (None, None, None):
        shapes = default_programs(target, options.host)
    else:
        shapes = programs_within(target, *bounds, host=options.host)
    if options.estimate:
        return _estimate(options, console, target, shapes)
    kind = target.machine.name
    say(console, f"latchproof check {target.name}: a {kind}, on {options.host}, judged by {_judged_by(options)}")
    todo = parts(shapes, options.scheduler, options.schedules)
    with Bar(console, [weight(shape, argument) if every else size for shape, argument, size in todo]) as progress:
        verdict = check(
            target,
            host=options.host,
            policy=options.policy,
            claim=options.claim,
            strict=options.strict,
            shapes=shapes,
            scheduler=options.scheduler,
            schedules=options.schedules,
            seed=seed,
            workers=None if options.cluster else options.workers or cores(),
            cluster=options.cluster,
            progress=progress,
        )
    say(console)
    print_verdict(console, verdict)
    _write_renderings(options, console, verdict)
    return verdict.exit_code


def _judged_by(options: argparse.Namespace) -> str:
    policy: str = options.policy or "every named policy"
    return policy + (f", as to {options.claim} alone" if options.claim else "")


def _estimate(options: argparse.Namespace, console: Console, target: Target, shapes: tuple[Programs, ...]) -> int:
    from latchproof.check.estimate import estimate
    from latchproof.check.target import TargetError
    from latchproof.show.terminal import print_estimates, say

    if options.scheduler != "exhaustive":
        raise TargetError("--estimate is about every schedule; at random there are as many as --schedules says")
    say(console, f"latchproof check {target.name}: a {target.machine.name}, on {options.host}: what it would cost")
    with console.status("sampling"):
        estimates = estimate(
            target, shapes, host=options.host, policy=options.policy, strict=options.strict, seed=options.seed or 0
        )
    say(console)
    print_estimates(console, estimates, target)
    return 3


def _report(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.checker import check
    from latchproof.check.target import load
    from latchproof.check.trace import read_all
    from latchproof.prove.obligations import prove_all
    from latchproof.show.html.report import read_ledger, report
    from latchproof.show.terminal import say
    from latchproof.verify.ledger import gather

    traces = [trace for path in options.trace for trace in read_all(path)]
    if options.ledger is None:
        say(console, f"gathering the {'quick' if options.quick else 'full'} ledger, as latchproof verify does")
        ledger = gather(quick=options.quick).to_json()
    else:
        ledger = read_ledger(options.ledger)
    shown = [*check(load("asyncio:Barrier"), policy="cpython").traces, *traces]
    page = report(ledger, prove_all(), shown, _command())
    _write_file(options.html, page)
    say(console, f"wrote     {options.html}")
    code: int = ledger["exit_code"]
    return code


def _command() -> str:
    """The command that this process was given, as one would type it."""
    return shlex.join(["latchproof", *sys.argv[1:]])


def _replay(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.harness import NondeterminismError
    from latchproof.check.jobs import replay
    from latchproof.check.loops import stepper_class
    from latchproof.check.notation import is_notation, parse
    from latchproof.check.sandbox.containment import StuckError
    from latchproof.check.target import TargetError, load
    from latchproof.check.trace import make_trace, read_file
    from latchproof.show.terminal import print_replay, print_trace, say

    host, policy, strict, kind = options.host, options.policy, options.strict, options.kind
    if is_notation(options.what):
        target = load(options.target, kind)
        argument, schedule = parse(options.what, target.machine)
    else:
        trace = read_file(Path(options.what), options.claim)
        target = load(options.target, kind or trace.machine)
        argument, schedule = trace.argument, trace.schedule
        host, policy, strict = host or trace.host, policy or trace.policy, strict or trace.strict
    host, policy = host or "asyncio", policy or target.machine.policies[0].name
    judged_by = _policy(target.machine, policy)
    if argument < target.machine.smallest:
        machine = target.machine
        raise TargetError(
            f"the schedule makes a {machine.name} of {argument}, and its {machine.parameter} must be "
            f"{machine.smallest} or more"
        )
    stepper_class(host)
    say(console, f"latchproof replay {target.name}({argument}): on {host}, judged by {policy}")
    try:
        explorer = replay(target, schedule, argument=argument, policy=policy, host=host, strict=strict)
    except (NondeterminismError, StuckError) as error:
        say(console, f"inconclusive: {error}", style="yellow")
        return 3
    assert explorer.last_run is not None
    print_replay(console, explorer.last_run, target, judged_by)
    failures = explorer.so_far.failures[policy].values()
    for failure in failures:
        made = make_trace(failure, target.name, target.machine.name, policy, strict=strict, host=host)
        print_trace(console, made)
    if not failures:
        say(console, "the specification allows this run", style="green")
    return 1 if failures else 0


def _policy(machine: Machine, name: str) -> Any:
    """The policy of that name; raises TargetError, with those that there are, if there is none."""
    from latchproof.check.target import TargetError

    policies = {one.name: one for one in machine.policies}
    if name not in policies:
        raise TargetError(f"there is no policy {name!r} for a {machine.name}; there are {', '.join(policies)}")
    return policies[name]


def _write_renderings(options: argparse.Namespace, console: Console, verdict: Verdict) -> None:
    from latchproof.show.junit import junit

    written: list[tuple[Path, str]] = []
    if options.json is not None:
        written.append((options.json, json.dumps(verdict.to_json(), indent=2) + "\n"))
    if options.junit is not None:
        written.append((options.junit, junit(verdict)))
    if options.html is not None:
        from latchproof.show.html.report import run

        written.append((options.html, run(verdict, _command())))
    if (trace := verdict.shortest) is not None:
        written += _renderings_of_trace(options, console, trace, json_too=False)
    _write(written, console)


def _renderings_of_trace(
    options: argparse.Namespace, console: Console, trace: Trace, *, json_too: bool = True
) -> list[tuple[Path, str]]:
    from latchproof.show.mermaid import sequence
    from latchproof.show.repro import NoReproductionError, reproduction
    from latchproof.show.terminal import say

    written: list[tuple[Path, str]] = []
    if json_too and options.json is not None:
        written.append((options.json, json.dumps(trace.to_json(), indent=2) + "\n"))
    if options.mermaid is not None:
        written.append((options.mermaid, "\n".join(sequence(trace)) + "\n"))
    if options.repro is not None:
        try:
            written.append((options.repro, reproduction(trace)))
        except NoReproductionError as error:
            say(console, f"no reproduction was written: {error}", style="yellow")
    return written


def _write(written: list[tuple[Path, str]], console: Console) -> None:
    from latchproof.show.terminal import say

    for path, text in written:
        _write_file(path, text)
        say(console, f"wrote     {path}")


def _fuzz(options: argparse.Namespace, console: Console) -> int:
    from hypothesis import settings
    from hypothesis.stateful import run_state_machine_as_test

    from latchproof.check.target import load
    from latchproof.show.terminal import print_trace, say
    from latchproof.testing import state_machine, trace_of
    from latchproof_spec.machines import CLAIMS

    target = load(options.target, options.kind)
    machine = state_machine(
        target, host=options.host, policy=options.policy, claim=options.claim, strict=options.strict
    )
    policy = _judged_by(options)
    say(
        console,
        f"latchproof fuzz {target.name}: a {target.machine.name}, on {options.host}, judged by {policy}; about "
        f"{options.examples:,} examples, first those that failed in earlier runs and were kept in .hypothesis",
    )
    try:
        run_state_machine_as_test(
            machine, settings=settings(max_examples=options.examples, deadline=None, print_blob=True)
        )
    except Exception as error:
        trace = trace_of(machine) if isinstance(error, AssertionError) else None
        if trace is None:  # it is not the judge's
            traceback.print_exception(error)
            say(
                console,
                f"inconclusive: an example ended in {type(error).__name__}: {error}; the target's constructor raised "
                "it, or latchproof itself",
                style="yellow",
            )
            return 3
        say(console)
        print_trace(console, trace)
        for note in getattr(error, "__notes__", ()):
            say(console, note)
        _write(_renderings_of_trace(options, console, trace), console)
        return 1
    say(
        console,
        f"{target.name} on {options.host}: {machine.examples:,} examples, {machine.calls:,} calls, nothing found; "
        f"rules fired: {', '.join(sorted(machine.fired)) or 'none'}",
    )
    if machine.broken:
        say(
            console,
            f"inconclusive: examples ended early, where they broke {', '.join(sorted(machine.broken))}",
            style="yellow",
        )
        return 3
    about = next((claim for claim in CLAIMS if claim.id == options.claim), None)
    if about is not None and not machine.fired & set(target.machine.exercise.get(about, ())):
        say(console, f"inconclusive: {about.id} never had a chance to fail", style="yellow")
        return 3
    return 0 if machine.fired else 3


def _prove(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.target import TargetError
    from latchproof.prove.obligations import prove_whole
    from latchproof.prove.shells import shells_apart
    from latchproof.prove.smtlib import solvers
    from latchproof.show.terminal import print_table, say
    from latchproof_spec.machines import MACHINES

    machines = _machines(options)
    rules = {rule.id: rule for machine in machines for rule in machine.rules}
    if options.rule is not None and options.rule not in rules:
        for other in MACHINES.values():
            if options.rule in [rule.id for rule in other.rules]:
                raise TargetError(
                    f"{options.rule} is a rule of the {other.name}, and --machine or --claim leaves the "
                    f"{machines[0].name} alone; leave out one of them"
                )
        raise TargetError(f"there is no rule {options.rule!r}; there are {', '.join(rules)}")
    with shells_apart(tuple(machine.name for machine in machines)) as of_shells:
        obligations = prove_whole(
            machines,
            lambda one: (
                (options.claim is None or options.claim in one.claims or not one.claims)
                and options.rule in (None, one.rule)
            ),
        )
        shells = [one for one in of_shells() if options.rule in (None, one.rule)]
    if not obligations:
        say(console, _no_obligation(options, machines))
        return 3
    if options.rule is not None:
        say(console, f"{options.rule}, of {rules[options.rule].operation}: {rules[options.rule].sentence}")
    if options.verbose:
        for one in obligations:
            where = f"{one.machine} {one.policy} {one.operation} {one.rule}"
            answers = " ".join(f"{solver}:{answer}" for solver, answer in one.verdicts)
            say(console, f"{one.status:<8} {','.join(one.claims) or '-':<8} {where}: {one.name} [{answers}]")
    named = {claim for one in obligations for claim in one.claims if options.claim in (None, claim)}
    claims = sorted(named, key=lambda claim: int(claim[1:]))
    rows = []
    for claim in [*claims, ""]:
        about = [one for one in obligations if (claim in one.claims if claim else not one.claims)]
        proved = sum(one.status == "proved" for one in about)
        open_ = {one.status for one in about} - {"proved"}
        status = "holds" if not open_ else "inconclusive" if open_ == {"unconfirmed"} else "fails"
        rows.append((claim or "(what keeps the proofs honest)", f"{status} {proved:,} of {len(about):,} proved"))
    alike = sum(one.status == "proved" for one in shells)
    rows.append(
        ("(our classes decide so)", f"{_holds(alike == len(shells))} {alike:,} of {len(shells):,} paths proved")
    )
    print_table(console, ("claim", "for every count, number of parties and of tasks, under every policy"), rows)
    queries = len({one.query for one in obligations if one.query is not None})
    say(console, f"{len(obligations):,} obligations, {queries:,} different queries, each put to {solvers()}")
    if alone := sum(one.for_one_solver for one in obligations):
        say(console, f"{alone:,} of them, that no contradiction is found in what is assumed, are put to z3 alone")
    bad = [one for one in obligations if one.status not in ("proved", "unconfirmed")]
    for one in bad:
        where = f"{one.machine} {one.policy} {one.operation} {one.rule}"
        say(console, f"{one.status}: {where}: {one.name}: {one.counterexample}", style="bold red")
    for differing in (one for one in shells if one.status != "proved"):
        where = f"{differing.machine} {differing.method} {differing.rule}, with {differing.loop} as the loop"
        say(console, f"{differing.status}: {where}: {differing.counterexample}", style="bold red")
    if any(one.status in ("refuted", "disputed") for one in bad) or alike < len(shells):
        return 1
    return 0 if all(one.status == "proved" for one in obligations) else 3


def _no_obligation(options: argparse.Namespace, machines: Sequence[Machine]) -> str:
    """Why nothing is to be proved of what was asked for, and what there is in its place."""
    from latchproof.export.markdown import unreached

    if options.rule in [rule.id for machine in machines for rule in unreached(machine)]:
        return (
            f"no obligation is about {options.rule}: no whole number leads to it, and the proofs are about whole "
            "numbers; the tests of the specification give it something else"
        )
    return f"no obligation is about {' and '.join(one for one in (options.claim, options.rule) if one)}"


def _machines(options: argparse.Namespace) -> list[Machine]:
    """The machines that are meant: the one that is named, or those that a claim is about. Raises TargetError."""
    from latchproof.check.target import TargetError
    from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

    claims = {claim.id: claim for claim in CLAIMS}
    if options.claim is not None and options.claim not in claims:
        raise TargetError(f"there is no claim {options.claim!r}; there are {', '.join(claims)}")
    about = [one.name for one in machines_about(claims[options.claim])] if options.claim is not None else list(MACHINES)
    machines = [MACHINES[name] for name in about if options.machine in (None, name)]
    if not machines:
        raise TargetError(f"{options.claim} is not about the {options.machine}")
    return machines


def _holds(holds: bool) -> str:
    return "holds" if holds else "fails"


def _explore(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.target import TargetError
    from latchproof.explore.fairness import check_eventualities
    from latchproof.explore.states import about, explore
    from latchproof.show.terminal import print_explorations, print_liveness, say

    machines = _machines(options)
    if options.claim is not None:
        machines = [about(machine, options.claim) for machine in machines]
    models = [
        (machine, policy, argument)
        for machine in machines
        for policy in machine.policies
        if options.policy in (None, policy.name)
        for argument in range(machine.smallest, options.upto + 1)
    ]
    if not models:
        names = dict.fromkeys(policy.name for machine in machines for policy in machine.policies)
        raise TargetError(f"there is no policy {options.policy!r}; there are {', '.join(names)}")
    bounds = {"calls": options.calls, "operations": options.operations}
    try:
        found = [explore(*model, tasks=tasks, **bounds) for model in models for tasks in options.tasks]
    except ValueError as error:
        raise TargetError(str(error)) from error
    print_explorations(console, found, options.claim)
    if options.calls is not None or options.operations is not None:
        say(console, "C12 to C14 were not checked as eventualities: that takes all operations, and calls without bound")
        live = []
    else:
        live = [check_eventualities(*model, tasks=tasks) for model in models for tasks in options.fair_tasks]
        say(console)
        print_liveness(console, live)
    promises = [promise for one in live for promise in one.promises]
    if any(one.violations for one in found) or any(promise.status == "fails" for promise in promises):
        return 1
    if options.claim is not None and not any(one.checks.get(options.claim) for one in found):
        return 3
    checked = {promise.claim for promise in promises if promise.status == "holds"}
    vacuous = any(promise.claim not in checked for promise in promises)
    complete = all(one.complete for one in found) and all(one.complete for one in live)
    return 3 if vacuous or not complete else 0


def _mutants(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.pool import cores
    from latchproof.check.target import TargetError
    from latchproof.contracts import ContractsNotRunError
    from latchproof.mutants.evaluate import KINDS
    from latchproof.mutants.matrix import judge_mutants
    from latchproof.show.terminal import print_matrix, say
    from latchproof.verify.ledger import MUTANT_KINDS

    if options.quick and options.workers is not None:
        raise TargetError("--quick is done in one process; leave out --workers, or --quick")
    if unknown := set(options.kinds or ()) - set(KINDS):
        raise TargetError(f"{', '.join(sorted(unknown))}: no kind of evidence; there are {', '.join(KINDS)}")
    kinds = [kind for kind in KINDS if kind in (options.kinds or (MUTANT_KINDS if options.quick else KINDS))]
    with console.status("...") as status:
        try:
            matrix = judge_mutants(
                kinds,
                quick=options.quick,
                only=options.only,
                workers=1 if options.quick else options.workers or cores(),
                progress=status.update if console.is_terminal else None,
            )
        except ContractsNotRunError as error:
            raise TargetError(f"{error}; leave them out: --kinds {' '.join(set(kinds) - {'contracted'})}") from error
    if not matrix.judgements:  # nothing was judged, which says nothing of the claims
        if matrix.not_judged:
            raise TargetError(
                f"what has {options.only!r} in its ID is about tasks: leave out --kinds, or add scheduled"
            )
        raise TargetError(f"no mutant's ID has {options.only!r} in it; latchproof mutants --quick --verbose shows some")
    print_matrix(console, matrix, verbose=options.verbose)
    say(console)
    if options.json is not None:
        _write_file(options.json, json.dumps(matrix.to_json(), indent=2) + "\n")
    words = {
        0: "every mutant breaks a claim or is no fault, and every claim is broken by some mutant",
        1: "the gate fails",
        3: "something is undecided",
    }
    say(console, f"{words[matrix.exit_code]} ({sum(matrix.seconds.values()):.1f} s of judging)")
    return matrix.exit_code


def _export(options: argparse.Namespace, console: Console) -> int:
    from latchproof.check.target import TargetError
    from latchproof_spec.machines import MACHINES

    form = options.format
    if options.claim is not None and options.what in MACHINES:
        raise TargetError(
            f"--claim is for a file, of which it names the trace; what is proved of {options.claim} alone, latchproof "
            f"prove --claim {options.claim} says"
        )
    if options.what not in MACHINES and not Path(options.what).exists():
        raise TargetError(f"{options.what!r} is no machine ({', '.join(MACHINES)}), and there is no such file")
    bounds = {name: getattr(options, name) for name in ("argument", "tasks", "calls", "operations", "policy")}
    bounds = {name: value for name, value in bounds.items() if value is not None}
    if bounds and (form not in _MODELS or options.what not in MACHINES):
        given = ", ".join(f"--{name}" for name in bounds)
        raise TargetError(f"{given}: bounds are for models of latch and barrier, formats {', '.join(_MODELS)}")
    if options.what in MACHINES and form in _MODELS:
        sys.stdout.write(_export_model(options.what, form, bounds))
    elif options.what in MACHINES:
        if form in ("itf", "pytest"):
            raise TargetError(f"a machine has no {form} form; name a file that check --json wrote")
        sys.stdout.write(_export_machine(options.what, form))
    else:
        if form in ("markdown", "smt2", *_MODELS):
            raise TargetError(f"a trace has no {form} form; name a machine: {', '.join(MACHINES)}")
        sys.stdout.write(_export_trace(Path(options.what), options.claim, form))
    return 0


def _export_machine(name: str, form: str) -> str:
    from latchproof.export.markdown import diagram, document
    from latchproof.prove.obligations import CONTROLS, MODELS, prove
    from latchproof.prove.smtlib import script
    from latchproof_spec.machines import MACHINES

    machine = MACHINES[name]
    if form == "markdown":
        return document(machine)
    if form == "mermaid":
        return "\n".join(diagram(machine, machine.policies[0])) + "\n"
    return script(prove(machine, models=(*MODELS, *CONTROLS)))


def _export_model(name: str, form: str, bounds: dict[str, Any]) -> str:
    from latchproof.check.target import TargetError
    from latchproof.export import promela, tla
    from latchproof.export.rows import ExportError, make_model
    from latchproof_spec.machines import MACHINES

    machine = MACHINES[name]
    policy = _policy(machine, bounds.pop("policy", machine.policies[0].name))
    if "operations" in bounds:
        bounds["operations"] = tuple(bounds["operations"])
    try:
        model = make_model(machine, policy, replace(machine.bounds.model, **bounds))
        return {"tla": tla.module, "cfg": tla.configuration, "promela": promela.promela}[form](model)
    except ExportError as error:
        raise TargetError(str(error)) from error


def _export_trace(path: Path, claim: str | None, form: str) -> str:
    from latchproof.check.target import TargetError
    from latchproof.check.trace import read_file
    from latchproof.show.mermaid import sequence
    from latchproof.show.repro import NoReproductionError, reproduction

    trace = read_file(path, claim)
    if form == "pytest":
        try:
            return reproduction(trace)
        except NoReproductionError as error:
            raise TargetError(f"there is no reproduction: {error}") from error
    if form == "mermaid":
        return "\n".join(sequence(trace)) + "\n"
    return json.dumps(trace.to_itf(), indent=2) + "\n"
