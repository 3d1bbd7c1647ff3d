"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof.check.checker import check
from latchproof.check.modules import primitives
from latchproof.check.target import load
from latchproof.mutants.generate import mutants
from latchproof.show.lanes import explain, found, lanes
from latchproof_spec import machines
from latchproof_spec.machine import Programs

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SPEC = ROOT / "spec" / "latchproof_spec"
PAGES = [page for folder in (".", "spec") for page in (ROOT / folder).glob("*.md")]
PAGES += (ROOT / "docs").rglob("*.md")
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
SUITES = [program for program in PROGRAMS if "def test_" in program]
MACHINES = [program for program in PROGRAMS if "state_machine" in program]
QUICKLY = """
from hypothesis import Phase, settings

settings.register_profile("quickly", derandomize=True, phases=[Phase.generate])  # the same examples always, not shrunk
settings.load_profile("quickly")
"""


def test_there_are_programs_to_run() -> None:
    assert len(PROGRAMS) == 5
    assert len(SUITES) == 1
    assert len(MACHINES) == 1


def run_suite(suite: str, folder: Path) -> str:
    """What pytest prints of it."""
    (folder / "test_it.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(suite: str, tmp_path: Path) -> None:
    printed = run_suite(suite, tmp_path)
    assert "1 passed" in printed, printed


@pytest.mark.parametrize("suite", MACHINES)
def test_a_machine_finds_the_fault_shown(suite: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(QUICKLY)
    printed = run_suite(suite, tmp_path)
    assert "1 failed" in printed, printed
    assert "Barrier breaks C5 on asyncio" in printed, printed


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program not in SUITES + MACHINES])
def test_a_program_runs_and_prints_what_it_says(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == re.findall(r"# prints: (.*)", program)


def test_the_counterexample_shown_is_the_one_found() -> None:
    verdict = check(load("asyncio:Barrier"), policy="cpython")
    (trace,) = verdict.traces
    shown = _without_lines(README.read_text(encoding="utf-8"))
    for line in [*found(trace), *lanes(trace), *explain(trace)]:
        assert _without_lines(line) in shown


def test_the_latch_shown_has_the_faults_that_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = [one for one in PROGRAMS if "class MyLatch" in one]
    (tmp_path / "my_latch.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    verdict = check(load("my_latch.py:MyLatch"), programs=(Programs((0,), at_once=1, calls=2, cancellations=0),))
    said = re.search(r"finds two faults(.*?)Each is", README.read_text(encoding="utf-8"), re.DOTALL)
    assert said is not None
    assert {trace.claim: trace.count("begin") for trace in verdict.traces} == dict.fromkeys(
        re.findall(r"C\d+", said[1]), 1
    )


def test_the_table_of_asyncio_has_its_primitives_and_what_is_found() -> None:
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^(\w+) +([\w-]+) +(breaks \S+|conforms)\b", text, re.MULTILINE)
    found = [(one.name, one.target) for one in primitives("asyncio")]
    assert [(name, kind) for name, kind, _ in rows] == [(name, repr(target and target.kind)) for name, target in found]
    verdicts = {name: verdict for name, _, verdict in rows}
    for name, target in found:
        if target is not None and name in ("Lock", "Condition"):  # the others take longer
            broken = list(check(target).reported.failures)
            assert verdicts[name] == (f"breaks {', '.join(broken)}" if broken else "conforms")


def _without_lines(text: str) -> str:
    """The text without the numbers of lines in CPython's file, which differ between its versions."""
    return re.sub(r"(locks\.py):\d+", r"\1:N", text)


def anchors(text: str) -> set[str]:
    """What a link into a page may name: its headings as forges spell them, and anchors that are written out."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    spelled = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    return spelled | set(re.findall(r'<a id="([\w-]+)">', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for file, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", prose):
        goal = page.parent / file if file else page
        assert goal.exists(), f"{page.name}: there is no {file}"
        if anchor:
            assert anchor in anchors(goal.read_text(encoding="utf-8")), f"{page.name}: there is no {file}#{anchor}"


@pytest.mark.parametrize("page", ["index.md", "reference/command-line.md"])
def test_a_page_has_the_same_name_in_the_contents_and_where_it_is_listed(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    links = re.findall(r"\[([^\]]*)\]\((?!https?:)([^)#\s]*\.md)\)", text)
    assert len(links) > 5
    for name, file in links:
        goal = ((ROOT / "docs" / page).parent / file).read_text(encoding="utf-8")
        assert name == re.findall(r"^# (.*)$", goal, re.MULTILINE)[0], file


def test_a_heading_is_spelled_as_forges_do() -> None:
    assert anchors('# From `asyncio.Barrier`\n```\n# no\n```\n<a id="here"></a>') == {"from-asynciobarrier", "here"}


def test_what_is_said_of_how_much_there_is_to_read_and_to_find_is_so() -> None:
    said = re.findall(
        r"in some ([\d,]+) ways", README.read_text(encoding="utf-8") + (ROOT / "docs/trust.md").read_text()
    )
    assert said == ["1,100", "1,100"]
    assert abs(len([one for machine in machines.MACHINES.values() for one in mutants(machine)]) - 1100) <= 50
    for page in ("README.md", "docs/howto/review-the-specification.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        (most,) = re.findall(r"three modules of fewer than (\d+) lines\s+each", text)
        for name in ("step.py", "latch/rules.py", "barrier/rules.py"):
            assert 0 <= int(most) - len((SPEC / name).read_text(encoding="utf-8").splitlines()) <= 50
    table = (ROOT / "spec/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d \| (.*?) \|.*\| (\d+) \|$", table, re.MULTILINE)
    assert len(rows) == 9
    for files, lines in rows:
        names = [name.removeprefix("latchproof_spec/") for name in re.findall(r"`([\w/]+\.py)`", files)]
        found = sum(len((SPEC / name).read_text(encoding="utf-8").splitlines()) for name in names)
        assert abs(found - int(lines)) <= 10, f"{files}: {found} lines"
