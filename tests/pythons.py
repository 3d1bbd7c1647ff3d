"""Run the suites on the other versions of CPython that are found: `python -m tests.pythons`, or `make pythons`.

The suites are those of code that runs on a user's interpreter: the runtime, the drop-ins, the checker and its zoo.
`make test` runs them with every other test, on the version of .venv. Here the newest release of each other minor
version from 3.11 runs them, each in a virtual environment with the locked dependencies. A version that the package's
classifiers name and that is not found is named. Tests whose result does not depend on the version are left out; the
reason is printed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from tests.museum.environments import LOCK, ROOT, clean, interpreters, of_minor

SUITES = ("tests/runtime", "tests/dropin", "tests/check", "tests/zoo")
LEFT_OUT = {
    "tests/check/test_judge.py": "the judge is given histories that are written down",
    "tests/check/test_reference_judge.py": "two judges are given the same histories",
    "tests/check/test_set_aside.py": "two walks of one class on one interpreter are compared",
    "tests/check/test_specification.py": "it computes with the specification's numbers",
    "tests/check/test_walks.py": "the judge is given histories that the specification makes",
    "tests/zoo/test_models.py": "two specifications judge the same histories",
    "tests/zoo/test_reductions.py::test_not_to_go_on_from_a_state_twice_loses_nothing": (
        "its neighbours compare every class of the zoo with and without reductions, with a call fewer"
    ),
}
"""Tests that take long and do not depend on the version of the interpreter, with the reason."""

CALLS = 3
"""Calls of a correct class of the zoo within the first of its bounds; `make test` has one more, which takes longest."""

FOLDER = ROOT / ".venv-pythons"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def main() -> int:
    """Run the suites on each version, one after another; print a line for each; return the exit code."""
    for tests, why in LEFT_OUT.items():
        print(f"left to make test: {tests}: {why}", flush=True)
    print(f"correct classes of the zoo: {CALLS} calls within the first bounds; make test has one more", flush=True)
    failed = []
    for minor in minors():
        found = of_minor(minor)
        if minor == HERE:
            print(f"CPython {minor}: make test runs the suites on it", flush=True)
        elif not found:
            print(f"CPython {minor}: not found, so nothing was run on it", flush=True)
        elif not passes(found[-1]):
            failed.append(found[-1])
    if failed:
        print(f"the suites fail on CPython {', '.join(failed)}")
    return 1 if failed else 0


def minors() -> list[str]:
    """Return the minor versions of CPython that the package names or that are found, the oldest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    found = [version.rpartition(".")[0] for version in interpreters()]
    return sorted({*named, *found}, key=lambda minor: [int(part) for part in minor.split(".")])


def passes(version: str) -> bool:
    """Run the suites on a version, print what came of it, and return whether all tests pass."""
    begun = time.monotonic()
    try:
        python = environment(version)
    except subprocess.CalledProcessError as error:
        print(f"CPython {version}: its environment cannot be made:\n{error.stdout}{error.stderr}", flush=True)
        return False
    made = time.monotonic()
    options = ["-q", "-p", "no:cacheprovider", "--numprocesses", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    options += [f"--deselect={tests}" for tests in LEFT_OUT]
    done = subprocess.run(
        [python, "-m", "pytest", *options, *SUITES],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**clean(), "ZOO_CALLS": str(CALLS)},
    )  # fmt: skip
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
    *_, result = done.stdout.splitlines() or [f"pytest ended with exit code {done.returncode}"]
    print(f"CPython {version}: {result.strip('= ')}, after {made - begun:.0f} s for its environment", flush=True)
    return done.returncode == 0


def environment(version: str) -> Path:
    """Return the interpreter of a version's environment; make it if the lock has changed since."""
    folder = FOLDER / version
    python, stamp = folder / "bin" / "python", folder / "complete"
    state = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == state):
        stamp.unlink(missing_ok=True)
        _run(interpreters()[version], "-m", "venv", "--clear", folder)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(*pip, "-r", LOCK)
        _run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)
        stamp.write_text(state, encoding="utf-8")
    return python


def _run(*command: str | Path) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, env=clean())


if __name__ == "__main__":
    sys.exit(main())
