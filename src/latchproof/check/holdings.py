"""What the tasks of a run hold: what each has taken by a call, and has to give back by another.

Where an operation takes something (`Operation.gives_back`), programs are well formed: a task gives back only what it
holds, and does not end holding it. A program that breaks that is wrong itself, and says nothing about the target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from latchproof.check.kinds import Operation
from latchproof.check.target import Call


class Holding(NamedTuple):
    """What a task holds: the operation that gives it back, and the arguments by which it was taken.

    `call` is the number of the call that took it, and `value` what that returned, where that is passed to the one that
    gives it back; else they are None.
    """

    given_back_by: str
    arguments: tuple[Any, ...]
    call: int | None = None
    value: object = None


class Holdings:
    """What each task holds, by the task's handle, in the order in which it was taken."""

    def __init__(self, operations: Iterable[Operation], passing: Collection[str] = ()) -> None:
        self._passing = passing
        """The operations that are passed what the call returned by which that was taken which they give back."""
        self._taking = {one.name: one.gives_back for one in operations if one.gives_back}
        self._giving = set(self._taking.values())
        self._held: dict[Any, tuple[Holding, ...]] = {}

    def __bool__(self) -> bool:
        """Whether any operation takes something."""
        return bool(self._taking)

    def of(self, handle: Any) -> tuple[Holding, ...]:
        """Return what a task holds."""
        return self._held.get(handle, ())

    def returned(self, handle: Any, call: Call, number: int = 0, value: object = None) -> None:
        """Note that a call of a task has returned: it has taken something, or given it back."""
        name = call.operation.name
        if name in self._taking:
            given_back_by = self._taking[name]
            what = (number, value) if given_back_by in self._passing else ()
            self._held[handle] = (*self.of(handle), Holding(given_back_by, call.arguments, *what))
        elif (holding := self._given_by(handle, call)) is not None:
            self._held[handle] = tuple(one for one in self.of(handle) if one is not holding)

    def passed_to(self, handle: Any, call: Call) -> Holding | None:
        """Return what a call of a task gives back, if that is passed to it."""
        return self._given_by(handle, call) if call.operation.name in self._passing else None

    def may_make(self, handle: Any | None, call: Call) -> bool:
        """Return whether a task may make a call; None stands for a new task, which holds nothing."""
        if call.operation.name not in self._giving:
            return True
        return handle is not None and self._given_by(handle, call) is not None

    def gives(self, handle: Any, call: Call) -> bool:
        """Return whether a call of a task gives something back."""
        return call.operation.name in self._giving and self._given_by(handle, call) is not None

    def _given_by(self, handle: Any, call: Call) -> Holding | None:
        """Return what a call gives back: what was taken by the same arguments, if it has any."""
        return next(self._fitting(handle, call), None)

    def _fitting(self, handle: Any, call: Call) -> Iterator[Holding]:
        for holding in self.of(handle):
            if holding.given_back_by == call.operation.name and call.arguments in ((), holding.arguments):
                yield holding
