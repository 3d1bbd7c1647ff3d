"""The ratios of a run as rows, which are printed, written as JSON, and compared with the committed ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.ratios import NonsenseError, Ratio

SCHEMA = 1
OURS = "latchproof"
REFERENCES = {
    "": ("limit", "int", "asyncio", "4 GiB"),
    "none": ("asyncio", OURS),
}
"""What the tables of a host show ratios to."""


class Key(NamedTuple):
    """What was measured: `contender` over `over`, for `n` tasks (0 if there is no number of tasks)."""

    python: str
    host: str
    benchmark: str
    n: int
    contender: str
    over: str

    def __str__(self) -> str:
        tasks = f", {self.n:,}" if self.n else ""
        return f"{self.python} {self.host}: {self.benchmark}{tasks}: {self.contender} over {self.over}"


@dataclass(frozen=True)
class Row:
    """One ratio."""

    key: Key
    ratio: Ratio


def together(measured: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Merge the same tables from several processes: the rounds of all.

    >>> table = {"benchmark": "wait", "ratios": {"latchproof": [1.25]}}
    >>> together([[table], [table]])
    [{'benchmark': 'wait', 'ratios': {'latchproof': [1.25, 1.25]}}]
    """
    return [
        {
            **tables[0],
            "ratios": {
                name: [ratio for table in tables for ratio in table["ratios"][name]] for name in tables[0]["ratios"]
            },
        }
        for tables in zip(*measured, strict=True)
    ]


def rows_of(python: str, tables: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Return each contender over the reference, and ours over every other, from a worker's tables."""
    for table in tables:
        ratios: dict[str, list[float]] = table["ratios"]
        reference = table["over"]
        where = (python, table["host"], table["benchmark"], table["n"])
        for name, of_one in ratios.items():
            if name != reference:
                yield Row(Key(*where, name, reference), Ratio.of(of_one))
            if name.startswith(OURS):
                others = [other for other in ratios if other != reference and not other.startswith(OURS)]
                for other in others:
                    over_other = [one / base for one, base in zip(of_one, ratios[other], strict=True)]
                    yield Row(Key(*where, name, other), Ratio.of(over_other))


def to_json(rows: Iterable[Row], versions: Mapping[str, str]) -> str:
    """Return the rows as JSON, in order, one per line, so that a diff shows what changed."""
    lines = [
        json.dumps({**row.key._asdict(), **asdict(_rounded(row.ratio))})
        for row in sorted(rows, key=lambda row: row.key)
    ]
    head = json.dumps(dict(sorted(versions.items())))
    return f'{{"schema": {SCHEMA}, "pythons": {head}, "ratios": [\n' + ",\n".join(lines) + "\n]}\n"


def _rounded(ratio: Ratio) -> Ratio:
    """Return the number as it is written: to six significant digits."""
    return Ratio(*(float(f"{value:.6g}") for value in (ratio.median, ratio.low, ratio.high)))


def from_json(text: str) -> list[Row]:
    """Return the rows of such a file; raise NonsenseError, which says what is wrong with it."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise NonsenseError(f"no JSON: {error}") from None
    if not isinstance(given, dict) or given.get("schema") != SCHEMA:
        raise NonsenseError(
            f"not the schema {SCHEMA} of benchmark ratios; record them again: make bench BENCH=--record"
        )
    rows: dict[Key, Row] = {}
    for number, entry in enumerate(given.get("ratios", ()), 1):
        try:
            key = Key(**{name: entry[name] for name in Key._fields})
            ratio = Ratio(float(entry["median"]), float(entry["low"]), float(entry["high"]))
        except (KeyError, TypeError, ValueError) as error:
            raise NonsenseError(f"ratio {number} is incomplete: {error!r}") from None
        if not 0 < ratio.low <= ratio.median <= ratio.high < float("inf"):
            raise NonsenseError(f"{key} cannot be {ratio}")
        if key in rows:
            raise NonsenseError(f"{key} stands there twice")
        rows[key] = Row(key, ratio)
    if not rows:
        raise NonsenseError("there is no ratio in it")
    return list(rows.values())


def read(path: Path) -> list[Row]:
    """Return the rows of a file; raise NonsenseError, which names the file."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, NonsenseError) as error:
        raise NonsenseError(f"{path}: {error}") from None


@dataclass(frozen=True)
class Change:
    """A ratio of ours that is worse, or better, than the committed one by more than the spread of both."""

    key: Key
    before: Ratio
    now: Ratio

    @property
    def worse(self) -> bool:
        return self.now.median > self.before.median

    def __str__(self) -> str:
        return f"{'WORSE' if self.worse else 'better'}  {self.key} was {self.before}, is {self.now}"


def changes(now: Iterable[Row], before: Iterable[Row]) -> list[Change]:
    """Return which of our ratios changed by more than the spread: the ranges between the quartiles do not overlap."""
    committed = {row.key: row.ratio for row in before}
    found = []
    for row in now:
        old, new = committed.get(row.key), _rounded(row.ratio)
        if old is None or not row.key.contender.startswith(OURS):
            continue
        if new.low > old.high or new.high < old.low:
            found.append(Change(row.key, old, new))
    return sorted(found, key=lambda change: (not change.worse, change.key))


def tables(rows: Iterable[Row]) -> str:
    """Return the rows as tables: one for each Python, host and benchmark, with a column for each number of tasks."""
    lines = []
    against_reference = [row for row in rows if row.key.over in REFERENCES.get(row.key.host, REFERENCES[""])]

    def where(row: Row) -> tuple[str, str, str]:
        return row.key.python, row.key.host, row.key.benchmark

    for (python, host, benchmark), group in groupby(sorted(against_reference, key=where), key=where):
        those = list(group)
        sizes = sorted({row.key.n for row in those})
        cells = {(row.key.contender, row.key.n): str(row.ratio) for row in those}
        lines.append(f"\nCPython {python}, {host}: {benchmark}, over {those[0].key.over}; median (quartiles)")
        lines.append(" " * 28 + "".join(f"{f'{n:,}' if n else '':>24}" for n in sizes))
        at = {row.key.contender: row.ratio.median for row in those if row.key.n == sizes[-1]}
        lines += [
            f"  {contender:26}" + "".join(f"{cells.get((contender, n), '-'):>24}" for n in sizes)
            for contender in sorted(at, key=lambda name: at[name])
        ]
    return "\n".join(lines)
