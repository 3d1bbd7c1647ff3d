"""The gate of the runtime's mutants: mutmut changes the shells and the hosts, and a test of tests/runtime must notice.

A mutant that no test notices must stand in proofs/survivors.toml with the argument why it does the same as the
original. It is told by its function and by the lines that it changes, so it is found again when lines move; when the
line itself is rewritten, the argument is due anew. A mutant that is listed and does not survive is said, and should go
from the list. Exit code 1: a survivor that is not listed, or nothing was tried.

python proofs/runtime_mutants.py [--read]      (--read: judge what the last run of mutmut left in mutants/)
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SURVIVORS = ROOT / "proofs" / "survivors.toml"
NOTICED = ("killed", "timeout")
"""A mutant that hangs is noticed too: mutmut stops it after many times what its tests take."""


@dataclass(frozen=True, order=True)
class Change:
    """A mutant by what it is: the function, the lines that it takes away, and those that it puts in their place."""

    function: str
    removed: str
    added: str

    def __str__(self) -> str:
        return f"{self.function}\n    - {self.removed}\n    + {self.added}"


def function_of(name: str) -> str:
    """The function that a mutant is of, from mutmut's name for it.

    >>> function_of("latchproof.latch.xǁCountdownLatchǁwait__mutmut_3")
    'latchproof.latch.CountdownLatch.wait'
    >>> function_of("latchproof.hosts.x__innermost__mutmut_1")
    'latchproof.hosts._innermost'
    """
    mangled, _, _ = name.rpartition("__mutmut_")
    module, _, function = mangled.rpartition(".")
    return f"{module}.{re.sub('^(xǁ|x_)', '', function).replace('ǁ', '.')}"


def change_of(name: str, diff: str) -> Change:
    """What a mutant changes, from the unified diff that mutmut shows.

    >>> change_of("a.x_f__mutmut_1", "--- a.py\\n+++ a.py\\n@@ -1 +1 @@\\n def f():\\n-    return 1\\n+    return 2")
    Change(function='a.f', removed='return 1', added='return 2')
    """
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    removed = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    added = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Change(function_of(name), removed, added)


def read_survivors(text: str) -> dict[Change, int]:
    """The survivors that are accounted for, each with the number of places in its function where it may survive.

    Raises ValueError if one is there twice, or without an argument.
    """
    found: dict[Change, int] = {}
    for entry in tomllib.loads(text).get("survivor", []):
        change = Change(entry["function"], entry["removed"], entry["added"])
        if change in found or not entry.get("why", "").strip():
            raise ValueError(f"there twice, or without a reason: {change}")
        found[change] = entry.get("times", 1)
    return found


def judge(statuses: dict[str, str], unnoticed: dict[str, Change], listed: dict[Change, int]) -> tuple[list[str], bool]:
    """What is to be said of a run, line by line, and whether the gate is passed."""
    counts = Counter(statuses.values())
    lines = [f"{len(statuses)} mutants of the runtime: {', '.join(f'{n} {what}' for what, n in counts.items())}"]
    survived = Counter(unnoticed.values())
    unlisted = {name: one for name, one in unnoticed.items() if survived[one] > listed.get(one, 0)}
    stale = sorted(change for change, times in listed.items() if survived[change] < times)
    lines += [f"{len(unnoticed) - len(unlisted)} survivors are accounted for in proofs/survivors.toml"]
    lines += [f"listed, but it does not survive any more, or not so often: {change}" for change in stale]
    lines += [f"NOT NOTICED ({statuses[name]}, {name}): {change}" for name, change in sorted(unlisted.items())]
    if not statuses:
        lines.append("FAILED: no mutant was tried")
    return lines, bool(statuses) and not unlisted


def run_mutmut() -> None:
    """Make and try the mutants, one process at low priority.

    Raises RuntimeError if mutmut could not: then what an earlier run left would be judged.
    """
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
    code = subprocess.run(command, cwd=ROOT, check=False, preexec_fn=lambda: os.nice(10)).returncode
    if code != 0:
        raise RuntimeError(f"mutmut exited with {code}")


def ask_mutmut(*arguments: str) -> str:
    """What mutmut says of its last run."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="the gate of the runtime's mutants")
    parser.add_argument("--read", action="store_true", help="judge what the last run left, and run nothing")
    begun = time.perf_counter()
    if not parser.parse_args(arguments).read:
        run_mutmut()
    listed = read_survivors(SURVIVORS.read_text(encoding="utf-8"))
    pairs = (line.strip().rpartition(": ") for line in ask_mutmut("results", "--all", "true").splitlines())
    statuses = {name: status for name, _, status in pairs if "__mutmut_" in name}
    unnoticed = {
        name: change_of(name, ask_mutmut("show", name)) for name, status in statuses.items() if status not in NOTICED
    }
    lines, passed = judge(statuses, unnoticed, listed)
    print("\n".join(lines))
    print(f"{'passed' if passed else 'FAILED'} ({time.perf_counter() - begun:.0f} s)")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
