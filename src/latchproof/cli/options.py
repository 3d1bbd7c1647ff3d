"""What several commands share: how a command is declared, what it needs installed, and the options that recur."""

import argparse
import contextlib
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latchproof.check.bounds import ANY
from latchproof.check.extras import require as require
from latchproof.check.importing import current_folder
from latchproof.check.kind_of import KINDS, kind_of_model
from latchproof.check.kinds import Kind, a
from latchproof.check.loops import STEPPED
from latchproof.check.renaming import parse as parse_names
from latchproof.check.sandbox.watch import USUAL_LIMITS
from latchproof.check.target import Target, TargetError, load
from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.cli.streams import tell
from latchproof.show.formats import FORMATS, Format
from latchproof.show.json import as_json
from latchproof.show.words import CannotRenderError, policies_of
from latchproof_spec import machines
from latchproof_spec.machine import Machine
from latchproof_spec.models import SHIPPED

if TYPE_CHECKING:
    from rich.console import Console as Console

    from latchproof.compile.machine import Compiled
else:
    Console = Any  # so that commands can name it; rich is imported when a command runs


@dataclass(frozen=True)
class Command:
    """A command: its name, what the list of commands says of it, how its parser is made, and how it runs.

    `run` returns the exit code. `needs` are the packages without which it cannot begin.
    """

    name: str
    help: str
    epilog: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], int]
    needs: tuple[str, ...] = ("rich",)


def add_target(
    parser: argparse.ArgumentParser,
    host: str | None = "asyncio",
    hosts: Iterable[str] = STEPPED,
    otherwise: str = "asyncio",
    policy: str = "by every named one",
    claim: str = "judge by this claim alone",
    *,
    modules: bool = False,
) -> None:
    """Add the target, and the options that say how it is run and judged."""
    parser.add_argument(
        "target", metavar="TARGET",
        help="MODULE:CLASS or path/to/file.py:CLASS, or a factory function"
        + ("; or MODULE or path/to/file.py, for each primitive in it" if modules else ""),
    )  # fmt: skip
    parser.add_argument(
        "--kind", "--machine", metavar="KIND",
        help=f"what the target is, if neither its methods nor its name tell: {', '.join(KINDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--model", metavar="FILE:CLASS", help="check it against a model of your own: a sequential class"
    )
    parser.add_argument(
        "--rename", metavar="OWN=NAME,...", type=renaming, default={},
        help="the class's own names of what the specification calls otherwise, as in done=count_down",
    )  # fmt: skip
    parser.add_argument(
        "--host", default=host, help=f"the event loop to run it on: {', '.join(hosts)} (default: {otherwise})"
    )
    parser.add_argument("--policy", metavar="NAME", help=f"judge by this policy (default: {policy}); {_policies()}")
    parser.add_argument(
        "--strict", action="store_true",
        help="demand that a call takes effect in its first step, and a cancellation when it is requested",
    )  # fmt: skip
    parser.add_argument("--claim", metavar="ID", help=claim)
    parser.add_argument(
        "--ignore", metavar="NAME", action="append", default=[],
        help="do not read this property (count, n_waiting, broken...), so nothing is judged by it; may be repeated",
    )  # fmt: skip


def _policies() -> str:
    """Return the names of all policies, in words: those that are tried, and those that are tried only if named."""
    names = (
        (one.name, ", ".join(map(repr, one.usual_policies)), ", ".join((*one.only_named, *map(repr, one.variants))))
        for one in machines.MACHINES.values()
    )
    return "; ".join(f"for a {kind}: {policies}, and only if named {variants}" for kind, policies, variants in names)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options that say when a step counts as one that does not end."""
    parser.add_argument(
        "--step-cpu", type=seconds, default=USUAL_LIMITS.cpu, metavar="N",
        help=f"count a step that uses N seconds of CPU time as one that does not end (default {USUAL_LIMITS.cpu:g})",
    )  # fmt: skip
    parser.add_argument(
        "--step-block", type=seconds, default=USUAL_LIMITS.block, metavar="M",
        help=f"count a step that is blocked for M seconds as one that does not end (default {USUAL_LIMITS.block:g})",
    )  # fmt: skip


def add_kind(parser: argparse.ArgumentParser, help: str) -> None:
    """Add the choice of a machine, which is given by its name alone, or after an option."""
    names = tuple(machines.MACHINES)
    parser.add_argument(
        "kind", nargs="?", choices=names, metavar="MACHINE", action=OneMachine,
        help=f"{help}: {' or '.join(names)} (default: each)",
    )  # fmt: skip
    add_machine_option(parser, "kind")


def add_machine_option(parser: argparse.ArgumentParser, dest: str) -> None:
    """Add the option that names a machine, in place of the argument that is called `dest`."""
    parser.add_argument(
        "--machine", "--kind", dest=dest, choices=tuple(machines.MACHINES), action=OneMachine,
        help="the same, as an option",
    )  # fmt: skip


class OneMachine(argparse.Action):
    """Takes a machine, or what stands in its place, and refuses a second one."""

    def __call__(self, parser: argparse.ArgumentParser, options: argparse.Namespace, value: Any, *_: Any) -> None:
        before = getattr(options, self.dest, None)
        if value is None:  # the argument is absent, and the option may be there
            return
        if before not in (None, value):
            parser.error(f"{before} and {value} are two; name one of them")
        setattr(options, self.dest, value)


def target_of(options: argparse.Namespace, kind: str | None = None, model: str | None = None) -> Target:
    """Return the target that the options name, as the kind or model that they name, or else as the given one.

    Raises TargetError if there is none.
    """
    if options.kind is None and options.model is None:
        kind, model = (None, model) if model else (kind, None)
    else:
        kind, model = options.kind, options.model
    return load(options.target, kind, options.rename, model).ignoring(options.ignore)


def add_compiled(parser: argparse.ArgumentParser, what: str) -> None:
    """Add a model that is compiled to rules, in place of a machine."""
    parser.add_argument(
        "--model",
        metavar="FILE:CLASS",
        help=f"{what} a model, compiled to rules: your own, or the shipped one of a kind",
    )


def compiled(options: argparse.Namespace, policies: Iterable[str | None]) -> "list[Compiled]":
    """Return the model that the options name under each of these policies; raise TargetError if it has no rules."""
    require("z3")
    from latchproof.compile.machine import compile_model
    from latchproof.compile.stage import CannotCompileError

    if getattr(options, "kind", None) is not None:
        raise TargetError("--kind and --model exclude each other: a model is a machine by itself")
    model = SHIPPED[options.model].model if options.model in SHIPPED else kind_of_model(options.model).model
    try:
        return [compile_model(model, policy) for policy in policies or [None]]
    except CannotCompileError as error:
        raise TargetError(f"{options.model} cannot be compiled to rules. {error}") from error


def say_of_which(console: Console, verb: str, found: "Iterable[Compiled]") -> None:
    """Print of which machine something was found, and what of the model the rules leave out."""
    from latchproof.show.printing import say

    for note in dict.fromkeys(note for one in found for note in one.notes):
        say(console, f"{verb:<9} {note}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for the constructor's argument: one for each machine, and one for any kind."""
    parser.add_argument(
        "--argument", type=whole, nargs="+", metavar="N",
        help="what the constructor of each object is given, in place of the default numbers",
    )  # fmt: skip
    for machine in machines.MACHINES.values():
        parser.add_argument(
            f"--{machine.parameter}", type=whole, nargs="+", metavar="N",
            help=f"{machine.parameter} of each {machine.name} that is made, in place of the default ones",
        )  # fmt: skip


def arguments_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the constructor arguments that the options ask for."""
    names = (ANY, *(machine.parameter for machine in machines.MACHINES.values()))
    return {name: getattr(options, name) for name in names}


def add_output(parser: argparse.ArgumentParser, name: str, help: str, **more: Any) -> None:
    """Add an option that names a file to write, which `require_writable` looks at before the command begins."""
    parser.add_argument(f"--{name}", metavar="FILE", type=Path, help=help, **more)
    parser.set_defaults(outputs=(*(parser.get_default("outputs") or ()), name))


def add_formats(parser: argparse.ArgumentParser, formats: tuple[Format, ...], verdict: str, trace: str) -> None:
    """Add an option for each format: `verdict` says what is written in those of a verdict, `trace` in the others."""
    for one in formats:
        what = verdict if one.of_verdict is not None else trace
        add_output(parser, one.option, f"write {what} to FILE {one.help}")


def require_writable(options: argparse.Namespace) -> None:
    """Raise TargetError if a file that is to be written cannot be, before any work is done. Create or empty none."""
    options.folder = current_folder()
    taken: dict[str, str] = {}
    for name in getattr(options, "outputs", ()):
        path: Path | None = getattr(options, name)
        if path is None:
            continue
        other = taken.setdefault(os.path.realpath(path), name)
        if other != name and (os.path.isfile(path) or not os.path.exists(path)):  # both may be discarded
            raise TargetError(f"--{name}: {path} is what --{other} writes; name another file")
        if os.path.isdir(path):
            raise TargetError(f"--{name}: {path} is a folder; name a file in it")
        if not os.path.isdir(path.parent):
            raise TargetError(f"--{name}: {path} cannot be written: there is no folder {path.parent}; make it first")
        if not os.access(path if os.path.exists(path) else path.parent, os.W_OK):
            raise TargetError(f"--{name}: {path} cannot be written: permission denied; name another file")


def write_file(path: Path, text: str) -> bool:
    """Write a file; return whether that was possible, and else say why not: the command's verdict stays what it is."""
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        tell(f"latchproof: {path} cannot be written: {error.strerror}")
        return False
    return True


def write_json(path: Path | None, one: Any) -> None:
    """Write it as JSON, if a file is named."""
    if path is not None:
        write_file(path, as_json(one))


def write_formats(options: argparse.Namespace, console: Console, verdict: Verdict | None, trace: Trace | None) -> None:
    """Write every file that the options name: of the verdict, or else of the trace, as far as there is one."""
    from latchproof.show.printing import say

    texts: dict[str, str] = {}
    for one in FORMATS:
        path: Path | None = getattr(options, one.option, None)
        if path is None:
            continue
        try:
            if verdict is not None and one.of_verdict is not None:
                texts[one.option] = one.of_verdict(verdict)
            elif verdict is not None and trace is not None and one.of_runs is not None:
                text, note = one.of_runs(verdict)
                texts[one.option] = text
                if note:
                    say(console, f"--{one.option}: {note}", style="yellow")
            elif trace is not None and one.of_trace is not None:
                texts[one.option] = one.of_trace(trace)
        except CannotRenderError as error:
            say(console, f"--{one.option}: {path} was not written: {error}", style="yellow")
    write_each(options, console, texts)


def write_each(options: argparse.Namespace, console: Console, texts: Mapping[str, str]) -> None:
    """Write each text to the file that the option of that name gives, if it gives one."""
    from latchproof.show.printing import say

    if folder := getattr(options, "folder", ""):
        with contextlib.suppress(OSError):  # the target may have deleted it; then no file there can be written
            os.chdir(folder)  # a relative path is meant from there, and the target may have left it
    for option, text in texts.items():
        path: Path | None = getattr(options, option, None)
        if path is not None and write_file(path, text):
            say(console, f"wrote     {path}")


def chosen_machines(options: argparse.Namespace) -> list[Machine]:
    """Return the machines that the options mean; raise TargetError if there is none, or no such claim."""
    claims = {claim.id: claim for claim in machines.CLAIMS}
    if options.claim is not None and options.claim not in claims:
        raise TargetError(f"there is no claim {options.claim!r}; there are {', '.join(claims)}")
    about = machines.MACHINES.values() if options.claim is None else machines.machines_about(claims[options.claim])
    found = [machine for machine in about if options.kind in (None, machine.name)]
    if not found:
        raise TargetError(f"{options.claim} is not about the {options.kind}")
    return found


def policy_name(name: str | None, kind: Kind, console: Console) -> str | None:
    """Return the name of the policy that is asked for, None if none is; say so if it was asked for by another name.

    Raise TargetError if the kind has no such policy.
    """
    from latchproof.show.printing import say

    if name is None:
        return None
    found: str = kind.policy(name).name
    if name != found:
        say(console, f"{name} is another name of the policy {found} of {a(kind.name)}")
    return found


def refuse_variant(name: str | None, machines: Iterable[Machine]) -> None:
    """Raise TargetError if the name is that of a variant: it has no rules, which are what is explored and exported."""
    if name in {one.name for machine in machines for one in machine.variants}:
        raise TargetError(f"the policy {name} is a model, which has no rules: `latchproof check` judges classes by it")


def judged_by(options: argparse.Namespace, kind: Kind) -> str:
    """Return what a check or a fuzzing run judges by, in words."""
    every = [one.name for one in kind.usual_policies] if options.policy is None else [options.policy]
    what = policies_of(kind, every) if kind.is_a_model else options.policy or "every named policy"
    return what + (f", claim {options.claim} only" if options.claim else "")


def renaming(text: str) -> dict[str, str]:
    """Return the names that an option gives."""
    try:
        return parse_names(text)
    except TargetError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole(text: str) -> int:
    """Return the number that an option is given."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def seconds(text: str) -> float:
    """Return the number of seconds that an option is given."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return number


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads a whole number that must not be less."""

    def read(text: str) -> int:
        number = whole(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return number

    return read
