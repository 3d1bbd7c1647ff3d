"""What importing the specification costs: every program that uses a latch imports a part of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import latchproof_spec

SOURCE = Path(latchproof_spec.__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((SOURCE / "latchproof_spec").rglob("*.py"))
]
AT_RUN_TIME = {
    f"latchproof_spec{module}"
    for module in (
        "",
        ".step",
        ".messages",
        *(f".{name}{part}" for name in ("latch", "barrier") for part in ("", ".rules", ".policies")),
    )
}
"""What programs import: of it every import is paid for by each of them."""


def loaded_by(module: str) -> list[str]:
    """The modules that are loaded once this one is imported, beyond those of a bare interpreter."""
    script = (
        "import sys; before = set(sys.modules)\n"
        f"sys.path.insert(0, {str(SOURCE)!r}); import {module}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert module in done.stdout.split()
    return done.stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_it_imports_the_standard_library_alone(module: str) -> None:
    others = {name.partition(".")[0] for name in loaded_by(module)} - {"latchproof_spec"}
    assert others <= sys.stdlib_module_names


@pytest.mark.parametrize("module", sorted(AT_RUN_TIME))
def test_what_programs_import_imports_nothing_else(module: str) -> None:
    assert set(loaded_by(module)) <= AT_RUN_TIME | {"__future__"}
