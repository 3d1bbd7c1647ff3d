"""`latchproof check MODULE`: check each primitive that a module offers, and print one table."""

import argparse
from collections.abc import Callable

from latchproof.check.modules import ModuleVerdict, Primitive, primitives
from latchproof.check.target import Target, TargetError
from latchproof.check.verdict import Verdict
from latchproof.cli.options import Console, write_each

OF_ONE_CLASS = (
    *("kind", "model", "rename", "policy", "claim", "ignore", "argument", "count", "parties", "estimate"),
    *("itf", "mermaid", "repro", "html", "text"),
)
"""The options that are about a single class."""


def check_module(options: argparse.Namespace, console: Console, check: Callable[[Target], Verdict]) -> int:
    """Check each primitive of the module that the options name, print the results, and return the exit code."""
    from latchproof.show.json import as_json
    from latchproof.show.modules import announce, as_junit, as_sarif, print_module, print_result

    _refuse_options_of_one_class(options)
    found = primitives(options.target)
    usual = (options.tasks, options.calls, options.cancels) == (None, None, None)
    announce(console, options.target, options.host, len(found), usual=usual)
    module = ModuleVerdict(options.target, options.host)
    for one in found:
        module = module.with_result(one.name, _result(one, module, check))
        options.known = module.exit_code
        print_result(console, module, len(found))
    print_module(console, module, _again(options))
    formats = {"json": as_json, "junit": as_junit, "sarif": as_sarif}
    write_each(options, console, {name: render(module) for name, render in formats.items() if getattr(options, name)})
    return module.exit_code


def _refuse_options_of_one_class(options: argparse.Namespace) -> None:
    """Raise TargetError if an option is given that does not fit all primitives of a module."""
    for name in OF_ONE_CLASS:
        if getattr(options, name):
            raise TargetError(
                f"--{name} is about a single class, and {options.target} is a module: name the class, as in "
                f"{options.target}:CLASS"
            )


def _again(options: argparse.Namespace) -> str:
    """Return the options that a check of a single class needs, to be the same."""
    given = f" --host {options.host}" if options.host != "asyncio" else ""
    given += f" --scheduler {options.scheduler}" if options.scheduler != "exhaustive" else ""
    for name in ("tasks", "calls", "cancels", "schedules", "seed"):
        value = getattr(options, name)
        given += f" --{name} {value}" if value is not None else ""
    return given + "".join(f" --{name.replace('_', '-')}" for name in ("no_eager", "strict") if getattr(options, name))


def _result(one: Primitive, module: ModuleVerdict, check: Callable[[Target], Verdict]) -> Verdict | str:
    """Return the verdict on a primitive, or the reason why there is none."""
    if one.target is None:
        return one.reason
    if module.is_broken_off:
        return "an earlier check was broken off"
    try:
        return check(one.target)
    except TargetError as error:
        return str(error)
