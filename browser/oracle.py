"""What the page should show, computed by the specification's functions alone, with every task under its own name.

It shares no code with what the page's tables were made by: no renaming of tasks, no slots, no tables.
"""

from __future__ import annotations

from collections import deque
from itertools import product
from typing import Any

from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import ANY_INDEX, apply

Step = tuple[int, str]
"""Task number (from 1) and what it does, as the button says."""


class Oracle:
    """A machine and the tasks that use it."""

    def __init__(self, machine: str, policy: str, argument: int, tasks: int, highest_count: int = 3) -> None:
        self.machine: Machine = MACHINES[machine]
        self.policy = next(one for one in self.machine.policies if one.name == policy)
        self.constants, self.state, rule = self.machine.create(argument)
        assert not rule.refuses
        self.tasks = range(1, tasks + 1)
        self.queue: tuple[int, ...] = ()
        self.released: dict[int, Any] = {}
        self.highest_count = highest_count
        self.said = ""
        self.rule = ""

    def status(self, task: int) -> str:
        """What the page says of a task."""
        if task in self.queue:
            return f"waits, number {self.queue.index(task) + 1} in line"
        return f"released: {words(self.released[task])}" if task in self.released else "idle"

    def shown_state(self) -> str:
        """What the page says of the machine."""
        return state_words(self.machine.name, self.state)

    def enabled(self, task: int) -> list[str]:
        """What a task may do, as the buttons say it."""
        if task in self.queue:
            return ["cancel"]
        if task in self.released:
            return ["cancel", "continue"]
        return [*self._calls(), *(["cancel"] if self.machine.withdraws_early else [])]

    def _calls(self) -> dict[str, tuple[Any, tuple[Any, ...]]]:
        calls = {}
        for operation in self.machine.operations:
            domains = [
                (False, True) if kind is bool else tuple(range(-1, self.highest_count + 1))
                for kind in operation.parameters.values()
            ]
            for values in product(*domains):
                given = ", ".join(f"{name}={value}" for name, value in zip(operation.parameters, values, strict=True))
                calls[f"{operation.name}({given})"] = (operation, values)
        return calls

    def act(self, task: int, label: str) -> None:
        """Let the task do it; `said` and `rule` then hold what the page should say of it."""
        if label == "continue":
            self.said, self.rule = words(self.released.pop(task)), ""
            return
        if label == "cancel":
            operation = self.machine.withdraw
            told = {"is_parked": task in self.queue, "has_arrived": task in self.queue or task in self.released}
            arguments = tuple(told[fact.name] for fact in operation.facts)
            self.released.pop(task, None)
        else:
            operation, arguments = self._calls()[label]
        *state, rule = operation.function(*self.constants, *self.state, *arguments, policy=self.policy)
        self.state = tuple(state)
        self.queue, resumed = apply(rule, self.queue, task)
        endings = dict(resumed)
        own = words(endings.pop(task)) if task in endings else None
        self.released |= endings
        done = "ends cancelled" if label == "cancel" else own or self.status(task)
        self.said, self.rule = f"{label}: {done}", rule.id

    def orbit(self) -> tuple[str, tuple[str, ...]]:
        """The state, whatever the tasks are called."""
        return self.shown_state(), tuple(sorted(map(self.status, self.tasks)))


def state_words(machine: str, state: tuple[Any, ...]) -> str:
    """A machine's state as the page puts it."""
    if machine == "barrier":
        return f"{state[0]} waiting, {'broken' if state[1] else 'whole'}"
    return f"count {state[0]}, {state[1]} waiting"


def words(ending: Any) -> str:
    """An ending as the page puts it."""
    if isinstance(ending, type):
        return f"raises {ending.__name__}"
    if ending is None:
        return "returns"
    return "returns any index not given yet" if ending == ANY_INDEX else f"returns {ending}"


def distances(machine: str, policy: str, argument: int, tasks: int) -> dict[tuple[str, tuple[str, ...]], int]:
    """How many steps away each state is, whatever the tasks are called: breadth first over named tasks."""

    def after(steps: tuple[Step, ...]) -> Oracle:
        oracle = Oracle(machine, policy, argument, tasks)
        for task, label in steps:
            oracle.act(task, label)
        return oracle

    found = {after(()).orbit(): 0}
    waiting: deque[tuple[Step, ...]] = deque([()])
    while waiting:
        steps = waiting.popleft()
        here = after(steps)
        for task in here.tasks:
            for label in here.enabled(task):
                orbit = after((*steps, (task, label))).orbit()
                if orbit not in found:
                    found[orbit] = len(steps) + 1
                    waiting.append((*steps, (task, label)))
    return found
