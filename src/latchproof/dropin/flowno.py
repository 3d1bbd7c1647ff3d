"""Our classes under the interface of Flowno's `CountdownLatch`, and of the `Barrier` that it had until 0.1.14.

They are for tasks of your own. They cannot replace the latch inside Flowno's flow engine, which depends on how that
latch suspends. What differs:

- `set_count` is refused while tasks wait; setting 0 opens the latch, and setting more closes it again;
- `count_down` does not suspend;
- the warning about counting below zero is logged by "latchproof";
- the barrier does not count a task that was cancelled.

docs/howto/move-over.md shows each difference.
"""

from latchproof import latch
from latchproof.barrier import Barrier

__all__ = ["Barrier", "CountdownLatch"]


class CountdownLatch(latch.CountdownLatch):
    """A latch whose methods have Flowno's parameters, and that looks like Flowno's.

    >>> latch = CountdownLatch(count=1)
    >>> latch.countdown_nowait(event_loop=None)
    >>> latch
    CountdownLatch(count=0, set=True)
    >>> latch.set_count(count=2)
    >>> latch
    CountdownLatch(count=2, set=False)
    """

    def set_count(self, count: int) -> None:
        """Set the count while no task waits; it raises what `latchproof.CountdownLatch.set_count` raises.

        >>> CountdownLatch(1).set_count(-1)
        Traceback (most recent call last):
        ...
        ValueError: a latch's count must be 0 or more, not -1
        """
        super().set_count(count)

    def __repr__(self) -> str:
        return f"CountdownLatch(count={self.count}, set={self.count == 0})"
