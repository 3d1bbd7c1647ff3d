"""Write docs/museum.md from what the visits to the exhibits computed: `python -m tests.museum.page`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from latchproof.check.kinds import a
from latchproof.check.trace import from_json
from latchproof.show.lanes import explain, lanes
from latchproof.show.lanes import found as seen_in
from latchproof_spec.findings import FINDINGS
from latchproof_spec.machines import CLAIMS
from tests.museum.environments import ROOT
from tests.museum.exhibits import ADAPTERS, Clearance, Exhibit, Subject, clearances, exhibits, looked_at
from tests.museum.visit import RESULTS, Acquittal, Visit, counted

PAGE = ROOT / "docs" / "museum.md"
WIDTH = 116

HEAD = """# The museum

Faults in released software that `latchproof check` finds by itself: from the specification and a policy, without a
scenario or an assertion. The commands are shown with each fault. `make museum` runs them all, each in a separate
environment with the version pinned. Then it runs the standalone reproduction, which must fail there, and writes this
page from the results.

A latch or a barrier is judged by a policy, every other class by a model: one that latchproof has, or a class of half a
page in `tests/museum/models`. A difference of policy is not a fault. Each class is judged by what its own documentation
allows, and the text says what can be said in its defence. A class may serve its callers in any order, and may let any
task release a lock. "Upstream" is what public issue trackers had in November 2026.

Each run shows how many steps the event loop made in it. Steps in which nothing is seen of a call have no line and no
number in the picture, so its last number may be smaller.

"""


def page() -> str:
    """Return the page; raise FileNotFoundError if an exhibit was not visited."""
    parts = [HEAD]
    parts += [f"- [{exhibit.title}](#{exhibit.id})\n" for exhibit in exhibits()]
    parts += ["- [Where nothing was found](#where-nothing-was-found)\n"]
    parts += [_exhibit(exhibit) for exhibit in exhibits()]
    parts += [_clearances()]
    return "".join(parts)


def _exhibit(exhibit: Exhibit) -> str:
    visited = visits(exhibit.id)
    first = visited[-1]
    trace = from_json(first.trace)
    if exhibit.of_the_host:
        found = f"A fault of the event loop, for which no claim is blamed: {trace.seen}."
    else:
        claims = CLAIMS if exhibit.judged_by_rules else FINDINGS
        found = f"{exhibit.claim}: {next(one.sentence for one in claims if one.id == exhibit.claim)}"
    where = f"CPython {_and([visit.python for visit in visited])}"
    versions = [one.version for one in reversed(exhibit.releases) if visits(one.id)]
    package = "" if exhibit.is_of_the_standard_library else f"{exhibit.package} {_and(versions)}, "
    strict = ", in the strict form that our own classes are held to" if exhibit.strict else ""
    others = [one for one in first.broken if one != exhibit.claim]
    it = "The class" if exhibit.of_the_host else "It also"
    policy = " under this policy" if exhibit.policy else ""
    beside = f" {it} breaks {_and(others)}{policy}." if others else ""
    command = f"latchproof {shlex.join(exhibit.arguments)} --json verdict.json"
    export = "" if exhibit.unreproduced else f"\nlatchproof export verdict.json --format pytest --claim {exhibit.claim}"
    size = (
        f"{counted(first.run.count('begin'), 'call')}, {counted(first.run.cancellations, 'cancellation')}, "
        f"{counted(first.run.steps, 'step')} of the event loop; {first.verdict['schedules']:,} schedules were run."
    )
    return (
        f'\n<a id="{exhibit.id}"></a>\n\n## {exhibit.title}\n\n'
        f"{package}{where}, on {exhibit.host}, judged by {_judge(exhibit)}{strict}.\n"
        f"**{found}**{beside}\n\n"
        f"{exhibit.note.strip()}\n\n"
        f"The shortest run (on CPython {first.python}): {size}\n\n"
        f"```text\n{_block([seen_in(trace)[0], '', *lanes(trace, width=WIDTH), '', *explain(trace)])}\n```\n\n"
        f"```console\n{command}{export}\n```\n\n"
        f"{_reproduction(exhibit, first)}\n\n"
        f"Upstream: {exhibit.upstream.strip()}\n"
    )


def _reproduction(exhibit: Exhibit, visit: Visit) -> str:
    if exhibit.unreproduced:
        return f"There is no standalone reproduction: {exhibit.unreproduced}."
    return (
        "<details><summary>The standalone reproduction, which fails</summary>\n\n"
        f"```python\n{visit.reproduction.strip()}\n```\n\n</details>"
    )


def _clearances() -> str:
    lines = [
        '\n<a id="where-nothing-was-found"></a>\n\n## Where nothing was found\n\n',
        "`latchproof check` found nothing against these classes, within the bounds of each. That does not mean that "
        "there is nothing.\n\n",
    ]
    for clearance in clearances():
        (acquittal,) = _acquittals(clearance)
        verdict = acquittal.verdict
        lines += [
            f"- **{clearance.package} {clearance.version}**, `{_name(clearance.target)}`, {a(clearance.kind)} on "
            f"{clearance.host}: conforms to {_conforms_to(clearance, verdict)} in {verdict['schedules']:,} schedules "
            f"(CPython {acquittal.python}).\n  Bounds: {'; '.join(verdict['bounds'])}.\n"
            f"  Not exercised: {', '.join(verdict['absent']) or 'nothing'}.{_not_covered(clearance, verdict)}\n"
            f"{_noted(clearance)}"
        ]
    lines += [f"\n{looked_at().strip()}\n"]
    return "".join(lines)


def _judge(subject: Subject) -> str:
    if subject.judged_by_rules:
        return f"the policy `{subject.policy}`"
    model = f"the model [`{Path(subject.model).name}`](../{subject.model.rpartition(':')[0]})" if subject.model else ""
    return (model or f"the model `{subject.kind}`") + (f" with the policy `{subject.policy}`" if subject.policy else "")


def _conforms_to(clearance: Clearance, verdict: dict[str, Any]) -> str:
    satisfied = [f"`{one['name']}`" for one in verdict["policies"] if not one["broken"]]
    if clearance.policy or len(verdict["policies"]) == 1:
        return _judge(clearance)
    return (
        f"{_judge(clearance)} with {'the policy' if len(satisfied) == 1 else 'each of the policies'} {_and(satisfied)}"
    )


def _noted(clearance: Clearance) -> str:
    return f"  {' '.join(clearance.note.split())}\n" if clearance.note else ""


def _not_covered(clearance: Clearance, verdict: dict[str, Any]) -> str:
    """Return what the check by a model says that it did not drive, and which lines of the class never ran.

    Of a class with an adapter, both would be said of the adapter.
    """
    if clearance.judged_by_rules or clearance.target.startswith(ADAPTERS):
        return ""
    driven = f"\n  Not driven: {', '.join(verdict['not_driven'])}." if verdict["not_driven"] else ""
    lines = verdict["lines"] or {"never_ran": []}
    if not lines["never_ran"]:
        return driven
    return (
        f"{driven}\n  Never ran in the {lines['runs_watched']} runs that were watched: {', '.join(lines['never_ran'])}."
    )


def _name(target: str) -> str:
    return f"{Path(target).stem}:{target.rpartition(':')[2]}" if target.startswith(ADAPTERS) else target


def visits(name: str) -> list[Visit]:
    found = [Visit(**data) for data in _results(name)]
    if not found:
        raise FileNotFoundError(f"{name} was not visited")
    return found


def _acquittals(clearance: Clearance) -> list[Acquittal]:
    found = [Acquittal(**data) for data in _results(clearance.id)]
    if not found:
        raise FileNotFoundError(f"{clearance.id} was not checked")
    return found[-1:]


def _results(name: str) -> list[dict[str, Any]]:
    paths = sorted(RESULTS.glob(f"{name}@*.json"), key=lambda path: [int(part) for part in _version(path)])
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _version(path: Path) -> list[str]:
    return path.stem.partition("@")[2].split(".")


def _block(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def main() -> int:
    """Write the page, unless an exhibit was not visited; return the exit code."""
    try:
        text = page()
    except FileNotFoundError as error:
        print(f"the museum's page is left as it is: {error}")
        return 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
