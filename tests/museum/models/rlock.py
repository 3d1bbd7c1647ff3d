"""A reentrant lock: the task that holds it may acquire it again, and gives it back as often."""

from __future__ import annotations

from latchproof.model import Model, task, when


class RLock(Model):
    """One task at a time holds it, which alone releases it."""

    fair = False
    gives_back = {"acquire": "release"}
    optional = ("locked",)
    at_rest = ("locked",)

    def __init__(self) -> None:
        self._owner: int | None = None
        self._depth = 0

    def acquire(self) -> None:
        if self._owner != task():
            when(self._owner is None, "another task held the lock")
        self._owner = task()
        self._depth += 1

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None

    @property
    def locked(self) -> bool:
        return self._owner is not None
