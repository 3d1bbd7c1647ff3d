"""The named faults of the two machines, which take more than one edit or one that a syntax tree does not suggest.

They are shapes that have gone wrong in released software. This is the one table of the kit that is keyed by a machine:
its entries quote the statements of that machine's rules, so they are data about it. A machine without an entry has
none.
"""

from typing import Final, TypeAlias

Change: TypeAlias = tuple[str, str, str]
"""A function or a rule, what it says, and what it says in the mutant; of a rule, keywords of the call that makes it."""

NAMED: Final[dict[str, dict[str, tuple[str, *tuple[Change, ...]]]]] = {
    "latch": {
        "a token for each waiter": (
            "A count_down gives a waiter one of the many tokens that it needs: the count never falls.",
            ("count_down", "return count - 1, parked, L1", "return count, parked, L1"),
            ("count_down", "return 0, 0, L2", "return count, parked, L1"),
        ),
        "if for while": (
            "A waiter that any count_down wakes does not look at the count again, and continues.",
            ("count_down", "return count - 1, parked, L1", "return count - 1, 0, L1"),
            ("L1", "", "queue='released'"),
        ),
        "a shared future": (
            "All wait for one future, which the cancellation of one waiter cancels: here all continue.",
            ("withdraw", "return count, parked - 1, L9", "return count, 0, L9"),
            ("L9", "", "queue='released'"),
        ),
        "trapped in use": (
            "set_count sets the count even while tasks are parked, and releases none of them.",
            ("set_count", "return count, parked, L5", "return n, parked, L5"),
            ("set_count", "return 0, 0, L5r", "return 0, parked, L5k"),
        ),
    },
    "barrier": {
        "no generation": (
            "The count of arrivals does not start again when the barrier trips.",
            ("wait", "return 0, broken, B2", "return parked, broken, B2"),
            ("wait", "return 0, broken, B2r", "return parked, broken, B2r"),
            ("wait", "return 0, broken, B2a", "return parked, broken, B2a"),
        ),
        "alone once": (
            "A barrier of one party does not start again.",
            ("wait", "return 0, broken, B2", "return (1 if parties == 1 else 0), broken, B2"),
        ),
        "a shared future": (
            "All wait for one future, which the cancellation of one waiter cancels: here all fail.",
            ("withdraw", "return parked - 1, broken, B4", "return 0, broken, B4"),
            ("B4", "", "queue='failed', errors=BROKEN"),
        ),
        "aborted only in use": (
            "An abort while no task is parked is forgotten.",
            ("abort", "return 0, True, B6", "return 0, parked > 0 or broken, B6"),
        ),
    },
}

NAMED_OF_APPLY: Final = {
    "a withdrawn task continues": (
        "A withdrawn task continues as if it had returned: with an index, if it was released with one.",
        "if rule.caller in ('returns', 'returns an index', 'raises')",
        "if rule.caller != 'parks'",
    ),
    "a refusal that is swallowed": (
        "A refused call returns, as if nothing had been wrong.",
        "return rule.errors[0]",
        "return None",
    ),
}
"""Named faults of `step.apply`, which any machine can have: a sentence, a statement, and what it is in the mutant."""

NICKNAMES: Final = {
    "latch.withdraw: return count, parked - 1, L9 -> return count, parked, L9": "A cancelled waiter stays counted.",
    "barrier.withdraw: return parked - 1, broken, B4 -> return parked, broken, B4": "A cancelled waiter stays counted.",
    "latch.set_count: return n, parked, L6 -> return count, parked, L6": "set_count does not move the gate.",
    "latch.L2: the queue released -> stays": "The last count_down wakes no task.",
    "barrier.B2: the queue indexed -> stays": "The last arrival wakes no task.",
}
"""What some generated mutants are, in the words of those who met them."""
