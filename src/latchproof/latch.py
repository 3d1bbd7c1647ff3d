"""The CountdownLatch that programs use: a shell that parks and wakes tasks, and asks the specification what to do."""

from __future__ import annotations

from sys import modules

from latchproof.hosts import KI_PROTECTED
from latchproof.parking import Parking
from latchproof_spec.latch import rules as spec
from latchproof_spec.messages import refusal, written
from latchproof_spec.step import ZeroLatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

    from latchproof.hosts.interface import Host
    from latchproof_spec.step import Rule


class CountdownLatch:
    """Tasks wait until a count has been counted down to zero; then all of them continue.

    `count` is an int, 0 or more; a latch made with 0 is open. Not thread-safe.

    Raises TypeError if the count is not an int (a bool is rejected), ValueError if it is negative.
    Specified in `latchproof_spec.latch.rules`, rules L1 to L10.

    >>> import asyncio
    >>> async def main() -> int:
    ...     latch = CountdownLatch(2)
    ...     waiting = asyncio.create_task(latch.wait())
    ...     await latch.count_down()
    ...     await latch.count_down()
    ...     await waiting
    ...     return latch.count
    >>> asyncio.run(main())
    0
    """

    __slots__ = ("__weakref__", "_count", "_parking")

    ZeroLatchError: Final = ZeroLatchError

    def __init__(self, count: int) -> None:
        _, (made, _), rule = spec.create(count)
        if rule.refuses:
            raise refusal(rule, count)
        self._count = made
        self._parking = Parking()

    @property
    def count(self) -> int:
        """The current count; at 0 the latch is open.

        >>> CountdownLatch(3).count
        3
        """
        return self._count

    @property
    def is_open(self) -> bool:
        """Whether the count is zero, so that `wait` returns at once.

        >>> CountdownLatch(0).is_open
        True
        """
        return self._count == 0

    @property
    def n_waiting(self) -> int:
        """The number of tasks parked. Reading it is O(parked), except on trio.

        >>> CountdownLatch(3).n_waiting
        0
        """
        return len(self._parking)

    async def wait(self) -> None:
        """Wait until the count is zero; return at once if it is zero already.

        A task that is cancelled while it waits takes back its wait and nothing else. On asyncio and Flowno, waiting
        on an open latch does not suspend; on trio it is a checkpoint.

        Raises RuntimeError if no supported event loop is running, or if tasks of another one wait here.
        Rules L7 to L10.

        >>> import asyncio
        >>> asyncio.run(CountdownLatch(0).wait())
        """
        parking = self._parking  # few local variables: each is eight bytes of every task that waits
        if not parking.host.is_here():
            parking.enter()
        if self._count <= 0:  # else L8, as `latchproof.prove.classes.refinement` proves
            decided = spec.wait(self._count, len(parking.queue))
            if decided[2].caller != "parks":
                if parking.host.checkpoints:
                    await _checkpoint(parking.host)
                return
        waker = parking.new_waker()
        parking.queue[waker] = None
        try:
            await waker
        except BaseException:
            parking.queue.pop(waker, None)
            raise

    async def count_down(self, exception_if_zero: bool = False) -> None:
        """Subtract one from the count; when it reaches zero, release every waiting task.

        If the count is already zero, nothing changes, and the logger "latchproof" logs a warning. The call does not
        suspend, but on trio it is a checkpoint; in clean-up that may run cancelled, use `count_down_nowait`.

        Raises ZeroLatchError instead of warning if `exception_if_zero` is true. Raises RuntimeError if no supported
        event loop is running, or if tasks of another one wait here. Rules L1 to L3x.

        >>> import asyncio
        >>> latch = CountdownLatch(1)
        >>> asyncio.run(latch.count_down())
        >>> latch.count
        0
        """
        parking = self._parking
        host = parking.host
        # If no task is parked, it makes no difference which loop runs the caller, unless it is trio's or there is none.
        if (
            self._count > 1  # L1, as `latchproof.prove.classes.refinement` proves
            and not parking.queue
            and (host.asyncio_tasks or host.current_task())
            and (host.trio_record.name is None if host.trio_record is not None else "trio" not in modules)
        ):
            self._count -= 1
            return
        if not host.is_here():
            host = parking.enter()
        if not host.checkpoints:
            self._count_down(exception_if_zero)
            return
        await host.checkpoint_if_cancelled()
        try:
            self._count_down(exception_if_zero)
        finally:
            await host.cancel_shielded_checkpoint()

    def count_down_nowait(self, exception_if_zero: bool = False) -> None:
        """Do the same as `count_down`, as a plain call for callbacks and clean-up. It needs no event loop.

        From another thread, hand it to the loop: `loop.call_soon_threadsafe(latch.count_down_nowait)`.

        >>> latch = CountdownLatch(1)
        >>> latch.count_down_nowait()
        >>> latch.count_down_nowait(exception_if_zero=True)
        Traceback (most recent call last):
        ...
        latchproof.ZeroLatchError: count_down() on a latch whose count is already zero
        """
        self._parking.enter_plain()
        self._count_down(exception_if_zero)

    def countdown_nowait(self, event_loop: object = None) -> None:
        """Do the same as `count_down_nowait`, under the name that Flowno's own code calls.

        `event_loop` is accepted and not needed: parked tasks know their event loop.

        >>> latch = CountdownLatch(1)
        >>> latch.countdown_nowait(None)
        >>> latch.count
        0
        """
        self.count_down_nowait()

    def set_count(self, n: int) -> None:
        """Set the count while no task waits: 0 opens the latch, more closes it.

        Tasks that are already released continue, whatever is set before they run.

        Raises TypeError if `n` is not an int (a bool is rejected), ValueError if it is negative, and LatchInUseError
        if tasks wait; nothing is changed then. Rules L4 to L6.

        >>> latch = CountdownLatch(0)
        >>> latch.set_count(2)
        >>> latch.count
        2
        """
        parking = self._parking
        parking.enter_plain()
        parking.purge()  # where tasks are parked, every rule heeds them
        count, _, rule = spec.set_count(self._count, len(parking.queue), n)
        self._count = count
        self._conclude(rule, n)

    def _count_down(self, exception_if_zero: bool) -> None:
        parking = self._parking
        count, _, rule = spec.count_down(self._count, len(parking.queue), exception_if_zero)
        if rule.heeds_parked and parking.purge():
            count, _, rule = spec.count_down(self._count, len(parking.queue), exception_if_zero)
        self._count = count
        if rule is not spec.L1:
            self._conclude(rule)

    def _conclude(self, rule: Rule, argument: object = None) -> None:
        """Release the parked tasks, warn or raise, as the rule says."""
        if rule.queue != "stays" and self._parking.queue:
            self._parking.release(rule)
        if rule.warns:
            import logging

            logging.getLogger("latchproof").warning("%r: %s", self, rule.message)
        if rule.refuses:
            raise refusal(rule, argument)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a latch cannot be copied or pickled, because tasks may wait at it; make a new one")

    def __repr__(self) -> str:
        waiting = self.n_waiting
        return f"<CountdownLatch count={written(self._count)}{f' waiting={waiting}' if waiting else ''}>"


KI_PROTECTED.append(CountdownLatch)


async def _checkpoint(host: Host) -> None:
    await host.checkpoint_if_cancelled()
    await host.cancel_shielded_checkpoint()
