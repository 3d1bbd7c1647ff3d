"""Every situation has a finding, every finding a situation, and something that gives it a chance."""

from __future__ import annotations

from typing import get_args

from latchproof_spec.findings import BLAME, FINDINGS, exercised_by, finding_of
from latchproof_spec.machine import Situation
from latchproof_spec.machines import CLAIMS


def test_every_situation_has_a_finding() -> None:
    assert set(BLAME) == set(get_args(Situation))
    assert set(BLAME.values()) == set(FINDINGS)


def test_names_are_words_and_differ_from_those_of_claims() -> None:
    names = [one.id for one in FINDINGS]
    assert len({*names, *(claim.id for claim in CLAIMS)}) == len(names) + len(CLAIMS)
    assert all(finding_of(name).id == name and name.replace("-", "").isalpha() for name in names)


def test_each_finding_has_a_chance_to_be_made() -> None:
    rules = [
        "wait() waits",
        "wait() returns",
        "set() ends other calls",
        "put() raises QueueFull",
        "wait() is withdrawn",
    ]
    assert {one for rule in rules for one in exercised_by(rule)} == set(FINDINGS)
    assert [one.id for one in exercised_by("get() is cancelled after it took effect")] == ["effect-of-a-cancelled-call"]
