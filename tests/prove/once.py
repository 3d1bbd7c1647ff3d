"""What several tests need of the proofs, and what is made once for all of them."""

from __future__ import annotations

from functools import cache

from latchproof.prove.language.comparison import Checked, check_specification


@cache
def specification_checked_once() -> Checked:
    """Return what the second interpreter says of the shipped specification; it takes a second or two."""
    return check_specification()
