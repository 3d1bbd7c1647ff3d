"""A barrier: calls wait until there are as many as its parties. `latchproof_spec.barrier` has the rules of a check."""

from __future__ import annotations

from itertools import permutations

from latchproof_spec.model import Cancelled, Model, any_of, choose, place, released, waiters, when
from latchproof_spec.step import BrokenBarrierError


class Barrier(Model):
    """The last to arrive lets the others go, and each call returns another index. A broken barrier refuses calls."""

    policies = {
        "latchproof": {},
        "cpython": {"_order": "any", "_reaches": "perhaps the released too"},
        "java": {"_order": "reversed", "_cancelled": "breaks", "_cancelled_early": "breaks"},
        "aiologic": {"_cancelled": "breaks"},
        "lenient": {"_order": "any", "_reaches": "perhaps the released too", "_counts": "perhaps the released too"},
    }
    fair = False
    optional = ("abort", "reset", "n_waiting", "broken", "parties")
    _order = "arrival"
    _cancelled = "withdraws"
    _cancelled_early = "makes no call"
    _reaches = "the waiting"
    _counts = "the waiting"

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError
        self.parties, self.broken = parties, False

    def wait(self) -> int:
        if self.broken:
            raise BrokenBarrierError
        others = waiters()
        try:
            when(len(others) + 1 == self.parties, f"{len(others) + 1} of {self.parties} had arrived")
        except Cancelled:
            if (self._cancelled if place() is not None else self._cancelled_early) == "breaks":
                self._fail(broken=True, reaches="the waiting")
            raise
        indices = range(self.parties)
        order = {"arrival": indices, "reversed": indices[::-1]}.get(self._order) or choose(*permutations(indices))
        for waiter in others:
            waiter.returns(order[waiter.place])
        return order[-1]

    def abort(self) -> None:
        self._fail(broken=True, reaches=self._reaches)

    def reset(self) -> None:
        self._fail(broken=False, reaches=self._reaches)

    def _fail(self, *, broken: bool, reaches: str) -> None:
        self.broken = broken
        for waiter in waiters():
            waiter.raises(BrokenBarrierError)
        if reaches == "perhaps the released too":
            for call in released():
                if choose(False, True):
                    call.raises(BrokenBarrierError)

    def invariant(self) -> bool:
        return len(waiters()) < self.parties and not (self.broken and waiters())

    @property
    def n_waiting(self) -> any_of:
        there = len(waiters())
        return any_of(*range(there, there + 1 + (len(released()) if self._counts != "the waiting" else 0)))
