"""Compile the rendered specification with the proofs in `proofs/coq`, and list which claims they prove.

Coq's kernel checks every proof. What it does not check is done here: that each claim of a machine is stated and has a
theorem, that the theorem is about the statement that is read, and that it rests on no axiom.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from latchproof.export import coq
from latchproof.export.coq_comparison import comparisons
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

COMPILER: Final = "coqc"

CLOSED: Final = "Closed under the global context"
"""What Coq says of a theorem that rests on no axiom."""

TIMEOUT: Final = 300.0
"""Longest time that one file may take to compile, in seconds."""

GENERAL: Final = {"Total": "total", "FairRuns": "fair_runs", "FairRunsContinue": "fair_runs_continue"}
"""The statements about every machine, in `SystemClaims`, with the names of their theorems."""

_STATEMENT: Final = re.compile(
    r"\(\* (?P<claim>C\d+)\. (?P<sentence>.*?) \*\)\n(?:\(\* (?P<remark>.*?) \*\)\n)?"
    r"(?P<text>Definition (?P=claim) : Prop :=.*?\.)(?=\n\n|\n*\Z)",
    re.DOTALL,
)

_REQUIRED: Final = re.compile(rf"From {coq.LIBRARY} Require(?: Import| Export)? ([\w ]+)\.")


class CoqError(Exception):
    """Coq is not installed, or a file does not compile."""


class NotCompiledError(CoqError):
    """Coq refuses a file, of that name, or has not compiled it in time."""

    def __init__(self, name: str, why: str, *, timed_out: bool = False) -> None:
        super().__init__(f"{name}.v {why}")
        self.name = name
        self.timed_out = timed_out


@dataclass(frozen=True)
class Statement:
    """A claim as it is stated in Coq: its sentence, what is said of the statement, if anything, and the definition."""

    claim: str
    sentence: str
    remark: str
    text: str


@dataclass(frozen=True)
class Theorem:
    """What Coq says of a claim. `assumptions` lists the axioms on which the proof rests, if any.

    `machine` is "system" where it is about every machine.
    """

    machine: str
    claim: str
    status: Literal["proved", "not proved", "not stated"]
    assumptions: str = ""

    def __str__(self) -> str:
        closed = "" if self.status != "proved" else f", {self.assumptions or 'closed under the global context'}"
        return f"{self.machine} {self.claim}: {self.status}{closed}"

    @property
    def holds(self) -> bool:
        """Whether the claim is proved without axioms."""
        return self.status == "proved" and not self.assumptions


def statements(text: str) -> dict[str, Statement]:
    """Return the statements in a file of claims, by the claims' IDs."""
    return {
        found["claim"]: Statement(
            found["claim"], _one_line(found["sentence"]), _one_line(found["remark"] or ""), found["text"]
        )
        for found in _STATEMENT.finditer(text)
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def claims_file(machine: Machine) -> str:
    """Return the name of the file in `proofs/coq` that states the claims about a machine, without its suffix."""
    return f"{machine.name.capitalize()}Claims"


def stated(machine: Machine) -> dict[str, Statement]:
    """Return how the claims about a machine are stated, by the claims' IDs; nothing without a source checkout."""
    file = Path(__file__).resolve().parents[3] / "proofs" / "coq" / f"{claims_file(machine)}.v"
    return statements(file.read_text(encoding="utf-8")) if file.exists() and not machine.compiled_from else {}


def sources(root: Path, source: coq.Source = coq.installed) -> dict[str, str]:
    """Return the text of each file by its name, without its suffix: `proofs/coq`, and what is rendered.

    Comparisons with what Python computes are added, unless the source is another than what Python executes.
    """
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted((root / "proofs" / "coq").glob("*.v"))}
    return found | coq.files(source) | (comparisons() if source is coq.installed else {})


def needed(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of theorems about claims, and those that they rest on."""
    found: dict[str, str] = {}
    waiting = [name for name in files if name.endswith("Theorems")]
    while waiting:
        name = waiting.pop()
        if name in files and name not in found:
            found[name] = files[name]
            waiting += required(files[name])
    return found


def compile_all(files: Mapping[str, str], folder: Path, *, jobs: int = 2) -> Iterator[tuple[str, float]]:
    """Compile files in a folder, each after those that it requires. Yield each name with the seconds that it took.

    Raises CoqError for the first file that does not compile, with what Coq says.
    """
    if shutil.which(COMPILER) is None:
        raise CoqError(f"{COMPILER} is not installed; `make coq` installs it on Debian")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
    needed = {name: required(text) & set(files) for name, text in files.items()}
    running: dict[Future[float], str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        while needed or running:
            for name in [name for name, others in needed.items() if not others]:
                del needed[name]
                running[pool.submit(_compile, name, folder)] = name
            if not running:
                raise CoqError(f"files require each other: {', '.join(needed)}")
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(done)
                try:
                    seconds = done.result()
                except CoqError:
                    pool.shutdown(cancel_futures=True)
                    raise
                for others in needed.values():
                    others.discard(name)
                yield name, seconds


def required(text: str) -> set[str]:
    """Return the names of the files of this library that a file requires."""
    return {name for names in _REQUIRED.findall(text) for name in names.split()}


def _compile(name: str, folder: Path) -> float:
    started = time.monotonic()
    run_coq(name, folder)
    return time.monotonic() - started


def run_coq(name: str, folder: Path) -> str:
    """Compile one file and return what Coq prints."""
    command = [COMPILER, "-q", "-Q", ".", coq.LIBRARY, f"{name}.v"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotCompiledError(name, f"did not compile in {TIMEOUT:.0f} s", timed_out=True) from error
    if done.returncode < 0:
        raise CoqError(f"{COMPILER} was ended by signal {-done.returncode} as it compiled {name}.v")
    if done.returncode:
        raise NotCompiledError(name, f"does not compile: {done.stderr.strip()}")
    return done.stdout


def theorems(files: Mapping[str, str], folder: Path) -> list[Theorem]:
    """Return what is proved of every machine and of each claim, where the files have been compiled in a folder."""
    goals = [_Goal("system", name, "System", theorem) for name, theorem in GENERAL.items()]
    for machine in MACHINES.values():
        prefix = machine.name.capitalize()
        goals += [_Goal(machine.name, claim.id, prefix, claim.id.lower()) for claim in machine.claims]
    stated = {goal for goal in goals if _has(rf"Definition {goal.claim} : Prop :=", files.get(goal.statements, ""))}
    named = [
        goal
        for goal in goals
        if goal in stated and _has(rf"Theorem {goal.theorem} : {goal.claim}\.$", files.get(goal.proofs, ""))
    ]
    assumptions = _assumptions(named, folder)
    return [
        Theorem(goal.about, goal.claim, "proved", assumptions[goal])
        if goal in assumptions
        else Theorem(goal.about, goal.claim, "not proved" if goal in stated else "not stated")
        for goal in goals
    ]


@dataclass(frozen=True)
class _Goal:
    """A statement that has to be proved: what it is about, its name, and the prefix of the files that it stands in."""

    about: str
    claim: str
    prefix: str
    theorem: str

    @property
    def statements(self) -> str:
        return f"{self.prefix}Claims"

    @property
    def proofs(self) -> str:
        return f"{self.prefix}Theorems"


def _has(pattern: str, text: str) -> bool:
    return re.search(f"^{pattern}", text, re.MULTILINE) is not None


def _assumptions(goals: Sequence[_Goal], folder: Path) -> dict[_Goal, str]:
    """Return the axioms on which each theorem rests, "" for one that rests on none.

    Coq checks once more that the theorem has the type that the file of claims gives it.
    """
    lines = []
    for number, goal in enumerate(goals):
        lines += [
            f"From {coq.LIBRARY} Require {goal.statements} {goal.proofs}.",
            f"Definition gate_{number} : {coq.LIBRARY}.{goal.statements}.{goal.claim}",
            f"  := {coq.LIBRARY}.{goal.proofs}.{goal.theorem}.",
            f'Goal True. idtac "gate_{number}:". Abort.',
            f"Print Assumptions gate_{number}.",
        ]
    (folder / "Gate.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = re.split(r"^gate_\d+:$", run_coq("Gate", folder), flags=re.MULTILINE)[1:]
    if len(said) != len(goals):
        raise CoqError(f"Gate.v asks for the axioms of {len(goals)} theorems, and Coq answers for {len(said)}")
    axioms = map(_one_line, said)
    return {
        goal: "" if one == CLOSED else one or "Coq says nothing of it" for goal, one in zip(goals, axioms, strict=True)
    }
