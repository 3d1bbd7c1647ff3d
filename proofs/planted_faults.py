"""Plant faults in the project's own code, one at a time, and see whether a gate goes red.

`latchproof mutants` breaks the specification. This breaks the code that judges it: the prover, the claims, the judge,
the fingerprint, the reductions, our classes, the hosts and the exporters. Each fault is put into a copy of the project,
and the tests of its kind are run there until one fails, first those that mirror its file and those that take little
time. A fault that every one of them passes is green, and fails this gate, unless it is listed in
proofs/equivalent_faults.toml with the argument why it changes nothing observable, and with the name of a
test that shows it. Listed faults are not planted.

By default three faults of each kind are drawn, by a fixed seed, so that each run of continuous integration draws the
same. Another seed draws others. The test that notices a fault is run once more without it, and must pass then:
otherwise it says nothing about the fault. If pytest ends before it reports a test, the whole stage is run without the
fault. A stage of tests without a result within 600 s counts as red; the last line says how many did.

python -m proofs.planted_faults [KIND ...] [--seed N] [--number N | --all] [--only TEXT] [--workers N] [--list]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

from proofs.source_faults import Fault, faults

ROOT: Final = Path(__file__).resolve().parents[1]
EQUIVALENT: Final = ROOT / "proofs" / "equivalent_faults.toml"

COPIED: Final = (
    *("src", "spec", "tests", "proofs", "docs", "benchmarks", "browser", "examples"),
    *("pyproject.toml", "Makefile", "requirements-dev.txt", "LICENSE"),
    *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"),
)
"""What of the project the tests of a fault need."""

NUMBER: Final = 3
"""Faults of each kind that are planted by default."""

SEED: Final = 1
"""The seed by which faults are drawn, if no other is given."""

TIMEOUT: Final = 600
"""Time limit of one stage of a gate, in seconds; a fault that makes it hang is noticed."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the files that it is planted in, and the tests that must notice it, in stages."""

    files: tuple[str, ...]
    gate: tuple[tuple[str, ...], ...]


RUNTIME: Final = ("tests/runtime",)
PROVE: Final = ("tests/prove",)
ASKED: Final = (
    "tests/prove/classes/test_refinement.py::test_our_classes_refine_the_specification",
    "tests/prove/language/test_interpreter.py",
    "tests/prove/test_obligations.py",
)
"""Few tests of the proofs, which notice most faults: what is asked is as the manifest has it."""

KINDS: Final[dict[str, Kind]] = {
    "prover": Kind(
        (
            *(
                f"src/latchproof/prove/{name}.py"
                for name in (
                    *("paths", "steps", "counters", "goals", "discharge", "liveness", "vacuity", "obligations"),
                    *("premises", "digests", "replay", "evaluate"),
                )
            ),
            "src/latchproof/prove/language/*.py",
            "src/latchproof/prove/classes/*.py",
        ),
        (ASKED, PROVE),
    ),
    "identities": Kind(
        tuple(f"src/latchproof/prove/{name}.py" for name in ("identities", "world", "sequences")),
        (ASKED, PROVE),
    ),
    "claims": Kind(
        ("spec/latchproof_spec/claims.py", "spec/latchproof_spec/calls.py", "spec/latchproof_spec/*/claims.py"),
        (("tests/spec",), ("tests/explore",), ASKED, PROVE),
    ),
    "judge": Kind(
        tuple(
            f"src/latchproof/check/{name}.py"
            for name in ("judge", "automaton", "specification", "machine_specification")
        ),
        (("tests/check/test_judge.py", "tests/check/test_specification.py"), ("tests/check/test_reference_judge.py",)),
    ),
    "fingerprint": Kind(
        ("src/latchproof/check/sandbox/fingerprint.py",),
        (("tests/check/sandbox",), ("tests/check/test_states.py", "tests/zoo/test_fingerprint.py")),
    ),
    "reductions": Kind(
        tuple(f"src/latchproof/check/{name}.py" for name in ("tree", "choices", "states", "cancelling")),
        (
            tuple(f"tests/check/test_{name}.py" for name in ("choices", "tree", "states", "set_aside")),
            ("tests/check/test_run.py",),
            ("tests/zoo/test_reductions.py",),
        ),
    ),
    "shells": Kind(
        tuple(f"src/latchproof/{name}.py" for name in ("latch", "barrier", "parking")),
        (("tests/prove/classes/test_refinement.py",), RUNTIME),
    ),
    "hosts": Kind(
        ("src/latchproof/hosts/*.py",),
        (tuple(f"tests/runtime/test_{name}.py" for name in ("hosts", "host_axioms", "event_loops")), RUNTIME),
    ),
    "compiler": Kind(("src/latchproof/compile/*.py",), (("tests/compile",), ("tests/cli/test_compiled.py",))),
    "exporters": Kind(("src/latchproof/export/*.py",), (("tests/export",), ("tests/cli",))),
}
"""The kinds of faults, and the gates that must notice them."""


class Red(NamedTuple):
    """How tests failed, in words, and the tests that show it: the one that failed, or the stage if none was reported.

    `tests` is empty if the stage had no result in time.
    """

    told: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: how it was noticed, None if it was not, and how many seconds that took."""

    fault: Fault
    red: Red | None
    seconds: float


@cache
def faults_of(kind: Kind) -> list[Fault]:
    """Return every fault of a kind, in the order of its files."""
    files = [path for pattern in kind.files for path in sorted(ROOT.glob(pattern))]
    return [one for path in files for one in faults(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))]


def read_equivalent(text: str) -> dict[tuple[str, str, str, str, int], tuple[str, str]]:
    """Return the listed faults: for each its argument and the test that shows that it changes nothing.

    Raise ValueError if one is listed twice, or without an argument or a test.
    """
    found: dict[tuple[str, str, str, str, int], tuple[str, str]] = {}
    for entry in tomllib.loads(text).get("fault", []):
        key = entry["file"], entry["function"], entry["before"], entry["after"], entry.get("number", 0)
        why, shown_by = entry.get("why", "").strip(), entry.get("shown_by", "").strip()
        if key in found or not why or not shown_by:
            raise ValueError(f"listed twice, or without `why` or `shown_by`: {key}")
        found[key] = why, shown_by
    return found


def copy_project(place: Path) -> None:
    """Copy to a new folder what of the project its tests need."""
    place.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, place / name)


@contextmanager
def copies(number: int) -> Iterator[SimpleQueue[Path]]:
    """Make copies of the project, which faults are planted in, and remove them."""
    with tempfile.TemporaryDirectory(prefix="planted-faults-") as folder:
        found: SimpleQueue[Path] = SimpleQueue()
        for copy in range(number):
            place = Path(folder) / str(copy)
            copy_project(place)
            found.put(place)
        yield found


def plant(fault: Fault, gate: Sequence[Sequence[str]], place: Path, passing: set[str]) -> Outcome:
    """Put a fault into a copy of the project, run its gate there, and put the file right again.

    `passing` are the tests that are known to pass without a fault.
    """
    begun = time.perf_counter()
    path = place / fault.file
    original = path.read_text(encoding="utf-8")
    red = None
    try:
        path.write_text(fault.put(original), encoding="utf-8")
        _forget_compiled(path)
        for stage in (*mirror(fault, place), *gate):
            red = run_tests(place, stage)
            if red is not None:
                break
    finally:
        path.write_text(original, encoding="utf-8")
        _forget_compiled(path)
    if red is not None:
        require_passing(place, red.tests, passing)
    return Outcome(fault, red, time.perf_counter() - begun)


def require_passing(place: Path, tests: Sequence[str], passing: set[str]) -> None:
    """Raise RuntimeError unless tests pass in a copy of the project without a fault. Those in `passing` are not run."""
    left = [one for one in tests if one not in passing]
    if left and (red := run_tests(place, left)) is not None:
        raise RuntimeError(f"{red.told}: that is so without a fault, too, so it shows none")
    passing.update(left)


def mirror(fault: Fault, place: Path) -> list[tuple[str]]:
    """Return the stage with the tests of the fault's own file, if there is one of that name."""
    path = Path(fault.file)
    folder = ("spec", *path.parts[2:-1]) if path.parts[0] == "spec" else path.parts[2:-1]
    tests = Path("tests", *folder, f"test_{path.stem}.py")
    return [(str(tests),)] if (place / tests).is_file() else []


def run_tests(place: Path, tests: Sequence[str]) -> Red | None:
    """Run tests in a copy of the project until one fails; return how, or None if all pass.

    A fault may also keep pytest from beginning, or end it: then no test is reported.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(place / part) for part in ("src", "spec", ""))}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", *tests]
    try:
        run = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return Red(f"no result of {' '.join(tests)} within {TIMEOUT} s", ())
    if run.returncode == 0:
        return None
    if failed := re.search(r"^(?:FAILED|ERROR) (\S+?::[^\[\s]+|\S+\.py)", run.stdout, re.MULTILINE):
        return Red(failed[0], (failed[1],))
    last = (run.stdout + run.stderr).strip().splitlines()[-1:]
    return Red(f"pytest ends with exit code {run.returncode}: {' '.join(last)[:200]}", tuple(tests))


def _forget_compiled(path: Path) -> None:
    """Remove what Python compiled of a file: two versions may have the same size and time."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink(missing_ok=True)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="plant faults in the project's own code and see a gate go red")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"kinds of faults (all): {', '.join(KINDS)}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"what is drawn (default {SEED})")
    parser.add_argument("--number", type=int, default=NUMBER, help=f"faults of each kind (default {NUMBER})")
    parser.add_argument("--all", action="store_true", help="plant every fault")
    parser.add_argument("--only", default="*", help="plant the faults whose line in the list matches this pattern")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="copies that are tried at a time")
    parser.add_argument("--list", action="store_true", help="list the faults, and plant none")
    found = parser.parse_args(arguments)
    for kind in found.kinds:
        if kind not in KINDS:
            parser.error(f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")
    if found.number < 1 or found.workers < 1:
        parser.error("--number and --workers must be 1 or more")
    return found


def choose(
    names: Iterable[str], asked: argparse.Namespace, listed: Iterable[object], seed: int
) -> dict[str, list[Fault]]:
    """Return the faults of each kind that are to be planted."""
    known, chosen = set(listed), {}
    for name in names:
        every = [one for one in faults_of(KINDS[name]) if one.key not in known and fnmatch(str(one), asked.only)]
        number = len(every) if asked.all else min(asked.number, len(every))
        # each fault has its own number, so that the others are drawn as before when one comes or goes
        drawn = sorted(every, key=lambda one: random.Random(f"{seed} {one.key}").random())[:number]
        chosen[name] = sorted(drawn, key=every.index)
    return chosen


def main(arguments: Sequence[str]) -> int:
    asked = _arguments(arguments)
    listed = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    chosen = choose(asked.kinds or KINDS, asked, listed, asked.seed)
    if asked.list:
        for name, some in chosen.items():
            print(*(f"{name}: {fault}" for fault in some), sep="\n")
        return 0
    if not all(chosen.values()):
        print(f"FAILED: no fault to plant for {', '.join(name for name, some in chosen.items() if not some)}")
        return 1
    drawn = "every fault" if asked.all else f"by the seed {asked.seed}"
    print(f"planting {sum(map(len, chosen.values()))} faults, {drawn}; each must turn a test red", flush=True)
    green = late = 0
    passing: set[str] = set()
    with copies(asked.workers) as places, ThreadPoolExecutor(asked.workers) as workers:

        def tried(name: str, fault: Fault) -> Outcome:
            place = places.get()
            try:
                return plant(fault, KINDS[name].gate, place, passing)
            finally:
                places.put(place)

        results = [(name, workers.submit(tried, name, fault)) for name, some in chosen.items() for fault in some]
        for name, result in results:
            one = result.result()
            green += one.red is None
            late += one.red is not None and not one.red.tests
            told = "GREEN" if one.red is None else f"red ({one.red.told})"
            print(f"{name}: {one.fault}: {told}, {one.seconds:.0f} s", flush=True)
    noticed = f"{len(results) - green} of {len(results)} faults were noticed, {late} of these by the time limit"
    print(f"{noticed}; {len(listed)} are listed as equivalent")
    if green:
        print(f"FAILED: nothing noticed {green}. Add a test, or an entry to {EQUIVALENT.relative_to(ROOT)}.")
    return 1 if green else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
