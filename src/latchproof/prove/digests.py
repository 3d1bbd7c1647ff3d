"""Digests of what is asked: for each rule, one of the SMT-LIB text of all obligations about its steps.

Counts show that an obligation is missing. A digest shows that another thing is asked: that a premise was added, that a
conclusion was weakened, that a policy or a claim was mixed up. The texts are the same on every run and every version of
Python. The digests that are expected stand in proofs/manifest.toml, with the version of z3 that wrote the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, TypeAlias

import z3

from latchproof.prove.goals import Obligation

Digests: TypeAlias = dict[str, dict[str, str]]
"""The digest of each rule, by its ID, of each machine, by its name; "all" and "any" stand for several rules."""

HEADING: Final = "asked"
"""The name of the manifest's tables of digests."""

WRITTEN_BY: Final = "z3"
"""The key of the version of z3 that wrote the texts."""

ACCEPT: Final = "python proofs/accept_queries.py"
"""The command that accepts what is asked now."""


def digests(obligations: Iterable[Obligation]) -> Digests:
    """Return the digest of all that is asked about each rule, in whatever order it was asked."""
    of_text: dict[str, str] = {}
    found: dict[str, dict[str, list[str]]] = {}
    for one in obligations:
        if one.smtlib not in of_text:
            of_text[one.smtlib] = _digest(one.smtlib)
        of_query = "nothing follows" if one.for_one_solver else one.query.expected if one.query else "unwritten"
        about = (one.policy, one.operation, one.part, one.name, *one.claims, of_query, of_text[one.smtlib])
        found.setdefault(one.machine, {}).setdefault(one.rule, []).append("\n".join(about))
    return {
        machine: {rule: _digest("\n\n".join(sorted(rules[rule]))) for rule in sorted(rules)}
        for machine, rules in found.items()
    }


def changed(found: Digests, manifest: Mapping[str, object]) -> list[str]:
    """Return which rules are asked about otherwise than the manifest says, and how to accept that."""
    tables: dict[str, object] = dict(_table(manifest.get(HEADING)))
    written_by = tables.pop(WRITTEN_BY, "an unknown version")
    expected = {machine: _table(rules) for machine, rules in tables.items()}
    differing = [
        f"{machine} {rule}"
        for machine in dict.fromkeys((*expected, *found))
        for rule in dict.fromkeys((*expected.get(machine, {}), *found.get(machine, {})))
        if expected.get(machine, {}).get(rule) != found.get(machine, {}).get(rule)
    ]
    if not differing:
        return []
    other = (
        f" (the manifest was written with z3 {written_by}, this is {_version()})" if written_by != _version() else ""
    )
    return [
        f"what the solvers are asked about {', '.join(differing)} is not what proofs/manifest.toml has{other}: if that "
        f"is meant, review the queries and accept them with `{ACCEPT}`"
    ]


def table(found: Digests) -> str:
    """Return the manifest's tables of digests as TOML."""
    lines = [f"[{HEADING}]", f'{WRITTEN_BY} = "{_version()}"']
    for machine, rules in found.items():
        lines += ["", f"[{HEADING}.{machine}]", *(f'"{rule}" = "{digest}"' for rule, digest in rules.items())]
    return "\n".join(lines) + "\n"


def with_table(manifest: str, found: Digests) -> str:
    """Return the text of a manifest with its tables of digests, which must be its last, replaced.

    >>> old = "[proofs]\\nlatch = 1\\n\\n[asked]\\nz3 = '4'\\n"
    >>> with_table(old, {}).startswith("[proofs]\\nlatch = 1\\n\\n[asked]\\nz3 = ")
    True
    """
    rest, _, old = manifest.partition(f"\n[{HEADING}]\n")
    if strange := [line for line in old.splitlines() if line.startswith("[") and not line.startswith(f"[{HEADING}.")]:
        raise ValueError(f"the tables of digests must be the last of the manifest, but {strange[0]} follows")
    return f"{rest.rstrip()}\n\n{table(found)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _version() -> str:
    return str(z3.get_version_string())
