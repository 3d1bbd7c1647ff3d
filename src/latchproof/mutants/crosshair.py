"""Has CrossHair check the contracts in mutants' texts, many of them in one process, for it takes seconds to start."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from latchproof.contracts import MANIFEST, PLUGIN, ContractsNotRunError, find_root, read_conditions, read_manifest
from latchproof.mutants.difference import changed_operations, functions_of
from latchproof.mutants.mutant import Mutant
from latchproof_spec.machines import MACHINES

CONDITION_SECONDS: Final = 5
"""Processor time for one condition, in seconds."""

BATCH: Final = 25
"""Texts that one process of CrossHair is given."""


def broken_contracts(mutants: Sequence[Mutant], workers: int, tell: Callable[[str], None]) -> list[set[str]]:
    """Return the claims of the contracts that CrossHair refutes in each mutant's text.

    Raises ContractsNotRunError where there is no source checkout, or CrossHair fails.
    """
    root = find_root()
    manifest = read_manifest((root / MANIFEST).read_text(encoding="utf-8"))
    claims = {(one.file, one.function): one.claims for one in manifest}
    texts = [_contracted_text(one) for one in mutants]  # not in the threads: see `contracts.read_ahead`
    batches = [texts[start:][:BATCH] for start in range(0, len(texts), BATCH)]
    found: list[set[str]] = []
    with ThreadPoolExecutor(workers) as threads:  # each waits for a process
        for number, said in enumerate(threads.map(partial(_ask_crosshair, root), batches)):
            found += _refuted(batches[number], said)
            tell(f"contracts, {number + 1} of {len(batches)} batches")
    return [
        {claim for name in functions for claim in claims.get((f"spec/{mutant.machine.source}", name), ())}
        for mutant, functions in zip(mutants, found, strict=True)
    ]


def _contracted_text(mutant: Mutant) -> str:
    """Return the mutant's text, with the contracts of only those functions that are changed."""
    tree = ast.parse(mutant.source)
    functions = functions_of(mutant.machine)
    kept = {functions[name].__name__ for name in changed_operations(MACHINES[mutant.machine.name], mutant.machine)}
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name not in kept and ast.get_docstring(function):
            function.body[:1] = []
    return ast.unparse(tree)


def _ask_crosshair(root: Path, texts: Sequence[str]) -> str:
    """Return what CrossHair says of these texts, as files named by their place among them."""
    command = [
        sys.executable,
        *("-m", "crosshair", "check"),
        *("--analysis_kind=PEP316", "--per_condition_timeout", str(CONDITION_SECONDS)),
        *("--extra_plugin", str(root / PLUGIN)),
        "--",
    ]
    paths = [str(root / "src"), str(root / "spec"), str(root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    with TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            (Path(folder) / f"m{number}.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [*command, *(str(Path(folder) / f"m{number}.py") for number in range(len(texts)))],
            cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1):
        raise ContractsNotRunError(f"CrossHair exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _refuted(texts: Sequence[str], said: str) -> list[set[str]]:
    """Return, for each text, the functions of which CrossHair said that it refutes a condition."""
    found: list[set[str]] = [set() for _ in texts]
    lines = [{line: function for function, line, _ in read_conditions(text)} for text in texts]
    for line in said.splitlines():
        if message := re.fullmatch(r".*\bm(?P<number>\d+)\.py:(?P<line>\d+): error: false when calling .*", line):
            number = int(message["number"])
            if function := lines[number].get(int(message["line"])):
                found[number].add(function)
    return found
