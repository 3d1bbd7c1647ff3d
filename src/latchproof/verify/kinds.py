"""The kinds of evidence that there are, in the order of the ledger's columns. A new kind is one line here."""

from __future__ import annotations

from typing import Final

from latchproof.mutants.checks import MutantCheck
from latchproof.verify.contracted import Contracted
from latchproof.verify.evidence import Evidence
from latchproof.verify.explored import Explored
from latchproof.verify.fuzzed import Fuzzed
from latchproof.verify.proved import Proved
from latchproof.verify.scheduled import Scheduled

KINDS: Final[tuple[Evidence, ...]] = (Proved(), Explored(), Scheduled(), Contracted(), Fuzzed())

MUTANT_CHECKS: Final[tuple[MutantCheck, ...]] = tuple(check for kind in KINDS for check in kind.mutant_checks)
"""How mutants of the specification are put to each kind, in the same order."""
