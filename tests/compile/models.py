"""Small models that have rules."""

from __future__ import annotations

from latchproof_spec.model import Cancelled, Model, waiters, when


class Event(Model):
    """set() lets all that wait continue, and clear() reaches none of them."""

    def __init__(self) -> None:
        self._flag = False

    def wait(self) -> None:
        when(self._flag)

    def set(self) -> None:
        self._flag = True
        for waiter in waiters():
            waiter.returns()

    def clear(self) -> None:
        self._flag = False

    def invariant(self) -> bool:
        return not (self._flag and waiters())


class Lock(Model):
    """A lock that any task may release."""

    gives_back = {"acquire": "release"}

    def __init__(self) -> None:
        self._held = False

    def acquire(self) -> None:
        when(not self._held)
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


class Semaphore(Model):
    """A counting semaphore."""

    gives_back = {"acquire": "release"}

    def __init__(self, value: int) -> None:
        if value < 0:
            raise ValueError
        self._value = value

    def acquire(self) -> None:
        when(self._value > 0)
        self._value -= 1

    def release(self) -> None:
        self._value += 1

    def invariant(self) -> bool:
        return self._value >= 0


class BoundedSemaphore(Semaphore):
    """A semaphore that is not released more often than it was acquired."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self._bound = value

    def release(self) -> None:
        if self._value == self._bound:
            raise ValueError
        super().release()

    def invariant(self) -> bool:
        return 0 <= self._value <= self._bound


class CountdownLatch(Model):
    """A latch whose count may be set while no task waits."""

    policies = {"latchproof": {}, "keeps": {"_keeps": True}}
    _keeps = False

    def __init__(self, count: int) -> None:
        if count < 0:
            raise ValueError
        self.count = count

    def wait(self) -> None:
        when(self.count == 0)

    def count_down(self, exception_if_zero: bool = False) -> None:
        if self.count == 0:
            if exception_if_zero:
                raise RuntimeError
            return
        self.count -= 1
        self._open()

    def set_count(self, n: int) -> None:
        if n < 0:
            raise ValueError
        if waiters("wait") and not self._keeps:
            raise RuntimeError
        self.count = n
        self._open()

    def _open(self) -> None:
        if self.count == 0:
            for waiter in waiters("wait"):
                waiter.returns()

    def invariant(self) -> bool:
        return self.count >= 0


class BrokenBarrierError(RuntimeError):
    """The barrier is broken."""


class Barrier(Model):
    """A barrier; under some policies a cancelled party breaks it, or indices count down."""

    policies = {"latchproof": {}, "aiologic": {"_breaks": True}, "java": {"_breaks": True, "_falls": True}}
    _breaks = _falls = False

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError
        self.parties, self.broken = parties, False

    def wait(self) -> int:
        if self.broken:
            raise BrokenBarrierError
        try:
            when(len(waiters()) + 1 == self.parties, f"{len(waiters()) + 1} of {self.parties} had arrived")
        except Cancelled:
            if self._breaks:
                self.abort()
            raise
        if self._falls:
            for waiter in waiters():
                waiter.returns(self.parties - 1 - waiter.place)
            return 0
        for waiter in waiters():
            waiter.returns(waiter.place)
        return self.parties - 1

    def abort(self) -> None:
        self.broken = True
        self._fail()

    def reset(self) -> None:
        self.broken = False
        self._fail()

    def _fail(self) -> None:
        for waiter in waiters():
            waiter.raises(BrokenBarrierError)

    def invariant(self) -> bool:
        return len(waiters()) < self.parties and not (self.broken and waiters())

    @property
    def n_waiting(self) -> int:
        return len(waiters())


class Notifier(Model):
    """notify(1) wakes the first that waits, notify_two() the first two."""

    def __init__(self) -> None:
        self._closed = False

    def wait(self) -> None:
        when(False)

    def notify(self) -> None:
        for waiter in waiters()[:1]:
            waiter.returns()

    def notify_two(self) -> None:
        for waiter in waiters()[:2]:
            waiter.returns()

    def hand_over(self) -> None:
        if waiters():
            waiters()[0].returns()


class Condition(Model):
    """A notification is kept for a call that waits, and passed on if that is cancelled."""

    def __init__(self) -> None:
        self._notified = 0

    def wait(self) -> None:
        when(self._notified > 0)
        self._notified -= 1

    def notify(self) -> None:
        self._notified = min(self._notified + 1, len(waiters("wait")))

    def notify_all(self) -> None:
        for waiter in waiters("wait"):
            waiter.returns()

    def invariant(self) -> bool:
        return self._notified == 0
