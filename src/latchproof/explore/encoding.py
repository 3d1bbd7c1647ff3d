"""States of the transition system as bytes, up to renaming of tasks: what makes the state explorer fast.

States that differ only by a renaming of tasks are one orbit. An orbit is kept as bytes: the number of the machine's
state, then a sorted byte for each task, which stands for what it is doing and the calls it has left. What an action
does to the other tasks depends on the machine's state, the number parked and the task that acts, and it is the same
for tasks that are doing the same: so it is a translation of bytes, computed by the system once for each of these.

A test compares the orbits, transitions and counts with those of the plain system.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import factorial
from typing import Any, Final, NamedTuple

from latchproof.explore.system import IDLE, LOST, Action, Local, State, System

_PREFIX: Final = 3
"""Length of the number of the machine's state, in bytes."""

_BYTES: Final = bytes(range(256))


class Move(NamedTuple):
    """What some actions of a task, `number` of them, do to the bytes of a state, all of them the same.

    The machine's state becomes `state`, the other tasks are translated by `table`, the task itself becomes `task`; it
    `runs` unless it is cancelled. The first of the actions is `action`, of a task that is `local`.
    """

    state: bytes
    table: bytes
    task: bytes
    runs: bool
    local: Local
    action: Action
    number: int


class Encoding:
    """The orbits of one system as bytes.

    The constructor and `successors` raise ValueError if what a task may be doing does not fit a byte.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._span = (system.calls or 0) + 1  # a local and the calls left: this many codes for each local
        self._states: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[Any, ...], bytes] = {}
        self._locals: list[Local] = []
        self._codes: dict[Local, int] = {}
        self._moves: Final = cache(self._moves_of)  # most orbits ask what others asked
        finished = self._code(Local("idle", calls_left=0))  # only in shapes
        for local in (IDLE, *(Local("parked", position) for position in range(len(system.initial.tasks)))):
            self._code(local)
        first, last = self._code(Local("parked")) * self._span, len(self._locals) * self._span
        self._not_parked = _BYTES[:first] + _BYTES[last:]
        strip = bytearray(code // self._span for code in _BYTES)
        if system.calls is not None:
            strip[self._code(IDLE) * self._span] = finished
        self._strip = bytes(strip)
        tasks = b"".join(map(self._byte, system.initial.tasks))
        self.initial: Final = self._number(system.initial.machine) + tasks

    def successors(self, here: bytes) -> Iterator[tuple[Move, bytes]]:
        """Yield each move from an orbit, with the orbit after it; of tasks that are doing the same, one moves."""
        number, body = here[:_PREFIX], here[_PREFIX:]
        parked = len(body.translate(None, self._not_parked))
        previous = -1
        for position, code in enumerate(body):
            if code == previous:
                continue
            previous = code
            others = body[:position] + body[position + 1 :]
            for move in self._moves(number, parked, code):
                yield move, move.state + bytes(sorted(others.translate(move.table) + move.task))

    def shape(self, orbit: bytes) -> bytes:
        """Return what is left of an orbit if only whether a task has calls left matters, and not how many."""
        return orbit[:_PREFIX] + orbit[_PREFIX:].translate(self._strip)

    def state_of(self, shape: bytes) -> State:
        """Return a state that has this shape."""
        return State(self._state(shape), tuple(self._locals[code] for code in shape[_PREFIX:]))

    def _moves_of(self, number: bytes, parked: int, code: int) -> list[Move]:
        """Return what the actions of a task do, given the machine's state, how many are parked, and the task's code."""
        calls_left = None if self._system.calls is None else code % self._span
        local = self._locals[code // self._span]._replace(calls_left=calls_left)
        tasks = [Local("parked", position) for position in range(parked)]
        who = local.position if local.parked and local.position != LOST else parked
        tasks[who : who + 1] = [local]
        here = State(self._state(number), tuple(tasks))
        moves: dict[tuple[bytes, bytes, bytes, bool], list[Action]] = {}
        for transition in self._system.transitions(here, [who]):
            action, after = transition.action, transition.after
            table = bytearray(_BYTES)
            for task, (old, new) in enumerate(zip(tasks, after.tasks, strict=True)):
                if task != who and old != new:
                    self._translate(table, old, new)
            effect = self._number(after.machine), bytes(table), self._byte(after.tasks[who]), action.kind != "cancel"
            moves.setdefault(effect, []).append(action)
        return [Move(*effect, local, actions[0], len(actions)) for effect, actions in moves.items()]

    def _translate(self, table: bytearray, old: Local, new: Local) -> None:
        """Have the table turn every task that is `old` into one that is `new`, with as many calls left."""
        before, after = self._code(old) * self._span, self._code(new) * self._span
        table[before : before + self._span] = range(after, after + self._span)

    def _state(self, number: bytes) -> tuple[Any, ...]:
        return self._states[int.from_bytes(number[:_PREFIX], "big")]

    def _number(self, state: tuple[Any, ...]) -> bytes:
        if state not in self._numbers:
            self._numbers[state] = len(self._states).to_bytes(_PREFIX, "big")
            self._states.append(state)
        return self._numbers[state]

    def _byte(self, local: Local) -> bytes:
        return bytes([self._code(local._replace(calls_left=None)) * self._span + (local.calls_left or 0)])

    def _code(self, local: Local) -> int:
        if local not in self._codes:
            if (len(self._locals) + 1) * self._span > 256:
                raise ValueError(
                    f"{len(self._system.initial.tasks)} tasks with {self._span - 1} calls each cannot be explored: "
                    "what a task may be doing does not fit a byte; use fewer tasks or calls"
                )
            self._codes[local] = len(self._locals)
            self._locals.append(local)
        return self._codes[local]


def orbit_size(orbit: bytes) -> int:
    """Return how many states differ from this one only by a renaming of tasks, itself included."""
    tasks = orbit[_PREFIX:]
    size = factorial(len(tasks))
    for code in set(tasks):
        size //= factorial(tasks.count(code))
    return size
