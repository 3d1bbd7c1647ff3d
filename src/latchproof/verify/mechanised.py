"""What Coq's kernel checks: a proof of each claim, about the specification, rendered from its text to Coq."""

import re
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from latchproof.check.pool import cores
from latchproof.check.reasons import Reason
from latchproof.contracts import ContractsNotRunError, find_root
from latchproof.export.coq_theorems import (
    COMPILER,
    CoqError,
    Theorem,
    compile_all,
    needed,
    sources,
    theorems,
)
from latchproof.export.coq_types import NotRenderedError
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered, RuleCell
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES

COMMAND: Final = "make coq"


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the command that checks the proofs again. It checks those of all claims."""
    return COMMAND


def gather(quick: bool) -> Gathered:
    """Compile every proof from scratch. A quick ledger does not: that takes a minute of one core."""
    begun = time.perf_counter()
    try:
        root = find_root()
    except ContractsNotRunError as error:
        return _not_run(str(error)), {}
    if shutil.which(COMPILER) is None:
        return _not_run(f"{COMPILER} is not installed; {COMMAND} installs it on Debian, and checks the proofs"), {}
    if quick:
        return _not_run(f"the ledger is quick; {COMMAND} checks the proofs"), {}
    failure = ""
    found: list[Theorem] = []
    with TemporaryDirectory() as name:
        try:
            files = needed(sources(root))
            for _ in compile_all(files, Path(name), jobs=cores()):
                pass
            found = theorems(files, Path(name))
        except (CoqError, NotRenderedError) as error:
            failure = str(error)
    seconds = time.perf_counter() - begun
    return [cell_of(claim, found, failure, seconds) for claim in CLAIMS], {
        rule.id: _rule_cell(machine.name, found, failure) for machine in MACHINES.values() for rule in machine.rules
    }


def _wrong_with(about: list[Theorem], name: str, found: list[Theorem], failure: str) -> list[str]:
    """Return why the theorems about something do not count, if they do not.

    Those about every machine have to be there, too: without them, the others may be empty.
    """
    if failure:
        return [failure]
    general = [one for one in found if one.machine not in MACHINES]
    missing = [text for text, some in ((name, about), ("every machine", general)) if not some]
    return [
        *(str(one) for one in (*about, *general) if not one.holds),
        *(f"no theorem about {text} was looked for" for text in missing),
    ]


def cell_of(claim: Claim, found: list[Theorem], failure: str, seconds: float) -> Cell:
    """Return what Coq says of a claim. That a proof does not compile does not say that the claim is false."""
    about = [one for one in found if one.claim == claim.id]
    count = sum(one.holds for one in about)
    if wrong := _wrong_with(about, claim.id, found, failure):
        reasons = tuple(Reason("not-proved", "", one) for one in wrong)
        return Cell(claim.id, "inconclusive", reasons=reasons, count=count, seconds=seconds)
    bound = (
        f"for every count, number of parties, generations and calls, under every policy, by the kernel of {version()}; "
        f"no theorem rests on an axiom; {COMMAND} shows that the proofs fail on mutants of the specification"
    )
    return Cell(claim.id, "holds", bound=bound, count=count, seconds=seconds)


def _rule_cell(machine: str, found: list[Theorem], failure: str) -> RuleCell:
    """Return what Coq says of the rules of a machine: each theorem about it is about all of them."""
    about = [one for one in found if one.machine == machine]
    status: CellStatus = "inconclusive" if _wrong_with(about, machine, found, failure) else "holds"
    return RuleCell(status, sum(one.holds for one in about), reproduce=COMMAND)


@cache
def version() -> str:
    """Return the name and version of the proof assistant."""
    done = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"version (\S+)", done.stdout)
    return f"Coq {number[1]}" if number else "Coq"


def _not_run(why: str) -> list[Cell]:
    return [Cell(claim.id, "not_run", why) for claim in CLAIMS]


MECHANISED: Final = Evidence(
    "mechanised", "theorems", "theorems about its machine", gather, repeat, must_kill=False, runs_beside=True
)  # fmt: skip
