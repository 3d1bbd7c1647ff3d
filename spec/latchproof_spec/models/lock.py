"""Locks: one that any task may release, as asyncio's, and one that its owner alone may, as trio's and anyio's."""

from __future__ import annotations

from latchproof_spec.model import Model, task, waiters, when


class WouldBlock(Exception):  # noqa: N818  named as trio and anyio name it
    """What it takes is not free."""


class Lock(Model):
    """One call at a time holds it. Any task may release it."""

    undone_by = {"acquire": "release"}
    optional = ("locked",)
    at_rest = ("locked",)

    def __init__(self) -> None:
        self._held = False

    def acquire(self) -> None:
        when(not self._held, "the lock was held")
        self._held = True

    def release(self) -> None:
        if not self._held:
            raise RuntimeError
        self._held = False

    def invariant(self) -> bool:
        return self._held or not waiters()

    @property
    def locked(self) -> bool:
        return self._held


class OwnedLock(Model):
    """One task at a time holds it, and that task alone may release it. It may not acquire it a second time."""

    gives_back = {"acquire": "release", "acquire_nowait": "release"}
    optional = ("acquire_nowait", "locked")
    at_rest = ("locked",)

    def __init__(self) -> None:
        self._owner: int | None = None

    def acquire(self) -> None:
        if self._owner == task():
            raise RuntimeError
        when(self._owner is None, "another task held the lock")
        self._owner = task()

    def acquire_nowait(self) -> None:
        if self._owner == task():
            raise RuntimeError
        if self._owner is not None:
            raise WouldBlock
        self._owner = task()

    def release(self) -> None:
        if self._owner != task():
            raise RuntimeError
        self._owner = None

    @property
    def locked(self) -> bool:
        return self._owner is not None
