"""The report for reviewers: the ledger, the machines with their transitions, and counterexamples, as one page.

The ledger is read in its JSON form, field by field, whatever kinds of evidence it has.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from latchproof.check.target import TargetError
from latchproof.check.trace import Trace, from_json
from latchproof.explore.system import HIGHEST_COUNT
from latchproof.export.markdown import arrows, rule_rows
from latchproof.prove.goals import Obligation
from latchproof.show.html.annotated import annotate
from latchproof.show.html.graph_tables import tabulate
from latchproof.show.html.page import about_page, machine_data, page
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

MUSEUM = "museum.json"
"""The findings of the museum, by their IDs; `tests.museum.findings` writes the file."""

TASKS = (1, 2, 3, 4)
"""The numbers of tasks that the page can step through."""

HOW = (
    "One row for each path through the specification's functions, run on symbolic numbers; a guard is given as far as "
    "the invariants do not imply it."
)


def report(ledger: dict[str, Any], obligations: Sequence[Obligation], traces: Sequence[Trace]) -> str:
    """Return the report. `ledger` is a ledger in its JSON form, `obligations` what was put to the solvers."""
    texts: dict[str, int] = {}
    data = about_page("report") | {
        "highest_count": HIGHEST_COUNT,
        "ledger": ledger,
        "obligations": [
            {
                "name": one.name,
                "claims": list(one.claims),
                "where": f"{one.machine}, {one.policy}: {one.operation} {one.rule}",
                "status": one.status,
                "counterexample": one.counterexample,
                "verdicts": list(one.verdicts),
                "smtlib": texts.setdefault(one.smtlib, len(texts)),
            }
            for one in obligations
        ],
        "machines": [machine_data(machine, HOW, _rows, arrows, _graphs) for machine in MACHINES.values()],
        "traces": [annotate(trace) for trace in traces] + museum(),
    }
    return page("latchproof: the report", data | {"smtlib": list(texts)})


def read_ledger(path: Path) -> dict[str, Any]:
    """Return the ledger that `latchproof verify --json` wrote; raise TargetError, with what is wrong, if it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise TargetError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict) or not {"claims", "exit_code"} <= set(data):
        raise TargetError(f"{path} is not a ledger; latchproof verify --json {path} writes one")
    return data


def museum() -> list[dict[str, Any]]:
    """Return the museum's findings as `make museum` last wrote them, judged again, each with its title and release.

    >>> museum()[0]["exhibit"]
    'asyncio.Barrier gives one index to two tasks'
    """
    found = json.loads((files(__package__) / MUSEUM).read_text(encoding="utf-8"))
    return [
        {**annotate(from_json(one["trace"])), "exhibit": one["title"], "release": one["release"]}
        for one in found.values()
    ]


def _rows(machine: Machine, policy: Any) -> list[dict[str, Any]]:
    return [
        {
            "rule": row.rule.id,
            "call": row.call,
            "when": row.when,
            "change": row.change,
            "parked": row.parked,
            "caller": row.caller,
            "sentence": row.rule.sentence,
        }
        for row in rule_rows(machine, policy)
    ]


def _graphs(machine: Machine, policy: Any) -> list[dict[str, Any]]:
    return [tabulate(machine, policy, argument, tasks=tasks) for argument in machine.bounds.page for tasks in TASKS]
