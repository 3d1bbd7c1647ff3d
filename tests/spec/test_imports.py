"""What importing the specification costs: it is imported by every program that uses a latch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import latchproof_spec

SOURCE = Path(latchproof_spec.__file__).parents[1]
MODULES = [
    "apply_edits", "barrier", "barrier_claims", "call_claims", "claims", "edits", "latch", "latch_claims", "machines",
    "mutants", "outcomes", "policy", "step",
]  # fmt: skip
OF_FAULTS = ("apply_edits", "edits", "mutants")
"""Which no program imports, and which read syntax trees."""


def test_these_are_its_modules() -> None:
    assert sorted(path.stem for path in (SOURCE / "latchproof_spec").glob("*.py") if path.stem != "__init__") == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_it_imports_nothing_but_itself(module: str) -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.insert(0, {str(SOURCE)!r}); import latchproof_spec.{module}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert f"latchproof_spec.{module}" in loaded
    own = {"latchproof_spec", "__future__"}
    if module in OF_FAULTS:
        own |= sys.stdlib_module_names
    assert [name for name in loaded if name.partition(".")[0] not in own] == []
