"""The kinds of evidence that there are, in the order of the ledger's columns. A new kind is one line here."""

from typing import Final

from latchproof.verify.contracted import CONTRACTED
from latchproof.verify.explored import EXPLORED
from latchproof.verify.fuzzed import FUZZED
from latchproof.verify.mechanised import MECHANISED
from latchproof.verify.proved import PROVED
from latchproof.verify.scheduled import SCHEDULED

KINDS: Final = (PROVED, EXPLORED, SCHEDULED, CONTRACTED, FUZZED, MECHANISED)

MUTANT_CHECKS: Final = tuple(check for kind in KINDS for check in kind.mutant_checks)
"""How mutants of the specification are put to each kind, in the same order."""
