"""The table of exhibits: what is checked, in which released version, and what must be found.

An exhibit has no scenario: the table has only the command and what it must find.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "exhibits.toml"
ADAPTERS = "tests/museum/adapters"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked: a class of a released package, by `latchproof check`.

    `package` and `version` are what is installed ("CPython" is the interpreter itself). `bounds` are options that
    replace the default bounds, if those take long. `python` is the minor version of CPython that it needs, if any.
    Without `dependencies` the package is installed alone, because the class needs none of them. `note` is prose.
    """

    id: str
    package: str
    version: str
    host: str
    target: str
    kind: str
    policy: str
    note: str
    strict: bool = False
    bounds: tuple[str, ...] = ()
    python: str = ""
    dependencies: bool = True

    @property
    def is_of_the_standard_library(self) -> bool:
        """Whether the interpreter itself is checked."""
        return self.package == "CPython"

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages to install: the pinned package, and its host if the kit locks that."""
        host = ("trio",) if self.host == "trio" else ()
        return host if self.is_of_the_standard_library else (f"{self.package}=={self.version}", *host)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command-line arguments of `latchproof`."""
        strict = ("--strict",) if self.strict else ()
        judged = ("--kind", self.kind, "--host", self.host, "--policy", self.policy, *strict)
        return ("check", self.target, *judged, *self.bounds)


@dataclass(frozen=True, kw_only=True)
class Exhibit(Subject):
    """A fault of a released class; one of the standard library is checked on every interpreter found.

    `claim` is the claim whose shortest run is shown; that run has `calls` calls and `cancellations` cancellations, on
    an object made with `argument`. `also` are other claims that must be broken. `note` says why it is a fault and not a
    policy, and `upstream` what its developers know about it. `unreproduced` says why there is no standalone
    reproduction, in the words of `latchproof export`, if there is none. If it is `of_the_host`, it is a fault of the
    host's own loop, and `claim` is that fault's name.
    """

    title: str
    claim: str
    argument: int
    calls: int
    cancellations: int
    upstream: str
    of_the_host: bool = False
    also: tuple[str, ...] = ()
    unreproduced: str = ""


@dataclass(frozen=True, kw_only=True)
class Clearance(Subject):
    """A class in which nothing was found: it conforms to `policy` within the bounds."""


def exhibits() -> list[Exhibit]:
    """Return every exhibit, in the order of the table."""
    return [Exhibit(**_typed(row)) for row in _table()["exhibit"]]


def clearances() -> list[Clearance]:
    """Return every class in which nothing was found, in the order of the table."""
    return [Clearance(**_typed(row)) for row in _table().get("clearance", [])]


def pythons() -> tuple[str, ...]:
    """Return the minor versions of CPython to use."""
    return tuple(_table()["pythons"])


def looked_at() -> str:
    """Return what else was examined, and how far."""
    return str(_table()["looked_at"])


def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
