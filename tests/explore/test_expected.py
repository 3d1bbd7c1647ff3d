"""The explorations that the manifest names find what is written there, and the gate sees it if they do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from latchproof.explore.expected import Pinned, check, gaps, read_pinned
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from tests.explore.faults import faulty

MANIFEST = Path(__file__).resolve().parents[2] / "proofs" / "manifest.toml"
PINNED = read_pinned(MANIFEST)


@pytest.mark.parametrize("pinned", PINNED, ids=lambda pinned: f"{pinned.kind}-{pinned.machine}-{pinned.name}")
def test_what_is_pinned_is_found(pinned: Pinned) -> None:
    outcome = check(pinned)
    assert outcome.failures == ()
    assert outcome.counts == pinned.counts


def test_every_claim_is_judged_at_some_bound_and_at_the_next() -> None:
    assert list(gaps(PINNED)) == []


def named(name: str, kind: str = "explored") -> Pinned:
    (found,) = (one for one in PINNED if one.name == name and one.kind == kind)
    return found


def test_a_gap_is_seen() -> None:
    alone = [one for one in PINNED if one.kind == "live" and one.tasks == 4]
    assert "C13 of the barrier is not live at two neighbouring bounds" in list(gaps(alone))
    elsewhere = [named("3 parties, 4 tasks"), named("2 parties, 5 tasks")]
    assert "C5 of the barrier is not explored at two neighbouring bounds" in list(gaps(elsewhere))
    assert "C5 of the barrier is not explored at two neighbouring bounds" not in list(
        gaps([*elsewhere, named("3 parties, 5 tasks")])
    )


@pytest.mark.parametrize("count", ["orbits", "states", "transitions", "depth", "rests"])
def test_a_number_that_differs_fails(count: str) -> None:
    pinned = named("count 2, 3 tasks, 2 calls each")
    found = check(replace(pinned, counts=pinned.counts | {count: pinned.counts[count] + 1}))
    assert found.failures == (f"{count}: {pinned.counts[count]}, the manifest has {pinned.counts[count] + 1}",)


def test_a_claim_that_is_not_judged_fails() -> None:
    pinned = named("3 parties, 5 tasks, 3 calls each of wait")
    assert check(replace(pinned, claims=(*pinned.claims, "C1"))).failures == ("C1 is not judged",)
    never_owed = replace(named("3 parties, 4 tasks", "live"), tasks=2)
    assert "C13 is not judged" in check(never_owed).failures


def test_a_fault_fails() -> None:
    wrong = faulty(BARRIER, "withdraw", "return parked - 1, broken, B4", "return parked, broken, B4")
    failures = check(named("3 parties, 4 tasks"), wrong).failures
    assert any(
        failure.startswith("a withdrawal takes back itself (C7) fails: a task calls wait()") for failure in failures
    )
    unkept = faulty(LATCH, "count_down", "return 0, 0, L2", "return 0, 0, L1")
    assert "C12 fails under weak fairness" in check(named("count 1, 4 tasks", "live"), unkept).failures


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
        read_pinned(tmp_path / "manifest.toml")
