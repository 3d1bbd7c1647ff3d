"""A read-write lock: several tasks read at once, and a task that writes is alone."""

from __future__ import annotations

from latchproof.model import Model, place, task, waiters, when


class RWLock(Model):
    """Right classes differ in whether a task that wants to read waits behind one that waits to write."""

    policies = {
        "in-line": {"_behind": "earlier writers"},
        "writers-first": {"_behind": "writers"},
        "readers-first": {"_behind": "none"},
    }
    fair = False
    gives_back = {"acquire_read": "release_read", "acquire_write": "release_write"}
    _behind = "earlier writers"
    _again = "waits"
    """What a task does that acquires the lock while it holds it."""

    def __init__(self) -> None:
        self._readers: tuple[int, ...] = ()
        self._writers: tuple[int, ...] = ()  # the task that writes, as often as it has acquired the lock

    def acquire_read(self) -> None:
        self._require_first_time()
        if not self._is_let_in(self._readers + self._writers):
            when(not self._writers, "a task wrote")
            when(not self._stands_behind_a_writer(), "a task waited to write")
        self._readers = tuple(sorted((*self._readers, task())))

    def acquire_write(self) -> None:
        self._require_first_time()
        if self._again != "waits" and task() in self._readers and task() not in self._writers:
            raise RuntimeError
        if not self._is_let_in(self._writers):
            when(not self._writers, "a task wrote")
            when(not self._readers, "a task read")
        self._writers += (task(),)

    def release_read(self) -> None:
        at = self._readers.index(task())
        self._readers = self._readers[:at] + self._readers[at + 1 :]

    def release_write(self) -> None:
        self._writers = self._writers[1:]

    def _require_first_time(self) -> None:
        if self._again == "is refused" and task() in self._readers + self._writers:
            raise RuntimeError

    def _is_let_in(self, holders: tuple[int, ...]) -> bool:
        return self._again == "is let in" and task() in holders

    def _stands_behind_a_writer(self) -> bool:
        others = waiters()
        if self._behind == "earlier writers" and place() is not None:
            others = others[: place()]
        return self._behind != "none" and any(one.operation == "acquire_write" for one in others)


class OwnedRWLock(RWLock):
    """The same, where a task that holds the lock may not acquire it."""

    _again = "is refused"


class ReentrantRWLock(RWLock):
    """The same, where a task that holds the lock may acquire it, but not to write if it reads."""

    _again = "is let in"


class RWLockWithoutUpgrade(RWLock):
    """The same, where a task that reads may not acquire it to write."""

    _again = "upgrades are refused"
