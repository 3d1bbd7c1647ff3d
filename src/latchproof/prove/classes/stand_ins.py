"""Stand-ins for the world around the runtime classes, so that their own code runs on symbols.

The hosts answer what a host may answer: each answer is a symbol, and what the answers have to do with each other is a
premise. `ASSUMED` lists what is taken for granted of a real host by each of them. The queue is in `symbolic_queue`.

Here: what there is around a call, and what is noted of the call. How the code of the classes is made to run in it is in
`copies`; what it is compared with, in `method_cases`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import z3

from latchproof.hosts import NOWHERE
from latchproof.prove.classes.symbolic_queue import ME, FoundOut, Queue, Waker, Withdrawn, has_a_place, sequence
from latchproof.prove.paths import SymBool, symbol, truth
from latchproof.prove.sequences import CALL, Calls
from latchproof_spec.machine import Machine
from latchproof_spec.step import BrokenBarrierError

Kind: TypeAlias = Literal["plain", "checkpoints"]

ASSUMED: Final[dict[str, tuple[str, ...]]] = {
    "a call": ("a_step_is_not_interrupted",),
    "running": ("the_loop_of_the_caller_is_found",),
    "is_here": ("a_host_that_says_it_is_here_is_here",),
    "look_around": ("a_host_that_says_it_is_here_is_here",),
    "is_closed": ("a_closed_loop_runs_no_task",),
    "check_reachable": (
        "tasks_of_trio_are_woken_from_its_own_thread_alone",
        "a_loop_that_is_not_running_is_woken_when_it_runs_again",
        "a_parked_task_is_aborted_once_when_its_cancellation_is_requested",
    ),
    "withdrawn": (
        "a_cancellation_shows_from_its_request_on",
        "a_pending_cancellation_is_raised_where_the_task_parks",
        "wakers_are_told_apart",
    ),
    "makes_wakers": ("each_waker_wakes_the_task_that_made_it", "wakers_are_told_apart"),
    "wake_all": ("a_woken_task_continues_once_with_its_ending", "waking_runs_no_task"),
    "broken_barrier_error": ("the_error_of_a_host_is_the_one_that_is_specified",),
    "await of a waker": (
        "a_parked_task_does_not_continue",
        "a_woken_task_continues_once_with_its_ending",
        "a_parked_call_ends_early_only_at_its_await",
        "a_cancellation_after_the_wake_up_touches_no_other_task",
    ),
    "checkpoint_if_cancelled": ("a_checkpoint_is_cancelled_before_the_effect",),
    "cancel_shielded_checkpoint": ("a_shielded_checkpoint_is_not_cancelled",),
    "asyncio_tasks": ("a_quick_look_is_not_mistaken",),
    "current_task": ("a_quick_look_is_not_mistaken",),
    "trio_record": ("a_quick_look_is_not_mistaken",),
    "modules": ("a_quick_look_is_not_mistaken",),
}
"""The axioms of the hosts that each stand-in has, by name: docs/trust.md lists them.

Each case of the theorem assumes those of the stand-ins that it comes to, and that a call is a step of its task.
"""


class Situation(NamedTuple):
    """Where a call is made: the host that the queue is on, if any, and the one that runs the caller, if any.

    `caller` is "own" for the host of the queue, or the kind of another one.
    """

    own: Kind | None
    caller: Kind | Literal["own"] | None

    def __str__(self) -> str:
        own = {None: "a new queue", "plain": "a queue on a loop", "checkpoints": "a queue on a loop with checkpoints"}
        callers = {None: "no loop", "own": "that loop", "plain": "another loop", "checkpoints": "one with checkpoints"}
        return f"{own[self.own]}, called from {callers[self.caller]}"


SITUATIONS: Final = (
    Situation(None, "plain"),
    Situation(None, "checkpoints"),
    Situation("plain", "own"),
    Situation("checkpoints", "own"),
    Situation("plain", "checkpoints"),
    Situation("checkpoints", "plain"),
    Situation("plain", None),
    Situation(None, None),
)
"""Every situation. Of two hosts one has checkpoints, so it is seen which of them is asked whether it has."""

PARKED, WITHDRAWN = symbol("still_parked", int), symbol("withdrawn", int)
"""How many calls in the queue are parked as the specification knows it, and how many are withdrawn."""

CLOSED: Final = z3.Bool("closed")
"""That the loop of the queue can never run a task again."""

UNREACHABLE: Final = z3.Bool("unreachable")
"""That the tasks of the queue cannot be woken from where the caller is, if no loop runs it."""


class Setting:
    """What is the same on every path: the situation, the symbols of a state, and the premises."""

    def __init__(self, machine: Machine, situation: Situation, *, is_purged: bool = False) -> None:
        self.machine, self.situation = machine, situation
        kinds = {**dict.fromkeys(machine.constants, int), **machine.state}
        self.values = {name: PARKED if name == machine.parked else symbol(name, kind) for name, kind in kinds.items()}
        self.parked = sequence("parked", PARKED.term)
        unpurged = sequence("held", PARKED.term + WITHDRAWN.term)
        nothing_withdrawn = WITHDRAWN.term == 0
        self.held = Calls(
            unpurged.length,
            lambda k: z3.If(nothing_withdrawn, self.parked.at(k), unpurged.at(k)),
            unpurged.has,
            unpurged.place,
        )
        self.parked_later = sequence("parked-later", z3.Int(f"{machine.parked}_later"))
        self.values_later = {
            name: symbol(f"{name}_later", kinds[name]) if name in machine.state else value
            for name, value in self.values.items()
        }
        self.premises = (*self._premises(), *([nothing_withdrawn] if is_purged else []))

    def _premises(self) -> Iterator[z3.BoolRef]:
        own, caller = self.situation
        for invariant in self.machine.invariants:
            yield truth(partial(invariant.holds, *self.values.values()))
        parked, withdrawn = PARKED.term, WITHDRAWN.term
        yield parked >= 0
        yield withdrawn >= 0
        yield has_a_place(self.parked, ME)
        yield z3.Not(self.parked.has(ME))
        yield has_a_place(self.parked_later, ME)
        yield self.parked_later.length >= 0
        if own is None:
            yield z3.And(parked == 0, withdrawn == 0)
        yield z3.Implies(CLOSED, parked == 0 if caller != "own" else z3.BoolVal(False))
        # a host whose tasks cannot be woken from elsewhere takes a withdrawn one out of the queue by itself
        yield z3.Implies(z3.And(UNREACHABLE, z3.Not(CLOSED)), withdrawn == 0)
        if caller is None:
            yield z3.Not(z3.Or(z3.Bool("a task of asyncio"), z3.Bool("a task that may be quick")))
        if caller == "checkpoints" or (caller == "own" and own == "checkpoints"):
            yield z3.If(z3.Bool("trio is known"), z3.Bool("trio runs here"), z3.Bool("trio is imported"))
        left = z3.Int("left")
        yield z3.Implies(withdrawn > 0, z3.And(parked < left, left <= parked + withdrawn))


setting_of: Final = cache(Setting)
"""Makes the setting of a situation, or returns the one that was made before."""


@dataclass(frozen=True)
class Maker:
    """A function that makes wakers of calls that park on a host, at a queue."""

    host: Loop
    queue: object

    def __call__(self) -> Waker:
        return self.host.world.new_waker(self.host)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Maker) and self.host is other.host and self.queue is other.queue

    __hash__ = None  # type: ignore[assignment] # none is a key


class Record(NamedTuple):
    """trio's note of whether it runs here."""

    name: str | None


class Loop:
    """A host, as far as the classes can tell. Each question that it is asked is noted."""

    def __init__(self, world: World, name: str, kind: Kind) -> None:
        self.world, self.name, self.checkpoints = world, name, kind == "checkpoints"
        self.error = BROKEN[name]
        self.loop = object()

    def is_here(self) -> bool:
        return self.world.answers("is_here", "is here") if self is self.world.caller else False

    def look_around(self) -> None:
        self.world.asked.append("look_around")

    def is_closed(self) -> bool:
        return self.world.answers("is_closed", CLOSED) if self is self.world.own else False

    def check_reachable(self) -> None:
        if self.world.answers("check_reachable", UNREACHABLE):
            raise RuntimeError("its tasks cannot be woken from here")

    def makes_wakers(self, queue: Queue) -> Maker:
        self.world.asked.append("makes_wakers")
        return Maker(self, queue)

    def wake_all(self, wakers: Any, given: Any) -> None:
        self.world.asked.append("wake_all")
        self.world.woken.append((self, wakers, given))
        self.world.at_wake.append(self.world.snapshot())

    def withdrawn(self, queue: Queue) -> Withdrawn:
        self.world.asked.append("withdrawn")
        if queue is not self.world.queue or self is not self.world.own:
            raise FoundOut("a host is asked which calls are withdrawn of a queue that is not on it")
        if SymBool(CLOSED):
            raise FoundOut("a closed loop is asked which calls are withdrawn")
        number = z3.IntVal(0) if queue.held is queue.kept else WITHDRAWN.term
        return Withdrawn(queue, number, self.world)

    @property
    def broken_barrier_error(self) -> type[BrokenBarrierError]:
        self.world.asked.append("broken_barrier_error")
        return self.error

    @property
    def asyncio_tasks(self) -> tuple[object, ...]:
        return ("a task",) if self.world.answers("asyncio_tasks", "a task of asyncio") else ()

    def current_task(self) -> object:
        return "a task" if self.world.answers("current_task", "a task that may be quick") else None

    @property
    def trio_record(self) -> Record | None:
        if not self.world.answers("trio_record", "trio is known"):
            return None
        return Record("trio" if self.world.answers("trio_record", "trio runs here") else None)

    async def checkpoint_if_cancelled(self) -> None:
        self.world.pass_checkpoint("checkpoint_if_cancelled", self)

    async def cancel_shielded_checkpoint(self) -> None:
        self.world.pass_checkpoint("cancel_shielded_checkpoint", self)


BROKEN: Final = {
    name: type(f"BrokenBarrierError of {name}", (BrokenBarrierError,), {})
    for name in ("the loop of the queue", "the loop of the caller")
}
"""The error of a broken barrier on each host: a class that derives from the specification's."""


class Cancelled(BaseException):
    """What is raised in a call that is cancelled."""


class Elsewhere:
    """The host of the queue after a call has let others run: another may have come, and the call must not ask it."""


class Snapshot(NamedTuple):
    """An object at one moment, and what has been done with it up to then."""

    state: tuple[Any, ...]
    parked: Calls
    held: Calls
    host: object
    new_waker: object
    woken: tuple[Any, ...]
    warned: tuple[Any, ...]


class World:
    """What there is around one call on one path, and what is noted of it.

    `events` has the checkpoints, each with the host and the object as it was then; `at_wake` has the object as it was
    when tasks were woken, and `left` as others that ran meanwhile left it.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        own, caller = setting.situation
        self.own: Any = NOWHERE if own is None else Loop(self, "the loop of the queue", own)
        self.caller: Any = self.own if caller == "own" else caller and Loop(self, "the loop of the caller", caller)
        self.queue = Queue(setting.held, setting.parked)
        self.asked = ["a call"]
        self.woken: list[tuple[Any, Any, Any]] = []
        self.at_wake: list[Snapshot] = []
        self.warned: list[tuple[object, ...]] = []
        self.events: list[tuple[str, Any, Snapshot]] = []
        self.cancellation: Cancelled | None = None
        self.left: Snapshot | None = None
        self.parking: Any = None
        self.one: Any = None
        self._wakers = 0

    def answers(self, question: str, answer: str | z3.BoolRef) -> bool:
        """Decide what the answer to a question is on this path."""
        self.asked.append(question)
        return bool(SymBool(z3.Bool(answer) if isinstance(answer, str) else answer))

    def running(self, last: object) -> Any:
        """Return the host that runs the caller; another object for it if it is not asked with the queue's."""
        self.asked.append("running")
        if self.caller is not None and self.caller is self.own and last is not self.own:
            return Loop(self, "the loop of the caller", "checkpoints" if self.own.checkpoints else "plain")
        return self.caller

    def new_waker(self, host: Loop) -> Waker:
        self._wakers += 1
        return Waker(ME if self._wakers == 1 else z3.FreshConst(CALL), host)

    def is_imported(self, name: object) -> bool:
        if name != "trio":
            raise FoundOut(f"it is asked whether {name} is imported")
        return self.answers("modules", "trio is imported")

    def heap(self) -> tuple[Any, ...]:
        """Return all that a call can change, but for which withdrawn calls are in the queue."""
        parking = self.parking
        return (*self.state(), parking.host, parking.new_waker, parking.queue, len(self.queue.added), len(self.woken))

    def state(self) -> tuple[Any, ...]:
        """Return the constants and the state of the object, without the number parked."""
        return tuple(getattr(self.one, name, None) for name in attributes(self.setting.machine).values())

    def snapshot(self) -> Snapshot:
        parking = self.parking
        return Snapshot(
            self.state(),
            self.queue.parked(),
            self.queue.held,
            parking.host,
            parking.new_waker,
            tuple(self.woken),
            tuple(self.warned),
        )

    def pass_checkpoint(self, which: str, host: Loop) -> None:
        """Let a call pass a checkpoint. If others run meanwhile, the object is in any state afterwards."""
        self.asked.append(which)
        self.events.append((which, host, self.snapshot()))
        if which == "cancel_shielded_checkpoint":
            self.let_others_run()
        elif self.answers(which, "cancelled"):
            self.let_others_run()
            self.cancellation = Cancelled()
            raise self.cancellation

    def let_others_run(self) -> None:
        """Put the object into any state that others may leave it in."""
        for name, attribute in attributes(self.setting.machine).items():
            setattr(self.one, attribute, self.setting.values_later[name])
        self.queue.held = self.queue.kept = self.setting.parked_later
        self.queue.added = []
        self.parking.host = Elsewhere()
        self.left = self.snapshot()


def attributes(machine: Machine) -> dict[str, str]:
    """Return, for each constant and each part of the state but the number parked, the attribute that holds it."""
    return {name: f"_{name}" for name in (*machine.constants, *machine.state) if name != machine.parked}
