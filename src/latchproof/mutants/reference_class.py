"""A class that does what a machine's functions say and nothing else: the specification, or a mutant of it, as a target.

The check and the fuzzer are tried on it: a fault that is planted in the specification must be found when it runs as
code on an event loop, cancellations included. It is for asyncio, and written to be plain and not to be fast.
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from latchproof.check.machine_specification import LED
from latchproof.mutants.task_faults import CANCELLED, TaskFault, as_specified
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.messages import refusal
from latchproof_spec.step import ANY_INDEX


class _Task:
    """A call, from its first step to its last; `ticket` is for a fault that remembers something about it."""

    __slots__ = ("future", "ticket")

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ticket = 0


class Reference:
    """What the classes that `reference_class` makes have in common."""

    machine: Machine
    policy: Any
    task_fault: TaskFault

    def __init__(self, argument: int) -> None:
        self._constants, self._state, rule = self.machine.create(argument)
        if rule.refuses:
            raise refusal(rule, argument)
        self._queue: tuple[_Task, ...] = ()
        self._released: dict[_Task, Any] = {}

    def observed(self, read: Callable[..., Any]) -> Any:
        """Return what an observation reads of the state, after the withdrawals that were requested."""
        self._purge()
        return read(*self._constants, *self._state)

    async def call(self, operation: Operation, *arguments: Any) -> Any:
        """Make a call: one step, and where that parks the caller, what it is released with."""
        task = _Task()
        self._purge()
        if operation.waits and self.machine.withdraws_early and _is_cancelled():
            self._withdraw(task)
            raise asyncio.CancelledError
        self._step(operation, task, *arguments)
        while task in self._queue:
            try:
                await task.future
            except BaseException:
                if task in self._queue or task in self._released:
                    self._withdraw(task)
                raise
            if task in self._queue:  # it was woken, and a faulty rule keeps it parked
                task.future = task.future.get_loop().create_future()
        ending = self._released.pop(task, None)
        if ending == CANCELLED:
            raise asyncio.CancelledError
        if isinstance(ending, type):
            raise ending("as its rule says")
        return ending

    def _step(self, operation: Operation, task: _Task, *arguments: Any) -> None:
        call = SimpleNamespace(parked=task in self._queue, released=task in self._released)
        told = (fact.read is not None and fact.read(call) for fact in operation.facts)
        *state, rule = operation.function(*self._constants, *self._state, *arguments, *told, policy=self.policy)
        self._state = tuple(state)
        self._queue, resumed = type(self).task_fault(rule, self._queue, task, dict(self._released))
        for other in self._queue:
            self._released.pop(other, None)
            if other.future.done() and not other.future.cancelled():  # it was released, and is parked again
                other.future = other.future.get_loop().create_future()
        woken: set[_Task] = set()
        for position, (other, ending) in enumerate(resumed):
            if ending == ANY_INDEX:  # any will do: this is arrival's
                ending = position == 0 if rule.order == LED else position
            self._released[other] = ending
            if other in woken:
                other.future.get_loop().call_soon(other.future.set_result, None)
            elif not other.future.done():
                other.future.set_result(None)
            woken.add(other)

    def _withdraw(self, task: _Task) -> None:
        self._step(self.machine.withdraw, task)
        self._queue = tuple(other for other in self._queue if other is not task)
        self._released.pop(task, None)

    def _purge(self) -> None:
        """Withdraw every parked task that has been cancelled and has not run yet."""
        for task in self._queue:
            if task.future.cancelled():
                self._withdraw(task)


def _is_cancelled() -> bool:
    """Return whether the running task is cancelled already; no call of a reference class ignores a cancellation."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def reference_class(machine: Machine, policy: Any, task_fault: TaskFault = as_specified) -> type[Reference]:
    """Return a class with the machine's operations and observations, for asyncio.

    Where the policy has one call of each generation lead, a call returns whether it does in place of its index.

    >>> from latchproof_spec.machines import MACHINES
    >>> barrier = MACHINES["barrier"]
    >>> async def main() -> list[int]:
    ...     reference = reference_class(barrier, barrier.policies[0])(2)
    ...     return await asyncio.gather(reference.wait(), reference.wait())
    >>> asyncio.run(main())
    [0, 1]
    """
    members: dict[str, Any] = {"machine": machine, "policy": policy, "task_fault": staticmethod(task_fault)}
    members |= {one.name: _method(one) for one in machine.operations}
    members |= {name: property(_reader(one.read)) for name, one in machine.observations.items()}
    return type(f"Reference{machine.title}", (Reference,), members)


def _method(operation: Operation) -> Callable[..., Any]:
    async def method(self: Reference, *arguments: Any) -> Any:
        return await self.call(operation, *arguments)

    return method


def _reader(read: Callable[..., Any]) -> Callable[[Reference], Any]:
    return lambda self: self.observed(read)
