"""The queue of parked tasks: all that a latch or a barrier holds beyond the few values of its specified state.

The number parked in the specification is the length of this queue, less the tasks whose cancellation is requested and
which have not run since. Those are purged, but not before every decision: a rule that neither refuses nor touches the
parked tasks applies just the same if some of them have withdrawn (the prover shows this for every operation). So a
count_down first decides with the queue as it is, and a wait does not purge; they do where it could matter.
"""

from __future__ import annotations

from latchproof.hosts import KI_PROTECTED, NOWHERE, current, running
from latchproof_spec.step import endings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from latchproof.hosts.interface import Host, Queue, Waker
    from latchproof_spec.step import Ending, Rule


class Parking:
    """Tasks parked on one host, in order of arrival.

    A shell that parks first asks `host.is_here()`, which is cheap, and calls `enter` only if the answer is no.
    """

    __slots__ = ("host", "new_waker", "queue")

    def __init__(self) -> None:
        self.queue: Queue = {}
        self.host: Host = NOWHERE
        self.new_waker: Callable[[], Waker] = self.host.makes_wakers(self.queue)

    def enter(self) -> Host:
        """Return the host of the calling task, and make it the host of the tasks that park from now on.

        Raises RuntimeError if no supported event loop is running, or if tasks are parked on another one.
        """
        host = current(self.host)
        if host is not self.host:
            if self.queue:
                self._leave_to(host)
            # the wakers first: an interrupt may come between the two lines, and the host must have its wakers
            self.new_waker = host.makes_wakers(self.queue)
            self.host = host
        else:
            host.look_around()
        return host

    def enter_plain(self) -> None:
        """Do the same for a plain method, which needs no event loop.

        Raises RuntimeError if tasks are parked that cannot be woken from here.
        """
        if not self.queue:
            return
        here = running(self.host)
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
        """Remove the tasks that are already withdrawn; return whether there were any."""
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
        """Wake every parked task with its ending by the rule; where that is an error, with the error of the host."""
        wakers = tuple(self.queue)
        if rule.queue == "failed":
            given: Iterable[Ending] = (self.host.broken_barrier_error,) * len(wakers)
        else:
            given = endings(rule, len(wakers))
        self.queue.clear()  # first: waking may call back or be interrupted, and no task must be woken twice
        self.host.wake_all(wakers, given)

    def __len__(self) -> int:
        """Return how many tasks are parked, without those that are already withdrawn."""
        if not self.queue or self.host.is_closed():
            return 0
        return len(self.queue) - len(self.host.withdrawn(self.queue))


KI_PROTECTED.append(Parking)
