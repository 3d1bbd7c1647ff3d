"""What is kept in spec/ is rendered from the specification: the review documents, and the models.

An exporter that loses a guard, an update or a property writes something else than what is kept, was reviewed, and was
run by Spin and TLC (`make crosscheck`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from latchproof.export import promela, tla
from latchproof.export.markdown import document
from latchproof.export.rows import DEFAULT_BOUNDS, make_model
from latchproof_spec.machines import MACHINES


def renderings() -> Iterator[tuple[Path, str]]:
    """Each file that is kept, from the root of the checkout, and what it is to hold."""
    for name, machine in MACHINES.items():
        model = make_model(machine, machine.policies[0], DEFAULT_BOUNDS[name])
        models = Path("spec", "models")
        yield Path("spec", f"{name}.md"), document(machine)
        yield models / f"{name}.tla", tla.module(model)
        yield models / f"{name}.cfg", tla.configuration(model)
        yield models / f"{name}.pml", promela.promela(model)


def stale(root: Path) -> list[str]:
    """What is kept otherwise than it is rendered: each file, with the first line that differs, both ways."""
    return [
        found
        for path, text in renderings()
        if (found := _difference(path, (root / path).read_text(encoding="utf-8"), text))
    ]


def _difference(path: Path, kept: str, text: str) -> str:
    lines = zip_longest(kept.splitlines(), text.splitlines())
    for number, (one, other) in enumerate(lines, 1):
        if one != other:
            return f"{path.as_posix()}, line {number}: {_quoted(one)} is kept, {_quoted(other)} is rendered"
    return ""


def _quoted(line: str | None) -> str:
    return "nothing" if line is None else f"`{line.strip()}`"
