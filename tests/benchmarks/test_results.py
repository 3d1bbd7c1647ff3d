"""Rows, their files, and what is printed about changes and targets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks.ratios import NonsenseError, Ratio
from benchmarks.results import Key, Row, changes, from_json, read, rows_of, tables, to_json, together
from benchmarks.targets import TARGETS, verdicts

ROOT = Path(__file__).resolve().parents[2]
TABLE = {
    "benchmark": "barrier wait",
    "host": "asyncio",
    "n": 1000,
    "over": "limit",
    "ratios": {"limit": [1.0, 1.0, 1.0], "latchproof": [1.2, 1.3, 1.4], "asyncio.Barrier": [6.0, 6.5, 7.0]},
}


def key(contender: str = "latchproof", over: str = "limit", python: str = "3.13") -> Key:
    return Key(python, "asyncio", "barrier wait", 1000, contender, over)


def row(low: float, median: float, high: float, contender: str = "latchproof") -> Row:
    return Row(key(contender), Ratio(median, low, high))


def test_every_contender_is_put_over_the_reference_and_ours_over_every_other() -> None:
    rows = {one.key: one.ratio for one in rows_of("3.13", [TABLE])}
    assert set(rows) == {key(), key("asyncio.Barrier"), key(over="asyncio.Barrier")}
    assert rows[key()] == Ratio.of([1.2, 1.3, 1.4])
    assert rows[key(over="asyncio.Barrier")].median == pytest.approx(0.2)


def test_rows_survive_their_file(tmp_path: Path) -> None:
    rows = [row(1.1, 1.2, 1.3), row(5.0, 6.0, 7.0, "asyncio.Barrier")]
    file = tmp_path / "ratios.json"
    file.write_text(to_json(rows, {"3.13": "3.13.0"}), encoding="utf-8")
    assert sorted(read(file), key=lambda one: one.key) == sorted(rows, key=lambda one: one.key)
    assert json.loads(file.read_text(encoding="utf-8"))["pythons"] == {"3.13": "3.13.0"}


def test_the_file_does_not_depend_on_the_order_of_the_rows() -> None:
    rows = [row(1.1, 1.2, 1.3), row(5.0, 6.0, 7.0, "asyncio.Barrier")]
    assert to_json(rows, {"3.13": "a", "3.11": "b"}) == to_json(rows[::-1], {"3.11": "b", "3.13": "a"})


def spoilt(change: Callable[[dict[str, Any]], object]) -> str:
    given = json.loads(to_json([row(1.1, 1.2, 1.3)], {}))
    change(given)
    return json.dumps(given)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("[]", "not the schema"),
        (spoilt(lambda given: given.update(schema=2)), "not the schema 1"),
        (spoilt(lambda given: given.update(ratios=[])), "no ratio in it"),
        (spoilt(lambda given: given["ratios"][0].pop("n")), r"ratio 1 is incomplete: KeyError\('n'\)"),
        (spoilt(lambda given: given["ratios"][0].update(median="fast")), "ratio 1 is incomplete"),
        (spoilt(lambda given: given["ratios"][0].update(low=1.25)), "cannot be"),
        (spoilt(lambda given: given["ratios"][0].update(low=-1)), "cannot be"),
        (spoilt(lambda given: given["ratios"][0].update(high=float("inf"))), "cannot be"),
        (spoilt(lambda given: given["ratios"][0].update(median=float("nan"))), "cannot be"),
        (spoilt(lambda given: given["ratios"].append(given["ratios"][0])), "stands there twice"),
    ],
)
def test_a_file_of_nonsense_is_refused(text: str, why: str) -> None:
    with pytest.raises(NonsenseError, match=why):
        from_json(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NonsenseError, match=r"missing\.json"):
        read(tmp_path / "missing.json")


BEFORE = row(1.2, 1.3, 1.4)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (row(1.5, 1.6, 1.7), ["WORSE"]),
        (row(1.41, 1.5, 1.6), ["WORSE"]),
        (row(1.39, 1.5, 1.6), []),  # within the spread
        (row(1.2, 1.3, 1.4), []),
        (row(1.0, 1.1, 1.21), []),
        (row(0.9, 1.0, 1.1), ["better"]),
    ],
)
def test_what_changed_by_more_than_the_spread_is_said(now: Row, said: list[str]) -> None:
    assert [str(change).split()[0] for change in changes([now], [BEFORE])] == said


def test_what_was_only_rounded_in_the_file_has_not_changed() -> None:
    third = row(1 / 3, 1 / 3, 1 / 3)
    assert changes([third], from_json(to_json([third], {}))) == []


def test_the_rounds_of_several_processes_are_one_table() -> None:
    tables = [[{"n": 2, "ratios": {"latchproof": [first], "limit": [1.0]}}] for first in (1.2, 1.4)]
    assert together(tables) == [{"n": 2, "ratios": {"latchproof": [1.2, 1.4], "limit": [1.0, 1.0]}}]


def test_a_change_says_what_was_and_what_is() -> None:
    (change,) = changes([row(1.5, 1.6, 1.7)], [BEFORE])
    assert str(change) == (
        "WORSE  3.13 asyncio: barrier wait, 1,000: latchproof over limit was 1.30 (1.20-1.40), is 1.60 (1.50-1.70)"
    )


def test_the_worse_come_first() -> None:
    other = Key("3.11", *key()[1:])
    before = [BEFORE, Row(other, Ratio(1.3, 1.2, 1.4))]
    now = [row(1.5, 1.6, 1.7), Row(other, Ratio(1.0, 0.9, 1.1))]
    assert [change.worse for change in changes(now, before)] == [True, False]


def test_what_others_cost_is_no_change_of_ours_and_what_is_new_is_none() -> None:
    assert changes([row(9.0, 9.0, 9.0, "asyncio.Barrier")], [row(1.0, 1.0, 1.0, "asyncio.Barrier")]) == []
    assert changes([row(9.0, 9.0, 9.0)], []) == []


def test_the_tables_have_a_column_for_each_number_of_tasks() -> None:
    few = {**TABLE, "n": 2, "ratios": {"limit": [1.0], "latchproof": [1.5]}}
    text = tables(rows_of("3.13", [TABLE, few])).splitlines()
    assert text[1] == "CPython 3.13, asyncio: barrier wait, over limit; median (quartiles)"
    assert text[2].split() == ["2", "1,000"]
    assert text[3].split() == ["latchproof", "1.50", "(1.50-1.50)", "1.30", "(1.25-1.35)"]
    assert text[4].split() == ["asyncio.Barrier", "-", "6.50", "(6.25-6.75)"]


def test_targets_are_met_or_not_or_not_measured() -> None:
    met = "\n".join(verdicts([row(1.2, 1.3, 1.4)]))
    assert "latchproof over limit" in met
    assert "at most 1.300: met     1.30 (1.20-1.40)" in met
    assert "not measured" in met
    assert "at most 1.300: NOT MET 1.50 (1.40-1.60)" in "\n".join(verdicts([row(1.4, 1.5, 1.6)]))


def test_there_is_one_target_for_each_thing_on_each_python() -> None:
    things = [(str(target), python) for target in TARGETS for python in target.pythons]
    assert len(things) == len(set(things))


@pytest.mark.parametrize("host", ["asyncio", "uvloop", "trio", "flowno"])
@pytest.mark.parametrize("benchmark", ["barrier wait", "latch park and release"])
def test_there_are_committed_ratios_to_compare_with(host: str, benchmark: str) -> None:
    committed = {one.key for one in read(ROOT / "benchmarks" / "baseline.json")}
    for python in ("3.11", "3.13"):
        assert Key(python, host, benchmark, 1000, "latchproof", "limit") in committed
