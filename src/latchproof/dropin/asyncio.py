"""`asyncio.Barrier` by its own interface.

Instead of `from asyncio import Barrier, BrokenBarrierError`, import the two from here. What differs is what a barrier
does, not how it is called: an index is given once, in order of arrival; an abort or a reset does not reach tasks that
are released; a task whose cancellation is requested is not counted; it never drains, so whoever comes early is counted
for the next generation at once; and parties that are no int are refused. docs/howto/move-over.md shows each.
"""

from asyncio import BrokenBarrierError

from latchproof import barrier

__all__ = ["Barrier", "BrokenBarrierError"]


class Barrier(barrier.Barrier):
    """A barrier that looks as asyncio's does, and may be given attributes and be subclassed as that one may.

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
