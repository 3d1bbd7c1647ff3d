"""A capacity limiter, as trio's and anyio's: a number of tokens, of which each task may hold one."""

from __future__ import annotations

from latchproof_spec.model import Model, task, when
from latchproof_spec.models.lock import WouldBlock


class CapacityLimiter(Model):
    """Tokens are borrowed by tasks; that a task borrows for another object, or sets the number, is not driven."""

    gives_back = {"acquire": "release", "acquire_nowait": "release"}
    optional = ("acquire_nowait", "total_tokens", "borrowed_tokens", "available_tokens")
    at_rest = ("borrowed_tokens", "available_tokens")

    def __init__(self, total_tokens: int) -> None:
        if total_tokens < 1:
            raise ValueError
        self.total_tokens = total_tokens
        self._borrowers: frozenset[int] = frozenset()

    def acquire(self) -> None:
        if task() in self._borrowers:
            raise RuntimeError
        when(len(self._borrowers) < self.total_tokens, "no token was free")
        self._borrowers |= {task()}

    def acquire_nowait(self) -> None:
        if task() in self._borrowers:
            raise RuntimeError
        if len(self._borrowers) >= self.total_tokens:
            raise WouldBlock
        self._borrowers |= {task()}

    def release(self) -> None:
        if task() not in self._borrowers:
            raise RuntimeError
        self._borrowers -= {task()}

    @property
    def borrowed_tokens(self) -> int:
        return len(self._borrowers)

    @property
    def available_tokens(self) -> int:
        return self.total_tokens - len(self._borrowers)
