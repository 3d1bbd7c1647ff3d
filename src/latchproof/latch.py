"""The CountdownLatch that programs use: a shell that parks and wakes tasks and asks the specification what to do."""

from __future__ import annotations

from sys import modules

from latchproof.parking import Parking
from latchproof_spec.latch import rules as spec
from latchproof_spec.step import ZeroLatchError, refusal, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

    from latchproof.hosts import Host
    from latchproof_spec.step import Rule


class CountdownLatch:
    """Tasks wait until a count has been counted down to zero; then all of them go on.

    `count` is an int, 0 or more; a latch made with 0 is open. Not thread-safe.

    Raises TypeError if the count is no int (a bool is none), ValueError if it is negative.
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
        """The current count; 0 is open.

        >>> CountdownLatch(3).count
        3
        """
        return self._count

    async def wait(self) -> None:
        """Go on once the count is zero: at once if it is, else when a count_down makes it so.

        A task that is cancelled while it waits takes back its wait and nothing else. On asyncio and Flowno a wait
        on an open latch does not suspend; on trio it is a checkpoint.

        Raises RuntimeError if no known event loop is running, or if tasks of another one wait here.
        Rules L7 to L10.

        >>> import asyncio
        >>> asyncio.run(CountdownLatch(0).wait())
        """
        parking = self._parking  # few local variables: each is eight bytes of every task that waits
        if not parking.host.is_here():
            parking.enter()
        if self._count <= 0:  # else L8, as `latchproof.prove.shells` proves
            decided = spec.wait(self._count, len(parking.queue))
            self._count = decided[0]
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
        """Take one off the count; the last one releases every waiting task.

        At zero already, nothing changes, and a warning is logged by the logger "latchproof". It does not suspend,
        but on trio it is a checkpoint; in clean-up that may run cancelled, use `count_down_nowait`.

        Raises ZeroLatchError instead of warning if `exception_if_zero`, and RuntimeError if no known event loop is
        running or tasks of another one wait here. Rules L1 to L3x.

        >>> import asyncio
        >>> latch = CountdownLatch(1)
        >>> asyncio.run(latch.count_down())
        >>> latch.count
        0
        """
        parking = self._parking
        host = parking.host
        # With nobody parked it makes no difference which loop runs the caller, as long as one does that is not trio's.
        if (
            self._count > 1  # L1, as `latchproof.prove.shells` proves
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
        """As `count_down`, as a plain call, for callbacks and for clean-up; it needs no event loop.

        From another thread, hand it to the loop: `loop.call_soon_threadsafe(latch.count_down_nowait)`.

        >>> latch = CountdownLatch(1)
        >>> latch.count_down_nowait()
        >>> latch.count_down_nowait(exception_if_zero=True)
        Traceback (most recent call last):
        ...
        latchproof_spec.step.ZeroLatchError: count_down() on a latch whose count is already zero
        """
        self._parking.enter_plain()
        self._count_down(exception_if_zero)

    def countdown_nowait(self, event_loop: object = None) -> None:
        """As `count_down_nowait`, by the name and with the argument that Flowno's own code calls it with.

        The argument is not needed: parked tasks know their event loop.

        >>> latch = CountdownLatch(1)
        >>> latch.countdown_nowait(None)
        >>> latch.count
        0
        """
        self.count_down_nowait()

    def set_count(self, n: int) -> None:
        """Set the count of a latch that nobody waits on: 0 opens it, more closes it.

        Tasks that have been released go on all the same, whatever is set before they run.

        Raises TypeError if `n` is no int (a bool is none), ValueError if it is negative, LatchInUseError if tasks
        wait; nothing is changed then. Rules L4 to L6.

        >>> latch = CountdownLatch(0)
        >>> latch.set_count(2)
        >>> latch.count
        2
        """
        parking = self._parking
        parking.enter_plain()
        count, _, rule = spec.set_count(self._count, len(parking.queue), n)
        if rule.heeds_parked and parking.purge():
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
        """Do to the parked and to the caller what the rule says."""
        if rule.queue != "stays" and self._parking.queue:
            self._parking.release(rule)
        if rule.warns:
            import logging

            logging.getLogger("latchproof").warning("%r: %s", self, rule.message)
        if rule.refuses:
            raise refusal(rule, argument)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a latch cannot be copied or pickled, for tasks may wait at it; make another one")

    def __repr__(self) -> str:
        waiting = len(self._parking)
        return f"<CountdownLatch count={written(self._count)}{f' waiting={waiting}' if waiting else ''}>"


async def _checkpoint(host: Host) -> None:
    await host.checkpoint_if_cancelled()
    await host.cancel_shielded_checkpoint()
