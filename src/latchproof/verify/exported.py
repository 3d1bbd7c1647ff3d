"""What is checked beside the claims: the exporters, whose documents and models a reviewer reads in place of the code.

It is no kind of evidence about a claim. It shows that the committed documents are what the exporters render now, and
that other model checkers find in the exported models what we find.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from latchproof.contracts import ContractsNotRunError, find_root
from latchproof.export.committed import stale
from latchproof.export.crosscheck import CrosscheckError, crosscheck, tlc_jar
from latchproof.verify.evidence import CellStatus
from latchproof_spec.machines import MACHINES

TOOLS = ("spin", "cc")
"""Programs that the cross-check runs."""


@dataclass(frozen=True)
class ExportCheck:
    """One check of the exporters. `detail` says what went wrong, or why it was not run."""

    name: str
    status: CellStatus
    bound: str
    reproduce: str
    detail: str = ""


def check_exports(*, quick: bool) -> list[ExportCheck]:
    """Compare the committed documents with what is rendered now; unless it is quick, have Spin and TLC run models."""
    name, bound, command = "exported", "spec/*.md and spec/exports are what is rendered", "make spec; git diff spec"
    try:
        root = find_root()
    except ContractsNotRunError as error:
        return [ExportCheck(name, "not_run", bound, command, str(error))]
    try:
        wrong = stale(root)
    except Exception as error:  # a specification of which no model can be made
        wrong = [f"rendering raised {type(error).__name__}: {error}"]
    return [ExportCheck(name, "fails" if wrong else "holds", bound, command, "; ".join(wrong)), _crosschecked(quick)]


def _crosschecked(quick: bool) -> ExportCheck:
    name, command = "crosschecked", "make crosscheck"
    bound = "Spin's states, edges and verdicts on the models of spec/exports are ours, and TLC's where TLC_JAR is given"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if quick or missing:
        why = f"not installed here: {', '.join(missing)}" if missing else "the ledger is quick"
        return ExportCheck(name, "not_run", bound, command, f"{why}; {command} does it")
    wrong: list[str] = []
    try:
        jar, without = tlc_jar()
        for machine in MACHINES.values():
            with TemporaryDirectory() as folder:
                wrong += crosscheck(machine, machine.policies[0], machine.bounds.model, Path(folder), jar)[1]
    except CrosscheckError as error:
        return ExportCheck(name, "fails", bound, command, str(error))
    return ExportCheck(name, "fails" if wrong else "holds", bound, command, "; ".join(wrong) or without)
