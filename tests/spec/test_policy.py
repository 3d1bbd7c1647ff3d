"""The named policies, axis by axis."""

from __future__ import annotations

import pytest

from latchproof_spec.barrier.policies import LATCHPROOF as LATCHPROOF_BARRIER
from latchproof_spec.barrier.policies import POLICIES as BARRIER_POLICIES
from latchproof_spec.barrier.policies import BarrierPolicy
from latchproof_spec.latch.policies import LATCHPROOF as LATCHPROOF_LATCH
from latchproof_spec.latch.policies import POLICIES as LATCH_POLICIES
from latchproof_spec.latch.policies import LatchPolicy

PARKED = "the parked"
PERHAPS = "perhaps the released too"


@pytest.mark.parametrize(
    ("policy", "axes"),
    list(
        zip(
            LATCH_POLICIES,
            [
                ("latchproof", "refuses", "ignored"),
                ("flowno", "keeps", "ignored"),
                ("java", "keeps", "ignored"),
                ("cpython", "keeps", "ignored"),
                ("lenient", "keeps", "ignored"),
                ("aiologic", "keeps", "raises"),
            ],
            strict=True,
        )
    ),
    ids=repr,
)
def test_latch_policy(policy: LatchPolicy, axes: tuple[str, ...]) -> None:
    assert (policy.name, policy.set_count_in_use, policy.over_counting) == axes
    assert repr(policy) == policy.name


@pytest.mark.parametrize(
    ("policy", "axes"),
    list(
        zip(
            BARRIER_POLICIES,
            [
                ("latchproof", "withdraws", "arrival", PARKED, PARKED),
                ("cpython", "withdraws", "any", PERHAPS, PARKED),
                ("java", "breaks", "reversed", PARKED, PARKED),
                ("aiologic", "breaks", "arrival", PARKED, PARKED),
                ("lenient", "withdraws", "any", PERHAPS, PERHAPS),
            ],
            strict=True,
        )
    ),
    ids=repr,
)
def test_barrier_policy(policy: BarrierPolicy, axes: tuple[str, ...]) -> None:
    found = (policy.name, policy.cancelled, policy.index_order, policy.abort_reaches, policy.n_waiting_counts)
    assert found == axes
    assert repr(policy) == policy.name


def test_our_own_policy_is_the_first() -> None:
    assert LATCH_POLICIES[0] is LATCHPROOF_LATCH
    assert BARRIER_POLICIES[0] is LATCHPROOF_BARRIER
