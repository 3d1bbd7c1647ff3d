"""The axes on which correct latches differ, and the named points on them.

A difference of policy is not a fault. The operations take a policy and read it only where a rule differs. The first
policy is the one that our own class keeps. Flowno's latch, Java's without `set_count`, and what would be CPython's
differ in nothing that an axis says: they are one policy, named for what it is, and their names stand for it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal


class LatchPolicy:
    """Where correct latches differ.

    `set_count_in_use`  set_count while tasks are parked "refuses", or "keeps" them parked (and set_count(0) releases);
                        or it "refuses above zero", whether tasks are parked or not.
    `over_counting`     count_down at zero is "ignored", or it "raises" whatever its arguments.
    """

    __slots__ = ("name", "over_counting", "set_count_in_use")

    def __init__(
        self,
        name: str,
        set_count_in_use: Literal["refuses", "keeps", "refuses above zero"],
        over_counting: Literal["ignored", "raises"],
    ) -> None:
        self.name: Final = name
        self.set_count_in_use: Final = set_count_in_use
        self.over_counting: Final = over_counting

    def __repr__(self) -> str:
        return self.name


LATCHPROOF: Final = LatchPolicy("latchproof", "refuses", "ignored")
POLICIES: Final = (
    LATCHPROOF,
    LatchPolicy("keeps", "keeps", "ignored"),
    LatchPolicy("aiologic", "keeps", "raises"),
    LatchPolicy("rearms", "refuses above zero", "ignored"),
)
ALIASES: Final = {"flowno": "keeps", "java": "keeps", "cpython": "keeps", "lenient": "keeps"}
