"""What the commands print, at two widths, on a terminal with colours and in a pipe: one file for each."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rich.console import Console

from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.cli import main as cli
from latchproof.mutants.evaluate import Judgement, Kind
from latchproof.mutants.generate import mutants
from latchproof.mutants.matrix import Matrix
from latchproof.prove.goals import Query
from latchproof.prove.obligation import Obligation, ProofStatus
from latchproof.prove.shells import Equivalence
from latchproof.show.terminal import print_ledger, print_matrix, print_verdict
from latchproof.verify.ledger import KINDS, Evidence, Kept, Ledger, own_rules
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Programs
from latchproof_spec.machines import CLAIMS
from tests.check import samples

FOLDER = Path(__file__).parent
WIDTHS = (80, 120)
SHAPES = (Programs((1,), at_once=2, calls=3, cancellations=1),)


def printed(show: Callable[[Console], None], width: int, *, terminal: bool, environment: dict[str, str]) -> str:
    """What is printed at that width, on a terminal (with the colours of a plain one) or in a pipe."""
    colours: Any = "standard" if terminal else None
    console = Console(width=width, force_terminal=terminal, color_system=colours, _environ=environment)
    with console.capture() as capture:
        show(console)
    return capture.get()


def without_numbers(text: str) -> str:
    """How much was run, how long it took, and how many steps a version of Python makes of it, is of no concern here."""
    text = re.sub(r"\d+ steps of the event loop", "N steps of the event loop", text)
    text = re.sub(r"\.+'", ".'", re.sub(r"(; run)+", "; run", text))
    return re.sub(r"^(\x1b\S*)?(ran|spared) .*$", lambda line: re.sub(r"\d[\d,.]*", "N", line[0]), text, flags=re.M)


def _verdict(factory: Any, schedules: int | None = None) -> Callable[[Console], None]:
    target = adapt(factory, f"samples:{factory.__name__}", "latch")
    verdict = check(target, policy="latchproof", shapes=SHAPES, schedules=schedules)
    return lambda console: print_verdict(console, verdict)


def _command(line: str) -> Callable[[Console], None]:
    """A whole command, which is quick, or whose work is done for it."""
    options = cli._parser().parse_args(shlex.split(line))
    return lambda console: options.run(options, console)


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
        0.1,
        query=query,
        verdicts=answers,
    )


@contextmanager
def _proofs() -> Iterator[None]:
    """Three obligations, of which one is refuted, and two paths through a method, of which one differs."""
    obligations = [
        _obligation("the count is kept", ("C1",), "L7", "proved"),
        _obligation("nobody is parked on an open latch", ("C2", "C11"), "L8", "refuted", "[count = 0, parked = 1]"),
        _obligation("the paths are disjoint", (), "all", "proved"),
    ]
    shells = [
        Equivalence("latch", "wait", "quick", "L7", "proved"),
        Equivalence("latch", "wait", "quick", "L8", "refuted", "it returns, for count = 1"),
    ]
    with (
        mock.patch("latchproof.prove.obligations.prove_whole", return_value=obligations),
        mock.patch("latchproof.prove.shells.shells_apart", return_value=nullcontext(lambda: shells)),
        mock.patch("latchproof.prove.smtlib.solvers", return_value="z3 4.0 and cvc5 1.0"),
    ):
        yield


def _prove(console: Console) -> None:
    with _proofs():
        _command("prove --machine latch --verbose")(console)


def _fuzz(found: bool) -> Callable[[Console], None]:
    """As if Hypothesis had run the machine, and found something or nothing."""
    target = adapt(samples.ForgetfulLatch, "samples:ForgetfulLatch", "latch")
    (trace,) = check(target, policy="latchproof", shapes=SHAPES).traces

    def run(machine: object, settings: object) -> None:
        if found:
            error = AssertionError("what the judge says")
            error.add_note("You can reproduce this example by temporarily adding a decorator")
            raise error

    def show(console: Console) -> None:
        machine = SimpleNamespace(examples=1000, calls=12345, fired={"L1", "L2", "L8"}, broken=set())
        with (
            mock.patch("latchproof.testing.state_machine", return_value=machine),
            mock.patch("latchproof.testing.trace_of", return_value=trace),
            mock.patch("hypothesis.stateful.run_state_machine_as_test", run),
        ):
            _command("fuzz tests.check.samples:ForgetfulLatch --policy latchproof")(console)

    return show


def _matrix(console: Console) -> None:
    """Four mutants, of which one survives and one is undecided."""
    kinds: tuple[Kind, ...] = ("proved", "scheduled")
    one, two, three, four = mutants(LATCH)[:4]
    judgements = [
        Judgement(
            one, ("latchproof",), "a witness", {"proved": frozenset({"C1", "C4"}), "scheduled": frozenset({"C1"})}
        ),
        Judgement(two, (), "", {}),
        Judgement(three, ("latchproof",), "count_down: count = 2, parked = 0", {}),
        Judgement(four, (), "", {}, undecided="the solver says unknown"),
    ]
    print_matrix(
        console,
        Matrix(
            kinds,
            {"proved": "every count", "scheduled": "3 calls"},
            "the first four",
            partial=True,
            judgements=judgements,
            seconds={"proved": 1.5, "scheduled": 2.5},
        ),
        verbose=True,
    )


def _ledger(console: Console) -> None:
    cells = [
        Evidence(claim.id, kind, "holds", f"bound of {kind}", 12345, "judgements", 1.5, f"latchproof {kind}")
        for claim in CLAIMS
        for kind in KINDS
    ]
    cells[0] = Evidence(CLAIMS[0].id, KINDS[0], "fails", "a bound", 7, "judgements", 1.5, "again", "what went wrong")
    cells[1] = Evidence(CLAIMS[0].id, KINDS[1], "inconclusive", "a bound", 7, "judgements", 1.5, "again", "a reason")
    cells[2] = Evidence(CLAIMS[0].id, KINDS[2], "not_run", detail="no checkout")
    ledger = Ledger(cells, seconds=1.5, kept=[Kept("exported", "fails", "a bound", "again", "a line that differs")])
    ledger.fire("explored", "latchproof", sorted(own_rules()))
    print_ledger(console, ledger)


@cache
def cases() -> dict[str, Callable[[Console], None]]:
    """What is printed, by name. (What export prints goes to no console; it is compared with `spec/`.)"""
    explore = "explore --machine latch --policy latchproof --tasks 2 --upto 1 --fair-tasks 2"
    return {
        "conforms": _verdict(samples.PlainLatch),
        "counterexample": _verdict(samples.ForgetfulLatch),
        "inconclusive": _verdict(samples.PlainLatch, schedules=1),
        "explore": _command(explore),
        "fuzz": _fuzz(found=False),
        "fuzz-counterexample": _fuzz(found=True),
        "ledger": _ledger,
        "mutants": _matrix,
        "prove": _prove,
        "replay": _command("replay 1:w.c. tests.check.samples:PlainLatch --kind latch"),
        "replay-counterexample": _command("replay 1:w.w.-1.c. tests.check.samples:ForgetfulLatch --policy latchproof"),
    }


def helps() -> dict[str, str]:
    """The help of each command, by its name; each option on a line, for how argparse breaks lines depends on Python."""
    (commands,) = (one for one in cli._parser()._actions if isinstance(one, argparse._SubParsersAction))
    parsers = {"latchproof": cli._parser(), **commands.choices}
    return {name: _unbroken(parser.format_help()) for name, parser in parsers.items()}


def _unbroken(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n(?=\n|  -|    \w|  \S+  +\S|\S.*\?  )", text)]
    return "\n".join(part for part in paragraphs if part and not part.startswith("usage:")) + "\n"


@cache
def texts() -> dict[str, str]:
    """What each file is to hold, by its name."""
    return {
        f"{name}-{width}-{'terminal' if terminal else 'pipe'}.txt": without_numbers(
            printed(show, width, terminal=terminal, environment={})
        )
        for name, show in cases().items()
        for width in WIDTHS
        for terminal in (True, False)
    } | {f"help-{name}.txt": text for name, text in helps().items()}
