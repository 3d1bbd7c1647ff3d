"""The Barrier: tasks park until `parties` have arrived; then all of them return, and the next generation fills.

Constant: `parties`. State: how many are `parked` in the generation that is filling, and whether it is `broken`. Every
operation is a pure function of these; it returns the new state and the rule that applied. A task that has been
released is no longer in the state: nothing that is done to the barrier can reach it. The `pre:` and `post:` lines are
contracts in the sense of PEP 316; CrossHair confirms them over all paths.
"""

from __future__ import annotations

from latchproof_spec.barrier.policies import LATCHPROOF, BarrierPolicy
from latchproof_spec.step import BrokenBarrierError, Rule, is_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TypeAlias

BROKEN: Final = (BrokenBarrierError,)
FAILED: Final = "the barrier was aborted or reset while this task was parked at it"

Result: TypeAlias = tuple[int, bool, Rule]

# fmt: off
B0: Final = Rule("B0", "create", "returns", "A new barrier is whole, and no task is parked at it.")
B0v: Final = Rule(
    "B0v", "create", "raises", "The number of parties is less than 1: refused.",
    errors=(ValueError,), message="a barrier's parties must be 1 or more, not {}",
)
B0t: Final = Rule(
    "B0t", "create", "raises", "The number of parties is not an int (a bool is rejected): refused.",
    errors=(TypeError,), message="a barrier's parties must be an int, not {}",
)
B1: Final = Rule("B1", "wait", "parks", "The generation is not complete: the caller parks.")
B2: Final = Rule(
    "B2", "wait", "returns an index",
    "The caller completes the generation: the parked are released with 0, 1, 2, ... by order of arrival, the caller "
    "returns parties - 1, and a new generation fills.",
    queue="indexed",
)
B2r: Final = Rule(
    "B2r", "wait", "returns an index", "The policy counts down: the first gets parties - 1, the last 0.",
    queue="indexed", order="reversed",
)
B2a: Final = Rule(
    "B2a", "wait", "returns an index",
    "The policy leaves the order open: the generation gets 0..parties - 1, in any order.",
    queue="indexed", order="any",
)
B2l: Final = Rule(
    "B2l", "wait", "returns an index",
    "The policy has one call of the generation lead: 0..parties - 1 are given in any order, and a call is told only "
    "whether its index is 0.",
    queue="indexed", order="one leads",
)
B3: Final = Rule(
    "B3", "wait", "raises", "The barrier is broken: refused, nothing changes.",
    errors=BROKEN, message="the barrier is broken; reset() makes it whole",
)
B4: Final = Rule(
    "B4", "withdraw", "leaves",
    "A parked task is cancelled or times out: its arrival is taken back, and later arrivals move up.",
)
B4b: Final = Rule(
    "B4b", "withdraw", "leaves", "The policy has a cancelled party break the barrier: the other parked tasks fail.",
    queue="failed", errors=BROKEN, message=FAILED,
)
B4e: Final = Rule(
    "B4e", "withdraw", "leaves",
    "The policy has a task that is cancelled before it arrives break the barrier: the parked tasks fail.",
    queue="failed", errors=BROKEN, message=FAILED,
)
B5: Final = Rule("B5", "withdraw", "leaves", "The task was already released: nothing changes, for any task.")
B5e: Final = Rule("B5e", "withdraw", "leaves", "The task was cancelled before it arrived: it made no call.")
B6: Final = Rule(
    "B6", "abort", "returns", "The barrier is broken, and the parked tasks fail.",
    queue="failed", errors=BROKEN, message=FAILED,
)
B7: Final = Rule(
    "B7", "reset", "returns", "The barrier is whole again, and the parked tasks fail.",
    queue="failed", errors=BROKEN, message=FAILED,
)
# fmt: on


def invariant(parties: int, parked: int, broken: bool) -> bool:
    """Whether a state is reachable: a filling generation is never complete, and a broken one is empty."""
    return 0 <= parked < parties and (parked == 0 or not broken)


def wait(parties: int, parked: int, broken: bool, policy: BarrierPolicy = LATCHPROOF) -> Result:
    """Arrive: park until the generation is complete, or complete it.

    pre: invariant(parties, parked, broken)
    post: invariant(parties, __return__[0], __return__[1])
    post: __return__[:2] == (0 if broken or parked + 1 == parties else parked + 1, broken)
    post: __return__[2].caller == ("raises" if broken else "parks" if parked + 1 < parties else "returns an index")
    post: __return__[2].queue == ("indexed" if not broken and parked + 1 == parties else "stays")
    post: __return__[2].queue != "indexed" or __return__[2].order == policy.index_order
    post: __return__[2].errors == ((BrokenBarrierError,) if broken else ())

    >>> wait(2, 0, False), wait(2, 1, False), wait(2, 0, True)
    ((1, False, B1), (0, False, B2), (0, True, B3))
    """
    if broken:
        return parked, broken, B3
    if parked + 1 < parties:
        return parked + 1, broken, B1
    if policy.index_order == "arrival":
        return 0, broken, B2
    if policy.index_order == "reversed":
        return 0, broken, B2r
    if policy.index_order == "any":
        return 0, broken, B2a
    return 0, broken, B2l


def withdraw(
    parties: int, parked: int, broken: bool, is_parked: bool, has_arrived: bool, policy: BarrierPolicy = LATCHPROOF
) -> Result:
    """Take back the arrival of a task that is cancelled or times out, or the call of one that is cancelled before it.

    A timeout never comes before the arrival, because the time begins to run when the task is counted.

    pre: invariant(parties, parked, broken) and (parked > 0 or not is_parked)
    post: invariant(parties, __return__[0], __return__[1])
    post: is_parked or __return__[:2] == ((0, True) if __return__[2].queue == "failed" else (parked, broken))
    post: not is_parked or __return__[:2] == ((parked - 1, broken) if policy.cancelled == "withdraws" else (0, True))
    post: __return__[2].caller == "leaves"
    post: not is_parked or __return__[2].queue == ("failed" if policy.cancelled == "breaks" else "stays")
    post: is_parked or not (has_arrived or broken) or __return__[2].queue == "stays"
    post: is_parked or has_arrived or broken or (__return__[2].queue == "stays") == (policy.cancelled_early != "breaks")
    post: __return__[2].queue == "stays" or __return__[2].errors == (BrokenBarrierError,)

    >>> withdraw(3, 2, False, True, True), withdraw(3, 2, False, False, True), withdraw(3, 2, False, False, False)
    ((1, False, B4), (2, False, B5), (2, False, B5e))
    """
    if is_parked:
        if policy.cancelled == "withdraws":
            return parked - 1, broken, B4
        return 0, True, B4b
    if has_arrived:
        return parked, broken, B5
    if policy.cancelled_early == "breaks" and not broken:
        return 0, True, B4e
    return parked, broken, B5e


def abort(parties: int, parked: int, broken: bool, policy: BarrierPolicy = LATCHPROOF) -> Result:
    """Break the barrier.

    pre: invariant(parties, parked, broken)
    post: __return__[:2] == (0, True)
    post: __return__[2].caller == "returns" and __return__[2].queue == "failed"
    post: __return__[2].errors == (BrokenBarrierError,)

    >>> abort(3, 2, False)
    (0, True, B6)
    """
    return 0, True, B6


def reset(parties: int, parked: int, broken: bool, policy: BarrierPolicy = LATCHPROOF) -> Result:
    """Make the barrier whole again.

    pre: invariant(parties, parked, broken)
    post: __return__[:2] == (0, False)
    post: __return__[2].caller == "returns" and __return__[2].queue == "failed"
    post: __return__[2].errors == (BrokenBarrierError,)

    >>> reset(3, 2, False)
    (0, False, B7)
    """
    return 0, False, B7


def create(parties: int) -> tuple[tuple[int], tuple[int, bool], Rule]:
    """Make a barrier: whole, and no task is parked at it.

    post: __return__[2].refuses == (parties < 1)
    post: not __return__[2].refuses or __return__[2].errors == (ValueError,)
    post: __return__[2].refuses or __return__[:2] == ((parties,), (0, False))

    >>> create(3), create(0)
    (((3,), (0, False), B0), ((0,), (0, False), B0v))
    """
    if not is_whole_number(parties):
        return (parties,), (0, False), B0t
    if parties < 1:
        return (parties,), (0, False), B0v
    return (parties,), (0, False), B0
