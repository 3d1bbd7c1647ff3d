"""The table of exhibits: what is checked, on which released version, and what must come of it.

An exhibit has no scenario: all that stands in the table is the command, and what it must find.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "exhibits.toml"
ADAPTERS = "tests/museum/adapters"


@dataclass(frozen=True)
class Exhibit:
    """A fault of a released class.

    `package` and `version` are what is installed ("CPython" is the interpreter itself, each version that is found).
    `broken` are the claims that the class breaks under the policy, `claim` the one whose shortest run is shown; that
    run has so many `calls` and `cancellations`, on an object made with `argument`. `note` and `upstream` are prose: why
    it is a fault and not a policy, and what is known about it where the class comes from. `python` is the minor version
    of CPython that the package needs, where it needs one; without `dependencies` the package is installed alone, for
    the class that is exhibited needs none of them.
    """

    id: str
    title: str
    package: str
    version: str
    host: str
    target: str
    kind: str
    policy: str
    claim: str
    broken: tuple[str, ...]
    argument: int
    calls: int
    cancellations: int
    note: str
    upstream: str
    strict: bool = False
    python: str = ""
    dependencies: bool = True

    @property
    def is_of_the_standard_library(self) -> bool:
        """Whether the interpreter itself is what is exhibited."""
        return self.package == "CPython"

    @property
    def requirements(self) -> tuple[str, ...]:
        """What is installed for it, pinned."""
        return () if self.is_of_the_standard_library else (f"{self.package}=={self.version}",)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of `latchproof`."""
        strict = ("--strict",) if self.strict else ()
        return ("check", self.target, "--kind", self.kind, "--host", self.host, "--policy", self.policy, *strict)


@dataclass(frozen=True)
class Clearance:
    """A released class in which nothing was found: `latchproof check` conforms to `policy` within its bounds."""

    id: str
    package: str
    version: str
    host: str
    target: str
    kind: str
    policy: str
    note: str
    python: str = ""
    dependencies: bool = True

    @property
    def requirements(self) -> tuple[str, ...]:
        """What is installed for it, pinned."""
        return (f"{self.package}=={self.version}",)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of `latchproof`."""
        return ("check", self.target, "--kind", self.kind, "--host", self.host, "--policy", self.policy)


def exhibits() -> list[Exhibit]:
    """Every exhibit, in the order of the table."""
    return [Exhibit(**_typed(row)) for row in _table()["exhibit"]]


def clearances() -> list[Clearance]:
    """Every class in which nothing was found, in the order of the table."""
    return [Clearance(**_typed(row)) for row in _table().get("clearance", [])]


def pythons() -> tuple[str, ...]:
    """The minor versions of CPython that are wanted."""
    return tuple(_table()["pythons"])


def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
