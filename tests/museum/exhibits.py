"""The table of exhibits: what is checked, in which released version, and what must be found.

An exhibit has no scenario: the table has only the command and what it must find.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latchproof_spec.machines import MACHINES

TABLE = Path(__file__).parent / "exhibits.toml"
ADAPTERS = "tests/museum/adapters"
MODELS = "tests/museum/models"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked: a class of a released package, by `latchproof check`.

    `package` and `version` are what is installed ("CPython" is the interpreter itself). `kind` is one that latchproof
    ships, or what `model` describes, which is a class beside the museum. `policy` is "" if the class is judged by every
    policy of its model. `rename` are the class's own names of what the model calls otherwise. `bounds` are options that
    replace the default bounds, if those take long. `python` is the minor version of CPython that it needs, if any.
    Without `dependencies` the package is installed alone, because the class needs none of them, and `beside` are other
    packages that are installed. `note` is prose.
    """

    id: str
    package: str
    version: str
    host: str
    target: str
    kind: str
    note: str
    policy: str = ""
    model: str = ""
    rename: str = ""
    strict: bool = False
    bounds: tuple[str, ...] = ()
    python: str = ""
    dependencies: bool = True
    beside: tuple[str, ...] = ()

    @property
    def is_of_the_standard_library(self) -> bool:
        """Whether the interpreter itself is checked."""
        return self.package == "CPython"

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages to install: the pinned package and those beside it, and its host if the kit locks that."""
        host = ("trio",) if self.host == "trio" and self.package != "trio" else ()
        package = () if self.is_of_the_standard_library else (f"{self.package}=={self.version}",)
        return (*package, *self.beside, *host)

    @property
    def judged_by_rules(self) -> bool:
        """Whether it is a latch or a barrier, which are judged by rules; every other kind is judged by a model."""
        return self.kind in MACHINES

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command-line arguments of `latchproof`."""
        strict = ("--strict",) if self.strict else ()
        kind = ("--model", self.model) if self.model else ("--kind", self.kind)
        policy = ("--policy", self.policy) if self.policy else ()
        rename = ("--rename", self.rename) if self.rename else ()
        return ("check", self.target, *kind, "--host", self.host, *policy, *strict, *rename, *self.bounds)


@dataclass(frozen=True, kw_only=True)
class Exhibit(Subject):
    """A fault of a released class; one of the standard library is checked on every interpreter found.

    `claim` is the claim whose shortest run is shown; that run has `calls` calls and `cancellations` cancellations, on
    an object made with `argument`. `also` are other claims that must be broken. `note` says why it is a fault and not a
    policy, and `upstream` what its developers know about it. `earlier` are other versions in which the same is found,
    and `pythons` the minor versions of CPython that have a fault of the standard library, if not all. `unreproduced`
    says why there is no standalone reproduction, in the words of `latchproof export`, if there is none. If it is
    `of_the_host`, it is a fault of the host's own loop, and `claim` is that fault's name.
    """

    title: str
    claim: str
    argument: int
    calls: int
    cancellations: int
    upstream: str
    of_the_host: bool = False
    also: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    unreproduced: str = ""

    @property
    def releases(self) -> list[Exhibit]:
        """The exhibit in each version of its package, with this one first."""
        return [self, *(replace(self, id=f"{self.id}-{one}", version=one, earlier=()) for one in self.earlier)]


@dataclass(frozen=True, kw_only=True)
class Clearance(Subject):
    """A class in which nothing was found: it conforms to `policy`, or to one of its model, within the bounds."""


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
