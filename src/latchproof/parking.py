"""The queue of parked tasks: all that a latch or a barrier holds besides the few values of its specified state.

The number parked in the specification is the length of this queue, less the tasks whose cancellation is requested and
which have not run yet. Those are purged, but not before every decision: a decision that neither refuses nor touches the
parked is the same however many of them are withdrawn (the prover shows this for every operation), so the shells first
decide with the queue as it is, and purge and decide again only where it could matter.
"""

from __future__ import annotations

from latchproof import hosts
from latchproof_spec.step import endings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from latchproof.hosts import Host, Queue, Waker
    from latchproof_spec.step import Ending, Rule


class Parking:
    """Tasks parked on one host, in order of arrival.

    A shell that parks asks `host.is_here()` first, which is cheap, and `enter` only if it is not or may not be.
    """

    __slots__ = ("host", "new_waker", "queue")

    def __init__(self) -> None:
        self.queue: Queue = {}
        self.host: Host = hosts.NOWHERE
        self.new_waker: Callable[[], Waker] = self.host.makes_wakers(self.queue)

    def enter(self) -> Host:
        """The host of the task that calls, which from now on is the host of whoever parks.

        Raises RuntimeError where no known event loop is running, or where tasks are parked on another one.
        """
        host = hosts.current(self.host)
        if host is not self.host:
            if self.queue:
                self._leave_to(host)
            # an interrupt may come between any two steps: whoever finds this host here must find its wakers too
            self.new_waker = host.makes_wakers(self.queue)
            self.host = host
        else:
            host.look_around()
        return host

    def enter_plain(self) -> None:
        """As `enter`, for a plain method, which needs no event loop.

        Raises RuntimeError where tasks are parked that cannot be woken from here.
        """
        if not self.queue:
            return
        here = hosts.running(self.host)
        if here is not None and here is not self.host:
            self._leave_to(here)
        elif here is None and not self.host.is_closed():
            self.host.check_reachable()

    def _leave_to(self, other: Host) -> None:
        self.purge()
        if self.queue:
            raise RuntimeError(
                f"tasks of another event loop ({self.host.name}) wait here; this one ({other.name}) must not use it "
                "meanwhile: make one latch or barrier for each event loop"
            )

    def purge(self) -> bool:
        """Take out the tasks that are withdrawn already; whether there were any."""
        if not self.queue:
            return False
        before = len(self.queue)
        if self.host.is_closed():
            self.queue.clear()
        else:
            for waker in self.host.withdrawn(self.queue):
                del self.queue[waker]
        return len(self.queue) < before

    def release(self, rule: Rule) -> None:
        """Let every parked task go on with the ending that the rule has for it; where that fails, in the host's way."""
        wakers = tuple(self.queue)
        if rule.queue == "failed":
            given: Iterable[Ending] = (self.host.broken_barrier_error,) * len(wakers)
        else:
            given = endings(rule, len(wakers))
        self.queue.clear()  # first, for waking may call back, or be interrupted: nobody is woken twice
        self.host.wake_all(wakers, given)

    def __len__(self) -> int:
        """How many are parked, without those that are withdrawn already."""
        if not self.queue or self.host.is_closed():
            return 0
        return len(self.queue) - sum(1 for _ in self.host.withdrawn(self.queue))
