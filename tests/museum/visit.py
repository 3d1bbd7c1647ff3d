"""Run the check of an exhibit in its environment, and then its standalone reproduction."""

from __future__ import annotations

import ast
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latchproof.check.trace import Trace, from_json
from tests.museum.environments import CACHE, ROOT, SECONDS, clean, environment
from tests.museum.exhibits import ADAPTERS, Clearance, Exhibit

RESULTS = CACHE / "results"


@dataclass(frozen=True)
class Visit:
    """What a check computed: its exit code and verdict, the reproduction of the run shown, and the result of that.

    If there is no reproduction, the result says why.
    """

    exhibit: str
    python: str
    exit_code: int
    verdict: dict[str, Any]
    trace: dict[str, Any]
    reproduction: str
    reproduction_exit_code: int
    reproduction_output: str

    @property
    def broken(self) -> tuple[str, ...]:
        """Return the claims that are broken under the exhibit's policy."""
        return tuple(self.verdict["policies"][0]["broken"])

    @property
    def run(self) -> Trace:
        """The run shown."""
        return from_json(self.trace)

    @property
    def reproduction_fails(self) -> bool:
        """Whether the standalone reproduction failed by its assertion and not by another error."""
        ran = bool(self.reproduction) and self.reproduction_exit_code == 1
        return ran and "AssertionError" in self.reproduction_output


def visit(exhibit: Exhibit, python: str) -> Visit:
    """Check the exhibit on a version of CPython that was found; keep the result for the page."""
    interpreter = environment(python, exhibit.requirements, dependencies=exhibit.dependencies)
    folder = CACHE / "runs" / f"{exhibit.id}-{python}"
    folder.mkdir(parents=True, exist_ok=True)
    verdict_file = folder / "verdict.json"
    verdict_file.unlink(missing_ok=True)
    done = _run([interpreter, "-m", "latchproof", *exhibit.arguments, "--json", verdict_file], ROOT)
    if not verdict_file.is_file():
        raise AssertionError(f"the check left no verdict (exit code {done.returncode}):\n{done.stdout}{done.stderr}")
    verdict = json.loads(verdict_file.read_text(encoding="utf-8"))
    shown = verdict["host_faults" if exhibit.of_the_host else "traces"]
    trace = next((one for one in shown if one["claim"] == exhibit.claim), None)
    if trace is None:
        raise AssertionError(f"{exhibit.claim} is not shown (exit code {done.returncode}):\n{done.stdout}")
    exported = _run(
        [interpreter, "-m", "latchproof", "export", verdict_file, "--format", "pytest", "--claim", exhibit.claim], ROOT
    )
    reproduction = standalone(exported.stdout, exhibit.target) if exported.returncode == 0 else ""
    if reproduction:
        path = folder / "test_reproduction.py"
        path.write_text(reproduction, encoding="utf-8")
        without = ("-p", "no:cacheprovider", "-p", "no:anyio")  # the plugin of an old anyio fails with the kit's pytest
        ran = _run([interpreter, "-m", "pytest", "-q", *without, "--rootdir", folder, path], folder)
    else:
        ran = exported
    result = Visit(
        exhibit.id, python, done.returncode, verdict, trace, reproduction, ran.returncode, ran.stdout + ran.stderr
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{exhibit.id}@{python}.json").write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


@dataclass(frozen=True)
class Acquittal:
    """What a check computed for a class in which no fault is expected."""

    clearance: str
    python: str
    exit_code: int
    verdict: dict[str, Any]


def acquit(clearance: Clearance, python: str) -> Acquittal:
    """Check a class in which no fault is expected; keep the result for the page."""
    interpreter = environment(python, clearance.requirements, dependencies=clearance.dependencies)
    folder = CACHE / "runs" / f"{clearance.id}-{python}"
    folder.mkdir(parents=True, exist_ok=True)
    verdict_file = folder / "verdict.json"
    verdict_file.unlink(missing_ok=True)
    done = _run([interpreter, "-m", "latchproof", *clearance.arguments, "--json", verdict_file], ROOT)
    if not verdict_file.is_file():
        raise AssertionError(f"the check left no verdict (exit code {done.returncode}):\n{done.stdout}{done.stderr}")
    result = Acquittal(clearance.id, python, done.returncode, json.loads(verdict_file.read_text(encoding="utf-8")))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{clearance.id}@{python}.json").write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts.

    >>> counted(1, "call"), counted(2, "call")
    ('1 call', '2 calls')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def standalone(source: str, target: str) -> str:
    """Return a reproduction that contains the adapter of its target, if it has one, so that it needs no other file.

    >>> standalone("from asyncio import Barrier", "asyncio:Barrier")
    'from asyncio import Barrier'
    """
    file, _, name = target.rpartition(":")
    if not file.startswith(ADAPTERS):
        return source
    imported, beside = f"\nfrom {Path(file).stem} import {name}\n", f"Put {Path(file).name} beside this file.\n"
    if source.count(imported) != 1 or source.count(beside) != 1:
        raise AssertionError(f"the reproduction does not import its adapter in the way that is known:\n{source}")
    return source.replace(beside, "").replace(imported, f"\n{_only(ROOT / file, name)}\n")


def _only(path: Path, name: str) -> str:
    """Return the source of an adapter and of what it uses of its module, with the imports of that module."""
    source = path.read_text(encoding="utf-8")
    body = ast.parse(source).body
    made = {node.name: node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))}
    used, pending = set[str](), [name]
    while pending:
        used.add(one := pending.pop())
        named = {node.id for node in ast.walk(made[one]) if isinstance(node, ast.Name)}
        pending += (named & set(made)) - used
    imports = [
        node
        for node in body
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__")
    ]
    segments = [ast.get_source_segment(source, node) or "" for node in imports]
    definitions = [ast.get_source_segment(source, node) or "" for one, node in made.items() if one in used]
    return "\n".join(segments) + "\n\n\n" + "\n\n\n".join(definitions)


def _run(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False, env=clean()
    )
