"""The axes on which correct barriers differ, and the named points on them.

A difference of policy is not a fault. The operations take a policy and read it only where a rule differs. What an axis
says of calls that are released and have not returned is beyond the counters; the judge and the claims read it. The
first policy is the one that our own class keeps.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, TypeAlias

    from latchproof_spec.step import IndexOrder

    Reach: TypeAlias = Literal["the parked", "perhaps the released too"]


class BarrierPolicy:
    """Where correct barriers differ.

    `cancelled`         a cancelled parked waiter "withdraws", or "breaks" the barrier.
    `cancelled_early`   a task that is cancelled before it arrives, so when it calls wait(), "makes no call", or
                        "breaks" the barrier. A timeout never comes before the arrival.
    `index_order`       indices are given by "arrival", "reversed", or in "any" permutation; or "one leads": a call is
                        told only whether its index is 0, in any permutation.
    `abort_reaches`     abort, and reset, fail the parked, or perhaps also the released that have not returned.
    `n_waiting_counts`  what n_waiting counts, likewise.
    """

    __slots__ = ("abort_reaches", "cancelled", "cancelled_early", "index_order", "n_waiting_counts", "name")

    def __init__(
        self,
        name: str,
        cancelled: Literal["withdraws", "breaks"],
        cancelled_early: Literal["makes no call", "breaks"],
        index_order: IndexOrder,
        abort_reaches: Reach,
        n_waiting_counts: Reach,
    ) -> None:
        self.name: Final = name
        self.cancelled: Final = cancelled
        self.cancelled_early: Final = cancelled_early
        self.index_order: Final = index_order
        self.abort_reaches: Final = abort_reaches
        self.n_waiting_counts: Final = n_waiting_counts

    def __repr__(self) -> str:
        return self.name


def led(one: BarrierPolicy) -> BarrierPolicy:
    """Return the policy with one call of each generation that leads, in place of indices; the same if it is that."""
    if one.index_order == "one leads":
        return one
    return BarrierPolicy(
        one.name, one.cancelled, one.cancelled_early, "one leads", one.abort_reaches, one.n_waiting_counts
    )


LATCHPROOF: Final = BarrierPolicy("latchproof", "withdraws", "makes no call", "arrival", "the parked", "the parked")
POLICIES: Final = (
    LATCHPROOF,
    BarrierPolicy("cpython", "withdraws", "makes no call", "any", "perhaps the released too", "the parked"),
    BarrierPolicy("java", "breaks", "breaks", "reversed", "the parked", "the parked"),
    BarrierPolicy("aiologic", "breaks", "makes no call", "arrival", "the parked", "the parked"),
    BarrierPolicy(
        "lenient", "withdraws", "makes no call", "any", "perhaps the released too", "perhaps the released too"
    ),
    BarrierPolicy("leader", "withdraws", "makes no call", "one leads", "the parked", "the parked"),
)
ONLY_NAMED: Final = ("leader",)
"""The policies judged only where they are named. A class that returns indices is right, and has no leader."""
