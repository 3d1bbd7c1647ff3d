"""Puts a page together: the frame, the styles, the libraries, the scripts and the data, in one file.

What both pages have is made here; what only the report or only the page of a check has is made in its own file. The
data is compressed JSON (most of it is tables and SMT-LIB, which shrink to a tenth), which the page unpacks with what
every browser has. Nothing is fetched.
"""

import base64
import gzip
import html
import json
import platform
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal

from latchproof_spec import __version__
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, machines_about

LIBRARIES = ("dagre.min.js",)
SCRIPTS = (
    "dom.js",
    "rules.js",
    "models.js",
    "ledger.js",
    "drawing.js",
    "walk.js",
    "stepper.js",
    "graph.js",
    "viewer.js",
    "check.js",
    "start.js",
)


def about_page(kind: Literal["check", "report"], claims: Sequence[Claim] = CLAIMS) -> dict[str, Any]:
    """Return the data that every page has: its kind, what made it, and the claims that it may speak of."""
    return {
        "kind": kind,
        "release": __version__,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}",
        "command": shlex.join(["latchproof", *sys.argv[1:]]),
        "claims": [
            {
                "id": claim.id,
                "kind": claim.kind,
                "machines": [machine.name for machine in machines_about(claim)],
                "rules": [rule for machine in machines_about(claim) for rule in machine.exercise[claim]],
                "sentence": claim.sentence,
                "beyond_counters": claim.beyond_counters,
                "unobservable": claim.unobservable,
            }
            for claim in claims
        ],
    }


def machine_data(
    machine: Machine,
    how: str,
    rows: Callable[[Machine, Any], list[dict[str, Any]]],
    arrows: Callable[[Machine, Any], dict[tuple[str, str], list[str]]],
    graphs: Callable[[Machine, Any], list[dict[str, Any]]] = lambda machine, policy: [],
    first: str = "",
) -> dict[str, Any]:
    """Return the machine with its rules under each policy, beginning with the policy of the name `first`, if given.

    `rows` gives the rows of a policy's rules, which were found as `how` says; `arrows` gives the rules between the
    phases, and `graphs` the graphs to step through.
    """
    shapes = (
        ("invariant", machine.invariants),
        ("step property", machine.step_properties),
        ("history property", machine.history_properties),
    )
    policies: list[dict[str, Any]] = [
        {
            "names": machine.names_of(policy),
            "rules": rows(machine, policy),
            "arrows": [[source, goal, rules] for (source, goal), rules in arrows(machine, policy).items()],
            "graphs": graphs(machine, policy),
        }
        for policy in sorted(machine.policies, key=lambda one: one.name != first)
    ]
    reached = {row["rule"] for policy in policies for row in policy["rules"]}
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
        "how": how,
        "unreached": [  # by any number: rules that refuse what is not a number
            {
                "id": rule.id,
                "operation": rule.operation,
                "sentence": rule.sentence,
                "errors": [error.__name__ for error in rule.errors],
            }
            for rule in machine.rules
            if rule.id not in reached
        ],
        "policies": policies,
    }


def page(title: str, data: dict[str, Any]) -> str:
    """Return the whole page, which shows `data` under `title`."""
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), mtime=0)
    parts = {
        "title": html.escape(title),
        "styles": _asset("page.css"),
        "data": base64.b64encode(packed).decode(),
        "libraries": "\n".join(f"<script>{_library(name)}</script>" for name in LIBRARIES),
        "script": '(() => {\n"use strict";\n' + "\n".join(map(_asset, SCRIPTS)) + "\n})();",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _library(name: str) -> str:
    """Return a library as released, without the line that makes a browser's tools look for a file that is not there."""
    text = (files(__package__) / "vendor" / name).read_text(encoding="utf-8")
    return re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)
