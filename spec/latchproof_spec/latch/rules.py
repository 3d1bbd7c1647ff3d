"""The CountdownLatch: a count that is counted down, and tasks that are parked until it is zero.

State: `count` (0 is open) and how many tasks are `parked`. Every operation is a pure function of these two ints and
its arguments; it returns their new values and the rule that applied. The `pre:` and `post:` lines are contracts in the
sense of PEP 316; CrossHair confirms them over all paths.
"""

from __future__ import annotations

from latchproof_spec.latch.policies import LATCHPROOF, LatchPolicy
from latchproof_spec.step import LatchInUseError, Rule, ZeroLatchError, is_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TypeAlias

Result: TypeAlias = tuple[int, int, Rule]

# fmt: off
L1: Final = Rule("L1", "count_down", "returns", "The count falls by one; it is not zero yet.")
L2: Final = Rule(
    "L2", "count_down", "returns", "The count falls to zero: every parked task is released, in one step.",
    queue="released",
)
L3: Final = Rule(
    "L3", "count_down", "returns", "The count is already zero: nothing changes, and a warning is logged.",
    message="count_down() on a latch whose count is already zero: more count_downs than its count", warns=True,
)
L3x: Final = Rule(
    "L3x", "count_down", "raises", "The count is already zero and the caller asked for an error: nothing changes.",
    errors=(ZeroLatchError,), message="count_down() on a latch whose count is already zero",
)
L3p: Final = Rule(
    "L3p", "count_down", "raises", "The count is already zero and the policy has over-counting raise: nothing changes.",
    errors=(RuntimeError, ValueError), message="count_down() on a latch whose count is already zero",
)
L4: Final = Rule(
    "L4", "set_count", "raises", "The new count is negative: refused, nothing changes.",
    errors=(ValueError,), message="a latch's count must be 0 or more, not {}",
)
L4t: Final = Rule(
    "L4t", "set_count", "raises", "The new count is not an int (a bool is rejected): refused, nothing changes.",
    errors=(TypeError,), message="a latch's count must be an int, not {}",
)
L5: Final = Rule(
    "L5", "set_count", "raises", "Tasks are parked on the latch: refused, nothing changes.",
    errors=(LatchInUseError,),
    message="set_count({}) while tasks wait on the latch; count it down to release them, or make a new latch",
)
L5z: Final = Rule(
    "L5z", "set_count", "raises", "The policy has set_count only at zero, and the count is higher: nothing changes.",
    errors=(RuntimeError, ValueError), message="set_count({}) on a latch whose count is not zero",
)
L5k: Final = Rule(
    "L5k", "set_count", "returns", "The policy keeps the parked: the count is set above zero, and they stay."
)
L5r: Final = Rule(
    "L5r", "set_count", "returns", "The policy keeps the parked: set_count(0) releases them.", queue="released"
)
L6: Final = Rule(
    "L6", "set_count", "returns", "No task is parked: the count is set; 0 opens the latch, more closes it."
)
L7: Final = Rule("L7", "wait", "returns", "The latch is open: the caller returns.")
L8: Final = Rule("L8", "wait", "parks", "The latch is closed: the caller parks.")
L9: Final = Rule(
    "L9", "withdraw", "leaves",
    "A parked task is cancelled or times out: one fewer is parked, nothing else changes.",
)
L10: Final = Rule("L10", "withdraw", "leaves", "The task was already released: nothing changes.")
# fmt: on


def invariant(count: int, parked: int) -> bool:
    """Whether a state is reachable as far as two counters can say: C1 and C2."""
    return count >= 0 and parked >= 0 and (count > 0 or parked == 0)


def count_down(count: int, parked: int, exception_if_zero: bool = False, policy: LatchPolicy = LATCHPROOF) -> Result:
    """Take one off the count; at zero, release every parked task.

    pre: invariant(count, parked)
    post: invariant(__return__[0], __return__[1])
    post: __return__[:2] == ((count - 1, parked) if count > 1 else (0, 0))
    post: __return__[2].queue == ("released" if count == 1 else "stays")
    post: __return__[2].refuses == (count == 0 and (exception_if_zero or policy.over_counting == "raises"))
    post: __return__[2].refuses or __return__[2].caller == "returns"
    post: not __return__[2].refuses or policy.over_counting == "raises" or __return__[2].errors == (ZeroLatchError,)
    post: not __return__[2].refuses or policy.over_counting != "raises" or RuntimeError in __return__[2].errors
    post: __return__[2].warns == (count == 0 and not __return__[2].refuses)

    >>> count_down(2, 1), count_down(1, 1), count_down(0, 0), count_down(0, 0, True)
    ((1, 1, L1), (0, 0, L2), (0, 0, L3), (0, 0, L3x))
    """
    if count > 1:
        return count - 1, parked, L1
    if count == 1:
        return 0, 0, L2
    if policy.over_counting == "raises":
        return count, parked, L3p
    if exception_if_zero:
        return count, parked, L3x
    return count, parked, L3


def set_count(count: int, parked: int, n: int, policy: LatchPolicy = LATCHPROOF) -> Result:
    """Set the count of a latch that no task waits on.

    pre: invariant(count, parked)
    post: invariant(__return__[0], __return__[1])
    post: policy.set_count_in_use != "refuses" or __return__[2].refuses == (n < 0 or parked > 0)
    post: policy.set_count_in_use != "keeps" or __return__[2].refuses == (n < 0)
    post: policy.set_count_in_use != "refuses above zero" or __return__[2].refuses == (n < 0 or count > 0)
    post: __return__[2].refuses or __return__[2].caller == "returns"
    post: n >= 0 or __return__[2] is L5z or __return__[2].errors == (ValueError,)
    post: n < 0 or not __return__[2].refuses or __return__[2] is L5z or __return__[2].errors == (LatchInUseError,)
    post: __return__[2] is not L5z or (count > 0 and __return__[2].errors == (RuntimeError, ValueError))
    post: __return__[:2] == ((count, parked) if __return__[2].refuses else (n, parked if n > 0 else 0))
    post: __return__[2].queue == ("released" if parked > 0 and __return__[1] == 0 else "stays")

    >>> set_count(0, 0, 2), set_count(2, 1, 0), set_count(2, 0, -1), set_count(2, 0, True)
    ((2, 0, L6), (2, 1, L5), (2, 0, L4), (2, 0, L4t))
    """
    if not is_whole_number(n):
        return count, parked, L4t
    if policy.set_count_in_use == "refuses above zero" and count > 0:
        return count, parked, L5z
    if n < 0:
        return count, parked, L4
    if parked == 0:
        return n, parked, L6
    if policy.set_count_in_use == "refuses":
        return count, parked, L5
    if n == 0:
        return 0, 0, L5r
    return n, parked, L5k


def wait(count: int, parked: int, policy: LatchPolicy = LATCHPROOF) -> Result:
    """Return if the latch is open, else park until it is.

    pre: invariant(count, parked)
    post: invariant(__return__[0], __return__[1])
    post: __return__[:2] == (count, parked + 1 if count > 0 else parked)
    post: __return__[2].caller == ("parks" if count > 0 else "returns")
    post: __return__[2].queue == "stays"

    >>> wait(0, 0), wait(2, 1)
    ((0, 0, L7), (2, 2, L8))
    """
    if count > 0:
        return count, parked + 1, L8
    return count, parked, L7


def withdraw(count: int, parked: int, is_parked: bool, policy: LatchPolicy = LATCHPROOF) -> Result:
    """Take back the wait of a task that is cancelled or times out.

    pre: invariant(count, parked) and (parked > 0 or not is_parked)
    post: invariant(__return__[0], __return__[1])
    post: __return__[:2] == (count, parked - 1 if is_parked else parked)
    post: __return__[2].caller == "leaves" and __return__[2].queue == "stays"

    >>> withdraw(2, 1, True), withdraw(2, 1, False)
    ((2, 0, L9), (2, 1, L10))
    """
    if is_parked:
        return count, parked - 1, L9
    return count, parked, L10


def create(count: int) -> tuple[tuple[()], tuple[int, int], Rule]:
    """Make a latch: an open one that no task waits on, whose count is then set.

    post: __return__[2].refuses == (count < 0)
    post: not __return__[2].refuses or __return__[2].errors == (ValueError,)
    post: __return__[2].refuses or __return__[:2] == ((), (count, 0))

    >>> create(2), create(-1)
    (((), (2, 0), L6), ((), (0, 0), L4))
    """
    new_count, parked, rule = set_count(0, 0, count)
    return (), (new_count, parked), rule
