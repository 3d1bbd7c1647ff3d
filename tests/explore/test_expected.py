"""The explorations that the manifest names find what is written there, and the gate fails if they do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from latchproof.explore.expected import Expectation, compare, gaps, read_expectations
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from tests.explore.faults import faulty

MANIFEST = Path(__file__).resolve().parents[2] / "proofs" / "manifest.toml"
EXPECTATIONS = read_expectations(MANIFEST)


@pytest.mark.parametrize(
    "expectation", EXPECTATIONS, ids=lambda expectation: f"{expectation.table}-{expectation.machine}-{expectation.name}"
)
def test_each_exploration_finds_what_the_manifest_says(expectation: Expectation) -> None:
    found = compare(expectation)
    assert found.failures == ()
    assert found.counts == expectation.counts


def test_every_claim_is_judged_at_some_bound_and_at_the_next() -> None:
    assert list(gaps(EXPECTATIONS)) == []


def named(name: str, table: str = "explored") -> Expectation:
    (found,) = (one for one in EXPECTATIONS if one.name == name and one.table == table)
    return found


def test_a_gap_is_seen() -> None:
    alone = [one for one in EXPECTATIONS if one.table == "live" and one.tasks == 4]
    assert "C13 of the barrier is not live at two neighbouring bounds" in list(gaps(alone))
    elsewhere = [named("3 parties, 4 tasks"), named("2 parties, 5 tasks")]
    assert "C5 of the barrier is not explored at two neighbouring bounds" in list(gaps(elsewhere))
    assert "C5 of the barrier is not explored at two neighbouring bounds" not in list(
        gaps([*elsewhere, named("3 parties, 5 tasks")])
    )


@pytest.mark.parametrize("count", ["orbits", "states", "transitions", "depth", "rests"])
def test_a_number_that_differs_fails(count: str) -> None:
    expectation = named("count 2, 3 tasks, 2 calls each")
    found = compare(replace(expectation, counts=expectation.counts | {count: expectation.counts[count] + 1}))
    assert found.failures == (
        f"{count}: {expectation.counts[count]}, the manifest has {expectation.counts[count] + 1}",
    )


def test_a_claim_that_is_not_judged_fails() -> None:
    expectation = named("3 parties, 5 tasks, 3 calls each of wait")
    assert compare(replace(expectation, claims=(*expectation.claims, "C1"))).failures == ("C1 is not judged",)
    never_owed = replace(named("3 parties, 4 tasks", "live"), tasks=2)
    assert "C13 is not judged" in compare(never_owed).failures


def test_a_fault_fails() -> None:
    wrong = faulty(BARRIER, "withdraw", "return parked - 1, broken, B4", "return parked, broken, B4")
    failures = compare(named("3 parties, 4 tasks"), wrong).failures
    assert any(
        failure.startswith("a withdrawal takes back itself (C7) fails: a task calls wait()") for failure in failures
    )
    unkept = faulty(LATCH, "count_down", "return 0, 0, L2", "return 0, 0, L1")
    assert "C12 fails under weak fairness" in compare(named("count 1, 4 tasks", "live"), unkept).failures


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[explored.latch]\na = { argument = 1 }", "missing .*tasks"),
        ("[explored.semaphore]\na = { argument = 1 }", "explored.semaphore"),
        (
            "[live.latch]\na = { argument = 1, tasks = 2, states = 3, edges = 4, claims = [], calls = 2 }",
            r"unknown \['calls'\]",
        ),
    ],
)
def test_an_entry_that_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_expectations(tmp_path / "manifest.toml")
