"""`latchproof export`: write the specification, or a trace, in another form."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from latchproof.check.kinds import MACHINE_KINDS
from latchproof.check.target import TargetError
from latchproof.cli.options import (
    Command,
    Console,
    OneMachine,
    add_compiled,
    add_machine_option,
    at_least,
    compiled,
    refuse_variant,
    require,
    whole,
)
from latchproof.show.formats import OF_TRACES
from latchproof.show.words import CannotRenderError
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

MODELS = ("tla", "cfg", "promela")
"""Forms of a machine that are models, and take bounds."""

DOCUMENTS = ("markdown", "mermaid", "smt2")
"""Forms of a machine that are made from what is proved of it."""

RENDERED = ("coq", "coq-step")
"""Forms that are rendered from the text of the specification alone."""

BOUNDS = ("argument", "tasks", "calls", "operations", "policy")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    machines = MACHINES.values()
    parser.add_argument(
        "what", nargs="?", metavar=f"{'|'.join(MACHINES)}|FILE", action=OneMachine,
        help="a machine, or a file that check --json wrote",
    )  # fmt: skip
    add_machine_option(parser, "what")
    add_compiled(parser, "export")
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        choices=tuple(dict.fromkeys((*DOCUMENTS, *MODELS, *RENDERED, *(one.name for one in OF_TRACES)))),
        required=True,
        help="of a machine, markdown: its review document; smt2: its proof obligations; tla, cfg: its TLA+ module, and "
        "the configuration for TLC; promela: its model for Spin; mermaid: its state diagram; coq: its functions, rules "
        "and policies in Coq; coq-step: what every machine shares, in Coq. Of a trace, "
        + "; ".join(f"{one.name}: {one.help}" for one in OF_TRACES),
    )
    parser.add_argument("--claim", metavar="ID", help="export the trace of this claim (default: the first)")
    bounds = parser.add_argument_group(f"bounds of a model, for {', '.join(MODELS)}")
    defaults = ", ".join(f"{one.parameter} {one.bounds.model.argument}" for one in machines)
    tasks = ", ".join(dict.fromkeys(str(one.bounds.model.tasks) for one in machines))
    bounds.add_argument("--tasks", type=at_least(1), metavar="N", help=f"number of tasks (default {tasks})")
    bounds.add_argument("--argument", type=whole, metavar="N", help=f"constructor argument (default: {defaults})")
    bounds.add_argument("--calls", type=at_least(0), metavar="N", help="calls of each task (default: no limit)")
    bounds.add_argument("--operations", nargs="+", metavar="NAME", help="call only these (default: all)")
    bounds.add_argument("--policy", metavar="NAME", help="under this policy (default: that of our own classes)")


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command."""
    form, what = options.format, options.what
    if (what is None) == (options.model is None):
        raise TargetError(f"name a machine ({', '.join(MACHINES)}), a file that check --json wrote, or a --model")
    machine = MACHINES.get(what) if options.model is None else compiled(options, [options.policy])[0].machine
    if machine is not None and options.claim is not None:
        raise TargetError(
            f"--claim chooses a trace from a file; for what is proved of {options.claim} alone, run latchproof prove "
            f"--claim {options.claim}"
        )
    if machine is None and not Path(what).exists():
        raise TargetError(f"{what!r} is not a machine ({', '.join(MACHINES)}), and there is no such file")
    bounds = {name: getattr(options, name) for name in BOUNDS if getattr(options, name) is not None}
    if bounds and (machine is None or form not in MODELS):
        given = ", ".join(f"--{name}" for name in bounds)
        raise TargetError(f"{given}: bounds are for models of {' and '.join(MACHINES)}, formats {', '.join(MODELS)}")
    if machine is None:
        text = _trace(Path(what), options.claim, form)
    elif form in RENDERED:
        text = _rendered(machine, form)
    else:
        require("z3")
        text = _model(machine, form, bounds) if form in MODELS else _document(machine, form)
    sys.stdout.write(text)
    sys.stdout.flush()
    return 3 if getattr(sys.stdout, "failed", False) else 0


def _document(machine: Machine, form: str) -> str:
    from latchproof.export.markdown import diagram, document
    from latchproof.prove.obligations import WHOLE, prove
    from latchproof.prove.smtlib import script

    if form == "markdown":
        return document(machine)
    if form == "mermaid":
        return "\n".join(diagram(machine, machine.policies[0])) + "\n"
    if form == "smt2":
        return script(prove(machine, parts=WHOLE))
    raise TargetError(f"a machine has no {form} form; name a file that check --json wrote")


def _rendered(machine: Machine, form: str) -> str:
    from latchproof.export import coq
    from latchproof.export.coq_types import NotRenderedError

    if machine.compiled_from:
        raise TargetError(
            f"{machine.compiled_from} has no {form} form: the functions of {' and '.join(MACHINES)} are rendered from "
            "their text, and a compiled model has none"
        )
    try:
        return coq.machine(machine.name) if form == "coq" else coq.common()
    except NotRenderedError as error:
        raise TargetError(str(error)) from error


def _model(machine: Machine, form: str, bounds: dict[str, Any]) -> str:
    from latchproof.export import promela, tla
    from latchproof.export.rows import ExportError, make_model

    render: dict[str, Callable[[Any], str]] = {
        "tla": tla.module, "cfg": tla.configuration, "promela": promela.promela,
    }  # fmt: skip
    name = bounds.pop("policy", machine.policies[0].name)
    refuse_variant(name, [machine])
    policy = machine.policies[0] if machine.compiled_from else MACHINE_KINDS[machine.name].policy(name)
    if "operations" in bounds:
        bounds["operations"] = tuple(bounds["operations"])
    try:
        return render[form](make_model(machine, policy, replace(machine.bounds.model, **bounds)))
    except ExportError as error:
        raise TargetError(str(error)) from error


def _trace(path: Path, claim: str | None, form: str) -> str:
    from latchproof.check.trace import read_file

    render = next((one.of_trace for one in OF_TRACES if one.name == form), None)
    if render is None:
        raise TargetError(f"a trace has no {form} form; name a machine: {', '.join(MACHINES)}")
    try:
        return render(read_file(path, claim))
    except CannotRenderError as error:
        raise TargetError(str(error)) from error


COMMAND = Command(
    "export",
    help="write the specification, or a trace, in another form",
    epilog="Examples: latchproof export barrier --format markdown; latchproof export trace.json --format itf",
    add_options=add_options,
    run=run,
)
