"""A latch: calls wait until a count is zero. `latchproof_spec.latch` has the rules that a check goes by."""

from __future__ import annotations

from latchproof_spec.model import Model, any_of, choose, released, waiters, when


class CountdownLatch(Model):
    """count_down() lowers the count; the call that makes it zero lets all that wait return."""

    policies = {
        "latchproof": {},
        "keeps": {"_in_use": "keeps"},
        "aiologic": {"_in_use": "keeps", "_over_counting": "raises"},
        "rearms": {"_in_use": "refuses above zero"},
    }
    fair = False
    optional = ("set_count", "count", "is_open", "n_waiting")
    _in_use = "refuses"
    _over_counting = "is ignored"

    def __init__(self, count: int) -> None:
        if count < 0:
            raise ValueError
        self.count = count

    def wait(self) -> None:
        when(self.count == 0, "the count was not zero")

    def count_down(self, exception_if_zero: bool = False) -> None:
        if self.count == 0:
            if self._over_counting == "raises":
                raise choose(RuntimeError, ValueError)
            if exception_if_zero:
                raise RuntimeError
            return
        self.count -= 1
        self._let_go_at_zero()

    def set_count(self, n: int) -> None:
        if self._in_use == "refuses above zero" and self.count > 0:
            raise choose(RuntimeError, ValueError)
        if n < 0:
            raise ValueError
        if self._in_use == "refuses" and waiters("wait"):
            raise RuntimeError
        self.count = n
        self._let_go_at_zero()

    def invariant(self) -> bool:
        return self.count >= 0

    @property
    def is_open(self) -> bool:
        return self.count == 0

    @property
    def n_waiting(self) -> any_of:
        there = len(waiters())
        return any_of(*range(there, there + 1 + (len(released()) if self._in_use != "refuses" else 0)))

    def _let_go_at_zero(self) -> None:
        if self.count == 0:
            for waiter in waiters("wait"):
                waiter.returns()
