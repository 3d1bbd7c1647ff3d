"""The Barrier that programs use: a shell that parks and wakes tasks, and asks the specification what to do."""

from __future__ import annotations

from latchproof.hosts import KI_PROTECTED
from latchproof.parking import Parking
from latchproof_spec.barrier import rules as spec
from latchproof_spec.messages import refusal, written
from latchproof_spec.step import caller_ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeAlias

    from latchproof.hosts.interface import Host
    from latchproof_spec.step import Rule

    Operation: TypeAlias = Callable[[int, int, bool], tuple[int, bool, Rule]]


class Barrier:
    """A fixed number of tasks wait for each other; when the last of them arrives, all continue.

    Then the barrier fills again: it may be used any number of times. `parties` is an int, 1 or more. Not thread-safe.

    Raises TypeError if `parties` is not an int (a bool is rejected), ValueError if it is less than 1.
    Specified in `latchproof_spec.barrier.rules`, rules B0 to B7.

    >>> import asyncio
    >>> async def main() -> list[int]:
    ...     barrier = Barrier(3)
    ...     return await asyncio.gather(barrier.wait(), barrier.wait(), barrier.wait())
    >>> asyncio.run(main())
    [0, 1, 2]
    """

    __slots__ = ("__weakref__", "_broken", "_parking", "_parties")

    def __init__(self, parties: int) -> None:
        (made,), (_, broken), rule = spec.create(parties)
        if rule.refuses:
            raise refusal(rule, parties)
        self._parties, self._broken = made, broken
        self._parking = Parking()

    @property
    def parties(self) -> int:
        """The number of tasks in a generation.

        >>> Barrier(3).parties
        3
        """
        return self._parties

    @property
    def n_waiting(self) -> int:
        """The number of tasks parked in the generation that is filling. Reading it is O(parked), except on trio.

        >>> Barrier(3).n_waiting
        0
        """
        return len(self._parking)

    @property
    def broken(self) -> bool:
        """Whether the barrier is broken: it was aborted, and has not been reset since.

        >>> Barrier(3).broken
        False
        """
        return self._broken

    async def wait(self) -> int:
        """Arrive, and wait until all parties have arrived.

        Returns the position of this arrival in its generation, 0 to parties - 1: at most one task returns 0. A task
        that is cancelled while it waits takes back its arrival and nothing else; a task that is cancelled after the
        generation is complete changes nothing for the others. On asyncio such a task ends cancelled if it has not run
        since, and then no task returns its index.

        Raises BrokenBarrierError if the barrier is broken, or is aborted or reset while the task waits (on asyncio
        the error is also an asyncio.BrokenBarrierError). Raises RuntimeError if no supported event loop is running,
        or if tasks of another one wait here. Rules B1 to B5.

        >>> import asyncio
        >>> asyncio.run(Barrier(1).wait())
        0
        """
        parking = self._parking  # few local variables: each is eight bytes of every task that waits
        if not parking.host.is_here():
            parking.enter()
        if self._broken or len(parking.queue) + 1 >= self._parties:  # else B1, as `latchproof.prove.classes` proves
            parking.purge()  # the rules that remain heed the parked
            decided = spec.wait(self._parties, len(parking.queue), self._broken)
            if decided[2].caller != "parks":
                if parking.host.checkpoints:
                    return await self._complete_at_checkpoint(decided, parking.host)
                return self._complete(decided, parking.host)
        waker = parking.new_waker()
        parking.queue[waker] = None
        try:
            ending: int | type[Exception] = await waker
        except BaseException:
            parking.queue.pop(waker, None)
            raise
        if isinstance(ending, int):
            return ending
        raise ending(spec.FAILED)

    async def _complete_at_checkpoint(self, decided: tuple[int, bool, Rule], host: Host) -> int:
        await host.checkpoint_if_cancelled()
        try:
            return self._complete(decided, host)
        finally:
            await host.cancel_shielded_checkpoint()

    def _complete(self, decided: tuple[int, bool, Rule], host: Host) -> int:
        """Return the index of a call that does not park, or raise its error."""
        _, self._broken, rule = decided
        if rule.refuses:
            raise host.broken_barrier_error(rule.message)
        queue = self._parking.queue
        index = caller_ending(rule, len(queue))
        if queue:
            self._parking.release(rule)
        assert isinstance(index, int)
        return index

    async def abort(self) -> None:
        """Break the barrier: each task that waits, or that arrives before a reset, gets BrokenBarrierError.

        A generation that is already complete is not affected. The call does not suspend, but on trio it is a
        checkpoint; in clean-up that may run cancelled, use `abort_nowait`.

        Raises RuntimeError if no supported event loop is running, or if tasks of another one wait here. Rule B6.

        >>> import asyncio
        >>> barrier = Barrier(2)
        >>> asyncio.run(barrier.abort())
        >>> barrier.broken
        True
        """
        await self._run(spec.abort)

    async def reset(self) -> None:
        """Make the barrier whole and empty: each task that waits gets BrokenBarrierError.

        A generation that is already complete is not affected. The call does not suspend, but on trio it is a
        checkpoint; in clean-up that may run cancelled, use `reset_nowait`.

        Raises RuntimeError if no supported event loop is running, or if tasks of another one wait here. Rule B7.

        >>> import asyncio
        >>> barrier = Barrier(2)
        >>> asyncio.run(barrier.abort())
        >>> asyncio.run(barrier.reset())
        >>> barrier.broken
        False
        """
        await self._run(spec.reset)

    def abort_nowait(self) -> None:
        """Do the same as `abort`, as a plain call for callbacks and clean-up. It needs no event loop.

        From another thread, hand it to the loop: `loop.call_soon_threadsafe(barrier.abort_nowait)`.

        >>> barrier = Barrier(2)
        >>> barrier.abort_nowait()
        >>> barrier.broken
        True
        """
        self._parking.enter_plain()
        self._decide(spec.abort)

    def reset_nowait(self) -> None:
        """Do the same as `reset`, as a plain call for callbacks and clean-up. It needs no event loop.

        >>> barrier = Barrier(2)
        >>> barrier.abort_nowait()
        >>> barrier.reset_nowait()
        >>> barrier.broken
        False
        """
        self._parking.enter_plain()
        self._decide(spec.reset)

    async def _run(self, operation: Operation) -> None:
        host = self._parking.enter()
        if not host.checkpoints:
            self._decide(operation)
            return
        await host.checkpoint_if_cancelled()
        self._decide(operation)
        await host.cancel_shielded_checkpoint()

    def _decide(self, operation: Operation) -> None:
        parking = self._parking
        parking.purge()
        _, self._broken, rule = operation(self._parties, len(parking.queue), self._broken)
        if parking.queue:
            parking.release(rule)

    async def __aenter__(self) -> int:
        return await self.wait()

    async def __aexit__(self, *exc_info: object) -> None:
        """Do nothing: leaving the block is not another arrival."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a barrier cannot be copied or pickled, because tasks may wait at it; make a new one")

    def __repr__(self) -> str:
        state = "broken" if self._broken else f"waiting={self.n_waiting}"
        return f"<Barrier parties={written(self._parties)} {state}>"


KI_PROTECTED.append(Barrier)
