"""Our barrier under the interface of `asyncio.Barrier`.

Import `Barrier` and `BrokenBarrierError` from here instead of from asyncio. What differs is what a barrier does, not
how it is called:

- each index is given once, in order of arrival;
- abort and reset do not reach tasks that are already released;
- a task whose cancellation is requested is not counted;
- there is no draining: a task that arrives early is counted for the next generation at once;
- a number of parties that is not an int is refused.

docs/howto/move-over.md shows each difference.
"""

from asyncio import BrokenBarrierError

from latchproof import barrier

__all__ = ["Barrier", "BrokenBarrierError"]


class Barrier(barrier.Barrier):
    """A barrier that looks like asyncio's, and can be subclassed and given attributes like it.

    >>> import asyncio
    >>> async def main() -> list[int]:
    ...     barrier = Barrier(2)
    ...     return await asyncio.gather(barrier.wait(), barrier.wait())
    >>> asyncio.run(main())
    [0, 1]
    >>> repr(Barrier(2)).endswith("[filling, waiters:0/2]>")
    True
    """

    def __repr__(self) -> str:
        state = "broken" if self.broken else f"filling, waiters:{self.n_waiting}/{self.parties}"
        return f"<{object.__repr__(self)[1:-1]} [{state}]>"
