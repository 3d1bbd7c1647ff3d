"""The gate of the contracts: CrossHair must confirm every condition of proofs/manifest.toml, and refute the false ones.

CrossHair exits with 0 on "Not confirmed" and on a file without contracts, and skips a function that is async, or whose
type hints it cannot resolve, without a word. So nothing is inferred from its silence: the conditions are read from the
sources, counted against the manifest, and each must have its own line in the output that says the right thing.

    outcome = check_contracts()
    assert outcome.ok, outcome.failures
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, TypeAlias

ExpectedStatus: TypeAlias = Literal["confirmed", "refuted"]
ContractStatus: TypeAlias = Literal["confirmed", "refuted", "failed", "not confirmed", "not checked"]

MANIFEST: Final = Path("proofs", "manifest.toml")
PLUGIN: Final = Path("proofs", "crosshair_plugin.py")
_CONTRACT = re.compile(r"""\s*(?:\"{3}|'{3})?\s*post(?:\[.*\])?:\s*(.*?)(?:\"{3}|'{3})?""")
_MESSAGE = re.compile(r"(?P<file>.+?\.py):(?P<line>\d+): (?P<kind>info|error): (?P<text>.*)")


class ContractsNotRunError(Exception):
    """The contracts cannot be checked here; the text says why."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the manifest says of one function: the status of each of its conditions, and how many there are."""

    file: str
    function: str
    status: ExpectedStatus
    conditions: int
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One `post:` line, and what CrossHair said of it: `status`, and its words in `message`."""

    file: str
    function: str
    line: int
    text: str
    expected: ExpectedStatus
    status: ContractStatus
    message: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a run of CrossHair. `returncode` is None if it was stopped because it took too long."""

    returncode: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Contracts:
    """The conditions and failures. It is `ok` if something was checked and nothing failed."""

    conditions: tuple[Condition, ...]
    failures: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return bool(self.conditions) and not self.failures

    def of_claim(self, claim: str) -> tuple[Condition, ...]:
        """Return the conditions that are about a claim."""
        return tuple(condition for condition in self.conditions if claim in condition.claims)


def find_root() -> Path:
    """Return the source checkout that this module is in.

    Raise ContractsNotRunError if it is not in one.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / MANIFEST).is_file() or not (root / "src" / "latchproof").is_dir():
        raise ContractsNotRunError(
            f"not a source checkout: there is no {MANIFEST.as_posix()}, which lists the contracts"
        )
    return root


def check_contracts(
    root: Path | None = None, *, workers: int = 2, condition_timeout: float = 60, claim: str | None = None
) -> Contracts:
    """Have CrossHair check every file of the manifest, `workers` at a time, and compare what it says with the manifest.

    `condition_timeout` bounds the processor time for each condition, in seconds. With a `claim`, only the files with a
    contract about it, or one that must be refuted, are checked. Raise ContractsNotRunError if there is no source
    checkout, or no CrossHair.
    """
    root = find_root() if root is None else root.resolve()
    if not (root / MANIFEST).is_file():
        raise ContractsNotRunError(f"there is no {MANIFEST.as_posix()} in {root}")
    if find_spec("crosshair") is None:
        raise ContractsNotRunError("CrossHair is not installed; it comes with latchproof[verify]")
    started = time.perf_counter()
    expected = read_manifest((root / MANIFEST).read_text(encoding="utf-8"))
    named = list(dict.fromkeys(entry.file for entry in expected))
    meant = (one for one in expected if claim is None or claim in one.claims or one.status == "refuted")
    files = list(dict.fromkeys(entry.file for entry in meant))
    conditions: list[Condition] = []
    failures: list[str] = [*_unnamed_files(root, named)]
    present = [file for file in files if (root / file).is_file()]
    failures += [f"{file}: named in the manifest, but missing" for file in files if file not in present]
    # the largest files take longest: start them first, so that no process runs alone at the end
    present.sort(key=lambda file: file.startswith("proofs/runtime"), reverse=True)
    with ThreadPoolExecutor(workers) as pool:
        outputs = pool.map(lambda file: run_crosshair(root, file, condition_timeout), present)
        for file, output in zip(present, outputs, strict=True):
            of_file = [entry for entry in expected if entry.file == file]
            compared, failed = compare_output(root, file, of_file, output)
            conditions += compared
            failures += failed
    if not conditions:
        failures.append("no condition was checked at all")
    return Contracts(tuple(conditions), tuple(failures), time.perf_counter() - started)


def read_manifest(text: str) -> list[Expected]:
    """Return the expectations in a manifest's tables `[contracts.confirmed.FILE]` and `[contracts.refuted.FILE]`.

    Raise ValueError if these tables contain anything else.

    >>> read_manifest('[contracts.confirmed."a.py"]' + chr(10) + 'f = { conditions = 2, claims = ["C1"] }')
    [Expected(file='a.py', function='f', status='confirmed', conditions=2, claims=('C1',))]
    """
    tables = tomllib.loads(text).get("contracts", {})
    if unknown := set(tables) - {"confirmed", "refuted"}:
        raise ValueError(f"the manifest's contracts have unknown tables: {sorted(unknown)}")
    expected = []
    statuses: tuple[ExpectedStatus, ...] = ("confirmed", "refuted")
    for status in statuses:
        for file, functions in tables.get(status, {}).items():
            for function, entry in functions.items():
                claims = tuple(entry.get("claims", ()))
                if set(entry) - {"conditions", "claims"} or entry.get("conditions", 0) < 1:
                    raise ValueError(
                        f"the manifest's entry for {file}:{function} is not a number of conditions: {entry}"
                    )
                if (status == "confirmed") != bool(claims):
                    raise ValueError(f"{file}:{function}: a confirmed contract has claims, a refuted one has none")
                expected.append(Expected(file, function, status, entry["conditions"], claims))
    return expected


def run_crosshair(root: Path, file: str, condition_timeout: float) -> Output:
    """Have CrossHair check one file of the tree at `root`, with the modules of that tree alone."""
    command = [sys.executable, "-m", "crosshair", "check", "--analysis_kind=PEP316", "--report_all"]
    command += ["--per_condition_timeout", str(condition_timeout)]
    if (root / PLUGIN).is_file():
        command += ["--extra_plugin", str(root / PLUGIN)]
    paths = [str(root / "src"), str(root / "spec"), str(root), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # CrossHair has its own limit for each condition; this limit is for the case that it hangs
    limit = 60 + condition_timeout * (1 + len(read_conditions((root / file).read_text(encoding="utf-8"))))
    try:
        done = subprocess.run(
            [*command, "--", str(root / file)],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Output(None, "", f"stopped after {limit:.0f} s")
    return Output(done.returncode, done.stdout, done.stderr)


@cache
def read_conditions(source: str) -> tuple[tuple[str, int, str], ...]:
    """Return the `post:` lines in the docstrings of a module's functions: function, line number, text.

    >>> read_conditions("def f(x: int) -> int:" + chr(10) + "    '''post: __return__ == x'''" + chr(10))
    (('f', 2, '__return__ == x'),)
    """
    conditions = []
    for function, docstring in _docstrings(ast.parse(source), ""):
        lines = source.splitlines()[docstring.lineno - 1 : docstring.end_lineno]
        for number, line in enumerate(lines, docstring.lineno):
            if found := _CONTRACT.fullmatch(line):
                conditions.append((function, number, found[1]))
    return tuple(conditions)


def read_ahead(root: Path) -> None:
    """Read the conditions of every file that may have some, before threads do.

    On CPython 3.11 two threads that parse at once disturb each other: "AST constructor recursion depth mismatch".
    """
    for path in _files_with_contracts(root):
        read_conditions(path.read_text(encoding="utf-8"))


def _docstrings(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.Expr]]:
    """Yield the docstrings of all functions and methods; of async ones too, which CrossHair skips without a word."""
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            yield from _docstrings(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(child) is not None:
            first = child.body[0]
            assert isinstance(first, ast.Expr)
            yield f"{prefix}{child.name}", first


def compare_output(
    root: Path, file: str, expected: Iterable[Expected], output: Output
) -> tuple[list[Condition], list[str]]:
    """Return the conditions of a file by CrossHair's output on it, and everything that is not as expected."""
    entries = {entry.function: entry for entry in expected}
    messages, failures = _read_messages(root, file, output)
    conditions = []
    counts: dict[str, int] = dict.fromkeys(entries, 0)
    for function, line, text in read_conditions((root / file).read_text(encoding="utf-8")):
        where = f"{file}:{line}: {function}"
        message = messages.pop(line, "")
        entry = entries.get(function)
        if entry is None:
            failures.append(f"{where}: has a contract, but the manifest does not mention it")
            continue
        status = _status(message)
        counts[function] += status == entry.status
        if status != entry.status:
            failures.append(f"{where}: {status}, should be {entry.status}: {text}{message and f' [{message}]'}")
        conditions.append(Condition(file, function, line, text, entry.status, status, message, entry.claims))
    for function, entry in entries.items():
        if counts[function] != entry.conditions:
            found = f"{counts[function]} conditions {entry.status}"
            failures.append(f"{file}: {function}: {found}, the manifest wants {entry.conditions}")
    failures += [f"{file}:{line}: {message}" for line, message in messages.items()]
    wanted = 1 if any(entry.status == "refuted" for entry in entries.values()) else 0
    if output.returncode != wanted:
        failures.append(f"{file}: CrossHair exited with {output.returncode}, not {wanted}: {output.stderr.strip()}")
    return conditions, failures


def _read_messages(root: Path, file: str, output: Output) -> tuple[dict[int, str], list[str]]:
    """Return CrossHair's messages on a file by their line, and whatever else is in its output."""
    messages: dict[int, str] = {}
    failures = []
    for line in output.stdout.splitlines():
        found = _MESSAGE.fullmatch(line)
        if found is None:
            failures.append(f"{file}: CrossHair says: {line}")
        elif (root / found["file"]).resolve() != (root / file).resolve():
            failures.append(f"{file}: CrossHair speaks of another file: {line}")
        else:
            number = int(found["line"])
            if number in messages:
                failures.append(f"{file}: CrossHair speaks twice of line {number}: {line}")
            messages[number] = f"{found['kind']}: {found['text']}"
    return messages, failures


def _status(message: str) -> ContractStatus:
    """Return what a message says of its condition. An error without a counterexample, as a NameError, is "failed"."""
    if not message:
        return "not checked"
    if message == "info: Confirmed over all paths.":
        return "confirmed"
    if message.startswith("error: false when calling "):
        return "refuted"
    return "failed" if message.startswith("error: ") else "not confirmed"


def _unnamed_files(root: Path, named: list[str]) -> Iterator[str]:
    """Yield the files with contracts that the manifest does not name."""
    for path in _files_with_contracts(root):
        file = path.relative_to(root).as_posix()
        if file not in named and any(read_conditions(path.read_text(encoding="utf-8"))):
            yield f"{file}: has contracts, but the manifest does not name it"


def _files_with_contracts(root: Path) -> list[Path]:
    """Return the files that may have contracts, in whatever folder below."""
    return [path for folder in ("proofs", "spec/latchproof_spec") for path in sorted((root / folder).rglob("*.py"))]
