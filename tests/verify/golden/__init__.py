"""What the commands print, at two widths, on a terminal with colours and in a pipe: one file for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console

from latchproof.verify.check import check
from latchproof.verify.ledger import KINDS, Evidence, Kept, Ledger, own_rules
from latchproof.verify.render.terminal import print_ledger, print_verdict
from latchproof.verify.scenario import Shape
from latchproof.verify.target import adapt
from latchproof_spec.claims import CLAIMS
from tests.verify import samples

FOLDER = Path(__file__).parent
WIDTHS = (80, 120)
SHAPES = (Shape((1,), at_once=2, calls=3, cancellations=1),)


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


def _verdict(factory: Any) -> Callable[[Console], None]:
    verdict = check(adapt(factory, f"samples:{factory.__name__}", "latch"), policy="latchproof", shapes=SHAPES)
    return lambda console: print_verdict(console, verdict)


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
    """What is printed, by name."""
    return {
        "conforms": _verdict(samples.PlainLatch),
        "counterexample": _verdict(samples.ForgetfulLatch),
        "ledger": _ledger,
    }


def texts() -> dict[str, str]:
    """What each file is to hold, by its name."""
    return {
        f"{name}-{width}-{'terminal' if terminal else 'pipe'}.txt": without_numbers(
            printed(show, width, terminal=terminal, environment={})
        )
        for name, show in cases().items()
        for width in WIDTHS
        for terminal in (True, False)
    }
