"""The axes on which correct latches and barriers differ, and the named points on them.

A difference of policy is no bug. The operations take a policy and look at it only where a rule differs; what an axis
says of calls that are released and have not returned yet is beyond the counters, and is read by the properties of
histories. The first policy is the one that our own classes keep.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final, Literal, TypeAlias

    from latchproof_spec.step import IndexOrder

    Reach: TypeAlias = Literal["the parked", "perhaps the released too"]


class LatchPolicy:
    """Where correct latches differ.

    `set_count_in_use`  set_count while tasks are parked "refuses", or "keeps" them parked (and set_count(0) releases).
    `over_counting`     count_down at zero is "ignored", or it "raises" whatever its arguments.
    """

    __slots__ = ("name", "over_counting", "set_count_in_use")

    def __init__(
        self, name: str, set_count_in_use: Literal["refuses", "keeps"], over_counting: Literal["ignored", "raises"]
    ) -> None:
        self.name: Final = name
        self.set_count_in_use: Final = set_count_in_use
        self.over_counting: Final = over_counting

    def __repr__(self) -> str:
        return self.name


class BarrierPolicy:
    """Where correct barriers differ.

    `cancelled`         a cancelled parked waiter "withdraws", or "breaks" the barrier.
    `index_order`       indices are given by "arrival", "reversed", or in "any" permutation.
    `abort_reaches`     abort, and reset, fail the parked, or perhaps also the released that have not returned.
    `n_waiting_counts`  what n_waiting counts, likewise.
    """

    __slots__ = ("abort_reaches", "cancelled", "index_order", "n_waiting_counts", "name")

    def __init__(
        self,
        name: str,
        cancelled: Literal["withdraws", "breaks"],
        index_order: IndexOrder,
        abort_reaches: Reach,
        n_waiting_counts: Reach,
    ) -> None:
        self.name: Final = name
        self.cancelled: Final = cancelled
        self.index_order: Final = index_order
        self.abort_reaches: Final = abort_reaches
        self.n_waiting_counts: Final = n_waiting_counts

    def __repr__(self) -> str:
        return self.name


LATCHPROOF_LATCH: Final = LatchPolicy("latchproof", "refuses", "ignored")
LATCH_POLICIES: Final = (
    LATCHPROOF_LATCH,
    LatchPolicy("flowno", "keeps", "ignored"),
    LatchPolicy("java", "keeps", "ignored"),
    LatchPolicy("cpython", "keeps", "ignored"),
    LatchPolicy("lenient", "keeps", "ignored"),
    LatchPolicy("aiologic", "keeps", "raises"),
)

LATCHPROOF_BARRIER: Final = BarrierPolicy("latchproof", "withdraws", "arrival", "the parked", "the parked")
BARRIER_POLICIES: Final = (
    LATCHPROOF_BARRIER,
    BarrierPolicy("cpython", "withdraws", "any", "perhaps the released too", "the parked"),
    BarrierPolicy("java", "breaks", "reversed", "the parked", "the parked"),
    BarrierPolicy("aiologic", "breaks", "arrival", "the parked", "the parked"),
    BarrierPolicy("lenient", "withdraws", "any", "perhaps the released too", "perhaps the released too"),
)


def distinct_policies(policies: Iterable[Any]) -> dict[Any, tuple[str, ...]]:
    """Policies that differ by more than their name, each with the names of those that are the same as it.

    >>> list(distinct_policies(LATCH_POLICIES).values())
    [('latchproof',), ('flowno', 'java', 'cpython', 'lenient'), ('aiologic',)]
    """
    groups: dict[tuple[Any, ...], tuple[Any, list[str]]] = {}
    for policy in policies:
        axes = tuple(getattr(policy, axis) for axis in type(policy).__slots__ if axis != "name")
        groups.setdefault(axes, (policy, []))[1].append(policy.name)
    return {policy: tuple(names) for policy, names in groups.values()}
