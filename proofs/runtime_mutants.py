"""The gate of the runtime's mutants: mutmut changes the shells and the hosts, and a test of tests/runtime must notice.

A mutant that no test notices must be listed in proofs/survivors.toml with the argument why it does the same as the
original. It is identified by its function and by the lines that it changes, so it is found again when lines move; when
the line itself is rewritten, a new argument is needed. A mutant that is listed and does not survive is reported, and
should be removed from the list. Exit code 1: a survivor that is not listed, or nothing was tried.

python proofs/runtime_mutants.py [--read]      (--read: read what the last run of mutmut left in mutants/)
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
"""The statuses of a mutant that was noticed; mutmut stops one that hangs, which counts too."""


@dataclass(frozen=True, order=True)
class Change:
    """The change that a mutant makes: the function, the lines that it removes, and those that it adds."""

    function: str
    removed: str
    added: str

    def __str__(self) -> str:
        return f"{self.function}\n    - {self.removed}\n    + {self.added}"


def function_of(name: str) -> str:
    """Return the function that a mutant changes, from mutmut's name for it.

    >>> function_of("latchproof.latch.xǁCountdownLatchǁwait__mutmut_3")
    'latchproof.latch.CountdownLatch.wait'
    >>> function_of("latchproof.hosts.x__innermost__mutmut_1")
    'latchproof.hosts._innermost'
    """
    mangled, _, _ = name.rpartition("__mutmut_")
    module, _, function = mangled.rpartition(".")
    return f"{module}.{re.sub('^(xǁ|x_)', '', function).replace('ǁ', '.')}"


def change_of(name: str, diff: str) -> Change:
    """Return what a mutant changes, from the unified diff that mutmut shows.

    >>> change_of("a.x_f__mutmut_1", "--- a.py\\n+++ a.py\\n@@ -1 +1 @@\\n def f():\\n-    return 1\\n+    return 2")
    Change(function='a.f', removed='return 1', added='return 2')
    """
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    removed = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    added = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Change(function_of(name), removed, added)


def read_survivors(text: str) -> dict[Change, int]:
    """Return the listed survivors, each with the number of places in its function where it may survive.

    Raise ValueError if one is listed twice, or without an argument.
    """
    found: dict[Change, int] = {}
    for entry in tomllib.loads(text).get("survivor", []):
        change = Change(entry["function"], entry["removed"], entry["added"])
        if change in found or not entry.get("why", "").strip():
            raise ValueError(f"listed twice, or without a reason: {change}")
        found[change] = entry.get("times", 1)
    return found


def summarise(
    statuses: dict[str, str], unnoticed: dict[str, Change], listed: dict[Change, int]
) -> tuple[list[str], bool]:
    """Return the lines that report on a run, and whether the gate is passed."""
    counts = Counter(statuses.values())
    lines = [f"{len(statuses)} mutants of the runtime: {', '.join(f'{n} {what}' for what, n in counts.items())}"]
    survived = Counter(unnoticed.values())
    unlisted = {name: one for name, one in unnoticed.items() if survived[one] > listed.get(one, 0)}
    stale = sorted(change for change, times in listed.items() if survived[change] < times)
    lines += [f"{len(unnoticed) - len(unlisted)} survivors are listed in proofs/survivors.toml"]
    lines += [f"listed, but does not survive any more, or less often: {change}" for change in stale]
    lines += [f"NOT NOTICED ({statuses[name]}, {name}): {change}" for name, change in sorted(unlisted.items())]
    if not statuses:
        lines.append("FAILED: no mutant was tried")
    return lines, bool(statuses) and not unlisted


def run_mutmut() -> None:
    """Make and try the mutants, in one process at low priority.

    Raise RuntimeError if mutmut fails, since otherwise the results of an earlier run would be read.
    """
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
    code = subprocess.run(command, cwd=ROOT, check=False, preexec_fn=lambda: os.nice(10)).returncode
    if code != 0:
        raise RuntimeError(f"mutmut exited with {code}")


def ask_mutmut(*arguments: str) -> str:
    """Return what mutmut says of its last run."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="the gate of the runtime's mutants")
    parser.add_argument("--read", action="store_true", help="read what the last run left, and run nothing")
    begun = time.perf_counter()
    if not parser.parse_args(arguments).read:
        run_mutmut()
    listed = read_survivors(SURVIVORS.read_text(encoding="utf-8"))
    pairs = (line.strip().rpartition(": ") for line in ask_mutmut("results", "--all", "true").splitlines())
    statuses = {name: status for name, _, status in pairs if "__mutmut_" in name}
    unnoticed = {
        name: change_of(name, ask_mutmut("show", name)) for name, status in statuses.items() if status not in NOTICED
    }
    lines, passed = summarise(statuses, unnoticed, listed)
    print("\n".join(lines))
    print(f"{'passed' if passed else 'FAILED'} ({time.perf_counter() - begun:.0f} s)")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
