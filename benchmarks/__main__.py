"""Run the benchmarks on every Python found, in separate environments; print, write and compare them.

python -m benchmarks [--quick] [--record]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.environments import VERSIONS, find, prepare
from benchmarks.ratios import NonsenseError
from benchmarks.results import Row, changes, read, rows_of, tables, to_json, together
from benchmarks.targets import verdicts

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "benchmarks" / "baseline.json"
PLOT = ROOT / "docs" / "benchmarks.svg"
WORK = ROOT / ".bench"
SECTIONS = {
    "asyncio": 3,
    "uvloop": 3,
    "trio": 3,
    "flowno": 3,
    "everything": 3,
    "memory": 1,
    "import": 1,
    "million": 1,
    "schedules": 3,
    "judging": 1,
    "states": 1,
}
"""Each section, and in how many processes its rounds are made: where things lie in memory is another in each."""


def say(line: str) -> None:
    print(line, flush=True)


def measure(version: str, python: str, quick: bool) -> tuple[str, list[Row]]:
    """Run every section on one Python; return its exact version and the rows, and print what is missing."""
    rows: list[Row] = []
    exact = version
    path = os.pathsep.join(str(ROOT / folder) for folder in (".", "src", "spec"))
    for section, processes in SECTIONS.items():
        if quick and section == "million":
            say(f"  {version}: {section}: not run, for --quick leaves it out")
            continue
        say(f"  {version}: {section}")
        command = [python, "-m", "benchmarks.worker", section, *(["--quick"] if quick else [])]
        answers = []
        for _ in range(1 if quick else processes):
            done = subprocess.run(
                command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
                say(f"  {version}: {section}: MISSING, for it failed: {last}")
                break
            answers.append(json.loads(done.stdout))
        else:
            exact = answers[0]["python"]
            for contender, why in answers[0]["missing"].items():
                say(f"  {version}: {section}: {contender} is missing: {why}")
            rows += rows_of(version, together([answer["tables"] for answer in answers]))
    return exact, rows


def compare(rows: list[Row]) -> None:
    """Print what has changed since the ratios were committed."""
    try:
        before = read(BASELINE)
    except NonsenseError as error:
        say(f"\nnothing to compare with: {error}")
        return
    found = changes(rows, before)
    both = {row.key for row in rows} & {row.key for row in before}
    unmeasured = {row.key for row in before} - {row.key for row in rows}
    worse = sum(change.worse for change in found)
    say(
        f"\ncompared with benchmarks/baseline.json: {len(both)} ratios are in both, {len(unmeasured)} of it were not "
        f"measured now; of ours {worse} are worse by more than the spread, {len(found) - worse} better"
    )
    for change in found:
        say(f"  {change}")


def main() -> int:
    """Measure, print, write and compare. Return exit code 2 if nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes")
    parser.add_argument("--record", action="store_true", help="make these the committed ratios, and plot them in docs/")
    given = parser.parse_args()
    if given.quick and given.record:
        parser.error("--record wants the full run; leave --quick out")
    rows: list[Row] = []
    versions: dict[str, str] = {}
    plotter = ""
    for version in VERSIONS:
        interpreter = find(version)
        if interpreter is None:
            say(f"CPython {version} is missing; name one: BENCH_PYTHON_{version.replace('.', '_')}=/path/to/python")
            continue
        say(f"CPython {version}: {interpreter}")
        try:
            python = prepare(version, interpreter, WORK)
        except subprocess.CalledProcessError as error:
            say(f"CPython {version} is missing, for its environment cannot be made: {error.stderr}")
            continue
        plotter = python
        exact, measured = measure(version, python, given.quick)
        if measured:
            versions[version] = exact
            rows += measured
    if not rows:
        say("nothing was measured")
        return 2
    say(tables(rows))
    say("\ntargets")
    for line in verdicts(rows):
        say(line)
    compare(rows)
    results = WORK / "results.json"
    results.write_text(to_json(rows, versions), encoding="utf-8")
    plot = WORK / PLOT.name
    if given.record:
        BASELINE.write_text(results.read_text(encoding="utf-8"), encoding="utf-8")
        plot = PLOT
    subprocess.run([plotter, "-m", "benchmarks.plot", str(results), str(plot)], cwd=ROOT, check=True)
    say(f"\nwritten: {', '.join(str(path.relative_to(ROOT)) for path in (results, plot))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
