"""What the pages show, as plain data: the ledger, the machines with their transitions, and traces.

The ledger is taken in its JSON form, by its fields, whatever kinds of evidence it has.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from latchproof.check.target import TargetError
from latchproof.check.trace import Trace, from_json
from latchproof.check.verdict import Verdict
from latchproof.explore.system import HIGHEST_COUNT
from latchproof.export.markdown import PathRow, arrows, rule_rows, unreached
from latchproof.prove.obligation import Obligation
from latchproof.show.html.annotated import judged
from latchproof.show.html.graph_tables import tabulate
from latchproof.show.html.page import page
from latchproof_spec.machine import Machine, distinct_policies
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from latchproof_spec.step import Rule

MUSEUM = "museum.json"
"""The findings by their IDs; `tests.museum.findings` writes it."""

TASKS = (1, 2, 3, 4)
ARGUMENTS = {"latch": (0, 1, 2, 3), "barrier": (1, 2, 3, 4)}
"""The counts and parties, and the numbers of tasks, that the page can step through."""


def report(ledger: dict[str, Any], obligations: Sequence[Obligation], traces: Sequence[Trace], command: str) -> str:
    """The report for reviewers, as one page.

    `ledger` is a ledger in its JSON form, `obligations` what was put to the solver; `command` makes this page again.
    """
    texts: dict[str, int] = {}
    data = _page("report", command) | {
        "ledger": ledger,
        "obligations": [
            {
                "name": one.name,
                "claims": list(one.claims),
                "where": f"{one.machine}, {one.policy}: {one.operation} {one.rule}",
                "status": one.status,
                "counterexample": one.counterexample,
                "verdicts": list(getattr(one, "verdicts", ())),  # of each solver by name, where several were asked
                "smtlib": texts.setdefault(one.smtlib, len(texts)),
            }
            for one in obligations
        ],
        "machines": [_machine(machine, graphs=True) for machine in MACHINES.values()],
        "traces": [judged(trace) for trace in traces] + museum(),
    }
    return page("latchproof: the report", data | {"smtlib": list(texts)})


def read_ledger(path: Path) -> dict[str, Any]:
    """The ledger that `latchproof verify --json` wrote; raises TargetError, with what is wrong, if it holds none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise TargetError(f"{path} holds no JSON: {error}") from error
    if not isinstance(data, dict) or not {"claims", "exit_code"} <= set(data):
        raise TargetError(f"{path} holds no ledger; latchproof verify --json {path} writes one")
    return data


def museum() -> list[dict[str, Any]]:
    """The museum's findings as `make museum` last wrote them, each judged anew, with its title and release.

    >>> museum()[0]["exhibit"]
    'asyncio.Barrier gives one index to two tasks'
    """
    found = json.loads((files(__package__) / MUSEUM).read_text(encoding="utf-8"))
    return [
        {**judged(from_json(one["trace"])), "exhibit": one["title"], "release": one["release"]}
        for one in found.values()
    ]


def run(verdict: Verdict, command: str) -> str:
    """The viewer for what one check found, as one page."""
    data = _page("run", command) | {
        "verdict": {name: value for name, value in verdict.to_json().items() if name != "traces"},
        "machines": [_machine(verdict.target.machine, graphs=False)],
        "traces": [judged(trace) for trace in verdict.traces],
    }
    return page(f"latchproof check {verdict.target.name}", data)


def _page(kind: str, command: str) -> dict[str, Any]:
    try:
        release = version("latchproof")
    except PackageNotFoundError:  # run from a source tree
        release = ""
    return {
        "kind": kind,
        "release": release,
        "command": command,
        "highest_count": HIGHEST_COUNT,
        "claims": [
            {
                "id": claim.id,
                "kind": claim.kind,
                "machines": [machine.name for machine in machines_about(claim)],
                "rules": [rule for machine in machines_about(claim) for rule in machine.exercise[claim]],
                "sentence": claim.sentence,
                "beyond_counters": claim.beyond_counters,
            }
            for claim in CLAIMS
        ],
    }


def _machine(machine: Machine, *, graphs: bool) -> dict[str, Any]:
    shapes = (
        ("invariant", machine.invariants),
        ("step property", machine.step_properties),
        ("history property", machine.history_properties),
    )
    return {
        "name": machine.name,
        "parameter": machine.parameter,
        "state": list(machine.state),
        "phases": list(machine.phases),
        "properties": [
            {"name": one.name, "shape": shape, "claims": [claim.id for claim in one.claims]}
            for shape, properties in shapes
            for one in properties
        ],
        "unreached": [_rule(rule) for rule in unreached(machine)],
        "policies": [
            {
                "names": list(names),
                "rules": [_row(row) for row in rule_rows(machine, policy)],
                "arrows": [[source, goal, rules] for (source, goal), rules in arrows(machine, policy).items()],
                "graphs": _graphs(machine, policy) if graphs else [],
            }
            for policy, names in distinct_policies(machine.policies).items()
        ],
    }


def _graphs(machine: Machine, policy: Any) -> list[dict[str, Any]]:
    return [tabulate(machine, policy, argument, tasks=tasks) for argument in ARGUMENTS[machine.name] for tasks in TASKS]


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "operation": rule.operation,
        "sentence": rule.sentence,
        "errors": [error.__name__ for error in rule.errors],
    }


def _row(row: PathRow) -> dict[str, Any]:
    return {
        "rule": row.rule.id,
        "call": row.call,
        "when": row.when,
        "change": row.change,
        "parked": row.parked,
        "caller": row.caller,
        "sentence": row.rule.sentence,
    }
