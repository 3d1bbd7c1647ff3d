"""Are the committed documents and models in spec/ what the specification renders to now?

An exporter that loses a guard, an update or a property writes something other than the committed files, which were
reviewed, and run by Spin and TLC (`make crosscheck`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from latchproof.export import coq, promela, tla
from latchproof.export.markdown import document
from latchproof.export.rows import make_model
from latchproof_spec.machines import MACHINES


def renderings() -> Iterator[tuple[Path, str]]:
    """Yield each committed file, from the root of the checkout, and the text that it should have."""
    for name, text in coq.files().items():
        yield Path("spec", "exports", f"{name}.v"), text
    for name, machine in MACHINES.items():
        model = make_model(machine, machine.policies[0], machine.bounds.model)
        models = Path("spec", "exports")
        yield Path("spec", f"{name}.md"), document(machine)
        yield models / f"{name}.tla", tla.module(model)
        yield models / f"{name}.cfg", tla.configuration(model)
        yield models / f"{name}.pml", promela.promela(model)


def stale(root: Path) -> list[str]:
    """Return the files that differ from what is rendered now, each with its first line that differs."""
    return [
        found
        for path, text in renderings()
        if (found := _difference(path, (root / path).read_text(encoding="utf-8"), text))
    ]


def _difference(path: Path, committed: str, rendered: str) -> str:
    lines = zip_longest(committed.splitlines(), rendered.splitlines())
    for number, (one, other) in enumerate(lines, 1):
        if one != other:
            return f"{path.as_posix()}, line {number}: {_quoted(one)} is committed, {_quoted(other)} is rendered"
    return ""


def _quoted(line: str | None) -> str:
    return "nothing" if line is None else f"`{line.strip()}`"
