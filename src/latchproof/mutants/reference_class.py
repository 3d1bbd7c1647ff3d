"""A class that does what a machine's functions say, and nothing else: a specification, or a mutant of it, as a target.

It is what the check and the fuzzer are tried on: a fault that is planted in the specification must be seen when it runs
as code on an event loop, cancellations and all. It is for asyncio, and as slow as it is plain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from latchproof.mutants.task_faults import CANCELLED, as_specified
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import ANY_INDEX

if TYPE_CHECKING:
    from latchproof.mutants.task_faults import Outcome


class _Task:
    """A call, from its first step to its last: `ticket` is for an outcome that is to remember something of it."""

    __slots__ = ("future", "ticket")

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ticket = 0


class Specified:
    """What the classes that `specified` makes have in common."""

    machine: Machine
    policy: Any
    outcome: Outcome

    def __init__(self, argument: int) -> None:
        self._constants, self._state, rule = self.machine.create(argument)
        if rule.refuses:
            raise rule.errors[0](rule.message.format(argument))
        self._queue: tuple[_Task, ...] = ()
        self._released: dict[_Task, Any] = {}

    def observed(self, read: Callable[..., Any]) -> Any:
        """What an observation reads of the state, once the withdrawals that have been requested are made."""
        self._purge()
        return read(*self._constants, *self._state)

    async def call(self, operation: Operation, *arguments: Any) -> Any:
        """Make a call: one step, and where that parks the caller, what it is released with."""
        task = _Task()
        self._purge()
        self._step(operation, task, *arguments)
        while task in self._queue:
            try:
                await task.future
            except BaseException:
                if task in self._queue or task in self._released:
                    self._withdraw(task)
                raise
        ending = self._released.pop(task, None)
        if ending == CANCELLED:
            raise asyncio.CancelledError
        if isinstance(ending, type):
            raise ending("as its rule says")
        return ending

    def _step(self, operation: Operation, task: _Task, *arguments: Any) -> None:
        *state, rule = operation.function(*self._constants, *self._state, *arguments, policy=self.policy)
        self._state = tuple(state)
        self._queue, resumed = type(self).outcome(rule, self._queue, task, dict(self._released))
        for other in self._queue:
            self._released.pop(other, None)
            if other.future.done() and not other.future.cancelled():  # it was released, and is not any more
                other.future = other.future.get_loop().create_future()
        woken: set[_Task] = set()
        for position, (other, ending) in enumerate(resumed):
            self._released[other] = position if ending == ANY_INDEX else ending  # any will do: this is the arrival's
            if other in woken:
                other.future.get_loop().call_soon(other.future.set_result, None)
            elif not other.future.done():
                other.future.set_result(None)
            woken.add(other)

    def _withdraw(self, task: _Task) -> None:
        self._step(self.machine.withdraw, task, task in self._queue)
        self._queue = tuple(other for other in self._queue if other is not task)
        self._released.pop(task, None)

    def _purge(self) -> None:
        """Whoever is parked and has been cancelled is withdrawn, although it has not run yet."""
        for task in self._queue:
            if task.future.cancelled():
                self._withdraw(task)


def specified(machine: Machine, policy: Any, outcome: Outcome = as_specified) -> type[Specified]:
    """A class with the machine's operations and observations, for asyncio.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> async def main() -> list[int]:
    ...     barrier = specified(BARRIER, BARRIER.policies[0])(2)
    ...     return await asyncio.gather(barrier.wait(), barrier.wait())
    >>> asyncio.run(main())
    [0, 1]
    """
    members: dict[str, Any] = {"machine": machine, "policy": policy, "outcome": staticmethod(outcome)}
    members |= {one.name: _method(one) for one in machine.operations}
    members |= {name: property(_reader(one.read)) for name, one in machine.observations.items()}
    return type(f"Specified{machine.name.title()}", (Specified,), members)


def _method(operation: Operation) -> Callable[..., Any]:
    async def method(self: Specified, *arguments: Any) -> Any:
        return await self.call(operation, *arguments)

    return method


def _reader(read: Callable[..., Any]) -> Callable[[Specified], Any]:
    return lambda self: self.observed(read)
