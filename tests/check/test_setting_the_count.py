"""A latch whose count can be set only at zero keeps a policy of its own, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof import testing
from tests.check.samples import PlainLatch


class Rearmed(PlainLatch):
    """A latch that is used again once it is open, and not before."""

    error: type[Exception] = RuntimeError

    def set_count(self, n: int) -> None:
        if self._count:
            raise self.error("the latch is closed")
        if n < 0:
            raise ValueError(n)
        self._count = n


class RearmedOrValueError(Rearmed):
    error = ValueError


class NeverRearmed(Rearmed):
    def set_count(self, n: int) -> None:
        raise RuntimeError("made once")


@pytest.mark.parametrize(
    ("factory", "satisfied"),
    [
        (Rearmed, ("rearms",)),
        (RearmedOrValueError, ("rearms",)),
        (NeverRearmed, ()),
        (PlainLatch, ("latchproof", "keeps", "rearms")),  # without set_count() nothing tells these apart
    ],
)
def test_the_policies_of_a_latch_that_is_set_at_zero(factory: Any, satisfied: tuple[str, ...]) -> None:
    verdict = testing.check(factory, calls=3, tasks=2)
    assert verdict.satisfied == satisfied


def test_a_count_that_is_set_above_zero_breaks_that_policy() -> None:
    verdict = testing.check("latchproof:CountdownLatch", policy="rearms", calls=1, cancels=0)
    assert list(verdict.reported.failures) == ["C10"]
    (trace,) = verdict.traces
    assert trace.seen == "set_count() returned"
    assert "L5z" in trace.rules
