"""What the commands print, at two widths, in a terminal with colours and in a pipe: a file for each different text."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rich.console import Console
from rich.progress import Progress

from latchproof.check.checker import check
from latchproof.check.modules import ModuleVerdict
from latchproof.check.reasons import Reason
from latchproof.check.sandbox.watch import USUAL_LIMITS
from latchproof.check.target import adapt
from latchproof.cli.main import make_parser
from latchproof.mutants.evaluate import MutantResult
from latchproof.mutants.generate import named
from latchproof.mutants.matrix import Matrix
from latchproof.prove.classes.cases import Case
from latchproof.prove.goals import Obligation, ProofStatus, Query
from latchproof.show.ledger import print_ledger
from latchproof.show.matrix import print_matrix
from latchproof.show.modules import print_module, print_result
from latchproof.show.verdict import print_verdict
from latchproof.verify.evidence import Cell, RuleCell, own_rules
from latchproof.verify.exported import ExportCheck
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Programs
from latchproof_spec.machines import CLAIMS
from tests.check import module_samples, samples
from tests.prove.once import specification_checked_once

FOLDER = Path(__file__).parent
WIDTHS = (60, 80, 120)
SHAPES = (Programs((1,), at_once=2, calls=3, cancellations=1),)


def printed(show: Callable[[Console], None], width: int, *, terminal: bool, environment: dict[str, str]) -> str:
    """Return what is printed at that width, in a terminal (with the colours of a plain one) or in a pipe."""
    colours: Any = "standard" if terminal else None
    console = Console(width=width, force_terminal=terminal, color_system=colours, _environ=environment)
    still = (mock.patch.object(Progress, "start"), mock.patch.object(Progress, "stop"))  # it shows what time it takes
    with still[0], still[1], console.capture() as capture:
        show(console)
    return capture.get()


def without_numbers(text: str) -> str:
    """Replace how many steps a version of Python makes of a run, and the numbers of lines."""
    text = re.sub(r"(samples\.py):\d+", r"\1:N", text)
    text = re.sub(r"\d+(\s+)steps", r"N\1steps", text)
    return re.sub(r"\.+'", ".'", re.sub(r"(;( |\n {12})run)+", "; run", text))


def _verdict(factory: Any, schedules: int | None = None) -> Callable[[Console], None]:
    target = adapt(factory, f"samples:{factory.__name__}", "latch")
    verdict = check(target, policy="latchproof", programs=SHAPES, schedules=schedules)
    not_tried = tuple(one for one in verdict.not_tried if not one.startswith("eager tasks"))
    verdict = replace(verdict, not_tried=not_tried, schedules=20, covered=28, pruned=8, steps=60, seconds=0.5)
    return lambda console: print_verdict(console, verdict)


def _command(line: str) -> Callable[[Console], None]:
    """Return what runs a whole command, which is quick, or whose work is done for it."""
    options = make_parser().parse_args(shlex.split(line))
    return lambda console: options.command.run(options, console)


def _obligation(
    name: str, claims: tuple[str, ...], rule: str, status: ProofStatus, counterexample: str = ""
) -> Obligation:
    answers = (("z3", "sat" if counterexample else "unsat"), ("cvc5", "sat" if counterexample else "unsat"))
    query = Query((), (), name, "unsat")
    return Obligation(
        name,
        claims,
        "latch",
        "latchproof",
        "wait",
        rule,
        status,
        counterexample,
        "",
        query=query,
        verdicts=answers,
    )


@contextmanager
def _proofs() -> Iterator[None]:
    """Three obligations, of which one is refuted, and two cases of the refinement, of which one is refuted."""
    obligations = [
        _obligation("the count is kept", ("C1",), "L7", "proved"),
        _obligation("no task is parked on an open latch", ("C2", "C11"), "L8", "refuted", "[count = 0, parked = 1]"),
        _obligation("the paths are disjoint", (), "all", "proved"),
    ]
    cases = [
        Case("latch", "wait", "anywhere", "L7", "proved"),
        Case("latch", "wait", "anywhere", "L8", "refuted", "it returns, for count = 1"),
    ]
    with (
        mock.patch("latchproof.prove.language.comparison.check_specification", specification_checked_once),
        mock.patch("latchproof.prove.obligations.prove_whole", return_value=obligations),
        mock.patch(
            "latchproof.prove.classes.refinement.refinement_in_process", return_value=nullcontext(lambda: cases)
        ),
        mock.patch("latchproof.show.proofs.solvers", return_value="z3 4.0 and cvc5 1.0"),
    ):
        yield


def _prove(console: Console) -> None:
    with _proofs():
        _command("prove --kind latch --verbose")(console)


def _fuzz(found: bool) -> Callable[[Console], None]:
    """Return what prints as if Hypothesis had run the machine, and found something or nothing."""
    target = adapt(samples.ForgetfulLatch, "samples:ForgetfulLatch", "latch")
    (trace,) = check(target, policy="latchproof", programs=SHAPES).traces

    def run(machine: object, settings: object) -> None:
        if found:
            error = AssertionError("what the judge says")
            error.add_note("You can reproduce this example by temporarily adding a decorator")
            raise error

    def show(console: Console) -> None:
        machine = SimpleNamespace(
            examples=1000, calls=12345, fired={"L1", "L2", "L8"}, broken=set(), slow=[], limits=USUAL_LIMITS
        )
        with (
            mock.patch("latchproof.fuzz.state_machine.state_machine", return_value=machine),
            mock.patch("latchproof.fuzz.state_machine.trace_of", return_value=trace),
            mock.patch("hypothesis.stateful.run_state_machine_as_test", run),
        ):
            _command("fuzz tests.check.samples:ForgetfulLatch --policy latchproof")(console)

    return show


def _matrix(console: Console) -> None:
    """Print four mutants, of which one survives and one is undecided."""
    one, two, three, four = islice(named(LATCH), 4)  # to make all takes a second
    results = [
        MutantResult(
            one, ("latchproof",), "a witness", {"proved": frozenset({"C1", "C4"}), "scheduled": frozenset({"C1"})}
        ),
        MutantResult(two, (), "", {}),
        MutantResult(three, ("latchproof",), "count_down: count = 2, parked = 0", {}),
        MutantResult(four, (), "", {}, undecided="the solver says unknown"),
    ]
    print_matrix(
        console,
        Matrix(
            ("proved", "scheduled"),
            {"proved": "every count", "scheduled": "3 calls"},
            "the first four",
            partial=True,
            results=results,
            seconds={"proved": 1.5, "scheduled": 2.5},
        ),
        verbose=True,
    )


def _ledger(console: Console) -> None:
    cells = [
        Cell(claim.id, "holds", "", (), f"bound of {kind.name}", 12345, 1.5, kind.name, kind.unit, f"do {kind.name}")
        for claim in CLAIMS
        for kind in KINDS
    ]
    cells[0] = replace(cells[0], status="fails", detail="what went wrong")
    cells[1] = replace(cells[1], status="inconclusive", reasons=(Reason("stopped", "count 2", "stopped early"),))
    cells[2] = Cell(CLAIMS[0].id, "not_run", "no checkout", kind=KINDS[2].name)
    explored = {rule: RuleCell("holds", 1, ("latchproof",), "", "explored", "policies") for rule in own_rules()}
    exports = [ExportCheck("exported", "fails", "a bound", "again", "a line that differs")]
    ledger = Ledger(cells, {"explored": explored}, exports, seconds=1.5, cpu_seconds=2.5)
    print_ledger(console, ledger)


def _module() -> Callable[[Console], None]:
    """Return what prints a module of which one primitive conforms, one does not, and one cannot be driven."""
    module = ModuleVerdict("doors", "asyncio")
    classes: tuple[type[Any], ...] = (module_samples.Door, module_samples.NarrowDoor)
    for number, one in enumerate(classes, 1):
        verdict = check(adapt(one, f"doors:{one.__name__}"), programs=(Programs((0,), 3, 3, 0),))
        module = module.with_result(one.__name__, replace(verdict, schedules=1000 * number, seconds=float(number)))
    module = module.with_result("Cache", "its put() is not a coroutine function")

    def show(console: Console) -> None:
        print_result(console, replace(module, results=module.results[:2]), 3)
        print_module(console, module, " --calls 3")

    return show


@cache
def cases() -> dict[str, Callable[[Console], None]]:
    """Return what is printed, by name. (Export prints to no console; its output is compared with `spec/`.)"""
    explore = "explore --kind latch --policy latchproof --tasks 2 --upto 1 --fair-tasks 2"
    return {
        "conforms": _verdict(samples.PlainLatch),
        "counterexample": _verdict(samples.ForgetfulLatch),
        "inconclusive": _verdict(samples.PlainLatch, schedules=1),
        "explore": _command(explore),
        "fuzz": _fuzz(found=False),
        "fuzz-counterexample": _fuzz(found=True),
        "ledger": _ledger,
        "module": _module(),
        "mutants": _matrix,
        "prove": _prove,
        "replay": _command("replay 1:w.c. tests.check.samples:PlainLatch --kind latch"),
        "replay-counterexample": _command("replay 1:w.w.-1.c. tests.check.samples:ForgetfulLatch --policy latchproof"),
    }


def helps() -> dict[str, str]:
    """Return the help of each command with each option on a line: how argparse breaks lines depends on Python."""
    parser = make_parser()
    (commands,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    parsers = {"latchproof": parser, **commands.choices}
    return {name: _unbroken(parser.format_help()) for name, parser in parsers.items()}


def _unbroken(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n(?=\n|  -|    \w|  \S+  +\S|\S.*\?  )", text)]
    return "\n".join(part for part in paragraphs if part and not part.startswith("usage:")) + "\n"


@cache
def forms(name: str) -> dict[tuple[int, str], str]:
    """Return what one case prints, by width and by where it goes."""
    return {
        (width, where): without_numbers(printed(cases()[name], width, terminal=where == "terminal", environment={}))
        for where in ("terminal", "pipe")
        for width in WIDTHS
    }


@cache
def texts() -> dict[str, str]:
    """Return what each file must hold, by its name. Texts that are the same at all widths, or everywhere, are one."""
    found = {}
    for name in cases():
        for (width, where), text in forms(name).items():
            if len(set(forms(name).values())) == 1:
                found[f"{name}.txt"] = text
            elif len({forms(name)[other, where] for other in WIDTHS}) == 1:
                found[f"{name}-{where}.txt"] = text
            else:
                found[f"{name}-{width}-{where}.txt"] = text
    return found | {f"help-{name}.txt": text for name, text in helps().items()}
