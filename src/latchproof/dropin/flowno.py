"""The `CountdownLatch` of `flowno.core.event_loop.synchronization`, and the `Barrier` that was there until 0.1.14.

For tasks of your own. Inside Flowno's flow engine it is no replacement, for that engine relies on the way in which the
latch there suspends. What differs: set_count is refused while tasks wait; a latch that is set to 0 is open, and one
that is set again is closed; a count_down does not suspend; the warning of an over-count is logged by "latchproof"; and
the barrier does not count a task that was cancelled. docs/howto/move-over.md shows each.
"""

from latchproof import latch
from latchproof.barrier import Barrier

__all__ = ["Barrier", "CountdownLatch"]


class CountdownLatch(latch.CountdownLatch):
    """A latch whose methods have Flowno's parameters, and which looks as Flowno's does.

    >>> latch = CountdownLatch(count=1)
    >>> latch.countdown_nowait(event_loop=None)
    >>> latch
    CountdownLatch(count=0, set=True)
    >>> latch.set_count(count=2)
    >>> latch
    CountdownLatch(count=2, set=False)
    """

    def set_count(self, count: int) -> None:
        """Set the count of a latch that nobody waits on. Raises as that of `latchproof.CountdownLatch`.

        >>> CountdownLatch(1).set_count(-1)
        Traceback (most recent call last):
        ...
        ValueError: a latch's count must be 0 or more, not -1
        """
        super().set_count(count)

    def __repr__(self) -> str:
        return f"CountdownLatch(count={self.count}, set={self.count == 0})"
