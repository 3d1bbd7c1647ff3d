"""The models that latchproof has: what asyncio, trio and anyio offer, a model per file, and the table of them.

A model here is read by people who want to know what their class is held against, so it is short, and says nothing about
tools. What a check needs to know of a kind stands in the table: by which names a class is recognized, and the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from latchproof_spec.machine import Programs
from latchproof_spec.model import Model
from latchproof_spec.models.barrier import Barrier
from latchproof_spec.models.channel import MemoryChannel
from latchproof_spec.models.condition import Condition, WithoutBody
from latchproof_spec.models.event import Event
from latchproof_spec.models.latch import CountdownLatch
from latchproof_spec.models.limiter import CapacityLimiter
from latchproof_spec.models.lock import Lock, OwnedLock
from latchproof_spec.models.queue import Queue
from latchproof_spec.models.semaphore import BoundedSemaphore, Semaphore


@dataclass(frozen=True)
class Shipped:
    """A kind of primitive that latchproof has a model of.

    `classes` are names that decide where several kinds have the methods of a class: that of a class, or, with a dot
    before it, of one of that package alone ("trio.Lock"), which decides first. `programs` are the default bounds, by
    host; "" stands for every host that is not named. `driven` makes what is driven of an object of the class.
    """

    name: str
    model: type[Model]
    classes: tuple[str, ...]
    programs: Mapping[str, tuple[Programs, ...]]
    driven: Callable[[Any], Any] | None = None


def _programs(
    arguments: tuple[int, ...], *, numbers: tuple[int, ...] = (), on_trio: tuple[int, ...] | None = None
) -> dict[str, tuple[Programs, ...]]:
    """Return the bounds of a kind: three calls at once, and a fourth; two cancellations with one of the arguments."""
    some = arguments if on_trio is None else on_trio
    return {
        "": (
            Programs(arguments, at_once=3, calls=4, cancellations=1, numbers=numbers),
            Programs(arguments[:2][-1:], at_once=3, calls=3, cancellations=2, numbers=numbers[:1], again=True),
        ),
        # on trio every call is a checkpoint or two, and every pass has two orders: there are more schedules
        "trio": (Programs(some, at_once=3, calls=3, cancellations=1, numbers=numbers),),
    }


def _programs_with_items(
    sizes: tuple[int, ...], *, waits: Programs, on_trio: tuple[Programs, ...]
) -> dict[str, tuple[Programs, ...]]:
    """Return the bounds of a kind that keeps items: two of them where calls wait, and one with all operations."""
    return {
        "": (
            Programs(sizes, at_once=3, calls=3, cancellations=1, numbers=(1, 2)),
            waits,
            Programs(sizes[-2:], at_once=2, calls=4, cancellations=1, numbers=(1,)),
            Programs(sizes[:2][-1:], at_once=3, calls=3, cancellations=2, numbers=(1,), again=True),
        ),
        "trio": on_trio,
    }


SHIPPED: Final[dict[str, Shipped]] = {
    one.name: one
    for one in (
        Shipped("event", Event, ("Event",), _programs((0,))),
        Shipped("lock", Lock, ("Lock",), _programs((0,))),
        Shipped(
            "owned-lock", OwnedLock, ("trio.Lock", "trio.StrictFIFOLock", "anyio.Lock", "OwnedLock"), _programs((0,))
        ),
        Shipped("semaphore", Semaphore, ("Semaphore",), _programs((0, 1, 2), on_trio=(0, 1))),
        Shipped("bounded-semaphore", BoundedSemaphore, ("BoundedSemaphore",), _programs((1, 2), on_trio=(1,))),
        Shipped("condition", Condition, ("Condition",), _programs((0,)), WithoutBody),
        Shipped(
            "queue",
            Queue,
            ("Queue", "LifoQueue", "PriorityQueue"),
            _programs_with_items(
                (0, 1, 2),
                waits=Programs((1,), at_once=3, calls=4, cancellations=1, numbers=(1, 2), waits_only=True),
                on_trio=(Programs((0, 1, 2), at_once=3, calls=3, cancellations=1, numbers=(1, 2)),),
            ),
        ),
        Shipped("capacity-limiter", CapacityLimiter, ("CapacityLimiter",), _programs((1, 2), on_trio=(1,))),
        Shipped(
            "memory-channel",
            MemoryChannel,
            ("open_memory_channel", "create_memory_object_stream"),
            _programs_with_items(
                (0, 1),
                waits=Programs((0, 1), at_once=3, calls=4, cancellations=1, numbers=(1, 2), waits_only=True),
                on_trio=(
                    Programs((0, 1), at_once=3, calls=3, cancellations=1, numbers=(1, 2), waits_only=True),
                    Programs((0, 1), at_once=2, calls=3, cancellations=1, numbers=(1,)),
                ),
            ),
        ),
        Shipped("latch", CountdownLatch, (), {}),
        Shipped("barrier", Barrier, (), {}),
    )
}
"""The kinds by their names. A latch or a barrier is held against its rules, with the bounds of its machine."""
