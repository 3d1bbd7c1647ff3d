"""The parser, the table of commands, and the exit codes.

Exit codes: 0 holds, 1 a counterexample, 2 usage or a target that cannot be driven, 3 inconclusive, or the command
itself failed: Python would exit with 1 then, which must mean a counterexample and nothing else.
"""

import argparse
import traceback
from collections.abc import Sequence
from typing import Any

from latchproof.check.importing import refuse_exits
from latchproof.check.target import TargetError
from latchproof.cli import check, explore, export, fuzz, mutants, prove, replay, report, streams, verify
from latchproof.cli.options import Command, require, require_writable
from latchproof_spec import __version__

COMMANDS: tuple[Command, ...] = tuple(
    one.COMMAND for one in (verify, check, report, replay, fuzz, prove, explore, mutants, export)
)

SHELLS = ("bash", "zsh", "fish")

QUESTIONS = """\
Is my class right?                latchproof check mine.py:MyBarrier
And all that my module offers?    latchproof check mine.py
What happened in that run?        latchproof replay trace.json mine.py:MyBarrier
And beyond the bounds?            latchproof fuzz mine.py:MyBarrier
Are latchproof's classes proved?  latchproof verify --quick
May I see all of it?              latchproof report --quick --html report.html
What does it say exactly?         latchproof export barrier --format markdown
Can latchproof's checks fail?     latchproof mutants --quick

Exit codes: 0 holds within the bounds printed; 1 a counterexample; 2 usage, or
a target that cannot be loaded or driven; 3 inconclusive, or the command failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; without arguments take those of the process, and end the process."""
    if arguments is not None:
        return _run(arguments)
    streams.prepare()
    end = refuse_exits()  # a finalizer of the target may run at the very end
    return streams.leave(_run(None), end)


def _run(arguments: Sequence[str] | None) -> int:
    parser = make_parser()
    options, unknown = parser.parse_known_args(arguments)
    command: Command | None = getattr(options, "command", None)
    if unknown:  # parse_args would print the usage of the whole
        (parser if command is None else options.parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if command is None:
        parser.print_help()
        return 2
    try:
        require(*command.needs)
        from rich.console import Console

        require_writable(options)
        return command.run(options, Console(emoji=False))  # ":Lock" is a class's name here
    except TargetError as error:
        streams.tell(f"latchproof: {error}")
        return 2
    except KeyboardInterrupt:
        streams.tell("latchproof: interrupted; nothing is concluded")
        return 3
    except (BrokenPipeError, SystemExit):  # rich raises SystemExit, with code 1, in place of BrokenPipeError
        streams.discard(1)  # so that printing what is buffered does not fail too
        known: int | None = getattr(options, "known", None)
        return 3 if known is None else known
    except Exception:
        streams.tell(
            f"{traceback.format_exc()}latchproof: the command itself failed, with the error above; nothing is "
            "concluded. This is a bug in latchproof: please report it with the output above"
        )
        return 3


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="latchproof",
        description="Checks async Python primitives: latches and barriers against a specification that is\n"
        "executed, explored and proved, all others against models.",
        epilog=QUESTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--print-completion", action=_PrintCompletion, choices=SHELLS, metavar="SHELL",
        help="print the completion script for a shell (bash, zsh, fish), and exit",
    )  # fmt: skip
    parser.add_argument(
        "--version", action="version", version=f"latchproof {__version__}", help="print the version, and exit"
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in COMMANDS:
        made = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=command.epilog,
        )
        command.add_options(made)
        made.set_defaults(command=command, parser=made)
    return parser


class _PrintCompletion(argparse.Action):
    """Prints the completion script that shtab makes. Where a FILE may stand, files are completed."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> None:
        try:
            require("shtab")
        except TargetError as error:
            parser.exit(2, f"latchproof: {error}\n")
        import shtab

        (commands,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
        for command in commands.choices.values():
            for option in command._actions:
                if "FILE" in str(option.metavar) or option.metavar == "TARGET":  # a target may begin with a file
                    option.complete = shtab.FILE
        print(shtab.complete(parser, str(given[1])))
        parser.exit()
